//! `GET /doctor`: what is wrong or unknown, what it does to which number, and what to do about it.

use super::address::Address;
use super::ended;
use super::frame::{self, Page, Refusal};
use super::heading::Heading::{Number, Words};
use super::heading::head;
use crate::app::App;
use crate::doctor::{self, CASES, DAYS, Diagnosis, FindingBody, diagnosis};
use crate::problem::Problem;
use crate::routes::DoctorParams;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use chrono_tz::Tz;
use maud::{Markup, html};
use waymark_analytics::{Case, ServiceCoverage, SourceRhythm, find, local_date};
use waymark_event::Instant;
use waymark_reports::wording;

/// Services that are shown; the interface has them all.
const SERVICES_MAX: usize = 100;

/// The page of the doctor.
pub(crate) async fn doctor(
    State(app): State<App>,
    query: Result<Query<DoctorParams>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(params) = query.map_err(|rejection| Problem::unread(&rejection))?;
    let (days, cases) = (params.days.unwrap_or(DAYS), params.cases.unwrap_or(CASES));
    let app = app.pinned().await?;
    let make = async {
        let diagnosis = diagnosis(&app.engine, days, cases).await?;
        Ok(page(&diagnosis, days, app.engine.definitions().zone()))
    };
    frame::answered(&app, &format!("doctor {days} {cases}"), Box::pin(make)).await
}

fn page(diagnosis: &Diagnosis, days: u32, zone: Tz) -> Markup {
    let ended_at = doctor::ended(diagnosis.newest_event_at, diagnosis.as_of);
    let as_of = wording::dates::instant(diagnosis.as_of, zone);
    // Nothing where these days reach back so far already.
    let further = ended_at.map(|at| doctor::days_back(at, diagnosis.as_of)).filter(|further| *further > days);
    let page = Page {
        address: "/doctor",
        title: "doctor".to_owned(),
        as_of: Some(ended::with_end(&as_of, ended_at.map(|at| local_date(at, zone)))),
        heading: "What do the numbers not know?".to_owned(),
        lede: html! {
            "What never arrived, what cannot be placed and what contradicts itself in the last " (days) " days, what that does \
             to which number, and what to do about it. Nothing is guessed: what is listed here is left out, and lowers the \
             coverage beside each number. Also " a href={ "/api/v1/doctor?days=" (days) } { "as JSON" } "."
            @if let Some(further) = further {
                " The newest deployment or pipeline run ended on " (moment(ended_at, zone)) ": look at "
                a href={ "/doctor?days=" (further) } { "the last " (further) " days" } " to see what came before it."
            }
        },
        content: html! { (summary(diagnosis)) (findings(diagnosis, zone)) (sources(diagnosis, zone)) (services(diagnosis, zone)) },
        footer: html! { "Snapshot " (diagnosis.snapshot) " · zone " (diagnosis.zone) " · days from " (frame::day(&diagnosis.from)) " until before " (frame::day(&diagnosis.to)) },
    };
    page.render()
}

fn summary(diagnosis: &Diagnosis) -> Markup {
    let silent = diagnosis.sources.iter().filter(|source| source.is_stale).count();
    let covered = diagnosis.services.iter().filter(|service| service.is_fully_covered()).count();
    let sum = |count: fn(&ServiceCoverage) -> i64| diagnosis.services.iter().map(count).sum::<i64>();
    let (known, deployed) = (sum(|service| service.deployments_with_commits), sum(|service| service.deployments));
    let share = (deployed > 0).then(|| wording::share(known as f64 / deployed as f64));
    html! {
        section aria-labelledby="summary" {
            h2 #summary { "In short" }
            p.question { "How much is missing?" }
            ul.tiles {
                (tile("Findings", &diagnosis.found.to_string(), &format!("of {} kinds that are looked for", diagnosis.findings.len())))
                (tile("Sources gone silent", &silent.to_string(), &format!("of {}", wording::counted(i64::try_from(diagnosis.sources.len()).unwrap_or(0), "way of arrival"))))
                (tile(
                    "Deployments with known commits",
                    share.as_deref().unwrap_or("no data"),
                    &format!("{} of {} production deployments", wording::count(known), wording::count(deployed)),
                ))
                (tile("Services fully covered", &covered.to_string(), &format!("of {} that were active", diagnosis.services.len())))
            }
        }
    }
}

fn tile(title: &str, figure: &str, basis: &str) -> Markup {
    html! { li.tile { h3 { (title) } span.figure { (figure) } span.basis { (basis) } } }
}

