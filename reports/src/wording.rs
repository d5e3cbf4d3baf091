//! The words for numbers: values with their unit, intervals, why a value is missing, dates.
//!
//! Charts, reports, pages and the command line say the same number in the same words, because they
//! all ask here. Sentences about a change are in `wording/finding.rs`.

pub mod dates;
pub mod finding;
mod number;

use crate::wording::number::{digits, percent, signed};
use waymark_analytics::{Cell, Metric, Statistic, Unit};

/// A length of time that people count in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) seconds: f64,
    pub(crate) sign: &'static str,
}

const SECOND: Step = Step { seconds: 1.0, sign: "s" };
const MINUTE: Step = Step { seconds: 60.0, sign: "min" };
const HOUR: Step = Step { seconds: 3_600.0, sign: "h" };
const DAY: Step = Step { seconds: 86_400.0, sign: "d" };

/// The unit in which people say a duration: seconds to 90 s, minutes to 90 min, hours to 36 h, then days.
pub(crate) fn step(seconds: f64) -> Step {
    match seconds.abs() {
        size if size < 90.0 => SECOND,
        size if size < 5_400.0 => MINUTE,
        size if size < 129_600.0 => HOUR,
        _ => DAY,
    }
}

/// A value with its unit: `1.8 d`, `75 %`, `3.2 per service and week`, `+54`.
pub fn value(unit: Unit, value: f64) -> String {
    together(unit, &[value]).concat()
}

/// The unit as words beside a number: empty where the number already says it.
pub fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::PerServiceWeek => "per service and week",
        Unit::DaysPerWeek => "days a week",
        Unit::Seconds | Unit::Share | Unit::Points | Unit::Count => "",
    }
}

/// A value as short as a tile or a table needs it: a rate loses its words.
pub fn short(unit: Unit, value: f64) -> String {
    together_short(unit, &[value]).concat()
}

/// Several values in one unit, each as short as a tile needs it.
pub fn together_short(unit: Unit, values: &[f64]) -> Vec<String> {
    let largest = values.iter().fold(0.0_f64, |size, value| size.max(value.abs()));
    bare(unit, values).into_iter().map(|number| number + sign(unit, largest)).collect()
}

/// Several values in one unit, chosen by the largest, so that they can be compared at a glance.
pub fn together(unit: Unit, values: &[f64]) -> Vec<String> {
    let said = |number: String| {
        let words = tail(unit, &number);
        number + words
    };
    together_short(unit, values).into_iter().map(said).collect()
}

/// The words that follow a number of a unit.
fn tail(unit: Unit, number: &str) -> &'static str {
    match unit {
        Unit::PerServiceWeek => " per service and week",
        Unit::DaysPerWeek if number == "1" => " day a week",
        Unit::DaysPerWeek => " days a week",
        Unit::Seconds | Unit::Share | Unit::Points | Unit::Count => "",
    }
}

/// An interval with one unit at its end: `1.1–2.9 d`, `61–86 %`, `+12 to +53`.
pub fn interval(unit: Unit, low: f64, high: f64) -> String {
    interval_beside(unit, low.abs().max(high.abs()), low, high)
}

/// An interval in the unit of the value that it belongs to.
fn interval_beside(unit: Unit, value: f64, low: f64, high: f64) -> String {
    let numbers = [low, high].map(|limit| number(unit, step(value), limit));
    let between = if unit == Unit::Points { " to " } else { "–" };
    numbers.join(between) + sign(unit, value)
}

/// The numbers alone, in the unit that fits the largest.
fn bare(unit: Unit, values: &[f64]) -> Vec<String> {
    let largest = values.iter().fold(0.0_f64, |size, value| size.max(value.abs()));
    values.iter().map(|value| number(unit, step(largest), *value)).collect()
}

fn number(unit: Unit, step: Step, value: f64) -> String {
    match unit {
        Unit::Seconds => digits(value / step.seconds),
        Unit::Share => percent(value),
        Unit::PerServiceWeek | Unit::DaysPerWeek | Unit::Count => digits(value),
        Unit::Points => signed(value),
    }
}

