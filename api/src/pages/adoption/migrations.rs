//! `GET /migrations` and `/migrations/{id}`: how far those are that somebody drives, week by week, and who still waits.
//!
//! What is said comes from `crate::adoption`; the drawing is the one of reports.

use super::{path_part, render, service_cell, tone};
use crate::adoption::{migrations_now, state_said};
use crate::app::App;
use crate::pages::frame::{self, Refusal};
use crate::pages::heading::Heading::Words;
use crate::pages::heading::head;
use crate::problem::Problem;
use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, PreEscaped, html};
use waymark_analytics::{Definitions, Engine, Migration};
use waymark_reports::wording::{counted, dates};
use waymark_reports::{Waiting, WaitingState, burn_up_of};

/// Every migration that has begun.
pub(crate) async fn migrations(State(app): State<App>) -> Result<Response, Refusal> {
    let app = app.pinned().await?;
    frame::answered(&app, "migrations", Box::pin(page(&app, None))).await
}

/// One of them.
pub(crate) async fn migration(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Refusal> {
    let app = app.pinned().await?;
    frame::answered(&app, &format!("migration {id}"), Box::pin(page(&app, Some(&id)))).await
}

/// The way to the migrations from the scoreboard; nothing where none is declared.
pub(super) fn overview(engine: &Engine) -> Markup {
    let declared = &engine.definitions().migrations;
    html! {
        @if !declared.is_empty() {
            section aria-labelledby="migrations" {
                h2 #migrations { "Migrations" }
                p.question { "What somebody drives: how far it is, who waits, and for what." }
                ul.chips { @for migration in declared {
                    li { a href={ "/migrations/" (path_part(&migration.id)) } { (migration.title) } " " span { "by " (migration.owner) } }
                } }
                p.more { a href="/migrations" { "All of them on one page" } }
            }
        }
    }
}

async fn page(app: &App, id: Option<&str>) -> Result<Markup, Problem> {
    let engine = app.engine.as_ref();
    let shown = migrations_now(engine, id).await?;
    let heading = match (id, shown.first()) {
        (Some(_), Some((declared, _))) => declared.title.clone(),
        _ => "How far are the migrations?".to_owned(),
    };
    let (as_of, zone) = (engine.newest().await?.as_of(), engine.definitions().zone());
    let content = html! {
        @if shown.is_empty() {
            p { "No migration has begun: declare one under " code { "migrations:" } " in " code { "platform/*.yaml" } "." }
        }
        @for (declared, told) in &shown {
            section aria-label=(declared.title) {
                // Of one migration it is the title of the page.
                @if id.is_none() { h2 { (declared.title) } }
                p.question { (about(engine.definitions(), declared, told)) }
                p class=(tone(&told.status)) { (told.forecast.as_deref().unwrap_or("No claim about its end: no complete week is known.")) }
                @if !told.weeks.is_empty() {
                    @let drawing = burn_up_of(told, zone, as_of);
                    figure.wide { div.scroll role="region" aria-label=(drawing.title()) tabindex="0" { (PreEscaped(drawing.as_str())) } }
                }
                (waiting(&told.waiting))
            }
        }
    };
    render(app, ("/adoption", "migrations"), heading, html! {
        "In scope are the services that the new component is made for; done are those that use it and, where a component is left, \
         that one no more. A leak is a service that was born on the old path; other growth of the scope is no loss. Teams are \
         helped by this, not ranked."
    }, content).await
}

fn about(definitions: &Definitions, declared: &Migration, told: &waymark_reports::Migration) -> Markup {
    let old = declared.from_component.as_deref().and_then(|old| definitions.component(old));
    html! {
        @if let Some(old) = old { "From " a href={ "/adoption/" (path_part(&old.id)) } { (old.title) } " to " } @else { "To " }
        a href={ "/adoption/" (path_part(&declared.to_component)) } { (told.component) }
        ", driven by " (declared.owner) ", since " (dates::day(declared.started_on))
        @if let Some(due) = declared.due_on { ", due " (dates::day(due)) } "."
    }
}

fn waiting(waiting: &[Waiting]) -> Markup {
    html! {
        @if waiting.is_empty() {
            p { "No service is left to move." }
        } @else {
            details open[waiting.len() <= 20] { summary { (counted(waiting.len().try_into().unwrap_or(i64::MAX), "service")) " still to move" }
                div.scroll role="region" aria-label="Services that have still to move" tabindex="0" { table {
                    (head(&[Words("Service"), Words("State"), Words("What it waits for")]))
                    tbody { @for one in waiting { tr {
                        (service_cell(&one.service, one.team.as_deref()))
                        td { (state_said(one.state)) } td { (awaited(one)) }
                    } } }
                } }
            }
        }
    }
}

/// What keeps a service; nothing may keep one that has not begun.
fn awaited(one: &Waiting) -> &str {
    match (one.reason.as_deref(), one.state) {
        (Some(reason), _) => reason,
        (None, WaitingState::Exempt) => "the end of its exemption",
        (None, WaitingState::Unknown) => "evidence",
        (None, _) => "–",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_exempt_waits_for_the_end_of_its_exemption() {
        let one = |state: WaitingState, reason: Option<&str>| Waiting {
            service: "ledger".to_owned(),
            team: None,
            state,
            reason: reason.map(str::to_owned),
        };
        assert_eq!(awaited(&one(WaitingState::Exempt, None)), "the end of its exemption");
        assert_eq!(awaited(&one(WaitingState::Blocked, Some("a new runner"))), "a new runner");
        assert_eq!(awaited(&one(WaitingState::NotStarted, None)), "–");
    }
}
