//! `GET /adoption`: the scoreboard of the platform's components.
//!
//! What is said comes from `crate::adoption`; one component is in `adoption/component.rs`, a team's or
//! a service's own view in `adoption/offers.rs`.

mod component;
mod delivered;
mod migrations;
mod offers;

pub(super) use component::component;
pub(super) use migrations::{migration, migrations};
pub(super) use offers::{service, team};

use super::address::path_part;
use super::ended;
use super::frame::{self, Page, Refusal};
use super::heading::Heading::{Number, Words};
use super::heading::head;
use super::picture::{chart, named};
use crate::adoption::{self, Board, Category, Score, Stander};
use crate::app::App;
use crate::problem::Problem;
use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use std::sync::Arc;
use waymark_analytics::{Alternative, Definitions, Engine, Grain, Window};

/// The scoreboard as a page.
pub(crate) async fn board(State(app): State<App>) -> Result<Response, Refusal> {
    let bytes = rendered(&app).await?;
    Ok(frame::answer(bytes.as_ref().clone()))
}

/// The bytes of the scoreboard.
pub(super) async fn rendered(app: &App) -> Result<Arc<Vec<u8>>, Problem> {
    let app = app.pinned().await?;
    frame::rendered(&app, "adoption", Box::pin(page(&app))).await
}

async fn page(app: &App) -> Result<Markup, Problem> {
    let engine = app.engine.as_ref();
    let board = adoption::board(engine).await?;
    let picture = picture(engine).await?;
    let content = html! {
        @if board.components.is_empty() {
            p { "No component is described yet: add " code { "[[component]]" } " entries to the configuration and send evidence." }
        } @else {
            (scoreboard(&board))
            (migrations::overview(engine))
            section aria-labelledby="levels" {
                h2 #levels { "How far it reaches" }
                p.question { "For how much is each component made, and how much of that uses it?" }
                figure.wide { (picture) figcaption { a href="/metrics/reach?grain=week&last=1" { "the services behind it" } } }
            }
            (fragmentation(&board.categories))
        }
    };
    render(app, ("/adoption", "adoption"), "Who takes the paved road?".to_owned(), html! {
        "Adoption is read with fit and reach, never alone: of the services that a component is made for, the share that uses \
         it; for how many it is made; and how many of all that is. Teams are compared with their own past only."
    }, content).await
}

/// A page of adoption in the frame that all pages share, under its place in the navigation and its title.
async fn render(
    app: &App,
    (address, title): (&'static str, &str),
    heading: String,
    lede: Markup,
    content: Markup,
) -> Result<Markup, Problem> {
    let opened = app.engine.newest().await?;
    let zone = app.engine.definitions().zone();
    let page = Page {
        address,
        title: title.to_owned(),
        as_of: Some(ended::as_of(app).await?),
        heading,
        lede,
        content,
        footer: html! { "Snapshot " (opened.snapshot.id) " · zone " (zone.to_string()) " · nothing here ranks people" },
    };
    Ok(page.render())
}

async fn picture(engine: &Engine) -> Result<Markup, Problem> {
    let opened = engine.newest().await?;
    let window = Window::last_complete(Grain::Week, 13, opened.as_of(), engine.definitions().zone()).of_kind("component");
    let components = engine.definitions().components.len().max(2);
    let height = 126 + components * if components > 5 { 27 } else { 46 };
    chart(engine, "reach", named("adoption_rate")?, &window, (1_120, height)).await
}

fn scoreboard(board: &Board) -> Markup {
    html! {
        section aria-labelledby="scoreboard" {
            h2 #scoreboard { "Scoreboard" }
            p.question { "Joined and left are those of the " (board.week) "." }
            div.scroll role="region" aria-label="Scoreboard" tabindex="0" { table.board.stacked {
                (head(&[
                    Words("Component"), Words("Adoption"), Number("Fit"), Number("Reach"), Number("Teams done"),
                    Number("Joined"), Number("Left"), Words("When"),
                ]))
                tbody { @for score in &board.components { (row(score)) } }
            } }
        }
    }
}

/// On a phone the cells of a row stand below each other, each under its own heading.
fn row(score: &Score) -> Markup {
    html! {
        tr {
            td { a href={ "/adoption/" (path_part(&score.component)) } { (score.title) } small { (score.category) " · " (score.owner) } }
            td data-label="Adoption" {
                (score.adoption.said()) @if score.adoption.unknown() > 0 { small { (score.adoption.unknown()) " unknown" } }
            }
            td.number data-label="Fit" { (score.coverage.share()) }
            td.number data-label="Reach" { (score.reach.share()) }
            td.number data-label="Teams done" {
                (score.teams_completed.share()) small { "started " (score.teams_started.share()) }
            }
            td.number data-label="Joined" { (score.joined) }
            td.number data-label="Left" { @if score.left > 0 { span.verdict.worse { (score.left) } } @else { "0" } }
            td data-label="When" {
                @if let Some(until) = &score.until { span class=(tone(until.status)) { (until.sentence) } } @else { "–" }
            }
        }
    }
}

/// What a status means for the reader.
fn tone(status: &str) -> &'static str {
    match status {
        "late" | "at risk" => "verdict worse",
        "on track" | "done" => "verdict better",
        _ => "verdict",
    }
}

