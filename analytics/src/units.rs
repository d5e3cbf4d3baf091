//! Units: sets of subjects (repositories and services) that can influence each other's facts.
//!
//! A new statement can change the facts of its unit and of no other, so a refresh computes whole
//! units. Units live in shards, one file per fact and shard, so that a refresh writes few files.
//! Which statements join two subjects is said in `facts/touched.rs`.

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::RangeInclusive;
use waymark_event::{SchemaError, record_batch};

/// What a repository or service weighs, beside single things that stand for themselves.
const NAMED_WEIGHT: u64 = 1_000;
/// So many shards are enough for an organisation: each is a file of its own to write, and to look at for every
/// question.
const SHARDS: u64 = 100;
/// What a shard weighs that takes no more units, where so many would be too small or too large: about a dozen
/// repositories with their services, and as much as is computed at once.
const SHARD_WEIGHT: RangeInclusive<u64> = 24_000..=60_000;

/// One row of the stored table.
#[derive(Serialize, Deserialize)]
struct Row {
    subject: String,
    unit: i64,
    shard: i64,
}

/// Which unit each subject belongs to, and in which shard the unit's facts are kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Units {
    of: HashMap<String, u32>,
    members: BTreeMap<u32, Vec<String>>,
    shards: HashMap<u32, u32>,
    weights: BTreeMap<u32, u64>,
    /// What all units weigh.
    weight: u64,
    /// The number of the next new unit. One that went is not given again: files still hold rows of the unit that had it.
    next: u32,
    /// Units below this number are those of the base, which has rows of them.
    stored: u32,
    /// Units that took in others, and the shards in which the base has rows of those.
    grown: BTreeMap<u32, BTreeSet<u32>>,
    is_changed: bool,
}

impl Units {
    /// The units as they were stored; none when the table is of another form.
    pub(crate) fn stored(batches: &[RecordBatch]) -> Option<Self> {
        let mut units = Self::default();
        for batch in batches {
            let subject = batch.column_by_name("subject")?.as_string_opt::<i32>()?;
            let unit = batch.column_by_name("unit")?.as_primitive_opt::<Int64Type>()?;
            let shard = batch.column_by_name("shard")?.as_primitive_opt::<Int64Type>()?;
            for row in 0..batch.num_rows() {
                let (number, shard) = (u32::try_from(unit.value(row)).ok()?, u32::try_from(shard.value(row)).ok()?);
                units.of.insert(subject.value(row).to_owned(), number);
                units.members.entry(number).or_default().push(subject.value(row).to_owned());
                units.shards.insert(number, shard);
                *units.weights.entry(shard).or_default() += weight(subject.value(row));
                units.weight += weight(subject.value(row));
                units.next = units.next.max(number + 1);
            }
        }
        units.stored = units.next;
        Some(units)
    }

    /// The rows to be stored, in the order of the subjects.
    pub(crate) fn rows(&self) -> Result<RecordBatch, SchemaError> {
        let mut rows: Vec<Row> = self
            .of
            .iter()
            .map(|(subject, unit)| Row {
                subject: subject.clone(),
                unit: i64::from(*unit),
                shard: i64::from(self.shard(*unit)),
            })
            .collect();
        rows.sort_by(|left, right| left.subject.cmp(&right.subject));
        record_batch(&rows.iter().collect::<Vec<_>>(), "units")
    }

    /// The unit of a subject, a new one if it is not known.
    pub(crate) fn unit(&mut self, subject: &str) -> u32 {
        if let Some(unit) = self.of.get(subject) {
            return *unit;
        }
        let unit = self.next;
        self.next += 1;
        let newest = self.weights.last_key_value().map_or((0, 0), |(shard, weight)| (*shard, *weight));
        let shard = if newest.1 >= enough(self.weight) { newest.0 + 1 } else { newest.0 };
        *self.weights.entry(shard).or_default() += weight(subject);
        self.weight += weight(subject);
        self.of.insert(subject.to_owned(), unit);
        self.members.insert(unit, vec![subject.to_owned()]);
        self.shards.insert(unit, shard);
        self.is_changed = true;
        unit
    }

    /// The unit of a subject, if it is known.
    pub(crate) fn known(&self, subject: &str) -> Option<u32> {
        self.of.get(subject).copied()
    }

    /// Makes one unit of the units of two subjects, and tells which.
    pub(crate) fn join(&mut self, one: &str, other: &str) -> u32 {
        let (one, other) = (self.unit(one), self.unit(other));
        if one == other {
            return one;
        }
        let size = |unit: u32| self.members.get(&unit).map_or(0, Vec::len);
        let (kept, gone) = if size(one) >= size(other) { (one, other) } else { (other, one) };
        let (from, to) = (self.shard(gone), self.shard(kept));
        let moved = self.members.remove(&gone).unwrap_or_default();
        for subject in moved {
            let weight = weight(&subject);
            *self.weights.entry(to).or_default() += weight;
            if let Some(total) = self.weights.get_mut(&from) {
                *total = total.saturating_sub(weight);
            }
            self.of.insert(subject.clone(), kept);
            self.members.entry(kept).or_default().push(subject);
        }
        self.shards.remove(&gone);
        let mut left = self.grown.remove(&gone).unwrap_or_default();
        // A unit that came a moment ago has left no rows anywhere.
        if gone < self.stored {
            left.insert(from);
        }
        self.grown.entry(kept).or_default().extend(left);
        self.is_changed = true;
        kept
    }

