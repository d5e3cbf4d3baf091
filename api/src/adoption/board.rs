//! The scoreboard: for each component who uses it, who could, what moved, and whether the goal is in reach.
//!
//! Who uses it is read now, who moved in the last complete week; a forecast is made as of the end of that week.

use super::told::{Row, Told};
use super::tools::{Category, categories};
use super::until::{Aim, CompleteWeeks, Until, is_remaining};
use crate::problem::Problem;
use crate::reporting::{day_of, each_series};
use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;
use waymark_analytics::{
    Answer, AnswerRequest, Cell, Component, Definitions, Engine, Grain, MOVEMENTS, STANDING, Series, Unit, WEEKS, Window,
    local_date,
};
use waymark_event::Instant;
use waymark_reports::wording::{self, dates};

/// The column of an answer that names the component.
pub(super) const COMPONENT: &str = "component_id";

/// A share of services with what its unknowns leave open.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Bounds {
    /// The share among what is known to count; null = nothing to count.
    pub value: Option<f64>,
    /// The least that it can be.
    pub low: Option<f64>,
    /// The most that it can be.
    pub high: Option<f64>,
    /// Services above the line.
    pub numerator: Option<f64>,
    /// Services below the line.
    pub denominator: Option<f64>,
}

/// One component on the scoreboard.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Score {
    /// The component's id.
    pub component: String,
    /// What people call it.
    pub title: String,
    /// What it is for.
    pub category: String,
    /// The team that offers it.
    pub owner: String,
    /// `pilot`, `general` or `deprecated`.
    pub lifecycle: String,
    /// Of the services that it is made for, the share that uses it.
    pub adoption: Bounds,
    /// For which share of the active services it is made.
    pub coverage: Bounds,
    /// The share of all active services that uses it.
    pub reach: Bounds,
    /// Teams with every eligible service on it, by teams with any.
    pub teams_completed: Bounds,
    /// Teams with at least one eligible service on it.
    pub teams_started: Bounds,
    /// Services that joined in the last complete week.
    pub joined: usize,
    /// Services that left in it.
    pub left: usize,
    /// When the goal will be reached; null while no week is known.
    pub until: Option<Until>,
    /// All of it as one sentence.
    pub sentence: String,
}

/// The scoreboard of the platform.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Board {
    /// The instant that it describes: who uses a component is read then.
    pub as_of: String,
    /// The snapshot that it was computed from.
    pub snapshot: String,
    /// The last complete week, in which `joined` and `left` are counted, and as of the end of which `until` is said.
    pub week: String,
    /// Every described component, in the organisation's own order.
    pub components: Vec<Score>,
    /// How many tools do the same thing, by category.
    pub categories: Vec<Category>,
}

/// What scores are made of: levels as of now, who moved in the last complete week, and goals as of its end.
struct Scoring<'a> {
    levels: BTreeMap<&'static str, Arc<Series>>,
    week: String,
    moved: Told,
    goals: Goals<'a>,
}

/// What forecasts are made of: all weeks that were over at an instant, and who stood where then if somebody is blocked.
struct Goals<'a> {
    definitions: &'a Definitions,
    end: Instant,
    weeks: Told,
    standing: Option<Told>,
}

/// The scoreboard of the newest snapshot.
///
/// # Errors
/// When a number cannot be computed.
pub async fn board(engine: &Engine) -> Result<Board, Problem> {
    let engine = &engine.pinned().await?;
    let opened = engine.newest().await?;
    let scoring = Scoring::of(engine, opened.as_of(), None).await?;
    Ok(Board {
        as_of: opened.as_of().to_rfc3339(),
        snapshot: opened.snapshot.id.clone(),
        components: engine.definitions().components.iter().map(|component| scoring.score(component)).collect(),
        categories: categories(engine).await?,
        week: scoring.week,
    })
}

/// Where one component stands as of an instant, as the scoreboard says it.
pub(super) async fn score(engine: &Engine, component: &Component, as_of: Instant) -> Result<Score, Problem> {
    Ok(Scoring::of(engine, as_of, Some(&component.id)).await?.score(component))
}

