//! `leadership_review`: does the platform work, what changed, what is asked.
//!
//! Read before the quarterly meeting in fifteen minutes. The same ten sections in the same order every
//! quarter; efficiency never stands without instability beside it.

use crate::charts;
use crate::document::{Block, Column, Document, Entry, Item, List, Section, Sentence, Table, Width};
use crate::frame::Frame;
use crate::input::{ReportInput, ReportPeriod};
use crate::measures::{self, Measure, measure};
use crate::sections::{actions, adoption, changes, data, note, refusal, section, voices};
use crate::standing::{Standing, calm_targets, day_of_adoption, promise, said, standings, unclear_targets};
use crate::wording::{self, dates, finding, finding::Tone};
use waymark_analytics::{Cell, Series};

/// The measures of delivery: the throughput of DORA, its instability, and the pipelines beside them.
const DELIVERY: [(&str, &str); 7] = [
    ("change_lead_time", "p50"),
    ("change_lead_time", "p90"),
    ("deployment_frequency", "rate"),
    ("failed_deployment_recovery_time", "p50"),
    ("change_fail_rate", "share"),
    ("deployment_rework_rate", "share"),
    ("ci_success_rate", "share"),
];
const HALF: Frame = Frame::inline(412, 290);

/// Builds the document.
pub(crate) fn build(input: &ReportInput) -> Document {
    let standings = standings(input);
    let asks = actions::actions(input, &standings);
    let sections = vec![
        section("answer", "Answer first", "", answer(input, &standings, &asks)),
        refusal("value", "Value", "No claim about hours or money saved: no time of a task or journey is measured yet."),
        adoption_section(input, &standings),
        efficiency(input),
        section("satisfaction", "Satisfaction", "Would people choose the platform?", voices::scores(input)),
        refusal(
            "reliability",
            "Reliability and support",
            "No claim about service levels, tickets or capacity: none of them is measured yet.",
        ),
        risk(input, &standings),
        refusal("commitments", "Commitments of last quarter", "No claim about commitments: none is on record."),
        asks_section(asks),
        section("appendix", "Appendix", "Definitions, coverage and what was left out.", appendix(input)),
    ];
    crate::reports::document("leadership_review", input, sections)
}

