//! The facts of some units, computed beside those of others: nothing here is shared but what is read.
//!
//! Who belongs to which group is decided in `refresh.rs` and `portions.rs`; writing is left to `shards.rs`.

use super::adopted::{ADOPTION, Held, LaterFindings, held_of_units};
use super::inputs::{newest_with, observed_rows, register, size_bytes};
use super::placed::{Piece, Placed, Spans, places_of};
use super::plans::{FactPlans, FactSession};
use super::reads::{NAMES, observed};
use super::recent::{ByUnit, Recent, by_unit, is_kept};
use super::refresh::failed;
use super::shards::stacked;
use super::{FACTS, Fact, touched};
use crate::error::AnalyticsError;
use crate::units::Units;
use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use datafusion::error::DataFusionError;
use futures::future::BoxFuture;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Instant as StopWatch;
use tokio::task::JoinSet;
use waymark_event::Table;
use waymark_lake::{DataFile, Footers, Layout, Snapshot, TableVersion, Wanted, fact_table, observed_table, read_rows};

/// What every group of one refresh is computed from.
#[derive(Clone, Debug)]
pub(super) struct Ground {
    pub(super) plans: Arc<FactPlans>,
    pub(super) layout: Layout,
    pub(super) observed: Arc<BTreeMap<String, TableVersion>>,
    pub(super) base: Option<Arc<Snapshot>>,
    pub(super) units: Arc<Units>,
    pub(super) owners: RecordBatch,
    pub(super) spans: Spans,
    pub(super) footers: Footers,
    /// The findings of units with which the walk over them goes on.
    pub(super) later: Arc<LaterFindings>,
    /// What is kept of units that were computed a moment ago, the files that are new since, and whether to keep more.
    pub(super) recent: Arc<Recent>,
    pub(super) new_files: Arc<BTreeMap<Table, Vec<DataFile>>>,
    pub(super) is_recent_kept: bool,
}

/// What a group reads.
#[derive(Default)]
struct Inputs<'ground> {
    /// Everything that its facts read.
    needed: BTreeSet<&'ground str>,
    observed_bytes: u64,
    /// What was observed of its units, where it can be kept.
    recent: Vec<(Table, Option<ByUnit>)>,
}

/// The facts of some units.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) facts: BTreeSet<&'static str>,
    pub(super) units: BTreeSet<u32>,
    pub(super) parts: Vec<(&'static Fact, Placed)>,
    /// What was observed of the units took so much memory.
    pub(super) observed_bytes: u64,
    /// What is kept of findings where their walk was done.
    pub(super) held: Option<Vec<(u32, Held)>>,
    /// What was observed of the units, where it can be kept.
    pub(super) recent: Vec<(Table, Option<ByUnit>)>,
}

impl Ground {
    /// What new findings say of units that are gone on with.
    pub(super) async fn go_on(self, units: BTreeSet<u32>) -> Result<Group, AnalyticsError> {
        let session = FactSession::new(&self.plans);
        let name = observed(Table::Evidence);
        let findings = self.later.of_units(&units).map_err(|cause| register(&name, cause))?;
        session.put_all(&name, &findings).map_err(|cause| register(&name, cause))?;
        // No repository of theirs has had another name.
        session.put_all(NAMES, &[]).map_err(|cause| register(NAMES, cause))?;
        self.put_owners(&session, &self.subjects(&units))?;
        let facts: BTreeSet<&'static str> = ADOPTION.makes.iter().copied().collect();
        self.facts(&session, (facts, units), Inputs::default()).await
    }

    /// The given facts of the given units, each with the pieces in which its rows belong.
    pub(super) async fn compute(self, facts: BTreeSet<&'static str>, units: BTreeSet<u32>) -> Result<Group, AnalyticsError> {
        let session = FactSession::new(&self.plans);
        let began = StopWatch::now();
        let inputs = self.put_observed(&session, &facts, &units).await?;
        let observed_bytes = inputs.observed_bytes;
        tracing::debug!(elapsed_us = began.elapsed().as_micros(), observed_bytes, "what was observed was read");
        self.facts(&session, (facts, units), inputs).await
    }

