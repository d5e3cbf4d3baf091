//! `SmallerFirst`: a join builds its table from the side that can have fewer values.
//!
//! The engine exchanges sides by what it foresees, and of what comes out of a join or a condition it
//! foresees nothing. A metric's facts, joined with the calendar, would then be the table, and some
//! thousand scopes walk through it: in one thread, with everything that stands above.

use datafusion::common::JoinType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::error::Result;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::{CrossJoinExec, HashJoinExec, NestedLoopJoinExec, PartitionMode};
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
use datafusion::physical_plan::unnest::UnnestExec;
use std::sync::Arc;

/// The rule, to be applied after the engine has chosen sides and before rows are distributed.
#[derive(Debug)]
pub(super) struct SmallerFirst;

/// Sides are exchanged when the other one is smaller by this factor: what is known are upper bounds.
const FACTOR: usize = 2;

impl PhysicalOptimizerRule for SmallerFirst {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let exchanged = plan.transform_up(|node| match node.downcast_ref::<HashJoinExec>() {
            Some(join) if is_better_exchanged(join) => Ok(Transformed::yes(join.swap_inputs(PartitionMode::CollectLeft)?)),
            _ => Ok(Transformed::no(node)),
        });
        exchanged.data()
    }

    fn name(&self) -> &'static str {
        "smaller_first"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn is_better_exchanged(join: &HashJoinExec) -> bool {
    let may_be = matches!(join.join_type(), JoinType::Inner | JoinType::Left | JoinType::Right) && !join.null_aware;
    let sizes = size_max(join.left()).zip(size_max(join.right()));
    may_be && sizes.is_some_and(|(left, right)| right.saturating_mul(FACTOR) < left)
}

/// How many values a plan has at most: a table is copied together with all of its columns.
fn size_max(plan: &Arc<dyn ExecutionPlan>) -> Option<usize> {
    rows_max(plan).map(|rows| rows.saturating_mul(plan.schema().fields().len()))
}

/// About how many rows a plan has at most; null where a table on the way does not tell.
fn rows_max(plan: &Arc<dyn ExecutionPlan>) -> Option<usize> {
    if plan.children().is_empty() {
        let told = StatisticsContext::new().compute(plan.as_ref(), &StatisticsArgs::new()).ok()?;
        return told.num_rows.get_value().copied();
    }
    let of_children = plan.children().into_iter().map(rows_max).collect::<Option<Vec<usize>>>()?;
    if plan.is::<UnnestExec>() {
        return None;
    }
    let multiplies = plan.is::<CrossJoinExec>() || plan.is::<NestedLoopJoinExec>();
    Some(if multiplies {
        of_children.into_iter().fold(1, usize::saturating_mul)
    } else {
        of_children.into_iter().fold(0, usize::saturating_add)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::session::base_state;
    use crate::engine::{plan, register_batch};
    use arrow::array::{Int64Array, RecordBatch};
    use datafusion::physical_plan::collect;
    use datafusion::prelude::SessionContext;

    fn numbers(count: i64) -> RecordBatch {
        let column: Int64Array = (0..count).collect::<Vec<_>>().into();
        RecordBatch::try_from_iter([("number", Arc::new(column) as _)]).unwrap()
    }

    /// How many rows the table of the only join was built from.
    fn built_from(plan: &Arc<dyn ExecutionPlan>) -> Option<usize> {
        let own = plan.downcast_ref::<HashJoinExec>().and_then(|join| join.metrics()?.sum_by_name("build_input_rows"));
        own.map(|rows| rows.as_usize()).or_else(|| plan.children().into_iter().find_map(built_from))
    }

    #[tokio::test]
    async fn a_wide_side_is_not_copied_for_a_narrow_one() {
        let context = SessionContext::new_with_state(base_state(chrono_tz::UTC));
        let column = |name: &str| (name.to_owned(), Arc::clone(numbers(100).column(0)));
        let wide = RecordBatch::try_from_iter(["number", "a", "b", "c", "d", "e"].map(column)).unwrap();
        register_batch(&context, "wide", wide).unwrap();
        register_batch(&context, "narrow", numbers(150)).unwrap();
        let sql =
            "select * from (select * from wide where number % 2 = 0) as kept left join narrow on narrow.number = kept.number";
        let physical = plan(&context, sql).await.unwrap().create_physical_plan().await.unwrap();
        let batches = collect(Arc::clone(&physical), context.task_ctx()).await.unwrap();
        assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 50);
        assert_eq!(built_from(&physical), Some(150), "the columns of one side are few");
    }

    #[tokio::test]
    async fn what_is_computed_walks_through_a_table_of_few_rows() {
        let context = SessionContext::new_with_state(base_state(chrono_tz::UTC));
        register_batch(&context, "many", numbers(10_000)).unwrap();
        register_batch(&context, "few", numbers(90)).unwrap();
        for (join, rows) in [("join", 30), ("left join", 3_334)] {
            // How many rows are left by a condition is not foreseen.
            let sql = format!(
                "select kept.number, few.number from (select number from many where number % 3 = 0) as kept \
                 {join} few on few.number = kept.number"
            );
            let physical = plan(&context, &sql).await.unwrap().create_physical_plan().await.unwrap();
            let batches = collect(Arc::clone(&physical), context.task_ctx()).await.unwrap();
            assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), rows, "{sql}");
            assert_eq!(built_from(&physical), Some(90), "{sql}");
        }
    }
}
