//! `Scenario`: tables in memory in place of the lake, for scenario tests of facts and metrics.
//!
//! Rows are inserted by SQL, then the product's own facts and metrics are computed over them. What
//! a scenario expects, and how its answers are printed, belongs to the tests.

mod apart;

use crate::answers::Answer;
use crate::catalogue::Metric;
use crate::definitions::Definitions;
use crate::engine::{Opened, collected, facts_context, plan, register_batch};
use crate::error::AnalyticsError;
use crate::facts::{FACTS, FactPlans, FactSession, newest, register_observed_schema};
use crate::registers;
use crate::series::Series;
use crate::window::Window;
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::TableReference;
use datafusion::datasource::MemTable;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::logical_expr::lit;
use datafusion::prelude::SessionContext;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::OnceCell;
use waymark_event::{Instant, Observation, SchemaError, Table, observation_batch, observation_schema};

/// Writable tables in memory, and the facts or metrics that are computed from them.
pub struct Scenario {
    definitions: Definitions,
    context: SessionContext,
    /// Made when the first fact is asked for.
    plans: OnceCell<Arc<FactPlans>>,
}

impl Scenario {
    /// Empty fact tables, and the registers and settings of these definitions, to be filled by `insert`; a column
    /// left out is null.
    ///
    /// # Errors
    /// `Fact` when the columns of a fact cannot be found out.
    pub async fn for_metrics(definitions: Definitions) -> Result<Self, AnalyticsError> {
        let told = Self::for_facts(definitions)?;
        let computed = told.computed(None).await?;
        let scenario = Self { context: facts_context(told.definitions.zone()), ..told };
        for (name, batch) in computed {
            let table = writable(&batch.schema(), Vec::new()).map_err(|cause| register(name, cause))?;
            scenario.context.register_table(name, Arc::new(table)).map_err(|cause| register(name, cause))?;
        }
        scenario.register_registers()?;
        Ok(scenario)
    }

    /// Empty tables of observations, and the registers and settings of these definitions, to be
    /// filled by `insert`; a column left out is null, or false or 1 where it cannot be null.
    ///
    /// # Errors
    /// `Supply` or `Register` when a table cannot be made.
    pub fn for_facts(definitions: Definitions) -> Result<Self, AnalyticsError> {
        let context = facts_context(definitions.zone());
        register_observed_schema(&context).map_err(|cause| register("observed", cause))?;
        for table in Table::ALL {
            let name = table.name();
            let schema = observation_schema(*table).map_err(|cause| supply(name, cause))?;
            let table = writable(&schema, Vec::new()).map_err(|cause| register(name, cause))?;
            let place = TableReference::partial("observed", name);
            context.register_table(place, Arc::new(table)).map_err(|cause| register(name, cause))?;
        }
        let scenario = Self { definitions, context, plans: OnceCell::new() };
        scenario.register_registers()?;
        Ok(scenario)
    }

    /// Fills the tables of observations with these, in place of what they held.
    ///
    /// # Errors
    /// `Supply` or `Register` when a table cannot be made.
    pub fn observe(&self, observations: &[Observation]) -> Result<(), AnalyticsError> {
        for table in Table::ALL {
            let name = table.name();
            let failed = |cause| register(name, cause);
            let batch = observation_batch(*table, observations).map_err(|cause| supply(name, cause))?;
            let rows = writable(&batch.schema(), vec![batch]).map_err(failed)?;
            let place = || TableReference::partial("observed", name);
            self.context.deregister_table(place()).map_err(failed)?;
            self.context.register_table(place(), Arc::new(rows)).map_err(failed)?;
        }
        Ok(())
    }

    /// Runs one statement of SQL: an `insert`, or a question about what is there.
    ///
    /// # Errors
    /// The engine's error, which names the place in the statement.
    pub async fn run_sql(&self, sql: &str) -> DataFusionResult<Vec<RecordBatch>> {
        plan(&self.context, sql).await?.collect().await
    }

    /// One metric over the inserted facts, as of an instant.
    ///
    /// # Errors
    /// `Metric` when its SQL fails, `Shape` when it yields other columns.
    pub async fn metric(&self, metric: &'static Metric, window: &Window, as_of: Instant) -> Result<Series, AnalyticsError> {
        self.opened(as_of, window).await?.series(metric, window).await
    }

    /// A fixed answer or finding over the inserted facts, as of an instant. Tables of the lake beside
    /// facts are those that were made by `create table` under their names.
    ///
    /// # Errors
    /// `Metric` when its SQL fails, `Register` when a table that it reads is not there.
    pub async fn answer(
        &self,
        answer: &Answer,
        over: Option<&Answer>,
        window: &Window,
        as_of: Instant,
    ) -> Result<RecordBatch, AnalyticsError> {
        let mut operational = Vec::new();
        for name in answer.operational_tables {
            operational.push((*name, self.context.table_provider(*name).await.map_err(|cause| register(name, cause))?));
        }
        self.opened(as_of, window).await?.answer(answer.over(over), window, operational).await
    }

