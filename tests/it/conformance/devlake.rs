//! DevLake's two published algorithm tables: the chain of deployments, and the commits between two.
//!
//! Both decide which pull requests its lead time counts, so they are seen through that number: a pull
//! request whose only commit is the one in question is counted or not.

use super::{day, definitions, headline, insert, instant, measured, table, text, window};
use crate::harness::at;
use std::collections::BTreeMap;
use waymark_analytics::scenario::Scenario;
use waymark_event::Instant;

type Row = BTreeMap<String, String>;

const DEPLOYMENT_COLUMNS: &str =
    "deployment_id, service, environment, tier, outcome, repository, sha, started_at, finished_at, day";

/// Each row of the table is looked at in copies of the whole table that are services of their own.
///
/// Its predecessor is the latest earlier one of its chain. So the published one is it if, and only if,
/// the row has a predecessor among the deployments that finished from then on, and has none among those
/// that finished after. Environments other than production take part in the table but not in a lead
/// time: all of them are called production here, which changes no chain.
#[tokio::test(flavor = "multi_thread")]
async fn the_predecessor_of_every_deployment_is_the_published_one() {
    let folder = "fixtures/devlake/dora/prev_success_deployment_commit";
    let Some(rows) = table(&format!("{folder}/cicd_deployment_commits_after.csv")) else { return };
    assert_eq!(rows.len(), 16, "rows were added or lost");
    let scenario = Scenario::for_metrics(definitions()).await.unwrap();
    let mut expected: Vec<(String, bool)> = Vec::new();
    for row in &rows {
        // The other project of the table is not computed there, so its chains are unknown.
        if row["cicd_scope_id"] == "cicd3" {
            continue;
        }
        let predecessor = rows.iter().find(|other| other["id"] == row["prev_success_deployment_commit_id"]);
        let copy = |suffix: &str| format!("{}{suffix}", row["id"]);
        expected.push((copy("-all"), predecessor.is_some()));
        feed_chain(&scenario, &rows, row, &copy("-all"), |_| true).await;
        if let Some(predecessor) = predecessor {
            let then = finished(predecessor);
            expected.push((copy("-from"), true));
            feed_chain(&scenario, &rows, row, &copy("-from"), |other| finished(other) >= then).await;
            expected.push((copy("-after"), false));
            feed_chain(&scenario, &rows, row, &copy("-after"), |other| finished(other) > then).await;
        }
    }
    assert_is_counted(&scenario, &expected).await;
}

/// The copies of the deployments that are wanted, and one pull request that came with `row`.
async fn feed_chain(scenario: &Scenario, rows: &[Row], row: &Row, copy: &str, is_wanted: impl Fn(&Row) -> bool) {
    let name = |what: &str| text(&format!("{copy}/{what}"));
    let wanted = rows.iter().filter(|other| is_wanted(other));
    let deployments: Vec<String> = wanted
        .map(|other| {
            format!(
                "{}, {}, {}, 'production', '{}', {}, {}, {}, {}, {}",
                name(&other["id"]),
                name(&other["cicd_scope_id"]),
                text(&other["environment"]),
                if other["result"] == "SUCCESS" { "succeeded" } else { "failed" },
                name(&other["repo_url"]),
                name(&other["commit_sha"]),
                instant(at(&other["started_date"])),
                instant(finished(other)),
                day(finished(other))
            )
        })
        .collect();
    insert(scenario, "deployments", DEPLOYMENT_COLUMNS, &deployments).await;
    feed_pull_request(scenario, &name(&row["repo_url"]), &name(&row["commit_sha"]), finished(row)).await;
    let attribution = format!(
        "{}, {}, {}, {}, {}, 'exact'",
        name(&row["cicd_scope_id"]),
        text(&row["environment"]),
        name(&row["repo_url"]),
        name(&row["commit_sha"]),
        name(&row["id"])
    );
    let columns = "service, environment, repository, sha, deployment_id, attribution_status";
    insert(scenario, "attribution", columns, &[attribution]).await;
    feed_scope(scenario, &name(&row["cicd_scope_id"]), copy).await;
}

