//! Facts in their files: read from the base, and written shard by shard.
//!
//! A shard is one file per fact. A refresh replaces the rows of the units that it computed and keeps
//! the others, so a file is always whole and any tool can read the table as it is.

use super::inputs::{self, register, rows_of, supply};
use super::placed::{Chosen, chosen, shard_of, stem};
use super::reads::{Reads, observed};
use super::refresh::{Computed, UNITS, Work, Written, fact_named, failed};
use super::{FACTS, Fact};
use crate::engine::register_batch;
use crate::error::AnalyticsError;
use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::{SortColumn, SortOptions, lexsort_to_indices, take_record_batch};
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use waymark_event::Table;
use waymark_lake::{DataFile, NewFile, Tables, Wanted, fact_table, joined, observed_table, read_rows};

impl Work<'_> {
    /// Rows of a fact as the base has them.
    pub(super) async fn stored(&self, fact: &str, columns: Option<&[&str]>) -> Result<Vec<RecordBatch>, AnalyticsError> {
        let name = fact_table(fact);
        let files = self.base_files(&name);
        Ok(read_rows(self.input.layout, &name, files, Wanted { subjects: None, columns }).await?)
    }

    /// The rows that the base has of a fact, of the given units.
    pub(super) async fn stored_of(&self, fact: &'static Fact, units: &BTreeSet<u32>) -> Result<RecordBatch, AnalyticsError> {
        let shards: BTreeSet<u32> = units.iter().map(|unit| self.units.shard(*unit)).collect();
        let rows = stacked(fact.name, &self.stored_in(fact, &shards).await?.0)?;
        chosen(fact, &rows, &self.units, Chosen::Of(units)).map_err(|cause| failed(fact.name, cause))
    }

    /// The rows and files that the base has of a fact in the given shards; an empty batch with the
    /// fact's columns when there are none.
    async fn stored_in(
        &self,
        fact: &'static Fact,
        shards: &BTreeSet<u32>,
    ) -> Result<(Vec<RecordBatch>, Vec<String>), AnalyticsError> {
        let name = fact_table(fact.name);
        let files = self.base_files(&name);
        let wanted: Vec<DataFile> =
            files.iter().filter(|file| shard_of(file).is_some_and(|shard| shards.contains(&shard))).cloned().collect();
        let mut rows = read_rows(self.input.layout, &name, &wanted, Wanted::default()).await?;
        if rows.is_empty()
            && let Some(any) = files.first()
        {
            let one = read_rows(self.input.layout, &name, std::slice::from_ref(any), Wanted::default()).await?;
            rows.extend(one.first().map(|batch| batch.slice(0, 0)));
        }
        Ok((rows, wanted.into_iter().map(|file| file.path).collect()))
    }

    /// Writes the shards that hold computed units: their new rows, and the old rows of all others.
    pub(super) async fn write(
        &self,
        tables: &Tables,
        computed: BTreeMap<&'static str, Computed>,
        left: &BTreeSet<u32>,
        files: &mut BTreeMap<&'static str, Written>,
    ) -> Result<(), AnalyticsError> {
        for (name, mut computed) in computed {
            let fact = fact_named(name);
            let error = |cause| failed(name, cause);
            let mut shards: BTreeSet<u32> = computed.units.iter().map(|unit| self.units.shard(*unit)).collect();
            if self.base.is_some() {
                shards.extend(left);
            } else if computed.rows.values().all(|rows| rows.iter().all(|batch| batch.num_rows() == 0)) {
                // A fact without rows still has columns, and a file that says so.
                shards.insert(0);
            }
            let written = files.entry(name).or_default();
            for shard in shards {
                let (old, removed) = self.stored_in(fact, &BTreeSet::from([shard])).await?;
                let mut rows = computed.rows.remove(&shard).unwrap_or_default();
                if !removed.is_empty() {
                    let old = stacked(name, &old)?;
                    rows.push(chosen(fact, &old, &self.units, Chosen::NotOf(&computed.units)).map_err(error)?);
                }
                written.rewrite.removed.extend(removed.iter().cloned());
                let is_empty = rows.iter().all(|batch| batch.num_rows() == 0);
                if is_empty && removed.is_empty() && (self.base.is_some() || shard != 0) {
                    continue;
                }
                let Some(rows) = ordered(fact, &rows).map_err(error)? else { continue };
                let file = self.write_shard(tables, name, shard, &rows, removed.into_iter().collect()).await?;
                written.rewrite.added.push(file);
                written.schema.get_or_insert_with(|| rows.schema());
            }
        }
        Ok(())
    }

    async fn write_shard(
        &self,
        tables: &Tables,
        fact: &str,
        shard: u32,
        rows: &RecordBatch,
        live: BTreeSet<String>,
    ) -> Result<NewFile, AnalyticsError> {
        Ok(tables.write_by_content(&fact_table(fact), &stem(shard), rows, &live, self.input.as_of).await?)
    }

    /// Makes the files of the base, without what was replaced and with what is new, the live ones.
    pub(super) async fn commit(&mut self, tables: &mut Tables, fact: &str, written: Written) -> Result<(), AnalyticsError> {
        let Written { mut rewrite, schema } = written;
        let table = fact_table(fact);
        if let Some(schema) = schema {
            tables.prepare(&table, &schema).await?;
        }
        let gone: BTreeSet<&String> = rewrite.removed.iter().collect();
        let now = self.input.as_of;
        let mut files: Vec<NewFile> = self
            .base_files(&table)
            .iter()
            .filter(|file| !gone.contains(&file.path))
            .map(|file| NewFile::again(file, now))
            .collect();
        files.append(&mut rewrite.added);
        let version = tables.make_live(&table, files, now).await?;
        self.written.insert(table, version);
        Ok(())
    }

    /// Keeps a table as the base has it. A refresh that was interrupted before its snapshot may have
    /// replaced its files: what it knew is new to this refresh too, but this one may know more.
    pub(super) async fn restore_base(&mut self, tables: &mut Tables, name: &str) -> Result<(), AnalyticsError> {
        let table = fact_table(name);
        let Some(known) = self.base.as_ref().and_then(|base| base.tables.get(&table)).cloned() else { return Ok(()) };
        let live = tables.version(&table).await?.map(|version| version.files).unwrap_or_default();
        if live != known.files {
            let now = self.input.as_of;
            tables.make_live(&table, known.files.iter().map(|file| NewFile::again(file, now)).collect(), now).await?;
        }
        self.written.insert(table, known);
        Ok(())
    }

    /// The files that the base has of a table; none when everything is computed.
    fn base_files(&self, table: &str) -> &[DataFile] {
        let version = self.base.as_ref().and_then(|base| base.tables.get(table));
        version.map_or(&[][..], |version| &version.files)
    }

    /// Computes the facts that are small and read more than one unit, if what they read has changed.
    pub(super) async fn compute_whole(
        &mut self,
        tables: &mut Tables,
        reads: &Reads,
        changed: &BTreeSet<&'static str>,
    ) -> Result<(), AnalyticsError> {
        if self.has_new_owners {
            let owners = self.owners.clone();
            self.write_whole(tables, "service_owners", &owners).await?;
        }
        for fact in FACTS.iter().filter(|fact| fact.units.is_empty() && fact.name != "service_owners") {
            let needed = reads.get(fact.name).cloned().unwrap_or_default();
            let told = |table: &Table| needed.contains(&observed(*table));
            let is_changed = self.base.is_none()
                || Table::ALL.iter().any(|table| told(table) && !self.new_files(*table).is_empty())
                || (self.has_new_owners && needed.contains("service_owners"))
                || changed.iter().any(|name| needed.contains(*name));
            if !is_changed {
                continue;
            }
            let context = inputs::session(self.input.definitions)?;
            for table in Table::ALL.iter().filter(|table| told(table)) {
                let version = self.observed.get(&observed_table(table.name()));
                inputs::register_observed(&context, self.input.layout, *table, version, None).await?;
            }
            for above in FACTS.iter().filter(|above| needed.contains(above.name)) {
                let rows = self.newest_of(above.name).await?;
                register_batch(&context, above.name, rows).map_err(|cause| register(above.name, cause))?;
            }
            let rows = rows_of(&context, fact).await.map_err(|cause| failed(fact.name, cause))?;
            self.write_whole(tables, fact.name, &rows).await?;
        }
        Ok(())
    }

    /// Stores which subjects belong together, if that has changed.
    pub(super) async fn write_units(&mut self, tables: &mut Tables) -> Result<(), AnalyticsError> {
        if self.base.is_some() && !self.units.is_changed() {
            return Ok(());
        }
        let rows = self.units.rows().map_err(|cause| supply(UNITS, cause))?;
        self.write_whole(tables, UNITS, &rows).await
    }

    async fn write_whole(&mut self, tables: &mut Tables, name: &str, rows: &RecordBatch) -> Result<(), AnalyticsError> {
        let table = fact_table(name);
        tables.prepare(&table, &rows.schema()).await?;
        let live = tables.version(&table).await?.map(|version| version.files).unwrap_or_default();
        let live = live.into_iter().map(|file| file.path).collect();
        let added = vec![self.write_shard(tables, name, 0, rows, live).await?];
        let version = tables.make_live(&table, added, self.input.as_of).await?;
        self.written.insert(table, version);
        Ok(())
    }

    /// All rows of a fact as this refresh leaves them.
    async fn newest_of(&self, fact: &str) -> Result<RecordBatch, AnalyticsError> {
        let table = fact_table(fact);
        let files = self.written.get(&table).map_or(&[][..], |version| &version.files);
        stacked(fact, &read_rows(self.input.layout, &table, files, Wanted::default()).await?)
    }
}

