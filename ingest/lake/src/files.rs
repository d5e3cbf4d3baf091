//! Rows as Parquet files and back: how a file of a table is written, and which rows are read again.
//!
//! A reader may name the subjects that it wants: files are sorted by subject, so whole row groups
//! are passed over. Which files are live is decided by `tables.rs` and by snapshots.

use crate::error::LakeError;
use crate::footers::{Footers, SUBJECT, SubjectRange, is_any_between, subject_range_of};
use crate::layout::Layout;
use crate::object_reader::ObjectReader;
use crate::snapshot::DataFile;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, new_null_array};
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, RowSelection, RowSelector};
use parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, PageIndexPolicy, ParquetMetaData};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::{ColumnPath, SchemaDescriptor};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Rows of one row group.
const ROW_GROUP_ROWS: usize = 32 * 1_024;
/// Rows of one page of a table that is sorted by subject: so few that one subject costs little to read.
const PAGE_ROWS: usize = 1_024;
/// A dictionary of one column is no larger, because whoever reads a page reads the dictionary first: columns of
/// which each row has another text would fill a megabyte before they give up having one.
const DICTIONARY_BYTES_MAX: usize = 64 * 1_024;
/// Under which name a file's footer holds what its writer noted.
const NOTE: &str = "waymark.note";
/// Columns that people and joins look up by value; a filter saves reading files that lack it.
const LOOKED_UP: &[&str] = &["sha", "entity_id", "deployment_id"];
/// Below this a filter costs more than it saves.
const FILTERED_ROWS_MIN: usize = 10_000;
/// Files that are read at the same time.
const READ_AT_ONCE: usize = 4;

/// Which rows and columns of a table are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'wanted> {
    /// Only rows about these subjects; null for all rows.
    pub subjects: Option<&'wanted BTreeSet<String>>,
    /// Only these columns, where a file has them; null for all columns.
    pub columns: Option<&'wanted [&'wanted str]>,
    /// Where footers are remembered by whoever reads the same files again; null to read them anew.
    pub footers: Option<&'wanted Footers>,
}

/// The rows of files of a table, in the order of the files.
///
/// # Errors
/// `ReadTable` when a file is missing or not readable.
pub async fn read_rows(
    layout: &Layout,
    table: &str,
    files: &[DataFile],
    wanted: Wanted<'_>,
) -> Result<Vec<RecordBatch>, LakeError> {
    let read: Vec<Vec<RecordBatch>> = file_by_file(layout, table, files, wanted).try_collect().await?;
    Ok(read.into_iter().flatten().collect())
}

/// The same, file by file: while one is looked at, the next ones are read.
pub fn file_by_file(
    layout: &Layout,
    table: &str,
    files: &[DataFile],
    wanted: Wanted<'_>,
) -> BoxStream<'static, Result<Vec<RecordBatch>, LakeError>> {
    let subjects = wanted.subjects.cloned().map(Arc::new);
    let columns: Option<Arc<[String]>> = wanted.columns.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
    let read = |file: &DataFile| FileRead {
        layout: layout.clone(),
        table: table.to_owned(),
        file: file.clone(),
        subjects: subjects.clone(),
        columns: columns.clone(),
        footers: wanted.footers.cloned(),
    };
    let reads: Vec<FileRead> = files.iter().map(read).collect();
    futures::stream::iter(reads).map(FileRead::on_any_core).buffered(READ_AT_ONCE).boxed()
}

/// One file and what is wanted of it.
#[derive(Clone)]
struct FileRead {
    layout: Layout,
    table: String,
    file: DataFile,
    subjects: Option<Arc<BTreeSet<String>>>,
    columns: Option<Arc<[String]>>,
    footers: Option<Footers>,
}

impl FileRead {
    /// Reads as a task of its own, because decompressing is work for all cores.
    async fn on_any_core(self) -> Result<Vec<RecordBatch>, LakeError> {
        let task = self.clone();
        match tokio::spawn(async move { task.rows().await }).await {
            Ok(rows) => rows,
            Err(join) => Err(self.failed(ParquetError::External(Box::new(join)))),
        }
    }

