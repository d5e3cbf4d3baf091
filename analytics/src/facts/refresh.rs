//! Computes every fact from the newest observations and publishes a snapshot.
//!
//! Readers see nothing until the snapshot is published, and then all of it.

use super::{FACTS, Fact, attributed};
use crate::definitions::Definitions;
use crate::engine::{collected, facts_context, plan, register_batch};
use crate::error::AnalyticsError;
use crate::{lake_tables, registers};
use arrow::array::RecordBatch;
use datafusion::catalog::MemorySchemaProvider;
use datafusion::common::TableReference;
use datafusion::error::DataFusionError;
use datafusion::prelude::{SessionContext, col};
use std::collections::BTreeMap;
use std::sync::Arc;
use waymark_event::{Instant, Table, observation_schema};
use waymark_lake::{Layout, Snapshot, TableVersion, Tables, fact_table, observed_table};

/// The newest version of an entity is its state; the order is that of `events.md` 3.2.
const NEWEST: &str = include_str!("../../facts/newest.sql");

/// What a refresh is made from.
#[derive(Debug)]
pub struct Refresh<'refresh> {
    /// The data folder.
    pub layout: &'refresh Layout,
    /// The versions of the tables of observations.
    pub observed: BTreeMap<String, TableVersion>,
    /// What the organisation says.
    pub definitions: &'refresh Definitions,
    /// The instant that answers will describe.
    pub as_of: Instant,
    /// The last position of each stream that is in the tables.
    pub positions: BTreeMap<String, i64>,
}

/// Computes all facts, writes those that changed, and publishes the snapshot.
///
/// # Errors
/// `Fact` when one could not be computed; then the previous snapshot stands.
pub async fn refresh(tables: &mut Tables, refresh: Refresh<'_>) -> Result<Snapshot, AnalyticsError> {
    let context = facts_context(refresh.definitions.zone());
    let register =
        |table: &str, cause: DataFusionError| AnalyticsError::Register { table: table.to_owned(), cause: Box::new(cause) };
    lake_tables::register_store(&context).map_err(|cause| register("lake", cause))?;
    register_observed(&context, &refresh).await?;
    let supply = |cause| AnalyticsError::Supply { table: "registers".to_owned(), cause };
    for (name, batch) in registers::registers(refresh.definitions).map_err(supply)? {
        register_batch(&context, name, batch).map_err(|cause| register(name, cause))?;
    }
    let settings = registers::settings(refresh.definitions).map_err(supply)?;
    register_batch(&context, "settings", settings).map_err(|cause| register("settings", cause))?;
    let mut versions = refresh.observed;
    for fact in FACTS {
        let failed = |cause: DataFusionError| AnalyticsError::Fact { fact: fact.name.to_owned(), cause: Box::new(cause) };
        let batch = rows_of(&context, fact).await.map_err(failed)?;
        tracing::debug!(fact.name = fact.name, row.count = batch.num_rows(), "a fact was computed");
        let table = fact_table(fact.name);
        tables.replace(&table, &batch, refresh.as_of).await?;
        if let Some(version) = tables.version(&table).await? {
            versions.insert(table, version);
        }
        if fact.sql.is_empty() {
            continue;
        }
        register_batch(&context, fact.name, batch).map_err(|cause| register(fact.name, cause))?;
    }
    let snapshot = Snapshot {
        id: Snapshot::next_id(Snapshot::newest_id(refresh.layout)?.as_deref()),
        as_of: refresh.as_of,
        definitions: refresh.definitions.fingerprint(),
        positions: refresh.positions,
        tables: versions,
    };
    snapshot.publish(refresh.layout)?;
    let stored: Vec<String> = FACTS.iter().map(|fact| fact_table(fact.name)).collect();
    tables.remove_unreferenced(&stored)?;
    Ok(snapshot)
}

/// The rows of one fact; the tables that it reads are registered, among them the facts above it.
pub(crate) async fn rows_of(context: &SessionContext, fact: &Fact) -> Result<RecordBatch, DataFusionError> {
    match compute(context, fact).await? {
        Computed::Now(batch) => Ok(batch),
        Computed::Before => read_back(context, fact).await,
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

async fn read_back(context: &SessionContext, fact: &Fact) -> Result<RecordBatch, DataFusionError> {
    sorted(context.table(fact.name).await?, fact).await
}

/// Rows in the order of their key, so that equal facts are equal bytes.
async fn sorted(frame: datafusion::dataframe::DataFrame, fact: &Fact) -> Result<RecordBatch, DataFusionError> {
    collected(frame.sort(fact.key.iter().map(|column| col(*column).sort(true, true)).collect())?).await
}

/// Registers `observed.*`, reduced to the newest version of each entity.
async fn register_observed(context: &SessionContext, refresh: &Refresh<'_>) -> Result<(), AnalyticsError> {
    let register =
        |table: &str, cause: DataFusionError| AnalyticsError::Register { table: table.to_owned(), cause: Box::new(cause) };
    register_observed_schema(context).map_err(|cause| register("observed", cause))?;
    for table in Table::ALL {
        let name = table.name();
        let schema = observation_schema(*table).map_err(|cause| AnalyticsError::Supply { table: name.to_owned(), cause })?;
        let stored = observed_table(name);
        let newest = match refresh.observed.get(&stored) {
            Some(version) if !version.files.is_empty() => {
                let provider = lake_tables::table(context, refresh.layout, &stored, version, Some(Arc::clone(&schema))).await;
                let provider = provider.map_err(|cause| register(name, cause))?;
                newest(context, provider).await.map_err(|cause| register(name, cause))?
            }
            _ => RecordBatch::new_empty(schema),
        };
        let provider = datafusion::datasource::MemTable::try_new(newest.schema(), vec![vec![newest]])
            .map_err(|cause| register(name, cause))?;
        context
            .register_table(TableReference::partial("observed", name), Arc::new(provider))
            .map_err(|cause| register(name, cause))?;
    }
    Ok(())
}

/// Makes room for `observed.*` in a session.
pub(crate) fn register_observed_schema(context: &SessionContext) -> Result<(), DataFusionError> {
    let catalog = context.catalog("waymark");
    let catalog = catalog.ok_or_else(|| DataFusionError::Internal("the catalogue is missing".to_owned()))?;
    catalog.register_schema("observed", Arc::new(MemorySchemaProvider::new())).map(|_| ())
}

/// The newest statement of each entity.
pub(crate) async fn newest(
    context: &SessionContext,
    provider: Arc<dyn datafusion::catalog::TableProvider>,
) -> Result<RecordBatch, DataFusionError> {
    context.register_table("stated", provider)?;
    let batch = collected(plan(context, NEWEST).await?).await?;
    context.deregister_table("stated")?;
    Ok(batch)
}
