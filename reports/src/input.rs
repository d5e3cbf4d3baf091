//! `ReportInput`: everything a report may speak about, asked for by the caller.
//!
//! Reports read it and nothing else, so the same input makes the same bytes.

use crate::wording;
use chrono::NaiveDate;
use chrono_tz::Tz;
use std::collections::BTreeMap;
use waymark_analytics::{Cell, Series, local_date, local_midnight};
use waymark_event::Instant;

/// What a report is made from.
#[derive(Clone, Debug)]
pub struct ReportInput {
    /// What the organisation is called.
    pub organisation: String,
    /// The period that the report is about.
    pub period: ReportPeriod,
    /// The range over which the organisation is measured: the period itself, or as many days up to its end.
    pub range: ReportPeriod,
    /// The range before it, with which it is compared.
    pub range_before: ReportPeriod,
    /// The instant that all series describe.
    pub as_of: Instant,
    /// The snapshot that was read.
    pub snapshot: String,
    /// The organisation's zone.
    pub zone: Tz,
    /// Series by metric id; a metric without series is told as missing.
    pub series: BTreeMap<&'static str, ReportSeries>,
    /// The platform's components, in the organisation's own order.
    pub components: Vec<ComponentInfo>,
    /// Services that changed their standing, over a range that holds the period.
    pub movements: Vec<Movement>,
    /// Moves from old tools to components, in the organisation's own order.
    pub migrations: Vec<Migration>,
    /// Published survey scores, oldest wave first.
    pub scores: Vec<ScoreRow>,
    /// What has to be known about the data.
    pub notes: DataNotes,
}

/// Days that a report speaks of, half-open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportPeriod {
    /// The days in words, such as `week of 16 Nov 2026`, `Q3 2026` or `the last 90 days`.
    pub label: String,
    /// First local day.
    pub first_day: NaiveDate,
    /// First local day after the period.
    pub end_day: NaiveDate,
}

/// One metric as a report needs it.
#[derive(Clone, Debug)]
pub struct ReportSeries {
    /// At least 13 complete weeks, for the organisation and each component.
    pub weekly: Series,
    /// The range as one period, with what the rows of the organisation say about it and the range before;
    /// where they say nothing, the two cells are compared.
    pub window: Series,
    /// The range before as one period.
    pub previous: Series,
}

/// One component of the platform, from its register.
#[derive(Clone, Debug)]
pub struct ComponentInfo {
    /// Its id, which is also its scope.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// What it is for, such as `ci`.
    pub category: String,
    /// The team that owns it.
    pub owner: String,
    /// Where it is in its life, such as `production` or `deprecated`.
    pub lifecycle: String,
    /// The share that was promised, and until when.
    pub target: Option<Target>,
    /// When it will be reached, or why nobody can say, as the scoreboard says it; null while no week is known.
    pub forecast: Option<String>,
    /// The scoreboard's verdict: `done`, `on track`, `at risk`, `late`, `no forecast` or `no target`.
    pub status: String,
    /// Services that it still takes to reach the target, on which the forecast rests; null while no week is known.
    pub remaining: Option<u32>,
    /// The day from which it is mandatory for all services that it fits.
    pub mandate_due: Option<NaiveDate>,
}

/// A share of eligible services that shall be reached by a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// The share, 0 to 1.
    pub share: f64,
    /// The last day on which it counts as reached in time.
    pub due: NaiveDate,
}

/// How the standing of a service towards a component changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MovementKind {
    /// It stopped using the component.
    Left,
    /// It began to use the component.
    Joined,
    /// It was exempted from using it.
    NewlyExempt,
    /// The component is now made for it.
    NewlyEligible,
    /// It is new and does not use the component.
    BornOffPath,
}

/// One service that changed its standing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// The component's id.
    pub component: String,
    /// The service's name.
    pub service: String,
    /// The team that owns the service, as it was then.
    pub team: String,
    /// What changed about it.
    pub kind: MovementKind,
    /// The local day on which it changed.
    pub since: NaiveDate,
    /// What the service uses instead, where that is known.
    pub alternative: Option<String>,
    /// What was seen, in words.
    pub evidence: Option<String>,
    /// Where it can be seen.
    pub evidence_url: Option<String>,
}

/// One move from an old tool to a component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Migration {
    /// What people call it.
    pub title: String,
    /// What is moved to, as people call it.
    pub component: String,
    /// The team that answers for it.
    pub owner: String,
    /// The day by which it shall be done.
    pub due: Option<NaiveDate>,
    /// Its complete weeks, oldest first, the last one at the end of the period.
    pub weeks: Vec<MigrationWeek>,
    /// Services that have still to move, by name.
    pub waiting: Vec<Waiting>,
    /// When the rest will have moved, or why nobody can say; null while no week is known.
    pub forecast: Option<String>,
    /// `done`, `on track`, `at risk`, `late`, `no forecast` or `no target`.
    pub status: String,
}

/// How far a migration was at the end of a week, and what happened in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MigrationWeek {
    /// Its first local day.
    pub first_day: NaiveDate,
    /// Services in scope at its end.
    pub scope: i64,
    /// Those of them that had moved, as far as was last known.
    pub done: i64,
    /// Those of them that had moved and of which it was not known any more whether they still had.
    pub unconfirmed: i64,
    /// Services that moved in it.
    pub completed: i64,
    /// Services that went back.
    pub returned: i64,
    /// Leaks: services that were born on the old path.
    pub leaks: i64,
}

