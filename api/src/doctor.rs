//! What the doctor says: everything that is wrong or unknown, what it does to which number, what to do about it.
//!
//! The route, the page and `waymark doctor` say the same [`Diagnosis`]. What can be found is listed in
//! `analytics`.

use crate::problem::Problem;
use arrow::array::{AsArray, RecordBatch};
use arrow::compute::{cast, max};
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use serde::Serialize;
use utoipa::ToSchema;
use waymark_analytics::{Case, Engine, Found, SERVICE_COVERAGE, ServiceCoverage, SourceRhythm, Unit, Window};
use waymark_event::Instant;
use waymark_reports::wording;

/// Days that are looked at where nobody says how many.
pub const DAYS: u32 = 90;
/// Subjects of each finding that are told where nobody says how many.
pub const CASES: usize = 10;
const DAYS_MAX: u32 = 3_660;
const CASES_MAX: usize = 1_000;
/// Days without any deployment or run after which it is said that the data have ended: few holidays are as long.
const QUIET_DAYS: u32 = 14;
const DAY_MICROS: i64 = 86_400_000_000;
/// Two pauses are told in one unit as long as the longer one is at most so many times the other.
const ALIKE: f64 = 20.0;

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
    /// When the newest deployment or pipeline run ended, also before these days, RFC 3339; null where there is none.
    #[schema(value_type = Option<String>)]
    pub newest_event_at: Option<Instant>,
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
    let newest_event_at = newest_event(&engine).await?;
    let day = |place: fn(&waymark_analytics::Period) -> chrono::NaiveDate| {
        examined.window.periods.first().map(place).map(|day| day.to_string()).unwrap_or_default()
    };
    Ok(Diagnosis {
        as_of: examined.as_of,
        snapshot: examined.snapshot,
        zone: zone.to_string(),
        from: day(|period| period.first_day),
        to: day(|period| period.end_day),
        newest_event_at,
        found: examined.findings.iter().filter(|found| found.items > 0).count(),
        findings: examined.findings.into_iter().map(FindingBody::of).collect(),
        sources: examined.sources,
        services: examined.services,
    })
}

/// When the newest deployment or pipeline run of a service ended, in any environment; nothing where there is none.
///
/// # Errors
/// When the question cannot be answered.
pub async fn newest_event(engine: &Engine) -> Result<Option<Instant>, Problem> {
    let engine = engine.pinned().await?;
    let (as_of, zone) = (engine.newest().await?.as_of(), engine.definitions().zone());
    // Mostly the first question is enough, and it reads little.
    for days in [QUIET_DAYS, DAYS_MAX] {
        let active = engine.answer(&SERVICE_COVERAGE, &Window::until_now(u64::from(days), as_of, zone)).await?;
        let ends = ["newest_deployment_at", "newest_run_at"].into_iter().filter_map(|name| latest(&active, name));
        if let Some(newest) = ends.max() {
            return Ok(Some(newest));
        }
    }
    Ok(None)
}

/// The latest instant of a column.
fn latest(batch: &RecordBatch, name: &str) -> Option<Instant> {
    let instants = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let column = cast(batch.column_by_name(name)?, &instants).ok()?;
    max(column.as_primitive::<TimestampMicrosecondType>()).map(Instant::from_micros)
}

/// The newest event, where it is so long ago that the last days look empty.
pub fn ended(newest_event_at: Option<Instant>, as_of: Instant) -> Option<Instant> {
    newest_event_at.filter(|newest| as_of.micros() - newest.micros() > i64::from(QUIET_DAYS) * DAY_MICROS)
}

/// How many days have to be looked at to see as many as usual before the data ended.
pub fn days_back(ended_at: Instant, as_of: Instant) -> u32 {
    let since = (as_of.micros() - ended_at.micros()) / DAY_MICROS;
    u32::try_from(since).unwrap_or(0).saturating_add(DAYS).min(DAYS_MAX)
}

/// The usual pause of a source and how long nothing has come, in one unit where both can be read in it.
pub fn pauses(source: &SourceRhythm) -> [Option<String>; 2] {
    let both = [source.usual_pause_seconds, source.silent_seconds];
    if let [Some(usual), Some(silent)] = both
        && usual.max(silent) <= ALIKE * usual.min(silent)
        && let [usual, silent] = wording::together(Unit::Seconds, &[usual, silent]).as_slice()
    {
        return [Some(usual.clone()), Some(silent.clone())];
    }
    both.map(|seconds| seconds.map(|seconds| wording::value(Unit::Seconds, seconds)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_pauses_beside_each_other_have_one_unit_where_both_can_be_read() {
        let of = |usual: Option<f64>, silent: Option<f64>| {
            pauses(&SourceRhythm {
                source: "cd".to_owned(),
                connection: "main".to_owned(),
                channel: "webhook".to_owned(),
                deliveries: 9,
                observations: 9,
                rejections: 0,
                newest_at: None,
                usual_pause_seconds: usual,
                silent_seconds: silent,
                is_stale: false,
            })
            .map(Option::unwrap_or_default)
        };
        // 80 minutes beside 15 hours; a minute is no part of a month.
        assert_eq!(of(Some(4_800.0), Some(54_000.0)), ["1.3 h", "15 h"]);
        assert_eq!(of(Some(60.0), Some(2_592_000.0)), ["60 s", "30 d"]);
        assert_eq!(of(None, Some(54_000.0)), ["", "15 h"]);
    }

    #[test]
    fn data_have_ended_where_nothing_came_for_longer_than_two_weeks() {
        let as_of = Instant::parse("2026-08-03T06:00:00Z").unwrap();
        let days_ago = |days: i64| as_of.plus_seconds(-days * 86_400);
        assert_eq!(ended(Some(days_ago(14)), as_of), None);
        assert_eq!(ended(Some(days_ago(15)), as_of), Some(days_ago(15)));
        assert_eq!(ended(None, as_of), None);
        assert_eq!([15, 365, 9_999].map(|days| days_back(days_ago(days), as_of)), [105, 455, 3_660]);
    }
}
