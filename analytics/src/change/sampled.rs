//! The difference of two quantiles from the rows behind them: by resampling for durations that ended,
//! by the log-rank test where some are open.
//!
//! Rows are drawn from both periods independently, and with enough services also whole services,
//! because rows of one service resemble each other; the hull of both intervals counts. Random numbers
//! begin with the question itself, so the same question has the same answer. Where the rows come from
//! belongs to `compare.rs`.

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
fn probability(statistic: &str) -> Option<f64> {
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
    let (earlier, later) = (Ranked::new(before.1)?, Ranked::new(after.1)?);
    let mut hull = Interval { estimate, low: f64::INFINITY, high: f64::NEG_INFINITY };
    let mut widen = |draw: &dyn Fn(&Ranked, &mut ChaCha8Rng, &mut [u32])| -> Option<()> {
        let earlier = earlier.redrawn(p, &mut generator(metric, before.0), draw);
        let later = later.redrawn(p, &mut generator(metric, after.0), draw);
        let mut differences: Vec<f64> = later.iter().zip(&earlier).map(|(later, earlier)| later - earlier).collect();
        hull.low = hull.low.min(type_7(&mut differences, TAIL)?);
        hull.high = hull.high.max(type_7(&mut differences, 1.0 - TAIL)?);
        Some(())
    };
    widen(&Ranked::draw_rows)?;
    if before.1.len() >= SERVICES_MIN && after.1.len() >= SERVICES_MIN {
        widen(&Ranked::draw_services)?;
    }
    Some(hull)
}

/// The cell with the hull of its limits and of those that drawing whole services gives.
pub(crate) fn widened(metric: &Metric, cell: Cell, rows: &Rows) -> Cell {
    let Some((low, high)) = limits_by_service(metric, &cell, rows) else { return cell };
    let hull = |known: Option<f64>, found: f64, outer: fn(f64, f64) -> f64| known.map(|known| outer(known, found));
    Cell { low: hull(cell.low, low, f64::min), high: hull(cell.high, high, f64::max), ..cell }
}

/// The limits of one quantile when whole services are drawn; nothing with too few of them.
fn limits_by_service(metric: &Metric, cell: &Cell, rows: &Rows) -> Option<(f64, f64)> {
    let p = probability(&cell.statistic).filter(|_| rows.len() >= SERVICES_MIN)?;
    let mut drawn = Ranked::new(rows)?.redrawn(p, &mut generator(metric, cell), &Ranked::draw_services);
    Some((type_7(&mut drawn, TAIL)?, type_7(&mut drawn, 1.0 - TAIL)?))
}

/// Random numbers that begin with what was asked.
fn generator(metric: &Metric, cell: &Cell) -> ChaCha8Rng {
    let question = format!(
        "{}|{}|{}|{}|{}|{}|default|{}",
        metric.id, cell.statistic, cell.scope_kind, cell.scope, cell.period_start, cell.period_end, metric.version
    );
    let digest = Sha256::digest(question.as_bytes());
    ChaCha8Rng::seed_from_u64(digest.iter().take(8).fold(0, |seed, byte| (seed << 8) | u64::from(*byte)))
}

/// A sample in order, with the ranks that belong to each service: to draw is then to count ranks.
struct Ranked {
    sorted: Vec<f64>,
    services: Vec<Vec<usize>>,
}

impl Ranked {
    fn new(rows: &Rows) -> Option<Self> {
        let mut all: Vec<(f64, usize)> =
            rows.values().enumerate().flat_map(|(place, values)| values.iter().map(move |value| (*value, place))).collect();
        all.sort_unstable_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
        let mut services = vec![Vec::new(); rows.len()];
        for (rank, (_, place)) in all.iter().enumerate() {
            services.get_mut(*place)?.push(rank);
        }
        (!all.is_empty()).then(|| Self { sorted: all.into_iter().map(|(value, _)| value).collect(), services })
    }

