//! `dora`: the five metrics of DORA over thirteen weeks, the last ones and those of a year ago, for one
//! team and for the whole organisation of `load`.
//!
//! Side by side, as pages and reports ask for them, and one after the other, so that each is seen by itself;
//! computed both times: the engine remembers what it has answered, so it is asked for one team after another,
//! and of the whole organisation for other weeks. The organisation is as large as was asked for (`dora=0.02`);
//! what is printed says how large that is.

use crate::asked::Asked;
use crate::large::{Large, is_made, warm};
use crate::memory::Peak;
use crate::rows::{NO_AIM, grouped, milliseconds, row};
use crate::runtime;
use futures::FutureExt;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use waymark_analytics::{Engine, Grain, Metric, Window, find, side_by_side};
use waymark_sample::Scale;

/// From which week on: people ask for the last ones, and seldom for those of a year ago.
const WEEKS_BACK: [(i64, &str); 2] = [(0, "the last 13 weeks"), (52, "13 weeks of a year ago")];
/// So many windows are asked for of the whole organisation, each a week before the other.
const WINDOWS: i64 = 4;
/// So many teams are asked for.
const TEAMS: usize = 21;
const WEEKS: u32 = 13;
const WEEK_SECONDS: i64 = 7 * 86_400;
const FIVE: [&str; 5] = [
    "change_lead_time",
    "deployment_frequency",
    "change_fail_rate",
    "deployment_rework_rate",
    "failed_deployment_recovery_time",
];
const TEAM_AIM: &str = "50 ms";
/// The aim for five thousand services; a smaller organisation should stay far below it.
const ORGANISATION_AIM: &str = "250 ms";
const MEMORY_AIM: &str = "1,024 MiB";

pub(crate) fn run(asked: &Asked) {
    runtime().block_on(five(asked));
}

async fn five(asked: &Asked) {
    let scale = asked.organisation();
    if !is_made(asked.folder()).await {
        Large::make(scale, asked.folder()).await;
    }
    let peak = Peak::begin();
    let began = Instant::now();
    let engine = warm(&scale, asked.folder()).await;
    row("read what is worth it into memory, beside the first answers", &milliseconds(began.elapsed()), NO_AIM);
    let teams = teams(&engine, &scale).await;
    peak.end("opening", MEMORY_AIM);
    let peak = Peak::begin();
    let size = format!("{} services, {} years", grouped(scale.services), scale.years);
    for (scope_kind, teams, whose, aim) in [
        ("team", teams, "one team", TEAM_AIM),
        ("organisation", Vec::new(), "the organisation", ORGANISATION_AIM),
        ("team", Vec::new(), "every team", NO_AIM),
    ] {
        for (first_back, which) in WEEKS_BACK {
            let of_kind = |back: i64| weeks(&engine, &scale, first_back + back).of_kind(scope_kind);
            let mut windows: Vec<Window> =
                teams.iter().map(|team| Window { scopes: vec![team.clone()], ..of_kind(0) }).collect();
            if windows.is_empty() {
                windows.extend((0..WINDOWS).map(of_kind));
            }
            let seen = ask(&engine, &windows).await;
            let what = format!("all five DORA metrics of {whose}, {which}, computed ({size})");
            row(&what, &seen, if first_back == 0 { aim } else { NO_AIM });
        }
    }
    peak.end("answering them", MEMORY_AIM);
}

/// How long the five take side by side and one after the other, in turns; the first window warms.
async fn ask(engine: &Engine, windows: &[Window]) -> String {
    let (mut together, mut each) = (Vec::new(), vec![Vec::new(); FIVE.len()]);
    for (turn, window) in windows.iter().enumerate() {
        match turn {
            0 => drop(ask_each(engine, window).await),
            _ if turn % 2 == 1 => together.push(ask_at_once(engine, window).await),
            _ => each.iter_mut().zip(ask_each(engine, window).await).for_each(|(seen, took)| seen.push(took)),
        }
    }
    let each: Vec<Duration> = each.into_iter().map(median).collect();
    let parts: Vec<_> = each.iter().map(|took| milliseconds(*took)).collect();
    let one_by_one = milliseconds(each.iter().sum());
    format!("{}; one after the other {one_by_one} ({})", milliseconds(median(together)), parts.join(", "))
}

/// How long all five take side by side.
async fn ask_at_once(engine: &Engine, window: &Window) -> Duration {
    let questions = FIVE.iter().filter_map(|id| find(id)).map(|metric| {
        let (engine, window) = (engine.clone(), window.clone());
        async move { engine.series(metric, &window).await }.boxed()
    });
    let began = Instant::now();
    assert_eq!(side_by_side(questions.collect()).await.unwrap().len(), FIVE.len());
    began.elapsed()
}

/// How long each of the five takes.
async fn ask_each(engine: &Engine, window: &Window) -> Vec<Duration> {
    let mut took = Vec::with_capacity(FIVE.len());
    for metric in FIVE.iter().filter_map(|id| find(id)) {
        let began = Instant::now();
        engine.series(metric, window).await.unwrap();
        took.push(began.elapsed());
    }
    took
}

/// Teams, in the order of their names, that have deployed something.
async fn teams(engine: &Engine, scale: &Scale) -> Vec<String> {
    let metric: &'static Metric = find("deployment_frequency").unwrap();
    let series = engine.series(metric, &weeks(engine, scale, 0).of_kind("team")).await.unwrap();
    let teams: BTreeSet<_> = series.cells.iter().map(|cell| cell.scope.clone()).collect();
    teams.into_iter().take(TEAMS).collect()
}

/// Thirteen complete weeks that end some weeks before the last ones.
fn weeks(engine: &Engine, scale: &Scale, weeks_back: i64) -> Window {
    let until = scale.as_of().plus_seconds(-weeks_back * WEEK_SECONDS);
    Window::last_complete(Grain::Week, WEEKS, until, engine.definitions().zone())
}

fn median(mut seen: Vec<Duration>) -> Duration {
    seen.sort_unstable();
    seen[seen.len() / 2]
}
