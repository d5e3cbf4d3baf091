//! The engine: DataFusion over one snapshot. The only place that plans SQL.
//!
//! Facts are planned among observations and registers; metrics among facts, `calendar` with its
//! edges, `scopes` and `settings`, in a session without any clock. How files are read is said in `lake_tables.rs` and
//! `hot.rs`; limits on people's own questions are in `query/`.

mod calendar_days;
mod cluster;
mod column_listing;
mod evidence;
mod known_points;
mod members;
mod one_row_first;
mod reader;
mod remembered;
mod rows;
mod run;
mod scope_names;
mod scoped_services;
mod session;
mod shared_samples;
mod side_by_side;
mod smaller_first;
mod views;
mod whole_partitions;

use calendar_days::CalendarDays;
use column_listing::ColumnListing;
pub use evidence::{Evidence, EvidenceRequest, LeftOut, Which};
use known_points::{KnownPoints, READ_POINTS};
use members::narrowed;
use reader::Reader;
use remembered::Remembered;
pub(crate) use run::{collected, traced};
use scoped_services::ScopedServices;
pub(crate) use session::facts_context;
pub use session::session_state;
pub use side_by_side::side_by_side;
pub(crate) use whole_partitions::WholePartitions;

use crate::answers::AnswerRequest;
use crate::catalogue::Metric;
use crate::change::Change;
use crate::compare::{ComparedWindows, Detailed};
use crate::definitions::Definitions;
use crate::error::AnalyticsError;
use crate::facts::FACTS;
use crate::registers::MEMBERSHIPS;
use crate::series::{Cell, Series};
use crate::window::Window;
use crate::{calendar, lake_tables};
use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use chrono_tz::Tz;
use datafusion::catalog::{CatalogProvider, CatalogProviderList};
use datafusion::catalog::{
    MemoryCatalogProvider, MemoryCatalogProviderList, MemorySchemaProvider, SchemaProvider, TableProvider,
};
use datafusion::datasource::MemTable;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::prelude::{DataFrame, SessionContext, col, lit};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant as StopWatch;
use tokio::sync::OnceCell;
use waymark_event::{Instant, SchemaError};
use waymark_lake::{Layout, Snapshot};

/// How many comparisons, and how many cells with their services, are remembered.
const CLOSER_MAX: u64 = 10_000;

/// One snapshot, open for questions.
#[derive(Debug)]
pub struct Opened {
    /// What is read.
    pub snapshot: Snapshot,
    /// Facts, `scopes` and `settings`, shared by all questions and never changed.
    tables: Vec<(&'static str, bool, Arc<dyn TableProvider>)>,
    /// Functions and settings of a session, without tables.
    state: SessionState,
    /// The zone in which days and weeks begin.
    zone: Tz,
    /// The weekly view, computed when it is first asked for.
    weekly: OnceCell<RecordBatch>,
    /// All scopes with their services, read when some of them are first asked for.
    scopes: OnceCell<RecordBatch>,
}

/// What a session for metrics and answers may read besides views.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Readable {
    /// Facts and `settings`: a metric knows nothing else.
    Facts,
    /// Registers too, for fixed answers, which say what the organisation wants beside what is.
    FactsAndRegisters,
}

/// Answers metrics and questions over the newest snapshot; a clone is the same engine.
#[derive(Clone, Debug)]
pub struct Engine {
    reader: Arc<Reader>,
    /// The one snapshot that is answered from; null = the newest at each question.
    pinned: Option<Arc<Opened>>,
    remembered: Arc<Remembered>,
    /// What was found out by `compare.rs`, by snapshot and question.
    pub(crate) changes: moka::future::Cache<(String, ComparedWindows), Option<Change>>,
    /// Cells whose limits know their services, by snapshot and question.
    pub(crate) details: moka::future::Cache<(String, Detailed), Cell>,
}

