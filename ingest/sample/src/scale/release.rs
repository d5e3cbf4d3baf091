//! Deployments of a large organisation: some rehearse first, some fail and are tried again, some hurt.
//!
//! When something is deployed is decided in `day.rs`, what a rollback and an incident say in
//! `incident.rs`.

use super::bodies::Actor;
use super::day::Day;

/// How an attempt ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    Succeeds,
    Fails,
    /// It succeeds in putting an earlier version back.
    RollsBack,
}

const STAGING_SHARE: f64 = 0.1;
const FAILED_SHARE: f64 = 0.03;
/// Share of the successful deployments that hurt users.
const TROUBLE_SHARE: f64 = 0.025;
/// Share of the failed attempts of which the sender says that users saw nothing.
const UNREACHED_SHARE: f64 = 0.8;
/// Share of the rollbacks that the sender calls so; the others show by their commit.
const DECLARED_SHARE: f64 = 0.5;
const BOT_SHARE: f64 = 0.4;
const DEPLOY_SECONDS_MAX: i64 = 1_200;
/// Nobody begins a deployment later in the day, so that all of it is over by midnight.
const LAST_START_SECONDS: i64 = 20 * 3_600;

impl Day<'_> {
    /// Deploys the default branch as it was when a change was merged at `merged_at`.
    pub(super) fn release(&mut self, merged_at: i64) {
        let Some(head) = self.head() else { return };
        let ready_at = merged_at + self.chance.around(1_200.0, 0.7).min(3 * 3_600);
        let mut started_at = ready_at.max(self.member.memory.deployed_at + 60);
        if started_at > self.midnight + LAST_START_SECONDS {
            return;
        }
        if self.chance.happens(STAGING_SHARE) {
            started_at = self.attempt("staging", head, Attempt::Succeeds, started_at) + 300;
        }
        if self.chance.happens(FAILED_SHARE) {
            let failed_at = self.attempt_production(head, Attempt::Fails, started_at);
            started_at = failed_at + self.chance.between(180, 900);
        }
        let finished_at = self.attempt_production(head, Attempt::Succeeds, started_at);
        let before = self.member.memory.running.replace(head);
        if self.chance.happens(TROUBLE_SHARE) {
            self.get_into_trouble(before, finished_at);
        }
    }

    /// Attempts a deployment to production, and says when it ended.
    pub(super) fn attempt_production(&mut self, head: usize, attempt: Attempt, started_at: i64) -> i64 {
        let finished_at = self.attempt("production", head, attempt, started_at);
        self.member.memory.deployed_at = finished_at;
        finished_at
    }

    fn attempt(&mut self, environment: &str, head: usize, attempt: Attempt, started_at: i64) -> i64 {
        self.member.memory.deployments += 1;
        let number = self.member.memory.deployments;
        let finished_at = started_at + self.chance.around(self.member.deploy_seconds, 0.4).min(DEPLOY_SECONDS_MAX);
        let actor = if self.chance.happens(BOT_SHARE) { Actor::Bot } else { Actor::Person(self.person()) };
        let is_declared = attempt == Attempt::RollsBack && self.chance.happens(DECLARED_SHARE);
        let is_unreached = attempt == Attempt::Fails && self.chance.happens(UNREACHED_SHARE);
        let sha = self.sha(head);
        let name = &self.member.service.name;
        let event = self.bodies.begin("deployment");
        event
            .numbered("deployment_id", name, "-d", number)
            .word("kind", "deploy")
            .word("service_hint", name)
            .word("environment", environment)
            .revision("revisions", &self.member.repository, sha)
            .word("ref", "main")
            .numbered("version", "v", "", head)
            .word("status", "finished")
            .word("result", if attempt == Attempt::Fails { "failure" } else { "success" })
            .time("created_at", started_at - 15)
            .time("started_at", started_at)
            .time("finished_at", finished_at)
            .actor("person", actor);
        if is_unreached {
            event.plain("reached", "false");
        }
        if is_declared {
            event.plain("declared_rollback", "true");
        }
        event.end();
        finished_at
    }
}
