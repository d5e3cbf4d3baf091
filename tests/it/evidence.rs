//! Evidence of platform use: rules over the files of made-up repositories, and over their history.
//!
//! Each trap into which a detector can fall has a test of its own in `evidence/traps.rs`; what a
//! history gives, week by week, is in `evidence/history.rs`; the commands are in `evidence/command.rs`.

mod command;
mod history;
mod traps;

use waymark_collect::evidence::{EvidenceRules, FileMap, Found, KnownUses, Scanner, ServicePath, read_rules};
use waymark_event::{Finding, WrittenFile};

/// Rules of one component called `standard`, from the text below `- component: standard`.
pub(crate) fn rules(text: &str) -> EvidenceRules {
    let body: String = text.lines().flat_map(|line| ["    ", line, "\n"]).collect();
    let text = format!("evidence:\n  - component: standard\n{body}");
    let (rules, remarks) = read_rules(&[WrittenFile { name: "platform/rules.yaml".to_owned(), text }], &["standard"]);
    assert!(remarks.is_empty(), "the rules of a test are good ones: {remarks:?}");
    rules
}

/// What is found in files given as path and content.
fn found(rules: &EvidenceRules, files: &[(&str, &str)]) -> Found {
    let mut all = found_for(rules, files, &[], &KnownUses::new());
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn found_for(rules: &EvidenceRules, files: &[(&str, &str)], services: &[ServicePath], known: &KnownUses) -> Vec<Found> {
    let mut scanner = Scanner::new(rules, known);
    let map: FileMap = kept(&scanner, files);
    let day = chrono::NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
    let mut read = |id: &str| content(files, id);
    scanner.scan("github.com/acme/checkout", day, &map, services, &mut read)
}

/// The files that a scanner wants, told apart by their paths.
fn kept(scanner: &Scanner<'_>, files: &[(&str, &str)]) -> FileMap {
    let wanted = files.iter().filter(|(path, _)| scanner.wants(path));
    wanted.map(|(path, _)| ((*path).to_owned(), (*path).to_owned())).collect()
}

/// The content of a file; one that cannot be read holds this word.
fn content(files: &[(&str, &str)], id: &str) -> Option<Vec<u8>> {
    let (_, text) = files.iter().find(|(path, _)| *path == id)?;
    (*text != "UNREADABLE").then(|| text.as_bytes().to_vec())
}

/// Finding, `path:line`, version and alternative, to be compared at a glance.
fn told(found: &Found) -> (Finding, String, &str, &str) {
    let place = found.place.as_ref().map(|place| format!("{}:{}", place.path, place.line)).unwrap_or_default();
    let text = |text: &Option<String>| -> &'static str { Box::leak(text.clone().unwrap_or_default().into_boxed_str()) };
    (found.finding, place, text(&found.version), text(&found.alternative))
}
