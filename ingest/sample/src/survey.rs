//! The quarterly survey: one wave in the week after each quarter, one delivery per answer.
//!
//! Components are rated only by people whose team uses them; the platform as a whole by everybody.

use crate::chance::Chance;
use crate::component::COMPONENTS;
use crate::message::Message;
use crate::organisation::{Organisation, Team, mail};
use crate::plan::{DAY_SECONDS, Plan, WEEK_SECONDS};
use crate::story::Story;
use chrono::Datelike;
use waymark_event::{Channel, Instant};

const HEADER: &str = "survey,wave,question_id,respondent,value,submitted_on,team,component,comment,scale_min,scale_max";
/// Share of the invited who answer.
const RESPONSE: f64 = 0.84;
const COMMENTS: &[&str] = &[
    "the documentation is good but hard to find",
    "it saves me an hour a week",
    "I had to ask three people before it worked",
    "works as expected",
    "error messages do not say what to do",
    "please keep it as it is",
];

/// Sends the answers of the quarter that ended in the week before `week`, if one did.
pub(crate) fn send(plan: &Plan, organisation: &Organisation, story: &Story, week: usize, sent: &mut Vec<Message>) {
    let start = plan.week_start(week);
    let Some(wave) = closed_wave(start) else { return };
    let mut chance = Chance::stream(plan.seed, week, organisation.services.len() + 1);
    let mut rows = Vec::new();
    for team in &organisation.teams {
        let used = used_components(organisation, story, team, week);
        for person in team.people.clone() {
            if chance.happens(RESPONSE) {
                answers(&mut rows, &mut chance, &Sheet { wave: &wave, start, team: team.name, person, week, plan }, &used);
            }
        }
    }
    // The first wave of every plan holds one answer that its scale does not have.
    if plan.weeks > 0 && (0..week).all(|earlier| closed_wave(plan.week_start(earlier)).is_none()) {
        rows.push(format!(
            "developer-experience,{wave},nps,{},11,{},{},,,0,10",
            mail(1),
            day(start, 9),
            organisation.teams[0].name
        ));
    }
    let uploaded_at = start.plus_seconds(DAY_SECONDS + 9 * 3_600);
    for (place, row) in (0..).zip(rows) {
        sent.push(Message {
            source: "survey-csv",
            instance: "local",
            channel: Channel::File,
            event_type: None,
            vendor_delivery_id: None,
            content_type: "text/csv",
            body: format!("{HEADER}\n{row}\n"),
            request_url: None,
            received_at: Instant::from_micros(uploaded_at.micros() + place * 5_000),
        });
    }
}

/// What all answers of one person in one wave have in common.
struct Sheet<'a> {
    wave: &'a str,
    start: Instant,
    team: &'a str,
    person: usize,
    week: usize,
    plan: &'a Plan,
}

/// The wave that closed in the week before the one that begins at `start`, such as `2026-Q2`.
fn closed_wave(start: Instant) -> Option<String> {
    let quarter = |instant: Instant| {
        let day = instant.to_utc().date_naive();
        (day.year(), day.month0() / 3 + 1)
    };
    let before = quarter(start.plus_seconds(-WEEK_SECONDS));
    (before != quarter(start)).then(|| format!("{}-Q{}", before.0, before.1))
}

/// Places of the components that some service of the team used when the wave closed.
fn used_components(organisation: &Organisation, story: &Story, team: &Team, week: usize) -> Vec<usize> {
    (0..COMPONENTS.len())
        .filter(|component| {
            organisation.services.iter().any(|service| {
                organisation.team_of(service, week).name == team.name
                    && service.is_active(week)
                    && story.uses(*component, service, week)
            })
        })
        .collect()
}

fn answers(rows: &mut Vec<String>, chance: &mut Chance, sheet: &Sheet<'_>, used: &[usize]) {
    let submitted_on = day(sheet.start, chance.between(7, 17));
    let platform = (0.3 + 0.12 * sheet.plan.progress(sheet.week), 0.3 - 0.08 * sheet.plan.progress(sheet.week));
    let rated =
        std::iter::once(("", platform)).chain(used.iter().map(|place| (COMPONENTS[*place].id, COMPONENTS[*place].liking)));
    for (component, liking) in rated {
        // Nobody knows every component of a team; the platform is rated by all.
        if !component.is_empty() && chance.happens(0.35) {
            continue;
        }
        let comment = if chance.happens(0.04) { chance.pick(COMMENTS) } else { "" };
        let mood = chance.share();
        for (question, scale) in [("nps", "0,10"), ("csat", "1,5")] {
            let value = if chance.happens(0.02) { String::new() } else { value(question, mood, liking, chance).to_string() };
            let comment = if question == "nps" { comment } else { "" };
            let Sheet { wave, team, person, .. } = sheet;
            rows.push(format!(
                "developer-experience,{wave},{question},{},{value},{submitted_on},{team},{component},{comment},{scale}",
                mail(*person)
            ));
        }
    }
}

/// An answer that fits a person's mood: promoters stand at the low end of it, detractors at the high end.
fn value(question: &str, mood: f64, (promoters, detractors): (f64, f64), chance: &mut Chance) -> i64 {
    let is_promoter = mood < promoters;
    let is_detractor = mood >= 1.0 - detractors;
    match (question, is_promoter, is_detractor) {
        ("nps", true, _) => chance.between(9, 10),
        ("nps", _, true) => chance.between(1, 6),
        ("nps", _, _) => chance.between(7, 8),
        (_, true, _) => chance.between(4, 5),
        (_, _, true) => chance.between(1, 3),
        (_, _, _) => chance.between(3, 4),
    }
}

/// The day that lies `days` before `start`.
fn day(start: Instant, days: i64) -> String {
    start.plus_seconds(-days * DAY_SECONDS).to_utc().date_naive().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_quarter_of_the_demo_has_one_wave() {
        let plan = Plan::demo();
        let waves: Vec<String> = (0..plan.weeks).filter_map(|week| closed_wave(plan.week_start(week))).collect();
        assert_eq!(waves, ["2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4", "2026-Q1", "2026-Q2"]);
    }
}
