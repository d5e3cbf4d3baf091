//! `reach`: fit times adoption is reach, one bar per component.
//!
//! A bar is all active services: used (solid), unknown (hatched), eligible but not using it (pale),
//! not what the component is made for (outline only). Components keep the order of the series.

use crate::advances::{self, Weight};
use crate::frame::Frame;
use crate::palette;
use crate::plate::{self, Free, Words};
use crate::svg::markup::exact;
use crate::svg::pen::Pen;
use crate::svg::{Anchor, Fill, Letter, Sheet, Stroke, Svg};
use crate::wording::{self, dates};
use std::collections::BTreeMap;
use waymark_analytics::{Cell, Series};

const NAME: f64 = 12.5;
const NOTE: f64 = 11.5;
/// Room at the right of a low row for its value.
const VALUE: f64 = 46.0;
const ROW_MAX: f64 = 46.0;
const ROW_MIN: f64 = 17.0;
/// From here on a row has its name above its bar.
const ROW_HIGH: f64 = 40.0;
const LEGEND_ROW: f64 = 16.0;

/// Eligible without using it: too pale to be seen by its fill alone, so its edge has the full colour.
const PALE: Fill = Fill::Solid(palette::SERIES[0], 0.24);
const EDGE: Option<Stroke> = Some(Stroke::new(palette::SERIES[0], 1.0));

/// The three numbers of one component in one period.
struct Row<'a> {
    name: &'a str,
    adoption: &'a Cell,
    fit: &'a Cell,
    reach: &'a Cell,
}

/// The parts of a bar, as shares of all active services.
struct Parts {
    used: f64,
    unknown: f64,
    eligible: f64,
    fit_unknown: f64,
}

impl Row<'_> {
    fn parts(&self) -> Option<Parts> {
        let fit = self.fit.value?;
        let adoption = self.adoption.value?;
        let open = |cell: &Cell, value: f64| (cell.high.unwrap_or(value) - value).max(0.0);
        Some(Parts {
            used: self.reach.value.unwrap_or(fit * adoption),
            unknown: open(self.adoption, adoption) * fit,
            eligible: fit,
            fit_unknown: open(self.fit, fit),
        })
    }

    fn note(&self) -> String {
        match [self.reach, self.fit, self.adoption].map(wording::census) {
            [Some(reach), Some(fit), Some(adoption)] => format!("{reach} reach = {fit} fit × {adoption} adoption"),
            _ => wording::missing(self.adoption),
        }
    }

    fn short_note(&self) -> String {
        wording::census(self.reach).map_or_else(|| wording::missing(self.adoption), |reach| format!("{reach} reach"))
    }
}

/// Draws the last period of the three series, whatever their order.
pub(crate) fn draw(series: &[Series], frame: &Frame) -> Svg {
    let by_id: BTreeMap<&str, &Series> = series.iter().map(|series| (series.metric.id, series)).collect();
    let (Some(adoption), Some(fit), Some(reach)) = (by_id.get("adoption_rate"), by_id.get("coverage_fit"), by_id.get("reach"))
    else {
        let words = Words { title: "Reach".to_owned(), ..Words::default() };
        return plate::placard(&words, "needs adoption, fit and reach together", frame);
    };
    let rows = rows(adoption, fit, reach);
    let when = adoption.window.periods.last().map_or_else(String::new, |period| {
        format!("at the end of {}", dates::day(period.end_day.pred_opt().unwrap_or(period.end_day)))
    });
    let words = Words {
        title: title(&rows),
        subtitle: format!("Share of all active services · {when}"),
        footer: plate::footer(&[adoption, fit, reach], &[]),
    };
    if rows.iter().all(|row| row.parts().is_none()) {
        return plate::placard(&words, "no data in this period", frame);
    }
    let pen = Pen::new(*frame);
    let free = words.write(&pen);
    let mut about = format!("{}.", words.subtitle);
    for text in bars(&mut pen.sheet(), &rows, free) {
        about.push(' ');
        about.push_str(&text);
    }
    pen.finish(&words.title, &about)
}

