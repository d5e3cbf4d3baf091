//! Rust text with comments and literals blanked, so that a check sees words and braces of code only.
//!
//! A small lexer, not a parser: lines and columns stay where they are, nothing is understood.

/// The same text with every comment, string and character blanked; line breaks stay.
pub(super) fn code_only(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut place = 0;
    while let Some(&current) = chars.get(place) {
        let end = blank_end(&chars, place).min(chars.len());
        if end <= place {
            code.push(current);
            place += 1;
        } else {
            code.extend(chars[place..end].iter().map(|&char| if char == '\n' { '\n' } else { ' ' }));
            place = end;
        }
    }
    code
}

/// The text above the module of unit tests.
pub(super) fn without_tests(text: &str) -> &str {
    let mut offset = 0;
    let mut candidate = None;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end();
        match candidate {
            Some(start) if bare.starts_with("mod tests") => return text.get(..start).unwrap_or(text),
            Some(_) if bare.starts_with("#[") => {}
            _ => candidate = (bare == "#[cfg(test)]").then_some(offset),
        }
        offset += line.len();
    }
    text
}

/// Whether `word` stands in `line` with nothing beside it that `is_part` of a longer word.
pub(super) fn has_word(line: &str, word: &str, is_part: fn(char) -> bool) -> bool {
    line.match_indices(word).any(|(start, _)| {
        let before = line.get(..start).and_then(|text| text.chars().next_back());
        let after = line.get(start + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

/// Whether a character may stand inside an identifier.
pub(super) fn is_identifier(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

/// The end of the comment or literal that begins at `start`; `start` itself when none does.
fn blank_end(chars: &[char], start: usize) -> usize {
    match (chars[start], chars.get(start + 1)) {
        ('/', Some('/')) => position(chars, start, |char| char == '\n'),
        ('/', Some('*')) => block_comment_end(chars, start + 2),
        ('"', _) => string_end(chars, start + 1),
        ('r', _) => raw_string_end(chars, start),
        ('\'', _) => character_end(chars, start),
        _ => start,
    }
}

fn position(chars: &[char], start: usize, is_wanted: fn(char) -> bool) -> usize {
    chars[start..].iter().position(|&char| is_wanted(char)).map_or(chars.len(), |distance| start + distance)
}

fn block_comment_end(chars: &[char], start: usize) -> usize {
    let mut depth = 1;
    let mut place = start;
    while depth > 0 && place < chars.len() {
        match (chars[place], chars.get(place + 1)) {
            ('/', Some('*')) => (depth, place) = (depth + 1, place + 2),
            ('*', Some('/')) => (depth, place) = (depth - 1, place + 2),
            _ => place += 1,
        }
    }
    place
}

fn string_end(chars: &[char], start: usize) -> usize {
    let mut place = start;
    while let Some(&char) = chars.get(place) {
        match char {
            '\\' => place += 2,
            '"' => return place + 1,
            _ => place += 1,
        }
    }
    place
}

/// `r"…"` and `r#"…"#`, also after `b` and `c`; `r#type` is no string.
fn raw_string_end(chars: &[char], start: usize) -> usize {
    let before = start.checked_sub(1).map(|place| chars[place]);
    let before_prefix = start.checked_sub(2).map(|place| chars[place]);
    let is_prefixed = matches!(before, Some('b' | 'c')) && !before_prefix.is_some_and(is_identifier);
    if before.is_some_and(is_identifier) && !is_prefixed {
        return start;
    }
    let hashes = chars[start + 1..].iter().take_while(|&&char| char == '#').count();
    let open = start + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return start;
    }
    let mut place = open + 1;
    while place < chars.len() {
        let is_close =
            chars[place] == '"' && chars[place + 1..].iter().take(hashes).filter(|&&char| char == '#').count() == hashes;
        place += 1;
        if is_close {
            return place + hashes;
        }
    }
    place
}

/// `'x'` and `'\n'`; a lifetime is no character.
fn character_end(chars: &[char], start: usize) -> usize {
    match chars.get(start + 1) {
        Some('\\') => position(chars, (start + 3).min(chars.len()), |char| char == '\'') + 1,
        Some(_) if chars.get(start + 2) == Some(&'\'') => start + 3,
        _ => start,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked() {
        for (text, code) in [
            ("let a = 1; // {", "let a = 1;     "),
            ("a(\"{\\\"\")", "a(     )"),
            ("b(r#\"{\"}\"#)", "b(        )"),
            ("c('{', '\\'', 'x')", "c(   ,     ,    )"),
            ("fn d<'a>(r#type: &'a str)", "fn d<'a>(r#type: &'a str)"),
            ("/* { /* { */ } */ e", "                  e"),
            ("br\"{\" f", "b     f"),
        ] {
            assert_eq!(code_only(text), code, "{text}");
        }
    }

    #[test]
    fn line_breaks_inside_a_string_stay() {
        assert_eq!(code_only("a(\"{\n}\")"), "a(  \n  )");
    }

    #[test]
    fn unit_tests_at_the_bottom_are_cut() {
        let text = "fn a() {}\n#[cfg(test)]\nfn b() {}\n#[cfg(test)]\n#[expect(dead_code)]\nmod tests {}\n";
        assert_eq!(without_tests(text), "fn a() {}\n#[cfg(test)]\nfn b() {}\n");
        assert_eq!(without_tests("fn a() {}\n"), "fn a() {}\n");
    }

    #[test]
    fn a_word_is_found_only_as_a_whole() {
        assert!(has_word("use tokio::fs;", "tokio", is_identifier));
        assert!(!has_word("let tokio_like = 1;", "tokio", is_identifier));
        assert!(has_word("gitea_run", "gitea", char::is_alphabetic));
        assert!(!has_word("my_cargo", "argo", char::is_alphabetic));
    }
}
