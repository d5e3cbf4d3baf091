//! Twins of the functions that make much out of little, take long over it, or would answer wrongly in silence.
//!
//! Memory pools do not see scalar functions, and nothing can interrupt one call:
//! `repeat('x', 1000000000)` takes four gigabytes, and one call works on all rows of a batch. A twin has
//! the name, signature and result of its original and delegates to it, after upper limits of the result
//! and of the work were worked out from the arguments (`bounded/sizes.rs`); long work is cut into pieces,
//! between which the question can be stopped. Aggregates are counted by the pool and stay as they are, save `sum`:
//! a sum, like `+`, `-` and `*`, fails where its result is beyond its type (`bounded/sums.rs`,
//! `bounded/arithmetic.rs`). Patterns are read as SQL means them (`bounded/patterns.rs`).

mod arithmetic;
mod operated;
mod patterns;
mod sizes;
mod sums;

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::Array;
use datafusion::arrow::compute::concat;
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::error::Result;
use datafusion::functions::{core, regex, string, unicode};
use datafusion::functions_nested as nested;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, Expr, LogicalPlan, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use super::error::QueryError;
use super::stop::StopFlag;
use sizes::Rule;

/// Most bytes of one value that a function makes.
pub(crate) const VALUE_BYTES_MAX: u64 = 1024 * 1024;
/// Most bytes that a function makes for one batch of rows.
pub(crate) const BATCH_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Functions that no question may call: they tell about files or about the server.
const FORBIDDEN: &[&str] = &["file_row_index", "input_file_name", "version"];

/// The twins, to be registered over their originals.
pub(crate) fn bounded_functions() -> Vec<Arc<ScalarUDF>> {
    twins(&StopFlag::default())
}

fn twins(flag: &StopFlag) -> Vec<Arc<ScalarUDF>> {
    let twin = |(inner, rule)| Arc::new(ScalarUDF::from(Bounded { inner, bounds: Bounds { rule, flag: flag.clone() } }));
    originals().into_iter().map(twin).collect()
}

/// Whether a function has to be taken out of every session that answers questions.
pub(crate) fn is_forbidden(name: &str) -> bool {
    FORBIDDEN.contains(&name)
}

/// Puts the twins of one question into its plan, also where the planner itself has put an original, and where
/// there is only an operator. Types and names of columns stay as they are.
pub(crate) fn bind(plan: LogicalPlan, flag: &StopFlag) -> Result<LogicalPlan, QueryError> {
    let twins: Twins = twins(flag).into_iter().map(|twin| (twin.name().to_owned(), twin)).collect();
    let bound = plan.transform_up_with_subqueries(|node| {
        // Filters and orders inside of aggregates and windows are part of the name of their column.
        let names = NamePreserver::new(&node);
        let schema = merge_schema(&node.inputs());
        node.map_expressions(|expr| {
            let name = names.save(&expr);
            let changed = expr.transform_up(|expr| Ok(replaced(expr, &schema, &twins, flag)))?;
            Ok(changed.update_data(|expr| name.restore(expr)))
        })
    });
    bound.data().map_err(QueryError::from_planning)
}

/// The twins by the names of their originals.
type Twins = BTreeMap<String, Arc<ScalarUDF>>;

fn replaced(expr: Expr, schema: &DFSchema, twins: &Twins, flag: &StopFlag) -> Transformed<Expr> {
    match expr {
        Expr::ScalarFunction(call) => match twins.get(call.func.name()) {
            Some(twin) => Transformed::yes(Expr::ScalarFunction(ScalarFunction::new_udf(Arc::clone(twin), call.args))),
            None => Transformed::no(Expr::ScalarFunction(call)),
        },
        Expr::AggregateFunction(_) | Expr::WindowFunction(_) => sums::replaced(expr),
        Expr::BinaryExpr(binary) if arithmetic::is_arithmetic(binary.op) => arithmetic::replaced(binary, schema),
        other => operated::replaced(other, flag),
    }
}

