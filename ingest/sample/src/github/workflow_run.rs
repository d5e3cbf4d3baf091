//! Runs of workflows, always as they look once they are over.

use crate::github::Author;
use crate::sha::{Of, sha};
use crate::turn::Turn;
use waymark_event::Instant;

/// One attempt of one run.
pub(crate) struct Run<'a> {
    pub(crate) id: i64,
    pub(crate) number: i64,
    pub(crate) attempt: i64,
    /// `push` or `pull_request`.
    pub(crate) event: &'static str,
    pub(crate) conclusion: &'static str,
    pub(crate) branch: &'a str,
    pub(crate) sha: &'a str,
    pub(crate) actor: Author,
    pub(crate) pull_request: Option<i64>,
    /// The shared workflow that it uses, with its version.
    pub(crate) shared: Option<&'static str>,
    pub(crate) created_at: Instant,
    pub(crate) started_at: Instant,
    pub(crate) ended_at: Instant,
}

pub(crate) fn workflow_run(turn: &Turn<'_>, run: &Run<'_>) -> String {
    let name = &turn.service.name;
    let Run { id, number, attempt, event, conclusion, branch, sha: head_sha, created_at, started_at, ended_at, .. } = run;
    let actor = run.actor.account();
    let workflow_id = 40_000_000 + turn.service.repository_id;
    let pull_requests = run.pull_request.map(|number| format!(r#"{{"number":{number}}}"#)).unwrap_or_default();
    let shared = run.shared.map(|path| shared_workflow(turn, path)).unwrap_or_default();
    format!(
        r#""workflow_run":{{"id":{id},"name":"build","path":".github/workflows/build.yml","workflow_id":{workflow_id},"run_number":{number},"run_attempt":{attempt},"event":"{event}","status":"completed","conclusion":"{conclusion}","head_branch":"{branch}","head_sha":"{head_sha}","created_at":"{created_at}","run_started_at":"{started_at}","updated_at":"{ended_at}","html_url":"https://github.com/acme/{name}/actions/runs/{id}","actor":{actor},"triggering_actor":{actor},"pull_requests":[{pull_requests}],"referenced_workflows":[{shared}]}}"#
    )
}

fn shared_workflow(turn: &Turn<'_>, path: &str) -> String {
    let tag = path.rsplit('@').next().unwrap_or_default();
    let state = sha(turn.plan.seed, 0, Of::SharedWorkflow, 3, 0);
    format!(r#"{{"path":"{path}","sha":"{state}","ref":"refs/tags/{tag}"}}"#)
}
