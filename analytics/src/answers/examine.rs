//! The examination: every finding, every way of arrival and every service, asked of one snapshot.
//!
//! What can be found is listed in `findings.rs`; here rows become values, which interfaces send as they are. Words
//! belong to the pages.

use super::findings::{FINDINGS, Finding};
use super::{Answer, SERVICE_COVERAGE, SOURCE_RHYTHM};
use crate::engine::Engine;
use crate::error::AnalyticsError;
use crate::window::{Grain, Window, local_date};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use chrono::Days;
use chrono_tz::Tz;
use serde::Serialize;
use utoipa::ToSchema;
use waymark_event::Instant;

/// Everything that is wrong or unknown at one snapshot.
#[derive(Clone, Debug)]
pub struct Examination {
    /// The instant that it describes.
    pub as_of: Instant,
    /// The snapshot that was read.
    pub snapshot: String,
    /// The days that were looked at.
    pub window: Window,
    /// Every kind of finding in the order of the list, also those of which nothing was found.
    pub findings: Vec<Found>,
    /// Every way by which deliveries arrive, those gone silent first.
    pub sources: Vec<SourceRhythm>,
    /// Every service that was active, the least covered first.
    pub services: Vec<ServiceCoverage>,
}

/// What was found of one kind.
#[derive(Clone, Debug)]
pub struct Found {
    /// The kind of finding.
    pub finding: &'static Finding,
    /// How many things, over all subjects.
    pub items: i64,
    /// How many subjects they are about.
    pub subjects: usize,
    /// The largest of them, at most as many as were asked for.
    pub cases: Vec<Case>,
}

/// One subject of a finding, with one of the things as an example.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Case {
    /// A service, repository, environment, source or kind of contradiction.
    pub subject: String,
    /// How many things.
    pub items: i64,
    /// The newest of them, RFC 3339; null where none has a time.
    #[schema(value_type = Option<String>)]
    pub newest_at: Option<Instant>,
    /// One of them, as its source calls it.
    pub example: Option<String>,
    /// Where a person can look at it.
    pub url: Option<String>,
    /// Lines of configuration that would help.
    pub suggestion: Option<String>,
}

/// One way by which deliveries arrive.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SourceRhythm {
    /// The dialect that reads them.
    pub source: String,
    /// The configured entry.
    pub connection: String,
    /// `webhook`, `poll`, `kafka`, `git`, `file` or `form`.
    pub channel: String,
    /// Deliveries that are kept.
    pub deliveries: i64,
    /// Statements that were read from them.
    pub observations: i64,
    /// Parts that were not understood.
    pub rejections: i64,
    /// The receipt of the newest, RFC 3339.
    #[schema(value_type = Option<String>)]
    pub newest_at: Option<Instant>,
    /// The 95th percentile of the pauses; null while there is no rhythm.
    pub usual_pause_seconds: Option<f64>,
    /// How long nothing has come.
    pub silent_seconds: Option<f64>,
    /// Whether it has gone silent, against its rhythm.
    pub is_stale: bool,
}

/// How much of one service the numbers can use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ServiceCoverage {
    /// The service's name.
    pub service: String,
    /// Its owner; null where no catalogue names one.
    pub owner: Option<String>,
    /// Attempts in any environment.
    pub attempts: i64,
    /// Of these, those in an environment whose tier is known.
    pub attempts_with_tier: i64,
    /// Production deployments that changed the running version.
    pub deployments: i64,
    /// Of these, those whose commits are known.
    pub deployments_with_commits: i64,
    /// Changes that they delivered.
    pub changes: i64,
    /// Of these, those whose clocks agree.
    pub changes_with_clock: i64,
    /// Pipeline runs, conclusive or not.
    pub runs: i64,
    /// Whether an incident ever named it.
    pub has_incidents: bool,
    /// The end of its newest deployment anywhere, RFC 3339.
    #[schema(value_type = Option<String>)]
    pub newest_deployment_at: Option<Instant>,
    /// The end of its newest pipeline run, RFC 3339.
    #[schema(value_type = Option<String>)]
    pub newest_run_at: Option<Instant>,
}

impl ServiceCoverage {
    /// Whether everything of it can be used.
    pub fn is_fully_covered(&self) -> bool {
        self.owner.is_some()
            && self.attempts_with_tier == self.attempts
            && self.deployments_with_commits == self.deployments
            && self.changes_with_clock == self.changes
    }
}