/// Every function whose result can be much larger than its arguments, that can build on itself through the
/// steps of a `with`, that copies one text for every row, or whose work is a product of two lengths.
fn originals() -> Vec<(Arc<ScalarUDF>, Rule)> {
    vec![
        (core::overlay(), Rule::Sum),
        (regex::regexp_count(), Rule::Pattern),
        (regex::regexp_instr(), Rule::Pattern),
        (regex::regexp_like(), Rule::Pattern),
        (regex::regexp_match(), Rule::Pattern),
        (regex::regexp_replace(), Rule::RegexpReplace),
        (string::btrim(), Rule::Search),
        (string::concat(), Rule::Sum),
        (string::concat_ws(), Rule::Separated),
        (string::levenshtein(), Rule::Levenshtein),
        (string::ltrim(), Rule::Search),
        (string::repeat(), Rule::Repeat),
        (string::replace(), Rule::Replace),
        (string::rtrim(), Rule::Search),
        (string::split_part(), Rule::Part),
        (unicode::left(), Rule::Part),
        (unicode::lpad(), Rule::Pad),
        (unicode::right(), Rule::Part),
        (unicode::rpad(), Rule::Pad),
        (unicode::strpos(), Rule::Search),
        (unicode::substr(), Rule::Part),
        (unicode::translate(), Rule::Part),
        (nested::array_has::array_has_all_udf(), Rule::Pairs),
        (nested::array_has::array_has_any_udf(), Rule::Pairs),
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

/// What holds for every call of one function by one question.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Bounds {
    rule: Rule,
    flag: StopFlag,
}

impl Bounds {
    /// Makes a call, unless it would make too much or the question was stopped; long work piece by piece.
    fn heed(
        &self,
        args: ScalarFunctionArgs,
        call: impl Fn(ScalarFunctionArgs) -> Result<ColumnarValue>,
    ) -> Result<ColumnarValue> {
        self.flag.check()?;
        let cuts = sizes::cuts(self.rule, &args.args)?;
        if cuts.is_empty() {
            return call(args);
        }
        let mut made = Vec::with_capacity(cuts.len() + 1);
        let mut start = 0;
        for end in cuts.into_iter().chain([args.number_rows]) {
            self.flag.check()?;
            made.push(call(piece(&args, start, end))?.into_array(end - start)?);
            start = end;
        }
        let made: Vec<&dyn Array> = made.iter().map(AsRef::as_ref).collect();
        Ok(ColumnarValue::Array(concat(&made)?))
    }
}

/// The same call for some of its rows.
fn piece(args: &ScalarFunctionArgs, start: usize, end: usize) -> ScalarFunctionArgs {
    let cut = |arg: &ColumnarValue| match arg {
        ColumnarValue::Array(array) => ColumnarValue::Array(array.slice(start, end - start)),
        ColumnarValue::Scalar(value) => ColumnarValue::Scalar(value.clone()),
    };
    ScalarFunctionArgs {
        args: args.args.iter().map(cut).collect(),
        arg_fields: args.arg_fields.clone(),
        number_rows: end - start,
        return_field: Arc::clone(&args.return_field),
        config_options: Arc::clone(&args.config_options),
    }
}

/// A function that refuses arguments from which it would make too much.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Bounded {
    inner: Arc<ScalarUDF>,
    bounds: Bounds,
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
        self.bounds.heed(args, |args| self.inner.invoke_with_args(args))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }
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
            "select 'kit' ~ '^k', 'kit' !~ 'K', 'kit' ~* 'K', 'kit' !~* 'K', 'kit' ~ null, null ~ 'k'",
            "select 'kit' like 'k' || '%', 'kit' not ilike 'K' || '%', 'kit' like null || '%', 'kit' like 'k%', 'k%' like 'k' || '\\%'",
            "select value::varchar ~ '1', value::varchar like '%' || (value % 2)::varchar, '12' like '%' || value::varchar from generate_series(0, 3)",
            "select regexp_like('kit', 'K', 'i'), regexp_count('banana', 'an'), regexp_instr('banana', 'n'), regexp_match('banana', '(n)(a)')",
            "select trim('  kit '), btrim('xkitx', 'yx'), ltrim('xkit', 'x'), rtrim('kitx', 'x'), trim(both 'x' from 'xkitx')",
            "select strpos('banana', 'n'), position('na' in 'banana'), strpos(value::varchar, '1') from generate_series(0, 3)",
            "select array_has_all([1, 2, 3], [1, 3]), array_has_any([1, 2], [3, value]) from generate_series(0, 3)",
            "select count(*) filter (where value::varchar ~ '1'), count(*) filter (where value || 'x' = '1x') from generate_series(0, 3)",
            "select rank() over (order by value || 'x'), sum(1) over (order by value::varchar ~ '1') from generate_series(0, 3) order by value",
            "select array_agg(value order by value || 'x' desc) from generate_series(0, 3)",
            "select left('banana', value), right('banana', -value), substr('banana', value), substring('banana' from 2 for value) from generate_series(1, 3)",
            "select split_part('a,b,c', ',', value), translate('banana', 'an', value::varchar), left(value::varchar, 1), left('banana', 2) from generate_series(1, 3)",
            "select 1 + 2 * 3 - 4, (1 + 2) * (3 - 4) as product, 1::smallint + 2::int * 3::bigint, null + 1, 1 + null, 2 - 1.5, -(1 + 2)",
            "select value + 1 - value * 2, (value + 1) * (value - 1) / 2 + value % 2, 2.5 * value, -value - 1 from generate_series(0, 3)",
            "select value::decimal(10, 2) * 3 - 1, arrow_cast(value, 'UInt64') + 1, arrow_cast(value, 'UInt8') * 2::decimal(5, 1) from generate_series(0, 3)",
            "select date '2026-03-01' + 1, date '2026-03-01' - 1 + 2, date '2026-03-01' - date '2026-02-01' + 1, timestamp '2026-03-01' + interval '1 day'",
            "select value % 2 + 1 as k, sum(value * 2 + 1), sum(distinct value % 3 + 1), count(*) filter (where value + 1 > 2) from generate_series(0, 9) group by value % 2 + 1 order by value % 2 + 1",
            "select sum(value), sum(value + 1) filter (where value > 5), sum(distinct value % 3) from generate_series(0, 9)",
            "select sum(value::decimal(5, 2)), sum(value * 0.5), sum(arrow_cast(value, 'UInt64')) from generate_series(0, 9)",
            "select sum(value) from generate_series(0, 9) where value < 0",
            "select sum(timestamp '2026-03-02' - timestamp '2026-03-01'), sum(interval '1 day') from generate_series(0, 2)",
            "select value, sum(value) over (order by value rows between 1 preceding and current row), sum(value + 1) over (), sum(value::decimal(9, 1)) over (order by value) from generate_series(0, 3) order by 1",
            "select sum(case when value > 1 then value end) over (order by value rows between 1 preceding and 1 preceding), sum(distinct value) over () from generate_series(0, 3) order by value",
            "select a.value from generate_series(1, 5) a join generate_series(1, 5) b on a.value + 1 = b.value * 2 order by 1",
            "select a.value, (select max(b.value + 1) from generate_series(1, 5) b where b.value = a.value - 1) from generate_series(1, 3) a order by 1",
            "with recursive n as (select 1 as x union all select x * 2 + 1 from n where x < 100) select x from n order by 1",
            // Each of these is cut into pieces.
            "select value, levenshtein(repeat('a', 300), repeat('b', 290 + value % 20)) from generate_series(1, 200) order by 1",
            "select value, btrim(repeat('ab', 1000 + value), 'ba' || repeat('c', 1000 + value)) from generate_series(1, 30) order by 1",
            "select value, repeat('ab', 20000 + value) like repeat('%b', 100 + value % 2) from generate_series(1, 5) order by 1",
            "select sum(length(regexp_replace(repeat('ab', 1000 + value), '(a|x{50}){10}b', 'c', 'g'))) from generate_series(1, 20)",
        ];
        for question in questions {
            let state = SessionContext::new().state();
            let plan = state.statement_to_plan(check_text(question).unwrap()).await.unwrap();
            let bound = bind(plan.clone(), &StopFlag::default()).unwrap();
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
    fn a_number_beyond_its_type_is_told_and_never_another() {
        let nines = "'99999999999999999999999999999999999999'::decimal(38, 0)";
        let two = |x: &str, y: &str| format!("(values (1, {x}), (1, {y})) as t(k, x)");
        let largest = two("9223372036854775807", "1");
        for sql in [
            "select 9223372036854775807 + 1".to_owned(),
            "select -9223372036854775807 - 2".to_owned(),
            "select 1 + 9000000000000000000 * 2 - 9000000000000000000".to_owned(),
            "select value * 9223372036854775807 from generate_series(2, 3)".to_owned(),
            format!("select k + x from {largest}"),
            "select arrow_cast(1, 'UInt64') - arrow_cast(2, 'UInt64')".to_owned(),
            format!("select {nines} + 1"),
            "select 0.1::decimal(38, 38) * 10::decimal(38, 0)".to_owned(),
            format!("select sum(x) from {largest}"),
            format!("select k, sum(x) from {largest} group by k"),
            format!("select sum(x) over (order by x) from {largest}"),
            format!("select sum(distinct x), count(distinct k) from {largest}"),
            format!("select sum(x) over (order by x rows between 1 preceding and current row) from {largest}"),
            format!("select sum(-x - 1) from {largest}"),
            format!("select sum(x) from {}", two(nines, nines)),
            format!(
                "select sum(x) from {}",
                two("arrow_cast(9223372036854775807, 'Duration(Microsecond)')", "arrow_cast(1, 'Duration(Microsecond)')")
            ),
        ] {
            let refused = ask(&sql).map_err(|error| error.problem_type());
            assert_eq!(refused, Err("value-not-convertible"), "{sql}");
        }
        // In whatever order they are added up, it is the sum that counts.
        let sum = ask("select sum(x) from (values (9223372036854775807), (1), (-1)) as t(x)").unwrap();
        assert!(sum.contains("9223372036854775807"), "{sum}");
    }

    #[test]
    fn a_pattern_of_sql_is_for_the_whole_text() {
        // The first four are those of PostgreSQL's manual.
        for (comparison, expected) in [
            ("'abc' similar to 'abc'", "true"),
            ("'abc' similar to 'a'", "false"),
            ("'abc' similar to '%(b|d)%'", "true"),
            ("'abc' similar to '(b|c)%'", "false"),
            ("'-abc-' similar to '%\\mabc\\M%'", "bad-parameter"),
            ("'abc' similar to 'a%'", "true"),
            ("'abc' similar to 'b'", "false"),
            ("'a' similar to '_'", "true"),
            ("'ab' not similar to '_'", "true"),
            ("'a.c' similar to 'a.c' and 'abc' not similar to 'a.c'", "true"),
            ("'50%' similar to '50#%' escape '#' and '50x' not similar to '50#%' escape '#'", "true"),
            ("'a%' like 'a#%' escape '#' and 'ab' not like 'a#%' escape '#'", "true"),
            ("'a#b' like '_##%' escape '#'", "true"),
            ("null similar to 'a' is null and 'a' similar to null is null", "true"),
        ] {
            let sql = format!("select {comparison} as fits from generate_series(1, 1)");
            let answer = ask(&sql).unwrap_or_else(|error| format!("\n\n\n|{}|", error.problem_type()));
            let found = answer.lines().nth(3).unwrap().trim_matches(['|', ' ']);
            assert_eq!(found, expected, "{comparison}");
        }
        assert_eq!(refusal("select 'a' like service escape '#' from deployments"), "not-supported");
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
    fn one_value_is_not_searched_for_long() {
        assert!(ask("select repeat('a', 1000000) ~ 'a{2}b{2}'").is_ok());
        for call in [
            "repeat('a', 1000000) ~ 'a{1000}'",
            "repeat('a', 1000000) similar to 'a{1000}'",
            "regexp_count(repeat('a', 1000000), 'a{1000}')",
            "repeat('a', 1000000) like repeat('%a', 1000)",
            "btrim(repeat('x', 1000000), repeat('y', 1000000))",
            "strpos(repeat('a', 1000000), repeat('a', 500000) || 'b')",
            "array_has_all(range(100000), range(100000))",
        ] {
            assert_eq!(refusal(&format!("select {call}")), "question-too-complex", "{call}");
        }
    }

    #[tokio::test]
    async fn a_question_that_was_stopped_calls_nothing_more() {
        let state = SessionContext::new().state();
        for call in ["upper(repeat('x', value))", "value::varchar ~ '1'", "value::varchar || 'x'"] {
            let plan = state.statement_to_plan(check_text(&format!("select {call} from generate_series(1, 3)")).unwrap());
            let flag = StopFlag::default();
            let plan = bind(plan.await.unwrap(), &flag).unwrap();
            let plan = state.create_physical_plan(&plan).await.unwrap();
            flag.stop();
            let stopped = QueryError::from_execution(collect(plan, state.task_ctx()).await.unwrap_err());
            assert_eq!(stopped.problem_type(), "cancelled", "{call}");
        }
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
