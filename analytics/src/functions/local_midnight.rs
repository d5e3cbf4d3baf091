//! `local_midnight(day)`: the instant at which a calendar day begins in the organisation's zone.
//!
//! For metrics that compare a day which a fact stores with instants, or count days on from one. Which day an
//! instant lies in belongs to `local_day`.

use crate::window::local_midnight as midnight;
use arrow::array::TimestampMicrosecondArray;
use arrow::datatypes::{DataType, Date32Type, TimeUnit, TimestampMicrosecondType};
use chrono_tz::Tz;
use datafusion::common::cast::as_date32_array;
use datafusion::common::plan_err;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

/// The function `local_midnight` for this zone.
pub(crate) fn local_midnight(zone: Tz) -> ScalarUDF {
    ScalarUDF::from(LocalMidnight { zone, signature: Signature::exact(vec![DataType::Date32], Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct LocalMidnight {
    zone: Tz,
    signature: Signature,
}

impl LocalMidnight {
    /// Null for a day that no calendar has.
    fn micros(&self, day: i32) -> Option<i64> {
        Date32Type::to_naive_date_opt(day).map(|day| midnight(day, self.zone).micros())
    }
}

impl ScalarUDFImpl for LocalMidnight {
    fn name(&self) -> &'static str {
        "local_midnight"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC"))))
    }

    fn is_strict(&self) -> bool {
        true
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_constant = arguments.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let columns = ColumnarValue::values_to_arrays(&arguments.args)?;
        let Some(column) = columns.first() else {
            return plan_err!("`local_midnight` takes one day");
        };
        let instants: TimestampMicrosecondArray =
            as_date32_array(column)?.unary_opt::<_, TimestampMicrosecondType>(|day| self.micros(day)).with_timezone("UTC");
        if is_constant {
            let zone = Some(Arc::from("UTC"));
            return Ok(ColumnarValue::Scalar(ScalarValue::TimestampMicrosecond(instants.iter().next().flatten(), zone)));
        }
        Ok(ColumnarValue::Array(Arc::new(instants)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use waymark_event::Instant;

    #[test]
    fn a_day_begins_where_the_clock_of_the_zone_says() {
        use chrono_tz::{America, Europe, UTC};
        for (zone, day, expected) in [
            (Europe::Berlin, "2026-03-29", "2026-03-28T23:00:00Z"),
            (Europe::Berlin, "2026-03-30", "2026-03-29T22:00:00Z"),
            (America::New_York, "2025-12-01", "2025-12-01T05:00:00Z"),
            // Midnight itself is skipped on this day.
            (America::Santiago, "2025-09-07", "2025-09-07T04:00:00Z"),
            (UTC, "1999-12-31", "1999-12-31T00:00:00Z"),
        ] {
            let function = LocalMidnight { zone, signature: Signature::user_defined(Volatility::Immutable) };
            let micros = function.micros(Date32Type::from_naive_date(day.parse().unwrap()));
            assert_eq!(micros, Some(Instant::parse(expected).unwrap().micros()), "{day} in {zone}");
        }
    }
}
