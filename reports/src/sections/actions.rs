//! At most three actions, by rule: what a number asks somebody to decide, and who owns it.
//!
//! The rules stand in the order in which they bind. Nobody is named: an owner is a team.

use crate::document::Item;
use crate::input::{Movement, MovementKind, ReportInput};
use crate::standing::{BEYOND_PACE, Standing, calm_targets, promise};
use crate::wording;

/// More actions than this are no actions.
const ACTIONS_MAX: usize = 3;
/// Unknown services above this share of the eligible ones make the number a guess.
const UNKNOWN_SHARE_MAX: f64 = 0.10;

/// The actions, the most binding first.
pub(crate) fn actions(input: &ReportInput, standings: &[Standing<'_>]) -> Vec<Item> {
    let mut items = Vec::new();
    items.extend(standings.iter().filter_map(|standing| left(input, standing)));
    items.extend(standings.iter().filter_map(overdue));
    items.extend(standings.iter().filter_map(unknown));
    items.extend(standings.iter().filter_map(|standing| born_off_path(input, standing)));
    items.extend(rejections(input));
    items.truncate(ACTIONS_MAX);
    items
}

/// What is in order where no action follows; nothing where no component is known, for then nobody has looked.
pub(crate) fn in_order(input: &ReportInput, standings: &[Standing<'_>]) -> Option<String> {
    if standings.iter().all(Standing::is_unseen) {
        return None;
    }
    let is_known = standings.iter().all(|standing| standing.unknown == 0);
    let parts = [Some("no service left"), calm_targets(input, standings), is_known.then_some("no evidence is missing")];
    Some(parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

fn moved<'a>(input: &'a ReportInput, standing: &Standing<'_>, kind: MovementKind) -> Vec<&'a Movement> {
    let is_meant = |movement: &&Movement| movement.component == standing.info.id && movement.kind == kind;
    input.movements().into_iter().filter(is_meant).collect()
}

fn left(input: &ReportInput, standing: &Standing<'_>) -> Option<Item> {
    let gone = moved(input, standing, MovementKind::Left);
    let first = gone.first()?;
    let mut names: Vec<&str> = gone.iter().map(|movement| movement.service.as_str()).take(3).collect();
    if gone.len() > names.len() {
        names.push("others");
    }
    Some(Item {
        text: format!("Find out why {} left {}.", wording::listed(&names), standing.info.title),
        detail: format!("Owner: {}. For the decision to extend what it fits, or to record an exemption.", standing.info.owner),
        link: first.evidence_url.clone(),
    })
}

fn overdue(standing: &Standing<'_>) -> Option<Item> {
    let (target, danger) = standing.target_in_danger()?;
    let state = if danger == BEYOND_PACE { "too slow" } else { danger };
    Some(Item {
        text: format!("{} is {state} for {}: help teams over, or set a later day.", standing.info.title, promise(target)),
        detail: format!("Owner: {}. For the decision on the target.", standing.info.owner),
        link: None,
    })
}

fn unknown(standing: &Standing<'_>) -> Option<Item> {
    let is_many = standing.unknown as f64 > UNKNOWN_SHARE_MAX * standing.eligible as f64;
    is_many.then(|| Item {
        text: format!(
            "Connect evidence for {} whose use of {} is unknown.",
            wording::counted(standing.unknown, "service"),
            standing.info.title
        ),
        detail: format!("Owner: {}. For the decision whether the adoption number can be relied on.", standing.info.owner),
        link: None,
    })
}

/// Those that were born off the path and are not on it by the end.
fn born_off_path(input: &ReportInput, standing: &Standing<'_>) -> Option<Item> {
    let [joined, left] = [MovementKind::Joined, MovementKind::Left].map(|kind| moved(input, standing, kind));
    let newest = |moves: &[&Movement], service: &str| {
        moves.iter().filter(|movement| movement.service == service).map(|movement| movement.since).max()
    };
    let mut born = moved(input, standing, MovementKind::BornOffPath);
    born.retain(|birth| {
        let since = newest(&joined, &birth.service).filter(|since| *since >= birth.since);
        since.is_none() || newest(&left, &birth.service) >= since
    });
    let first = born.first()?;
    let (who, start) = if born.len() == 1 { ("the new service", "started") } else { ("new services such as", "start") };
    Some(Item {
        text: format!("Check why {who} {} {start} without {}.", first.service, standing.info.title),
        detail: format!("Owner: {}. For the decision on the template that new services start from.", standing.info.owner),
        link: first.evidence_url.clone(),
    })
}

fn rejections(input: &ReportInput) -> Option<Item> {
    let open = input.notes.open_rejections;
    (open > 0).then(|| Item {
        text: format!("Look at {}: “waymark rejections” says why.", wording::counted(open, "rejected delivery")),
        detail: "Owner: the platform team. For the decision whether the numbers above are complete; once they can be \
                 understood, “waymark rebuild” reads them again."
            .to_owned(),
        link: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invented::input;
    use crate::standing::standings;

    #[test]
    fn a_target_without_any_gain_for_weeks_is_an_action() {
        let mut given = input();
        given.components.retain(|component| component.id == "base-image");
        given.components[0].status = "no forecast".to_owned();
        let asked = |given: &ReportInput| overdue(&standings(given)[0]).map(|item| item.text);
        assert_eq!(asked(&given), None);
        for cell in &mut given.series.get_mut("adoption_rate").unwrap().weekly.cells {
            cell.numerator = Some(78.0);
        }
        let text = "Base image is too slow for 95 % by 31 Mar 2027: help teams over, or set a later day.";
        assert_eq!(asked(&given).as_deref(), Some(text));
    }

    #[test]
    fn those_who_left_are_listed_as_a_sentence_lists_them() {
        let gone = input().movements.into_iter().find(|movement| movement.kind == MovementKind::Left).unwrap();
        let names = ["a", "b", "c", "d"];
        for (count, said) in [(1, "a"), (2, "a and b"), (3, "a, b and c"), (4, "a, b, c and others")] {
            let movements = names[..count].iter().map(|name| Movement { service: (*name).to_owned(), ..gone.clone() });
            let given = ReportInput { movements: movements.collect(), ..input() };
            let asked = standings(&given).iter().find_map(|standing| left(&given, standing)).unwrap();
            assert_eq!(asked.text, format!("Find out why {said} left Secrets store."));
        }
    }

    #[test]
    fn who_was_born_off_the_path_and_came_by_itself_is_not_asked_about() {
        let birth = input().movements.into_iter().find(|movement| movement.kind == MovementKind::BornOffPath).unwrap();
        let moved = |service: &str, kind: MovementKind, days: u64| Movement {
            service: service.to_owned(),
            kind,
            since: birth.since + chrono::Days::new(days),
            ..birth.clone()
        };
        let born = |service: &str| moved(service, MovementKind::BornOffPath, 0);
        let joined = |service: &str| moved(service, MovementKind::Joined, 1);
        let one = "Check why the new service b started without Central logging.";
        for (movements, asked) in [
            (vec![born("a"), joined("a")], None),
            (vec![born("a"), joined("a"), born("b")], Some(one)),
            (vec![born("b"), joined("b"), moved("b", MovementKind::Left, 2)], Some(one)),
            (vec![born("a"), born("b")], Some("Check why new services such as a start without Central logging.")),
        ] {
            let given = ReportInput { movements, ..input() };
            let standings = standings(&given);
            let item = standings.iter().find_map(|standing| born_off_path(&given, standing));
            assert_eq!(item.map(|item| item.text).as_deref(), asked);
        }
    }
}
