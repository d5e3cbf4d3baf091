//! `calendar`: one row per local day of a window, with the period that holds it and `as_of`.
//!
//! Built for each question, so there is no calendar to run out of. `as_of` stands in for every
//! "now" of a metric.

use crate::window::{Window, local_midnight};
use arrow::array::RecordBatch;
use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
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
    renamed(&batch, &names)
}

/// The words of the calendar are shorter than the naming rule of instants, which would end in `_at`.
fn renamed(batch: &RecordBatch, names: &[&str]) -> Result<RecordBatch, SchemaError> {
    let schema = batch.schema();
    let fields: Vec<_> =
        schema.fields().iter().zip(names).map(|(field, name)| field.as_ref().clone().with_name(*name)).collect();
    let schema = std::sync::Arc::new(arrow::datatypes::Schema::new(fields));
    RecordBatch::try_new(schema, batch.columns().to_vec())
        .map_err(|cause| SchemaError::Join { table: "calendar".to_owned(), cause })
}
