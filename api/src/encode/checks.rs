//! What is looked at before rows are written: values that no format can say, and names that JSON cannot tell apart.
//!
//! The engine counts on where a calendar or a type ends, and writers would put an error into the place of such a value.

use super::EncodeError;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Decimal256Type, DecimalType, Int64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use std::collections::HashSet;

/// Refuses two columns of one name.
pub(super) fn check_names(batches: &[RecordBatch]) -> Result<(), EncodeError> {
    let Some(first) = batches.first() else { return Ok(()) };
    let mut names = HashSet::new();
    for field in first.schema_ref().fields() {
        if !names.insert(field.name()) {
            return Err(EncodeError::SameName { name: field.name().clone() });
        }
    }
    Ok(())
}

/// Refuses instants that no calendar has, and decimals of more digits than their type.
pub(super) fn check_values(batches: &[RecordBatch]) -> Result<(), EncodeError> {
    for batch in batches {
        for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
            if !is_in_range(column.as_ref()) {
                return Err(EncodeError::OutOfRange { column: field.name().clone() });
            }
        }
    }
    Ok(())
}

fn is_in_range(values: &dyn Array) -> bool {
    match values.data_type() {
        DataType::Decimal128(precision, _) => has_digits::<Decimal128Type>(values, *precision),
        DataType::Decimal256(precision, _) => has_digits::<Decimal256Type>(values, *precision),
        DataType::List(_) => values.as_list::<i32>().iter().flatten().all(|inner| is_in_range(inner.as_ref())),
        DataType::LargeList(_) => values.as_list::<i64>().iter().flatten().all(|inner| is_in_range(inner.as_ref())),
        DataType::FixedSizeList(..) => values.as_fixed_size_list().iter().flatten().all(|inner| is_in_range(inner.as_ref())),
        DataType::Struct(_) => values.as_struct().columns().iter().all(|column| is_in_range(column.as_ref())),
        DataType::Map(..) => is_in_range(values.as_map().entries()),
        DataType::Dictionary(..) => is_in_range(values.as_any_dictionary().values().as_ref()),
        kind if kind.is_temporal() => is_in_calendar(values),
        _ => true,
    }
}

fn has_digits<T: DecimalType>(values: &dyn Array, precision: u8) -> bool {
    values.as_primitive::<T>().iter().flatten().all(|value| T::is_valid_decimal_precision(value, precision))
}

/// Whether the first and the last of instants, days or times can be shown; what lies between can be, too. What is
/// not counted from anywhere, such as an interval, has no end.
fn is_in_calendar(values: &dyn Array) -> bool {
    let Ok(counts) = cast(values, &DataType::Int64) else { return true };
    let Ok(formatter) = ArrayFormatter::try_new(values, &FormatOptions::default()) else { return true };
    let counts = counts.as_primitive::<Int64Type>().iter().enumerate();
    let counts = counts.filter_map(|(row, count)| Some((count?, row)));
    let ends = [counts.clone().min(), counts.max()];
    ends.into_iter().flatten().all(|(_, row)| formatter.value(row).try_to_string().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{
        ArrayRef, Date32Array, Decimal128Array, DurationSecondArray, Int64Array, ListBuilder, TimestampMicrosecondArray,
        TimestampMicrosecondBuilder,
    };
    use std::sync::Arc;

    fn refused(column: ArrayRef) -> bool {
        let batch = RecordBatch::try_from_iter_with_nullable([("x", column, true)]).unwrap();
        check_values(&[batch]).is_err_and(|error| matches!(error, EncodeError::OutOfRange { column } if column == "x"))
    }

    #[test]
    fn a_value_beyond_its_type_is_refused_wherever_it_stands() {
        // The calendar ends in the year 262,142; 10^38 has 39 digits.
        let instants = |last: i64| TimestampMicrosecondArray::from(vec![None, Some(0), Some(last)]).with_timezone("UTC");
        assert!(!refused(Arc::new(instants(8_000_000_000_000_000_000))));
        assert!(refused(Arc::new(instants(i64::MAX))));
        assert!(refused(Arc::new(TimestampMicrosecondArray::from(vec![i64::MIN, 0]))));
        assert!(refused(Arc::new(Date32Array::from(vec![0, i32::MAX]))));
        assert!(!refused(Arc::new(Date32Array::from(vec![None, Some(20_000)]))));
        let decimals = |value: i128| Decimal128Array::from(vec![None, Some(value)]).with_precision_and_scale(38, 38).unwrap();
        assert!(!refused(Arc::new(decimals(10_i128.pow(38) - 1))));
        assert!(refused(Arc::new(decimals(10_i128.pow(38)))));
        let mut lists = ListBuilder::new(TimestampMicrosecondBuilder::new());
        lists.append_null();
        lists.append_value([Some(0), Some(i64::MAX)]);
        assert!(refused(Arc::new(lists.finish())));
        assert!(!refused(Arc::new(DurationSecondArray::from(vec![i64::MIN, i64::MAX]))));
        assert!(!refused(Arc::new(Int64Array::from(vec![i64::MIN, i64::MAX]))));
    }
}
