//! Upper limits of what a call would make and of how long it would work, from its arguments alone.
//!
//! One rule per kind of function. Nothing is made here, and a scalar argument is never expanded:
//! copying one long text into every row of a batch would be the very thing that is to be prevented.

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type, IntervalMonthDayNanoType, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::common::cast::as_interval_mdn_array;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::ColumnarValue;

use super::{BATCH_BYTES_MAX, VALUE_BYTES_MAX};
use crate::query::error::QueryError;
use crate::query::guard::at_most;
use crate::query::plan::pattern_states;

/// Longest text on either side of `levenshtein`.
const LEVENSHTEIN_BYTES_MAX: u64 = 4_096;
/// Most steps of `levenshtein` for one batch.
const LEVENSHTEIN_STEPS_MAX: u64 = 2_000_000_000;
/// Most steps for one value, which cannot be interrupted: a second or two.
const VALUE_STEPS_MAX: u64 = 200_000_000;
/// Most steps of one piece of a batch: some hundredths of a second.
const PIECE_STEPS_MAX: u64 = 5_000_000;
/// The same where a piece begins with understanding a pattern, after which most bytes take one step.
const PATTERN_PIECE_STEPS_MAX: u64 = 100_000_000;
/// What it takes to understand a pattern, as if the text it is compared with were so much longer.
const PATTERN_BYTES: u64 = 64;
/// A day in nanoseconds.
const DAY_NANOS: i128 = 86_400_000_000_000;

/// How the size of a result and the work follow from the arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Rule {
    /// The second argument says how often the first is copied.
    Repeat,
    /// The second argument says how many characters the result has.
    Pad,
    /// The arguments say how many steps there are.
    Series,
    /// The second argument says how many elements the result has, the third what fills it.
    Resize,
    /// Every occurrence of the second argument may become the third.
    Replace,
    /// Every match may become the third argument, with what the match has caught.
    RegexpReplace,
    /// Every element may become the last text.
    ArrayReplace,
    /// The second argument stands between all elements of the first.
    ArrayToString,
    /// The first argument stands between all the others.
    Separated,
    /// The result holds each argument once, or twice for a part of it.
    Sum,
    /// The result is no larger than the first argument, which is copied for each row where it is the same for all.
    Part,
    /// The result is a number, but the work is the product of both lengths.
    Levenshtein,
    /// The result is a part of the first text; each place of it may be compared with all of the second.
    Search,
    /// The result is small; each place of the first text may meet every state of the second, a pattern.
    Pattern,
    /// The result is yes or no; each element of the first list may be compared with each of the second.
    Pairs,
}

/// Refuses a call whose result would be too large, or whose work would take too long. Else says at which rows it
/// is to be cut, so that nobody waits long for any piece.
pub(super) fn cuts(rule: Rule, args: &[ColumnarValue]) -> Result<Vec<usize>> {
    let is_copied = matches!(args, [ColumnarValue::Scalar(_), rest @ ..] if rest.iter().any(is_array));
    if rule == Rule::Part && !is_copied {
        return Ok(Vec::new());
    }
    let lengths = args.iter().map(Lengths::of).collect::<Result<Vec<_>>>()?;
    let rows = lengths.iter().map(Lengths::rows).max().unwrap_or(1);
    let is_empty = args.iter().any(|arg| matches!(arg, ColumnarValue::Array(array) if array.is_empty()));
    if is_empty {
        return Ok(Vec::new());
    }
    let call = Call { args, lengths: &lengths };
    let refuse = |limit, found, max| at_most(limit, found, max).map_err(|error| DataFusionError::External(Box::new(error)));
    let (value, total) = largest_and_sum(&call.bytes(rule, rows)?);
    refuse("bytes in one value of a function", value, VALUE_BYTES_MAX)?;
    refuse("bytes in one batch of a function", total, BATCH_BYTES_MAX)?;
    let (steps, piece_steps_max) = call.steps(rule, rows);
    let (value, total) = largest_and_sum(&steps);
    if rule == Rule::Levenshtein {
        let longest = lengths.iter().flat_map(|lengths| &lengths.bytes).copied().max().unwrap_or(0);
        refuse("bytes on one side of `levenshtein`", longest, LEVENSHTEIN_BYTES_MAX)?;
        refuse("steps of `levenshtein`", total, LEVENSHTEIN_STEPS_MAX)?;
    }
    refuse("steps of a search in one value", value, VALUE_STEPS_MAX)?;
    Ok(cut(&steps, piece_steps_max))
}

