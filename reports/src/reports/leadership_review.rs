//! `leadership_review`: does the platform work, what changed, what is asked.
//!
//! Read before the quarterly meeting in fifteen minutes. The same ten sections in the same order every
//! quarter; efficiency never stands without instability beside it.

use crate::charts;
use crate::document::{Block, Column, Document, Entry, Item, List, Section, Sentence, Table, Width};
use crate::frame::Frame;
use crate::input::ReportInput;
use crate::measures::{self, Measure, measure};
use crate::sections::{actions, adoption, data, note, refusal, section, voices};
use crate::standing::{Pace, Standing, promise, said, standings};
use crate::wording::{self, dates, finding::Tone};

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
        Block::Headline(changed(input)),
        Block::Headline(Sentence::plain(match asks.first() {
            Some(ask) => format!("Asked first of {}: {}", asks.len(), ask.text),
            None => "Nothing is asked: no service left, no target is in danger, no evidence is missing.".to_owned(),
        })),
    ]
}

fn works(input: &ReportInput, standings: &[Standing<'_>]) -> String {
    let known = |id: &str, statistic: &'static str| measure(input, id, statistic).filter(|found| found.now.value.is_some());
    let mut parts = Vec::new();
    if let Some(found) = known("change_lead_time", "p50") {
        parts.push(format!("half of all changes reach production within {}", found.value()));
    }
    if let Some(found) = known("change_fail_rate", "share") {
        parts.push(format!("{} of production deployments need intervention", found.value()));
    }
    let shares: Vec<f64> = standings.iter().filter_map(|standing| standing.reach.and_then(|cell| cell.value)).collect();
    let low = shares.iter().copied().fold(f64::INFINITY, f64::min);
    let high = shares.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    match shares.len() {
        0 => {}
        1 => parts.push(format!("the one component with numbers reaches {} of active services", wording::share(low))),
        count => parts.push(format!(
            "{count} components reach between {} and {} of active services",
            wording::share(low),
            wording::share(high)
        )),
    }
    if parts.is_empty() {
        return "No claim about the platform: nothing was measured in 90 days.".to_owned();
    }
    let text = parts.join("; ");
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

fn changed(input: &ReportInput) -> Sentence {
    let found: Vec<Measure<'_>> =
        DELIVERY.iter().filter_map(|(id, statistic)| measure(input, id, statistic)).filter(Measure::is_comparable).collect();
    if found.is_empty() {
        return Sentence::plain("No claim about change: no delivery measure has enough rows in both ranges of 90 days.");
    }
    let compared = wording::counted(i64::try_from(found.len()).unwrap_or_default(), "delivery measure");
    let clear: Vec<&Measure<'_>> = found.iter().filter(|found| found.is_clear()).collect();
    if clear.is_empty() {
        return Sentence::plain(format!("No clear change against the 90 days before in {compared} that can be compared."));
    }
    let told: Vec<String> = clear
        .iter()
        .map(|found| format!("{} is {}, {}", wording::mid_sentence(&found.name()), found.value(), found.change_words()))
        .collect();
    let text = format!("{} of {compared} changed clearly: {}.", clear.len(), told.join("; "));
    let tones: Vec<Tone> = clear.iter().map(|found| found.tone()).collect();
    let is_one = tones.windows(2).all(|pair| pair.first() == pair.last());
    Sentence { text, tone: tones.first().copied().filter(|_| is_one).unwrap_or_default() }
}

fn adoption_section(input: &ReportInput, standings: &[Standing<'_>]) -> Section {
    let mut blocks = Vec::new();
    if standings.is_empty() {
        blocks.push(note("No claim about adoption: no component has a known status yet."));
    } else {
        blocks.extend(adoption::reach_chart(input, standings));
        blocks.push(Block::Table(funnel(standings)));
    }
    blocks.push(note(
        "How many came by themselves and how many stayed is no part of this review: each component has a page under /adoption.",
    ));
    section("adoption", "Adoption", "Which component to extend, to help over, or to retire.", blocks)
}

fn funnel(standings: &[Standing<'_>]) -> Table {
    let row = |standing: &Standing<'_>| {
        let active = standing.coverage.and_then(|cell| cell.denominator);
        vec![
            Entry::of(&standing.info.title).with(format!("owned by {}", standing.info.owner)),
            Entry::of(active.map_or_else(|| "–".to_owned(), wording::plain)),
            Entry::of(wording::count(standing.eligible)).with(said("coverage_fit", standing.coverage)),
            Entry::of(wording::count(standing.adopted)).with(standing.share()),
            Entry::of(wording::count(standing.unknown)),
            Entry::of(said("reach", standing.reach)),
            Entry::of(standing.info.target.map_or_else(|| "–".to_owned(), promise))
                .with(standing.pace.status())
                .toned(standing.pace.tone()),
        ]
    };
    Table {
        caption: "From active services to those that use a component".to_owned(),
        columns: vec![
            Column::words("Component"),
            Column::numbers("Active"),
            Column::numbers("Eligible"),
            Column::numbers("Adopted"),
            Column::numbers("Unknown"),
            Column::numbers("Reach"),
            Column::words("Target"),
        ],
        rows: standings.iter().map(row).collect(),
    }
}

fn efficiency(input: &ReportInput) -> Section {
    let mut blocks = Vec::new();
    blocks.extend(organisation_chart(input, "change_lead_time", "trend"));
    blocks.extend(organisation_chart(input, "change_fail_rate", "trend"));
    blocks.extend(measures::table(input, "Delivery of the whole organisation", &DELIVERY));
    section("efficiency", "Efficiency", "Speed is read with instability beside it.", blocks)
}

/// The weeks of the whole organisation; the two ranges of 90 days give the title its comparison.
fn organisation_chart(input: &ReportInput, id: &str, chart: &str) -> Option<Block> {
    let given = input.series.get(id)?;
    let mut weekly = given.weekly.clone();
    weekly.cells.retain(|cell| cell.scope_kind == "organisation");
    let first = weekly.window.periods.len().saturating_sub(13);
    weekly.window.periods.drain(..first);
    let series = [weekly, given.previous.clone(), given.window.clone()];
    Some(adoption::picture(charts::find(chart)?, &series, &HALF, Width::Half))
}

fn risk(input: &ReportInput, standings: &[Standing<'_>]) -> Section {
    let mut items = Vec::new();
    for standing in standings {
        if let Pace::AtRisk(target, speed) = standing.pace {
            items.push(Item {
                text: format!("{}: target {} is at risk.", standing.info.title, promise(target)),
                detail: format!(
                    "{} a week needed, {} a week over 4 weeks.",
                    wording::plain(speed.needed),
                    wording::plain(speed.had)
                ),
                link: None,
            });
        }
        if let Pace::Late(target) = standing.pace {
            items.push(Item {
                text: format!("{}: target {} is late.", standing.info.title, promise(target)),
                ..Item::default()
            });
        }
        let is_mandated = standing.info.mandate_due.filter(|_| standing.adopted < standing.eligible);
        if let Some(due) = is_mandated {
            let missing = standing.eligible - standing.adopted;
            items.push(Item {
                text: format!("{}: mandatory from {}.", standing.info.title, dates::day(due)),
                detail: format!(
                    "{} of {} eligible services do not use it or are unknown.",
                    wording::count(missing),
                    standing.eligible
                ),
                link: None,
            });
        }
    }
    let fail_rate = measure(input, "change_fail_rate", "share").filter(|found| found.tone() == Tone::Worse);
    items.extend(fail_rate.map(|found| Item { text: found.sentence().text, ..Item::default() }));
    let mut blocks = Vec::new();
    if items.is_empty() {
        blocks.push(note("No target is in danger and instability did not rise."));
    } else {
        blocks.push(Block::List(List { title: String::new(), items }));
    }
    blocks.push(note(
        "No claim about coupling, versions at end of life and expired exemptions: they are no part of this review yet.",
    ));
    section("risk", "Risk", "What may miss its day.", blocks)
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
