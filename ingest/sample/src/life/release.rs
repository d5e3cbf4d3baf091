//! Releases: what has been merged is deployed, in batches, at the pace of the service.
//!
//! Some attempts fail before users see anything and are tried again. What hurts users once it is
//! out is decided in `trouble.rs`.

use super::{Life, Step};
use crate::component::{CI_STANDARD, ONE_CLICK_DEPLOY};
use crate::github::{Author, Deployment, deployment, deployment_status};
use crate::hours::{activity, working_moment};
use crate::turn::Turn;
use waymark_event::Instant;

/// Nobody releases what has not been built yet.
const SETTLED_SECONDS: i64 = 720;
/// Share of attempts that fail before users see anything.
const ATTEMPT_FAILURE: f64 = 0.035;

impl Life {
    /// Notes when somebody would like to release this week.
    pub(super) fn plan_releases(&mut self, turn: &mut Turn<'_>) {
        let build = if turn.uses(CI_STANDARD) { 1.3 } else { 1.0 };
        let deploy = if turn.uses(ONE_CLICK_DEPLOY) { 1.5 } else { 1.0 };
        let mean = turn.service.deploys_per_week * (1.0 + 0.4 * turn.progress()) * build * deploy * activity(turn.start);
        for _ in 0..turn.chance.count(mean) {
            let at = working_moment(turn.start, &mut turn.chance);
            self.later(at, Step::Release);
        }
    }

    pub(super) fn release(&mut self, at: Instant, turn: &mut Turn<'_>) {
        let settled_at = self.last_merged_at.plus_seconds(SETTLED_SECONDS);
        if self.undeployed > 0 && at < settled_at {
            self.later(settled_at, Step::Release);
        } else {
            self.retry(at, turn);
        }
    }

    /// Deploys the default branch, unless there is nothing new or something forbids it.
    pub(super) fn retry(&mut self, at: Instant, turn: &mut Turn<'_>) {
        if self.undeployed == 0 || self.is_held || at < self.busy_until {
            return;
        }
        let attempt = self.begin_attempt("production", self.head.clone(), at, turn);
        if turn.chance.happens(ATTEMPT_FAILURE) {
            let failed_at = at.plus_seconds(turn.chance.around(300.0, 0.5));
            self.send_status(&attempt, "failure", failed_at, turn);
            self.busy_until = failed_at;
            let again_at = failed_at.plus_seconds(turn.chance.around(2_400.0, 0.6));
            self.later(again_at, Step::Retry);
            return;
        }
        let earlier = self.running.clone();
        let done_at = self.succeed(attempt, at, turn);
        if let Some(earlier) = earlier
            && turn.chance.happens(turn.service.fail_share)
        {
            self.get_into_trouble(earlier, done_at, turn);
        }
    }

    /// Deploys the default branch at once, because it holds a repair.
    pub(super) fn repair(&mut self, at: Instant, turn: &mut Turn<'_>) {
        if self.undeployed > 0 {
            let attempt = self.begin_attempt("production", self.head.clone(), at, turn);
            self.succeed(attempt, at, turn);
        }
    }

    /// Puts an earlier version back; the newest commits wait until a repair is merged.
    pub(super) fn roll_back(&mut self, earlier: &Deployment, at: Instant, turn: &mut Turn<'_>) {
        let attempt = self.begin_attempt("production", earlier.sha.clone(), at, turn);
        self.succeed(attempt, at, turn);
        self.undeployed = 1;
    }

    /// Some services rehearse some merges.
    pub(super) fn stage(&mut self, merged_at: Instant, turn: &mut Turn<'_>) {
        if turn.service.index.is_multiple_of(3) && turn.chance.happens(0.35) {
            let at = merged_at.plus_seconds(turn.chance.between(900, 1_800));
            let attempt = self.begin_attempt("staging", self.head.clone(), at, turn);
            let done_at = at.plus_seconds(turn.chance.around(240.0, 0.4));
            let state = if turn.chance.happens(0.94) { "success" } else { "failure" };
            self.send_status(&attempt, state, done_at, turn);
        }
    }

    fn begin_attempt(&mut self, environment: &'static str, sha: String, at: Instant, turn: &mut Turn<'_>) -> Deployment {
        self.numbers.deployment += 1;
        let creator = if turn.uses(ONE_CLICK_DEPLOY) || turn.uses(CI_STANDARD) {
            r#"{"login":"acme-deploy[bot]","type":"Bot"}"#.to_owned()
        } else {
            Author::Person(turn.person()).account()
        };
        let attempt = Deployment { id: self.numbers.deployment, sha, environment, created_at: at, creator };
        let item = deployment(turn, &attempt, at);
        turn.event("deployment", "created", at, &item);
        if environment == "production" {
            let begun_at = at.plus_seconds(turn.chance.between(5, 40));
            self.send_status(&attempt, "in_progress", begun_at, turn);
        }
        attempt
    }

    /// Ends an attempt well: from now on users run it. Returns when that was.
    fn succeed(&mut self, attempt: Deployment, at: Instant, turn: &mut Turn<'_>) -> Instant {
        let median_seconds = if turn.uses(ONE_CLICK_DEPLOY) { 240.0 } else { 420.0 };
        let done_at = at.plus_seconds(60 + turn.chance.around(median_seconds, 0.5));
        self.send_status(&attempt, "success", done_at, turn);
        self.busy_until = done_at;
        self.undeployed = 0;
        if let Some(earlier) = self.running.replace(attempt)
            && turn.chance.happens(0.3)
        {
            self.send_status(&earlier, "inactive", done_at.plus_seconds(1), turn);
        }
        done_at
    }

    fn send_status(&mut self, of: &Deployment, state: &str, at: Instant, turn: &mut Turn<'_>) {
        self.numbers.status += 1;
        let item = deployment_status(turn, of, state, self.numbers.status, at);
        turn.event("deployment_status", "created", at, &item);
    }
}
