//! Measures of the organisation over the range of a report, beside the range before.
//!
//! The verdict comes from `analytics`; here it only gets its words and its place in a table.

use crate::document::{Block, Column, Entry, Sentence, Table};
use crate::input::{Range, ReportInput};
use crate::wording::{self, finding};
use waymark_analytics::{Cell, Change, Metric, Statistic, change, find};

/// One statistic of one metric, now and before.
pub(crate) struct Measure<'a> {
    pub(crate) metric: &'static Metric,
    pub(crate) statistic: &'static str,
    pub(crate) now: &'a Cell,
    pub(crate) before: Option<&'a Cell>,
    pub(crate) change: Option<Change>,
    /// Not all that counts can be seen, so the truth is the value or more.
    pub(crate) is_lower_bound: bool,
}

/// The measure of the organisation; nothing when the input has no such series.
pub(crate) fn measure<'a>(input: &'a ReportInput, id: &str, statistic: &'static str) -> Option<Measure<'a>> {
    let metric = find(id)?;
    let now = input.organisation_cell(id, statistic, Range::Now)?;
    let before = input.organisation_cell(id, statistic, Range::Before);
    let series = input.series.get(metric.id);
    let from_rows = series.and_then(|series| series.window.change(statistic, &now.scope_kind, &now.scope)).copied();
    let change = from_rows.or_else(|| before.map(|before| change(metric, before, now)));
    // Where no incident ever names a service, nothing but rollbacks and reverts shows that a deployment failed.
    let is_lower_bound = id == "change_fail_rate" && input.notes.has_incidents == Some(false);
    Some(Measure { metric, statistic, now, before, change, is_lower_bound })
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
        self.bounded(self.now, wording::cell(self.metric, self.now))
    }

    fn bounded(&self, cell: &Cell, said: String) -> String {
        if self.is_lower_bound && cell.value.is_some() { format!("at least {said}") } else { said }
    }

    /// What the value rests on, in brackets after it: ` (n = 41)`.
    pub(crate) fn beside(&self) -> String {
        bracketed([self.basis()])
    }

    /// The same with its limits, for a value that nothing else stands beside: ` (95 % 1.1–2.9 d, n = 41)`.
    pub(crate) fn within(&self) -> String {
        bracketed([self.limits(), self.basis()])
    }

    fn basis(&self) -> Option<String> {
        let basis = wording::basis(self.metric, self.now);
        let unseen = self.is_lower_bound.then(|| "no incident has named a service".to_owned());
        let parts: Vec<String> = basis.into_iter().chain(unseen).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// The limits of the value; what cannot all be seen has none above.
    fn limits(&self) -> Option<String> {
        wording::limits(self.metric, self.now).filter(|_| !self.is_lower_bound)
    }

    /// The change in words.
    pub(crate) fn change_words(&self) -> String {
        self.change.map_or_else(|| "nothing before to compare".to_owned(), |change| finding::change(self.metric, &change))
    }

    /// Whether both ranges could be compared at all.
    pub(crate) fn is_comparable(&self) -> bool {
        self.change.as_ref().is_some_and(finding::is_comparable)
    }

    /// Whether the verdict is a direction.
    pub(crate) fn is_clear(&self) -> bool {
        self.change.as_ref().is_some_and(finding::is_clear)
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
        let text = format!("{} is {}{}, {}.", self.name(), self.value(), self.within(), self.change_words());
        Sentence { text, tone: self.tone() }
    }

    fn row(&self) -> Vec<Entry> {
        let said = |cell: &Cell| match cell.value {
            Some(value) => self.bounded(cell, wording::short(self.metric.unit, value)),
            None => wording::absent(self.metric, cell),
        };
        let before = self.before.map_or_else(|| "no data".to_owned(), said);
        let verdict = self.change.map_or("nothing to compare", |change| finding::verdict(change.verdict));
        let arrow = self.change.map_or("", |change| finding::arrow(change.verdict));
        let (limits, basis) = (self.limits().unwrap_or_default(), self.basis().unwrap_or_default());
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

fn bracketed<const COUNT: usize>(parts: [Option<String>; COUNT]) -> String {
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

/// The measures that the input has, as a table; a sentence for each that it has not.
pub(crate) fn table(input: &ReportInput, caption: &str, wanted: &[(&'static str, &'static str)]) -> Vec<Block> {
    let mut table = Table {
        caption: caption.to_owned(),
        columns: vec![
            Column::words("Measure"),
            Column::numbers(&wording::capitalised(&input.range.label)),
            Column::numbers("Rests on"),
            Column::numbers("Coverage"),
            Column::numbers(&wording::capitalised(&input.range_before.label)),
            Column::words("Change"),
        ],
        rows: Vec::new(),
    };
    let mut missing: Vec<String> = Vec::new();
    for (id, statistic) in wanted {
        if let Some(measure) = measure(input, id, statistic) {
            table.rows.push(measure.row());
            continue;
        }
        let title = wording::mid_sentence(find(id).map_or(*id, |metric| metric.title));
        // Several statistics of one metric lack the same.
        if !missing.contains(&title) {
            missing.push(title);
        }
    }
    let mut blocks = Vec::new();
    if !table.rows.is_empty() {
        blocks.push(Block::Table(table));
    }
    if !missing.is_empty() {
        let missing = wording::listed(&missing);
        blocks.push(Block::Note(Sentence::plain(format!("No claim about {missing}: nothing was measured."))));
    }
    blocks
}
