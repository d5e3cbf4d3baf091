//! Computes the facts of the units that new statements touch, and publishes a snapshot.
//!
//! What is new is read from the files that the newest snapshot does not name, so a refresh that was
//! interrupted is simply begun again. Readers see nothing until the snapshot is published, and then
//! all of it. A full refresh computes every unit and gives the same rows.

use super::inputs::{self, register, rows_of};
use super::placed::{Digests, Spans};
use super::reads::{Reads, follow, observed, reads};
use super::touched::{self, Connections};
use super::{FACTS, Fact};
use crate::definitions::Definitions;
use crate::engine::register_batch;
use crate::error::AnalyticsError;
use crate::units::Units;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Instant as StopWatch;
use waymark_event::{Instant, Table};
use waymark_lake::{LakeError, Layout, REBUILT, Rewrite, Snapshot, TableVersion, Tables, fact_table, observed_table};

/// The table that says which subjects belong together; it is no fact and nobody asks for it.
pub(super) const UNITS: &str = "units";
/// What the units that are computed together may weigh: enough to be quick, little enough for the
/// memory. Planning the statements costs as much for one unit as for many.
const WEIGHT_AT_ONCE: u64 = 40_000;
/// Planning a statement takes as long as computing it for about so many units.
const PLANNED_UNITS: usize = 3;
/// Files that nothing names are looked for this often.
const SWEEP_SECONDS: i64 = 60;
/// How long a reader may hold on to files that no kept snapshot names any more.
const GRACE_SECONDS: i64 = 600;

/// What a refresh is made from.
#[derive(Clone, Debug)]
pub struct Refresh<'refresh> {
    /// The data folder.
    pub layout: &'refresh Layout,
    /// What the organisation says.
    pub definitions: &'refresh Definitions,
    /// The instant that answers will describe.
    pub as_of: Instant,
    /// The last position of each stream that is in the tables.
    pub positions: BTreeMap<String, i64>,
    /// How much of the facts is computed.
    pub extent: Extent,
}

/// How much of the facts a refresh computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// What new statements touch; everything where nothing can be built upon.
    Touched,
    /// Everything, from nothing, whatever is there.
    Everything,
}

/// Computes facts again and again, and remembers in between what it would otherwise read anew.
#[derive(Debug, Default)]
pub struct Refresher {
    remembered: Option<Remembered>,
    swept_at: Option<Instant>,
}

#[derive(Debug)]
pub(super) struct Remembered {
    /// The tables of which this is known.
    pub(super) tables: BTreeMap<String, TableVersion>,
    pub(super) units: Units,
    pub(super) connections: Option<Connections>,
    pub(super) digests: NotedDigests,
}

/// What the footers of files note, by table and file; files never change under their name.
pub(super) type NotedDigests = HashMap<(String, String), Digests>;

/// Whether statements were read again since a snapshot: then no file tells which ones are gone.
fn was_rebuilt_since(snapshot: &Snapshot, observed: &BTreeMap<String, TableVersion>) -> bool {
    observed.iter().any(|(name, version)| {
        let known = snapshot.tables.get(name).map_or(&[][..], |version| &version.files);
        version.files.iter().any(|file| file.path.starts_with(REBUILT) && !known.contains(file))
    })
}

/// Computes facts once, as [`Refresher::refresh`].
///
/// # Errors
/// As [`Refresher::refresh`].
pub async fn refresh(tables: &mut Tables, input: Refresh<'_>) -> Result<Snapshot, AnalyticsError> {
    Refresher::default().refresh(tables, input).await
}

