//! Parameters and methods over HTTP: an empty field says nothing, and what would change nothing is refused.

use super::Site;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

const LEAD_TIME: &str = "/api/v1/metrics/change_lead_time";

impl Site {
    /// The status, the headers and the body of an answer.
    async fn whole(&self, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.into_body().collect().await.unwrap().to_bytes().to_vec();
        (status, headers, String::from_utf8(body).unwrap())
    }

    /// What is said of a statement that is sent in this form.
    async fn told(&self, address: &str, kind: &str, body: Vec<u8>) -> (StatusCode, String) {
        let request = Request::post(address).header(header::CONTENT_TYPE, kind).body(Body::from(body)).unwrap();
        let (status, _, said) = self.whole(request).await;
        (status, said)
    }
}

#[tokio::test]
async fn what_would_change_nothing_is_refused() {
    let site = Site::open().await;
    let refused = [
        ("/api/v1/charts/trend.svg?metric=change_lead_time&statistic=p90", "no parameter `statistic`"),
        ("/api/v1/charts/trend.svg?metric=change_lead_time&format=csv", "no parameter `format`"),
        ("/api/v1/metrics/change_lead_time/series?metric=nps", "no parameter `metric`"),
        ("/api/v1/metrics/change_lead_time/series?theme=dark", "no parameter `theme`"),
        ("/api/v1/metrics/change_lead_time/compare?format=csv", "no parameter `format`"),
        ("/api/v1/metrics/change_lead_time/compare?statistic=p50", "no parameter `statistic`"),
        ("/api/v1/metrics/change_lead_time/series?scope=a&scope=b", "separated by commas"),
        ("/api/v1/metrics/change_lead_time/rows?offset=18446744073709551615", "1000000000"),
        ("/api/v1/metrics/change_lead_time/series?from=0001-01-01", "1970 to 2200"),
        ("/api/v1/metrics/change_lead_time/series?grain=quarter&last=2000", "36600"),
    ];
    for (path, word) in refused {
        let (status, kind, body) = site.get(path).await;
        assert_eq!((status, kind.as_str()), (StatusCode::BAD_REQUEST, "application/problem+json"), "{path}");
        let problem: Value = serde_json::from_slice(&body).unwrap();
        assert!(problem["detail"].as_str().unwrap().contains(word), "{path}: {problem}");
    }
    let (status, _, _) = site.get("/metrics/change_lead_time?offset=18446744073709551615").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_empty_field_says_nothing() {
    let site = Site::open().await;
    for (plain, empty) in [
        ("/compare", "/compare?grain=&scope=&last="),
        ("/series", "/series?statistic=&profile=&format=&from=&to=&grain="),
        ("/rows", "/rows?statistic=&show=&reason=&offset=&limit=&format="),
    ] {
        assert_eq!(site.json(&format!("{LEAD_TIME}{plain}")).await, site.json(&format!("{LEAD_TIME}{empty}")).await, "{empty}");
    }
    assert_eq!(site.json("/api/v1/doctor").await, site.json("/api/v1/doctor?days=&cases=").await);
    let drawn = "/api/v1/charts/trend.svg?metric=change_lead_time";
    assert_eq!(site.get(drawn).await, site.get(&format!("{drawn}&theme=&width=&height=&grain=")).await);
    let report = "/api/v1/reports/weekly_adoption";
    assert_eq!(site.get(report).await, site.get(&format!("{report}?period=&format=")).await);
    let statement = b"select 1 as one".to_vec();
    let (status, said) = site.told("/api/v1/sql?rows_max=&deadline_ms=&format=", "text/plain", statement).await;
    assert_eq!(status, StatusCode::OK, "{said}");
}

#[tokio::test]
async fn a_body_that_is_no_question_is_told_why() {
    let site = Site::open().await;
    for (kind, body, word) in [
        ("application/json", br#"{"sql": "select 1", "wat": 1}"#.to_vec(), "`wat`"),
        ("application/json", br#"{"sql": "select 1", "rows_max": -1}"#.to_vec(), "`-1`"),
        ("text/plain", vec![0x1f, 0x8b, 0x08], "not compressed"),
    ] {
        let (status, said) = site.told("/api/v1/sql", kind, body).await;
        assert!(status == StatusCode::BAD_REQUEST && said.contains(word), "{status}: {said}");
    }
}

#[tokio::test]
async fn another_method_is_a_problem_that_names_those_that_there_are() {
    let site = Site::open().await;
    for (path, allowed) in [("/api/v1/metrics", "GET,HEAD"), ("/api/v1/sql", "POST"), ("/definitions", "GET,HEAD")] {
        let (status, headers, body) = site.whole(Request::delete(path).body(Body::empty()).unwrap()).await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json", "{path}");
        assert_eq!(headers[header::ALLOW], allowed, "{path}");
        assert!(body.contains("\"status\":405"), "{path}: {body}");
    }
}

#[tokio::test]
async fn a_file_names_its_snapshot_and_ends_its_lines_like_every_other() {
    let site = Site::open().await;
    for part in ["series", "rows"] {
        let path = format!("{LEAD_TIME}/{part}?grain=window&last=60");
        let answer = site.json(&path).await;
        let request = Request::get(format!("{path}&format=csv")).body(Body::empty()).unwrap();
        let (_, headers, csv) = site.whole(request).await;
        assert_eq!(headers["waymark-snapshot"], answer["snapshot"].as_str().unwrap(), "{part}");
        assert_eq!(headers["waymark-as-of"], answer["as_of"].as_str().unwrap(), "{part}");
        assert!(csv.ends_with('\n') && !csv.contains('\r'), "{part}");
    }
}

#[tokio::test]
async fn what_lies_long_ago_is_answered_without_numbers() {
    let site = Site::open().await;
    let series = site.json("/api/v1/metrics/deployment_count/series?grain=window&from=2015-01-01&to=2015-03-01").await;
    let rows = series["rows"].as_array().unwrap();
    let is_empty = |row: &Value| row["scope_kind"] == "organisation" && row["value"].is_null();
    assert!(!rows.is_empty() && rows.iter().all(is_empty), "{series}");
    let (status, _, _) = site.get("/api/v1/reports/weekly_adoption?period=2019-W01").await;
    assert_eq!(status, StatusCode::OK, "a report of long ago is no question over the days since then");
}
