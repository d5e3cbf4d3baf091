//! The catalogue: everything Waymark measures, in the order the manual shows it.
//!
//! A metric is one SQL file and one row of the list. What a number means is the leading comment of its
//! SQL file; documents, OpenAPI, dashboards and tests are loops over this list. The rows themselves
//! stand in `catalogue/delivery.rs` and `catalogue/platform.rs`.

mod delivery;
mod platform;

use delivery::DELIVERY;
use platform::PLATFORM;

/// In what a value is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds of clock time.
    Seconds,
    /// A share between 0 and 1, printed as per cent.
    Share,
    /// Events per service and week.
    PerServiceWeek,
    /// Points of a survey score, -100 to 100.
    Points,
    /// A number of things.
    Count,
    /// Days of a week, 0 to 7.
    DaysPerWeek,
}

impl Unit {
    /// The unit as interfaces name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Share => "share",
            Self::PerServiceWeek => "per_service_week",
            Self::Points => "points",
            Self::Count => "count",
            Self::DaysPerWeek => "days_per_week",
        }
    }
}

/// Which direction is an improvement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// A higher value is better.
    Higher,
    /// A lower value is better.
    Lower,
    /// Neither direction is better by itself.
    Neither,
}

impl Better {
    /// The direction as interfaces name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
            Self::Neither => "neither",
        }
    }
}

/// What an empty period means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Empty {
    /// Nothing is known.
    Null,
    /// Nothing happened, as long as the metric's own SQL says that the source was heard.
    Zero,
}

/// How the difference of two values is judged (`change.rs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// A quantile of durations, with order-statistic limits.
    Quantile,
    /// A share k of n, with Wilson limits.
    Proportion,
    /// Events by exposure, with Garwood limits.
    Rate,
    /// A survey score, with adjusted Wald limits.
    Score,
    /// A share of a census: no sampling interval, bounds by unknown evidence.
    Census,
    /// A quantile of durations of which some are still open, with the limits of Kaplan and Meier.
    Survival,
    /// A number of events in a period; without limits, because all of them were counted.
    Events,
    /// A number of things at the end of a period; without limits, because all of them were counted.
    Level,
}

/// To which things a metric applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Services, and the teams, systems and the organisation above them.
    Services,
    /// Platform components, in the organisation and by team.
    Components,
    /// What components are for, such as `ci`; tools of a kind are compared in it.
    Categories,
}

impl Subject {
    /// The kind of scope that is meant where nobody names one.
    pub const fn scope_kind(self) -> &'static str {
        match self {
            Self::Services => "organisation",
            Self::Components => "component",
            Self::Categories => "category",
        }
    }
}

/// One metric: its row of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Snake case, unique, never with a suffix for a statistic.
    pub id: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// The question that it answers.
    pub question: &'static str,
    /// In what its values are counted.
    pub unit: Unit,
    /// Which direction is an improvement.
    pub better: Better,
    /// The statistics that it yields; the first one is the headline.
    pub statistics: &'static [&'static str],
    /// How values are compared.
    pub kind: Statistic,
    /// To which things it applies.
    pub subject: Subject,
    /// What an empty period means.
    pub empty: Empty,
    /// Raised with every change of meaning.
    pub version: u32,
    /// The rows behind a value: counted or not, with the reason, the scope and the period.
    pub evidence: &'static str,
    /// The definition in SQL.
    pub sql: &'static str,
}

impl Metric {
    /// The manual page: the leading comment of the SQL file, without its comment marks.
    pub fn manual(&self) -> String {
        head(self.sql)
    }

    /// The statistic that stands for the metric where only one number fits.
    pub fn headline(&self) -> &'static str {
        self.statistics.first().copied().unwrap_or("value")
    }
}

/// The leading comment of a statement, without its comment marks.
pub(crate) fn head(sql: &str) -> String {
    let lines = sql.lines().take_while(|line| line.starts_with("--"));
    lines.map(|line| line.trim_start_matches("--").trim_start()).collect::<Vec<_>>().join("\n")
}

/// Everything Waymark measures, in the order the manual shows it.
pub const METRICS: &[Metric] = &joined::<{ DELIVERY.len() + PLATFORM.len() }>(DELIVERY, PLATFORM);

/// One list out of two, so that each file can hold what belongs to one subject.
const fn joined<const N: usize>(first: &[Metric], second: &[Metric]) -> [Metric; N] {
    let mut all = [first[0]; N];
    let mut place = 0;
    while place < N {
        all[place] = if place < first.len() { first[place] } else { second[place - first.len()] };
        place += 1;
    }
    all
}

/// The metric of this id.
pub fn find(id: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.id == id)
}
