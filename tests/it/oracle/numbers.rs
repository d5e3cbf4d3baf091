//! Every number of every metric over some facts, and in what two sets of numbers differ.

use super::draw::Broken;
use super::history::{HOUR, START};
use super::told::{Facts, definitions};
use std::collections::BTreeMap;
use waymark_analytics::{Cell, Grain, METRICS, Metric, Window, find};
use waymark_event::Instant;

/// Long after everything, so that all is mature.
pub(crate) const AS_OF: i64 = START + 200 * 24 * HOUR;
/// The whole weeks of the longest history.
pub(crate) const WEEKS: u64 = 20;

/// Metric, statistic, scope kind, scope, and the second at which the period begins.
pub(crate) type Place = (&'static str, String, String, String, i64);

/// Every number by its place.
pub(crate) type Numbers = BTreeMap<Place, Cell>;

/// So many weeks from the start as periods of a grain, some weeks later.
pub(crate) fn weeks(grain: Grain, later: u64) -> Window {
    let first = waymark_analytics::local_date(Instant::from_seconds(START), definitions("UTC").zone());
    let from = first + chrono::Days::new(7 * later);
    Window::between(grain, from, from + chrono::Days::new(7 * WEEKS), definitions("UTC").zone())
}

/// All metrics over a window.
pub(crate) async fn numbers(facts: &Facts, window: &Window, as_of: i64) -> Numbers {
    let mut numbers = Numbers::new();
    for metric in METRICS {
        numbers.extend(numbers_of(facts, metric, window, as_of).await);
    }
    numbers
}

/// One metric over a window.
pub(crate) async fn numbers_of(facts: &Facts, metric: &'static Metric, window: &Window, as_of: i64) -> Numbers {
    let series = facts.series(metric, window, Instant::from_seconds(as_of)).await;
    let placed = series.cells.into_iter().map(|cell| {
        let seconds = cell.period_start.micros() / 1_000_000;
        ((metric.id, cell.statistic.clone(), cell.scope_kind.clone(), cell.scope.clone(), seconds), cell)
    });
    placed.collect()
}

/// Those metrics of a list that the catalogue has.
pub(crate) fn metrics(ids: &[&str]) -> Vec<&'static Metric> {
    ids.iter().filter_map(|id| find(id)).collect()
}

/// A cell without its coverage: how much of what was told could be used may change with anything told.
pub(crate) fn without_coverage(cell: &Cell) -> Cell {
    Cell { coverage: None, ..cell.clone() }
}

/// Compares what two sets of numbers say of the services of histories.
pub(crate) fn same(before: &Numbers, after: &Numbers, is_of_interest: impl Fn(&str) -> bool) -> Result<(), Broken> {
    for (place, cell) in before.iter().filter(|(place, _)| is_of_interest(place.0) && place.2 == "service") {
        let other = after.get(place);
        if other.map(without_coverage) != Some(without_coverage(cell)) {
            return Err(Broken {
                place: history_of(&place.3),
                why: format!("{place:?}\n  before: {cell:?}\n  after: {other:?}"),
            });
        }
    }
    let more = after.iter().find(|(place, _)| is_of_interest(place.0) && place.2 == "service" && !before.contains_key(*place));
    match more {
        Some((place, cell)) => Err(Broken { place: history_of(&place.3), why: format!("{place:?} is new: {cell:?}") }),
        None => Ok(()),
    }
}

/// The place of the history whose name stands in a text.
pub(crate) fn history_of(text: &str) -> usize {
    super::owner(text).trim_start_matches('h').parse().unwrap_or_default()
}
