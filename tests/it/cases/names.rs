//! Names that change: repositories, their spellings, and owners of services.

use super::{REPOSITORY, Story, columns, commit, deployed};
use crate::lake_rows::{difference, facts};
use serde_json::{Value, json};
use waymark_analytics::Grain;

const AS_OF: &str = "2026-06-01T00:00:00Z";
/// What the repository is called after it was renamed.
const BASKET: &str = "example.org/acme/basket";

/// A commit of the repository that its provider numbers 7, under the name that it has just then.
fn commit_of(repository: &str, sha: &str, parents: &[&str], authored_at: &str) -> Value {
    let mut told = commit(sha, parents, authored_at);
    told["data"]["repository"] = json!(repository);
    told["data"]["repository_id"] = json!("7");
    told
}

fn deployed_of(repository: &str, id: &str, sha: &str, finished_at: &str) -> Value {
    let mut told = deployed(id, "checkout", sha, finished_at);
    told["data"]["revisions"] = json!([format!("{repository}@{sha}")]);
    told
}

/// A repository that is renamed between its second and third deployment.
fn renamed() -> Vec<Value> {
    vec![
        commit_of(REPOSITORY, "c0", &[], "2026-01-05T10:00:00Z"),
        commit_of(REPOSITORY, "c1", &["c0"], "2026-03-02T10:00:00Z"),
        deployed_of(REPOSITORY, "d0", "c0", "2026-03-01T10:00:00Z"),
        deployed_of(REPOSITORY, "d1", "c1", "2026-03-03T10:00:00Z"),
        commit_of(BASKET, "c2", &["c1"], "2026-03-10T10:00:00Z"),
        deployed_of(BASKET, "d2", "c2", "2026-03-11T10:00:00Z"),
    ]
}

#[tokio::test]
async fn case_43_a_renamed_repository_goes_on_with_its_history() {
    let story = Story::told(AS_OF, &renamed()).await;
    let deployments = story.fact("deployments", "native_id").await;
    // Neither a second baseline nor missing history: d2 brings c2 alone, a day after it was written.
    let expected = [json!(["d0", "baseline", 1]), json!(["d1", "exact", 1]), json!(["d2", "exact", 1])];
    assert_eq!(columns(&deployments, &["native_id", "attribution_status", "new_commits"]), expected);
    let delivered = story.fact("delivered_changes", "sha").await;
    let expected = [json!(["c0", "baseline"]), json!(["c1", null]), json!(["c2", null])];
    assert_eq!(columns(&delivered, &["sha", "excluded"]), expected);
    assert_eq!(delivered[2]["lead_time_seconds"], json!(86_400.0));
}

#[tokio::test]
async fn case_43_a_rename_is_understood_in_whatever_order_it_is_told() {
    let whole = Story::told(AS_OF, &renamed()).await;
    let expected = facts(&whole.world.layout, &whole.snapshot).await;
    // Deployments under the new name make one unit of both names before anybody says that they are one.
    for order in [[0, 1, 2, 3, 4, 5], [5, 0, 2, 1, 4, 3], [4, 5, 3, 2, 1, 0], [3, 5, 1, 4, 0, 2]] {
        let told: Vec<Value> = order.iter().map(|place| renamed()[*place].clone()).collect();
        let mut story = Story::told(AS_OF, &told[..2]).await;
        for events in told[2..].chunks(1) {
            story.goes_on(AS_OF, events).await;
        }
        assert_eq!(difference(&expected, &facts(&story.world.layout, &story.snapshot).await), None, "{order:?}");
    }
}

#[tokio::test]
async fn case_43_a_repository_that_gets_its_old_name_back_is_called_by_it_again() {
    let mut story = Story::told(AS_OF, &renamed()).await;
    let names = async |story: &Story| columns(&story.fact("repository_names", "name").await, &["name", "repository"]);
    assert_eq!(names(&story).await, [json!([REPOSITORY, BASKET])]);
    let back = [commit_of(REPOSITORY, "c3", &["c2"], "2026-03-20T10:00:00Z")];
    story.goes_on(AS_OF, &back).await;
    assert_eq!(names(&story).await, [json!([BASKET, REPOSITORY])]);
    let whole = Story::told(AS_OF, &[renamed().as_slice(), &back].concat()).await;
    let expected = facts(&whole.world.layout, &whole.snapshot).await;
    assert_eq!(difference(&expected, &facts(&story.world.layout, &story.snapshot).await), None);
    // A name that is given to another repository afterwards says no longer which of them is meant.
    let mut other = commit_of(BASKET, "x0", &[], "2026-03-25T10:00:00Z");
    other["data"]["repository_id"] = json!("8");
    story.goes_on(AS_OF, std::slice::from_ref(&other)).await;
    assert_eq!(names(&story).await, [] as [Value; 0]);
    let whole = Story::told(AS_OF, &[renamed().as_slice(), &back, &[other]].concat()).await;
    let expected = facts(&whole.world.layout, &whole.snapshot).await;
    assert_eq!(difference(&expected, &facts(&story.world.layout, &story.snapshot).await), None);
}

