//! Measures of the organisation over 90 days, beside the 90 days before.
//!
//! The verdict comes from `analytics`; here it only gets its words and its place in a table.

use crate::document::{Block, Column, Entry, Sentence, Table};
use crate::input::{Range, ReportInput};
use crate::wording::{self, finding};
use waymark_analytics::{Cell, Change, Metric, Statistic, Verdict, change, find};

/// One statistic of one metric, now and before.
pub(crate) struct Measure<'a> {
    pub(crate) metric: &'static Metric,
    pub(crate) statistic: &'static str,
    pub(crate) now: &'a Cell,
    pub(crate) before: Option<&'a Cell>,
    pub(crate) change: Option<Change>,
}

/// The measure of the organisation; nothing when the input has no such series.
pub(crate) fn measure<'a>(input: &'a ReportInput, id: &str, statistic: &'static str) -> Option<Measure<'a>> {
    let metric = find(id)?;
    let now = input.organisation_cell(id, statistic, Range::Now)?;
    let before = input.organisation_cell(id, statistic, Range::Before);
    let series = input.series.get(metric.id);
    let from_rows = series.and_then(|series| series.window.change(statistic, &now.scope_kind, &now.scope)).copied();
    let change = from_rows.or_else(|| before.map(|before| change(metric, before, now)));
    Some(Measure { metric, statistic, now, before, change })
}

impl Measure<'_> {
    /// What the measure is called, with its statistic where the metric has several.
    pub(crate) fn name(&self) -> String {
        match self.metric.kind {
            Statistic::Quantile | Statistic::Survival => {
                format!("{} ({})", self.metric.title, wording::statistic(self.statistic))
            }
            _ => self.metric.title.to_owned(),
        }
    }

    /// The value alone.
    pub(crate) fn value(&self) -> String {
        wording::cell(self.metric, self.now)
    }

    /// The change in words.
    pub(crate) fn change_words(&self) -> String {
        self.change.map_or_else(|| "nothing before to compare".to_owned(), |change| finding::change(self.metric, &change))
    }

    /// Whether both ranges could be compared at all.
    pub(crate) fn is_comparable(&self) -> bool {
        let is_silent = |change: Change| matches!(change.verdict, Verdict::TooFew | Verdict::MeasurementChanged);
        self.change.is_some_and(|change| !is_silent(change))
    }

    /// Whether the verdict is a direction.
    pub(crate) fn is_clear(&self) -> bool {
        self.change.is_some_and(|change| matches!(change.verdict, Verdict::Up | Verdict::Down))
    }

    /// What the change means for the reader.
    pub(crate) fn tone(&self) -> finding::Tone {
        self.change.map_or(finding::Tone::Neutral, |change| finding::tone(self.metric, &change))
    }

    /// `<metric> is <value> (<interval>, n = <n>), <change>.`
    pub(crate) fn sentence(&self) -> Sentence {
        if self.now.value.is_none() {
            return Sentence::plain(format!("No claim about {}: {}.", wording::mid_sentence(&self.name()), self.value()));
        }
        let beside: Vec<String> =
            [wording::limits(self.metric, self.now), wording::basis(self.metric, self.now)].into_iter().flatten().collect();
        let beside = if beside.is_empty() { String::new() } else { format!(" ({})", beside.join(", ")) };
        let text = format!("{} is {}{beside}, {}.", self.name(), self.value(), self.change_words());
        Sentence { text, tone: self.tone() }
    }

    fn row(&self) -> Vec<Entry> {
        let said = |cell: &Cell| match cell.value {
            Some(value) => wording::short(self.metric.unit, value),
            None => wording::absent(self.metric, cell),
        };
        let before = self.before.map_or_else(|| "no data".to_owned(), said);
        let verdict = self.change.map_or("nothing to compare", |change| finding::verdict(change.verdict));
        let arrow = self.change.map_or("", |change| finding::arrow(change.verdict));
        let limits = wording::limits(self.metric, self.now).unwrap_or_default();
        let basis = wording::basis(self.metric, self.now).unwrap_or_default();
        let coverage = self.now.coverage.map_or_else(String::new, wording::share);
        let from = self.change_words();
        let tail = from.strip_prefix(verdict).unwrap_or_default().trim_start().to_owned();
        vec![
            Entry::of(self.name()).with(wording::unit(self.metric.unit)),
            Entry::of(said(self.now)).with(limits),
            Entry::of(basis),
            Entry::of(coverage),
            Entry::of(before),
            Entry::of(format!("{arrow} {verdict}").trim_start()).with(tail).toned(self.tone()),
        ]
    }
}

/// The measures that the input has, as a table; a sentence for each that it has not.
pub(crate) fn table(input: &ReportInput, caption: &str, wanted: &[(&'static str, &'static str)]) -> Vec<Block> {
    let mut table = Table {
        caption: caption.to_owned(),
        columns: vec![
            Column::words("Measure"),
            Column::numbers("Last 90 days"),
            Column::numbers("Rests on"),
            Column::numbers("Coverage"),
            Column::numbers("90 days before"),
            Column::words("Change"),
        ],
        rows: Vec::new(),
    };
    let mut missing = Vec::new();
    for (id, statistic) in wanted {
        match measure(input, id, statistic) {
            Some(measure) => table.rows.push(measure.row()),
            None => missing.push(wording::mid_sentence(find(id).map_or(*id, |metric| metric.title))),
        }
    }
    let mut blocks = Vec::new();
    if !table.rows.is_empty() {
        blocks.push(Block::Table(table));
    }
    if !missing.is_empty() {
        blocks.push(Block::Note(Sentence::plain(format!("No claim about {}: nothing was measured.", missing.join(", ")))));
    }
    blocks
}
