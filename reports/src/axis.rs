//! Round values along an axis, and which periods get a label.
//!
//! Where a tick lies on the sheet belongs to `plane`; how a value is said belongs to `wording`.

use crate::advances::{self, Weight};
use crate::wording::{self, dates};
use waymark_analytics::{Unit, Window};

/// One labelled value of an axis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    pub(crate) at: f64,
    pub(crate) label: String,
}

/// The values that an axis spans, and its ticks from low to high.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scale {
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) ticks: Vec<Tick>,
}

/// Where an axis begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Foot {
    /// At zero: all that has an axis to be read, but for scores.
    Zero,
    /// Near the lowest value: scores, and shapes without an axis.
    Free,
}

/// Ticks above the lowest one.
const STEPS_MAX: f64 = 4.0;
/// Lengths of time that people count in, in seconds.
const DURATIONS: [f64; 30] = [
    1.0,
    2.0,
    5.0,
    10.0,
    15.0,
    30.0,
    60.0,
    120.0,
    300.0,
    600.0,
    900.0,
    1_800.0,
    3_600.0,
    7_200.0,
    10_800.0,
    14_400.0,
    21_600.0,
    28_800.0,
    43_200.0,
    86_400.0,
    172_800.0,
    259_200.0,
    432_000.0,
    604_800.0,
    1_209_600.0,
    2_419_200.0,
    4_838_400.0,
    9_676_800.0,
    17_280_000.0,
    34_560_000.0,
];

/// An axis over the values, with at most four round ticks.
pub(crate) fn scale(unit: Unit, lowest: f64, highest: f64, foot: Foot) -> Scale {
    let (floor, ceiling) = match unit {
        Unit::Share => (0.0, 1.0),
        Unit::Points => (-100.0, 100.0),
        Unit::DaysPerWeek => (0.0, 7.0),
        Unit::Seconds | Unit::PerServiceWeek | Unit::Count => (0.0, f64::MAX),
    };
    let highest = highest.min(ceiling);
    let lowest = if foot == Foot::Zero { lowest.min(0.0) } else { lowest };
    let least = match unit {
        Unit::Points => 40.0,
        Unit::Seconds => 10.0,
        Unit::Count => 4.0,
        Unit::DaysPerWeek => 1.0,
        Unit::Share | Unit::PerServiceWeek => 0.1,
    };
    // A flat line is not magnified until its noise looks like news.
    let span = (highest - lowest).max(least);
    let middle = f64::midpoint(highest, lowest);
    let low = if foot == Foot::Zero { lowest } else { lowest.min(middle - span / 2.0) };
    let high = highest.max(low + span);
    // A share that reaches everything needs no air above it: its limit is the tick.
    let high = if high >= ceiling { ceiling } else { (high + (high - low) * 0.06).min(ceiling) };
    let step = step(unit, low, high);
    let low = if foot == Foot::Zero { low } else { ((low / step).floor() * step).max(floor) };
    Scale { low, high, ticks: ticks(unit, low, high, step) }
}

/// The smallest round step with which the values need few ticks.
fn step(unit: Unit, low: f64, high: f64) -> f64 {
    let is_enough = |step: &f64| (high / step + 1e-9).floor() - (low / step + 1e-9).floor() <= STEPS_MAX;
    if unit == Unit::Seconds {
        return DURATIONS.iter().copied().find(is_enough).unwrap_or(34_560_000.0);
    }
    let decade = 10.0_f64.powf(((high - low) / STEPS_MAX).max(1e-6).log10().floor() - 1.0);
    let rounds = [1.0, 2.0, 2.5, 5.0, 10.0, 20.0, 25.0, 50.0, 100.0, 200.0];
    // A tick stands where its label says: percent and counts are told as whole numbers.
    let is_told = |step: &f64| match unit {
        Unit::Share => is_whole(step * 100.0),
        Unit::Count => is_whole(*step),
        _ => true,
    };
    rounds.iter().map(|round| round * decade).filter(is_told).find(is_enough).unwrap_or(decade * 1_000.0)
}

