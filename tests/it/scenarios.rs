//! Scenarios of facts, metrics, profiles and findings: every `.slt` file is a case, found when the tests run.
//!
//! How a file is run and how answers are printed is in `scenarios/`; what is expected is in the
//! files, worked out by hand.

mod command;
mod database;

use crate::harness::root;
use database::{Database, Kind};
use std::path::PathBuf;
use waymark_analytics::scenario::Scenario;
use waymark_analytics::{Definitions, FACTS, Grain, METRICS, PROFILES, Window, find, local_midnight};

/// A hundred active services.
const ACTIVE: &str = "insert into service_activity (service, first_day, end_day)
    select 's' || cast(value as varchar), date '2025-01-01', date '2026-06-01' from generate_series(1, 100) as numbers(value)";
/// Ten tools of 3, 5, 7 … services, told from the rarest on and the other way round.
const TOOLS: [&str; 2] = [
    "insert into adoption_status (service, component_id, category, status, fit, alternative, valid_from)
    select 's' || cast(value as varchar), 'pipelines', 'ci', 'off_path', 'fits',
        't' || cast(cast(sqrt(value) as bigint) as varchar), '1970-01-01T00:00:00Z'
    from generate_series(1, 100) as numbers(value) order by value",
    "insert into adoption_status (service, component_id, category, status, fit, alternative, valid_from)
    select 's' || cast(value as varchar), 'pipelines', 'ci', 'off_path', 'fits',
        't' || cast(cast(sqrt(value) as bigint) as varchar), '1970-01-01T00:00:00Z'
    from generate_series(1, 100) as numbers(value) order by value desc",
];

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

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_the_same_to_its_last_digit_in_whatever_order_its_rows_come() {
    let zone = definitions().zone();
    let window = Window::between(Grain::Month, "2026-03-01".parse().unwrap(), "2026-04-01".parse().unwrap(), zone);
    let as_of = local_midnight("2026-04-10".parse().unwrap(), zone);
    let mut told = Vec::new();
    for tools in TOOLS {
        let scenario = Scenario::for_metrics(definitions()).await.unwrap();
        for statement in [ACTIVE, tools] {
            scenario.run_sql(statement).await.unwrap();
        }
        let series = scenario.metric(find("fragmentation").unwrap(), &window, as_of).await.unwrap();
        let values: Vec<_> = series.cells.iter().map(|cell| (cell.statistic.clone(), cell.value)).collect();
        assert!(values.len() == 3 && values.iter().all(|(_, value)| value.is_some()), "{values:?}");
        told.push(values);
    }
    assert_eq!(told[0], told[1]);
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