    /// Computes facts of units, of which the session has what was observed.
    async fn facts(
        &self,
        session: &FactSession,
        (facts, units): (BTreeSet<&'static str>, BTreeSet<u32>),
        Inputs { needed, observed_bytes, recent }: Inputs<'_>,
    ) -> Result<Group, AnalyticsError> {
        let mut parts = Vec::new();
        let mut held = None;
        for fact in FACTS.iter().filter(|fact| !fact.units.is_empty()) {
            let error = |cause| failed(fact.name, cause);
            if !facts.contains(fact.name) {
                if needed.contains(fact.name) {
                    session.put(fact.name, &self.stored_of(fact, &units).await?).map_err(error)?;
                }
                continue;
            }
            let began = StopWatch::now();
            let rows = session.compute(fact).await.map_err(error)?;
            tracing::debug!(
                fact.name = fact.name,
                row.count = rows.num_rows(),
                unit.count = units.len(),
                elapsed_us = began.elapsed().as_micros(),
                "a fact was computed"
            );
            parts.push((fact, Placed::new(fact, rows, &self.units, self.spans).map_err(error)?));
            if ADOPTION.makes.contains(&fact.name) {
                let [findings, scans] = ADOPTION.leaves else { continue };
                let left = (&session.rows(findings).map_err(error)?, &session.rows(scans).map_err(error)?);
                held = Some(held_of_units(left.0, left.1, &self.units, &self.later).map_err(error)?);
            }
        }
        Ok(Group { facts, units, parts, observed_bytes, held, recent })
    }

    fn subjects(&self, units: &BTreeSet<u32>) -> BTreeSet<String> {
        units.iter().flat_map(|unit| self.units.members(*unit)).cloned().collect()
    }

    /// Puts what the catalogue says of some subjects into the session.
    fn put_owners(&self, session: &FactSession, subjects: &BTreeSet<String>) -> Result<(), AnalyticsError> {
        let name = "service_owners";
        let owners = touched::owners_about(&self.owners, subjects).map_err(|cause| failed(name, cause))?;
        session.put(name, &owners).map_err(|cause| register(name, cause))
    }

    /// Puts what was observed of the units into the session.
    async fn put_observed(
        &self,
        session: &FactSession,
        facts: &BTreeSet<&'static str>,
        units: &BTreeSet<u32>,
    ) -> Result<Inputs<'_>, AnalyticsError> {
        let subjects = self.subjects(units);
        let reads = facts.iter().flat_map(|fact| self.plans.reads().get(fact).into_iter().flatten());
        let needed: BTreeSet<&str> = reads.map(String::as_str).collect();
        let mut inputs = Inputs { needed, ..Inputs::default() };
        for table in Table::ALL.iter().copied() {
            let name = observed(table);
            if inputs.needed.contains(name.as_str()) {
                let (rows, recent) = self.observed_of(table, (units, &subjects)).await?;
                inputs.recent.push((table, recent));
                inputs.observed_bytes += size_bytes(&rows);
                session.put(&name, &rows).map_err(|cause| register(&name, cause))?;
            }
        }
        self.put_owners(session, &subjects)?;
        Ok(inputs)
    }

    /// What was observed of units, and by unit if it is to be kept: of those that were computed a moment ago, what is
    /// new besides what was kept.
    async fn observed_of(
        &self,
        table: Table,
        (units, subjects): (&BTreeSet<u32>, &BTreeSet<String>),
    ) -> Result<(RecordBatch, Option<ByUnit>), AnalyticsError> {
        let version = self.observed.get(&observed_table(table.name()));
        if self.is_recent_kept && is_kept(table) {
            let (known, others): (BTreeSet<u32>, BTreeSet<u32>) =
                units.iter().partition(|unit| self.recent.rows(**unit, table).is_some());
            let held: Vec<RecordBatch> = known.iter().filter_map(|unit| self.recent.rows(*unit, table)).cloned().collect();
            let (known, others) = (self.subjects(&known), self.subjects(&others));
            let new = self.new_files.get(&table).map_or(&[][..], Vec::as_slice);
            let all = version.map_or(&[][..], |version| &version.files);
            let mut parts = vec![(new, self.about(&known)), (all, self.about(&others))];
            parts.retain(|(_, wanted)| wanted.subjects.is_some_and(|subjects| !subjects.is_empty()));
            let read = newest_with(&self.plans, &self.layout, table, (&parts, &held)).await?;
            if let Some((stated, rows)) = read {
                let stated = by_unit(&stated, units, &self.units).map_err(|cause| register(table.name(), cause))?;
                if stated.is_some() {
                    return Ok((rows, stated));
                }
            }
        }
        Ok((observed_rows(&self.plans, &self.layout, (table, version), self.about(subjects)).await?, None))
    }

    fn about<'wanted>(&'wanted self, subjects: &'wanted BTreeSet<String>) -> Wanted<'wanted> {
        Wanted { subjects: Some(subjects), footers: Some(&self.footers), ..Wanted::default() }
    }

    /// The rows that the base has of a fact, of the given units.
    async fn stored_of(&self, fact: &'static Fact, units: &BTreeSet<u32>) -> Result<RecordBatch, AnalyticsError> {
        let shards: BTreeSet<u32> = units.iter().map(|unit| self.units.shard(*unit)).collect();
        let name = fact_table(fact.name);
        let version = self.base.as_ref().and_then(|base| base.tables.get(&name));
        let is_wanted = |file: &&DataFile| Piece::of(file).is_some_and(|piece| shards.contains(&piece.shard));
        let wanted: Vec<DataFile> = version.iter().flat_map(|version| &version.files).filter(is_wanted).cloned().collect();
        let rows = stacked(fact.name, &read_rows(&self.layout, &name, &wanted, Wanted::default()).await?)?;
        if rows.num_rows() == 0 {
            return Ok(rows);
        }
        let error = |cause| failed(fact.name, cause);
        let places = places_of(fact, &rows, &self.units, units).map_err(error)?;
        take_record_batch(&rows, &UInt32Array::from(places)).map_err(|cause| error(cause.into()))
    }
}

/// A group that is still to be computed.
pub(super) type Share = BoxFuture<'static, Result<Group, AnalyticsError>>;

/// Groups that are computed beside each other: as many run as there are threads, and the others wait for them.
pub(super) struct Computing {
    waiting: VecDeque<Share>,
    running: JoinSet<Result<Group, AnalyticsError>>,
}

impl Computing {
    pub(super) fn begin(mut waiting: VecDeque<Share>, threads: usize) -> Self {
        let mut running = JoinSet::new();
        waiting.drain(..threads.min(waiting.len())).for_each(|group| drop(running.spawn(group)));
        Self { waiting, running }
    }

    /// A group that is done; null when all are.
    pub(super) async fn next(&mut self) -> Result<Option<Group>, AnalyticsError> {
        let Some(ended) = self.running.join_next().await else { return Ok(None) };
        if let Some(group) = self.waiting.pop_front() {
            self.running.spawn(group);
        }
        ended.map_err(|cause| failed("facts", DataFusionError::External(Box::new(cause))))?.map(Some)
    }
}
