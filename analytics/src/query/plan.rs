//! The third gate: what the planner made of a question, before anything is optimised.
//!
//! The optimiser can take minutes and gigabytes over a few hundred bytes of SQL, so a plan is
//! measured as it was planned: how many tables it reads, how much its expressions weigh once they
//! are put into each other (`weight.rs`), how far its windows and series reach. Joins without an
//! equality are judged later, on the physical plan, where row counts are known (`pairs.rs`).

mod pairs;
mod weight;

use std::collections::BTreeSet;

use datafusion::catalog::default_table_source::source_as_provider;
use datafusion::common::arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::execution::SessionState;
use datafusion::execution::context::SQLOptions;
use datafusion::functions_table::generate_series::GenerateSeriesTable;
use datafusion::logical_expr::expr::{AggregateFunction, GroupingSet, ScalarFunction, WindowFunction};
use datafusion::logical_expr::{
    Expr, LogicalPlan, Operator, TableScan, WindowFrame, WindowFrameBound, WindowFrameUnits, WindowFunctionDefinition,
};

use super::error::QueryError;
use super::guard::at_most;
use super::syntax::{GROUPING_SETS_MAX, RELATIONS_MAX};

pub(crate) use pairs::check_joins;

/// Most nodes of a plan: what is no table still has to be walked.
const NODES_MAX: u64 = 4_000;
/// Most rows of `generate_series` or `range` as a table.
const SERIES_ROWS_MAX: usize = 1_000_000;
/// Widest window frame of an aggregate that looks at its whole frame again for every row.
const FRAME_ROWS_MAX: u64 = 1_000;
/// Longest separator of `string_agg`, which is copied once for every row.
const SEPARATOR_BYTES_MAX: u64 = 1_000;
/// Largest regular expression.
const PATTERN_STATES_MAX: u64 = 10_000;

/// Aggregates that take one row in or out of a window frame in constant time.
const SLIDING: &[&str] = &[
    "avg",
    "corr",
    "count",
    "covar_pop",
    "covar_samp",
    "max",
    "min",
    "regr_avgx",
    "regr_avgy",
    "regr_count",
    "regr_intercept",
    "regr_r2",
    "regr_slope",
    "regr_sxx",
    "regr_sxy",
    "regr_syy",
    "stddev",
    "stddev_pop",
    "sum",
    "var",
    "var_pop",
];

/// The names of all functions that a question may call.
#[derive(Clone, Debug, Default)]
pub(crate) struct FunctionNames(BTreeSet<String>);

impl FunctionNames {
    /// All functions that are registered in a session.
    pub(crate) fn of(state: &SessionState) -> Self {
        let scalars = state.scalar_functions().values().map(|function| function.name().to_owned());
        let aggregates = state.aggregate_functions().values().map(|function| function.name().to_owned());
        let windows = state.window_functions().values().map(|function| function.name().to_owned());
        let lambdas = state.higher_order_functions().values().map(|function| function.name().to_owned());
        Self(scalars.chain(aggregates).chain(windows).chain(lambdas).collect())
    }

    fn check(&self, name: &str) -> Result<(), QueryError> {
        if self.0.contains(name) { Ok(()) } else { Err(QueryError::NoSuchFunction { name: name.to_owned() }) }
    }
}

/// Refuses a plan that does more than ask, or that would cost too much to optimise or to stop.
///
/// Call it once, on the plan as it was planned: rules of the optimiser only make it smaller.
pub(crate) fn check_plan(plan: &LogicalPlan, functions: &FunctionNames) -> Result<(), QueryError> {
    let (mut nodes, mut relations) = (0, 0);
    // Plans share their parts, so a walk can be far longer than the plan: it stops at the first excess.
    plan.apply_with_subqueries(|node| {
        nodes += 1;
        relations += u64::from(matches!(node, LogicalPlan::TableScan(_)));
        at_most("steps of the plan", nodes, NODES_MAX)
            .and_then(|()| at_most("tables", relations, RELATIONS_MAX))
            .and_then(|()| check_node(node))
            .map_err(outside)?;
        node.apply_expressions(|expr| {
            expr.apply(|expr| check_expr(expr, functions).map(|()| TreeNodeRecursion::Continue).map_err(outside))
        })
    })
    .map_err(QueryError::from_planning)?;
    let options = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    options.verify_plan(plan).map_err(|error| QueryError::StatementNotAllowed { what: error.strip_backtrace() })?;
    weight::check(plan)
}

