//! Incidents over time: opened again soon or late, and alerts that fire again.

use super::{Story, columns};
use crate::lake_rows::{difference, facts};
use serde_json::{Value, json};

const AS_OF: &str = "2026-06-01T00:00:00Z";

/// What a source says of its incident at one time.
fn incident(id: &str, occurred_at: &str, resolved_at: Option<&str>, reopened: i64) -> Value {
    json!({ "type": "incident", "data": {
        "incident_id": id, "service_hints": ["checkout"], "environment": "production", "occurred_at": occurred_at,
        "source_updated_at": occurred_at, "opened_at": "2026-03-03T10:00:00Z", "resolved_at": resolved_at,
        "status": if resolved_at.is_some() { "resolved" } else { "open" }, "reopen_count": reopened,
    }})
}

/// Opened, over, opened again after an hour and after three days, and over at last.
fn told() -> Vec<Value> {
    vec![
        incident("7", "2026-03-03T10:00:00Z", None, 0),
        incident("7", "2026-03-03T12:00:00Z", Some("2026-03-03T12:00:00Z"), 0),
        incident("7", "2026-03-03T13:00:00Z", None, 1),
        incident("7", "2026-03-03T14:00:00Z", Some("2026-03-03T14:00:00Z"), 1),
        incident("7", "2026-03-06T14:00:00Z", None, 2),
        incident("7", "2026-03-06T15:00:00Z", Some("2026-03-06T15:00:00Z"), 2),
    ]
}

#[tokio::test]
async fn case_47_reopened_within_a_day_is_one_episode_and_later_a_new_one() {
    let story = Story::told(AS_OF, &told()).await;
    let episodes = story.fact("incidents", "started_at").await;
    let names = ["started_at", "resolved_at", "down_seconds", "reopenings"];
    // Two hours and one, of the four; then an hour by itself.
    let expected = [
        json!(["2026-03-03T10:00:00Z", "2026-03-03T14:00:00Z", 10_800.0, 1]),
        json!(["2026-03-06T14:00:00Z", "2026-03-06T15:00:00Z", 3_600.0, 0]),
    ];
    assert_eq!(columns(&episodes, &names), expected);
    let restored = story.fact("remediations", "restored_at").await;
    assert_eq!(columns(&restored, &["recovery_seconds"]), [json!([14_400.0]), json!([3_600.0])]);
}

#[tokio::test]
async fn case_47_the_turns_of_an_incident_may_be_told_in_any_order() {
    let whole = Story::told(AS_OF, &told()).await;
    let expected = facts(&whole.world.layout, &whole.snapshot).await;
    for order in [[5, 4, 3, 2, 1, 0], [3, 0, 5, 1, 4, 2]] {
        let mut story = Story::told(AS_OF, &[]).await;
        for place in order {
            story.goes_on(AS_OF, &told()[place..=place]).await;
        }
        assert_eq!(difference(&expected, &facts(&story.world.layout, &story.snapshot).await), None, "{order:?}");
    }
}

/// An alert that was resolved by itself.
fn alert(id: &str, from: &str, to: &str) -> Value {
    let mut told = incident(id, to, Some(to), 0);
    told["data"]["opened_at"] = json!(from);
    told["data"]["first_alert_at"] = json!(from);
    told
}

#[tokio::test]
async fn case_46_an_alert_that_fires_again_within_half_an_hour_is_one_episode() {
    let told = [
        alert("1", "2026-03-03T10:00:00Z", "2026-03-03T10:10:00Z"),
        alert("2", "2026-03-03T10:20:00Z", "2026-03-03T10:30:00Z"),
        alert("3", "2026-03-03T10:55:00Z", "2026-03-03T11:00:00Z"),
        alert("4", "2026-03-03T12:00:00Z", "2026-03-03T12:05:00Z"),
    ];
    let whole = Story::told(AS_OF, &told).await;
    let episodes = whole.fact("incidents", "started_at").await;
    let expected = [json!([["1", "2", "3"], 1_500.0]), json!([["4"], 300.0])];
    assert_eq!(columns(&episodes, &["incident_ids", "down_seconds"]), expected);
    // The one in the middle is told last: before that there were two episodes where now is one.
    let mut late = Story::told(AS_OF, &[told[0].clone(), told[2].clone(), told[3].clone()]).await;
    assert_eq!(late.fact("incidents", "started_at").await.len(), 2 + 1);
    late.goes_on(AS_OF, &told[1..2]).await;
    let expected = facts(&whole.world.layout, &whole.snapshot).await;
    assert_eq!(difference(&expected, &facts(&late.world.layout, &late.snapshot).await), None);
}
