//! `GET /`: the three questions, answered on one page: adoption, commit-to-production, satisfaction.
//!
//! Every number is a series of the engine and every picture a chart of `reports`; here they are only
//! placed. Nothing on it needs a script.

use super::address::Address;
use super::ended;
use super::frame::{self, Page, Refusal};
use super::heading::Heading::{Number, Words};
use super::heading::head;
use super::metric::{beside, figure, of_limits, wider};
use super::picture::{chart, named, recent};
use crate::app::App;
use crate::explain::flags;
use crate::problem::Problem;
use crate::routes::waves;
use axum::extract::State;
use axum::response::Response;
use chrono::Days;
use futures::FutureExt;
use maud::{Markup, PreEscaped, html};
use std::sync::Arc;
use waymark_analytics::{Cell, Definitions, Engine, Grain, Metric, Series, Window, local_date, side_by_side};
use waymark_reports::wording::{self, finding};
use waymark_reports::{Frame, charts};

/// The home page.
pub(crate) async fn home(State(app): State<App>) -> Result<Response, Refusal> {
    let bytes = rendered(&app).await?;
    Ok(frame::answer(bytes.as_ref().clone()))
}

/// The bytes of the page.
pub(super) async fn rendered(app: &App) -> Result<Arc<Vec<u8>>, Problem> {
    let app = app.pinned().await?;
    frame::rendered(&app, "home", Box::pin(page(&app))).await
}

/// Two drawings stand beside each other, each as wide as it is drawn, so that its words keep their size.
const HALF: (u32, usize) = (560, 330);

async fn page(app: &App) -> Result<Markup, Problem> {
    let engine = app.engine.as_ref();
    let opened = engine.newest().await?;
    let definitions = engine.definitions();
    let organisation = &definitions.organisation;
    let sections =
        vec![adoption(engine.clone()).boxed(), delivery(engine.clone()).boxed(), satisfaction(engine.clone()).boxed()];
    let sections = side_by_side(sections).await?;
    let ended = ended::ended(app).await?;
    let page = Page {
        address: "/",
        title: organisation.clone(),
        as_of: Some(ended::as_of(app).await?),
        heading: format!("Does the platform work for {}?", addressed(organisation)),
        lede: html! {
            "Three questions, each with its evidence. Values cover the last 90 days and are compared with the 90 days \
             before; one is called higher or lower only when the difference is larger than its uncertainty."
            (ended::note(ended, &Address::of_metric("change_lead_time").with("grain", "window")))
        },
        content: html! { @for section in &sections { (section) } },
        footer: html! { "Snapshot " (opened.snapshot.id) " · zone " (definitions.zone().to_string()) " · nothing here ranks people" },
    };
    Ok(page.render())
}

/// The organisation inside a sentence; one that gave itself no name has an article.
fn addressed(organisation: &str) -> String {
    if organisation == Definitions::default().organisation { format!("the {organisation}") } else { organisation.to_owned() }
}

async fn adoption(engine: Engine) -> Result<Markup, Problem> {
    let engine = &engine;
    let window = recent(engine, Grain::Week, 13).await?.of_kind("component");
    let reach =
        chart(engine, "reach", named("adoption_rate")?, &window, (1_120, reach_height(engine.definitions().components.len())))
            .await?;
    let trend = chart(engine, "trend", named("reach")?, &window, (1_120, 340)).await?;
    Ok(html! {
        section aria-labelledby="adoption" {
            h2 #adoption { "Adoption" }
            p.question { "Do people take the paved road?" }
            @if engine.definitions().components.is_empty() {
                p { "No component is described yet: add " code { "[[component]]" } " entries to the configuration and send evidence." }
            } @else {
                div.charts {
                    figure.wide { (reach) figcaption { a href="/metrics/adoption_rate?grain=week&last=1" { "the services behind it" } } }
                    figure.wide { (trend) figcaption { a href="/metrics/reach?grain=week&last=13" { "the numbers and the services behind them" } } }
                }
            }
        }
    })
}

