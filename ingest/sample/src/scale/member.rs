//! `Member`: one service of a large organisation: what it is, and the little that must be remembered of it.
//!
//! Names and tags are those of the sample organisation, numbered on; what happens to a service in a
//! day belongs to `day.rs`.

use super::Scale;
use super::calendar::Calendar;
use super::incident::Incident;
use crate::chance::Chance;
use crate::names::{SERVICES, TEAMS};
use crate::organisation::{Organisation, Service};
use crate::plan::Plan;

/// One service of a large organisation.
pub(super) struct Member {
    /// Its name, its tags and its place in the list.
    pub(super) service: Service,
    pub(super) repository: String,
    pub(super) system: String,
    /// Place of the team that owns it now.
    pub(super) team: usize,
    /// The day on which another team takes it over, and the place of that team.
    pub(super) next_team: Option<(usize, usize)>,
    /// The day on which it is created; 0 = it was there before.
    pub(super) created_day: usize,
    /// Nothing of it is older, in seconds since the epoch.
    pub(super) born_at: i64,
    /// Pieces of work, each a pull request or a direct commit, that are expected on a mean day.
    pub(super) pieces_per_day: f64,
    /// Median duration of a build.
    pub(super) build_seconds: f64,
    /// Median duration of a deployment.
    pub(super) deploy_seconds: f64,
    pub(super) memory: Memory,
}

/// What of its past decides what happens next: counts, the running version, open incidents.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) commits: usize,
    pub(super) pull_requests: usize,
    pub(super) runs: usize,
    pub(super) deployments: usize,
    pub(super) incidents: usize,
    /// Number of the commit that runs in production.
    pub(super) running: Option<usize>,
    /// When the newest production deployment ended, in seconds since the epoch.
    pub(super) deployed_at: i64,
    pub(super) open_incidents: Vec<Incident>,
}

/// With two commits each on average, the whole organisation makes 20 million commits in three years.
const PIECES_PER_DAY: f64 = 1.825;
/// Spread of the logarithm of activity: the busiest twentieth does about a quarter of all work.
const ACTIVITY_SPREAD: f64 = 1.0;
const NEW_SHARE: f64 = 0.1;
const MOVED_SHARE: f64 = 0.08;
/// No day has this number, so these draws are no day's.
const NO_DAY: usize = 0xffff_ffff;

/// The names of all teams.
pub(super) fn teams(scale: &Scale) -> Vec<String> {
    (0..team_count(scale))
        .map(|team| {
            let (name, _) = TEAMS[team % TEAMS.len()];
            numbered(name, team / TEAMS.len())
        })
        .collect()
}

/// All services, whose expected work adds up to that of an organisation of this scale.
pub(super) fn members(scale: &Scale, calendar: &Calendar) -> Vec<Member> {
    let plan = Plan { seed: scale.seed, services: scale.services.max(1), ..Plan::demo() };
    let services = Organisation::of(&plan).services;
    let mut members: Vec<Member> = services.into_iter().map(|service| member(scale, calendar, service)).collect();
    let drawn: f64 = members.iter().map(|member| member.pieces_per_day * calendar.work_from(member.created_day)).sum();
    let factor = PIECES_PER_DAY * members.len() as f64 / drawn;
    for member in &mut members {
        member.pieces_per_day *= factor;
    }
    members
}

fn member(scale: &Scale, calendar: &Calendar, service: Service) -> Member {
    let mut chance = Chance::stream(scale.seed, NO_DAY, service.index);
    let teams = team_count(scale);
    let round = service.index / SERVICES.len();
    let team = (service.team + TEAMS.len() * round) % teams;
    let is_new = chance.happens(NEW_SHARE) && service.index > 0;
    let created_day = if is_new { 1 + chance.place(calendar.days() * 4 / 5) } else { 0 };
    let is_moved = chance.happens(MOVED_SHARE);
    let moved_day = created_day + 1 + chance.place(calendar.days() - created_day);
    let other_team = (team + 1 + chance.place(teams - 1)) % teams;
    Member {
        repository: service.repository(),
        system: numbered(service.system, round),
        team,
        next_team: is_moved.then_some((moved_day, other_team)),
        created_day,
        born_at: if is_new { calendar.midnight(created_day) } else { i64::MIN },
        pieces_per_day: chance.around(1e6, ACTIVITY_SPREAD) as f64,
        build_seconds: chance.around(420.0, 0.6) as f64,
        deploy_seconds: chance.around(240.0, 0.6) as f64,
        memory: Memory::default(),
        service,
    }
}

/// 300 teams for 5,000 services.
fn team_count(scale: &Scale) -> usize {
    (scale.services * 3 / 50).max(3)
}

/// A name that comes back with a number behind it, from 2.
fn numbered(name: &str, round: usize) -> String {
    if round == 0 { name.to_owned() } else { format!("{name}-{}", round + 1) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_whole_organisation_has_its_teams_systems_and_work() {
        let scale = Scale::of(1.0, 1, 1);
        let calendar = Calendar::of(&scale);
        let members = members(&scale, &calendar);
        let names: BTreeSet<&str> = members.iter().map(|member| member.service.name.as_str()).collect();
        let repositories: BTreeSet<&str> = members.iter().map(|member| member.repository.as_str()).collect();
        assert_eq!((names.len(), repositories.len()), (5_000, 5_000));
        let teams = teams(&scale);
        assert_eq!(teams.iter().collect::<BTreeSet<_>>().len(), 300);
        assert!(members.iter().all(|member| member.team < teams.len()));
        let owning: BTreeSet<usize> = members.iter().map(|member| member.team).collect();
        assert!(owning.len() > 280, "{} teams own something", owning.len());
        let work: f64 = members.iter().map(|member| member.pieces_per_day * calendar.work_from(member.created_day)).sum();
        assert!((work / 5_000.0 - PIECES_PER_DAY).abs() < 1e-6);
        let busiest = members.iter().map(|member| member.pieces_per_day).fold(0.0, f64::max);
        assert!((10.0..80.0).contains(&busiest), "{busiest}");
    }
}
