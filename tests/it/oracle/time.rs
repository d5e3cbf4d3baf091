//! Laws of time: moving everything moves only periods, the zone moves only days, slowness only durations.

use super::draw::{Broken, drawn, runtime};
use super::history::{Act, Deploy, Fate, HOUR, History, START};
use super::numbers::{AS_OF, Numbers, WEEKS, history_of, metrics, numbers, numbers_of, weeks, without_coverage};
use super::played;
use super::told::{Facts, definitions, events, observations};
use waymark_analytics::{Cell, Definitions, FACTS, Grain, Settings};

const TOGETHER: usize = 40;
const WEEK: i64 = 7 * 24 * HOUR;

/// Facts in which local days decide which rows there are.
const OF_DAYS: &[&str] = &["service_activity"];

/// Durations of delivery, whose cohort is moved by nothing but the pace.
const DURATIONS: &[&str] = &["change_lead_time", "merge_to_production", "deployment_gap", "failed_deployment_recovery_time"];

#[test]
fn whole_weeks_later_everything_is_the_same_but_the_periods() {
    let later = 5;
    let shift = i64::try_from(later).unwrap() * WEEK;
    drawn(21, TOGETHER, |plays| {
        let now = played(plays);
        let then: Vec<History> = now.iter().cloned().map(|history| history.later(shift)).collect();
        let (now, then) = runtime().block_on(async {
            let (now, then) = (Facts::told(&now).await, Facts::told(&then).await);
            let before = numbers(&now, &weeks(Grain::Week, 0), AS_OF).await;
            (before, numbers(&then, &weeks(Grain::Week, later), AS_OF + shift).await)
        });
        let moved = |cell: &Cell| Cell {
            period_start: cell.period_start.plus_seconds(shift),
            period_end: cell.period_end.plus_seconds(shift),
            ..cell.clone()
        };
        let expected: Numbers = now
            .iter()
            .map(|((metric, statistic, kind, scope, at), cell)| {
                ((*metric, statistic.clone(), kind.clone(), scope.clone(), at + shift), moved(cell))
            })
            .collect();
        let differs = expected.iter().find(|(key, cell)| then.get(*key) != Some(*cell));
        match differs {
            Some((key, cell)) => {
                let why = format!("{key:?}\n  expected: {cell:?}\n  found: {:?}", then.get(key));
                Err(Broken { place: history_of(&key.3), why })
            }
            None if expected.len() == then.len() => Ok(()),
            None => Err(Broken { place: 0, why: format!("{} numbers became {}", expected.len(), then.len()) }),
        }
    });
}

/// The rows of a fact without its local days and its working time, as sorted lines.
async fn without_days(facts: &Facts, fact: &str) -> Vec<String> {
    let is_kept = |column: &&String| *column != "day" && !column.ends_with("_day") && *column != "business_seconds";
    let columns = facts.columns(fact).await;
    let kept: Vec<String> = columns.iter().filter(is_kept).map(|column| format!("\"{column}\"")).collect();
    let rows = facts.rows(&format!("select {} from {fact}", kept.join(", "))).await;
    let mut lines: Vec<String> = rows.iter().map(|row| format!("{row:?}")).collect();
    lines.sort();
    lines
}

#[test]
fn another_zone_alters_no_duration_and_no_instant() {
    drawn(22, TOGETHER, |plays| {
        let told = observations(&events(&played(plays)));
        runtime().block_on(async {
            let here = Facts::of(definitions("UTC"), &told).await;
            // A quarter of an hour off the whole hours, on the other side of the day.
            let there = Facts::of(definitions("Pacific/Chatham"), &told).await;
            for fact in FACTS.iter().filter(|fact| !OF_DAYS.contains(&fact.name)) {
                let (here, there) = (without_days(&here, fact.name).await, without_days(&there, fact.name).await);
                if let Some(line) = here.iter().find(|line| !there.contains(line)) {
                    return Err(Broken { place: history_of(line), why: format!("`{}` lost {line}", fact.name) });
                }
                if here.len() != there.len() {
                    let why = format!("`{}` has {} rows, then {}", fact.name, here.len(), there.len());
                    return Err(Broken { place: 0, why });
                }
            }
            Ok(())
        })
    });
}

