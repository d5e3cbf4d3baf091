//! Scenarios of facts, metrics, profiles and findings: every `.slt` file is a case, found when the tests run.
//!
//! How a file is run and how answers are printed is in `scenarios/`; what is expected is in the
//! files, worked out by hand.

mod command;
mod database;

use crate::harness::root;
use database::{Database, Kind};
use std::path::PathBuf;
use waymark_analytics::{Definitions, FACTS, METRICS, PROFILES};

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_scenario_ends_as_worked_out() {
    run_all(Kind::Metrics, "metrics").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fact_scenario_ends_as_worked_out() {
    run_all(Kind::Facts, "facts").await;
}

/// The hard cases of the reference, each under its number: `tests/cases/case_12_revert.slt`.
#[tokio::test(flavor = "multi_thread")]
async fn every_hard_case_ends_as_worked_out() {
    run_all(Kind::Facts, "cases").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_profile_scenario_ends_as_worked_out() {
    run_all(Kind::Metrics, "profiles").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_finding_scenario_ends_as_worked_out() {
    run_all(Kind::Answers, "answers").await;
}

#[test]
fn every_metric_fact_and_profile_has_a_scenario() {
    let metrics = METRICS.iter().map(|metric| format!("tests/metrics/{}.slt", metric.id));
    let facts = FACTS.iter().map(|fact| format!("tests/facts/{}.slt", fact.name));
    let profiles = PROFILES.iter().map(|profile| format!("tests/profiles/{}.slt", profile.name));
    let all = metrics.chain(facts).chain(profiles);
    let missing: Vec<String> = all.filter(|path| !root().join(path).exists()).collect();
    assert!(missing.is_empty(), "write these scenarios, with expectations worked out by hand:\n{}", missing.join("\n"));
}

/// Runs every case of a folder, fails once and names each failure.
async fn run_all(kind: Kind, folder: &str) {
    let mut failures = Vec::new();
    let cases = cases(folder);
    for case in &cases {
        let mut runner = sqllogictest::Runner::new(|| async { Database::open(kind, definitions()).await });
        if let Err(failure) = runner.run_file_async(case).await {
            failures.push(failure.display(false).to_string());
        }
    }
    assert!(failures.is_empty(), "{} of {} scenarios failed\n\n{}", failures.len(), cases.len(), failures.join("\n"));
}

/// The files of a folder whose name holds the text of `CASE`, in order.
fn cases(folder: &str) -> Vec<PathBuf> {
    let wanted = wanted_case();
    let files = std::fs::read_dir(root().join("tests").join(folder)).unwrap();
    let mut cases: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    cases.retain(|path| path.extension().is_some_and(|extension| extension == "slt"));
    cases.retain(|path| format!("{folder}/{}", path.file_stem().unwrap().display()).contains(&wanted));
    cases.sort();
    cases
}

/// The default settings in a zone where the day begins an hour or two before it does in UTC.
fn definitions() -> Definitions {
    Definitions { zone: "Europe/Berlin".to_owned(), organisation: "acme".to_owned(), ..Definitions::default() }
}

#[expect(clippy::disallowed_methods, reason = "a case is chosen by the environment")]
fn wanted_case() -> String {
    std::env::var("CASE").unwrap_or_default()
}
