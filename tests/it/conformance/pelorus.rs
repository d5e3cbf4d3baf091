//! Pelorus' published recording-rule tests: events become commits, deployments and incidents, and each
//! expression is answered by the profile over a scope that holds the applications that it selects.

use super::{cases, day, definitions, headline, insert, instant, is_same, measured, text, window};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use waymark_analytics::Series;
use waymark_analytics::scenario::Scenario;
use waymark_event::Instant;

/// Published expressions that no metric answers, and why.
const NOT_A_METRIC: &[(&str, &str)] =
    &[("count(commit_timestamp)", "counts what the exporter read, with or without a deployment: an input, no number of it")];

/// By which labels a row of ours is a sample of theirs.
type KeyOf<'labels> = &'labels dyn Fn(&str) -> String;

#[derive(Deserialize)]
struct Test {
    #[serde(rename = "test")]
    number: u32,
    events: Vec<Event>,
    expected: Vec<Expectation>,
}

#[derive(Deserialize)]
struct Event {
    metric: String,
    value: i64,
    app: String,
    image_sha: Option<String>,
    commit: Option<String>,
    issue: Option<String>,
    ns: Option<String>,
}

#[derive(Deserialize)]
struct Expectation {
    expr: String,
    /// Labels and value of each sample; none means that the series must be absent.
    samples: Vec<(String, f64)>,
}