fn largest_and_sum(rows: &[u64]) -> (u64, u64) {
    rows.iter().fold((0, 0_u64), |(largest, sum), row| (largest.max(*row), sum.saturating_add(*row)))
}

/// The rows at which a new piece begins; a piece has at least one.
fn cut(steps: &[u64], piece_steps_max: u64) -> Vec<usize> {
    let (mut cuts, mut sum) = (Vec::new(), 0_u64);
    for (row, steps) in steps.iter().enumerate() {
        sum = sum.saturating_add(*steps);
        if sum > piece_steps_max && row > 0 {
            cuts.push(row);
            sum = *steps;
        }
    }
    cuts
}

/// The arguments of one call, and how long they are.
struct Call<'a> {
    args: &'a [ColumnarValue],
    lengths: &'a [Lengths],
}

impl Call<'_> {
    fn length(&self, arg: usize, row: usize) -> u64 {
        self.lengths.get(arg).map_or(0, |lengths| lengths.bytes(row))
    }

    fn elements(&self, arg: usize, row: usize) -> u64 {
        self.lengths.get(arg).map_or(0, |lengths| lengths.elements(row))
    }

    /// The most steps of each row's work, nothing where that is in proportion to its bytes; and of one piece.
    fn steps(&self, rule: Rule, rows: usize) -> (Vec<u64>, u64) {
        let each = |steps: &dyn Fn(usize) -> u64| (0..rows).map(steps).collect::<Vec<_>>();
        let steps = match rule {
            Rule::Levenshtein | Rule::Search => each(&|row| self.length(0, row).saturating_mul(self.length(1, row))),
            Rule::Pairs => each(&|row| self.elements(0, row).saturating_mul(self.elements(1, row))),
            Rule::Pattern | Rule::RegexpReplace => match self.args.get(1).and_then(text).map(pattern_states) {
                Some(states) => {
                    return (each(&|row| self.length(0, row).saturating_mul(states)), PATTERN_PIECE_STEPS_MAX);
                }
                // Each row has a pattern of its own.
                None => each(&|row| (self.length(0, row) + PATTERN_BYTES).saturating_mul(self.length(1, row))),
            },
            _ => Vec::new(),
        };
        (steps, PIECE_STEPS_MAX)
    }

    /// The most bytes of each row's result; nothing where it is no larger than the arguments.
    fn bytes(&self, rule: Rule, rows: usize) -> Result<Vec<u64>> {
        let length = |arg: usize, row: usize| self.length(arg, row);
        let elements = |arg: usize, row: usize| self.elements(arg, row);
        let all = |row: usize| self.lengths.iter().fold(0_u64, |sum, lengths| sum.saturating_add(lengths.bytes(row)));
        let count = self.args.len();
        let each = |bytes: &dyn Fn(usize) -> u64| (0..rows).map(bytes).collect::<Vec<_>>();
        Ok(match rule {
            Rule::Repeat => {
                let times = self.numbers(1)?;
                // An empty element still takes a place in a list.
                each(&|row| length(0, row).max(u64::from(self.is_element())).saturating_mul(at(&times, row)))
            }
            Rule::Pad => {
                let characters = self.numbers(1)?;
                let width = self.character_bytes(2);
                each(&|row| at(&characters, row).saturating_mul(width))
            }
            Rule::Series => self.series(rows)?,
            Rule::Resize => {
                let elements = self.numbers(1)?;
                each(&|row| length(2, row).max(8).saturating_mul(at(&elements, row)))
            }
            Rule::Replace => each(&|row| {
                let places = length(0, row) / length(1, row).max(1) + 1;
                places.saturating_mul(length(2, row)).saturating_add(length(0, row))
            }),
            Rule::RegexpReplace => {
                let is_global =
                    self.args.get(3).is_some_and(|flags| !matches!(text(flags), Some(flags) if !flags.contains('g')));
                let references = self.references(2);
                each(&|row| {
                    let matches = if is_global { length(0, row) + 1 } else { 1 };
                    let copied = length(0, row).saturating_mul(references + 1);
                    matches.saturating_mul(length(2, row)).saturating_add(copied)
                })
            }
            Rule::ArrayReplace => each(&|row| elements(0, row).saturating_mul(length(2, row)).saturating_add(length(0, row))),
            Rule::ArrayToString => each(&|row| {
                let between = length(1, row).saturating_add(length(2, row));
                // A number of eight bytes can be twenty-four characters.
                elements(0, row).saturating_mul(between).saturating_add(length(0, row).saturating_mul(3))
            }),
            Rule::Separated => each(&|row| length(0, row).saturating_mul(count as u64).saturating_add(all(row))),
            Rule::Sum if count == 3 || count == 4 => each(&|row| all(row).saturating_add(length(0, row))),
            Rule::Sum => each(&all),
            Rule::Part => each(&|row| length(0, row)),
            Rule::Levenshtein | Rule::Search | Rule::Pattern | Rule::Pairs => Vec::new(),
        })
    }

    fn is_element(&self) -> bool {
        self.args.first().is_some_and(|arg| !is_text(&arg.data_type()))
    }

    /// A numeric argument as counts; null and negative numbers are none.
    fn numbers(&self, arg: usize) -> Result<Vec<u64>> {
        let numbers = self.args.get(arg).map(signed).transpose()?.unwrap_or_default();
        Ok(numbers.into_iter().map(|number| number.map_or(0, |number| u64::try_from(number).unwrap_or(0))).collect())
    }

    /// Bytes of the widest character of a text; a missing one is a space.
    fn character_bytes(&self, arg: usize) -> u64 {
        match self.args.get(arg) {
            None => 1,
            Some(fill) => text(fill).map_or(4, |text| text.chars().map(char::len_utf8).max().unwrap_or(1) as u64),
        }
    }

    /// How often a replacement may copy what was caught.
    fn references(&self, arg: usize) -> u64 {
        match self.args.get(arg).map(|replacement| (text(replacement), replacement)) {
            Some((Some(text), _)) => text.chars().filter(|c| matches!(c, '\\' | '$')).count() as u64,
            Some((None, ColumnarValue::Array(_))) => {
                self.lengths.get(arg).map_or(0, |lengths| lengths.bytes.iter().copied().max().unwrap_or(0))
            }
            _ => 0,
        }
    }

    fn series(&self, rows: usize) -> Result<Vec<u64>> {
        let positions = |arg: usize| self.args.get(arg).map(position).transpose().map(Option::unwrap_or_default);
        let (from, to) = if self.args.len() == 1 { (vec![Some(0)], positions(0)?) } else { (positions(0)?, positions(1)?) };
        let unit = self.args.first().map_or(1, |first| match first.data_type() {
            DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => DAY_NANOS,
            _ => 1,
        });
        let steps = match self.args.get(2) {
            None => vec![Some(1)],
            Some(step) if unit == 1 => signed(step)?.into_iter().map(|step| step.map(i128::from)).collect(),
            Some(step) => intervals(step)?,
        };
        let bytes = |row: usize| match (at_row(&from, row), at_row(&to, row), at_row(&steps, row)) {
            (Some(from), Some(to), Some(step)) => {
                let steps = (to - from).unsigned_abs() / step.unsigned_abs().max(1) + 1;
                u64::try_from(steps).unwrap_or(u64::MAX).saturating_mul(8)
            }
            _ => 0,
        };
        Ok((0..rows).map(bytes).collect())
    }
}

