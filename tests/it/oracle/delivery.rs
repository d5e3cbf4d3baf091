//! Laws of delivery: what may happen without moving a number, and what moves it by exactly so much.

use super::draw::{Broken, drawn, runner, runtime};
use super::history::{Act, Attempt, Deploy, Fate, HOUR, History, Place, Trouble, Way, What, acts};
use super::numbers::{AS_OF, Numbers, history_of, metrics, numbers, numbers_of, same, weeks};
use super::played;
use super::told::{Facts, definitions, events, observations};
use super::truth::{Truth, lines};
use proptest::test_runner::TestCaseError;
use std::collections::{BTreeMap, BTreeSet};
use waymark_analytics::attribution::{CommitGraph, Deployed, attribute};
use waymark_analytics::{Definitions, Grain, ServicePaths, find};
use waymark_event::{Instant, Observation};

/// Histories that share one computation.
const TOGETHER: usize = 40;
/// Histories that are only walked.
const WALKED: u32 = 10_000;

/// What counts deployments that changed something, and changes that arrived.
const OF_CHANGE: &[&str] = &[
    "change_lead_time",
    "merge_to_production",
    "batch_size",
    "deployment_frequency",
    "deployment_count",
    "deployment_gap",
    "deployment_days_per_week",
    "change_fail_rate",
];

/// Deployments of one stream once more, as the walk wants them.
fn walked<'a>(attempts: &[&'a Attempt], ids: &'a [String]) -> Vec<Deployed<'a>> {
    let deployed = attempts.iter().zip(ids).filter_map(|(attempt, id)| {
        let finished_at = Instant::from_seconds(attempt.finished_at);
        Some(Deployed { deployment_id: id, finished_at, sha: attempt.sha.as_deref()? })
    });
    deployed.collect()
}

/// Whatever was deployed is deployed again, in the opposite order, after everything else.
fn again_delivers_nothing(history: &History) -> Result<(), String> {
    let rows = history.commits.iter().filter(|commit| commit.is_told);
    let graph = CommitGraph::from_rows(rows.map(|commit| {
        let parents = commit.parents.as_ref();
        (commit.sha.as_str(), parents.map(|parents| parents.iter().map(String::as_str)))
    }));
    for attempts in lines(history).into_values() {
        let ids: Vec<String> = attempts.iter().map(|attempt| attempt.entity()).collect();
        let again: Vec<String> = ids.iter().map(|id| format!("{id} again")).collect();
        let mut once = walked(&attempts, &ids);
        let mut twice = once.clone();
        twice.extend(walked(&attempts, &again).into_iter().map(|deployed| Deployed {
            finished_at: Instant::from_seconds(2 * AS_OF - deployed.finished_at.micros() / 1_000_000),
            ..deployed
        }));
        let (before, after) = (attribute(&graph, &mut once), attribute(&graph, &mut twice));
        for commit in history.commits.iter().filter(|commit| commit.is_told) {
            let position = graph.position(&commit.sha).unwrap();
            let first = before.first_deployment(position).map(|(rank, status)| (once[rank].deployment_id, status));
            let still = after.first_deployment(position).map(|(rank, status)| (twice[rank].deployment_id, status));
            if first != still {
                return Err(format!("{}: {first:?} before, {still:?} after", commit.sha));
            }
        }
    }
    Ok(())
}

#[test]
fn deploying_again_what_was_deployed_delivers_nothing() {
    let law = |acts: Vec<Act>| again_delivers_nothing(&History::played("h00", &acts)).map_err(TestCaseError::fail);
    runner(11, WALKED).run(&acts(), law).unwrap();
}

/// Directly after each successful deployment the same once more, at the same instant.
fn deployed_twice(history: &History) -> History {
    let again = history.attempts.iter().filter(|attempt| attempt.is_success());
    // `~` comes after every other character of an id.
    let again = again.map(|attempt| Attempt { id: format!("{}~", attempt.id), ..attempt.clone() }).collect::<Vec<_>>();
    let mut twice = history.clone();
    twice.attempts.extend(again);
    twice
}

