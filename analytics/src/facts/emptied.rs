//! Plans without what cannot give a row here: empty inputs, and all that would only be joined with them.
//!
//! Statements are planned once for all units (`plans.rs`), and each unit lacks most of what could be told:
//! no incidents, no path rules, no releases. What falls away need not be planned, and does not run.

use datafusion::common::tree_node::Transformed;
use datafusion::error::Result;
use datafusion::execution::context::SessionState;
use datafusion::logical_expr::{EmptyRelation, LogicalPlan};
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
            Ok(Transformed::yes(LogicalPlan::EmptyRelation(EmptyRelation { produce_one_row: false, schema })))
        }
        _ => rule.rewrite(node, state),
    })?;
    Ok(match left.data {
        LogicalPlan::EmptyRelation(empty) if !empty.produce_one_row => None,
        left => Some(left),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{facts_context, plan, register_batch};
    use arrow::array::{Int64Array, RecordBatch};

    async fn left_of(sql: &str, empty: &[&str]) -> Option<String> {
        let context = facts_context(chrono_tz::UTC);
        for name in ["one", "two", "three"] {
            let rows = RecordBatch::try_from_iter([("x", Arc::new(Int64Array::from(vec![1, 2])) as _)]).unwrap();
            register_batch(&context, name, rows).unwrap();
        }
        let planned = plan(&context, sql).await.unwrap().into_optimized_plan().unwrap();
        let left = without_empty(&planned, &context.state(), |name| empty.contains(&name)).unwrap();
        left.map(|plan| plan.display_indent().to_string())
    }

    #[tokio::test]
    async fn what_would_only_be_joined_with_nothing_falls_away() {
        let joined = "select one.x, two.x as y from one join two on two.x = one.x";
        assert_eq!(left_of(joined, &["two"]).await, None);
        assert!(left_of(joined, &["three"]).await.unwrap().contains("two"));
        let beside = "select one.x, two.x as y from one left join two on two.x = one.x where one.x > 0 union all select x, x + 1 from three";
        let left = left_of(beside, &["two", "three"]).await.unwrap();
        assert!(left.contains("one") && !left.contains("two.x =") && !left.contains("three"), "{left}");
        assert_eq!(left_of("select x from one where x not in (select x from two)", &["one"]).await, None);
        assert!(left_of("select count(*) as x from two", &["two"]).await.is_some(), "nothing is counted as 0");
    }
}
