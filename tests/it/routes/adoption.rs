//! Adoption and its neighbours through the routes, as a reader of pages and interfaces meets them.

use super::{Site, sample_definitions};
use http::StatusCode;
use serde_json::Value;
use waymark_sample::Plan;

#[tokio::test]
async fn a_team_reads_who_changes_its_services_where_members_are_named() {
    let section = |page: &[u8]| String::from_utf8_lossy(page).contains("Who changes it");
    let described = Site::open().await;
    let (_, _, page) = described.get("/teams/payments").await;
    assert!(section(&page));
    let mut definitions = sample_definitions(&Plan::small());
    definitions.memberships.clear();
    let undescribed = Site::described(definitions).await;
    let (status, _, page) = undescribed.get("/teams/payments").await;
    assert!(status == StatusCode::OK && !section(&page));
    let series = undescribed.json("/api/v1/metrics/inner_source_share/series?last=4").await.to_string();
    assert_eq!(series.matches("\"coverage\":").count(), series.matches("\"coverage\":null").count(), "{series}");
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
