//! What the rows behind a cell add to it: whether a metric moved between two periods, and limits that
//! know that rows of one service resemble each other.
//!
//! For pages and reports about one scope: the closed forms of `change` serve a series of many cells.
//! How rows are drawn is said in `change/sampled.rs` and `change/clustered.rs`; here they are fetched,
//! and answers remembered.

use crate::catalogue::{Metric, Statistic, Subject};
use crate::change::clustered::{self, Counts};
use crate::change::sampled::{self, Rows};
use crate::change::{Change, change};
use crate::engine::Engine;
use crate::error::AnalyticsError;
use crate::functions::episode;
use crate::series::Cell;
use crate::window::Window;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use datafusion::common::runtime::SpawnedTask;
use datafusion::error::DataFusionError;

/// The column of a metric's evidence of which its quantiles are taken. An episode also has `has_ended`.
const MEASURED: &[(&str, &str)] = &[
    ("deployment_gap", "gap_seconds"),
    ("deployment_days_per_week", "deployment_days"),
    ("change_lead_time", "lead_time_seconds"),
    ("change_lead_time_with_bots", "lead_time_seconds"),
    ("change_lead_time_commit", "commit_seconds"),
    ("change_lead_time_from_opened", "from_opened_seconds"),
    ("change_lead_time_effective", "effective_seconds"),
    ("change_lead_time_exposed", "exposed_seconds"),
    ("change_lead_time_last_region", "last_region_seconds"),
    ("change_lead_time_business_time", "business_seconds"),
    ("change_lead_time_coding", "coding_seconds"),
    ("change_lead_time_pickup", "pickup_seconds"),
    ("change_lead_time_review", "review_seconds"),
    ("change_lead_time_merge_to_deploy", "merge_to_deploy_seconds"),
    ("change_lead_time_deploy", "deploy_seconds"),
    ("merge_to_production", "merge_to_production_seconds"),
    ("merge_to_production_km", "waiting_seconds"),
    ("batch_size", "changes"),
    ("undeployed_change_age", "age_seconds"),
    ("failed_deployment_recovery_time", "recovery_seconds"),
    ("failed_deployment_recovery_time_from_deploy", "from_deploy_seconds"),
    ("incident_time_to_restore", "recovery_seconds"),
    ("ci_duration", "duration_seconds"),
    ("ci_queue_time", "queue_seconds"),
];

/// More rows than this are not drawn one by one: there the closed form is narrow, and right enough.
const ROWS_MAX: usize = 4_000;

/// Services are drawn as wholes up to here: they stay as few as they are, however many rows they have.
const CLUSTERED_ROWS_MAX: usize = 100_000;

/// Sums of shares of days differ by less than this part of them.
const ROUNDING: f64 = 1e-9;

