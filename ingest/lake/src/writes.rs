//! Writes: rows become a file of a table that no commit names yet.
//!
//! Rows are sorted and compressed on a thread of their own, because that takes longer than anything
//! else and the files of other tables may be on their way. Which files belong to a table is said by
//! whoever commits them.

use crate::error::LakeError;
use crate::orders::in_order;
use crate::packing::{Packing, encoded};
use crate::rewrites::NewFile;
use crate::tables::Tables;
use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::error::ArrowError;
use object_store::{ObjectStoreExt, PutPayload};
use std::collections::BTreeSet;
use waymark_event::{Instant, ObservationId};

impl Tables {
    /// Writes rows, sorted as the table keeps them, as a file that no commit names yet.
    ///
    /// # Errors
    /// `Arrange`, `Encode` or `Store`.
    pub async fn write_in_order(
        &self,
        table: &str,
        name: &str,
        batch: &RecordBatch,
        now: Instant,
    ) -> Result<NewFile, LakeError> {
        let (sorted_as, unsorted) = (table.to_owned(), batch.clone());
        let sorted = move || take_record_batch(&unsorted, &UInt32Array::from(in_order(&sorted_as, &unsorted, None)?));
        self.write_made(table, name, sorted, now).await
    }

    /// Writes rows as a file that no commit names yet.
    ///
    /// # Errors
    /// `Arrange`, `Encode` or `Store`.
    pub async fn write(&self, table: &str, name: &str, batch: &RecordBatch, now: Instant) -> Result<NewFile, LakeError> {
        let batch = batch.clone();
        self.write_made(table, name, move || Ok(batch), now).await
    }

    /// Makes rows and writes them as a file that no commit names yet.
    ///
    /// # Errors
    /// `Arrange`, `Encode` or `Store`.
    pub(crate) async fn write_made(
        &self,
        table: &str,
        name: &str,
        make: impl FnOnce() -> Result<RecordBatch, ArrowError> + Send + 'static,
        now: Instant,
    ) -> Result<NewFile, LakeError> {
        let packed_for = table.to_owned();
        let packing = move || {
            let batch = make().map_err(|cause| LakeError::Arrange { table: packed_for.clone(), cause })?;
            Ok((packed(&packed_for, &batch, Packing::Small, None)?, batch.num_rows()))
        };
        let (bytes, rows) = aside(table, packing).await?;
        self.put(table, name, bytes, rows, now).await
    }

    /// The rows of a fact under a name that ends in a hash of the content, so that equal rows are one file, and
    /// with a note in its footer. A file that is `live` already is not written again, as long as it is what was written.
    ///
    /// # Errors
    /// `Arrange`, `Encode` or `Store`.
    pub async fn write_by_content(
        &self,
        table: &str,
        (stem, note): (&str, Option<String>),
        batch: RecordBatch,
        live: &BTreeSet<String>,
        now: Instant,
    ) -> Result<NewFile, LakeError> {
        let rows = batch.num_rows();
        let packed_for = table.to_owned();
        let encoding = move || {
            let bytes = packed(&packed_for, &batch, Packing::Quick, note)?;
            let hash = ObservationId::of("file", &bytes);
            Ok((bytes, hash))
        };
        let (bytes, hash) = aside(table, encoding).await?;
        let name = format!("{stem}-{}.snappy.parquet", hash.as_str());
        if live.contains(&name) && self.holds(table, &name, &bytes).await {
            return Ok(NewFile { name, size_bytes: bytes.len() as u64, rows, written_at: now });
        }
        self.put(table, &name, bytes, rows, now).await
    }

    /// Whether a file is there and has exactly this content; what was lost or damaged is written again.
    async fn holds(&self, table: &str, name: &str, bytes: &[u8]) -> bool {
        let object = self.layout().table_object(table, name);
        let Ok(found) = self.layout().storage().store().get(&object).await else { return false };
        found.bytes().await.is_ok_and(|held| held[..] == *bytes)
    }

    async fn put(&self, table: &str, name: &str, bytes: Vec<u8>, rows: usize, now: Instant) -> Result<NewFile, LakeError> {
        let size_bytes = bytes.len() as u64;
        let failed = |cause| LakeError::Store { table: table.to_owned(), cause };
        let object = self.layout().table_object(table, name);
        self.layout().storage().store().put(&object, PutPayload::from(bytes)).await.map_err(failed)?;
        Ok(NewFile { name: name.to_owned(), size_bytes, rows, written_at: now })
    }
}

/// Does what keeps a thread busy with the rows of a table on a thread that may be kept busy.
pub(crate) async fn aside<T: Send + 'static>(
    table: &str,
    work: impl FnOnce() -> Result<T, LakeError> + Send + 'static,
) -> Result<T, LakeError> {
    let stopped = |cause| LakeError::Arrange { table: table.to_owned(), cause: ArrowError::ExternalError(Box::new(cause)) };
    tokio::task::spawn_blocking(work).await.map_err(stopped)?
}

fn packed(table: &str, batch: &RecordBatch, packing: Packing, note: Option<String>) -> Result<Vec<u8>, LakeError> {
    let rows = batch.num_rows();
    encoded(batch, packing, note).map_err(|cause| LakeError::Encode { table: table.to_owned(), rows, cause })
}
