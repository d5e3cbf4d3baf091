//! Parts that reports are made of: scoreboard, movements, changes, migrations, voices, actions, data notes.
//!
//! Which sections a report has, and in which order, belongs to the report's own file.

pub(crate) mod actions;
pub(crate) mod adoption;
mod burn_up;
pub(crate) mod changes;
pub(crate) mod data;
pub(crate) mod migrations;
pub(crate) mod voices;

pub use burn_up::burn_up_of;

use crate::document::{Block, Section, Sentence};

/// A section from its parts.
pub(crate) fn section(id: &str, title: &str, purpose: &str, blocks: Vec<Block>) -> Section {
    Section { id: id.to_owned(), title: title.to_owned(), purpose: purpose.to_owned(), blocks }
}

/// A section that can say nothing yet, and why.
pub(crate) fn refusal(id: &str, title: &str, sentence: &str) -> Section {
    section(id, title, "", vec![note(sentence)])
}

/// A note of one sentence.
pub(crate) fn note(sentence: impl Into<String>) -> Block {
    Block::Note(Sentence::plain(sentence))
}