/// What was compared: the metric, its statistic, the earlier and the later window.
pub(crate) type ComparedWindows = (&'static str, String, Window, Window);

/// What was looked at more closely: the metric, its statistic and the window.
pub(crate) type Detailed = (&'static str, String, Window);

impl Engine {
    /// Compares the one cell of a window with that of an earlier one; each holds one period and one
    /// scope. Nothing when one of them has no cell.
    ///
    /// # Errors
    /// `Metric` or `Shape` when the metric or the rows behind it cannot be computed.
    pub async fn change(
        &self,
        metric: &'static Metric,
        statistic: &str,
        before: &Window,
        after: &Window,
    ) -> Result<Option<Change>, AnalyticsError> {
        let engine = self.pinned().await?;
        let snapshot = engine.newest().await?.snapshot.id.clone();
        let key = (snapshot, (metric.id, statistic.to_owned(), before.clone(), after.clone()));
        if let Some(known) = self.changes.get(&key).await {
            return Ok(known);
        }
        let found = engine.compared(metric, statistic, before, after).await?;
        self.changes.insert(key, found).await;
        Ok(found)
    }

    /// The one cell of a window; where it pools enough services its limits are the hull of the closed form
    /// and of drawing whole services. Nothing when the window has no such cell.
    ///
    /// # Errors
    /// `Metric` or `Shape` when the metric or the rows behind it cannot be computed.
    pub async fn detail(
        &self,
        metric: &'static Metric,
        statistic: &str,
        window: &Window,
    ) -> Result<Option<Cell>, AnalyticsError> {
        let engine = self.pinned().await?;
        let snapshot = engine.newest().await?.snapshot.id.clone();
        let key = (snapshot, (metric.id, statistic.to_owned(), window.clone()));
        if let Some(known) = self.details.get(&key).await {
            return Ok(known);
        }
        let mut found = engine.cell(metric, statistic, window).await?;
        if let Some(cell) = found.clone().filter(|cell| cell.value.is_some() && cell.low.is_some()) {
            found = Some(engine.widened(metric, window, cell).await?);
        }
        self.details.insert(key, found.clone()).await;
        Ok(found)
    }

    async fn widened(&self, metric: &'static Metric, window: &Window, cell: Cell) -> Result<Cell, AnalyticsError> {
        // What cannot be drawn keeps its closed form.
        let same = cell.clone();
        match metric.kind {
            Statistic::Quantile | Statistic::Survival => {
                match self.rows_behind(metric, window, &cell, CLUSTERED_ROWS_MAX).await? {
                    Some(rows) => drawn(metric, move || clustered::widened_by_rows(metric, cell, &rows)).await,
                    None => Ok(same),
                }
            }
            Statistic::Proportion | Statistic::Rate if metric.subject == Subject::Services => {
                match self.counts_behind(metric, window, &cell).await? {
                    Some(counts) => drawn(metric, move || clustered::widened_by_counts(metric, cell, &counts)).await,
                    None => Ok(same),
                }
            }
            _ => Ok(same),
        }
    }

    /// What each service adds to a share or a rate; nothing unless all of them make up the cell.
    async fn counts_behind(
        &self,
        metric: &'static Metric,
        window: &Window,
        cell: &Cell,
    ) -> Result<Option<Vec<Counts>>, AnalyticsError> {
        let narrow = Window { scopes: vec![cell.scope.clone()], ..window.clone().of_kind(&cell.scope_kind) };
        let members = self.members(metric, &narrow).await?;
        let counts = members
            .iter()
            .filter(|member| member.statistic == cell.statistic)
            .filter_map(|member| Some(Counts { numerator: member.numerator?, denominator: member.denominator? }));
        let counts: Vec<Counts> = counts.collect();
        let is_all = |whole: Option<f64>, part: fn(&Counts) -> f64| {
            whole.is_some_and(|whole| (counts.iter().map(part).sum::<f64>() - whole).abs() <= whole.abs() * ROUNDING)
        };
        let are_all =
            is_all(cell.numerator, |counts| counts.numerator) && is_all(cell.denominator, |counts| counts.denominator);
        Ok(are_all.then_some(counts))
    }

    async fn compared(
        &self,
        metric: &'static Metric,
        statistic: &str,
        before: &Window,
        after: &Window,
    ) -> Result<Option<Change>, AnalyticsError> {
        let (Some(from), Some(to)) = (self.cell(metric, statistic, before).await?, self.cell(metric, statistic, after).await?)
        else {
            return Ok(None);
        };
        let (Some(earlier), Some(later)) =
            (self.rows_behind(metric, before, &from, ROWS_MAX).await?, self.rows_behind(metric, after, &to, ROWS_MAX).await?)
        else {
            return Ok(Some(change(metric, &from, &to)));
        };
        drawn(metric, move || sampled::change(metric, (&from, &earlier), (&to, &later))).await.map(Some)
    }

    async fn cell(&self, metric: &'static Metric, statistic: &str, window: &Window) -> Result<Option<Cell>, AnalyticsError> {
        let series = self.series(metric, window).await?;
        Ok(series.cells.iter().find(|cell| cell.statistic == statistic).cloned())
    }

    /// What a quantile was taken of; nothing for other kinds of metrics, and for too many rows.
    async fn rows_behind(
        &self,
        metric: &'static Metric,
        window: &Window,
        cell: &Cell,
        rows_max: usize,
    ) -> Result<Option<Rows>, AnalyticsError> {
        let Some((_, column)) = MEASURED.iter().find(|(id, _)| *id == metric.id) else { return Ok(None) };
        let is_within = |rows: i64| usize::try_from(rows).is_ok_and(|rows| rows <= rows_max);
        if !cell.sample_size.is_some_and(is_within) {
            return Ok(None);
        }
        let mut columns = vec!["service", "scope", column];
        columns.extend((metric.kind == Statistic::Survival).then_some("has_ended"));
        let rows = read(metric, &self.counted(metric, window, &columns).await?, column, &cell.scope)?;
        let count: usize = rows.values().map(Vec::len).sum();
        // Rows that are not all of those counted would be another sample.
        let are_all = cell.sample_size.is_some_and(|size| usize::try_from(size) == Ok(count));
        Ok(are_all.then_some(rows))
    }
}

/// Drawing takes the processor for a while, so it happens beside other questions.
async fn drawn<Found: Send + 'static>(
    metric: &Metric,
    draw: impl FnOnce() -> Found + Send + 'static,
) -> Result<Found, AnalyticsError> {
    let failed = |cause| AnalyticsError::Metric { metric: metric.id.to_owned(), cause: Box::new(cause) };
    let found = SpawnedTask::spawn_blocking(draw).join().await;
    found.map_err(|cause| failed(DataFusionError::External(Box::new(cause))))
}

/// The rows of one scope, by service.
fn read(metric: &Metric, batch: &RecordBatch, measured: &'static str, scope: &str) -> Result<Rows, AnalyticsError> {
    let column = |name: &'static str, data_type: &DataType| {
        let shape = || AnalyticsError::Shape { metric: metric.id.to_owned(), column: name };
        cast(batch.column_by_name(name).ok_or_else(shape)?, data_type).map_err(|_| shape())
    };
    let (services, scopes) = (column("service", &DataType::Utf8)?, column("scope", &DataType::Utf8)?);
    let values = column(measured, &DataType::Float64)?;
    let ends = if metric.kind == Statistic::Survival { Some(column("has_ended", &DataType::Boolean)?) } else { None };
    let mut rows = Rows::new();
    for row in (0..batch.num_rows()).filter(|row| values.is_valid(*row)) {
        if scopes.as_string::<i32>().value(row) != scope {
            continue;
        }
        let value = values.as_primitive::<Float64Type>().value(row);
        let value = match &ends {
            Some(ends) => episode(value, ends.as_boolean().value(row)),
            None => Some(value),
        };
        let service = if services.is_valid(row) { services.as_string::<i32>().value(row) } else { "" };
        rows.entry(service.to_owned()).or_default().extend(value);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::METRICS;

    #[test]
    fn every_quantile_says_of_which_column_it_is_taken() {
        let has_rows = |metric: &&Metric| {
            metric.subject == Subject::Services && matches!(metric.kind, Statistic::Quantile | Statistic::Survival)
        };
        let needed: Vec<&str> = METRICS.iter().filter(has_rows).map(|metric| metric.id).collect();
        let mut listed: Vec<&str> = MEASURED.iter().map(|(id, _)| *id).collect();
        listed.sort_by_key(|id| needed.iter().position(|needed| needed == id));
        assert_eq!(listed, needed, "add the column of its evidence to MEASURED in compare.rs");
        for (id, column) in MEASURED {
            let evidence = METRICS.iter().find(|metric| metric.id == *id).map_or("", |metric| metric.evidence);
            assert!(evidence.contains(column), "the evidence of `{id}` has no `{column}`");
        }
    }
}
