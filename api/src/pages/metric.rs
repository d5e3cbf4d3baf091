//! `GET /metrics/{id}`: a number and everything behind it: definition, parameters, rows counted and left out.
//!
//! Which number it is stands in the parameters, so a link shows the same to everybody. The table of
//! rows is in `metric/evidence.rs`, the form in `metric/asked.rs`, why there is no number in `metric/absent.rs`.

mod absent;
mod asked;
mod evidence;

use super::address::Address;
use super::definitions::words;
use super::ended;
use super::frame::{self, Page, Refusal};
use super::heading::Heading::{Number, Words};
use super::heading::head;
use super::picture::{chart, recent};
use crate::app::App;
use crate::explain::{Explanation, explanation, flags, known_statistic, noun};
use crate::problem::Problem;
use crate::routes::{RowsParams, waves};
use absent::said;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::Uri;
use axum::response::Response;
use chrono::NaiveDate;
use maud::{Markup, html};
use waymark_analytics::{Cell, Definitions, Engine, FINDINGS, Grain, Metric, Series, Statistic, Subject, Window, find};
use waymark_reports::{charts, wording};

pub(super) use absent::wider;

/// Rows on one page.
const ROWS: usize = 100;
/// Numbers in the table; the download has them all.
const NUMBERS_MAX: usize = 200;

/// The page of a number.
pub(crate) async fn metric(
    State(app): State<App>,
    Path(id): Path<String>,
    address: Uri,
    query: Result<Query<RowsParams>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(params) = query.map_err(|rejection| Problem::unread(&rejection))?;
    let metric = find(&id).ok_or_else(|| Problem::no_such_metric(&id))?;
    let params = settled(params);
    let app = app.pinned().await?;
    frame::answered(&app, &format!("page {address}"), Box::pin(page(&app, metric, &params, &address))).await
}

/// Without a period it is the number of the home page: the last 90 days as one.
fn settled(mut params: RowsParams) -> RowsParams {
    let is_said = params.grain.is_some() || params.from.is_some() || params.to.is_some();
    if !is_said && params.last.is_none() {
        params.grain = Some("window".to_owned());
    }
    params
}

async fn page(app: &App, metric: &'static Metric, params: &RowsParams, address: &Uri) -> Result<Markup, Problem> {
    let (engine, definitions) = (app.engine.as_ref(), app.engine.definitions());
    let statistic = known_statistic(metric, params.statistic.as_deref())?;
    let window = params.window_params().window(engine, metric.subject).await?;
    let explained = explanation(engine, metric, &window, statistic, &params.request(ROWS)?).await?;
    let series = engine.closer(metric, metric.statistics, &window).await?;
    let ended = ended::ended(app).await?;
    let teams = teams(engine, metric, &window).await?;
    let picture = picture(engine, metric, &window).await?;
    let page = Page {
        address: "",
        title: metric.title.to_owned(),
        as_of: Some(ended::as_of(app).await?),
        heading: metric.title.to_owned(),
        lede: html! { (metric.question) },
        content: html! {
            (asked::form(metric, params, &window))
            (beyond_the_end(metric, params, &window, ended))
            (numbers(&series, statistic, &explained, params, definitions))
            (picture)
            (teams)
            (evidence::section(&explained, params, address, definitions))
            (definition(&explained))
        },
        footer: html! {
            "Snapshot " (explained.snapshot) " · definition version " (explained.definition_version) " · zone " (explained.zone)
        },
    };
    Ok(page.render())
}

/// Where the data end, if all of the window lies after that.
fn beyond_the_end(metric: &Metric, params: &RowsParams, window: &Window, ended: Option<NaiveDate>) -> Markup {
    let first_day = window.periods.first().map(|period| period.first_day);
    let is_beyond = ended.zip(first_day).is_some_and(|(ended, first_day)| first_day > ended);
    let undated = RowsParams { from: None, to: None, last: None, ..params.clone() };
    html! {
        @if is_beyond && metric.subject == Subject::Services {
            p.note { (ended::note(ended, &Address::of_metric(metric.id).asking(&undated))) }
        }
    }
}

fn numbers(
    series: &Series,
    statistic: Option<&str>,
    explained: &Explanation,
    params: &RowsParams,
    definitions: &Definitions,
) -> Markup {
    let metric = series.metric;
    let cells: Vec<&Cell> =
        series.cells.iter().filter(|cell| statistic.is_none_or(|wanted| cell.statistic == wanted)).collect();
    let is_one = series.scopes().len() <= 1 && series.window.periods.len() == 1;
    let objection = asked::objection(series);
    let csv = Address::of_series(metric.id).asking(params).with("format", "csv").text();
    html! {
        section aria-labelledby="number" {
            h2 #number { "The number" }
            p.question { (wording::dates::window(&series.window)) ", " (wording::dates::rhythm(series.window.grain))
                "; limits: " (explained.interval) }
            @if let Some(sentence) = &objection { p.note { (sentence) } }
            @if let Some(sentence) = absent::waits(explained, series) { p.note { (sentence) } }
            @if cells.is_empty() {
                @if objection.is_none() { p { "Nothing was counted: there is no scope of this kind and name with rows in these days." } }
            } @else if is_one {
                ul.tiles { @for cell in &cells { (tile(metric, cell, definitions)) } }
            } @else {
                (table(series, &cells, definitions))
                @if cells.len() > NUMBERS_MAX { p.more { "and " (cells.len() - NUMBERS_MAX) " more" } }
                (absent::as_one(series, &cells, params))
            }
            p.downloads { a href=(csv) { "These numbers as CSV" } }
        }
    }
}

