//! Who belongs to which team: the only register about people, so facts read it and nobody else does.

use super::platform::Days;
use crate::definitions::Definitions;
use serde::{Deserialize, Serialize};
use waymark_event::Instant;

/// The name of the register, which SQL must not find.
pub(crate) const MEMBERSHIPS: &str = "memberships";

#[derive(Serialize, Deserialize)]
pub(super) struct MembershipRow {
    team: String,
    /// The pseudonym by which observations know the member.
    person: String,
    valid_from: Instant,
    valid_to: Option<Instant>,
}

pub(super) fn memberships(definitions: &Definitions) -> Vec<MembershipRow> {
    let days = Days(definitions);
    let rows = definitions.memberships.iter().flat_map(|membership| {
        membership.people.iter().map(|person| MembershipRow {
            team: membership.team.clone(),
            person: person.clone(),
            valid_from: days.from(membership.from),
            valid_to: days.maybe(membership.until),
        })
    });
    rows.collect()
}
