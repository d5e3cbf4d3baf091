//! Words that must not stand in certain places: vendors, effects in sources, stages in the API, empty names.
//!
//! What a crate may depend on is judged by `graph.rs`; here it is about words inside files.

use super::code::{code_only, has_word, is_identifier, without_tests};
use super::tree::{SourceFile, files};
use super::{Breach, assert_tidy};

/// Products whose names end at the sources. `git`, `json` and `survey_csv` are our own words.
pub(super) const VENDORS: &[&str] = &[
    "argocd",
    "backstage",
    "bitbucket",
    "buildkite",
    "circleci",
    "github",
    "gitlab",
    "jenkins",
    "jira",
    "octocrab",
    "opsgenie",
    "pagerduty",
    "servicenow",
    "tekton",
];

/// Where a vendor's name may stand, and why.
const VENDOR_PLACES: &[(&str, &str)] = &[
    ("ingest/collect/src/sources", "a source speaks one vendor's dialect"),
    ("ingest/collect/src/clients", "a client asks one vendor's interface"),
    ("ingest/sample/", "sample deliveries are written in vendors' formats"),
    ("analytics/profiles/", "a profile is a peer's definition"),
    ("analytics/src/profiles", "the list of profiles names the peers"),
    ("ingest/event/src/people.rs", "automation accounts are recognised by their documented names"),
    ("api/src/commands", "`backfill NAME` is a command"),
];

/// What a pure reader of deliveries cannot need.
const EFFECTS: &[&str] = &["tokio", "std::fs", "std::net", "octocrab", "Clock", "arrivals", "clients"];

/// Stages that the API library must not see; the binary joins them.
const HIDDEN_STAGES: &[&str] = &["waymark_collect", "waymark_lake"];

/// The binary: roles, and the configuration that names what the stages need.
const BINARY: &[&str] = &["api/src/main.rs", "api/src/config", "api/src/commands"];

/// Names that fit any content and therefore name none.
const EMPTY_NAMES: &[&str] = &["common", "helper", "helpers", "manager", "misc", "types", "util", "utils"];

#[test]
fn forbidden_words() {
    let mut breaches = Vec::new();
    for file in files().iter().filter(|file| file.has_extension("rs") || file.has_extension("sql")) {
        breaches.extend(vendor_names(file));
        breaches.extend(effects_in_sources(file));
        breaches.extend(stages_in_the_api(file));
        breaches.extend(empty_name(file));
    }
    assert_tidy(breaches);
}

fn vendor_names(file: &SourceFile) -> Vec<Breach> {
    let is_product = ["ingest/", "analytics/", "reports/", "api/"].iter().any(|stage| file.path.starts_with(stage));
    if !is_product || VENDOR_PLACES.iter().any(|(place, _)| file.path.starts_with(place)) {
        return Vec::new();
    }
    let mut breaches = Vec::new();
    for (index, line) in without_tests(&file.text).lines().enumerate() {
        // A host is data, because repositories are known by their addresses; and a path leads to where the name may stand.
        let words = ["github.com", "gitlab.com", "clients::github", "sources::github"]
            .iter()
            .fold(line.to_lowercase(), |words, spared| words.replace(spared, ""));
        if let Some(vendor) = VENDORS.iter().find(|vendor| has_word(&words, vendor, char::is_alphabetic)) {
            let message = format!("`{vendor}` is a vendor's name: what depends on it belongs to `ingest/collect/src/sources/`");
            breaches.push(Breach::new(&file.path, index + 1, message));
        }
    }
    breaches
}

fn effects_in_sources(file: &SourceFile) -> Vec<Breach> {
    // What is tested has to arrive somehow.
    if !file.path.starts_with("ingest/collect/src/sources/") || file.path.ends_with("/tests.rs") {
        return Vec::new();
    }
    found_in_code(file, EFFECTS, "is an effect: a source only reads the delivery it is given, leave this to an arrival")
}

fn stages_in_the_api(file: &SourceFile) -> Vec<Breach> {
    if !file.path.starts_with("api/src/") || BINARY.iter().any(|place| file.path.starts_with(place)) {
        return Vec::new();
    }
    found_in_code(file, HIDDEN_STAGES, "is hidden from the API: state what is needed as a trait and let `main.rs` fill it")
}

fn found_in_code(file: &SourceFile, words: &[&str], reason: &str) -> Vec<Breach> {
    let code = code_only(without_tests(&file.text));
    let mut breaches = Vec::new();
    for (index, line) in code.lines().enumerate() {
        if let Some(word) = words.iter().find(|word| has_word(line, word, is_identifier)) {
            breaches.push(Breach::new(&file.path, index + 1, format!("`{word}` {reason}")));
        }
    }
    breaches
}

fn empty_name(file: &SourceFile) -> Option<Breach> {
    let word = file.stem().split('_').find(|word| EMPTY_NAMES.contains(word))?;
    Some(Breach::new(&file.path, 1, format!("`{word}` names nothing: call the file after the one thing that it defines")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile::made_up(path, text)
    }

    #[test]
    fn a_vendor_is_found_outside_its_places_only() {
        let text = "//! What Jenkins says of a run.\n";
        assert_eq!(vendor_names(&file("analytics/src/facts.rs", text)).len(), 1);
        assert_eq!(vendor_names(&file("ingest/collect/src/sources/jenkins.rs", text)), []);
        assert_eq!(vendor_names(&file("docs/guide/sources/jenkins.md", text)), []);
        assert_eq!(vendor_names(&file("ingest/event/src/delivery.rs", "// such as github.com\n")), []);
    }

    #[test]
    fn a_vendor_in_a_unit_test_is_a_fixture() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    const B: &str = \"github\";\n}\n";
        assert_eq!(vendor_names(&file("ingest/lake/src/tables.rs", text)), []);
    }

    #[test]
    fn an_effect_is_found_in_the_code_of_a_source_only() {
        let path = "ingest/collect/src/sources/git.rs";
        assert_eq!(effects_in_sources(&file(path, "use std::fs;\n")).len(), 1);
        assert_eq!(effects_in_sources(&file(path, "// arrivals know no vendor\n")), []);
        assert_eq!(effects_in_sources(&file("ingest/collect/src/arrivals/git.rs", "use std::fs;\n")), []);
    }

    #[test]
    fn the_api_library_sees_neither_collecting_nor_storage() {
        let text = "use waymark_lake::Lake;\n";
        assert_eq!(stages_in_the_api(&file("api/src/app.rs", text)).len(), 1);
        assert_eq!(stages_in_the_api(&file("api/src/main.rs", text)), []);
        assert_eq!(stages_in_the_api(&file("api/src/commands/serve.rs", text)), []);
    }

    #[test]
    fn an_empty_name_is_found() {
        assert!(empty_name(&file("api/src/http_utils.rs", "")).is_some());
        assert!(empty_name(&file("api/src/problem.rs", "")).is_none());
    }
}