fn is_whole(number: f64) -> bool {
    (number - number.round()).abs() < 1e-9
}

fn ticks(unit: Unit, low: f64, high: f64, step: f64) -> Vec<Tick> {
    let mut values = Vec::new();
    let mut index = (low / step - 1e-9).ceil();
    while index * step <= high + step * 1e-9 {
        values.push(index * step);
        index += 1.0;
    }
    // The words of a rate stand in the subtitle.
    let labels = wording::together_short(unit, &values);
    let last = values.len().saturating_sub(1);
    let label = |(index, (at, label)): (usize, (f64, String))| {
        // Only the top tick carries the unit.
        let bare = label.split(' ').next().unwrap_or_default().to_owned();
        Tick { at, label: if index == last { label } else { bare } }
    };
    values.into_iter().zip(labels).enumerate().map(label).collect()
}

/// The periods that get a label: the last one, and every so many before it as the room allows.
pub(crate) fn labelled(window: &Window, slot: f64, size: f64) -> Vec<(usize, String)> {
    let labels: Vec<String> = window.periods.iter().map(|period| dates::tick(window.grain, period)).collect();
    let widest = labels.iter().map(|label| advances::width(label, size, Weight::Regular)).fold(0.0, f64::max);
    let stride = stride(slot, widest + 14.0);
    let last = labels.len().saturating_sub(1);
    labels.into_iter().enumerate().filter(|(index, _)| (last - index).is_multiple_of(stride)).collect()
}

/// Every how many slots something of this width fits.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive quotient")]
pub(crate) fn stride(slot: f64, width: f64) -> usize {
    (width / slot.max(0.1)).ceil().clamp(1.0, 1_000.0) as usize
}

/// Positions near the wanted ones, in their order, at least `gap` apart and inside the limits.
pub(crate) fn apart(wanted: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|one, other| wanted[*one].total_cmp(&wanted[*other]).then(one.cmp(other)));
    let mut placed = wanted.to_vec();
    let mut least = low;
    for index in &order {
        placed[*index] = placed[*index].max(least);
        least = placed[*index] + gap;
    }
    let mut most = high;
    for index in order.iter().rev() {
        placed[*index] = placed[*index].min(most);
        most = placed[*index] - gap;
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: &Scale) -> Vec<&str> {
        scale.ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn ticks_are_round_few_and_carry_their_unit_once() {
        assert_eq!(labels(&scale(Unit::Seconds, 0.0, 250_000.0, Foot::Zero)), ["0", "1", "2", "3 d"]);
        assert_eq!(labels(&scale(Unit::Share, 0.0, 0.96, Foot::Zero)), ["0", "25", "50", "75", "100 %"]);
        assert_eq!(labels(&scale(Unit::Share, 0.66, 0.76, Foot::Free)), ["65", "70", "75 %"]);
        assert_eq!(labels(&scale(Unit::Count, 0.0, 10.0, Foot::Zero)), ["0", "5", "10"]);
        assert_eq!(labels(&scale(Unit::PerServiceWeek, 0.0, 3.1, Foot::Zero)), ["0", "1", "2", "3"]);
        assert_eq!(labels(&scale(Unit::Points, -12.0, 53.0, Foot::Free)), ["−20", "0", "+20", "+40"]);
    }

    #[test]
    fn labels_are_pushed_apart_in_their_order() {
        let placed = apart(&[10.0, 11.0, 90.0], 13.0, 0.0, 95.0);
        assert!((placed[1] - placed[0]).abs() >= 13.0 && placed[0] < placed[1] && placed[2] <= 95.0, "{placed:?}");
        let placed = apart(&[94.0, 94.0, 94.0], 13.0, 0.0, 95.0);
        assert!((placed[0] - 69.0).abs() < 1e-9 && (placed[2] - 95.0).abs() < 1e-9, "{placed:?}");
    }
}