impl Engine {
    /// An engine over a data folder; the newest snapshot is opened when the first question comes.
    pub fn new(layout: Layout, definitions: Arc<Definitions>) -> Self {
        let (changes, details) = (moka::future::Cache::new(CLOSER_MAX), moka::future::Cache::new(CLOSER_MAX));
        let remembered = Arc::new(Remembered::new());
        Self { reader: Arc::new(Reader::new(layout, definitions)), pinned: None, remembered, changes, details }
    }

    /// The same engine, which answers everything from the snapshot that is the newest now. Whoever puts several
    /// answers together asks it, because a snapshot may be published between two of them.
    ///
    /// # Errors
    /// As `newest`.
    pub async fn pinned(&self) -> Result<Self, AnalyticsError> {
        Ok(Self { pinned: Some(self.newest().await?), ..self.clone() })
    }

    /// What the organisation says about itself.
    pub fn definitions(&self) -> &Arc<Definitions> {
        &self.reader.definitions
    }

    /// The data folder.
    pub fn layout(&self) -> &Layout {
        &self.reader.layout
    }

    /// The newest snapshot, open for questions; of a pinned engine its own one.
    ///
    /// # Errors
    /// `NoSnapshot` when there is none, `Register` when its tables cannot be opened.
    pub async fn newest(&self) -> Result<Arc<Opened>, AnalyticsError> {
        match &self.pinned {
            Some(opened) => Ok(Arc::clone(opened)),
            None => self.reader.newest().await,
        }
    }

    /// Waits until whatever is being read into memory is there; answers are the same before, and slower.
    pub async fn until_read(&self) {
        self.reader.until_read().await;
    }

    /// One metric over a window; the same question is answered once as long as what it reads stays the same.
    ///
    /// # Errors
    /// `Metric` when its SQL fails, `Shape` when it yields other columns.
    pub async fn series(&self, metric: &'static Metric, window: &Window) -> Result<Arc<Series>, AnalyticsError> {
        let opened = self.newest().await?;
        if let Some(series) = self.remembered.get(metric, window, &opened.snapshot).await {
            return Ok(series);
        }
        let series = opened.series(metric, window).await?.of_organisation(&self.definitions().organisation);
        Ok(self.remembered.keep(series, &opened.snapshot).await)
    }

    /// The rows behind a metric over a window: how many were counted, how many not and why, and a page.
    ///
    /// # Errors
    /// `Metric` when the evidence cannot be read.
    pub async fn evidence(
        &self,
        metric: &'static Metric,
        window: &Window,
        request: &EvidenceRequest,
    ) -> Result<Evidence, AnalyticsError> {
        self.newest().await?.evidence(metric, window, request).await
    }

    /// One of the fixed answers of `ANSWERS`, as rows; `window` supplies its calendar. Without any row where
    /// a table of the lake that it reads is not there yet.
    ///
    /// # Errors
    /// `Metric` when it cannot be computed.
    pub async fn answer<'a>(
        &self,
        request: impl Into<AnswerRequest<'a>>,
        window: &Window,
    ) -> Result<RecordBatch, AnalyticsError> {
        let request = request.into();
        let (opened, answer) = (self.newest().await?, request.answer);
        let failed = |cause: DataFusionError| AnalyticsError::Metric { metric: answer.name.to_owned(), cause: Box::new(cause) };
        let mut operational: Vec<(&'static str, Arc<dyn TableProvider>)> = Vec::new();
        for name in answer.operational_tables {
            let version = opened.snapshot.tables.get(*name).cloned().unwrap_or_default();
            if version.files.is_empty() {
                return Ok(RecordBatch::new_empty(Arc::new(Schema::empty())));
            }
            let context = SessionContext::new_with_state(opened.state.clone());
            operational.push((name, lake_tables::table(&context, self.layout(), name, &version, None).await.map_err(failed)?));
        }
        opened.answer(request, window, operational).await
    }
}

