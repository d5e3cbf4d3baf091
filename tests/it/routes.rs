//! The interface over HTTP, spoken to a real application over the small sample organisation.

mod adoption;
mod charts;
mod dashboard;
mod pages;
mod parameters;
mod sql;

use crate::harness::{World, root};
use axum::body::Body;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::Value;
use std::sync::Arc;
use tower::ServiceExt;
use waymark_analytics::{FINDINGS, METRICS, Metric, PROFILES, QueryService, Statistic, Subject, find};
use waymark_api::{App, router};
use waymark_event::Delivery;
use waymark_reports::{CHARTS, REPORTS};
use waymark_sample::{Plan, deliveries};

/// Metrics without a value in the sample, in which nobody tells of reviews.
const UNTOLD: &[&str] = &["change_lead_time_exposed", "change_lead_time_pickup", "change_lead_time_review"];
/// Metrics for which the twelve weeks of the small sample are too short: births and ninety days.
const NEEDS_LONGER: &[&str] =
    &["new_service_default_rate", "template_stickiness", "time_to_adopt", "adoption_velocity", "retention", "version_currency"];
/// Metrics of long stays and launches, and of what only the folder `platform` says, which is not written here.
const NEEDS_MORE: &[&str] = &["retention_curve", "launch_adoption", "version_lag", "bypass"];
/// Metrics of recoveries, which happen rarely: a small sample may have too few of them for a value, or none.
const RECOVERIES: &[&str] = &["failed_deployment_recovery_time", "failed_deployment_recovery_time_from_deploy"];
/// Metrics of incidents, which are as rare.
const INCIDENTS: &[&str] = &["incident_time_to_restore", "other_incidents"];

/// A sample organisation behind a router.
struct Site {
    _world: World,
    router: axum::Router,
}

impl Site {
    async fn open() -> Self {
        Self::described(sample_definitions(&Plan::small())).await
    }

    /// The same organisation, described otherwise.
    async fn described(definitions: waymark_analytics::Definitions) -> Self {
        let plan = Plan::small();
        let world = World::with(&plan.as_of().to_rfc3339(), definitions).await;
        Self::over(world, &deliveries(&plan).collect::<Vec<_>>()).await
    }

    /// A world that these deliveries have reached.
    async fn over(mut world: World, deliveries: &[Delivery]) -> Self {
        world.take_in(deliveries).await;
        world.refresh().await;
        let engine = Arc::new(world.engine());
        let queries = QueryService::new(Arc::clone(&engine), 512 * 1_024 * 1_024, &world.folder.path().join("spill")).unwrap();
        let router = router(App::new(engine, Arc::new(queries)));
        Self { _world: world, router }
    }

