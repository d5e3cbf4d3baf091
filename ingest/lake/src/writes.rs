//! Writes: rows become a file of a table that no commit names yet.
//!
//! Rows are sorted and compressed on a thread of their own, because that takes longer than anything
//! else and the files of other tables may be on their way. Which files belong to a table is said by
//! whoever commits them.

use crate::error::LakeError;
use crate::files::{Packing, encoded, in_order};
use crate::rewrites::NewFile;
use crate::tables::Tables;
use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use object_store::{ObjectStoreExt, PutPayload};
use parquet::errors::ParquetError;
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
        let failed = |cause| LakeError::Arrange { table: table.to_owned(), cause };
        let (sorted_as, batch) = (table.to_owned(), batch.clone());
        let sorted = tokio::task::spawn_blocking(move || in_order(&sorted_as, &batch)).await;
        let sorted = sorted.map_err(|join| failed(ArrowError::ExternalError(Box::new(join))))?.map_err(failed)?;
        self.write(table, name, &sorted, now).await
    }

    /// Writes rows as a file that no commit names yet.
    ///
    /// # Errors
    /// `Encode` or `Store`.
    pub async fn write(&self, table: &str, name: &str, batch: &RecordBatch, now: Instant) -> Result<NewFile, LakeError> {
        let rows = batch.num_rows();
        let batch = batch.clone();
        let bytes = aside(table, rows, move || encoded(&batch, Packing::Small, None)).await?;
        self.put(table, name, bytes, rows, now).await
    }

    /// The rows of a fact under a name that ends in a hash of the content, so that equal rows are one file, and
    /// with a note in its footer. A file that is `live` already is not written again.
    ///
    /// # Errors
    /// `Encode` or `Store`.
    pub async fn write_by_content(
        &self,
        table: &str,
        (stem, note): (&str, Option<String>),
        batch: RecordBatch,
        live: &BTreeSet<String>,
        now: Instant,
    ) -> Result<NewFile, LakeError> {
        let rows = batch.num_rows();
        let encoding = move || {
            let bytes = encoded(&batch, Packing::Quick, note)?;
            let hash = ObservationId::of("file", &bytes);
            Ok((bytes, hash))
        };
        let (bytes, hash) = aside(table, rows, encoding).await?;
        let name = format!("{stem}-{}.snappy.parquet", hash.as_str());
        if live.contains(&name) {
            return Ok(NewFile { name, size_bytes: bytes.len() as u64, rows, written_at: now });
        }
        self.put(table, &name, bytes, rows, now).await
    }

    async fn put(&self, table: &str, name: &str, bytes: Vec<u8>, rows: usize, now: Instant) -> Result<NewFile, LakeError> {
        let size_bytes = bytes.len() as u64;
        let failed = |cause| LakeError::Store { table: table.to_owned(), cause };
        let object = self.layout().table_object(table, name);
        self.layout().storage().store().put(&object, PutPayload::from(bytes)).await.map_err(failed)?;
        Ok(NewFile { name: name.to_owned(), size_bytes, rows, written_at: now })
    }
}

/// Encodes the rows of a table on a thread that may be kept busy.
async fn aside<T: Send + 'static>(
    table: &str,
    rows: usize,
    encoding: impl FnOnce() -> Result<T, ParquetError> + Send + 'static,
) -> Result<T, LakeError> {
    let failed = |cause| LakeError::Encode { table: table.to_owned(), rows, cause };
    let encoded = tokio::task::spawn_blocking(encoding).await;
    encoded.map_err(|join| failed(ParquetError::External(Box::new(join))))?.map_err(failed)
}
