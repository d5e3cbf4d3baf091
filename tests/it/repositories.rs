//! Real repositories: what is read from them, and each commit's first deployment, as git itself says.
//!
//! The oracle is `git tag --contains`. Histories are rebuilt by `git fast-import` from a list of
//! parents, times and tags: a published one where the shared fixtures are present, else one of our
//! own. The history of 27,210 commits and 12,053 tags is left to the benchmark, because reading it
//! takes minutes without optimisation.

mod picked;
mod rebuilt;

use crate::harness::{World, shared, skipped};
use crate::lake_rows::snapshot_rows;
use rebuilt::{History, Rebuilt, git_is_present};
use std::collections::BTreeMap;
use waymark_collect::arrivals::git::{GitReading, GitRequest, KnownRefs, read_repository};
use waymark_event::Clock;

const AS_OF: &str = "2026-11-01T12:00:00Z";
/// Asking git takes milliseconds each time.
const SAMPLED: usize = 200;

fn read(world: &World, repository: &Rebuilt, known: &KnownRefs) -> GitReading {
    let request = GitRequest {
        service: Some("checkout".to_owned()),
        repository: Some("git.example.org/acme/checkout".to_owned()),
        deployments: vec!["*".to_owned()],
        ..GitRequest::default()
    };
    read_repository(repository.path(), &request, known, world.clock.now(), &|_| ()).unwrap()
}

/// Of each attributed commit, the tag that first contains it and how sure that is.
async fn attribution(world: &mut World) -> BTreeMap<String, (String, String)> {
    let snapshot = world.refresh().await;
    let rows = snapshot_rows(&world.layout, &snapshot, &waymark_lake::fact_table("attribution")).await;
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let mut attribution = BTreeMap::new();
    for row in rows {
        let tag = text(&row["deployment_id"]).rsplit(':').next().unwrap().to_owned();
        let before = attribution.insert(text(&row["sha"]), (tag, text(&row["attribution_status"])));
        assert!(before.is_none(), "a commit is attributed twice: {row}");
    }
    attribution
}

async fn agrees_with_git(history: &History) {
    let repository = Rebuilt::of(history);
    let mut world = World::new(AS_OF).await;
    let reading = read(&world, &repository, &KnownRefs::new());
    assert_eq!((reading.commits, reading.tags), (history.commits.len(), history.tags.len()));
    assert!(reading.warnings.is_empty() && !reading.is_shallow, "{:?}", reading.warnings);
    let flushed = world.take_in(&reading.deliveries).await;
    assert_eq!((flushed.observations, flushed.rejections), (history.commits.len() + history.tags.len(), 0));
    let found = attribution(&mut world).await;
    let tag_of = |sha: &str| found.get(sha).map(|(tag, _)| tag.as_str());
    let step = history.commits.len().div_ceil(SAMPLED);
    for commit in (0..history.commits.len()).step_by(step) {
        let sha = repository.sha(commit);
        assert_eq!(tag_of(sha), repository.first_tag_containing(sha, history).as_deref(), "commit {commit}, {sha}");
    }
    for (commit, expected) in history.commits.iter().enumerate() {
        if let Some(expected) = &expected.expected_first_tag {
            assert_eq!(tag_of(repository.sha(commit)).unwrap_or_default(), expected, "commit {commit}");
        }
    }
    assert!(read(&world, &repository, &reading.refs).deliveries.is_empty(), "a second reading brings nothing");
    more_is_picked_up(&mut world, &repository, &reading.refs, found).await;
}

/// Three more commits and a tag: only they are read, and nothing else changes.
async fn more_is_picked_up(
    world: &mut World,
    repository: &Rebuilt,
    known: &KnownRefs,
    before: BTreeMap<String, (String, String)>,
) {
    let added = repository.add_commits(3, "later-1");
    let reading = read(world, repository, known);
    assert_eq!(reading.commits, 3);
    world.take_in(&reading.deliveries).await;
    let mut after = attribution(world).await;
    for sha in &added {
        assert_eq!(after.remove(sha), Some(("later-1".to_owned(), "exact".to_owned())));
    }
    // What stood on the branch without any tag came with the new one, too.
    after.retain(|sha, (tag, _)| tag != "later-1" || before.contains_key(sha));
    assert_eq!(after, before);
}

#[tokio::test]
async fn the_first_deployment_is_what_git_says() {
    if !git_is_present() {
        return skipped("repositories", "the program git is not there");
    }
    agrees_with_git(&History::of_our_own()).await;
}

#[tokio::test]
async fn the_first_deployment_of_a_published_history_is_what_git_says() {
    let Some(folder) = shared("fixtures/git-histories/go-scm") else {
        return skipped("a published history", "the shared fixtures are not beside the repository");
    };
    if !git_is_present() {
        return skipped("a published history", "the program git is not there");
    }
    agrees_with_git(&History::published(&folder)).await;
}

#[tokio::test]
async fn a_repository_may_arrive_in_any_order_and_twice() {
    if !git_is_present() {
        return skipped("repositories", "the program git is not there");
    }
    let repository = Rebuilt::of(&History::of_our_own());
    let mut straight = World::new(AS_OF).await;
    let reading = read(&straight, &repository, &KnownRefs::new());
    straight.take_in(&reading.deliveries).await;
    let expected = attribution(&mut straight).await;
    let mut other = World::new(AS_OF).await;
    let backwards: Vec<_> = reading.deliveries.iter().rev().cloned().collect();
    for part in backwards.chunks(2) {
        other.take_in(part).await;
    }
    other.take_in(&reading.deliveries).await;
    assert_eq!(attribution(&mut other).await, expected);
}

/// The merged branch `3, 4` is cut off by the shallow clone, so what `v2` brought is not known.
#[tokio::test]
async fn a_shallow_clone_is_known_for_what_it_is() {
    if !git_is_present() {
        return skipped("a shallow clone", "the program git is not there");
    }
    let history = History::from_parents(&[&[], &[0], &[1], &[1], &[3], &[2, 4], &[5]], &[("v1", 2), ("v2", 6)]);
    let repository = Rebuilt::of(&history);
    repository.cut_at(&[2, 4]);
    let mut world = World::new(AS_OF).await;
    let reading = read(&world, &repository, &KnownRefs::new());
    assert!(reading.is_shallow);
    assert_eq!(reading.commits, 4, "two, four, the merge and the last one");
    world.take_in(&reading.deliveries).await;
    let found = attribution(&mut world).await;
    let status = |commit: usize| found.get(repository.sha(commit)).map(|(tag, status)| (tag.as_str(), status.as_str()));
    assert_eq!(status(2), Some(("v1", "baseline")));
    for commit in [4, 5, 6] {
        assert_eq!(status(commit), Some(("v2", "unknown")), "commit {commit}: no number may rest on it");
    }
    assert_eq!((status(0), status(3)), (None, None), "nobody guesses what was cut off");
    repository.deepen();
    let rest = read(&world, &repository, &reading.refs);
    assert_eq!((rest.commits, rest.is_shallow), (3, false));
    world.take_in(&rest.deliveries).await;
    let found = attribution(&mut world).await;
    let status = |commit: usize| found.get(repository.sha(commit)).map(|(tag, status)| (tag.as_str(), status.as_str()));
    assert_eq!((status(3), status(6)), (Some(("v2", "exact")), Some(("v2", "exact"))));
}
