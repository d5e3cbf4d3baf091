//! Plans without what cannot give a row here: empty inputs, and all that would only be joined with them.
//!
//! Statements are planned once for all units (`plans.rs`), and each unit lacks most of what could be told:
//! no incidents, no path rules, no releases. What falls away need not be planned, and does not run.

use datafusion::common::DFSchemaRef;
use datafusion::common::tree_node::Transformed;
use datafusion::error::Result;
use datafusion::execution::context::SessionState;
use datafusion::logical_expr::{EmptyRelation, Expr, LogicalPlan, Projection, Union};
use datafusion::optimizer::OptimizerRule;
use datafusion::optimizer::propagate_empty_relation::PropagateEmptyRelation;
use std::sync::Arc;

/// The plan as it is where these inputs have no rows; null where then nothing can come of it.
pub(super) fn without_empty(
    plan: &LogicalPlan,
    state: &SessionState,
    is_empty: impl Fn(&str) -> bool,
) -> Result<Option<LogicalPlan>> {
    let rule = PropagateEmptyRelation::new();
    let left = plan.clone().transform_up_with_subqueries(|node| match &node {
        LogicalPlan::TableScan(scan) if is_empty(&scan.table_name.to_string()) => {
            let schema = Arc::clone(&scan.projected_schema);
            Ok(Transformed::yes(nothing(schema)))
        }
        // The rule would look for the union's names in whichever branch is left.
        LogicalPlan::Union(union) if union.inputs.iter().any(|branch| is_nothing(branch)) => {
            branches_left(union).map(Transformed::yes)
        }
        _ => rule.rewrite(node, state),
    })?;
    Ok(Some(left.data).filter(|left| !is_nothing(left)))
}

/// A union without its empty branches, under the names that it had.
fn branches_left(union: &Union) -> Result<LogicalPlan> {
    let mut left: Vec<Arc<LogicalPlan>> = union.inputs.iter().filter(|branch| !is_nothing(branch)).cloned().collect();
    let Some(first) = left.first_mut() else { return Ok(nothing(Arc::clone(&union.schema))) };
    *first = Arc::new(under_names(first, &union.schema)?);
    Ok(match left.as_slice() {
        [only] => only.as_ref().clone(),
        _ => LogicalPlan::Union(Union { inputs: left, schema: Arc::clone(&union.schema) }),
    })
}

/// The columns of a plan in their order, under the names of another.
fn under_names(plan: &Arc<LogicalPlan>, schema: &DFSchemaRef) -> Result<LogicalPlan> {
    let columns = plan.schema().columns().into_iter().zip(schema.iter());
    let named =
        columns.map(|(column, (qualifier, field))| Expr::Column(column).alias_qualified(qualifier.cloned(), field.name()));
    Ok(LogicalPlan::Projection(Projection::try_new(named.collect(), Arc::clone(plan))?))
}

const fn nothing(schema: DFSchemaRef) -> LogicalPlan {
    LogicalPlan::EmptyRelation(EmptyRelation { produce_one_row: false, schema })
}

const fn is_nothing(plan: &LogicalPlan) -> bool {
    matches!(plan, LogicalPlan::EmptyRelation(empty) if !empty.produce_one_row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{facts_context, plan, register_batch};
    use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
    use arrow::datatypes::Int64Type;
    use datafusion::prelude::SessionContext;

    fn session() -> SessionContext {
        let context = facts_context(chrono_tz::UTC);
        for name in ["one", "two", "three"] {
            let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
            let rows = RecordBatch::try_from_iter([("x", Arc::clone(&numbers)), ("w", numbers)]).unwrap();
            register_batch(&context, name, rows).unwrap();
        }
        context
    }

    async fn left_of(context: &SessionContext, sql: &str, empty: &[&str]) -> Option<LogicalPlan> {
        let planned = plan(context, sql).await.unwrap().into_optimized_plan().unwrap();
        without_empty(&planned, &context.state(), |name| empty.contains(&name)).unwrap()
    }

    #[tokio::test]
    async fn what_would_only_be_joined_with_nothing_falls_away() {
        let context = session();
        let joined = "select one.x, two.x as y from one join two on two.x = one.x";
        assert_eq!(left_of(&context, joined, &["two"]).await, None);
        assert!(left_of(&context, joined, &["three"]).await.is_some());
        let beside = "select one.x, two.x as y from one left join two on two.x = one.x where one.x > 0";
        let left = left_of(&context, beside, &["two"]).await.unwrap().display_indent().to_string();
        assert!(left.contains("one") && !left.contains("TableScan: two"), "{left}");
        assert_eq!(left_of(&context, "select x from one where x not in (select x from two)", &["one"]).await, None);
        assert!(left_of(&context, "select count(*) as x from two", &["two"]).await.is_some(), "nothing is counted as 0");
    }

    #[tokio::test]
    async fn a_union_keeps_its_names_and_rows_whichever_branches_are_left() {
        let sql = "select sum(both.y) as total, min(both.z) as least from (select x as y, x + 1 as z from one
            union all select distinct x, w from two union all select x + 10, x + 20 from three) as both";
        for (empty, total, least) in [
            (&[][..], 29, 1),
            (&["one"][..], 26, 1),
            (&["one", "two"][..], 23, 21),
            (&["two"][..], 26, 2),
            (&["two", "three"][..], 3, 2),
        ] {
            let context = session();
            let left = left_of(&context, sql, empty).await.unwrap();
            let state = context.state();
            let physical = state.query_planner().create_physical_plan(&left, &state).await.unwrap();
            let rows = datafusion::physical_plan::collect(physical, state.task_ctx()).await.unwrap();
            let value = |place: usize| rows[0].column(place).as_primitive::<Int64Type>().value(0);
            assert_eq!((value(0), value(1)), (total, least), "{empty:?}");
            assert_eq!(rows[0].schema().field(1).name(), "least");
        }
    }
}
