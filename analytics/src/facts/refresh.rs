//! Computes the facts of the units that new statements touch, and publishes a snapshot.
//!
//! What is new is read from the files that the newest snapshot does not name, so a refresh that was
//! interrupted is simply begun again. Readers see nothing until the snapshot is published, and then
//! all of it. A full refresh computes every unit and gives the same rows.

use super::adopted::{HeldFindings, LaterFindings};
use super::connections::Connections;
use super::group::{Computing, Ground, Share};
use super::inputs::observed_rows;
use super::placed::{Digests, Placed, Spans};
use super::plans::FactPlans;
use super::portions::{Groups, Portion, Portions, shares, with_few_plans};
use super::reads::{Reads, follow, observed};
use super::recent::{ByUnit, Recent};
use super::touched;
use super::{FACTS, Fact};
use crate::definitions::Definitions;
use crate::error::AnalyticsError;
use crate::units::Units;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;
use futures::FutureExt;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant as StopWatch;
use waymark_event::{Instant, Table};
use waymark_lake::{Footers, LakeError, Layout, REBUILT, Rewrite, Snapshot, TableVersion, Tables, Wanted, fact_table};

/// The table that says which subjects belong together; it is no fact and nobody asks for it.
pub(super) const UNITS: &str = "units";
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
    /// The plans of facts for the definitions of this fingerprint.
    plans: Option<(String, Arc<FactPlans>)>,
    footers: Footers,
    swept_at: Option<Instant>,
}

#[derive(Debug)]
pub(super) struct Remembered {
    /// The tables of which this is known.
    pub(super) tables: BTreeMap<String, TableVersion>,
    pub(super) units: Arc<Units>,
    pub(super) connections: Option<Connections>,
    pub(super) digests: NotedDigests,
    pub(super) findings: HeldFindings,
    pub(super) recent: Recent,
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
    /// other processes published first again and again; then the previous snapshot stands, unless a
    /// store failed that had taken the next one and did not tell.
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
            let plans = self.plans(&input, &fingerprint).await?;
            let began = StopWatch::now();
            let mut work = Work::begin(&input, (plans, self.footers.clone()), observed, base, remembered).await?;
            tracing::debug!(elapsed_ms = began.elapsed().as_millis(), "what is new was found");
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
                self.tidy(tables, input.as_of).await;
                return Ok(snapshot);
            }
        }
        Err(AnalyticsError::Overtaken)
    }

    async fn plans(&mut self, input: &Refresh<'_>, fingerprint: &str) -> Result<Arc<FactPlans>, AnalyticsError> {
        if let Some((_, plans)) = self.plans.as_ref().filter(|(known, _)| known == fingerprint) {
            return Ok(Arc::clone(plans));
        }
        let plans = Arc::new(FactPlans::new(input.definitions).await?);
        self.plans = Some((fingerprint.to_owned(), Arc::clone(&plans)));
        Ok(plans)
    }

    /// Removes files that nothing names, when it is time to. What is published is so whether or not this works, and
    /// what stays is found again next time.
    async fn tidy(&mut self, tables: &mut Tables, now: Instant) {
        // A clock that was set back must not put this off for ever.
        if self.swept_at.is_some_and(|last| last <= now && now < last.plus_seconds(SWEEP_SECONDS)) {
            return;
        }
        // Before the first refresh of a process nobody in it reads, and the kept snapshots protect the others.
        let grace_seconds = if self.swept_at.is_some() { GRACE_SECONDS } else { 0 };
        self.swept_at = Some(now);
        if let Err(error) = sweep(tables, grace_seconds, now).await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "files of facts that nobody reads could not be removed; it is tried again");
        }
    }
}

/// Removes the files of all facts that nothing names.
async fn sweep(tables: &mut Tables, grace_seconds: i64, now: Instant) -> Result<(), LakeError> {
    let kept = Snapshot::kept(tables.layout()).await?;
    for name in FACTS.iter().map(|fact| fact.name).chain([UNITS]) {
        tables.sweep(&fact_table(name), &kept, grace_seconds, now).await?;
    }
    Ok(())
}

/// New rows of one fact, and the units to which they belong.
#[derive(Default)]
pub(super) struct Computed {
    pub(super) parts: Vec<Placed>,
    pub(super) units: BTreeSet<u32>,
}

/// The files of one fact that a refresh has written, and the columns that they have.
#[derive(Default)]
pub(super) struct Written {
    pub(super) rewrite: Rewrite,
    pub(super) schema: Option<SchemaRef>,
}

