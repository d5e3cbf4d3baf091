//! Facts in their files: read from the base, and written piece by piece.
//!
//! A piece is one file. A refresh replaces the rows of the units that it computed and keeps the
//! others, so a file is always whole and any tool can read the table as it is; a file in which no
//! row would differ stays.

use super::inputs::{nullable, observed_rows, register, supply};
use super::placed::{Digests, Piece, Placed, places_of};
use super::plans::FactSession;
use super::reads::observed;
use super::refresh::{Computed, UNITS, Work, Written, fact_named, failed};
use super::{FACTS, Fact};
use crate::error::AnalyticsError;
use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::{LexicographicalComparator, SortColumn, SortOptions, interleave};
use arrow::datatypes::Schema;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use waymark_event::Table;
use waymark_lake::{DataFile, NewFile, Tables, Wanted, fact_table, footer_note, joined, observed_table, read_rows};

/// Files that are compressed and written at the same time; some of them wait for the disk.
const WRITES_AT_ONCE: usize = 8;
/// Footers that are read at the same time.
const FOOTERS_AT_ONCE: usize = 8;

/// Computed rows, and the places of those that one piece gets.
type Parts = Vec<(RecordBatch, Vec<u32>)>;

/// A file of a fact that has to be written: its new rows, and the file whose other rows it keeps.
struct Change {
    fact: &'static Fact,
    piece: Piece,
    rows: Parts,
    /// The file whose place it takes, and the units whose rows stay.
    old: Option<(DataFile, BTreeSet<u32>)>,
    digests: Digests,
}

