//! Runs that deployments name: a run of one repository may deploy another, and their facts belong together.
//!
//! Most organisations have millions of runs and few that any deployment names, so only those are remembered, each as
//! a subject of its own in the unit of its deployment.

use super::columns::{said, text};
use crate::units::Units;
use arrow::array::{Array, RecordBatch};

/// The unit of this subject is there once any deployment has named a run; until then no run is looked at.
const RUNS: &str = "run/";

/// Joins a run with what names it, and tells whether nothing has named it before: then it may have been told already.
pub(super) fn is_first_naming(run: &str, subject: &str, units: &mut Units) -> bool {
    let own = run_subject(run);
    let is_first = units.known(&own).is_none();
    if is_first {
        units.unit(RUNS);
    }
    units.join(subject, &own);
    is_first
}

/// Joins the repositories of runs with the deployments that name them.
pub(super) fn place(batch: &RecordBatch, units: &mut Units, is_wanted: impl Fn(&str) -> bool) {
    let (Ok(subjects), Ok(entities), Some(_)) = (text(batch, "subject"), text(batch, "entity_id"), units.known(RUNS)) else {
        return;
    };
    for row in (0..batch.num_rows()).filter(|row| subjects.is_valid(*row)) {
        let Some(run) = said(entities, row).filter(|run| is_wanted(run)) else { continue };
        let own = run_subject(run);
        if units.known(&own).is_some() {
            units.join(subjects.value(row), &own);
        }
    }
}

fn run_subject(run: &str) -> String {
    format!("{RUNS}{run}")
}