    /// The subjects of a unit.
    pub(crate) fn members(&self, unit: u32) -> &[String] {
        self.members.get(&unit).map_or(&[], Vec::as_slice)
    }

    /// The shard in which a unit's facts are kept.
    pub(crate) fn shard(&self, unit: u32) -> u32 {
        self.shards.get(&unit).copied().unwrap_or_default()
    }

    /// Whether there is such a unit and its facts are kept in this shard.
    pub(crate) fn is_at(&self, unit: u32, shard: u32) -> bool {
        self.shards.get(&unit) == Some(&shard)
    }

    /// What a unit weighs, by how many rows its facts are likely to have.
    pub(crate) fn weight(&self, unit: u32) -> u64 {
        self.members(unit).iter().map(|subject| weight(subject)).sum()
    }

    /// Every unit that is known, in the order of their numbers.
    pub(crate) fn all(&self) -> impl Iterator<Item = u32> {
        self.members.keys().copied()
    }

    /// Units that took in others since the last call, each with the shards that hold old rows.
    pub(crate) fn take_grown(&mut self) -> BTreeMap<u32, BTreeSet<u32>> {
        std::mem::take(&mut self.grown)
    }

    /// The same units, after they were stored.
    pub(crate) fn after_storing(mut self) -> Self {
        self.is_changed = false;
        self.stored = self.next;
        self
    }

    /// Whether anything differs from what is stored.
    pub(crate) const fn is_changed(&self) -> bool {
        self.is_changed
    }

    /// Distributes all units over shards anew, neighbours by name together.
    pub(crate) fn spread(&mut self) {
        let mut order: Vec<(String, u32)> =
            self.members.iter().map(|(unit, members)| (members.iter().min().cloned().unwrap_or_default(), *unit)).collect();
        order.sort();
        self.shards.clear();
        self.weights.clear();
        self.grown.clear();
        let enough = enough(self.weight);
        let (mut shard, mut total) = (0, 0);
        for (_, unit) in order {
            if total >= enough {
                (shard, total) = (shard + 1, 0);
            }
            total += self.weight(unit);
            self.shards.insert(unit, shard);
            self.weights.insert(shard, total);
        }
        self.is_changed = true;
    }
}

/// The weight at which a shard takes no more units, where all of them weigh so much.
fn enough(all: u64) -> u64 {
    (all / SHARDS).clamp(*SHARD_WEIGHT.start(), *SHARD_WEIGHT.end())
}

fn weight(subject: &str) -> u64 {
    match subject.split_once('/') {
        Some(("entity" | "named" | "renamed" | "alerts" | "run" | "pull" | "places", _)) => 1,
        Some(("shared", _)) => NAMED_WEIGHT / 10,
        _ => NAMED_WEIGHT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_units_share_their_members_and_remember_where_the_base_had_them() {
        let mut units = Units::default();
        for number in 0..100 {
            units.unit(&format!("repository-{number}"));
        }
        let mut units = Units::stored(&[units.rows().unwrap()]).unwrap();
        let (first, last) = (units.unit("repository-0"), units.unit("repository-99"));
        assert_ne!(units.shard(first), units.shard(last));
        let old_shard = units.shard(last);
        assert_eq!(units.join("repository-0", "service"), first);
        assert!(units.take_grown()[&first].is_empty(), "what came a moment ago has no rows anywhere");
        assert_eq!(units.join("repository-99", "service"), first);
        assert_eq!(units.members(first).len(), 3);
        assert!(units.take_grown()[&first].contains(&old_shard));
        assert!(units.take_grown().is_empty());
    }

    #[test]
    fn shards_grow_with_the_organisation_and_stay_within_what_is_computed_at_once() {
        let sizes = |count: usize, is_spread: bool| {
            let mut units = Units::default();
            for number in 0..count {
                units.unit(&format!("service-{number:05}"));
            }
            if is_spread {
                units.spread();
            }
            let mut sizes: BTreeMap<u32, usize> = BTreeMap::new();
            units.all().for_each(|unit| *sizes.entry(units.shard(unit)).or_default() += 1);
            (sizes.len(), sizes.into_values().max().unwrap())
        };
        assert_eq!(sizes(480, true), (20, 24));
        assert_eq!(sizes(5_000, true), (100, 50));
        assert_eq!(sizes(12_000, true), (200, 60));
        // Those that came while it was smaller stay as they are until all are spread anew.
        assert_eq!(sizes(480, false), (20, 24));
        let (shards, largest) = sizes(5_000, false);
        assert!((160..180).contains(&shards) && largest == 50, "{shards} shards, {largest} units");
    }

    #[test]
    fn the_number_of_a_unit_that_went_is_not_given_again() {
        let mut units = Units::default();
        let (_, gone) = (units.unit("checkout"), units.unit("entity/incident"));
        units.join("checkout", "entity/incident");
        assert_ne!(units.unit("search"), gone);
    }

    #[test]
    fn what_is_stored_is_read_again() {
        let mut units = Units::default();
        units.join("github.com/acme/checkout", "checkout");
        units.unit("entity/incident");
        let again = Units::stored(&[units.rows().unwrap()]).unwrap();
        assert_eq!(again.known("checkout"), again.known("github.com/acme/checkout"));
        assert_ne!(again.known("checkout"), again.known("entity/incident"));
        assert_eq!(again.rows().unwrap(), units.rows().unwrap());
        assert!(!again.is_changed());
    }
}
