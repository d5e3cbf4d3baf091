//! A metric by the services that scopes pool: each as if it were a scope of its own, as long as it belonged.
//!
//! The same SQL over other `scopes`, so what the services add up to is what their scope has. What is made
//! of it belongs to `compare.rs`.

use super::{Engine, Readable, collected, plan, register_batch, rows};
use crate::catalogue::Metric;
use crate::error::AnalyticsError;
use crate::series::Cell;
use crate::window::Window;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::prelude::{DataFrame, SessionContext, col, lit};

impl Engine {
    /// A metric over the scopes of a window, which are of one kind: a cell for each of the services that they pool. The
    /// name of the pooling scope stands in the place of the kind of scope.
    ///
    /// # Errors
    /// `Metric` when its SQL fails, `Shape` when it yields other columns.
    pub(crate) async fn members(&self, metric: &'static Metric, window: &Window) -> Result<Vec<Cell>, AnalyticsError> {
        let opened = self.newest().await?;
        let failed = |cause: DataFusionError| AnalyticsError::Metric { metric: metric.id.to_owned(), cause: Box::new(cause) };
        let context = opened.context_without_views(window, Readable::Facts)?;
        // Views read the scopes that are there when they are planned, so these come first.
        stand_alone(&context, window).await.map_err(failed)?;
        opened.register_views(&context, metric.sql).await?;
        let batches = plan(&context, metric.sql).await.map_err(failed)?.collect().await.map_err(failed)?;
        let mut cells = Vec::new();
        for batch in &batches {
            rows::read_cells(metric, batch, &mut cells)?;
        }
        Ok(cells)
    }
}

/// Makes every service of each of the window's scopes a scope, and leaves no other.
async fn stand_alone(context: &SessionContext, window: &Window) -> DataFusionResult<()> {
    let members = narrowed(context.table("scopes").await?, window)?.select(vec![
        col("service"),
        col("scope").alias("scope_kind"),
        col("service").alias("scope"),
        col("valid_from"),
        col("valid_to"),
    ])?;
    let members = collected(members).await?;
    context.deregister_table("scopes")?;
    register_batch(context, "scopes", members)
}

/// Keeps only the scopes that were asked for.
pub(super) fn narrowed(frame: DataFrame, window: &Window) -> DataFusionResult<DataFrame> {
    let frame =
        if window.scope_kind.is_empty() { frame } else { frame.filter(col("scope_kind").eq(lit(&window.scope_kind)))? };
    if window.scopes.is_empty() {
        return Ok(frame);
    }
    frame.filter(col("scope").in_list(window.scopes.iter().map(lit).collect(), false))
}
