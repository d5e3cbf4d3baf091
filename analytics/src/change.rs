//! `change`: whether a metric moved between two periods, and when an arrow may be drawn.
//!
//! Up and down are directions of the value; whether that is an improvement is the catalogue's
//! `better`. Only closed forms stand here, so any two cells of a series can be compared. Rows of one
//! service resemble each other, which these intervals do not know; where the rows are at hand,
//! `compare.rs` asks `change/sampled.rs` and `change/clustered.rs`, which do.

pub(crate) mod clustered;
pub(crate) mod sampled;

use crate::catalogue::{Metric, Statistic};
use crate::functions::{TAIL, Z, wilson_limits};
use crate::series::Cell;
use statrs::distribution::{Beta, ContinuousCDF};
use waymark_event::Instant;

/// Fewer rows than this in either period never carry an arrow.
pub const SAMPLE_MIN: i64 = 6;

/// Coverages further apart than this mean that the measurement changed rather than the thing measured.
pub const COVERAGE_DISTANCE_MAX: f64 = 0.10;

/// What may be said about two periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The value rose, beyond what chance explains.
    Up,
    /// The value fell, beyond what chance explains.
    Down,
    /// Chance explains the difference, or a period is not over yet.
    NoClearChange,
    /// The periods saw too different shares of their rows to be compared.
    MeasurementChanged,
    /// One of the periods has too few rows, or no value at all.
    TooFew,
}

impl Verdict {
    /// The verdict as interfaces name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::NoClearChange => "no_clear_change",
            Self::MeasurementChanged => "measurement_changed",
            Self::TooFew => "too_few",
        }
    }
}

/// Two values of one statistic and how far apart they are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// What may be said.
    pub verdict: Verdict,
    /// The earlier value, in the metric's unit; null = unknown.
    pub before: Option<f64>,
    /// The later value, in the metric's unit; null = unknown.
    pub after: Option<f64>,
    /// Later minus earlier value, for rates and counts the ratio later by earlier; null when not comparable.
    pub difference: Option<f64>,
    /// Lower limit (95 %) of `difference`, for a census its lower bound; null when not comparable.
    pub low: Option<f64>,
    /// Upper limit (95 %) of `difference`, for a census its upper bound; null when not comparable.
    pub high: Option<f64>,
}

/// An estimate between its limits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Interval {
    pub(crate) estimate: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// Compares two cells of one metric, statistic and scope; both were computed by the same definition.
pub fn change(metric: &Metric, before: &Cell, after: &Cell) -> Change {
    let (from, to) = match comparable(metric, before, after) {
        Ok(both) => both,
        Err(verdict) => return silent(verdict, before, after),
    };
    let difference = match metric.kind {
        Statistic::Rate => rate_ratio((before.numerator, before.denominator), (after.numerator, after.denominator)),
        Statistic::Events => rate_ratio((before.value, Some(length(before))), (after.value, Some(length(after)))),
        Statistic::Level => rate_ratio((before.value, Some(1.0)), (after.value, Some(1.0))),
        Statistic::Score => Some(score_difference(before, after, from, to)),
        Statistic::Census => Some(bounds_of_difference(from, to)),
        // With Wilson limits this is Newcombe's hybrid score interval. For quantiles it works with their own
        // limits and is the closed form of what `sampled.rs` finds out from the rows.
        Statistic::Proportion | Statistic::Quantile | Statistic::Survival => Some(square_and_add(from, to)),
    };
    let Some(difference) = difference else {
        return silent(Verdict::NoClearChange, before, after);
    };
    judged(verdict(metric.kind, difference, before, after), difference, before, after)
}

/// A share that was counted outside of any series, so that it can be told and compared like a cell of one. Nothing is
/// said about its coverage; where nothing was counted it has no value.
pub fn counted_share(metric: &Metric, numerator: u32, denominator: u32) -> Cell {
    let (part, whole) = (f64::from(numerator), f64::from(denominator));
    let limits = wilson_limits(part, whole);
    Cell {
        statistic: metric.headline().to_owned(),
        scope_kind: String::new(),
        scope: String::new(),
        period_start: Instant::default(),
        period_end: Instant::default(),
        value: limits.map(|_| part / whole),
        low: limits.map(|(low, _)| low),
        high: limits.map(|(_, high)| high),
        sample_size: Some(i64::from(denominator)),
        numerator: Some(part),
        denominator: Some(whole),
        coverage: None,
        is_partial: false,
    }
}

