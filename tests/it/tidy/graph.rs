//! Who may use whom: the crates of the workspace and the large libraries, compared with a checked-in file.
//!
//! A new line in `tests/crate-graph.txt` is an architectural change and stands in the diff.

use super::tree::root;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Libraries that only the crates named in the file may use; their features are part of the line.
const WATCHED: &[&str] = &["datafusion", "deltalake", "gix", "object_store", "octocrab", "rdkafka", "rusqlite"];

/// Crates without IO, of which every library is listed.
const PURE: &[&str] = &["waymark-event", "waymark-reports", "waymark-sample"];

/// Libraries that must exist once, because their types pass from one crate to another.
const SINGLE: &[&str] = &["arrow", "datafusion", "deltalake", "object_store", "parquet"];

const AGREED: &str = "tests/crate-graph.txt";

#[test]
fn the_crate_graph_is_as_agreed() {
    let found = graph(&metadata());
    let path = root().join(AGREED);
    if is_blessing() {
        std::fs::write(&path, &found).unwrap_or_else(|error| panic!("cannot write {AGREED}: {error}"));
    }
    let agreed = std::fs::read_to_string(&path).unwrap_or_default();
    let difference = difference(&agreed, &found);
    assert!(
        difference.is_empty(),
        "{AGREED}:1: error: the crate graph is not the agreed one; if the change is wanted, run this test with WAYMARK_BLESS=1 \
         and say why in the pull request\n{difference}"
    );
}

#[test]
fn one_version_of_arrow_parquet_object_store() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap_or_default();
    let versions = locked_versions(&lock);
    for name in SINGLE {
        let found = versions.get(*name).cloned().unwrap_or_default();
        assert_eq!(found.len(), 1, "Cargo.lock:1: error: `{name}` must be there in one version, found {found:?}");
    }
}

#[expect(clippy::disallowed_methods, reason = "a test is told by the environment whether it may write")]
fn is_blessing() -> bool {
    std::env::var("WAYMARK_BLESS").is_ok_and(|value| value == "1")
}

fn metadata() -> Value {
    let cargo = option_env!("CARGO").unwrap_or("cargo");
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap_or_else(|error| panic!("cannot run `cargo metadata`: {error}"));
    assert!(output.status.success(), "`cargo metadata` failed: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("`cargo metadata` printed no JSON: {error}"))
}

/// One sorted line per agreed edge.
fn graph(metadata: &Value) -> String {
    let mut lines = BTreeSet::new();
    for package in list(metadata, "packages") {
        let owner = text(package, "name");
        for dependency in list(package, "dependencies") {
            let used = text(dependency, "name");
            let is_ours = used.starts_with("waymark-");
            if !(is_ours || WATCHED.contains(&used) || PURE.contains(&owner)) {
                continue;
            }
            let kind = dependency.get("kind").and_then(Value::as_str).map(|kind| format!(" ({kind})")).unwrap_or_default();
            let features = if WATCHED.contains(&used) { features(dependency) } else { String::new() };
            lines.insert(format!("{owner} -> {used}{kind}{features}\n"));
        }
    }
    lines.into_iter().collect()
}

fn features(dependency: &Value) -> String {
    let has_defaults = dependency.get("uses_default_features").and_then(Value::as_bool) == Some(true);
    let mut names: Vec<&str> = list(dependency, "features").iter().filter_map(Value::as_str).collect();
    names.extend(has_defaults.then_some("default"));
    names.sort_unstable();
    format!(" [{}]", names.join(", "))
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn difference(agreed: &str, found: &str) -> String {
    let agreed: BTreeSet<&str> = agreed.lines().collect();
    let found: BTreeSet<&str> = found.lines().collect();
    let gone = agreed.difference(&found).map(|line| format!("- {line}\n"));
    let new = found.difference(&agreed).map(|line| format!("+ {line}\n"));
    gone.chain(new).collect()
}

fn locked_versions(lock: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut package = "";
    for line in lock.lines() {
        if let Some(name) = line.strip_prefix("name = ") {
            package = name.trim_matches('"');
        } else if let Some(version) = line.strip_prefix("version = ") {
            versions.entry(package.to_owned()).or_default().insert(version.trim_matches('"').to_owned());
        }
    }
    versions
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn edges_are_sorted_and_watched_libraries_show_their_features() {
        let metadata = json!({"packages": [
            {"name": "waymark-lake", "dependencies": [
                {"name": "waymark-event", "kind": null, "features": [], "uses_default_features": true},
                {"name": "serde", "kind": null, "features": [], "uses_default_features": true},
                {"name": "deltalake", "kind": null, "features": ["rustls"], "uses_default_features": false},
            ]},
            {"name": "waymark-event", "dependencies": [
                {"name": "arrow", "kind": "dev", "features": [], "uses_default_features": true},
            ]},
        ]});
        let lines = "waymark-event -> arrow (dev)\nwaymark-lake -> deltalake [rustls]\nwaymark-lake -> waymark-event\n";
        assert_eq!(graph(&metadata), lines);
    }

    #[test]
    fn a_difference_names_what_is_gone_and_what_is_new() {
        assert_eq!(difference("a\nb\n", "b\nc\n"), "- a\n+ c\n");
        assert_eq!(difference("a\n", "a\n"), "");
    }

    #[test]
    fn two_versions_of_one_library_are_seen() {
        let lock =
            "[[package]]\nname = \"arrow\"\nversion = \"58.0.0\"\n\n[[package]]\nname = \"arrow\"\nversion = \"59.1.0\"\n";
        assert_eq!(locked_versions(lock)["arrow"].len(), 2);
    }
}