/// How high a narrow drawing has to be for a row with its name above the bar for every component.
pub(crate) fn narrow_height(series: &[Series]) -> u32 {
    let rows = series.iter().find(|series| series.metric.id == "adoption_rate").map_or(0, |series| series.scopes().len());
    192 + 43 * u32::try_from(rows).unwrap_or(1).max(1)
}

fn rows<'a>(adoption: &'a Series, fit: &'a Series, reach: &'a Series) -> Vec<Row<'a>> {
    let last = |series: &'a Series, kind: &str, scope: &str| {
        series.line(series.metric.headline(), kind, scope).into_iter().max_by_key(|cell| cell.period_start)
    };
    let mut names: Vec<(&str, &str)> = Vec::new();
    for cell in &adoption.cells {
        let scope = (cell.scope_kind.as_str(), cell.scope.as_str());
        if !names.contains(&scope) {
            names.push(scope);
        }
    }
    names
        .into_iter()
        .filter_map(|(kind, name)| {
            let (adoption, fit, reach) = (last(adoption, kind, name)?, last(fit, kind, name)?, last(reach, kind, name)?);
            Some(Row { name, adoption, fit, reach })
        })
        .collect()
}

fn title(rows: &[Row<'_>]) -> String {
    let has_numbers = rows.iter().any(|row| row.reach.value.is_some());
    // Where all use is unknown, a reach of nothing would be no news.
    let is_seen =
        |row: &&Row<'_>| row.parts().is_some_and(|parts| parts.eligible <= 0.0 || parts.unknown < parts.eligible - 1e-9);
    let seen: Vec<&Row<'_>> = rows.iter().filter(is_seen).collect();
    match (rows, seen.as_slice()) {
        (_, []) if has_numbers => "Reach: no use is known".to_owned(),
        (_, []) => "Reach: no data".to_owned(),
        ([row], _) => {
            format!("{} reaches {} of active services", row.name, wording::census(row.reach).unwrap_or_default())
        }
        (_, many) => {
            let bound =
                |limit: fn(&Cell) -> Option<f64>| many.iter().filter_map(move |row| limit(row.reach).or(row.reach.value));
            let low = bound(|cell| cell.low).fold(1.0, f64::min);
            let high = bound(|cell| cell.high).fold(0.0, f64::max);
            let between = wording::interval(waymark_analytics::Unit::Share, low, high);
            format!("{} components reach {between} of active services", many.len())
        }
    }
}

/// Draws the bars and returns each row in words.
fn bars(sheet: &mut Sheet, rows: &[Row<'_>], free: Free) -> Vec<String> {
    let top = legend(sheet, rows, free);
    let room = free.bottom - 16.0 - top;
    let height = (room / rows.len().max(1) as f64).clamp(ROW_MIN, ROW_MAX);
    // A frame that is too low for any row still has the words for those that do not fit.
    let fitting = (room / height + 1e-9).floor().max(1.0);
    let is_cut = rows.len() as f64 > fitting;
    // The words for what does not fit take the place of one row.
    let shown = if is_cut { fitting - 1.0 } else { rows.len() as f64 };
    let bar = Bar::new(rows, free, height);
    for (index, row) in rows.iter().enumerate() {
        let y = top + height * index as f64;
        if (index as f64) < shown {
            let exact = row.reach.value.map_or_else(String::new, exact);
            sheet.open("wm-point", &[("data-x", row.name.to_owned()), ("data-y", exact)]);
            sheet.tip(&format!("{}: {}", row.name, row.note()));
            bar.name_and_draw(sheet, row, y);
            sheet.close();
        }
    }
    if is_cut {
        let words = if shown < 1.0 {
            let enough = f64::from(sheet.frame().height) + ROW_MIN * rows.len() as f64 - room;
            format!("{} bars need a picture at least {:.0} pixels high", rows.len(), enough.ceil())
        } else {
            format!("and {:.0} more components", rows.len() as f64 - shown)
        };
        let y = top + height * (shown + 1.0) - height * 0.35;
        sheet.text(free.left, y, &words, Letter::new(NOTE, palette::MUTED));
    }
    if shown >= 1.0 {
        shares(sheet, &bar, top + height * fitting.min(rows.len() as f64));
    }
    rows.iter().map(|row| format!("{}: {}.", row.name, row.note())).collect()
}

/// Where names and bars stand.
struct Bar {
    start: f64,
    left: f64,
    right: f64,
    height: f64,
    row: f64,
}

impl Bar {
    /// High rows have the name above the bar, low rows beside it.
    fn new(rows: &[Row<'_>], free: Free, row: f64) -> Self {
        let widest = rows.iter().map(|row| advances::width(row.name, NAME, Weight::Semibold)).fold(0.0, f64::max);
        let is_high = row >= ROW_HIGH;
        let gutter = if is_high { 0.0 } else { (widest * advances::WIDER).min((free.right - free.left) * 0.3) + 12.0 };
        let (height, right) = if is_high { (15.0, free.right - 1.0) } else { (13.0, free.right - VALUE) };
        Self { start: free.left, left: free.left + gutter, right, height, row }
    }

    fn name_and_draw(&self, sheet: &mut Sheet, row: &Row<'_>, y: f64) {
        let letter = Letter::new(NAME, palette::INK).bold();
        if self.left > self.start {
            let top = y + (self.row - self.height) / 2.0;
            let name = advances::fitted(row.name, NAME, Weight::Semibold, self.left - self.start - 12.0);
            sheet.text(self.start, top + 10.5, &name, letter);
            if let Some(reach) = row.reach.value {
                let value = Letter::new(NOTE, palette::INK).bold().at(Anchor::End);
                sheet.text(self.right + VALUE, top + 10.5, &wording::share(reach), value);
            }
            return self.draw(sheet, top, row);
        }
        let width = self.right - self.left;
        let note = row.note();
        let note = if advances::width(&note, NOTE, Weight::Regular) < width * 0.6 { note } else { row.short_note() };
        let name_room = (width - advances::width(&note, NOTE, Weight::Regular) - 16.0) / advances::WIDER;
        let name = advances::fitted(row.name, NAME, Weight::Semibold, name_room);
        sheet.text(self.start, y + 14.0, &name, letter);
        sheet.text(self.right, y + 14.0, &note, Letter::new(NOTE, palette::MUTED).at(Anchor::End));
        self.draw(sheet, y + 21.0, row);
    }

    fn at(&self, share: f64) -> f64 {
        self.left + (self.right - self.left) * share.clamp(0.0, 1.0)
    }

    fn draw(&self, sheet: &mut Sheet, top: f64, row: &Row<'_>) {
        let outline = Some(Stroke::new(palette::AXIS, 1.0));
        sheet.rect((self.left, top), (self.right - self.left, self.height), Fill::Solid(palette::PAPER, 1.0), outline);
        let Some(parts) = row.parts() else {
            if self.left > self.start {
                sheet.text(self.left + 7.0, top + 10.0, &row.short_note(), Letter::new(10.5, palette::MUTED));
            }
            return;
        };
        let used = palette::SERIES[0];
        let mut part = |from: f64, to: f64, fill: Fill, stroke: Option<Stroke>| {
            if to - from > 1e-6 {
                sheet.rect((self.at(from), top), (self.at(to) - self.at(from), self.height), fill, stroke);
            }
        };
        let known = parts.used + parts.unknown;
        part(known, parts.eligible, PALE, EDGE);
        part(parts.used, known, Fill::Hatch(palette::UNKNOWN), None);
        part(parts.eligible, parts.eligible + parts.fit_unknown, Fill::Hatch(palette::UNKNOWN), None);
        part(0.0, parts.used, Fill::Solid(used, 1.0), None);
    }
}

/// Shares below the bars.
fn shares(sheet: &mut Sheet, bar: &Bar, foot: f64) {
    for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let x = bar.at(share);
        sheet.line((x, foot - 1.0), (x, foot + 3.0), Stroke::new(palette::AXIS, 1.0));
        let anchor = match share {
            share if share <= 0.0 => Anchor::Start,
            share if share >= 1.0 => Anchor::End,
            _ => Anchor::Middle,
        };
        let label = if share >= 1.0 { wording::share(share) } else { wording::share(share).replace(" %", "") };
        sheet.text(x, foot + 15.0, &label, Letter::new(NOTE, palette::MUTED).at(anchor));
    }
}

/// What the parts of a bar mean, in as many rows as that takes; says where the bars begin.
fn legend(sheet: &mut Sheet, rows: &[Row<'_>], free: Free) -> f64 {
    let has_unknown = rows.iter().filter_map(Row::parts).any(|parts| parts.unknown + parts.fit_unknown > 1e-6);
    let used = palette::SERIES[0];
    let outline = Some(Stroke::new(palette::AXIS, 1.0));
    let mut entries = vec![("uses it", Fill::Solid(used, 1.0), None), ("eligible, does not use it", PALE, EDGE)];
    if has_unknown {
        entries.push(("unknown", Fill::Hatch(palette::UNKNOWN), None));
    }
    entries.push(("not made for it", Fill::Solid(palette::PAPER, 1.0), outline));
    let (mut x, mut y) = (free.left, free.top);
    for (name, fill, stroke) in entries {
        let width = advances::width(name, NOTE, Weight::Regular) + 17.0;
        if x > free.left && x + width > free.right {
            (x, y) = (free.left, y + LEGEND_ROW);
        }
        sheet.rect((x + 0.5, y - 4.0), (11.0, 11.0), fill, stroke);
        sheet.text(x + 17.0, y + 5.5, name, Letter::new(NOTE, palette::MUTED));
        x += width + 18.0;
    }
    y + 20.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Theme;
    use crate::invented::{series, weeks};
    use resvg::usvg::roxmltree::Document;

    #[test]
    fn a_picture_too_low_for_a_bar_says_how_high_it_has_to_be() {
        let names: Vec<String> = (1..=9).map(|place| format!("component {place}")).collect();
        let components: Vec<(&str, &str)> = names.iter().map(|name| ("component", name.as_str())).collect();
        let three =
            ["adoption_rate", "coverage_fit", "reach"].map(|id| series(id, weeks(1), &components, |_, _| Some((0.5, 60))));
        let bars = |height: u32| {
            let drawn = draw(&three, &Frame::file(360, height, Theme::Light)).into_string();
            (drawn.matches("class=\"wm-point\"").count(), drawn)
        };
        let (none, low) = (120..=240).rev().map(bars).find(|(drawn, _)| *drawn == 0).unwrap();
        let needed = low.split_once(">9 bars need a picture at least ").unwrap().1.split_once(" pixels high<").unwrap().0;
        assert_eq!((none, bars(needed.parse().unwrap()).0), (0, 9), "{low}");
        assert!(!low.contains("more components") && !low.contains(">100 %<"), "{low}");
    }

    #[test]
    fn a_phone_reads_every_part_of_the_legend_and_a_name_leaves_room_for_its_value() {
        let components = [("component", "a component of the platform with a name that goes on and on and on")];
        let mut three =
            ["adoption_rate", "coverage_fit", "reach"].map(|id| series(id, weeks(1), &components, |_, _| Some((0.5, 60))));
        three[0].cells.iter_mut().for_each(|cell| cell.high = Some(0.8));
        let drawn = draw(&three, &Frame::inline(366, narrow_height(&three)));
        for part in ["uses it", "eligible, does not use it", "unknown", "not made for it"] {
            assert!(drawn.as_str().contains(&format!(">{part}<")), "{part}: {}", drawn.as_str());
        }
        let read = Document::parse(drawn.as_str()).unwrap();
        let text = |size: &str, end: &str| {
            let is_wanted = |text: &&str| text.ends_with(end);
            let sized = read.descendants().filter(|node| node.attribute("font-size") == Some(size));
            sized.filter_map(|node| node.text()).find(is_wanted).unwrap()
        };
        let (name, note) = (text("12.5", "…"), text("11.5", "reach"));
        let wide = advances::width(name, NAME, Weight::Semibold) * advances::WIDER;
        assert!(wide + advances::width(note, NOTE, Weight::Regular) + 16.0 <= 364.0, "{name} {note}");
    }
}
