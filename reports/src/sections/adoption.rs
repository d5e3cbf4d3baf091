//! Adoption: the scoreboard, its drawing, and which services moved.

use crate::charts;
use crate::document::{Block, Column, Entry, Picture, Sentence, Table, Width};
use crate::frame::Frame;
use crate::input::{Movement, MovementKind, ReportInput};
use crate::sections::note;
use crate::standing::{Standing, Step, promise, said};
use crate::wording::{self, dates, finding::Tone};
use waymark_analytics::Series;

/// More movements than this are told by number only.
const MOVEMENTS_MAX: usize = 20;
/// More components than this are left out of the sentence about who moved, and more services of one than this by name.
const MOVED_MAX: usize = 4;
const SPARKLINE: Frame = Frame::inline(84, 26);

/// One row per component: users, unknown, fit, reach, change, target with its forecast, and the shape of 13 weeks.
pub(crate) fn scoreboard(input: &ReportInput, standings: &[Standing<'_>]) -> Block {
    Block::Table(Table {
        caption: format!("Adoption per component at the end of the {}", input.period.label),
        columns: vec![
            Column::words("Component"),
            Column::numbers("Adopted"),
            Column::numbers("Unknown"),
            Column::numbers("Fit"),
            Column::numbers("Reach"),
            Column::numbers("1 week"),
            Column::numbers("4 weeks"),
            Column::words("Target"),
            Column::words("13 weeks"),
        ],
        rows: standings.iter().map(|standing| row(input, standing)).collect(),
    })
}

fn row(input: &ReportInput, standing: &Standing<'_>) -> Vec<Entry> {
    let moved = match (standing.joined, standing.left) {
        (0, 0) => String::new(),
        (joined, left) => format!("{joined} joined, {left} left"),
    };
    vec![
        Entry::of(&standing.info.title).with(&standing.info.category),
        Entry::of(standing.counts()).with(standing.share()),
        Entry::of(wording::count(standing.unknown)),
        Entry::of(said(standing.fit)),
        Entry::of(said(standing.reach)),
        step(standing, standing.week, &moved).toned(if standing.left > 0 { Tone::Worse } else { Tone::Neutral }),
        step(standing, standing.four_weeks, ""),
        target(standing),
        sparkline(input, standing),
    ]
}

/// Change of the count; a changed number of eligible services is said beside it, never mixed in.
fn step(standing: &Standing<'_>, step: Option<Step>, moved: &str) -> Entry {
    let Some(step) = step else { return Entry::of("–") };
    let scope = if step.eligible_before == standing.eligible {
        String::new()
    } else {
        format!("eligible {} → {}", wording::count(step.eligible_before), wording::count(standing.eligible))
    };
    let detail: Vec<&str> = [moved, &scope].into_iter().filter(|text| !text.is_empty()).collect();
    Entry::of(wording::difference(step.adopted)).with(detail.join("; "))
}

fn target(standing: &Standing<'_>) -> Entry {
    let promised = standing.info.target.map_or_else(|| "–".to_owned(), promise);
    Entry::of(promised).with(standing.outlook()).toned(standing.verdict())
}

fn sparkline(input: &ReportInput, standing: &Standing<'_>) -> Entry {
    let Some(mut one) = input.weekly("adoption_rate") else { return Entry::of("–") };
    let first = one.window.periods.len().saturating_sub(13);
    one.window.periods.drain(..first);
    one.cells.retain(|cell| cell.scope_kind == "component" && cell.scope == standing.info.id);
    charts::under_titles(&mut one, &[titled(standing)]);
    let Some(chart) = charts::find("sparkline") else { return Entry::of("–") };
    let svg = (chart.draw)(&[one], &SPARKLINE);
    Entry { text: svg.title().to_owned(), svg: Some(svg.into_string()), ..Entry::default() }
}

/// The chart of fit times adoption, under the names that people use.
pub(crate) fn reach_chart(input: &ReportInput, standings: &[Standing<'_>]) -> Option<Block> {
    let titles: Vec<_> = standings.iter().map(titled).collect();
    let named = |id: &str| -> Option<Series> {
        let mut series = input.weekly(id)?;
        series.cells.retain(|cell| cell.scope_kind == "component" && titles.iter().any(|(id, _)| *id == cell.scope));
        charts::under_titles(&mut series, &titles);
        Some(series)
    };
    let series = [named("adoption_rate")?, named("coverage_fit")?, named("reach")?];
    let rows = u32::try_from(standings.len()).unwrap_or(1).max(1);
    // Few components get the product in words above their bar, many get low rows.
    let row = if rows <= 5 { 46 } else { 27 };
    let chart = charts::find("reach")?;
    Some(picture(chart, &series, &Frame::inline(848, 126 + row * rows), Width::Full))
}

const fn titled<'standing>(standing: &Standing<'standing>) -> (&'standing str, &'standing str) {
    (standing.info.id.as_str(), standing.info.title.as_str())
}

/// A chart as a block.
pub(crate) fn picture(chart: &charts::Chart, series: &[Series], frame: &Frame, width: Width) -> Block {
    let svg = (chart.draw)(series, frame);
    Block::Chart(Picture {
        chart: chart.id.to_owned(),
        title: svg.title().to_owned(),
        alt: format!("{}. {}", svg.title(), svg.description()),
        width,
        svg: svg.into_string(),
    })
}

/// Who left and who joined, by name and component, those that left first; nothing where nobody did.
pub(crate) fn moved(input: &ReportInput) -> Option<Sentence> {
    let mut moves = input.movements();
    moves.retain(|movement| matches!(movement.kind, MovementKind::Left | MovementKind::Joined));
    let tone = if moves.first()?.kind == MovementKind::Left { Tone::Worse } else { Tone::Better };
    let together = |one: &&Movement, other: &&Movement| one.kind == other.kind && one.component == other.component;
    let groups: Vec<&[&Movement]> = moves.chunk_by(together).collect();
    let mut told: Vec<String> = groups.iter().take(MOVED_MAX).filter_map(|group| moved_together(input, group)).collect();
    let more: usize = groups.iter().skip(MOVED_MAX).map(|group| group.len()).sum();
    if more > 0 {
        told.push(format!("{} below", wording::counted(i64::try_from(more).unwrap_or(i64::MAX), "more move")));
    }
    Some(Sentence { text: format!("This week: {}.", told.join("; ")), tone })
}

/// Services that moved the same way: `basket and checkout joined Standard CI pipeline`.
fn moved_together(input: &ReportInput, group: &[&Movement]) -> Option<String> {
    let first = group.first()?;
    let verb = if first.kind == MovementKind::Left { "left" } else { "joined" };
    let mut names: Vec<String> = group.iter().map(|movement| movement.service.clone()).collect();
    names.dedup();
    // One more by number would take no less room than its name.
    if let Some(more) = names.len().checked_sub(MOVED_MAX).filter(|more| *more > 1) {
        names.truncate(MOVED_MAX);
        names.push(format!("{more} more"));
    }
    Some(format!("{} {verb} {}", wording::listed(&names), input.component_title(&first.component)))
}

/// Which services moved, and what those that left use now.
pub(crate) fn movements(input: &ReportInput, standings: &[Standing<'_>]) -> Vec<Block> {
    let found = input.movements();
    if found.is_empty() && standings.iter().all(Standing::is_unseen) {
        return vec![note("No claim about who moved: no component has a known status yet.")];
    }
    if found.is_empty() {
        return vec![note("No service joined, left, was exempted, became eligible or was born off the path in this period.")];
    }
    let mut blocks = vec![Block::Table(Table {
        caption: format!("Services that moved in the {}", input.period.label),
        columns: vec![
            Column::words("Service"),
            Column::words("What happened"),
            Column::words("Since"),
            Column::words("Evidence"),
        ],
        rows: found.iter().take(MOVEMENTS_MAX).map(|movement| movement_row(input, movement)).collect(),
    })];
    if let Some(more) = found.len().checked_sub(MOVEMENTS_MAX).filter(|more| *more > 0) {
        blocks.push(note(format!("Not listed: {more} more.")));
    }
    blocks
}

fn movement_row(input: &ReportInput, movement: &Movement) -> Vec<Entry> {
    let title = input.component_title(&movement.component);
    let (what, tone) = match movement.kind {
        MovementKind::Joined => (format!("joined {title}"), Tone::Better),
        MovementKind::Left => (format!("left {title}"), Tone::Worse),
        MovementKind::NewlyExempt => (format!("newly exempt from {title}"), Tone::Neutral),
        MovementKind::NewlyEligible => (format!("newly eligible for {title}"), Tone::Neutral),
        MovementKind::BornOffPath => (format!("born off the path of {title}"), Tone::Worse),
    };
    let instead = movement.alternative.as_deref().map_or_else(String::new, |other| format!("uses {other} now"));
    let evidence = movement.evidence.clone().unwrap_or_else(|| "not recorded".to_owned());
    vec![
        Entry::of(&movement.service).with(&movement.team),
        Entry::of(what).with(instead).toned(tone),
        Entry::of(dates::day(movement.since)),
        Entry { link: movement.evidence_url.clone(), ..Entry::of(evidence) },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invented::input;
    use crate::standing::standings;

    #[test]
    fn what_a_component_is_made_for_is_not_called_as_the_rows_that_could_be_used() {
        let given = input();
        let Block::Table(table) = scoreboard(&given, &standings(&given)) else { panic!("no table") };
        let titles: Vec<&str> = table.columns.iter().map(|column| column.title.as_str()).collect();
        assert!(titles.contains(&"Fit") && !titles.contains(&"Coverage"), "{titles:?}");
    }

    #[test]
    fn who_moved_is_named_and_a_crowd_is_counted() {
        let joined = input().movements.into_iter().find(|movement| movement.kind == MovementKind::Joined).unwrap();
        let said = |services: &[(&str, &str)]| {
            let moved = |(component, service): &(&str, &str)| Movement {
                component: (*component).to_owned(),
                service: (*service).to_owned(),
                ..joined.clone()
            };
            moved_in(services.iter().map(moved).collect())
        };
        assert_eq!(said(&[]), None);
        let six = ["a", "b", "c", "d", "e", "f"].map(|service| ("logging", service));
        assert_eq!(said(&six[..5]).as_deref(), Some("This week: a, b, c, d and e joined Central logging."));
        assert_eq!(said(&six).as_deref(), Some("This week: a, b, c, d and 2 more joined Central logging."));
        let many = ["one", "two", "three", "four", "five"].map(|component| (component, "a"));
        let told = said(&many).unwrap();
        assert!(told.matches("a joined ").count() == 4 && told.ends_with("; 1 more move below."), "{told}");
    }

    #[test]
    fn those_who_left_come_first() {
        let told = moved(&input()).unwrap();
        assert_eq!(told.text, "This week: ledger left Secrets store; basket and checkout joined Standard CI pipeline.");
        assert_eq!(told.tone, Tone::Worse);
    }

    fn moved_in(movements: Vec<Movement>) -> Option<String> {
        moved(&ReportInput { movements, ..input() }).map(|told| told.text)
    }
}
