//! Operators as functions: an operator has no name under which a twin could stand in for it.
//!
//! `||` builds on itself; the comparisons with a pattern take as long as the functions that do the same.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::tree_node::Transformed;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::binary::BinaryTypeCoercer;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, Operator, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{BinaryExpr as PhysicalBinary, Column, Literal};

use super::sizes::Rule;
use super::{Bounds, patterns};
use crate::query::stop::StopFlag;

/// An expression with a function in the place of its operator, if that makes or does much.
pub(super) fn replaced(expr: Expr, flag: &StopFlag) -> Transformed<Expr> {
    let translated = patterns::translated(expr);
    let Some((operator, word, rule)) = operator(&translated.data) else { return translated };
    let (left, right) = match translated.data {
        Expr::BinaryExpr(binary) => (binary.left, binary.right),
        Expr::Like(like) | Expr::SimilarTo(like) => (like.expr, like.pattern),
        other => return Transformed::no(other),
    };
    let bounds = Bounds { rule, flag: flag.clone() };
    let twin = Operated { operator, word, bounds, signature: Signature::user_defined(Volatility::Immutable) };
    let call = ScalarFunction::new_udf(Arc::new(ScalarUDF::from(twin)), vec![*left, *right]);
    Transformed::yes(Expr::ScalarFunction(call))
}

/// The operator of an expression, how it is written, and how it is bounded.
fn operator(expr: &Expr) -> Option<(Operator, String, Rule)> {
    match expr {
        Expr::BinaryExpr(binary) => {
            let rule = match binary.op {
                Operator::StringConcat => Rule::Sum,
                Operator::RegexMatch
                | Operator::RegexIMatch
                | Operator::RegexNotMatch
                | Operator::RegexNotIMatch
                | Operator::LikeMatch
                | Operator::ILikeMatch
                | Operator::NotLikeMatch
                | Operator::NotILikeMatch => Rule::Pattern,
                _ => return None,
            };
            Some((binary.op, binary.op.to_string(), rule))
        }
        Expr::SimilarTo(like) if like.escape_char.is_none() => {
            let word = if like.negated { "NOT SIMILAR TO" } else { "SIMILAR TO" };
            let operator = match (like.negated, like.case_insensitive) {
                (false, false) => Operator::RegexMatch,
                (false, true) => Operator::RegexIMatch,
                (true, false) => Operator::RegexNotMatch,
                (true, true) => Operator::RegexNotIMatch,
            };
            Some((operator, word.to_owned(), Rule::Pattern))
        }
        // With a pattern that is written out it is as quick as reading the text.
        Expr::Like(like) if like.escape_char.is_none() && !matches!(like.pattern.as_ref(), Expr::Literal(..)) => {
            let (operator, word) = match (like.negated, like.case_insensitive) {
                (false, false) => (Operator::LikeMatch, "LIKE"),
                (false, true) => (Operator::ILikeMatch, "ILIKE"),
                (true, false) => (Operator::NotLikeMatch, "NOT LIKE"),
                (true, true) => (Operator::NotILikeMatch, "NOT ILIKE"),
            };
            Some((operator, word.to_owned(), Rule::Pattern))
        }
        _ => None,
    }
}

/// An operator over two texts or lists.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Operated {
    operator: Operator,
    /// The operator as it stands in names of columns.
    word: String,
    bounds: Bounds,
    signature: Signature,
}

impl Operated {
    fn typed<'a>(&'a self, types: &'a [DataType]) -> Result<BinaryTypeCoercer<'a>> {
        match types {
            [left, right] => Ok(BinaryTypeCoercer::new(left, &self.operator, right)),
            _ => Err(self.two_expected()),
        }
    }

    fn evaluated(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let (mut fields, mut columns) = (Vec::new(), Vec::new());
        let mut operands = args.args.into_iter().map(|arg| match arg {
            ColumnarValue::Scalar(value) => Arc::new(Literal::new(value)) as Arc<dyn PhysicalExpr>,
            ColumnarValue::Array(array) => {
                let column = Column::new("operand", columns.len());
                fields.push(Field::new("operand", array.data_type().clone(), true));
                columns.push(array);
                Arc::new(column)
            }
        });
        let (Some(left), Some(right)) = (operands.next(), operands.next()) else {
            return Err(self.two_expected());
        };
        drop(operands);
        let options = RecordBatchOptions::new().with_row_count(Some(args.number_rows));
        let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)?;
        PhysicalBinary::new(left, self.operator, right).evaluate(&batch)
    }

    fn two_expected(&self) -> DataFusionError {
        DataFusionError::Plan(format!("`{}` takes two values", self.word))
    }
}

impl ScalarUDFImpl for Operated {
    fn name(&self) -> &'static str {
        if self.operator == Operator::StringConcat { "string_concat" } else { "pattern_match" }
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        let names: Vec<String> = args.iter().map(|arg| arg.schema_name().to_string()).collect();
        Ok(names.join(&format!(" {} ", self.word)))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        let (left, right) = self.typed(arg_types)?.get_input_types()?;
        Ok(vec![left, right])
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.typed(arg_types)?.get_result_type()
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let types: Vec<DataType> = args.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        let is_nullable = args.arg_fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(self.name(), self.return_type(&types)?, is_nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.bounds.heed(args, |args| self.evaluated(args))
    }
}
