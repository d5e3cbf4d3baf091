//! `evidence`: one finding about the use of a component.
//!
//! Columns only; how a vendor's fields become these belongs to the sources.

use crate::instant::Instant;
use crate::words::{EvidenceKind, Finding};
use serde::{Deserialize, Serialize};

/// One finding about the use of a component, at one place, by one scan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The platform component looked for.
    pub component_id: String,
    /// Version of the rule that looked.
    #[serde(default = "first")]
    pub rule_version: i32,
    /// What did the looking.
    pub detector: String,
    /// Which scan; findings of earlier scans stay beside it.
    pub scan_id: String,
    /// How strong the evidence is.
    pub kind: EvidenceKind,
    /// What was found.
    pub finding: Finding,
    /// What is used in its place.
    pub alternative: Option<String>,
    /// Version in use.
    pub version: Option<String>,
    /// Canonical repository key of the place.
    pub repository: Option<String>,
    /// File of the place.
    pub path: Option<String>,
    /// Line of the place, from 1.
    pub line: Option<i64>,
    /// Commit at which it was read.
    pub sha: Option<String>,
    /// The service named by the sender.
    pub service_hint: Option<String>,
    /// Entity id of the run that shows it.
    pub run: Option<String>,
    /// Commit time (static) or event time (runtime), in UTC.
    pub observed_at: Instant,
}

const fn first() -> i32 {
    1
}