#[test]
fn redeploying_what_runs_changes_neither_lead_time_nor_frequency() {
    drawn(12, TOGETHER, |plays| {
        let once = played(plays);
        let twice: Vec<History> = once.iter().map(deployed_twice).collect();
        let of_change = |id: &str| OF_CHANGE.contains(&id);
        runtime().block_on(async {
            let (before, after) = (Facts::told(&once).await, Facts::told(&twice).await);
            let week = weeks(Grain::Week, 0);
            same(&numbers(&before, &week, AS_OF).await, &numbers(&after, &week, AS_OF).await, of_change)
        })
    });
}

/// Some commits of a history are put on a stage, well or not.
fn staged(history: &History) -> History {
    let mut staged = history.clone();
    for (place, attempt) in history.attempts.iter().enumerate().filter(|(_, attempt)| attempt.service.is_some()) {
        let id = format!("{}-s{place:02}", history.name);
        let finished_at = attempt.finished_at - HOUR * i64::try_from(place % 3).unwrap();
        let fate = if place % 4 == 0 { Fate::Failed } else { attempt.fate };
        staged.attempts.push(Attempt { id, finished_at, fate, place: Place::Staging, ..attempt.clone() });
    }
    staged
}

#[test]
fn staging_deployments_change_no_production_metric() {
    drawn(13, TOGETHER, |plays| {
        let bare = played(plays);
        let staged: Vec<History> = bare.iter().map(staged).collect();
        runtime().block_on(async {
            let (before, after) = (Facts::told(&bare).await, Facts::told(&staged).await);
            let week = weeks(Grain::Week, 0);
            let services = |numbers: Numbers| {
                // Who is only on a stage has a row now, without any number in it.
                numbers.into_iter().filter(|(_, cell)| cell.sample_size != Some(0)).collect::<BTreeMap<_, _>>()
            };
            let before = services(numbers(&before, &week, AS_OF).await);
            same(&before, &services(numbers(&after, &week, AS_OF).await), |_| true)
        })
    });
}

/// The same acts with all pull requests merged in one way, and nothing that depends on how commits lie.
fn merged(acts: &[Act], way: Way) -> Vec<Act> {
    let kept = acts.iter().filter_map(|act| match *act {
        Act::Pull { line, commits, is_bot, .. } => Some(Act::Pull { line, commits, way, is_bot }),
        Act::Deploy(Deploy { what: What::Commit(number), service, place, fate, spans, name, is_maintenance, is_gradual }) => {
            let what = What::Head(number);
            Some(Act::Deploy(Deploy { what, service, place, fate, spans, name, is_maintenance, is_gradual }))
        }
        // A line from an old tag is a line from the root, which all three have.
        Act::Branch { .. } => Some(Act::Branch { from: 0 }),
        Act::Pick { .. } | Act::Lose { .. } => None,
        act => Some(act),
    });
    kept.collect()
}

#[test]
fn a_pull_request_has_one_lead_time_whether_squashed_merged_or_rebased() {
    drawn(14, TOGETHER, |plays| {
        let mut told: Vec<BTreeMap<usize, Vec<String>>> = Vec::new();
        for way in [Way::Squash, Way::Merge, Way::Rebase] {
            let plays: Vec<Vec<Act>> = plays.iter().map(|acts| merged(acts, way)).collect();
            let sql = "select change_id, service, deployment_id, lead_time_seconds, merge_to_production_seconds, excluded \
                from delivered_changes where kind = 'pull_request'";
            let rows =
                runtime().block_on(async { Facts::told_until("delivered_changes", &played(&plays)).await.rows(sql).await });
            let mut lines: BTreeMap<usize, Vec<String>> = BTreeMap::new();
            for row in rows {
                let line = format!("{row:?}");
                lines.entry(history_of(&line)).or_default().push(line);
            }
            for lines in lines.values_mut() {
                lines.sort();
            }
            told.push(lines);
        }
        let count: usize = told[0].values().map(Vec::len).sum();
        assert!(plays.len() == 1 || count > plays.len(), "{count} pull requests prove little");
        for place in 0..plays.len() {
            let [squashed, merged, rebased] = [0, 1, 2].map(|way| told[way].get(&place));
            if squashed != merged || squashed != rebased {
                let why = format!("\n  squashed: {squashed:#?}\n  merged: {merged:#?}\n  rebased: {rebased:#?}");
                return Err(Broken { place, why });
            }
        }
        Ok(())
    });
}