/// Each component has a bar; many bars stand closer.
fn reach_height(components: usize) -> usize {
    126 + components.max(2) * if components > 5 { 27 } else { 46 }
}

/// The headline numbers of delivery: throughput, then instability, then what comes before both.
pub const DELIVERY: &[&str] = &[
    "change_lead_time",
    "deployment_frequency",
    "failed_deployment_recovery_time",
    "change_fail_rate",
    "deployment_rework_rate",
    "ci_success_rate",
];

async fn delivery(engine: Engine) -> Result<Markup, Problem> {
    let engine = &engine;
    let tiles = DELIVERY.iter().map(|id| {
        let engine = engine.clone();
        async move { tile(&engine, named(id)?).await }.boxed()
    });
    let tiles = side_by_side(tiles.collect()).await?;
    let (lead_time, frequency) = (named("change_lead_time")?, named("deployment_frequency")?);
    let (of_changes, of_deployments) = (told(engine, lead_time).await?, told(engine, frequency).await?);
    let trend = chart(engine, "trend", lead_time, &of_changes, HALF).await?;
    let cadence = chart(engine, "cadence", frequency, &of_deployments, HALF).await?;
    let limits_of_changes = of_limits(&flags(engine.series(lead_time, &of_changes).await?.as_ref()));
    let limits_of_deployments = of_limits(&flags(engine.series(frequency, &of_deployments).await?.as_ref()));
    Ok(html! {
        section aria-labelledby="delivery" {
            h2 #delivery { "Commit to production" }
            p.question { "Does it make them faster without breaking more?" }
            ul.tiles.wide { @for tile in &tiles { (tile) } }
            div.charts {
                figure { (trend) figcaption {
                    a href=(behind(lead_time.id, &of_changes)) { "the changes behind it" } (limits_of_changes)
                } }
                figure { (cadence) figcaption {
                    a href=(behind(frequency.id, &of_deployments)) { "the deployments behind it" } (limits_of_deployments)
                } }
            }
        }
    })
}

/// The page of what a chart of the organisation shows.
fn behind(id: &str, window: &Window) -> String {
    let periods = window.periods.len().to_string();
    Address::of_metric(id).with("grain", window.grain.as_str()).with("last", periods).text()
}

/// The last half year by week; where the metric has nothing in it, five years by quarter, so that an old repository
/// shows its history.
async fn told(engine: &Engine, metric: &'static Metric) -> Result<Window, Problem> {
    let weeks = recent(engine, Grain::Week, 26).await?.of_kind("organisation");
    let quarters = recent(engine, Grain::Quarter, 20).await?.of_kind("organisation");
    for window in [&weeks, &quarters] {
        let series = engine.series(metric, window).await?;
        if series.cells.iter().any(|cell| cell.value.is_some_and(|value| value > 0.0)) {
            return Ok(window.clone());
        }
    }
    Ok(weeks)
}

async fn satisfaction(engine: Engine) -> Result<Markup, Problem> {
    let engine = &engine;
    let window = waves(engine.newest().await?.as_of(), engine.definitions().zone());
    let platform = chart(engine, "score", named("nps")?, &window.clone().of_scope("component", "platform"), HALF).await?;
    let metric = named("nps")?;
    let series = engine.series(metric, &window.of_kind("component")).await?;
    let scores = newest_scores(engine, &series);
    Ok(html! {
        section aria-labelledby="satisfaction" {
            h2 #satisfaction { "Satisfaction" }
            p.question { "Do they like it?" }
            @if scores.is_empty() {
                p { "No survey wave has closed yet: read an export with " code { "waymark ingest file --source survey-csv FILE" } "." }
            } @else {
                div.charts {
                    figure { (platform) figcaption { "Results of small groups are withheld to protect people." } }
                    div.scroll role="region" aria-label="Newest scores" tabindex="0" { table {
                        (head(&[Words("Component"), Number("Score"), Number("95 % interval"), Number("Answers")]))
                        tbody { @for (title, cell) in &scores { (score_row(&series, title, cell)) } }
                    } }
                }
            }
        }
    })
}

