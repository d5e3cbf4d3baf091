//! The difference of two quantiles from the rows behind them: by resampling for durations that ended,
//! by the log-rank test where some are open.
//!
//! Rows are drawn from both periods independently, and with enough services also whole services,
//! because rows of one service resemble each other; the hull of both intervals counts. Random numbers
//! begin with the question itself, so the same question has the same answer. Where the rows come from
//! belongs to `compare.rs`.

use super::clustered::{Clusters, type_7_of};
use super::{Change, Interval, Verdict, comparable, judged, silent};
use crate::catalogue::{Metric, Statistic};
use crate::functions::{TAIL, log_rank, type_7};
use crate::series::Cell;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// How often each period is drawn anew.
pub(crate) const RESAMPLES: usize = 2_000;

/// Fewer services than this on either side are not drawn as wholes.
pub(crate) const SERVICES_MIN: usize = 8;

/// The rows behind one cell, by service; open episodes are negative (`functions/survival.rs`).
pub(crate) type Rows = BTreeMap<String, Vec<f64>>;

/// Compares two cells by the rows behind them; a kind of metric without rows is compared by `change`.
pub(crate) fn change(metric: &Metric, before: (&Cell, &Rows), after: (&Cell, &Rows)) -> Change {
    if metric.kind == Statistic::Survival {
        return episodes(metric, before, after);
    }
    let wanted = metric.kind == Statistic::Quantile;
    let (Some(p), true) = (probability(&after.0.statistic), wanted) else {
        return super::change(metric, before.0, after.0);
    };
    if let Err(verdict) = comparable(metric, before.0, after.0) {
        return silent(verdict, before.0, after.0);
    }
    let Some(difference) = difference(metric, p, before, after) else {
        return super::change(metric, before.0, after.0);
    };
    let verdict = match (difference.low > 0.0, difference.high < 0.0) {
        (true, _) => Verdict::Up,
        (_, true) => Verdict::Down,
        _ => Verdict::NoClearChange,
    };
    judged(verdict, difference, before.0, after.0)
}

/// Which share of the rows lies below a statistic of this name.
pub(super) fn probability(statistic: &str) -> Option<f64> {
    let percent: f64 = statistic.strip_prefix('p')?.parse().ok()?;
    (percent > 0.0 && percent < 100.0).then_some(percent / 100.0)
}

/// Two groups of episodes differ when the log-rank test says so. Where both medians are known they tell
/// the direction, else the ends that were observed by those that were to be expected.
fn episodes(metric: &Metric, before: (&Cell, &Rows), after: (&Cell, &Rows)) -> Change {
    // A median that is not reached is no obstacle here; every other one is.
    let known = |cell: &Cell| Cell { value: cell.value.or(cell.low), ..cell.clone() };
    if let Err(verdict) = comparable(metric, &known(before.0), &known(after.0)) {
        return silent(verdict, before.0, after.0);
    }
    let flat = |rows: &Rows| rows.values().flatten().copied().collect::<Vec<f64>>();
    let is_clear = |p_value: f64| p_value < 2.0 * TAIL;
    let Some(test) = log_rank(&flat(before.1), &flat(after.1)).filter(|test| is_clear(test.p_value)) else {
        return silent(Verdict::NoClearChange, before.0, after.0);
    };
    let is_longer = match (before.0.value, after.0.value) {
        (Some(earlier), Some(later)) if earlier < later => true,
        (Some(earlier), Some(later)) if earlier > later => false,
        // More ends than expected among the earlier ones: they ended sooner.
        _ => test.observed > test.expected,
    };
    silent(if is_longer { Verdict::Up } else { Verdict::Down }, before.0, after.0)
}