impl Refresher {
    /// Computes what has changed since the newest snapshot, writes it, and publishes the next one.
    ///
    /// # Errors
    /// `Fact` when one could not be computed, `Lake` when it could not be written, `Overtaken` when
    /// other processes published first again and again; then the previous snapshot stands.
    pub async fn refresh(&mut self, tables: &mut Tables, input: Refresh<'_>) -> Result<Snapshot, AnalyticsError> {
        for _ in 0..3 {
            let previous = Snapshot::newest(input.layout).await?;
            // Read after the snapshot, so that what it knows is among it.
            let observed = tables.statement_versions().await?;
            let fingerprint = input.definitions.fingerprint();
            let base = previous.clone().filter(|snapshot| {
                let is_usable = input.extent == Extent::Touched && snapshot.definitions == fingerprint;
                is_usable && snapshot.tables.contains_key(&fact_table(UNITS)) && !was_rebuilt_since(snapshot, &observed)
            });
            let id = Snapshot::next_id(previous.as_ref().map(|snapshot| snapshot.id.as_str()));
            let remembered = self.remembered.take();
            let remembered = remembered.filter(|held| base.as_ref().is_some_and(|snapshot| snapshot.tables == held.tables));
            let mut work = Work::begin(&input, observed, base, remembered).await?;
            let versions = match work.compute(tables).await {
                // Another machine was quicker, and what it published is built upon.
                Err(AnalyticsError::Lake(LakeError::Overtaken { .. })) => continue,
                versions => versions?,
            };
            let snapshot = Snapshot {
                id,
                as_of: input.as_of,
                definitions: fingerprint,
                positions: input.positions.clone(),
                tables: versions,
            };
            if snapshot.publish(input.layout).await? {
                self.remembered = Some(work.remember(snapshot.tables.clone()));
                self.sweep(tables, input.as_of).await?;
                return Ok(snapshot);
            }
        }
        Err(AnalyticsError::Overtaken)
    }

    /// Removes files that nothing names. Before the first refresh of a process nobody in it reads,
    /// and the kept snapshots protect the others.
    async fn sweep(&mut self, tables: &mut Tables, now: Instant) -> Result<(), AnalyticsError> {
        let grace_seconds = if self.swept_at.is_some() { GRACE_SECONDS } else { 0 };
        // A clock that was set back must not put this off for ever.
        if self.swept_at.is_some_and(|last| last <= now && now < last.plus_seconds(SWEEP_SECONDS)) {
            return Ok(());
        }
        let kept = Snapshot::kept(tables.layout()).await?;
        for name in FACTS.iter().map(|fact| fact.name).chain([UNITS]) {
            tables.sweep(&fact_table(name), &kept, grace_seconds, now).await?;
        }
        self.swept_at = Some(now);
        Ok(())
    }
}

/// Units by the facts that have to be computed of them.
type Groups = BTreeMap<BTreeSet<&'static str>, BTreeSet<u32>>;

/// New rows of one fact, and the units to which they belong.
#[derive(Default)]
pub(super) struct Computed {
    pub(super) rows: Vec<RecordBatch>,
    pub(super) units: BTreeSet<u32>,
}

/// The files of one fact that a refresh has written, and the columns that they have.
#[derive(Default)]
pub(super) struct Written {
    pub(super) rewrite: Rewrite,
    pub(super) schema: Option<SchemaRef>,
}

/// One refresh on its way.
pub(super) struct Work<'work> {
    pub(super) input: &'work Refresh<'work>,
    /// The tables of statements on which this refresh rests.
    pub(super) observed: BTreeMap<String, TableVersion>,
    /// The tables of facts as this refresh leaves them.
    pub(super) written: BTreeMap<String, TableVersion>,
    /// The snapshot on which this one builds; null when everything is computed.
    pub(super) base: Option<Snapshot>,
    pub(super) units: Units,
    pub(super) connections: Option<Connections>,
    pub(super) digests: NotedDigests,
    pub(super) spans: Spans,
    /// What was touched in each unit: tables of observations, or the catalogue.
    pub(super) seeds: BTreeMap<u32, BTreeSet<String>>,
    pub(super) owners: RecordBatch,
    pub(super) has_new_owners: bool,
}

