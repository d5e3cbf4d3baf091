//! Packages in TOML that keeps them in tables of dependencies.

use super::{Hit, is_same, quoted};
use crate::evidence::known_tools::PackageFormat;

/// The line of the key or header that means the package; the names of the format are tables besides those of dependencies.
pub(super) fn find(text: &str, format: &PackageFormat, name: &str) -> Option<Hit> {
    let is_table = |header: &str| {
        let last = header.rsplit('.').next().unwrap_or(header).trim();
        last.ends_with("dependencies") || format.names.iter().any(|other| last.ends_with(other.as_str()))
    };
    let mut is_asked = false;
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let code = line.trim();
        if let Some(header) = header(code) {
            is_asked = is_table(header);
            let (table, key) = key_of_header(header);
            if is_table(table) && is_same(key, name, format) {
                let mut below = lines.clone().map(|(_, line)| line.trim()).take_while(|line| !line.starts_with('['));
                return Some((index + 1, below.find_map(|line| value(line, "version"))));
            }
            continue;
        }
        if !is_asked {
            continue;
        }
        let Some((key, rest)) = key(code) else { continue };
        // A list is a choice of features, not a package.
        let asked = rest.trim_start().strip_prefix('=').map(str::trim_start);
        if asked.is_some_and(|asked| asked.starts_with('[')) {
            continue;
        }
        let renamed = value(rest, "package");
        if is_same(renamed.as_deref().unwrap_or(key), name, format) {
            let plain = asked.filter(|asked| asked.starts_with(['"', '\''])).and_then(quoted).map(str::to_owned);
            return Some((index + 1, plain.or_else(|| value(rest, "version"))));
        }
    }
    None
}

/// What stands in the brackets of a header.
fn header(code: &str) -> Option<&str> {
    let (header, _) = code.strip_prefix('[')?.rsplit_once(']')?;
    Some(header.trim_matches(['[', ']']))
}

/// A header's table, and the key in it, which may be quoted and then hold dots.
fn key_of_header(header: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        let parts = header.strip_suffix(quote).and_then(|header| header.rsplit_once(quote));
        if let Some((table, key)) = parts {
            return (table.trim().trim_end_matches('.'), key);
        }
    }
    header.rsplit_once('.').map_or(("", header), |(table, key)| (table.trim(), key.trim()))
}

/// The key with which a line begins, and what comes after it.
fn key(code: &str) -> Option<(&str, &str)> {
    for quote in ['"', '\''] {
        if let Some(rest) = code.strip_prefix(quote) {
            return rest.split_once(quote);
        }
    }
    let end = code.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-' && letter != '_')?;
    code.split_at_checked(end).filter(|(key, _)| !key.is_empty())
}

/// The quoted text that a key is given.
fn value(text: &str, key: &str) -> Option<String> {
    text.match_indices(key).find_map(|(start, _)| {
        let rest = text.get(start + key.len()..)?.trim_start().strip_prefix('=')?.trim_start();
        quoted(rest).filter(|_| rest.starts_with(['"', '\''])).map(str::to_owned)
    })
}