/// When each component will have reached its goal, by its id, as of the last week that is over before a day: of today it is
/// what the scoreboard says.
///
/// # Errors
/// When a number cannot be computed.
pub(crate) async fn untils(engine: &Engine, end: NaiveDate) -> Result<BTreeMap<String, Until>, Problem> {
    let definitions = engine.definitions();
    let today = local_date(engine.newest().await?.as_of(), definitions.zone());
    let end = Grain::Week.floor(end.min(today));
    let week = Window::between(Grain::Week, end - Days::new(7), end, definitions.zone());
    let goals = Goals::of(engine, &week, None).await?;
    let until = |component: &Component| Some((component.id.clone(), goals.until(&component.id)?));
    Ok(definitions.components.iter().filter_map(until).collect())
}

/// The period at whose end levels are read now. Yesterday belongs to it, because now is no edge of a period of which no day is
/// over.
pub(super) fn now(as_of: Instant, zone: Tz) -> Window {
    Window::until_now(1, as_of, zone)
}

/// An answer about one component, or about all.
fn about<'a>(answer: &'a Answer, component: Option<&'a str>) -> AnswerRequest<'a> {
    component.map_or_else(|| answer.into(), |component| answer.only(COMPONENT, component))
}

impl<'a> Scoring<'a> {
    /// For every component as of an instant, or for one.
    async fn of(engine: &'a Engine, as_of: Instant, component: Option<&str>) -> Result<Self, Problem> {
        let zone = engine.definitions().zone();
        let week = Window::last_complete(Grain::Week, 1, as_of, zone);
        let ids = ["adoption_rate", "coverage_fit", "reach", "teams_completed"];
        let levels = each_series(engine, &ids, &now(as_of, zone).of_kind("component")).await?;
        Ok(Self {
            levels: ids.into_iter().zip(levels).collect(),
            week: week.periods.first().map(|period| dates::period(Grain::Week, period)).unwrap_or_default(),
            moved: Told::of(&engine.answer(about(&MOVEMENTS, component), &week).await?),
            goals: Goals::of(engine, &week, component).await?,
        })
    }

    fn score(&self, component: &Component) -> Score {
        let is_mine = |row: &Row<'_>| row.text(COMPONENT).as_deref() == Some(component.id.as_str());
        let moved: Vec<_> = self.moved.rows().filter(is_mine).collect();
        let of_kind = |kind: &str| moved.iter().filter(|row| row.text("kind").as_deref() == Some(kind)).count();
        let bounds = |id: &str, statistic: &str| bounds(self.levels.get(id).map(AsRef::as_ref), statistic, &component.id);
        let mut score = Score {
            component: component.id.clone(),
            title: component.title.clone(),
            category: component.category.clone(),
            owner: component.owner.clone(),
            lifecycle: component.lifecycle.clone(),
            adoption: bounds("adoption_rate", "share"),
            coverage: bounds("coverage_fit", "share"),
            reach: bounds("reach", "share"),
            teams_completed: bounds("teams_completed", "completed"),
            teams_started: bounds("teams_completed", "started"),
            joined: of_kind("joined"),
            left: of_kind("left"),
            until: self.goals.until(&component.id),
            sentence: String::new(),
        };
        if let Some(until) = score.until.as_mut().filter(|_| score.adoption.is_unseen()) {
            (until.status, until.sentence) = ("no forecast", "use is unknown".to_owned());
        }
        score.sentence = score.said(&self.week);
        score
    }
}

impl<'a> Goals<'a> {
    /// As of the end of a week, for every component or for one.
    async fn of(engine: &'a Engine, week: &Window, component: Option<&str>) -> Result<Self, Problem> {
        let definitions = engine.definitions();
        let has_blocked = definitions.migrations.iter().any(|migration| !migration.blocked.is_empty());
        let standing =
            if has_blocked { Some(Told::of(&engine.answer(about(&STANDING, component), week).await?)) } else { None };
        Ok(Self {
            definitions,
            end: week.periods.last().map(|period| period.end).unwrap_or_default(),
            weeks: Told::of(&engine.answer(about(&WEEKS, component), week).await?),
            standing,
        })
    }

    fn until(&self, component: &str) -> Option<Until> {
        let is_mine = |row: &Row<'_>| row.text(COMPONENT).as_deref() == Some(component);
        let is_over = |row: &Row<'_>| row.instant("week_end").is_some_and(|end| end <= self.end);
        let weeks = CompleteWeeks::of(self.weeks.rows().filter(is_mine).filter(is_over), self.definitions.zone())?;
        let is_blocked = |service: &str| self.definitions.blocked(component, service, weeks.last_day).is_some();
        let waits = |row: &Row<'_>| {
            let is_exempt = row.text("status").as_deref() == Some("exempt");
            is_remaining(row) && (is_exempt || row.text("service").is_some_and(|service| is_blocked(&service)))
        };
        let waiting = self.standing.as_ref().map(|standing| standing.rows().filter(is_mine).filter(waits).count());
        Some(weeks.until(Aim::of_component(self.definitions, component, weeks.last_day), waiting))
    }
}

