//! Patterns of SQL in the words of the engine: `similar to` as a regular expression for the whole text, and `like`
//! with an escape of its own as one with a backslash.
//!
//! Only patterns that are written out are read; others were refused (`plan.rs`).

use datafusion::common::tree_node::Transformed;
use datafusion::logical_expr::{Expr, lit};

/// What stands before a character that means itself, where nobody says otherwise.
const ESCAPE: char = '\\';

/// An expression whose pattern the engine reads as SQL means it.
pub(super) fn translated(expr: Expr) -> Transformed<Expr> {
    match expr {
        Expr::SimilarTo(mut like) => {
            let escape = like.escape_char.take().unwrap_or(ESCAPE);
            if let Some(regular) = text(&like.pattern).map(|pattern| regular_expression(pattern, escape)) {
                like.pattern = Box::new(lit(regular));
            }
            Transformed::yes(Expr::SimilarTo(like))
        }
        Expr::Like(mut like) => {
            let escape = like.escape_char.filter(|escape| *escape != ESCAPE);
            let Some((pattern, escape)) = text(&like.pattern).zip(escape) else {
                return Transformed::no(Expr::Like(like));
            };
            like.pattern = Box::new(lit(with_backslashes(pattern, escape)));
            like.escape_char = None;
            Transformed::yes(Expr::Like(like))
        }
        other => Transformed::no(other),
    }
}

/// A text that is written out, with a type or a name around it.
fn text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(value, _) => value.try_as_str().flatten(),
        Expr::Cast(cast) => text(&cast.expr),
        Expr::Alias(alias) => text(&alias.expr),
        _ => None,
    }
}

fn with_backslashes(pattern: &str, escape: char) -> String {
    let mut made = String::with_capacity(pattern.len());
    let mut rest = pattern.chars();
    while let Some(character) = rest.next() {
        let meant = if character == escape { rest.next().unwrap_or(escape) } else { character };
        let is_special = matches!(meant, '%' | '_') && character == escape;
        if is_special || meant == ESCAPE {
            made.push(ESCAPE);
        }
        made.push(meant);
    }
    made
}

/// `%` and `_` are what they are in `like`; of regular expressions there are `|`, `*`, `+`, `?`, `{}`, `()` and
/// `[]`, and all else means itself.
fn regular_expression(pattern: &str, escape: char) -> String {
    // A dot is a line break, too.
    let mut made = "^(?s:".to_owned();
    let mut is_class = false;
    let mut rest = pattern.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            _ if character == escape => push_escaped(&mut made, rest.next().unwrap_or(escape)),
            ']' if is_class => {
                is_class = false;
                made.push(']');
            }
            // The name of a class inside of a class: `[[:alpha:]_]`.
            '[' if is_class && rest.peek() == Some(&':') => {
                made.push('[');
                for named in rest.by_ref() {
                    made.push(named);
                    if named == ']' {
                        break;
                    }
                }
            }
            '[' | '&' | '~' if is_class => push_escaped(&mut made, character),
            _ if is_class => made.push(character),
            '[' => {
                is_class = true;
                made.push('[');
                made.extend(rest.next_if_eq(&'^'));
                if let Some(first) = rest.next_if_eq(&']') {
                    push_escaped(&mut made, first);
                }
            }
            '%' => made.push_str(".*"),
            '_' => made.push('.'),
            '(' => made.push_str("(?:"),
            '.' | '^' | '$' | '\\' => push_escaped(&mut made, character),
            _ => made.push(character),
        }
    }
    made.push_str(")$");
    made
}

/// A backslash before what may have one; the letters of classes such as `\d` have it in PostgreSQL, too.
fn push_escaped(made: &mut String, character: char) {
    if character.is_ascii_graphic() && !matches!(character, '<' | '>') {
        made.push(ESCAPE);
    }
    made.push(character);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_of_sql_becomes_a_regular_expression_for_the_whole_text() {
        for (pattern, regular) in [
            ("abc", "^(?s:abc)$"),
            ("a%|_b", "^(?s:a.*|.b)$"),
            ("(a|b)+.c{2}", "^(?s:(?:a|b)+\\.c{2})$"),
            ("^a$", "^(?s:\\^a\\$)$"),
            ("\\%\\_\\\\\\d", "^(?s:\\%\\_\\\\\\d)$"),
            ("[^a-c_%.]", "^(?s:[^a-c_%.])$"),
            ("[]a[&]", "^(?s:[\\]a\\[\\&])$"),
            ("[[:alpha:]_]%", "^(?s:[[:alpha:]_].*)$"),
            ("é<", "^(?s:é<)$"),
        ] {
            assert_eq!(regular_expression(pattern, ESCAPE), regular, "{pattern}");
        }
        assert_eq!(regular_expression("50#%\\", '#'), "^(?s:50\\%\\\\)$");
    }

    #[test]
    fn another_escape_becomes_a_backslash() {
        assert_eq!(with_backslashes("50#%_##", '#'), "50\\%_#");
        assert_eq!(with_backslashes("a\\b%", '#'), "a\\\\b%");
    }
}
