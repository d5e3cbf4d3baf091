//! `trend`: one metric over periods, for one to six scopes.
//!
//! A missing period is a gap, never a zero and never bridged; a period that is not over is dashed.

use crate::advances::{self, Weight};
use crate::axis::{self, Foot, Scale};
use crate::charts::sparkline;
use crate::frame::Frame;
use crate::lines::{self, Body, Line};
use crate::palette;
use crate::plane::{DrawError, LABEL, Plane, Room};
use crate::plate::{self, Free, Words};
use crate::svg::pen::Pen;
use crate::svg::{Anchor, Fill, Letter, Stroke, Svg};
use crate::wording;
use waymark_analytics::{Cell, Metric, Series, Statistic, Unit};

/// More lines than this would hide each other's bands.
const BANDS_MAX: usize = 3;
/// An interval this many times the highest value would flatten the line; it is cut and said so.
const CUT: f64 = 2.2;
const NAME: f64 = 12.0;
/// Names of lines take so much of a wide chart at most, and at least as many points of any.
const NAME_SHARE: f64 = 0.16;
const NAME_WIDTH: f64 = 130.0;
/// A mark before the value at the end of a line.
const MARK: f64 = 12.0;
/// A pause between that value and the name behind it.
const PAUSE: f64 = 5.0;

/// Where the names of several lines stand.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Names {
    /// Behind the last value, at most so wide.
    AtTheEnd(f64),
    /// In a legend, because at their end they would take most of a narrow chart.
    Above,
    /// The words of the chart say the one that there is.
    Nowhere,
}

/// Whether intervals are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bands {
    /// Few lines: each has its band.
    Drawn,
    /// Too many lines: the limits are in the points' words only.
    LeftOut,
}

/// Draws the first series; further series of whole ranges only serve the title.
pub(crate) fn draw(series: &[Series], frame: &Frame) -> Svg {
    if frame.is_tiny() {
        return sparkline::draw(series, frame);
    }
    let Some(first) = series.first() else {
        return plate::placard(&Words { title: "Trend".to_owned(), ..Words::default() }, "no series", frame);
    };
    let (lines, count) = lines::lines(series);
    let (title, basis) = lines::title(series, &lines);
    let bands = if lines.len() <= BANDS_MAX { Bands::Drawn } else { Bands::LeftOut };
    let has_limits = lines.iter().flat_map(Line::known).any(|(_, cell)| cell.low != cell.high);
    let band = match first.metric.kind {
        Statistic::Census => "hatched: unknown",
        _ => "band: 95 % interval",
    };
    let subtitle = lines::subtitle(first.metric, &first.window, &lines, (bands == Bands::Drawn && has_limits).then_some(band));
    let mut more: Vec<String> = basis.into_iter().chain(lines::drawn(&lines, count)).collect();
    if lines.iter().all(|line| line.last().is_none()) {
        let words = Words { title, subtitle, footer: plate::footer(&[first], &more) };
        let told = |reason: String| format!("nothing to draw: {reason}");
        let reason = lines::silence(first.metric, &lines).map_or_else(|| "no data in these periods".to_owned(), told);
        return plate::placard(&words, &reason, frame);
    }
    let (lowest, highest, is_cut) = extent(&lines, bands);
    if is_cut {
        more.push("intervals cut at the top".to_owned());
    }
    let scale = axis::scale(first.metric.unit, lowest, highest, foot(first.metric));
    if scale.low > 0.0 || scale.high < 0.0 {
        more.push("axis cut: zero is not on it".to_owned());
    }
    let words = Words { title, subtitle, footer: plate::footer(&[first], &more) };
    let drawing = Drawing { series: first, lines: &lines, bands, scale };
    drawing.draw(&words, frame).unwrap_or_else(|_| plate::placard(&words, "could not be drawn", frame))
}

/// Where the axis begins: only a score has no end at zero. A share that is cut shows two points as a landslide.
fn foot(metric: &Metric) -> Foot {
    if metric.unit == Unit::Points { Foot::Free } else { Foot::Zero }
}

/// Lowest and highest value to show, and whether an interval reaches further.
fn extent(lines: &[Line<'_>], bands: Bands) -> (f64, f64, bool) {
    let cells = || lines.iter().flat_map(Line::known).map(|(_, cell)| cell);
    let values = || cells().filter_map(|cell| cell.value);
    let (lowest, highest) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    if bands == Bands::LeftOut {
        return (lowest, highest, false);
    }
    let low = cells().filter_map(|cell| cell.low).fold(lowest, f64::min);
    let high = cells().filter_map(|cell| cell.high).fold(highest, f64::max);
    let most = if highest > 0.0 { highest * CUT } else { high };
    (low, high.min(most), high > most)
}

struct Drawing<'a> {
    series: &'a Series,
    lines: &'a [Line<'a>],
    bands: Bands,
    scale: Scale,
}