impl Written {
    /// Whether any file differs.
    const fn is_any(&self) -> bool {
        !(self.rewrite.added.is_empty() && self.rewrite.removed.is_empty())
    }
}

/// One refresh on its way.
pub(super) struct Work<'work> {
    pub(super) input: &'work Refresh<'work>,
    pub(super) plans: Arc<FactPlans>,
    pub(super) footers: Footers,
    /// The tables of statements on which this refresh rests.
    pub(super) observed: Arc<BTreeMap<String, TableVersion>>,
    /// The tables of facts as this refresh leaves them.
    pub(super) written: BTreeMap<String, TableVersion>,
    /// The snapshot on which this one builds; null when everything is computed.
    pub(super) base: Option<Arc<Snapshot>>,
    pub(super) units: Arc<Units>,
    pub(super) connections: Option<Connections>,
    pub(super) digests: NotedDigests,
    /// What is kept of findings.
    pub(super) findings: HeldFindings,
    /// What was observed of units that were computed a moment ago.
    pub(super) recent: Arc<Recent>,
    /// What was read of them since, where it can be kept.
    pub(super) read: Vec<(BTreeSet<u32>, Table, Option<ByUnit>)>,
    pub(super) spans: Spans,
    /// What was touched in each unit: tables of observations, or the catalogue.
    pub(super) seeds: BTreeMap<u32, BTreeSet<String>>,
    pub(super) owners: RecordBatch,
    pub(super) has_new_owners: bool,
}