/// A verdict with the difference that it rests on.
pub(crate) fn judged(verdict: Verdict, difference: Interval, before: &Cell, after: &Cell) -> Change {
    Change {
        difference: Some(difference.estimate),
        // An interval without end has no limit there.
        low: Some(difference.low).filter(|low| low.is_finite()),
        high: Some(difference.high).filter(|high| high.is_finite()),
        ..silent(verdict, before, after)
    }
}

/// A verdict without any difference.
pub(crate) fn silent(verdict: Verdict, before: &Cell, after: &Cell) -> Change {
    Change { verdict, before: before.value, after: after.value, difference: None, low: None, high: None }
}

/// Both cells as intervals, or why nothing may be said about them.
pub(crate) fn comparable(metric: &Metric, before: &Cell, after: &Cell) -> Result<(Interval, Interval), Verdict> {
    if !has_rows(before) || !has_rows(after) {
        return Err(Verdict::TooFew);
    }
    if !is_same_measurement(before.coverage, after.coverage) {
        return Err(Verdict::MeasurementChanged);
    }
    if before.is_partial || after.is_partial {
        return Err(Verdict::NoClearChange);
    }
    match (interval(metric.kind, before), interval(metric.kind, after)) {
        (Some(from), Some(to)) => Ok((from, to)),
        // Rows enough, and more than half of the episodes are open: that is a finding, not a lack of rows.
        _ if metric.kind == Statistic::Survival => Err(Verdict::NoClearChange),
        _ => Err(Verdict::TooFew),
    }
}

/// Whether the cell rests on enough rows for the common minimum.
fn has_rows(cell: &Cell) -> bool {
    cell.sample_size.is_some_and(|rows| rows >= SAMPLE_MIN)
}

/// The cell as an interval; nothing without a value, which is null below its statistic's own minimum.
/// Without limits the value is its own limits, except that open episodes leave the upper end open.
fn interval(kind: Statistic, cell: &Cell) -> Option<Interval> {
    let estimate = cell.value?;
    let end = if kind == Statistic::Survival { f64::INFINITY } else { estimate };
    Some(Interval { estimate, low: cell.low.unwrap_or(estimate), high: cell.high.unwrap_or(end) })
}

/// The length of a cell's period in days: a longer month has more events.
fn length(cell: &Cell) -> f64 {
    (cell.period_end.micros() - cell.period_start.micros()) as f64 / 86_400_000_000.0
}

fn is_same_measurement(before: Option<f64>, after: Option<f64>) -> bool {
    // Shares such as 0.8 and 0.9 are ten points apart in print, but not as doubles.
    const ROUNDING: f64 = 1e-9;
    match (before, after) {
        (Some(before), Some(after)) => (after - before).abs() <= COVERAGE_DISTANCE_MAX + ROUNDING,
        (None, None) => true,
        _ => false,
    }
}

fn verdict(kind: Statistic, difference: Interval, before: &Cell, after: &Cell) -> Verdict {
    let nothing = if matches!(kind, Statistic::Rate | Statistic::Events | Statistic::Level) { 1.0 } else { 0.0 };
    let (rose, fell) = match kind {
        // A share also moves when the number of eligible units does, and that is no adoption.
        Statistic::Census => match (counted(before), counted(after)) {
            (Some((least_before, most_before)), Some((least, most))) => (least > most_before, most < least_before),
            _ => (false, false),
        },
        _ => (true, true),
    };
    if difference.low > nothing && rose {
        Verdict::Up
    } else if difference.high < nothing && fell {
        Verdict::Down
    } else {
        Verdict::NoClearChange
    }
}

/// The least and the most units that a census may have found, whatever the unknown ones turn out to be.
fn counted(cell: &Cell) -> Option<(f64, f64)> {
    let all = cell.denominator?;
    let units = |share: Option<f64>| Some((share.or(cell.value)? * all).round());
    units(cell.low).zip(units(cell.high))
}

/// The difference of two independent estimates, from the limits of each: the near limits give the
/// lower one, the far limits the upper one.
fn square_and_add(from: Interval, to: Interval) -> Interval {
    let estimate = to.estimate - from.estimate;
    let below = (to.estimate - to.low).hypot(from.high - from.estimate);
    let above = (to.high - to.estimate).hypot(from.estimate - from.low);
    Interval { estimate, low: estimate - below, high: estimate + above }
}

