//! Scenarios of facts and metrics: every `.slt` file is a case, found when the tests run.
//!
//! How a file is run and how answers are printed is in `scenarios/`; what is expected is in the
//! files, worked out by hand.

mod command;
mod database;

use crate::harness::root;
use database::{Database, Kind};
use std::path::PathBuf;
use waymark_analytics::{Definitions, FACTS, METRICS};

#[test]
fn every_metric_scenario_ends_as_worked_out() {
    with_room(|| run_all(Kind::Metrics));
}

#[test]
fn every_fact_scenario_ends_as_worked_out() {
    with_room(|| run_all(Kind::Facts));
}

/// Runs on a thread with a large stack: plans are deep, and unoptimised code takes much of it for each step.
fn with_room<F: Future<Output = ()>>(run: impl FnOnce() -> F + Send + 'static) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let thread = std::thread::Builder::new().stack_size(16 * 1_024 * 1_024);
    let done = thread.spawn(move || runtime.block_on(run())).unwrap().join();
    if let Err(failure) = done {
        std::panic::resume_unwind(failure);
    }
}

#[test]
fn every_metric_and_every_fact_has_a_scenario() {
    let metrics = METRICS.iter().map(|metric| format!("tests/metrics/{}.slt", metric.id));
    let facts = FACTS.iter().map(|fact| format!("tests/facts/{}.slt", fact.name));
    let missing: Vec<String> = metrics.chain(facts).filter(|path| !root().join(path).exists()).collect();
    assert!(missing.is_empty(), "write these scenarios, with expectations worked out by hand:\n{}", missing.join("\n"));
}

/// Runs every case of a folder, fails once and names each failure.
async fn run_all(kind: Kind) {
    let mut failures = Vec::new();
    let cases = cases(kind.folder());
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
