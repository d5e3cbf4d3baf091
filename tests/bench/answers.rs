//! `answers`: every metric of the catalogue over thirteen weeks, on the organisation of `load`.
//!
//! Each question is computed: the engine remembers what it has answered, so the weeks move from one
//! time to the next. Then the same questions over one year and over ten, which should cost the same.

use crate::asked::{Asked, SEED};
use crate::large::{Large, engine, is_made, warm};
use crate::memory::Peak;
use crate::rows::{NO_AIM, milliseconds, row};
use crate::{runtime, scratch};
use std::time::{Duration, Instant};
use waymark_analytics::{Engine, Grain, METRICS, Metric, Subject, Window};
use waymark_sample::Scale;

/// How often each question is timed; the median counts.
const TIMES: i64 = 5;
const WEEKS: u32 = 13;
const WEEK_SECONDS: i64 = 7 * 86_400;
const HISTORY_SCALE: f64 = 0.01;
const HISTORY_YEARS: [u32; 2] = [1, 10];

/// A metric and the kind of scope for which it is asked.
type Question = (&'static Metric, &'static str);

pub(crate) fn run(asked: &Asked) {
    runtime().block_on(async {
        answers(asked).await;
        history().await;
    });
}

async fn answers(asked: &Asked) {
    let scale = asked.organisation();
    if !is_made(asked.folder()).await {
        Large::make(scale, asked.folder()).await;
    }
    let peak = Peak::begin();
    let mut starts = Vec::new();
    for _ in 0..TIMES {
        let engine = engine(&scale, asked.folder());
        let first = questions()[0];
        starts.push(time(&engine, first, &scale, 0).await);
        // The next one is not to begin beside this one's reading.
        engine.until_read().await;
    }
    row("from a new engine to its first answer", &milliseconds(median(starts)), "3,000 ms");
    let engine = warm(&scale, asked.folder()).await;
    for question in questions() {
        // The first one warms.
        time(&engine, question, &scale, 0).await;
        let mut seen = Vec::new();
        for weeks_back in 1..=TIMES {
            seen.push(time(&engine, question, &scale, weeks_back).await);
        }
        let (metric, scope_kind) = question;
        row(&format!("{} by {scope_kind}, {WEEKS} weeks, computed", metric.id), &milliseconds(median(seen)), "50 ms");
    }
    peak.end("opening and answering", "1,024 MiB");
}

/// The same questions with little and with much history, in turns.
async fn history() {
    let folders = [scratch(), scratch()];
    let scales = HISTORY_YEARS.map(|years| Scale::of(HISTORY_SCALE, years, SEED));
    let mut engines = Vec::new();
    for (scale, folder) in scales.iter().zip(&folders) {
        Large::make(*scale, folder.path()).await;
        engines.push((warm(scale, folder.path()).await, scale));
    }
    let mut logarithms = Vec::new();
    let mut worst = (0.0, String::new());
    for question in questions() {
        let mut seen = [Vec::new(), Vec::new()];
        for weeks_back in 0..=TIMES {
            for ((engine, scale), seen) in engines.iter().zip(&mut seen) {
                let took = time(engine, question, scale, weeks_back).await;
                // The first one warms.
                if weeks_back > 0 {
                    seen.push(took);
                }
            }
        }
        let [short, long] = seen.map(median);
        let ratio = long.as_secs_f64() / short.as_secs_f64();
        logarithms.push(ratio.ln());
        if ratio > worst.0 {
            let (metric, scope_kind) = question;
            let times = format!("{} after {}", milliseconds(long), milliseconds(short));
            worst = (ratio, format!("{ratio:.2}, {} by {scope_kind}: {times}", metric.id));
        }
    }
    let mean = (logarithms.iter().sum::<f64>() / logarithms.len() as f64).exp();
    let what = format!("the same {WEEKS} weeks with ten years of history by one, {} services", scales[0].services);
    row(&format!("{what}, geometric mean"), &format!("{mean:.2}"), "at most 1.2");
    row(&format!("{what}, the worst"), &worst.1, NO_AIM);
}

fn questions() -> Vec<Question> {
    let kinds = |metric: &Metric| -> &'static [&'static str] {
        match metric.subject {
            Subject::Services => &["team", "organisation"],
            Subject::Components => &["component_team", "component"],
            Subject::Categories => &["category"],
        }
    };
    METRICS.iter().flat_map(|metric| kinds(metric).iter().map(move |kind| (metric, *kind))).collect()
}

/// How long one question takes whose weeks end some weeks before the last ones.
async fn time(engine: &Engine, (metric, scope_kind): Question, scale: &Scale, weeks_back: i64) -> Duration {
    let zone = engine.definitions().zone();
    let until = scale.as_of().plus_seconds(-weeks_back * WEEK_SECONDS);
    let window = Window::last_complete(Grain::Week, WEEKS, until, zone).of_kind(scope_kind);
    let began = Instant::now();
    engine.series(metric, &window).await.unwrap();
    began.elapsed()
}

fn median(mut seen: Vec<Duration>) -> Duration {
    seen.sort_unstable();
    seen[seen.len() / 2]
}
