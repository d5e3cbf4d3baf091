//! What charts and reports are made from, asked from the engine; the same for HTTP and the command line.
//!
//! Drawing and wording belong to `reports`; here is only the asking.

mod rows;

use crate::adoption::{Until, migrations, untils};
use crate::problem::Problem;
use crate::routes::SeriesBody;
use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use futures::FutureExt;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use waymark_analytics::{
    Cell, Compared, Component, Definitions, Engine, GAPS, Grain, MOVEMENTS, Metric, Period, SCORES, SERVICE_COVERAGE,
    SOURCE_RHYTHM, Series, Statistic, Subject, Window, WindowRequest, find, local_date, side_by_side,
};
use waymark_reports::{
    Cadence, Chart, ComponentInfo, DataNotes, Document, REPORTS, Report, ReportInput, ReportPeriod, ReportSeries, Target,
    charts, render, wording,
};

/// As many lines as a chart draws.
const SCOPES_MAX: usize = 6;

/// The local day of an instant, as JSON writes it.
pub(crate) fn day_of(instant: waymark_event::Instant, zone: Tz) -> String {
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
    // A score is compared wave by wave, of which a half may hold several or none.
    if matches!(chart.id, "trend" | "cadence")
        && metric.kind != Statistic::Score
        && let Some(drawn) = series.first()
    {
        let both = both_halves(engine, drawn).await?;
        series.extend(both);
    }
    let components = &engine.definitions().components;
    let titles: Vec<_> = components.iter().map(|component| (component.id.as_str(), component.title.as_str())).collect();
    for series in &mut series {
        charts::under_titles(series, &titles);
    }
    Ok(series)
}

/// The halves of what is drawn, the later one first, with what its rows say. Where one of them would be empty, those of the
/// periods from the first to the last with a row; where one of these is empty too, nothing is compared.
async fn both_halves(engine: &Engine, drawn: &Series) -> Result<Vec<Series>, Problem> {
    let (metric, open_on) = (drawn.metric, open_on(drawn));
    for window in [Some(drawn.window.clone()), filled(drawn)].into_iter().flatten() {
        let Some([before, now]) = halves(&window, open_on) else { continue };
        let mut later = engine.series(metric, &now).await?.as_ref().clone();
        let earlier = engine.series(metric, &before).await?.as_ref().clone();
        if later.cells.iter().all(is_empty) || earlier.cells.iter().all(is_empty) {
            continue;
        }
        later.compared = compared(engine, &later, &[metric.headline()], [&before, &now]).await?;
        return Ok(vec![later, earlier]);
    }
    Ok(Vec::new())
}

/// Whether nothing stands behind a cell: nought is a value.
fn is_empty(cell: &Cell) -> bool {
    cell.value.is_none() && cell.sample_size == Some(0)
}

/// The periods from the first to the last with a row; nothing where these are not several.
fn filled(series: &Series) -> Option<Window> {
    let starts: BTreeSet<_> = series.cells.iter().filter(|cell| !is_empty(cell)).map(|cell| cell.period_start).collect();
    let (first, last) = starts.first().zip(starts.last())?;
    let is_within = |period: &&Period| period.start >= *first && period.start <= *last;
    let periods: Vec<Period> = series.window.periods.iter().filter(is_within).cloned().collect();
    (periods.len() > 1).then(|| Window { periods, ..series.window.clone() })
}

/// The first day of the first period in which something can still change, such as a deployment that is too young to be
/// judged; nothing where all of it stays as it is.
fn open_on(series: &Series) -> Option<NaiveDate> {
    let is_open = |cell: &&Cell| cell.is_partial && cell.statistic == series.metric.headline();
    let open_at = series.cells.iter().filter(is_open).map(|cell| cell.period_start).min()?;
    series.window.periods.iter().find(|period| period.start == open_at).map(|period| period.first_day)
}

