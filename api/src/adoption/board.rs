//! The scoreboard: for each component who uses it, who could, what moved, and whether the goal is in reach.

use super::told::Told;
use super::tools::{Category, categories};
use super::until::{Until, until};
use crate::problem::Problem;
use crate::reporting::{day_of, each_series};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use waymark_analytics::{Cell, Component, Definitions, Engine, Grain, MOVEMENTS, STANDING, Series, WEEKS, Window};
use waymark_reports::wording::{self, dates};

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
    /// The instant that it describes.
    pub as_of: String,
    /// The snapshot that it was computed from.
    pub snapshot: String,
    /// The last complete week, in which `joined` and `left` are counted.
    pub week: String,
    /// Every described component, in the organisation's own order.
    pub components: Vec<Score>,
    /// How many tools do the same thing, by category.
    pub categories: Vec<Category>,
}

/// The scoreboard of the newest snapshot.
///
/// # Errors
/// When a number cannot be computed.
pub async fn board(engine: &Engine) -> Result<Board, Problem> {
    let opened = engine.newest().await?;
    let definitions = engine.definitions();
    let zone = definitions.zone();
    let yesterday = Window::last_complete(Grain::Day, 1, opened.as_of(), zone).of_kind("component");
    let ids = ["adoption_rate", "coverage_fit", "reach", "teams_completed"];
    let levels: BTreeMap<_, _> = ids.into_iter().zip(each_series(engine, &ids, &yesterday).await?).collect();
    let week = Window::last_complete(Grain::Week, 1, opened.as_of(), zone);
    let moved = Told::of(&engine.answer(&MOVEMENTS, &week).await?);
    let weeks = Told::of(&engine.answer(&WEEKS, &week).await?);
    let has_blocked = definitions.migrations.iter().any(|migration| !migration.blocked.is_empty());
    let standing = if has_blocked { Some(Told::of(&engine.answer(&STANDING, &yesterday).await?)) } else { None };
    let score = |component: &Component| {
        let of_kind = |kind: &str| {
            let mine = moved.rows().filter(|row| row.text("component_id").as_deref() == Some(component.id.as_str()));
            mine.filter(|row| row.text("kind").as_deref() == Some(kind)).count()
        };
        let mine: Vec<_> =
            weeks.rows().filter(|row| row.text("component_id").as_deref() == Some(component.id.as_str())).collect();
        let here = standing.iter().flat_map(Told::rows);
        let here: Vec<_> = here.filter(|row| row.text("component_id").as_deref() == Some(component.id.as_str())).collect();
        let bounds = |id: &str, statistic: &str| bounds(levels.get(id).map(AsRef::as_ref), statistic, &component.id);
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
            until: until(definitions, &component.id, &mine, &here),
            sentence: String::new(),
        };
        score.sentence = score.said();
        score
    };
    Ok(Board {
        as_of: opened.as_of().to_rfc3339(),
        snapshot: opened.snapshot.id.clone(),
        week: week.periods.first().map(|period| dates::period(Grain::Week, period)).unwrap_or_default(),
        components: definitions.components.iter().map(score).collect(),
        categories: categories(engine).await?,
    })
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

    /// How many stand below the line without being known.
    pub fn unknown(&self) -> i64 {
        let (Some(value), Some(high), Some(denominator)) = (self.value, self.high, self.denominator) else { return 0 };
        #[expect(clippy::cast_possible_truncation, reason = "a count of services")]
        let unknown = ((high - value) * denominator).round() as i64;
        unknown
    }
}

impl Score {
    fn said(&self) -> String {
        if self.adoption.value.is_none() {
            return "no eligible service is known".to_owned();
        }
        let moved = |count: usize, none: &str, word: &str| {
            if count == 0 { none.to_owned() } else { format!("{count} {word}") }
        };
        let until = self.until.as_ref().map_or_else(|| "no complete week is known".to_owned(), |until| until.sentence.clone());
        format!(
            "{} eligible services, {} this week, {}; {until}",
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
pub(super) fn day_said(row: &super::told::Row<'_>, name: &str, definitions: &Definitions) -> Option<String> {
    row.instant(name).map(|instant| day_of(instant, definitions.zone()))
}
