//! `commits`: one commit of one repository; the message is not stored.
//!
//! Columns only; how a vendor's fields become these belongs to the sources.

use crate::instant::Instant;
use serde::{Deserialize, Serialize};

/// One commit of one repository.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// Canonical repository key.
    pub repository: String,
    /// The provider's stable id of the repository.
    pub repository_id: Option<String>,
    /// The commit's full hash.
    pub sha: String,
    /// Parents in order; more than one is a merge, null means not reported.
    pub parents: Option<Vec<String>>,
    /// Author time in UTC.
    pub authored_at: Option<Instant>,
    /// Minutes east of UTC where the author worked.
    pub author_offset_minutes: Option<i32>,
    /// Committer time in UTC.
    pub committed_at: Option<Instant>,
    /// Earliest observed push in UTC, the upper bound of author time.
    pub pushed_at: Option<Instant>,
    /// Pseudonym of the author.
    pub author: Option<String>,
    /// Pseudonym of the committer.
    pub committer: Option<String>,
    /// Whether a machine wrote it; null when not known.
    pub is_bot: Option<bool>,
    /// The AI agent named in trailers.
    pub agent: Option<String>,
    /// Touched files, at most 1,000.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Whether `paths` was cut.
    pub paths_truncated: Option<bool>,
    /// Whether it changes nothing; null when not known.
    pub is_empty: Option<bool>,
    /// Number of added lines.
    pub additions: Option<i64>,
    /// Number of deleted lines.
    pub deletions: Option<i64>,
    /// Stable patch id.
    pub patch_id: Option<String>,
    /// The sha that it reverts, from its trailers.
    pub revert_of: Option<String>,
    /// The sha it was cherry-picked from.
    pub picked_from: Option<String>,
    /// The `(#123)` of its subject, of low confidence.
    pub pull_request_hint: Option<i64>,
    /// The service for which the repository was read.
    pub service_hint: Option<String>,
}