    fn failed(&self, cause: ParquetError) -> LakeError {
        LakeError::ReadTable { table: self.table.clone(), file: self.file.path.clone(), cause }
    }

    async fn rows(&self) -> Result<Vec<RecordBatch>, LakeError> {
        let failed = |cause| self.failed(cause);
        let subjects = self.subjects.as_deref();
        let object = self.layout.table_object(&self.table, &self.file.path);
        if let Some((footers, subjects)) = self.footers.as_ref().zip(subjects)
            && !footers.may_hold(&object, subjects).await
        {
            return Ok(Vec::new());
        }
        let mut reader = ObjectReader::new(self.layout.storage().store(), object.clone(), self.file.size_bytes);
        let footer = if let Some(footers) = &self.footers {
            footers.of(&object, &mut reader).await
        } else {
            let pages = if subjects.is_some() { PageIndexPolicy::Optional } else { PageIndexPolicy::Skip };
            let options = ArrowReaderOptions::new().with_page_index_policy(pages);
            ArrowReaderMetadata::load_async(&mut reader, options).await
        };
        let mut builder = ParquetRecordBatchStreamBuilder::new_with_metadata(reader, footer.map_err(failed)?);
        if let Some(columns) = &self.columns {
            let kept = |name: &String| columns.contains(name) || (subjects.is_some() && name == SUBJECT);
            let schema = Arc::clone(builder.schema());
            let places = schema.fields().iter().enumerate().filter(|(_, field)| kept(field.name())).map(|(place, _)| place);
            let mask = ProjectionMask::roots(builder.parquet_schema(), places);
            builder = builder.with_projection(mask);
        }
        if let Some(subjects) = subjects {
            let part =
                Part { schema: builder.schema(), parquet_schema: builder.parquet_schema(), metadata: builder.metadata() };
            let groups = part.row_groups(subjects).map_err(failed)?;
            if groups.is_empty() {
                return Ok(Vec::new());
            }
            let pages = part.pages(&groups, subjects).map_err(failed)?;
            builder = builder.with_row_groups(groups);
            if let Some(pages) = pages {
                builder = builder.with_row_selection(pages);
            }
        }
        let stream = builder.with_batch_size(ROW_GROUP_ROWS).build().map_err(failed)?;
        let schema = Arc::clone(stream.schema());
        let mut batches: Vec<RecordBatch> = stream.try_collect().await.map_err(failed)?;
        if batches.is_empty() {
            // A file without rows still tells its columns.
            batches.push(RecordBatch::new_empty(schema));
        }
        let Some(subjects) = subjects else { return Ok(batches) };
        Ok(batches.iter().flat_map(|batch| about(batch, subjects)).collect())
    }
}

/// Batches of files of different age as one batch: a column that an older file lacks is null.
///
/// # Errors
/// `Arrange` when a column has changed its type.
pub fn joined(table: &str, schema: &SchemaRef, batches: &[RecordBatch]) -> Result<RecordBatch, LakeError> {
    let failed = |cause| LakeError::Arrange { table: table.to_owned(), cause };
    let alike: Vec<RecordBatch> =
        batches.iter().map(|batch| in_schema(batch, schema)).collect::<Result<_, _>>().map_err(failed)?;
    arrow::compute::concat_batches(schema, &alike).map_err(failed)
}

/// The columns of all batches, each once, in the order in which they are met.
pub(crate) fn schema_over(batches: &[RecordBatch]) -> SchemaRef {
    let mut fields = Vec::new();
    let mut names = BTreeSet::new();
    for batch in batches {
        for field in batch.schema().fields() {
            if names.insert(field.name().clone()) {
                fields.push(Arc::new(field.as_ref().clone().with_nullable(true)));
            }
        }
    }
    Arc::new(Schema::new(fields))
}

fn in_schema(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns: Vec<ArrayRef> = schema
        .fields()
        .iter()
        .map(|field| match batch.column_by_name(field.name()) {
            Some(column) if column.data_type() == field.data_type() => Ok(Arc::clone(column)),
            Some(column) => arrow::compute::cast(column, field.data_type()),
            None => Ok(new_null_array(field.data_type(), batch.num_rows())),
        })
        .collect::<Result<_, _>>()?;
    RecordBatch::try_new(Arc::clone(schema), columns)
}

