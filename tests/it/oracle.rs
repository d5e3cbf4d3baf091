//! Delivery against an oracle: random histories whose meaning is worked out by sets, then by the product.
//!
//! The mass of the cases goes to the walk over commits, in memory; a few hundred go from events of our
//! own format through every fact. Laws that hold without knowing the answer stand in the files below.

mod aggregation;
mod delivery;
mod draw;
mod history;
mod input;
mod numbers;
mod play;
mod time;
mod told;
mod truth;
mod worth;

use draw::{Broken, drawn, runner, runtime};
use history::{Act, History, acts};
use proptest::test_runner::TestCaseError;
use std::collections::BTreeMap;
use told::Facts;
use truth::{Truth, lines};
use waymark_analytics::attribution::{CommitGraph, Deployed, attribute};
use waymark_event::Instant;

/// Histories that are only walked.
const WALKED: u32 = 10_000;
/// Histories from their events to every fact.
const TOLD: usize = 240;
/// So many of them share one computation; nothing relates them.
const TOGETHER: usize = 60;

#[test]
fn the_walk_agrees_with_set_arithmetic_over_ten_thousand_histories() {
    let walked = |acts: Vec<Act>| walk(&History::played("h00", &acts)).map_err(TestCaseError::fail);
    runner(1, WALKED).run(&acts(), walked).unwrap();
}

#[test]
fn facts_of_random_histories_are_those_of_the_oracle() {
    for batch in 0..TOLD / TOGETHER {
        let seed = u8::try_from(batch).unwrap();
        drawn(seed, TOGETHER, |plays| {
            let histories: Vec<History> = played(plays);
            let found = runtime().block_on(async { found(&Facts::told_until("failures", &histories).await).await });
            for (place, history) in histories.iter().enumerate() {
                let (expected, found) = (expected(history), found.get(&history.name).cloned().unwrap_or_default());
                if expected != found {
                    return Err(Broken { place, why: difference(&expected, &found) });
                }
            }
            Ok(())
        });
    }
}

/// One history of each play.
fn played(plays: &[Vec<Act>]) -> Vec<History> {
    plays.iter().enumerate().map(|(place, acts)| History::numbered(place, acts)).collect()
}

/// The walk of the product over one history, compared with the sets.
fn walk(history: &History) -> Result<(), String> {
    let truth = Truth::of_ancestry(history);
    let rows = history.commits.iter().filter(|commit| commit.is_told).map(|commit| {
        let parents = commit.parents.as_ref();
        (commit.sha.as_str(), parents.map(|parents| parents.iter().map(String::as_str)))
    });
    let graph = CommitGraph::from_rows(rows);
    for (stream, attempts) in lines(history) {
        let ids: Vec<String> = attempts.iter().map(|attempt| attempt.entity()).collect();
        let with_sha = attempts.iter().zip(&ids).filter_map(|(attempt, id)| Some((attempt, id, attempt.sha.as_deref()?)));
        let mut walked: Vec<Deployed<'_>> = with_sha
            .map(|(attempt, id, sha)| Deployed {
                deployment_id: id,
                finished_at: Instant::from_seconds(attempt.finished_at),
                sha,
            })
            .collect();
        // The order in which they come must not matter.
        walked.reverse();
        let attribution = attribute(&graph, &mut walked);
        for (deployed, found) in walked.iter().zip(&attribution.deployments) {
            let found = (found.status.as_str(), found.new_commits.map(|count| count as usize));
            if truth.attributed[deployed.deployment_id] != found {
                return Err(format!(
                    "{}: {found:?}, not {:?}",
                    deployed.deployment_id, truth.attributed[deployed.deployment_id]
                ));
            }
        }
        for commit in history.commits.iter().filter(|commit| commit.is_told) {
            let first = attribution.first_deployment(graph.position(&commit.sha).unwrap());
            let found = first.map(|(rank, status)| (walked[rank].deployment_id.to_owned(), status.as_str()));
            let expected = truth.attribution.get(&(stream.clone(), commit.sha.clone())).cloned();
            if found != expected {
                return Err(format!("{}: {found:?}, not {expected:?}", commit.sha));
            }
        }
    }
    Ok(())
}

/// What the facts must say of a history, as sorted lines.
fn expected(history: &History) -> Vec<String> {
    let truth = Truth::of(history);
    let text = |text: Option<&str>| text.unwrap_or("-").to_owned();
    let mut lines = Vec::new();
    for (((service, environment), sha), (deployment, status)) in &truth.attribution {
        lines.push(format!("attribution {service} {environment} {sha}: {deployment} {status}"));
    }
    for (deployment, (status, new)) in &truth.attributed {
        let new = new.map_or_else(|| "-".to_owned(), |new| new.to_string());
        lines.push(format!("attributed {deployment}: {status} {new}"));
    }
    for (deployment, kind) in &truth.kinds {
        lines.push(format!("kind {deployment}: {}", text(*kind)));
    }
    for ((change, service), delivered) in &truth.delivered {
        let lead_time = delivered.lead_time_seconds.map_or_else(|| "-".to_owned(), |seconds| seconds.to_string());
        let (deployment, excluded) = (&delivered.deployment, text(delivered.excluded));
        lines.push(format!("delivered {change} {service}: {deployment} {lead_time} {excluded}"));
    }
    lines.extend(truth.failures.iter().map(|deployment| format!("failure {deployment}:")));
    lines.sort();
    lines
}

/// What the facts say, by history, as sorted lines.
async fn found(facts: &Facts) -> BTreeMap<String, Vec<String>> {
    let asked: [(&str, usize, &str); 5] = [
        ("attribution", 3, "select service, environment, sha, deployment_id, attribution_status from attribution"),
        ("attributed", 1, "select deployment_id, attribution_status, new_commits from attributed_deployments"),
        ("kind", 1, "select deployment_id, kind from deployments"),
        (
            "delivered",
            2,
            "select change_id, service, deployment_id, cast(lead_time_seconds as bigint), excluded from delivered_changes",
        ),
        ("failure", 1, "select deployment_id from failures"),
    ];
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (word, keys, sql) in asked {
        for row in facts.rows(sql).await {
            let row: Vec<String> = row.into_iter().map(|value| value.unwrap_or_else(|| "-".to_owned())).collect();
            let (key, rest) = row.split_at(keys);
            let line = format!("{word} {}: {}", key.join(" "), rest.join(" ")).trim_end().to_owned();
            found.entry(owner(&line)).or_default().push(line);
        }
    }
    for lines in found.values_mut() {
        lines.sort();
    }
    found
}

/// The history of which a line speaks: the first word that begins like its names.
fn owner(line: &str) -> String {
    let words = line.split(|character: char| !character.is_ascii_alphanumeric());
    let is_name = |word: &&str| word.len() == 3 && word.starts_with('h');
    words.into_iter().find(is_name).unwrap_or_default().to_owned()
}

/// The first lines that only one side has.
fn difference(expected: &[String], found: &[String]) -> String {
    let only = |these: &[String], those: &[String]| {
        let lines = these.iter().filter(|line| !those.contains(line)).take(4);
        lines.map(|line| format!("\n    {line}")).collect::<Vec<_>>().concat()
    };
    format!("only by the oracle:{}\n  only in the facts:{}", only(expected, found), only(found, expected))
}