/// Bytes and elements of an argument, one entry for a scalar.
struct Lengths {
    bytes: Vec<u64>,
    elements: Vec<u64>,
}

impl Lengths {
    fn of(arg: &ColumnarValue) -> Result<Self> {
        let array = one_or_all(arg)?;
        let list = |index: usize| match array.data_type() {
            DataType::List(_) => Some(array.as_list::<i32>().value(index)),
            DataType::LargeList(_) => Some(array.as_list::<i64>().value(index)),
            DataType::FixedSizeList(..) => Some(array.as_fixed_size_list().value(index)),
            _ => None,
        };
        let (mut bytes, mut elements) = (Vec::with_capacity(array.len()), Vec::new());
        for index in 0..array.len() {
            if array.is_null(index) {
                bytes.push(0);
                elements.push(0);
                continue;
            }
            let values = list(index);
            elements.push(values.as_ref().map_or(0, |values| values.len() as u64));
            bytes.push(match (values, array.data_type()) {
                (Some(values), _) => slice_bytes(&values),
                (None, DataType::Utf8) => array.as_string::<i32>().value(index).len() as u64,
                (None, DataType::LargeUtf8) => array.as_string::<i64>().value(index).len() as u64,
                (None, DataType::Utf8View) => array.as_string_view().value(index).len() as u64,
                (None, DataType::Binary) => array.as_binary::<i32>().value(index).len() as u64,
                (None, DataType::LargeBinary) => array.as_binary::<i64>().value(index).len() as u64,
                (None, DataType::BinaryView) => array.as_binary_view().value(index).len() as u64,
                (None, other) => {
                    other.primitive_width().map_or_else(|| slice_bytes(&array.slice(index, 1)), |width| width as u64)
                }
            });
        }
        Ok(Self { bytes, elements })
    }