impl Work<'_> {
    /// Rows of a fact as the base has them.
    pub(super) async fn stored(&self, fact: &str, columns: Option<&[&str]>) -> Result<Vec<RecordBatch>, AnalyticsError> {
        let name = fact_table(fact);
        let files = self.base_files(&name);
        Ok(read_rows(self.input.layout, &name, files, Wanted { columns, ..Wanted::default() }).await?)
    }

    /// Writes the files in which rows of computed units differ: their new rows, and the old rows of
    /// all others.
    pub(super) async fn write(
        &mut self,
        tables: &Tables,
        mut computed: BTreeMap<&'static str, Computed>,
        left: &BTreeSet<u32>,
        files: &mut BTreeMap<&'static str, Written>,
    ) -> Result<(), AnalyticsError> {
        // A unit that has left took its rows of all facts along.
        for fact in FACTS.iter().filter(|fact| !left.is_empty() && !fact.units.is_empty()) {
            computed.entry(fact.name).or_default();
        }
        let mut changes = Vec::new();
        for (name, computed) in computed {
            let written = files.entry(name).or_default();
            let schema = computed.parts.first().map(|part| nullable(&part.rows.schema()));
            written.schema = written.schema.take().or(schema);
            changes.extend(self.changes(fact_named(name), computed, left, written).await?);
        }
        let writes: Vec<BoxFuture<'_, _>> =
            changes.into_iter().map(|change| self.write_piece(tables, change).boxed()).collect();
        let mut writes = futures::stream::iter(writes).buffer_unordered(WRITES_AT_ONCE);
        let mut noted = Vec::new();
        while let Some((fact, file, digests)) = writes.try_next().await? {
            noted.push(((fact_table(fact.name), file.data_file().path), digests));
            files.entry(fact.name).or_default().rewrite.added.push(file);
        }
        drop(writes);
        self.digests.extend(noted);
        Ok(())
    }

    /// The files of a fact that differ from those of the base, in the shards of computed units and in
    /// those that units have left; what they take the place of is marked as removed.
    async fn changes(
        &mut self,
        fact: &'static Fact,
        computed: Computed,
        left: &BTreeSet<u32>,
        written: &mut Written,
    ) -> Result<Vec<Change>, AnalyticsError> {
        let mut shards: BTreeSet<u32> = computed.units.iter().map(|unit| self.units.shard(*unit)).collect();
        shards.extend(left);
        let mut pieces: BTreeMap<Piece, (Parts, Digests)> = BTreeMap::new();
        for Placed { rows, pieces: placed } in computed.parts {
            for (piece, (places, digests)) in placed {
                let (parts, sum) = pieces.entry(piece).or_default();
                parts.push((rows.clone(), places));
                sum.add(digests);
            }
        }
        let mut old = self.noted_pieces(fact, &shards).await?;
        let mut changes = Vec::new();
        let gone: Vec<Piece> = old.keys().filter(|piece| !pieces.contains_key(*piece)).cloned().collect();
        pieces.extend(gone.into_iter().map(|piece| (piece, Default::default())));
        for (piece, (rows, mut digests)) in pieces {
            let held = old.remove(&piece);
            let old_digests = held.as_ref().map(|(_, digests)| digests.clone()).unwrap_or_default();
            let is_kept = |unit: u32| !computed.units.contains(&unit) && self.units.is_at(unit, piece.shard);
            let (kept, replaced) = old_digests.split(is_kept);
            if replaced == digests {
                continue;
            }
            written.rewrite.removed.extend(held.as_ref().map(|(file, _)| file.path.clone()));
            let units: BTreeSet<u32> = kept.0.keys().copied().collect();
            digests.add(kept);
            if digests.0.is_empty() {
                continue;
            }
            let old = held.filter(|_| !units.is_empty()).map(|(file, _)| (file, units));
            changes.push(Change { fact, piece, rows, old, digests });
        }
        Ok(changes)
    }

    /// The pieces of shards as the base has them, with the digests of their units.
    async fn noted_pieces(
        &mut self,
        fact: &'static Fact,
        shards: &BTreeSet<u32>,
    ) -> Result<BTreeMap<Piece, (DataFile, Digests)>, AnalyticsError> {
        let table = fact_table(fact.name);
        let mut pieces = BTreeMap::new();
        let mut unknown = Vec::new();
        for file in self.base_files(&table) {
            let Some(piece) = Piece::of(file).filter(|piece| shards.contains(&piece.shard)) else { continue };
            match self.digests.get(&(table.clone(), file.path.clone())) {
                Some(digests) => drop(pieces.insert(piece, (file.clone(), digests.clone()))),
                None => unknown.push((piece, file.clone())),
            }
        }
        let (layout, name) = (self.input.layout, table.as_str());
        let read_note = |(piece, file): (Piece, DataFile)| {
            async move {
                let note = footer_note(layout, name, &file).await?;
                Ok::<_, AnalyticsError>((piece, file, note))
            }
            .boxed()
        };
        let notes: Vec<BoxFuture<'_, _>> = unknown.into_iter().map(read_note).collect();
        let notes: Vec<_> = futures::stream::iter(notes).buffer_unordered(FOOTERS_AT_ONCE).try_collect().await?;
        for (piece, file, note) in notes {
            let digests = if let Some(digests) = note.as_deref().and_then(Digests::noted) {
                digests
            } else {
                let rows = read_rows(layout, name, std::slice::from_ref(&file), Wanted::default()).await?;
                let rows = stacked(fact.name, &rows)?;
                Digests::of(fact, &rows, &self.units).map_err(|cause| failed(fact.name, cause))?
            };
            self.digests.insert((table.clone(), file.path.clone()), digests.clone());
            pieces.insert(piece, (file, digests));
        }
        Ok(pieces)
    }

    async fn write_piece(&self, tables: &Tables, change: Change) -> Result<(&'static Fact, NewFile, Digests), AnalyticsError> {
        let Change { fact, piece, rows: mut sources, old, digests } = change;
        let error = |cause| failed(fact.name, cause);
        let table = fact_table(fact.name);
        let mut live = BTreeSet::new();
        let schema = sources.first().map(|(rows, _)| nullable(&rows.schema()));
        if let Some((file, units)) = old {
            let wanted = Wanted { fit: schema.as_ref(), ..Wanted::default() };
            for held in read_rows(self.input.layout, &table, std::slice::from_ref(&file), wanted).await? {
                let held = joined(fact.name, &schema.clone().unwrap_or_else(|| held.schema()), &[held])?;
                let places = places_of(fact, &held, &self.units, &units).map_err(error)?;
                sources.push((held, places));
            }
            live.insert(file.path);
        }
        let rows = tokio::task::spawn_blocking(move || ordered(fact, &sources)).await;
        let rows = rows.map_err(|join| error(DataFusionError::External(Box::new(join))))?.map_err(error)?;
        let note = (piece.stem(), Some(digests.note()));
        let file = tables.write_by_content(&table, (&note.0, note.1), rows, &live, self.input.as_of).await?;
        Ok((fact, file, digests))
    }

    /// Makes the files of the base, without what was replaced and with what is new, the live ones.
    pub(super) async fn commit(&mut self, tables: &mut Tables, fact: &str, written: Written) -> Result<(), AnalyticsError> {
        let Written { mut rewrite, schema } = written;
        let table = fact_table(fact);
        if let Some(schema) = &schema {
            tables.prepare(&table, schema).await?;
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
        if files.is_empty()
            && let Some(schema) = schema
        {
            // A fact without rows still has columns, and a file that says so.
            let piece = Piece::undated(0).stem();
            let rows = RecordBatch::new_empty(schema);
            files.push(tables.write_by_content(&table, (&piece, None), rows, &BTreeSet::new(), now).await?);
        }
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
        changed: &BTreeSet<&'static str>,
    ) -> Result<(), AnalyticsError> {
        if self.has_new_owners {
            let owners = self.owners.clone();
            self.write_whole(tables, "service_owners", &owners).await?;
        }
        for fact in FACTS.iter().filter(|fact| fact.units.is_empty() && fact.name != "service_owners") {
            let needed = self.plans.reads().get(fact.name).cloned().unwrap_or_default();
            let told = |table: &Table| needed.contains(&observed(*table));
            let is_changed = self.base.is_none()
                || Table::ALL.iter().any(|table| told(table) && !self.new_files(*table).is_empty())
                || (self.has_new_owners && needed.contains("service_owners"))
                || changed.iter().any(|name| needed.contains(*name));
            if !is_changed {
                continue;
            }
            let session = FactSession::new(&self.plans);
            for table in Table::ALL.iter().filter(|table| told(table)) {
                self.put_all_observed(&session, *table).await?;
            }
            for above in FACTS.iter().filter(|above| needed.contains(above.name)) {
                let rows = self.newest_of(above.name).await?;
                session.put(above.name, &rows).map_err(|cause| register(above.name, cause))?;
            }
            let rows = session.compute(fact).await.map_err(|cause| failed(fact.name, cause))?;
            self.write_whole(tables, fact.name, &rows).await?;
        }
        Ok(())
    }

    /// Puts everything that was observed of one kind into a session.
    pub(super) async fn put_all_observed(&self, session: &FactSession, table: Table) -> Result<(), AnalyticsError> {
        let version = self.observed.get(&observed_table(table.name()));
        let rows = observed_rows(&self.plans, self.input.layout, (table, version), Wanted::default()).await?;
        session.put(&observed(table), &rows).map_err(|cause| register(table.name(), cause))
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
        let piece = Piece::undated(0).stem();
        let added = vec![tables.write_by_content(&table, (&piece, None), rows.clone(), &live, self.input.as_of).await?];
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
        return Ok(RecordBatch::new_empty(Arc::new(Schema::empty())));
    };
    Ok(joined(fact, &first.schema(), batches)?)
}

