//! What the doctor says: everything that is wrong or unknown, what it does to which number, what to do about it.
//!
//! The route, the page and `waymark doctor` say the same [`Diagnosis`]. What can be found is listed in
//! `analytics`.

use crate::problem::Problem;
use serde::Serialize;
use utoipa::ToSchema;
use waymark_analytics::{Case, Engine, Found, ServiceCoverage, SourceRhythm, Window};
use waymark_event::Instant;
use waymark_reports::wording;

/// Days that are looked at where nobody says how many.
pub const DAYS: u32 = 90;
/// Subjects of each finding that are told where nobody says how many.
pub const CASES: usize = 10;
const DAYS_MAX: u32 = 3_660;
const CASES_MAX: usize = 1_000;

/// Everything that is wrong or unknown at one snapshot.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Diagnosis {
    /// The instant that it describes, RFC 3339.
    #[schema(value_type = String)]
    pub as_of: Instant,
    /// The snapshot that was read.
    pub snapshot: String,
    /// The zone in which days begin.
    pub zone: String,
    /// The first day that was looked at.
    pub from: String,
    /// The first day that was not looked at any more.
    pub to: String,
    /// Kinds of findings of which something was found.
    pub found: usize,
    /// Every kind of finding, also those of which nothing was found.
    pub findings: Vec<FindingBody>,
    /// Every way by which deliveries arrive, those gone silent first.
    pub sources: Vec<SourceRhythm>,
    /// Every service that was active, the least covered first.
    pub services: Vec<ServiceCoverage>,
}

/// One kind of finding.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FindingBody {
    /// The finding's name.
    pub finding: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// How many things were found.
    pub items: i64,
    /// How many services, repositories, environments or sources they are about.
    pub subjects: usize,
    /// The same in words: `12 attempts`.
    pub text: String,
    /// What it does to which number.
    pub effect: &'static str,
    /// The metrics that it touches.
    pub metrics: &'static [&'static str],
    /// What to do about it.
    pub remedy: &'static str,
    /// The largest subjects.
    pub cases: Vec<Case>,
}

/// What the doctor says of the last days, with so many subjects of each finding.
///
/// # Errors
/// `bad-parameter` outside the limits; otherwise when a question cannot be answered.
pub async fn diagnosis(engine: &Engine, days: u32, cases: usize) -> Result<Diagnosis, Problem> {
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(Problem::bad_parameter(format!("days {days} is not between 1 and {DAYS_MAX}")));
    }
    if cases > CASES_MAX {
        return Err(Problem::bad_parameter(format!("cases {cases} is more than {CASES_MAX}")));
    }
    let engine = engine.pinned().await?;
    let zone = engine.definitions().zone();
    let window = Window::until_now(u64::from(days), engine.newest().await?.as_of(), zone);
    let examined = engine.examine(&window, cases).await?;
    let day = |place: fn(&waymark_analytics::Period) -> chrono::NaiveDate| {
        examined.window.periods.first().map(place).map(|day| day.to_string()).unwrap_or_default()
    };
    Ok(Diagnosis {
        as_of: examined.as_of,
        snapshot: examined.snapshot,
        zone: zone.to_string(),
        from: day(|period| period.first_day),
        to: day(|period| period.end_day),
        found: examined.findings.iter().filter(|found| found.items > 0).count(),
        findings: examined.findings.into_iter().map(FindingBody::of).collect(),
        sources: examined.sources,
        services: examined.services,
    })
}

impl FindingBody {
    fn of(found: Found) -> Self {
        Self {
            finding: found.finding.answer.name,
            title: found.finding.title,
            items: found.items,
            subjects: found.subjects,
            text: wording::counted(found.items, found.finding.thing),
            effect: found.finding.effect,
            metrics: found.finding.metrics,
            remedy: found.finding.remedy,
            cases: found.cases,
        }
    }
}
