//! `OneRowFirst`: a cross join with a table of one row walks over the other table's batches.
//!
//! The engine makes one batch of each row on the left. It would exchange the sides itself if it could
//! foresee how many rows both have; of `settings` it can, and of what a statement has computed it
//! cannot. Without this, whatever stands above such a join works row by row.

use datafusion::common::config::ConfigOptions;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::error::Result;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::CrossJoinExec;
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
use std::sync::Arc;

/// The rule, to be applied before rows are distributed.
#[derive(Debug)]
pub(super) struct OneRowFirst;

impl PhysicalOptimizerRule for OneRowFirst {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let exchanged = plan.transform_up(|node| match node.downcast_ref::<CrossJoinExec>() {
            Some(join) if has_one_row(join.right()) && !has_one_row(join.left()) => Ok(Transformed::yes(join.swap_inputs()?)),
            _ => Ok(Transformed::no(node)),
        });
        exchanged.data()
    }

    fn name(&self) -> &'static str {
        "one_row_first"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn has_one_row(plan: &Arc<dyn ExecutionPlan>) -> bool {
    let told = StatisticsContext::new().compute(plan.as_ref(), &StatisticsArgs::new());
    told.is_ok_and(|told| told.num_rows == Precision::Exact(1))
}

#[cfg(test)]
mod tests {
    use crate::engine::session::base_state;
    use crate::engine::{plan, register_batch};
    use arrow::array::{Int64Array, RecordBatch};
    use datafusion::physical_plan::collect;
    use datafusion::prelude::SessionContext;
    use std::sync::Arc;

    fn numbers(count: i64) -> RecordBatch {
        let column: Int64Array = (0..count).collect::<Vec<_>>().into();
        RecordBatch::try_from_iter([("number", Arc::new(column) as _)]).unwrap()
    }

    #[tokio::test]
    async fn what_was_computed_stays_in_its_batches() {
        let context = SessionContext::new_with_state(base_state(chrono_tz::UTC));
        register_batch(&context, "many", numbers(1_000)).unwrap();
        register_batch(&context, "one", numbers(1)).unwrap();
        // How many rows are left by a condition is not foreseen.
        let sql = "select kept.number, one.number from (select number from many where number % 3 = 0) as kept cross join one";
        let physical = plan(&context, sql).await.unwrap().create_physical_plan().await.unwrap();
        let batches = collect(physical, context.task_ctx()).await.unwrap();
        assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 334);
        assert!(batches.len() <= 2, "{} batches", batches.len());
    }
}
