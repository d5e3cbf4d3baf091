//! What deployments, incidents and images say of each other by ids that either may tell first.
//!
//! Which statements are read, and what joins repositories and services, is said in `touched.rs`.

use super::named::is_first_naming;
use crate::units::Units;
use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use foldhash::fast::{FixedState, RandomState};
use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasher;
use waymark_event::{Table, own_subject};

/// What the connections of earlier statements were, kept from one refresh to the next.
#[derive(Debug, Default)]
pub(super) struct Connections {
    /// The place in `subjects` of each deployment, by the hash of its entity id.
    entities: HashMap<u64, u32, RandomState>,
    /// The same by its source's own id, and where other sources use that too, their places.
    natives: HashMap<u64, u32, RandomState>,
    other_natives: HashMap<u64, Vec<u32>, RandomState>,
    subjects: Vec<String>,
    places: HashMap<String, u32, RandomState>,
    /// Which incidents and images name something by this id.
    links: HashMap<String, BTreeSet<String>, RandomState>,
    /// Runs and pull requests that were named for the first time: they may have been told of before.
    new_names: BTreeSet<(Table, String)>,
}

impl Connections {
    /// Remembers what incidents name, and joins the incidents with what is known of it: deployments,
    /// repositories of changes, and other incidents.
    pub(super) fn incidents(&mut self, batch: &RecordBatch, units: &mut Units) {
        let Some(subjects) = text(batch, "subject") else { return };
        let column = |name: &str| text(batch, name);
        let (entities, natives) = (column("entity_id"), column("incident_id"));
        let others = [column("merged_into"), column("parent")];
        for row in (0..batch.num_rows()).filter(|row| subjects.is_valid(*row)) {
            let subject = subjects.value(row);
            for name in [entities, natives].into_iter().flatten().filter_map(|names| said(names, row)) {
                self.known_as(&of_incident(name), subject, units);
            }
            for name in others.into_iter().flatten().filter_map(|names| said(names, row)) {
                self.names(&of_incident(name), subject, units);
            }
            for link in listed(batch, "deployment_links", row) {
                self.names(link, subject, units);
            }
            if let Some(alerts) = alerts_of(batch, row) {
                units.join(&alerts, subject);
            }
            for link in listed(batch, "change_links", row) {
                if let Some((repository, _)) = link.split_once('@') {
                    units.join(repository, subject);
                } else if is_first_naming((Table::PullRequest, link), subject, units) {
                    self.new_names.insert((Table::PullRequest, link.to_owned()));
                }
            }
        }
    }

    /// Joins images with the deployments that run them.
    pub(super) fn artifacts(&mut self, batch: &RecordBatch, units: &mut Units) {
        let (Some(subjects), Some(digests)) = (text(batch, "subject"), text(batch, "digest")) else { return };
        for row in 0..batch.num_rows() {
            if let Some((subject, digest)) = said(subjects, row).zip(said(digests, row)) {
                self.names(digest, subject, units);
            }
        }
    }

    /// Something about `subject` names the thing of this id, which may be told of later.
    fn names(&mut self, id: &str, subject: &str, units: &mut Units) {
        self.links.entry(id.to_owned()).or_default().insert(subject.to_owned());
        let hash = hashed(id);
        let others = self.other_natives.get(&hash).into_iter().flatten();
        for place in self.entities.get(&hash).into_iter().chain(self.natives.get(&hash)).chain(others) {
            if let Some(named) = self.subjects.get(*place as usize) {
                units.join(named, subject);
            }
        }
    }

    /// The thing of this id is about `subject`: whatever names it belongs there.
    fn known_as(&mut self, id: &str, subject: &str, units: &mut Units) {
        self.join_named(id, subject, units);
        let place = self.place(subject);
        let hash = hashed(id);
        let first = *self.natives.entry(hash).or_insert(place);
        if first != place {
            let others = self.other_natives.entry(hash).or_default();
            if !others.contains(&place) {
                others.push(place);
            }
        }
    }

