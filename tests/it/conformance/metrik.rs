//! Metrik's 25 published cases: builds of pipelines become commits and deployments, all facts are
//! computed from them, attribution by ancestry included, and the profile's number is theirs.

use super::{cases, definitions, headline, insert, instant, is_same, measured, text, window};
use serde::Deserialize;
use std::collections::BTreeMap;
use waymark_analytics::scenario::Scenario;
use waymark_event::Instant;

#[derive(Deserialize)]
struct Case {
    name: String,
    metric: String,
    fixture: String,
    /// First and last millisecond, both included.
    start: i64,
    end: i64,
    /// The stage of each pipeline that counts; other pipelines are not looked at.
    target_stage: BTreeMap<String, String>,
    expected: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Build {
    pipeline_id: String,
    timestamp: i64,
    stages: Vec<Stage>,
    change_sets: Vec<Change>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stage {
    name: String,
    status: String,
    start_time_millis: i64,
    duration_millis: i64,
    pause_duration_millis: i64,
    completed_time_millis: Option<i64>,
}

#[derive(Deserialize)]
struct Change {
    timestamp: i64,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_case_of_metrik_is_reproduced() {
    let Some(cases_of_metrik) = cases::<Vec<Case>>("conformance/metrik_cases.json") else { return };
    let Some(builds) = cases::<BTreeMap<String, Vec<Build>>>("conformance/metrik_builds.json") else { return };
    assert_eq!(cases_of_metrik.len(), 25, "cases were added or lost");
    let mut wrong = Vec::new();
    for case in &cases_of_metrik {
        let found = value(case, &builds[&case.fixture]).await;
        if !is_same(found, case.expected) {
            wrong.push(format!("{}: {found:?} is not {:?}", case.name, case.expected));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases differ\n{}", wrong.len(), cases_of_metrik.len(), wrong.join("\n"));
}

/// The number of a case in its own unit, by the profile.
async fn value(case: &Case, builds: &[Build]) -> Option<f64> {
    let scenario = scenario(case, builds).await;
    let (metric, per_unit) = match case.metric.as_str() {
        "lead_time_mean_ms" => ("metrik/change_lead_time", 1_000.0),
        "cfr_pct" => ("metrik/change_fail_rate", 100.0),
        "deploy_count" => ("metrik/deployment_frequency", 1.0),
        "mttr_mean_ms" => ("metrik/failed_deployment_recovery_time", 1_000.0),
        other => panic!("`{other}` is a metric that the profile was not told of"),
    };
    let series = measured(&scenario, metric, &window(millis(case.start), millis(case.end + 1))).await;
    headline(&series, "organisation", "all").and_then(|cell| cell.value).map(|value| value * per_unit)
}

/// The facts of the builds: a pipeline is a service and a repository, an occurrence of its target
/// stage an attempt to deploy all commits up to it.
async fn scenario(case: &Case, builds: &[Build]) -> Scenario {
    let scenario = Scenario::for_facts(definitions()).unwrap();
    let (mut commits, mut deployments) = (Vec::new(), Vec::new());
    let mut sorted: Vec<&Build> = builds.iter().collect();
    sorted.sort_by_key(|build| build.timestamp);
    let mut newest: BTreeMap<&str, String> = BTreeMap::new();
    for (place, build) in sorted.into_iter().enumerate() {
        let pipeline = build.pipeline_id.as_str();
        let repository = format!("pipelines/{pipeline}");
        for (number, change) in build.change_sets.iter().enumerate() {
            // one id occurs many times with different times, so ids are made here
            let sha = format!("{pipeline}-{place}-{number}");
            let parents = newest.get(pipeline).map_or_else(|| "make_array()".to_owned(), |parent| format!("['{parent}']"));
            let time = instant(millis(change.timestamp));
            commits.push(format!("'{sha}', '{repository}', '{sha}', {parents}, {time}, {time}"));
            newest.insert(pipeline, sha);
        }
        let Some(target) = case.target_stage.get(pipeline) else { continue };
        for (number, stage) in build.stages.iter().enumerate().filter(|(_, stage)| stage.name == *target) {
            let result = match stage.status.as_str() {
                "SUCCESS" => "success",
                "FAILED" => "failure",
                _ => "cancellation",
            };
            let revisions =
                newest.get(pipeline).map_or_else(|| "make_array()".to_owned(), |sha| format!("['{repository}@{sha}']"));
            deployments.push(format!(
                "'{pipeline}-{place}-{number}', {}, 'production', {revisions}, 'finished', '{result}', true, {}",
                text(pipeline),
                instant(millis(stage.done()))
            ));
        }
    }
    let columns = "entity_id, repository, sha, parents, authored_at, committed_at";
    insert(&scenario, "observed.commits", columns, &commits).await;
    let columns = "entity_id, service_hint, environment, revisions, status, result, reached, finished_at";
    insert(&scenario, "observed.deployments", columns, &deployments).await;
    scenario.fact("scopes").await.unwrap();
    scenario
}

impl Stage {
    /// When it had ended, in milliseconds.
    fn done(&self) -> i64 {
        self.completed_time_millis.unwrap_or(self.start_time_millis + self.duration_millis + self.pause_duration_millis)
    }
}

fn millis(count: i64) -> Instant {
    Instant::from_micros(count * 1_000)
}
