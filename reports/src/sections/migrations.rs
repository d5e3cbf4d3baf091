//! Migrations: how far each is, what leaked, who is stuck by team, and when the rest will have moved.
//!
//! The forecast comes in words from whoever knows how it is made. Nobody is ranked: teams stand by name.

use crate::document::{Block, Column, Entry, Item, List, Sentence, Table};
use crate::input::{Migration, MigrationWeek, ReportInput, Waiting, WaitingState};
use crate::sections::{burn_up, note};
use crate::wording::{self, dates, finding::Tone};
use std::collections::BTreeMap;

/// More migrations than this are told by the table only.
const DRAWN_MAX: usize = 3;
/// More teams or blocked services than this are told by number only.
const ROWS_MAX: usize = 10;
/// Services of a team that are told by name.
const NAMES_MAX: usize = 4;

/// What the section says, for every migration.
pub(crate) fn migrations(input: &ReportInput) -> Vec<Block> {
    if input.migrations.is_empty() {
        return vec![note("No claim about migrations: none is declared.")];
    }
    let mut blocks: Vec<Block> = input.migrations.iter().map(|migration| Block::Finding(sentence(migration))).collect();
    blocks.push(overview(input));
    for migration in input.migrations.iter().filter(|migration| !migration.weeks.is_empty()).take(DRAWN_MAX) {
        blocks.push(burn_up::burn_up(input, migration));
        blocks.extend(stragglers(migration));
    }
    blocks
}

fn sentence(migration: &Migration) -> Sentence {
    let Some(week) = migration.weeks.last() else {
        return Sentence::plain(format!("No claim about {}: no complete week is known.", migration.title));
    };
    let mut parts = vec![match week.completed {
        0 => "none this week".to_owned(),
        moved => format!("{} this week", wording::difference(moved)),
    }];
    if week.returned > 0 {
        parts.push(format!("{} went back", wording::count(week.returned)));
    }
    if week.leaks > 0 {
        parts.push(format!("{} on the old path", wording::counted(week.leaks, "new service")));
    }
    parts.extend(growth(&migration.weeks, 1));
    let forecast = migration.forecast.as_deref().unwrap_or("no forecast");
    let moved = format!("{} services moved{}", counts(week), week.doubt());
    let text = format!("{}: {moved}, {}; {forecast}.", migration.title, parts.join(", "));
    Sentence { text, tone: tone(migration) }
}

/// `75 of 90 (83 %)`.
fn counts(week: &MigrationWeek) -> String {
    let of = format!("{} of {}", wording::count(week.done), wording::count(week.scope));
    if week.scope == 0 { of } else { format!("{of} ({})", wording::share(week.done as f64 / week.scope as f64)) }
}

/// By how much the scope has grown in the newest weeks, where leaks alone do not say it.
fn growth(weeks: &[MigrationWeek], newest: usize) -> Option<String> {
    let (last, before) = (weeks.last()?, weeks.iter().rev().nth(newest)?);
    let grown = last.scope - before.scope;
    let leaks: i64 = weeks.iter().rev().take(newest).map(|week| week.leaks).sum();
    (grown > leaks).then(|| format!("scope grew by {}", wording::count(grown)))
}

fn tone(migration: &Migration) -> Tone {
    match migration.status.as_str() {
        "done" | "on track" => Tone::Better,
        "at risk" | "late" => Tone::Worse,
        _ => Tone::Neutral,
    }
}

fn overview(input: &ReportInput) -> Block {
    Block::Table(Table {
        caption: format!("Migrations at the end of the {}", input.period.label),
        columns: vec![
            Column::words("Migration"),
            Column::numbers("Moved"),
            Column::numbers("4 weeks"),
            Column::numbers("Leaks, 4 weeks"),
            Column::numbers("Blocked"),
            Column::words("Due"),
            Column::words("Forecast"),
        ],
        rows: input.migrations.iter().map(row).collect(),
    })
}