    /// Joins what deployments connect: their repositories, services and incidents, and what was
    /// said of the same deployment before.
    pub(super) fn deployments(&mut self, batch: &RecordBatch, units: &mut Units) {
        let Some(subjects) = text(batch, "subject") else { return };
        let column = |name: &str| text(batch, name);
        let (entities, parts, natives) = (column("entity_id"), column("part_of"), column("deployment_id"));
        let (hints, applications, runs) = (column("service_hint"), column("application"), column("run"));
        for row in (0..batch.num_rows()).filter(|row| subjects.is_valid(*row)) {
            let subject = subjects.value(row);
            let value = |column: Option<_>| column.and_then(|column| said(column, row));
            if let Some(service) = value(hints).or_else(|| value(applications)) {
                units.join(subject, service);
            }
            for revision in listed(batch, "revisions", row) {
                if let Some(repository) = revision.split('@').next().filter(|repository| !repository.is_empty()) {
                    units.join(subject, repository);
                }
            }
            if let Some(run) = value(runs).filter(|run| is_first_naming((Table::CiRun, run), subject, units)) {
                self.new_names.insert((Table::CiRun, run.to_owned()));
            }
            if let Some(entity) = value(parts).or_else(|| value(entities)) {
                self.same_deployment(entity, subject, units);
            }
            for name in value(natives).into_iter().chain(listed(batch, "artifacts", row)) {
                self.known_as(name, subject, units);
            }
        }
    }

    /// What was named for the first time since the last call.
    pub(super) fn take_new_names(&mut self) -> BTreeSet<(Table, String)> {
        std::mem::take(&mut self.new_names)
    }

    /// Two statements about one deployment belong together, whatever each of them is about.
    fn same_deployment(&mut self, entity: &str, subject: &str, units: &mut Units) {
        let place = self.place(subject);
        if let Some(earlier) = self.entities.insert(hashed(entity), place).filter(|earlier| *earlier != place)
            && let Some(earlier) = self.subjects.get(earlier as usize)
        {
            units.join(earlier, subject);
        }
        let own = own_subject(entity);
        if units.known(&own).is_some() {
            units.join(&own, subject);
        }
        self.join_named(entity, subject, units);
    }

    fn join_named(&self, id: &str, subject: &str, units: &mut Units) {
        for named in self.links.get(id).into_iter().flatten() {
            units.join(subject, named);
        }
    }

    fn place(&mut self, subject: &str) -> u32 {
        if let Some(place) = self.places.get(subject) {
            return *place;
        }
        let next = u32::try_from(self.subjects.len()).unwrap_or(u32::MAX);
        self.places.insert(subject.to_owned(), next);
        self.subjects.push(subject.to_owned());
        next
    }
}

pub(super) fn text<'batch>(batch: &'batch RecordBatch, name: &str) -> Option<&'batch StringArray> {
    batch.column_by_name(name)?.as_string_opt::<i32>()
}

pub(super) fn said(column: &StringArray, row: usize) -> Option<&str> {
    (column.is_valid(row) && !column.value(row).is_empty()).then(|| column.value(row))
}

/// The texts of a list; none where it is missing or null.
fn listed<'batch>(batch: &'batch RecordBatch, name: &str, row: usize) -> impl Iterator<Item = &'batch str> {
    let lists = batch.column_by_name(name).and_then(|column| column.as_list_opt::<i32>());
    let texts = lists.filter(|lists| lists.is_valid(row)).and_then(|lists| {
        let bound = |place: usize| usize::try_from(lists.value_offsets()[place]).ok();
        let places = bound(row)?..bound(row + 1)?;
        let texts = lists.values().as_string_opt::<i32>()?;
        Some(places.filter(|place| texts.is_valid(*place)).map(|place| texts.value(place)))
    });
    texts.into_iter().flatten()
}

