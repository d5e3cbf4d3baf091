//! `quantile(x, p)`, `quantile_low(x, p)`, `quantile_high(x, p)`: a quantile and its 95 % limits;
//! and `survival_quantile(duration, is_event, p)` with `_low` and `_high`, where some are still open.
//!
//! The quantile is of type 7 (linear interpolation, SQL's `percentile_cont`), the limits are order
//! statistics, and all values are kept, so nothing is approximate. Where a sample is too small to
//! have limits the quantile is withheld as well: a median of three values looks like knowledge.
//! Nulls are ignored; `p` is a literal. How values are gathered by group is left to `samples.rs`, and
//! what open episodes do to a quantile to `survival.rs`.

use super::order_statistics::ranks;
use super::samples::{Asked, GroupedSamples, Samples};
use super::survival;
use arrow::array::{ArrayRef, Float64Array, RecordBatch};
use arrow::datatypes::{DataType, FieldRef, Schema};
use datafusion::common::cast::{as_boolean_array, as_float64_array};
use datafusion::common::{internal_datafusion_err, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, ColumnarValue, GroupsAccumulator, Signature, Volatility};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

/// Which number of a quantile is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Part {
    /// The quantile itself.
    Value,
    /// Its lower limit.
    Low,
    /// Its upper limit.
    High,
}

/// What a sample is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Of {
    /// Numbers as they are.
    Values,
    /// Durations that have ended, or are still open; `survival.rs` says how one number tells both.
    Episodes,
}

/// What is computed of a sample.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question {
    /// What the sample is made of.
    pub(super) of: Of,
    /// Which number of the quantile.
    pub(super) part: Part,
    /// Which quantile, strictly between 0 and 1.
    pub(super) p: f64,
}

impl Question {
    /// The question for a quantile; null where there is none, at 0 and 1 and beyond.
    pub(super) fn new(of: Of, part: Part, p: f64) -> Option<Self> {
        (p > 0.0 && p < 1.0).then_some(Self { of, part, p })
    }

    /// The answer for a sample, whose values are reordered; `None` where the sample is too small.
    pub(super) fn answer(self, values: &mut [f64]) -> Option<f64> {
        let (low, high) = ranks(values.len(), self.p)?;
        match (self.of, self.part) {
            (Of::Values, Part::Value) => type_7(values, self.p),
            (Of::Values, Part::Low) => Some(select(values, low - 1)),
            (Of::Values, Part::High) => Some(select(values, high - 1)),
            (Of::Episodes, part) => {
                let found = survival::quantile(values, self.p);
                match part {
                    Part::Value => found.value,
                    Part::Low => found.low,
                    Part::High => found.high,
                }
            }
        }
    }
}

impl Of {
    /// What the rows add to a sample, one number or null for each.
    pub(super) fn observed(self, columns: &[ArrayRef]) -> Result<Float64Array> {
        let column = |place: usize| {
            columns.get(place).ok_or_else(|| internal_datafusion_err!("a quantile was not given its argument {place}"))
        };
        let values = as_float64_array(column(0)?)?;
        if self == Self::Values {
            return Ok(values.clone());
        }
        let ends = as_boolean_array(column(1)?)?;
        let episodes = values.iter().zip(ends).map(|(duration, is_event)| survival::episode(duration?, is_event?));
        Ok(episodes.collect())
    }
}

/// The quantile by linear interpolation between the two nearest values, however few there are.
pub(crate) fn type_7(values: &mut [f64], p: f64) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    let place = last as f64 * p;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 ≤ place ≤ last")]
    let index = (place as usize).min(last);
    let lower = select(values, index);
    let above = values.iter().skip(index + 1).copied().min_by(f64::total_cmp);
    // Without a fraction the value itself is meant, also beside an infinite one.
    let fraction = place - index as f64;
    Some(above.filter(|_| fraction > 0.0).map_or(lower, |upper| lower + fraction * (upper - lower)))
}

/// The value that would stand at `index` if the values were sorted; larger ones end up behind it.
fn select(values: &mut [f64], index: usize) -> f64 {
    *values.select_nth_unstable_by(index, f64::total_cmp).1
}

/// The SQL aggregate for one part of a quantile.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Quantile {
    pub(super) of: Of,
    pub(super) part: Part,
    signature: Signature,
}

