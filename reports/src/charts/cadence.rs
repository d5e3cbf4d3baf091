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
use crate::svg::{Anchor, Fill, Letter, Sheet, Stroke, Svg};
use crate::wording;
use waymark_analytics::{Cell, Series, Statistic};

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
    let room = Room { left: free.left + widest + 9.0, top: free.top, right: free.right, bottom: free.bottom - 40.0 };
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
    if let Some((index, cell)) = line.last() {
        name_last(&mut pen.sheet(), &plane, index, cell, series);
    }
    let about = lines::description(series.metric, &words.subtitle, std::slice::from_ref(line));
    Ok(pen.finish(&words.title, &about))
}

fn bar(plane: &Plane, index: usize, cell: &Cell, slots: usize, token: Token) -> Result<(), DrawError> {
    let value = cell.value.unwrap_or_default();
    let width = (plane.slot(slots) * 0.62).min(46.0);
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

fn name_last(sheet: &mut Sheet, plane: &Plane, index: usize, cell: &Cell, series: &Series) {
    let top = cell.high.or(cell.value).unwrap_or_default();
    let (x, y) = plane.at(index as f64 + 0.5, top);
    let y = (y - 6.0).max(plane.room().top + 8.0);
    let value = cell.value.map_or_else(String::new, |value| wording::short(series.metric.unit, value));
    let text = if cell.is_partial { format!("{value} so far") } else { value };
    let half = advances::width(&text, 12.0, Weight::Semibold) / 2.0;
    let x = x.min(plane.room().right - half);
    sheet.text(x, y, &text, Letter::new(12.0, palette::INK).bold().at(Anchor::Middle));
}
