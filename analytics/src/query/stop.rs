//! Stopping a plan that is running.
//!
//! Dropping a stream is not enough: a step works on whatever comes from below without a pause, and the
//! engine's joins do not yield while they keep nothing
//! (<https://github.com/apache/datafusion/issues/19358>). So the last physical step puts a flag in
//! front of every batch (`stop/checked.rs`) and of every join filter, which the joins evaluate chunk by
//! chunk, and wraps every join so that it yields after each batch it gives. What one call of a function
//! may cost is bounded in `bounded.rs`. Whoever stops a question sets the flag, then drops the stream.
//! When to stop is not decided here.

mod checked;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use datafusion::arrow::datatypes::{DataType, FieldRef, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::JoinType;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::lit;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{
    CrossJoinExec, HashJoinExec, NestedLoopJoinExec, NestedLoopJoinExecBuilder, PiecewiseMergeJoinExec, SortMergeJoinExec,
    SymmetricHashJoinExec,
};
use datafusion::physical_plan::recursive_query::RecursiveQueryExec;
use datafusion::physical_plan::{ChildrenPropertiesMode, ExecutionPlan, ReplaceChildrenOptions};
use tokio::sync::OwnedSemaphorePermit;

use super::error::QueryError;
use checked::Checked;

/// Set once, from any thread, to stop the question whose plan holds it.
#[derive(Clone, Debug, Default)]
pub(crate) struct StopFlag(Arc<Work>);

/// What is left of a question as long as any step of its plan is, in whatever task.
#[derive(Debug, Default)]
struct Work {
    is_stopped: AtomicBool,
    /// Given back with the last step: a thread that cannot be interrupted still has one.
    _place: Option<OwnedSemaphorePermit>,
}

impl StopFlag {
    /// A flag that keeps a place among the questions until nothing is left of its own one.
    pub(crate) fn holding(place: OwnedSemaphorePermit) -> Self {
        Self(Arc::new(Work { is_stopped: AtomicBool::default(), _place: Some(place) }))
    }

    /// Stops the question; the next chunk of work that looks at the flag fails.
    pub(crate) fn stop(&self) {
        self.0.is_stopped.store(true, Ordering::Relaxed);
    }

    /// Whether somebody has stopped the question.
    pub(crate) fn is_stopped(&self) -> bool {
        self.0.is_stopped.load(Ordering::Relaxed)
    }

    /// Fails once the question is stopped.
    pub(crate) fn check(&self) -> Result<()> {
        if self.is_stopped() { Err(DataFusionError::External(Box::new(QueryError::Cancelled))) } else { Ok(()) }
    }