/// Each commit of the repository is looked at in a copy of its history: parents and deployments are
/// observed, all facts are computed, and the commit is counted with a deployment exactly where the
/// table lists it between two of them; how long it waited tells with which. What stands there without
/// an older commit belongs to the first deployment, which delivers nothing.
#[tokio::test(flavor = "multi_thread")]
async fn the_commits_between_two_deployments_are_the_published_ones() {
    let folder = "fixtures/devlake/refdiff/deployment_commit_diff";
    let Some(mut deployments) = table(&format!("{folder}/cicd_deployment_commits.csv")) else { return };
    let Some(parents) = table(&format!("{folder}/commit_parents.csv")) else { return };
    let Some(commits) = table(&format!("{folder}/repo_commits.csv")) else { return };
    let Some(differences) = table(&format!("{folder}/commits_diffs.csv")) else { return };
    // Only the first project of the table is computed there.
    let project = "github:GithubRepo:1:484251804";
    deployments.retain(|row| row["cicd_scope_id"] == project);
    let shas: Vec<&str> =
        commits.iter().filter(|row| row["repo_id"] == project).map(|row| row["commit_sha"].as_str()).collect();
    assert_eq!((shas.len(), deployments.len(), differences.len()), (8, 3, 5), "rows were added or lost");
    let scenario = observed(&shas, &parents, &deployments).await;
    let all = window(at(EARLY), at("2024-01-01T00:00:00Z"));
    let series = measured(&scenario, "devlake/change_lead_time", &all).await;
    let mut listed = 0;
    for sha in &shas {
        let between = differences.iter().find(|row| row["commit_sha"] == *sha && !row["old_commit_sha"].is_empty());
        let deployed_by =
            between.and_then(|between| deployments.iter().find(|row| row["commit_sha"] == between["new_commit_sha"]));
        let waited = deployed_by.map(|row| ((at(&row["started_date"]).micros() - at(EARLY).micros()) as f64 / 60e6).ceil());
        let found = headline(&series, "service", sha).and_then(|cell| cell.value).map(|seconds| seconds / 60.0);
        assert_eq!(found, waited, "{sha}: minutes from {EARLY} to its deployment");
        listed += usize::from(waited.is_some());
    }
    assert_eq!(listed, 3, "the table lists three commits between two deployments");
}

/// A copy of the history for each commit, in which it is the only pull request.
async fn observed(shas: &[&str], parents: &[Row], deployments: &[Row]) -> Scenario {
    let scenario = Scenario::for_facts(definitions()).unwrap();
    let (mut commits, mut attempts, mut pulls) = (Vec::new(), Vec::new(), Vec::new());
    for copy in shas {
        for sha in shas {
            let known = parents.iter().filter(|row| row["commit_sha"] == *sha);
            let listed: Vec<String> = known.map(|row| text(&row["parent_commit_sha"])).collect();
            let listed = if listed.is_empty() { "make_array()".to_owned() } else { format!("[{}]", listed.join(", ")) };
            commits.push(format!("'{copy}/{sha}', '{copy}/repository', '{sha}', {listed}, '{EARLY}', '{EARLY}'"));
        }
        for row in deployments {
            let (id, sha, started_at) = (&row["id"], &row["commit_sha"], instant(at(&row["started_date"])));
            attempts.push(format!(
                "'{copy}/{id}', '{copy}', 'production', ['{copy}/repository@{sha}'], 'finished', 'success', {started_at}, {started_at}"
            ));
        }
        pulls.push(format!("'{copy}/pull', '{copy}/repository', 1, 'merged', '{EARLY}', '{EARLY}', '{copy}', false"));
    }
    let columns = "entity_id, repository, sha, parents, authored_at, committed_at";
    insert(&scenario, "observed.commits", columns, &commits).await;
    let columns = "entity_id, service_hint, environment, revisions, status, result, started_at, finished_at";
    insert(&scenario, "observed.deployments", columns, &attempts).await;
    let columns = "entity_id, repository, number, state, opened_at, merged_at, merge_sha, is_bot";
    insert(&scenario, "observed.pull_requests", columns, &pulls).await;
    scenario.fact("scopes").await.unwrap();
    scenario
}

/// Before all deployments of the second table.
const EARLY: &str = "2023-01-01T00:00:00Z";

async fn feed_pull_request(scenario: &Scenario, repository: &str, sha: &str, deployed_at: Instant) {
    let merged_at = instant(Instant::from_micros(deployed_at.micros() - 3_600_000_000));
    let columns = "change_id, repository, sha, kind, committed_at, opened_at, merged_at";
    let row = format!("{sha}, {repository}, {sha}, 'pull_request', {merged_at}, {merged_at}, {merged_at}");
    insert(scenario, "changes", columns, &[row]).await;
}

async fn feed_scope(scenario: &Scenario, service: &str, copy: &str) {
    let row = format!("{service}, 'service', '{copy}', '1970-01-01T00:00:00Z', '2200-01-01T00:00:00Z'");
    insert(scenario, "scopes", "service, scope_kind, scope, valid_from, valid_to", &[row]).await;
}

/// Whether the one pull request of each copy is counted, with the hour that it waited.
async fn assert_is_counted(scenario: &Scenario, expected: &[(String, bool)]) {
    let all = window(Instant::from_seconds(0), at("2024-01-01T00:00:00Z"));
    let series = measured(scenario, "devlake/change_lead_time", &all).await;
    let mut wrong = Vec::new();
    for (copy, is_counted) in expected {
        let found = headline(&series, "service", copy).and_then(|cell| cell.value);
        if found != is_counted.then_some(3_600.0) {
            wrong.push(format!("{copy}: {found:?}, though it {}", if *is_counted { "is counted" } else { "is not" }));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ\n{}", wrong.len(), expected.len(), wrong.join("\n"));
}

fn finished(row: &Row) -> Instant {
    at(&row["finished_date"])
}
