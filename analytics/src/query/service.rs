//! `QueryService`: one question of a person, from its text to its rows, inside its limits.
//!
//! Planning, running and dropping plans happen on a runtime of their own with large stacks, so that
//! a question can neither overflow a stack nor delay an acknowledgement. What goes on although it was
//! stopped is counted in `overdue.rs`. Encoding and statuses are the transports' business.

use crate::engine::Opened;
use crate::query::budget::{Budget, Limits};
use crate::query::error::QueryError;
use crate::query::overdue::{Overdue, logged};
use crate::query::plan::{FunctionNames, check_joins, check_plan};
use crate::query::stop::{StopFlag, make_stoppable};
use crate::query::{bounded, guard};
use crate::{AnalyticsError, Engine, functions};
use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::error::DataFusionError;
use datafusion::execution::context::TaskContext;
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_plan::execute_stream;
use futures::StreamExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, JoinError};
use waymark_event::Instant;

/// Stacks of the query runtime; virtual memory, of which only what is used costs anything.
const STACK_BYTES: usize = 32 * 1_024 * 1_024;
/// How long a question waits for a free place.
const PLACE_WAIT: Duration = Duration::from_secs(2);

/// The rows of one answer, and what they were read from.
#[derive(Clone, Debug)]
pub struct RowsAnswer {
    /// The snapshot that was read.
    pub snapshot: String,
    /// The instant that the answer describes.
    pub as_of: Instant,
    /// The columns, in order.
    pub schema: SchemaRef,
    /// The rows, in order of arrival.
    pub batches: Vec<RecordBatch>,
}

/// Answers questions in SQL, read-only and inside limits.
#[derive(Debug)]
pub struct QueryService {
    engine: Arc<Engine>,
    runtime: Option<Runtime>,
    threads: usize,
    places: Arc<Semaphore>,
    overdue: Overdue,
    budget: Arc<Budget>,
    callers: Arc<dyn MemoryPool>,
}

impl QueryService {
    /// A service over an engine; `memory_bytes_max` is for all questions together, `spill_folder`
    /// is private and emptied here.
    ///
    /// # Errors
    /// `Start` when the folder or the threads cannot be had.
    pub fn new(engine: Arc<Engine>, memory_bytes_max: u64, spill_folder: &Path) -> Result<Self, QueryError> {
        let budget =
            Budget::new(memory_bytes_max, Budget::SPILL_BYTES_MAX, spill_folder).map_err(QueryError::from_execution)?;
        let callers = budget.caller(Budget::CALLER_BYTES_MAX);
        let threads = std::thread::available_parallelism().map_or(2, usize::from).max(2);
        let (places, overdue) = (Arc::new(Semaphore::new(threads)), Overdue::default());
        // Nothing may fail after this: a runtime is not to be dropped where others run.
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_stack_size(STACK_BYTES)
            .thread_name("waymark-query")
            .enable_all()
            .build()
            .map_err(|cause| QueryError::from_execution(DataFusionError::IoError(cause)))?;
        Ok(Self { engine, runtime: Some(runtime), threads, places, overdue, budget: Arc::new(budget), callers })
    }

    /// Whether at least half of the threads may be held by questions that were stopped and go on all the same.
    pub fn is_stuck(&self) -> bool {
        self.overdue.count() * 2 >= self.threads
    }

    /// Answers one statement, whole, or says why not.
    ///
    /// # Errors
    /// `Query` with the kind of problem, or why there is nothing to ask.
    pub async fn ask(&self, sql: &str, limits: Limits) -> Result<RowsAnswer, AnalyticsError> {
        let opened = self.engine.newest().await?;
        let refused = AnalyticsError::Query;
        let place = tokio::time::timeout(PLACE_WAIT, Arc::clone(&self.places).acquire_owned()).await;
        let place = place.map_err(|_| refused(QueryError::Busy))?.map_err(|_| refused(QueryError::ShuttingDown))?;
        let runtime = self.runtime.as_ref().ok_or(AnalyticsError::Query(QueryError::ShuttingDown))?;
        let flag = StopFlag::holding(place);
        let sql: Arc<str> = Arc::from(sql);
        let question = Question {
            sql: Arc::clone(&sql),
            opened,
            budget: Arc::clone(&self.budget),
            callers: Arc::clone(&self.callers),
            limits,
            flag: flag.clone(),
        };
        let task = runtime.spawn(question.answer());
        let _stop = StopWhenDropped { flag, task: task.abort_handle(), overdue: self.overdue.clone(), sql: Arc::clone(&sql) };
        match tokio::time::timeout(Duration::from_millis(limits.deadline_ms), task).await {
            Err(_) => Err(refused(QueryError::DeadlineExceeded { deadline_ms: limits.deadline_ms })),
            Ok(Err(error)) => Err(refused(unanswered(error, &sql))),
            Ok(Ok(answer)) => answer,
        }
    }
}

