//! Twins of the functions that make much out of little.
//!
//! Memory pools do not see scalar functions, and nothing can interrupt one call:
//! `repeat('x', 1000000000)` takes four gigabytes. A twin has the name, signature and result of
//! its original and delegates to it, after an upper limit of the result was worked out from the
//! arguments (`bounded/sizes.rs`). Aggregates are counted by the pool and stay as they are.

mod sizes;

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, FieldRef, Schema};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::arrow::datatypes::Field;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::error::{DataFusionError, Result};
use datafusion::functions::{core, regex, string, unicode};
use datafusion::functions_nested as nested;
use datafusion::logical_expr::binary::BinaryTypeCoercer;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Documentation, Expr, LogicalPlan, Operator, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{BinaryExpr as PhysicalBinary, Column, Literal};

use super::error::QueryError;
use sizes::Rule;

/// Most bytes of one value that a function makes.
pub(crate) const VALUE_BYTES_MAX: u64 = 1024 * 1024;
/// Most bytes that a function makes for one batch of rows.
pub(crate) const BATCH_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Functions that no question may call: they tell about files or about the server.
const FORBIDDEN: &[&str] = &["file_row_index", "input_file_name", "version"];
/// The twins, to be registered over their originals.
pub(crate) fn bounded_functions() -> Vec<Arc<ScalarUDF>> {
    originals().into_iter().map(|(inner, rule)| Arc::new(ScalarUDF::from(Bounded { inner, rule }))).collect()
}

/// Whether a function has to be taken out of every session that answers questions.
pub(crate) fn is_forbidden(name: &str) -> bool {
    FORBIDDEN.contains(&name)
}

/// Puts the twins into a plan, also where the planner itself has put an original: for `||` and for
/// `overlay(… placing …)`. Types and names of columns stay as they are.
pub(crate) fn bind(plan: LogicalPlan) -> Result<LogicalPlan, QueryError> {
    let twins: BTreeMap<String, Arc<ScalarUDF>> =
        bounded_functions().into_iter().map(|twin| (twin.name().to_owned(), twin)).collect();
    let joined = Arc::new(ScalarUDF::from(Joined { signature: Signature::user_defined(Volatility::Immutable) }));
    let replace = |expr: Expr| match expr {
        Expr::ScalarFunction(call) => match twins.get(call.func.name()) {
            Some(twin) => Transformed::yes(Expr::ScalarFunction(ScalarFunction::new_udf(Arc::clone(twin), call.args))),
            None => Transformed::no(Expr::ScalarFunction(call)),
        },
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::StringConcat, right }) => {
            Transformed::yes(Expr::ScalarFunction(ScalarFunction::new_udf(Arc::clone(&joined), vec![*left, *right])))
        }
        other => Transformed::no(other),
    };
    plan.transform_up_with_subqueries(|node| node.map_expressions(|expr| expr.transform_up(|expr| Ok(replace(expr)))))
        .data()
        .map_err(QueryError::from_planning)
}

/// Every function whose result can be much larger than its arguments, or that can build on itself
/// through the steps of a `with`.
fn originals() -> Vec<(Arc<ScalarUDF>, Rule)> {
    vec![
        (core::overlay(), Rule::Sum),
        (regex::regexp_replace(), Rule::RegexpReplace),
        (string::concat(), Rule::Sum),
        (string::concat_ws(), Rule::Separated),
        (string::levenshtein(), Rule::Levenshtein),
        (string::repeat(), Rule::Repeat),
        (string::replace(), Rule::Replace),
        (unicode::lpad(), Rule::Pad),
        (unicode::rpad(), Rule::Pad),
        (nested::concat::array_append_udf(), Rule::Sum),
        (nested::concat::array_concat_udf(), Rule::Sum),
        (nested::concat::array_prepend_udf(), Rule::Sum),
        (nested::make_array::make_array_udf(), Rule::Sum),
        (nested::range::gen_series_udf(), Rule::Series),
        (nested::range::range_udf(), Rule::Series),
        (nested::repeat::array_repeat_udf(), Rule::Repeat),
        (nested::replace::array_replace_all_udf(), Rule::ArrayReplace),
        (nested::replace::array_replace_n_udf(), Rule::ArrayReplace),
        (nested::replace::array_replace_udf(), Rule::ArrayReplace),
        (nested::resize::array_resize_udf(), Rule::Resize),
        (nested::string::array_to_string_udf(), Rule::ArrayToString),
    ]
}

/// A function that refuses arguments from which it would make too much.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Bounded {
    inner: Arc<ScalarUDF>,
    rule: Rule,
}

/// `simplify` is left out on purpose: it may put the original back.
impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        self.inner.schema_name(args)
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arg_types)
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arg_types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        sizes::check(self.rule, &args.args)?;
        self.inner.invoke_with_args(args)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }
}

/// `a || b`, which is an operator and so has no function to be replaced.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Joined {
    signature: Signature,
}