impl Quantile {
    pub(super) fn new(of: Of, part: Part) -> Self {
        let arguments = match of {
            Of::Values => vec![DataType::Float64; 2],
            Of::Episodes => vec![DataType::Float64, DataType::Boolean, DataType::Float64],
        };
        Self { of, part, signature: Signature::exact(arguments, Volatility::Immutable) }
    }

    fn question(&self, arguments: &AccumulatorArgs<'_>) -> Result<Question> {
        let name = self.name();
        if arguments.is_distinct {
            return plan_err!("`{name}` counts every row: `distinct` would change the sample");
        }
        let Some(expression) = arguments.exprs.last().filter(|_| arguments.exprs.len() > 1) else {
            return plan_err!("`{name}` needs to know which quantile");
        };
        let question = match literal(expression) {
            Some(ScalarValue::Float64(Some(p))) => Question::new(self.of, self.part, p),
            _ => None,
        };
        question.map_or_else(|| plan_err!("the quantile of `{name}` must be a literal between 0 and 1"), Ok)
    }
}

/// The value of an argument that is the same for all rows; null for any other.
pub(super) fn literal(argument: &Arc<dyn PhysicalExpr>) -> Option<ScalarValue> {
    // A column cannot be evaluated without rows, so only a literal gets through.
    match argument.evaluate(&RecordBatch::new_empty(Arc::new(Schema::empty()))) {
        Ok(ColumnarValue::Scalar(value)) => Some(value),
        _ => None,
    }
}

impl AggregateUDFImpl for Quantile {
    fn name(&self) -> &str {
        match (self.of, self.part) {
            (Of::Values, Part::Value) => "quantile",
            (Of::Values, Part::Low) => "quantile_low",
            (Of::Values, Part::High) => "quantile_high",
            (Of::Episodes, Part::Value) => "survival_quantile",
            (Of::Episodes, Part::Low) => "survival_quantile_low",
            (Of::Episodes, Part::High) => "survival_quantile_high",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(Samples::state_fields(arguments.name))
    }

    fn accumulator(&self, arguments: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Samples::new(Asked::One(self.question(&arguments)?))))
    }

    fn groups_accumulator_supported(&self, _arguments: AccumulatorArgs<'_>) -> bool {
        true
    }

    fn create_groups_accumulator(&self, arguments: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(GroupedSamples::new(Asked::One(self.question(&arguments)?))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_type_7(values: &[f64], p: f64, expected: f64) {
        let found = type_7(&mut values.to_vec(), p).unwrap();
        assert!((found - expected).abs() < 1e-9, "p {p} of {values:?} is {found}");
    }

    #[test]
    fn the_golden_samples_have_their_quantiles() {
        for (p, expected) in [(0.5, 2.5), (0.75, 3.25), (0.9, 3.7)] {
            assert_type_7(&[4.0, 1.0, 3.0, 2.0], p, expected);
        }
        let tens: Vec<f64> = (1..=13).rev().map(|ten| f64::from(ten) * 10.0).collect();
        for (p, expected) in [(0.5, 70.0), (0.75, 100.0), (0.9, 118.0)] {
            assert_type_7(&tens, p, expected);
        }
        assert_type_7(&[200.0, 100.0], 0.5, 150.0);
        assert_type_7(&[7.0], 0.9, 7.0);
        assert_eq!(type_7(&mut [], 0.5), None);
    }

    #[test]
    fn a_sample_is_answered_from_the_size_on_that_has_limits() {
        for (p, minimum) in [(0.5, 6), (0.75, 13), (0.9, 36)] {
            for part in [Part::Value, Part::Low, Part::High] {
                let question = Question { of: Of::Values, part, p };
                assert_eq!(question.answer(&mut vec![1.0; minimum - 1]), None);
                assert_eq!(question.answer(&mut vec![1.0; minimum]), Some(1.0));
            }
        }
    }

    #[test]
    fn limits_are_values_of_the_sample() {
        let mut values: Vec<f64> = (1..=20).rev().map(f64::from).collect();
        let answers =
            [Part::Low, Part::Value, Part::High].map(|part| Question { of: Of::Values, part, p: 0.5 }.answer(&mut values));
        assert_eq!(answers, [Some(6.0), Some(10.5), Some(15.0)]);
    }
}