impl Work<'_> {
    async fn compute(&mut self, tables: &mut Tables) -> Result<BTreeMap<String, TableVersion>, AnalyticsError> {
        let reads = reads().map_err(|cause| failed("facts", cause))?;
        let grown = self.units.take_grown();
        let left: BTreeSet<u32> = grown.values().flatten().copied().collect();
        let groups = self.groups(&reads, &grown);
        let mut files: BTreeMap<&'static str, Written> = BTreeMap::new();
        for portion in self.portions(groups, &left) {
            let mut computed: BTreeMap<&'static str, Computed> = BTreeMap::new();
            let began = StopWatch::now();
            for (facts, units) in with_few_plans(portion) {
                self.compute_group(&reads, &facts, &units, &mut computed).await?;
            }
            let compute_ms = began.elapsed().as_millis();
            // A portion holds whole shards, which need not wait in memory.
            self.write(tables, computed, &left, &mut files).await?;
            let write_ms = began.elapsed().as_millis().saturating_sub(compute_ms);
            tracing::debug!(compute_ms, write_ms, "a portion of the facts was computed and written");
        }
        let changed: BTreeSet<&'static str> = files.keys().copied().collect();
        for name in FACTS.iter().map(|fact| fact.name).chain([UNITS]).filter(|name| !changed.contains(name)) {
            self.restore_base(tables, name).await?;
        }
        for (fact, written) in files {
            self.commit(tables, fact, written).await?;
        }
        self.compute_whole(tables, &reads, &changed).await?;
        self.write_units(tables).await?;
        let mut versions = self.observed.clone();
        versions.append(&mut self.written);
        Ok(versions)
    }

    /// Which facts of which units have to be computed.
    fn groups(&self, reads: &Reads, grown: &BTreeMap<u32, BTreeSet<u32>>) -> Groups {
        let all: BTreeSet<&'static str> = FACTS.iter().filter(|fact| !fact.units.is_empty()).map(|fact| fact.name).collect();
        if self.base.is_none() {
            return Groups::from([(all, self.units.all().collect())]);
        }
        let known: BTreeSet<u32> = self.units.all().collect();
        let mut groups = Groups::new();
        for unit in grown.keys().filter(|unit| known.contains(unit)) {
            groups.entry(all.clone()).or_default().insert(*unit);
        }
        // A unit that was touched may have been joined to another since.
        let touched = self.seeds.iter().filter(|(unit, _)| known.contains(unit) && !grown.contains_key(unit));
        for (unit, seeds) in touched {
            groups.entry(follow(reads, seeds)).or_default().insert(*unit);
        }
        groups
    }

    /// Groups in portions that fit into memory. Each shard is in one portion only, and when units have
    /// left shards there is one portion, because those shards are written with it.
    fn portions(&self, groups: Groups, left: &BTreeSet<u32>) -> Vec<Groups> {
        if self.base.is_none() && self.units.all().next().is_none() {
            // Without any statement there are still facts, which have columns and no rows.
            return vec![groups];
        }
        let mut by_shard: BTreeMap<u32, Vec<(u32, BTreeSet<&'static str>)>> = BTreeMap::new();
        for (facts, units) in groups {
            for unit in units {
                by_shard.entry(self.units.shard(unit)).or_default().push((unit, facts.clone()));
            }
        }
        let mut portions: Vec<Groups> = Vec::new();
        let mut weight = u64::MAX;
        for units in by_shard.into_values() {
            let added: u64 = units.iter().map(|(unit, _)| self.units.weight(*unit)).sum();
            if portions.is_empty() || (left.is_empty() && weight.saturating_add(added) > WEIGHT_AT_ONCE) {
                portions.push(Groups::new());
                weight = 0;
            }
            weight = weight.saturating_add(added);
            if let Some(portion) = portions.last_mut() {
                for (unit, facts) in units {
                    portion.entry(facts).or_default().insert(unit);
                }
            }
        }
        portions
    }

    async fn compute_group(
        &self,
        reads: &Reads,
        facts: &BTreeSet<&'static str>,
        units: &BTreeSet<u32>,
        computed: &mut BTreeMap<&'static str, Computed>,
    ) -> Result<(), AnalyticsError> {
        let context = inputs::session(self.input.definitions)?;
        let subjects: BTreeSet<String> = units.iter().flat_map(|unit| self.units.members(*unit)).cloned().collect();
        let needed: BTreeSet<&str> =
            facts.iter().flat_map(|fact| reads.get(fact).into_iter().flatten()).map(String::as_str).collect();
        for table in Table::ALL.iter().filter(|table| needed.contains(observed(**table).as_str())) {
            let version = self.observed.get(&observed_table(table.name()));
            inputs::register_observed(&context, self.input.layout, *table, version, Some(&subjects)).await?;
        }
        self.register_owners(&context, &subjects)?;
        for fact in FACTS.iter().filter(|fact| !fact.units.is_empty()) {
            let error = |cause| failed(fact.name, cause);
            if !facts.contains(fact.name) {
                if needed.contains(fact.name) {
                    let rows = self.stored_of(fact, units).await?;
                    register_batch(&context, fact.name, rows).map_err(error)?;
                }
                continue;
            }
            let rows = rows_of(&context, fact).await.map_err(error)?;
            tracing::debug!(
                fact.name = fact.name,
                row.count = rows.num_rows(),
                unit.count = units.len(),
                "a fact was computed"
            );
            let kept = computed.entry(fact.name).or_default();
            kept.units.extend(units);
            kept.rows.push(rows.clone());
            if !fact.sql.is_empty() {
                register_batch(&context, fact.name, rows).map_err(error)?;
            }
        }
        Ok(())
    }

    /// Of the catalogue, what is about the given subjects.
    fn register_owners(&self, context: &SessionContext, subjects: &BTreeSet<String>) -> Result<(), AnalyticsError> {
        let rows = touched::owners_about(&self.owners, subjects).map_err(|cause| failed("service_owners", cause))?;
        register_batch(context, "service_owners", rows).map_err(|cause| register("service_owners", cause))
    }
}

