//! `services`: one catalogue entry or ownership rule.
//!
//! Columns only; how a vendor's fields become these belongs to the sources.

use crate::instant::Instant;
use crate::words::{OwnerKind, ServiceKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One catalogue entry or ownership rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// What kind of entry it is.
    pub kind: ServiceKind,
    /// The entry's name.
    pub name: String,
    /// The name that people see.
    pub title: Option<String>,
    /// The catalogue's type, verbatim.
    pub type_raw: Option<String>,
    /// The catalogue's lifecycle, verbatim.
    pub lifecycle_raw: Option<String>,
    /// The system that holds it.
    pub system: Option<String>,
    /// The main programming language.
    pub language: Option<String>,
    /// The owner, verbatim; a person becomes a pseudonym.
    pub owner_raw: Option<String>,
    /// Team or person.
    pub owner_kind: Option<OwnerKind>,
    /// Canonical repository key.
    pub repository: Option<String>,
    /// Glob of the paths that belong to it.
    pub path_pattern: Option<String>,
    /// Order of a rule in its file.
    pub position: Option<i64>,
    /// Entries that it needs.
    #[serde(default)]
    pub depends_on: Vec<String>,
    /// Tags, as the catalogue writes them.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Annotations to other tools.
    #[serde(default)]
    pub links: BTreeMap<String, String>,
    /// When the service began, in UTC.
    pub created_at: Option<Instant>,
    /// Whether it is archived.
    pub is_archived: Option<bool>,
    /// Whether it is a template.
    pub is_template: Option<bool>,
    /// Whether it is a fork.
    pub is_fork: Option<bool>,
}