    async fn get(&self, path: &str) -> (StatusCode, String, Vec<u8>) {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    async fn json(&self, path: &str) -> Value {
        let (status, _, body) = self.get(path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap()
    }

    async fn ask(&self, sql: &str) -> (StatusCode, Value) {
        let body = serde_json::json!({ "sql": sql, "deadline_ms": 5_000 }).to_string();
        let request =
            Request::post("/api/v1/sql").header(header::CONTENT_TYPE, "application/json").body(Body::from(body)).unwrap();
        let (status, _, body) = self.send(request).await;
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, String, Vec<u8>) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let kind = response.headers().get(header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned());
        let body = response.into_body().collect().await.unwrap().to_bytes().to_vec();
        (status, kind.unwrap_or_default(), body)
    }
}

/// The sample's own definitions, without the keys that only a running process reads.
fn sample_definitions(plan: &Plan) -> waymark_analytics::Definitions {
    let whole: toml::Table = plan.configuration().parse().unwrap();
    whole.try_into().unwrap()
}

#[tokio::test]
async fn every_metric_chart_and_report_answers() {
    let site = Site::open().await;
    for metric in METRICS {
        let definition = site.json(&format!("/api/v1/metrics/{}", metric.id)).await;
        assert_eq!(definition["sql"].as_str(), Some(metric.sql));
        let series = site.json(&format!("/api/v1/metrics/{}/series?grain=quarter&last=3", metric.id)).await;
        let rows = series["rows"].as_array().unwrap();
        let has_value = rows.iter().any(|row| !row["value"].is_null());
        let may_lack = [NEEDS_LONGER, NEEDS_MORE, RECOVERIES, INCIDENTS].iter().any(|list| list.contains(&metric.id));
        assert!(may_lack || has_value != UNTOLD.contains(&metric.id), "`{}`: a value in the sample: {has_value}", metric.id);
        for row in rows {
            let (low, value, high) = (row["low"].as_f64(), row["value"].as_f64(), row["high"].as_f64());
            if let (Some(low), Some(value), Some(high)) = (low, value, high) {
                assert!(low <= value && value <= high, "`{}`: {row}", metric.id);
            }
        }
        let evidence = site.json(&format!("/api/v1/metrics/{}/rows?grain=quarter&last=3", metric.id)).await;
        assert!(may_lack || !evidence["rows"].as_array().unwrap().is_empty(), "`{}` has no rows behind it", metric.id);
        assert_eq!(evidence["sql"].as_str(), Some(metric.sql));
        for row in evidence["rows"].as_array().unwrap().iter().filter(|row| row["is_counted"] != Value::Bool(true)) {
            assert!(row["reason"].is_string(), "`{}` leaves out a row without a reason: {row}", metric.id);
        }
        let (status, kind, page) = site.get(&format!("/metrics/{}?grain=quarter&last=3", metric.id)).await;
        let page = String::from_utf8(page).unwrap();
        assert_eq!((status, kind.as_str()), (StatusCode::OK, "text/html; charset=utf-8"), "{page}");
        for word in [metric.title, "The number", "The rows behind it", "Definition", "as CSV"] {
            assert!(page.contains(word), "the page of `{}` lacks {word}", metric.id);
        }
        for chart in CHARTS.iter().filter(|chart| (chart.accepts)(metric)) {
            let (status, kind, body) = site.get(&format!("/api/v1/charts/{}.svg?metric={}", chart.id, metric.id)).await;
            assert_eq!((status, kind.as_str()), (StatusCode::OK, "image/svg+xml; charset=utf-8"));
            assert!(body.starts_with(b"<svg"), "`{}` of `{}`", chart.id, metric.id);
        }
    }
    let (_, kind, png) = site.get("/api/v1/charts/trend.png?metric=change_lead_time&width=320&height=200").await;
    assert!(kind == "image/png" && png.starts_with(b"\x89PNG"));
    for report in REPORTS {
        for (format, kind) in
            [("html", "text/html; charset=utf-8"), ("md", "text/markdown; charset=utf-8"), ("json", "application/json")]
        {
            let (status, found, body) = site.get(&format!("/api/v1/reports/{}?format={format}", report.id)).await;
            assert_eq!((status, found.as_str()), (StatusCode::OK, kind));
            assert!(!body.is_empty());
        }
    }
    let (status, kind, home) = site.get("/").await;
    let home = String::from_utf8(home).unwrap();
    assert!(status == StatusCode::OK && kind.starts_with("text/html"));
    for word in ["Adoption", "Commit to production", "Satisfaction", "<svg"] {
        assert!(home.contains(word), "the home page lacks {word}");
    }
}

#[tokio::test]
async fn the_rows_behind_a_number_add_up_to_it() {
    let site = Site::open().await;
    // What a census counts is not in single rows of its evidence.
    let is_of_rows = |metric: &&Metric| metric.subject == Subject::Services && metric.kind != Statistic::Census;
    for id in METRICS.iter().filter(is_of_rows).map(|metric| metric.id) {
        let headline = find(id).unwrap().headline();
        let series = site.json(&format!("/api/v1/metrics/{id}/series?grain=window&last=60&statistic={headline}")).await;
        let evidence = site.json(&format!("/api/v1/metrics/{id}/rows?grain=window&last=60")).await;
        let counted = evidence["rows"].as_array().unwrap().iter().filter(|row| row["is_counted"] == Value::Bool(true)).count();
        assert_eq!(evidence["truncated"], Value::Bool(false), "{id}");
        assert_eq!(evidence["counted"].as_u64(), Some(counted as u64), "{id}");
        let left_out = evidence["left_out"].as_array().unwrap().iter().map(|left| left["rows"].as_u64().unwrap()).sum::<u64>();
        assert_eq!(counted as u64 + left_out, evidence["rows"].as_array().unwrap().len() as u64, "{id}");
        assert_eq!(series["rows"][0]["sample_size"].as_u64(), Some(counted as u64), "{id}");
    }
}

#[tokio::test]
async fn every_profile_answers_beside_ours() {
    let site = Site::open().await;
    let mut answered = 0;
    for metric in METRICS {
        let ours = site.get(&format!("/api/v1/metrics/{}/series?grain=window&last=365", metric.id)).await.2;
        let ours: Value = serde_json::from_slice(&ours).unwrap();
        let peers = PROFILES.iter().flat_map(|profile| profile.peers).filter(|peer| peer.replaces == metric.id).count();
        if peers == 0 {
            continue;
        }
        let compared = site.json(&format!("/api/v1/metrics/{}/compare?last=365", metric.id)).await;
        assert_eq!(compared["ours"], ours, "{}", metric.id);
        let theirs = compared["theirs"].as_array().unwrap();
        assert_eq!(theirs.len(), peers, "{}", metric.id);
        for their in theirs {
            let name = their["profile"].as_str().unwrap();
            let (series, rows) = (&their["series"], their["series"]["rows"].as_array().unwrap());
            assert_eq!(series["metric"], format!("{name}/{}", metric.id));
            assert!(rows.iter().any(|row| !row["value"].is_null()), "`{name}` has no value of `{}` in the sample", metric.id);
            let alone = format!("/api/v1/metrics/{}/series?grain=window&last=365&profile={name}", metric.id);
            assert_eq!(site.json(&alone).await, *series, "{alone}");
            answered += 1;
        }
    }
    assert!(answered >= 20, "only {answered} numbers of other tools were compared");
}

#[tokio::test]
async fn pages_of_rows_together_are_the_whole_and_nothing_twice() {
    let site = Site::open().await;
    let question = "/api/v1/metrics/change_lead_time/rows?grain=window&last=60";
    let whole = site.json(question).await;
    let (mut paged, mut offset) = (Vec::new(), Some(0));
    while let Some(place) = offset {
        let page = site.json(&format!("{question}&limit=7&offset={place}")).await;
        assert_eq!((&page["counted"], &page["left_out"]), (&whole["counted"], &whole["left_out"]));
        paged.extend(page["rows"].as_array().unwrap().clone());
        offset = page["next_offset"].as_u64();
    }
    assert!(paged.len() > 14, "only {} rows", paged.len());
    assert_eq!(Value::Array(paged), whole["rows"]);
    for left in whole["left_out"].as_array().unwrap() {
        let reason = left["reason"].as_str().unwrap().replace(' ', "%20");
        let only = site.json(&format!("{question}&reason={reason}")).await;
        assert_eq!(only["rows_total"], left["rows"]);
        assert!(only["rows"].as_array().unwrap().iter().all(|row| row["reason"] == left["reason"]));
    }
    let counted = site.json(&format!("{question}&show=counted")).await;
    assert!(counted["rows"].as_array().unwrap().iter().all(|row| row["is_counted"] == Value::Bool(true)));
    assert_eq!(counted["rows_total"], whole["counted"]);
    let (status, kind, csv) = site.get(&format!("{question}&format=csv")).await;
    assert_eq!((status, kind.as_str()), (StatusCode::OK, "text/csv; charset=utf-8"));
    let lines = String::from_utf8(csv).unwrap().lines().count();
    assert_eq!(lines, whole["rows"].as_array().unwrap().len() + 1);
}

#[tokio::test]
async fn a_number_says_everything_that_is_needed_to_work_it_out_again() {
    let site = Site::open().await;
    let explained = site.json("/api/v1/metrics/change_lead_time/rows?grain=window&last=60&statistic=p50").await;
    let number = &explained["numbers"].as_array().unwrap()[0];
    let text = number["text"].as_str().unwrap();
    assert!(
        text.starts_with("p50 ") && text.contains("(95 % ") && text.contains(" changes, ") && text.contains("coverage)"),
        "{text}"
    );
    assert_eq!(explained["numbers"].as_array().unwrap().len(), 1);
    assert_eq!(explained["settings"]["skew_tolerance_seconds"], 300);
    assert!(explained["settings"]["survey_k"].is_null());
    for field in ["snapshot", "as_of", "zone", "interval", "definition", "sql", "evidence_sql"] {
        assert!(explained[field].as_str().is_some_and(|text| !text.is_empty()), "{field}");
    }
    let views: Vec<&str> = explained["views"].as_array().unwrap().iter().filter_map(|view| view["name"].as_str()).collect();
    assert!(views.contains(&"placed_changes"), "{views:?}");
    let linked = explained["rows"].as_array().unwrap().iter().filter(|row| row["url"].is_string()).count();
    assert!(linked > 0, "no row leads to its source");
    let (_, _, page) = site.get("/metrics/change_lead_time?grain=window&last=60").await;
    let page = String::from_utf8(page).unwrap();
    assert!(page.contains("rel=\"noreferrer\""), "no row of the page leads to its source");
    assert!(page.contains("skew_tolerance_seconds = 300"));
}

#[tokio::test]
async fn what_the_doctor_finds_is_a_page_and_an_answer() {
    let site = Site::open().await;
    let diagnosis = site.json("/api/v1/doctor").await;
    assert_eq!(diagnosis["findings"].as_array().unwrap().len(), FINDINGS.len());
    assert!(!diagnosis["sources"].as_array().unwrap().is_empty() && !diagnosis["services"].as_array().unwrap().is_empty());
    let (status, kind, page) = site.get("/doctor").await;
    let page = String::from_utf8(page).unwrap();
    assert_eq!((status, kind.as_str()), (StatusCode::OK, "text/html; charset=utf-8"));
    for finding in diagnosis["findings"].as_array().unwrap() {
        let is_told = page.contains(&format!("id=\"{}\"", finding["finding"].as_str().unwrap()));
        assert_eq!(is_told, finding["items"].as_i64().unwrap() > 0, "{finding}");
    }
    let few = site.json("/api/v1/doctor?cases=1&days=30").await;
    assert!(few["findings"].as_array().unwrap().iter().all(|finding| finding["cases"].as_array().unwrap().len() <= 1));
}

#[tokio::test]
async fn a_page_that_cannot_be_shown_is_still_a_page() {
    let site = Site::open().await;
    for (path, status, word) in [
        ("/metrics/velocity", StatusCode::NOT_FOUND, "change_lead_time"),
        ("/metrics/change_lead_time?grain=fortnight", StatusCode::BAD_REQUEST, "quarter"),
        ("/metrics/change_lead_time?wat=1", StatusCode::BAD_REQUEST, "wat"),
        ("/metrics/change_lead_time?grain=window&last=4000000000", StatusCode::BAD_REQUEST, "36600"),
        ("/metrics/change_lead_time?last=many", StatusCode::BAD_REQUEST, "whole number"),
        ("/metrics/change_lead_time?last=0", StatusCode::BAD_REQUEST, "at least 1"),
        ("/metrics/change_lead_time?from=2100-01-01", StatusCode::BAD_REQUEST, "in the future"),
        ("/services/nosuch", StatusCode::NOT_FOUND, "no active service <code>nosuch</code>"),
        ("/doctor?days=0", StatusCode::BAD_REQUEST, "days"),
        ("/status", StatusCode::SERVICE_UNAVAILABLE, "waymark status"),
    ] {
        let (found, kind, body) = site.get(path).await;
        assert_eq!((found, kind.as_str()), (status, "text/html; charset=utf-8"), "{path}");
        assert!(String::from_utf8(body).unwrap().contains(word), "{path}");
    }
    let request = Request::get("/nowhere").header(header::ACCEPT, "text/html,application/xhtml+xml");
    let (status, kind, _) = site.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!((status, kind.as_str()), (StatusCode::NOT_FOUND, "text/html; charset=utf-8"));
    // A form sends its empty fields as well.
    let (status, _, body) =
        site.get("/metrics/change_lead_time?scope_kind=service&scope=&grain=week&from=&to=&last=&statistic=").await;
    assert_eq!(status, StatusCode::OK, "{}", String::from_utf8_lossy(&body));
    let (status, _, body) = site.get("/definitions").await;
    let body = String::from_utf8(body).unwrap();
    assert_eq!(status, StatusCode::OK);
    assert!(METRICS.iter().all(|metric| body.contains(metric.title)));
}

#[tokio::test]
async fn what_cannot_be_understood_is_a_problem_that_says_what_there_is() {
    let site = Site::open().await;
    for (path, status, word) in [
        ("/api/v1/metrics/velocity", StatusCode::NOT_FOUND, "change_lead_time"),
        ("/api/v1/metrics/change_lead_time/series?grain=fortnight", StatusCode::BAD_REQUEST, "quarter"),
        ("/api/v1/metrics/change_lead_time/series?wat=1", StatusCode::BAD_REQUEST, "wat"),
        ("/api/v1/metrics/change_lead_time/series?statistic=p99", StatusCode::BAD_REQUEST, "p50"),
        ("/api/v1/metrics/change_lead_time/rows?show=some", StatusCode::BAD_REQUEST, "left_out"),
        ("/api/v1/metrics/change_lead_time/rows?limit=100000", StatusCode::BAD_REQUEST, "10000"),
        ("/api/v1/metrics/change_lead_time/rows?statistic=p99", StatusCode::BAD_REQUEST, "p50"),
        ("/api/v1/metrics/change_lead_time/rows?format=xml", StatusCode::BAD_REQUEST, "csv"),
        ("/api/v1/doctor?days=0", StatusCode::BAD_REQUEST, "days"),
        ("/api/v1/doctor?cases=5000", StatusCode::BAD_REQUEST, "1000"),
        ("/api/v1/metrics/change_lead_time/series?from=2026-02-01&to=2026-01-01", StatusCode::BAD_REQUEST, "after"),
        ("/api/v1/metrics/change_lead_time/series?profile=nobody", StatusCode::BAD_REQUEST, "devlake"),
        ("/api/v1/metrics/nps/series?profile=metrik", StatusCode::BAD_REQUEST, "change_fail_rate"),
        ("/api/v1/metrics/change_lead_time/rows?profile=metrik", StatusCode::BAD_REQUEST, "no parameter `profile`"),
        ("/api/v1/metrics/change_lead_time/series?last=0", StatusCode::BAD_REQUEST, "at least 1"),
        ("/api/v1/metrics/change_lead_time/series?from=2100-01-01", StatusCode::BAD_REQUEST, "future"),
        ("/api/v1/reports/weekly_adoption?period=2100-W01", StatusCode::BAD_REQUEST, "future"),
        ("/api/v1/metrics/nps/compare", StatusCode::BAD_REQUEST, "change_lead_time"),
        ("/api/v1/charts/pie.svg?metric=nps", StatusCode::NOT_FOUND, "trend"),
        ("/api/v1/charts/score.svg?metric=reach", StatusCode::BAD_REQUEST, "trend"),
        ("/api/v1/charts/trend.svg", StatusCode::BAD_REQUEST, "metric"),
        ("/api/v1/reports/daily", StatusCode::NOT_FOUND, "weekly_adoption"),
        ("/nowhere", StatusCode::NOT_FOUND, "openapi"),
        ("/teams/%ff", StatusCode::BAD_REQUEST, "UTF-8"),
        ("/api/v1/metrics/%ff/series", StatusCode::BAD_REQUEST, "UTF-8"),
    ] {
        let (found, kind, body) = site.get(path).await;
        assert_eq!((found, kind.as_str()), (status, "application/problem+json"), "{path}");
        let problem: Value = serde_json::from_slice(&body).unwrap();
        assert!(problem["detail"].as_str().unwrap().contains(word), "{path}: {problem}");
    }
}

#[tokio::test]
async fn sql_answers_and_refuses() {
    let site = Site::open().await;
    let (status, answer) = site.ask("select tier, count(*) as n from deployments group by tier order by tier").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert!(answer["row_count"].as_u64().unwrap() >= 1);
    let wide = Request::post("/api/v1/sql?format=csv").header(header::CONTENT_TYPE, "text/plain");
    let wide = wide.body(Body::from("select repeat('x', 8000) from generate_series(1, 1000000)")).unwrap();
    let (status, _, problem) = site.send(wide).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{}", String::from_utf8_lossy(&problem));
    for hidden in ["deliveries", "observed.survey_responses", "survey_responses", "rejections"] {
        let (status, problem) = site.ask(&format!("select * from {hidden}")).await;
        assert_eq!((status, problem["type"].as_str()), (StatusCode::BAD_REQUEST, Some("no-such-table")), "{hidden}: {problem}");
    }
    let (_, columns) = site.ask("select column_name from information_schema.columns where table_schema = 'public'").await;
    for row in columns["rows"].as_array().unwrap() {
        let name = row["column_name"].as_str().unwrap();
        let is_person =
            ["person", "author", "committer", "reviewer", "requester", "respondent", "comment", "body"].contains(&name);
        assert!(!is_person, "the column `{name}` would show people");
    }
    let (status, _) = site.ask("select count(*) from generate_series(1, 1000) as a(x), generate_series(1, 1000) as b(y)").await;
    assert!(status.is_success() || status.is_client_error());
}

#[tokio::test]
async fn forbidden_statements_are_refused_and_the_process_lives() {
    let site = Site::open().await;
    let folder = root().join("tests/sql/forbidden");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut wrong = Vec::new();
    for path in &files {
        let text = std::fs::read_to_string(path).unwrap();
        let expected =
            text.lines().find_map(|line| line.strip_prefix("-- expect: ")).unwrap_or("statement-not-allowed").trim().to_owned();
        let sql: String = text.lines().filter(|line| !line.starts_with("-- expect:")).collect::<Vec<_>>().join("\n");
        let (status, problem) = site.ask(&sql).await;
        if status.is_success() || problem["type"].as_str() != Some(expected.as_str()) {
            wrong.push(format!(
                "{}: expected {expected}, found {status} {problem}",
                path.file_name().unwrap().to_string_lossy()
            ));
        }
    }
    assert!(files.len() >= 40, "only {} forbidden statements were found", files.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let long = format!("select 1 where {}", vec!["1 = 2"; 2_000].join(" or "));
    assert!(site.ask(&long).await.0.is_client_error());
    assert_eq!(site.ask("select 1").await.0, StatusCode::OK);
}