/// Groups of which planning the statements would cost more than computing a few facts too many.
fn with_few_plans(groups: Groups) -> Groups {
    let Some(widest) = groups.keys().max_by_key(|facts| facts.len()).cloned() else { return groups };
    let mut few = Groups::new();
    for (facts, units) in groups {
        let missing = widest.difference(&facts).count();
        let is_cheap = facts.is_subset(&widest) && units.len() * missing <= PLANNED_UNITS * facts.len();
        few.entry(if is_cheap { widest.clone() } else { facts }).or_default().extend(units);
    }
    few
}

/// The fact of a name that this program itself spells.
pub(super) fn fact_named(name: &str) -> &'static Fact {
    FACTS.iter().find(|fact| fact.name == name).unwrap_or(&FACTS[0])
}

pub(super) fn failed(fact: &str, cause: DataFusionError) -> AnalyticsError {
    AnalyticsError::Fact { fact: fact.to_owned(), cause: Box::new(cause) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_units_with_fewer_facts_are_computed_with_the_others() {
        let all = BTreeSet::from(["attempts", "commits", "ci_runs"]);
        let runs = BTreeSet::from(["ci_runs"]);
        let few = Groups::from([(all.clone(), BTreeSet::from([1, 2])), (runs.clone(), BTreeSet::from([3]))]);
        assert_eq!(with_few_plans(few), Groups::from([(all.clone(), BTreeSet::from([1, 2, 3]))]));
        let many = Groups::from([(all, BTreeSet::from([1, 2])), (runs, (3..30).collect())]);
        assert_eq!(with_few_plans(many.clone()), many);
    }
}