/// Everything at another pace, seen from the start.
fn slower(mut history: History, pace: i64) -> History {
    let slow = |at: i64| START + (at - START) * pace;
    for commit in &mut history.commits {
        (commit.authored_at, commit.committed_at) = (slow(commit.authored_at), slow(commit.committed_at));
    }
    for pull in &mut history.pulls {
        (pull.opened_at, pull.merged_at) = (slow(pull.opened_at), slow(pull.merged_at));
    }
    for attempt in &mut history.attempts {
        attempt.finished_at = slow(attempt.finished_at);
        attempt.completed_at = attempt.completed_at.map(slow);
    }
    for trouble in &mut history.troubles {
        (trouble.opened_at, trouble.resolved_at) = (slow(trouble.opened_at), trouble.resolved_at.map(slow));
    }
    history
}

/// Acts whose clocks do not contradict each other: what is tolerated does not grow with the pace. Nor
/// do the four minutes after which a rollout is broken off, so there is none.
fn with_good_clocks(acts: &[Act]) -> Vec<Act> {
    let good = |act: &Act| match *act {
        Act::Push { line, authored_after, is_bot } => Act::Push { line, authored_after: authored_after.min(-HOUR), is_bot },
        Act::Deploy(deploy) if deploy.fate == Fate::BrokenOff => Act::Deploy(Deploy { fate: Fate::Failed, ..deploy }),
        act => act,
    };
    acts.iter().map(good).collect()
}

#[test]
fn at_a_third_of_the_pace_every_quantile_and_limit_of_a_duration_is_three_times_as_long() {
    let pace = 3;
    drawn(23, TOGETHER, |plays| {
        let plays: Vec<Vec<Act>> = plays.iter().map(|acts| with_good_clocks(acts)).collect();
        let fast = played(&plays);
        let slow: Vec<History> = fast.iter().cloned().map(|history| slower(history, pace)).collect();
        let settings = Settings { observation_window_days: 7 * pace, ..Settings::default() };
        let patient = Definitions { settings, ..definitions("UTC") };
        let first = waymark_analytics::local_date(waymark_event::Instant::from_seconds(START), patient.zone());
        let end = first + chrono::Days::new(7 * WEEKS * 3);
        let whole = waymark_analytics::Window::between(Grain::Window, first, end, patient.zone());
        let (fast, slow) = runtime().block_on(async {
            let (fast, slow) = (Facts::told(&fast).await, Facts::of(patient.clone(), &observations(&events(&slow))).await);
            let (mut before, mut after) = (Numbers::new(), Numbers::new());
            for metric in metrics(DURATIONS) {
                before.extend(numbers_of(&fast, metric, &whole, AS_OF).await);
                after.extend(numbers_of(&slow, metric, &whole, START + (AS_OF - START) * pace).await);
            }
            (before, after)
        });
        let is_longer = |short: Option<f64>, long: Option<f64>| match (short, long) {
            (Some(short), Some(long)) => (short * 3.0 - long).abs() <= 1e-9 * long.abs(),
            (None, None) => true,
            _ => false,
        };
        for (key, cell) in &fast {
            let Some(other) = slow.get(key) else {
                return Err(Broken { place: history_of(&key.3), why: format!("{key:?} is gone") });
            };
            let pairs = [(cell.value, other.value), (cell.low, other.low), (cell.high, other.high)];
            if !pairs.into_iter().all(|(short, long)| is_longer(short, long)) || cell.sample_size != other.sample_size {
                let (fast, slow) = (without_coverage(cell), without_coverage(other));
                return Err(Broken { place: history_of(&key.3), why: format!("{key:?}\n  fast: {fast:?}\n  slow: {slow:?}") });
            }
        }
        Ok(())
    });
}

#[test]
fn a_week_has_the_same_numbers_whatever_else_is_asked() {
    drawn(24, TOGETHER, |plays| {
        let (all, some) = runtime().block_on(async {
            let facts = Facts::told(&played(plays)).await;
            let all = numbers(&facts, &weeks(Grain::Week, 0), AS_OF).await;
            (all, numbers(&facts, &weeks(Grain::Week, 1), AS_OF).await)
        });
        let end = START + WEEK * i64::try_from(WEEKS).unwrap();
        let mut compared = 0;
        for (key, cell) in some.iter().filter(|(key, cell)| key.4 < end && cell.sample_size != Some(0)) {
            compared += 1;
            if all.get(key) != Some(cell) {
                let why = format!("{key:?}\n  beside others: {:?}\n  later ones only: {cell:?}", all.get(key));
                return Err(Broken { place: history_of(&key.3), why });
            }
        }
        assert!(plays.len() == 1 || compared > plays.len() / 4, "{compared} numbers prove little");
        Ok(())
    });
}
