//! `score`: a survey score per period, as points with whiskers.
//!
//! Points of neighbouring waves are different people, so nothing joins them.

use crate::advances::{self, Weight};
use crate::axis::{self, Foot};
use crate::charts::sparkline;
use crate::frame::Frame;
use crate::lines::{self, Body, Line};
use crate::palette;
use crate::plane::{DrawError, LABEL, Plane, Room};
use crate::plate::{self, Words};
use crate::svg::pen::Pen;
use crate::svg::{Letter, Stroke, Svg};
use crate::wording;
use waymark_analytics::Series;

/// Draws the first series: one to six scopes beside each other.
pub(crate) fn draw(series: &[Series], frame: &Frame) -> Svg {
    if frame.is_tiny() {
        return sparkline::draw(series, frame);
    }
    let Some(first) = series.first() else {
        return plate::placard(&Words { title: "Score".to_owned(), ..Words::default() }, "no series", frame);
    };
    let (lines, count) = lines::lines(series);
    let (title, basis) = lines::title(series, &lines);
    let subtitle = lines::subtitle(first.metric, &first.window, &lines, Some("whisker: 95 % interval"));
    let more: Vec<String> = basis.into_iter().chain(lines::drawn(&lines, count)).collect();
    let words = Words { title, subtitle, footer: plate::footer(&[first], &more) };
    if lines.iter().all(|line| line.last().is_none()) {
        let is_hidden = lines.iter().flat_map(|line| line.cells.iter().flatten()).any(|cell| cell.sample_size.is_none());
        let reason = if is_hidden { wording::WITHHELD } else { "no closed wave in these periods" };
        return plate::placard(&words, reason, frame);
    }
    waves(first, &lines, &words, frame).unwrap_or_else(|_| plate::placard(&words, "could not be drawn", frame))
}

/// From this distance on, each wave of a single line has its number behind it.
const STEP_MIN: f64 = 40.0;
/// Room behind the newest wave for its number.
const BESIDE: f64 = 20.0;

fn waves(series: &Series, lines: &[Line<'_>], words: &Words, frame: &Frame) -> Result<Svg, DrawError> {
    let pen = Pen::new(*frame);
    let free = words.write(&pen);
    let cells = || lines.iter().flat_map(Line::known).map(|(_, cell)| cell);
    let lowest = cells().filter_map(|cell| cell.low.or(cell.value)).fold(0.0, f64::min);
    let highest = cells().filter_map(|cell| cell.high.or(cell.value)).fold(0.0, f64::max);
    let scale = axis::scale(series.metric.unit, lowest, highest, Foot::Free);
    let widest = scale.ticks.iter().map(|tick| advances::width(&tick.label, LABEL, Weight::Regular)).fold(10.0, f64::max);
    let legend = if lines.len() > 1 { lines::legend(&mut pen.sheet(), lines, &free) } else { 0.0 };
    let (rows, beside) = if lines.len() == 1 { (40.0, BESIDE) } else { (24.0, 0.0) };
    let room =
        Room { left: free.left + widest + 9.0, top: free.top + legend, right: free.right - beside, bottom: free.bottom - rows };
    let plane = Plane::new(&pen, room, series.window.periods.len(), &scale);
    plane.grid(&scale);
    plane.periods(&series.window);
    if let [line] = lines {
        plane.counts("n", &lines::counts(line));
    }
    for (place, line) in lines.iter().enumerate() {
        pen.sheet().open("wm-series", &[("data-scope", line.scope.to_owned())]);
        points(&plane, series, line, offset(place, lines.len()))?;
        pen.sheet().close();
    }
    let about = lines::description(series.metric, &words.subtitle, lines);
    Ok(pen.finish(&words.title, &about))
}

/// How far a scope stands from the middle of its period, in periods.
fn offset(place: usize, count: usize) -> f64 {
    let step = (0.7 / count as f64).min(0.2);
    (place as f64 - (count as f64 - 1.0) / 2.0) * step
}

fn points(plane: &Plane, series: &Series, line: &Line<'_>, offset: f64) -> Result<(), DrawError> {
    let step = plane.slot(series.window.periods.len());
    let is_alone = offset.abs() < f64::EPSILON;
    for (index, cell) in line.known() {
        let across = index as f64 + 0.5 + offset;
        let value = cell.value.unwrap_or_default();
        lines::open_point(&mut plane.pen().sheet(), series.metric, &series.window, index, cell);
        if let (Some(low), Some(high)) = (cell.low, cell.high) {
            plane.line(vec![(across, low), (across, high)], Stroke::new(line.token, 2.0))?;
        }
        let at = plane.at(across, value);
        let body = if cell.is_partial { Body::Hollow } else { Body::Full };
        let mut sheet = plane.pen().sheet();
        lines::mark(&mut sheet, line.mark, at, 4.6, line.token, body);
        if is_alone && step > STEP_MIN {
            let text = wording::short(series.metric.unit, value);
            let letter = Letter::new(12.0, palette::INK).bold();
            sheet.text(at.0 + 9.0, at.1 + 4.2, &text, letter);
        }
        sheet.close();
    }
    Ok(())
}
