//! Physical plans that are used again: they name what they read, and find its rows in the session that runs them.
//!
//! Planning a statement takes longer than computing it for a few units. How many rows there are decides which side
//! of a join is held in memory, so a plan is made for inputs of about one size, and used where they are so again.
//! Whoever runs it has a copy of its own, so nothing may stand in a plan that copies would share.

use super::inputs::size_bytes;
use super::plans::Rows;
use arrow::datatypes::SchemaRef;
use datafusion::common::Statistics;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions, reset_plan_states,
};
use datafusion::physical_plan::scalar_subquery::ScalarSubqueryExec;
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// So many plans of one statement are remembered.
const PLANS_MAX: usize = 6;

/// About how many rows each input of a statement has.
pub(super) type Sizes = Vec<u32>;

/// What a statement comes to for inputs of some sizes.
#[derive(Clone)]
pub(super) enum Made {
    /// No row can come of it.
    Nothing,
    Plan(Arc<dyn ExecutionPlan>),
}

/// The plans of one statement, by the sizes for which they were made.
#[derive(Default)]
pub(super) struct PlansBySize(Mutex<Vec<(Sizes, Made)>>);

impl PlansBySize {
    /// The plan for these sizes as if it had never run, made if it is not known; null where nothing can come of it.
    ///
    /// # Errors
    /// The engine's error when it cannot be planned.
    pub(super) async fn get_or_make(
        &self,
        sizes: Sizes,
        make: impl Future<Output = Result<Made>>,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let known = match self.known(&sizes) {
            Some(known) => known,
            None => self.remember(sizes, make.await?)?,
        };
        match known {
            Made::Nothing => Ok(None),
            Made::Plan(plan) if shares_results(&plan)? => Ok(Some(plan)),
            Made::Plan(plan) => reset_plan_states(plan).map(Some),
        }
    }

    fn known(&self, sizes: &Sizes) -> Option<Made> {
        let plans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        plans.iter().find(|(of, _)| of == sizes).map(|(_, made)| made.clone())
    }

    /// Remembers a plan that can be copied, in place of the oldest where there are many.
    fn remember(&self, sizes: Sizes, made: Made) -> Result<Made> {
        if let Made::Plan(plan) = &made
            && shares_results(plan)?
        {
            return Ok(made);
        }
        let mut plans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if plans.len() == PLANS_MAX {
            plans.remove(0);
        }
        plans.push((sizes, made.clone()));
        Ok(made)
    }
}

/// Whether all copies of a plan would read the same answer of a subquery, which each of them asks.
fn shares_results(plan: &Arc<dyn ExecutionPlan>) -> Result<bool> {
    plan.exists(|node| Ok(node.is::<ScalarSubqueryExec>()))
}

/// About how many rows: none, one, or a power of eight; what is not there at all is like nothing else.
pub(super) fn size_of(rows: Option<usize>) -> u32 {
    match rows {
        None => u32::MAX,
        Some(rows @ (0 | 1)) => u32::from(rows == 1),
        Some(rows) => 2 + rows.ilog2() / 3,
    }
}

/// An input of which the rows are found when it is read.
#[derive(Debug)]
pub(super) struct InputExec {
    name: String,
    whole: SchemaRef,
    columns: Option<Vec<usize>>,
    /// What is foreseen, from the rows that were there when it was planned.
    foreseen: Arc<Statistics>,
    properties: Arc<PlanProperties>,
}

impl InputExec {
    /// Over the rows of this name in whatever session it runs, of which `rows` foretell how many there are.
    pub(super) fn new(name: &str, whole: SchemaRef, columns: Option<Vec<usize>>, rows: &Rows) -> Result<Self> {
        let rows = rows.named(name)?;
        let rows = columns.as_ref().map_or_else(|| Ok(rows.clone()), |columns| rows.project(columns))?;
        let bytes = usize::try_from(size_bytes(&rows)).unwrap_or(usize::MAX);
        // Only of one row is it known that there are as many whenever the plan is used.
        let count = if rows.num_rows() == 1 { Precision::Exact(1) } else { Precision::Inexact(rows.num_rows()) };
        let foreseen =
            Statistics::new_unknown(&rows.schema()).with_num_rows(count).with_total_byte_size(Precision::Inexact(bytes));
        let properties = PlanProperties::new(
            EquivalenceProperties::new(rows.schema()),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Self { name: name.to_owned(), whole, columns, foreseen: Arc::new(foreseen), properties: Arc::new(properties) })
    }
}

impl DisplayAs for InputExec {
    fn fmt_as(&self, _: DisplayFormatType, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "InputExec: {}", self.name)
    }
}

impl ExecutionPlan for InputExec {
    fn name(&self) -> &'static str {
        "InputExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let rows = Rows::of(context.session_config())?.named(&self.name)?;
        let rows = MemorySourceConfig::try_new_exec(&[vec![rows]], Arc::clone(&self.whole), self.columns.clone())?;
        rows.execute(partition, context)
    }

    fn statistics_from_inputs(&self, _: &[Arc<Statistics>], _: &StatisticsArgs) -> Result<Arc<Statistics>> {
        Ok(Arc::clone(&self.foreseen))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{facts_context, plan, register_batch};
    use arrow::array::{Int64Array, RecordBatch};
    use datafusion::physical_plan::collect;

    #[tokio::test]
    async fn a_plan_is_made_once_for_a_size_unless_copies_would_share_an_answer() {
        let context = facts_context(chrono_tz::UTC);
        let numbers: Int64Array = (0..10).collect::<Vec<_>>().into();
        register_batch(&context, "numbers", RecordBatch::try_from_iter([("number", Arc::new(numbers) as _)]).unwrap()).unwrap();
        let above = "select number from numbers where number > (select avg(number) from numbers)";
        for (sql, made_times) in [("select number from numbers where number > 4", 2), (above, 6)] {
            let (plans, mut times) = (PlansBySize::default(), 0);
            for rows in [Some(10), Some(12), Some(10), Some(900), Some(901), Some(10)] {
                let make = async {
                    times += 1;
                    Ok(Made::Plan(plan(&context, sql).await?.create_physical_plan().await?))
                };
                let found = plans.get_or_make(vec![size_of(rows)], make).await.unwrap().unwrap();
                let rows = collect(found, context.task_ctx()).await.unwrap();
                assert_eq!(rows.iter().map(RecordBatch::num_rows).sum::<usize>(), 5, "{sql}");
            }
            assert_eq!(times, made_times, "{sql}");
        }
    }

    #[test]
    fn what_is_not_there_is_of_no_size() {
        let sizes: Vec<u32> = [None, Some(0), Some(1), Some(7), Some(8), Some(64)].into_iter().map(size_of).collect();
        assert_eq!(sizes, [u32::MAX, 0, 1, 2, 3, 4]);
    }
}