/// A census has no noise: the difference lies between the extremes that unknown units allow.
fn bounds_of_difference(from: Interval, to: Interval) -> Interval {
    Interval { estimate: to.estimate - from.estimate, low: to.low - from.high, high: to.high - from.low }
}

/// The later rate by the earlier one. Given their sum, the later events are binomial, so the exact
/// limits of Clopper and Pearson for that share become limits of the ratio. Each side is its events and
/// its exposure.
fn rate_ratio(before: (Option<f64>, Option<f64>), after: (Option<f64>, Option<f64>)) -> Option<Interval> {
    let (earlier, later) = (before.0?, after.0?);
    let exposure = before.1? / after.1?;
    let is_defined = earlier > 0.0 && later >= 0.0 && exposure > 0.0 && exposure.is_finite();
    if !is_defined {
        return None;
    }
    let low = if later > 0.0 { beta_quantile(later, earlier + 1.0, TAIL)? } else { 0.0 };
    let high = beta_quantile(later + 1.0, earlier, 1.0 - TAIL)?;
    let ratio = |share: f64| share / (1.0 - share) * exposure;
    Some(Interval { estimate: later / earlier * exposure, low: ratio(low), high: ratio(high) })
}

fn beta_quantile(successes: f64, failures: f64, probability: f64) -> Option<f64> {
    Some(Beta::new(successes, failures).ok()?.inverse_cdf(probability))
}

/// Two waves of a survey are independent, so their squared standard errors add up. Limits that do
/// not come from the adjusted Wald interval are squared and added themselves.
fn score_difference(before: &Cell, after: &Cell, from: Interval, to: Interval) -> Interval {
    let (Some(earlier), Some(later)) = (score_variance(before, from), score_variance(after, to)) else {
        return square_and_add(from, to);
    };
    let estimate = to.estimate - from.estimate;
    let half_width = Z * (earlier + later).sqrt();
    Interval { estimate, low: estimate - half_width, high: estimate + half_width }
}