/// What is known of a file before any of its rows is read.
struct Part<'file> {
    schema: &'file SchemaRef,
    parquet_schema: &'file SchemaDescriptor,
    metadata: &'file ParquetMetaData,
}

impl Part<'_> {
    /// The row groups that may hold a row about one of the subjects.
    fn row_groups(&self, subjects: &BTreeSet<String>) -> Result<Vec<usize>, ParquetError> {
        let every = (0..self.metadata.num_row_groups()).collect();
        if self.schema.column_with_name(SUBJECT).is_none() {
            return Ok(every);
        }
        let converter = StatisticsConverter::try_new(SUBJECT, self.schema, self.parquet_schema)?;
        let groups = self.metadata.row_groups();
        let may_hold = may_hold(&converter.row_group_mins(groups)?, &converter.row_group_maxes(groups)?, subjects);
        Ok(every.into_iter().filter(|group| may_hold.get(*group).copied().unwrap_or(true)).collect())
    }

    /// Of these row groups, the rows whose pages may hold one about the subjects; null when a file
    /// tells nothing about its pages.
    fn pages(&self, groups: &[usize], subjects: &BTreeSet<String>) -> Result<Option<RowSelection>, ParquetError> {
        let (Some(columns), Some(offsets)) = (self.metadata.column_index(), self.metadata.offset_index()) else {
            return Ok(None);
        };
        if self.schema.column_with_name(SUBJECT).is_none() {
            return Ok(None);
        }
        let converter = StatisticsConverter::try_new(SUBJECT, self.schema, self.parquet_schema)?;
        let least = converter.data_page_mins(columns, offsets, groups)?;
        let greatest = converter.data_page_maxes(columns, offsets, groups)?;
        let Some(rows) = converter.data_page_row_counts(offsets, self.metadata.row_groups(), groups)? else {
            return Ok(None);
        };
        let may_hold = may_hold(&least, &greatest, subjects);
        if may_hold.len() != rows.len() {
            return Ok(None);
        }
        let selectors = rows.iter().zip(may_hold).map(|(rows, is_wanted)| {
            let rows = usize::try_from(rows.unwrap_or_default()).unwrap_or(usize::MAX);
            if is_wanted { RowSelector::select(rows) } else { RowSelector::skip(rows) }
        });
        Ok(Some(selectors.collect::<Vec<_>>().into()))
    }
}

/// Whether a range from the least to the greatest subject may hold one of those that are wanted.
fn may_hold(least: &ArrayRef, greatest: &ArrayRef, subjects: &BTreeSet<String>) -> Vec<bool> {
    let (Some(least), Some(greatest)) = (least.as_string_opt::<i32>(), greatest.as_string_opt::<i32>()) else {
        return Vec::new();
    };
    let holds = |place: usize| {
        if least.is_null(place) || greatest.is_null(place) {
            return true;
        }
        is_any_between(subjects, least.value(place), greatest.value(place))
    };
    (0..least.len()).map(holds).collect()
}

/// The rows about these subjects, as the parts of the batch in which they stand.
fn about(batch: &RecordBatch, subjects: &BTreeSet<String>) -> Vec<RecordBatch> {
    let Some(column) = batch.column_by_name(SUBJECT).and_then(|column| column.as_string_opt::<i32>()) else {
        return vec![batch.clone()];
    };
    let mut parts = Vec::new();
    let mut begin = 0;
    // Rows are sorted by subject, so the answer for one row is mostly that for the next.
    let mut last: Option<(Option<&str>, bool)> = None;
    for row in 0..column.len() {
        let subject = column.is_valid(row).then(|| column.value(row));
        let is_wanted = match last {
            Some((known, answer)) if known == subject => answer,
            _ => subject.is_none_or(|subject| subjects.contains(subject)),
        };
        match last {
            Some((_, true)) if !is_wanted => parts.push(batch.slice(begin, row - begin)),
            Some((_, true)) => {}
            _ if is_wanted => begin = row,
            _ => {}
        }
        last = Some((subject, is_wanted));
    }
    if last.is_some_and(|(_, is_wanted)| is_wanted) {
        parts.push(batch.slice(begin, column.len() - begin));
    }
    parts
}

