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
    /// Triggers that may be narrowed down to branches.
    pub(super) branch_triggers: Vec<String>,
    /// Names that a default branch may have; a scan of files does not know it.
    pub(super) default_branches: Vec<String>,
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
    /// What a document calls its kind; empty = any document.
    pub(super) kinds: Vec<String>,
    /// Paths of YAML values.
    pub(super) at: Vec<String>,
    /// Texts that a line holds when it names a use.
    pub(super) lines: Vec<String>,
    /// How comments begin.
    pub(super) comments: Vec<String>,
    /// Keys beside the value that hold its version.
    pub(super) version: Vec<String>,
    /// How the names of variables begin whose values count.
    pub(super) variable: Option<String>,
    /// Whether the value is an address, which fits by its host and has no version.
    pub(super) is_address: bool,
    /// Whether the value is where a repository lies, which also fits as `host/path`.
    pub(super) is_repository: bool,
    /// Paths of values that name files of the same repository, which then count as this one.
    pub(super) leads: Vec<String>,
    /// The files that may be named so.
    pub(super) led: Vec<String>,
    /// Whether parts of values may be filled in later: those that may then fit are use in part.
    pub(super) is_template: bool,
}

/// How a file lists packages.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PackageFormat {
    pub(super) files: Vec<String>,
    /// Whether it holds what was resolved, not what was asked for.
    pub(super) is_lock: bool,
    #[serde(default)]
    pub(super) form: PackageForm,
    /// How a package is named, with `{}` for its name and `^` for a line's beginning; elements and sections by their own names, keys as `map:key`.
    #[serde(default)]
    pub(super) names: Vec<String>,
    /// How its version is given, with `{}` for it; the first that fits counts.
    #[serde(default)]
    pub(super) versions: Vec<String>,
    /// Whether the version stands behind the name, else in a line below.
    #[serde(default)]
    pub(super) is_same_line: bool,
    /// Whether case, `-`, `_` and `.` do not tell names apart.
    #[serde(default)]
    pub(super) is_folded: bool,
}

/// What a file that lists packages is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PackageForm {
    /// Lines that hold a name.
    #[default]
    Lines,
    /// Keys of JSON, with what is known of the package below.
    Keys,
    /// Tables of dependencies, with a key or a header for each.
    Tables,
    /// Names with a range of versions, in lines or quoted in lists.
    Requirements,
    /// A path and a version, behind or below a word.
    Modules,
    /// Elements of XML with group, artifact and version.
    Elements,
    /// Quoted texts of group, artifact and version.
    Coordinates,
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
        let spots = tools.detectors.values().flatten().flat_map(|spot| [&spot.files, &spot.led]);
        let packages = tools.packages.iter().map(|format| &format.files);
        let others = [&tools.excluded, &tools.workflows.files, &tools.workflows.actions, &tools.images.files];
        for files in spots.chain(packages).chain(others) {
            Patterns::of_paths(files.iter().map(String::as_str)).unwrap();
        }
        let with_names = [PackageForm::Lines, PackageForm::Keys];
        for format in tools.packages.iter().filter(|format| with_names.contains(&format.form)) {
            let mut texts = format.names.iter().chain(&format.versions);
            assert!(!format.names.is_empty() && texts.all(|text| text.contains("{}")), "{format:?}");
        }
        for name in ["base-image", "ci-pipeline", "deployment", "logging", "runtime", "secrets", "template"] {
            assert!(preset_names().iter().any(|known| known == name), "{name}");
        }
    }
}
