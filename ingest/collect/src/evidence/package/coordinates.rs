//! Packages in scripts and catalogues, as quoted texts of group, artifact and version.

use super::{Hit, is_coordinate};
use crate::evidence::document::comments::without_comments;

/// The line of the first coordinate that means the package.
pub(super) fn find(text: &str, name: &str) -> Option<Hit> {
    let code = without_comments(text, &["//", "/*", "#"].map(str::to_owned));
    code.lines().enumerate().find_map(|(index, line)| Some((index + 1, version(line, name)?)))
}

/// The version that a line gives, when it means the package.
#[expect(clippy::option_option, reason = "a coordinate may name no version")]
fn version(line: &str, name: &str) -> Option<Option<String>> {
    let parts: Vec<&str> = line.split(['"', '\'']).collect();
    // Odd parts stand in quotes, each behind the key that it is given to.
    let pairs = parts.chunks_exact(2).map(|pair| (pair[0].trim_end().trim_end_matches(['=', ':']).trim_end(), pair[1]));
    let pairs: Vec<(&str, &str)> = pairs.collect();
    let given = |key: &str| pairs.iter().find(|(before, _)| is_key(before, key)).map(|(_, value)| *value);
    let inside = pairs.iter().find_map(|(_, text)| {
        let mut words = text.split(':');
        let (group, artifact, version) = (words.next()?, words.next()?, words.next());
        // Without a group it is a part of the same build.
        (!group.is_empty() && is_coordinate(group, artifact, name)).then_some(version)
    });
    let version = if let Some(version) = inside {
        version.or_else(|| given("version"))
    } else {
        given("group").zip(given("name")).filter(|(group, artifact)| is_coordinate(group, artifact, name))?;
        given("version")
    };
    Some(version.filter(|version| !version.is_empty() && !version.contains('$')).map(str::to_owned))
}

/// Whether a text ends with a key.
fn is_key(text: &str, key: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.');
    text.strip_suffix(key).is_some_and(|before| !before.ends_with(is_part))
}
