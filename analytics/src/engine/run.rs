//! Plans, run: their rows, and in the log what each operator took for whoever asks for it.

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use datafusion::dataframe::DataFrame;
use datafusion::error::Result;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::display::DisplayableExecutionPlan;
use datafusion::physical_plan::{ExecutionPlan, collect};
use std::sync::Arc;

/// The rows of a plan; `name` is that of the metric or statement which it answers.
pub(crate) async fn traced(name: &str, plan: Arc<dyn ExecutionPlan>, task: Arc<TaskContext>) -> Result<Vec<RecordBatch>> {
    let rows = collect(Arc::clone(&plan), task).await?;
    tracing::trace!(
        plan.name = name,
        "what each operator took\n{}",
        DisplayableExecutionPlan::with_metrics(&*plan).indent(false)
    );
    Ok(rows)
}

/// All rows of a planned statement as one batch. Batches of one answer may disagree on whether a column
/// can be null; it can where one of them says so.
pub(crate) async fn collected(frame: DataFrame) -> Result<RecordBatch> {
    let planned = frame.schema().as_arrow().clone();
    let batches = frame.collect().await?;
    let told = batches.iter().map(|batch| batch.schema().as_ref().clone());
    let schema = if batches.is_empty() { planned } else { Schema::try_merge(told)? };
    Ok(arrow::compute::concat_batches(&Arc::new(schema), &batches)?)
}
