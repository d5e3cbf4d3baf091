//! `WholePartitions`: windows over rows that are in memory anyway are computed partition by partition.
//!
//! The engine prefers an operator that gives rows before it has seen all of them, and pays for it with
//! a state for each partition. The statements of facts have thousands of partitions of a few rows each.

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::error::Result;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};
use datafusion::physical_plan::{ExecutionPlan, InputOrderMode};
use std::sync::Arc;

/// The rule, to be applied when rows are in the order that windows ask for.
#[derive(Debug)]
pub(crate) struct WholePartitions;

impl PhysicalOptimizerRule for WholePartitions {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let whole = plan.transform_up(|node| match node.downcast_ref::<BoundedWindowAggExec>() {
            Some(window) if window.input_order_mode == InputOrderMode::Sorted => {
                let (expressions, input) = (window.window_expr().to_vec(), Arc::clone(window.input()));
                Ok(Transformed::yes(Arc::new(WindowAggExec::try_new(expressions, input, true)?)))
            }
            _ => Ok(Transformed::no(node)),
        });
        whole.data()
    }

    fn name(&self) -> &'static str {
        "whole_partitions"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{facts_context, plan, register_batch};
    use arrow::array::{Int64Array, RecordBatch};
    use arrow::util::pretty::pretty_format_batches;
    use datafusion::execution::SessionStateBuilder;
    use datafusion::physical_plan::{collect, displayable};
    use datafusion::prelude::SessionContext;

    const SQL: &str = "select number,
            row_number() over (partition by number % 7 order by number) as place,
            lag(number) over (partition by number % 7 order by number) as before,
            sum(number) over (partition by number % 7 order by number) as so_far,
            max(number) over (partition by number % 7 order by number rows between unbounded preceding and 1 preceding) as highest
        from numbers order by number";

    async fn answer(context: &SessionContext) -> (String, String) {
        let physical = plan(context, SQL).await.unwrap().create_physical_plan().await.unwrap();
        let shown = displayable(physical.as_ref()).indent(false).to_string();
        let rows = collect(physical, context.task_ctx()).await.unwrap();
        (shown, pretty_format_batches(&rows).unwrap().to_string())
    }

    #[tokio::test]
    async fn windows_say_the_same_partition_by_partition() {
        let context = facts_context(chrono_tz::UTC);
        let numbers: Int64Array = (0..1_000).rev().collect::<Vec<_>>().into();
        let numbers = RecordBatch::try_from_iter([("number", Arc::new(numbers) as _)]).unwrap();
        register_batch(&context, "numbers", numbers).unwrap();
        // Both know the same tables.
        let state = SessionStateBuilder::new_from_existing(context.state());
        let whole = SessionContext::new_with_state(state.with_physical_optimizer_rule(Arc::new(WholePartitions)).build());
        let (expected, found) = (answer(&context).await, answer(&whole).await);
        assert_eq!(found.1, expected.1);
        assert!(expected.0.contains("BoundedWindowAggExec") && !found.0.contains("BoundedWindowAggExec"), "{}", found.0);
    }
}
