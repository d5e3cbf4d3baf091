//! The story of one component: who moved, who stands where and by what evidence, what others chose; all of it until now.

use super::board::{COMPONENT, Score, day_said, described, now, score};
use super::told::{Row, Told};
use crate::problem::Problem;
use crate::reporting::day_of;
use chrono::{Days, NaiveDate};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use waymark_analytics::{Definitions, EXEMPTIONS, Engine, Grain, MOVEMENTS, STANDING, Window};
use waymark_event::Instant;

/// Those that need something come first; within a status services stand by name, never by number.
const ORDER: &[&str] = &["off_path", "partial", "unknown", "exempt", "adopted", "not_eligible"];
/// How many weeks back movements are told.
pub const WEEKS_TOLD: u32 = 13;

/// One service that moved.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Moved {
    /// `joined`, `left`, `exempt`, `eligible` or `born_off_path`.
    pub kind: String,
    /// The service's own name.
    pub service: String,
    /// The team that owned it then; null = nobody.
    pub team: Option<String>,
    /// The day on which it moved.
    pub since: String,
    /// What it uses instead; null = nothing that was detected.
    pub alternative: Option<String>,
    /// Of an adoption: `mandate`, `default` or `voluntary`.
    pub motive: Option<String>,
    /// File and line with the commit, or run, that shows it; of what is not there the commit that was looked at.
    pub evidence: Option<String>,
    /// That commit in full.
    pub evidence_commit: Option<String>,
    /// Where that can be looked at.
    pub evidence_url: Option<String>,
}

/// How one service stands now.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Stander {
    /// The component's id.
    pub component: String,
    /// The service's own name.
    pub service: String,
    /// The team that owns it; null = nobody.
    pub team: Option<String>,
    /// `adopted`, `partial`, `off_path`, `exempt`, `not_eligible` or `unknown`.
    pub status: String,
    /// The day since which it stands so.
    pub since: String,
    /// Whether it used the component for 28 days before and does no more.
    pub is_left: bool,
    /// Whether the evidence contradicts itself.
    pub has_conflict: bool,
    /// Why the component is not made for it.
    pub fit_reason: Option<String>,
    /// What it waits for, where a migration says that it cannot move yet.
    pub blocked: Option<String>,
    /// What it uses instead; null = nothing that was detected.
    pub alternative: Option<String>,
    /// Version in use.
    pub version: Option<String>,
    /// Of an adoption: `mandate`, `default` or `voluntary`.
    pub motive: Option<String>,
    /// `runtime`, `lockfile`, `config` or `declared`.
    pub evidence_kind: Option<String>,
    /// File and line with the commit, or run, that shows it; of what is not there the commit that was looked at.
    pub evidence: Option<String>,
    /// That commit in full.
    pub evidence_commit: Option<String>,
    /// Where that can be looked at.
    pub evidence_url: Option<String>,
    /// The day on which it was last confirmed.
    pub confirmed_on: Option<String>,
}

/// How many services have something in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Tally {
    /// What they have in common.
    pub what: String,
    /// How many services.
    pub services: usize,
}

/// One exemption with its state.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ExemptionSaid {
    /// The service's own name.
    pub service: String,
    /// Why it was granted.
    pub reason: String,
    /// Who decided it.
    pub owner: String,
    /// `open`, `review due` or `expired`.
    pub status: &'static str,
    /// The day on which it began.
    pub opened_on: String,
    /// The day on which it ends.
    pub expires_on: String,
    /// Whole days since it began.
    pub age_days: i64,
}