fn row(migration: &Migration) -> Vec<Entry> {
    let title = Entry::of(&migration.title).with(format!("to {}, by {}", migration.component, migration.owner));
    let due = Entry::of(migration.due.map_or_else(|| "–".to_owned(), dates::day));
    let Some(week) = migration.weeks.last() else {
        return vec![title, Entry::of("no data"), dash(), dash(), dash(), due, Entry::of("no complete week is known")];
    };
    let four: &[MigrationWeek] = migration.weeks.rchunks(4).next().unwrap_or_default();
    let sum = |count: fn(&MigrationWeek) -> i64| four.iter().map(count).sum::<i64>();
    let (leaks, returned) = (sum(|week| week.leaks), sum(|week| week.returned));
    let mut beside = vec![format!("{} this week", wording::difference(week.completed - week.returned))];
    beside.extend((returned > 0).then(|| format!("{} went back", wording::count(returned))));
    let mut rest = vec![format!("{} to move", wording::count(week.scope - week.done))];
    rest.extend((week.unconfirmed > 0).then(|| format!("{} not confirmed lately", wording::count(week.unconfirmed))));
    let blocked = migration.waiting.iter().filter(|waiting| waiting.state == WaitingState::Blocked).count();
    let forecast = migration.forecast.clone().unwrap_or_else(|| "no forecast".to_owned());
    vec![
        title,
        Entry::of(counts(week)).with(rest.join("; ")),
        Entry::of(wording::difference(sum(|week| week.completed) - returned)).with(beside.join("; ")),
        Entry::of(wording::count(leaks))
            .toned(if leaks > 0 { Tone::Worse } else { Tone::Neutral })
            .with(growth(&migration.weeks, 4).unwrap_or_default()),
        Entry::of(wording::count(i64::try_from(blocked).unwrap_or(i64::MAX))),
        due,
        Entry::of(forecast).toned(tone(migration)),
    ]
}

fn dash() -> Entry {
    Entry::of("–")
}

/// The states of waiting services, in the order of the columns.
const STATES: &[(WaitingState, &str)] = &[
    (WaitingState::NotStarted, "Not started"),
    (WaitingState::InProgress, "In progress"),
    (WaitingState::Blocked, "Blocked"),
    (WaitingState::Exempt, "Exempt"),
    (WaitingState::Unknown, "Unknown"),
];

/// Who has still to move, by team, and what blocks those who cannot.
fn stragglers(migration: &Migration) -> Vec<Block> {
    // By name; what nobody owns comes last.
    let mut teams: BTreeMap<(bool, &str), Vec<&Waiting>> = BTreeMap::new();
    for waiting in &migration.waiting {
        let name = waiting.team.as_deref().unwrap_or("nobody's");
        teams.entry((waiting.team.is_none(), name)).or_default().push(waiting);
    }
    if teams.is_empty() {
        return vec![note(format!("{}: no service is left to move.", migration.title))];
    }
    let columns = std::iter::once(Column::words("Team"))
        .chain(STATES.iter().map(|(_, title)| Column::numbers(title)))
        .chain([Column::words("Services")]);
    let mut blocks = vec![Block::Table(Table {
        caption: format!("Still to move: {}", migration.title),
        columns: columns.collect(),
        rows: teams.iter().take(ROWS_MAX).map(|((_, team), waiting)| team_row(team, waiting)).collect(),
    })];
    let others: Vec<usize> = teams.values().skip(ROWS_MAX).map(Vec::len).collect();
    if !others.is_empty() {
        let [teams, services] = [(others.len(), "more team"), (others.iter().sum::<usize>(), "service")]
            .map(|(count, thing)| wording::counted(i64::try_from(count).unwrap_or(i64::MAX), thing));
        blocks.push(note(format!("Not listed: {teams} with {services}.")));
    }
    blocks.extend(blocked(migration));
    blocks
}

fn team_row(team: &str, waiting: &[&Waiting]) -> Vec<Entry> {
    let of = |state: WaitingState| waiting.iter().filter(|one| one.state == state).count();
    let mut entries = vec![Entry::of(team)];
    entries.extend(STATES.iter().map(|(state, _)| match of(*state) {
        0 => dash(),
        count => Entry::of(count.to_string()),
    }));
    entries.push(Entry::of(named(waiting)));
    entries
}

