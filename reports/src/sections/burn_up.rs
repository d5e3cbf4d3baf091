//! The burn-up of a migration: the line of what is in scope, the line of what has moved, and leaks between them.
//!
//! It needs counts of two kinds at once, which no single series holds, so it is no chart of the catalogue.

use crate::advances::{self, Weight};
use crate::axis::{self, Foot};
use crate::document::{Block, Picture, Width};
use crate::frame::Frame;
use crate::input::{Migration, MigrationWeek, ReportInput};
use crate::palette;
use crate::plane::{DrawError, LABEL, Plane, Room};
use crate::plate::{self, Words};
use crate::svg::pen::Pen;
use crate::svg::{Fill, Letter, Stroke, Svg};
use crate::wording::{self, dates};
use chrono::Days;
use chrono_tz::Tz;
use waymark_analytics::{Grain, Unit, Window};
use waymark_event::Instant;

const FRAME: Frame = Frame::inline(848, 268);
/// Its place on a phone.
const NARROW: Frame = Frame::inline(366, 300);
const NAME: f64 = 12.0;

/// The drawing of one migration in a report.
pub(crate) fn burn_up(input: &ReportInput, migration: &Migration) -> Block {
    let svg = burn_up_of(migration, input.zone, input.as_of);
    Block::Chart(Picture {
        chart: "burn_up".to_owned(),
        title: svg.title().to_owned(),
        alt: format!("{}. {}", svg.title(), svg.description()),
        width: Width::Full,
        svg: svg.into_string(),
    })
}

/// What was in scope of a migration week by week, what of it had moved, and what was born on the old path.
pub fn burn_up_of(migration: &Migration, zone: Tz, as_of: Instant) -> Svg {
    let weeks = &migration.weeks;
    let (first, last) = (weeks.first().copied().unwrap_or_default(), weeks.last().copied().unwrap_or_default());
    let window = Window::between(Grain::Week, first.first_day, last.first_day + Days::new(7), zone);
    let moved = format!("{} of {} moved{}", wording::count(last.done), wording::count(last.scope), last.doubt());
    let title = format!("{}: {moved}", migration.title);
    let words = Words {
        title,
        subtitle: format!(
            "services at the end of each week, {}; points: services that were born on the old path",
            dates::window(&window)
        ),
        footer: format!("Waymark, data as of {}", dates::instant(as_of, zone)),
    };
    let drawn = |frame: &Frame| {
        drawn(weeks, &window, &words, frame).unwrap_or_else(|_| plate::placard(&words, "could not be drawn", frame))
    };
    drawn(&FRAME).with_narrow(&drawn(&NARROW))
}

fn drawn(weeks: &[MigrationWeek], window: &Window, words: &Words, frame: &Frame) -> Result<Svg, DrawError> {
    let pen = Pen::new(*frame);
    let free = words.write(&pen);
    let highest = weeks.iter().map(|week| week.scope.max(week.done)).max().unwrap_or(0) as f64;
    let scale = axis::scale(Unit::Count, 0.0, highest, Foot::Zero);
    let widest = scale.ticks.iter().map(|tick| advances::width(&tick.label, LABEL, Weight::Regular)).fold(10.0, f64::max);
    let last = weeks.last().copied().unwrap_or_default();
    let names = [format!("{} in scope", wording::count(last.scope)), format!("{} moved", wording::count(last.done))];
    let beside = names.iter().map(|name| advances::width(name, NAME, Weight::Semibold)).fold(0.0, f64::max) * advances::WIDER;
    let room =
        Room { left: free.left + widest + 9.0, top: free.top, right: free.right - beside - 10.0, bottom: free.bottom - 24.0 };
    let plane = Plane::new(&pen, room, weeks.len(), &scale);
    plane.grid(&scale);
    plane.periods(window);
    let line = |count: fn(&MigrationWeek) -> i64| -> Vec<(f64, f64)> {
        weeks.iter().enumerate().map(|(index, week)| (index as f64 + 0.5, count(week) as f64)).collect()
    };
    let (scope, done) = (line(|week| week.scope), line(|week| week.done));
    let foot = [(weeks.len() as f64 - 0.5, 0.0), (0.5, 0.0)];
    plane.polygon(done.iter().copied().chain(foot).collect(), Fill::Solid(palette::SERIES[0], 0.14))?;
    plane.line(scope, Stroke::new(palette::MUTED, 1.6).dashed("5 3"))?;
    plane.line(done, Stroke::new(palette::SERIES[0], 2.4))?;
    leaks(&plane, weeks);
    // The two names keep apart where the lines meet.
    let (_, scope_y) = plane.at(0.0, last.scope as f64);
    let (_, done_y) = plane.at(0.0, last.done as f64);
    let done_y = done_y.max(scope_y + NAME * 1.3);
    for ((name, y), token) in names.iter().zip([scope_y, done_y]).zip([palette::MUTED, palette::SERIES[0]]) {
        pen.sheet().text(room.right + 8.0, y + NAME * 0.35, name, Letter::new(NAME, token).bold());
    }
    let told = weeks.iter().map(|week| {
        format!("{}: {} of {}", dates::short_day(week.first_day), wording::count(week.done), wording::count(week.scope))
    });
    let about = format!("{}. {}.", words.subtitle, told.collect::<Vec<_>>().join("; "));
    Ok(pen.finish(&words.title, &about))
}

fn leaks(plane: &Plane, weeks: &[MigrationWeek]) {
    for (index, week) in weeks.iter().enumerate().filter(|(_, week)| week.leaks > 0) {
        let at = plane.at(index as f64 + 0.5, week.scope as f64);
        let mut sheet = plane.pen().sheet();
        sheet.dot(at, 4.0, Fill::Solid(palette::WORSE, 1.0), Some(Stroke::new(palette::PAPER, 1.2)));
        let text = wording::difference(week.leaks);
        sheet.text(at.0 + 6.0, at.1 - 6.0, &text, Letter::new(LABEL, palette::WORSE));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invented::input;
    use resvg::usvg::roxmltree::Document;

    fn svg(weeks: &[MigrationWeek]) -> String {
        let given = input();
        let migration = Migration { weeks: weeks.to_vec(), ..given.migrations[0].clone() };
        let Block::Chart(picture) = burn_up(&given, &migration) else { panic!("no chart") };
        assert!(picture.alt.contains("moved"));
        picture.svg
    }

    #[test]
    fn one_week_many_weeks_and_nothing_in_scope_are_drawn() {
        let weeks = input().migrations[0].weeks.clone();
        let nothing = vec![MigrationWeek { first_day: weeks[0].first_day, ..MigrationWeek::default() }];
        for given in [weeks.clone(), weeks[..1].to_vec(), nothing] {
            let drawing = svg(&given);
            let both = format!("<both>{drawing}</both>");
            assert!(Document::parse(&both).is_ok() && !drawing.contains("NaN"), "{drawing}");
        }
        assert!(svg(&weeks).contains("+1"), "the leak is marked");
        let doubtful: Vec<MigrationWeek> = weeks.iter().map(|week| MigrationWeek { unconfirmed: 2, ..*week }).collect();
        assert!(svg(&doubtful).contains("84 of 90 moved, 2 of them not confirmed lately"));
    }
}
