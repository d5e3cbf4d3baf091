//! Counting: few rows, none, and what other tools make of them.

use super::{REPOSITORY, Story, after, columns, commit, deployed};
use serde_json::{Value, json};
use waymark_analytics::{Grain, find};

const AS_OF: &str = "2026-06-01T00:00:00Z";
const DEPLOYED_AT: &str = "2026-03-04T12:00:00Z";

/// A baseline, then one commit for each of these lead times, all deployed together.
fn with_lead_times(seconds: &[i64]) -> Vec<Value> {
    let mut events = vec![commit("c0", &[], "2026-01-05T10:00:00Z"), deployed("d0", "checkout", "c0", "2026-03-03T12:00:00Z")];
    for (place, seconds) in seconds.iter().enumerate() {
        let before = format!("c{place}");
        events.push(commit(&format!("c{}", place + 1), &[before.as_str()], &after(DEPLOYED_AT, -seconds)));
    }
    events.push(deployed("d1", "checkout", &format!("c{}", seconds.len()), DEPLOYED_AT));
    events
}

fn failed(id: &str, deployment: &str) -> Value {
    json!({ "type": "incident", "data": {
        "incident_id": id, "service_hints": ["checkout"], "environment": "production", "status": "resolved",
        "opened_at": "2026-03-04T13:00:00Z", "resolved_at": "2026-03-04T14:00:00Z", "deployment_links": [deployment],
    }})
}

#[tokio::test]
async fn case_48_too_few_none_immature_and_empty_are_told_apart() {
    let five = Story::told(AS_OF, &with_lead_times(&[100, 200, 300, 400, 500])).await;
    let series = five.series("change_lead_time", Grain::Week, "2026-03-02", "2026-03-16").await;
    let weeks = series.line("p50", "service", "checkout");
    // Five rows: withheld, but counted. The next week: nothing, and no zero.
    assert_eq!((weeks[0].value, weeks[0].sample_size, weeks[0].coverage), (None, Some(5), Some(1.0)));
    assert_eq!((weeks[1].value, weeks[1].sample_size, weeks[1].coverage), (None, Some(0), None));
    let series = five.series("change_fail_rate", Grain::Week, "2026-03-02", "2026-03-16").await;
    let weeks = series.line("share", "service", "checkout");
    // No failure in two deployments is 0 of 2, which proves little: Wilson's upper limit is z²/(2 + z²) = 0.6576.
    assert_eq!((weeks[0].value, weeks[0].numerator, weeks[0].denominator), (Some(0.0), Some(0.0), Some(2.0)));
    assert!((weeks[0].high.unwrap() - 0.6576).abs() < 1e-4, "{:?}", weeks[0]);
    assert_eq!((weeks[1].value, weeks[1].sample_size), (None, Some(0)));
    // Three days after the deployments nothing is mature: eligible rows, none usable.
    let early = Story::told("2026-03-07T12:00:00Z", &with_lead_times(&[100])).await;
    let series = early.series("change_fail_rate", Grain::Week, "2026-03-02", "2026-03-09").await;
    let week = series.line("share", "service", "checkout")[0];
    assert_eq!((week.value, week.sample_size, week.coverage, week.is_partial), (None, Some(0), Some(0.0), true));
}

#[tokio::test]
async fn wrong_01_what_is_not_deployed_has_no_lead_time() {
    let merged = json!({ "type": "pull_request", "data": {
        "repository": REPOSITORY, "number": 1, "state": "merged", "opened_at": "2026-03-04T09:00:00Z",
        "merged_at": "2026-03-04T17:30:00Z", "merge_sha": "m1", "commit_shas": ["o1"], "commits_complete": true,
    }});
    let told = [
        commit("c0", &[], "2026-01-05T10:00:00Z"),
        commit("o1", &["c0"], "2026-03-04T08:00:00Z"),
        commit("m1", &["c0"], "2026-03-04T17:30:00Z"),
        deployed("d0", "checkout", "c0", "2026-03-03T12:00:00Z"),
        merged,
    ];
    let story = Story::told(AS_OF, &told).await;
    let delivered = story.fact("delivered_changes", "sha").await;
    assert_eq!(columns(&delivered, &["sha", "excluded"]), [json!(["c0", "baseline"])]);
    let series = story.of_checkout("change_lead_time", Grain::Week, "2026-03-02", "2026-03-09").await;
    assert_eq!(series.cells.len(), 3, "p50, p75 and p90");
    for cell in &series.cells {
        assert_eq!((cell.value, cell.low, cell.high, cell.sample_size), (None, None, None, Some(0)), "{cell:?}");
    }
}

