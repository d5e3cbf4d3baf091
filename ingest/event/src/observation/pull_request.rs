//! `pull_requests`: one pull request; entity = repository id and number.
//!
//! Columns only; how a vendor's fields become these belongs to the sources.

use crate::instant::Instant;
use crate::words::PullRequestState;
use serde::{Deserialize, Serialize};

/// One pull request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PullRequest {
    /// Canonical repository key.
    pub repository: String,
    /// The provider's stable id of the repository.
    pub repository_id: Option<String>,
    /// The number that people see.
    pub number: i64,
    /// The branch it goes to.
    pub base_ref: Option<String>,
    /// The branch it comes from.
    pub head_ref: Option<String>,
    /// Open, draft, merged or closed.
    #[serde(default)]
    pub state: PullRequestState,
    /// The source's word for it.
    pub state_raw: Option<String>,
    /// When it was opened, in UTC.
    pub opened_at: Option<Instant>,
    /// When it stopped being a draft, in UTC; null = never was one.
    pub ready_at: Option<Instant>,
    /// When it was merged, in UTC.
    pub merged_at: Option<Instant>,
    /// When it was closed, in UTC, by merge or without.
    pub closed_at: Option<Instant>,
    /// The commit on the base branch; only when merged.
    pub merge_sha: Option<String>,
    /// The squash commit, where the source tells it apart.
    pub squash_sha: Option<String>,
    /// The newest commit of the branch.
    pub head_sha: Option<String>,
    /// Original commits of the branch, as far as listed.
    #[serde(default)]
    pub commit_shas: Vec<String>,
    /// Whether all original commits are listed.
    #[serde(default)]
    pub commits_complete: bool,
    /// Pseudonym of the author.
    pub author: Option<String>,
    /// Whether a machine opened it; null when not known.
    pub is_bot: Option<bool>,
    /// The AI agent named by the source.
    pub agent: Option<String>,
    /// Labels, as the source writes them.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Tickets that it names.
    #[serde(default)]
    pub linked_tickets: Vec<String>,
    /// Number of added lines.
    pub additions: Option<i64>,
    /// Number of deleted lines.
    pub deletions: Option<i64>,
    /// Number of original commits.
    pub commit_count: Option<i64>,
    /// Whether its title begins with "Revert".
    pub title_is_revert: Option<bool>,
    /// The pull request or sha that it reverts.
    pub reverts: Option<String>,
    /// The pull request or sha that it ports back.
    pub backport_of: Option<String>,
}
