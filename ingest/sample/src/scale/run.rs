//! CI runs of a large organisation: each is told once it has ended, and a tenth of them twice.
//!
//! What is built, and when, is decided in `day.rs`.

use super::bodies::Actor;
use super::day::Day;

/// Share of the runs that are told a second time.
const REPEATED_SHARE: f64 = 0.1;
const QUEUE_SECONDS_MAX: i64 = 3_600;
const BUILD_SECONDS_MAX: i64 = 7_200;

impl Day<'_> {
    /// Builds a commit, for a pull request or else on the default branch.
    pub(super) fn run(&mut self, head: usize, pull_request: Option<usize>, queued_at: i64, actor: Actor) {
        self.member.memory.runs += 1;
        let number = self.member.memory.runs;
        let started_at = queued_at + self.chance.around(20.0, 1.0).min(QUEUE_SECONDS_MAX);
        let finished_at = started_at + self.chance.around(self.member.build_seconds, 0.35).min(BUILD_SECONDS_MAX);
        let result = result(self.chance.share());
        let is_repeated = self.chance.happens(REPEATED_SHARE);
        let head = self.sha(head);
        let event = self.bodies.begin("ci_run");
        event
            .numbered("run_id", &self.member.service.name, "-r", number)
            .word("repository", &self.member.repository)
            .word("pipeline_id", "build")
            .word("pipeline_name", "Build")
            .number("number", number);
        match pull_request {
            Some(pull_request) => event
                .word("trigger", "pull_request")
                .numbered("head_ref", "change/", "", pull_request)
                .plain("is_default_branch", "false")
                .numbered_list("pull_requests", "", "", pull_request),
            None => event.word("trigger", "push").word("head_ref", "main").plain("is_default_branch", "true"),
        };
        event
            .sha("head_sha", head)
            .word("status", "finished")
            .word("result", result)
            .time("queued_at", queued_at)
            .time("started_at", started_at)
            .time("finished_at", finished_at)
            .actor("person", actor);
        if is_repeated {
            event.end_and_repeat();
        } else {
            event.end();
        }
    }
}

/// How a run ends, by a draw from 0 to 1.
fn result(draw: f64) -> &'static str {
    match draw {
        ..0.86 => "success",
        ..0.96 => "failure",
        ..0.985 => "cancellation",
        ..0.995 => "error",
        _ => "timeout",
    }
}