/// Three sentences: does it work, what changed, what is asked.
fn answer(input: &ReportInput, standings: &[Standing<'_>], asks: &[Item]) -> Vec<Block> {
    vec![
        Block::Headline(Sentence::plain(works(input, standings))),
        Block::Headline(changes::changed(input, standings, &DELIVERY)),
        Block::Headline(Sentence::plain(match (asks.first(), actions::in_order(input, standings)) {
            (Some(ask), _) => format!("Asked first of {}: {}", asks.len(), ask.text),
            (None, Some(known)) => format!("Nothing is asked: {known}."),
            (None, None) => "No claim about what to ask: no component has a known status yet.".to_owned(),
        })),
    ]
}

fn works(input: &ReportInput, standings: &[Standing<'_>]) -> String {
    let known = |id: &str, statistic: &'static str| measure(input, id, statistic).filter(|found| found.now.value.is_some());
    let mut parts = Vec::new();
    if let Some(found) = known("change_lead_time", "p50") {
        parts.push(format!("half of all changes reach production within {}{}", found.value(), found.within()));
    }
    if let Some(found) = known("change_fail_rate", "share") {
        parts.push(format!("{} of production deployments need intervention{}", found.value(), found.within()));
    }
    parts.extend(reached(standings));
    if parts.is_empty() {
        return format!("No claim about the platform: nothing was measured in {}.", input.range.label);
    }
    format!("{}.", wording::capitalised(&parts.join("; ")))
}

/// How far components reach; those of which no use is known are no zero.
fn reached(standings: &[Standing<'_>]) -> Option<String> {
    let known = standings.iter().filter(|standing| !standing.is_unseen()).filter_map(|standing| standing.reach);
    let known: Vec<&Cell> = known.filter(|reach| reach.value.is_some()).collect();
    let low = known.iter().filter_map(|reach| reach.low.or(reach.value)).fold(f64::INFINITY, f64::min);
    let high = known.iter().filter_map(|reach| reach.high.or(reach.value)).fold(f64::NEG_INFINITY, f64::max);
    match known.as_slice() {
        [] if standings.is_empty() => None,
        [] => Some("no claim about reach, because no use of a component is known".to_owned()),
        [reach] => Some(format!("the one component with numbers reaches {} of active services", said(Some(*reach)))),
        many => {
            let (count, low, high) = (many.len(), wording::share(low), wording::share(high));
            let is_open = |reach: &&Cell| reach.low.zip(reach.high).is_some_and(|(low, high)| !wording::is_known(low, high));
            let open = if many.iter().any(is_open) { ", what is unknown included" } else { "" };
            Some(format!("{count} components reach between {low} and {high} of active services{open}"))
        }
    }
}

fn adoption_section(input: &ReportInput, standings: &[Standing<'_>]) -> Section {
    let mut blocks = Vec::new();
    if standings.is_empty() {
        blocks.push(note("No claim about adoption: no component has a known status yet."));
    } else {
        blocks.extend(adoption::reach_chart(input, standings));
        blocks.push(Block::Table(funnel(input, standings)));
        blocks.extend(day_of_adoption(input, standings).map(note));
    }
    blocks.push(note(
        "How many came by themselves and how many stayed is no part of this review: “waymark adoption COMPONENT” says it.",
    ));
    section("adoption", "Adoption", "Which component to extend, to help over, or to retire.", blocks)
}

fn funnel(input: &ReportInput, standings: &[Standing<'_>]) -> Table {
    let row = |standing: &Standing<'_>| {
        let active = standing.fit.and_then(|cell| cell.denominator);
        vec![
            Entry::of(&standing.info.title).with(format!("owned by {}", standing.info.owner)),
            Entry::of(active.map_or_else(|| "–".to_owned(), wording::plain)),
            Entry::of(wording::count(standing.eligible)).with(said(standing.fit)),
            Entry::of(wording::count(standing.adopted)).with(standing.share()),
            since(standing),
            Entry::of(wording::count(standing.unknown)),
            Entry::of(said(standing.reach)),
            Entry::of(standing.info.target.map_or_else(|| "–".to_owned(), promise))
                .with(&standing.info.status)
                .toned(standing.verdict()),
        ]
    };
    Table {
        caption: "From active services to those that use a component".to_owned(),
        columns: vec![
            Column::words("Component"),
            Column::numbers("Active"),
            Column::numbers("Eligible"),
            Column::numbers("Adopted"),
            Column::words(&format!("Against {}", input.range_before.label)),
            Column::numbers("Unknown"),
            Column::numbers("Reach"),
            Column::words("Target"),
        ],
        rows: standings.iter().map(row).collect(),
    }
}

fn since(standing: &Standing<'_>) -> Entry {
    let Some(since) = standing.since() else { return Entry::of("–") };
    let verdict = since.change.verdict;
    let words = format!("{} {}", finding::arrow(verdict), finding::verdict(verdict));
    Entry::of(words).with(format!("from {}", since.from)).toned(since.tone)
}

fn efficiency(input: &ReportInput) -> Section {
    let mut blocks = Vec::new();
    blocks.extend(organisation_chart(input, "change_lead_time", "trend"));
    blocks.extend(organisation_chart(input, "change_fail_rate", "trend"));
    blocks.extend(measures::table(input, "Delivery of the whole organisation", &DELIVERY));
    if measure(input, "change_fail_rate", "share").is_some_and(|found| found.is_lower_bound) {
        blocks.push(note(
            "The change fail rate is a lower bound: no incident has ever named a service that was deployed, so failures are \
             known by what was rolled back, reverted or repaired at once.",
        ));
    }
    section("efficiency", "Efficiency", "Speed is read with instability beside it.", blocks)
}

/// The whole weeks of the range for the whole organisation; the range and the one before give the title its comparison.
fn organisation_chart(input: &ReportInput, id: &str, chart: &str) -> Option<Block> {
    let (given, weekly) = (input.series.get(id)?, input.weekly(id)?);
    let series = [drawn_weeks(&weekly, &input.range), given.previous.clone(), given.window.clone()];
    Some(adoption::picture(charts::find(chart)?, &series, &HALF, Width::Half))
}

/// What a series says of the organisation in the whole weeks of a range: what a chart counts is what it draws.
fn drawn_weeks(weekly: &Series, range: &ReportPeriod) -> Series {
    let mut drawn = weekly.clone();
    drawn.window.periods.retain(|week| week.first_day >= range.first_day && week.end_day <= range.end_day);
    let is_drawn = |cell: &Cell| drawn.window.periods.iter().any(|week| week.start == cell.period_start);
    drawn.cells.retain(|cell| cell.scope_kind == "organisation" && is_drawn(cell));
    drawn
}

fn risk(input: &ReportInput, standings: &[Standing<'_>]) -> Section {
    let mut items: Vec<Item> = standings.iter().flat_map(dangers).collect();
    let mut notes = Vec::new();
    let unclear = unclear_targets(input, standings).into_iter();
    notes.extend(unclear.map(|(title, reason)| format!("No claim about the target of {title}: {reason}.")));
    notes.extend(calm_targets(input, standings).map(|words| format!("{}.", wording::capitalised(words))));
    match measure(input, "change_fail_rate", "share") {
        Some(found) if found.tone() == Tone::Worse => items.push(Item { text: found.sentence().text, ..Item::default() }),
        found => notes.push(instability(found.as_ref())),
    }
    let mut blocks = Vec::new();
    if !items.is_empty() {
        blocks.push(Block::List(List { title: String::new(), items }));
    }
    blocks.extend(notes.into_iter().map(note));
    blocks.push(note(
        "No claim about coupling, versions at end of life and expired exemptions: they are no part of this review yet.",
    ));
    section("risk", "Risk", "What may miss its day.", blocks)
}

/// What may be said of instability where it did not rise clearly.
fn instability(fail_rate: Option<&Measure<'_>>) -> String {
    match fail_rate {
        None => "No claim about instability: no change fail rate was measured.".to_owned(),
        Some(found) if found.is_lower_bound => {
            "No claim about instability: no incident has ever named a service that was deployed.".to_owned()
        }
        Some(found) if !found.is_comparable() => format!("No claim about instability: {}.", found.change_words()),
        Some(_) => "The change fail rate did not rise clearly.".to_owned(),
    }
}

/// What of a component may miss its day.
fn dangers(standing: &Standing<'_>) -> Vec<Item> {
    let title = &standing.info.title;
    let mut items = Vec::new();
    if let Some((target, danger)) = standing.target_in_danger() {
        items.push(Item {
            text: format!("{title}: target {} is {danger}.", promise(target)),
            detail: format!("{}.", wording::capitalised(&standing.outlook())),
            link: None,
        });
    }
    if let Some(due) = standing.info.mandate_due.filter(|_| standing.adopted < standing.eligible) {
        let (eligible, unknown) = (standing.eligible, standing.unknown);
        let lacking = wording::count((eligible - standing.adopted - unknown).max(0));
        let beside = if unknown > 0 { format!(", {} are unknown", wording::count(unknown)) } else { String::new() };
        items.push(Item {
            text: format!("{title}: mandatory from {}.", dates::day(due)),
            detail: format!("{lacking} of {} eligible services do not use it{beside}.", wording::count(eligible)),
            link: None,
        });
    }
    items
}

fn asks_section(asks: Vec<Item>) -> Section {
    let blocks = if asks.is_empty() {
        vec![note("Nothing is asked.")]
    } else {
        vec![Block::List(List { title: String::new(), items: asks })]
    };
    section("asks", "Asks", "To be answered at the meeting.", blocks)
}

fn appendix(input: &ReportInput) -> Vec<Block> {
    let mut blocks = data::definitions(input);
    blocks.extend(data::notes(input));
    let hidden = input.scores.iter().filter(|score| score.nps.is_none() && score.answers.is_none()).count();
    if hidden > 0 {
        let scores = wording::counted(i64::try_from(hidden).unwrap_or_default(), "survey score");
        blocks.push(note(format!("Left out, because they are {}: {scores}.", wording::WITHHELD)));
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invented::input;

    #[test]
    fn a_chart_counts_the_weeks_that_it_draws() {
        let given = input();
        let drawn = drawn_weeks(&given.series["change_fail_rate"].weekly, &given.range);
        // The range begins on Tuesday, 25 August; fourteen weeks are given, from Monday, 17 August.
        assert_eq!(drawn.window.periods.len(), 12);
        let starts = drawn.cells.iter().filter(|cell| cell.statistic == "share").map(|cell| cell.period_start);
        let weeks = drawn.window.periods.iter().map(|week| week.start);
        assert_eq!(starts.collect::<Vec<_>>(), weeks.collect::<Vec<_>>());
    }
}
