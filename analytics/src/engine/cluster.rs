//! Plans that can be sent to other processes: every fact and metric over plain scans of Parquet files.
//!
//! Nothing of this process is in them: what is held in memory for readers is left out, and the small
//! inputs (`calendar`, `settings`, registers) travel inside the plan. Who sends and runs plans is not
//! decided here; each process that does begins with `session_state`.

use super::reader::lake_facts;
use super::session::{for_readers, without_clocks};
use super::{Opened, Readable, narrowed, plan, session_state};
use crate::catalogue::Metric;
use crate::definitions::Definitions;
use crate::error::AnalyticsError;
use crate::facts::{Fact, NEWEST, register_observed_schema, steps_to};
use crate::hot::Providers;
use crate::lake_tables;
use crate::window::Window;
use datafusion::common::TableReference;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;
use std::sync::Arc;
use waymark_event::{Table, observation_schema};
use waymark_lake::{Layout, Snapshot, observed_table};

impl Opened {
    /// A snapshot whose facts are all read from their files, so that its plans can be sent away.
    ///
    /// # Errors
    /// `Register` when a table cannot be opened.
    pub async fn for_cluster(layout: &Layout, definitions: &Definitions, snapshot: Snapshot) -> Result<Self, AnalyticsError> {
        let context = for_readers(&session_state(definitions.zone(), Some(layout))?);
        let facts = lake_facts(&context, layout, &snapshot).await?;
        Self::over_facts(&context, definitions, snapshot, facts, Providers::new())
    }

    /// The physical plan of a metric over a window.
    ///
    /// # Errors
    /// `Metric` when its SQL cannot be planned.
    pub async fn metric_plan(
        &self,
        metric: &'static Metric,
        window: &Window,
    ) -> Result<Arc<dyn ExecutionPlan>, AnalyticsError> {
        let context = self.metric_context(window, metric.sql, Readable::Facts).await?;
        let failed = |cause: DataFusionError| AnalyticsError::Metric { metric: metric.id.to_owned(), cause: Box::new(cause) };
        let frame = plan(&context, metric.sql).await.map_err(failed)?;
        narrowed(frame, window).map_err(failed)?.create_physical_plan().await.map_err(failed)
    }

    /// The physical plan of a fact over the observations of the snapshot and the facts above it, as
    /// they are stored; a fact that is made in Rust has none.
    ///
    /// # Errors
    /// `Fact` when its SQL cannot be planned, `Register` or `Supply` when an input cannot be opened.
    pub async fn fact_plan(
        &self,
        layout: &Layout,
        definitions: &Definitions,
        fact: &Fact,
    ) -> Result<Arc<dyn ExecutionPlan>, AnalyticsError> {
        let context = without_clocks(SessionContext::new_with_state(session_state(definitions.zone(), Some(layout))?));
        let register = |name: &str, cause| AnalyticsError::Register { table: name.to_owned(), cause: Box::new(cause) };
        register_observed_schema(&context).map_err(|cause| register("observed", cause))?;
        for table in Table::ALL {
            self.register_observed(&context, layout, *table).await?;
        }
        for (name, _, provider) in &self.tables {
            context.register_table(*name, Arc::clone(provider)).map_err(|cause| register(name, cause))?;
        }
        let failed = |cause: DataFusionError| AnalyticsError::Fact { fact: fact.name.to_owned(), cause: Box::new(cause) };
        // Steps are kept nowhere, so they travel as a part of the plan.
        for step in steps_to(fact.name) {
            let view = plan(&context, step.sql).await.map_err(failed)?.into_view();
            context.register_table(step.name, view).map_err(failed)?;
        }
        plan(&context, fact.sql).await.map_err(failed)?.create_physical_plan().await.map_err(failed)
    }

    /// Registers one table of observations as a view that picks the newest statements.
    async fn register_observed(&self, context: &SessionContext, layout: &Layout, table: Table) -> Result<(), AnalyticsError> {
        let name = table.name();
        let schema = observation_schema(table).map_err(|cause| AnalyticsError::Supply { table: name.to_owned(), cause })?;
        let stored = observed_table(name);
        let version = self.snapshot.tables.get(&stored).cloned().unwrap_or_default();
        let registered: DataFusionResult<()> = async {
            let stated = lake_tables::table(context, layout, &stored, &version, Some(schema)).await?;
            context.register_table("stated", stated)?;
            let newest = plan(context, NEWEST).await?.into_view();
            context.deregister_table("stated")?;
            context.register_table(TableReference::partial("observed", name), newest)?;
            Ok(())
        }
        .await;
        registered.map_err(|cause| AnalyticsError::Register { table: name.to_owned(), cause: Box::new(cause) })
    }
}
