//! Physical plans that are used again: they name what they read, and find its rows in the session that runs them.
//!
//! Planning a statement takes longer than computing it for a few units. How many rows there are decides which side
//! of a join is held in memory, so a plan is made for inputs of about one size, and used where they are so again.

use super::plans::Rows;
use arrow::datatypes::SchemaRef;
use datafusion::common::Statistics;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions, reset_plan_states,
};
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// So many plans of one statement are remembered.
const PLANS_MAX: usize = 6;

/// About how many rows each input of a statement has.
pub(super) type Sizes = Vec<u32>;

/// The plans of one statement, by the sizes for which they were made; nothing where nothing can come of it.
#[derive(Default)]
pub(super) struct PlansBySize(Mutex<Vec<(Sizes, Option<Arc<dyn ExecutionPlan>>)>>);

impl PlansBySize {
    /// The plan for these sizes, as if it had never run; null where none was made.
    pub(super) fn known(&self, sizes: &Sizes) -> Result<Option<Option<Arc<dyn ExecutionPlan>>>> {
        let known = {
            let plans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            plans.iter().find(|(of, _)| of == sizes).map(|(_, plan)| plan.clone())
        };
        known.map(|plan| plan.map(reset_plan_states).transpose()).transpose()
    }

    /// Remembers a plan, in place of the oldest where there are many.
    pub(super) fn remember(&self, sizes: Sizes, plan: Option<Arc<dyn ExecutionPlan>>) {
        let mut plans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if plans.len() == PLANS_MAX {
            plans.remove(0);
        }
        plans.push((sizes, plan));
    }
}

/// About how many rows: none, or a power of eight; what is not there at all is like nothing else.
pub(super) fn size_of(rows: Option<usize>) -> u32 {
    rows.map_or(u32::MAX, |rows| rows.checked_ilog2().map_or(0, |power| 1 + power / 3))
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
        let schema = columns.as_ref().map_or_else(|| Ok(Arc::clone(&whole)), |columns| whole.project(columns).map(Arc::new))?;
        let foreseen = Statistics::new_unknown(&schema)
            .with_num_rows(Precision::Inexact(rows.num_rows()))
            .with_total_byte_size(Precision::Inexact(rows.get_array_memory_size()));
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
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