/// Our errors pass through the engine's walks in its own type.
fn outside(error: QueryError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

fn not_allowed(what: &str) -> QueryError {
    QueryError::StatementNotAllowed { what: what.to_owned() }
}

fn not_supported(what: &str) -> QueryError {
    QueryError::NotSupported { what: what.to_owned() }
}

fn check_node(node: &LogicalPlan) -> Result<(), QueryError> {
    match node {
        LogicalPlan::Ddl(_) | LogicalPlan::Dml(_) | LogicalPlan::Copy(_) | LogicalPlan::Statement(_) => {
            Err(not_allowed("a statement that changes something"))
        }
        LogicalPlan::DescribeTable(_) => Err(not_allowed("`describe`")),
        LogicalPlan::Analyze(_) => Err(not_allowed("`explain analyze`")),
        LogicalPlan::Explain(explain) if explain.verbose => Err(not_allowed("`explain verbose`")),
        LogicalPlan::Extension(_) => Err(not_allowed("an extension of the engine")),
        LogicalPlan::TableScan(scan) if tells_settings(scan) => {
            Err(QueryError::NoSuchTable { name: scan.table_name.to_string() })
        }
        LogicalPlan::TableScan(scan) => check_series(scan),
        // The planner gives the column to those branches whose table has it.
        LogicalPlan::Union(union) if union.inputs.iter().any(|input| width(input.schema()) != width(&union.schema)) => {
            Err(not_supported("`order by` behind `union` by a column that is not in its select list"))
        }
        _ => Ok(()),
    }
}

fn width(schema: &DFSchema) -> usize {
    schema.fields().len()
}

/// The engine's settings tell about the server; the rest of the information schema is for everybody.
fn tells_settings(scan: &TableScan) -> bool {
    scan.table_name.schema().is_some_and(|schema| schema.eq_ignore_ascii_case("information_schema"))
        && scan.table_name.table().eq_ignore_ascii_case("df_settings")
}

/// Makes the first rows of a generated table, because only it knows how its steps add up.
fn check_series(scan: &TableScan) -> Result<(), QueryError> {
    let Ok(provider) = source_as_provider(&scan.source) else { return Ok(()) };
    let Some(series) = provider.downcast_ref::<GenerateSeriesTable>() else { return Ok(()) };
    let rows = series
        .as_generator(SERIES_ROWS_MAX + 1)
        .and_then(|generator| generator.write().generate_next_batch())
        .map_err(QueryError::from_planning)?
        .map_or(0, |batch| batch.num_rows());
    at_most("rows of a series", rows as u64, SERIES_ROWS_MAX as u64)
}

fn check_expr(expr: &Expr, functions: &FunctionNames) -> Result<(), QueryError> {
    match expr {
        Expr::ScalarFunction(call) => functions.check(call.func.name()).and_then(|()| check_scalar(call)),
        Expr::AggregateFunction(call) => functions.check(call.func.name()).and_then(|()| check_aggregate(call)),
        Expr::WindowFunction(call) => functions.check(call.fun.name()).and_then(|()| check_window(call)),
        Expr::HigherOrderFunction(call) => functions.check(call.name()),
        Expr::BinaryExpr(binary) => match binary.op {
            Operator::RegexMatch | Operator::RegexIMatch | Operator::RegexNotMatch | Operator::RegexNotIMatch => {
                check_pattern(&binary.right)
            }
            _ => Ok(()),
        },
        Expr::SimilarTo(like) => check_pattern(&like.pattern),
        Expr::Like(like) if like.escape_char.is_some_and(|escape| escape != '\\') && literal(&like.pattern).is_none() => {
            Err(not_supported("`escape` with a pattern that is not a literal"))
        }
        Expr::GroupingSet(sets) => {
            let count = match sets {
                GroupingSet::Cube(columns) => 1_u64.checked_shl(u32::try_from(columns.len()).unwrap_or(u32::MAX)),
                GroupingSet::Rollup(columns) => Some(columns.len() as u64 + 1),
                GroupingSet::GroupingSets(sets) => Some(sets.len() as u64),
            };
            at_most("grouping sets", count.unwrap_or(u64::MAX), GROUPING_SETS_MAX)
        }
        _ => Ok(()),
    }
}

fn check_scalar(call: &ScalarFunction) -> Result<(), QueryError> {
    let name = call.func.name();
    if name.starts_with("regexp_") {
        return call.args.get(1).map_or(Ok(()), check_pattern);
    }
    // A value of fixed size takes its room even where it is null.
    let is_cast = matches!(name, "arrow_cast" | "arrow_try_cast");
    if is_cast && call.args.get(1).and_then(literal).is_none_or(|target| target.contains("FixedSize")) {
        return Err(not_supported(&format!("`{name}` to a type of fixed size")));
    }
    Ok(())
}

fn check_aggregate(call: &AggregateFunction) -> Result<(), QueryError> {
    let name = call.func.name();
    if name == "count" && call.params.distinct && call.params.args.len() > 1 {
        return Err(not_supported("`count(distinct …)` of several columns: count the rows of `select distinct …`"));
    }
    if name != "string_agg" {
        return Ok(());
    }
    match call.params.args.get(1) {
        None | Some(Expr::Literal(ScalarValue::Null, _)) => Ok(()),
        Some(separator) => {
            let text = literal(separator).ok_or_else(|| not_supported("a separator that is not a literal"))?;
            at_most("bytes of a separator", text.len() as u64, SEPARATOR_BYTES_MAX)
        }
    }
}

/// A pattern that changes from row to row is compiled for every row, and nothing can interrupt that.
fn check_pattern(pattern: &Expr) -> Result<(), QueryError> {
    match pattern {
        Expr::Literal(ScalarValue::Null, _) => return Ok(()),
        Expr::Cast(cast) => return check_pattern(&cast.expr),
        Expr::Alias(alias) => return check_pattern(&alias.expr),
        _ => {}
    }
    let text = literal(pattern).ok_or_else(|| not_supported("a regular expression that is not a literal"))?;
    at_most("states of a regular expression", pattern_states(text), PATTERN_STATES_MAX)
}

/// How many states a pattern can have: its length times all its counted repetitions.
pub(crate) fn pattern_states(text: &str) -> u64 {
    let counts = text.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let largest = |count: &str| count.split(',').filter_map(|number| number.trim().parse::<u64>().ok()).max();
    let repeated = counts.filter_map(largest).fold(1, |product: u64, count| product.saturating_mul(count.max(1)));
    repeated.saturating_mul(text.len() as u64)
}

fn literal(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(value, _) => value.try_as_str().flatten(),
        _ => None,
    }
}

