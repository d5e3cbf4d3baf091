//! `rebuild`: the kept deliveries are read again, and what they say takes the place of what was stored.
//!
//! Statements whose delivery has expired, or was emptied because it spoke of a forgotten person, stay
//! as they are: nothing is left to read them from. A file of statements that is gone or damaged does not
//! keep the others from being read again, and is told. Facts are the caller's to compute anew.

use super::Pipeline;
use super::reading::read_batch;
use crate::error::CollectError;
use crate::kept::{Kept, kept_deliveries};
use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use waymark_event::{Delivery, DeliveryId, Instant};
use waymark_lake::{
    DELIVERIES, DataFile, LakeError, NewFile, REBUILT, REJECTIONS, Rewrite, Wanted, is_lost, observed_table, read_rows,
    statement_tables,
};

/// Deliveries that are read together.
const BATCH_DELIVERIES: usize = 20_000;

/// What a rebuild did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// Deliveries that were read again.
    pub deliveries: usize,
    /// Statements that were read from them.
    pub observations: usize,
    /// Parts that were not understood.
    pub rejections: usize,
    /// Older statements that stay, because their deliveries are gone.
    pub stay: usize,
    /// Files of older statements that are gone or damaged: what they said of deliveries that are gone too is lost.
    pub lost: Vec<String>,
}

impl Pipeline {
    /// Reads every kept delivery again and replaces the observations and rejections.
    ///
    /// # Errors
    /// Whatever the lake could not do; each table then holds its old or its new rows, never both.
    pub async fn rebuild(&mut self) -> Result<Rebuilt, CollectError> {
        let now = self.clock.now();
        self.heed_forgotten().await?;
        let files = self.files(DELIVERIES).await?;
        let mut rebuilt = Rebuilt::default();
        let mut read_again: HashSet<DeliveryId> = HashSet::new();
        let mut added: BTreeMap<String, Vec<NewFile>> = BTreeMap::new();
        for file in &files {
            for rows in read_rows(self.tables.layout(), DELIVERIES, std::slice::from_ref(file), Wanted::default()).await? {
                let arranged = |cause| LakeError::Arrange { table: DELIVERIES.to_owned(), cause };
                let kept = kept_deliveries(&rows).map_err(arranged)?;
                let kept: Vec<Kept> = kept.into_iter().filter(|kept| !kept.delivery.body.is_empty()).collect();
                read_again.extend(kept.iter().map(|kept| kept.delivery.id.clone()));
                for (stream, deliveries) in by_stream(kept) {
                    for portion in portions(deliveries) {
                        self.read_portion(&stream, portion, &mut rebuilt, &mut added, now).await?;
                    }
                }
            }
        }
        for table in statement_tables().filter(|table| table != DELIVERIES) {
            let files = self.files(&table).await?;
            let mut added = added.remove(&table).unwrap_or_default();
            for file in &files {
                self.keep_others(&table, file, &read_again, &mut rebuilt, &mut added).await?;
            }
            let removed: Vec<String> = files.into_iter().map(|file| file.path).collect();
            if !added.is_empty() || !removed.is_empty() {
                self.tables.rewrite(&table, Rewrite { removed, added, is_data_change: true }, now).await?;
            }
        }
        Ok(rebuilt)
    }

    async fn read_portion(
        &mut self,
        stream: &str,
        deliveries: Vec<(i64, Delivery)>,
        rebuilt: &mut Rebuilt,
        added: &mut BTreeMap<String, Vec<NewFile>>,
        now: Instant,
    ) -> Result<(), CollectError> {
        let (reading, forgotten, stream) = (self.reading.clone(), Arc::clone(&self.forgotten), stream.to_owned());
        let read = tokio::task::spawn_blocking(move || read_batch(&reading, &forgotten, &stream, deliveries, now));
        let batches = read.await.map_err(CollectError::Worker)?.map_err(CollectError::Rows)?;
        rebuilt.deliveries += batches.flushed.deliveries;
        rebuilt.observations += batches.flushed.observations;
        rebuilt.rejections += batches.flushed.rejections;
        let observed = batches.tables.iter().map(|(table, rows)| (observed_table(table), rows));
        let rejected = batches.rejections.iter().map(|rows| (REJECTIONS.to_owned(), rows));
        for (table, rows) in observed.chain(rejected) {
            let file = self.write_run(&table, rows, now).await?;
            added.entry(table).or_default().push(file);
        }
        Ok(())
    }

    /// Writes again the rows of a file whose deliveries were not read, and counts them.
    async fn keep_others(
        &mut self,
        table: &str,
        file: &DataFile,
        read_again: &HashSet<DeliveryId>,
        rebuilt: &mut Rebuilt,
        added: &mut Vec<NewFile>,
    ) -> Result<(), CollectError> {
        let now = self.clock.now();
        let arranged = |cause| LakeError::Arrange { table: table.to_owned(), cause };
        let layout = self.tables.layout().clone();
        let batches = match read_rows(&layout, table, std::slice::from_ref(file), Wanted::default()).await {
            Ok(batches) => batches,
            Err(error) => {
                if !is_lost(&layout, table, file, &error).await {
                    return Err(error.into());
                }
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "a file of statements is lost: what kept deliveries say is read from them");
                rebuilt.lost.push(format!("`{}` of `{table}`", file.path));
                return Ok(());
            }
        };
        for rows in batches {
            let Some(ids) = rows.column_by_name("delivery_id").and_then(|ids| ids.as_string_opt::<i32>()) else { continue };
            let is_other = |id: Option<&str>| id.is_none_or(|id| !read_again.contains(&DeliveryId::stored(id)));
            let mask: BooleanArray = ids.iter().map(|id| Some(is_other(id))).collect();
            let others = filter_record_batch(&rows, &mask).map_err(arranged)?;
            if others.num_rows() > 0 {
                rebuilt.stay += others.num_rows();
                added.push(self.write_run(table, &others, now).await?);
            }
        }
        Ok(())
    }

    async fn write_run(&mut self, table: &str, rows: &RecordBatch, now: Instant) -> Result<NewFile, CollectError> {
        self.tables.prepare(table, &rows.schema()).await?;
        let name = format!("{REBUILT}{}.zstd.parquet", DeliveryId::received(now));
        Ok(self.tables.write_in_order(table, &name, rows, now).await?)
    }

    async fn files(&mut self, table: &str) -> Result<Vec<DataFile>, CollectError> {
        Ok(self.tables.version(table).await?.map(|version| version.files).unwrap_or_default())
    }
}

fn by_stream(kept: Vec<Kept>) -> BTreeMap<String, Vec<(i64, Delivery)>> {
    let mut streams: BTreeMap<String, Vec<(i64, Delivery)>> = BTreeMap::new();
    for one in kept {
        streams.entry(one.stream).or_default().push((one.position, one.delivery));
    }
    streams
}

fn portions(mut deliveries: Vec<(i64, Delivery)>) -> Vec<Vec<(i64, Delivery)>> {
    let mut portions = Vec::new();
    while !deliveries.is_empty() {
        let rest = deliveries.split_off(BATCH_DELIVERIES.min(deliveries.len()));
        portions.push(std::mem::replace(&mut deliveries, rest));
    }
    portions
}
