//! What is known of tools: their files and formats, and ready rules, both data that is compiled in.

use serde::Deserialize;
use std::collections::BTreeMap;

/// Files and formats of tools.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KnownTools {
    /// Paths below which files are somebody else's.
    pub(super) excluded: Vec<String>,
    pub(super) workflows: Workflows,
    pub(super) images: Images,
    /// Where each detector looks.
    pub(super) detectors: BTreeMap<String, Vec<Spot>>,
    pub(super) packages: Vec<PackageFormat>,
}

/// Workflow files that call each other.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Workflows {
    pub(super) files: Vec<String>,
    pub(super) actions: Vec<String>,
    pub(super) weak_triggers: Vec<String>,
    pub(super) callable_trigger: String,
}

/// Files that build images.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Images {
    pub(super) files: Vec<String>,
    /// Beginnings of an image's name that add nothing.
    pub(super) hosts: Vec<String>,
}

/// Places in files of one kind at which a use is named.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Spot {
    pub(super) files: Vec<String>,
    /// A text without which a file is another kind.
    pub(super) holds: Option<String>,
    /// Paths of YAML values.
    pub(super) at: Vec<String>,
    /// Texts that a line holds when it names a use.
    pub(super) lines: Vec<String>,
    /// How lines begin that are comments.
    pub(super) comments: Vec<String>,
    /// Keys beside the value that hold its version.
    pub(super) version: Vec<String>,
}

/// How a file lists packages.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PackageFormat {
    pub(super) files: Vec<String>,
    /// Whether it holds what was resolved, not what was asked for.
    pub(super) is_lock: bool,
    pub(super) name: String,
    pub(super) version: String,
    /// Whether the version stands behind the name, else in a line below.
    #[serde(default)]
    pub(super) is_same_line: bool,
}

const TOOLS: &str = include_str!("known_tools.yaml");
const PRESETS: &str = include_str!("presets.yaml");

/// What is known of tools.
pub(super) fn known_tools() -> KnownTools {
    compiled_in(TOOLS)
}

/// Ready rules by name, with words in braces to be filled.
pub(super) fn presets() -> BTreeMap<String, serde_json::Value> {
    compiled_in(PRESETS)
}

/// The names of the ready rules.
pub fn preset_names() -> Vec<String> {
    presets().into_keys().collect()
}

/// The ready rules as they are written, for those who want to begin from one.
pub const fn presets_text() -> &'static str {
    PRESETS
}

#[expect(clippy::expect_used, reason = "the text is compiled in, and a test reads it")]
fn compiled_in<T: serde::de::DeserializeOwned>(text: &str) -> T {
    serde_saphyr::from_str(text).expect("what is compiled in is readable")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::glob::Patterns;

    #[test]
    fn what_is_compiled_in_is_readable() {
        let tools = known_tools();
        let spots = tools.detectors.values().flatten().map(|spot| &spot.files);
        let packages = tools.packages.iter().map(|format| &format.files);
        let others = [&tools.excluded, &tools.workflows.files, &tools.workflows.actions, &tools.images.files];
        for files in spots.chain(packages).chain(others) {
            Patterns::of_paths(files.iter().map(String::as_str)).unwrap();
        }
        assert!(tools.packages.iter().all(|format| format.name.contains("{}") && format.version.contains("{}")));
        for name in ["base-image", "ci-pipeline", "deployment", "logging", "runtime", "secrets", "template"] {
            assert!(preset_names().iter().any(|known| known == name), "{name}");
        }
    }
}
