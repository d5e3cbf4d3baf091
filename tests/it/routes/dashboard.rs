//! The dashboard for Grafana over a real application: every question that it asks is answered, with every column.

use super::Site;
use crate::grafana::{dashboard, questions};
use serde_json::Value;
use waymark_sample::Plan;

#[tokio::test]
async fn every_question_of_the_dashboard_is_answered() {
    let site = Site::open().await;
    let dashboard = dashboard();
    let first = |answer: &Value, list: &str, name: &str| answer[list][0][name].as_str().unwrap().to_owned();
    let organisation = site.json("/api/v1/metrics/deployment_count/series?grain=window&last=60").await;
    let board = site.json("/api/v1/adoption").await;
    let until = Plan::small().as_of().to_utc();
    let day = |weeks: i64| (until - chrono::Duration::weeks(weeks)).format("%Y-%m-%dT%H:%M:%S.000Z").to_string();
    let chosen = [
        ("${waymark}", String::new()),
        ("${scope_kind}", "organisation".to_owned()),
        ("${scope}", first(&organisation, "rows", "scope")),
        ("${component}", first(&board, "components", "component")),
        ("${grain}", "week".to_owned()),
        ("${window}", "60".to_owned()),
        ("${__from:date:iso}", day(8)),
        ("${__to:date:iso}", day(0)),
    ];
    let mut filled = 0;
    for question in questions(&dashboard) {
        let address = address(question, &chosen);
        // Only a running process can tell its status.
        if address == "/api/v1/status" {
            continue;
        }
        let answer = site.json(&address).await;
        let rows = &answer[question["root_selector"].as_str().unwrap()];
        let Some(row) = rows.as_array().unwrap_or_else(|| panic!("{address} answers no list")).first() else { continue };
        for column in question["columns"].as_array().unwrap() {
            let selector = column["selector"].as_str().unwrap();
            assert!(has(row, selector), "{address} answers no `{selector}`: {row}");
        }
        filled += 1;
    }
    assert!(filled > 60, "only {filled} questions have an answer in the sample");
}

/// The address of a question once everything is chosen.
fn address(question: &Value, chosen: &[(&str, String)]) -> String {
    let pairs = question["url_options"]["params"].as_array().unwrap().iter();
    let pairs: Vec<String> =
        pairs.map(|pair| format!("{}={}", pair["key"].as_str().unwrap(), pair["value"].as_str().unwrap())).collect();
    let mark = if pairs.is_empty() { "" } else { "?" };
    let address = format!("{}{mark}{}", question["url"].as_str().unwrap(), pairs.join("&"));
    chosen.iter().fold(address, |address, (variable, value)| address.replace(variable, &value.replace(' ', "%20")))
}

/// Whether a row has what a selector names; below null there is nothing to look for.
fn has(row: &Value, selector: &str) -> bool {
    let mut found = Some(row);
    for name in selector.split('.') {
        found = found.and_then(|value| if value.is_null() { Some(value) } else { value.get(name) });
    }
    found.is_some()
}
