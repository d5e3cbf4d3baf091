//! `Document`: a report as data, before it is a page, a mail or a text.
//!
//! Builders in `reports` fill it; renderers turn it into bytes and compute nothing. Each number in a
//! sentence stands in a table or chart of the same document.

use crate::error::ReportError;
use crate::wording::finding::Tone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use waymark_event::Instant;

/// The form of a document; raised when a reader of older ones would misunderstand it.
pub const VERSION: u32 = 1;

/// One report about one period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// The form of this document.
    pub version: u32,
    /// The id of the report that made it.
    pub report: String,
    /// What the report is called.
    pub title: String,
    /// For whom and how often, in one line.
    pub subtitle: String,
    /// The organisation that it is about.
    pub organisation: String,
    /// The period in words, such as `week of 16 Nov 2026`.
    pub period: String,
    /// The instant that the answers describe.
    pub as_of: Instant,
    /// The same instant in the organisation's zone.
    pub as_of_text: String,
    /// The snapshot that was read.
    pub snapshot: String,
    /// Version of each definition that was used, by metric id.
    pub definitions: BTreeMap<String, u32>,
    /// What the report says, in order.
    pub sections: Vec<Section>,
}

impl Document {
    /// The document as JSON with stable order of keys.
    pub fn to_json(&self) -> Result<String, ReportError> {
        serde_json::to_string_pretty(self).map_err(|cause| ReportError::Json { cause })
    }

    /// Reads a document that was written as JSON.
    pub fn from_json(text: &str) -> Result<Self, ReportError> {
        serde_json::from_str(text).map_err(|cause| ReportError::Json { cause })
    }
}

/// One section with its own heading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// Snake case, unique in the document.
    pub id: String,
    /// The heading above it.
    pub title: String,
    /// The question or decision that the section serves; empty when the heading says it.
    pub purpose: String,
    /// What it says, in order.
    pub blocks: Vec<Block>,
}

/// One thing that a section says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Block {
    /// A sentence that is read even when nothing else is.
    Headline(Sentence),
    /// A sentence about numbers that stand beside it.
    Finding(Sentence),
    /// Numbers in rows and columns.
    Table(Table),
    /// A drawing with its words.
    Chart(Picture),
    /// Things in a row, each with what belongs to it.
    List(List),
    /// What is missing or has to be known to read the rest.
    Note(Sentence),
}

/// A sentence and what it means for the reader.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sentence {
    /// Plain text, without markup.
    pub text: String,
    /// Better, worse or neither.
    pub tone: Tone,
}

impl Sentence {
    /// A sentence that judges nothing.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), tone: Tone::Neutral }
    }
}

/// Numbers in rows and columns.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// What the table holds, for those who do not see what stands around it.
    pub caption: String,
    /// The columns; the first one names the row.
    pub columns: Vec<Column>,
    /// Rows with one entry for each column.
    pub rows: Vec<Vec<Entry>>,
}

/// One column of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// The heading above its entries.
    pub title: String,
    /// Where its entries stand.
    pub align: Align,
}

/// Where the entries of a column stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Align {
    /// Words begin at the left.
    #[default]
    Left,
    /// Numbers end at the right.
    Right,
}

impl Column {
    /// A column of words.
    pub fn words(title: &str) -> Self {
        Self { title: title.to_owned(), align: Align::Left }
    }

    /// A column of numbers.
    pub fn numbers(title: &str) -> Self {
        Self { title: title.to_owned(), align: Align::Right }
    }
}

/// One entry of a table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The value in words.
    pub text: String,
    /// What stands small below it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// Better, worse or neither.
    #[serde(default)]
    pub tone: Tone,
    /// Where it leads; only `http` and `https` are followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// A tiny drawing in place of the words, which then describe it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub svg: Option<String>,
}

impl Entry {
    /// An entry that is only words.
    pub fn of(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// The same entry with something small below it.
    #[must_use]
    pub fn with(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// The same entry, judged.
    #[must_use]
    pub const fn toned(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }
}

/// A drawing with the words that stand for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// The id of the chart.
    pub chart: String,
    /// What the chart shows.
    pub title: String,
    /// What is shown, for those who do not see it.
    pub alt: String,
    /// How much of the page's width it takes.
    pub width: Width,
    /// The drawing for `Medium::Inline`; where it is wide, one for narrow screens behind it.
    pub svg: String,
}

/// How much of the page's width a drawing takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Width {
    /// The whole width.
    Full,
    /// Half of it, with its neighbour beside it.
    Half,
}

/// Things in a row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct List {
    /// What the things are; empty where the section says it.
    pub title: String,
    /// The things, in order.
    pub items: Vec<Item>,
}

/// One thing of a list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// What it is, in one sentence.
    pub text: String,
    /// Owner, reason, or the decision it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// Where it leads; only `http` and `https` are followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}
