//! The interface over HTTP, spoken to a real application over the small sample organisation.

use crate::harness::{World, root};
use axum::body::Body;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::Value;
use std::sync::Arc;
use tower::ServiceExt;
use waymark_analytics::{METRICS, QueryService, find};
use waymark_api::{App, router};
use waymark_reports::{CHARTS, REPORTS};
use waymark_sample::{Plan, deliveries};

/// Metrics for which the twelve weeks of the small sample are too short: births and ninety days.
const NEEDS_LONGER: &[&str] =
    &["new_service_default_rate", "template_stickiness", "time_to_adopt", "adoption_velocity", "retention", "version_currency"];

/// A sample organisation behind a router.
struct Site {
    _world: World,
    router: axum::Router,
}

impl Site {
    async fn open() -> Self {
        let plan = Plan::small();
        let definitions = sample_definitions(&plan);
        let mut world = World::with(&plan.as_of().to_rfc3339(), definitions).await;
        let all: Vec<_> = deliveries(&plan).collect();
        world.take_in(&all).await;
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
        assert!(has_value || NEEDS_LONGER.contains(&metric.id), "`{}` has no value in the sample", metric.id);
        for row in rows {
            let (low, value, high) = (row["low"].as_f64(), row["value"].as_f64(), row["high"].as_f64());
            if let (Some(low), Some(value), Some(high)) = (low, value, high) {
                assert!(low <= value && value <= high, "`{}`: {row}", metric.id);
            }
        }
        let evidence = site.json(&format!("/api/v1/metrics/{}/rows?grain=quarter&last=3", metric.id)).await;
        let has_rows = !evidence["rows"].as_array().unwrap().is_empty();
        assert!(has_rows || NEEDS_LONGER.contains(&metric.id), "`{}` has no rows behind it", metric.id);
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
    for id in ["change_lead_time", "change_fail_rate", "ci_success_rate", "deployment_frequency"] {
        let headline = find(id).unwrap().headline();
        let series = site.json(&format!("/api/v1/metrics/{id}/series?grain=window&last=60&statistic={headline}")).await;
        let evidence = site.json(&format!("/api/v1/metrics/{id}/rows?grain=window&last=60")).await;
        let counted = evidence["rows"].as_array().unwrap().iter().filter(|row| row["is_counted"] == Value::Bool(true)).count();
        assert_eq!(evidence["truncated"], Value::Bool(false), "{id}");
        assert_eq!(series["rows"][0]["sample_size"].as_u64(), Some(counted as u64), "{id}");
    }
}

#[tokio::test]
async fn reach_is_adoption_times_coverage() {
    let site = Site::open().await;
    let last = |id: &str| format!("/api/v1/metrics/{id}/series?last=1");
    let (adoption, coverage, reach) =
        (site.json(&last("adoption_rate")).await, site.json(&last("coverage_fit")).await, site.json(&last("reach")).await);
    let value = |series: &Value, scope: &str| {
        let rows = series["rows"].as_array().unwrap();
        rows.iter().find(|row| row["scope"] == scope).and_then(|row| row["value"].as_f64())
    };
    let mut compared = 0;
    for row in reach["rows"].as_array().unwrap() {
        let scope = row["scope"].as_str().unwrap();
        if let (Some(adoption), Some(coverage), Some(reach)) =
            (value(&adoption, scope), value(&coverage, scope), row["value"].as_f64())
        {
            assert!((adoption * coverage - reach).abs() < 1e-12, "{scope}");
            compared += 1;
        }
    }
    assert!(compared >= 5, "only {compared} components were compared");
}

#[tokio::test]
async fn what_cannot_be_understood_is_a_problem_that_says_what_there_is() {
    let site = Site::open().await;
    for (path, status, word) in [
        ("/api/v1/metrics/velocity", StatusCode::NOT_FOUND, "change_lead_time"),
        ("/api/v1/metrics/change_lead_time/series?grain=fortnight", StatusCode::BAD_REQUEST, "quarter"),
        ("/api/v1/metrics/change_lead_time/series?wat=1", StatusCode::BAD_REQUEST, "wat"),
        ("/api/v1/metrics/change_lead_time/series?statistic=p99", StatusCode::BAD_REQUEST, "p50"),
        ("/api/v1/metrics/change_lead_time/series?from=2026-02-01&to=2026-01-01", StatusCode::BAD_REQUEST, "after"),
        ("/api/v1/charts/pie.svg?metric=nps", StatusCode::NOT_FOUND, "trend"),
        ("/api/v1/charts/score.svg?metric=reach", StatusCode::BAD_REQUEST, "trend"),
        ("/api/v1/charts/trend.svg", StatusCode::BAD_REQUEST, "metric"),
        ("/api/v1/reports/daily", StatusCode::NOT_FOUND, "weekly_adoption"),
        ("/nowhere", StatusCode::NOT_FOUND, "openapi"),
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
