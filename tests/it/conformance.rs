//! Other tools' own published cases, fed as facts into the profiles' SQL: their numbers are reproduced.
//!
//! The data lies beside the repository and is never copied into it; where it is absent the cases are
//! skipped, and said to be. What a profile means is worked out by hand in `tests/profiles/`.

mod devlake;
mod metrik;
mod pelorus;

use crate::harness::{at, shared, skipped};
use chrono::Days;
use serde::de::DeserializeOwned;
use waymark_analytics::scenario::Scenario;
use waymark_analytics::{Cell, Definitions, Grain, Period, Series, Window, local_date, profiles};
use waymark_event::Instant;

/// By how much a number may differ from the published one, relative to it.
const TOLERANCE: f64 = 1e-9;

/// The text of a published file, or the words that it is not there.
fn published(below: &str) -> Option<String> {
    let Some(path) = shared(below) else {
        skipped("conformance", &format!("shared/data/{below} is not beside the repository"));
        return None;
    };
    Some(std::fs::read_to_string(path).unwrap())
}

/// The cases of a published file of JSON.
fn cases<T: DeserializeOwned>(below: &str) -> Option<T> {
    published(below).map(|text| serde_json::from_str(&text).unwrap())
}

/// A published table: a row is its cells by the names in the first line. No cell of these holds a comma.
fn table(below: &str) -> Option<Vec<std::collections::BTreeMap<String, String>>> {
    let text = published(below)?;
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells.len(), names.len(), "{below}: {line}");
        names.iter().zip(cells).map(|(name, cell)| ((*name).to_owned(), cell.to_owned())).collect()
    };
    Some(lines.filter(|line| !line.is_empty()).map(row).collect())
}

fn definitions() -> Definitions {
    Definitions { organisation: "all".to_owned(), ..Definitions::default() }
}

/// Adds rows, each as the text of its values; nothing to add is nothing to do.
async fn insert(scenario: &Scenario, table: &str, columns: &str, rows: &[String]) {
    if rows.is_empty() {
        return;
    }
    let values: Vec<String> = rows.iter().map(|row| format!("({row})")).collect();
    let sql = format!("insert into {table} ({columns}) values {}", values.join(", "));
    scenario.run_sql(&sql).await.unwrap_or_else(|error| panic!("{error}\n{sql}"));
}

/// A text as SQL writes it; an empty one is null.
fn text(value: &str) -> String {
    if value.is_empty() { "null".to_owned() } else { format!("'{}'", value.replace('\'', "''")) }
}

/// An instant as SQL writes it.
fn instant(instant: Instant) -> String {
    format!("'{}'", instant.to_rfc3339())
}

/// The day of an instant as SQL writes it.
fn day(instant: Instant) -> String {
    format!("'{}'", local_date(instant, definitions().zone()))
}

/// One period from an instant to another, half-open, which need not begin or end at midnight.
fn window(start: Instant, end: Instant) -> Window {
    let (first_day, end_day) = (local_date(start, definitions().zone()), local_date(end, definitions().zone()) + Days::new(1));
    let period = Period { first_day, end_day, start, end };
    Window {
        grain: Grain::Window,
        periods: vec![period],
        zone: definitions().zone(),
        scope_kind: String::new(),
        scopes: Vec::new(),
    }
}

/// A profile's metric over the rows of a scenario.
async fn measured(scenario: &Scenario, metric: &str, window: &Window) -> Series {
    let metric = profiles::metric(metric).unwrap_or_else(|| panic!("no profile has `{metric}`"));
    scenario.metric(metric, window, at("2100-01-01T00:00:00Z")).await.unwrap()
}

/// The headline of one scope; nothing where there is no such cell.
fn headline<'series>(series: &'series Series, scope_kind: &str, scope: &str) -> Option<&'series Cell> {
    series.line(series.metric.headline(), scope_kind, scope).into_iter().next()
}

/// Whether a number is the published one; null is null and nothing else.
fn is_same(found: Option<f64>, expected: Option<f64>) -> bool {
    match (found, expected) {
        (None, None) => true,
        (Some(found), Some(expected)) => (found - expected).abs() <= TOLERANCE * expected.abs().max(1.0),
        _ => false,
    }
}