/// Batches of one fact as one; without any batch it has no columns.
pub(super) fn stacked(fact: &str, batches: &[RecordBatch]) -> Result<RecordBatch, AnalyticsError> {
    let Some(first) = batches.first() else {
        return Ok(RecordBatch::new_empty(Arc::new(arrow::datatypes::Schema::empty())));
    };
    Ok(joined(fact, &first.schema(), batches)?)
}

/// Rows of a shard in the order of day and key, whatever order they were computed in.
fn ordered(fact: &Fact, batches: &[RecordBatch]) -> DataFusionResult<Option<RecordBatch>> {
    let Some(first) = batches.first() else { return Ok(None) };
    let fields =
        first.schema().fields().iter().map(|field| Arc::new(field.as_ref().clone().with_nullable(true))).collect::<Vec<_>>();
    let schema = Arc::new(arrow::datatypes::Schema::new(fields));
    let rows = joined(fact.name, &schema, batches).map_err(|cause| DataFusionError::External(Box::new(cause)))?;
    let options = SortOptions { descending: false, nulls_first: true };
    let names = ["day"].into_iter().chain(fact.key.iter().copied());
    let columns: Vec<SortColumn> = names
        .filter_map(|name| Some(SortColumn { values: Arc::clone(rows.column_by_name(name)?), options: Some(options) }))
        .collect();
    if rows.num_rows() < 2 || columns.is_empty() {
        return Ok(Some(rows));
    }
    let order: UInt32Array = lexsort_to_indices(&columns, None)?;
    Ok(Some(take_record_batch(&rows, &order)?))
}
