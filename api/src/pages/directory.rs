//! `GET /teams` and `GET /services`: everybody who is there, by name, so that a team finds itself; nothing is ranked.
//!
//! One team or service has its page in `adoption/offers.rs`.

use super::address::{Address, path_part};
use super::ended;
use super::frame::{self, Page, Refusal};
use super::heading::Heading::{Number, Words};
use super::heading::head;
use crate::app::App;
use crate::problem::Problem;
use arrow::array::{AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use chrono::NaiveDate;
use maud::{Markup, html};
use serde::Deserialize;
use std::collections::BTreeMap;
use waymark_analytics::{Engine, Grain, SERVICE_COVERAGE, STANDING, Window};
use waymark_reports::wording::counted;

/// Services on one page.
const SERVICES_MAX: usize = 100;
/// Days in which a service was deployed or built, if it is listed for that: the last ones, or those before the data ended.
const DAYS: u64 = 90;

/// Services by name, each with the team that owns it; null = nobody.
type Directory = BTreeMap<String, Option<String>>;

/// Which services are looked for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServicesParams {
    /// A part of the name, in large or small letters.
    name: Option<String>,
    /// How many are passed over.
    offset: Option<usize>,
}

/// Every team that owns a service.
pub(crate) async fn teams(State(app): State<App>) -> Result<Response, Refusal> {
    let app = app.pinned().await?;
    frame::answered(&app, "teams", Box::pin(teams_page(&app))).await
}

/// The services whose name has something in it.
pub(crate) async fn services(
    State(app): State<App>,
    query: Result<Query<ServicesParams>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(params) = query.map_err(|rejection| Problem::unread(&rejection))?;
    let app = app.pinned().await?;
    let directory = directory(&app).await?;
    let content = found(&directory, &params);
    let page = page(&app, "/services", "Which services are there?", "Each with what is known about it.", content).await?;
    Ok(frame::answer(page.into_string().into_bytes()))
}

/// The services of a team, or the one of this name, as far as they are listed.
pub(super) async fn services_of(app: &App, kind: &str, name: &str) -> Result<Vec<String>, Problem> {
    let directory = directory(app).await?;
    let is_own = |service: &str, team: Option<&str>| if kind == "team" { team == Some(name) } else { service == name };
    Ok(directory.into_iter().filter(|(service, team)| is_own(service, team.as_deref())).map(|(service, _)| service).collect())
}

/// Every service that stands to a component now, or was deployed or built lately; read once for a snapshot. Where the data
/// have ended, who was active before that is listed, so that an old folder does not look empty.
async fn directory(app: &App) -> Result<Directory, Problem> {
    let key = format!("{} directory", app.engine.newest().await?.snapshot.id);
    let make = async {
        let directory = read(&app.engine, ended::ended(app).await?).await?;
        serde_json::to_vec(&directory).map_err(|error| Problem::not_drawn(&error))
    };
    let kept = app.rendered(key, Box::pin(make)).await?;
    serde_json::from_slice(&kept).map_err(|error| Problem::not_drawn(&error))
}

async fn read(engine: &Engine, ended: Option<NaiveDate>) -> Result<Directory, Problem> {
    let (as_of, zone) = (engine.newest().await?.as_of(), engine.definitions().zone());
    let before = |(from, to)| Window::between(Grain::Window, from, to, zone);
    let days = ended.map(ended::last_days).map_or_else(|| Window::until_now(DAYS, as_of, zone), before);
    let lately = engine.answer(&SERVICE_COVERAGE, &days).await?;
    let standing = engine.answer(&STANDING, &Window::last_complete(Grain::Day, 1, as_of, zone)).await?;
    let mut directory = Directory::new();
    for (batch, owner) in [(&lately, "owner"), (&standing, "team")] {
        for (service, team) in texts(batch, "service").into_iter().zip(texts(batch, owner)) {
            let Some(service) = service else { continue };
            let known = directory.entry(service).or_default();
            *known = known.take().or(team);
        }
    }
    Ok(directory)
}