fn check_window(call: &WindowFunction) -> Result<(), QueryError> {
    let WindowFunctionDefinition::AggregateUDF(aggregate) = &call.fun else { return Ok(()) };
    let is_sliding = SLIDING.contains(&aggregate.name());
    if is_sliding && (!call.params.distinct || matches!(aggregate.name(), "count" | "min" | "max")) {
        return Ok(());
    }
    at_most("rows of a window frame that is computed anew for every row", frame_rows(&call.params.window_frame), FRAME_ROWS_MAX)
}

/// The rows of a frame that moves; a frame that is the whole partition is computed once.
fn frame_rows(frame: &WindowFrame) -> u64 {
    if frame.start_bound.is_unbounded() && frame.end_bound.is_unbounded() {
        return 1;
    }
    if frame.units != WindowFrameUnits::Rows {
        return u64::MAX;
    }
    let reach = |bound: &WindowFrameBound| match bound {
        WindowFrameBound::CurrentRow => 0,
        WindowFrameBound::Preceding(rows) | WindowFrameBound::Following(rows) => match rows.cast_to(&DataType::UInt64) {
            Ok(ScalarValue::UInt64(Some(rows))) => rows,
            _ => u64::MAX,
        },
    };
    reach(&frame.start_bound).saturating_add(reach(&frame.end_bound)).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::guard::check_text;
    use crate::query::guard::tests::{ask, refusal, session};

    #[tokio::test]
    async fn only_registered_functions_may_be_called() {
        let state = session();
        let plan = state.statement_to_plan(check_text("select upper('x')").unwrap()).await.unwrap();
        assert!(check_plan(&plan, &FunctionNames::of(&state)).is_ok());
        let refused = check_plan(&plan, &FunctionNames::default()).unwrap_err();
        assert_eq!(refused.to_string(), "there is no function `upper`");
    }

    #[tokio::test]
    async fn a_plan_that_changes_something_is_refused_without_its_text() {
        let state = session();
        for sql in [
            "create table made as select 1",
            "drop table deployments",
            "set x = 1",
            "copy (select 1) to '/nowhere/x.csv'",
            "describe deployments",
        ] {
            let plan = state.create_logical_plan(sql).await.unwrap();
            let refused = check_plan(&plan, &FunctionNames::of(&state)).unwrap_err();
            assert_eq!(refused.problem_type(), "statement-not-allowed", "{sql}");
        }
    }

    #[test]
    fn a_column_weighs_what_defines_it_until_it_is_aggregated() {
        let steps = |count: usize, expression: &str| {
            let step = |index: usize| format!(", a{index} as (select {expression} as x from a{})", index - 1);
            let steps: String = (1..=count).map(step).collect();
            // Of zeros, because numbers that grow at every step end beyond their type.
            format!("with a0 as (select value % 1 as x from generate_series(1, 10)){steps} select x from a{count}")
        };
        assert!(ask(&steps(6, "x * x + x * x")).is_ok());
        assert_eq!(refusal(&steps(8, "x * x + x * x")), "question-too-complex");
        assert!(ask(&steps(10, "max(x) * max(x) - 1")).is_ok());
    }

    #[test]
    fn a_window_may_not_look_at_many_rows_again_and_again() {
        let window =
            |call: &str, frame: &str| format!("select {call} over (order by value {frame}) from generate_series(1, 10)");
        assert!(ask(&window("median(value)", "rows between 500 preceding and 499 following")).is_ok());
        assert_eq!(refusal(&window("median(value)", "rows between 500 preceding and 500 following")), "question-too-complex");
        assert_eq!(refusal(&window("array_agg(value)", "")), "question-too-complex");
        let told = ask(&window("array_agg(value)", "")).unwrap_err().to_string();
        assert!(told.contains("an unbounded number of rows of a window frame"), "{told}");
        assert_eq!(refusal(&window("sum(distinct value)", "")), "question-too-complex");
        assert!(ask(&window("count(distinct value)", "")).is_ok());
        assert!(ask(&window("sum(value)", "rows between 100000 preceding and current row")).is_ok());
        assert!(ask(&window("first_value(value)", "rows between 100000 preceding and current row")).is_ok());
    }

    #[test]
    fn what_no_step_can_answer_says_what_to_write() {
        for (sql, advice) in [
            ("select count(distinct service, deployment_id) from deployments", "select distinct"),
            (
                "select service from deployments union all select value::varchar from generate_series(1, 2) order by lead_time_seconds",
                "order by",
            ),
        ] {
            let refused = ask(sql).unwrap_err();
            assert_eq!(refused.problem_type(), "not-supported", "{sql}: {refused}");
            assert!(refused.to_string().contains(advice), "{sql}: {refused}");
        }
        assert!(ask("select count(*) from (select distinct service, deployment_id from deployments) as pairs").is_ok());
        assert!(ask("select service from deployments union all select 'x' order by service").is_ok());
    }

    #[test]
    fn a_long_literal_is_copied_for_few_rows_only_wherever_it_stands() {
        let long = "repeat('a', 1000000)";
        for sql in [
            format!("select count(*) from generate_series(1, 1500) where starts_with({long}, value::varchar)"),
            format!("select max(find_in_set(value::varchar, {long})) from generate_series(1, 1500)"),
            format!("select value from generate_series(1, 1500) order by starts_with({long}, value::varchar), value"),
            format!("select count(*) from generate_series(1, 1500) group by starts_with({long}, value::varchar)"),
            format!("select max({long}) filter (where value > 1) over () from generate_series(1, 1500)"),
            format!("select max(split_part({long}, 'b', value)) from generate_series(1, 1500)"),
            format!("select sum(length(left({long}, value))) from generate_series(1, 1500)"),
        ] {
            assert_eq!(refusal(&sql), "question-too-complex", "{sql}");
        }
        assert!(ask(&format!("select count(*) from generate_series(1, 60) where starts_with({long}, value::varchar)")).is_ok());
        assert!(ask(&format!("select count(*) from generate_series(1, 1500) where length({long}) > value")).is_ok());
    }

    #[test]
    fn a_join_without_equality_needs_few_rows_for_certain() {
        let join = |left: &str, right: &str| format!("select count(*) from {left} a join {right} b on a.value < b.value");
        assert!(ask(&join("generate_series(1, 1000)", "generate_series(1, 100)")).is_ok());
        assert_eq!(refusal(&join("generate_series(1, 100000)", "generate_series(1, 1001)")), "question-too-complex");
        let limited = "(select value from generate_series(1, 100000) where value % 2 = 0 limit 10)";
        assert!(ask(&join("generate_series(1, 1000)", limited)).is_ok());
        let grouped = "(select max(value) as value from generate_series(1, 1000000))";
        assert!(ask(&join("generate_series(1, 1000)", grouped)).is_ok());
        let unnested = "(select unnest(range(1, 10)) as value)";
        assert_eq!(refusal(&join("generate_series(1, 10)", unnested)), "question-too-complex");
    }
}
