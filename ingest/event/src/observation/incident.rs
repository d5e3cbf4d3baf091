//! `incidents`: one incident as its source tells it.
//!
//! Columns only; how a vendor's fields become these belongs to the sources.

use crate::instant::Instant;
use crate::words::{IncidentStatus, Severity};
use serde::{Deserialize, Serialize};

/// One incident of one source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incident {
    /// The source's own id.
    pub incident_id: String,
    /// Services that the source names.
    #[serde(default)]
    pub service_hints: Vec<String>,
    /// The environment's name, verbatim.
    pub environment: Option<String>,
    /// Whether it is only an alert; such rows are no episodes unless promoted.
    #[serde(default)]
    pub is_alert_only: bool,
    /// How bad it is; null when not said.
    pub severity: Option<Severity>,
    /// The source's word for it.
    pub severity_raw: Option<String>,
    /// The source's priority, verbatim.
    pub priority_raw: Option<String>,
    /// Where it stands.
    #[serde(default)]
    pub status: IncidentStatus,
    /// The source's word for it.
    pub status_raw: Option<String>,
    /// When users began to suffer, in UTC, if somebody said so.
    pub impact_started_at: Option<Instant>,
    /// The first alert, in UTC.
    pub first_alert_at: Option<Instant>,
    /// When it was opened, in UTC.
    pub opened_at: Option<Instant>,
    /// When somebody took it, in UTC.
    pub acknowledged_at: Option<Instant>,
    /// When users no longer suffered, in UTC.
    pub mitigated_at: Option<Instant>,
    /// When it was over, in UTC; null again after a reopening.
    pub resolved_at: Option<Instant>,
    /// How often it was reopened.
    pub reopen_count: Option<i64>,
    /// The incident of which it is a part.
    pub parent: Option<String>,
    /// The incident that took it over.
    pub merged_into: Option<String>,
    /// Deployments named as cause; explicit only.
    #[serde(default)]
    pub deployment_links: Vec<String>,
    /// Changes named as cause; explicit only.
    #[serde(default)]
    pub change_links: Vec<String>,
    /// Whether the source says that it was rolled back.
    pub mentions_rollback: Option<bool>,
}