impl Drop for QueryService {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A caller that went away, or whose time is over, stops the work.
struct StopWhenDropped {
    flag: StopFlag,
    task: AbortHandle,
    overdue: Overdue,
    sql: Arc<str>,
}

impl Drop for StopWhenDropped {
    fn drop(&mut self) {
        self.flag.stop();
        self.task.abort();
        if !self.flag.is_alone() {
            self.overdue.watch(self.flag.remains(), Arc::clone(&self.sql));
        }
    }
}

struct Question {
    sql: Arc<str>,
    opened: Arc<Opened>,
    budget: Arc<Budget>,
    callers: Arc<dyn MemoryPool>,
    limits: Limits,
    flag: StopFlag,
}

impl Question {
    async fn answer(self) -> Result<RowsAnswer, AnalyticsError> {
        let statement = guard::check_text(&self.sql).map_err(AnalyticsError::Query)?;
        let context = self.opened.question_context(&self.sql).await?;
        for twin in bounded::bounded_functions() {
            context.register_udf(twin.as_ref().clone());
        }
        for formula in functions::formulas(&self.flag) {
            context.register_udf(formula);
        }
        let base = context.state();
        let names: Vec<String> = base.scalar_functions().keys().filter(|name| bounded::is_forbidden(name)).cloned().collect();
        for name in names {
            context.deregister_udf(&name);
        }
        let runtime = self.budget.question(&context.runtime_env(), &self.callers, &self.limits);
        let mut state = SessionStateBuilder::new_from_existing(context.state()).with_runtime_env(runtime).build();
        // An answer depends on question and snapshot only, so "now" is what the snapshot describes.
        state.execution_props_mut().query_execution_start_time = Some(self.opened.as_of().to_utc());
        let plan = state.statement_to_plan(statement).await.map_err(planning)?;
        check_plan(&plan, &FunctionNames::of(&state)).map_err(AnalyticsError::Query)?;
        let plan = bounded::bind(plan, &self.flag).map_err(AnalyticsError::Query)?;
        // Optimising may quote the caller's own text; physical planning reads statistics of files.
        let plan = state.optimize(&self.capped(plan)?).map_err(planning)?;
        let physical = state.query_planner().create_physical_plan(&plan, &state).await.map_err(running)?;
        check_joins(&physical).map_err(AnalyticsError::Query)?;
        let physical = make_stoppable(physical, &self.flag).map_err(running)?;
        let schema = physical.schema();
        let mut stream = execute_stream(physical, Arc::new(TaskContext::from(&state))).map_err(running)?;
        let (mut batches, mut rows, mut bytes) = (Vec::new(), 0, 0);
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(running)?;
            rows += batch.num_rows() as u64;
            if rows > self.limits.rows_max {
                return Err(AnalyticsError::Query(QueryError::ResultTooLarge { rows_max: self.limits.rows_max }));
            }
            bytes += size_bytes(&batch);
            if bytes > self.limits.answer_bytes_max {
                return Err(AnalyticsError::Query(QueryError::ResultTooWide { bytes_max: self.limits.answer_bytes_max }));
            }
            batches.push(batch);
        }
        Ok(RowsAnswer { snapshot: self.opened.snapshot.id.clone(), as_of: self.opened.as_of(), schema, batches })
    }

    /// One row more than allowed is enough to know that there are too many.
    fn capped(&self, plan: LogicalPlan) -> Result<LogicalPlan, AnalyticsError> {
        if matches!(plan, LogicalPlan::Explain(_)) {
            return Ok(plan);
        }
        let fetch = usize::try_from(self.limits.rows_max).unwrap_or(usize::MAX).saturating_add(1);
        LogicalPlanBuilder::from(plan).limit(0, Some(fetch)).and_then(LogicalPlanBuilder::build).map_err(planning)
    }
}

/// What the rows of a batch take in memory, without what is beside them in the arrays that they are cut from.
fn size_bytes(batch: &RecordBatch) -> u64 {
    let column_bytes = |column: &ArrayRef| {
        let is_view = matches!(column.data_type(), DataType::Utf8View | DataType::BinaryView);
        let sliced = if is_view { None } else { column.to_data().get_slice_memory_size().ok() };
        sliced.unwrap_or_else(|| column.get_array_memory_size()) as u64
    };
    batch.columns().iter().map(column_bytes).sum()
}

/// Why a task ended without an answer: it broke down, or its runtime is going away.
fn unanswered(error: JoinError, sql: &str) -> QueryError {
    if !error.is_panic() {
        return QueryError::ShuttingDown;
    }
    tracing::error!(question.text = %logged(sql), error.message = %error, "a question panicked");
    QueryError::Run(Arc::new(DataFusionError::External(Box::new(error))))
}

fn planning(error: DataFusionError) -> AnalyticsError {
    AnalyticsError::Query(QueryError::from_planning(error))
}

fn running(error: DataFusionError) -> AnalyticsError {
    AnalyticsError::Query(QueryError::from_execution(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Definitions;
    use waymark_lake::Layout;

    #[tokio::test]
    async fn a_spill_folder_that_cannot_be_made_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::open(folder.path()).unwrap();
        let engine = Arc::new(Engine::new(layout, Arc::new(Definitions::default())));
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let refused = QueryService::new(engine, 1 << 20, &file.join("spill"));
        assert!(refused.is_err(), "{refused:?}");
    }

    #[tokio::test]
    async fn a_question_that_panics_is_told_apart_from_a_service_that_shuts_down() {
        let broken = tokio::spawn(std::future::poll_fn::<(), _>(|_| panic!("offset overflow"))).await.unwrap_err();
        let told = unanswered(broken, "select 1");
        assert_eq!((told.problem_type(), told.to_string().as_str()), ("internal", "the question could not be run"));
        let ended = tokio::spawn(std::future::pending::<()>());
        ended.abort();
        assert_eq!(unanswered(ended.await.unwrap_err(), "select 1").problem_type(), "shutting-down");
    }
}