/// A column of texts; none where the answer has no such column.
fn texts(batch: &RecordBatch, name: &str) -> Vec<Option<String>> {
    let column = batch.column_by_name(name).and_then(|column| cast(column, &DataType::Utf8).ok());
    let texts = column.as_ref().and_then(|column| column.as_string_opt::<i32>());
    texts.map(|texts| texts.iter().map(|text| text.map(ToOwned::to_owned)).collect()).unwrap_or_default()
}

async fn teams_page(app: &App) -> Result<Markup, Problem> {
    let directory = directory(app).await?;
    let lede = "Each with what it owns, how it delivers and what the platform offers it.";
    page(app, "/teams", "Which teams are there?", lede, owners(&directory)).await
}

async fn page(app: &App, address: &'static str, heading: &str, lede: &str, content: Markup) -> Result<Markup, Problem> {
    let opened = app.engine.newest().await?;
    let zone = app.engine.definitions().zone();
    let frequency = Address::of_metric("deployment_frequency").with("grain", "window");
    let end = ended::note(ended::ended(app).await?, &frequency);
    let page = Page {
        address,
        title: address.trim_start_matches('/').to_owned(),
        as_of: Some(ended::as_of(app).await?),
        heading: heading.to_owned(),
        lede: html! {
            (lede) " They stand in the order of their names: teams differ in what they do, so this is no ranking." (end)
        },
        content,
        footer: html! { "Snapshot " (opened.snapshot.id) " · zone " (zone.to_string()) " · nothing here ranks people" },
    };
    Ok(page.render())
}

fn owners(directory: &Directory) -> Markup {
    let mut teams: BTreeMap<(String, &str), usize> = BTreeMap::new();
    for team in directory.values().flatten() {
        *teams.entry((team.to_lowercase(), team.as_str())).or_default() += 1;
    }
    let without = directory.values().filter(|team| team.is_none()).count();
    html! {
        section aria-labelledby="teams" {
            h2 #teams { (said(teams.len(), "team")) }
            @if teams.is_empty() {
                p { "No team is known: teams come from the catalogue of services, which says who owns what. Read it with "
                    code { "waymark ingest file --source NAME FILE" } ", where " code { "NAME" } " is the source that it comes from." }
            } @else {
                div.scroll role="region" aria-label="Teams" tabindex="0" { table {
                    (head(&[Words("Team"), Number("Services")]))
                    tbody { @for ((_, team), services) in &teams {
                        tr { td { a href={ "/teams/" (path_part(team)) } { (team) } } td.number { (services) } }
                    } }
                } }
            }
            @if without > 0 {
                p.more { (said(without, "service")) " without a team: a catalogue entry would say whose." }
            }
        }
    }
}

fn found(directory: &Directory, params: &ServicesParams) -> Markup {
    let name = params.name.as_deref().unwrap_or_default().trim();
    let wanted = name.to_lowercase();
    let mut found: Vec<(String, &str, Option<&str>)> = directory
        .iter()
        .map(|(service, team)| (service.to_lowercase(), service.as_str(), team.as_deref()))
        .filter(|(folded, ..)| folded.contains(&wanted))
        .collect();
    found.sort_unstable();
    let offset = params.offset.unwrap_or(0);
    let shown: Vec<_> = found.iter().skip(offset).take(SERVICES_MAX).collect();
    html! {
        form.asked method="get" action="/services" role="search" {
            label { "A part of the name" input name="name" type="search" value=(name) autocomplete="off"; }
            button { "Search" }
        }
        section aria-labelledby="services" {
            h2 #services { (said(found.len(), "service")) }
            @if shown.is_empty() {
                @if directory.is_empty() { (none_yet()) } @else { p { "No service has a name like that." } }
            } @else {
                div.scroll role="region" aria-label="Services" tabindex="0" { table {
                    (head(&[Words("Service"), Words("Team")]))
                    tbody { @for (_, service, team) in &shown { tr {
                        td { a href={ "/services/" (path_part(service)) } { (service) } }
                        td { @if let Some(team) = team { a href={ "/teams/" (path_part(team)) } { (team) } } @else { "–" } }
                    } } }
                } }
                (pages(name, offset, shown.len(), found.len()))
            }
        }
    }
}

