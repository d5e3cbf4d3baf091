//! `cadence`: a rate as one bar per period, with its 95 % interval.
//!
//! A week in which nothing was deployed is a tick on the axis; a week that nobody heard is a gap.

use crate::advances::{self, Weight};
use crate::axis::{self, Foot};
use crate::charts::sparkline;
use crate::frame::Frame;
use crate::lines::{self, Line};
use crate::palette::{self, Token};
use crate::plane::{DrawError, LABEL, Plane, Room};
use crate::plate::{self, Words};
use crate::svg::pen::Pen;
use crate::svg::{Fill, Letter, Stroke, Svg};
use crate::wording;
use waymark_analytics::{Cell, Series, Statistic};

/// The value of the last bar and, below it, that its period is not over.
const VALUE: f64 = 12.0;
const SO_FAR: f64 = 10.5;
/// A pause between the bars and that value.
const PAUSE: f64 = 6.0;
/// The bars keep so much room at least.
const WIDTH_MIN: f64 = 51.0;

/// Draws the first scope of the first series.
pub(crate) fn draw(series: &[Series], frame: &Frame) -> Svg {
    if frame.is_tiny() {
        return sparkline::draw(series, frame);
    }
    let Some(first) = series.first() else {
        return plate::placard(&Words { title: "Cadence".to_owned(), ..Words::default() }, "no series", frame);
    };
    let mut lines = lines::every_line(first);
    let count = lines.len();
    lines.truncate(1);
    let (title, basis) = lines::title(series, &lines);
    let whisker = (first.metric.kind == Statistic::Rate).then_some("whisker: 95 % interval");
    let subtitle = lines::subtitle(first.metric, &first.window, &lines, whisker);
    let mut more: Vec<String> = basis.into_iter().collect();
    if count > 1 {
        more.push(format!("1 of {count} scopes shown"));
    }
    let words = Words { title, subtitle, footer: plate::footer(&[first], &more) };
    let Some(line) = lines.first().filter(|line| line.last().is_some()) else {
        return plate::placard(&words, "no data in these periods", frame);
    };
    bars(first, line, &words, frame).unwrap_or_else(|_| plate::placard(&words, "could not be drawn", frame))
}

fn bars(series: &Series, line: &Line<'_>, words: &Words, frame: &Frame) -> Result<Svg, DrawError> {
    let pen = Pen::new(*frame);
    let free = words.write(&pen);
    let highest = line.known().map(|(_, cell)| cell.high.or(cell.value).unwrap_or_default()).fold(0.0, f64::max);
    let scale = axis::scale(series.metric.unit, 0.0, highest, Foot::Zero);
    let widest = scale.ticks.iter().map(|tick| advances::width(&tick.label, LABEL, Weight::Regular)).fold(10.0, f64::max);
    let left = free.left + widest + 9.0;
    let beside = line.last().map_or(0.0, |(_, cell)| room_beside(series, cell));
    let room = Room { left, top: free.top, right: (free.right - beside).max(left + WIDTH_MIN), bottom: free.bottom - 40.0 };
    let slots = series.window.periods.len();
    let plane = Plane::new(&pen, room, slots, &scale);
    plane.grid(&scale);
    plane.periods(&series.window);
    plane.counts("n", &lines::counts(line));
    pen.sheet().open("wm-series", &[("data-scope", line.scope.to_owned())]);
    for (index, cell) in line.known() {
        lines::open_point(&mut pen.sheet(), series.metric, &series.window, index, cell);
        bar(&plane, index, cell, slots, line.token)?;
        pen.sheet().close();
    }
    pen.sheet().close();
    name_last(&plane, series, line);
    let about = lines::description(series.metric, &words.subtitle, std::slice::from_ref(line));
    Ok(pen.finish(&words.title, &about))
}

fn bar(plane: &Plane, index: usize, cell: &Cell, slots: usize, token: Token) -> Result<(), DrawError> {
    let value = cell.value.unwrap_or_default();
    let width = bar_width(plane, slots);
    let (middle, top) = plane.at(index as f64 + 0.5, value);
    let (_, foot) = plane.at(index as f64 + 0.5, 0.0);
    let left = middle - width / 2.0;
    {
        let mut sheet = plane.pen().sheet();
        if value <= 0.0 {
            // A true zero is a fact, so it is drawn.
            sheet.line((left, foot), (left + width, foot), Stroke::new(token, 3.0));
        } else if cell.is_partial {
            sheet.rect((left, top), (width, foot - top), Fill::Hatch(token), Some(Stroke::new(token, 1.0)));
        } else {
            sheet.rect((left, top), (width, foot - top), Fill::Solid(token, 1.0), None);
        }
    }
    if let (Some(low), Some(high)) = (cell.low, cell.high) {
        let across = index as f64 + 0.5;
        plane.line(vec![(across, low), (across, high)], Stroke::new(palette::INK, 1.2))?;
    }
    Ok(())
}

fn bar_width(plane: &Plane, slots: usize) -> f64 {
    (plane.slot(slots) * 0.62).min(46.0)
}

/// The value of the last bar, and what stands below it.
fn last_words(series: &Series, cell: &Cell) -> (String, &'static str) {
    let value = cell.value.map_or_else(String::new, |value| wording::short(series.metric.unit, value));
    (value, if cell.is_partial { "so far" } else { "" })
}

/// How much room these words take beside the bars: above the last one they would cover those before it.
fn room_beside(series: &Series, cell: &Cell) -> f64 {
    let (value, below) = last_words(series, cell);
    let value = advances::width(&value, VALUE, Weight::Semibold) * advances::WIDER;
    PAUSE + value.max(advances::width(below, SO_FAR, Weight::Regular))
}

fn name_last(plane: &Plane, series: &Series, line: &Line<'_>) {
    let Some((index, cell)) = line.last() else { return };
    let (middle, top) = plane.at(index as f64 + 0.5, cell.value.unwrap_or_default());
    let (room, slots) = (plane.room(), line.cells.len());
    let (value, below) = last_words(series, cell);
    let lowest = room.bottom - if below.is_empty() { 3.0 } else { 16.0 };
    let (x, y) = (room.right + PAUSE, (top + 4.2).max(room.top + 8.0).min(lowest));
    let mut sheet = plane.pen().sheet();
    if index + 1 < slots {
        let right = middle + bar_width(plane, slots) / 2.0;
        sheet.line((right + 4.0, top), (room.right, top), Stroke::new(palette::AXIS, 1.0));
    }
    sheet.text(x, y, &value, Letter::new(VALUE, palette::INK).bold());
    if !below.is_empty() {
        sheet.text(x, y + 13.0, below, Letter::new(SO_FAR, palette::MUTED));
    }
}