fn findings(diagnosis: &Diagnosis, zone: Tz) -> Markup {
    let sound: Vec<&str> =
        diagnosis.findings.iter().filter(|finding| finding.items == 0).map(|finding| finding.title).collect();
    html! {
        section aria-labelledby="findings" {
            h2 #findings { "Findings" }
            p.question { "What is it, and what is to be done?" }
            @for found in diagnosis.findings.iter().filter(|finding| finding.items > 0) { (finding(found, zone)) }
            @if !sound.is_empty() {
                details { summary { "Looked for and not found: " (wording::counted(i64::try_from(sound.len()).unwrap_or(0), "kind")) }
                    ul { @for title in &sound { li { (title) } } }
                }
            }
        }
    }
}

fn finding(finding: &FindingBody, zone: Tz) -> Markup {
    let unseen = finding.subjects.saturating_sub(finding.cases.len());
    html! {
        article.finding id=(finding.finding) {
            h3 { (finding.title) " " span.count { (finding.text) } }
            dl.what {
                dt { "Effect" } dd { (frame::prose(finding.effect))
                    @if !finding.metrics.is_empty() {
                        span.touches { @for id in finding.metrics { @if let Some(metric) = find(id) {
                            a href=(Address::of_metric(id).text()) { (wording::mid_sentence(metric.title)) } " "
                        } } }
                    }
                }
                dt { "Remedy" } dd { (frame::prose(finding.remedy)) }
            }
            div.scroll role="region" aria-label=(finding.title) tabindex="0" { table {
                (head(&[Words("What"), Number("How many"), Words("Newest"), Words("Such as")]))
                tbody { @for case in &finding.cases { (case_row(case, zone)) } }
            } }
            @if unseen > 0 {
                p.more { "and " (unseen) " more: " a href={ "/api/v1/doctor?cases=1000" } { "all of them as JSON" } }
            }
        }
    }
}

fn case_row(case: &Case, zone: Tz) -> Markup {
    html! {
        tr {
            td.id { (case.subject)
                @if let Some(suggestion) = &case.suggestion { pre.suggestion { code { (suggestion) } } }
            }
            td.number { (wording::count(case.items)) }
            td.when { (moment(case.newest_at, zone)) }
            td.id { (linked(case.example.as_deref(), case.url.as_deref())) }
        }
    }
}

/// Something that its source can show; only addresses of the web become links.
pub(super) fn linked(text: Option<&str>, url: Option<&str>) -> Markup {
    let url = url.filter(|url| url.starts_with("https://") || url.starts_with("http://"));
    html! {
        @match (text, url) {
            (Some(text), Some(url)) => { a href=(url) rel="noreferrer" { (breakable(&shortened(text))) } }
            (None, Some(url)) => { a href=(url) rel="noreferrer" { "source" } }
            (Some(text), None) => { (frame::prose(&shortened(text))) }
            (None, None) => {}
        }
    }
}

/// A long id that may go on in the next line after a sign that parts it, and nowhere else.
fn breakable(id: &str) -> Markup {
    html! {
        @for (place, part) in id.split_inclusive(['/', ':', '@', '#', '_', '-']).enumerate() {
            @if place > 0 { wbr; } (part)
        }
    }
}

/// A text in which the forty digits of a commit are twelve, which is as much as a reader compares.
pub(super) fn shortened(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    for word in text.split_inclusive(|char: char| !char.is_ascii_hexdigit()) {
        let digits = word.trim_end_matches(|char: char| !char.is_ascii_hexdigit());
        match digits.get(..12).filter(|_| digits.len() == 40) {
            Some(short) => words.extend([short, word.get(40..).unwrap_or_default()]),
            None => words.push_str(word),
        }
    }
    words
}

/// An instant to the minute, in the zone of the organisation; nothing where there is none.
fn moment(at: Option<Instant>, zone: Tz) -> String {
    at.map(|at| wording::dates::instant(at, zone)).unwrap_or_default()
}

fn sources(diagnosis: &Diagnosis, zone: Tz) -> Markup {
    html! {
        section aria-labelledby="sources" {
            h2 #sources { "Sources" }
            p.question { "Does everything still arrive? A source is silent when nothing came for three of its usual pauses, for 30 hours, and for longer than lately." }
            @if diagnosis.sources.is_empty() { p { "Nothing has arrived yet: " code { "waymark ingest" } " reads what is there, and tools send to the addresses below " code { "/hooks/" } "." } } @else {
                div.scroll role="region" aria-label="Sources" tabindex="0" { table.stacked {
                    (head(&[
                        Words("Source"), Words("Connection"), Words("By"), Number("Deliveries"), Number("Not understood"),
                        Words("Newest"), Number("Usual pause"), Number("Silent for"),
                    ]))
                    tbody { @for source in &diagnosis.sources { (source_row(source, zone)) } }
                } }
            }
        }
    }
}

