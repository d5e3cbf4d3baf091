//! `Life`: one service as time passes: what is merged, what runs, what is still to come.
//!
//! Each week plans pull requests and releases, then works off everything that falls into it, in
//! order of time, so that a deployment always carries what was merged before it.

mod build;
mod change;
mod release;
mod trouble;

use crate::backstage::catalogue_entry;
use crate::evidence::findings;
use crate::git::{MainCommit, fetched};
use crate::github::{Author, Deployment, PullRequest};
use crate::hours::{activity, working_moment};
use crate::incident;
use crate::organisation::{ARCHIVED, Service};
use crate::plan::{DAY_SECONDS, Plan};
use crate::sha::{Of, sha};
use crate::ticket;
use crate::turn::Turn;
use std::collections::BTreeMap;
use waymark_event::Instant;

/// One service between two weeks.
pub(crate) struct Life {
    /// The newest commit of the default branch.
    head: String,
    commit_count: i64,
    /// Commits since the last fetch.
    unfetched: Vec<MainCommit>,
    /// Where the last fetch left the default branch.
    fetched: Option<String>,
    /// What is going to happen, by time; the number keeps two things of one instant apart.
    steps: BTreeMap<(Instant, u64), Step>,
    step_count: u64,
    /// What users run.
    running: Option<Deployment>,
    /// Commits of the default branch that users do not run.
    undeployed: usize,
    /// Nothing is released until a repair is merged.
    is_held: bool,
    /// When the last attempt to deploy ends.
    busy_until: Instant,
    last_merged_at: Instant,
    numbers: Numbers,
}

/// Something that is going to happen at a known time.
enum Step {
    /// A pull request ends, by merge or without.
    Close(Box<PullRequest>),
    /// Somebody wants to release what has been merged.
    Release,
    /// Somebody tries again after an attempt that failed.
    Retry,
    /// A repair is released, whatever the hour.
    Repair,
    /// The version of this earlier deployment is put back.
    RollBack(Box<Deployment>),
}

/// The last number given away, by kind.
struct Numbers {
    pull_request: i64,
    run: i64,
    deployment: i64,
    status: i64,
    incident: i64,
    ticket: i64,
}

impl Life {
    pub(crate) fn of(plan: &Plan, service: &Service) -> Self {
        let first = i64::try_from(service.index).unwrap_or_default() + 1;
        Self {
            head: String::new(),
            commit_count: 0,
            unfetched: Vec::new(),
            fetched: None,
            steps: BTreeMap::new(),
            step_count: 0,
            running: None,
            undeployed: 0,
            is_held: false,
            busy_until: plan.week_start(0),
            last_merged_at: plan.week_start(0),
            numbers: Numbers {
                pull_request: 0,
                run: first * 10_000_000,
                deployment: first * 1_000_000,
                status: first * 10_000_000,
                incident: 0,
                ticket: 0,
            },
        }
    }

    /// Lives through one week and sends what its tools would send.
    pub(crate) fn live(&mut self, turn: &mut Turn<'_>) {
        let service = turn.service;
        if !service.is_active(turn.week) {
            // One of the two services that stop is archived, and the catalogue is told.
            if service.stopped_week == Some(turn.week) && service.index == ARCHIVED {
                send_catalogue_entry(turn);
            }
            return;
        }
        if self.fetched.is_none() {
            self.begin(turn);
        } else if is_catalogue_read(turn) {
            send_catalogue_entry(turn);
        }
        self.plan_changes(turn);
        self.plan_releases(turn);
        while let Some(((at, _), step)) = self.next_step(turn.end()) {
            self.take(step, at, turn);
        }
        if turn.chance.happens(0.025 * activity(turn.start)) {
            self.numbers.incident += 1;
            let began_at = turn.start.plus_seconds(turn.chance.between(0, 7 * DAY_SECONDS - 1));
            incident::other(turn, self.numbers.incident, began_at);
        }
        self.numbers.ticket += ticket::post_all(turn, self.numbers.ticket);
        let sunday_evening = turn.start.plus_seconds(6 * DAY_SECONDS + 20 * 3_600);
        let body = findings(turn, &self.head, sunday_evening);
        turn.statement(sunday_evening.plus_seconds(600), body);
        self.fetch(turn, sunday_evening.plus_seconds(7_200));
    }

