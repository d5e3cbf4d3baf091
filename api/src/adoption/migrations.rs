//! Migrations as reports tell them: weeks, who has still to move, and the forecast in words.
//!
//! The numbers are those of `adoption_weekly` and of the standings at the end of the period; what is
//! said about the end is what the scoreboard says.

use super::board::COMPONENT;
use super::told::{Row, Told};
use super::until::{is_remaining, until};
use crate::problem::Problem;
use chrono::{Days, NaiveDate};
use waymark_analytics::{Engine, Grain, Migration, STANDING, WEEKS, Window, local_date};
use waymark_reports::{MigrationWeek, Waiting, WaitingState};

/// How many weeks back a migration is drawn: half a year.
const WEEKS_MAX: usize = 26;

/// Every declared migration that had begun by the end of a period.
///
/// # Errors
/// When a number cannot be computed.
pub(crate) async fn migrations(engine: &Engine, end: NaiveDate) -> Result<Vec<waymark_reports::Migration>, Problem> {
    let definitions = engine.definitions();
    let begun: Vec<&Migration> = definitions.migrations.iter().filter(|migration| migration.started_on < end).collect();
    if begun.is_empty() {
        return Ok(Vec::new());
    }
    let zone = definitions.zone();
    let eve = Window::between(Grain::Day, end - Days::new(1), end, zone);
    let weeks = Told::of(&engine.answer(&WEEKS, &eve).await?);
    let mut told = Vec::new();
    for migration in begun {
        let component = migration.to_component.as_str();
        let standing = Told::of(&engine.answer(STANDING.only(COMPONENT, component), &eve).await?);
        let is_over = |row: &Row<'_>| row.instant("week_end").is_some_and(|at| local_date(at, zone) <= end);
        let mine = weeks.rows().filter(|row| row.text(COMPONENT).as_deref() == Some(component));
        let mine: Vec<Row<'_>> = mine.filter(|row| !row.is("is_partial") && is_over(row)).collect();
        let here: Vec<Row<'_>> = standing.rows().collect();
        let said = until(definitions, component, &mine, &here);
        let since = Grain::Week.floor(migration.started_on);
        let drawn = mine.iter().filter_map(|row| week(row, zone)).filter(|week| week.first_day >= since);
        let drawn: Vec<MigrationWeek> = drawn.collect();
        told.push(waymark_reports::Migration {
            title: migration.title.clone(),
            component: definitions.component(component).map_or(component, |component| &component.title).to_owned(),
            owner: migration.owner.clone(),
            due: migration.due_on,
            weeks: drawn.rchunks(WEEKS_MAX).next().unwrap_or_default().to_vec(),
            waiting: here.iter().filter_map(|row| waits(row, migration, end)).collect(),
            forecast: said.as_ref().map(|said| said.sentence.clone()),
            status: said.map_or("no forecast", |said| said.status).to_owned(),
        });
    }
    Ok(told)
}

fn week(row: &Row<'_>, zone: chrono_tz::Tz) -> Option<MigrationWeek> {
    let eligible = row.count("eligible");
    Some(MigrationWeek {
        first_day: local_date(row.instant("week_start")?, zone),
        scope: eligible,
        done: eligible - row.count("remaining"),
        completed: row.count("completed"),
        returned: row.count("returned"),
        leaks: row.count("entered"),
    })
}

/// A service that has still to move, and what keeps it; a block counts from its day until it is lifted.
fn waits(row: &Row<'_>, migration: &Migration, end: NaiveDate) -> Option<Waiting> {
    let (service, status) = (row.text("service")?, row.text("status")?);
    if !is_remaining(row) {
        return None;
    }
    let blocked = migration.blocked(&service, end - Days::new(1));
    let state = match (status.as_str(), blocked) {
        (_, Some(_)) => WaitingState::Blocked,
        ("partial", None) => WaitingState::InProgress,
        ("exempt", None) => WaitingState::Exempt,
        ("unknown", None) => WaitingState::Unknown,
        _ => WaitingState::NotStarted,
    };
    let reason = blocked.map(|blocked| blocked.reason.clone().unwrap_or_else(|| blocked.reason_code.clone()));
    Some(Waiting { service, team: row.text("team"), state, reason })
}
