//! Packages as a path and a version, behind a word or in a block below it.

use super::Hit;

/// The line on which one of `words` asks for the module, and its version.
pub(super) fn find(text: &str, words: &[String], name: &str) -> Option<Hit> {
    let mut block: Option<String> = None;
    for (index, line) in text.lines().enumerate() {
        let (code, remark) = line.split_once("//").unwrap_or((line, ""));
        let parts: Vec<&str> = code.split_whitespace().collect();
        if let [word, "("] = parts.as_slice() {
            block = Some((*word).to_owned());
            continue;
        }
        if parts == [")"] {
            block = None;
            continue;
        }
        let (word, path, version) = match (parts.as_slice(), &block) {
            ([path, version], Some(word)) => (word.as_str(), *path, *version),
            ([word, path, version], None) => (*word, *path, *version),
            _ => continue,
        };
        // What only others need is no use by itself.
        let is_direct = !remark.contains("indirect");
        if is_direct && words.iter().any(|known| known == word) && is_module(path, name) {
            return Some((index + 1, Some(version.to_owned())));
        }
    }
    None
}

/// Whether a path is the module's, whose later major versions have paths of their own.
fn is_module(path: &str, name: &str) -> bool {
    let is_major = |rest: &str| {
        let number = rest.strip_prefix("/v").unwrap_or_default();
        !number.is_empty() && number.chars().all(|letter| letter.is_ascii_digit())
    };
    path.trim_matches('"').strip_prefix(name).is_some_and(|rest| rest.is_empty() || is_major(rest))
}
