//! Comments, blanked out of texts that are no YAML.

/// Where quoted texts begin and end; the longer ones go on over several lines.
const QUOTES: [&str; 4] = ["\"\"\"", "'''", "\"", "'"];
/// The mark of comments that end with `*/`. Where they exist, other comments may stand behind code, too.
pub(in crate::evidence) const BLOCK: &str = "/*";

/// The text without its comments, by the marks with which they begin: lines stay where they are, and
/// what is quoted is no comment.
pub(in crate::evidence) fn without_comments(text: &str, marks: &[String]) -> String {
    let has_blocks = marks.iter().any(|mark| mark == BLOCK);
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    let mut quote: Option<&str> = None;
    // Inside a word, as in an address or a path with a star, no comment begins.
    let mut may_begin = true;
    while let Some(letter) = rest.chars().next() {
        if let Some(end) = quote {
            if let Some(after) = rest.strip_prefix(end) {
                code.push_str(end);
                (rest, quote) = (after, None);
                continue;
            }
            // A quote that nobody closed is an apostrophe.
            quote = Some(end).filter(|end| letter != '\n' || end.len() > 1);
        } else if let Some(begin) = QUOTES.into_iter().find(|begin| rest.starts_with(begin)) {
            code.push_str(begin);
            (rest, quote, may_begin) = (rest.strip_prefix(begin).unwrap_or_default(), Some(begin), false);
            continue;
        } else if let Some(after) = rest.strip_prefix(BLOCK).filter(|_| may_begin && has_blocks) {
            let (comment, after) = after.split_once("*/").unwrap_or((after, ""));
            code.extend(comment.chars().filter(|letter| *letter == '\n'));
            rest = after;
            continue;
        } else if may_begin && marks.iter().any(|mark| rest.starts_with(mark.as_str())) {
            rest = rest.find('\n').and_then(|end| rest.get(end..)).unwrap_or_default();
            continue;
        }
        let escaped = letter == '\\' && quote.is_some();
        let letters = rest.chars().take(if escaped { 2 } else { 1 });
        let length: usize = letters.map(char::len_utf8).sum();
        let Some((taken, after)) = rest.split_at_checked(length) else { break };
        code.push_str(taken);
        rest = after;
        let is_apart = letter.is_whitespace() || matches!(letter, '(' | '[' | '{' | ',' | ';' | ')' | ']' | '}');
        may_begin = letter == '\n' || is_apart && (has_blocks || may_begin && letter.is_whitespace());
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str, marks: &[&str]) -> String {
        without_comments(text, &marks.iter().map(|mark| (*mark).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn comments_go_and_lines_and_quoted_texts_stay() {
        let marks = ["//", "/*"];
        assert_eq!(code("a // b\nc /* d\ne */ f\n", &marks), "a \nc \n f\n");
        assert_eq!(code("x = 'https://y' // z\n", &marks), "x = 'https://y' \n");
        assert_eq!(
            code("sh '''\n  cp a/* b // c\n'''\nlibrary('d')\n", &marks),
            "sh '''\n  cp a/* b // c\n'''\nlibrary('d')\n"
        );
        assert_eq!(code("cp dist/* https://x\n/* never closed\n", &marks), "cp dist/* https://x\n\n");
        assert_eq!(code("a = \"\\\" // b\" # c\n", &["#", "/*"]), "a = \"\\\" // b\" \n");
    }

    #[test]
    fn without_blocks_only_whole_lines_are_comments() {
        assert_eq!(code("# a\n  # b\nc ; d # e\nit's ; f\n; g\n", &["#", ";"]), "\n  \nc ; d # e\nit's ; f\n\n");
    }
}
