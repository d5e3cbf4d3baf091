//! What has to be known about the data: freshness, gaps, definitions.

use crate::document::{Block, Column, Entry, Sentence, Table};
use crate::input::ReportInput;
use crate::sections::note;
use crate::wording::finding::Tone;
use crate::wording::{self, dates};

/// A source that is older than this when the report is made is stale, in seconds.
const FRESH_SECONDS_MAX: i64 = 30 * 3_600;

/// Freshness per source and everything that is open.
pub(crate) fn notes(input: &ReportInput) -> Vec<Block> {
    let mut blocks = Vec::new();
    if input.notes.newest_observation_at.is_empty() {
        blocks.push(note("No claim about freshness: no source has been heard."));
    } else {
        blocks.push(Block::Table(freshness(input)));
    }
    blocks.push(Block::Table(open_points(input)));
    blocks
}

fn freshness(input: &ReportInput) -> Table {
    let row = |(source, newest): &(String, waymark_event::Instant)| {
        let is_stale = input.as_of.micros() - newest.micros() > FRESH_SECONDS_MAX * 1_000_000;
        let status = if is_stale { "stale: older than 30 h" } else { "fresh" };
        vec![
            Entry::of(source),
            Entry::of(dates::instant(*newest, input.zone)),
            Entry::of(dates::age(*newest, input.as_of)),
            Entry::of(status).toned(if is_stale { Tone::Worse } else { Tone::Neutral }),
        ]
    };
    let mut sources: Vec<&(String, waymark_event::Instant)> = input.notes.newest_observation_at.iter().collect();
    sources.sort();
    Table {
        caption: "Newest observation per source".to_owned(),
        columns: vec![
            Column::words("Source"),
            Column::words("Newest observation"),
            Column::numbers("Age"),
            Column::words("Against 30 h"),
        ],
        rows: sources.into_iter().map(row).collect(),
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
            row("Rejected deliveries", input.notes.open_rejections, "kept, not counted, read again on request"),
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
             complete, at least 6 rows in each, coverage within 10 points, and a difference whose interval excludes zero.",
        )),
    ]
}
