//! Voices: published survey scores, suppressed ones as such, the newest wave beside the one before.

use crate::document::{Block, Column, Entry, Table};
use crate::input::{ReportInput, ScoreRow};
use crate::sections::note;
use crate::wording::{self, finding};
use waymark_analytics::{Cell, Metric, Unit, change, find};
use waymark_event::Instant;

/// Below this many answers a score moves by more than most changes.
const ANSWERS_MIN: i64 = 100;

/// The newest score of the platform and of each component, or why there are none.
pub(crate) fn scores(input: &ReportInput) -> Vec<Block> {
    if input.scores.is_empty() {
        return vec![note("No claim about satisfaction: no survey wave has closed.")];
    }
    let subjects = subjects(input);
    let is_small = subjects.iter().any(|(newest, _)| newest.answers.is_some_and(|answers| answers < ANSWERS_MIN));
    let mut blocks = vec![Block::Table(Table {
        caption: "Net promoter score of the newest wave".to_owned(),
        columns: vec![
            Column::words("Asked about"),
            Column::words("Wave"),
            Column::numbers("Score"),
            Column::numbers("95 % interval"),
            Column::numbers("Answers"),
            Column::words("Wave before"),
        ],
        rows: subjects.into_iter().map(|(newest, before)| row(input, newest, before)).collect(),
    })];
    if is_small {
        let words =
            format!("A score from fewer than {ANSWERS_MIN} answers moves by chance: read the interval before the score.");
        blocks.push(note(words));
    }
    blocks
}

/// The newest wave and the one before for each subject: the platform first, then components in the
/// organisation's own order, never by rank.
fn subjects(input: &ReportInput) -> Vec<(&ScoreRow, Option<&ScoreRow>)> {
    let place = |score: &ScoreRow| {
        let id = score.component.as_deref()?;
        Some(input.components.iter().position(|component| component.id == id).unwrap_or(usize::MAX))
    };
    let mut scores: Vec<&ScoreRow> = input.scores.iter().collect();
    // The waves of a subject stay in the order in which they closed, which their names need not follow.
    scores.sort_by(|one, other| (place(one), &one.component).cmp(&(place(other), &other.component)));
    let of_one_subject = scores.chunk_by(|one, other| one.component == other.component);
    of_one_subject
        .filter_map(|waves| {
            let (newest, earlier) = waves.split_last()?;
            Some((*newest, earlier.last().copied()))
        })
        .collect()
}

fn row(input: &ReportInput, newest: &ScoreRow, before: Option<&ScoreRow>) -> Vec<Entry> {
    let subject = newest.component.as_deref().map_or("The platform", |id| input.component_title(id));
    let limits = match (newest.low, newest.high) {
        (Some(low), Some(high)) => wording::interval(Unit::Points, low, high),
        _ => "–".to_owned(),
    };
    vec![
        Entry::of(subject),
        Entry::of(&newest.wave),
        Entry::of(said(newest)),
        Entry::of(limits),
        Entry::of(newest.answers.map_or_else(|| "–".to_owned(), wording::count)),
        before.map_or_else(|| Entry::of("–"), |before| compared(newest, before)),
    ]
}

fn said(score: &ScoreRow) -> String {
    match (score.nps, score.answers) {
        (Some(value), _) => wording::value(Unit::Points, value),
        (None, Some(_)) => "too few".to_owned(),
        (None, None) => wording::WITHHELD.to_owned(),
    }
}

/// The wave before and the verdict of `analytics` on the difference.
fn compared(newest: &ScoreRow, before: &ScoreRow) -> Entry {
    let earlier = format!("{} in {}", said(before), before.wave);
    let Some(metric) = find("nps") else { return Entry::of(earlier) };
    let change = change(metric, &cell(metric, before), &cell(metric, newest));
    let words = format!("{} {}", finding::arrow(change.verdict), finding::verdict(change.verdict));
    // What is told in colour is the difference, not the wave before.
    Entry::of(words).with(earlier).toned(finding::tone(metric, &change))
}

/// A published score as a cell: waves are closed, so nothing about it is partial.
fn cell(metric: &Metric, score: &ScoreRow) -> Cell {
    Cell {
        statistic: metric.headline().to_owned(),
        scope_kind: "component".to_owned(),
        scope: score.component.clone().unwrap_or_default(),
        period_start: Instant::default(),
        period_end: Instant::default(),
        value: score.nps,
        low: score.low,
        high: score.high,
        sample_size: score.answers,
        numerator: None,
        denominator: None,
        coverage: None,
        is_partial: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invented::input;

    #[test]
    fn only_the_newest_wave_is_a_row_and_the_one_before_stands_beside_it() {
        let mut given = input();
        let earlier = |score: &ScoreRow| ScoreRow {
            // By its name it would be the later one.
            wave: "winter".to_owned(),
            nps: Some(-60.0),
            low: Some(-75.0),
            high: Some(-45.0),
            ..score.clone()
        };
        let first = earlier(&given.scores[0]);
        given.scores.insert(0, first);
        let blocks = scores(&given);
        let Some(Block::Table(table)) = blocks.first() else { panic!("no table: {blocks:?}") };
        assert_eq!(table.rows.len(), 3);
        assert_eq!(table.rows[0][5].detail, "−60 in winter");
        assert_eq!(table.rows[0][5].text, "↑ up");
        assert_eq!(table.rows[2][2].text, wording::WITHHELD);
    }
}
