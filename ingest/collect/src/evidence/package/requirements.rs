//! Packages that are asked for by a name with a range of versions, in lines of their own or quoted in lists.

use super::{Hit, is_spelling_of};

/// The line of the first requirement of the package; where `sections` are given, only under headers
/// and keys that hold one of them.
pub(super) fn find(text: &str, sections: &[String], name: &str) -> Option<Hit> {
    let is_section = |word: &str| sections.iter().any(|section| word.contains(section.as_str()));
    let (mut is_header, mut is_key) = (sections.is_empty(), false);
    for (index, line) in text.lines().enumerate() {
        let code = line.trim();
        if code.starts_with(['#', ';']) {
            continue;
        }
        if !sections.is_empty() && code.starts_with('[') && code.ends_with(']') && !code.contains(['"', '\'', ',']) {
            (is_header, is_key) = (is_section(code), false);
            continue;
        }
        if (is_header || is_key)
            && let Some(version) = asked(code, name)
        {
            return Some((index + 1, version));
        }
        // Odd parts stand in quotes; what stands before them says whether they are items of a list.
        for (number, part) in code.split(['"', '\'']).enumerate() {
            if number.is_multiple_of(2) {
                if let Some((key, _)) = part.rsplit_once('=').filter(|(key, _)| !key.ends_with(['<', '>', '!', '~', '='])) {
                    is_key = is_section(key);
                }
            } else if (is_header || is_key)
                && let Some(version) = asked(part, name)
            {
                return Some((index + 1, version));
            }
        }
    }
    None
}

/// The version that a requirement of the package asks for.
#[expect(clippy::option_option, reason = "a requirement may name no version")]
fn asked(requirement: &str, name: &str) -> Option<Option<String>> {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    let end = requirement.find(|letter: char| !is_name(letter)).unwrap_or(requirement.len());
    let (word, rest) = requirement.split_at_checked(end)?;
    if !is_spelling_of(word, name) {
        return None;
    }
    let rest = rest.trim_start();
    let rest = match rest.strip_prefix('[') {
        Some(extras) => extras.split_once(']')?.1.trim_start(),
        None => rest,
    };
    let is_key = rest.starts_with('=') && !rest.starts_with("==");
    let is_whole = rest.is_empty() || rest.starts_with(['=', '<', '>', '!', '~', ';', '@', '#', '(', ',', '\\']);
    if is_key || !is_whole {
        return None;
    }
    let range = rest.split([';', '#', '\\', '@']).next().unwrap_or_default();
    let range = range.split(" --").next().unwrap_or_default().trim().trim_matches(['(', ')']);
    let version = range.strip_prefix("===").or_else(|| range.strip_prefix("==")).unwrap_or(range).trim();
    Some((!version.is_empty()).then(|| version.to_owned()))
}
