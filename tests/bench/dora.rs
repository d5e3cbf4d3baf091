//! `dora`: the five metrics of DORA over thirteen weeks, the last ones and those of a year ago, for one
//! team and for the whole organisation of `load`.
//!
//! One after the other, as somebody who waits for all of them sees it, and computed: the engine
//! remembers what it has answered, so the weeks move from one time to the next. The organisation is as
//! large as was asked for (`dora=0.02`); what is printed says how large that is.

use crate::asked::Asked;
use crate::large::{Large, is_made, warm};
use crate::memory::Peak;
use crate::rows::{NO_AIM, grouped, milliseconds, row};
use crate::runtime;
use std::time::{Duration, Instant};
use waymark_analytics::{Engine, Grain, Metric, Window, find};
use waymark_sample::Scale;

/// How often all five are timed; the median counts. The weeks move back by one each time.
const TIMES: i64 = 3;
/// From which week on: people ask for the last ones, and seldom for those of a year ago.
const WEEKS_BACK: [(i64, &str); 2] = [(0, "the last 13 weeks"), (52, "13 weeks of a year ago")];
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
    let team = first_team(&engine, &scale).await;
    peak.end("opening", MEMORY_AIM);
    let peak = Peak::begin();
    let size = format!("{} services, {} years", grouped(scale.services), scale.years);
    for (scope_kind, scopes, whose, aim) in [
        ("team", vec![team], "one team", TEAM_AIM),
        ("organisation", Vec::new(), "the organisation", ORGANISATION_AIM),
        ("team", Vec::new(), "every team", NO_AIM),
    ] {
        for (first_back, which) in WEEKS_BACK {
            let mut sums = Vec::new();
            let mut each = vec![Vec::new(); FIVE.len()];
            for weeks_back in first_back..=first_back + TIMES {
                let window = Window { scopes: scopes.clone(), ..weeks(&engine, &scale, weeks_back).of_kind(scope_kind) };
                let took = ask_all(&engine, &window).await;
                // The first one warms.
                if weeks_back > first_back {
                    sums.push(took.iter().sum());
                    each.iter_mut().zip(took).for_each(|(seen, took)| seen.push(took));
                }
            }
            let parts = each.into_iter().map(|seen| milliseconds(median(seen))).collect::<Vec<_>>().join(", ");
            let seen = format!("{} ({parts})", milliseconds(median(sums)));
            let what = format!("all five DORA metrics of {whose}, {which}, computed ({size})");
            row(&what, &seen, if first_back == 0 { aim } else { NO_AIM });
        }
    }
    peak.end("answering them", MEMORY_AIM);
}

/// How long each of the five takes.
async fn ask_all(engine: &Engine, window: &Window) -> Vec<Duration> {
    let mut took = Vec::with_capacity(FIVE.len());
    for metric in FIVE.iter().filter_map(|id| find(id)) {
        let began = Instant::now();
        engine.series(metric, window).await.unwrap();
        took.push(began.elapsed());
    }
    took
}

/// The first team by name that has deployed something.
async fn first_team(engine: &Engine, scale: &Scale) -> String {
    let metric: &'static Metric = find("deployment_frequency").unwrap();
    let series = engine.series(metric, &weeks(engine, scale, 0).of_kind("team")).await.unwrap();
    series.cells.iter().map(|cell| cell.scope.clone()).min().unwrap()
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
