//! `GET /services/{service}` and `/teams/{team}`: what the platform offers that fits them, used or not.
//!
//! A team sees its own services and nobody else's, after the numbers of `adoption/delivered.rs`.

use super::component::status;
use super::delivered::delivered;
use super::{alternative_title, path_part, render, shown};
use crate::adoption::{Stander, offers};
use crate::app::App;
use crate::pages::address::Address;
use crate::pages::directory;
use crate::pages::ended;
use crate::pages::frame::{self, Refusal, day};
use crate::pages::heading::Heading::Words;
use crate::pages::heading::head;
use crate::pages::picture::named;
use crate::problem::Problem;
use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use waymark_analytics::{Engine, Window};
use waymark_reports::wording;

/// The page of one service.
pub(crate) async fn service(State(app): State<App>, Path(name): Path<String>) -> Result<Response, Refusal> {
    answer(&app, "service", &name).await
}

/// The page of one team.
pub(crate) async fn team(State(app): State<App>, Path(name): Path<String>) -> Result<Response, Refusal> {
    answer(&app, "team", &name).await
}

async fn answer(app: &App, kind: &'static str, name: &str) -> Result<Response, Refusal> {
    let app = app.pinned().await?;
    frame::answered(&app, &format!("offers {kind} {name}"), Box::pin(page(&app, kind, name))).await
}

async fn page(app: &App, kind: &'static str, name: &str) -> Result<Markup, Problem> {
    let engine = &app.engine;
    let mut standing = offers(engine, kind, name).await?;
    let own = directory::services_of(app, kind, name).await?;
    if standing.is_empty() && own.is_empty() {
        return Err(Problem::no_such_owner(kind, name));
    }
    for one in &mut standing {
        if let Some(instead) = &mut one.alternative {
            *instead = alternative_title(engine.definitions(), &one.component, instead);
        }
    }
    let delivered = delivered(engine, kind, name).await?;
    let from_outside = from_outside(engine, kind, name).await?;
    let is_team = kind == "team";
    let content = html! {
        (delivered)
        @if is_team { (services(&own)) }
        (offered(engine, &standing, kind))
        @if let Some((number, address)) = from_outside {
            section aria-labelledby="outside" {
                h2 #outside { "Who changes it" }
                p.question { "What others write here, they need not ask for. Neither more nor less is better by itself." }
                p { "Changes of the last 90 days that came from outside the owning team: " a href=(address) { (number) } "." }
            }
        }
    };
    let number = Address::of_metric("change_lead_time").with("scope_kind", kind).with_scope(name).with("grain", "window");
    let end = ended::note(ended::ended(app).await?, &number);
    let lede = html! {
        (if is_team { "The services that this team owns today, and nobody else's." } else { "What is known about this service." })
        (end)
    };
    let place = if is_team { "/teams" } else { "/services" };
    render(app, (place, name), name.to_owned(), lede, content).await
}

/// The way to the services of a team.
fn services(own: &[String]) -> Markup {
    html! {
        @if !own.is_empty() {
            section aria-labelledby="services" {
                h2 #services { "What it owns" }
                p.question { (wording::counted(i64::try_from(own.len()).unwrap_or(i64::MAX), "service")) ", by name." }
                ul.chips { @for service in own { li { a href={ "/services/" (path_part(service)) } { (service) } } } }
            }
        }
    }
}

/// How it stands to what the platform offers: what is open comes first.
fn offered(engine: &Engine, standing: &[Stander], kind: &str) -> Markup {
    let of = |statuses: &[&str]| -> Vec<&Stander> {
        standing.iter().filter(|one| statuses.contains(&one.status.as_str())).collect()
    };
    let (open, used) = (of(&["off_path", "partial", "exempt"]), of(&["adopted"]));
    let (unknown, unfit) = (of(&["unknown"]), of(&["not_eligible"]));
    html! {
        section aria-labelledby="open" {
            h2 #open { "What the platform offers that fits you and you don't use" }
            p.question { "Each with what is used instead, and the evidence." }
            @if open.is_empty() { p { (nothing_open(used.len(), unknown.len())) } } @else { (table(engine, &open, kind)) }
        }
        @if !unknown.is_empty() {
            section aria-labelledby="unknown" {
                h2 #unknown { "What is not known" }
                p.question { "Nobody could look, or the fit cannot be decided without a catalogue entry." }
                (table(engine, &unknown, kind))
            }
        }
        section aria-labelledby="used" {
            h2 #used { "What you use" }
            p.question { (used.len()) " in use." }
            @if !used.is_empty() { (table(engine, &used, kind)) }
        }
        @if !unfit.is_empty() {
            section aria-labelledby="unfit" {
                h2 #unfit { "What is not made for you" }
                p.question { "With the reason; say so if it is wrong." }
                (table(engine, &unfit, kind))
            }
        }
    }
}

/// Why nothing is open: that all of it is used is said only where it is known.
fn nothing_open(used: usize, unknown: usize) -> String {
    let are = if unknown == 1 { "is" } else { "are" };
    match (used, unknown) {
        (0, 0) => "Nothing: no component is known to be made for it.".to_owned(),
        (_, 0) => "Nothing: everything that fits is used.".to_owned(),
        (0, _) => format!("Nobody can say: nothing is known to be used, and {unknown} below {are} not known."),
        (_, _) => format!("Nothing that is known: what is known to fit is used, and {unknown} below {are} not known."),
    }
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

fn table(engine: &Engine, standing: &[&Stander], kind: &str) -> Markup {
    let has_services = kind == "team";
    let service = has_services.then_some(Words("Service"));
    let further = [Words("Status"), Words("Used instead"), Words("Since"), Words("Evidence")];
    let headings: Vec<_> = std::iter::once(Words("Component")).chain(service).chain(further).collect();
    let title =
        |id: &str| engine.definitions().component(id).map_or_else(|| id.to_owned(), |component| component.title.clone());
    html! {
        div.scroll role="region" aria-label="Components" tabindex="0" { table.stacked {
            (head(&headings))
            tbody { @for one in standing { tr {
                td { a href={ "/adoption/" (path_part(&one.component)) } { (title(&one.component)) } }
                @if has_services { td data-label="Service" { a href={ "/services/" (path_part(&one.service)) } { (one.service) } } }
                td data-label="Status" { (status(one)) }
                td data-label="Used instead" { (one.alternative.as_deref().unwrap_or("–")) }
                td data-label="Since" { (day(&one.since)) @if let Some(version) = &one.version { small { "version " (version) } } }
                td.evidence data-label="Evidence" { (shown(one)) }
            } } }
        } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_everything_is_used_is_said_only_where_it_is_known() {
        for (used, unknown, words) in [
            (3, 0, "everything that fits is used"),
            (0, 0, "no component is known to be made for it"),
            (0, 1, "nothing is known to be used, and 1 below is not known"),
            (2, 4, "what is known to fit is used, and 4 below are not known"),
        ] {
            let said = nothing_open(used, unknown);
            assert!(said.contains(words), "{used} used, {unknown} unknown: {said}");
        }
    }
}