#[tokio::test]
async fn wrong_03_three_incidents_of_one_deployment_are_one_failure_wherever_it_is_asked() {
    let mut told = with_lead_times(&[100]);
    told.extend(["i1", "i2", "i3"].map(|id| failed(id, "d1")));
    let story = Story::told(AS_OF, &told).await;
    // d0 and d1, of which d1 failed: 1 of 2, never 3 of 2.
    for (grain, kind, scope) in
        [(Grain::Week, "service", "checkout"), (Grain::Month, "organisation", "acme"), (Grain::Window, "service", "checkout")]
    {
        let series = story.series("change_fail_rate", grain, "2026-03-01", "2026-04-01").await;
        let line = series.line("share", kind, scope);
        let found: Vec<_> = line.iter().filter_map(|cell| cell.value.map(|value| (value, cell.numerator))).collect();
        assert_eq!(found, [(0.5, Some(1.0))], "{grain:?} {scope}");
        // The rows behind the number are the number's own.
        let window = series.window.clone().of_scope(kind, scope);
        let rows = story.world.engine().rows(find("change_fail_rate").unwrap(), &window, 100).await.unwrap();
        assert_eq!(rows.num_rows(), 2, "{grain:?} {scope}");
    }
}

#[tokio::test]
async fn wrong_05_a_baseline_is_marked_once_and_nothing_is_written_again() {
    let told = with_lead_times(&[100, 200]);
    let mut story = Story::told(AS_OF, &told).await;
    let deployments = story.fact("deployments", "native_id").await;
    let expected = [json!(["d0", true, "baseline", 1]), json!(["d1", false, "exact", 2])];
    assert_eq!(columns(&deployments, &["native_id", "is_baseline", "attribution_status", "new_commits"]), expected);
    let first = story.snapshot.clone();
    story.goes_on(AS_OF, &told).await;
    for (table, version) in first.tables.iter().filter(|(table, _)| table.starts_with("facts/")) {
        assert_eq!(version.files, story.snapshot.tables[table].files, "`{table}` was written again");
    }
    // An earlier deployment that comes late is the baseline from then on, and the only one.
    story.goes_on(AS_OF, &[deployed("a0", "checkout", "c0", "2026-03-02T12:00:00Z")]).await;
    let deployments = story.fact("deployments", "native_id").await;
    let expected = [json!(["a0", true, "change"]), json!(["d0", false, "redeploy"]), json!(["d1", false, "change"])];
    assert_eq!(columns(&deployments, &["native_id", "is_baseline", "kind"]), expected);
}

#[tokio::test]
async fn wrong_08_an_incident_that_is_none_after_all_takes_its_failure_away() {
    let mut told = with_lead_times(&[100]);
    told.push(failed("i1", "d1"));
    let mut story = Story::told(AS_OF, &told).await;
    assert_eq!(story.fact("failures", "deployment_id").await.len(), 1);
    // It was a bug, says its source a week later, and takes the incident away.
    let mut retyped = failed("i1", "d1");
    retyped["data"]["is_deleted"] = json!(true);
    retyped["data"]["source_updated_at"] = json!("2026-03-11T13:00:00Z");
    story.goes_on(AS_OF, &[retyped]).await;
    assert_eq!(story.fact("failures", "deployment_id").await, Vec::<Value>::new());
    assert_eq!(story.fact("incidents", "episode_id").await, Vec::<Value>::new());
    // An older word that comes after it changes nothing.
    story.goes_on(AS_OF, &[failed("i1", "d1")]).await;
    let series = story.series("change_fail_rate", Grain::Week, "2026-03-02", "2026-03-09").await;
    assert_eq!(series.line("share", "service", "checkout")[0].value, Some(0.0));
}

