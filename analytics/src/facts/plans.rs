//! The statements of facts, planned once for all the times that they are computed.
//!
//! Planning a statement takes longer than computing it for a few units. A plan is therefore made
//! without any row; what it reads it finds in the `FactSession` that runs it. Which rows those are
//! is decided by the caller: the SQL is the same, because no fact of a unit looks beyond it.

use super::again::{InputExec, Made, PlansBySize, Sizes, size_of};
use super::emptied::without_empty;
use super::inputs::{nullable, observed_schema, register, register_observed_schema, supply, words};
use super::reads::{Reads, observed, reads};
use super::refresh::failed;
use super::steps::steps_to;
use super::walks::{Given, Walk, walk_to};
use super::{FACTS, Fact};
use crate::definitions::Definitions;
use crate::engine::{WholePartitions, facts_context, plan, traced};
use crate::error::AnalyticsError;
use crate::registers;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::TableReference;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::dataframe::DataFrame;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::{Expr, LogicalPlan, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::{SessionConfig, SessionContext, col};
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant as StopWatch;
use waymark_event::Table;
use waymark_lake::joined;

/// Every statement of every fact for one set of definitions.
pub(crate) struct FactPlans {
    state: SessionState,
    statements: HashMap<&'static str, Statement>,
    schemas: HashMap<String, SchemaRef>,
    /// The columns of observations that some statement or walk really reads, by table; the others are null.
    columns: HashMap<String, BTreeSet<String>>,
    reads: Reads,
    /// Registers and settings, which are the same for every session.
    standing: HashMap<String, RecordBatch>,
}

/// One statement, planned.
struct Statement {
    plan: LogicalPlan,
    reads: BTreeSet<String>,
    /// What it reads beside registers, if it can say nothing where nothing of that is known.
    needs: BTreeSet<String>,
    made: PlansBySize,
}

/// One computation: rows by the names that statements use, and the facts that follow from them.
pub(crate) struct FactSession {
    plans: Arc<FactPlans>,
    state: SessionState,
    rows: Arc<Rows>,
}

/// Rows by name, as the plans find them in the session that runs them.
#[derive(Debug)]
pub(super) struct Rows(Mutex<HashMap<String, RecordBatch>>);

/// A table of which only the columns are known while it is planned.
#[derive(Debug)]
struct Input {
    name: String,
    schema: SchemaRef,
}

impl FactPlans {
    /// Plans every statement.
    ///
    /// # Errors
    /// `Fact` when one cannot be planned, `Supply` or `Register` when an input has no columns.
    pub(crate) async fn new(definitions: &Definitions) -> std::result::Result<Self, AnalyticsError> {
        let context = facts_context(definitions.zone());
        let mut plans = Self {
            state: context.state(),
            statements: HashMap::new(),
            schemas: HashMap::new(),
            columns: HashMap::new(),
            reads: reads().map_err(|cause| failed("facts", cause))?,
            standing: HashMap::new(),
        };
        register_observed_schema(&context).map_err(|cause| register("observed", cause))?;
        let words = words();
        for table in Table::ALL {
            let name = observed(*table);
            let schema = observed_schema(*table, &words)?;
            plans.input(&context, &name, &schema).map_err(|cause| register(&name, cause))?;
        }
        let settings = registers::settings(definitions).map_err(|cause| supply("settings", cause))?;
        let standing = registers::registers(definitions).map_err(|cause| supply("registers", cause))?;
        for (name, rows) in standing.into_iter().chain([("settings", settings)]) {
            plans.input(&context, name, &rows.schema()).map_err(|cause| register(name, cause))?;
            plans.standing.insert(name.to_owned(), rows);
        }
        for fact in FACTS {
            let planned = plans.plan_fact(&context, fact).await;
            planned.map_err(|cause| failed(fact.name, cause))?;
        }
        let state = SessionStateBuilder::new_from_existing(context.state());
        plans.state = state.with_physical_optimizer_rule(Arc::new(WholePartitions)).build();
        let options = plans.state.config_mut().options_mut();
        // Units are computed beside each other, which shares the work out better than parts of a statement.
        options.execution.target_partitions = 1;
        // What an operator learns on its way would stand in all copies of its plan.
        options.optimizer.enable_dynamic_filter_pushdown = false;
        options.optimizer.enable_topk_dynamic_filter_pushdown = false;
        options.optimizer.enable_join_dynamic_filter_pushdown = false;
        options.optimizer.enable_aggregate_dynamic_filter_pushdown = false;
        Ok(plans)
    }

    async fn plan_fact(&mut self, context: &SessionContext, fact: &Fact) -> Result<()> {
        if let Some(walk) = walk_to(fact.name) {
            for (table, columns) in walk.reads {
                let read = columns.iter().map(|column| (*column).to_owned());
                self.columns.entry((*table).to_owned()).or_default().extend(read);
            }
            for (name, sql) in walk.statements {
                self.statement(context, fact, name, sql).await?;
            }
            for (table, rows) in walk.makes.iter().zip((walk.make)(&Given::default())?) {
                self.input(context, table, &rows.schema())?;
            }
        }
        if fact.sql.is_empty() {
            return Ok(());
        }
        for step in steps_to(fact.name) {
            let schema = self.statement(context, fact, step.name, step.sql).await?;
            self.input(context, step.name, &schema)?;
        }
        let frame = plan(context, fact.sql).await?;
        // The rows of units are put in order when they are written; others are written as they are.
        let schema = self.keep(fact, fact.name, if fact.units.is_empty() { in_order(frame, fact)? } else { frame })?;
        self.input(context, fact.name, &schema)
    }

    async fn statement(&mut self, context: &SessionContext, fact: &Fact, name: &'static str, sql: &str) -> Result<SchemaRef> {
        self.keep(fact, name, plan(context, sql).await?)
    }

    /// Keeps the optimised plan of a statement on the way to a fact, and tells its columns.
    fn keep(&mut self, fact: &Fact, name: &'static str, frame: DataFrame) -> Result<SchemaRef> {
        let schema = Arc::new(frame.schema().as_arrow().clone());
        let plan = frame.into_optimized_plan()?;
        let mut reads = BTreeSet::new();
        plan.apply_with_subqueries(|node| {
            if let LogicalPlan::TableScan(scan) = node {
                let read = scan.projected_schema.fields().iter().map(|field| field.name().clone());
                self.columns.entry(scan.table_name.to_string()).or_default().extend(read);
                reads.insert(scan.table_name.to_string());
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        // What belongs to units was told of them; registers alone give no row.
        let is_needed = |table: &&String| !fact.units.is_empty() && !self.standing.contains_key(*table);
        let needs = reads.iter().filter(is_needed).cloned().collect();
        self.statements.insert(name, Statement { plan, reads, needs, made: PlansBySize::default() });
        Ok(schema)
    }

    /// Makes a name and its columns known to the statements that follow.
    fn input(&mut self, context: &SessionContext, name: &str, schema: &SchemaRef) -> Result<()> {
        let schema = nullable(schema);
        let place = TableReference::from(name);
        context.register_table(place, Arc::new(Input { name: name.to_owned(), schema: Arc::clone(&schema) }))?;
        self.schemas.insert(name.to_owned(), schema);
        Ok(())
    }

    /// What each fact reads.
    pub(super) const fn reads(&self) -> &Reads {
        &self.reads
    }

    /// The columns of a table of observations that some fact reads.
    pub(super) fn observed_schema(&self, table: Table) -> std::result::Result<SchemaRef, AnalyticsError> {
        let name = observed(table);
        let known = self.schemas.get(&name).cloned();
        known.ok_or_else(|| register(&name, DataFusionError::Internal("no fact can read it".to_owned())))
    }

    /// Whether some statement or walk reads a column of a table of observations.
    pub(super) fn is_read(&self, table: Table, column: &str) -> bool {
        self.columns.get(&observed(table)).is_some_and(|columns| columns.contains(column))
    }

    /// The rows of a register.
    pub(super) fn register(&self, name: &str) -> Option<&RecordBatch> {
        self.standing.get(name)
    }
}

impl fmt::Debug for FactPlans {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FactPlans").field("statements", &self.statements.len()).finish_non_exhaustive()
    }
}

impl FactSession {
    /// A session with registers and settings, and no other rows.
    pub(crate) fn new(plans: &Arc<FactPlans>) -> Self {
        let rows = Arc::new(Rows(Mutex::new(plans.standing.clone())));
        let mut state = plans.state.clone();
        state.config_mut().set_extension(Arc::clone(&rows));
        Self { plans: Arc::clone(plans), state, rows }
    }

    /// Gives the rows of an input, in place of those that it had.
    ///
    /// # Errors
    /// The engine's error when no statement can know the name, or the columns are of other types.
    pub(crate) fn put(&self, name: &str, rows: &RecordBatch) -> Result<()> {
        // What was never stored has no columns either.
        self.put_all(name, if rows.num_rows() == 0 { &[] } else { std::slice::from_ref(rows) })
    }

    /// As `put`, of rows that come in several batches; a column that one of them lacks is null there.
    ///
    /// # Errors
    /// As `put`.
    pub(super) fn put_all(&self, name: &str, rows: &[RecordBatch]) -> Result<()> {
        let schema = self.plans.schemas.get(name);
        let schema = schema.ok_or_else(|| DataFusionError::Internal(format!("no fact can read `{name}`")))?;
        let rows = in_schema(name, schema, rows);
        self.rows.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), rows?);
        Ok(())
    }

    /// Computes a fact and keeps it for those below it; whatever it reads was put here before.
    ///
    /// # Errors
    /// The engine's error, also when something that it reads is missing.
    pub(crate) async fn compute(&self, fact: &Fact) -> Result<RecordBatch> {
        if let Some(walk) = walk_to(fact.name) {
            self.walk(walk).await?;
        }
        if fact.sql.is_empty() {
            return self.rows.named(fact.name);
        }
        for step in steps_to(fact.name) {
            self.put(step.name, &self.rows_of(step.name).await?)?;
        }
        let rows = self.rows_of(fact.name).await?;
        self.put(fact.name, &rows)?;
        let mut held = self.rows.0.lock().unwrap_or_else(PoisonError::into_inner);
        for step in steps_to(fact.name) {
            held.remove(step.name);
        }
        Ok(rows)
    }

    /// The rows of a name in this session: of an input, of a fact, or of what a walk has left.
    ///
    /// # Errors
    /// The engine's error when there are none.
    pub(super) fn rows(&self, name: &str) -> Result<RecordBatch> {
        self.rows.named(name)
    }

    /// Puts the tables of a walk beside what it read, and what it leaves.
    async fn walk(&self, walk: &'static Walk) -> Result<()> {
        let mut given = Given::default();
        for (name, _) in walk.statements {
            given.put(name, self.answer(name).await?);
        }
        for (name, _) in walk.reads {
            given.put(name, vec![self.rows.named(name)?]);
        }
        let made = tokio::task::spawn_blocking(move || (walk.make)(&given)).await;
        let made = made.map_err(|cause| DataFusionError::External(Box::new(cause)))??;
        let mut made = made.into_iter();
        walk.makes.iter().zip(made.by_ref()).try_for_each(|(name, rows)| self.put(name, &rows))?;
        let left = walk.leaves.iter().map(|name| (*name).to_owned()).zip(made);
        self.rows.0.lock().unwrap_or_else(PoisonError::into_inner).extend(left);
        Ok(())
    }

    async fn rows_of(&self, statement: &str) -> Result<RecordBatch> {
        let schema = self.plans.schemas.get(statement);
        let schema = schema.ok_or_else(|| DataFusionError::Internal(format!("`{statement}` was not planned")))?;
        in_schema(statement, schema, &self.answer(statement).await?)
    }

    async fn answer(&self, statement: &str) -> Result<Vec<RecordBatch>> {
        let planned = self.plans.statements.get(statement);
        let planned = planned.ok_or_else(|| DataFusionError::Internal(format!("`{statement}` was not planned")))?;
        if !planned.needs.is_empty() && planned.needs.iter().all(|name| self.rows.is_empty(name)) {
            return Ok(Vec::new());
        }
        let began = StopWatch::now();
        let sizes: Sizes = planned.reads.iter().map(|name| size_of(self.rows.count(name))).collect();
        let make = async {
            let left = without_empty(&planned.plan, &self.state, |name| self.rows.is_empty(name))?;
            let Some(left) = left else { return Ok(Made::Nothing) };
            Ok(Made::Plan(self.state.query_planner().create_physical_plan(&left, &self.state).await?))
        };
        let physical = planned.made.get_or_make(sizes, make).await?;
        let Some(physical) = physical else { return Ok(Vec::new()) };
        let planned_us = began.elapsed().as_micros();
        let rows = traced(statement, physical, self.state.task_ctx()).await;
        tracing::debug!(statement, planned_us, elapsed_us = began.elapsed().as_micros(), "a statement was run");
        rows
    }
}

impl Rows {
    /// The rows of a session.
    pub(super) fn of(session: &SessionConfig) -> Result<Arc<Self>> {
        let rows = session.get_extension::<Self>();
        rows.ok_or_else(|| DataFusionError::Internal("a fact was asked for outside its session".to_owned()))
    }

    pub(super) fn named(&self, name: &str) -> Result<RecordBatch> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(name).cloned().ok_or_else(|| DataFusionError::Internal(format!("`{name}` was not put into the session")))
    }

    /// Whether this was put here and has no row.
    fn is_empty(&self, name: &str) -> bool {
        self.count(name) == Some(0)
    }

    /// How many rows were put here of this.
    fn count(&self, name: &str) -> Option<usize> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(name).map(RecordBatch::num_rows)
    }
}

