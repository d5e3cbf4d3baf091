//! Evidence of platform use, read from what repositories hold: rules, and a pure engine that applies them.
//!
//! Rules are data (`platform/*.yaml`), and so is what this crate knows of tools (`evidence/*.yaml`):
//! code here names no vendor and touches no file. Whoever calls says which files a repository has at
//! a commit and hands out their content; what a finding amounts to belongs to facts.

mod dockerfile;
mod document;
mod glob;
mod judge;
mod known_tools;
mod look;
mod package;
mod ran;
mod reading;
mod rule;
mod scanner;
mod uses;

pub use known_tools::{preset_names, presets_text};
pub(crate) use ran::used;
pub use ran::{Ran, RanKind};
pub use reading::{evidence_schema, read_rules};
pub use rule::{EvidenceRule, EvidenceRules};
pub use scanner::{FileMap, Found, KnownUses, Place, ReadContent, Scanner, ServicePath};
