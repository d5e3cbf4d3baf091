//! What has to be known about the data: freshness, gaps, definitions.

use crate::document::{Block, Column, Entry, Sentence, Table};
use crate::input::{ReportInput, SourceNote};
use crate::sections::note;
use crate::wording::finding::Tone;
use crate::wording::{self, dates};

/// Freshness per source and everything that is open.
pub(crate) fn notes(input: &ReportInput) -> Vec<Block> {
    let mut blocks = Vec::new();
    if input.notes.sources.is_empty() {
        blocks.push(note("No claim about freshness: no source has been heard."));
    } else {
        blocks.push(Block::Table(freshness(input)));
    }
    blocks.push(Block::Table(open_points(input)));
    blocks
}

fn freshness(input: &ReportInput) -> Table {
    let row = |note: &SourceNote| {
        let status = match (note.is_silent, note.has_rhythm) {
            (true, _) => "has gone silent: see “waymark doctor”",
            (false, true) => "as usual",
            (false, false) => "no rhythm yet",
        };
        vec![
            Entry::of(&note.source),
            Entry::of(dates::instant(note.newest_at, input.zone)),
            Entry::of(dates::age(note.newest_at, input.as_of)),
            Entry::of(status).toned(if note.is_silent { Tone::Worse } else { Tone::Neutral }),
        ]
    };
    Table {
        caption: "Newest observation per source".to_owned(),
        columns: vec![
            Column::words("Source"),
            Column::words("Newest observation"),
            Column::numbers("Age"),
            Column::words("Against its own rhythm"),
        ],
        rows: input.notes.sources.iter().map(row).collect(),
    }
}

fn open_points(input: &ReportInput) -> Table {
    let row = |what: &str, count: i64, means: &str| {
        let tone = if count > 0 { Tone::Worse } else { Tone::Neutral };
        vec![Entry::of(what), Entry::of(wording::count(count)).toned(tone), Entry::of(means)]
    };
    Table {
        caption: "What is open".to_owned(),
        columns: vec![Column::words("Open"), Column::numbers("How many"), Column::words("What it means")],
        rows: vec![
            row(
                "Rejected deliveries",
                input.notes.open_rejections,
                "kept and not counted; “waymark rejections” says why, “waymark rebuild” reads them again",
            ),
            row("Unmatched environments", input.notes.unmatched_environments, "deployments there count in no tier"),
            row("Unknown evidence", input.notes.unknown_evidence, "pairs of service and component that bounds allow for"),
        ],
    }
}

/// The definitions that were used.
pub(crate) fn definitions(input: &ReportInput) -> Vec<Block> {
    let row = |metric: &&'static waymark_analytics::Metric| {
        vec![Entry::of(metric.title).with(metric.id), Entry::of(metric.question), Entry::of(format!("v{}", metric.version))]
    };
    let used: Vec<&'static waymark_analytics::Metric> =
        waymark_analytics::METRICS.iter().filter(|metric| input.series.contains_key(metric.id)).collect();
    if used.is_empty() {
        return vec![note("No definition was used: no series was given.")];
    }
    vec![
        Block::Table(Table {
            caption: "Definitions".to_owned(),
            columns: vec![Column::words("Metric"), Column::words("Question"), Column::numbers("Version")],
            rows: used.iter().map(row).collect(),
        }),
        Block::Note(Sentence::plain(
            "Intervals hold 95 %. Those of a whole range of the organisation allow for services that resemble each other, \
             those of single weeks do not. An arrow needs both periods \
             complete, at least 6 rows in each, coverage within 10 points, and a difference whose interval excludes zero. \
             One of adoption needs more adopters, or fewer, however the unknown services of both ends may turn out.",
        )),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invented::input;

    #[test]
    fn what_has_no_rhythm_is_not_as_usual() {
        let mut given = input();
        let said = |given: &ReportInput| freshness(given).rows.iter().map(|row| row[3].text.clone()).collect::<Vec<_>>();
        let silent = "has gone silent: see “waymark doctor”";
        assert_eq!(said(&given), ["as usual", silent]);
        given.notes.sources[0].has_rhythm = false;
        assert_eq!(said(&given), ["no rhythm yet", silent]);
    }
}
