//! A formula over numbers as an SQL function of each row.
//!
//! Leaves the statistics to the formulas and only carries numbers in and out: whole numbers become
//! floating-point ones, and a row with a null argument has a null answer. A formula may search for its
//! answer, and a batch has thousands of rows, so a question that was stopped ends at the next row.

use crate::query::StopFlag;
use arrow::array::{ArrayRef, Float64Array};
use arrow::datatypes::DataType;
use datafusion::common::cast::as_float64_array;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use datafusion::scalar::ScalarValue;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// An SQL function of `N` numbers; the formula says `None` where it has no answer.
#[derive(Debug)]
pub(super) struct ClosedForm<const N: usize> {
    name: &'static str,
    signature: Signature,
    formula: fn([f64; N]) -> Option<f64>,
    flag: StopFlag,
}

impl<const N: usize> ClosedForm<N> {
    pub(super) fn new(name: &'static str, formula: fn([f64; N]) -> Option<f64>, flag: &StopFlag) -> Self {
        let signature = Signature::exact(vec![DataType::Float64; N], Volatility::Immutable);
        Self { name, signature, formula, flag: flag.clone() }
    }

    fn over(&self, columns: &[ArrayRef]) -> Result<Float64Array> {
        let columns = columns.iter().map(|column| as_float64_array(column)).collect::<Result<Vec<_>>>()?;
        let length = columns.first().map_or(0, |column| arrow::array::Array::len(*column));
        (0..length).map(|row| self.flag.check().map(|()| self.answer(&columns, row))).collect()
    }

    fn answer(&self, columns: &[&Float64Array], row: usize) -> Option<f64> {
        let mut numbers = [0.0; N];
        for (number, column) in numbers.iter_mut().zip(columns) {
            *number = arrow::array::Array::is_valid(*column, row).then(|| column.value(row))?;
        }
        (self.formula)(numbers)
    }
}

/// The name identifies the function; addresses of formulas are no identity.
impl<const N: usize> PartialEq for ClosedForm<N> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl<const N: usize> Eq for ClosedForm<N> {}

impl<const N: usize> Hash for ClosedForm<N> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl<const N: usize> ScalarUDFImpl for ClosedForm<N> {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn is_strict(&self) -> bool {
        true
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_constant = arguments.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let answers = self.over(&ColumnarValue::values_to_arrays(&arguments.args)?)?;
        if is_constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::Float64(answers.iter().next().flatten())));
        }
        Ok(ColumnarValue::Array(Arc::new(answers)))
    }
}