impl Work<'_> {
    async fn compute(&mut self, tables: &mut Tables) -> Result<BTreeMap<String, TableVersion>, AnalyticsError> {
        let grown = Arc::make_mut(&mut self.units).take_grown();
        let left: BTreeSet<u32> = grown.values().flatten().copied().collect();
        let later = self.later(&grown).await?;
        let groups = self.groups(self.plans.reads(), &grown, &later);
        let mut files: BTreeMap<&'static str, Written> = BTreeMap::new();
        // Of a unit that took in others only a part is known.
        for unit in grown.keys() {
            Arc::make_mut(&mut self.recent).forget(*unit);
        }
        let mut portions = Portions::new(groups, later.units(), &self.units, left);
        let is_recent_kept = self.base.is_some() && portions.is_about_few();
        let told = Table::ALL.iter().copied().filter(|_| is_recent_kept);
        let new_files = Arc::new(told.map(|table| (table, self.new_files(table))).collect());
        let ground = Ground { new_files, is_recent_kept, ..self.ground(later) };
        let mut next = portions.next().map(|portion| self.begin_portion(&ground, portion));
        while let Some((portion, left)) = next.take() {
            let began = StopWatch::now();
            let (computed, observed_bytes) = self.end_portion(portion).await?;
            portions.learn(observed_bytes);
            let compute_ms = began.elapsed().as_millis();
            // While one portion is written, the next is computed. A portion holds whole shards, which need not wait in
            // memory.
            next = portions.next().map(|portion| self.begin_portion(&ground, portion));
            self.write(tables, computed, &left, &mut files).await?;
            let write_ms = began.elapsed().as_millis().saturating_sub(compute_ms);
            tracing::debug!(compute_ms, write_ms, observed_bytes, "a portion of the facts was computed and written");
        }
        drop(ground);
        self.keep_recent();
        let began = StopWatch::now();
        // What was computed and is as it was changes nothing that is made from it.
        files.retain(|_, written| self.base.is_none() || written.is_any());
        let changed: BTreeSet<&'static str> = files.keys().copied().collect();
        for name in FACTS.iter().map(|fact| fact.name).chain([UNITS]).filter(|name| !changed.contains(name)) {
            self.restore_base(tables, name).await?;
        }
        for (fact, written) in files {
            self.commit(tables, fact, written).await?;
        }
        self.compute_whole(tables, &changed).await?;
        self.write_units(tables).await?;
        tracing::debug!(elapsed_ms = began.elapsed().as_millis(), "the tables of facts were committed");
        let mut versions = self.observed.as_ref().clone();
        versions.append(&mut self.written);
        Ok(versions)
    }

    /// Keeps what was read of units for what comes next about them.
    fn keep_recent(&mut self) {
        let recent = Arc::make_mut(&mut self.recent);
        for (units, table, read) in std::mem::take(&mut self.read) {
            recent.keep(&units, table, read);
        }
        recent.end_turn(&self.units);
    }

    /// Of the units that nothing touches but new findings, those in which they come after all that is kept.
    async fn later(&self, grown: &BTreeMap<u32, BTreeSet<u32>>) -> Result<LaterFindings, AnalyticsError> {
        let only = BTreeSet::from([observed(Table::Evidence)]);
        let touched = self.seeds.iter().filter(|(unit, seeds)| **seeds == only && !grown.contains_key(unit));
        // Who looked where is known by the names of repositories, and what is kept has them as they were told.
        let is_kept = |unit: &u32| self.findings.has(*unit) && !touched::is_renamed(*unit, &self.units);
        let touched: BTreeSet<u32> = touched.map(|(unit, _)| *unit).filter(is_kept).collect();
        if touched.is_empty() {
            return Ok(LaterFindings::default());
        }
        let subjects: BTreeSet<String> = touched.iter().flat_map(|unit| self.units.members(*unit)).cloned().collect();
        let files = TableVersion { files: self.new_files(Table::Evidence), ..TableVersion::default() };
        let wanted = Wanted { subjects: Some(&subjects), ..Wanted::default() };
        let new = observed_rows(&self.plans, self.input.layout, (Table::Evidence, Some(&files)), wanted).await?;
        let later = self.findings.later(&touched, new, (&self.plans, &self.units));
        let later = later.map_err(|cause| failed("adoption_status", cause))?;
        tracing::debug!(touched.count = touched.len(), later.count = later.units().len(), "new findings were looked at");
        Ok(later)
    }

    /// Which facts of which units have to be computed.
    fn groups(&self, reads: &Reads, grown: &BTreeMap<u32, BTreeSet<u32>>, later: &LaterFindings) -> Groups {
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
        let is_left_out = |unit: &u32| !known.contains(unit) || grown.contains_key(unit) || later.has(*unit);
        for (unit, seeds) in self.seeds.iter().filter(|(unit, _)| !is_left_out(unit)) {
            groups.entry(follow(reads, seeds)).or_default().insert(*unit);
        }
        groups
    }

    /// What every group of this refresh is computed from.
    fn ground(&self, later: LaterFindings) -> Ground {
        Ground {
            plans: Arc::clone(&self.plans),
            layout: self.input.layout.clone(),
            observed: Arc::clone(&self.observed),
            base: self.base.clone(),
            units: Arc::clone(&self.units),
            owners: self.owners.clone(),
            spans: self.spans,
            footers: self.footers.clone(),
            later: Arc::new(later),
            recent: Arc::clone(&self.recent),
            new_files: Arc::default(),
            is_recent_kept: false,
        }
    }

    /// Begins to compute the facts of a portion; its units are shared among as many threads as there are.
    fn begin_portion(&self, ground: &Ground, Portion { groups, later, left }: Portion) -> (Computing, BTreeSet<u32>) {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let mut waiting: VecDeque<Share> = VecDeque::new();
        for (facts, units) in with_few_plans(groups) {
            let shares = shares(&units, &self.units, threads).into_iter();
            waiting.extend(shares.map(|units| ground.clone().compute(facts.clone(), units).boxed()));
        }
        if !later.is_empty() {
            let shares = shares(&later, &self.units, threads).into_iter();
            waiting.extend(shares.map(|units| ground.clone().go_on(units).boxed()));
        }
        (Computing::begin(waiting, threads), left)
    }

    /// The facts of a portion.
    async fn end_portion(&mut self, mut portion: Computing) -> Result<(BTreeMap<&'static str, Computed>, u64), AnalyticsError> {
        let mut computed: BTreeMap<&'static str, Computed> = BTreeMap::new();
        let mut observed_bytes = 0;
        while let Some(group) = portion.next().await? {
            observed_bytes += group.observed_bytes;
            if let Some(held) = group.held {
                self.findings.keep(&group.units, held);
            }
            self.read.extend(group.recent.into_iter().map(|(table, read)| (group.units.clone(), table, read)));
            for name in group.facts {
                computed.entry(name).or_default().units.extend(&group.units);
            }
            for (fact, placed) in group.parts {
                computed.entry(fact.name).or_default().parts.push(placed);
            }
        }
        Ok((computed, observed_bytes))
    }
}

/// The fact of a name that this program itself spells.
pub(super) fn fact_named(name: &str) -> &'static Fact {
    FACTS.iter().find(|fact| fact.name == name).unwrap_or(&FACTS[0])
}

pub(super) fn failed(fact: &str, cause: DataFusionError) -> AnalyticsError {
    AnalyticsError::Fact { fact: fact.to_owned(), cause: Box::new(cause) }
}