/// A history in which whatever is deployed is deployed for both parts of the repository at once, by twins.
fn in_two_parts(acts: &[Act], place: usize) -> History {
    // A change of which nothing is told but its merge touches nobody's paths.
    let kept: Vec<Act> = acts.iter().filter(|act| !matches!(act, Act::Lose { .. })).copied().collect();
    let mut history = History::numbered(place, &kept);
    let named = std::mem::take(&mut history.attempts).into_iter().filter(|attempt| attempt.service.is_some());
    history.attempts = named
        .flat_map(|attempt| {
            ["web", "api"].map(|part| Attempt {
                id: format!("{}-{part}", attempt.id),
                service: Some(format!("{}-{part}", history.name)),
                ..attempt.clone()
            })
        })
        .collect();
    history
}

/// What was delivered to whom and when, by history; both services at once where the parts are not told apart.
async fn deliveries(definitions: Definitions, told: &[Observation]) -> BTreeMap<usize, BTreeSet<String>> {
    let sql = "select change_id, cast(deployed_at as varchar), lead_time_seconds, excluded from delivered_changes";
    let rows = Facts::until("delivered_changes", definitions, told).await.rows(sql).await;
    let mut deliveries: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for row in rows {
        let line = format!("{row:?}");
        deliveries.entry(history_of(&line)).or_default().insert(line);
    }
    deliveries
}

#[test]
fn splitting_a_repository_by_path_keeps_the_union_of_its_changes() {
    drawn(17, TOGETHER, |plays| {
        let histories: Vec<History> = plays.iter().enumerate().map(|(place, acts)| in_two_parts(acts, place)).collect();
        let told = observations(&events(&histories));
        let split = histories.iter().flat_map(|history| {
            ["web", "api"].map(|part| ServicePaths {
                service: format!("{}-{part}", history.name),
                repository: history.repository.clone(),
                globs: vec![format!("{part}/**")],
                shared: Vec::new(),
            })
        });
        let split = Definitions { service_paths: split.collect(), ..definitions("UTC") };
        let (whole, parts) =
            runtime().block_on(async { (deliveries(definitions("UTC"), &told).await, deliveries(split.clone(), &told).await) });
        assert!(plays.len() == 1 || whole.values().map(BTreeSet::len).sum::<usize>() > 3 * plays.len(), "little is delivered");
        for place in 0..plays.len() {
            let (whole, parts) = (whole.get(&place), parts.get(&place));
            if whole != parts {
                return Err(Broken { place, why: format!("\n  whole: {whole:#?}\n  in parts: {parts:#?}") });
            }
        }
        Ok(())
    });
}

/// Three commits; the third is deployed, deployed again, and then the second, which never ran by itself.
#[test]
fn going_back_behind_a_redeployment_undoes_what_brought_it() {
    let push = Act::Push { line: 0, authored_after: 0, is_bot: false };
    let deploy = |what, name| {
        let (place, fate) = (Place::Production, Fate::Success);
        Act::Deploy(Deploy { what, service: 0, place, fate, spans: 1, name, is_maintenance: false, is_gradual: false })
    };
    let acts =
        [deploy(What::Head(0), 0), push, push, deploy(What::Head(0), 1), deploy(What::Again(1), 2), deploy(What::Commit(1), 3)];
    let history = History::numbered(0, &acts);
    assert_eq!(Truth::of(&history).failures, BTreeSet::from(["json:deployment:local:h00-01-01:1".to_owned()]));
    let found =
        runtime().block_on(async { super::found(&Facts::told_until("failures", std::slice::from_ref(&history)).await).await });
    assert_eq!(super::difference(&super::expected(&history), &found["h00"]), super::difference(&[], &[]));
}

