//! `calendar`: one row per local day of a window, with the period that holds it and `as_of`; and the
//! instants at which levels are read in its periods.
//!
//! Built for each question, so there is no calendar to run out of. `as_of` stands in for every
//! "now" of a metric.

use crate::window::{Period, Window, local_date, local_midnight};
use arrow::array::{Array, ArrayRef, Int64Array, ListArray, RecordBatch, new_null_array};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{Field, Schema};
use arrow::error::ArrowError;
use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use waymark_event::{Instant, SchemaError, record_batch};

#[derive(Serialize, Deserialize)]
struct Row {
    #[serde(deserialize_with = "waymark_event::read_day")]
    day: NaiveDate,
    day_end_at: Instant,
    period_start_at: Instant,
    period_end_at: Instant,
    is_partial: bool,
    as_of_at: Instant,
}

#[derive(Serialize, Deserialize)]
struct Edge {
    which: String,
    period_start_at: Instant,
    period_end_at: Instant,
    is_partial: bool,
    read_at: Instant,
    #[serde(deserialize_with = "waymark_event::read_day")]
    read_on: NaiveDate,
    place: i64,
}

/// The calendar of a window as of an instant.
pub(crate) fn calendar(window: &Window, as_of: Instant) -> Result<RecordBatch, SchemaError> {
    let mut rows = Vec::new();
    for period in &window.periods {
        let mut day = period.first_day;
        while day < period.end_day {
            let next = day + Days::new(1);
            rows.push(Row {
                day,
                day_end_at: local_midnight(next, window.zone),
                period_start_at: period.start,
                period_end_at: period.end,
                is_partial: period.end > as_of,
                as_of_at: as_of,
            });
            day = next;
        }
    }
    let batch = record_batch(&rows.iter().collect::<Vec<_>>(), "calendar")?;
    let names = ["day", "day_end", "period_start", "period_end", "is_partial", "as_of"];
    renamed(&batch, "calendar", &names)
}

/// `period_edges`: one row per period that has begun and edge of it, in the order of time, with the instant at
/// which levels are read there and the last whole day before it.
///
/// The edge `end` is the end of the period, or now when it is not over; `start` is where the period begins, so
/// that movements inside a period can be told from levels. The instant itself belongs to what comes after it.
/// `place` counts the edges up to that instant: what has begun before it and lasts until it is seen there. Now is
/// no edge of a period of which no day is over.
pub(crate) fn period_edges(window: &Window, as_of: Instant) -> Result<RecordBatch, SchemaError> {
    let today = local_date(as_of, window.zone);
    let mut rows: Vec<Edge> = window.periods.iter().flat_map(|period| edges(period, as_of, today)).collect();
    rows.sort_by_key(|row| row.read_at);
    let instants: Vec<Instant> = rows.iter().map(|row| row.read_at).collect();
    for row in &mut rows {
        row.place = count(instants.partition_point(|at| *at <= row.read_at));
    }
    let batch = record_batch(&rows.iter().collect::<Vec<_>>(), "period_edges")?;
    renamed(&batch, "period_edges", &["edge", "period_start", "period_end", "is_partial", "read_at", "read_day", "place"])
}

fn edges(period: &Period, as_of: Instant, today: NaiveDate) -> Vec<Edge> {
    let edge = |which: &str, read_at, next_day: NaiveDate| Edge {
        which: which.to_owned(),
        period_start_at: period.start,
        period_end_at: period.end,
        is_partial: period.end > as_of,
        read_at,
        read_on: next_day - Days::new(1),
        place: 0,
    };
    if period.start >= as_of {
        return Vec::new();
    }
    let mut edges = vec![edge("start", period.start, period.first_day)];
    let end_day = period.end_day.min(today);
    if end_day > period.first_day {
        edges.push(edge("end", period.end.min(as_of), end_day));
    }
    edges
}