/// What the alerts of one source about the same services have in common: one that fires again soon is the same trouble.
/// The services may be said by the incident, and the alert by what it took in.
fn alerts_of(batch: &RecordBatch, row: usize) -> Option<String> {
    let mut services: Vec<&str> = listed(batch, "service_hints", row).collect();
    services.sort_unstable();
    let part = |name: &str| text(batch, name).and_then(|column| said(column, row)).unwrap_or_default();
    (!services.is_empty()).then(|| format!("alerts/{}:{}:{}", part("source"), part("instance"), services.join(",")))
}

/// Incidents and deployments may have the same numbers.
fn of_incident(id: &str) -> String {
    format!("incident/{id}")
}

/// A collision joins two units that need not be joined, which costs time and changes no fact.
fn hashed(id: &str) -> u64 {
    FixedState::default().hash_one(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, ListArray};
    use arrow::buffer::OffsetBuffer;
    use arrow::datatypes::{DataType, Field};
    use std::sync::Arc;

    /// One statement: texts, and lists of texts.
    fn statement(texts: &[(&str, &str)], lists: &[(&str, &[&str])]) -> RecordBatch {
        let texts = texts.iter().map(|(name, text)| {
            let column: ArrayRef = Arc::new(StringArray::from(vec![*text]));
            (*name, column, true)
        });
        let lists = lists.iter().map(|(name, items)| {
            let field = Arc::new(Field::new("item", DataType::Utf8, true));
            let items = StringArray::from(items.to_vec());
            let offsets = OffsetBuffer::from_lengths([items.len()]);
            let column: ArrayRef = Arc::new(ListArray::new(field, offsets, Arc::new(items), None));
            (*name, column, true)
        });
        RecordBatch::try_from_iter_with_nullable(texts.chain(lists)).unwrap()
    }

    fn image() -> RecordBatch {
        statement(&[("subject", "acme/cart"), ("digest", "sha256:1")], &[])
    }

    fn sync() -> RecordBatch {
        let texts = [("subject", "acme/cluster"), ("entity_id", "d1"), ("deployment_id", "1"), ("service_hint", "cart")];
        statement(&texts, &[("revisions", &["acme/cluster@aaa"]), ("artifacts", &["sha256:1"])])
    }

    #[test]
    fn an_image_belongs_to_what_runs_it_whichever_is_told_first() {
        for is_image_first in [true, false] {
            let (mut connections, mut units) = (Connections::default(), Units::default());
            if is_image_first {
                connections.artifacts(&image(), &mut units);
                connections.deployments(&sync(), &mut units);
            } else {
                connections.deployments(&sync(), &mut units);
                connections.artifacts(&image(), &mut units);
            }
            assert!(units.known("acme/cart").is_some());
            assert_eq!(units.known("acme/cart"), units.known("cart"));
            assert_eq!(units.known("acme/cart"), units.known("acme/cluster"));
        }
    }

    #[test]
    fn an_incident_belongs_to_the_one_that_took_it_in_and_to_the_repository_of_its_change() {
        let incident = |subject, native, into, links: &[&str]| {
            let texts = [("subject", subject), ("entity_id", subject), ("incident_id", native), ("merged_into", into)];
            statement(&texts, &[("change_links", links)])
        };
        let of_service = |subject| statement(&[("subject", subject), ("entity_id", subject)], &[("service_hints", &["cart"])]);
        let (mut connections, mut units) = (Connections::default(), Units::default());
        connections.incidents(&of_service("entity/i3"), &mut units);
        connections.incidents(&of_service("entity/i4"), &mut units);
        assert_eq!(units.known("entity/i3"), units.known("entity/i4"), "an alert that one of them took in may fire again");
        for order in [[0, 1], [1, 0]] {
            let told = [incident("entity/i1", "7", "8", &[]), incident("entity/i2", "8", "", &["acme/cart@aaa"])];
            let (mut connections, mut units) = (Connections::default(), Units::default());
            for place in order {
                connections.incidents(&told[place], &mut units);
            }
            assert!(units.known("entity/i1").is_some());
            assert_eq!(units.known("entity/i1"), units.known("entity/i2"));
            assert_eq!(units.known("entity/i1"), units.known("acme/cart"));
        }
    }
}
