//! Units and their statements for scenario tests, which compute every fact once more without any company.
//!
//! A refresh computes some units beside others, and which ones depends on what came when and on the machine. A fact
//! that looked beyond its unit would depend on it too. How the two are compared is said in `scenario/apart.rs`.

use super::columns::{listed, said, text, texts};
use super::connections::Connections;
use super::{Fact, named, touched};
use crate::units::Units;
use arrow::array::{ArrayRef, BooleanArray, RecordBatch, StringArray, new_null_array};
use arrow::compute::{cast, filter_record_batch};
use datafusion::error::Result;
use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::sync::Arc;
use waymark_event::{Table, own_subject, shared_subject};

/// Statements of every table, in the order in which a scenario tells them.
pub(crate) type Told = Vec<(Table, RecordBatch)>;

/// Statements with the subject that each has where it arrives, which scenarios leave out.
pub(crate) fn with_subjects(table: Table, told: &RecordBatch) -> Result<RecordBatch> {
    let columns: &[&str] = match table {
        Table::Commit | Table::PullRequest | Table::CiRun | Table::Review => &["repository"],
        Table::Artifact => &["source_repository"],
        Table::Deployment => &["service_hint", "application"],
        Table::Evidence => &["service_hint", "repository"],
        Table::Service => &["name"],
        _ => &[],
    };
    let columns = columns.iter().map(|name| text(told, name)).collect::<Result<Vec<_>>>()?;
    let revisions = if table == Table::Deployment { Some(texts(told, "revisions")?) } else { None };
    let (entities, parts) = (text(told, "entity_id")?, text(told, "part_of")?);
    let subject = |row: usize| {
        let revision = revisions.and_then(|revisions| listed(revisions, row)?.next());
        let revised = revision.and_then(|revision| revision.split('@').next()).filter(|repository| !repository.is_empty());
        if let Some(named) = revised.or_else(|| columns.iter().find_map(|column| said(column, row))) {
            return named.to_owned();
        }
        let entity = said(parts, row).or_else(|| said(entities, row)).unwrap_or_default();
        let stands_for_itself = matches!(table, Table::Incident | Table::Deployment | Table::CiRun | Table::Evidence);
        if stands_for_itself { own_subject(entity) } else { shared_subject(entity) }
    };
    let subjects: ArrayRef = Arc::new(StringArray::from_iter_values((0..told.num_rows()).map(subject)));
    let place = told.schema().index_of("subject")?;
    let columns = told.columns().iter().enumerate();
    let columns = columns.map(|(at, column)| if at == place { Arc::clone(&subjects) } else { Arc::clone(column) });
    Ok(RecordBatch::try_new(told.schema(), columns.collect())?)
}

/// The units after a catalogue and these statements, each of which came alone and in an order that `seed` decides.
pub(crate) fn units_of(told: &Told, owners: &RecordBatch, rules: &RecordBatch, seed: u64) -> Result<Units> {
    let mut order: Vec<(Table, RecordBatch)> = Vec::new();
    for (table, rows) in told.iter().filter(|(table, _)| !touched::WHOLE.contains(table)) {
        let rows = fitted(*table, rows)?;
        order.extend((0..rows.num_rows()).map(|row| (*table, rows.slice(row, 1))));
    }
    let state = foldhash::fast::FixedState::with_seed(seed);
    let mut order: Vec<_> = order.into_iter().enumerate().collect();
    order.sort_by_key(|(place, _)| state.hash_one(place));
    let (mut units, mut connections) = (Units::default(), Connections::default());
    touched::service_paths(rules, &mut units);
    touched::owners(owners, &mut units);
    for (before, (_, (table, row))) in order.iter().enumerate() {
        let earlier = || order[..=before].iter().map(|(_, (table, row))| (*table, row));
        let unplaced = touched::take_in(*table, row, Some(&mut connections), &mut units);
        for subject in touched::subjects(std::slice::from_ref(row)) {
            units.unit(&subject);
        }
        for (named, _) in connections.take_new_names() {
            earlier().filter(|(of, _)| *of == named).for_each(|(_, row)| named::place(named, row, &mut units, |_| true));
        }
        let entities: BTreeSet<&str> = unplaced.iter().map(String::as_str).collect();
        earlier().filter(|(of, _)| of == table).for_each(|(_, row)| touched::same_entities(row, &entities, &mut units));
    }
    Ok(units)
}

/// Statements in the types in which a refresh reads what connects them.
fn fitted(table: Table, told: &RecordBatch) -> Result<RecordBatch> {
    let Some(fit) = touched::fit(table) else { return Ok(told.clone()) };
    let columns = fit.fields().iter().map(|field| {
        let column =
            told.column_by_name(field.name()).cloned().unwrap_or_else(|| new_null_array(field.data_type(), told.num_rows()));
        cast(&column, field.data_type())
    });
    let columns = columns.collect::<std::result::Result<Vec<_>, _>>()?;
    Ok(RecordBatch::try_new(fit, columns)?)
}

/// Of statements those about a unit.
pub(crate) fn about(told: &RecordBatch, units: &Units, unit: u32) -> Result<RecordBatch> {
    let subjects = text(told, "subject")?;
    let mask: BooleanArray = (0..told.num_rows())
        .map(|row| Some(said(subjects, row).and_then(|subject| units.known(subject)) == Some(unit)))
        .collect();
    Ok(filter_record_batch(told, &mask)?)
}

/// The catalogue as a unit sees it.
pub(crate) fn owners_of(owners: &RecordBatch, units: &Units, unit: u32) -> Result<RecordBatch> {
    touched::owners_about(owners, &units.members(unit).iter().cloned().collect())
}

/// The rows of a fact that belong to a unit, by their place.
pub(crate) fn places_of(fact: &Fact, rows: &RecordBatch, units: &Units, unit: u32) -> Result<Vec<u32>> {
    super::placed::places_of(fact, rows, units, &BTreeSet::from([unit]))
}