/// Later minus earlier quantile with the hull of the intervals by rows and, where there are enough of
/// them, by services.
fn difference(metric: &Metric, p: f64, before: (&Cell, &Rows), after: (&Cell, &Rows)) -> Option<Interval> {
    let estimate = after.0.value? - before.0.value?;
    let mut hull = Interval { estimate, low: f64::INFINITY, high: f64::NEG_INFINITY };
    let mut widen = |earlier: &[f64], later: &[f64]| -> Option<()> {
        let mut differences: Vec<f64> = later.iter().zip(earlier).map(|(later, earlier)| later - earlier).collect();
        hull.low = hull.low.min(type_7(&mut differences, TAIL)?);
        hull.high = hull.high.max(type_7(&mut differences, 1.0 - TAIL)?);
        Some(())
    };
    let (mut earlier, mut later) = (generator(metric, before.0), generator(metric, after.0));
    widen(&by_rows(before.1, p, &mut earlier)?, &by_rows(after.1, p, &mut later)?)?;
    if let (Some(from), Some(to)) = (Clusters::new(metric.kind, before.1), Clusters::new(metric.kind, after.1)) {
        let (mut earlier, mut later) = (generator(metric, before.0), generator(metric, after.0));
        widen(&from.redrawn(p, &mut earlier), &to.redrawn(p, &mut later))?;
    }
    Some(hull)
}

/// Random numbers that begin with what was asked.
pub(super) fn generator(metric: &Metric, cell: &Cell) -> ChaCha8Rng {
    let question = format!(
        "{}|{}|{}|{}|{}|{}|default|{}",
        metric.id, cell.statistic, cell.scope_kind, cell.scope, cell.period_start, cell.period_end, metric.version
    );
    let digest = Sha256::digest(question.as_bytes());
    ChaCha8Rng::seed_from_u64(digest.iter().take(8).fold(0, |seed, byte| (seed << 8) | u64::from(*byte)))
}

