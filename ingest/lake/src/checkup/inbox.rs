//! The inbox: whether SQLite finds it whole, and between which positions it stands.

use super::held::Held;
use super::sentence;
use crate::DELIVERIES;
use crate::error::LakeError;
use crate::inbox::open_database;
use crate::layout::Layout;
use rusqlite::ErrorCode;

/// What to do about an inbox that cannot be read.
const REMEDY: &str = "restore the newest backup; only where there is none, stop `waymark serve` and move `waymark.sqlite` and what begins with its name away: what waits in it is lost with it";

/// Between which positions the inbox stands at one moment.
pub(super) struct Waiting {
    /// Everything up to here has left the inbox.
    pub(super) removed_through: i64,
    /// The last position that was given out.
    pub(super) last: i64,
}

impl Waiting {
    /// The positions of an inbox that is whole enough to be asked; whatever else is a problem.
    pub(super) fn checked(layout: &Layout, problems: &mut Vec<String>) -> Option<Self> {
        let asked = damage(layout).and_then(|damage| {
            if !damage.is_empty() {
                problems.push(format!("the inbox is damaged ({}): {REMEDY}", damage.join("; ")));
            }
            Self::read(layout)
        });
        match asked {
            Ok(waiting) => Some(waiting),
            Err(error) => {
                problems.push(if is_damage(&error) { format!("{}: {REMEDY}", sentence(&error)) } else { sentence(&error) });
                None
            }
        }
    }

    pub(super) fn read(layout: &Layout) -> Result<Self, LakeError> {
        let asked = "select coalesce((select min(position) from inbox) - 1, seq, 0), coalesce(seq, 0)
             from (select max(seq) as seq from sqlite_sequence where name = 'inbox')";
        let read =
            open_database(layout)?.query_row(asked, [], |row| Ok(Self { removed_through: row.get(0)?, last: row.get(1)? }));
        read.map_err(|cause| LakeError::Inbox { operation: "check", cause })
    }

    /// Where inbox and tables contradict each other; `last` was read after the tables.
    pub(super) fn contradictions(&self, held: &Held, last: i64) -> Vec<String> {
        let mut contradictions: Vec<String> = held
            .positions
            .iter()
            .filter(|(_, position)| **position > last)
            .map(|(table, position)| {
                format!(
                    "`{table}` holds the inbox up to position {position}, but the inbox gives out {} next: it was lost or replaced, and what waited in it with it; `waymark serve` goes on after that position",
                    last + 1
                )
            })
            .collect();
        // Nothing is known of a table that cannot be opened, and that has had its sentence.
        if let Some(held) = held.position(DELIVERIES).filter(|held| self.removed_through > *held) {
            contradictions.push(format!(
                "deliveries {} to {} have left the inbox and are in no table: restore the newest backup",
                held + 1,
                self.removed_through
            ));
        }
        contradictions
    }
}

/// Whether the file is at fault, and not the room or the rights that its reader has.
fn is_damage(error: &LakeError) -> bool {
    let (LakeError::OpenInbox { cause, .. } | LakeError::Inbox { cause, .. }) = error else { return false };
    matches!(cause.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// What SQLite itself finds wrong.
fn damage(layout: &Layout) -> Result<Vec<String>, LakeError> {
    let failed = |cause| LakeError::Inbox { operation: "check", cause };
    let connection = open_database(layout)?;
    let mut statement = connection.prepare("pragma quick_check").map_err(failed)?;
    let said = statement.query_map([], |row| row.get::<_, String>(0)).map_err(failed)?;
    let mut damage: Vec<String> = said.collect::<Result<_, _>>().map_err(failed)?;
    damage.retain(|line| line != "ok");
    Ok(damage)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn inbox_and_tables_may_only_overlap() {
        let waiting = Waiting { removed_through: 5, last: 9 };
        let held = |position: i64| Held { positions: BTreeMap::from([(DELIVERIES.to_owned(), position)]), ..Held::default() };
        assert!(waiting.contradictions(&held(5), 9).is_empty());
        assert!(waiting.contradictions(&held(9), 9).is_empty());
        assert!(waiting.contradictions(&held(4), 9)[0].starts_with("deliveries 5 to 5 have left the inbox"));
        assert!(waiting.contradictions(&held(10), 9)[0].contains("gives out 10 next"));
        assert!(waiting.contradictions(&Held::default(), 9)[0].starts_with("deliveries 1 to 5 have left the inbox"));
        let closed = Held { closed: BTreeSet::from([DELIVERIES.to_owned()]), ..Held::default() };
        assert!(waiting.contradictions(&closed, 9).is_empty(), "a table that cannot be opened is not empty");
    }
}
