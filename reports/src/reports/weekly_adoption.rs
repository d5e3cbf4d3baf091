//! `weekly_adoption`: who uses the platform's components, what changed in a week, what to do.
//!
//! Read by the platform team and team leads in two minutes. Sections stand in the same order every
//! week; one that has nothing to say yet says why.

use crate::document::{Block, Document, List, Section, Sentence};
use crate::input::ReportInput;
use crate::measures;
use crate::sections::{actions, adoption, data, migrations, note, refusal, section, voices};
use crate::standing::{Standing, day_of_adoption, standings, without_numbers};
use crate::wording;
use std::cmp::Reverse;

const HEADLINES_MAX: usize = 3;

/// Builds the document.
pub(crate) fn build(input: &ReportInput) -> Document {
    let standings = standings(input);
    let sections = vec![
        section("headline", "In short", "", headlines(input, &standings)),
        scoreboard(input, &standings),
        section("moved", "Who moved", "Whom to thank, and whom to ask.", adoption::movements(input, &standings)),
        section("migrations", "Migrations", "What is left, who is stuck, and when it ends.", migrations::migrations(input)),
        friction(input),
        refusal("service_levels", "Service levels", "No claim about service levels: no objective is declared."),
        section("voices", "Voices", "", voices::scores(input)),
        refusal("shipped", "You said, we did", "No claim about shipped feedback: none is recorded."),
        actions_section(input, &standings),
        section("data", "Data notes", "How far the numbers above can be relied on.", data::notes(input)),
    ];
    crate::reports::document("weekly_adoption", input, sections)
}

/// The main components, who moved, and the verdict about the pipelines where there is one.
fn headlines(input: &ReportInput, standings: &[Standing<'_>]) -> Vec<Block> {
    let mut blocks = main_components(standings);
    if blocks.is_empty() {
        blocks.push(note("No claim about adoption: no component has a known status yet."));
    }
    blocks.extend(adoption::moved(input).map(Block::Headline));
    let pipelines = measures::measure(input, "ci_success_rate", "share").filter(measures::Measure::is_comparable);
    blocks.extend(pipelines.map(|pipelines| Block::Headline(pipelines.sentence())));
    blocks
}

/// One sentence for each main component: where one left or a target is in danger first, then by size.
fn main_components(standings: &[Standing<'_>]) -> Vec<Block> {
    let weight = |index: &usize| {
        let standing = standings.get(*index)?;
        Some((
            Reverse(standing.left > 0),
            Reverse(standing.target_in_danger().is_some()),
            Reverse(standing.info.target.is_some()),
            Reverse(standing.eligible),
        ))
    };
    let mut chosen: Vec<usize> = (0..standings.len()).collect();
    chosen.sort_by_key(|index| (weight(index), *index));
    chosen.truncate(HEADLINES_MAX);
    chosen.sort_unstable();
    let sentence = |index: usize| {
        standings.get(index).map(|standing| Block::Headline(Sentence { text: standing.sentence(), tone: standing.tone() }))
    };
    chosen.into_iter().filter_map(sentence).collect()
}

fn scoreboard(input: &ReportInput, standings: &[Standing<'_>]) -> Section {
    let mut blocks = Vec::new();
    if standings.is_empty() {
        blocks.push(note("No claim about adoption: no component has a known status yet."));
    } else {
        blocks.push(adoption::scoreboard(input, standings));
        blocks.extend(adoption::reach_chart(input, standings));
        blocks.extend(day_of_adoption(input, standings).map(note));
    }
    let missing = without_numbers(input);
    if !missing.is_empty() {
        blocks.push(note(format!("No claim about {}: no eligible service is known.", wording::listed(&missing))));
    }
    let purpose =
        "Adoption is read with fit, the share of active services that a component is made for, and reach, never alone.";
    section("scoreboard", "Scoreboard", purpose, blocks)
}

fn friction(input: &ReportInput) -> Section {
    let wanted = [("ci_success_rate", "share"), ("change_lead_time", "p50")];
    let mut blocks: Vec<Block> = wanted
        .iter()
        .filter_map(|(id, statistic)| measures::measure(input, id, statistic))
        .map(|measure| Block::Finding(measure.sentence()))
        .collect();
    blocks.extend(measures::table(input, &format!("Friction over {}", input.range.label), &wanted));
    blocks.push(note("No claim about journeys and tickets: they are not measured yet."));
    section("friction", "Friction", "What slows teams down on the way to production.", blocks)
}

fn actions_section(input: &ReportInput, standings: &[Standing<'_>]) -> Section {
    let items = actions::actions(input, standings);
    let blocks = if items.is_empty() {
        let known = actions::in_order(input, standings);
        vec![note(known.map_or_else(
            || "No claim about what to decide: no component has a known status yet.".to_owned(),
            |known| format!("Nothing to decide: {known}."),
        ))]
    } else {
        vec![Block::List(List { title: String::new(), items })]
    };
    section("actions", "Actions", "At most three, each for one decision.", blocks)
}