/// Some services by name, and how many more there are: never one, whose name would take no more room.
fn named(waiting: &[&Waiting]) -> String {
    let most = if waiting.len() > NAMES_MAX { NAMES_MAX - 1 } else { NAMES_MAX };
    let names: Vec<&str> = waiting.iter().map(|one| one.service.as_str()).take(most).collect();
    match waiting.len() - names.len() {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

fn blocked(migration: &Migration) -> Option<Block> {
    let found = migration.waiting.iter().filter(|waiting| waiting.state == WaitingState::Blocked);
    let item = |waiting: &Waiting| Item {
        text: format!("{}: {}.", waiting.service, waiting.reason.as_deref().unwrap_or("nobody has said why")),
        detail: waiting.team.as_ref().map_or_else(String::new, |team| format!("Team: {team}.")),
        link: None,
    };
    let items: Vec<Item> = found.map(item).take(ROWS_MAX).collect();
    (!items.is_empty()).then(|| Block::List(List { title: format!("Blocked: {}", migration.title), items }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invented::input;

    fn said(change: impl Fn(&mut Migration)) -> String {
        let mut given = input();
        change(&mut given.migrations[0]);
        sentence(&given.migrations[0]).text
    }

    #[test]
    fn a_migration_is_told_with_its_week_and_its_forecast() {
        // The twelfth gain of a week is in the thirteenth week: 0, 3, 6, 9 and 12 gain one each.
        assert_eq!(
            said(|_| {}),
            "From syslog to the log shipper: 84 of 90 (93 %) services moved, +1 this week; all of them by 7 Dec 2026 – 18 Jan 2027."
        );
        let refused = said(|migration| {
            migration.forecast = Some("no forecast: nothing was gained in the last four weeks".to_owned());
            if let Some(week) = migration.weeks.last_mut() {
                (week.completed, week.returned, week.leaks) = (0, 2, 1);
            }
        });
        assert_eq!(
            refused,
            "From syslog to the log shipper: 84 of 90 (93 %) services moved, none this week, 2 went back, 1 new service on the \
             old path; no forecast: nothing was gained in the last four weeks."
        );
        assert!(said(|migration| migration.weeks.clear()).starts_with("No claim about"));
        // Ten old services were seen for the first time, and one of those that moved is not seen any more.
        let grown = said(|migration| {
            if let Some(week) = migration.weeks.last_mut() {
                (week.scope, week.unconfirmed) = (100, 1);
            }
        });
        assert!(
            grown.contains("84 of 100 (84 %) services moved, 1 of them not confirmed lately, +1 this week, scope grew by 10;")
        );
    }

    #[test]
    fn teams_stand_by_name_whatever_waits_and_the_blocked_with_their_reason() {
        let mut migration = input().migrations[0].clone();
        // The shop has more to move than anybody, and stands where its name does.
        let more = ["wish-lists", "vouchers"].map(|service| Waiting {
            service: service.to_owned(),
            team: Some("shop".to_owned()),
            state: WaitingState::NotStarted,
            reason: None,
        });
        migration.waiting.extend(more);
        let blocks = stragglers(&migration);
        let Some(Block::Table(table)) = blocks.first() else { panic!("no table: {blocks:?}") };
        let row = |index: usize| table.rows[index].iter().map(|entry| entry.text.as_str()).collect::<Vec<_>>();
        assert_eq!(row(0), ["payments", "1", "–", "1", "–", "–", "ledger, mainframe-bridge"]);
        assert_eq!(row(1), ["shop", "2", "1", "–", "1", "–", "gift-cards, letters, wish-lists, vouchers"]);
        assert_eq!(row(2), ["nobody's", "–", "–", "–", "–", "1", "archive"]);
        let Some(Block::List(list)) = blocks.last() else { panic!("no list: {blocks:?}") };
        assert_eq!(list.items[0].text, "mainframe-bridge: no agent for its system.");
    }

    #[test]
    fn where_names_are_left_out_there_are_several() {
        let mut waiting = input().migrations[0].waiting.clone();
        let said = |waiting: &[Waiting]| named(&waiting.iter().collect::<Vec<_>>());
        assert_eq!(said(&waiting), "ledger, mainframe-bridge, gift-cards and 2 more");
        waiting.pop();
        assert_eq!(said(&waiting), "ledger, mainframe-bridge, gift-cards, archive");
    }

    #[test]
    fn teams_beyond_the_table_are_told_by_number() {
        let mut migration = input().migrations[0].clone();
        let waiting = |index: usize| Waiting {
            service: format!("service-{index}"),
            team: Some(format!("team-{:02}", index / 2)),
            state: WaitingState::NotStarted,
            reason: None,
        };
        migration.waiting = (0..24).map(waiting).collect();
        let blocks = stragglers(&migration);
        assert_eq!(blocks.get(1), Some(&note("Not listed: 2 more teams with 4 services.")));
    }
}
