//! `artifacts`: one built artifact; the bridge from an image to a commit.
//!
//! Columns only; how a vendor's fields become these belongs to the sources.

use crate::instant::Instant;
use serde::{Deserialize, Serialize};

/// One built artifact.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// Content digest, such as `sha256:…`.
    pub digest: String,
    /// Names under which it is known.
    #[serde(default)]
    pub names: Vec<String>,
    /// The version, as text.
    pub version: Option<String>,
    /// Canonical repository key of its source.
    pub source_repository: Option<String>,
    /// Commit it was built from.
    pub source_sha: Option<String>,
    /// Name of its base image.
    pub base_name: Option<String>,
    /// Digest of its base image.
    pub base_digest: Option<String>,
    /// Entity id of the run that built it.
    pub run: Option<String>,
    /// When it was built, in UTC.
    pub built_at: Option<Instant>,
}
