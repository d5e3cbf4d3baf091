//! A chart of `reports` inside a page, and the window that most of them take.

use crate::problem::Problem;
use crate::reporting::chart_series;
use maud::{Markup, PreEscaped};
use waymark_analytics::{Engine, Grain, Metric, Window, find};
use waymark_reports::{Frame, charts};

/// A chart of a metric over a window, as wide and high as given; where it is wide, a drawing for phones stands behind it.
pub(super) async fn chart(
    engine: &Engine,
    id: &str,
    metric: &'static Metric,
    window: &Window,
    (width, height): (u32, usize),
) -> Result<Markup, Problem> {
    let chart = charts::find(id).ok_or_else(|| Problem::no_such_chart(id))?;
    let series = chart_series(engine, chart, metric, window).await?;
    let frame = Frame::inline(width, u32::try_from(height).unwrap_or(360));
    Ok(PreEscaped((chart.draw)(&series, &frame).into_string()))
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
