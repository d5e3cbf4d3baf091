//! Rows of Parquet files: which of them are read, and in which form.
//!
//! A reader may name the subjects that it wants: files are sorted by subject, so whole row groups
//! are passed over. How a file is made is said in `packing.rs`; which files are live is decided by `tables.rs` and by
//! snapshots.

use crate::error::LakeError;
use crate::footers::{Footers, SUBJECT, SubjectRange, is_any_between, subject_range_of};
use crate::layout::Layout;
use crate::object_reader::ObjectReader;
use crate::snapshot::DataFile;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::{cast, concat, partition};
use arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef, UInt32Type};
use arrow::error::ArrowError;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, RowSelection, RowSelector};
use parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use parquet::file::statistics::Statistics;
use parquet::schema::types::SchemaDescriptor;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// Rows of one row group.
pub(crate) const ROW_GROUP_ROWS: usize = 32 * 1_024;
/// Under which name a file's footer holds what its writer noted.
pub(crate) const NOTE: &str = "waymark.note";
/// Files that are read at the same time.
const READ_AT_ONCE: usize = 4;

/// Which rows and columns of a table are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'wanted> {
    /// Only rows about these subjects; null for all rows.
    pub subjects: Option<&'wanted BTreeSet<String>>,
    /// Only these columns, where a file has them; null for all columns.
    pub columns: Option<&'wanted [&'wanted str]>,
    /// The same for rows that are `joined` by this schema later: text is read in its types, and what is null in the
    /// whole of a file is left out.
    pub fit: Option<&'wanted SchemaRef>,
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
        fit: wanted.fit.cloned(),
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
    fit: Option<SchemaRef>,
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
        let footer = footer.map_err(failed)?;
        let part = Part { schema: footer.schema(), parquet_schema: footer.parquet_schema(), metadata: footer.metadata() };
        let (groups, pages) = match subjects {
            Some(subjects) => {
                let groups = part.row_groups(subjects).map_err(failed)?;
                if groups.is_empty() {
                    return Ok(Vec::new());
                }
                let pages = part.pages(&groups, subjects).map_err(failed)?;
                (groups, pages)
            }
            None => ((0..footer.metadata().num_row_groups()).collect(), None),
        };
        let columns = self.columns_of(&part, &groups);
        let mut builder = ParquetRecordBatchStreamBuilder::new_with_metadata(reader, self.fitted(&footer).map_err(failed)?);
        if let Some(columns) = columns {
            let mask = ProjectionMask::roots(builder.parquet_schema(), columns);
            builder = builder.with_projection(mask);
        }
        builder = builder.with_row_groups(groups);
        if let Some(pages) = pages {
            builder = builder.with_row_selection(pages);
        }
        let stream = builder.with_batch_size(ROW_GROUP_ROWS).build().map_err(failed)?;
        let schema = Arc::clone(stream.schema());
        let mut batches: Vec<RecordBatch> = stream.try_collect().await.map_err(failed)?;
        if batches.is_empty() {
            // A file without rows still tells its columns.
            batches.push(RecordBatch::new_empty(schema));
        }
        let Some(subjects) = subjects else { return Ok(batches) };
        let parts: Vec<Vec<RecordBatch>> = batches
            .iter()
            .map(|batch| about(batch, subjects))
            .collect::<Result<_, _>>()
            .map_err(|cause| failed(cause.into()))?;
        Ok(parts.into_iter().flatten().collect())
    }

    /// The places of the wanted columns; null for all.
    fn columns_of(&self, part: &Part<'_>, groups: &[usize]) -> Option<Vec<usize>> {
        if self.columns.is_none() && self.fit.is_none() {
            return None;
        }
        let is_wanted = |(place, name): (usize, &String)| {
            let is_named = self.columns.as_ref().is_some_and(|columns| columns.contains(name));
            let is_fit = || self.fit.as_ref().is_some_and(|fit| fit.index_of(name).is_ok());
            is_named || (self.subjects.is_some() && name == SUBJECT) || (is_fit() && !part.is_without_values(place, groups))
        };
        let names = part.schema.fields().iter().map(|field| field.name()).enumerate();
        Some(names.filter(|named| is_wanted(*named)).map(|(place, _)| place).collect())
    }

    /// A footer by which text is read in the types in which it is wanted. Whoever wants some subjects asks of each
    /// row which it is, and mostly that is the one before.
    fn fitted(&self, footer: &ArrowReaderMetadata) -> Result<ArrowReaderMetadata, ParquetError> {
        let Some(fit) = &self.fit else { return Ok(footer.clone()) };
        let fitted = |field: &FieldRef| {
            let wanted = match fit.field_with_name(field.name()) {
                Ok(wanted) => wanted.data_type().clone(),
                Err(_) if self.subjects.is_some() && field.name() == SUBJECT => words_type(),
                Err(_) => return Arc::clone(field),
            };
            let is_text = field.data_type() == &DataType::Utf8 && (wanted == words_type() || wanted == DataType::Utf8View);
            if is_text { Arc::new(field.as_ref().clone().with_data_type(wanted)) } else { Arc::clone(field) }
        };
        let schema = footer.schema();
        let fields: Vec<FieldRef> = schema.fields().iter().map(fitted).collect();
        let schema = Schema::new_with_metadata(fields, schema.metadata().clone());
        ArrowReaderMetadata::try_new(Arc::clone(footer.metadata()), ArrowReaderOptions::new().with_schema(Arc::new(schema)))
    }
}

