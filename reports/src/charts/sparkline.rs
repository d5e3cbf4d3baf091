//! `sparkline`: the shape of the last periods, without axes and without words beside it.
//!
//! The number it belongs to stands next to it in a table or tile, so it carries only a title. Where there is nothing to
//! draw, words say why.

use crate::advances::{self, Weight};
use crate::axis::{self, Foot};
use crate::frame::Frame;
use crate::lines::{self, Body};
use crate::palette;
use crate::plane::{DrawError, Plane, Room};
use crate::svg::pen::Pen;
use crate::svg::{Letter, Stroke, Svg};
use crate::wording::{self, dates};
use waymark_analytics::Series;

const WORDS: f64 = 10.5;

/// Draws the first scope of the first series.
pub(crate) fn draw(series: &[Series], frame: &Frame) -> Svg {
    let Some(first) = series.first() else { return blank("No series", "no data", frame) };
    shape(first, frame).ok().flatten().unwrap_or_else(|| {
        let lines = lines::every_line(first);
        let line = lines.first();
        let told = line.and_then(|line| Some((line.scope, lines::silence(first.metric, std::slice::from_ref(line))?)));
        match told {
            Some((scope, reason)) => blank(&format!("{}, {scope}: {reason}", first.metric.title), &reason, frame),
            None => blank(&format!("{}: no data", first.metric.title), "no data", frame),
        }
    })
}

/// The reason in words, or a broken line where they have no room.
fn blank(title: &str, reason: &str, frame: &Frame) -> Svg {
    let pen = Pen::new(*frame);
    let (width, middle) = (f64::from(frame.width), f64::from(frame.height) / 2.0);
    if advances::width(reason, WORDS, Weight::Regular) <= width - 4.0 && f64::from(frame.height) >= WORDS * 1.3 {
        pen.sheet().text(2.0, middle + WORDS * 0.35, reason, Letter::new(WORDS, palette::MUTED));
    } else {
        let line = Stroke::new(palette::GRID, 1.0).dashed("2 4");
        pen.sheet().line((2.0, middle), (width - 2.0, middle), line);
    }
    pen.finish(title, reason)
}

fn shape(series: &Series, frame: &Frame) -> Result<Option<Svg>, DrawError> {
    let lines = lines::every_line(series);
    let Some(line) = lines.first() else { return Ok(None) };
    let Some((last, newest)) = line.last() else { return Ok(None) };
    let pen = Pen::new(*frame);
    let values = || line.known().filter_map(|(_, cell)| cell.value);
    let (lowest, highest) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    let mut scale = axis::scale(series.metric.unit, lowest, highest, Foot::Free);
    (scale.low, scale.high) = (scale.low.min(lowest), scale.high.max(highest));
    let room = Room { left: 0.0, top: 4.0, right: f64::from(frame.width) - 1.0, bottom: f64::from(frame.height) - 4.0 };
    let plane = Plane::new(&pen, room, line.cells.len(), &scale);
    let token = palette::SERIES[0];
    let spot = |(index, cell): &(usize, &waymark_analytics::Cell)| (*index as f64 + 0.5, cell.value.unwrap_or_default());
    for run in line.runs() {
        for whole in run.split(|(_, cell)| cell.is_partial).filter(|whole| whole.len() > 1) {
            plane.line(whole.iter().map(spot).collect(), Stroke::new(token, 1.6))?;
        }
        for pair in run.windows(2).filter(|pair| pair.iter().any(|(_, cell)| cell.is_partial)) {
            plane.line(pair.iter().map(spot).collect(), Stroke::new(token, 1.4).dashed("1.5 3"))?;
        }
    }
    let at = plane.at(last as f64 + 0.5, newest.value.unwrap_or_default());
    let body = if newest.is_partial { Body::Hollow } else { Body::Full };
    lines::mark(&mut pen.sheet(), 0, at, 3.0, token, body);
    let title = format!("{}, {}: {}", series.metric.title, line.scope, wording::cell(series.metric, newest));
    let about = format!("{}, {}.", dates::rhythm(series.window.grain), dates::window(&series.window));
    Ok(Some(pen.finish(&title, &about)))
}
