//! Adoption and its neighbours through the routes, as a reader of pages and interfaces meets them.

use super::{Site, sample_definitions};
use http::StatusCode;
use serde_json::Value;
use waymark_analytics::Migration;
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

#[tokio::test]
async fn a_scope_that_a_metric_cannot_have_is_said_with_those_that_it_has() {
    let site = Site::open().await;
    let (_, _, body) = site.get("/metrics/adoption_rate?scope_kind=team&grain=window").await;
    assert!(String::from_utf8(body).unwrap().contains("no number by team; it has numbers by component"));
}

#[tokio::test]
async fn a_migration_says_how_far_it_is_and_who_waits() {
    let mut definitions = sample_definitions(&Plan::small());
    let component = definitions.components.first().unwrap().id.clone();
    definitions.migrations = vec![Migration {
        id: "pipelines".to_owned(),
        title: "Everybody onto the standard pipeline".to_owned(),
        from_component: None,
        from_alternatives: Vec::new(),
        to_component: component,
        owner: "platform".to_owned(),
        started_on: "2020-01-01".parse().unwrap(),
        due_on: None,
        blocked: Vec::new(),
    }];
    let site = Site::described(definitions).await;
    let all = site.json("/api/v1/migrations").await;
    let first = &all.as_array().unwrap()[0];
    let id = first["migration"].as_str().unwrap();
    assert_eq!(&site.json(&format!("/api/v1/migrations/{id}")).await, first);
    let week = first["weeks"].as_array().and_then(|weeks| weeks.last()).unwrap();
    let left = week["scope"].as_u64().unwrap() - week["done"].as_u64().unwrap();
    // The last complete week may be some days ago, and services have gone on since.
    let waiting = first["waiting"].as_array().unwrap();
    assert!(left.abs_diff(waiting.len() as u64) <= 3, "{left} left at the end of the week, {} wait now", waiting.len());
    let (status, _, page) = site.get(&format!("/migrations/{id}")).await;
    let page = String::from_utf8(page).unwrap();
    assert!(status == StatusCode::OK && page.contains("<svg") && page.contains(first["title"].as_str().unwrap()));
    assert!(waiting.iter().all(|one| page.contains(one["service"].as_str().unwrap())));
    assert!(!page.contains("<h2"), "the title of the page is not repeated");
    let (_, _, board) = site.get("/adoption").await;
    assert!(String::from_utf8(board).unwrap().contains("href=\"/migrations\""), "nothing leads to the page of all");
    let (status, _, body) = site.get("/api/v1/migrations/nosuch").await;
    assert!(status == StatusCode::NOT_FOUND && String::from_utf8(body).unwrap().contains(id));
}