impl Opened {
    /// Tables in memory, open for questions as if they were a snapshot.
    pub(crate) fn over(tables: Vec<(&'static str, bool, Arc<dyn TableProvider>)>, as_of: Instant, zone: Tz) -> Self {
        let snapshot = Snapshot {
            id: "memory".to_owned(),
            as_of,
            definitions: String::new(),
            positions: BTreeMap::new(),
            tables: BTreeMap::new(),
        };
        let state = session::for_readers(&session::base_state(zone)).state();
        Self { snapshot, tables, state, zone, weekly: OnceCell::new(), scopes: OnceCell::new() }
    }

    /// A session for metrics: facts, `scopes`, `settings`, the calendar of the window, the views that
    /// the statement names, and no clock.
    async fn metric_context(&self, window: &Window, sql: &str, readable: Readable) -> Result<SessionContext, AnalyticsError> {
        let context = self.context_without_views(window, readable)?;
        if !window.scopes.is_empty() {
            let failed = |cause| AnalyticsError::Register { table: "scopes".to_owned(), cause: Box::new(cause) };
            let scopes = self.scopes.get_or_try_init(|| all_scopes(&context)).await.map_err(failed)?;
            context.add_optimizer_rule(Arc::new(ScopedServices::new(scopes.clone())));
        }
        self.register_views(&context, sql).await?;
        Ok(context)
    }

    fn context_without_views(&self, window: &Window, readable: Readable) -> Result<SessionContext, AnalyticsError> {
        let failed = |cause: DataFusionError| AnalyticsError::Register { table: "calendar".to_owned(), cause: Box::new(cause) };
        let supplied = |table: &str, made: Result<RecordBatch, SchemaError>| {
            made.map_err(|cause| AnalyticsError::Supply { table: table.to_owned(), cause })
        };
        let days = supplied("calendar", calendar::calendar(window, self.snapshot.as_of))?;
        let edges = supplied("period_edges", calendar::period_edges(window, self.snapshot.as_of))?;
        let is_readable = |name: &str| {
            let is_shown_register = readable == Readable::FactsAndRegisters && name != MEMBERSHIPS;
            is_shown_register || name == "settings" || FACTS.iter().any(|fact| fact.name == name)
        };
        let context = self.context(|name, _| is_readable(name)).map_err(failed)?;
        if let Some(asked) = CalendarDays::of(&days) {
            context.add_analyzer_rule(Arc::new(asked));
        }
        let points = calendar::read_points(&edges).map_err(|cause| failed(cause.into()))?;
        context.add_analyzer_rule(Arc::new(KnownPoints::new(points.clone())));
        for (name, rows) in [("calendar", days), ("period_edges", edges), (READ_POINTS, points)] {
            register_batch(&context, name, rows).map_err(failed)?;
        }
        Ok(session::without_clocks(context))
    }

    /// A session for questions of people: what the SQL catalogue shows.
    ///
    /// # Errors
    /// `Register` when the catalogue cannot be made.
    pub(crate) async fn question_context(&self, sql: &str) -> Result<SessionContext, AnalyticsError> {
        let context = self
            .context(|_, is_visible| is_visible)
            .map_err(|cause| AnalyticsError::Register { table: "catalogue".to_owned(), cause: Box::new(cause) })?;
        self.hide_open_waves(&context).await?;
        self.register_weekly_views(&context, sql).await?;
        context.add_analyzer_rule(Arc::new(ColumnListing));
        Ok(context)
    }

    fn context(&self, is_wanted: impl Fn(&str, bool) -> bool) -> DataFusionResult<SessionContext> {
        let schema = MemorySchemaProvider::new();
        for (name, is_visible, provider) in &self.tables {
            if is_wanted(name, *is_visible) {
                schema.register_table((*name).to_owned(), Arc::clone(provider))?;
            }
        }
        let catalog = MemoryCatalogProvider::new();
        catalog.register_schema("public", Arc::new(schema))?;
        let list = MemoryCatalogProviderList::new();
        list.register_catalog("waymark".to_owned(), Arc::new(catalog));
        let state = SessionStateBuilder::new_from_existing(self.state.clone()).with_catalog_list(Arc::new(list)).build();
        Ok(SessionContext::new_with_state(state))
    }

    /// One metric over a window, computed anew.
    ///
    /// # Errors
    /// `Metric` when its SQL fails, `Shape` when it yields other columns.
    pub(crate) async fn series(&self, metric: &'static Metric, window: &Window) -> Result<Series, AnalyticsError> {
        let began = StopWatch::now();
        let context = self.metric_context(window, metric.sql, Readable::Facts).await?;
        let failed = |cause: DataFusionError| AnalyticsError::Metric { metric: metric.id.to_owned(), cause: Box::new(cause) };
        let frame = plan(&context, metric.sql).await.map_err(failed)?;
        let frame = narrowed(frame, window).map_err(failed)?;
        let task = Arc::new(frame.task_ctx());
        let understood = began.elapsed();
        let physical = frame.create_physical_plan().await.map_err(failed)?;
        let (understood_us, planned_us) = (understood.as_micros(), began.elapsed().as_micros());
        tracing::trace!(metric.id = metric.id, understood_us, planned_us, "a metric was planned");
        let batches = traced(metric.id, physical, task).await.map_err(failed)?;
        let mut cells = Vec::new();
        for batch in &batches {
            rows::read_cells(metric, batch, &mut cells)?;
        }
        let series = Series {
            metric,
            window: window.clone(),
            as_of: self.snapshot.as_of,
            snapshot: self.snapshot.id.clone(),
            cells,
            compared: Vec::new(),
            order: Vec::new(),
        };
        Ok(series.fill())
    }

    /// A fixed answer over facts and over tables of the lake beside them.
    pub(crate) async fn answer(
        &self,
        AnswerRequest { answer, over, only }: AnswerRequest<'_>,
        window: &Window,
        operational: Vec<(&'static str, Arc<dyn TableProvider>)>,
    ) -> Result<RecordBatch, AnalyticsError> {
        let context = self.metric_context(window, answer.sql, Readable::FactsAndRegisters).await?;
        let failed = |cause: DataFusionError| AnalyticsError::Metric { metric: answer.name.to_owned(), cause: Box::new(cause) };
        for (name, table) in operational {
            context.register_table(name, table).map_err(failed)?;
        }
        if let Some(over) = over {
            let view = plan(&context, over.sql).await.map_err(failed)?.into_view();
            context.register_table(over.name, view).map_err(failed)?;
        }
        let began = StopWatch::now();
        let mut frame = plan(&context, answer.sql).await.map_err(failed)?;
        if let Some((column, text)) = only {
            frame = frame.filter(col(column).eq(lit(text))).map_err(failed)?;
        }
        let rows = collected(frame).await.map_err(failed)?;
        tracing::debug!(answer.name = answer.name, elapsed_ms = began.elapsed().as_millis(), "a fixed answer was given");
        Ok(rows)
    }

    /// The instant that answers describe.
    pub const fn as_of(&self) -> Instant {
        self.snapshot.as_of
    }
}

/// All scopes of the snapshot for which a session was made.
async fn all_scopes(context: &SessionContext) -> DataFusionResult<RecordBatch> {
    collected(context.table("scopes").await?).await
}

/// Makes a batch known as a table.
pub(crate) fn register_batch(context: &SessionContext, name: &str, batch: RecordBatch) -> DataFusionResult<()> {
    context.register_table(name, memory_table(batch)?).map(|_| ())
}

/// Plans one statement.
#[expect(clippy::disallowed_methods, reason = "this is the one place that plans SQL")]
pub(crate) async fn plan(context: &SessionContext, sql: &str) -> DataFusionResult<DataFrame> {
    context.sql(sql).await
}

fn memory_table(batch: RecordBatch) -> DataFusionResult<Arc<dyn TableProvider>> {
    Ok(Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?))
}
