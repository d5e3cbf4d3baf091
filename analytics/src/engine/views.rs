//! Views in a session: planned into the question, or kept as a table of all weeks.

use super::{Opened, Readable, collected, plan, register_batch};
use crate::error::AnalyticsError;
use crate::views::{View, named_in};
use crate::window::{Grain, Window, local_date};
use arrow::array::RecordBatch;
use chrono::{Days, NaiveDate};
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use datafusion::prelude::{SessionContext, col, lit};

/// How many weeks a weekly table goes back: two years.
const WEEKS: u64 = 104;

impl Opened {
    /// Makes the views that a statement names known to a session that has a calendar.
    pub(super) async fn register_views(&self, context: &SessionContext, sql: &str) -> Result<(), AnalyticsError> {
        for view in named_in(sql) {
            if view.is_weekly {
                self.register_weekly(context, view).await?;
                continue;
            }
            let planned = plan(context, view.sql).await.map_err(|cause| failed(view, cause))?;
            context.register_table(view.name, planned.into_view()).map_err(|cause| failed(view, cause))?;
        }
        Ok(())
    }

    /// Makes the weekly tables known that people's own statement names, or all where it asks which there are.
    pub(super) async fn register_weekly_views(&self, context: &SessionContext, sql: &str) -> Result<(), AnalyticsError> {
        let sql = sql.to_lowercase();
        let asks_for_names = sql.contains("information_schema") || sql.contains("show ");
        for view in crate::views::VIEWS.iter().filter(|view| view.is_weekly) {
            if asks_for_names || sql.contains(view.name) {
                self.register_weekly(context, view).await?;
            }
        }
        Ok(())
    }

    /// Leaves only waves that are over among the results of surveys: while one is open, an answer more tells what
    /// somebody said.
    pub(super) async fn hide_open_waves(&self, context: &SessionContext) -> Result<(), AnalyticsError> {
        let name = "survey_results";
        let hide = async {
            let today = (local_date(self.as_of(), self.zone) - NaiveDate::default()).num_days();
            let today = ScalarValue::Date32(i32::try_from(today).ok());
            let closed = context.table(name).await?.filter(col("day").lt_eq(lit(today)))?.into_view();
            context.deregister_table(name)?;
            context.register_table(name, closed)
        };
        let hidden: Result<_, DataFusionError> = hide.await;
        hidden.map(drop).map_err(|cause| AnalyticsError::Register { table: name.to_owned(), cause: Box::new(cause) })
    }

    async fn register_weekly(&self, context: &SessionContext, view: &'static View) -> Result<(), AnalyticsError> {
        let rows = self.weekly.get_or_try_init(|| Box::pin(self.compute_weekly(view))).await?;
        register_batch(context, view.name, rows.clone()).map_err(|cause| failed(view, cause))
    }

    async fn compute_weekly(&self, view: &'static View) -> Result<RecordBatch, AnalyticsError> {
        let tomorrow = local_date(self.as_of(), self.zone) + Days::new(1);
        let weeks = Window::between(Grain::Week, tomorrow - Days::new(7 * WEEKS), tomorrow, self.zone);
        let context = self.metric_context(&weeks, view.sql, Readable::Facts).await?;
        let frame = plan(&context, view.sql).await.map_err(|cause| failed(view, cause))?;
        collected(frame).await.map_err(|cause| failed(view, cause))
    }
}

fn failed(view: &View, cause: DataFusionError) -> AnalyticsError {
    AnalyticsError::Register { table: view.name.to_owned(), cause: Box::new(cause) }
}
