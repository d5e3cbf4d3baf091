//! A chart of `reports` inside a page, and the window that most of them take.

use crate::problem::Problem;
use crate::reporting::chart_series;
use maud::{Markup, PreEscaped, html};
use waymark_analytics::{Cell, Definitions, Engine, Grain, Metric, Series, Window, find};
use waymark_reports::{Frame, charts};

/// A chart of a metric over a window, as wide and high as given.
pub(super) async fn chart(
    engine: &Engine,
    id: &str,
    metric: &'static Metric,
    window: &Window,
    (width, height): (u32, usize),
) -> Result<Markup, Problem> {
    let chart = charts::find(id).ok_or_else(|| Problem::no_such_chart(id))?;
    let mut series = chart_series(engine, chart, metric, window).await?;
    for series in &mut series {
        under_titles(series, engine.definitions());
    }
    let frame = Frame::inline(width, u32::try_from(height).unwrap_or(360));
    Ok(html! { (PreEscaped((chart.draw)(&series, &frame).into_string())) })
}

/// Components under the names that people use, in the organisation's own order.
fn under_titles(series: &mut Series, definitions: &Definitions) {
    let place = |cell: &Cell| definitions.components.iter().position(|component| component.id == cell.scope);
    if series.cells.iter().all(|cell| cell.scope_kind == "component") {
        series.cells.sort_by_key(place);
    }
    let cells = series.cells.iter_mut().map(|cell| (&cell.scope_kind, &mut cell.scope));
    let compared = series.compared.iter_mut().map(|found| (&found.scope_kind, &mut found.scope));
    for (_, scope) in cells.chain(compared).filter(|(kind, _)| *kind == "component") {
        if let Some(component) = definitions.component(scope) {
            scope.clone_from(&component.title);
        }
    }
}

/// The last complete periods.
pub(super) async fn recent(engine: &Engine, grain: Grain, count: u32) -> Result<Window, Problem> {
    let opened = engine.newest().await?;
    Ok(Window::last_complete(grain, count, opened.as_of(), engine.definitions().zone()))
}

/// The metric of an id that a page itself spells.
pub(super) fn named(id: &str) -> Result<&'static Metric, Problem> {
    find(id).ok_or_else(|| Problem::no_such_metric(id))
}
