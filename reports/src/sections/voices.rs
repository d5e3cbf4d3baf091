//! Voices: published survey scores, suppressed ones as such, the newest wave beside the one before.

use crate::document::{Block, Column, Entry, Table};
use crate::input::{ReportInput, ScoreRow};
use crate::sections::note;
use crate::wording::{self, finding};
use waymark_analytics::{Cell, Change, Metric, Unit, change, find};
use waymark_event::Instant;

/// Below this many answers an interval is wider than most changes are large.
const ANSWERS_MIN: i64 = 100;

/// The newest score of the platform and of each component, or why there are none.
pub(crate) fn scores(input: &ReportInput) -> Vec<Block> {
    if input.scores.is_empty() {
        return vec![note("No claim about satisfaction: no survey wave has closed.")];
    }
    let subjects = subjects(input);
    let is_small = subjects.iter().any(|voice| voice.newest.answers.is_some_and(|answers| answers < ANSWERS_MIN));
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
        rows: subjects.iter().map(|voice| row(input, voice)).collect(),
    })];
    if is_small {
        let words = format!(
            "In 19 of 20 surveys the 95 % interval holds the score that all who could have answered would give. From fewer \
             than {ANSWERS_MIN} answers it is wide: read it before the score."
        );
        blocks.push(note(words));
    }
    blocks
}

/// What was said of one subject: the newest wave beside the one before.
pub(crate) struct Voice<'a> {
    pub(crate) newest: &'a ScoreRow,
    pub(crate) before: Option<&'a ScoreRow>,
}

impl Voice<'_> {
    /// The metric, and the verdict of `analytics` on both waves.
    pub(crate) fn change(&self) -> Option<(&'static Metric, Change)> {
        let metric = find("nps")?;
        Some((metric, change(metric, &cell(metric, self.before?), &cell(metric, self.newest))))
    }
}

/// Each subject: the platform first, then components in the organisation's own order, never by rank.
pub(crate) fn subjects(input: &ReportInput) -> Vec<Voice<'_>> {
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
            let (&newest, earlier) = waves.split_last()?;
            Some(Voice { newest, before: earlier.last().copied() })
        })
        .collect()
}

fn row(input: &ReportInput, voice: &Voice<'_>) -> Vec<Entry> {
    let newest = voice.newest;
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
        compared(voice),
    ]
}

/// The score, or why it is not shown.
pub(crate) fn said(score: &ScoreRow) -> String {
    match (score.nps, score.answers) {
        (Some(value), _) => wording::value(Unit::Points, value),
        (None, Some(_)) => "too few".to_owned(),
        (None, None) => wording::WITHHELD.to_owned(),
    }
}

/// The wave before, and how far the newest one is from it.
fn compared(voice: &Voice<'_>) -> Entry {
    let (Some(before), Some((metric, change))) = (voice.before, voice.change()) else { return Entry::of("–") };
    let words = format!("{} {}", finding::arrow(change.verdict), finding::verdict(change.verdict));
    let far = finding::difference(metric, &change).map_or_else(String::new, |far| format!(" ({far})"));
    // What is told in colour is the difference, not the wave before.
    Entry::of(words).with(format!("{} in {}{far}", said(before), before.wave)).toned(finding::tone(metric, &change))
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
        // By hand: 78 ± √(15² + 21²) = 78 ± 25.8 points.
        assert_eq!(table.rows[0][5].detail, "−60 in winter (+78, 95 % interval +52 to +104)");
        assert_eq!(table.rows[0][5].text, "↑ up");
        assert_eq!(table.rows[2][2].text, wording::WITHHELD);
        // 61 answered: what their interval means is said below.
        let Some(Block::Note(sentence)) = blocks.last() else { panic!("no note: {blocks:?}") };
        let meaning = "In 19 of 20 surveys the 95 % interval holds the score that all";
        assert!(sentence.text.starts_with(meaning), "{}", sentence.text);
    }
}
