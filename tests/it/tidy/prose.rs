//! Every file says what it is for, and every doc comment says something.

use super::tree::{SourceFile, files};
use super::{Breach, assert_tidy};

const WORDS_MIN: usize = 3;

#[test]
fn every_file_opens_with_its_purpose() {
    let breaches = files().iter().filter_map(missing_purpose).collect();
    assert_tidy(breaches);
}

#[test]
fn doc_comments_say_something() {
    let breaches = files().iter().filter(|file| file.has_extension("rs")).flat_map(empty_doc_comments).collect();
    assert_tidy(breaches);
}

fn missing_purpose(file: &SourceFile) -> Option<Breach> {
    let (mark, what) = if file.has_extension("rs") {
        ("//!", "what it is for and what it leaves to others")
    } else if file.has_extension("sql") && file.path.starts_with("analytics/") {
        ("--", "what one row is or what the number means")
    } else {
        return None;
    };
    let first = file.text.lines().next().unwrap_or_default();
    let says_something = first.strip_prefix(mark).is_some_and(|text| word_count(text) >= WORDS_MIN);
    (!says_something).then(|| Breach::new(&file.path, 1, format!("the first line must be a `{mark}` comment that says {what}")))
}

fn empty_doc_comments(file: &SourceFile) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let mut block: Option<(usize, usize)> = None;
    for (number, line) in file.lines().chain([(0, "")]) {
        let comment = line.trim_start().strip_prefix("///").filter(|text| !text.starts_with('/'));
        block = match (comment, block) {
            (Some(text), Some((start, words))) => Some((start, words + word_count(text))),
            (Some(text), None) => Some((number, word_count(text))),
            (None, Some((start, words))) if words < WORDS_MIN => {
                let message =
                    format!("a doc comment of {words} words says nothing: write a sentence with unit, meaning or reason");
                breaches.push(Breach::new(&file.path, start, message));
                None
            }
            (None, _) => None,
        };
    }
    breaches
}

fn word_count(text: &str) -> usize {
    text.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_its_purpose_is_found() {
        let is_refused = |path: &str, text: &str| missing_purpose(&SourceFile::made_up(path, text)).is_some();
        assert!(is_refused("a.rs", "use std::fs;\n"));
        assert!(is_refused("a.rs", "//! Lake\n"));
        assert!(is_refused("analytics/a.sql", "select 1\n"));
        assert!(!is_refused("a.rs", "//! Where it is kept.\n"));
        assert!(!is_refused("analytics/a.sql", "-- One row per service.\n"));
        assert!(!is_refused("tests/sql/forbidden/drop.sql", "drop table a\n"));
        assert!(!is_refused("a.md", "no mark\n"));
    }

    #[test]
    fn a_doc_comment_without_content_is_found_with_its_line() {
        let text =
            "//! File of something.\n/// The id\npub struct Id;\n/// What it is,\n/// said twice.\nstruct B;\n//// no doc\n";
        let breaches = empty_doc_comments(&SourceFile::made_up("a.rs", text));
        assert_eq!(breaches.iter().map(|breach| breach.line).collect::<Vec<_>>(), [2]);
    }
}
