//! `GET /adoption/{component}`: who joined, who left and to what, who stands where, when, and whether it helps.

use super::{alternative_title, evidence, render, service_cell, shown};
use crate::adoption::{self, Bounds, EffectSaid, Moved, Score, Stander, Story, Tally, Until, WeeksSaid};
use crate::app::App;
use crate::pages::frame::{self, Refusal, day};
use crate::pages::heading::Heading::{Number, Words};
use crate::pages::heading::head;
use crate::pages::picture::{chart, named};
use crate::problem::Problem;
use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use waymark_analytics::{Definitions, Grain, Window};
use waymark_reports::wording::dates;

/// The page of one component.
pub(crate) async fn component(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Refusal> {
    let app = app.pinned().await?;
    frame::answered(&app, &format!("adoption {id}"), Box::pin(page(&app, &id))).await
}

async fn page(app: &App, id: &str) -> Result<Markup, Problem> {
    let engine = app.engine.as_ref();
    let story = titled(engine.definitions(), adoption::story(engine, id).await?);
    let effects = adoption::effects(engine, id).await?;
    let opened = engine.newest().await?;
    let weeks = Window::last_complete(Grain::Week, 26, opened.as_of(), engine.definitions().zone());
    let trend = chart(engine, "trend", named("adoption_rate")?, &weeks.of_scope("component", id), (1_120, 320)).await?;
    let content = html! {
        (levels(&story.score))
        figure.wide { (trend) figcaption {
            a href={ "/metrics/adoption_rate?scope_kind=component&scope=" (id) "&grain=week&last=1" } { "the services behind it" }
            " · " a href={ "/api/v1/metrics/adoption_rate/series?scope_kind=component&scope=" (id) "&last=26&format=csv" } { "the numbers as CSV" }
        } }
        (moved(&story.moved, &story.standing))
        (waiting(&story))
        (until(story.score.until.as_ref()))
        (helped(&effects))
        (exemptions(&story))
        (users(&story))
    };
    let lede = html! { (story.score.category) " · offered by " (story.score.owner) " · " (story.score.lifecycle) ". " (story.score.sentence) "." };
    render(app, ("/adoption", &story.score.title), story.score.title.clone(), lede, content).await
}

/// The story with what is used instead under the names that people use.
fn titled(definitions: &Definitions, mut story: Story) -> Story {
    let component = story.score.component.clone();
    let title = |name: &mut String| *name = alternative_title(definitions, &component, name);
    story.moved.iter_mut().filter_map(|one| one.alternative.as_mut()).for_each(title);
    story.standing.iter_mut().filter_map(|one| one.alternative.as_mut()).for_each(title);
    story.chose_instead.iter_mut().map(|tally| &mut tally.what).for_each(title);
    story
}

/// How far a component has come, each share as the scoreboard says it.
pub(super) fn levels(score: &Score) -> Markup {
    html! {
        section aria-labelledby="levels" {
            h2 #levels { "How far it has come" }
            p.question { "Adoption is read with fit and reach, never alone." }
            ul.tiles {
                (tile("Adoption", &score.adoption, "of the services that it is made for"))
                (tile("Fit", &score.coverage, "of all active services could use it"))
                (tile("Reach", &score.reach, "of all active services use it"))
                (tile("Teams completed", &score.teams_completed, &format!("teams; started {}", score.teams_started.share())))
            }
        }
    }
}

fn tile(title: &str, bounds: &Bounds, of: &str) -> Markup {
    let counts = bounds.numerator.zip(bounds.denominator);
    html! {
        li.tile {
            h3 { (title) }
            span.figure { (bounds.share()) }
            span.basis { @if let Some((part, whole)) = counts { (part) " of " (whole) " " (of) } @else { "no data" } }
            @if bounds.unknown() > 0 { span.basis { (bounds.unknown()) " unknown, at most " (super::share(bounds.high)) } }
        }
    }
}

fn moved(moved: &[Moved], standing: &[Stander]) -> Markup {
    html! {
        section aria-labelledby="moved" {
            h2 #moved { "Who moved" }
            p.question { "Whom to thank, and whom to ask: the last " (adoption::WEEKS_TOLD) " weeks, newest first." }
            @if moved.is_empty() {
                p { "No service joined, left, was exempted, became eligible or was born off the path." }
            } @else {
                div.scroll role="region" aria-label="Who moved" tabindex="0" { table.stacked {
                    (head(&[Words("Service"), Words("What happened"), Words("Since"), Words("Evidence")]))
                    tbody { @for one in moved { tr {
                        (service_cell(&one.service, one.team.as_deref()))
                        td data-label="What happened" { (what(one)) }
                        td data-label="Since" { (day(&one.since)) }
                        td.evidence data-label="Evidence" { (seen(one, standing)) }
                    } } }
                } }
            }
        }
    }
}

/// What shows that a service moved; of one that joined and has stayed that is also what shows it now.
fn seen(moved: &Moved, standing: &[Stander]) -> Markup {
    let is_it = |one: &&Stander| one.service == moved.service && one.status == "adopted" && one.since == moved.since;
    let placeless = moved.kind == "joined" && moved.evidence.is_none() && moved.evidence_url.is_none();
    match standing.iter().find(is_it).filter(|_| placeless) {
        Some(stander) => shown(stander),
        None => evidence(moved.evidence.as_deref(), moved.evidence_url.as_deref()),
    }
}

fn what(moved: &Moved) -> Markup {
    let instead = moved.alternative.as_deref().filter(|_| moved.kind != "joined");
    let (word, tone) = match moved.kind.as_str() {
        "joined" => ("Joined", "verdict better"),
        "left" => ("Left", "verdict worse"),
        "born_off_path" => ("Born off the path", "verdict worse"),
        "exempt" => ("Newly exempt", "verdict"),
        _ => ("Newly eligible", "verdict"),
    };
    html! {
        span class=(tone) { (word) }
        @if let Some(alternative) = instead { small { "uses " (alternative) } }
        @if let Some(motive) = moved.motive.as_deref().filter(|_| moved.kind == "joined") { small { (motive) } }
    }
}

fn waiting(story: &Story) -> Markup {
    let rest: Vec<&Stander> =
        story.standing.iter().filter(|one| !matches!(one.status.as_str(), "adopted" | "not_eligible")).collect();
    html! {
        section aria-labelledby="rest" {
            h2 #rest { "Where the rest stands" }
            p.question { "What keeps them from it?" }
            @if rest.is_empty() {
                p { "Every eligible service uses it." }
            } @else {
                div.charts {
                    (tallies("Chosen instead", &story.chose_instead))
                    (tallies("Not made for them, because of", &story.unfit))
                }
                div.scroll role="region" aria-label="Services that do not use it" tabindex="0" { table.stacked {
                    (head(&[Words("Service"), Words("Status"), Words("Uses"), Words("Since"), Words("Evidence")]))
                    tbody { @for one in rest { tr {
                        (service_cell(&one.service, one.team.as_deref()))
                        td data-label="Status" { (status(one)) }
                        td data-label="Uses" { (one.alternative.as_deref().unwrap_or("–")) }
                        td data-label="Since" { (day(&one.since)) }
                        td.evidence data-label="Evidence" { (shown(one)) }
                    } } }
                } }
            }
        }
    }
}

/// How a service stands, in a word for people.
pub(super) fn status(one: &Stander) -> Markup {
    let word = match (one.is_left, one.status.as_str()) {
        (true, _) => "left",
        (_, "off_path") => "not started",
        (_, "partial") => "in progress",
        (_, "not_eligible") => "not made for it",
        (_, other) => other,
    };
    html! {
        span class=(if one.is_left { "verdict worse" } else { "" }) { (word) }
        @if let Some(reason) = &one.blocked { small { "blocked: " (reason) } }
        @if let Some(reason) = &one.fit_reason { small { (reason) } }
        @if one.has_conflict { small { "the evidence contradicts itself" } }
    }
}

fn tallies(title: &str, tallies: &[Tally]) -> Markup {
    html! {
        @if !tallies.is_empty() {
            div.scroll role="region" aria-label=(title) tabindex="0" { table {
                (head(&[Words(title), Number("Services")]))
                tbody { @for tally in tallies { tr { td { (tally.what) } td.number { (tally.services) } } } }
            } }
        }
    }
}

/// The forecast, or why there is none, with its status against the target.
fn until(until: Option<&Until>) -> Markup {
    html! {
        section aria-labelledby="until" {
            h2 #until { "When will it be done?" }
            @if let Some(until) = until {
                p.question { (until.sentence) "." }
                @if until.said.is_some() {
                    div.scroll role="region" aria-label="Forecast" tabindex="0" { table {
                        (head(&[Words("If weeks go on"), Number("Half of all futures"), Number("85 %"), Number("95 %")]))
                        tbody {
                            (weeks("like the last six", until.recent))
                            (weeks("like all until now, which is optimistic", until.history))
                            (weeks("and go on slowing as far as history bears it", until.slowing))
                        }
                    } }
                }
                @if let Some(rest) = until.rest() { p.question { (rest) " at the end of the last complete week." } }
            } @else {
                p.question { "No complete week is known." }
            }
        }
    }
}

fn weeks(title: &str, weeks: Option<WeeksSaid>) -> Markup {
    html! {
        tr {
            td { (title) }
            @match weeks {
                Some(weeks) => { @for day in [weeks.p50, weeks.p85, weeks.p95] { td.number { (dates::day(day)) } } }
                None => { @for _ in 0..3 { td.number { "later than 3 years" } } }
            }
        }
    }
}

fn helped(effects: &[EffectSaid]) -> Markup {
    html! {
        section aria-labelledby="helped" {
            h2 #helped { "Does it help?" }
            p.question { "Speed of the adopters, never without their stability." }
            @for effect in effects {
                h3.outcome { (if effect.outcome == "ci_duration" { "Duration of pipeline runs" } else { "Change lead time" }) }
                p { (effect.sentence) }
            }
            @if let Some(effect) = effects.first() {
                h3.outcome { "Stability" }
                p { (effect.stability) }
                p.question { (effect.caveats) }
            }
        }
    }
}

fn exemptions(story: &Story) -> Markup {
    html! {
        @if !story.exemptions.is_empty() {
            section aria-labelledby="exemptions" {
                h2 #exemptions { "Exemptions" }
                p.question { @match story.exemption_age_days {
                    Some(days) => { "Median age of the open ones: " (days) " days. A reason that comes again is a candidate for the paved road." }
                    None => { "None is open." }
                } }
                div.scroll role="region" aria-label="Exemptions" tabindex="0" { table {
                    (head(&[
                        Words("Service"), Words("Status"), Words("Reason"), Words("Decided by"), Words("From"), Words("Until"),
                    ]))
                    tbody { @for one in &story.exemptions { tr {
                        (service_cell(&one.service, None))
                        td { (one.status) } td { (one.reason) } td { (one.owner) } td { (day(&one.opened_on)) } td { (day(&one.expires_on)) }
                    } } }
                } }
            }
        }
    }
}

fn users(story: &Story) -> Markup {
    let users: Vec<&Stander> = story.standing.iter().filter(|one| one.status == "adopted").collect();
    html! {
        section aria-labelledby="users" {
            h2 #users { "Who uses it" }
            p.question { "By what evidence?" }
            details { summary { (users.len()) " services" }
                div.scroll role="region" aria-label="Services that use it" tabindex="0" { table.stacked {
                    (head(&[
                        Words("Service"), Words("Since"), Words("Why"), Words("Version"), Words("Evidence"), Words("Confirmed"),
                    ]))
                    tbody { @for one in users { tr {
                        (service_cell(&one.service, one.team.as_deref()))
                        td data-label="Since" { (day(&one.since)) }
                        td data-label="Why" { (one.motive.as_deref().unwrap_or("–")) }
                        td data-label="Version" { (one.version.as_deref().unwrap_or("–")) }
                        td.evidence data-label="Evidence" {
                            (shown(one)) @if one.evidence.is_some() { small { (one.evidence_kind.as_deref().unwrap_or("")) } }
                        }
                        td data-label="Confirmed" { (one.confirmed_on.as_deref().map_or_else(|| "–".to_owned(), day)) }
                    } } }
                } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_stands_below_its_service_where_there_is_no_room_beside_it() {
        let one = Moved {
            kind: "joined".to_owned(),
            service: "cart".to_owned(),
            team: None,
            since: "2026-09-07".to_owned(),
            alternative: None,
            motive: None,
            evidence: Some("ci.yaml:3".to_owned()),
            evidence_commit: None,
            evidence_url: None,
        };
        let table = moved(&[one], &[]).into_string();
        assert!(table.contains("<table class=\"stacked\">"), "{table}");
        assert!(table.contains("<td class=\"evidence\" data-label=\"Evidence\"><code>ci.yaml:3</code></td>"), "{table}");
    }
}