#[test]
fn stages_that_are_all_known_add_up_to_the_lead_time() {
    drawn(15, TOGETHER, |plays| {
        let sql = "select change_id, lead_time_seconds, coding_seconds, pickup_seconds, review_seconds, \
            merge_to_deploy_seconds, deploy_seconds from delivered_changes where lead_time_seconds is not null";
        let rows = runtime().block_on(async { Facts::told_until("delivered_changes", &played(plays)).await.rows(sql).await });
        let mut whole = 0;
        for row in &rows {
            let seconds: Vec<Option<f64>> =
                row[1..].iter().map(|text| text.as_ref().map(|text| text.parse().unwrap())).collect();
            let known: Vec<f64> = seconds[1..].iter().copied().flatten().collect();
            let (total, lead_time) = (known.iter().sum::<f64>(), seconds[0].unwrap());
            let is_whole = known.len() == 5;
            whole += usize::from(is_whole);
            let holds = known.iter().all(|stage| *stage >= 0.0)
                && total <= lead_time + 1e-6
                && (!is_whole || (total - lead_time).abs() < 1e-6);
            if !holds {
                return Err(Broken { place: history_of(&format!("{row:?}")), why: format!("{row:?}") });
            }
        }
        assert!(plays.len() == 1 || whole > plays.len() / 2, "{whole} of {} changes have all stages", rows.len());
        Ok(())
    });
}

/// A history with one more incident, about a deployment that had not failed, and that deployment's service.
fn broken_once_more(history: &History) -> Option<(History, String)> {
    let truth = Truth::of(history);
    let is_whole = |attempt: &&&Attempt| truth.changed(attempt) && !truth.failures.contains(&attempt.entity());
    let reached = lines(history);
    let attempt = reached.values().flatten().find(is_whole)?;
    let service = attempt.service.clone()?;
    let mut broken = history.clone();
    broken.troubles.push(Trouble {
        id: format!("{}-i99", history.name),
        service: service.clone(),
        deployment: Some(attempt.id.clone()),
        opened_at: attempt.finished_at + HOUR,
        resolved_at: None,
    });
    Some((broken, service))
}

#[test]
fn one_more_failed_deployment_raises_the_fail_rate_by_one_in_all() {
    drawn(16, TOGETHER, |plays| {
        let whole = played(plays);
        let mut broken = whole.clone();
        let mut services = BTreeSet::new();
        for (place, history) in whole.iter().enumerate() {
            if let Some((more, service)) = broken_once_more(history) {
                broken[place] = more;
                services.insert(service);
            }
        }
        assert!(plays.len() == 1 || services.len() > plays.len() / 3, "{} services prove little", services.len());
        let metric = find("change_fail_rate").unwrap();
        let window = weeks(Grain::Window, 0);
        let (before, after) = runtime().block_on(async {
            let (before, after) = (Facts::told(&whole).await, Facts::told(&broken).await);
            let before = numbers_of(&before, metric, &window, AS_OF).await;
            (before, numbers_of(&after, metric, &window, AS_OF).await)
        });
        for (key, cell) in before.iter().filter(|(key, _)| key.2 == "service") {
            let other = &after[key];
            let more = if services.contains(&key.3) { 1.0 } else { 0.0 };
            let expected = cell.numerator.zip(cell.denominator).map(|(failed, all)| (failed + more, all));
            let found = other.numerator.zip(other.denominator);
            let step = other.value.zip(cell.value).map(|(after, before)| after - before);
            let is_step = step.zip(cell.denominator).is_none_or(|(step, all)| (step - more / all).abs() < 1e-12);
            if expected != found || !is_step {
                return Err(Broken { place: history_of(&key.3), why: format!("{key:?}: {expected:?}, not {found:?}") });
            }
        }
        Ok(())
    });
}

#[test]
fn the_laws_are_about_metrics_that_exist() {
    assert!(metrics(OF_CHANGE).len() >= 3, "the laws of delivery would compare nothing");
}
