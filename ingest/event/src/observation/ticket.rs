//! `tickets`: one ticket as its tracker tells it.
//!
//! Columns only; how a vendor's fields become these belongs to the sources.

use crate::instant::Instant;
use crate::words::{StatusCategory, TicketOutcome, TicketType};
use serde::{Deserialize, Serialize};

/// One ticket of one tracker.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ticket {
    /// The source's own stable id.
    pub ticket_id: String,
    /// The key that people see; it changes on a move and is no identity.
    pub key: Option<String>,
    /// The project that holds it.
    pub project: Option<String>,
    /// What it is about.
    #[serde(default)]
    pub r#type: TicketType,
    /// The source's word for it.
    pub type_raw: Option<String>,
    /// Platform components concerned.
    #[serde(default)]
    pub components: Vec<String>,
    /// Labels, as the source writes them.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Things that it names.
    #[serde(default)]
    pub links: Vec<String>,
    /// Where it stands.
    #[serde(default)]
    pub status_category: StatusCategory,
    /// The source's word for it.
    pub status_category_raw: Option<String>,
    /// On a moment: what it was before.
    pub from_raw: Option<String>,
    /// On a moment: what it became.
    pub to_raw: Option<String>,
    /// When it was opened, in UTC.
    pub opened_at: Option<Instant>,
    /// First answer, in UTC.
    pub first_response_at: Option<Instant>,
    /// When the requested thing worked, in UTC.
    pub usable_at: Option<Instant>,
    /// When it was closed, in UTC.
    pub closed_at: Option<Instant>,
    /// How often it was reopened.
    pub reopen_count: Option<i64>,
    /// How it ended; null until closed.
    pub outcome: Option<TicketOutcome>,
    /// The source's word for it.
    pub outcome_raw: Option<String>,
    /// Pseudonym of who asked.
    pub requester: Option<String>,
    /// The team's label at the time.
    pub requester_team: Option<String>,
    /// Platform, team or vendor: who got it first.
    pub routed_side: Option<String>,
    /// Platform, team or vendor: who closed it.
    pub closed_side: Option<String>,
    /// The source's priority, verbatim.
    pub priority_raw: Option<String>,
    /// Story points, if estimated.
    pub points: Option<f64>,
    /// Logged work in milliseconds.
    pub worklog_ms: Option<i64>,
}
