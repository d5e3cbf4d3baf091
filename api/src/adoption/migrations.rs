//! Migrations: weeks, who has still to move, and the forecast in words, for reports, the interface and pages.
//!
//! The numbers are those of `adoption_weekly`, who waits is read at the end of the period. Where a component is left,
//! who uses both is in progress, so its weeks are counted anew (`answers/migration_weeks.sql`).

use super::board::{COMPONENT, now};
use super::told::{Row, Told};
use super::until::{Aim, CompleteWeeks, is_remaining};
use crate::problem::Problem;
use chrono::{Days, NaiveDate};
use serde::Serialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;
use waymark_analytics::{Answer, Engine, Grain, MIGRATION_WEEKS, Migration, STANDING, WEEKS, Window, local_date};
use waymark_reports::{MigrationWeek, Waiting, WaitingState};

/// How many weeks back a migration is drawn: half a year.
const WEEKS_MAX: usize = 26;
/// How many weeks back one is counted, as `adoption_weekly` goes: two years.
const COUNTED_WEEKS: u64 = 104;

/// One migration on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MigrationSaid {
    /// The id by which it is declared.
    pub migration: String,
    /// What people call it.
    pub title: String,
    /// The id of the component that is moved to.
    pub component: String,
    /// The team that answers for it.
    pub owner: String,
    /// The day by which it shall be done; null = nobody said.
    #[schema(value_type = Option<String>)]
    pub due_on: Option<NaiveDate>,
    /// `done`, `on track`, `at risk`, `late`, `no forecast` or `no target`.
    pub status: String,
    /// When the rest will have moved, or why nobody can say; null while no week is known.
    pub forecast: Option<String>,
    /// Its last complete weeks, at most 26, oldest first.
    pub weeks: Vec<MigrationWeekSaid>,
    /// Services that have still to move, by name.
    pub waiting: Vec<WaitingSaid>,
}

/// How far a migration was at the end of a week, and what happened in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MigrationWeekSaid {
    /// The Monday on which it began.
    #[schema(value_type = String)]
    pub week_start: NaiveDate,
    /// Services in scope at its end.
    pub scope: i64,
    /// Those of them that had moved, as far as was last known.
    pub done: i64,
    /// Those of them that had moved and of which it was not known any more whether they still had.
    pub unconfirmed: i64,
    /// Services that moved in it.
    pub completed: i64,
    /// Services that went back in it.
    pub returned: i64,
    /// Leaks: services that were born on the old path.
    pub leaks: i64,
}

/// One service that has still to move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WaitingSaid {
    /// The service's own name.
    pub service: String,
    /// The team that owns it; null = nobody.
    pub team: Option<String>,
    /// `not started`, `in progress`, `blocked`, `exempt` or `unknown`.
    pub state: &'static str,
    /// Why it is blocked; null = it is not.
    pub reason: Option<String>,
}

/// Every declared migration that has begun, as of now, or the one of this id.
///
/// # Errors
/// `no-such-migration`, also while it has not begun, or when a number cannot be computed.
pub async fn migrations_said(engine: &Engine, id: Option<&str>) -> Result<Vec<MigrationSaid>, Problem> {
    Ok(migrations_now(engine, id).await?.into_iter().map(|(declared, told)| said(declared, told)).collect())
}

/// The same as reports draw it, beside what is declared.
///
/// # Errors
/// `no-such-migration`, also while it has not begun, or when a number cannot be computed.
pub(crate) async fn migrations_now<'engine>(
    engine: &'engine Engine,
    id: Option<&str>,
) -> Result<Vec<(&'engine Migration, waymark_reports::Migration)>, Problem> {
    let (as_of, zone) = (engine.newest().await?.as_of(), engine.definitions().zone());
    let today = local_date(as_of, zone);
    let mut begun = begun(engine, today);
    if let Some(id) = id {
        let Some(wanted) = begun.iter().find(|migration| migration.id == id) else {
            if let Some(later) = engine.definitions().migrations.iter().find(|migration| migration.id == id) {
                return Err(Problem::migration_begins(id, later.started_on));
            }
            let known: Vec<&str> = begun.iter().map(|migration| migration.id.as_str()).collect();
            return Err(Problem::no_such_migration(id, &known));
        };
        begun = vec![*wanted];
    }
    told(engine, begun, today, (&now(as_of, zone), today)).await
}