fn sign(unit: Unit, largest: f64) -> &'static str {
    match unit {
        Unit::Share => " %",
        Unit::PerServiceWeek | Unit::DaysPerWeek | Unit::Points | Unit::Count => "",
        Unit::Seconds => match step(largest).sign {
            "s" => " s",
            "min" => " min",
            "h" => " h",
            _ => " d",
        },
    }
}

/// The value of a cell, or why there is none.
pub fn cell(metric: &Metric, cell: &Cell) -> String {
    cell.value.map_or_else(|| absent(metric, cell), |number| value(metric.unit, number))
}

/// Why a cell of this metric has no value; where half of all episodes are still open, how long they
/// last at least.
pub fn absent(metric: &Metric, cell: &Cell) -> String {
    match cell.low {
        Some(low) if metric.kind == Statistic::Survival => format!("at least {}", value(metric.unit, low)),
        _ => unfollowed(metric, cell).unwrap_or_else(|| missing(cell)),
    }
}

/// Of a cohort that was not followed as long as a point of its curve lies away, such as `d90`: that, and whether it still
/// may be. However many there are, their number is not the reason.
fn unfollowed(metric: &Metric, cell: &Cell) -> Option<String> {
    let days: u32 = cell.statistic.strip_prefix('d')?.parse().ok()?;
    let rows = cell.sample_size.filter(|rows| *rows > 0 && metric.kind == Statistic::Proportion)?;
    let reason = if cell.is_partial { "too young for" } else { "none followed for" };
    Some(format!("{reason} {days} days (n = {})", count(rows)))
}

/// Why a result of a survey is not shown: too few answers, or others could be found out by it.
pub const WITHHELD: &str = "withheld to protect people";

/// Why a cell has no value, whatever its metric: suppressed, too few rows, nothing usable, or nothing there.
pub fn missing(cell: &Cell) -> String {
    match (cell.sample_size, cell.coverage) {
        (None, _) => WITHHELD.to_owned(),
        (Some(0), Some(_)) => "no usable data".to_owned(),
        (Some(0), None) => "no data".to_owned(),
        (Some(rows), _) => format!("too few (n = {rows})"),
    }
}

/// The share of a census, or what it may be where something is unknown: `75 %`, `75–83 %`.
pub(crate) fn census(cell: &Cell) -> Option<String> {
    let value = cell.value?;
    let (low, high) = (cell.low.unwrap_or(value), cell.high.unwrap_or(value));
    Some(if is_known(low, high) { share(value) } else { interval(Unit::Share, low, high) })
}

/// Whether the bounds of a census leave nothing open.
pub(crate) fn is_known(low: f64, high: f64) -> bool {
    (high - low).abs() < 1e-9
}

/// How much a cell rests on: `n = 41`, `31 of 260`, `45 of 60`.
pub fn basis(metric: &Metric, cell: &Cell) -> Option<String> {
    let of = || match (cell.numerator, cell.denominator) {
        (Some(numerator), Some(denominator)) => Some(format!("{} of {}", digits(numerator), digits(denominator))),
        _ => None,
    };
    let rows = || cell.sample_size.map(|rows| format!("n = {}", digits(rows as f64)));
    match metric.kind {
        Statistic::Proportion | Statistic::Census => of().or_else(rows),
        Statistic::Quantile | Statistic::Survival | Statistic::Rate | Statistic::Score => rows(),
        // The value is the number of rows itself.
        Statistic::Events | Statistic::Level => None,
    }
}

/// The limits of a cell in words: `95 % 1.1–2.9 d`, or for a census `75–83 % with unknown`.
pub fn limits(metric: &Metric, cell: &Cell) -> Option<String> {
    let (low, high) = (cell.low?, cell.high?);
    if metric.kind == Statistic::Census {
        return (!is_known(low, high)).then(|| format!("{} with unknown", interval(metric.unit, low, high)));
    }
    Some(format!("95 % {}", interval_beside(metric.unit, cell.value.unwrap_or(high), low, high)))
}

/// The whole cell in one line: `p50 1.8 d (95 % 1.1–2.9 d, n = 41, 93 % coverage)`.
pub fn full(metric: &Metric, given: &Cell) -> String {
    in_one_line(metric, given, basis(metric, given))
}