    async fn opened(&self, as_of: Instant, window: &Window) -> Result<Opened, AnalyticsError> {
        let registers = registers::registers(&self.definitions).map_err(|cause| supply("registers", cause))?;
        let mut tables = Vec::new();
        for name in FACTS.iter().map(|fact| fact.name).chain(["settings"]).chain(registers.iter().map(|(name, _)| *name)) {
            let table = self.context.table_provider(name).await.map_err(|cause| register(name, cause))?;
            tables.push((name, true, table));
        }
        Ok(Opened::over(tables, as_of, window.zone))
    }

    /// Computes the fact of this name and all facts above it from the inserted observations, and
    /// makes them known to `run_sql`.
    ///
    /// # Errors
    /// `Fact` when one cannot be computed.
    pub async fn fact(&self, name: &str) -> Result<(), AnalyticsError> {
        for (name, batch) in self.computed(Some(name)).await? {
            self.context.deregister_table(name).map_err(|cause| register(name, cause))?;
            register_batch(&self.context, name, batch).map_err(|cause| register(name, cause))?;
        }
        Ok(())
    }

    /// The facts in their order, until the one of this name.
    async fn computed(&self, until: Option<&str>) -> Result<Vec<(&'static str, RecordBatch)>, AnalyticsError> {
        let session = self.inputs().await?;
        let mut computed = Vec::new();
        for fact in FACTS {
            let failed = |cause: DataFusionError| AnalyticsError::Fact { fact: fact.name.to_owned(), cause: Box::new(cause) };
            computed.push((fact.name, session.compute(fact).await.map_err(failed)?));
            if until == Some(fact.name) {
                break;
            }
        }
        Ok(computed)
    }

    /// A session of its own for one computation: the newest observations, and registers.
    async fn inputs(&self) -> Result<FactSession, AnalyticsError> {
        let session = self.session().await?;
        for name in Table::ALL.iter().map(|table| table.name()) {
            let failed = |cause| register(name, cause);
            let place = TableReference::partial("observed", name);
            let stated = self.context.table_provider(place.clone()).await.map_err(failed)?;
            session.put(&place.to_string(), &newest(&self.context, stated).await.map_err(failed)?).map_err(failed)?;
        }
        Ok(session)
    }

    /// A session with registers and no observations.
    async fn session(&self) -> Result<FactSession, AnalyticsError> {
        let plans = self.plans.get_or_try_init(|| async { FactPlans::new(&self.definitions).await.map(Arc::new) }).await?;
        let session = FactSession::new(plans);
        for (name, _) in registers::registers(&self.definitions).map_err(|cause| supply("registers", cause))? {
            let failed = |cause| register(name, cause);
            let rows = collected(self.context.table(name).await.map_err(failed)?).await.map_err(failed)?;
            session.put(name, &rows).map_err(failed)?;
        }
        Ok(session)
    }

    /// What the organisation says of itself, to be filled further by `insert`.
    fn register_registers(&self) -> Result<(), AnalyticsError> {
        for (name, batch) in registers::registers(&self.definitions).map_err(|cause| supply("registers", cause))? {
            let table = writable(&batch.schema(), vec![batch]).map_err(|cause| register(name, cause))?;
            self.context.register_table(name, Arc::new(table)).map_err(|cause| register(name, cause))?;
        }
        let settings = registers::settings(&self.definitions).map_err(|cause| supply("settings", cause))?;
        register_batch(&self.context, "settings", settings).map_err(|cause| register("settings", cause))
    }
}

/// A table that takes `insert` with columns left out.
fn writable(schema: &SchemaRef, rows: Vec<RecordBatch>) -> DataFusionResult<MemTable> {
    let mut defaults = HashMap::new();
    for field in schema.fields().iter().filter(|field| !field.is_nullable()) {
        let default = match field.data_type() {
            DataType::Boolean => lit(false),
            DataType::Int32 | DataType::Int64 => lit(1_i64),
            _ => continue,
        };
        defaults.insert(field.name().clone(), default);
    }
    let fields: Vec<Field> = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let rows = rows.into_iter().map(|batch| RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec()));
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    Ok(MemTable::try_new(schema, vec![rows])?.with_column_defaults(defaults))
}

fn supply(table: &str, cause: SchemaError) -> AnalyticsError {
    AnalyticsError::Supply { table: table.to_owned(), cause }
}

fn register(table: &str, cause: DataFusionError) -> AnalyticsError {
    AnalyticsError::Register { table: table.to_owned(), cause: Box::new(cause) }
}