/// What brings the first service.
fn none_yet() -> Markup {
    html! {
        p {
            "No service is known yet: one comes with the first deployment or pipeline run that names it. "
            code { "waymark ingest git PATH --service NAME --deployments 'v*'" } " reads a clone and takes its tags for deployments; "
            "a tool can send to " code { "/hooks/json" } ". What has arrived is told under " a href="/doctor" { "Doctor" } "."
        }
    }
}

/// The ways to what stands before and after; nothing where all stands on one page.
fn pages(name: &str, offset: usize, shown: usize, all: usize) -> Markup {
    let at = |offset: usize| {
        let named = if name.is_empty() { Address::of_services() } else { Address::of_services().with("name", name) };
        named.with("offset", offset.to_string()).text()
    };
    html! {
        @if shown < all {
            nav.pages aria-label="Pages of services" {
                span { "Services " (offset + 1) "–" (offset + shown) " of " (all) }
                @if offset > 0 { a href=(at(offset.saturating_sub(SERVICES_MAX))) rel="prev" { "Previous" } }
                @if offset + shown < all { a href=(at(offset + shown)) rel="next" { "Next" } }
            }
        }
    }
}

fn said(count: usize, thing: &str) -> String {
    counted(i64::try_from(count).unwrap_or(i64::MAX), thing)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(services: usize) -> Directory {
        (0..services).map(|place| (format!("Service {place:03}"), (place % 2 == 0).then(|| "a/b & c".to_owned()))).collect()
    }

    fn asked(name: &str, offset: usize) -> ServicesParams {
        ServicesParams { name: Some(name.to_owned()), offset: Some(offset) }
    }

    #[test]
    fn services_are_found_by_a_part_of_their_name_and_stand_on_pages() {
        let directory = directory(250);
        let first = found(&directory, &ServicesParams::default()).into_string();
        assert!(first.contains("250 services") && first.contains("Services 1–100 of 250"), "{first}");
        assert!(first.contains("href=\"/services?offset=100\" rel=\"next\"") && !first.contains("rel=\"prev\""), "{first}");
        let last = found(&directory, &asked("SERVICE", 200)).into_string();
        assert!(
            last.contains("Services 201–250 of 250") && last.contains("href=\"/services?name=SERVICE&amp;offset=100\""),
            "{last}"
        );
        let one = found(&directory, &asked(" e 042 ", 0)).into_string();
        assert!(
            one.contains("1 service<") && one.contains("href=\"/services/Service%20042\"") && !one.contains("nav"),
            "{one}"
        );
        assert!(found(&directory, &asked("nosuch", 0)).into_string().contains("No service has a name like that."));
        let none = found(&Directory::new(), &asked("nosuch", 0)).into_string();
        assert!(none.contains("<code>waymark ingest git PATH"), "{none}");
    }

    #[test]
    fn teams_stand_by_name_with_what_they_own() {
        let mut directory = directory(3);
        directory.insert("other".to_owned(), Some("Zebra".to_owned()));
        let page = owners(&directory).into_string();
        let teams = ["href=\"/teams/a%2Fb%20%26%20c\">a/b &amp; c</a></td><td class=\"number\">2<", "href=\"/teams/Zebra\""];
        let places: Vec<Option<usize>> = teams.iter().map(|team| page.find(team)).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{page}");
        assert!(page.contains("1 service without a team"), "{page}");
    }
}
