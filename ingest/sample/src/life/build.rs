//! Builds: each pull request and each merge is built; some builds fail, some of those pass when run again.
//!
//! The standard build is faster and a little more reliable than what services wrote for themselves.

use super::Life;
use crate::component::CI_STANDARD;
use crate::github::{Author, Run, workflow_run};
use crate::turn::Turn;
use waymark_event::Instant;

/// What is to be built, and why.
pub(super) struct Build<'a> {
    pub(super) event: &'static str,
    pub(super) branch: &'a str,
    pub(super) sha: &'a str,
    pub(super) actor: Author,
    pub(super) pull_request: Option<i64>,
    pub(super) asked_at: Instant,
}

const SHARED_WORKFLOW: &str = "acme/platform-ci/.github/workflows/build.yml@v3";

impl Life {
    pub(super) fn build(&mut self, build: &Build<'_>, turn: &mut Turn<'_>) {
        self.numbers.run += 1;
        let is_standard = turn.uses(CI_STANDARD);
        let (success, median_seconds) = if is_standard { (0.915, 470.0) } else { (0.885, 760.0) };
        let success = success + 0.01 * turn.progress();
        let mut run = Run {
            id: self.numbers.run,
            number: self.numbers.run % 10_000_000,
            attempt: 1,
            event: build.event,
            conclusion: conclusion(turn, success),
            branch: build.branch,
            sha: build.sha,
            actor: build.actor,
            pull_request: build.pull_request,
            shared: is_standard.then_some(SHARED_WORKFLOW),
            created_at: build.asked_at,
            started_at: build.asked_at.plus_seconds(turn.chance.around(14.0, 0.9)),
            ended_at: build.asked_at,
        };
        run.ended_at = run.started_at.plus_seconds(turn.chance.around(median_seconds, 0.4));
        send(turn, &run);
        if run.conclusion == "success" || turn.chance.happens(0.4) {
            return;
        }
        run.attempt = 2;
        run.conclusion = conclusion(turn, 0.85);
        run.started_at = run.ended_at.plus_seconds(turn.chance.around(900.0, 0.8));
        run.ended_at = run.started_at.plus_seconds(turn.chance.around(median_seconds, 0.4));
        send(turn, &run);
    }
}

fn send(turn: &mut Turn<'_>, run: &Run<'_>) {
    let item = workflow_run(turn, run);
    turn.event("workflow_run", "completed", run.ended_at, &item);
}

/// How a build ends that passes with this probability.
fn conclusion(turn: &mut Turn<'_>, success: f64) -> &'static str {
    if turn.chance.happens(success) {
        return "success";
    }
    match turn.chance.between(0, 19) {
        0 => "timed_out",
        1..=2 => "cancelled",
        _ => "failure",
    }
}
