//! Who works at the sample organisation, and what they run: services, teams, people.
//!
//! Everything follows from the plan and the place of a service in the list; which platform
//! components a service uses, and when, is `story.rs`.

use crate::names::{LANGUAGES, SERVICES, TEAMS};
use crate::plan::Plan;
use crate::sha::{mix, number_of};
use std::ops::Range;

/// The organisation of one plan.
pub(crate) struct Organisation {
    pub(crate) services: Vec<Service>,
    pub(crate) teams: Vec<Team>,
}

/// Something that a team runs.
pub(crate) struct Service {
    /// Place in the list; many stories hang on it.
    pub(crate) index: usize,
    pub(crate) name: String,
    pub(crate) system: &'static str,
    /// Place of the owning team at the beginning.
    pub(crate) team: usize,
    /// The week of a change of owner, and the place of the new team.
    pub(crate) next_team: Option<(usize, usize)>,
    pub(crate) tags: Vec<&'static str>,
    /// The week in which it was created; null = before the first week.
    pub(crate) created_week: Option<usize>,
    /// The first week without any activity.
    pub(crate) stopped_week: Option<usize>,
    /// Moments in a week at which somebody would deploy, before the platform helps.
    pub(crate) deploys_per_week: f64,
    /// Pull requests that people open in a week.
    pub(crate) changes_per_week: f64,
    /// Share of its deployments that hurt users.
    pub(crate) fail_share: f64,
    /// Number of the repository at its provider.
    pub(crate) repository_id: i64,
}

/// A group of people that owns services.
pub(crate) struct Team {
    pub(crate) name: &'static str,
    /// Numbers of its people.
    pub(crate) people: Range<usize>,
}

/// Wished deployments per week, by place: a few services deploy several times a day, a few once in two weeks.
const CADENCES: &[f64] = &[4.0, 2.0, 6.0, 30.0, 1.0, 2.0, 4.0, 2.0, 1.0, 0.4, 2.0, 6.0, 4.0, 1.0, 2.0, 0.5, 1.0, 2.0, 4.0, 1.0];
/// Place of the service that is archived.
pub(crate) const ARCHIVED: usize = 35;
/// When the services that are created begin, as shares of the plan.
const CREATED_AT: &[f64] = &[0.45, 0.15, 0.3, 0.55, 0.7, 0.8];

impl Organisation {
    pub(crate) fn of(plan: &Plan) -> Self {
        let team_count = (plan.services / 2).clamp(3, TEAMS.len());
        let mut teams = Vec::with_capacity(team_count);
        let mut first = 1;
        for (name, size) in TEAMS.iter().take(team_count) {
            teams.push(Team { name, people: first..first + size });
            first += size;
        }
        let services = (0..plan.services).map(|index| service(plan, index, team_count)).collect();
        Self { services, teams }
    }

    /// The team that owns a service in a week.
    pub(crate) fn team_of(&self, service: &Service, week: usize) -> &Team {
        let place = match service.next_team {
            Some((from, team)) if week >= from => team,
            _ => service.team,
        };
        &self.teams[place]
    }
}

impl Service {
    /// Whether anything happens at it in a week.
    pub(crate) fn is_active(&self, week: usize) -> bool {
        self.created_week.is_none_or(|created| week >= created) && self.stopped_week.is_none_or(|stopped| week < stopped)
    }

    pub(crate) fn has_tag(&self, tag: &str) -> bool {
        self.tags.contains(&tag)
    }

    /// The key under which its repository is known.
    pub(crate) fn repository(&self) -> String {
        format!("github.com/acme/{}", self.name)
    }
}

fn service(plan: &Plan, index: usize, team_count: usize) -> Service {
    let (base, system, team) = SERVICES[index % SERVICES.len()];
    let round = index / SERVICES.len();
    let name = if round == 0 { base.to_owned() } else { format!("{base}-{}", round + 1) };
    let cadence = CADENCES[index % CADENCES.len()];
    let noise = (mix(number_of(&name)) % 1_000) as f64 / 1_000.0;
    let team = team % team_count;
    Service {
        index,
        system,
        team,
        next_team: (index == 7).then(|| (plan.week_at(0.5), (team + 1) % team_count)),
        tags: tags(index),
        created_week: (index % 10 == 6).then(|| plan.week_at(CREATED_AT[index / 10 % CREATED_AT.len()])),
        stopped_week: stopped_week(plan, index),
        deploys_per_week: 0.85 * cadence,
        changes_per_week: (0.8 + 0.5 * cadence) * (0.85 + 0.3 * noise),
        fail_share: 0.045 + 0.04 * noise,
        repository_id: 700_001 + 37 * i64::try_from(index).unwrap_or_default(),
        name,
    }
}

/// One service falls asleep; one is archived, and its catalogue entry says so.
fn stopped_week(plan: &Plan, index: usize) -> Option<usize> {
    match index {
        5 => Some(plan.week_at(0.7)),
        ARCHIVED => Some(plan.week_at(0.6)),
        _ => None,
    }
}

fn tags(index: usize) -> Vec<&'static str> {
    let mut tags = vec![LANGUAGES[(index + index / LANGUAGES.len()) % LANGUAGES.len()]];
    for (is_tagged, tag) in [
        (index % 10 == 3, "stateless-http"),
        (matches!(index % 5, 0 | 2 | 4), "postgres"),
        (index % 4 == 1, "event-driven"),
        (index % 30 == 9, "mainframe"),
        (index % 15 == 14, "serverless"),
    ] {
        if is_tagged {
            tags.push(tag);
        }
    }
    tags
}

/// The name under which a person signs in.
pub(crate) fn login(person: usize) -> String {
    format!("acme-dev{person}")
}

/// The address of a person.
pub(crate) fn mail(person: usize) -> String {
    format!("dev{person}@acme.example.org")
}

/// Everything that sources call a person.
pub(crate) fn names(person: usize) -> [String; 2] {
    [mail(person), format!("github:github.com:{}", login(person))]
}

/// Minutes east of UTC where a person works; most sit in Berlin, some in Lisbon and Halifax.
pub(crate) fn offset_minutes(person: usize) -> i32 {
    match person % 9 {
        4 => 60,
        7 => -180,
        _ => 120,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_has_a_name_and_a_team_of_its_own() {
        for plan in [Plan::demo(), Plan::small(), Plan { services: 200, ..Plan::demo() }] {
            let organisation = Organisation::of(&plan);
            let names: std::collections::BTreeSet<_> = organisation.services.iter().map(|service| &service.name).collect();
            assert_eq!(names.len(), plan.services);
            assert!(organisation.services.iter().all(|service| service.team < organisation.teams.len()));
        }
    }

    #[test]
    fn the_demo_has_the_tags_that_its_components_need() {
        let organisation = Organisation::of(&Plan::demo());
        let count = |tag| organisation.services.iter().filter(|service| service.has_tag(tag)).count();
        assert_eq!(count("stateless-http"), 6);
        assert_eq!(count("postgres"), 36);
        let people: usize = organisation.teams.iter().map(|team| team.people.len()).sum();
        assert_eq!((organisation.teams.len(), people), (14, 206));
    }
}