impl Drawing<'_> {
    fn draw(&self, words: &Words, frame: &Frame) -> Result<Svg, DrawError> {
        let pen = Pen::new(*frame);
        let metric = self.series.metric;
        let free = words.write(&pen);
        let scale = &self.scale;
        let names = self.names(&free, frame);
        let legend = if names == Names::Above { lines::legend(&mut pen.sheet(), self.lines, &free) } else { 0.0 };
        let labels = self.labels(scale.ticks.last().map_or(scale.high, |tick| tick.at), names);
        let room = self.room(Free { top: free.top + legend, ..free }, scale, &labels);
        let window = &self.series.window;
        let plane = Plane::new(&pen, room, window.periods.len(), scale);
        plane.grid(scale);
        plane.periods(window);
        if let [line] = self.lines {
            plane.counts("n", &lines::counts(line));
        }
        for line in self.lines.iter().rev() {
            pen.sheet().open("wm-series", &[("data-scope", line.scope.to_owned())]);
            if self.bands == Bands::Drawn {
                band(&plane, metric, line, scale.high)?;
            }
            stroke(&plane, line)?;
            points(&plane, self.series, line);
            pen.sheet().close();
        }
        self.mark_unfinished(&plane);
        self.name_lines(&plane, &labels, names);
        let about = lines::description(metric, &words.subtitle, self.lines);
        Ok(pen.finish(&words.title, &about))
    }

    /// Where names have room without taking that of the lines.
    fn names(&self, free: &Free, frame: &Frame) -> Names {
        match self.lines {
            [_] => Names::Nowhere,
            _ if frame.width < 480 && frame.height >= 320 => Names::Above,
            _ => Names::AtTheEnd(((free.right - free.left) * NAME_SHARE).max(NAME_WIDTH)),
        }
    }

    /// Last value of each line, and the width of what stands at its end.
    fn labels(&self, highest: f64, names: Names) -> Vec<(String, f64)> {
        let unit = self.series.metric.unit;
        let last = |line: &Line<'_>| line.last().and_then(|(_, cell)| cell.value);
        // The highest value of the axis chooses the unit for the axis and for the labels.
        let known: Vec<f64> = self.lines.iter().filter_map(last).chain([highest]).collect();
        let mut said = wording::together_short(unit, &known).into_iter();
        let mut value = |line: &Line<'_>| match last(line) {
            Some(_) => said.next().unwrap_or_default(),
            None => "no data".to_owned(),
        };
        let beside = |line: &Line<'_>| match names {
            Names::Nowhere => 0.0,
            Names::Above => MARK,
            Names::AtTheEnd(room) => MARK + PAUSE + advances::width(line.scope, NAME, Weight::Regular).min(room),
        };
        let label = |line: &Line<'_>| {
            let value = value(line);
            let width = advances::width(&value, NAME, Weight::Semibold) + beside(line);
            (value, width)
        };
        self.lines.iter().map(label).collect()
    }

    fn room(&self, free: Free, scale: &Scale, labels: &[(String, f64)]) -> Room {
        let widest_tick =
            scale.ticks.iter().map(|tick| advances::width(&tick.label, LABEL, Weight::Regular)).fold(10.0, f64::max);
        let widest_label = labels.iter().map(|(_, width)| *width).fold(0.0, f64::max);
        let rows = if self.lines.len() == 1 { 40.0 } else { 24.0 };
        Room {
            left: free.left + widest_tick + 9.0,
            top: free.top,
            right: (free.right - widest_label - 14.0).max(free.left + widest_tick + 60.0),
            bottom: free.bottom - rows,
        }
    }

    /// The words for a hollow mark, once, above the highest of them.
    fn mark_unfinished(&self, plane: &Plane) {
        let ends = self.lines.iter().filter_map(Line::last).filter(|(_, cell)| cell.is_partial);
        let highest = ends.max_by(|one, other| one.1.value.unwrap_or_default().total_cmp(&other.1.value.unwrap_or_default()));
        let Some((index, cell)) = highest else { return };
        let (x, y) = plane.at(index as f64 + 0.5, cell.value.unwrap_or_default());
        let above = if y - 10.0 > plane.room().top { y - 10.0 } else { y + 18.0 };
        plane.pen().sheet().text(x, above, "so far", Letter::new(10.5, palette::MUTED).at(Anchor::Middle));
    }

    /// Direct labels, pushed apart where lines end close to each other.
    fn name_lines(&self, plane: &Plane, labels: &[(String, f64)], names: Names) {
        let room = plane.room();
        let ends: Vec<Option<(f64, f64)>> = self
            .lines
            .iter()
            .map(|line| line.last().map(|(index, cell)| plane.at(index as f64 + 0.5, cell.value.unwrap_or_default())))
            .collect();
        let wanted: Vec<f64> = ends.iter().map(|end| end.map_or(room.bottom, |(_, y)| y)).collect();
        let placed = axis::apart(&wanted, 15.0, room.top + 2.0, room.bottom);
        let mut sheet = plane.pen().sheet();
        for (((line, end), y), (value, _)) in self.lines.iter().zip(&ends).zip(placed).zip(labels) {
            let x = room.right + 6.0;
            if let Some((end_x, end_y)) = end {
                let is_far = (y - end_y).abs() > 6.0 || x - end_x > plane.slot(line.cells.len());
                if is_far {
                    sheet.line((end_x + 6.0, *end_y), (x - 2.0, y), Stroke::new(palette::GRID, 1.0));
                }
            }
            let text_x = if names == Names::Nowhere { x } else { x + MARK };
            if names != Names::Nowhere {
                lines::mark(&mut sheet, line.mark, (x + 4.0, y), 3.4, line.token, Body::Full);
            }
            sheet.text(text_x, y + 4.2, value, Letter::new(NAME, palette::INK).bold());
            if let Names::AtTheEnd(room) = names {
                let name_x = text_x + advances::width(value, NAME, Weight::Semibold) + PAUSE;
                sheet.name((name_x, y + 4.2), line.scope, Letter::new(NAME, palette::MUTED), room);
            }
        }
    }
}

