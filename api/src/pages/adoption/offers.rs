//! `GET /services/{service}` and `/teams/{team}`: what the platform offers that fits them, used or not.
//!
//! A team sees its own services and nobody else's.

use super::component::status;
use super::{alternative_title, evidence, path_part, render};
use crate::adoption::{Stander, offers};
use crate::app::App;
use crate::pages::address::Address;
use crate::pages::frame::{self, Refusal};
use crate::pages::picture::named;
use crate::problem::Problem;
use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use waymark_analytics::{Engine, Window};
use waymark_reports::wording;

/// Throughput first, then instability.
const DORA: &[&str] = &[
    "change_lead_time",
    "deployment_frequency",
    "failed_deployment_recovery_time",
    "change_fail_rate",
    "deployment_rework_rate",
];

/// The page of one service.
pub(crate) async fn service(State(app): State<App>, Path(name): Path<String>) -> Result<Response, Refusal> {
    answer(&app, "service", &name).await
}

/// The page of one team.
pub(crate) async fn team(State(app): State<App>, Path(name): Path<String>) -> Result<Response, Refusal> {
    answer(&app, "team", &name).await
}

async fn answer(app: &App, kind: &str, name: &str) -> Result<Response, Refusal> {
    frame::answered(app, &format!("offers {kind} {name}"), Box::pin(page(&app.engine, kind, name))).await
}

async fn page(engine: &Engine, kind: &str, name: &str) -> Result<Markup, Problem> {
    let mut standing = offers(engine, kind, name).await?;
    if standing.is_empty() {
        return Err(Problem::no_such_owner(kind, name));
    }
    for one in &mut standing {
        if let Some(instead) = &mut one.alternative {
            *instead = alternative_title(engine.definitions(), &one.component, instead);
        }
    }
    let of = |statuses: &[&str]| -> Vec<&Stander> {
        standing.iter().filter(|one| statuses.contains(&one.status.as_str())).collect()
    };
    let (open, used) = (of(&["off_path", "partial", "exempt"]), of(&["adopted"]));
    let (unknown, unfit) = (of(&["unknown"]), of(&["not_eligible"]));
    let has_services = kind == "team";
    let from_outside = from_outside(engine, kind, name).await?;
    let delivery = delivery(kind, name)?;
    let content = html! {
        section aria-labelledby="open" {
            h2 #open { "What the platform offers that fits you and you don't use" }
            p.question { "Each with what is used instead, and the evidence." }
            @if open.is_empty() { p { "Nothing: everything that fits and is known is used." } } @else { (table(engine, &open, has_services)) }
        }
        @if !unknown.is_empty() {
            section aria-labelledby="unknown" {
                h2 #unknown { "What is not known" }
                p.question { "Nobody could look, or the fit cannot be decided without a catalogue entry." }
                (table(engine, &unknown, has_services))
            }
        }
        section aria-labelledby="used" {
            h2 #used { "What you use" }
            p.question { (used.len()) " in use." }
            @if !used.is_empty() { (table(engine, &used, has_services)) }
        }
        @if !unfit.is_empty() {
            section aria-labelledby="unfit" {
                h2 #unfit { "What is not made for you" }
                p.question { "With the reason; say so if it is wrong." }
                (table(engine, &unfit, has_services))
            }
        }
        @if let Some((number, address)) = from_outside {
            section aria-labelledby="outside" {
                h2 #outside { "Who changes it" }
                p.question { "What others write here, they need not ask for. Neither more nor less is better by itself." }
                p { "Changes of the last 90 days that came from outside the owning team: " a href=(address) { (number) } "." }
            }
        }
        (delivery)
    };
    let lede = html! { (if has_services { "The services that this team owns today, and nobody else's." } else { "What is known about this service." }) };
    render(engine, name, name.to_owned(), lede, content).await
}

/// The way to the five metrics of DORA, each for this scope.
fn delivery(kind: &str, name: &str) -> Result<Markup, Problem> {
    let metrics = DORA.iter().map(|id| named(id)).collect::<Result<Vec<_>, Problem>>()?;
    Ok(html! {
        section aria-labelledby="delivery" {
            h2 #delivery { "How it delivers" }
            p.question { "The five metrics of DORA over the last 90 days, each with everything behind it." }
            ul.chips { @for metric in metrics {
                li { a href=(Address::of_metric(metric.id).with("scope_kind", kind).with_scope(name).text()) { (metric.title) } }
            } }
        }
    })
}

/// The share of changes that others wrote, with its basis and the way to the changes; null where nothing was
/// merged, or nobody says who belongs to which team.
async fn from_outside(engine: &Engine, kind: &str, name: &str) -> Result<Option<(String, String)>, Problem> {
    let opened = engine.newest().await?;
    let metric = named("inner_source_share")?;
    let window = Window::trailing_days(90, opened.as_of(), engine.definitions().zone()).of_scope(kind, name);
    let cell = engine.detail(metric, metric.headline(), &window).await?;
    let address = Address::of_metric(metric.id).with("scope_kind", kind).with_scope(name).text();
    Ok(cell.filter(|cell| cell.coverage.is_some()).map(|cell| (wording::full(metric, &cell), address)))
}

#[expect(clippy::fn_params_excessive_bools, reason = "a team has services, a service has none")]
fn table(engine: &Engine, standing: &[&Stander], has_services: bool) -> Markup {
    let title =
        |id: &str| engine.definitions().component(id).map_or_else(|| id.to_owned(), |component| component.title.clone());
    html! {
        div.scroll role="region" aria-label="Components" tabindex="0" { table {
            thead { tr {
                th { "Component" } @if has_services { th { "Service" } } th { "Status" } th { "Used instead" } th { "Since" } th { "Evidence" }
            } }
            tbody { @for one in standing { tr {
                td { a href={ "/adoption/" (path_part(&one.component)) } { (title(&one.component)) } }
                @if has_services { td { a href={ "/services/" (path_part(&one.service)) } { (one.service) } } }
                td { (status(one)) }
                td { (one.alternative.as_deref().unwrap_or("–")) }
                td { (one.since) }
                td.evidence { (evidence(one.evidence.as_deref(), one.evidence_url.as_deref())) }
            } } }
        } }
    }
}
