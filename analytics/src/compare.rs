//! What the rows behind a cell add to it: whether a metric moved between two periods, and limits that
//! know that rows of one service resemble each other.
//!
//! For pages and reports about one period: the closed forms of `change` serve a series of many cells.
//! How rows are drawn is said in `change/sampled.rs` and `change/clustered.rs`; here they are fetched,
//! and answers remembered. A number of one period has its limits from here, whoever tells it.

use crate::catalogue::{Metric, Statistic, Subject};
use crate::change::clustered::{self, Counts};
use crate::change::sampled::{self, Rows};
use crate::change::{Change, change};
use crate::engine::Engine;
use crate::error::AnalyticsError;
use crate::functions::episode;
use crate::profiles::profile_of;
use crate::series::{Cell, Series};
use crate::window::Window;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use datafusion::common::runtime::SpawnedTask;
use datafusion::error::DataFusionError;
use std::collections::BTreeMap;
use std::slice;

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

/// Services are drawn as wholes up to here: they stay as few as they are, however many rows they have. Scopes that are
/// asked for together count together.
const CLUSTERED_ROWS_MAX: usize = 100_000;

/// Sums of shares of days differ by less than this part of them.
const ROUNDING: f64 = 1e-9;

/// What was compared: the metric, its statistic, the earlier and the later window.
pub(crate) type ComparedWindows = (&'static str, String, Window, Window);

/// What was looked at more closely: the metric, its statistic, and the window with the scope alone.
pub(crate) type Detailed = (&'static str, String, Window);

/// Whether the limits of a series know that rows of one service resemble each other: those of one period do, unless too
/// much would have to be drawn. Over many periods it would take too long.
pub fn is_closer(series: &Series) -> bool {
    let is_one = series.window.periods.len() == 1 && profile_of(series.metric).is_none();
    let is_drawn_by_row = matches!(series.metric.kind, Statistic::Quantile | Statistic::Survival);
    let rows = || sizes(series.cells.iter().filter(|cell| may_pool(cell))).values().sum::<usize>();
    is_one && (!is_drawn_by_row || rows() <= CLUSTERED_ROWS_MAX)
}

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

    /// Some statistics of a metric over a window. Over one period, limits of scopes that pool enough services are the hull
    /// of the closed form and of drawing whole services (`is_closer`).
    ///
    /// # Errors
    /// `Metric` or `Shape` when the metric or the rows behind it cannot be computed.
    pub async fn closer(
        &self,
        metric: &'static Metric,
        statistics: &[&str],
        window: &Window,
    ) -> Result<Series, AnalyticsError> {
        let engine = self.pinned().await?;
        let mut series = engine.series(metric, window).await?.as_ref().clone();
        series.cells.retain(|cell| statistics.contains(&cell.statistic.as_str()));
        if is_closer(&series) && is_drawn(metric) {
            let cells = std::mem::take(&mut series.cells);
            series.cells = engine.detailed(metric, window, cells).await?;
        }
        Ok(series)
    }

    /// The one cell of a window, as `closer` gives it. Nothing when the window has no such cell.
    ///
    /// # Errors
    /// As `closer`.
    pub async fn detail(
        &self,
        metric: &'static Metric,
        statistic: &str,
        window: &Window,
    ) -> Result<Option<Cell>, AnalyticsError> {
        let series = self.closer(metric, &[statistic], window).await?;
        Ok(series.cells.into_iter().next())
    }

    /// Cells of one period, in their order, with limits that know their services; what was found out once stays.
    async fn detailed(
        &self,
        metric: &'static Metric,
        window: &Window,
        mut cells: Vec<Cell>,
    ) -> Result<Vec<Cell>, AnalyticsError> {
        let snapshot = self.newest().await?.snapshot.id.clone();
        let key = |cell: &Cell| {
            let alone = window.clone().of_scope(&cell.scope_kind, &cell.scope);
            (snapshot.clone(), (metric.id, cell.statistic.clone(), alone))
        };
        let (mut places, mut asked) = (Vec::new(), Vec::new());
        for (place, cell) in cells.iter_mut().enumerate() {
            if !may_pool(cell) {
                continue;
            }
            if let Some(known) = self.details.get(&key(cell)).await {
                *cell = known;
            } else {
                places.push(place);
                asked.push(cell.clone());
            }
        }
        if asked.is_empty() {
            return Ok(cells);
        }
        let widened = self.widened(metric, window, asked).await?;
        for (place, found) in places.into_iter().zip(widened) {
            self.details.insert(key(&found), found.clone()).await;
            if let Some(cell) = cells.get_mut(place) {
                *cell = found;
            }
        }
        Ok(cells)
    }

    /// The same cells in their order, drawn together; what cannot be drawn keeps its closed form.
    async fn widened(&self, metric: &'static Metric, window: &Window, cells: Vec<Cell>) -> Result<Vec<Cell>, AnalyticsError> {
        match metric.kind {
            Statistic::Quantile | Statistic::Survival => {
                let rows = self.rows_behind(metric, window, &cells, CLUSTERED_ROWS_MAX).await?;
                let widen = move |cell: Cell| match rows.get(&cell.scope) {
                    Some(rows) => clustered::widened_by_rows(metric, cell, rows),
                    None => cell,
                };
                drawn(metric, move || cells.into_iter().map(widen).collect()).await
            }
            Statistic::Proportion | Statistic::Rate => {
                let counts = self.counts_behind(metric, window, &cells).await?;
                let widen = move |(cell, counts): (Cell, Option<Vec<Counts>>)| match counts {
                    Some(counts) => clustered::widened_by_counts(metric, cell, &counts),
                    None => cell,
                };
                drawn(metric, move || cells.into_iter().zip(counts).map(widen).collect()).await
            }
            _ => Ok(cells),
        }
    }

    /// What each service adds to shares or rates, for each cell; nothing unless all of them make up the cell.
    async fn counts_behind(
        &self,
        metric: &'static Metric,
        window: &Window,
        cells: &[Cell],
    ) -> Result<Vec<Option<Vec<Counts>>>, AnalyticsError> {
        let scope_kind = cells.first().map(|cell| cell.scope_kind.as_str()).unwrap_or_default();
        let scopes = cells.iter().map(|cell| cell.scope.clone()).collect();
        let narrow = Window { scopes, ..window.clone().of_kind(scope_kind) };
        let mut counts: BTreeMap<(String, String), Vec<Counts>> = BTreeMap::new();
        for member in self.members(metric, &narrow).await? {
            if let (Some(numerator), Some(denominator)) = (member.numerator, member.denominator) {
                // Members stand under the name of the scope that pools them.
                counts.entry((member.scope_kind, member.statistic)).or_default().push(Counts { numerator, denominator });
            }
        }
        let is_all = |whole: Option<f64>, counts: &[Counts], part: fn(&Counts) -> f64| {
            whole.is_some_and(|whole| (counts.iter().map(part).sum::<f64>() - whole).abs() <= whole.abs() * ROUNDING)
        };
        let of = |cell: &Cell| {
            counts.remove(&(cell.scope.clone(), cell.statistic.clone())).filter(|counts| {
                is_all(cell.numerator, counts, |counts| counts.numerator)
                    && is_all(cell.denominator, counts, |counts| counts.denominator)
            })
        };
        Ok(cells.iter().map(of).collect())
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
        let earlier = self.rows_behind(metric, before, slice::from_ref(&from), ROWS_MAX).await?.remove(&from.scope);
        let later = self.rows_behind(metric, after, slice::from_ref(&to), ROWS_MAX).await?.remove(&to.scope);
        let (Some(earlier), Some(later)) = (earlier, later) else {
            return Ok(Some(change(metric, &from, &to)));
        };
        drawn(metric, move || sampled::change(metric, (&from, &earlier), (&to, &later))).await.map(Some)
    }

    async fn cell(&self, metric: &'static Metric, statistic: &str, window: &Window) -> Result<Option<Cell>, AnalyticsError> {
        let series = self.series(metric, window).await?;
        Ok(series.cells.iter().find(|cell| cell.statistic == statistic).cloned())
    }

    /// What quantiles were taken of, by scope; nothing for other kinds of metrics, for too many rows in all, and for a
    /// scope whose rows are not all of those counted, because they would be another sample.
    async fn rows_behind(
        &self,
        metric: &'static Metric,
        window: &Window,
        cells: &[Cell],
        rows_max: usize,
    ) -> Result<BTreeMap<String, Rows>, AnalyticsError> {
        let Some((_, column)) = MEASURED.iter().find(|(id, _)| *id == metric.id) else { return Ok(BTreeMap::new()) };
        let sizes = sizes(cells);
        if sizes.values().sum::<usize>() > rows_max {
            return Ok(BTreeMap::new());
        }
        let mut columns = vec!["service", "scope", column];
        columns.extend((metric.kind == Statistic::Survival).then_some("has_ended"));
        let mut rows = read(metric, &self.counted(metric, window, &columns).await?, column)?;
        let count = |rows: &Rows| rows.values().map(Vec::len).sum::<usize>();
        rows.retain(|scope, rows| sizes.get(scope.as_str()).is_some_and(|size| *size == count(rows)));
        Ok(rows)
    }
}

/// Whether a metric has limits that services could widen; in one about components each service stands for itself.
fn is_drawn(metric: &Metric) -> bool {
    let by_service = [Statistic::Quantile, Statistic::Survival, Statistic::Proportion, Statistic::Rate];
    metric.subject == Subject::Services && by_service.contains(&metric.kind)
}

/// Whether the scope of a cell may pool several services, and the cell has limits that these could widen.
fn may_pool(cell: &Cell) -> bool {
    cell.scope_kind != "service" && cell.value.is_some() && cell.low.is_some()
}

/// How many rows are behind the cells, by scope: those of its statistics are the same.
fn sizes<'cells>(cells: impl IntoIterator<Item = &'cells Cell>) -> BTreeMap<&'cells str, usize> {
    let size = |cell: &'cells Cell| Some((cell.scope.as_str(), usize::try_from(cell.sample_size?).ok()?));
    cells.into_iter().filter_map(size).collect()
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