fn said(declared: &Migration, told: waymark_reports::Migration) -> MigrationSaid {
    let week = |week: MigrationWeek| MigrationWeekSaid {
        week_start: week.first_day,
        scope: week.scope,
        done: week.done,
        unconfirmed: week.unconfirmed,
        completed: week.completed,
        returned: week.returned,
        leaks: week.leaks,
    };
    let waits = |waiting: Waiting| WaitingSaid {
        service: waiting.service,
        team: waiting.team,
        state: state_said(waiting.state),
        reason: waiting.reason,
    };
    MigrationSaid {
        migration: declared.id.clone(),
        title: told.title,
        component: declared.to_component.clone(),
        owner: told.owner,
        due_on: told.due,
        status: told.status,
        forecast: told.forecast,
        weeks: told.weeks.into_iter().map(week).collect(),
        waiting: told.waiting.into_iter().map(waits).collect(),
    }
}

/// What keeps a service, in words.
pub(crate) const fn state_said(state: WaitingState) -> &'static str {
    match state {
        WaitingState::NotStarted => "not started",
        WaitingState::InProgress => "in progress",
        WaitingState::Blocked => "blocked",
        WaitingState::Exempt => "exempt",
        WaitingState::Unknown => "unknown",
    }
}

/// Every declared migration that had begun by the end of a period.
///
/// # Errors
/// When a number cannot be computed.
pub(crate) async fn migrations(engine: &Engine, end: NaiveDate) -> Result<Vec<waymark_reports::Migration>, Problem> {
    let eve = end - Days::new(1);
    let at = Window::between(Grain::Day, eve, end, engine.definitions().zone());
    Ok(told(engine, begun(engine, end), end, (&at, eve)).await?.into_iter().map(|(_, told)| told).collect())
}

/// The declared migrations that have begun before a day.
fn begun(engine: &Engine, end: NaiveDate) -> Vec<&Migration> {
    engine.definitions().migrations.iter().filter(|migration| migration.started_on < end).collect()
}

/// The weeks that are over before `end`, and who waits at the end of a window and on its day.
async fn told<'engine>(
    engine: &'engine Engine,
    begun: Vec<&'engine Migration>,
    end: NaiveDate,
    (at, on): (&Window, NaiveDate),
) -> Result<Vec<(&'engine Migration, waymark_reports::Migration)>, Problem> {
    let definitions = engine.definitions();
    let zone = definitions.zone();
    let mut told = Vec::new();
    for migration in begun {
        let component = migration.to_component.as_str();
        let weeks = weeks(engine, migration, end).await?;
        let is_over = |row: &Row<'_>| row.instant("week_end").is_some_and(|at| local_date(at, zone) <= end);
        let weeks = CompleteWeeks::of(weeks.rows().filter(is_over), zone);
        let until = match &weeks {
            Some(weeks) => {
                let held = held(engine, migration, weeks.last_day).await?;
                Some(weeks.until(Aim::of_migration(definitions, migration, weeks.last_day), held))
            }
            None => None,
        };
        let since = Grain::Week.floor(migration.started_on);
        let rows = weeks.as_ref().map(CompleteWeeks::rows).unwrap_or_default();
        let drawn: Vec<MigrationWeek> =
            rows.iter().filter_map(|row| week(row, zone)).filter(|week| week.first_day >= since).collect();
        let one = waymark_reports::Migration {
            title: migration.title.clone(),
            component: definitions.component(component).map_or(component, |component| &component.title).to_owned(),
            owner: migration.owner.clone(),
            due: migration.due_on,
            weeks: drawn.rchunks(WEEKS_MAX).next().unwrap_or_default().to_vec(),
            waiting: waiting(engine, migration, at, on).await?,
            forecast: until.as_ref().map(|until| until.sentence.clone()),
            status: until.map_or("no forecast", |until| until.status).to_owned(),
        };
        told.push((migration, one));
    }
    Ok(told)
}

