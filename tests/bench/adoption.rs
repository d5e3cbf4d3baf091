//! `adoption`: the status of every service and component over three years, cold and for one day more (the days of the
//! last week, one after the other), then every metric of adoption and the table of all weeks.
//!
//! `adoption=0.02` says how large a share of the 5,000 services there is; storing the findings of all
//! of them takes far longer than deriving from them. Each metric is asked for other weeks than before,
//! because the engine remembers what it has answered.

use crate::asked::Asked;
use crate::memory::Peak;
use crate::paved::{COMPONENTS, Paved, SERVICES, WEEKS};
use crate::rows::{NO_AIM, grouped, milliseconds, row, seconds};
use crate::{runtime, scratch};
use std::time::{Duration, Instant};
use waymark_analytics::{Extent, Grain, METRICS, Subject, WEEKS as ALL_WEEKS, Window};

/// How often each metric is timed; the median counts.
const TIMES: u64 = 5;
const SHOWN_WEEKS: u64 = 13;

pub(crate) fn run(asked: &Asked) {
    runtime().block_on(adoption(asked.share()));
}

async fn adoption(share: f64) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a few thousand")]
    let services = ((SERVICES as f64 * share).round() as usize).max(7);
    let folder = scratch();
    let mut paved = Paved::open(folder.path(), services).await;
    let began = Instant::now();
    let findings = paved.fill().await;
    row(&format!("read and store {} findings", grouped(findings)), &seconds(began.elapsed()), NO_AIM);
    let began = Instant::now();
    let merges = paved.merge().await;
    row(&format!("merge small files until none is left, {merges} merges"), &seconds(began.elapsed()), NO_AIM);
    let began = Instant::now();
    paved.refresh(Extent::Everything).await;
    let what = format!("status of {} services x {COMPONENTS} components x {} weeks, cold", grouped(services), WEEKS - 1);
    row(&what, &seconds(began.elapsed()), "10 s for 5,000 services");
    let (mut findings, mut days) = (0, Vec::new());
    for day in 0..7 {
        findings = paved.fill_day(day).await;
        let began = Instant::now();
        paved.refresh(Extent::Touched).await;
        days.push(began.elapsed());
    }
    let what = format!("the same for one day more, {} findings, the median of seven days", grouped(findings));
    row(&what, &milliseconds(median(days)), "500 ms");
    metrics(&paved).await;
}

async fn metrics(paved: &Paved) {
    let peak = Peak::begin();
    let engine = paved.engine();
    let as_of = engine.newest().await.unwrap().as_of();
    let zone = engine.definitions().zone();
    for metric in METRICS.iter().filter(|metric| metric.subject != Subject::Services) {
        let mut seen = Vec::new();
        for back in 0..=TIMES {
            let last = Window::last_complete(Grain::Week, 1, as_of, zone).periods[0].end_day - chrono::Days::new(7 * back);
            let window = Window::between(Grain::Week, last - chrono::Days::new(7 * SHOWN_WEEKS), last, zone);
            let window = window.of_kind(metric.subject.scope_kind());
            let began = Instant::now();
            engine.series(metric, &window).await.unwrap();
            // The first one warms.
            if back > 0 {
                seen.push(began.elapsed());
            }
        }
        row(&format!("{}, {SHOWN_WEEKS} weeks, warm", metric.id), &milliseconds(median(seen)), "50 ms");
    }
    let began = Instant::now();
    engine.answer(&ALL_WEEKS, &Window::last_complete(Grain::Week, 1, as_of, zone)).await.unwrap();
    row("the table of all weeks, once for a snapshot", &milliseconds(began.elapsed()), NO_AIM);
    peak.end("answering all of that", "1 GiB");
}

fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort_unstable();
    durations[durations.len() / 2]
}
