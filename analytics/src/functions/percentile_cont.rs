//! `percentile_cont(p) within group (order by x)` and `percentile_cont(x, p)`: the engine's function, made exact.
//!
//! The engine cuts the place between two values to six digits. Values are gathered as it does, also in
//! windows that slide; only the last step is ours: type 7, as in `quantile`, but nothing is withheld,
//! however few values there are. The median needs no such care: it is the mean of two values.

use super::quantile::{literal, type_7};
use super::samples::first;
use arrow::array::{ArrayRef, BooleanArray, Float64Array};
use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::cast::{as_float64_array, as_list_array};
use datafusion::common::plan_err;
use datafusion::error::Result;
use datafusion::functions_aggregate::percentile_cont::PercentileCont;
use datafusion::logical_expr::function::{AccumulatorArgs, AggregateFunctionSimplification, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Documentation, EmitTo, GroupsAccumulator, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;
use std::mem::size_of;
use std::sync::Arc;

/// The function, to be registered over the engine's own.
pub(super) fn percentile_cont() -> AggregateUDF {
    let signature = Signature::exact(vec![DataType::Float64; 2], Volatility::Immutable);
    AggregateUDF::from(Percentile { inner: PercentileCont::new(), signature })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Percentile {
    inner: PercentileCont,
    signature: Signature,
}

impl Percentile {
    /// Which quantile of the values in ascending order.
    fn p(&self, arguments: &AccumulatorArgs<'_>) -> Result<f64> {
        let is_descending = arguments.order_bys.first().is_some_and(|order| order.options.descending);
        match arguments.exprs.get(1).and_then(literal) {
            Some(ScalarValue::Float64(Some(p))) if (0.0..=1.0).contains(&p) => Ok(if is_descending { 1.0 - p } else { p }),
            _ => plan_err!("the quantile of `{}` must be a literal between 0 and 1", self.name()),
        }
    }
}

impl AggregateUDFImpl for Percentile {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arguments)
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        self.inner.state_fields(arguments)
    }

    fn accumulator(&self, arguments: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let (p, is_distinct) = (self.p(&arguments)?, arguments.is_distinct);
        Ok(Box::new(Values { inner: self.inner.accumulator(arguments)?, p, is_distinct }))
    }

    fn groups_accumulator_supported(&self, arguments: AccumulatorArgs<'_>) -> bool {
        self.inner.groups_accumulator_supported(arguments)
    }

    fn create_groups_accumulator(&self, arguments: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        let p = self.p(&arguments)?;
        Ok(Box::new(GroupedValues { inner: self.inner.create_groups_accumulator(arguments)?, p }))
    }

    fn simplify(&self) -> Option<AggregateFunctionSimplification> {
        self.inner.simplify()
    }

    fn supports_within_group_clause(&self) -> bool {
        self.inner.supports_within_group_clause()
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }
}

/// The values of all rows, or of those in a window.
#[derive(Debug)]
struct Values {
    inner: Box<dyn Accumulator>,
    p: f64,
    is_distinct: bool,
}

impl Accumulator for Values {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.update_batch(values)
    }

    /// Gives the values back, because a window asks after every row.
    fn evaluate(&mut self) -> Result<ScalarValue> {
        let state = self.inner.state()?.iter().map(ScalarValue::to_array).collect::<Result<Vec<_>>>()?;
        let answers = percentiles(first(&state)?, self.p)?;
        // Only those that are distinct were not handed over but copied.
        if !self.is_distinct {
            self.inner.merge_batch(&state)?;
        }
        ScalarValue::try_from_array(&answers, 0)
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.inner.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.inner.state()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.inner.merge_batch(states)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.retract_batch(values)
    }

    fn supports_retract_batch(&self) -> bool {
        self.inner.supports_retract_batch()
    }
}

/// The values of each group.
struct GroupedValues {
    inner: Box<dyn GroupsAccumulator>,
    p: f64,
}

impl GroupsAccumulator for GroupedValues {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.inner.update_batch(values, group_indices, opt_filter, total_num_groups)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let state = self.inner.state(emit_to)?;
        percentiles(first(&state)?, self.p)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        self.inner.state(emit_to)
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], total_num_groups: usize) -> Result<()> {
        self.inner.merge_batch(values, group_indices, total_num_groups)
    }

    fn convert_to_state(&self, values: &[ArrayRef], opt_filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        self.inner.convert_to_state(values, opt_filter)
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.inner.size()
    }
}

/// The quantile of each list; null for an empty one.
fn percentiles(samples: &ArrayRef, p: f64) -> Result<ArrayRef> {
    let percentile = |sample: Option<ArrayRef>| -> Result<Option<f64>> {
        let Some(sample) = sample else { return Ok(None) };
        let mut values: Vec<f64> = as_float64_array(&sample)?.iter().flatten().collect();
        Ok(type_7(&mut values, p))
    };
    let answers = as_list_array(samples)?.iter().map(percentile).collect::<Result<Float64Array>>()?;
    Ok(Arc::new(answers))
}