/// The squared standard error of a score, in points squared.
///
/// A cell holds the score P − D but not P + D, which the error also needs. The adjusted Wald limits
/// do: their half-width is that of P' + D' around a centre that score and sample size fix.
fn score_variance(cell: &Cell, score: Interval) -> Option<f64> {
    const TOLERANCE: f64 = 1e-6;
    let answers = cell.sample_size? as f64;
    let total = answers + 3.0;
    let net = score.estimate / 100.0;
    let centre = net * answers / total;
    let below = centre - score.low / 100.0;
    let above = score.high / 100.0 - centre;
    // A limit at the end of the scale was cut off there; the other one still tells the width.
    let (is_low_whole, is_high_whole) = (score.low > -100.0, score.high < 100.0);
    let half_width = match (is_low_whole, is_high_whole) {
        (true, true) if (below - above).abs() < TOLERANCE => below,
        (true, false) if above < below + TOLERANCE => below,
        (false, true) if below < above + TOLERANCE => above,
        _ => return None,
    };
    let spread = (half_width / Z).powi(2) * total + centre * centre;
    let extreme = (spread * total - 1.5) / answers;
    let variance = (extreme - net * net) / answers;
    (variance > -TOLERANCE).then(|| variance.max(0.0) * 10_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::find;
    use crate::functions::{Function, functions};

    fn cell(value: f64, limits: (f64, f64), sample_size: i64) -> Cell {
        Cell {
            statistic: "any".to_owned(),
            scope_kind: "service".to_owned(),
            scope: "checkout".to_owned(),
            period_start: Instant::from_micros(0),
            period_end: Instant::from_micros(1),
            value: Some(value),
            low: Some(limits.0),
            high: Some(limits.1),
            sample_size: Some(sample_size),
            numerator: None,
            denominator: None,
            coverage: Some(1.0),
            is_partial: false,
        }
    }

    /// A formula of the list that SQL sees, called as SQL would.
    fn formula(name: &str, numbers: &[f64]) -> f64 {
        use datafusion::common::config::ConfigOptions;
        use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs};
        use datafusion::scalar::ScalarValue;
        use std::sync::Arc;
        let field = Arc::new(arrow::datatypes::Field::new("f", arrow::datatypes::DataType::Float64, true));
        let found = functions().into_iter().find_map(|function| match function {
            Function::Scalar(scalar) if scalar.name() == name => Some(scalar),
            _ => None,
        });
        let arguments = ScalarFunctionArgs {
            args: numbers.iter().map(|number| ColumnarValue::Scalar(ScalarValue::Float64(Some(*number)))).collect(),
            arg_fields: vec![Arc::clone(&field); numbers.len()],
            number_rows: 1,
            return_field: field,
            config_options: Arc::new(ConfigOptions::default()),
        };
        match found.unwrap().invoke_with_args(arguments).unwrap() {
            ColumnarValue::Scalar(ScalarValue::Float64(Some(value))) => value,
            other => panic!("{name} answered {other:?}"),
        }
    }

    fn share(k: u32, n: u32) -> Cell {
        let (numerator, denominator) = (f64::from(k), f64::from(n));
        let counts = [numerator, denominator];
        Cell {
            numerator: Some(numerator),
            denominator: Some(denominator),
            ..cell(numerator / denominator, (formula("wilson_low", &counts), formula("wilson_high", &counts)), i64::from(n))
        }
    }

    fn rate(events: u32, exposure: f64) -> Cell {
        let count = f64::from(events);
        let limits = (formula("poisson_low", &[count]) / exposure, formula("poisson_high", &[count]) / exposure);
        Cell { numerator: Some(count), denominator: Some(exposure), ..cell(count / exposure, limits, i64::from(events)) }
    }

    fn ratio(before: &Cell, after: &Cell) -> Option<Interval> {
        rate_ratio((before.numerator, before.denominator), (after.numerator, after.denominator))
    }

    fn wave(promoters: u32, passives: u32, detractors: u32) -> Cell {
        let answers = promoters + passives + detractors;
        let counts = [f64::from(promoters), f64::from(answers), f64::from(detractors)];
        let score = 100.0 * (counts[0] - counts[2]) / counts[1];
        cell(score, (formula("nps_low", &counts), formula("nps_high", &counts)), i64::from(answers))
    }

    fn census(known: f64, unknown: f64, eligible: u32) -> Cell {
        let size = f64::from(eligible);
        let limits = (known / size, (known + unknown) / size);
        Cell { numerator: Some(known), denominator: Some(size), ..cell(known / size, limits, i64::from(eligible)) }
    }

    fn assert_change(id: &str, before: &Cell, after: &Cell, expected: (f64, f64, f64), tolerance: f64, verdict: Verdict) {
        let found = change(find(id).unwrap(), before, after);
        let numbers = [found.difference, found.low, found.high].map(Option::unwrap);
        for (number, golden) in numbers.iter().zip([expected.0, expected.1, expected.2]) {
            assert!((number - golden).abs() <= tolerance, "{id}: {numbers:?} is not {expected:?}");
        }
        assert_eq!(found.verdict, verdict, "{id}: {numbers:?}");
        assert_eq!((found.before, found.after), (before.value, after.value));
    }

    #[test]
    fn the_golden_shares_differ_as_newcombe_says() {
        for (before, after, expected, verdict) in [
            ((2, 20), (6, 20), (0.20, -0.0536, 0.4305), Verdict::NoClearChange),
            ((10, 100), (25, 100), (0.15, 0.0447, 0.2533), Verdict::Up),
            ((0, 10), (2, 10), (0.20, -0.1124, 0.5098), Verdict::NoClearChange),
            ((8, 40), (2, 45), (-0.1556, -0.3066, -0.0148), Verdict::Down),
            ((20, 100), (20, 100), (0.0, -0.1110, 0.1110), Verdict::NoClearChange),
        ] {
            let (before, after) = (share(before.0, before.1), share(after.0, after.1));
            assert_change("change_fail_rate", &before, &after, expected, 6e-5, verdict);
        }
    }

    #[test]
    fn a_share_outside_of_any_series_is_compared_like_one_of_it() {
        let metric = find("change_fail_rate").unwrap();
        let (before, after) = (counted_share(metric, 10, 100), counted_share(metric, 25, 100));
        assert_change("change_fail_rate", &before, &after, (0.15, 0.0447, 0.2533), 6e-5, Verdict::Up);
        assert_eq!(counted_share(metric, 0, 0).value, None);
        assert_eq!(change(metric, &counted_share(metric, 0, 0), &after).verdict, Verdict::TooFew);
    }

    #[test]
    fn the_golden_rates_differ_by_their_exact_ratio() {
        for (before, after, expected, tolerance, verdict) in [
            (20, 34, (1.70, 0.951, 3.117), 5e-4, Verdict::NoClearChange),
            (10, 30, (3.00, 1.427, 6.879), 5e-4, Verdict::Up),
            (40, 40, (1.0, 0.629, 1.590), 5e-4, Verdict::NoClearChange),
        ] {
            assert_change("deployment_frequency", &rate(before, 13.0), &rate(after, 13.0), expected, tolerance, verdict);
        }
        // Half the exposure before means that half the rate is gone after.
        let (before, after) = (rate(10, 1.0), rate(30, 2.0));
        assert_change("deployment_frequency", &before, &after, (1.5, 0.7135, 3.4395), 5e-4, Verdict::NoClearChange);
        let few = ratio(&rate(3, 1.0), &rate(6, 1.0)).unwrap();
        assert!((few.low - 0.427).abs() < 5e-4 && (few.high - 12.36).abs() < 5e-3, "{few:?}");
    }

    #[test]
    fn the_ratio_of_large_rates_is_that_of_the_normal_approximation() {
        for events in [1_000_u32, 20_000, 200_000] {
            let found = ratio(&rate(events, 1.0), &rate(events, 1.0)).unwrap();
            let half_width = Z * (2.0 / f64::from(events)).sqrt();
            // Exact limits are a little wider, by less than half a standard error in so many events.
            let excess = found.high.ln() / half_width - 1.0;
            assert!(excess > 0.0 && excess < 0.5 / f64::from(events).sqrt(), "{events}: {excess} {found:?}");
            assert!((found.low * found.high - 1.0).abs() < 1e-6, "{events}: {found:?}");
        }
    }

    #[test]
    fn the_ratio_of_very_unequal_rates_lies_between_its_limits() {
        for (earlier, later) in [(6, 300_000), (300_000, 6), (1, 1), (1_000_000, 1_000_001), (6, 7)] {
            let found = ratio(&rate(earlier, 1.0), &rate(later, 1.0)).unwrap();
            let mirrored = ratio(&rate(later, 1.0), &rate(earlier, 1.0)).unwrap();
            assert!(found.low < found.estimate && found.estimate < found.high, "{earlier} {later}: {found:?}");
            assert!((found.low * mirrored.high - 1.0).abs() < 1e-6, "{earlier} {later}: {found:?} {mirrored:?}");
        }
    }

    #[test]
    fn counts_of_events_are_compared_by_the_length_of_their_periods() {
        let count = |events: u32, days: i64| Cell {
            low: None,
            high: None,
            period_end: Instant::from_micros(days * 86_400_000_000),
            ..cell(f64::from(events), (0.0, 0.0), i64::from(events))
        };
        // Three times as many in the same time is the golden ratio 3.00; in thirty days instead of ten it is none.
        assert_change("deployment_count", &count(10, 30), &count(30, 30), (3.0, 1.427, 6.879), 5e-4, Verdict::Up);
        assert_change("deployment_count", &count(10, 10), &count(30, 30), (1.0, 0.4757, 2.293), 5e-4, Verdict::NoClearChange);
        // What waits at the end of a period does not grow with its length.
        assert_change("undeployed_changes", &count(10, 10), &count(30, 30), (3.0, 1.427, 6.879), 5e-4, Verdict::Up);
    }

    #[test]
    fn a_rate_that_stops_has_a_ratio_and_one_that_starts_has_none() {
        let stopped = ratio(&rate(10, 1.0), &rate(0, 1.0)).unwrap();
        // By hand: the upper limit of 0 in 10 is 1 − 0.025^(1/10) = 0.3085, and 0.3085 by 0.6915 is 0.4461.
        assert!(stopped.estimate.abs() < 1e-12 && stopped.low.abs() < 1e-12 && (stopped.high - 0.4461).abs() < 1e-4);
        assert_eq!(ratio(&rate(0, 1.0), &rate(10, 1.0)), None);
    }

    #[test]
    fn the_golden_waves_differ_by_their_standard_errors() {
        for (before, after, expected, verdict) in [
            ((15, 15, 15), (22, 14, 9), (28.889, -4.06, 61.84), Verdict::NoClearChange),
            ((100, 150, 100), (140, 140, 70), (20.0, 8.86, 31.14), Verdict::Up),
        ] {
            let (before, after) = (wave(before.0, before.1, before.2), wave(after.0, after.1, after.2));
            assert_change("nps", &before, &after, expected, 5e-3, verdict);
        }
    }

    #[test]
    fn the_error_of_a_wave_is_recovered_also_when_a_limit_is_cut_off() {
        for (promoters, passives, detractors, error) in
            [(20, 15, 10, 11.712), (7, 2, 1, 20.976), (5, 0, 0, 0.0), (150, 120, 80, 4.199), (3, 4, 8, 20.367), (0, 0, 5, 0.0)]
        {
            let cell = wave(promoters, passives, detractors);
            let limits = Interval { estimate: cell.value.unwrap(), low: cell.low.unwrap(), high: cell.high.unwrap() };
            let found = score_variance(&cell, limits).unwrap().sqrt();
            assert!((found - error).abs() < 1e-3, "{promoters}: {found}");
        }
    }

    #[test]
    fn limits_of_another_kind_are_squared_and_added() {
        let (before, after) = (cell(10.0, (0.0, 30.0), 50), cell(60.0, (50.0, 64.0), 50));
        // By hand: below √(10² + 20²) = 22.361, above √(4² + 10²) = 10.770.
        assert_change("nps", &before, &after, (50.0, 27.639, 60.770), 5e-4, Verdict::Up);
    }

    #[test]
    fn quantiles_move_when_their_limits_are_far_enough_apart() {
        let week = cell(100.0, (80.0, 130.0), 40);
        // By hand: below √(20² + 30²) = 36.056, above √(30² + 20²) = 36.056.
        assert_change("change_lead_time", &week, &week, (0.0, -36.056, 36.056), 5e-4, Verdict::NoClearChange);
        let slower = cell(150.0, (140.0, 170.0), 40);
        assert_change("change_lead_time", &week, &slower, (50.0, 18.377, 78.284), 5e-4, Verdict::Up);
        assert_change("change_lead_time", &slower, &week, (-50.0, -78.284, -18.377), 5e-4, Verdict::Down);
    }

    #[test]
    fn a_census_moves_when_units_join_and_unknown_ones_cannot_explain_it() {
        let before = census(45.0, 3.0, 60);
        for (after, expected, verdict) in [
            (census(50.0, 2.0, 60), (5.0 / 60.0, 2.0 / 60.0, 7.0 / 60.0), Verdict::Up),
            (census(47.0, 1.0, 60), (2.0 / 60.0, -1.0 / 60.0, 3.0 / 60.0), Verdict::NoClearChange),
            (census(40.0, 2.0, 60), (-5.0 / 60.0, -8.0 / 60.0, -3.0 / 60.0), Verdict::Down),
            (census(45.0, 0.0, 50), (0.15, 0.1, 0.15), Verdict::NoClearChange),
            // With fewer units the bounds of the share are apart, though the three unknown ones before would be as many.
            (census(48.0, 0.0, 59), (48.0 / 59.0 - 0.75, 48.0 / 59.0 - 0.8, 48.0 / 59.0 - 0.75), Verdict::NoClearChange),
            (census(50.0, 0.0, 80), (-0.125, -0.175, -0.125), Verdict::NoClearChange),
        ] {
            assert_change("adoption_rate", &before, &after, expected, 1e-9, verdict);
        }
    }

    #[test]
    fn an_arrow_needs_rows_complete_periods_and_the_same_measurement() {
        let metric = find("change_fail_rate").unwrap();
        let (before, after) = (share(10, 100), share(25, 100));
        let verdict_with = |adjust: &dyn Fn(&mut Cell)| {
            let mut other = after.clone();
            adjust(&mut other);
            let (forth, back) = (change(metric, &before, &other), change(metric, &other, &before));
            assert_eq!(forth.verdict == Verdict::Up, back.verdict == Verdict::Down);
            assert_eq!(forth.difference.is_none(), forth.verdict != Verdict::Up);
            forth.verdict
        };
        assert_eq!(verdict_with(&|_| ()), Verdict::Up);
        assert_eq!(verdict_with(&|cell| cell.sample_size = Some(5)), Verdict::TooFew);
        assert_eq!(verdict_with(&|cell| cell.sample_size = None), Verdict::TooFew);
        assert_eq!(verdict_with(&|cell| cell.value = None), Verdict::TooFew);
        assert_eq!(verdict_with(&|cell| cell.is_partial = true), Verdict::NoClearChange);
        assert_eq!(verdict_with(&|cell| cell.coverage = Some(0.9)), Verdict::Up);
        assert_eq!(verdict_with(&|cell| cell.coverage = Some(0.89)), Verdict::MeasurementChanged);
        assert_eq!(verdict_with(&|cell| cell.coverage = None), Verdict::MeasurementChanged);
    }
}