/// Everything about one component.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Story {
    /// The instant that it describes: who stands where is read then, and movements are told until then.
    pub as_of: String,
    /// The snapshot that it was computed from.
    pub snapshot: String,
    /// Where it stands.
    pub score: Score,
    /// Who moved in the last 13 complete weeks and since, newest first.
    pub moved: Vec<Moved>,
    /// How each active service stands, those that need something first.
    pub standing: Vec<Stander>,
    /// What services off the path use instead, most used first.
    pub chose_instead: Vec<Tally>,
    /// For which reasons services do not fit, most frequent first: what extending the component would unlock.
    pub unfit: Vec<Tally>,
    /// Every exemption, the newest first.
    pub exemptions: Vec<ExemptionSaid>,
    /// `exemption_age` in whole days; null = no active service has an open one.
    pub exemption_age_days: Option<i64>,
}

/// The story of a component, as of the newest snapshot.
///
/// # Errors
/// `no-such-component`, or when a number cannot be computed.
pub async fn story(engine: &Engine, component: &str) -> Result<Story, Problem> {
    let engine = &engine.pinned().await?;
    let definitions = engine.definitions();
    let described = described(definitions, component)?;
    let opened = engine.newest().await?;
    let score = score(engine, described, opened.as_of()).await?;
    let now = now(opened.as_of(), definitions.zone());
    let standing = standing(engine, &now, COMPONENT, component).await?;
    let exemptions = exemptions(engine, &now, component, opened.as_of()).await?;
    Ok(Story {
        as_of: opened.as_of().to_rfc3339(),
        snapshot: opened.snapshot.id.clone(),
        moved: moved(engine, component).await?,
        chose_instead: tallied(standing.iter().filter(|one| one.status == "off_path"), |one| {
            one.alternative.clone().unwrap_or_else(|| "nothing that was detected".to_owned())
        }),
        unfit: tallied(standing.iter().filter(|one| one.status == "not_eligible"), |one| {
            one.fit_reason.clone().unwrap_or_else(|| "not said".to_owned())
        }),
        exemption_age_days: exemption_age(engine, &now, component).await?,
        score,
        standing,
        exemptions,
    })
}

/// What the platform offers that fits a service, or the services of a team, and is not used.
pub(crate) async fn offers(engine: &Engine, kind: &str, name: &str) -> Result<Vec<Stander>, Problem> {
    let opened = engine.newest().await?;
    standing(engine, &now(opened.as_of(), engine.definitions().zone()), kind, name).await
}

async fn moved(engine: &Engine, component: &str) -> Result<Vec<Moved>, Problem> {
    let opened = engine.newest().await?;
    let zone = engine.definitions().zone();
    let weeks = Window::last_complete(Grain::Week, WEEKS_TOLD, opened.as_of(), zone);
    let tomorrow = waymark_analytics::local_date(opened.as_of(), zone) + Days::new(1);
    let first = weeks.periods.first().map_or(tomorrow, |period| period.first_day);
    let window = Window::between(Grain::Window, first, tomorrow, zone);
    let told = Told::of(&engine.answer(MOVEMENTS.only(COMPONENT, component), &window).await?);
    let mut moved: Vec<(Option<Instant>, Moved)> = told
        .rows()
        .filter_map(|row| {
            let moved = Moved {
                kind: row.text("kind")?,
                service: row.text("service")?,
                team: row.text("team"),
                since: day_of(row.instant("since")?, zone),
                alternative: row.text("alternative"),
                motive: row.text("motive"),
                evidence: row.text("evidence_ref"),
                evidence_commit: row.text("evidence_sha"),
                evidence_url: row.text("evidence_url"),
            };
            Some((row.instant("since"), moved))
        })
        .collect();
    moved.sort_by_key(|(since, moved)| (std::cmp::Reverse(*since), moved.service.clone()));
    Ok(moved.into_iter().map(|(_, moved)| moved).collect())
}

async fn standing(engine: &Engine, window: &Window, kind: &str, name: &str) -> Result<Vec<Stander>, Problem> {
    let told = Told::of(&engine.answer(STANDING.only(kind, name), window).await?);
    let definitions = engine.definitions();
    let on = window.periods.last().map(|period| period.end_day - Days::new(1)).unwrap_or_default();
    let mut standing: Vec<Stander> = told.rows().filter_map(|row| stander(&row, definitions, on)).collect();
    let place = |status: &str| ORDER.iter().position(|known| *known == status).unwrap_or(ORDER.len());
    standing.sort_by_key(|one| (place(&one.status), !one.is_left, one.service.clone()));
    Ok(standing)
}

