//! `reviews`: one review of a pull request.
//!
//! Columns only; how a vendor's fields become these belongs to the sources.

use crate::instant::Instant;
use crate::words::ReviewState;
use serde::{Deserialize, Serialize};

/// One review of a pull request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// Entity id of the pull request.
    pub pull_request: String,
    /// Pseudonym of the reviewer.
    pub reviewer: Option<String>,
    /// Whether a machine reviewed.
    pub is_bot: Option<bool>,
    /// Whether the author reviewed; such rows are nobody's review.
    pub is_author: Option<bool>,
    /// The verdict that it gave.
    #[serde(default)]
    pub state: ReviewState,
    /// The source's word for it.
    pub state_raw: Option<String>,
    /// When it was given, in UTC.
    pub submitted_at: Option<Instant>,
    /// The commit that was reviewed.
    pub commit_sha: Option<String>,
    /// Canonical repository key of the pull request.
    pub repository: Option<String>,
}
