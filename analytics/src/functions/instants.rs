//! `plus_seconds(at, seconds)` and `seconds_between(from, to)`: arithmetic of instants in seconds.
//!
//! DataFusion's own interval arithmetic cannot multiply an interval by a setting, and subtracting
//! instants gives a duration that no tool can plot. What 64 bits of microseconds cannot hold is null.
//! Local days belong to `local_day`.

use datafusion::arrow::array::{ArrayRef, Float64Array, TimestampMicrosecondArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::cast::{as_float64_array, as_timestamp_microsecond_array};
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use std::sync::Arc;

/// The instant that lies a number of seconds after another: `plus_seconds(at, seconds)`.
pub(crate) fn plus_seconds() -> ScalarUDF {
    ScalarUDF::from(Instants {
        name: "plus_seconds",
        is_difference: false,
        signature: Signature::any(2, Volatility::Immutable),
    })
}

/// Seconds from one instant to another, negative when it is the earlier: `seconds_between(from, to)`.
pub(crate) fn seconds_between() -> ScalarUDF {
    ScalarUDF::from(Instants {
        name: "seconds_between",
        is_difference: true,
        signature: Signature::any(2, Volatility::Immutable),
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Instants {
    name: &'static str,
    is_difference: bool,
    signature: Signature,
}

fn instant_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

impl ScalarUDFImpl for Instants {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(if self.is_difference { DataType::Float64 } else { instant_type() })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let from = cast(&arrays[0], &instant_type())?;
        let from = as_timestamp_microsecond_array(&from)?;
        let result: ArrayRef = if self.is_difference {
            let to = cast(&arrays[1], &instant_type())?;
            let to = as_timestamp_microsecond_array(&to)?;
            let seconds = from.iter().zip(to).map(|(from, to)| Some(to?.checked_sub(from?)? as f64 / 1_000_000.0));
            Arc::new(seconds.collect::<Float64Array>())
        } else {
            let seconds = cast(&arrays[1], &DataType::Float64)?;
            let seconds = as_float64_array(&seconds)?;
            let later = from.iter().zip(seconds).map(|(at, seconds)| at?.checked_add(micros(seconds?)?));
            Arc::new(later.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
        };
        Ok(ColumnarValue::Array(result))
    }
}

/// Null for what is infinite or no number, too.
#[expect(clippy::cast_possible_truncation, reason = "only what is below 2^63 is given")]
fn micros(seconds: f64) -> Option<i64> {
    let micros = (seconds * 1_000_000.0).round();
    (micros.abs() < i64::MAX as f64).then_some(micros as i64)
}