fn tile(metric: &Metric, cell: &Cell, definitions: &Definitions) -> Markup {
    html! {
        li.tile {
            h3 { (wording::statistic(&cell.statistic)) ", " (scope_name(definitions, &cell.scope_kind, &cell.scope)) }
            span.figure { (figure(metric, cell)) }
            span.basis { (beside(metric, cell)) }
            @if let Some(coverage) = cell.coverage { span.basis { (wording::share(coverage)) " coverage" } }
            @if cell.is_partial { span.basis { "so far: some of it can still change" } }
            (wider(metric, cell, definitions.zone()))
        }
    }
}

/// A scope under the name that people use: of a component its title, also where a team or a reason stands behind it.
fn scope_name(definitions: &Definitions, kind: &str, scope: &str) -> String {
    let (id, rest) = if kind == "component" { (scope, "") } else { scope.split_at(scope.find('/').unwrap_or(scope.len())) };
    let component = definitions.component(id).filter(|_| kind.starts_with("component"));
    component.map_or_else(|| scope.to_owned(), |component| format!("{}{rest}", component.title))
}

/// A value as the large number of a tile: the words behind a rate are smaller, so that it stays one line.
pub(super) fn figure(metric: &Metric, cell: &Cell) -> Markup {
    let whole = said(metric, cell);
    let number = cell.value.map(|value| wording::short(metric.unit, value)).unwrap_or_default();
    let unit = whole.strip_prefix(&number).filter(|unit| !number.is_empty() && !unit.is_empty());
    unit.map_or_else(|| html! { (whole) }, |unit| html! { (number) small { (unit) } })
}

/// Limits, and what the value rests on.
pub(super) fn beside(metric: &Metric, cell: &Cell) -> String {
    let mut beside: Vec<String> = wording::limits(metric, cell).into_iter().collect();
    beside.extend(cell.value.and_then(|_| wording::basis_of(metric, cell, noun::counted(metric))));
    beside.join(", ")
}

fn table(series: &Series, cells: &[&Cell], definitions: &Definitions) -> Markup {
    let metric = series.metric;
    let thing = noun::counted(metric);
    let periods = &series.window.periods;
    let mut newest_first = cells.to_vec();
    newest_first.sort_by_key(|cell| std::cmp::Reverse(cell.period_start));
    let name = |cell: &Cell| {
        let period = periods.iter().find(|period| period.start == cell.period_start);
        period.map(|period| wording::dates::period(series.window.grain, period)).unwrap_or_default()
    };
    html! {
        div.scroll role="region" aria-label="Numbers by period and scope" tabindex="0" { table.stacked {
            (head(&[
                Words("Period"), Words("Scope"), Words("Statistic"), Number("Value"), Number("Limits"), Number("Rests on"),
                Number("Coverage"),
            ]))
            tbody { @for cell in newest_first.iter().take(NUMBERS_MAX) {
                tr {
                    td { (name(cell)) @if cell.is_partial { small { "so far" } } }
                    td data-label="Scope" { (scope_name(definitions, &cell.scope_kind, &cell.scope)) }
                    td data-label="Statistic" { (wording::statistic(&cell.statistic)) }
                    td.number data-label="Value" { a href=(narrowed(series, cell)) { (said(metric, cell)) } }
                    td.number data-label="Limits" { (wording::limits(metric, cell).filter(|_| cell.value.is_some()).unwrap_or_default()) }
                    td.number data-label="Rests on" { (wording::basis_of(metric, cell, thing).unwrap_or_default()) }
                    td.number data-label="Coverage" { (cell.coverage.map(wording::share).unwrap_or_default()) }
                }
            } }
        } }
    }
}

/// The page of one cell of a table.
fn narrowed(series: &Series, cell: &Cell) -> String {
    let period = series.window.periods.iter().find(|period| period.start == cell.period_start);
    let mut address = Address::of_metric(series.metric.id)
        .with("scope_kind", cell.scope_kind.as_str())
        .with_scope(&cell.scope)
        .with("grain", "window");
    if let Some(period) = period {
        address = address.with("from", period.first_day.to_string()).with("to", period.end_day.to_string());
    }
    address.text()
}