/// Its weeks before a day, oldest first, as far as they are counted.
async fn weeks(engine: &Engine, migration: &Migration, end: NaiveDate) -> Result<Told, Problem> {
    let counted = Window::between(Grain::Week, end - Days::new(7 * COUNTED_WEEKS), end, engine.definitions().zone());
    let (answer, column, id): (&Answer, _, _) = if migration.from_component.is_some() {
        (&MIGRATION_WEEKS, "migration_id", migration.id.as_str())
    } else {
        (&WEEKS, COMPONENT, migration.to_component.as_str())
    };
    Ok(Told::of(&engine.answer(answer.only(column, id), &counted).await?))
}

/// Who has still to move at the end of a window, and what keeps them on a day.
async fn waiting(engine: &Engine, migration: &Migration, at: &Window, on: NaiveDate) -> Result<Vec<Waiting>, Problem> {
    let standing = Told::of(&engine.answer(STANDING.only(COMPONENT, &migration.to_component), at).await?);
    let old_users = old_users(engine, migration, at).await?;
    Ok(standing.rows().filter_map(|row| waits(&row, migration, &old_users, on)).collect())
}

/// How many of those who had still to move at the end of a day were exempt or blocked; null where nobody is blocked, and the
/// weeks tell who is exempt.
async fn held(engine: &Engine, migration: &Migration, on: NaiveDate) -> Result<Option<usize>, Problem> {
    if migration.blocked.is_empty() {
        return Ok(None);
    }
    let at = Window::between(Grain::Day, on, on + Days::new(1), engine.definitions().zone());
    let waiting = waiting(engine, migration, &at, on).await?;
    Ok(Some(waiting.iter().filter(|one| matches!(one.state, WaitingState::Blocked | WaitingState::Exempt)).count()))
}

/// The services that use the component that is left, as far as was last known; none where none is.
async fn old_users(engine: &Engine, migration: &Migration, at: &Window) -> Result<BTreeSet<String>, Problem> {
    let Some(old) = &migration.from_component else { return Ok(BTreeSet::new()) };
    let standing = Told::of(&engine.answer(STANDING.only(COMPONENT, old), at).await?);
    let uses_it = |row: &Row<'_>| matches!(row.text("known_status").as_deref(), Some("adopted" | "partial"));
    Ok(standing.rows().filter(uses_it).filter_map(|row| row.text("service")).collect())
}

fn week(row: &Row<'_>, zone: chrono_tz::Tz) -> Option<MigrationWeek> {
    let eligible = row.count("eligible");
    Some(MigrationWeek {
        first_day: local_date(row.instant("week_start")?, zone),
        scope: eligible,
        done: eligible - row.count("remaining"),
        unconfirmed: row.count("unconfirmed"),
        completed: row.count("completed"),
        returned: row.count("returned"),
        leaks: row.count("leaks"),
    })
}

/// A service that has still to move, and what keeps it; a block counts from its day until it is lifted.
fn waits(row: &Row<'_>, migration: &Migration, old_users: &BTreeSet<String>, on: NaiveDate) -> Option<Waiting> {
    let (service, status) = (row.text("service")?, row.text("status")?);
    let uses_both = !is_remaining(row) && row.text("fit").as_deref() == Some("fits") && old_users.contains(&service);
    if !is_remaining(row) && !uses_both {
        return None;
    }
    let blocked = migration.blocked(&service, on);
    let state = match (status.as_str(), blocked) {
        (_, Some(_)) => WaitingState::Blocked,
        (_, None) if uses_both => WaitingState::InProgress,
        ("partial", None) => WaitingState::InProgress,
        ("exempt", None) => WaitingState::Exempt,
        ("unknown", None) => WaitingState::Unknown,
        _ => WaitingState::NotStarted,
    };
    let reason = blocked.map(|blocked| blocked.reason.clone().unwrap_or_else(|| blocked.reason_code.clone()));
    Some(Waiting { service, team: row.text("team"), state, reason })
}
