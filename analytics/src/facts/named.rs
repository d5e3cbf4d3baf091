//! Things that others name by our id: runs by deployments, pull requests by incidents. The facts of both belong
//! together, whatever their repositories.
//!
//! Most organisations have millions of runs and few that any deployment names, so only those are remembered, each as
//! a subject of its own in the unit of what names it.

use super::columns::{said, text};
use crate::units::Units;
use arrow::array::{Array, RecordBatch};
use waymark_event::Table;

/// Joins a thing of a table with what names it, and tells whether nothing has named it before: then it may have been
/// told already.
pub(super) fn is_first_naming((table, id): (Table, &str), subject: &str, units: &mut Units) -> bool {
    let named = named_subject(table, id);
    let is_first = units.known(&named).is_none();
    if is_first {
        units.unit(any_of(table));
    }
    units.join(subject, &named);
    is_first
}

/// Joins the repositories of things with what names them.
pub(super) fn place(table: Table, batch: &RecordBatch, units: &mut Units, is_wanted: impl Fn(&str) -> bool) {
    let (Ok(subjects), Ok(entities), Some(_)) = (text(batch, "subject"), text(batch, "entity_id"), units.known(any_of(table)))
    else {
        return;
    };
    for row in (0..batch.num_rows()).filter(|row| subjects.is_valid(*row)) {
        let Some(id) = said(entities, row).filter(|id| is_wanted(id)) else { continue };
        let named = named_subject(table, id);
        if units.known(&named).is_some() {
            units.join(subjects.value(row), &named);
        }
    }
}

fn named_subject(table: Table, id: &str) -> String {
    format!("{}{id}", any_of(table))
}

/// The unit of this subject is there once anything of the table was named; until then none of them is looked at.
const fn any_of(table: Table) -> &'static str {
    match table {
        Table::PullRequest => "pull/",
        _ => "run/",
    }
}
