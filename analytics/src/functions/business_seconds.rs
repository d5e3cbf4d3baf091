//! `business_seconds(from, to)`: the working time between two instants in the organisation's zone.
//!
//! Monday to Friday from 7 to 19 by the local clock, at most eight hours of each day. For facts only,
//! like `local_day`, because it needs the zone. Holidays are not known and count like other days.

use arrow::array::{ArrayRef, Float64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit};
use chrono::{DateTime, Datelike, Days, NaiveDate, Weekday};
use chrono_tz::Tz;
use datafusion::common::cast::as_timestamp_microsecond_array;
use datafusion::common::plan_err;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use std::sync::Arc;

const HOUR: f64 = 3_600.0;
/// When work may begin and must have ended, in seconds of the local day.
const BEGINS: f64 = 7.0 * HOUR;
const ENDS: f64 = 19.0 * HOUR;
/// Nobody works longer than this on one day.
const DAY_MAX: f64 = 8.0 * HOUR;

/// The function `business_seconds` for this zone.
pub(crate) fn business_seconds(zone: Tz) -> ScalarUDF {
    ScalarUDF::from(BusinessSeconds { zone, signature: Signature::any(2, Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct BusinessSeconds {
    zone: Tz,
    signature: Signature,
}

impl BusinessSeconds {
    /// Null when the second instant lies before the first.
    fn between(&self, from: i64, to: i64) -> Option<f64> {
        if to < from {
            return None;
        }
        let (first, begun) = self.local(from)?;
        let (last, ended) = self.local(to)?;
        if first == last {
            return Some(worked(first, begun, ended));
        }
        let day = f64::from(24 * 3_600);
        Some(worked(first, begun, day) + working_days(first + Days::new(1), last) * DAY_MAX + worked(last, 0.0, ended))
    }

    /// The local day of an instant, and how many seconds of it the clock on the wall shows.
    fn local(&self, micros: i64) -> Option<(NaiveDate, f64)> {
        let local = DateTime::from_timestamp_micros(micros)?.with_timezone(&self.zone).naive_local();
        let seconds = (local - local.date().and_hms_opt(0, 0, 0)?).as_seconds_f64();
        Some((local.date(), seconds))
    }
}

/// What was worked on a day between two times of it.
fn worked(day: NaiveDate, from: f64, to: f64) -> f64 {
    if is_free(day) { 0.0 } else { (to.min(ENDS) - from.max(BEGINS)).clamp(0.0, DAY_MAX) }
}

fn is_free(day: NaiveDate) -> bool {
    matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

/// How many days from the first until before the last are no weekend.
fn working_days(first: NaiveDate, end: NaiveDate) -> f64 {
    let days = (end - first).num_days().max(0);
    let rest = first.iter_days().take(usize::try_from(days % 7).unwrap_or_default()).filter(|day| !is_free(*day)).count();
    (days / 7 * 5) as f64 + rest as f64
}

impl ScalarUDFImpl for BusinessSeconds {
    fn name(&self) -> &'static str {
        "business_seconds"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = ColumnarValue::values_to_arrays(&arguments.args)?;
        let [from, to] = columns.as_slice() else {
            return plan_err!("`business_seconds` takes two instants");
        };
        let instant = DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC")));
        let (from, to) = (cast(from, &instant)?, cast(to, &instant)?);
        let (from, to) = (as_timestamp_microsecond_array(&from)?, as_timestamp_microsecond_array(&to)?);
        let seconds: Float64Array = from.iter().zip(to).map(|(from, to)| self.between(from?, to?)).collect();
        Ok(ColumnarValue::Array(Arc::new(seconds) as ArrayRef))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use waymark_event::Instant;

    fn hours(zone: Tz, from: &str, to: &str) -> Option<f64> {
        let function = BusinessSeconds { zone, signature: Signature::any(2, Volatility::Immutable) };
        let micros = |text: &str| Instant::parse(text).unwrap().micros();
        function.between(micros(from), micros(to)).map(|seconds| seconds / HOUR)
    }

    #[test]
    fn a_week_has_forty_hours_wherever_it_begins() {
        // 2 March 2026 is a Monday.
        for from in ["2026-03-02T00:00:00Z", "2026-03-04T00:00:00Z", "2026-03-07T00:00:00Z"] {
            let to = Instant::parse(from).unwrap().plus_seconds(7 * 86_400).to_rfc3339();
            assert_eq!(hours(Tz::UTC, from, &to), Some(40.0), "{from}");
        }
        assert_eq!(hours(Tz::UTC, "2025-03-02T00:00:00Z", "2026-03-02T00:00:00Z"), Some(52.0 * 40.0));
    }

    #[test]
    fn nights_and_weekends_are_no_work_and_a_day_has_eight_hours() {
        for (from, to, expected) in [
            // Ten hours of one Monday count as eight, and two as two.
            ("2026-03-02T08:00:00Z", "2026-03-02T18:00:00Z", 8.0),
            ("2026-03-02T08:00:00Z", "2026-03-02T10:00:00Z", 2.0),
            ("2026-03-02T05:00:00Z", "2026-03-02T07:30:00Z", 0.5),
            ("2026-03-02T19:00:00Z", "2026-03-02T23:00:00Z", 0.0),
            // Friday 18:00 to Monday 8:00: an hour of each.
            ("2026-03-06T18:00:00Z", "2026-03-09T08:00:00Z", 2.0),
            ("2026-03-07T10:00:00Z", "2026-03-08T10:00:00Z", 0.0),
            ("2026-03-02T10:00:00Z", "2026-03-02T10:00:00Z", 0.0),
        ] {
            assert_eq!(hours(Tz::UTC, from, to), Some(expected), "{from} to {to}");
        }
        assert_eq!(hours(Tz::UTC, "2026-03-02T10:00:00Z", "2026-03-02T09:59:59Z"), None);
    }

    #[test]
    fn the_clock_on_the_wall_decides_in_every_season() {
        // 7:00 in Berlin is 6:00 UTC in winter and 5:00 in summer.
        assert_eq!(hours(Tz::Europe__Berlin, "2026-03-02T05:00:00Z", "2026-03-02T07:00:00Z"), Some(1.0));
        assert_eq!(hours(Tz::Europe__Berlin, "2026-06-01T04:00:00Z", "2026-06-01T06:00:00Z"), Some(1.0));
        // Friday before to Monday after the change of the clocks: no hour is lost or won at work.
        assert_eq!(hours(Tz::Europe__Berlin, "2026-03-27T16:00:00Z", "2026-03-30T07:00:00Z"), Some(4.0));
    }
}
