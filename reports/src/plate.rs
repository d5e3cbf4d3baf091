//! What stands around every chart: the finding above, the measure below it, and the date at the foot.
//!
//! A picture in a wiki must date itself, so the footer is never left out for want of room.

use crate::advances::{self, Weight};
use crate::frame::{Frame, Medium};
use crate::palette;
use crate::svg::pen::Pen;
use crate::svg::{Anchor, Letter, Svg};
use crate::wording::{self, dates};
use waymark_analytics::{METRICS, Metric, Series, Statistic};

/// The words around one chart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Words {
    /// What the chart shows.
    pub(crate) title: String,
    /// Measure, scope, periods, what the band means.
    pub(crate) subtitle: String,
    /// Data as of, definition, rows, coverage.
    pub(crate) footer: String,
}

/// What the words leave free: left, top, right, bottom in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Free {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

const TITLE: f64 = 16.0;
const SUBTITLE: f64 = 12.0;
const FOOTER: f64 = 10.5;

impl Words {
    /// Writes the words and says what is left for the drawing.
    pub(crate) fn write(&self, pen: &Pen) -> Free {
        let mut sheet = pen.sheet();
        let frame = sheet.frame();
        let margin = if frame.medium == Medium::File { 18.0 } else { 1.0 };
        let (left, right) = (margin, f64::from(frame.width) - margin);
        let room = right - left;
        let is_small = frame.width < 480;
        let title = if is_small { 14.0 } else { TITLE };
        let mut y = margin * 0.6 + 2.0;
        for line in advances::wrapped(&self.title, title, Weight::Semibold, room, 2) {
            y += title * 1.25;
            sheet.text(left, y, &line, Letter::new(title, palette::INK).bold());
        }
        y += 3.0;
        for line in advances::wrapped(&self.subtitle, SUBTITLE, Weight::Regular, room, 2) {
            y += SUBTITLE * 1.35;
            sheet.text(left, y, &line, Letter::new(SUBTITLE, palette::MUTED));
        }
        let lines = advances::wrapped(&self.footer, FOOTER, Weight::Regular, room, if is_small { 3 } else { 2 });
        let foot = f64::from(frame.height) - margin * 0.8 - 3.0;
        let first = foot - FOOTER * 1.4 * lines.len().saturating_sub(1) as f64;
        for (index, line) in lines.iter().enumerate() {
            let y = first + FOOTER * 1.4 * index as f64;
            sheet.text(left, y, line, Letter::new(FOOTER, palette::MUTED));
        }
        Free { left, top: y + 16.0, right, bottom: first - FOOTER - 6.0 }
    }
}

/// The footer of a series: data as of, definition version, rows in all, coverage.
pub(crate) fn footer(series: &[&Series], more: &[String]) -> String {
    let Some(first) = series.first() else { return String::new() };
    let mut parts = vec![format!("Waymark, data as of {}", dates::instant(first.as_of, first.window.zone))];
    parts.extend(series.iter().map(|series| format!("{} v{}", series.metric.title, series.metric.version)));
    if series.len() == 1 {
        parts.extend(rows(first));
    }
    parts.extend(coverage(series));
    parts.extend(more.iter().cloned());
    parts.join(" · ")
}

fn rows(series: &Series) -> Option<String> {
    // The units of a census are the same in every period; adding them up would count them again.
    let is_census = series.metric.kind == Statistic::Census;
    let headline = series.metric.headline();
    let rows = || series.cells.iter().filter(|cell| cell.statistic == headline).filter_map(|cell| cell.sample_size);
    if is_census {
        let is_same = rows().min() == rows().max();
        return rows().max().filter(|_| is_same).map(|rows| format!("n = {}", wording::count(rows)));
    }
    if is_stock(series.metric) {
        let end = series.cells.iter().map(|cell| cell.period_start).max();
        let last = series.cells.iter().filter(|cell| cell.statistic == headline && Some(cell.period_start) == end);
        let total: i64 = last.filter_map(|cell| cell.sample_size).sum();
        return (total > 0).then(|| format!("n = {} at the end", wording::count(total)));
    }
    let total: i64 = rows().sum();
    (total > 0).then(|| format!("n = {} in all", wording::count(total)))
}

/// Whether the rows are what is there at the end of a period, most of which was there a period before: a level, or
/// another statistic of the things that a level counts, which has its evidence.
fn is_stock(metric: &Metric) -> bool {
    METRICS.iter().any(|level| level.kind == Statistic::Level && level.evidence == metric.evidence)
}

fn coverage(series: &[&Series]) -> Option<String> {
    let cells = || {
        series.iter().flat_map(|series| {
            series.cells.iter().filter(|cell| cell.value.is_some() && cell.statistic == series.metric.headline())
        })
    };
    let low = cells().filter_map(|cell| cell.coverage).fold(f64::INFINITY, f64::min);
    let high = cells().filter_map(|cell| cell.coverage).fold(f64::NEG_INFINITY, f64::max);
    if low > high {
        return None;
    }
    let same = wording::share(low) == wording::share(high);
    let words = if same { wording::share(low) } else { wording::interval(waymark_analytics::Unit::Share, low, high) };
    Some(format!("coverage {words}"))
}

/// A chart that has nothing to draw says so, in the same frame and with the same date.
pub(crate) fn placard(words: &Words, reason: &str, frame: &Frame) -> Svg {
    let pen = Pen::new(*frame);
    let free = words.write(&pen);
    let (x, y) = (f64::midpoint(free.left, free.right), f64::midpoint(free.top, free.bottom) + 4.0);
    let reason = advances::fitted(reason, 13.0, Weight::Regular, free.right - free.left);
    pen.sheet().text(x, y, &reason, Letter::new(13.0, palette::MUTED).at(Anchor::Middle));
    pen.finish(&words.title, &format!("{} {reason}.", words.subtitle))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invented::{series, weeks};

    #[test]
    fn what_waits_is_counted_once_and_what_happens_in_every_period() {
        let organisation = [("organisation", "Example")];
        let footer_of = |id: &str| {
            let given = series(id, weeks(3), &organisation, |_, index| Some((60.0, [40, 50, 59][index])));
            footer(&[&given], &[])
        };
        for id in ["undeployed_change_age", "undeployed_changes"] {
            assert!(footer_of(id).contains(" · n = 59 at the end · "), "{}", footer_of(id));
        }
        assert!(footer_of("change_lead_time").contains(" · n = 149 in all · "), "{}", footer_of("change_lead_time"));
    }
}
