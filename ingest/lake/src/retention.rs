//! Letting go: rows whose time is over, snapshots that nobody may open any more, and what removed
//! rows leave behind in the database. What may go, and when, is the caller's to know.

use crate::error::LakeError;
use crate::files::{Wanted, joined, read_rows, schema_over};
use crate::inbox::{cut_log, open_database};
use crate::layout::Layout;
use crate::object_reader::ObjectReader;
use crate::rewrites::Rewrite;
use crate::snapshot::{DataFile, Snapshot, ids, object_of};
use crate::tables::Tables;
use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, Int64Type};
use arrow::error::ArrowError;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::statistics::Statistics;
use waymark_event::{DeliveryId, Instant};

/// A file that also holds younger rows is written anew at most about once a day.
const SLACK_SECONDS: i64 = 86_400;

/// What left a table because its time was over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// Files that went, or were written anew without their old rows.
    pub files: usize,
    /// Rows that went.
    pub rows: u64,
}

impl Tables {
    /// Removes the rows of a table whose instant in `column` lies before `before`: whole files at
    /// once, and the old rows of a file of mixed age as soon as they are a day older than that.
    ///
    /// # Errors
    /// `ReadTable`, `Arrange`, `Store`, `Overtaken` or `Commit`; then all rows stand.
    pub async fn expire(&mut self, table: &str, column: &str, before: Instant, now: Instant) -> Result<Expired, LakeError> {
        let Some(version) = self.version(table).await? else { return Ok(Expired::default()) };
        let mut expired = Expired::default();
        let mut rewrite = Rewrite { is_data_change: true, ..Rewrite::default() };
        for file in &version.files {
            let Some((oldest, newest)) = span(self.layout(), table, file, column).await? else { continue };
            if newest < before {
                expired.rows += file.rows;
            } else if oldest.plus_seconds(SLACK_SECONDS) < before {
                let batches = read_rows(self.layout(), table, std::slice::from_ref(file), Wanted::default()).await?;
                let all = joined(table, &schema_over(&batches), &batches)?;
                let arrange = |cause| LakeError::Arrange { table: table.to_owned(), cause };
                let left = not_before(&all, column, before).map_err(arrange)?;
                expired.rows += (all.num_rows() - left.num_rows()) as u64;
                let name = format!("run-{}.zstd.parquet", DeliveryId::received(now));
                rewrite.added.push(self.write(table, &name, &left, now).await?);
            } else {
                continue;
            }
            rewrite.removed.push(file.path.clone());
            expired.files += 1;
        }
        if expired.files > 0 {
            self.rewrite(table, rewrite, now).await?;
        }
        Ok(expired)
    }
}

/// Lets go of every snapshot but the newest that can be read, so that what only others name can be removed;
/// returns how many went.
///
/// # Errors
/// `Object` when they cannot be listed, read or removed.
pub async fn keep_newest_snapshot_only(layout: &Layout) -> Result<usize, LakeError> {
    let Some(newest) = Snapshot::newest(layout).await? else { return Ok(0) };
    let mut ids = ids(layout).await?;
    ids.retain(|id| *id != newest.id);
    let mut gone = 0;
    for old in &ids {
        gone += usize::from(layout.storage().remove(&object_of(old)).await?);
    }
    Ok(gone)
}

/// Writes the database anew, so that nothing of removed rows stays in its free pages. False when somebody reads there
/// for so long that its log still holds them: the next process that moves deliveries empties that.
///
/// # Errors
/// `Inbox` when the database cannot be written.
pub fn scrub_database(layout: &Layout) -> Result<bool, LakeError> {
    let connection = open_database(layout)?;
    let scrubbed = connection.execute_batch("vacuum").and_then(|()| cut_log(&connection));
    scrubbed.map_err(|cause| LakeError::Inbox { operation: "write anew the database of", cause })
}

/// The oldest and the newest instant of a column, from the file's footer; null when that does not say.
async fn span(layout: &Layout, table: &str, file: &DataFile, column: &str) -> Result<Option<(Instant, Instant)>, LakeError> {
    let failed = |cause| LakeError::ReadTable { table: table.to_owned(), file: file.path.clone(), cause };
    let object = layout.table_object(table, &file.path);
    let mut reader = ObjectReader::new(layout.storage().store(), object, file.size_bytes);
    let loaded = ArrowReaderMetadata::load_async(&mut reader, ArrowReaderOptions::default()).await.map_err(failed)?;
    let metadata = loaded.metadata();
    let leaves = metadata.file_metadata().schema_descr().columns();
    let Some(place) = leaves.iter().position(|leaf| leaf.path().string() == column) else { return Ok(None) };
    let mut span: Option<(i64, i64)> = None;
    for group in metadata.row_groups() {
        let Some(Statistics::Int64(values)) = group.column(place).statistics() else { return Ok(None) };
        let (Some(least), Some(greatest)) = (values.min_opt(), values.max_opt()) else { return Ok(None) };
        span = Some(span.map_or((*least, *greatest), |(oldest, newest)| (oldest.min(*least), newest.max(*greatest))));
    }
    Ok(span.map(|(oldest, newest)| (Instant::from_micros(oldest), Instant::from_micros(newest))))
}

/// The rows that are young enough to stay; a row that does not say its time stays.
fn not_before(rows: &RecordBatch, column: &str, before: Instant) -> Result<RecordBatch, ArrowError> {
    let Some(column) = rows.column_by_name(column) else { return Ok(rows.clone()) };
    let micros = cast(column, &DataType::Int64)?;
    let micros = micros.as_primitive::<Int64Type>();
    let stays: BooleanArray =
        (0..micros.len()).map(|row| Some(micros.is_null(row) || micros.value(row) >= before.micros())).collect();
    filter_record_batch(rows, &stays)
}
