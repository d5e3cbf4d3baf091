//! `quantiles(x, 'value 0.5', 'low 0.5', …)` and `survival_quantiles(duration, is_event, …)`: several
//! numbers of one sample at once, as a structure.
//!
//! Nobody needs to write it: the engine puts it where a statement asks for several quantiles of one
//! expression (`engine/shared_samples.rs`), so that the sample is gathered once. What the numbers are is
//! said in `quantile.rs`.

use super::quantile::{Of, Part, Quantile, Question, literal};
use super::samples::{Asked, GroupedSamples, Samples, several};
use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::plan_err;
use datafusion::error::Result;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Expr, GroupsAccumulator, Signature, Volatility, lit,
};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

/// What is gathered for a quantile: expressions, and the condition under which a row counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Sample {
    of: Of,
    columns: Vec<Expr>,
    filter: Option<Box<Expr>>,
}

/// One number of a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SampleQuestion(String);

impl Sample {
    /// The sample of a call, and what is asked of it; null where it is no call for a quantile, or not one
    /// that can share its sample.
    pub(crate) fn of(call: &AggregateFunction) -> Option<(Self, SampleQuestion)> {
        let quantile = call.func.inner().downcast_ref::<Quantile>()?;
        let given = &call.params;
        let (p, columns) = given.args.split_last()?;
        let Expr::Literal(ScalarValue::Float64(Some(p)), _) = p else { return None };
        let is_plain = !given.distinct && given.order_by.is_empty() && given.null_treatment.is_none();
        let sample = Self { of: quantile.of, columns: columns.to_vec(), filter: given.filter.clone() };
        is_plain.then(|| (sample, SampleQuestion(format!("{} {p}", word(quantile.part)))))
    }

    /// The call that answers all of these questions.
    pub(crate) fn ask(self, questions: &[SampleQuestion]) -> Expr {
        let questions = questions.iter().map(|SampleQuestion(text)| lit(text.as_str()));
        let arguments = self.columns.into_iter().chain(questions).collect();
        let function = Arc::new(AggregateUDF::from(Quantiles::new(self.of)));
        Expr::AggregateFunction(AggregateFunction::new_udf(function, arguments, false, self.filter, Vec::new(), None))
    }
}

const fn word(part: Part) -> &'static str {
    match part {
        Part::Value => "value",
        Part::Low => "low",
        Part::High => "high",
    }
}

/// The SQL aggregate for several numbers of one sample.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Quantiles {
    of: Of,
    signature: Signature,
}

impl Quantiles {
    pub(super) fn new(of: Of) -> Self {
        Self { of, signature: Signature::variadic_any(Volatility::Immutable) }
    }

    fn asked(&self, arguments: &AccumulatorArgs<'_>) -> Result<Asked> {
        let questions = arguments.exprs.iter().skip(self.columns()).map(|expression| {
            let Some(ScalarValue::Utf8(Some(text))) = literal(expression) else {
                return plan_err!("the questions of `{}` must be literals", self.name());
            };
            self.question(&text)
        });
        Ok(Asked::Several(questions.collect::<Result<_>>()?))
    }

    fn question(&self, text: &str) -> Result<Question> {
        let (part, p) = text.split_once(' ').unwrap_or_default();
        let part = [Part::Value, Part::Low, Part::High].into_iter().find(|known| word(*known) == part);
        let question = part.zip(p.parse().ok()).and_then(|(part, p)| Question::new(self.of, part, p));
        let Some(question) = question else {
            return plan_err!("`{}` cannot be asked for `{text}`; ask for `value 0.5`, `low 0.5` or `high 0.5`", self.name());
        };
        Ok(question)
    }

    /// How many arguments say what a sample is made of.
    const fn columns(&self) -> usize {
        match self.of {
            Of::Values => 1,
            Of::Episodes => 2,
        }
    }
}

impl AggregateUDFImpl for Quantiles {
    fn name(&self) -> &'static str {
        match self.of {
            Of::Values => "quantiles",
            Of::Episodes => "survival_quantiles",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(several(arguments.len().saturating_sub(self.columns()))))
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(Samples::state_fields(arguments.name))
    }

    fn accumulator(&self, arguments: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Samples::new(self.asked(&arguments)?)))
    }

    fn groups_accumulator_supported(&self, _arguments: AccumulatorArgs<'_>) -> bool {
        true
    }

    fn create_groups_accumulator(&self, arguments: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(GroupedSamples::new(self.asked(&arguments)?)))
    }
}
