//! What charts and reports are made from, asked from the engine; the same for HTTP and the command line.
//!
//! Drawing and wording belong to `reports`; here is only the asking.

mod rows;

use crate::adoption::migrations;
use crate::problem::Problem;
use crate::routes::SeriesBody;
use chrono::{Days, NaiveDate};
use futures::FutureExt;
use std::sync::Arc;
use waymark_analytics::{
    Compared, Definitions, Engine, GAPS, Grain, MOVEMENTS, Metric, SCORES, SOURCE_RHYTHM, Series, Subject, Window,
    WindowRequest, find, local_date, side_by_side,
};
use waymark_reports::{
    Cadence, Chart, ComponentInfo, DataNotes, Document, REPORTS, Report, ReportInput, ReportPeriod, ReportSeries, Target,
    charts, render, wording,
};

/// As many lines as a chart draws.
const SCOPES_MAX: usize = 6;

/// The local day of an instant, as JSON writes it.
pub(crate) fn day_of(instant: waymark_event::Instant, zone: chrono_tz::Tz) -> String {
    local_date(instant, zone).to_string()
}

/// The report of this id or short name.
pub fn find_report(name: &str) -> Option<&'static Report> {
    REPORTS.iter().find(|report| report.id == name || report.short_name == name)
}

/// A series as it is sent, for the command line.
pub fn series_json(series: &Series) -> serde_json::Value {
    serde_json::json!(SeriesBody::of(series, None))
}

/// The series that a chart of this metric takes, the asked one first; components have their titles, and stand in the
/// organisation's own order.
///
/// # Errors
/// When a metric cannot be computed.
pub async fn chart_series(
    engine: &Engine,
    chart: &Chart,
    metric: &'static Metric,
    window: &Window,
) -> Result<Vec<Series>, Problem> {
    let mut series: Vec<Series> = if chart.id == "reach" {
        let three = each_series(engine, &["adoption_rate", "coverage_fit", "reach"], window).await?;
        three.iter().map(|series| series.as_ref().clone()).collect()
    } else {
        vec![engine.series(metric, window).await?.as_ref().clone()]
    };
    if matches!(chart.id, "trend" | "cadence")
        && let Some((first, last)) = window.periods.first().zip(window.periods.last())
    {
        // The title compares the later half of the range with the earlier one.
        let days = (last.end_day - first.first_day).num_days().unsigned_abs() / 2;
        let half = |from, to| Window {
            scope_kind: window.scope_kind.clone(),
            scopes: window.scopes.clone(),
            ..Window::between(Grain::Window, from, to, window.zone)
        };
        let middle = last.end_day - Days::new(days);
        let (before, now) = (half(middle - Days::new(days), middle), half(middle, last.end_day));
        let mut later = engine.series(metric, &now).await?.as_ref().clone();
        later.compared = compared(engine, &later, &[metric.headline()], [&before, &now]).await?;
        series.extend([later, engine.series(metric, &before).await?.as_ref().clone()]);
    }
    let components = &engine.definitions().components;
    let titles: Vec<_> = components.iter().map(|component| (component.id.as_str(), component.title.as_str())).collect();
    for series in &mut series {
        charts::under_titles(series, &titles);
    }
    Ok(series)
}

