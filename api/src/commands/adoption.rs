//! `waymark adoption` and `waymark adoption COMPONENT`: the scoreboard, and the story of one component.

use super::workplace::Workplace;
use super::{Place, output};
use anyhow::{Context, anyhow, bail};
use waymark_analytics::Definitions;
use waymark_api::adoption::{Board, EffectSaid, Moved, Score, Stander, Story, board, effects, story};
use waymark_api::{Problem, adoption::Tally};
use waymark_event::suggestion;

/// Flags of `waymark adoption`.
#[derive(Debug, clap::Args)]
pub(crate) struct AdoptionArgs {
    /// The component's id; without it the scoreboard of all.
    component: Option<String>,
}

/// Prints the scoreboard or one component's story.
pub(crate) async fn run(place: &Place, args: AdoptionArgs) -> anyhow::Result<()> {
    let workplace = Workplace::existing(place).await?;
    let engine = workplace.engine().await?;
    let Some(component) = args.component else {
        let board = board(&engine).await.map_err(said)?;
        if place.json {
            output::answer(&serde_json::to_string_pretty(&board).context("failed to write JSON")?);
        } else {
            print_board(&board);
        }
        return Ok(());
    };
    known(engine.definitions(), &component)?;
    let story = story(&engine, &component).await.map_err(said)?;
    let effects = effects(&engine, &component).await.map_err(said)?;
    if place.json {
        let mut body = serde_json::to_value(&story).context("failed to write JSON")?;
        body["effects"] = serde_json::to_value(&effects).context("failed to write JSON")?;
        output::answer(&serde_json::to_string_pretty(&body).context("failed to write JSON")?);
        return Ok(());
    }
    print_story(&story);
    print_effects(&effects);
    Ok(())
}

/// Refuses what is no component, with the one that is nearly written so.
fn known(definitions: &Definitions, component: &str) -> anyhow::Result<()> {
    let ids = definitions.components.iter().map(|known| known.id.as_str());
    match definitions.component(component) {
        Some(_) => Ok(()),
        None => bail!("there is no component `{component}`{}", suggestion(component, ids)),
    }
}

fn said(problem: Problem) -> anyhow::Error {
    anyhow!(problem.detail)
}

fn print_board(board: &Board) {
    if board.components.is_empty() {
        output::answer("no component is described: add [[component]] entries to the configuration and send evidence");
        return;
    }
    for score in &board.components {
        output::answer(&format!("{:<20} {}", score.component, score.title));
        print_score(score);
    }
    for category in &board.categories {
        let tools: Vec<String> = category.tools.iter().map(|tool| format!("{} ({})", tool.what, tool.services)).collect();
        let amounts = format!("{} amounts to {:.1} tools", category.category, category.effective_tools);
        output::prose(&format!("{amounts}: {}", tools.join(", ")));
    }
    output::answer(&format!("as of {}; joined and left in the {}", board.as_of, board.week));
}

/// Adoption, fit and reach stand together, always.
fn print_score(score: &Score) {
    output::answer(&format!("  adoption {}, unknown {}", score.adoption.said(), score.adoption.unknown()));
    output::prose(&format!("  fit {} · reach {}", score.coverage.said(), score.reach.said()));
    output::answer(&format!("  teams completed {} · started {}", score.teams_completed.said(), score.teams_started.said()));
    output::prose(&format!("  {}", score.sentence));
}