fn bounds(series: Option<&Series>, statistic: &str, component: &str) -> Bounds {
    let line = series.map(|series| series.line(statistic, "component", component)).unwrap_or_default();
    let of = |cell: &&Cell| Bounds {
        value: cell.value,
        low: cell.low,
        high: cell.high,
        numerator: cell.numerator,
        denominator: cell.denominator,
    };
    line.last().map(of).unwrap_or_default()
}

impl Bounds {
    /// `45 of 60 (75 %)`, with what the unknowns leave open.
    pub fn said(&self) -> String {
        let (Some(value), Some(numerator), Some(denominator)) = (self.value, self.numerator, self.denominator) else {
            return "no data".to_owned();
        };
        let open = match self.high {
            Some(high) if high > value + 1e-9 => format!(", at most {}", wording::share(high)),
            _ => String::new(),
        };
        format!("{} of {} ({}{open})", wording::plain(numerator), wording::plain(denominator), wording::share(value))
    }

    /// The share, or what it may be where something is unknown: `75 %`, `75–83 %`; a dash where nothing is counted.
    pub fn share(&self) -> String {
        let Some(value) = self.value else { return "–".to_owned() };
        match (self.low, self.high) {
            (Some(low), Some(high)) if high - low > 1e-9 => wording::interval(Unit::Share, low, high),
            _ => wording::share(value),
        }
    }

    /// Whether nothing is known about any of what stands below the line: then no forecast of it is a finding.
    fn is_unseen(&self) -> bool {
        self.denominator.is_some_and(|all| all > 0.0 && self.unknown() as f64 >= all)
    }

    /// How many stand below the line without being known.
    pub fn unknown(&self) -> i64 {
        let (Some(value), Some(high), Some(denominator)) = (self.value, self.high, self.denominator) else { return 0 };
        #[expect(clippy::cast_possible_truncation, reason = "a count of services")]
        let unknown = ((high - value) * denominator).round() as i64;
        unknown
    }
}

impl Score {
    fn said(&self, week: &str) -> String {
        if self.adoption.value.is_none() {
            return "no eligible service is known".to_owned();
        }
        let moved = |count: usize, none: &str, word: &str| {
            if count == 0 { none.to_owned() } else { format!("{count} {word}") }
        };
        let until = self.until.as_ref().map_or_else(|| "no complete week is known".to_owned(), |until| until.sentence.clone());
        format!(
            "{} eligible services now, {} in the {week}, {}; {until}",
            self.adoption.said(),
            moved(self.joined, "none joined", "joined"),
            moved(self.left, "none left", "left"),
        )
    }
}

/// The component of this id, or which there are.
pub(super) fn described<'a>(definitions: &'a Definitions, id: &str) -> Result<&'a Component, Problem> {
    definitions.component(id).ok_or_else(|| {
        let known: Vec<&str> = definitions.components.iter().map(|component| component.id.as_str()).collect();
        Problem::no_such_component(id, &known)
    })
}

/// A day as JSON writes it.
pub(super) fn day_said(row: &Row<'_>, name: &str, definitions: &Definitions) -> Option<String> {
    row.instant(name).map(|instant| day_of(instant, definitions.zone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_what_the_unknown_leave_open_and_unseen_only_where_nobody_was_looked_at() {
        let bounds = |low: f64, high: f64| Bounds {
            value: Some(low),
            low: Some(low),
            high: Some(high),
            numerator: Some(low * 4.0),
            denominator: Some(4.0),
        };
        for (given, share, is_unseen) in [
            (Bounds::default(), "–", false),
            (bounds(0.0, 0.0), "0 %", false),
            (bounds(0.0, 1.0), "0–100 %", true),
            (bounds(0.0, 0.75), "0–75 %", false),
            (bounds(0.75, 1.0), "75–100 %", false),
            (bounds(0.75, 0.75), "75 %", false),
        ] {
            assert_eq!((given.share().as_str(), given.is_unseen()), (share, is_unseen), "{given:?}");
        }
    }
}