/// The series of some metrics over one window, in their order.
pub(crate) async fn each_series(engine: &Engine, ids: &[&'static str], window: &Window) -> Result<Vec<Arc<Series>>, Problem> {
    let questions = ids.iter().map(|id| {
        let (engine, window, id) = (engine.clone(), window.clone(), *id);
        async move {
            let metric = find(id).ok_or_else(|| Problem::no_such_metric(id))?;
            Ok(engine.series(metric, &window).await?)
        }
        .boxed()
    });
    side_by_side(questions.collect()).await
}

/// The document of a report for a period; without one, for the last complete period.
///
/// # Errors
/// When the period cannot be understood or a number cannot be computed.
pub async fn document(engine: &Engine, report: &'static Report, period: Option<&str>) -> Result<Document, Problem> {
    let input = input(engine, report, period).await?;
    Ok((report.build)(&input))
}

/// A document in a format: `html`, `md` or `json`.
///
/// # Errors
/// When the format is none of these.
pub fn rendered(document: &Document, format: &str) -> Result<String, Problem> {
    match format {
        "html" => Ok(render::html(document)),
        "md" | "markdown" => Ok(render::markdown(document)),
        "json" => document.to_json().map_err(|error| Problem::not_drawn(&error)),
        other => Err(Problem::bad_parameter(format!("format `{other}` is none of html, md, json"))),
    }
}

async fn input(engine: &Engine, report: &'static Report, period: Option<&str>) -> Result<ReportInput, Problem> {
    let opened = engine.newest().await?;
    let definitions = Arc::clone(engine.definitions());
    let zone = definitions.zone();
    let period = report_period(report, period, local_date(opened.as_of(), zone), &definitions, opened.as_of())?;
    let end = period.end_day;
    // Only weeks that lie inside the period: a quarter rarely ends on a Sunday.
    let last_week = Grain::Week.floor(end);
    let weeks = Window::between(Grain::Week, last_week - Days::new(7 * u64::from(report.needs.weeks)), last_week, zone);
    let days = report.needs.days;
    let now = Window::between(Grain::Window, end - Days::new(days), end, zone);
    let before = Window::between(Grain::Window, end - Days::new(2 * days), end - Days::new(days), zone);
    let series = report.needs.metrics.iter().filter_map(|id| find(id)).map(|metric| {
        let engine = engine.clone();
        let [weeks, before, now] = [&weeks, &before, &now].map(|window| headline(metric, window));
        async move {
            let weekly = engine.series(metric, &weeks).await?.as_ref().clone();
            Ok::<_, Problem>((metric.id, beside(&engine, metric, weekly, [&before, &now]).await?))
        }
        .boxed()
    });
    let series = side_by_side(series.collect()).await?.into_iter().collect();
    let moved = Window::between(Grain::Window, period.first_day, period.end_day, zone);
    let movements = rows::movements(&engine.answer(&MOVEMENTS, &moved).await?, zone);
    let scores = rows::scores(&engine.answer(&SCORES, &moved).await?, end);
    let migrations = migrations(engine, end).await?;
    let notes = notes(engine, &moved).await?;
    Ok(ReportInput {
        organisation: definitions.organisation.clone(),
        period,
        as_of: opened.as_of(),
        snapshot: opened.snapshot.id.clone(),
        zone,
        series,
        components: components(&definitions, end - Days::new(1)),
        movements,
        migrations,
        scores,
        notes,
    })
}

/// A weekly series beside two whole ranges. What is about the organisation alone is looked at more
/// closely: its limits know the services, and its change comes from the rows.
async fn beside(
    engine: &Engine,
    metric: &'static Metric,
    weekly: Series,
    [before, now]: [&Window; 2],
) -> Result<ReportSeries, Problem> {
    let mut window = engine.series(metric, now).await?.as_ref().clone();
    let mut previous = engine.series(metric, before).await?.as_ref().clone();
    if metric.subject == Subject::Services {
        window.compared = compared(engine, &window, metric.statistics, [before, now]).await?;
        for (series, asked) in [(&mut window, now), (&mut previous, before)] {
            for cell in &mut series.cells {
                if let Some(detail) = engine.detail(metric, &cell.statistic, asked).await? {
                    *cell = detail;
                }
            }
        }
    }
    Ok(ReportSeries { weekly, window, previous })
}

/// What the rows behind two ranges say about each line of the later one. Nothing where there are more
/// scopes than a chart draws: each of them is looked at by itself, which takes its time.
async fn compared(
    engine: &Engine,
    later: &Series,
    statistics: &[&'static str],
    [before, now]: [&Window; 2],
) -> Result<Vec<Compared>, Problem> {
    let scopes = later.scopes();
    if scopes.len() > SCOPES_MAX {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for (scope_kind, scope) in scopes {
        let of_scope = |window: &Window| Window { scopes: vec![scope.to_owned()], ..window.clone().of_kind(scope_kind) };
        let (before, now) = (of_scope(before), of_scope(now));
        for statistic in statistics {
            found.extend(engine.change(later.metric, statistic, &before, &now).await?.map(|change| Compared {
                statistic: (*statistic).to_owned(),
                scope_kind: scope_kind.to_owned(),
                scope: scope.to_owned(),
                change,
            }));
        }
    }
    Ok(found)
}

/// Only the organisation, or every component in it: reports never list services side by side.
fn headline(metric: &Metric, window: &Window) -> Window {
    window.clone().of_kind(metric.subject.scope_kind())
}

fn report_period(
    report: &Report,
    asked: Option<&str>,
    today: NaiveDate,
    definitions: &Definitions,
    as_of: waymark_event::Instant,
) -> Result<ReportPeriod, Problem> {
    let grain = match report.cadence {
        Cadence::Weekly => Grain::Week,
        Cadence::Quarterly => Grain::Quarter,
    };
    let window = match asked {
        None => Window::last_complete(grain, 1, as_of, definitions.zone()),
        Some(text) => {
            let start =
                WindowRequest { grain: Some("day".to_owned()), from: Some(text.to_owned()), ..WindowRequest::default() };
            let first = start.understand(as_of, definitions.zone())?.periods.first().map_or(today, |period| period.first_day);
            let start = grain.floor(first);
            Window::between(grain, start, grain.next(start), definitions.zone())
        }
    };
    let period = window.periods.first().ok_or_else(|| Problem::bad_parameter("the period is empty"))?;
    Ok(ReportPeriod { label: wording::dates::period(grain, period), first_day: period.first_day, end_day: period.end_day })
}

/// The components in the organisation's own order, with what was promised and demanded as of a day.
fn components(definitions: &Definitions, on: NaiveDate) -> Vec<ComponentInfo> {
    let components = definitions.components.iter();
    components
        .map(|component| ComponentInfo {
            id: component.id.clone(),
            title: component.title.clone(),
            category: component.category.clone(),
            owner: component.owner.clone(),
            lifecycle: component.lifecycle.clone(),
            target: definitions.target(&component.id, on).map(|target| Target { share: target.share, due: target.due_on }),
            mandate_due: definitions.mandate(&component.id, on).map(|mandate| mandate.due_on),
        })
        .collect()
}

async fn notes(engine: &Engine, window: &Window) -> Result<DataNotes, Problem> {
    let rhythm = engine.answer(&SOURCE_RHYTHM, window).await?;
    let gaps = engine.answer(&GAPS, window).await?;
    Ok(DataNotes {
        open_rejections: rows::total(&rhythm, "rejections"),
        sources: rows::sources(&rhythm),
        unmatched_environments: rows::total(&gaps, "unmatched_environments"),
        unknown_evidence: rows::total(&gaps, "unknown_evidence"),
    })
}