/// The same, which also says what was counted: `p50 1.8 d (95 % 1.1–2.9 d, n = 41 changes, 93 % coverage)`.
pub fn full_of(metric: &Metric, given: &Cell, thing: &str) -> String {
    in_one_line(metric, given, basis_of(metric, given, thing))
}

/// How much a cell rests on, and of what: `n = 41 changes`, `2 of 20 deployments`, `45 of 60 services`.
pub fn basis_of(metric: &Metric, cell: &Cell, thing: &str) -> Option<String> {
    let rows = cell.denominator.filter(|_| metric.kind != Statistic::Rate).or(cell.sample_size.map(|rows| rows as f64))?;
    let many = if (rows - 1.0).abs() < f64::EPSILON { thing.to_owned() } else { plural(thing) };
    basis(metric, cell).map(|basis| format!("{basis} {many}"))
}

fn in_one_line(metric: &Metric, given: &Cell, basis: Option<String>) -> String {
    let is_named = metric.statistics.len() > 1 || matches!(metric.kind, Statistic::Quantile | Statistic::Survival);
    let name = if is_named { format!("{} ", given.statistic) } else { String::new() };
    let mut beside: Vec<String> = Vec::new();
    if given.value.is_some() {
        beside.extend(limits(metric, given));
        beside.extend(basis);
    }
    beside.extend(given.coverage.map(|share| format!("{} % coverage", percent(share))));
    if given.is_partial {
        beside.push("so far".to_owned());
    }
    let value = cell(metric, given);
    if beside.is_empty() { format!("{name}{value}") } else { format!("{name}{value} ({})", beside.join(", ")) }
}

/// A statistic in words: `median`, `75th percentile`, `share`.
pub fn statistic(name: &str) -> &str {
    match name {
        "p50" => "median",
        "p75" => "75th percentile",
        "p90" => "90th percentile",
        "nps" => "score",
        other => other,
    }
}

/// A title inside a sentence: `change lead time`, but `CI success rate`.
pub fn mid_sentence(title: &str) -> String {
    let mut letters = title.chars();
    let (first, rest) = (letters.next(), letters.as_str());
    match first {
        Some(first) if !rest.starts_with(char::is_uppercase) => first.to_lowercase().chain(rest.chars()).collect(),
        _ => title.to_owned(),
    }
}

/// Words at the beginning of a sentence or a heading: `The last 90 days`.
pub(crate) fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A count with thousands apart: `1,204`.
pub fn count(rows: i64) -> String {
    digits(rows as f64)
}

/// A count of things, in the singular where there is one: `1 service`, `3 services`.
pub fn counted(rows: i64, thing: &str) -> String {
    let many = plural(thing);
    format!("{} {}", count(rows), if rows == 1 { thing } else { &many })
}

/// Several of a thing: `services`, `rejected deliveries`, `ways of arrival`.
pub fn plural(thing: &str) -> String {
    if let Some((head, rest)) = thing.split_once(" of ") {
        return format!("{} of {rest}", plural(head));
    }
    match thing.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ => format!("{thing}s"),
    }
}

/// Things in a row as a sentence has them: `one`, `one and two`, `one, two and three`.
pub(crate) fn listed<T: AsRef<str>>(things: &[T]) -> String {
    let things: Vec<&str> = things.iter().map(AsRef::as_ref).collect();
    match things.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}

/// A difference of counts with its sign: `+3`, `−1`, `0`.
pub fn difference(rows: i64) -> String {
    signed(rows as f64)
}

/// A share as per cent: `75 %`.
pub fn share(share: f64) -> String {
    format!("{} %", percent(share))
}

