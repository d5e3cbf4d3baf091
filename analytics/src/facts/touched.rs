//! Which units new statements touch, and which statements join two units into one.
//!
//! Joining too much only costs time; joining too little would give wrong facts. So every statement
//! that names two subjects joins them, whether or not a fact will follow the connection.

use super::columns::Words;
use super::connections::{Connections, said, text};
use super::named;
use crate::units::Units;
use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::error::DataFusionError;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use waymark_event::{Table, own_subject};
use waymark_lake::words_type;

/// Tables whose facts are computed whole, so that their statements touch no unit by themselves.
pub(super) const WHOLE: &[Table] = &[Table::Service, Table::SurveyResponse];

/// What the unit of a repository has among its members that has had several names.
const RENAMED: &str = "renamed/";

/// The columns that tell which units a statement touches and joins.
pub(super) const fn columns(table: Table) -> &'static [&'static str] {
    match table {
        Table::Deployment => &[
            "subject",
            "entity_id",
            "part_of",
            "deployment_id",
            "revisions",
            "artifacts",
            "service_hint",
            "application",
            "run",
        ],
        Table::Commit => &["subject", "service_hint", "repository_id", "source", "instance", "entity_id", "part_of"],
        Table::PullRequest | Table::CiRun => {
            &["subject", "repository_id", "source", "instance", "entity_id", "part_of", "is_deleted"]
        }
        Table::Incident => &[
            "subject",
            "entity_id",
            "incident_id",
            "merged_into",
            "parent",
            "deployment_links",
            "change_links",
            "source",
            "instance",
            "service_hints",
            "first_alert_at",
        ],
        Table::Artifact => &["subject", "digest"],
        Table::Evidence => &["subject", "repository"],
        _ => &["subject"],
    }
}

/// The types in which these columns are read, where statements are so many that their words are read by number.
pub(super) fn fit(table: Table) -> Option<SchemaRef> {
    let field = |name: &&str| Field::new(*name, words_type(), true);
    let is_read_so = table == Table::Evidence;
    is_read_so.then(|| Arc::new(Schema::new(columns(table).iter().map(field).collect::<Vec<_>>())))
}

/// Joins what the statements of a table connect. Yields entities that a statement tells of without their repository,
/// though another may have named it.
pub(super) fn take_in(
    table: Table,
    batch: &RecordBatch,
    connections: Option<&mut Connections>,
    units: &mut Units,
) -> BTreeSet<String> {
    match (table, connections) {
        (Table::Incident, Some(connections)) => connections.incidents(batch, units),
        (Table::Artifact, Some(connections)) => connections.artifacts(batch, units),
        (Table::Deployment, Some(connections)) => connections.deployments(batch, units),
        (Table::Commit, _) => commits(batch, units),
        (Table::Evidence, _) => evidence(batch, units),
        (Table::CiRun | Table::PullRequest, _) => named::place(table, batch, units, |_| true),
        _ => {}
    }
    match table {
        Table::Commit | Table::PullRequest | Table::CiRun => repositories(table, batch, units),
        _ => BTreeSet::new(),
    }
}

/// Statements about one repository belong together when it is renamed or moved, and those about one entity whether or
/// not they name the repository. Yields entities whose statement names none, where another one may.
fn repositories(table: Table, batch: &RecordBatch, units: &mut Units) -> BTreeSet<String> {
    let column = |name: &str| text(batch, name);
    let mut unplaced = BTreeSet::new();
    let Some(subjects) = column("subject") else { return unplaced };
    let (ids, sources, instances) = (column("repository_id"), column("source"), column("instance"));
    let (entities, parts) = (column("entity_id"), column("part_of"));
    let deleted = batch.column_by_name("is_deleted").and_then(|column| column.as_boolean_opt());
    let (mut last, mut last_origin) = (None, None);
    for row in (0..batch.num_rows()).filter(|row| subjects.is_valid(*row)) {
        let value = |column: Option<_>| column.and_then(|column| said(column, row));
        let subject = subjects.value(row);
        let origin = (value(sources).unwrap_or_default(), value(instances).unwrap_or_default());
        let names_repositories = || format!("places/{}:{}:{}", table.name(), origin.0, origin.1);
        if let Some(entity) = value(parts).or_else(|| value(entities)) {
            let own = own_subject(entity);
            let is_deleted = deleted.is_some_and(|deleted| deleted.is_valid(row) && deleted.value(row));
            if own == subject {
                // Most senders that leave the repository out never name one.
                if is_deleted || units.known(&names_repositories()).is_some() {
                    unplaced.insert(entity.to_owned());
                }
                continue;
            }
            if units.known(&own).is_some() {
                units.join(&own, subject);
            }
        }
        if last_origin != Some(origin) {
            units.unit(&names_repositories());
            last_origin = Some(origin);
        }
        let Some(id) = value(ids) else { continue };
        let pair = (subject, id);
        if last != Some(pair) {
            is_called(&format!("{}:{}:{id}", origin.0, origin.1), subject, units);
            last = Some(pair);
        }
    }
    unplaced
}

/// Joins these entities, whose statement names no repository, with what others say of them.
pub(super) fn same_entities(batch: &RecordBatch, entities: &BTreeSet<&str>, units: &mut Units) {
    let (Some(subjects), Some(ids), parts) = (text(batch, "subject"), text(batch, "entity_id"), text(batch, "part_of")) else {
        return;
    };
    for row in 0..batch.num_rows() {
        let entity = parts.and_then(|parts| said(parts, row)).or_else(|| said(ids, row));
        if let Some((subject, entity)) = said(subjects, row).zip(entity.filter(|entity| entities.contains(entity))) {
            units.join(&own_subject(entity), subject);
        }
    }
}

