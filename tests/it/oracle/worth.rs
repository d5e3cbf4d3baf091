//! What the drawn histories are worth: that they hold what they are drawn for, and that the oracle
//! would find out a definition that other tools use.

use super::draw::runner;
use super::history::{Attempt, History, acts};
use super::truth::{Truth, ancestry_of, lines};
use proptest::strategy::{Strategy, ValueTree};
use std::collections::BTreeMap;

/// As many as are told to the facts.
const HISTORIES: usize = 240;
/// How often each thing must occur among them.
const AT_LEAST: usize = 3;

fn histories() -> Vec<History> {
    let (mut runner, strategy) = (runner(0, 1), acts());
    (0..HISTORIES).map(|place| History::numbered(place, &strategy.new_tree(&mut runner).unwrap().current())).collect()
}

/// Two deployments of one instant in one stream, next to each other.
fn together(attempts: &[&Attempt]) -> usize {
    attempts.windows(2).filter(|pair| pair[0].finished_at == pair[1].finished_at).count()
}

#[test]
fn random_histories_hold_what_they_are_drawn_for() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for history in histories() {
        let truth = Truth::of(&history);
        let mut count = |what: String, times: usize| *seen.entry(what).or_default() += times;
        for kind in truth.kinds.values() {
            count(format!("kind {kind:?}"), 1);
        }
        for (status, new) in truth.attributed.values() {
            count(format!("status {status}"), 1);
            count("nothing new".to_owned(), usize::from(*new == Some(0)));
        }
        for ((change, _), delivered) in &truth.delivered {
            count(format!("excluded {:?}", delivered.excluded), 1);
            count("clock within tolerance".to_owned(), usize::from(delivered.lead_time_seconds == Some(0)));
            count("pull request delivered".to_owned(), usize::from(change.contains("pull_request")));
        }
        count("failure".to_owned(), truth.failures.len());
        count("same instant".to_owned(), lines(&history).values().map(|attempts| together(attempts)).sum());
        count("copy".to_owned(), history.changes.iter().filter(|change| change.origin.is_some()).count());
        let circles = history.commits.iter().filter(|commit| {
            let parents = commit.parents.iter().flatten();
            commit.is_told && parents.into_iter().any(|parent| ancestry_of(&history, parent).contains(&commit.sha))
        });
        count("commit in a circle".to_owned(), circles.count());
        count(
            "commit without parents told".to_owned(),
            history.commits.iter().filter(|commit| commit.parents.is_none()).count(),
        );
        count("commit that nobody tells".to_owned(), history.commits.iter().filter(|commit| !commit.is_told).count());
        let backwards = |opened_at: i64, resolved_at: Option<i64>| resolved_at.is_some_and(|at| at < opened_at);
        let troubles = history.troubles.iter().filter(|trouble| backwards(trouble.opened_at, trouble.resolved_at));
        count("incident that ends before it starts".to_owned(), troubles.count());
        count(
            "attempt of nobody knows what service".to_owned(),
            history.attempts.iter().filter(|one| one.service.is_none()).count(),
        );
    }
    let rare: Vec<_> = seen.iter().filter(|(_, times)| **times < AT_LEAST).collect();
    assert!(rare.is_empty() && seen.len() >= 22, "too rare: {rare:?}\nof {seen:#?}");
}

/// The commits that lie between a deployment and the one before it, as many tools count them.
fn between(history: &History, attempts: &[&Attempt]) -> Vec<usize> {
    let shas: Vec<&str> = attempts.iter().filter_map(|attempt| attempt.sha.as_deref()).collect();
    let pairs = shas.windows(2).map(|pair| {
        let before = ancestry_of(history, pair[0]);
        ancestry_of(history, pair[1]).iter().filter(|sha| !before.contains(*sha)).count()
    });
    pairs.collect()
}

#[test]
fn the_range_from_the_deployment_before_would_be_found_out() {
    let mut wrong = 0;
    for history in histories() {
        let truth = Truth::of_ancestry(&history);
        let is_wrong = lines(&history).values().any(|attempts| {
            let with_sha = attempts.iter().filter(|attempt| attempt.sha.is_some()).skip(1);
            let new = with_sha.map(|attempt| truth.attributed[&attempt.entity()].1);
            new.zip(between(&history, attempts)).any(|(new, between)| new.is_some_and(|new| new != between))
        });
        wrong += usize::from(is_wrong);
    }
    assert!(wrong > HISTORIES / 20, "only {wrong} of {HISTORIES} histories tell them apart");
}