    /// Whether nothing else is left of the question.
    pub(crate) fn is_alone(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    /// Tells how long something of the question is left, and keeps nothing of it.
    pub(crate) fn remains(&self) -> Remains {
        Remains(Arc::downgrade(&self.0))
    }
}

/// Flags are equal when they stop the same question.
impl PartialEq for StopFlag {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for StopFlag {}

/// Expressions that differ by nothing but their question are never in one plan.
impl Hash for StopFlag {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// What may be left of a question.
#[derive(Clone, Debug)]
pub(crate) struct Remains(Weak<Work>);

impl Remains {
    /// Whether the last step of the question's plan is gone.
    pub(crate) fn is_nothing(&self) -> bool {
        self.0.strong_count() == 0
    }
}

/// Rebuilds a plan so that it stops soon after its flag is set. It must be the last step of planning.
pub(crate) fn make_stoppable(plan: Arc<dyn ExecutionPlan>, flag: &StopFlag) -> Result<Arc<dyn ExecutionPlan>> {
    plan.transform_up(|node| Ok(Transformed::yes(Checked::around(rebuild(node, flag)?, flag)))).data()
}

fn rebuild(node: Arc<dyn ExecutionPlan>, flag: &StopFlag) -> Result<Arc<dyn ExecutionPlan>> {
    let join: Arc<dyn ExecutionPlan> = if let Some(join) = node.downcast_ref::<HashJoinExec>() {
        let filter = guarded(join.filter(), *join.join_type(), flag);
        join.builder().with_filter(filter).build_exec()?
    } else if let Some(join) = node.downcast_ref::<NestedLoopJoinExec>() {
        let filter = guarded(join.filter(), *join.join_type(), flag);
        Arc::new(NestedLoopJoinExecBuilder::from(join).with_filter(filter).build()?)
    } else if let Some(join) = node.downcast_ref::<SortMergeJoinExec>() {
        let filter = join.filter().as_ref().map(|filter| guard(filter, flag));
        Arc::new(SortMergeJoinExec::try_new(
            Arc::clone(join.left()),
            Arc::clone(join.right()),
            join.on().to_vec(),
            filter,
            join.join_type(),
            join.sort_options().to_vec(),
            join.null_equality(),
        )?)
    } else if node.is::<CrossJoinExec>() || node.is::<PiecewiseMergeJoinExec>() || node.is::<SymmetricHashJoinExec>() {
        node
    } else if let Some(query) = node.downcast_ref::<RecursiveQueryExec>() {
        let term = Checked::of_iterations(Arc::clone(query.recursive_term()), flag);
        let children = vec![Arc::clone(query.static_term()), term];
        return Arc::clone(&node).replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute));
    } else {
        return Ok(node);
    };
    Ok(Arc::new(CooperativeExec::new(join)))
}

/// The filter of a join with the flag in front of it.
///
/// A join that only marks rows gives nothing while it compares, so it gets a filter to be asked
/// even if it had none.
fn guarded(filter: Option<&JoinFilter>, join_type: JoinType, flag: &StopFlag) -> Option<JoinFilter> {
    let gives_pairs = matches!(join_type, JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full);
    match filter {
        Some(filter) => Some(guard(filter, flag)),
        None if gives_pairs => None,
        None => Some(guard(&JoinFilter::new(lit(true), vec![], Arc::new(Schema::empty())), flag)),
    }
}

fn guard(filter: &JoinFilter, flag: &StopFlag) -> JoinFilter {
    let expression = Arc::new(Guarded { inner: Arc::clone(filter.expression()), flag: flag.clone() });
    JoinFilter::new(expression, filter.column_indices().to_vec(), Arc::clone(filter.schema()))
}

/// An expression that fails once the question is stopped.
#[derive(Debug)]
struct Guarded {
    inner: Arc<dyn PhysicalExpr>,
    flag: StopFlag,
}

impl PartialEq for Guarded {
    fn eq(&self, other: &Self) -> bool {
        *self.inner == *other.inner && self.flag == other.flag
    }
}

impl Eq for Guarded {}

impl Hash for Guarded {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl fmt::Display for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl PhysicalExpr for Guarded {
    fn data_type(&self, input_schema: &Schema) -> Result<DataType> {
        self.inner.data_type(input_schema)
    }

    fn nullable(&self, input_schema: &Schema) -> Result<bool> {
        self.inner.nullable(input_schema)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        self.flag.check()?;
        self.inner.evaluate(batch)
    }