/// What is used side by side for the same purpose; a category with one tool is whole.
fn fragmentation(categories: &[Category]) -> Markup {
    html! {
        section aria-labelledby="tools" {
            h2 #tools { "How many tools do the same thing" }
            p.question { "Counted in services; two tools of equal use are 2, a small one beside a large one is little more than 1." }
            div.scroll role="region" aria-label="Tools by category" tabindex="0" { table {
                (head(&[Words("Category"), Number("Amounts to"), Words("In use")]))
                tbody { @for category in categories { tr {
                    td { (category.category) }
                    td.number { (format!("{:.1}", category.effective_tools)) }
                    td { @for (place, tool) in category.tools.iter().enumerate() {
                        @if place > 0 { ", " } (tool.what) " (" (tool.services) ")"
                    } }
                } } }
            } }
        }
    }
}

fn share(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), waymark_reports::wording::share)
}

/// Where evidence lies: a link where it can be looked at, else its place.
fn evidence(place: Option<&str>, url: Option<&str>) -> Markup {
    match (place, url.filter(|url| url.starts_with("https://") || url.starts_with("http://"))) {
        (place, Some(url)) => html! { a href=(url) { (place.unwrap_or("look at it")) } },
        (Some(place), None) => html! { code { (place) } },
        (None, None) => html! { "–" },
    }
}

/// What shows how a service stands: where it lies, or what it is and when it was last seen where it has no place, such as
/// what was seen running.
fn shown(one: &Stander) -> Markup {
    let kind = one.evidence_kind.as_deref().filter(|_| one.evidence.is_none() && one.evidence_url.is_none());
    let Some(kind) = kind else { return evidence(one.evidence.as_deref(), one.evidence_url.as_deref()) };
    let words = match kind {
        "runtime" => "seen running",
        "lockfile" => "a lock file",
        "config" => "its configuration",
        other => other,
    };
    html! { (words) @if let Some(on) = &one.confirmed_on { small { "last seen " (frame::day(on)) } } }
}

/// What people call what is used in the place of a component; another name stays as it is.
fn alternative_title(definitions: &Definitions, component: &str, name: &str) -> String {
    let category = definitions.component(component).map(|component| component.category.as_str());
    let is_it = |one: &&Alternative| one.name == name && category == Some(one.category.as_str());
    let title = definitions.alternatives.iter().find(is_it).and_then(|one| one.title.clone());
    title.unwrap_or_else(|| name.to_owned())
}