#[tokio::test]
async fn case_43_other_spellings_of_an_address_are_the_same_repository() {
    let told = [
        commit_of("https://example.org/acme/checkout.git", "c0", &[], "2026-01-05T10:00:00Z"),
        commit_of("git@example.org:acme/checkout.git", "c1", &["c0"], "2026-03-02T10:00:00Z"),
        deployed_of("https://example.org/acme/checkout.git", "d0", "c0", "2026-03-01T10:00:00Z"),
        deployed_of("git@example.org:Acme/Checkout.git", "d1", "c1", "2026-03-03T10:00:00Z"),
    ];
    let story = Story::told(AS_OF, &told).await;
    let deployments = story.fact("deployments", "native_id").await;
    let expected = [json!(["d0", "baseline", REPOSITORY]), json!(["d1", "exact", REPOSITORY])];
    assert_eq!(columns(&deployments, &["native_id", "attribution_status", "repository"]), expected);
}

/// The service with an owner from an instant on.
fn owned(team: &str, since: &str) -> Value {
    json!({ "type": "service", "data": {
        "kind": "service", "name": "checkout", "owner_raw": team, "owner_kind": "team", "occurred_at": since,
    }})
}

/// Numerators of the deployment frequency of a team in two weeks.
async fn weeks_of(story: &Story, team: &str) -> Vec<Option<f64>> {
    let series = story.series("deployment_frequency", Grain::Week, "2026-03-02", "2026-03-16").await;
    series.line("rate", "team", team).iter().map(|week| week.numerator.filter(|count| *count > 0.0)).collect()
}

#[tokio::test]
async fn case_44_a_number_stays_with_the_team_that_owned_the_service_then() {
    let told = [
        owned("red", "2026-01-01T00:00:00Z"),
        deployed("d0", "checkout", "c0", "2026-03-03T10:00:00Z"),
        deployed("d1", "checkout", "c1", "2026-03-04T10:00:00Z"),
        deployed("d2", "checkout", "c2", "2026-03-10T10:00:00Z"),
    ];
    let mut story = Story::told(AS_OF, &told).await;
    assert_eq!(weeks_of(&story, "red").await, [Some(2.0), Some(1.0)]);
    // The service moves to another team on the second Monday.
    story.goes_on(AS_OF, &[owned("blue", "2026-03-09T00:00:00Z")]).await;
    assert_eq!(weeks_of(&story, "red").await, [Some(2.0), None]);
    assert_eq!(weeks_of(&story, "blue").await, [None, Some(1.0)]);
}

#[tokio::test]
async fn case_44_a_deployment_stays_with_the_service_that_had_the_repository_then() {
    let described = |service: &str, repository: &str, since: &str| {
        json!({ "type": "service", "data": {
            "kind": "service", "name": service, "repository": repository, "occurred_at": since,
        }})
    };
    let unnamed = |id: &str, sha: &str, finished_at: &str| {
        let mut told = deployed(id, "", sha, finished_at);
        told["data"]["service_hint"] = Value::Null;
        told
    };
    let told = [
        described("checkout", REPOSITORY, "2026-01-01T00:00:00Z"),
        unnamed("d0", "c0", "2026-03-03T10:00:00Z"),
        unnamed("d1", "c1", "2026-03-10T10:00:00Z"),
    ];
    let mut story = Story::told(AS_OF, &told).await;
    let services = async |story: &Story| columns(&story.fact("attempts", "native_id").await, &["service"]);
    assert_eq!(services(&story).await, [json!(["checkout"]), json!(["checkout"])]);
    // On the second Monday the repository is given to another service, of which nobody had heard before.
    let moved = [
        described("checkout", "example.org/acme/next", "2026-03-09T00:00:00Z"),
        described("basket", REPOSITORY, "2026-03-09T00:00:00Z"),
    ];
    story.goes_on(AS_OF, &moved).await;
    assert_eq!(services(&story).await, [json!(["checkout"]), json!(["basket"])]);
    let whole = Story::told(AS_OF, &[told.as_slice(), &moved].concat()).await;
    let expected = facts(&whole.world.layout, &whole.snapshot).await;
    assert_eq!(difference(&expected, &facts(&story.world.layout, &story.snapshot).await), None);
}

#[tokio::test]
async fn wrong_20_whose_team_the_author_is_in_decides_nothing() {
    let mut by_guest = commit("c1", &["c0"], "2026-03-09T10:00:00Z");
    by_guest["data"]["author"] = json!("guest@blue.example.org");
    let told = [
        owned("red", "2026-01-01T00:00:00Z"),
        json!({ "type": "service", "data": {
            "kind": "service", "name": "other", "owner_raw": "blue", "owner_kind": "team", "occurred_at": "2026-01-01T00:00:00Z",
        }}),
        commit("c0", &[], "2026-01-05T10:00:00Z"),
        by_guest,
        deployed("d0", "checkout", "c0", "2026-03-03T10:00:00Z"),
        deployed("d1", "checkout", "c1", "2026-03-10T10:00:00Z"),
    ];
    let story = Story::told(AS_OF, &told).await;
    assert_eq!(weeks_of(&story, "red").await, [Some(1.0), Some(1.0)]);
    let series = story.series("change_lead_time", Grain::Week, "2026-03-09", "2026-03-16").await;
    let rows = |team: &str| series.line("p50", "team", team).iter().map(|week| week.sample_size).collect::<Vec<_>>();
    assert_eq!(rows("red"), [Some(1)]);
    assert!(rows("blue").iter().all(|size| *size == Some(0)), "{:?}", rows("blue"));
    assert!(weeks_of(&story, "blue").await.iter().all(Option::is_none));
}
