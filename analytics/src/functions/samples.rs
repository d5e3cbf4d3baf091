//! Gathers the values of a quantile: one sample (`Samples`), or one for each group (`GroupedSamples`).
//!
//! Both keep every value and hand it on as `List<Float64>` between partial and final aggregation.
//! What is computed of a sample belongs to `quantile.rs`. Values are never taken back, so sliding
//! windows are not supported.

use super::quantile::Question;
use arrow::array::{Array, ArrayRef, BooleanArray, Float64Array, ListArray, StructArray};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::cast::{as_float64_array, as_list_array};
use datafusion::common::{exec_datafusion_err, internal_datafusion_err};
use datafusion::error::Result;
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};
use datafusion::scalar::ScalarValue;
use std::mem::{size_of, size_of_val, take};
use std::sync::Arc;

/// What is computed of each sample: one number, or several of them as a structure.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    One(Question),
    Several(Arc<[Question]>),
}

impl Asked {
    fn observed(&self, columns: &[ArrayRef]) -> Result<Float64Array> {
        let question = match self {
            Self::One(question) => Some(question),
            Self::Several(questions) => questions.first(),
        };
        question.ok_or_else(|| internal_datafusion_err!("nothing was asked of a sample"))?.of.observed(columns)
    }

    /// The answers for each sample, whose values are reordered.
    fn answers(&self, samples: &mut [Vec<f64>]) -> Result<ArrayRef> {
        let answer = |question: &Question, samples: &mut [Vec<f64>]| -> ArrayRef {
            Arc::new(samples.iter_mut().map(|values| question.answer(values)).collect::<Float64Array>())
        };
        match self {
            Self::One(question) => Ok(answer(question, samples)),
            Self::Several(questions) => {
                let columns = questions.iter().map(|question| answer(question, samples)).collect();
                Ok(Arc::new(StructArray::try_new(several(questions.len()), columns, None)?))
            }
        }
    }
}

/// The fields of several answers, named by their places.
pub(super) fn several(count: usize) -> Fields {
    (0..count).map(|place| Field::new(place.to_string(), DataType::Float64, true)).collect()
}

/// The values of all rows.
#[derive(Debug)]
pub(super) struct Samples {
    asked: Asked,
    values: Vec<f64>,
}

impl Samples {
    pub(super) fn new(asked: Asked) -> Self {
        Self { asked, values: Vec::new() }
    }

    /// The state of an aggregate of this name: every value.
    pub(super) fn state_fields(name: &str) -> Vec<FieldRef> {
        vec![Arc::new(Field::new_list(format_state_name(name, "values"), Self::item(), true))]
    }

    fn item() -> FieldRef {
        Arc::new(Field::new_list_field(DataType::Float64, true))
    }
}

impl Accumulator for Samples {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.values.extend(self.asked.observed(values)?.iter().flatten());
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for sample in as_list_array(first(states)?)?.iter().flatten() {
            self.values.extend(as_float64_array(&sample)?.iter().flatten());
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::List(Arc::new(to_lists(vec![take(&mut self.values)])?))])
    }

    /// Reorders the values but keeps them, because a window asks after every row.
    fn evaluate(&mut self) -> Result<ScalarValue> {
        ScalarValue::try_from_array(&self.asked.answers(std::slice::from_mut(&mut self.values))?, 0)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.values.capacity() * size_of::<f64>()
    }
}

/// The values of each group, at the index that the engine gave the group.
#[derive(Debug)]
pub(super) struct GroupedSamples {
    asked: Asked,
    groups: Vec<Vec<f64>>,
}

impl GroupedSamples {
    pub(super) fn new(asked: Asked) -> Self {
        Self { asked, groups: Vec::new() }
    }

    fn group(&mut self, index: usize) -> Result<&mut Vec<f64>> {
        self.groups.get_mut(index).ok_or_else(|| internal_datafusion_err!("group {index} is outside the groups announced"))
    }
}