impl Engine {
    /// Looks for every kind of finding in a window, with at most `cases_max` subjects of each.
    ///
    /// # Errors
    /// `Metric` with the name of the question when one cannot be answered.
    pub async fn examine(&self, window: &Window, cases_max: usize) -> Result<Examination, AnalyticsError> {
        let engine = self.pinned().await?;
        let opened = engine.newest().await?;
        let mut findings = Vec::with_capacity(FINDINGS.len());
        for finding in FINDINGS {
            let batch = engine.answer(finding.answer.over(finding.over), window).await?;
            findings.push(found(finding, &Rows(&batch), cases_max));
        }
        let sources = engine.read_all(&SOURCE_RHYTHM, window, source_rhythm).await?;
        let services = engine.read_all(&SERVICE_COVERAGE, window, service_coverage).await?;
        let snapshot = opened.snapshot.id.clone();
        Ok(Examination { as_of: opened.as_of(), snapshot, window: window.clone(), findings, sources, services })
    }

    async fn read_all<Row>(
        &self,
        answer: &Answer,
        window: &Window,
        read: fn(&Rows<'_>, usize) -> Option<Row>,
    ) -> Result<Vec<Row>, AnalyticsError> {
        let batch = self.answer(answer, window).await?;
        Ok((0..batch.num_rows()).filter_map(|row| read(&Rows(&batch), row)).collect())
    }
}

impl Window {
    /// The trailing `days` days and the one that is not over, as one period: what an examination looks at.
    pub fn until_now(days: u64, as_of: Instant, zone: Tz) -> Self {
        let today = local_date(as_of, zone);
        Self::between(Grain::Window, today - Days::new(days), today + Days::new(1), zone)
    }
}

fn found(finding: &'static Finding, rows: &Rows<'_>, cases_max: usize) -> Found {
    let cases: Vec<Case> = (0..rows.0.num_rows()).filter_map(|row| case(rows, row)).collect();
    let items = cases.iter().map(|case| case.items).sum();
    Found { finding, items, subjects: cases.len(), cases: cases.into_iter().take(cases_max).collect() }
}

fn case(rows: &Rows<'_>, row: usize) -> Option<Case> {
    Some(Case {
        subject: rows.text("subject", row)?,
        items: rows.whole("items", row)?,
        newest_at: rows.instant("newest_at", row),
        example: rows.text("example", row),
        url: rows.text("url", row),
        suggestion: rows.text("suggestion", row),
    })
}

fn source_rhythm(rows: &Rows<'_>, row: usize) -> Option<SourceRhythm> {
    Some(SourceRhythm {
        source: rows.text("source", row)?,
        connection: rows.text("connection", row)?,
        channel: rows.text("channel", row)?,
        deliveries: rows.whole("deliveries", row)?,
        observations: rows.whole("observations", row)?,
        rejections: rows.whole("rejections", row)?,
        newest_at: rows.instant("newest_at", row),
        usual_pause_seconds: rows.number("usual_pause_seconds", row),
        silent_seconds: rows.number("silent_seconds", row),
        is_stale: rows.is("is_stale", row),
    })
}

fn service_coverage(rows: &Rows<'_>, row: usize) -> Option<ServiceCoverage> {
    Some(ServiceCoverage {
        service: rows.text("service", row)?,
        owner: rows.text("owner", row),
        attempts: rows.whole("attempts", row)?,
        attempts_with_tier: rows.whole("attempts_with_tier", row)?,
        deployments: rows.whole("deployments", row)?,
        deployments_with_commits: rows.whole("deployments_with_commits", row)?,
        changes: rows.whole("changes", row)?,
        changes_with_clock: rows.whole("changes_with_clock", row)?,
        runs: rows.whole("runs", row)?,
        has_incidents: rows.is("has_incidents", row),
        newest_deployment_at: rows.instant("newest_deployment_at", row),
        newest_run_at: rows.instant("newest_run_at", row),
    })
}

/// The rows of an answer, by column and place; a missing column is null everywhere.
struct Rows<'batch>(&'batch RecordBatch);

impl Rows<'_> {
    fn column(&self, name: &str, data_type: &DataType, row: usize) -> Option<ArrayRef> {
        let column = cast(self.0.column_by_name(name)?, data_type).ok()?;
        column.is_valid(row).then_some(column)
    }

    fn text(&self, name: &str, row: usize) -> Option<String> {
        self.column(name, &DataType::Utf8, row).map(|column| column.as_string::<i32>().value(row).to_owned())
    }

    fn whole(&self, name: &str, row: usize) -> Option<i64> {
        self.column(name, &DataType::Int64, row).map(|column| column.as_primitive::<Int64Type>().value(row))
    }

    fn number(&self, name: &str, row: usize) -> Option<f64> {
        self.column(name, &DataType::Float64, row).map(|column| column.as_primitive::<Float64Type>().value(row))
    }

    fn is(&self, name: &str, row: usize) -> bool {
        self.column(name, &DataType::Boolean, row).is_some_and(|column| column.as_boolean().value(row))
    }

    fn instant(&self, name: &str, row: usize) -> Option<Instant> {
        let column = self.column(name, &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), row)?;
        Some(Instant::from_micros(column.as_primitive::<TimestampMicrosecondType>().value(row)))
    }
}
