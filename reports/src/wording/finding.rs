//! The words for a change: one pattern per verdict. Below the noise no direction is said, only how large the difference is
//! and how large it may be.

use crate::wording::{self, number::between};
use waymark_analytics::{Better, Change, Metric, Statistic, Unit, Verdict};

/// What a change means for the reader, by the catalogue's `better`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// It moved the way that is better.
    Better,
    /// It moved the way that is worse.
    Worse,
    /// It did not move, or neither way is better.
    #[default]
    Neutral,
}

/// What a change means for the reader.
pub fn tone(metric: &Metric, change: &Change) -> Tone {
    match (change.verdict, metric.better) {
        (Verdict::Up, Better::Higher) | (Verdict::Down, Better::Lower) => Tone::Better,
        (Verdict::Up, Better::Lower) | (Verdict::Down, Better::Higher) => Tone::Worse,
        _ => Tone::Neutral,
    }
}

/// Whether both periods could be compared at all.
pub(crate) const fn is_comparable(change: &Change) -> bool {
    !matches!(change.verdict, Verdict::TooFew | Verdict::MeasurementChanged)
}

/// Whether the verdict is a direction.
pub(crate) const fn is_clear(change: &Change) -> bool {
    matches!(change.verdict, Verdict::Up | Verdict::Down)
}

/// The verdict alone: `up`, `down`, `no clear change`.
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Up => "up",
        Verdict::Down => "down",
        Verdict::NoClearChange => "no clear change",
        Verdict::MeasurementChanged => "not compared, coverage differs",
        Verdict::TooFew => "too few to compare",
    }
}

/// A sign for the verdict, for places without room; the words stand beside it for those who read.
pub fn arrow(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Up => "↑",
        Verdict::Down => "↓",
        Verdict::NoClearChange => "→",
        Verdict::MeasurementChanged => "≠",
        Verdict::TooFew => "·",
    }
}

/// The verdict with where the value came from and how far it went: `down from 2.4 d (−12 h, 95 % interval −20 to −3)`,
/// `no clear change from 75 % (+2 points, 95 % interval −3 to +7)`.
pub fn change(metric: &Metric, change: &Change) -> String {
    let words = verdict(change.verdict);
    match (change.verdict, change.before) {
        (Verdict::Up | Verdict::Down | Verdict::NoClearChange, Some(before)) => {
            let from = before_beside_after(metric, before, change.after);
            let far = difference(metric, change).map_or_else(String::new, |far| format!(" ({far})"));
            format!("{words} from {from}{far}")
        }
        _ => words.to_owned(),
    }
}

/// The difference and its limits, whether it is clear or not: `+0.5 points, 95 % interval +0.1 to +0.9`; of a rate or a
/// count, which are compared by their ratio, in per cent of what was before. The intervals of both values may overlap all
/// the same, and this says why a change is clear, or how large one may be that is not.
pub(crate) fn difference(metric: &Metric, change: &Change) -> Option<String> {
    let (estimate, low, high) = (change.difference?, change.low?, change.high?);
    let is_ratio = matches!(metric.kind, Statistic::Rate | Statistic::Events | Statistic::Level);
    let largest = low.abs().max(high.abs());
    let (none, part, sign) = match metric.unit {
        _ if is_ratio => (1.0, 0.01, " %"),
        Unit::Share => (0.0, 0.01, " points"),
        Unit::Seconds => (0.0, wording::step(largest).seconds, wording::sign(Unit::Seconds, largest)),
        Unit::PerServiceWeek | Unit::DaysPerWeek | Unit::Points | Unit::Count => (0.0, 1.0, ""),
    };
    let told = |number: f64| (number - none) / part;
    let (estimate, [low, high]) = between(told(estimate), [told(low), told(high)]);
    let sign = if sign == " points" && matches!(estimate.as_str(), "+1" | "−1") { " point" } else { sign };
    let limits = match metric.kind {
        _ if low == high => String::new(),
        // A census has no noise: its limits are what is unknown at both ends.
        Statistic::Census => format!(", {low} to {high} with unknown"),
        _ => format!(", 95 % interval {low} to {high}"),
    };
    Some(format!("{estimate}{sign}{limits}"))
}

/// The finding as a chart's title: `Change lead time fell from 1.9 d to 23 h`.
pub fn title(metric: &Metric, change: &Change) -> String {
    let verb = match change.verdict {
        Verdict::Up => "rose",
        Verdict::Down => "fell",
        other => return format!("{}: {}", metric.title, verdict(other)),
    };
    match (change.before, change.after) {
        (Some(before), Some(after)) => {
            let from = wording::together_short(metric.unit, &[before, after]).into_iter().next().unwrap_or_default();
            let to = wording::together(metric.unit, &[before, after]).pop().unwrap_or_default();
            format!("{} {verb} from {from} to {to}", metric.title)
        }
        _ => format!("{}: {}", metric.title, verdict(change.verdict)),
    }
}

