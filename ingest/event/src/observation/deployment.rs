//! `deployments`: one attempt to put something into one environment.
//!
//! Columns only; how a vendor's fields become these belongs to the sources.

use crate::instant::Instant;
use crate::words::{DeploymentKind, Outcome, Purpose, Status, Tier};
use serde::{Deserialize, Serialize};

/// One attempt to put something into one environment and target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// The source's own id of the attempt's deployment.
    pub deployment_id: String,
    /// 1 for the first attempt; a re-run raises it.
    #[serde(default = "first")]
    pub attempt: i32,
    /// Deploy, sync (GitOps) or release (published version).
    #[serde(default)]
    pub kind: DeploymentKind,
    /// What the source calls the thing deployed.
    pub application: Option<String>,
    /// The service named by the sender; facts decide.
    pub service_hint: Option<String>,
    /// The environment's name, verbatim.
    pub environment: Option<String>,
    /// The source's own tier, only a hint.
    pub tier_hint: Option<Tier>,
    /// The source's word for it.
    pub tier_hint_raw: Option<String>,
    /// Region, cluster or namespace.
    pub target: Option<String>,
    /// Groups the targets of one rollout.
    pub rollout_id: Option<String>,
    /// The release line, if the sender names one.
    pub track_hint: Option<String>,
    /// Code revisions as `repository@sha`, one per repository.
    #[serde(default)]
    pub revisions: Vec<String>,
    /// Revision of the configuration repository.
    pub config_revision: Option<String>,
    /// Branch or tag that was deployed.
    pub r#ref: Option<String>,
    /// The version, as text.
    pub version: Option<String>,
    /// Digests of what was deployed.
    #[serde(default)]
    pub artifacts: Vec<String>,
    /// Where the attempt is in its life.
    #[serde(default)]
    pub status: Status,
    /// The source's word for it.
    pub status_raw: Option<String>,
    /// How it ended; null until it finished.
    pub result: Option<Outcome>,
    /// The source's word for it.
    pub result_raw: Option<String>,
    /// Whether it changed what runs: false = failed before, null = unknown.
    pub reached: Option<bool>,
    /// Whether the source calls it a rollback.
    pub declared_rollback: Option<bool>,
    /// The deployment that it takes back, if the source says so.
    pub rollback_of: Option<String>,
    /// Planned or remediation, only if the source says so.
    pub purpose: Option<Purpose>,
    /// The source's word for it.
    pub purpose_raw: Option<String>,
    /// When it was asked for, in UTC.
    pub created_at: Option<Instant>,
    /// When the deploy job began, in UTC.
    pub started_at: Option<Instant>,
    /// First user traffic, in UTC.
    pub exposed_at: Option<Instant>,
    /// When it was rolled out to all, in UTC.
    pub completed_at: Option<Instant>,
    /// When the deploy job ended, in UTC.
    pub finished_at: Option<Instant>,
    /// Entity id of the run that carried it.
    pub run: Option<String>,
    /// Entity id of the job that carried it.
    pub job: Option<String>,
    /// Pseudonym of who deployed.
    pub person: Option<String>,
    /// Whether a machine deployed; null when not known.
    pub is_bot: Option<bool>,
}

const fn first() -> i32 {
    1
}
