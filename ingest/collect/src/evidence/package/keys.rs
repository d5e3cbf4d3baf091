//! Packages in JSON that keeps them under keys, however it is broken into lines.

use super::{Hit, is_same};
use crate::evidence::known_tools::PackageFormat;
use serde_json::Value;

/// The place of the entry that means the package, and its version. The names of the format are `map:key`: what others
/// ask of the package stands under the same key elsewhere, and is not there because of that.
pub(super) fn find(text: &str, format: &PackageFormat, name: &str) -> Option<Hit> {
    let whole: Value = serde_json::from_str(text).ok()?;
    format.names.iter().find_map(|pattern| {
        let (map, key) = pattern.split_once(':')?;
        let wanted = key.replace("{}", name);
        let mut entries = whole.get(map)?.as_object()?.iter();
        let (key, entry) = entries.find(|(key, entry)| entry.is_object() && is_same(key, &wanted, format))?;
        let version = entry.get("version").and_then(Value::as_str);
        Some((line_of(text, key, entry), version.map(|version| version.trim_start_matches('=').to_owned())))
    })
}

/// The line of a key that holds this value; the first where that cannot be told.
fn line_of(text: &str, key: &str, value: &Value) -> usize {
    let quoted = format!("\"{key}\"");
    let holds = |start: usize| {
        let rest = text.get(start + quoted.len()..)?.trim_start().strip_prefix(':')?;
        let held = serde_json::Deserializer::from_str(rest).into_iter::<Value>().next()?.ok()?;
        (held == *value).then(|| text.get(..start).unwrap_or_default().matches('\n').count() + 1)
    };
    text.match_indices(&quoted).find_map(|(start, _)| holds(start)).unwrap_or(1)
}