    fn return_field(&self, input_schema: &Schema) -> Result<FieldRef> {
        self.inner.return_field(input_schema)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.inner]
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        let inner = children.into_iter().next().unwrap_or_else(|| Arc::clone(&self.inner));
        Ok(Arc::new(Self { inner, flag: self.flag.clone() }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt_sql(f)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use datafusion::execution::TaskContext;
    use datafusion::physical_plan::{collect, displayable};

    use super::*;
    use crate::query::bounded::bind;
    use crate::query::guard::check_text;
    use crate::query::guard::tests::session;

    async fn planned(sql: &str, flag: &StopFlag) -> (Arc<dyn ExecutionPlan>, Arc<TaskContext>) {
        let state = session();
        let plan = state.statement_to_plan(check_text(sql).unwrap()).await.unwrap();
        let plan = state.create_physical_plan(&bind(plan, flag).unwrap()).await.unwrap();
        (make_stoppable(plan, flag).unwrap(), state.task_ctx())
    }

    /// Left alone, each of these questions goes on for minutes or for ever, even without other work beside it.
    const STOPPED_MAX: Duration = Duration::from_secs(15);

    #[test]
    fn every_plan_stops_within_seconds() {
        let questions = [
            "select count(*) from generate_series(1, 300000) a cross join generate_series(1, 300000) b",
            "select count(*) from generate_series(1, 300000) a join generate_series(1, 300000) b on a.value + b.value < 0",
            "select count(*) from generate_series(1, 300000) a join generate_series(1, 300000) b \
             on a.value / 1000000 = b.value / 1000000 and a.value + b.value < 0",
            "select count(*) from generate_series(1, 300000) a where not exists \
             (select 1 from generate_series(1, 300000) b where a.value + b.value < 0)",
            "select count(*) from generate_series(1, 300000) a where exists \
             (select 1 from generate_series(1, 300000) b where a.value / 1000000 = b.value / 1000000)",
            "with recursive n as (select 1 as x union all select x + 1 from n) select count(*) from n",
            "select count(*) from generate_series(1, 9223372036854775807)",
            // One batch of such a join takes seconds, and an aggregate takes a hundred without a pause.
            "select sum(levenshtein(repeat('a', 200 + a.value % 2), repeat('b', 200 + b.value % 2))) \
             from generate_series(1, 30000) a join generate_series(1, 30000) b on a.value % 10 = b.value % 10",
            "select count(*) from generate_series(1, 1000000) where (repeat('a', 1000 + value % 2) ~ '(a|b|ab)*c{100}')",
            "select count(*) from generate_series(1, 1000000) \
             where repeat('a', 100 + value % 2) like repeat('%a', 100 + value % 2)",
        ];
        // A clock on the runtime that works would stand still while all its threads compare rows.
        let clock = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        for question in questions {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
            clock.block_on(async {
                let flag = StopFlag::default();
                let (plan, context) = planned(question, &flag).await;
                let shown = displayable(plan.as_ref()).indent(true).to_string();
                let running = runtime.spawn(collect(plan, context));
                tokio::time::sleep(Duration::from_millis(100)).await;
                assert!(!running.is_finished(), "{question}\n{shown}");
                flag.stop();
                running.abort();
                let stopped = tokio::time::timeout(STOPPED_MAX, running).await;
                assert!(stopped.is_ok(), "still running: {question}\n{shown}");
            });
            // Ends only when no thread is lost in a join.
            drop(runtime);
        }
    }

    #[tokio::test]
    async fn a_guarded_plan_gives_the_same_rows() {
        let questions = [
            "select a.value, b.value from generate_series(1, 5) a left join generate_series(3, 7) b on a.value = b.value order by 1",
            "select a.value from generate_series(1, 5) a where a.value not in (select value from generate_series(3, 7)) order by 1",
            "select a.value from generate_series(1, 5) a where exists (select 1 from generate_series(3, 7) b where a.value = b.value) order by 1",
            "select count(*) from generate_series(1, 5) a join generate_series(3, 7) b on a.value < b.value",
        ];
        for question in questions {
            let state = session();
            let logical = state.statement_to_plan(check_text(question).unwrap()).await.unwrap();
            let physical = state.create_physical_plan(&logical).await.unwrap();
            let expected = collect(physical, state.task_ctx()).await.unwrap();
            let physical = state.create_physical_plan(&logical).await.unwrap();
            let guarded = make_stoppable(physical, &StopFlag::default()).unwrap();
            let guarded = collect(guarded, state.task_ctx()).await.unwrap();
            assert_eq!(expected, guarded, "{question}");
        }
    }
}