fn score_row(series: &Series, title: &str, cell: &Cell) -> Markup {
    let metric = series.metric;
    let since = series.window.periods.first().map(|period| period.first_day.to_string());
    let interval = cell.low.zip(cell.high).map(|(low, high)| wording::interval(metric.unit, low, high));
    let address = Address::of_metric(metric.id)
        .with("scope_kind", cell.scope_kind.as_str())
        .with_scope(&cell.scope)
        .with("grain", "quarter")
        .with("from", since.unwrap_or_default());
    html! {
        tr {
            td { (title) }
            td.number { a href=(address.text()) { (wording::cell(metric, cell)) } }
            td.number { (interval.unwrap_or_default()) }
            td.number { (cell.sample_size.map(|answers| answers.to_string()).unwrap_or_default()) }
        }
    }
}

/// The newest published score of each component, in the organisation's own order.
fn newest_scores<'series>(engine: &Engine, series: &'series Series) -> Vec<(String, &'series Cell)> {
    let components = engine.definitions().components.iter().map(|component| (component.id.clone(), component.title.clone()));
    let whole = std::iter::once(("platform".to_owned(), "The platform as a whole".to_owned()));
    whole
        .chain(components)
        .filter_map(|(id, title)| {
            let line = series.line(series.metric.headline(), "component", &id);
            line.into_iter().rev().find(|cell| cell.sample_size != Some(0)).map(|cell| (title, cell))
        })
        .collect()
}

/// One number with its basis, its verdict and the shape of its last weeks.
async fn tile(engine: &Engine, metric: &'static Metric) -> Result<Markup, Problem> {
    let opened = engine.newest().await?;
    let zone = engine.definitions().zone();
    let now = Window::trailing_days(90, opened.as_of(), zone).of_kind("organisation");
    let end = now.periods.first().map_or_else(|| local_date(opened.as_of(), zone), |period| period.first_day);
    let before = Window::between(Grain::Window, end - Days::new(90), end, zone).of_kind("organisation");
    let weeks = recent(engine, Grain::Week, 13).await?.of_kind("organisation");
    let cell = engine.detail(metric, metric.headline(), &now).await?;
    let verdict = engine.change(metric, metric.headline(), &before, &now).await?;
    let weeks = engine.series(metric, &weeks).await?;
    let sparkline =
        charts::find("sparkline").map(|chart| (chart.draw)(&[weeks.as_ref().clone()], &Frame::inline(220, 36)).into_string());
    let Some(cell) = cell else {
        return Ok(html! { li.tile { h3 { (metric.title) } span.figure { "no data" } } });
    };
    let class = verdict.as_ref().map(|change| match finding::tone(metric, change) {
        finding::Tone::Better => "verdict better",
        finding::Tone::Worse => "verdict worse",
        finding::Tone::Neutral => "verdict",
    });
    let address = Address::of_metric(metric.id).text();
    Ok(html! {
        li.tile {
            h3 { a href=(address) { (metric.title) } }
            a.figure href=(address) { (figure(metric, &cell)) }
            span.basis { (beside(metric, &cell)) }
            @if let Some(coverage) = cell.coverage { span.basis { (wording::share(coverage)) " coverage" } }
            (wider(metric, &cell, zone))
            @if let Some((change, class)) = verdict.as_ref().zip(class) { span class=(class) { (finding::change(metric, change)) } }
            @if let Some(sparkline) = sparkline { (PreEscaped(sparkline)) }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_organisation_without_a_name_has_an_article() {
        assert_eq!(addressed(&Definitions::default().organisation), "the organisation");
        assert_eq!(addressed("Example Industries"), "Example Industries");
    }
}
