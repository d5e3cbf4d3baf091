//! The inputs of facts as tables of one session, and the rows of one fact over them.
//!
//! Whether the inputs hold everything or only some units is decided by the caller: the SQL is the
//! same, because no fact of a unit looks beyond it.

use super::{Fact, attributed};
use crate::definitions::Definitions;
use crate::engine::{collected, facts_context, plan, register_batch};
use crate::error::AnalyticsError;
use crate::registers;
use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use datafusion::catalog::{MemorySchemaProvider, TableProvider};
use datafusion::common::TableReference;
use datafusion::dataframe::DataFrame;
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use datafusion::prelude::{SessionContext, col};
use std::collections::BTreeSet;
use std::sync::Arc;
use waymark_event::{Table, observation_schema};
use waymark_lake::{Layout, TableVersion, Wanted, joined, observed_table, read_rows};

/// The newest version of an entity is its state; the order is that of `events.md` 3.2.
pub(super) const NEWEST: &str = include_str!("../../facts/newest.sql");

/// A session with registers and settings, and room for observations and facts.
pub(super) fn session(definitions: &Definitions) -> Result<SessionContext, AnalyticsError> {
    let context = facts_context(definitions.zone());
    register_observed_schema(&context).map_err(|cause| register("observed", cause))?;
    for (name, batch) in registers::registers(definitions).map_err(|cause| supply("registers", cause))? {
        register_batch(&context, name, batch).map_err(|cause| register(name, cause))?;
    }
    let settings = registers::settings(definitions).map_err(|cause| supply("settings", cause))?;
    register_batch(&context, "settings", settings).map_err(|cause| register("settings", cause))?;
    Ok(context)
}

/// Registers one table of observations about the given subjects, or about all, reduced to the
/// newest statement of each entity.
pub(super) async fn register_observed(
    context: &SessionContext,
    layout: &Layout,
    table: Table,
    version: Option<&TableVersion>,
    subjects: Option<&BTreeSet<String>>,
) -> Result<(), AnalyticsError> {
    let name = table.name();
    let failed = |cause| register(name, cause);
    let schema = observation_schema(table).map_err(|cause| supply(name, cause))?;
    // Files that are older than a column lack it, and a forgotten person leaves null behind.
    let fields: Vec<_> = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let stored = observed_table(name);
    let files = version.map_or(&[][..], |version| &version.files);
    let stated = read_rows(layout, &stored, files, Wanted { subjects, columns: None }).await?;
    let stated = joined(&stored, &schema, &stated)?;
    let rows = if stated.num_rows() == 0 {
        stated
    } else {
        let provider = MemTable::try_new(Arc::clone(&schema), vec![vec![stated]]).map_err(failed)?;
        newest(context, Arc::new(provider)).await.map_err(failed)?
    };
    let provider = MemTable::try_new(rows.schema(), vec![vec![rows]]).map_err(failed)?;
    context.register_table(TableReference::partial("observed", name), Arc::new(provider)).map_err(failed)?;
    Ok(())
}

/// Makes room for `observed.*` in a session.
pub(crate) fn register_observed_schema(context: &SessionContext) -> Result<(), DataFusionError> {
    let catalog = context.catalog("waymark");
    let catalog = catalog.ok_or_else(|| DataFusionError::Internal("the catalogue is missing".to_owned()))?;
    catalog.register_schema("observed", Arc::new(MemorySchemaProvider::new())).map(|_| ())
}

/// The newest statement of each entity.
pub(crate) async fn newest(context: &SessionContext, provider: Arc<dyn TableProvider>) -> Result<RecordBatch, DataFusionError> {
    context.register_table("stated", provider)?;
    let batch = collected(plan(context, NEWEST).await?).await?;
    context.deregister_table("stated")?;
    Ok(batch)
}

/// The rows of one fact; the tables that it reads are registered, among them the facts above it.
pub(crate) async fn rows_of(context: &SessionContext, fact: &Fact) -> Result<RecordBatch, DataFusionError> {
    match compute(context, fact).await? {
        Computed::Now(batch) => Ok(batch),
        Computed::Before => sorted(context.table(fact.name).await?, fact).await,
    }
}

/// What computing a fact gave: its rows, or the news that an earlier step registered them.
enum Computed {
    Now(RecordBatch),
    Before,
}

async fn compute(context: &SessionContext, fact: &Fact) -> Result<Computed, DataFusionError> {
    if fact.name == "attribution" {
        let deployed = plan(context, attributed::DEPLOYED).await?.collect().await?;
        let graph = plan(context, attributed::GRAPH).await?.collect().await?;
        let walked = tokio::task::spawn_blocking(move || attributed::tables(&deployed, &graph)).await;
        let (commits, deployments) = walked.map_err(|cause| DataFusionError::External(Box::new(cause)))??;
        register_batch(context, "attribution", commits)?;
        register_batch(context, "attributed_deployments", deployments)?;
    }
    if fact.sql.is_empty() {
        return Ok(Computed::Before);
    }
    let frame = plan(context, fact.sql).await?;
    sorted(frame, fact).await.map(Computed::Now)
}

/// Rows in the order of day and key: a window of days is read from few pages, and equal facts are
/// equal bytes.
async fn sorted(frame: DataFrame, fact: &Fact) -> Result<RecordBatch, DataFusionError> {
    let has_day = frame.schema().has_column_with_unqualified_name("day");
    let day = has_day.then_some("day");
    let order = day.into_iter().chain(fact.key.iter().copied()).map(|column| col(column).sort(true, true));
    let order = order.collect();
    collected(frame.sort(order)?).await
}

pub(super) fn supply(table: &str, cause: waymark_event::SchemaError) -> AnalyticsError {
    AnalyticsError::Supply { table: table.to_owned(), cause }
}

pub(super) fn register(table: &str, cause: DataFusionError) -> AnalyticsError {
    AnalyticsError::Register { table: table.to_owned(), cause: Box::new(cause) }
}
