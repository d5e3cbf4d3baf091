//! `Rejection`: a stored row that says which part of a delivery could not be understood, and why.
//!
//! Messages never hold a value from the body, because a rejection may be read by people who may
//! not read the delivery.

use crate::fault::wanted;
use crate::remark::suggestion;
use serde::{Deserialize, Serialize};

/// At which step the reading failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Bytes to text.
    Decode,
    /// Text to a structure.
    Parse,
    /// A structure to our columns.
    Map,
    /// Our columns against what is possible.
    Validate,
    /// Before any bytes could be read.
    Transport,
}

/// Why it failed: a closed list, so that rejections can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The bytes are not UTF-8.
    NotUtf8,
    /// The text is not JSON, or is cut off.
    NotJson,
    /// The structure is none that the dialect knows.
    UnknownShape,
    /// A field without which the meaning dies is absent.
    MissingField,
    /// A field has another type than it must have.
    WrongType,
    /// A time cannot be read.
    BadTime,
    /// A time has no zone, and the connection declares none.
    NaiveTime,
    /// A number lies outside what it can be.
    OutOfRange,
    /// An instant lies more than a day after its receipt.
    ClockAhead,
    /// The sender speaks a version that we do not.
    UnsupportedVersion,
    /// Two parts of the message name different things.
    ConflictingIdentity,
    /// The message holds more items than we take from one.
    TooManyItems,
    /// A record without a value.
    Tombstone,
    /// Records were gone before we could read them.
    LostRange,
    /// A record is larger than we take.
    TooLarge,
}

impl Reason {
    /// The word as it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotUtf8 => "not_utf8",
            Self::NotJson => "not_json",
            Self::UnknownShape => "unknown_shape",
            Self::MissingField => "missing_field",
            Self::WrongType => "wrong_type",
            Self::BadTime => "bad_time",
            Self::NaiveTime => "naive_time",
            Self::OutOfRange => "out_of_range",
            Self::ClockAhead => "clock_ahead",
            Self::UnsupportedVersion => "unsupported_version",
            Self::ConflictingIdentity => "conflicting_identity",
            Self::TooManyItems => "too_many_items",
            Self::Tombstone => "tombstone",
            Self::LostRange => "lost_range",
            Self::TooLarge => "too_large",
        }
    }
}

/// At most so many letters of a name that a sender wrote are kept in a rejection.
const NAME_LETTERS_MAX: usize = 64;

/// A name as a sender wrote it, cut where it is too long to be one.
pub fn shortened(name: &str) -> String {
    match name.char_indices().nth(NAME_LETTERS_MAX) {
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or_default()),
        None => name.to_owned(),
    }
}

/// One part of a delivery that was not understood; the delivery itself is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// Index inside a batch; null when the delivery is not a batch.
    pub item: Option<i32>,
    /// The step that failed.
    pub stage: Stage,
    /// Why it failed.
    pub reason: Reason,
    /// JSON pointer or column name; null when the whole is meant.
    pub pointer: Option<String>,
    /// One sentence for a person, without any value of the body.
    pub message: String,
}

impl Rejection {
    /// A rejection of a whole delivery.
    pub fn new(stage: Stage, reason: Reason, message: impl Into<String>) -> Self {
        Self { item: None, stage, reason, pointer: None, message: message.into() }
    }

    /// The same rejection, of the item at this index.
    #[must_use]
    pub fn at_item(mut self, item: usize) -> Self {
        self.item = i32::try_from(item).ok();
        self
    }

    /// The same rejection, pointing at this field.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    /// A missing field, by its pointer.
    pub fn missing(pointer: &str) -> Self {
        Self::new(Stage::Map, Reason::MissingField, format!("the field `{pointer}` is missing")).at(pointer)
    }

    /// What a JSON reader's error means in our words; its text is cut where it quotes values.
    pub fn from_json(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let place = format!("line {}, column {}", error.line(), error.column());
        if !error.is_data() {
            return Self::new(Stage::Parse, Reason::NotJson, format!("the body is not JSON: it ends or breaks at {place}"));
        }
        let mut quoted = text.split('`').skip(1).step_by(2);
        let field = quoted.next().map(shortened);
        let (reason, message) = if text.starts_with("missing field") {
            (Reason::MissingField, format!("the field `{}` is missing", field.clone().unwrap_or_default()))
        } else if text.starts_with("unknown field") {
            let field = field.clone().unwrap_or_default();
            let meant = suggestion(&field, quoted);
            (Reason::UnknownShape, format!("the field `{field}` is not one of this type's columns{meant}"))
        } else if text.starts_with("a time has no zone") {
            (Reason::NaiveTime, "a time has no zone: write it with `Z` or an offset such as `+02:00`".to_owned())
        } else if text.starts_with("a time") {
            (Reason::BadTime, "a time is not readable: write it as RFC 3339".to_owned())
        } else {
            let place = if error.line() == 0 { String::new() } else { format!(", at {place}") };
            let wanted = wanted(&text).map(|wanted| format!(": it must be {wanted}")).unwrap_or_default();
            (Reason::WrongType, format!("a field has another type than it must have{place}{wanted}"))
        };
        let is_named = matches!(reason, Reason::MissingField | Reason::UnknownShape);
        Self { item: None, stage: Stage::Map, reason, pointer: field.filter(|_| is_named), message }
    }
}