/// `read_points`: the instants and the days of all edges, each in one list, how many there are, and the first
/// instant; one row.
pub(crate) fn read_points(edges: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let column =
        |name: &str| edges.column_by_name(name).ok_or_else(|| ArrowError::SchemaError(format!("edges without `{name}`")));
    let list = |values: &ArrayRef| -> Result<ArrayRef, ArrowError> {
        let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
        Ok(Arc::new(ListArray::try_new(field, OffsetBuffer::from_lengths([values.len()]), Arc::clone(values), None)?))
    };
    let (instants, days) = (column("read_at")?, column("read_day")?);
    let begins_at = if instants.is_empty() { new_null_array(instants.data_type(), 1) } else { instants.slice(0, 1) };
    let edges_there: ArrayRef = Arc::new(Int64Array::from_iter_values([count(edges.num_rows())]));
    RecordBatch::try_from_iter([
        ("instants", list(instants)?),
        ("days", list(days)?),
        ("edges", edges_there),
        ("begins_at", begins_at),
    ])
}

fn count(edges: usize) -> i64 {
    i64::try_from(edges).unwrap_or(i64::MAX)
}

/// The words of the calendar are shorter than the naming rule of instants, which would end in `_at`.
fn renamed(batch: &RecordBatch, table: &str, names: &[&str]) -> Result<RecordBatch, SchemaError> {
    let schema = batch.schema();
    let fields: Vec<_> =
        schema.fields().iter().zip(names).map(|(field, name)| field.as_ref().clone().with_name(*name)).collect();
    let schema = Arc::new(Schema::new(fields));
    RecordBatch::try_new(schema, batch.columns().to_vec()).map_err(|cause| SchemaError::Join { table: table.to_owned(), cause })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::Grain;
    use arrow::array::AsArray;
    use arrow::datatypes::{Date32Type, Int64Type};
    use chrono_tz::Europe::Berlin;

    /// Which edge, the last whole day before it, its place.
    fn edges(as_of: &str, first: &str, end: &str) -> Vec<(String, String, i64)> {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let window = Window::between(Grain::Week, day(first), day(end), Berlin);
        let edges = period_edges(&window, Instant::parse(as_of).unwrap()).unwrap();
        let points = read_points(&edges).unwrap();
        assert_eq!(points.column(1).as_list::<i32>().value(0).as_ref(), edges.column_by_name("read_day").unwrap().as_ref());
        let named = |name: &str| edges.column_by_name(name).unwrap();
        let days = named("read_day").as_primitive::<Date32Type>();
        let days = days.values().iter().map(|day| Date32Type::to_naive_date_opt(*day).unwrap().to_string());
        let which = arrow::compute::cast(named("edge"), &arrow::datatypes::DataType::Utf8).unwrap();
        let which = which.as_string::<i32>().iter().map(|which| which.unwrap().to_owned());
        let places = named("place").as_primitive::<Int64Type>().values().to_vec();
        which.zip(days).zip(places).map(|((which, day), place)| (which, day, place)).collect()
    }

    fn expected(edges: &[(&str, &str, i64)]) -> Vec<(String, String, i64)> {
        edges.iter().map(|(which, day, place)| ((*which).to_owned(), (*day).to_owned(), *place)).collect()
    }

    #[test]
    fn where_one_period_ends_the_next_one_begins_and_now_ends_the_last() {
        // Monday, 30 March 2026, begins at 22:00 of Sunday in UTC, a day after the clocks were changed.
        let over = [("start", "2026-03-22", 1), ("end", "2026-03-29", 3), ("start", "2026-03-29", 3)];
        let found = edges("2026-04-01T10:00:00Z", "2026-03-23", "2026-04-06");
        assert_eq!(found.len(), 4);
        let mut sorted = found[..3].to_vec();
        sorted.sort_by(|one, other| (one.2, &one.0).cmp(&(other.2, &other.0)));
        assert_eq!(sorted, expected(&over));
        assert_eq!(found[3..], expected(&[("end", "2026-03-31", 4)]));
    }

    #[test]
    fn a_period_of_which_no_day_is_over_has_no_end_yet() {
        let found = edges("2026-03-30T10:00:00Z", "2026-03-30", "2026-04-13");
        assert_eq!(found, expected(&[("start", "2026-03-29", 1)]));
        assert_eq!(edges("2026-03-01T10:00:00Z", "2026-03-30", "2026-04-13"), []);
    }
}