/// How it moved: the window's own periods, or the last half year where it has only one; of a survey the last waves.
async fn picture(engine: &Engine, metric: &'static Metric, window: &Window) -> Result<Markup, Problem> {
    let Some(trend) = charts::find("trend").filter(|chart| (chart.accepts)(metric)) else { return Ok(html! {}) };
    let drawn = if window.periods.len() > 1 {
        window.clone()
    } else {
        let last = match metric.kind {
            Statistic::Score => waves(engine.newest().await?.as_of(), engine.definitions().zone()),
            _ => recent(engine, Grain::Week, 26).await?,
        };
        Window { scope_kind: window.scope_kind.clone(), scopes: window.scopes.clone(), ..last }
    };
    let drawing = chart(engine, trend.id, metric, &drawn, (1_120, 340)).await?;
    let flags = flags(engine.series(metric, &drawn).await?.as_ref());
    Ok(html! {
        section aria-labelledby="movement" {
            h2 #movement { "How it moved" }
            p.question { (wording::dates::window(&drawn)) ", " (wording::dates::rhythm(drawn.grain)) (of_limits(&flags)) }
            figure.wide { (drawing) }
        }
    })
}

/// What has to be known about limits, behind what is said of their numbers; empty where there is nothing.
pub(super) fn of_limits(flags: &[&str]) -> String {
    if flags.is_empty() { String::new() } else { format!("; limits {}", flags.join(", ")) }
}

/// The same number for each team, by name: a way further down, and no ranking.
async fn teams(engine: &Engine, metric: &'static Metric, window: &Window) -> Result<Markup, Problem> {
    if metric.subject != Subject::Services || window.scope_kind != "organisation" || window.periods.len() != 1 {
        return Ok(html! {});
    }
    let by_team = Window { scopes: Vec::new(), ..window.clone().of_kind("team") };
    // The cells of the pages that the numbers lead to.
    let series = engine.closer(metric, &[metric.headline()], &by_team).await?;
    if series.cells.is_empty() {
        return Ok(html! {});
    }
    Ok(html! {
        section aria-labelledby="teams" {
            h2 #teams { "By team" }
            p.question {
                (wording::statistic(metric.headline())) ", in the order of names: teams differ in what they do, so this is no ranking"
                (of_limits(&flags(&series)))
            }
            ul.chips { @for cell in &series.cells {
                @let beside = beside(metric, cell);
                li {
                    a href=(narrowed(&series, cell)) { (cell.scope) } " "
                    span { (said(metric, cell)) @if !beside.is_empty() { ", " (beside) } }
                }
            } }
        }
    })
}

fn definition(explained: &Explanation) -> Markup {
    html! {
        section aria-labelledby="definition" {
            h2 #definition { "Definition" }
            p.question { "Version " (explained.definition_version) ", in " (explained.unit.replace('_', " ")) "; better: " (explained.better) }
            (words(&explained.definition))
            dl.what {
                @if let Some(category) = &explained.category { dt { "Category" } dd { (category) } }
                dt { "Limits" } dd { (explained.interval) }
                dt { "Parameters" } dd {
                    @if explained.settings.is_empty() { "none" }
                    @for (name, value) in &explained.settings { code { (name) " = " (value) } " " }
                }
                dt { "Facts" } dd { (explained.facts.join(", ")) }
                dt { "Zone" } dd { (explained.zone) }
                dt { "Can lack" } dd {
                    @for finding in FINDINGS.iter().filter(|finding| finding.metrics.contains(&explained.metric)) {
                        (wording::mid_sentence(finding.title)) ", "
                    }
                    "as far as the " a href="/doctor" { "doctor" } " finds any"
                }
                dt { "As of" } dd { (explained.as_of) ", snapshot " (explained.snapshot) }
            }
            details { summary { "The SQL that defines it" } pre { code { (explained.sql) } } }
            @for view in &explained.views {
                details { summary { "What it shares with others: " (view.name.replace('_', " ")) } pre { code { (view.sql) } } }
            }
            details { summary { "The SQL that finds its rows" } pre { code { (explained.evidence_sql) } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use waymark_analytics::Component;

    #[test]
    fn a_component_stands_under_its_title_and_every_other_scope_as_it_is() {
        let ci = Component { id: "ci".to_owned(), title: "Standard pipeline".to_owned(), ..Component::default() };
        let definitions = Definitions { components: vec![ci], ..Definitions::default() };
        for (kind, scope, name) in [
            ("component", "ci", "Standard pipeline"),
            ("component_team", "ci/payments", "Standard pipeline/payments"),
            ("component", "platform", "platform"),
            ("team", "ci", "ci"),
            ("category", "ci", "ci"),
        ] {
            assert_eq!(scope_name(&definitions, kind, scope), name, "{kind} {scope}");
        }
    }

    #[test]
    fn days_after_the_end_of_the_data_have_a_way_back() {
        let day = |year: i32| NaiveDate::from_ymd_opt(year, 8, 2).unwrap();
        let window = Window::between(Grain::Week, day(2026), day(2027), chrono_tz::UTC);
        let params = RowsParams { grain: Some("week".to_owned()), last: Some(13), ..RowsParams::default() };
        let said = |id: &str, ended: NaiveDate| beyond_the_end(find(id).unwrap(), &params, &window, Some(ended)).into_string();
        let note = said("deployment_count", day(2025));
        assert!(note.contains("/metrics/deployment_count?grain=week&amp;from=2025-05-05&amp;to=2025-08-03\""), "{note}");
        assert_eq!((said("deployment_count", day(2026)), said("reach", day(2025))), (String::new(), String::new()));
    }
}