/// A plain number with as many places as it carries: `0.8`, `12`.
pub fn plain(number: f64) -> String {
    digits(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use waymark_analytics::find;
    use waymark_event::Instant;

    fn given(value: Option<f64>, limits: Option<(f64, f64)>, rows: Option<i64>) -> Cell {
        Cell {
            statistic: "p50".to_owned(),
            scope_kind: "team".to_owned(),
            scope: "payments".to_owned(),
            period_start: Instant::from_seconds(0),
            period_end: Instant::from_seconds(1),
            value,
            low: limits.map(|limits| limits.0),
            high: limits.map(|limits| limits.1),
            sample_size: rows,
            numerator: None,
            denominator: None,
            coverage: rows.map(|_| 0.93),
            is_partial: false,
        }
    }

    #[test]
    fn a_value_is_said_in_human_units() {
        assert_eq!(value(Unit::Seconds, 155_520.0), "1.8 d");
        assert_eq!(value(Unit::Seconds, 82_800.0), "23 h");
        assert_eq!(value(Unit::Seconds, 45.0), "45 s");
        assert_eq!(value(Unit::Share, 0.75), "75 %");
        assert_eq!(value(Unit::PerServiceWeek, 3.2), "3.2 per service and week");
        assert_eq!(value(Unit::DaysPerWeek, 1.02), "1 day a week");
        assert_eq!(value(Unit::DaysPerWeek, 0.5), "0.5 days a week");
        assert_eq!(value(Unit::Points, 54.0), "+54");
        assert_eq!(value(Unit::Points, -12.4), "−12");
        assert_eq!(short(Unit::PerServiceWeek, 3.2), "3.2");
    }

    #[test]
    fn one_thing_is_not_many() {
        assert_eq!(counted(1, "service"), "1 service");
        assert_eq!(counted(2, "rejected delivery"), "2 rejected deliveries");
        assert_eq!(counted(2, "way of arrival"), "2 ways of arrival");
    }

    #[test]
    fn the_last_of_several_things_stands_behind_an_and() {
        let things = ["basket", "checkout", "ledger"];
        let said = ["", "basket", "basket and checkout", "basket, checkout and ledger"];
        for (count, said) in said.into_iter().enumerate() {
            assert_eq!(listed(&things[..count]), said);
        }
    }

    #[test]
    fn a_cell_is_said_with_everything_it_rests_on() {
        let lead_time = find("change_lead_time").unwrap();
        let known = given(Some(155_520.0), Some((95_040.0, 250_560.0)), Some(41));
        assert_eq!(full(lead_time, &known), "p50 1.8 d (95 % 1.1–2.9 d, n = 41, 93 % coverage)");
        assert_eq!(full_of(lead_time, &known, "change"), "p50 1.8 d (95 % 1.1–2.9 d, n = 41 changes, 93 % coverage)");
        let one = given(Some(60.0), None, Some(1));
        assert_eq!(full_of(lead_time, &one, "change"), "p50 60 s (n = 1 change, 93 % coverage)");
        assert_eq!(full(lead_time, &given(None, None, Some(3))), "p50 too few (n = 3) (93 % coverage)");
        assert_eq!(full(find("nps").unwrap(), &given(None, None, None)), WITHHELD);
    }

    #[test]
    fn a_cohort_that_is_too_young_is_not_said_to_be_too_small() {
        let curve = find("retention_curve").unwrap();
        let mut point = Cell { statistic: "d90".to_owned(), is_partial: true, ..given(None, None, Some(1_060)) };
        assert_eq!(full(curve, &point), "d90 too young for 90 days (n = 1,060) (93 % coverage, so far)");
        point.is_partial = false;
        assert_eq!(cell(curve, &point), "none followed for 90 days (n = 1,060)");
        point.sample_size = Some(0);
        assert_eq!(cell(curve, &point), "no usable data");
    }

    #[test]
    fn a_census_says_its_bounds_only_when_something_is_unknown() {
        let adoption = find("adoption_rate").unwrap();
        let mut known = given(Some(0.75), Some((0.75, 0.75)), Some(60));
        (known.numerator, known.denominator) = (Some(45.0), Some(60.0));
        assert_eq!(full(adoption, &known), "75 % (45 of 60, 93 % coverage)");
        assert_eq!(census(&known).as_deref(), Some("75 %"));
        known.high = Some(0.8);
        assert_eq!(full(adoption, &known), "75 % (75–80 % with unknown, 45 of 60, 93 % coverage)");
        assert_eq!(census(&known).as_deref(), Some("75–80 %"));
        known.value = None;
        assert_eq!(census(&known), None);
    }
}
