//! Rows of the engine's fixed answers as the values that reports read.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use chrono::NaiveDate;
use chrono_tz::Tz;
use std::collections::BTreeMap;
use waymark_analytics::local_date;
use waymark_event::Instant;
use waymark_reports::{Movement, MovementKind, ScoreRow, SourceNote};

fn column(batch: &RecordBatch, name: &str, data_type: &DataType) -> Option<ArrayRef> {
    cast(batch.column_by_name(name)?, data_type).ok()
}

fn text(batch: &RecordBatch, name: &str, row: usize) -> Option<String> {
    let column = column(batch, name, &DataType::Utf8)?;
    column.is_valid(row).then(|| column.as_string::<i32>().value(row).to_owned())
}

fn number(batch: &RecordBatch, name: &str, row: usize) -> Option<f64> {
    let column = column(batch, name, &DataType::Float64)?;
    column.is_valid(row).then(|| column.as_primitive::<Float64Type>().value(row))
}

fn whole(batch: &RecordBatch, name: &str, row: usize) -> Option<i64> {
    let column = column(batch, name, &DataType::Int64)?;
    column.is_valid(row).then(|| column.as_primitive::<Int64Type>().value(row))
}

fn instant(batch: &RecordBatch, name: &str, row: usize) -> Option<Instant> {
    let column = column(batch, name, &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())))?;
    column.is_valid(row).then(|| Instant::from_micros(column.as_primitive::<TimestampMicrosecondType>().value(row)))
}

fn is(batch: &RecordBatch, name: &str, row: usize) -> bool {
    let column = column(batch, name, &DataType::Boolean);
    column.is_some_and(|column| column.is_valid(row) && column.as_boolean().value(row))
}

fn day(batch: &RecordBatch, name: &str, row: usize) -> Option<NaiveDate> {
    let column = column(batch, name, &DataType::Date32)?;
    if !column.is_valid(row) {
        return None;
    }
    column.as_primitive::<Date32Type>().value_as_date(row)
}

/// The newest wave and the one that it is compared with.
const WAVES: usize = 2;

/// Who moved, in the order of the answer.
pub(super) fn movements(batch: &RecordBatch, zone: Tz) -> Vec<Movement> {
    let movement = |row: usize| {
        Some(Movement {
            component: text(batch, "component_id", row)?,
            service: text(batch, "service", row)?,
            team: text(batch, "team", row).unwrap_or_default(),
            kind: match text(batch, "kind", row)?.as_str() {
                "joined" => MovementKind::Joined,
                "left" => MovementKind::Left,
                "eligible" => MovementKind::NewlyEligible,
                "born_off_path" => MovementKind::BornOffPath,
                _ => MovementKind::NewlyExempt,
            },
            since: local_date(instant(batch, "since", row)?, zone),
            alternative: text(batch, "alternative", row),
            evidence: text(batch, "evidence_ref", row),
            evidence_url: text(batch, "evidence_url", row),
        })
    };
    (0..batch.num_rows()).filter_map(movement).collect()
}

/// The newest scores of each component among waves whose last answer came before the day `end`, oldest first.
pub(super) fn scores(batch: &RecordBatch, end: NaiveDate) -> Vec<ScoreRow> {
    let score = |row: usize| {
        Some(ScoreRow {
            component: text(batch, "component_id", row).filter(|id| id != "platform"),
            wave: text(batch, "wave", row)?,
            closed_on: day(batch, "closed_on", row).filter(|day| *day < end)?,
            nps: number(batch, "value", row),
            low: number(batch, "low", row),
            high: number(batch, "high", row),
            answers: whole(batch, "answers", row),
        })
    };
    // Rows come by component and wave, so the last two of a component are its newest ones.
    let all: Vec<ScoreRow> = (0..batch.num_rows()).filter_map(score).collect();
    let mut newest: Vec<ScoreRow> = Vec::new();
    for (place, row) in all.iter().enumerate() {
        let later = all.iter().skip(place + 1).filter(|other| other.component == row.component).count();
        if later < WAVES {
            newest.push(row.clone());
        }
    }
    // The platform as a whole comes first.
    newest.sort_by_key(|row| row.component.is_some());
    newest
}