fn stander(row: &Row<'_>, definitions: &Definitions, on: NaiveDate) -> Option<Stander> {
    let (component, service) = (row.text("component_id")?, row.text("service")?);
    let status = row.text("status")?;
    // Who uses it already waits for nothing.
    let blocked = definitions.blocked(&component, &service, on).filter(|_| status != "adopted");
    // Whatever else became known of it meanwhile, it is gone since it left.
    let left_at = row.instant("left_at").filter(|_| row.is("is_left"));
    let since = left_at.or_else(|| row.instant("since"))?;
    Some(Stander {
        blocked: blocked.map(|blocked| blocked.reason.clone().unwrap_or_else(|| blocked.reason_code.clone())),
        component,
        service,
        team: row.text("team"),
        status,
        since: if since.micros() == 0 { "always".to_owned() } else { day_of(since, definitions.zone()) },
        is_left: row.is("is_left"),
        has_conflict: row.is("has_conflict"),
        fit_reason: row.text("fit_reason"),
        alternative: row.text("alternative"),
        version: row.text("version"),
        motive: row.text("motive"),
        evidence_kind: row.text("evidence_kind"),
        evidence: row.text("evidence_ref"),
        evidence_commit: row.text("evidence_sha"),
        evidence_url: row.text("evidence_url"),
        confirmed_on: day_said(row, "confirmed_at", definitions),
    })
}

async fn exemptions(engine: &Engine, window: &Window, component: &str, now: Instant) -> Result<Vec<ExemptionSaid>, Problem> {
    let told = Told::of(&engine.answer(EXEMPTIONS.only(COMPONENT, component), window).await?);
    let zone = engine.definitions().zone();
    let said = told.rows().filter_map(|row| {
        let (opened, review, expires) = (row.instant("opened_at")?, row.instant("review_at")?, row.instant("expires_at")?);
        let status = if expires <= now {
            "expired"
        } else if review <= now {
            "review due"
        } else {
            "open"
        };
        Some(ExemptionSaid {
            service: row.text("service")?,
            reason: row.text("reason").or_else(|| row.text("reason_code"))?,
            owner: row.text("owner").unwrap_or_default(),
            status,
            opened_on: day_of(opened, zone),
            expires_on: day_of(expires, zone),
            age_days: (now.micros() - opened.micros()) / 86_400_000_000,
        })
    });
    Ok(said.collect())
}

/// The median age of the open exemptions, as the metric says it.
async fn exemption_age(engine: &Engine, window: &Window, component: &str) -> Result<Option<i64>, Problem> {
    let metric = waymark_analytics::find("exemption_age").ok_or_else(|| Problem::no_such_metric("exemption_age"))?;
    let series = engine.series(metric, &window.clone().of_scope("component", component)).await?;
    let seconds = series.cells.iter().find_map(|cell| cell.value);
    #[expect(clippy::cast_possible_truncation, reason = "a cast saturates, and ages are days of a few years")]
    Ok(seconds.map(|seconds| (seconds / 86_400.0).floor() as i64))
}

/// Counts what services have in common, the most frequent first.
fn tallied<'a>(services: impl Iterator<Item = &'a Stander>, what: impl Fn(&Stander) -> String) -> Vec<Tally> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for service in services {
        *counts.entry(what(service)).or_default() += 1;
    }
    let mut tallies: Vec<Tally> = counts.into_iter().map(|(what, services)| Tally { what, services }).collect();
    tallies.sort_by(|one, other| other.services.cmp(&one.services).then_with(|| one.what.cmp(&other.what)));
    tallies
}
