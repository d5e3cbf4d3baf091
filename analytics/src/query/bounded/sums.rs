//! `sum` that fails where its result is beyond its type, where the engine's begins again at the other end.
//!
//! Whole numbers and durations are added up as decimals of 38 digits, and decimals as decimals of 76: no table has
//! enough rows to fill these, so only the result can be too large, in whatever order it was added up. Floating-point
//! numbers and intervals are left to the engine, and so are distinct values in a window that slides.

use std::mem::size_of;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray};
use datafusion::arrow::compute::{CastOptions, cast, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::Transformed;
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, Expr, GroupsAccumulator, ReversedUDAF, Signature,
    WindowFunctionDefinition,
};

use super::arithmetic::out_of_range;

/// An expression with the twin in the place of the engine's `sum`, over groups or in a window.
pub(super) fn replaced(expr: Expr) -> Transformed<Expr> {
    match expr {
        Expr::AggregateFunction(mut call) if call.func.name() == "sum" => {
            call.func = twin(&call.func);
            Transformed::yes(Expr::AggregateFunction(call))
        }
        Expr::WindowFunction(mut window) => {
            let twin = match &window.fun {
                WindowFunctionDefinition::AggregateUDF(inner) if inner.name() == "sum" => twin(inner),
                _ => return Transformed::no(Expr::WindowFunction(window)),
            };
            window.fun = WindowFunctionDefinition::AggregateUDF(twin);
            Transformed::yes(Expr::WindowFunction(window))
        }
        other => Transformed::no(other),
    }
}

fn twin(inner: &Arc<AggregateUDF>) -> Arc<AggregateUDF> {
    Arc::new(AggregateUDF::from(Sum { inner: Arc::clone(inner) }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Sum {
    inner: Arc<AggregateUDF>,
}

impl AggregateUDFImpl for Sum {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arg_types)
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let return_field = match Widths::of(&args.return_field) {
            Some(widths) => widths.wide_field(),
            None => Arc::clone(&args.return_field),
        };
        self.inner.state_fields(StateFieldsArgs { return_field, ..args })
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let Some(widths) = Widths::of(&args.return_field) else { return self.inner.accumulator(args) };
        let inner = self.inner.accumulator(AccumulatorArgs { return_field: widths.wide_field(), ..args })?;
        Ok(Box::new(Summed { inner, widths }))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let widths = Widths::of(&args.return_field).filter(|_| !args.is_distinct);
        let Some(widths) = widths else { return self.inner.create_sliding_accumulator(args) };
        let inner = self.inner.create_sliding_accumulator(AccumulatorArgs { return_field: widths.wide_field(), ..args })?;
        Ok(Box::new(Summed { inner, widths }))
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        self.inner.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        let Some(widths) = Widths::of(&args.return_field) else { return self.inner.create_groups_accumulator(args) };
        let inner = self.inner.create_groups_accumulator(AccumulatorArgs { return_field: widths.wide_field(), ..args })?;
        Ok(Box::new(GroupedSums { inner, widths }))
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}

/// The type of a sum, and the wider one in which it is made.
#[derive(Clone, Debug)]
struct Widths {
    narrow: DataType,
    wide: DataType,
}

impl Widths {
    fn of(return_field: &Field) -> Option<Self> {
        let narrow = return_field.data_type().clone();
        let wide = match narrow {
            DataType::Int64 | DataType::UInt64 | DataType::Duration(_) => DataType::Decimal128(38, 0),
            DataType::Decimal128(_, scale) => DataType::Decimal256(76, scale),
            _ => return None,
        };
        Some(Self { narrow, wide })
    }

    fn wide_field(&self) -> FieldRef {
        Arc::new(Field::new("sum", self.wide.clone(), true))
    }

    fn widened(&self, values: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
        let is_duration = matches!(self.narrow, DataType::Duration(_));
        let widen = |values: &ArrayRef| {
            if is_duration { cast(&cast(values, &DataType::Int64)?, &self.wide) } else { cast(values, &self.wide) }
        };
        Ok(values.iter().map(widen).collect::<Result<_, _>>()?)
    }

    fn narrowed(&self, sums: &ArrayRef) -> Result<ArrayRef> {
        let options = CastOptions { safe: false, ..CastOptions::default() };
        let is_duration = matches!(self.narrow, DataType::Duration(_));
        let counted = if is_duration { &DataType::Int64 } else { &self.narrow };
        let sums = cast_with_options(sums, counted, &options).map_err(|_| out_of_range())?;
        Ok(if is_duration { cast(&sums, &self.narrow)? } else { sums })
    }
}

/// The sum of all rows, or of those in a window.
#[derive(Debug)]
struct Summed {
    inner: Box<dyn Accumulator>,
    widths: Widths,
}

impl Accumulator for Summed {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.update_batch(&self.widths.widened(values)?)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let sum = self.inner.evaluate()?.to_array()?;
        ScalarValue::try_from_array(&self.widths.narrowed(&sum)?, 0)
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
        self.inner.retract_batch(&self.widths.widened(values)?)
    }

    fn supports_retract_batch(&self) -> bool {
        self.inner.supports_retract_batch()
    }
}

/// The sums of all groups.
struct GroupedSums {
    inner: Box<dyn GroupsAccumulator>,
    widths: Widths,
}

impl GroupsAccumulator for GroupedSums {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.inner.update_batch(&self.widths.widened(values)?, group_indices, opt_filter, total_num_groups)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        self.widths.narrowed(&self.inner.evaluate(emit_to)?)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        self.inner.state(emit_to)
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], total_num_groups: usize) -> Result<()> {
        self.inner.merge_batch(values, group_indices, total_num_groups)
    }

    fn convert_to_state(&self, values: &[ArrayRef], opt_filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        self.inner.convert_to_state(&self.widths.widened(values)?, opt_filter)
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.inner.size()
    }
}
