//! `ci_jobs`: one job of a run, by attempt.
//!
//! Columns only; how a vendor's fields become these belongs to the sources.

use crate::instant::Instant;
use crate::words::{Outcome, Status};
use serde::{Deserialize, Serialize};

/// One job of a run, by attempt.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CiJob {
    /// The source's own id of the job.
    pub job_id: String,
    /// 1 for the first attempt.
    #[serde(default = "first")]
    pub attempt: i32,
    /// Entity id of the run.
    pub run: String,
    /// Entity id of the job that this one repeats.
    pub retry_of: Option<String>,
    /// The job's name as people see it.
    pub name: String,
    /// The stage that holds it.
    pub stage: Option<String>,
    /// Labels that chose its runner.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Class or pool of the runner, never a host.
    pub runner: Option<String>,
    /// Where the job is in its life.
    #[serde(default)]
    pub status: Status,
    /// The source's word for it.
    pub status_raw: Option<String>,
    /// How it ended; null until it finished.
    pub result: Option<Outcome>,
    /// The source's word for it.
    pub result_raw: Option<String>,
    /// When it was asked for, in UTC.
    pub queued_at: Option<Instant>,
    /// When it began, in UTC.
    pub started_at: Option<Instant>,
    /// When it ended, in UTC.
    pub finished_at: Option<Instant>,
    /// The environment it deployed to, verbatim.
    pub environment: Option<String>,
    /// Actions, components and images of the job.
    #[serde(default)]
    pub uses: Vec<String>,
}

const fn first() -> i32 {
    1
}
