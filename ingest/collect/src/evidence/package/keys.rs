//! Packages in JSON that keeps them under keys, however it is broken into lines.

use super::{Hit, folded};
use crate::evidence::known_tools::PackageFormat;
use serde_json::Value;

/// The place of the first key that means the package and holds a map, and the version in that map.
pub(super) fn find(text: &str, format: &PackageFormat, name: &str) -> Option<Hit> {
    let comparable = if format.is_folded { folded(text) } else { text.to_owned() };
    format.names.iter().find_map(|key| {
        let wanted = format!("\"{}\"", key.replace("{}", name));
        let wanted = if format.is_folded { folded(&wanted) } else { wanted };
        comparable.match_indices(&wanted).find_map(|(start, _)| {
            let (before, rest) = text.split_at_checked(start)?;
            let map = rest.get(wanted.len()..)?.trim_start().strip_prefix(':')?.trim_start();
            // What others ask of the package is a text under the same key.
            if !map.starts_with('{') {
                return None;
            }
            let value = serde_json::Deserializer::from_str(map).into_iter::<Value>().next().and_then(Result::ok);
            let version = value.as_ref().and_then(|value| value.get("version")?.as_str());
            let version = version.map(|version| version.trim_start_matches('=').to_owned());
            Some((before.matches('\n').count() + 1, version))
        })
    })
}