/// The earlier value in the unit in which the later one stands beside it, unless that took three digits and more.
fn before_beside_after(metric: &Metric, before: f64, after: Option<f64>) -> String {
    let is_readable = |after: &f64| before.abs() < 100.0 * wording::step(*after).seconds;
    let beside = after.filter(is_readable).unwrap_or(before);
    wording::number(metric.unit, wording::step(beside), before) + wording::sign(metric.unit, beside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use waymark_analytics::find;

    fn moved(verdict: Verdict, before: f64, after: f64) -> Change {
        Change { verdict, before: Some(before), after: Some(after), difference: None, low: None, high: None }
    }

    #[test]
    fn a_finding_says_from_and_to_in_one_unit() {
        let lead_time = find("change_lead_time").unwrap();
        let fell = moved(Verdict::Down, 165_600.0, 82_800.0);
        assert_eq!(title(lead_time, &fell), "Change lead time fell from 1.9 d to 0.96 d");
        assert_eq!(tone(lead_time, &fell), Tone::Better);
        let rate = find("deployment_frequency").unwrap();
        let rose = moved(Verdict::Up, 2.1, 3.2);
        assert_eq!(title(rate, &rose), "Deployment frequency rose from 2.1 to 3.2 per service and week");
        assert_eq!(change(rate, &rose), "up from 2.1");
    }

    /// A change by so much, between limits.
    fn far(id: &str, verdict: Verdict, [before, after]: [f64; 2], difference: f64, [low, high]: [f64; 2]) -> String {
        let limits = Change { difference: Some(difference), low: Some(low), high: Some(high), ..moved(verdict, before, after) };
        change(find(id).unwrap(), &limits)
    }

    #[test]
    fn a_clear_change_says_how_far_it_went() {
        // A rate is compared by its ratio: 1.02 times as many are 2 % more.
        let rate = far("deployment_frequency", Verdict::Up, [2.0, 2.1], 1.05, [1.02, 1.085]);
        assert_eq!(rate, "up from 2 (+5.0 %, 95 % interval +2.0 to +8.5)");
        let share = far("ci_success_rate", Verdict::Up, [0.92, 0.93], 0.009, [0.003, 0.0152]);
        assert_eq!(share, "up from 92 % (+0.9 points, 95 % interval +0.3 to +1.5)");
        let time = far("change_lead_time", Verdict::Down, [165_600.0, 82_800.0], -82_800.0, [-108_000.0, -10_800.0]);
        assert_eq!(time, "down from 46 h (−23 h, 95 % interval −30 to −3)");
        let score = far("nps", Verdict::Down, [29.0, -5.0], -34.0, [-60.4, -7.6]);
        assert_eq!(score, "down from +29 (−34, 95 % interval −60 to −8)");
        let little = far("ci_success_rate", Verdict::Up, [0.92, 0.93], 0.01, [0.000_43, 0.02]);
        assert_eq!(little, "up from 92 % (+1.00 points, 95 % interval +0.04 to +2.00)");
    }

    #[test]
    fn a_change_that_is_not_clear_says_how_large_it_may_be() {
        let share = far("ci_success_rate", Verdict::NoClearChange, [0.75, 0.77], 0.02, [-0.03, 0.07]);
        assert_eq!(share, "no clear change from 75 % (+2 points, 95 % interval −3 to +7)");
        let one = far("ci_success_rate", Verdict::NoClearChange, [0.92, 0.93], 0.01, [-0.01, 0.03]);
        assert_eq!(one, "no clear change from 92 % (+1 point, 95 % interval −1 to +3)");
        let rate = far("deployment_frequency", Verdict::NoClearChange, [2.0, 2.0], 1.0, [0.8, 1.25]);
        assert_eq!(rate, "no clear change from 2 (0 %, 95 % interval −20 to +25)");
        // The limits of a census are no interval: they are what is unknown.
        let census = far("adoption_rate", Verdict::NoClearChange, [0.5, 0.52], 0.02, [-0.03, 0.05]);
        assert_eq!(census, "no clear change from 50 % (+2 points, −3 to +5 with unknown)");
        let known = far("adoption_rate", Verdict::NoClearChange, [0.5, 0.52], 0.02, [0.02, 0.02]);
        assert_eq!(known, "no clear change from 50 % (+2 points)");
    }

    #[test]
    fn an_earlier_value_has_the_unit_of_the_later_one_where_that_can_be_read() {
        // A tile says 30 h beside it; what would be thousands of seconds keeps its own unit.
        let lead_time = find("change_lead_time").unwrap();
        let from = |after: f64| change(lead_time, &moved(Verdict::NoClearChange, 172_800.0, after));
        assert_eq!(from(108_000.0), "no clear change from 48 h");
        assert_eq!(from(60.0), "no clear change from 2 d");
    }

    #[test]
    fn nothing_is_narrated_below_the_noise() {
        let lead_time = find("change_lead_time").unwrap();
        let still = moved(Verdict::NoClearChange, 7_200.0, 7_100.0);
        assert_eq!(title(lead_time, &still), "Change lead time: no clear change");
        assert_eq!(change(lead_time, &still), "no clear change from 2 h");
        assert_eq!(tone(lead_time, &still), Tone::Neutral);
    }
}
