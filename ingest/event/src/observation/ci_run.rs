//! `ci_runs`: one run of a pipeline, by attempt; entity = run and attempt.
//!
//! Columns only; how a vendor's fields become these belongs to the sources.

use crate::instant::Instant;
use crate::words::{Outcome, Status, Trigger};
use serde::{Deserialize, Serialize};

/// One run of a pipeline, by attempt.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CiRun {
    /// The source's own id of the run.
    pub run_id: String,
    /// 1 for the first attempt, and for sources that have no attempts.
    #[serde(default = "first")]
    pub attempt: i32,
    /// Canonical repository key; null when not reported.
    pub repository: Option<String>,
    /// The provider's stable id of the repository.
    pub repository_id: Option<String>,
    /// The definition that ran: workflow or job.
    pub pipeline_id: Option<String>,
    /// The definition's name as people see it.
    pub pipeline_name: Option<String>,
    /// The file that holds the definition.
    pub pipeline_path: Option<String>,
    /// The number that people see.
    pub number: Option<i64>,
    /// What set the run off.
    #[serde(default)]
    pub trigger: Trigger,
    /// The source's word for it.
    pub trigger_raw: Option<String>,
    /// The commit that was built.
    pub head_sha: Option<String>,
    /// The branch or tag that was built.
    pub head_ref: Option<String>,
    /// Whether that is the default branch; null when not reported.
    pub is_default_branch: Option<bool>,
    /// Numbers of pull requests; empty for forks too, which is not "none".
    #[serde(default)]
    pub pull_requests: Vec<String>,
    /// Where the run is in its life.
    #[serde(default)]
    pub status: Status,
    /// The source's word for it.
    pub status_raw: Option<String>,
    /// How it ended; null until it finished.
    pub result: Option<Outcome>,
    /// The source's word for it.
    pub result_raw: Option<String>,
    /// The source's class of failure, user or infrastructure.
    pub failure_reason_raw: Option<String>,
    /// When it was asked for, in UTC.
    pub queued_at: Option<Instant>,
    /// When this attempt began, in UTC.
    pub started_at: Option<Instant>,
    /// When its work ended, in UTC; later edits do not count.
    pub finished_at: Option<Instant>,
    /// Milliseconds in the queue, only if the source reports them.
    pub queued_ms: Option<i64>,
    /// Milliseconds of work, only if the source reports them.
    pub duration_ms: Option<i64>,
    /// Pseudonym of who set it off.
    pub person: Option<String>,
    /// Whether a machine set it off; null when not known.
    pub is_bot: Option<bool>,
    /// The AI agent named in trailers.
    pub agent: Option<String>,
    /// Entity id of the run that started this one.
    pub parent_run: Option<String>,
    /// Reusable workflows or components, as `name@ref`.
    #[serde(default)]
    pub uses: Vec<String>,
}

const fn first() -> i32 {
    1
}
