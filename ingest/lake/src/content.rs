//! Whether a file can be read to its end, and whether one that cannot will ever be.
//!
//! A footer tells little: whoever wants to know whether the rows are there has to read all of them.

use crate::error::LakeError;
use crate::files::ROW_GROUP_ROWS;
use crate::layout::Layout;
use crate::object_reader::ObjectReader;
use crate::snapshot::DataFile;
use arrow::array::RecordBatch;
use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use parquet::errors::ParquetError;

/// How many rows a file holds: every page of every column is unpacked and decoded, one group of rows after another.
///
/// # Errors
/// `ReadTable` when it is missing or not readable to its end.
pub(crate) async fn decoded_rows(layout: &Layout, table: &str, file: &DataFile) -> Result<u64, LakeError> {
    let object = layout.table_object(table, &file.path);
    let reader = ObjectReader::new(layout.storage().store(), object, file.size_bytes);
    // As a task of its own: a decoder that meets rubbish may panic, and that is an answer too.
    let decoding = tokio::spawn(async move {
        let builder = ParquetRecordBatchStreamBuilder::new(reader).await?;
        let rows = builder.with_batch_size(ROW_GROUP_ROWS).build()?;
        let counted =
            |count: u64, rows: RecordBatch| std::future::ready(Ok::<u64, ParquetError>(count + rows.num_rows() as u64));
        rows.try_fold(0, counted).await
    });
    let decoded = decoding.await.unwrap_or_else(|join| Err(ParquetError::External(Box::new(join))));
    decoded.map_err(|cause| LakeError::ReadTable { table: table.to_owned(), file: file.path.clone(), cause })
}

/// Whether it is useless to try again to read a file, because it is gone or not what was written. Without the right
/// to read it, or while a store does not answer, it may be whole.
pub async fn is_lost(layout: &Layout, table: &str, file: &DataFile, error: &LakeError) -> bool {
    let LakeError::ReadTable { cause, .. } = error else { return false };
    let object = layout.table_object(table, &file.path);
    match layout.storage().store().head(&object).await {
        Ok(found) => found.size != file.size_bytes || !is_of_store(cause),
        Err(object_store::Error::NotFound { .. }) => true,
        Err(_) => false,
    }
}

/// Whether the store failed, and not who made sense of what it gave.
fn is_of_store(cause: &ParquetError) -> bool {
    matches!(cause, ParquetError::External(cause) if cause.is::<object_store::Error>())
}