#[async_trait]
impl TableProvider for Input {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        session: &dyn Session,
        columns: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let rows = Rows::of(session.config())?;
        Ok(Arc::new(InputExec::new(&self.name, self.schema(), columns.cloned(), &rows)?))
    }
}

fn in_schema(name: &str, schema: &SchemaRef, batches: &[RecordBatch]) -> Result<RecordBatch> {
    joined(name, schema, batches).map_err(|cause| DataFusionError::External(Box::new(cause)))
}

/// In the order of day and key, so that equal facts are equal bytes.
fn in_order(frame: DataFrame, fact: &Fact) -> Result<DataFrame> {
    let has_day = frame.schema().has_column_with_unqualified_name("day");
    let order = has_day.then_some("day").into_iter().chain(fact.key.iter().copied());
    frame.sort(order.map(|column| col(column).sort(true, true)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::new_null_array;

    #[tokio::test]
    async fn what_only_shares_its_name_with_something_read_is_left_on_the_disk() {
        let plans = FactPlans::new(&Definitions::default()).await.unwrap();
        for (table, column, is_read) in [
            (Table::Commit, "sha", true),
            (Table::Commit, "url", false),
            (Table::CiRun, "attributes", false),
            (Table::Deployment, "url", true),
            (Table::Evidence, "entity_id", true),
            (Table::Evidence, "occurred_at", false),
        ] {
            assert!(plans.observed_schema(table).unwrap().index_of(column).is_ok(), "{table:?} {column}");
            assert_eq!(plans.is_read(table, column), is_read, "{table:?} {column}");
        }
    }

    #[tokio::test]
    async fn a_statement_has_a_plan_whichever_of_its_inputs_are_empty() {
        let plans = Arc::new(FactPlans::new(&Definitions::default()).await.unwrap());
        let mut failed = Vec::new();
        for (name, statement) in &plans.statements {
            let inputs: Vec<&String> = statement.reads.iter().filter(|input| *input != "settings").collect();
            for empty in 0..1_u32 << inputs.len() {
                let session = FactSession::new(&plans);
                let is_empty = |place: usize| empty >> place & 1 == 1;
                for (place, input) in inputs.iter().enumerate() {
                    let schema = Arc::clone(&plans.schemas[*input]);
                    let rows = if is_empty(place) { 0 } else { 2 };
                    let columns = schema.fields().iter().map(|field| new_null_array(field.data_type(), rows)).collect();
                    let rows = RecordBatch::try_new(schema, columns).unwrap();
                    session.rows.0.lock().unwrap().insert((*input).clone(), rows);
                }
                let without = without_empty(&statement.plan, &session.state, |input| session.rows.is_empty(input));
                let planned = match without {
                    Ok(Some(plan)) => {
                        session.state.query_planner().create_physical_plan(&plan, &session.state).await.map(|_| ())
                    }
                    Ok(None) => Ok(()),
                    Err(cause) => Err(cause),
                };
                if let Err(cause) = planned {
                    let empty: Vec<_> = (0..inputs.len()).filter(|place| is_empty(*place)).map(|place| inputs[place]).collect();
                    failed.push(format!("{name} without {empty:?}: {cause}"));
                }
            }
        }
        assert!(failed.is_empty(), "{}", failed.join("\n"));
    }
}
