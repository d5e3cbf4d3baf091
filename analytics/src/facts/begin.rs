//! What a refresh begins with: the units, the catalogue, and what the new files touch.
//!
//! The new files are those that the base does not name. What is computed from this is said in
//! `refresh.rs`.

use super::adopted::HeldFindings;
use super::connections::Connections;
use super::named;
use super::placed::Spans;
use super::plans::{FactPlans, FactSession};
use super::reads::{NAMES, observed};
use super::refresh::{NotedDigests, Refresh, Remembered, UNITS, Work, fact_named, failed};
use super::shards::stacked;
use super::touched::{self, WHOLE};
use crate::error::AnalyticsError;
use crate::units::Units;
use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use futures::TryStreamExt;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use waymark_event::Table;
use waymark_lake::{DataFile, Footers, Snapshot, TableVersion, Wanted, file_by_file, observed_table};

/// Tables whose statements connect two subjects by an id that either may tell first.
const CONNECTING: &[Table] = &[Table::Incident, Table::Artifact, Table::Deployment];

impl<'work> Work<'work> {
    pub(super) async fn begin(
        input: &'work Refresh<'work>,
        (plans, footers): (Arc<FactPlans>, Footers),
        observed: BTreeMap<String, TableVersion>,
        base: Option<Snapshot>,
        remembered: Option<Remembered>,
    ) -> Result<Self, AnalyticsError> {
        let mut work = Self {
            input,
            plans,
            footers,
            observed: Arc::new(observed),
            written: BTreeMap::new(),
            base: base.map(Arc::new),
            units: Arc::default(),
            connections: None,
            digests: NotedDigests::new(),
            findings: HeldFindings::default(),
            recent: Arc::default(),
            read: Vec::new(),
            spans: Spans::at(input.as_of),
            seeds: BTreeMap::new(),
            owners: RecordBatch::new_empty(Arc::new(Schema::empty())),
            has_new_owners: false,
        };
        match (remembered, &work.base) {
            (Some(held), _) => {
                (work.units, work.connections, work.digests) = (held.units, held.connections, held.digests);
                work.findings = held.findings;
                work.recent = Arc::new(held.recent);
            }
            (None, Some(_)) => {
                match Units::stored(&work.stored(UNITS, None).await?) {
                    Some(units) => work.units = Arc::new(units),
                    // Stored in a form that is not known: everything is computed.
                    None => work.base = None,
                }
            }
            (None, None) => {}
        }
        // Other rules are another definition, and everything is computed then.
        if let (None, Some(rules)) = (&work.base, work.plans.register("service_paths")) {
            touched::service_paths(rules, Arc::make_mut(&mut work.units));
        }
        work.read_owners().await?;
        work.find_touched().await?;
        Ok(work)
    }

    pub(super) fn remember(self, tables: BTreeMap<String, TableVersion>) -> Remembered {
        let mut digests = self.digests;
        let live: BTreeSet<(&str, &str)> = tables
            .iter()
            .flat_map(|(table, version)| version.files.iter().map(|file| (table.as_str(), file.path.as_str())))
            .collect();
        digests.retain(|(table, file), _| live.contains(&(table.as_str(), file.as_str())));
        drop(live);
        let mut findings = self.findings;
        findings.retain(&self.units);
        Remembered {
            tables,
            units: Arc::new(Arc::unwrap_or_clone(self.units).after_storing()),
            connections: self.connections,
            digests,
            findings,
            recent: Arc::unwrap_or_clone(self.recent),
        }
    }

    /// The catalogue comes first: it joins services and repositories, and what it newly says of
    /// them touches their units.
    async fn read_owners(&mut self) -> Result<(), AnalyticsError> {
        let fact = fact_named("service_owners");
        self.has_new_owners = self.base.is_none() || !self.new_files(Table::Service).is_empty();
        if !self.has_new_owners {
            let stored = self.stored(fact.name, None).await?;
            self.owners = stacked(fact.name, &stored)?;
            return Ok(());
        }
        let session = FactSession::new(&self.plans);
        self.put_all_observed(&session, Table::Service).await?;
        // What the catalogue lost in one night decides what is believed of it.
        let losses = fact_named("catalogue_losses");
        session.compute(losses).await.map_err(|cause| failed(losses.name, cause))?;
        self.owners = session.compute(fact).await.map_err(|cause| failed(fact.name, cause))?;
        touched::owners(&self.owners, Arc::make_mut(&mut self.units));
        if self.base.is_some() {
            let before = stacked(fact.name, &self.stored(fact.name, None).await?)?;
            for subject in touched::changed_owners(&before, &self.owners) {
                let unit = Arc::make_mut(&mut self.units).unit(&subject);
                self.seeds.entry(unit).or_default().insert(fact.name.to_owned());
            }
        }
        Ok(())
    }

