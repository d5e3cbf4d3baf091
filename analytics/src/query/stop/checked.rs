//! `Checked`: a step of a plan that gives nothing more once the question is stopped.
//!
//! An aggregate or a sort asks its input for batch after batch without a pause, whatever is done to each
//! on the way. So the flag is looked at before each batch, and none has more rows than the engine means
//! to handle at once: a window gives a whole partition as one batch.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::Statistics;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::statistics::{ChildStats, StatisticsArgs};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, RecordBatchStream, SendableRecordBatchStream,
};
use futures::{Stream, StreamExt};

use super::StopFlag;
use crate::query::error::QueryError;

/// Most iterations of one `with recursive`.
const ITERATIONS_MAX: u64 = 10_000;

/// A step whose batches are checked; to the steps above it is as the step itself.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    input: Arc<dyn ExecutionPlan>,
    flag: StopFlag,
    /// How often it was executed, where that is bounded.
    iterations: Option<Arc<AtomicU64>>,
}

impl Checked {
    pub(super) fn around(input: Arc<dyn ExecutionPlan>, flag: &StopFlag) -> Arc<dyn ExecutionPlan> {
        Arc::new(Self { input, flag: flag.clone(), iterations: None })
    }

    /// The recursive part of a `with recursive`, which is executed once for every iteration.
    pub(super) fn of_iterations(input: Arc<dyn ExecutionPlan>, flag: &StopFlag) -> Arc<dyn ExecutionPlan> {
        Arc::new(Self { input, flag: flag.clone(), iterations: Some(Arc::default()) })
    }

    /// Fails once there were too many iterations.
    fn begin_iteration(&self) -> Result<()> {
        let Some(iterations) = &self.iterations else { return Ok(()) };
        let found = iterations.fetch_add(1, Ordering::Relaxed) + 1;
        if found > ITERATIONS_MAX {
            let error = QueryError::TooComplex { limit: "iterations of `with recursive`", found, max: ITERATIONS_MAX };
            return Err(DataFusionError::External(Box::new(error)));
        }
        Ok(())
    }
}

impl DisplayAs for Checked {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Checked")
    }
}

impl ExecutionPlan for Checked {
    fn name(&self) -> &'static str {
        "Checked"
    }

    /// The very properties of the step: what stands above need not find them anew.
    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let input = children.into_iter().next().unwrap_or_else(|| Arc::clone(&self.input));
        Ok(Arc::new(Self { input, ..Self::clone(&self) }))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        self.flag.check()?;
        self.begin_iteration()?;
        let rows_max = context.session_config().batch_size().max(1);
        let input = self.input.execute(partition, context)?;
        Ok(Box::pin(CheckedStream { input, flag: self.flag.clone(), rows_max, rest: None }))
    }

    fn child_stats_requests(&self, partition: Option<usize>) -> Vec<ChildStats> {
        vec![ChildStats::At(partition)]
    }

    fn statistics_from_inputs(&self, inputs: &[Arc<Statistics>], _: &StatisticsArgs) -> Result<Arc<Statistics>> {
        Ok(inputs.first().map_or_else(|| Arc::new(Statistics::new_unknown(&self.schema())), Arc::clone))
    }
}

/// The batches of one partition.
struct CheckedStream {
    input: SendableRecordBatchStream,
    flag: StopFlag,
    rows_max: usize,
    /// What is left of a batch that had too many rows.
    rest: Option<RecordBatch>,
}

impl Stream for CheckedStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.flag.check()?;
        let batch = match self.rest.take() {
            Some(rest) => rest,
            None => match ready!(self.input.poll_next_unpin(context)) {
                Some(batch) => batch?,
                None => return Poll::Ready(None),
            },
        };
        let rows = batch.num_rows();
        if rows <= self.rows_max {
            return Poll::Ready(Some(Ok(batch)));
        }
        self.rest = Some(batch.slice(self.rows_max, rows - self.rows_max));
        Poll::Ready(Some(Ok(batch.slice(0, self.rows_max))))
    }
}

impl RecordBatchStream for CheckedStream {
    fn schema(&self) -> SchemaRef {
        self.input.schema()
    }
}

#[cfg(test)]
mod tests {
    use datafusion::physical_plan::collect;

    use super::*;
    use crate::query::guard::check_text;
    use crate::query::guard::tests::session;
    use crate::query::stop::make_stoppable;

    #[tokio::test]
    async fn no_batch_has_more_rows_than_are_handled_at_once() {
        let state = session();
        let sql = "select value, sum(value) over () as whole from generate_series(1, 20000)";
        let plan = state.statement_to_plan(check_text(sql).unwrap()).await.unwrap();
        let plan = state.create_physical_plan(&plan).await.unwrap();
        let plan = make_stoppable(plan, &StopFlag::default()).unwrap();
        let rows: Vec<usize> = collect(plan, state.task_ctx()).await.unwrap().iter().map(RecordBatch::num_rows).collect();
        assert_eq!(rows.iter().sum::<usize>(), 20_000);
        assert!(rows.iter().all(|rows| *rows <= state.config().batch_size()), "{rows:?}");
    }
}
