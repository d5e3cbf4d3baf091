//! Facts that Rust makes from rows, because SQL says it badly: ancestry, and what is believed for how long.

use super::adopted::ADOPTION;
use super::attributed::{ATTRIBUTION, SETTLEMENT};
use arrow::array::RecordBatch;
use datafusion::error::Result;
use std::collections::HashMap;

/// Every walk that makes facts.
pub(super) const WALKS: &[Walk] = &[ATTRIBUTION, SETTLEMENT, ADOPTION];

/// One walk over rows.
#[derive(Debug)]
pub(super) struct Walk {
    /// The facts that it makes; it is done when the first of them is wanted.
    pub(super) makes: &'static [&'static str],
    /// What it leaves beside them, for the next time that it goes over more of the same.
    pub(super) leaves: &'static [&'static str],
    /// What each of them holds, its grain first, as the head of a statement says it.
    pub(super) about: &'static [&'static str],
    /// Statements over whose answers it walks, by name.
    pub(super) statements: &'static [(&'static str, &'static str)],
    /// Tables over whose rows it walks as they are, and columns of observations among them that it reads.
    pub(super) reads: &'static [(&'static str, &'static [&'static str])],
    /// Its facts in their order, and after them what it leaves; from nothing those facts without rows.
    pub(super) make: fn(&Given) -> Result<Vec<RecordBatch>>,
}

/// The rows over which a walk goes, by the names of its statements and tables.
#[derive(Debug, Default)]
pub(super) struct Given(HashMap<&'static str, Vec<RecordBatch>>);

impl Given {
    pub(super) fn put(&mut self, name: &'static str, rows: Vec<RecordBatch>) {
        self.0.insert(name, rows);
    }

    /// The rows of a name; none where nothing was given.
    pub(super) fn rows(&self, name: &str) -> &[RecordBatch] {
        self.0.get(name).map_or(&[][..], Vec::as_slice)
    }
}

/// What a fact holds that a walk makes.
pub(crate) fn made_by_a_walk(fact: &str) -> Option<&'static str> {
    let made = WALKS.iter().flat_map(|walk| walk.makes.iter().zip(walk.about));
    made.into_iter().find(|(name, _)| **name == fact).map(|(_, about)| *about)
}

/// The walk that begins with a fact.
pub(super) fn walk_to(fact: &str) -> Option<&'static Walk> {
    WALKS.iter().find(|walk| walk.makes.first() == Some(&fact))
}

/// The walk that makes a fact.
pub(super) fn walk_behind(fact: &str) -> Option<&'static Walk> {
    WALKS.iter().find(|walk| walk.makes.contains(&fact))
}