fn print_story(story: &Story) {
    output::answer(&format!("{}: {}", story.score.component, story.score.title));
    print_score(&story.score);
    let of_kind = |kind: &str| story.moved.iter().filter(|moved| moved.kind == kind).collect::<Vec<_>>();
    for (kind, heading) in [
        ("left", "Left"),
        ("joined", "Joined"),
        ("born_off_path", "Born off the path"),
        ("exempt", "Newly exempt"),
        ("eligible", "Newly eligible"),
    ] {
        let moved = of_kind(kind);
        output::answer(&format!("\n{heading} in the last 13 weeks:{}", if moved.is_empty() { " nobody" } else { "" }));
        for moved in moved {
            output::prose(&format!("  {}", movement(moved)));
        }
    }
    print_tallies("Chose instead", &story.chose_instead);
    print_tallies("Does not fit, because of", &story.unfit);
    output::answer("\nStill to move:");
    let waiting = |one: &&Stander| matches!(one.status.as_str(), "off_path" | "partial" | "unknown" | "exempt");
    for one in story.standing.iter().filter(waiting) {
        output::prose(&format!("  {}", stander(one)));
    }
    output::answer(&format!(
        "\nExemptions: {}",
        story
            .exemption_age_days
            .map_or_else(|| "none open".to_owned(), |days| format!("median age of the open ones {days} days"))
    ));
    for exemption in &story.exemptions {
        output::prose(&format!(
            "  {:<24} {}, {}, decided by {}, {} to {}",
            exemption.service, exemption.status, exemption.reason, exemption.owner, exemption.opened_on, exemption.expires_on
        ));
    }
}

fn print_tallies(heading: &str, tallies: &[Tally]) {
    if tallies.is_empty() {
        return;
    }
    let said: Vec<String> = tallies.iter().map(|tally| format!("{} ({})", tally.what, tally.services)).collect();
    output::prose(&format!("\n{heading}: {}", said.join(", ")));
}

fn movement(moved: &Moved) -> String {
    let instead = match (moved.kind.as_str(), &moved.alternative) {
        ("left" | "born_off_path", Some(alternative)) => format!(", uses {alternative}"),
        _ => String::new(),
    };
    let motive = moved.motive.as_deref().map_or_else(String::new, |motive| format!(", {motive}"));
    format!(
        "{:<24} since {}{instead}{motive}{}{}",
        moved.service,
        moved.since,
        team(moved.team.as_deref()),
        shown(moved.evidence.as_deref(), moved.evidence_url.as_deref())
    )
}

fn stander(one: &Stander) -> String {
    let word = match (one.is_left, one.status.as_str()) {
        (true, _) => "left",
        (_, "off_path") => "not started",
        (_, "partial") => "in progress",
        (_, other) => other,
    };
    let instead = one.alternative.as_deref().map_or_else(String::new, |alternative| format!(", uses {alternative}"));
    let blocked = one.blocked.as_deref().map_or_else(String::new, |reason| format!(", blocked: {reason}"));
    let conflict = if one.has_conflict { ", evidence contradicts itself" } else { "" };
    format!(
        "{:<24} {word} since {}{instead}{blocked}{conflict}{}{}",
        one.service,
        one.since,
        team(one.team.as_deref()),
        shown(one.evidence.as_deref(), one.evidence_url.as_deref())
    )
}

fn team(team: Option<&str>) -> String {
    team.map_or_else(String::new, |team| format!(" [{team}]"))
}

fn shown(evidence: Option<&str>, url: Option<&str>) -> String {
    match (evidence, url) {
        (_, Some(url)) => format!("  {url}"),
        (Some(evidence), None) => format!("  {evidence}"),
        (None, None) => String::new(),
    }
}

fn print_effects(effects: &[EffectSaid]) {
    output::answer("\nDoes it help?");
    for effect in effects {
        output::prose(&format!("  {}: {}", effect.outcome.replace('_', " "), effect.sentence));
    }
    if let Some(effect) = effects.first() {
        output::prose(&format!("  {}", effect.stability));
        output::prose(&format!("  {}", effect.caveats));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use waymark_analytics::Component;

    #[test]
    fn what_is_no_component_is_answered_with_the_one_that_may_be_meant() {
        let component = Component { id: "ci-standard".to_owned(), ..Component::default() };
        let definitions = Definitions { components: vec![component], ..Definitions::default() };
        assert!(known(&definitions, "ci-standard").is_ok());
        let error = known(&definitions, "ci-standart").unwrap_err().to_string();
        assert_eq!(error, "there is no component `ci-standart`: did you mean `ci-standard`?");
    }
}
