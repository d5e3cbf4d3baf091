//! Voices: published survey scores, suppressed ones as such.

use crate::document::{Block, Column, Entry, Table};
use crate::input::{ReportInput, ScoreRow};
use crate::sections::note;
use crate::wording;
use waymark_analytics::Unit;

/// The scores by component and wave, or why there are none.
pub(crate) fn scores(input: &ReportInput) -> Vec<Block> {
    if input.scores.is_empty() {
        return vec![note("No claim about satisfaction: no survey wave has closed.")];
    }
    let mut blocks = vec![Block::Table(Table {
        caption: "Net promoter score per component and wave".to_owned(),
        columns: vec![
            Column::words("Asked about"),
            Column::words("Wave"),
            Column::numbers("Score"),
            Column::numbers("95 % interval"),
            Column::numbers("Answers"),
        ],
        rows: input.scores.iter().map(|score| row(input, score)).collect(),
    })];
    if input.scores.iter().any(|score| score.answers.is_some_and(|answers| answers < 100)) {
        blocks.push(note("A score from fewer than 100 answers moves by chance: read the interval before the score."));
    }
    blocks
}

/// What a score is about.
pub(crate) fn subject<'a>(input: &'a ReportInput, score: &'a ScoreRow) -> &'a str {
    score.component.as_deref().map_or("The platform", |id| input.component_title(id))
}

fn row(input: &ReportInput, score: &ScoreRow) -> Vec<Entry> {
    let value = match (score.nps, score.answers) {
        (Some(value), _) => wording::value(Unit::Points, value),
        (None, Some(_)) => "too few".to_owned(),
        (None, None) => "fewer than 5 answers".to_owned(),
    };
    let limits = match (score.low, score.high) {
        (Some(low), Some(high)) => wording::interval(Unit::Points, low, high),
        _ => "–".to_owned(),
    };
    vec![
        Entry::of(subject(input, score)),
        Entry::of(&score.wave),
        Entry::of(value),
        Entry::of(limits),
        Entry::of(score.answers.map_or_else(|| "–".to_owned(), wording::count)),
    ]
}