impl MigrationWeek {
    /// What has to be said beside those that have moved: `, 1 of them not confirmed lately`; empty where there is nothing.
    pub(crate) fn doubt(&self) -> String {
        if self.unconfirmed == 0 {
            return String::new();
        }
        format!(", {} of them not confirmed lately", wording::count(self.unconfirmed))
    }
}

/// What keeps a service from having moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WaitingState {
    /// It cannot move yet, and somebody has said why.
    Blocked,
    /// It uses the old tool only.
    NotStarted,
    /// It uses both.
    InProgress,
    /// It may stay for a time.
    Exempt,
    /// Nobody could look.
    Unknown,
}

/// One service that has still to move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The service's name.
    pub service: String,
    /// The team that owns it; null = nobody.
    pub team: Option<String>,
    /// What keeps it.
    pub state: WaitingState,
    /// Why it is blocked, in words.
    pub reason: Option<String>,
}

/// One published score.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreRow {
    /// The component's id; null = the platform as a whole.
    pub component: Option<String>,
    /// The wave's name.
    pub wave: String,
    /// The local day of its last answer.
    pub closed_on: NaiveDate,
    /// The score; null = suppressed or not asked.
    pub nps: Option<f64>,
    /// Lower limit (95 %); null when there is none.
    pub low: Option<f64>,
    /// Upper limit (95 %); null when there is none.
    pub high: Option<f64>,
    /// How many answered; null = suppressed.
    pub answers: Option<i64>,
}

/// What has to be known about the data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataNotes {
    /// Deliveries that could not be read and wait for a better dialect.
    pub open_rejections: i64,
    /// How each source behaves, by name.
    pub sources: Vec<SourceNote>,
    /// Environments whose tier nobody has said.
    pub unmatched_environments: i64,
    /// Pairs of service and component about which nothing is known.
    pub unknown_evidence: i64,
    /// Whether an incident has ever named a service that was deployed in the range; null = none was deployed, or the
    /// report does not ask.
    pub has_incidents: Option<bool>,
}

/// How one source behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceNote {
    /// The source's name.
    pub source: String,
    /// When its newest delivery came.
    pub newest_at: Instant,
    /// Whether a way by which it arrives has gone silent, against its own rhythm.
    pub is_silent: bool,
    /// Whether any way by which it arrives has a rhythm already; what has none is never silent.
    pub has_rhythm: bool,
}

/// Which of the two whole ranges is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Range {
    /// The range of the report.
    Now,
    /// The range before it.
    Before,
}

impl ReportInput {
    /// The organisation's cell of a whole range.
    pub(crate) fn organisation_cell(&self, metric: &str, statistic: &str, range: Range) -> Option<&Cell> {
        let series = self.series.get(metric)?;
        let series = if range == Range::Now { &series.window } else { &series.previous };
        series.cells.iter().find(|cell| cell.scope_kind == "organisation" && cell.statistic == statistic)
    }

    /// The weeks of one component, oldest first, without those at the end that `weekly` leaves out.
    pub(crate) fn component_weeks(&self, metric: &str, component: &str) -> Vec<&Cell> {
        let Some(series) = self.series.get(metric) else { return Vec::new() };
        let end = self.known_end(&series.weekly);
        let mut weeks = series.weekly.line(series.weekly.metric.headline(), "component", component);
        weeks.retain(|week| week.period_end <= end);
        weeks
    }

    /// The weeks of a metric, without those at the end that are not over and of which nothing is known yet: what has still
    /// to come of a running period is no state of today.
    pub(crate) fn weekly(&self, metric: &str) -> Option<Series> {
        let mut weekly = self.series.get(metric)?.weekly.clone();
        let end = self.known_end(&weekly);
        weekly.window.periods.retain(|week| week.end <= end);
        weekly.cells.retain(|cell| cell.period_end <= end);
        Some(weekly)
    }

    /// Where the weeks end that are over, or of which something is known already.
    fn known_end(&self, weekly: &Series) -> Instant {
        let known = weekly.cells.iter().filter(|cell| cell.value.is_some()).map(|cell| cell.period_end);
        known.max().unwrap_or(self.as_of).max(self.as_of)
    }

    /// Whether the period is not over.
    pub(crate) fn is_running(&self) -> bool {
        local_midnight(self.period.end_day, self.zone) > self.as_of
    }

    /// The first local day after what is over of the period.
    pub(crate) fn end_so_far(&self) -> NaiveDate {
        self.period.end_day.min(local_date(self.as_of, self.zone))
    }

    /// What moved inside the period, in the order of kind, component and service.
    pub(crate) fn movements(&self) -> Vec<&Movement> {
        let order = |id: &str| self.components.iter().position(|component| component.id == id);
        let is_inside = |movement: &&Movement| movement.since >= self.period.first_day && movement.since < self.period.end_day;
        let mut found: Vec<&Movement> = self.movements.iter().filter(is_inside).collect();
        found.sort_by(|one, other| {
            let key = |movement: &Movement| (movement.kind, order(&movement.component).unwrap_or(usize::MAX));
            key(one).cmp(&key(other)).then_with(|| (&one.service, one.since).cmp(&(&other.service, other.since)))
        });
        found
    }

    /// What people call a component.
    pub(crate) fn component_title<'a>(&'a self, id: &'a str) -> &'a str {
        self.components.iter().find(|component| component.id == id).map_or(id, |component| component.title.as_str())
    }
}