impl ScalarUDFImpl for Joined {
    fn name(&self) -> &'static str {
        "string_concat"
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        let names: Vec<String> = args.iter().map(|arg| arg.schema_name().to_string()).collect();
        Ok(names.join(" || "))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        let (left, right) = two(arg_types)?;
        let (left, right) = BinaryTypeCoercer::new(left, &Operator::StringConcat, right).get_input_types()?;
        Ok(vec![left, right])
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        let (left, right) = two(arg_types)?;
        BinaryTypeCoercer::new(left, &Operator::StringConcat, right).get_result_type()
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let types: Vec<DataType> = args.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        let is_nullable = args.arg_fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(self.name(), self.return_type(&types)?, is_nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        sizes::check(Rule::Sum, &args.args)?;
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
            return Err(two_expected());
        };
        drop(operands);
        let options = RecordBatchOptions::new().with_row_count(Some(args.number_rows));
        let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)?;
        PhysicalBinary::new(left, Operator::StringConcat, right).evaluate(&batch)
    }
}

fn two(types: &[DataType]) -> Result<(&DataType, &DataType)> {
    if let [left, right] = types { Ok((left, right)) } else { Err(two_expected()) }
}

fn two_expected() -> DataFusionError {
    DataFusionError::Plan("`||` joins two values".to_owned())
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::util::pretty::pretty_format_batches;
    use datafusion::physical_plan::collect;
    use datafusion::prelude::SessionContext;

    use super::*;
    use crate::query::guard::check_text;
    use crate::query::guard::tests::{ask, refusal};

    #[tokio::test]
    async fn a_twin_answers_as_its_original() {
        let questions = [
            "select repeat('ab', 3), repeat(null, 3), repeat('ab', null), repeat('ab', -1)",
            "select lpad('x', 5), lpad('x', 5, 'äb'), rpad('xyz', 2), rpad('x', -3, 'a')",
            "select range(5), range(1, 5), range(5, 1, -2), generate_series(1, 5, 2), range(null)",
            "select range(date '2026-01-31', date '2026-06-30', interval '1 month')",
            "select generate_series(timestamp '2026-01-01', timestamp '2026-01-02', interval '6 hours')",
            "select replace('banana', 'an', 'x'), replace('abc', '', '-'), replace(null, 'a', 'b')",
            "select regexp_replace('banana', '(an)', '[\\1]', 'g'), regexp_replace('banana', 'an', 'x')",
            "select overlay('Txxxxas' placing 'hom' from 2 for 4), overlay('abc' placing 'X' from 2)",
            "select levenshtein('kitten', 'sitting'), levenshtein(null, 'a')",
            "select concat('a', null, 1, 2.5), concat_ws('-', 'a', null, 'b'), 'a' || 'b', 'a' || 1, null || 'a', 1 || 'a'",
            "select [1, 2] || [3], 1 || [2], [1] || 2, array_cat([1], [2], [3]), array_append([4], 5), list_prepend(0, [6])",
            "select array_repeat(1, 3), list_repeat('a', 2), array_resize([1], 3, 9), array_resize([1, 2], 1)",
            "select array_to_string([1, null, 2], ','), array_to_string([1, null, 2], ',', '*'), array_replace_all([1, 2, 1], 1, 9)",
            "select value || '!' as said, repeat('x', value), concat(value, 'a', value) from generate_series(0, 3) order by 1",
            "select 'a' || cast(value as varchar) || null, value::varchar || value::varchar from generate_series(0, 3)",
        ];
        for question in questions {
            let state = SessionContext::new().state();
            let plan = state.statement_to_plan(check_text(question).unwrap()).await.unwrap();
            let bound = bind(plan.clone()).unwrap();
            assert_eq!(plan.schema(), bound.schema(), "{question}");
            let mut answers = Vec::new();
            for plan in [plan, bound] {
                let plan = state.create_physical_plan(&plan).await.unwrap();
                let batches = collect(plan, state.task_ctx()).await.unwrap();
                answers.push(pretty_format_batches(&batches).unwrap().to_string());
            }
            assert_eq!(answers[0], answers[1], "{question}");
            assert_eq!(ask(question).unwrap(), answers[0], "{question}");
        }
    }

    #[test]
    fn a_mebibyte_is_allowed_and_one_byte_more_is_not() {
        assert!(ask("select length(repeat('x', 1048576))").is_ok());
        assert_eq!(refusal("select length(repeat('x', 1048577))"), "question-too-complex");
        assert!(ask("select sum(length(repeat('x', 8191 + value % 1))) from generate_series(1, 8192)").is_ok());
        assert_eq!(
            refusal("select sum(length(repeat('x', 8193 + value % 2))) from generate_series(1, 8192)"),
            "question-too-complex"
        );
        assert!(ask("select array_length(range(131000))").is_ok());
        assert_eq!(refusal("select array_length(range(131073))"), "question-too-complex");
        assert!(ask("select levenshtein(repeat('a', 4000), repeat('b', 4000))").is_ok());
    }

    #[test]
    fn nothing_slips_past_by_another_name() {
        for call in [
            "list_repeat('x', 1000000000)",
            "list_resize([1], 1000000000)",
            "overlay(repeat('x', 1000000) placing repeat('y', 1000000) from 1)",
        ] {
            assert_eq!(refusal(&format!("select {call}")), "question-too-complex", "{call}");
        }
    }
}