/// The quantile of each resample of as many rows as there are, each drawn from all; nothing without any.
fn by_rows(rows: &Rows, p: f64, random: &mut ChaCha8Rng) -> Option<Vec<f64>> {
    let mut sorted: Vec<f64> = rows.values().flatten().copied().collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut times = vec![0_u32; sorted.len()];
    let mut quantiles = Vec::with_capacity(RESAMPLES);
    for _ in 0..RESAMPLES {
        times.fill(0);
        for _ in 0..sorted.len() {
            *times.get_mut(random.random_range(0..sorted.len()))? += 1;
        }
        let drawn = sorted.iter().copied().zip(times.iter().copied());
        quantiles.extend(type_7_of(drawn, sorted.len() as u64, p));
    }
    (!sorted.is_empty()).then_some(quantiles)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::find;
    use crate::functions::episode;
    use waymark_event::Instant;

    fn cell(statistic: &str, value: Option<f64>, rows: &Rows) -> Cell {
        let count: usize = rows.values().map(Vec::len).sum();
        Cell {
            statistic: statistic.to_owned(),
            scope_kind: "organisation".to_owned(),
            scope: "acme".to_owned(),
            period_start: Instant::from_micros(0),
            period_end: Instant::from_micros(86_400_000_000),
            value,
            low: value,
            high: value,
            sample_size: i64::try_from(count).ok(),
            numerator: None,
            denominator: None,
            coverage: Some(1.0),
            is_partial: false,
        }
    }

    /// Rows of so many services, each with its own level and a spread that is the same for all.
    fn rows(services: u32, each: u32, level: impl Fn(u32) -> f64) -> Rows {
        (0..services)
            .map(|service| (format!("s{service}"), (0..each).map(|row| level(service) + f64::from(row)).collect()))
            .collect()
    }

    fn median(rows: &Rows) -> Option<f64> {
        type_7(&mut rows.values().flatten().copied().collect::<Vec<_>>(), 0.5)
    }

    fn compare(before: &Rows, after: &Rows) -> Change {
        let metric = find("change_lead_time").unwrap();
        // Another period is another question, so it is drawn by other numbers.
        let day = Instant::from_micros(-86_400_000_000);
        let earlier = Cell { period_start: day, period_end: Instant::from_micros(0), ..cell("p50", median(before), before) };
        change(metric, (&earlier, before), (&cell("p50", median(after), after), after))
    }

    #[test]
    fn a_question_has_one_answer() {
        let (before, after) = (rows(3, 20, |_| 100.0), rows(3, 20, |_| 104.0));
        assert_eq!(compare(&before, &after), compare(&before, &after));
    }

    #[test]
    fn medians_far_apart_have_moved_and_near_ones_have_not() {
        let before = rows(2, 30, |_| 100.0);
        assert_eq!(compare(&before, &rows(2, 30, |_| 140.0)).verdict, Verdict::Up);
        assert_eq!(compare(&before, &rows(2, 30, |_| 60.0)).verdict, Verdict::Down);
        let same = compare(&before, &before);
        assert_eq!(same.verdict, Verdict::NoClearChange);
        assert!(same.low.unwrap() < 0.0 && same.high.unwrap() > 0.0, "{same:?}");
    }

    #[test]
    fn the_interval_is_about_as_wide_as_theory_says() {
        // 400 values spread evenly over 400: the median has a standard error of 0.5 · 400 / √400 = 10, the
        // difference of two of 10 · √2 = 14.1, so 95 % are within 27.7 of it.
        let before = rows(1, 400, |_| 0.0);
        let found = compare(&before, &before);
        let half_width = (found.high.unwrap() - found.low.unwrap()) / 2.0;
        assert!((half_width - 27.7).abs() < 2.5, "{half_width}");
    }

    #[test]
    fn services_that_differ_widen_the_interval() {
        // Ten services of 40 rows: by rows the median is well known, by services it is not.
        let (before, after) =
            (rows(10, 40, |service| f64::from(service) * 100.0), rows(10, 40, |service| f64::from(service) * 100.0 + 120.0));
        let found = compare(&before, &after);
        assert_eq!(found.verdict, Verdict::NoClearChange, "{found:?}");
        let pooled = |rows: &Rows| Rows::from([("all".to_owned(), rows.values().flatten().copied().collect())]);
        assert_eq!(compare(&pooled(&before), &pooled(&after)).verdict, Verdict::Up);
    }

    #[test]
    fn the_gates_of_a_comparison_hold_for_rows_too() {
        let metric = find("change_lead_time").unwrap();
        let (before, after) = (rows(2, 30, |_| 100.0), rows(2, 30, |_| 140.0));
        let verdict = |adjust: &dyn Fn(&mut Cell)| {
            let mut later = cell("p50", median(&after), &after);
            adjust(&mut later);
            change(metric, (&cell("p50", median(&before), &before), &before), (&later, &after)).verdict
        };
        assert_eq!(verdict(&|_| ()), Verdict::Up);
        assert_eq!(verdict(&|cell| cell.sample_size = Some(5)), Verdict::TooFew);
        assert_eq!(verdict(&|cell| cell.is_partial = true), Verdict::NoClearChange);
        assert_eq!(verdict(&|cell| cell.coverage = Some(0.5)), Verdict::MeasurementChanged);
    }

    #[test]
    fn recoveries_differ_by_the_log_rank_test() {
        let metric = &Metric { kind: Statistic::Survival, ..*find("change_lead_time").unwrap() };
        let group = |ended: &[f64], open: &[f64]| {
            let episodes = ended.iter().map(|time| (*time, true)).chain(open.iter().map(|time| (*time, false)));
            Rows::from([("checkout".to_owned(), episodes.map(|(time, is_event)| episode(time, is_event).unwrap()).collect())])
        };
        // The golden groups: medians of 8 and 2 hours, p = 0.04096.
        let slow = group(&[1.0, 2.0, 3.0, 8.0], &[5.0, 30.0, 72.0]);
        let fast = group(&[1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0], &[]);
        let judge = |before: (&Rows, Option<f64>), after: (&Rows, Option<f64>)| {
            change(metric, (&cell("p50", before.1, before.0), before.0), (&cell("p50", after.1, after.0), after.0)).verdict
        };
        assert_eq!(judge((&slow, Some(8.0)), (&fast, Some(2.0))), Verdict::Down);
        assert_eq!(judge((&fast, Some(2.0)), (&slow, Some(8.0))), Verdict::Up);
        assert_eq!(judge((&slow, Some(8.0)), (&slow, Some(8.0))), Verdict::NoClearChange);
        // A median that is not reached does not keep the test from seeing what it sees.
        let stuck = group(&[1.0, 2.0], &[50.0, 60.0, 70.0, 80.0, 90.0]);
        let unreached = Cell { value: None, low: Some(90.0), high: None, ..cell("p50", None, &stuck) };
        let found = change(metric, (&cell("p50", Some(2.0), &fast), &fast), (&unreached, &stuck));
        assert_eq!((found.verdict, found.after), (Verdict::Up, None));
    }
}