/// The rows of each scope, by service.
fn read(metric: &Metric, batch: &RecordBatch, measured: &'static str) -> Result<BTreeMap<String, Rows>, AnalyticsError> {
    let column = |name: &'static str, data_type: &DataType| {
        let shape = || AnalyticsError::Shape { metric: metric.id.to_owned(), column: name };
        cast(batch.column_by_name(name).ok_or_else(shape)?, data_type).map_err(|_| shape())
    };
    let (services, scopes) = (column("service", &DataType::Utf8)?, column("scope", &DataType::Utf8)?);
    let values = column(measured, &DataType::Float64)?;
    let ends = if metric.kind == Statistic::Survival { Some(column("has_ended", &DataType::Boolean)?) } else { None };
    let mut rows: BTreeMap<String, Rows> = BTreeMap::new();
    for row in (0..batch.num_rows()).filter(|row| values.is_valid(*row)) {
        let value = values.as_primitive::<Float64Type>().value(row);
        let value = match &ends {
            Some(ends) => episode(value, ends.as_boolean().value(row)),
            None => Some(value),
        };
        let service = if services.is_valid(row) { services.as_string::<i32>().value(row) } else { "" };
        let of_scope = rows.entry(scopes.as_string::<i32>().value(row).to_owned()).or_default();
        of_scope.entry(service.to_owned()).or_default().extend(value);
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