/// Whether a repository of a unit has had several names.
pub(super) fn is_renamed(unit: u32, units: &Units) -> bool {
    units.members(unit).iter().any(|member| member.starts_with(RENAMED))
}

/// Joins a repository's id with a name that it has.
fn is_called(id: &str, name: &str, units: &mut Units) {
    let (own, named) = (format!("repository/{id}"), format!("named/{id}={name}"));
    if units.known(&named).is_none() {
        if units.known(&own).is_some() {
            units.join(&own, &format!("{RENAMED}{id}"));
        }
        units.join(name, &own);
        units.join(name, &named);
    }
}

/// A service that a commit names belongs to the commit's repository.
fn commits(batch: &RecordBatch, units: &mut Units) {
    let (Some(subjects), Some(hints)) = (text(batch, "subject"), text(batch, "service_hint")) else { return };
    let mut last = None;
    for row in 0..batch.num_rows() {
        let pair = said(subjects, row).zip(said(hints, row));
        if pair.is_some() && pair == last {
            continue;
        }
        if let Some((repository, service)) = pair {
            units.join(repository, service);
        }
        last = pair;
    }
}

/// A service belongs to the repositories in which anything was found of it: one that is renamed is looked at under
/// another name, and still shows the same.
fn evidence(batch: &RecordBatch, units: &mut Units) {
    let (Ok(subjects), Ok(repositories)) = (Words::of(batch, "subject"), Words::of(batch, "repository")) else { return };
    let mut last = None;
    for row in 0..batch.num_rows() {
        let pair = subjects.number(row).zip(repositories.number(row));
        if pair == last {
            continue;
        }
        last = pair;
        if let Some((subject, repository)) = subjects.said(row).zip(repositories.said(row)).filter(|_| pair.is_some()) {
            units.join(subject, repository);
        }
    }
}

/// A service belongs to the repository in which paths are its own; a library that many share joins none of them.
pub(super) fn service_paths(rules: &RecordBatch, units: &mut Units) {
    let is_shared = rules.column_by_name("is_shared").and_then(|column| column.as_boolean_opt());
    let (Some(services), Some(repositories), Some(is_shared)) = (text(rules, "service"), text(rules, "repository"), is_shared)
    else {
        return;
    };
    for row in (0..rules.num_rows()).filter(|row| !is_shared.value(*row)) {
        units.join(repositories.value(row), services.value(row));
    }
}

/// A catalogued service belongs to its repository.
pub(super) fn owners(batch: &RecordBatch, units: &mut Units) {
    let (Some(services), Some(repositories)) = (text(batch, "service"), text(batch, "repository")) else { return };
    for row in 0..batch.num_rows() {
        match (said(services, row), said(repositories, row)) {
            (Some(service), Some(repository)) => drop(units.join(repository, service)),
            (Some(service), None) => drop(units.unit(service)),
            (None, _) => {}
        }
    }
}

/// The subjects of statements, each once.
pub(super) fn subjects(batches: &[RecordBatch]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for batch in batches {
        let words = Words::of(batch, "subject").ok();
        let texts = text(batch, "subject");
        let mut last = None;
        for row in 0..batch.num_rows() {
            let subject = words.as_ref().map_or_else(|| texts.and_then(|texts| said(texts, row)), |words| words.said(row));
            if subject != last
                && let Some(subject) = subject
            {
                found.insert(subject.to_owned());
            }
            last = subject;
        }
    }
    found
}

/// Services and repositories of which two versions of the catalogue say something different.
pub(super) fn changed_owners(before: &RecordBatch, after: &RecordBatch) -> BTreeSet<String> {
    let (before, after) = (described(before), described(after));
    let mut changed = BTreeSet::new();
    for key in before.keys().chain(after.keys()) {
        if before.get(key) != after.get(key) {
            changed.insert(key.clone());
        }
    }
    changed
}

/// Of the catalogue, the rows whose service or repository is among the given subjects.
pub(super) fn owners_about(owners: &RecordBatch, subjects: &BTreeSet<String>) -> Result<RecordBatch, DataFusionError> {
    let (Some(services), Some(repositories)) = (text(owners, "service"), text(owners, "repository")) else {
        return Ok(owners.clone());
    };
    let is_about = |column, row| said(column, row).is_some_and(|name| subjects.contains(name));
    let mask: BooleanArray =
        (0..owners.num_rows()).map(|row| Some(is_about(services, row) || is_about(repositories, row))).collect();
    Ok(filter_record_batch(owners, &mask)?)
}

/// Every row as text, under its service and under its repository.
fn described(owners: &RecordBatch) -> BTreeMap<String, Vec<String>> {
    let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (Some(services), Some(repositories)) = (text(owners, "service"), text(owners, "repository")) else { return rows };
    let options = arrow::util::display::FormatOptions::default();
    let columns: Vec<_> = owners
        .columns()
        .iter()
        .filter_map(|column| arrow::util::display::ArrayFormatter::try_new(column, &options).ok())
        .collect();
    for row in 0..owners.num_rows() {
        let whole: Vec<String> = columns.iter().map(|column| column.value(row).to_string()).collect();
        for key in said(services, row).into_iter().chain(said(repositories, row)) {
            rows.entry(key.to_owned()).or_default().push(whole.join("\u{1f}"));
        }
    }
    for described in rows.values_mut() {
        described.sort();
    }
    rows
}
