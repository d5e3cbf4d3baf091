//! `local_day(ts)`: the calendar day of an instant in the organisation's zone.
//!
//! For facts only, which store it as `day`; metrics join `calendar` on that column and never ask
//! again. An instant without a zone is refused, because whose clock it shows cannot be guessed.

use crate::window::local_date;
use arrow::array::Date32Array;
use arrow::datatypes::{DataType, Date32Type, TimeUnit};
use chrono_tz::Tz;
use datafusion::common::cast::as_timestamp_microsecond_array;
use datafusion::common::plan_err;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;
use waymark_event::Instant;

/// The function `local_day` for this zone.
pub(crate) fn local_day(zone: Tz) -> ScalarUDF {
    ScalarUDF::from(LocalDay { zone, signature: Signature::user_defined(Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct LocalDay {
    zone: Tz,
    signature: Signature,
}

impl LocalDay {
    fn day(&self, micros: i64) -> i32 {
        Date32Type::from_naive_date(local_date(Instant::from_micros(micros), self.zone))
    }
}

impl ScalarUDFImpl for LocalDay {
    fn name(&self) -> &'static str {
        "local_day"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        match arguments {
            [DataType::Timestamp(_, Some(_)) | DataType::Null] => {
                Ok(vec![DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC")))])
            }
            [DataType::Timestamp(_, None)] => plan_err!("`local_day` was given a time without a zone"),
            _ => plan_err!("`local_day` takes one instant, not {arguments:?}"),
        }
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Date32)
    }

    fn is_strict(&self) -> bool {
        true
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_constant = arguments.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let columns = ColumnarValue::values_to_arrays(&arguments.args)?;
        let Some(column) = columns.first() else {
            return plan_err!("`local_day` takes one instant");
        };
        let days: Date32Array = as_timestamp_microsecond_array(column)?.unary(|micros| self.day(micros));
        if is_constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::Date32(days.iter().next().flatten())));
        }
        Ok(ColumnarValue::Array(Arc::new(days)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(zone: Tz, instant: &str) -> String {
        let function = LocalDay { zone, signature: Signature::user_defined(Volatility::Immutable) };
        let day = function.day(Instant::parse(instant).unwrap().micros());
        Date32Type::to_naive_date_opt(day).unwrap().to_string()
    }

    #[test]
    fn midnight_moves_with_the_zone_and_the_season() {
        use chrono_tz::{America, Asia, Europe, UTC};
        for (zone, instant, expected) in [
            (Europe::Berlin, "2026-03-28T22:59:59.999999Z", "2026-03-28"),
            (Europe::Berlin, "2026-03-28T23:00:00Z", "2026-03-29"),
            (Europe::Berlin, "2026-03-29T21:59:59Z", "2026-03-29"),
            (Europe::Berlin, "2026-03-29T22:00:00Z", "2026-03-30"),
            (America::Los_Angeles, "2026-01-01T07:59:59Z", "2025-12-31"),
            (Asia::Kathmandu, "2026-01-01T18:15:00Z", "2026-01-02"),
            (UTC, "1999-12-31T23:59:59Z", "1999-12-31"),
        ] {
            assert_eq!(day(zone, instant), expected, "{instant} in {zone}");
        }
    }
}
