//! `width_bucket(value, thresholds)`: how many of some thresholds, in their order, are not above a value.
//!
//! The function of PostgreSQL over instants and days. A join by ranges looks at every pair; thresholds
//! that stay the same for all rows are looked up in a few steps.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Int64Type};
use datafusion::common::{exec_err, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

/// The bucket of an instant or a day among thresholds of its own type, in ascending order: 0 before the
/// first of them, their number from the last one on.
pub(crate) fn width_bucket() -> ScalarUDF {
    ScalarUDF::from(WidthBucket { signature: Signature::user_defined(Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct WidthBucket {
    signature: Signature,
}

impl ScalarUDFImpl for WidthBucket {
    fn name(&self) -> &'static str {
        "width_bucket"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments {
            [value @ (DataType::Date32 | DataType::Timestamp(..)), DataType::List(threshold)]
                if value == threshold.data_type() =>
            {
                Ok(DataType::Int64)
            }
            other => plan_err!("`width_bucket` takes an instant or a day, and a list of such thresholds: not {other:?}"),
        }
    }

    /// Thresholds are read as what the value is.
    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        match arguments {
            [value @ (DataType::Date32 | DataType::Timestamp(..)), DataType::List(threshold)]
                if threshold.data_type().is_temporal() =>
            {
                Ok(vec![value.clone(), DataType::List(Arc::new(Field::new_list_field(value.clone(), true)))])
            }
            other => Ok(other.to_vec()),
        }
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [value, ColumnarValue::Scalar(ScalarValue::List(thresholds))] = arguments.args.as_slice() else {
            return exec_err!("the thresholds of `width_bucket` must be the same for all rows");
        };
        if thresholds.is_null(0) {
            return Ok(ColumnarValue::Scalar(ScalarValue::Int64(None)));
        }
        let thresholds = numbers(&thresholds.value(0))?;
        if thresholds.null_count() > 0 || !thresholds.values().is_sorted() {
            return exec_err!("the thresholds of `width_bucket` must be known, and in ascending order");
        }
        let values = numbers(&value.to_array(arguments.number_rows)?)?;
        let reached = |value: i64| thresholds.values().partition_point(|threshold| *threshold <= value);
        let buckets: Int64Array = values.unary(|value| i64::try_from(reached(value)).unwrap_or(i64::MAX));
        Ok(ColumnarValue::Array(Arc::new(buckets)))
    }
}

/// Days and instants as they are counted.
fn numbers(values: &ArrayRef) -> Result<Int64Array> {
    let counted = if values.data_type() == &DataType::Date32 { cast(values, &DataType::Int32)? } else { Arc::clone(values) };
    Ok(cast(&counted, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
}

#[cfg(test)]
mod tests {
    use super::width_bucket;
    use arrow::array::AsArray;
    use arrow::datatypes::Int64Type;
    use datafusion::error::Result;
    use datafusion::prelude::SessionContext;

    async fn buckets(values: &str, thresholds: &str) -> Result<Vec<Option<i64>>> {
        let context = SessionContext::new();
        context.register_udf(width_bucket());
        let sql = format!("select width_bucket(value, {thresholds}) from (values {values}) as given(value)");
        #[expect(clippy::disallowed_methods, reason = "the function is tested without the engine around it")]
        let batches = context.sql(&sql).await?.collect().await?;
        Ok(batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().iter().collect::<Vec<_>>()).collect())
    }

    #[tokio::test]
    async fn a_value_belongs_to_the_last_threshold_that_is_not_above_it() {
        let days = "(date '2026-03-01'), (date '2026-03-02'), (date '2026-03-03'), (date '2026-03-09'), (null)";
        // Equal thresholds are reached together.
        let thresholds = "make_array(date '2026-03-02', date '2026-03-03', date '2026-03-03')";
        assert_eq!(buckets(days, thresholds).await.unwrap(), [Some(0), Some(1), Some(3), Some(3), None]);
        let instants = "(timestamp '2026-03-01 23:59:59'), (timestamp '2026-03-02 00:00:00')";
        assert_eq!(buckets(instants, "make_array(timestamp '2026-03-02 00:00:00')").await.unwrap(), [Some(0), Some(1)]);
        // As facts have them.
        let zoned = "(arrow_cast('2026-03-02T00:00:00Z', 'Timestamp(Microsecond, Some(\"UTC\"))'))";
        assert_eq!(buckets(zoned, "make_array(timestamp '2026-03-02', timestamp '2026-03-09')").await.unwrap(), [Some(1)]);
    }

    #[tokio::test]
    async fn thresholds_are_of_the_same_type_in_order_and_the_same_for_all() {
        for (thresholds, why) in [
            ("make_array(1, 2)", "a list of such thresholds"),
            ("make_array(date '2026-03-03', date '2026-03-02')", "ascending"),
            ("make_array(null, date '2026-03-02')", "known"),
            ("make_array(value)", "the same for all rows"),
        ] {
            let refused = buckets("(date '2026-03-01'), (date '2026-03-02')", thresholds).await.unwrap_err().to_string();
            assert!(refused.contains(why), "{refused}");
        }
    }
}
