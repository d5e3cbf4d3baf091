//! The few fields of an item that steer a poll; everything else stays bytes.
//!
//! An item with an odd field gives no steering, but is handed on like any other.

use super::ClientError;
use serde::Deserialize;
use serde_json::value::RawValue;
use waymark_event::Instant;

/// What steers the poll.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Row {
    pub(super) id: Option<u64>,
    pub(super) number: Option<u64>,
    pub(super) run_attempt: Option<u32>,
    pub(super) status: Option<String>,
    pub(super) state: Option<String>,
    created_at: Option<String>,
    updated_at: Option<String>,
    merged_at: Option<String>,
}

impl Row {
    /// Reads the steering fields; an odd row has none.
    pub(super) fn of(item: &RawValue) -> Self {
        serde_json::from_str(item.get()).unwrap_or_default()
    }

    pub(super) fn created_at(&self) -> Option<Instant> {
        instant(self.created_at.as_deref())
    }

    pub(super) fn updated_at(&self) -> Option<Instant> {
        instant(self.updated_at.as_deref())
    }

    pub(super) fn updated_text(&self) -> Option<&str> {
        self.updated_at.as_deref()
    }

    pub(super) fn is_merged(&self) -> bool {
        self.merged_at.is_some()
    }
}

fn instant(text: Option<&str>) -> Option<Instant> {
    text.and_then(|text| Instant::parse(text).ok())
}

/// `owner/name`, checked so that it can stand in a path.
pub(super) fn repository_path(repository: &str) -> Result<String, ClientError> {
    let is_name = |part: &str| {
        let is_plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.');
        !part.is_empty() && part != "." && part != ".." && part.chars().all(is_plain)
    };
    match repository.split_once('/') {
        Some((owner, name)) if is_name(owner) && is_name(name) => Ok(format!("/repos/{owner}/{name}")),
        _ => Err(ClientError::Repository { repository: repository.to_owned() }),
    }
}