impl GroupsAccumulator for GroupedSamples {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.groups.resize_with(total_num_groups, Vec::new);
        let values = self.asked.observed(values)?;
        for (row, (index, value)) in group_indices.iter().zip(&values).enumerate() {
            if let Some(value) = value.filter(|_| is_kept(opt_filter, row)) {
                self.group(*index)?.push(value);
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], total_num_groups: usize) -> Result<()> {
        self.groups.resize_with(total_num_groups, Vec::new);
        for (index, sample) in group_indices.iter().zip(as_list_array(first(values)?)?.iter()) {
            if let Some(sample) = sample {
                self.group(*index)?.extend(as_float64_array(&sample)?.iter().flatten());
            }
        }
        Ok(())
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![Arc::new(to_lists(emit_to.take_needed(&mut self.groups))?)])
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        self.asked.answers(&mut emit_to.take_needed(&mut self.groups))
    }

    fn convert_to_state(&self, values: &[ArrayRef], opt_filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let values = self.asked.observed(values)?;
        let rows = values.iter().enumerate();
        let samples = rows.map(|(row, value)| value.filter(|_| is_kept(opt_filter, row)).into_iter().collect());
        Ok(vec![Arc::new(to_lists(samples.collect())?)])
    }

    fn size(&self) -> usize {
        let values: usize = self.groups.iter().map(Vec::capacity).sum();
        size_of_val(self) + self.groups.capacity() * size_of::<Vec<f64>>() + values * size_of::<f64>()
    }
}

pub(super) fn first(arrays: &[ArrayRef]) -> Result<&ArrayRef> {
    arrays.first().ok_or_else(|| internal_datafusion_err!("a quantile was given no state"))
}

/// Whether `filter (where …)` lets a row through; a condition that is null does not.
fn is_kept(filter: Option<&BooleanArray>, row: usize) -> bool {
    filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row))
}

fn to_lists(samples: Vec<Vec<f64>>) -> Result<ListArray> {
    let mut offsets = vec![0_i32];
    let mut length = 0;
    for sample in &samples {
        length += sample.len();
        // A list counts its values in 32 bits; a batch beyond that cannot be handed on.
        let end =
            i32::try_from(length).map_err(|_| exec_datafusion_err!("a quantile gathered {length} values in one batch"))?;
        offsets.push(end);
    }
    let values = Float64Array::from_iter_values(samples.into_iter().flatten());
    Ok(ListArray::new(Samples::item(), OffsetBuffer::new(ScalarBuffer::from(offsets)), Arc::new(values), None))
}

#[cfg(test)]
mod tests {
    use super::super::quantile::{Of, Part};
    use super::*;

    const MEDIAN: Asked = Asked::One(Question { of: Of::Values, part: Part::Value, p: 0.5 });

    fn column(values: &[Option<f64>]) -> ArrayRef {
        Arc::new(Float64Array::from(values.to_vec()))
    }

    #[test]
    fn groups_are_emitted_first_to_last_and_the_rest_is_kept() {
        let mut samples = GroupedSamples::new(MEDIAN);
        let values: Vec<Option<f64>> = (0..14).map(|value| Some(f64::from(value))).collect();
        let groups: Vec<usize> = (0..14).map(|row| row % 2).collect();
        samples.update_batch(&[column(&values)], &groups, None, 3).unwrap();
        assert_eq!(samples.evaluate(EmitTo::First(1)).unwrap().as_ref(), column(&[Some(6.0)]).as_ref());
        assert_eq!(samples.evaluate(EmitTo::All).unwrap().as_ref(), column(&[Some(7.0), None]).as_ref());
    }

    #[test]
    fn rows_that_skip_partial_aggregation_are_states_of_one_value() {
        let filter = BooleanArray::from(vec![Some(true), Some(true), Some(false), None]);
        let values = [column(&[Some(1.0), None, Some(3.0), Some(4.0)])];
        let states = GroupedSamples::new(MEDIAN).convert_to_state(&values, Some(&filter)).unwrap();
        let mut merged = GroupedSamples::new(MEDIAN);
        merged.merge_batch(&states, &[0, 0, 0, 0], 1).unwrap();
        assert_eq!(merged.groups, [[1.0]]);
    }

    #[test]
    fn a_state_carries_every_value_to_the_other_side() {
        let mut ungrouped = Samples::new(MEDIAN);
        ungrouped.update_batch(&[column(&[Some(1.0), None, Some(2.0)])]).unwrap();
        let state = ungrouped.state().unwrap().pop().unwrap().to_array().unwrap();
        let mut grouped = GroupedSamples::new(MEDIAN);
        grouped.merge_batch(&[state], &[1], 2).unwrap();
        assert_eq!(grouped.groups, [vec![], vec![1.0, 2.0]]);
        let states = grouped.state(EmitTo::All).unwrap();
        let mut merged = Samples::new(MEDIAN);
        merged.merge_batch(&states).unwrap();
        assert_eq!(merged.values, [1.0, 2.0]);
    }
}