    /// The quantile of each resample.
    fn redrawn(&self, p: f64, random: &mut ChaCha8Rng, draw: &dyn Fn(&Self, &mut ChaCha8Rng, &mut [u32])) -> Vec<f64> {
        let mut times = vec![0_u32; self.sorted.len()];
        let mut quantiles = Vec::with_capacity(RESAMPLES);
        for _ in 0..RESAMPLES {
            times.fill(0);
            draw(self, random, &mut times);
            quantiles.extend(self.quantile(&times, p));
        }
        quantiles
    }

    /// As many rows as there are, each drawn from all.
    fn draw_rows(&self, random: &mut ChaCha8Rng, times: &mut [u32]) {
        for _ in 0..self.sorted.len() {
            if let Some(count) = times.get_mut(random.random_range(0..self.sorted.len())) {
                *count += 1;
            }
        }
    }

    /// As many services as there are, each drawn from all, with all of its rows.
    fn draw_services(&self, random: &mut ChaCha8Rng, times: &mut [u32]) {
        for _ in 0..self.services.len() {
            for rank in self.services.get(random.random_range(0..self.services.len())).into_iter().flatten() {
                if let Some(count) = times.get_mut(*rank) {
                    *count += 1;
                }
            }
        }
    }

    /// The quantile of type 7 of a resample that holds each value so many times.
    fn quantile(&self, times: &[u32], p: f64) -> Option<f64> {
        let size: u64 = times.iter().map(|count| u64::from(*count)).sum();
        let place = size.checked_sub(1)? as f64 * p;
        let (mut below, mut lower) = (0_u64, None);
        for (value, count) in self.sorted.iter().zip(times).filter(|(_, count)| **count > 0) {
            below += u64::from(*count);
            if lower.is_none() && below as f64 > place.floor() {
                lower = Some(*value);
            }
            // The next value in order, which may be the same one drawn again.
            if below as f64 > place.floor() + 1.0 || (below == size && lower.is_some()) {
                let lower = lower?;
                return Some(lower + place.fract() * (*value - lower));
            }
        }
        lower
    }
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
    fn a_resample_has_the_quantile_of_its_values() {
        let ranked = Ranked::new(&rows(1, 5, |_| 10.0)).unwrap();
        for (times, p) in [
            ([1, 1, 1, 1, 1], 0.5),
            ([2, 0, 0, 0, 3], 0.5),
            ([0, 0, 5, 0, 0], 0.9),
            ([1, 0, 0, 0, 1], 0.75),
            ([0, 1, 0, 3, 1], 0.9),
        ] {
            let mut values: Vec<f64> =
                (0_u32..).zip(times).flat_map(|(rank, times)| vec![10.0 + f64::from(rank); times as usize]).collect();
            let (found, expected) = (ranked.quantile(&times, p).unwrap(), type_7(&mut values, p).unwrap());
            assert!((found - expected).abs() < 1e-12, "{times:?}: {found} is not {expected}");
        }
        assert_eq!(ranked.quantile(&[0; 5], 0.5), None);
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
        let metric = find("change_lead_time").unwrap();
        let (low, high) = limits_by_service(metric, &cell("p50", median(&before), &before), &before).unwrap();
        assert!(low < 300.0 && high > 600.0, "{low} {high}");
        let narrow = Cell { low: Some(430.0), high: Some(500.0), ..cell("p50", median(&before), &before) };
        let wide = widened(metric, narrow.clone(), &before);
        assert_eq!((wide.low, wide.high), (Some(low), Some(high)));
        let kept = widened(metric, Cell { low: Some(-1.0), high: Some(5_000.0), ..narrow }, &before);
        assert_eq!((kept.low, kept.high), (Some(-1.0), Some(5_000.0)));
        let few = rows(7, 40, |_| 1.0);
        assert_eq!(limits_by_service(metric, &cell("p50", median(&few), &few), &few), None);
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
