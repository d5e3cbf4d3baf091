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
    pub as_of: String,
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
    pub sources: Vec<SourceBody>,
    /// Every service that was active, the least covered first.
    pub services: Vec<ServiceBody>,
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
    pub cases: Vec<CaseBody>,
}

/// One subject of a finding, with one of the things as an example.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CaseBody {
    /// A service, repository, environment, source or kind of contradiction.
    pub subject: String,
    /// How many things.
    pub items: i64,
    /// The newest of them, RFC 3339; null where none has a time.
    pub newest_at: Option<String>,
    /// One of them, as its source calls it.
    pub example: Option<String>,
    /// Where a person can look at it.
    pub url: Option<String>,
    /// Lines of configuration that would help.
    pub suggestion: Option<String>,
}

/// One way by which deliveries arrive.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SourceBody {
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
    pub newest_at: Option<String>,
    /// The 95th percentile of the pauses; null while there is no rhythm.
    pub usual_pause_seconds: Option<f64>,
    /// How long nothing has come.
    pub silent_seconds: Option<f64>,
    /// Whether it has gone silent, against its rhythm.
    pub is_stale: bool,
}

/// How much of one service the numbers can use.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ServiceBody {
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
    pub newest_deployment_at: Option<String>,
    /// The end of its newest pipeline run, RFC 3339.
    pub newest_run_at: Option<String>,
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
    let zone = engine.definitions().zone();
    let window = Window::until_now(u64::from(days), engine.newest().await?.as_of(), zone);
    let examined = engine.examine(&window, cases).await?;
    let day = |place: fn(&waymark_analytics::Period) -> chrono::NaiveDate| {
        examined.window.periods.first().map(place).map(|day| day.to_string()).unwrap_or_default()
    };
    Ok(Diagnosis {
        as_of: examined.as_of.to_rfc3339(),
        snapshot: examined.snapshot.clone(),
        zone: zone.to_string(),
        from: day(|period| period.first_day),
        to: day(|period| period.end_day),
        found: examined.findings.iter().filter(|found| found.items > 0).count(),
        findings: examined.findings.iter().map(FindingBody::of).collect(),
        sources: examined.sources.iter().map(SourceBody::of).collect(),
        services: examined.services.iter().map(ServiceBody::of).collect(),
    })
}

impl FindingBody {
    fn of(found: &Found) -> Self {
        Self {
            finding: found.finding.answer.name,
            title: found.finding.title,
            items: found.items,
            subjects: found.subjects,
            text: wording::counted(found.items, found.finding.thing),
            effect: found.finding.effect,
            metrics: found.finding.metrics,
            remedy: found.finding.remedy,
            cases: found.cases.iter().map(CaseBody::of).collect(),
        }
    }
}

impl CaseBody {
    fn of(case: &Case) -> Self {
        Self {
            subject: case.subject.clone(),
            items: case.items,
            newest_at: case.newest_at.map(Instant::to_rfc3339),
            example: case.example.clone(),
            url: case.url.clone(),
            suggestion: case.suggestion.clone(),
        }
    }
}

impl SourceBody {
    fn of(source: &SourceRhythm) -> Self {
        Self {
            source: source.source.clone(),
            connection: source.connection.clone(),
            channel: source.channel.clone(),
            deliveries: source.deliveries,
            observations: source.observations,
            rejections: source.rejections,
            newest_at: source.newest_at.map(Instant::to_rfc3339),
            usual_pause_seconds: source.usual_pause_seconds,
            silent_seconds: source.silent_seconds,
            is_stale: source.is_stale,
        }
    }
}

impl ServiceBody {
    fn of(service: &ServiceCoverage) -> Self {
        Self {
            service: service.service.clone(),
            owner: service.owner.clone(),
            attempts: service.attempts,
            attempts_with_tier: service.attempts_with_tier,
            deployments: service.deployments,
            deployments_with_commits: service.deployments_with_commits,
            changes: service.changes,
            changes_with_clock: service.changes_with_clock,
            runs: service.runs,
            has_incidents: service.has_incidents,
            newest_deployment_at: service.newest_deployment_at.map(Instant::to_rfc3339),
            newest_run_at: service.newest_run_at.map(Instant::to_rfc3339),
        }
    }

    /// Whether everything of it can be used.
    pub fn is_fully_covered(&self) -> bool {
        self.owner.is_some()
            && self.attempts_with_tier == self.attempts
            && self.deployments_with_commits == self.deployments
            && self.changes_with_clock == self.changes
    }
}