/// A service with a link to its own page, and its team.
fn service_cell(service: &str, team: Option<&str>) -> Markup {
    html! {
        td {
            a href={ "/services/" (path_part(service)) } { (service) }
            @if let Some(team) = team { small { a href={ "/teams/" (path_part(team)) } { (team) } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adoption::Bounds;
    use waymark_analytics::Component;

    fn score(joined: usize, left: usize) -> Score {
        Score {
            component: "tracing".to_owned(),
            title: "Tracing".to_owned(),
            category: "observability".to_owned(),
            owner: "platform".to_owned(),
            lifecycle: "general".to_owned(),
            adoption: Bounds::default(),
            coverage: Bounds::default(),
            reach: Bounds::default(),
            teams_completed: Bounds::default(),
            teams_started: Bounds::default(),
            joined,
            left,
            until: None,
            sentence: String::new(),
        }
    }

    #[test]
    fn nobody_who_moved_is_a_zero_and_not_a_gap() {
        let row = row(&score(0, 0)).into_string();
        assert!(row.contains("data-label=\"Joined\">0</td>") && row.contains("data-label=\"Left\">0</td>"), "{row}");
    }

    #[test]
    fn what_is_unknown_is_no_zero() {
        let unknown =
            Bounds { value: Some(0.0), low: Some(0.0), high: Some(1.0), numerator: Some(0.0), denominator: Some(7.0) };
        let given = Score { reach: unknown.clone(), teams_completed: unknown.clone(), teams_started: unknown, ..score(0, 0) };
        let row = row(&given).into_string();
        assert!(row.contains("data-label=\"Reach\">0–100 %</td>"), "{row}");
        assert!(row.contains("data-label=\"Teams done\">0–100 %<small>started 0–100 %</small></td>"), "{row}");
        let levels = component::levels(&given).into_string();
        assert!(levels.contains("<h3>Reach</h3><span class=\"figure\">0–100 %</span>"), "{levels}");
        assert!(levels.contains("0 of 7 teams; started 0–100 %</span>"), "{levels}");
    }

    #[test]
    fn what_was_seen_running_is_evidence_without_a_place() {
        let one = |kind: Option<&str>, place: Option<&str>| Stander {
            component: "tracing".to_owned(),
            service: "cart".to_owned(),
            team: None,
            status: "adopted".to_owned(),
            since: "2026-03-02".to_owned(),
            is_left: false,
            has_conflict: false,
            fit_reason: None,
            blocked: None,
            alternative: None,
            version: None,
            motive: None,
            evidence_kind: kind.map(str::to_owned),
            evidence: place.map(str::to_owned),
            evidence_commit: None,
            evidence_url: None,
            confirmed_on: Some("2026-08-02".to_owned()),
        };
        let said = |kind, place| shown(&one(kind, place)).into_string();
        assert_eq!(said(Some("runtime"), None), "seen running<small>last seen 2 Aug 2026</small>");
        assert_eq!(said(Some("config"), Some("ci.yaml:3")), "<code>ci.yaml:3</code>");
        assert_eq!(said(None, None), "–");
    }

    #[test]
    fn what_is_used_instead_has_its_title_in_its_category_only() {
        let component =
            |id: &str, category: &str| Component { id: id.to_owned(), category: category.to_owned(), ..Component::default() };
        let definitions = Definitions {
            components: vec![component("ci-standard", "ci"), component("vault", "secrets")],
            alternatives: vec![Alternative {
                category: "ci".to_owned(),
                name: "old-runner".to_owned(),
                title: Some("The old runner".to_owned()),
                vendor: None,
                stance: "tolerated".to_owned(),
            }],
            ..Definitions::default()
        };
        assert_eq!(alternative_title(&definitions, "ci-standard", "old-runner"), "The old runner");
        assert_eq!(alternative_title(&definitions, "vault", "old-runner"), "old-runner");
    }
}