/// Batches of files of different age as one batch: a column that an older file lacks is null.
///
/// # Errors
/// `Arrange` when a column has changed its type.
pub fn joined(table: &str, schema: &SchemaRef, batches: &[RecordBatch]) -> Result<RecordBatch, LakeError> {
    let failed = |cause| LakeError::Arrange { table: table.to_owned(), cause };
    let rows = batches.iter().map(RecordBatch::num_rows).sum();
    let column = |field: &FieldRef| {
        let is_told = batches.iter().any(|batch| batch.column_by_name(field.name()).is_some());
        if is_told { column_of(batches, field) } else { Ok(new_null_array(field.data_type(), rows)) }
    };
    let columns: Vec<ArrayRef> = schema.fields().iter().map(column).collect::<Result<_, _>>().map_err(failed)?;
    let count = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &count).map_err(failed)
}

/// The values of all batches in the type of the field. Those of neighbours of another type are put together before
/// they are changed.
fn column_of(batches: &[RecordBatch], field: &FieldRef) -> Result<ArrayRef, ArrowError> {
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(batches.len());
    for batch in batches {
        let data_type = columns.last().map_or_else(|| field.data_type(), |before| before.data_type());
        let none = || new_null_array(data_type, batch.num_rows());
        columns.push(batch.column_by_name(field.name()).map_or_else(none, Arc::clone));
    }
    let together = |columns: &[ArrayRef]| concat(&columns.iter().map(AsRef::as_ref).collect::<Vec<&dyn Array>>());
    let runs = columns.chunk_by(|before, after| before.data_type() == after.data_type());
    let runs: Vec<ArrayRef> = runs
        .map(|run| {
            let run = together(run)?;
            if run.data_type() == field.data_type() { Ok(run) } else { cast(&run, field.data_type()) }
        })
        .collect::<Result<_, _>>()?;
    together(&runs)
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

/// What is known of a file before any of its rows is read.
struct Part<'file> {
    schema: &'file SchemaRef,
    parquet_schema: &'file SchemaDescriptor,
    metadata: &'file ParquetMetaData,
}

impl Part<'_> {
    /// Whether a file says of a column that it is null in all of these row groups.
    fn is_without_values(&self, column: usize, groups: &[usize]) -> bool {
        let leaves = 0..self.parquet_schema.num_columns();
        let leaves: Vec<usize> = leaves.filter(|leaf| self.parquet_schema.get_column_root_idx(*leaf) == column).collect();
        let [leaf] = leaves.as_slice() else { return false };
        let is_null = |group: &usize| {
            let group = self.metadata.row_group(*group);
            let nulls = group.column(*leaf).statistics().and_then(Statistics::null_count_opt);
            nulls.is_some_and(|nulls| i64::try_from(nulls) == Ok(group.num_rows()))
        };
        self.parquet_schema.column(*leaf).max_rep_level() == 0 && !groups.is_empty() && groups.iter().all(is_null)
    }

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

/// The type of a column of words: each of them once, and of each row where its word stands.
#[must_use]
pub fn words_type() -> DataType {
    DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8))
}

/// The rows about these subjects, as the parts of the batch in which they stand.
fn about(batch: &RecordBatch, subjects: &BTreeSet<String>) -> Result<Vec<RecordBatch>, ArrowError> {
    let Some(column) = batch.column_by_name(SUBJECT) else { return Ok(vec![batch.clone()]) };
    let mut parts: Vec<Range<usize>> = Vec::new();
    // Rows are sorted by subject, so the answer for one row is that for those beside it.
    for alike in partition(std::slice::from_ref(column))?.ranges() {
        if text_at(column, alike.start).is_none_or(|subject| subjects.contains(subject)) {
            match parts.last_mut() {
                Some(part) if part.end == alike.start => part.end = alike.end,
                _ => parts.push(alike),
            }
        }
    }
    Ok(parts.into_iter().map(|part| batch.slice(part.start, part.len())).collect())
}

/// A row's text, also where texts are words of a list.
fn text_at(column: &ArrayRef, row: usize) -> Option<&str> {
    let (texts, row) = match column.as_dictionary_opt::<UInt32Type>() {
        Some(words) => (words.values(), words.key(row)?),
        None => (column, row),
    };
    texts.as_string_opt::<i32>().filter(|texts| texts.is_valid(row)).map(|texts| texts.value(row))
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