/// The earlier and the later half of a range, each as one period: the title of a chart compares them. A range of two weeks
/// or more has halves of whole weeks, so that both end on the same day of the week: what waits on a Sunday evening differs
/// from what waits in mid-week, whatever changed. They end before the day on which the open periods begin, unless all are
/// open: of the newest deployments it would be known of fewer whether they failed.
fn halves(window: &Window, open_on: Option<NaiveDate>) -> Option<[Window; 2]> {
    let (first, last) = window.periods.first().zip(window.periods.last())?;
    let end_day = open_on.filter(|day| *day > first.first_day).map_or(last.end_day, |day| day.min(last.end_day));
    let half = (end_day - first.first_day).num_days().unsigned_abs() / 2;
    let days = if half < 7 { half } else { half - half % 7 };
    let range = |from, to| Window {
        scope_kind: window.scope_kind.clone(),
        scopes: window.scopes.clone(),
        ..Window::between(Grain::Window, from, to, window.zone)
    };
    let middle = end_day - Days::new(days);
    Some([range(middle - Days::new(days), middle), range(middle, end_day)])
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
    let [range, range_before] = ranges(report, &period, zone)?;
    let [now, before] =
        [&range, &range_before].map(|range| Window::between(Grain::Window, range.first_day, range.end_day, zone));
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
    let untils = untils(engine, end).await?;
    let notes = notes(engine, report, [&moved, &now]).await?;
    Ok(ReportInput {
        organisation: definitions.organisation.clone(),
        period,
        range,
        range_before,
        as_of: opened.as_of(),
        snapshot: opened.snapshot.id.clone(),
        zone,
        series,
        components: components(&definitions, end - Days::new(1), &untils),
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
    let mut window = engine.closer(metric, metric.statistics, now).await?;
    let previous = engine.closer(metric, metric.statistics, before).await?;
    if metric.subject == Subject::Services {
        window.compared = compared(engine, &window, metric.statistics, [before, now]).await?;
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
    let grain = grain(report);
    let window = match asked {
        None => Window::last_complete(grain, 1, as_of, definitions.zone()),
        Some(text) => {
            // As one period: a report of long ago is no question over the days since then.
            let start =
                WindowRequest { grain: Some("window".to_owned()), from: Some(text.to_owned()), ..WindowRequest::default() };
            let first = start.understand(as_of, definitions.zone())?.periods.first().map_or(today, |period| period.first_day);
            let start = grain.floor(first);
            Window::between(grain, start, grain.next(start), definitions.zone())
        }
    };
    named_period(&window)
}

const fn grain(report: &Report) -> Grain {
    match report.cadence {
        Cadence::Weekly => Grain::Week,
        Cadence::Quarterly => Grain::Quarter,
    }
}

fn named_period(window: &Window) -> Result<ReportPeriod, Problem> {
    let period = window.periods.first().ok_or_else(|| Problem::bad_parameter("the period is empty"))?;
    let label = wording::dates::period(window.grain, period);
    Ok(ReportPeriod { label, first_day: period.first_day, end_day: period.end_day })
}

/// The range over which a report measures, and the one before: so many days up to the end of its period, or the period
/// itself and its predecessor.
fn ranges(report: &Report, period: &ReportPeriod, zone: Tz) -> Result<[ReportPeriod; 2], Problem> {
    let Some(days) = report.needs.days else {
        let (grain, end) = (grain(report), period.first_day);
        let before = Window::between(grain, grain.floor(end - Days::new(1)), end, zone);
        return Ok([period.clone(), named_period(&before)?]);
    };
    let range = |label: String, end_day: NaiveDate| ReportPeriod { label, first_day: end_day - Days::new(days), end_day };
    let end = period.end_day;
    Ok([range(format!("the last {days} days"), end), range(format!("the {days} days before"), end - Days::new(days))])
}

/// The components in the organisation's own order, with what was promised and demanded as of a day, and when the promise
/// will be kept.
fn components(definitions: &Definitions, on: NaiveDate, untils: &BTreeMap<String, Until>) -> Vec<ComponentInfo> {
    let info = |component: &Component| {
        let until = untils.get(&component.id);
        let promised = definitions.target(&component.id, on).map(|target| Target { share: target.share, due: target.due_on });
        // The verdict belongs to what the forecast aims at, which another target may have followed since its last week.
        let aim = |until: &Until| until.due_on.map(|due| Target { share: until.goal, due });
        ComponentInfo {
            id: component.id.clone(),
            title: component.title.clone(),
            category: component.category.clone(),
            owner: component.owner.clone(),
            lifecycle: component.lifecycle.clone(),
            target: until.map_or(promised, aim),
            forecast: until.map(|until| until.sentence.clone()),
            status: until.map_or("no forecast", |until| until.status).to_owned(),
            remaining: until.map(|until| until.remaining),
            mandate_due: definitions.mandate(&component.id, on).map(|mandate| mandate.due_on),
        }
    };
    definitions.components.iter().map(info).collect()
}

async fn notes(engine: &Engine, report: &Report, [moved, now]: [&Window; 2]) -> Result<DataNotes, Problem> {
    let rhythm = engine.answer(&SOURCE_RHYTHM, moved).await?;
    let gaps = engine.answer(&GAPS, moved).await?;
    // Only who says how many deployments failed has to know whether failures could be seen at all.
    let has_incidents = if report.needs.metrics.contains(&"change_fail_rate") {
        rows::has_incidents(&engine.answer(&SERVICE_COVERAGE, now).await?)
    } else {
        None
    };
    Ok(DataNotes {
        open_rejections: rows::total(&rhythm, "rejections"),
        sources: rows::sources(&rhythm),
        unmatched_environments: rows::total(&gaps, "unmatched_environments"),
        unknown_evidence: rows::total(&gaps, "unknown_evidence"),
        has_incidents,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Datelike;
    use chrono_tz::Europe::Berlin;

    fn day(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    #[test]
    fn halves_of_a_range_end_on_the_same_day_of_the_week() {
        // Of 13 weeks each half has six, of 20 days one; a range of less than two weeks has no whole week in its half.
        for (grain, days, half) in
            [(Grain::Week, 91, 42), (Grain::Week, 182, 91), (Grain::Day, 20, 7), (Grain::Day, 13, 6), (Grain::Day, 1, 0)]
        {
            let end = day(2026, 8, 3);
            let window = Window::between(grain, end - Days::new(days), end, Berlin).of_scope("team", "payments");
            let [before, now] = halves(&window, None).unwrap();
            let [from, to] = [&before.periods[0], &now.periods[0]];
            assert_eq!((to.end_day, from.end_day), (end, to.first_day), "{days}");
            assert_eq!((to.end_day - to.first_day).num_days(), half, "{days}");
            assert_eq!((from.end_day - from.first_day).num_days(), half, "{days}");
            assert!(half < 7 || from.end_day.weekday() == to.end_day.weekday(), "{days}");
            assert_eq!((now.scope_kind.as_str(), now.scopes.as_slice()), ("team", ["payments".to_owned()].as_slice()));
        }
        assert_eq!(halves(&Window::between(Grain::Week, day(2026, 8, 3), day(2026, 8, 3), Berlin), None), None);
    }

    #[test]
    fn halves_end_before_what_is_too_young() {
        let weeks = Window::between(Grain::Week, day(2026, 2, 2), day(2026, 8, 3), Berlin);
        let told = |open_on: Option<NaiveDate>| {
            let [before, now] = halves(&weeks, open_on).unwrap();
            (before.periods[0].first_day, now.periods[0].first_day, now.periods[0].end_day)
        };
        // 25 of the 26 weeks are over and judged: twice twelve of them.
        assert_eq!(told(Some(day(2026, 7, 27))), (day(2026, 2, 9), day(2026, 5, 4), day(2026, 7, 27)));
        let whole = (day(2026, 2, 2), day(2026, 5, 4), day(2026, 8, 3));
        // Where everything is open there is nothing else to compare.
        assert_eq!([told(Some(day(2026, 2, 2))), told(Some(day(2026, 9, 7))), told(None)], [whole; 3]);
    }

    #[test]
    fn what_is_empty_at_both_ends_of_a_range_is_left_out() {
        let metric = find("change_lead_time").unwrap();
        let window = Window::between(Grain::Week, day(2026, 6, 1), day(2026, 7, 6), Berlin);
        let cell = |place: usize, sample_size: i64, is_partial: bool| Cell {
            statistic: metric.headline().to_owned(),
            scope_kind: "team".to_owned(),
            scope: "payments".to_owned(),
            period_start: window.periods[place].start,
            period_end: window.periods[place].end,
            value: None,
            low: None,
            high: None,
            sample_size: Some(sample_size),
            numerator: None,
            denominator: None,
            coverage: None,
            is_partial,
        };
        let series = |rows: [i64; 5]| Series {
            metric,
            window: window.clone(),
            as_of: window.periods[4].end,
            snapshot: String::new(),
            cells: rows.iter().enumerate().map(|(place, rows)| cell(place, *rows, place > 2)).collect(),
            compared: Vec::new(),
            order: Vec::new(),
        };
        let days = |window: Window| (window.periods[0].first_day, window.periods[window.periods.len() - 1].end_day);
        assert_eq!(filled(&series([0, 3, 0, 2, 0])).map(days), Some((day(2026, 6, 8), day(2026, 6, 29))));
        assert_eq!((filled(&series([0, 3, 0, 0, 0])), filled(&series([0; 5]))), (None, None));
        assert_eq!(open_on(&series([0, 3, 0, 2, 0])), Some(day(2026, 6, 22)));
    }

    #[test]
    fn a_review_measures_its_quarter_and_a_weekly_report_ninety_days() {
        let told = |name: &str, label: &str, first_day: NaiveDate, end_day: NaiveDate| {
            let period = ReportPeriod { label: label.to_owned(), first_day, end_day };
            ranges(find_report(name).unwrap(), &period, Berlin)
                .unwrap()
                .map(|range| (range.label, range.first_day, range.end_day))
        };
        let quarter = told("leadership", "Q2 2026", day(2026, 4, 1), day(2026, 7, 1));
        let range = |label: &str, first_day, end_day| (label.to_owned(), first_day, end_day);
        assert_eq!(
            quarter,
            [range("Q2 2026", day(2026, 4, 1), day(2026, 7, 1)), range("Q1 2026", day(2026, 1, 1), day(2026, 4, 1))]
        );
        let week = told("weekly", "week of 27 Jul 2026", day(2026, 7, 27), day(2026, 8, 3));
        assert_eq!(
            week,
            [
                range("the last 90 days", day(2026, 5, 5), day(2026, 8, 3)),
                range("the 90 days before", day(2026, 2, 4), day(2026, 5, 5)),
            ]
        );
    }
}