/// The interval as a band; for a census the span that unknown evidence leaves open, hatched.
fn band(plane: &Plane, metric: &Metric, line: &Line<'_>, most: f64) -> Result<(), DrawError> {
    let fill = match metric.kind {
        Statistic::Census => Fill::Hatch(palette::UNKNOWN),
        _ => Fill::Solid(line.token, 0.15),
    };
    for run in line.runs() {
        let limits: Vec<(f64, f64, f64)> = run
            .iter()
            .filter(|(_, cell)| !cell.is_partial)
            .filter_map(|(index, cell)| Some((*index as f64 + 0.5, cell.low?, cell.high?.min(most))))
            .collect();
        if !limits.iter().any(|(_, low, high)| high > low) {
            continue;
        }
        if let [(at, low, high)] = limits.as_slice() {
            // One period has no width to fill.
            plane.line(vec![(*at, *low), (*at, *high)], Stroke::new(line.token, 1.2))?;
            continue;
        }
        let upper = limits.iter().map(|(at, _, high)| (*at, *high));
        let lower = limits.iter().rev().map(|(at, low, _)| (*at, *low));
        plane.polygon(upper.chain(lower).collect(), fill)?;
    }
    Ok(())
}

/// Solid between complete periods, dashed towards a period that is not over.
fn stroke(plane: &Plane, line: &Line<'_>) -> Result<(), DrawError> {
    let spot = |(index, cell): &(usize, &Cell)| (*index as f64 + 0.5, cell.value.unwrap_or_default());
    for run in line.runs() {
        for whole in run.split(|(_, cell)| cell.is_partial).filter(|whole| whole.len() > 1) {
            plane.line(whole.iter().map(spot).collect(), Stroke::new(line.token, 2.2))?;
        }
        for pair in run.windows(2) {
            if pair.iter().any(|(_, cell)| cell.is_partial) {
                plane.line(pair.iter().map(spot).collect(), Stroke::new(line.token, 2.0).dashed("2 4.5"))?;
            }
        }
    }
    Ok(())
}

fn points(plane: &Plane, series: &Series, line: &Line<'_>) {
    let mut sheet = plane.pen().sheet();
    let window = &series.window;
    let is_dense = plane.slot(window.periods.len()) < 12.0;
    let alone: Vec<usize> =
        line.runs().iter().filter(|run| run.len() == 1).filter_map(|run| run.first().map(|(index, _)| *index)).collect();
    let last = line.last().map(|(index, _)| index);
    for (index, cell) in line.known() {
        let at = plane.at(index as f64 + 0.5, cell.value.unwrap_or_default());
        lines::open_point(&mut sheet, series.metric, window, index, cell);
        sheet.dot(at, 8.0, Fill::Solid(line.token, 0.0), None);
        let radius = if Some(index) == last { 4.4 } else { 3.0 };
        if cell.is_partial {
            lines::mark(&mut sheet, line.mark, at, 3.6, line.token, Body::Hollow);
        } else if !is_dense || Some(index) == last || alone.contains(&index) {
            lines::mark(&mut sheet, line.mark, at, radius, line.token, Body::Full);
        }
        sheet.close();
    }
}