    /// The first week: the catalogue entry, and a history of some months unless the service is new.
    fn begin(&mut self, turn: &mut Turn<'_>) {
        send_catalogue_entry(turn);
        let begun_at = turn.start.plus_seconds(5 * 3_600);
        let is_new = turn.service.created_week.is_some();
        let count = if is_new { 1 } else { 20 + turn.chance.between(0, 40) };
        for number in 1..=count {
            let days_ago = (count - number) * 120 / count;
            let committed_at = match days_ago {
                0 if is_new => begun_at,
                _ => working_moment(turn.start.plus_seconds(-(days_ago + 7) * DAY_SECONDS), &mut turn.chance),
            };
            let author = Author::Person(turn.person());
            self.numbers.pull_request = number;
            self.add_commit(turn, author, committed_at.max(self.last_commit_at()), None, (!is_new).then_some(number));
        }
        self.undeployed = 1;
        self.fetch(turn, begun_at.plus_seconds(1_800));
    }

    /// Puts a commit on the default branch and returns the hash of the one before it.
    fn add_commit(
        &mut self,
        turn: &Turn<'_>,
        author: Author,
        committed_at: Instant,
        revert_of: Option<String>,
        pull_request: Option<i64>,
    ) -> String {
        self.commit_count += 1;
        let sha = sha(turn.plan.seed, turn.service.index, Of::Main, self.commit_count, 0);
        let before = std::mem::replace(&mut self.head, sha.clone());
        let parent = (!before.is_empty()).then(|| before.clone());
        self.unfetched.push(MainCommit { sha, parent, author, committed_at, pull_request, revert_of });
        self.undeployed += 1;
        before
    }

    fn last_commit_at(&self) -> Instant {
        self.unfetched.last().map_or(Instant::from_seconds(0), |commit| commit.committed_at)
    }

    /// Sends what the default branch has gained since the last fetch.
    fn fetch(&mut self, turn: &mut Turn<'_>, observed_at: Instant) {
        if self.unfetched.is_empty() {
            return;
        }
        let body = fetched(turn, self.fetched.as_deref(), &self.unfetched, observed_at);
        turn.fetch(observed_at.plus_seconds(30), body);
        self.unfetched.clear();
        self.fetched = Some(self.head.clone());
    }

    fn later(&mut self, at: Instant, step: Step) {
        self.step_count += 1;
        self.steps.insert((at, self.step_count), step);
    }

    /// Takes out the earliest step before `end`, if there is one.
    fn next_step(&mut self, end: Instant) -> Option<((Instant, u64), Step)> {
        let entry = self.steps.first_entry()?;
        (entry.key().0 < end).then(|| entry.remove_entry())
    }

    fn take(&mut self, step: Step, at: Instant, turn: &mut Turn<'_>) {
        match step {
            Step::Close(pull_request) => self.close(*pull_request, at, turn),
            Step::Release => self.release(at, turn),
            Step::Retry => self.retry(at, turn),
            Step::Repair => self.repair(at, turn),
            Step::RollBack(earlier) => self.roll_back(&earlier, at, turn),
        }
    }
}

/// The catalogue is read once a quarter, and when something about the service changed.
fn is_catalogue_read(turn: &Turn<'_>) -> bool {
    let service = turn.service;
    let has_moved = service.next_team.is_some_and(|(week, _)| week == turn.week);
    let is_grown_up = service.created_week.is_some_and(|created| created + 8 == turn.week);
    turn.week.is_multiple_of(13) || has_moved || is_grown_up
}

fn send_catalogue_entry(turn: &mut Turn<'_>) {
    let body = catalogue_entry(turn);
    turn.catalogue(turn.start.plus_seconds(5 * 3_600), body);
}
