//! `journeys`: one attempt of a person to get something done.
//!
//! Columns only; how a vendor's fields become these belongs to the sources.

use crate::instant::Instant;
use crate::words::{Interface, JourneyOutcome};
use serde::{Deserialize, Serialize};

/// One attempt of a person to get something done.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journey {
    /// The source's own id.
    pub attempt_id: String,
    /// Which journey was made.
    pub journey_id: String,
    /// Through what it was made.
    pub interface: Interface,
    /// The service named by the sender.
    pub service_hint: Option<String>,
    /// When it began, in UTC.
    pub started_at: Instant,
    /// When it ended, in UTC.
    pub ended_at: Option<Instant>,
    /// How it ended.
    pub outcome: JourneyOutcome,
    /// The source's word for it.
    pub outcome_raw: Option<String>,
    /// How often it was tried again.
    pub retries: Option<i64>,
    /// How often it waited for somebody else.
    pub hand_offs: Option<i64>,
    /// Tickets that it caused.
    #[serde(default)]
    pub ticket_ids: Vec<String>,
    /// Pseudonym of who made it.
    pub person: Option<String>,
    /// Whether a machine made it.
    pub is_bot: Option<bool>,
}