#[tokio::test]
async fn wrong_11_the_median_of_100_and_200_is_150_and_nothing_is_rounded() {
    let mut told = with_lead_times(&[200, 100, 200, 100, 200, 100]);
    told.push(commit("q1", &["c0"], "2026-03-04T11:59:59.250Z"));
    told.push(deployed("q0", "quick", "c0", "2026-03-03T12:00:00Z"));
    told.push(deployed("q1", "quick", "q1", "2026-03-04T12:00:00Z"));
    let story = Story::told(AS_OF, &told).await;
    // Type 7 of {100, 100, 100, 200, 200, 200}: h = 5 · 0.5 = 2.5, half way from the third to the fourth value.
    let series = story.series("change_lead_time", Grain::Week, "2026-03-02", "2026-03-09").await;
    let week = series.line("p50", "service", "checkout")[0];
    assert_eq!((week.value, week.low, week.high, week.sample_size), (Some(150.0), Some(100.0), Some(200.0), Some(6)));
    let delivered = story.fact("delivered_changes", "sha").await;
    let quick = delivered.iter().find(|row| row["sha"] == "q1").unwrap();
    assert_eq!(quick["lead_time_seconds"], json!(0.75), "{quick:#?}");
}

#[tokio::test]
async fn wrong_12_what_did_not_happen_is_null_and_never_zero() {
    let merged = |number: i64, sha: &str, original: &str| {
        json!({ "type": "pull_request", "data": {
            "repository": REPOSITORY, "number": number, "state": "merged", "opened_at": "2026-03-03T13:00:00Z",
            "merged_at": "2026-03-04T09:00:00Z", "merge_sha": sha, "commit_shas": [original], "commits_complete": true,
            "author": "ada@example.org",
        }})
    };
    let told = [
        commit("c0", &[], "2026-01-05T10:00:00Z"),
        commit("o1", &["c0"], "2026-03-03T12:00:00Z"),
        commit("m1", &["c0"], "2026-03-04T09:00:00Z"),
        deployed("d0", "checkout", "c0", "2026-03-03T12:00:00Z"),
        deployed("d1", "checkout", "m1", "2026-03-04T12:00:00Z"),
        merged(1, "m1", "o1"),
    ];
    let story = Story::told(AS_OF, &told).await;
    let delivered = story.fact("delivered_changes", "sha").await;
    // Nobody reviewed it: neither pickup nor review is known, and coding is one hour.
    let stages = ["coding_seconds", "pickup_seconds", "review_seconds", "lead_time_seconds"];
    assert_eq!(columns(&delivered[1..], &stages), [json!([3_600.0, null, null, 86_400.0])]);
    let series = story.series("change_lead_time", Grain::Month, "2026-03-01", "2026-06-01").await;
    let months = series.line("p50", "service", "checkout");
    assert_eq!(months.iter().map(|month| month.value).collect::<Vec<_>>(), [None, None, None]);
    assert_eq!(months.iter().map(|month| month.sample_size).collect::<Vec<_>>(), [Some(1), Some(0), Some(0)]);
}

#[tokio::test]
async fn wrong_15_ten_services_that_deploy_daily_are_seventy_deployments_a_week() {
    let mut told = Vec::new();
    for service in 0..10 {
        let name = format!("service-{service}");
        told.push(json!({ "type": "service", "data": {
            "kind": "service", "name": name, "owner_raw": "payments", "owner_kind": "team", "occurred_at": "2026-01-01T00:00:00Z",
        }}));
        for day in 1..9 {
            let mut one = deployed(&format!("{name}-{day}"), &name, "", &format!("2026-03-0{day}T1{service}:00:00Z"));
            one["data"]["revisions"] = json!([]);
            one["data"]["version"] = json!(format!("1.{day}"));
            told.push(one);
        }
    }
    let story = Story::told(AS_OF, &told).await;
    let series = story.series("deployment_frequency", Grain::Week, "2026-03-02", "2026-03-09").await;
    let team = series.line("rate", "team", "payments")[0];
    // Ten services for one week, seven deployments each: 70 in 10 service-weeks, not 7 days with any.
    assert_eq!((team.numerator, team.denominator, team.value), (Some(70.0), Some(10.0), Some(7.0)));
}