/// The profile's metrics over the events of one test.
struct Measured {
    lead_time: Series,
    frequency: Series,
    fail_rate: Series,
    restore: Series,
    /// The lead time once more, with each image as an application of its own.
    rows: Series,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_expression_of_pelorus_is_reproduced() {
    let Some(tests) = cases::<Vec<Test>>("conformance/pelorus_cases.json") else { return };
    let (mut checked, mut wrong, mut left_out) = (0, Vec::new(), 0);
    for test in &tests {
        let measured = test.measured().await;
        for expectation in &test.expected {
            if NOT_A_METRIC.iter().any(|(expression, _)| *expression == expectation.expr) {
                left_out += 1;
                continue;
            }
            checked += 1;
            if let Err(difference) = measured.compare(expectation) {
                wrong.push(format!("test {}: {}: {difference}", test.number, expectation.expr));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {checked} expressions differ\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!((checked, left_out), (75, NOT_A_METRIC.len()), "of the 76 published expressions some were added or lost");
}

impl Test {
    async fn measured(&self) -> Measured {
        let all = window(Instant::from_seconds(0), Instant::from_seconds(2_000_000_000));
        let whole = self.scenario(|event| event.app.clone()).await;
        let apart = self.scenario(|event| format!("{}|{}", event.app, event.image_sha.as_deref().unwrap_or_default())).await;
        Measured {
            lead_time: measured(&whole, "pelorus/change_lead_time", &all).await,
            frequency: measured(&whole, "pelorus/deployment_frequency", &all).await,
            fail_rate: measured(&whole, "pelorus/change_fail_rate", &all).await,
            restore: measured(&whole, "pelorus/incident_time_to_restore", &all).await,
            rows: measured(&apart, "pelorus/change_lead_time", &all).await,
        }
    }

    /// The facts of the events: an application is a service; the whole, each application and each
    /// pattern of an expectation are scopes.
    async fn scenario(&self, service: impl Fn(&Event) -> String) -> Scenario {
        let scenario = Scenario::for_metrics(definitions()).await.unwrap();
        let of =
            |metric: &'static str| self.events.iter().filter(move |event| event.metric == metric && event.app != "unknown");
        let commits: BTreeSet<String> = of("commit_timestamp")
            .map(|event| {
                let committed_at = instant(Instant::from_seconds(event.value));
                format!("{}, {}, {committed_at}", text(&event.app), text(&event.sha()))
            })
            .collect();
        let built = |app: &str, image: &str| {
            let found = of("commit_timestamp").find(|event| event.app == app && event.image_sha.as_deref() == Some(image));
            found.map(Event::sha).unwrap_or_default()
        };
        let deployments: Vec<String> = of("deploy_timestamp")
            .enumerate()
            .map(|(place, event)| {
                let image = event.image_sha.as_deref().unwrap();
                let finished_at = Instant::from_seconds(event.value);
                format!(
                    "'d{place}', {}, {}, 'production', 'succeeded', {}, {}, {}, {}, {}",
                    text(&service(event)),
                    text(event.ns.as_deref().unwrap_or("none")),
                    text(&event.app),
                    text(&built(&event.app, image)),
                    text(image),
                    instant(finished_at),
                    day(finished_at)
                )
            })
            .collect();
        let resolved: BTreeMap<(&str, &Option<String>), i64> =
            of("failure_resolution_timestamp").map(|event| ((event.app.as_str(), &event.issue), event.value)).collect();
        let incidents: Vec<String> = of("failure_creation_timestamp")
            .enumerate()
            .map(|(place, event)| {
                let started_at = Instant::from_seconds(event.value);
                let resolved_at = resolved.get(&(event.app.as_str(), &event.issue));
                let resolved_at = resolved_at.map_or_else(|| "null".to_owned(), |value| instant(Instant::from_seconds(*value)));
                format!("'i{place}', [{}], {}, {resolved_at}, {}", text(&service(event)), instant(started_at), day(started_at))
            })
            .collect();
        insert(&scenario, "commits", "repository, sha, committed_at", &commits.into_iter().collect::<Vec<_>>()).await;
        let columns = "deployment_id, service, environment, tier, outcome, repository, sha, artifact_digest, finished_at, day";
        insert(&scenario, "deployments", columns, &deployments).await;
        insert(&scenario, "incidents", "episode_id, services, started_at, resolved_at, day", &incidents).await;
        let services: BTreeSet<String> = self.events.iter().map(service).collect();
        let scopes: Vec<String> = services.iter().flat_map(|service| self.scopes(service)).collect();
        insert(&scenario, "scopes", "service, scope_kind, scope, valid_from, valid_to", &scopes).await;
        scenario
    }

    /// The scopes of one application.
    fn scopes(&self, service: &str) -> Vec<String> {
        let row = |kind: &str, scope: &str| {
            format!("{}, '{kind}', {}, '1970-01-01T00:00:00Z', '2200-01-01T00:00:00Z'", text(service), text(scope))
        };
        let patterns: BTreeSet<&str> = self.expected.iter().filter_map(|expectation| pattern(&expectation.expr)).collect();
        let matching = patterns.into_iter().filter(|pattern| service.contains(middle(pattern)));
        let mut rows: Vec<String> = matching.map(|pattern| row("pattern", pattern)).collect();
        rows.extend([row("service", service), row("organisation", "all")]);
        rows
    }
}

impl Event {
    /// The commit; its time is part of it, because one is published with two times for two images.
    fn sha(&self) -> String {
        format!("{}@{}", self.commit.as_deref().unwrap_or_default(), self.value)
    }
}

impl Measured {
    fn compare(&self, expectation: &Expectation) -> Result<(), String> {
        let expr = expectation.expr.as_str();
        let single = match expectation.samples.as_slice() {
            [] => None,
            [(_, value)] => Some(*value),
            _ => return self.compare_rows(expectation),
        };
        let series = if expr.contains("lead_time") {
            &self.lead_time
        } else if expr.contains("change_failure_rate") {
            &self.fail_rate
        } else if expr.contains("time_to_restore") {
            &self.restore
        } else if expr.contains("deploy_timestamp") {
            &self.frequency
        } else {
            return Err("no metric was found for it".to_owned());
        };
        let of = |kind: &str, scope: &str| headline(series, kind, scope);
        let found = match (expr, pattern(expr)) {
            (_, Some(pattern)) => of("pattern", pattern).and_then(|cell| cell.value),
            ("count(sdp:time_to_restore:by_issue)", _) => {
                of("organisation", "all").and_then(|cell| cell.sample_size).map(|size| size as f64)
            }
            ("count(sdp:time_to_restore:by_app)", _) => Some(by_service(series).len() as f64),
            ("count(deploy_timestamp)", _) => of("organisation", "all").and_then(|cell| cell.value),
            (expr, _) if expr.ends_with(":global") => of("organisation", "all").and_then(|cell| cell.value),
            _ => return Err("its form is not known".to_owned()),
        };
        let found = if expr.starts_with("round(") { found.map(|value| (value * 1_000.0).round() / 1_000.0) } else { found };
        if is_same(found, single) { Ok(()) } else { Err(format!("{found:?} is not {single:?}")) }
    }

    /// Several samples: one for each application, or for each image of one application.
    fn compare_rows(&self, expectation: &Expectation) -> Result<(), String> {
        let expr = expectation.expr.as_str();
        let (found, key): (BTreeMap<String, f64>, KeyOf<'_>) = if expr.contains("by_commit") {
            let app = label(expr, "app");
            let rows = by_service(&self.rows).into_iter().filter(|(service, _)| service.starts_with(&format!("{app}|")));
            (rows.collect(), &|labels| format!("{}|{}", label(labels, "app"), label(labels, "image_sha")))
        } else if expr.contains("lead_time:by_app") {
            (by_service(&self.lead_time), &|labels| label(labels, "app").to_owned())
        } else if expr.contains("time_to_restore:by_app") {
            (by_service(&self.restore), &|labels| label(labels, "app").to_owned())
        } else if expr.contains("change_failure_rate:by_app") {
            (by_service(&self.fail_rate), &|labels| label(labels, "app").to_owned())
        } else {
            return Err("its form is not known".to_owned());
        };
        let expected: BTreeMap<String, f64> = expectation.samples.iter().map(|(labels, value)| (key(labels), *value)).collect();
        let is_equal = expected.len() == expectation.samples.len()
            && found.len() == expected.len()
            && expected.iter().all(|(key, value)| is_same(found.get(key).copied(), Some(*value)));
        if is_equal { Ok(()) } else { Err(format!("{found:?} is not {expected:?}")) }
    }
}

/// The value of each service that has one.
fn by_service(series: &Series) -> BTreeMap<String, f64> {
    let services = series.cells.iter().filter(|cell| cell.scope_kind == "service");
    services.filter_map(|cell| Some((cell.scope.clone(), cell.value?))).collect()
}

/// The anchored pattern by which an expression selects applications.
fn pattern(expr: &str) -> Option<&str> {
    let (_, rest) = expr.split_once("app=~\"")?;
    rest.split_once('"').map(|(pattern, _)| pattern)
}

/// What an application must hold: every published pattern is `.*TEXT.*` without other signs.
fn middle(pattern: &str) -> &str {
    let middle = pattern.strip_prefix(".*").and_then(|rest| rest.strip_suffix(".*"));
    let is_plain = |text: &&str| text.chars().all(|char| char.is_alphanumeric() || "/_-".contains(char));
    middle.filter(is_plain).unwrap_or_else(|| panic!("`{pattern}` is a pattern of another form"))
}

/// The value of a label.
fn label<'text>(labels: &'text str, name: &str) -> &'text str {
    let found = labels.split_once(&format!("{name}=\"")).and_then(|(_, rest)| rest.split_once('"'));
    found.unwrap_or_else(|| panic!("no `{name}` in {labels}")).0
}