    async fn find_touched(&mut self) -> Result<(), AnalyticsError> {
        let is_everything = self.base.is_none();
        let mut connections = match self.connections.take() {
            Some(connections) => Some(connections),
            None => self.connections_before().await?,
        };
        // Incidents and images first: a deployment then finds those that name it.
        let order = CONNECTING.iter().copied();
        let others = Table::ALL.iter().copied().filter(|table| !CONNECTING.contains(table));
        let mut unplaced: BTreeSet<(Table, String)> = BTreeSet::new();
        for table in order.chain(others).filter(|table| !WHOLE.contains(table)) {
            let stored = observed_table(table.name());
            let fit = touched::fit(table);
            let columns = fit.is_none().then(|| touched::columns(table));
            let wanted = Wanted { columns, fit: fit.as_ref(), ..Wanted::default() };
            let mut files = file_by_file(self.input.layout, &stored, &self.new_files(table), wanted);
            while let Some(batches) = files.try_next().await? {
                let units = Arc::make_mut(&mut self.units);
                for batch in &batches {
                    let entities = touched::take_in(table, batch, connections.as_mut(), units);
                    unplaced.extend(entities.into_iter().map(|entity| (table, entity)));
                }
                for subject in touched::subjects(&batches) {
                    let unit = units.unit(&subject);
                    if !is_everything {
                        self.seeds.entry(unit).or_default().insert(observed(table));
                    }
                }
            }
        }
        let new_names = connections.as_mut().map(Connections::take_new_names).unwrap_or_default();
        self.connections = connections;
        if let Some(base) = self.base.clone() {
            // The base may hold what deployments and incidents are the first to name.
            let tables = &base.tables;
            self.place(&new_names, tables, |table, batch, ids, units| named::place(table, batch, units, |id| ids.contains(id)))
                .await?;
        }
        let observed = Arc::clone(&self.observed);
        self.place(&unplaced, &observed, |_, batch, ids, units| touched::same_entities(batch, ids, units)).await?;
        if is_everything {
            Arc::make_mut(&mut self.units).spread();
        }
        self.seed_names();
        Ok(())
    }

    /// What is newly said of a repository that has had several names can change what it is called.
    fn seed_names(&mut self) {
        let naming = [Table::Commit, Table::PullRequest, Table::CiRun].map(observed);
        let units = &self.units;
        for (unit, seeds) in &mut self.seeds {
            if naming.iter().any(|table| seeds.contains(table)) && touched::is_renamed(*unit, units) {
                seeds.insert(NAMES.to_owned());
            }
        }
    }

    /// Joins what stands in files of these tables of statements and is wanted there, by its id.
    async fn place(
        &mut self,
        wanted: &BTreeSet<(Table, String)>,
        versions: &BTreeMap<String, TableVersion>,
        join: impl Fn(Table, &RecordBatch, &BTreeSet<&str>, &mut Units),
    ) -> Result<(), AnalyticsError> {
        let mut by_table: BTreeMap<Table, BTreeSet<&str>> = BTreeMap::new();
        for (table, id) in wanted {
            by_table.entry(*table).or_default().insert(id);
        }
        for (table, ids) in by_table {
            let name = observed_table(table.name());
            let Some(version) = versions.get(&name) else { continue };
            let columns = Wanted { columns: Some(&["subject", "entity_id", "part_of"]), ..Wanted::default() };
            let mut files = file_by_file(self.input.layout, &name, &version.files, columns);
            while let Some(batches) = files.try_next().await? {
                for batch in &batches {
                    join(table, batch, &ids, Arc::make_mut(&mut self.units));
                }
            }
        }
        Ok(())
    }

    /// What the deployments and incidents of the base connect; null when nobody will ask.
    async fn connections_before(&self) -> Result<Option<Connections>, AnalyticsError> {
        let mut connections = Connections::default();
        let Some(base) = &self.base else { return Ok(Some(connections)) };
        if CONNECTING.iter().all(|table| self.new_files(*table).is_empty()) {
            return Ok(None);
        }
        // The units of the base hold these connections already.
        let mut known = Units::default();
        for table in CONNECTING.iter().copied() {
            let name = observed_table(table.name());
            let files = base.tables.get(&name).map_or(&[][..], |version| &version.files);
            let wanted = Wanted { columns: Some(touched::columns(table)), ..Wanted::default() };
            let mut files = file_by_file(self.input.layout, &name, files, wanted);
            while let Some(batches) = files.try_next().await? {
                for batch in &batches {
                    touched::take_in(table, batch, Some(&mut connections), &mut known);
                }
            }
        }
        // What they name has its place in the units of the base.
        connections.take_new_names();
        Ok(Some(connections))
    }

    /// Files with statements that the base does not hold; a merge of files that it holds says nothing new.
    pub(super) fn new_files(&self, table: Table) -> Vec<DataFile> {
        let name = observed_table(table.name());
        let files = self.observed.get(&name).map(|version| version.files.clone()).unwrap_or_default();
        let Some(base) = &self.base else { return files };
        let known: BTreeSet<&str> =
            base.tables.get(&name).into_iter().flat_map(|version| &version.files).map(|file| file.path.as_str()).collect();
        let is_new = |file: &DataFile| file.path.starts_with("part-") && !known.contains(file.path.as_str());
        files.into_iter().filter(is_new).collect()
    }
}