/// On a phone the cells of a row stand below each other, each under its own heading; those of a service too.
fn source_row(source: &SourceRhythm, zone: Tz) -> Markup {
    let [usual, silent] = doctor::pauses(source);
    html! {
        tr.stale[source.is_stale] {
            td { (source.source) } td data-label="Connection" { (source.connection) } td data-label="By" { (source.channel) }
            td.number data-label="Deliveries" { (wording::count(source.deliveries)) }
            td.number data-label="Not understood" { (wording::count(source.rejections)) }
            td.when data-label="Newest" { (moment(source.newest_at, zone)) }
            td.number data-label="Usual pause" { (usual.unwrap_or_else(|| "no rhythm yet".to_owned())) }
            td.number data-label="Silent for" { (silent.unwrap_or_default()) @if source.is_stale { " " strong.alarm { "silent" } } }
        }
    }
}

fn services(diagnosis: &Diagnosis, zone: Tz) -> Markup {
    let unseen = diagnosis.services.len().saturating_sub(SERVICES_MAX);
    html! {
        section aria-labelledby="services" {
            h2 #services { "Services" }
            p.question { "How much of each can the numbers use? The least covered come first." }
            @if diagnosis.services.is_empty() { p { "No service was deployed or built in these days." } } @else {
                div.scroll role="region" aria-label="Services" tabindex="0" { table.stacked {
                    (head(&[
                        Words("Service"), Words("Owner"), Number("Environment known"), Number("Commits known"),
                        Number("Clocks agree"), Number("Runs"), Words("Incidents"), Words("Newest deployment"),
                    ]))
                    tbody { @for service in diagnosis.services.iter().take(SERVICES_MAX) { (service_row(service, zone)) } }
                } }
                @if unseen > 0 { p.more { "and " (unseen) " more: " a href="/api/v1/doctor" { "all of them as JSON" } } }
            }
        }
    }
}

fn service_row(service: &ServiceCoverage, zone: Tz) -> Markup {
    let behind = Address::of_metric("change_lead_time").with("scope_kind", "service").with_scope(&service.service);
    html! {
        tr {
            td { a href=(behind.with("grain", "window").text()) { (service.service) } }
            td data-label="Owner" { @match &service.owner { Some(owner) => { (owner) } None => { strong.alarm { "none" } } } }
            (part("Environment known", service.attempts_with_tier, service.attempts))
            (part("Commits known", service.deployments_with_commits, service.deployments))
            (part("Clocks agree", service.changes_with_clock, service.changes))
            td.number data-label="Runs" { (wording::count(service.runs)) }
            td data-label="Incidents" { @if service.has_incidents { "told" } @else { "never named" } }
            td.when data-label="Newest deployment" { (moment(service.newest_deployment_at, zone)) }
        }
    }
}

fn part(heading: &str, known: i64, all: i64) -> Markup {
    html! {
        td.number data-label=(heading) { @match all {
            0 => { span.none { "–" } }
            _ if known < all => { strong.alarm { (wording::count(known)) " of " (wording::count(all)) } }
            _ => { (wording::count(known)) " of " (wording::count(all)) }
        } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_shortened_and_nothing_else_is() {
        let sha = "6dcb09b5b57875f334f61aebed695e2e4193db5e";
        assert_eq!(shortened(&format!("example.org/acme/cafe@{sha}")), "example.org/acme/cafe@6dcb09b5b578");
        assert_eq!(shortened(&format!("{sha}, {sha}")), "6dcb09b5b578, 6dcb09b5b578");
        assert_eq!(shortened(&format!("{sha}0 é")), format!("{sha}0 é"));
    }

    #[test]
    fn each_cell_after_the_first_has_its_heading_on_a_phone() {
        let service = ServiceCoverage {
            service: "checkout".to_owned(),
            owner: None,
            attempts: 3,
            attempts_with_tier: 2,
            deployments: 1,
            deployments_with_commits: 0,
            changes: 0,
            changes_with_clock: 0,
            runs: 0,
            has_incidents: false,
            newest_deployment_at: None,
            newest_run_at: None,
        };
        let row = service_row(&service, Tz::UTC).into_string();
        assert_eq!((row.matches("<td").count(), row.matches("data-label=").count()), (8, 7), "{row}");
    }

    #[test]
    fn only_addresses_of_the_web_become_links() {
        assert!(linked(Some("a"), Some("https://example.org/1")).into_string().starts_with("<a href="));
        assert_eq!(linked(Some("a"), Some("javascript:alert(1)")).into_string(), "a");
        assert_eq!(breakable("acme/cafe@6dcb").into_string(), "acme/<wbr>cafe@<wbr>6dcb");
    }
}