/// Whether an incident has ever named one of the services that were deployed to production; nothing where none was.
pub(super) fn has_incidents(batch: &RecordBatch) -> Option<bool> {
    let is_deployed = |row: &usize| whole(batch, "deployments", *row).is_some_and(|count| count > 0);
    let deployed: Vec<usize> = (0..batch.num_rows()).filter(is_deployed).collect();
    (!deployed.is_empty()).then(|| deployed.into_iter().any(|row| is(batch, "has_incidents", row)))
}

/// The sum of a column of counts.
pub(super) fn total(batch: &RecordBatch, name: &str) -> i64 {
    (0..batch.num_rows()).filter_map(|row| whole(batch, name, row)).sum()
}

/// Every source by name: when its newest delivery came, whether a way by which it arrives has gone silent, and whether any
/// of them has a rhythm.
pub(super) fn sources(batch: &RecordBatch) -> Vec<SourceNote> {
    let mut sources: BTreeMap<String, SourceNote> = BTreeMap::new();
    for row in 0..batch.num_rows() {
        let (Some(source), Some(newest_at)) = (text(batch, "source", row), instant(batch, "newest_at", row)) else { continue };
        let (is_silent, has_rhythm) = (is(batch, "is_stale", row), number(batch, "usual_pause_seconds", row).is_some());
        let note = sources.entry(source.clone()).or_insert(SourceNote { source, newest_at, is_silent, has_rhythm });
        note.newest_at = note.newest_at.max(newest_at);
        note.is_silent |= is_silent;
        note.has_rhythm |= has_rhythm;
    }
    sources.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{BooleanArray, Date32Array, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray};
    use std::sync::Arc;

    #[test]
    fn only_incidents_of_deployed_services_say_that_failures_can_be_seen() {
        let answer = |services: &[(i64, bool)]| {
            let deployments: Int64Array = services.iter().map(|(count, _)| Some(*count)).collect();
            let named: BooleanArray = services.iter().map(|(_, is_named)| Some(*is_named)).collect();
            let columns: [(&str, ArrayRef); 2] = [("deployments", Arc::new(deployments)), ("has_incidents", Arc::new(named))];
            has_incidents(&RecordBatch::try_from_iter(columns).unwrap())
        };
        assert_eq!(answer(&[(3, false), (2, true)]), Some(true));
        assert_eq!(answer(&[(3, false), (0, true)]), Some(false));
        assert_eq!(answer(&[(0, true)]), None);
    }

    #[test]
    fn a_source_has_a_rhythm_where_a_way_of_it_has_one() {
        let at = |seconds: i64| Some(seconds * 1_000_000);
        let newest = TimestampMicrosecondArray::from(vec![at(10), at(20), at(30)]).with_timezone("UTC");
        let columns: [(&str, ArrayRef); 4] = [
            ("source", Arc::new(StringArray::from(vec!["git", "git", "json"]))),
            ("newest_at", Arc::new(newest)),
            ("is_stale", Arc::new(BooleanArray::from(vec![false, false, false]))),
            ("usual_pause_seconds", Arc::new(Float64Array::from(vec![None, Some(3_600.0), None]))),
        ];
        let found = sources(&RecordBatch::try_from_iter(columns).unwrap());
        let said: Vec<_> = found.iter().map(|note| (note.source.as_str(), note.has_rhythm)).collect();
        assert_eq!(said, [("git", true), ("json", false)]);
    }

    #[test]
    fn a_wave_that_closes_on_the_day_after_the_period_belongs_to_the_next() {
        let end = NaiveDate::from_ymd_opt(2026, 7, 1).unwrap();
        let number = |day: NaiveDate| Date32Type::from_naive_date(day);
        let closed = Date32Array::from(vec![number(end.pred_opt().unwrap()), number(end)]);
        let texts = |values: [&str; 2]| -> ArrayRef { Arc::new(StringArray::from(values.to_vec())) };
        let columns: [(&str, ArrayRef); 3] = [
            ("component_id", texts(["platform", "platform"])),
            ("wave", texts(["2026-Q2", "2026-Q3"])),
            ("closed_on", Arc::new(closed)),
        ];
        let found = scores(&RecordBatch::try_from_iter(columns).unwrap(), end);
        assert_eq!(found.iter().map(|score| score.wave.as_str()).collect::<Vec<_>>(), ["2026-Q2"]);
    }
}