/// Rows of a piece in the order of day and key, whatever order they were computed in. Each is copied once, to where it
/// belongs.
fn ordered(fact: &Fact, sources: &[(RecordBatch, Vec<u32>)]) -> DataFusionResult<RecordBatch> {
    let batches: Vec<&RecordBatch> = sources.iter().map(|(rows, _)| rows).collect();
    let Some(first) = batches.first() else { return Ok(RecordBatch::new_empty(Arc::new(Schema::empty()))) };
    let schema = nullable(&first.schema());
    let told = sources.iter().enumerate();
    let mut places: Vec<(usize, usize)> =
        told.flat_map(|(source, (_, places))| places.iter().map(move |place| (source, *place as usize))).collect();
    let options = Some(SortOptions { descending: false, nulls_first: true });
    let names = ["day"].into_iter().chain(fact.key.iter().copied());
    let sorted_by: Vec<SortColumn> = names
        .filter_map(|name| schema.index_of(name).ok())
        .map(|column| Ok(SortColumn { values: gathered(&batches, column, &places)?, options }))
        .collect::<DataFusionResult<_>>()?;
    if !sorted_by.is_empty() {
        let rows = LexicographicalComparator::try_new(&sorted_by)?;
        let mut order: Vec<usize> = (0..places.len()).collect();
        // The rows of an old file are in order already, which this way of sorting makes use of.
        order.sort_by(|left, right| rows.compare(*left, *right));
        places = order.into_iter().map(|place| places[place]).collect();
    }
    let columns = (0..schema.fields().len()).map(|column| gathered(&batches, column, &places));
    let rows = RecordBatchOptions::new().with_row_count(Some(places.len()));
    Ok(RecordBatch::try_new_with_options(schema, columns.collect::<DataFusionResult<_>>()?, &rows)?)
}

/// The values of a column that stand at some places of some batches.
fn gathered(batches: &[&RecordBatch], column: usize, places: &[(usize, usize)]) -> DataFusionResult<ArrayRef> {
    let columns: Vec<&dyn Array> = batches.iter().map(|batch| batch.column(column).as_ref()).collect();
    Ok(interleave(&columns, places)?)
}