    fn rows(&self) -> usize {
        self.bytes.len()
    }

    fn bytes(&self, row: usize) -> u64 {
        at(&self.bytes, row)
    }

    fn elements(&self, row: usize) -> u64 {
        at(&self.elements, row)
    }
}

/// The entry of a row; a scalar has one for all rows.
fn at(values: &[u64], row: usize) -> u64 {
    values.get(row).or_else(|| values.first()).copied().unwrap_or(0)
}

fn at_row(values: &[Option<i128>], row: usize) -> Option<i128> {
    values.get(row).or_else(|| values.first()).copied().flatten()
}

fn slice_bytes(array: &ArrayRef) -> u64 {
    array.to_data().get_slice_memory_size().map_or(u64::MAX, |bytes| bytes as u64)
}

fn one_or_all(arg: &ColumnarValue) -> Result<ArrayRef> {
    match arg {
        ColumnarValue::Array(array) => Ok(ArrayRef::clone(array)),
        ColumnarValue::Scalar(value) => value.to_array_of_size(1),
    }
}

fn is_array(arg: &ColumnarValue) -> bool {
    matches!(arg, ColumnarValue::Array(_))
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn text(arg: &ColumnarValue) -> Option<&str> {
    match arg {
        ColumnarValue::Scalar(value) => ScalarValue::try_as_str(value).flatten(),
        ColumnarValue::Array(_) => None,
    }
}

fn signed(arg: &ColumnarValue) -> Result<Vec<Option<i64>>> {
    let numbers = cast(&one_or_all(arg)?, &DataType::Int64)?;
    Ok(numbers.as_primitive::<Int64Type>().iter().collect())
}

/// A bound of a series: a number as it is, an instant or a day in nanoseconds.
fn position(arg: &ColumnarValue) -> Result<Vec<Option<i128>>> {
    let array = one_or_all(arg)?;
    let (array, unit) = match array.data_type() {
        DataType::Date32 | DataType::Date64 => (cast(&cast(&array, &DataType::Date32)?, &DataType::Int32)?, DAY_NANOS),
        DataType::Timestamp(unit, zone) => {
            let nanos = match unit {
                TimeUnit::Second => 1_000_000_000,
                TimeUnit::Millisecond => 1_000_000,
                TimeUnit::Microsecond => 1_000,
                TimeUnit::Nanosecond => 1,
            };
            (cast(&cast(&array, &DataType::Timestamp(*unit, zone.clone()))?, &DataType::Int64)?, nanos)
        }
        _ => (array, 1),
    };
    let numbers = signed(&ColumnarValue::Array(array))?;
    Ok(numbers.into_iter().map(|number| number.map(|number| i128::from(number) * unit)).collect())
}

/// Steps of a series of days or instants, at their shortest.
fn intervals(arg: &ColumnarValue) -> Result<Vec<Option<i128>>> {
    let array = one_or_all(arg)?;
    if array.data_type().is_null() {
        return Ok(vec![None]);
    }
    let step = |interval| {
        let (months, days, nanos) = IntervalMonthDayNanoType::to_parts(interval);
        let goes_back = months < 0 || days < 0 || nanos < 0;
        // Such a step can end where it began, and the series would never end.
        if goes_back && (months > 0 || days > 0 || nanos > 0) {
            let error = QueryError::BadParameter { what: "an interval that goes forwards and backwards".to_owned() };
            return Err(DataFusionError::External(Box::new(error)));
        }
        Ok((i128::from(months) * 28 + i128::from(days)) * DAY_NANOS + i128::from(nanos))
    };
    as_interval_mdn_array(&array)?.iter().map(|interval| interval.map(step).transpose()).collect()
}