/// What the pages of a file are compressed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    /// Little disk: statements and deliveries are written a few times and kept for years.
    Small,
    /// Little time and memory: a refresh reads and writes many small files, and zstd gets ready for each column of each.
    Quick,
}

impl Packing {
    fn compression(self) -> Result<Compression, ParquetError> {
        Ok(match self {
            Self::Small => Compression::ZSTD(ZstdLevel::try_new(3)?),
            Self::Quick => Compression::SNAPPY,
        })
    }
}

/// One batch as the bytes of one Parquet file, with a note in its footer if there is one.
pub(crate) fn encoded(batch: &RecordBatch, packing: Packing, note: Option<String>) -> Result<Vec<u8>, ParquetError> {
    let mut properties = WriterProperties::builder()
        .set_compression(packing.compression()?)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_dictionary_page_size_limit(DICTIONARY_BYTES_MAX)
        .set_key_value_metadata(note.map(|note| vec![KeyValue::new(NOTE.to_owned(), note)]));
    if batch.column_by_name(SUBJECT).is_some() {
        // Pages are found by subject and by nothing else, so only that column's pages need statistics.
        properties = properties
            .set_data_page_row_count_limit(PAGE_ROWS)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_column_statistics_enabled(ColumnPath::from(SUBJECT), EnabledStatistics::Page);
    } else if packing == Packing::Quick {
        // A small file is read whole or not at all, and noting each page of each column costs as much as its rows.
        properties = properties.set_statistics_enabled(EnabledStatistics::Chunk).set_offset_index_disabled(true);
    }
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        // There is nothing to pack in a column without a value, and getting ready to unpack it takes time.
        if column.null_count() == column.len() && !column.data_type().is_nested() {
            properties = properties.set_column_compression(ColumnPath::from(field.name().as_str()), Compression::UNCOMPRESSED);
        }
    }
    if batch.num_rows() >= FILTERED_ROWS_MIN {
        for name in LOOKED_UP.iter().filter(|name| batch.column_by_name(name).is_some()) {
            properties = properties
                .set_column_bloom_filter_enabled(ColumnPath::from(*name), true)
                .set_column_bloom_filter_max_ndv(ColumnPath::from(*name), ROW_GROUP_ROWS as u64);
        }
    }
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties.build()))?;
    writer.write(batch)?;
    writer.into_inner()
}

/// Whether a file can be opened, and how many rows it says that it holds.
///
/// # Errors
/// `ReadTable` when it is missing or not readable.
pub async fn footer_rows(layout: &Layout, table: &str, file: &DataFile) -> Result<u64, LakeError> {
    Ok(footer(layout, table, file).await?.metadata().file_metadata().num_rows().unsigned_abs())
}

/// What the writer of a file noted in its footer; null when it noted nothing.
///
/// # Errors
/// `ReadTable` when the file is missing or not readable.
pub async fn footer_note(layout: &Layout, table: &str, file: &DataFile) -> Result<Option<String>, LakeError> {
    let footer = footer(layout, table, file).await?;
    let entries = footer.metadata().file_metadata().key_value_metadata();
    Ok(entries.and_then(|entries| entries.iter().find(|entry| entry.key == NOTE)?.value.clone()))
}

/// The first and the last subject of a file, or a little beyond them; null where it tells none.
pub(crate) async fn subject_range(layout: &Layout, table: &str, file: &DataFile) -> Result<Option<SubjectRange>, LakeError> {
    let footer = footer(layout, table, file).await?;
    subject_range_of(&footer).map_err(|cause| LakeError::ReadTable { table: table.to_owned(), file: file.path.clone(), cause })
}

async fn footer(layout: &Layout, table: &str, file: &DataFile) -> Result<ArrowReaderMetadata, LakeError> {
    let failed = |cause| LakeError::ReadTable { table: table.to_owned(), file: file.path.clone(), cause };
    let object = layout.table_object(table, &file.path);
    let mut reader = ObjectReader::new(layout.storage().store(), object, file.size_bytes);
    ArrowReaderMetadata::load_async(&mut reader, ArrowReaderOptions::default()).await.map_err(failed)
}
