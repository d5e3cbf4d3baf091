//! Rows as the bytes of a Parquet file: its row groups, pages, dictionaries and filters, and what is compressed.
//!
//! Which rows a file gets, and in which order, is decided by whoever writes it.

use crate::files::{NOTE, ROW_GROUP_ROWS};
use crate::footers::SUBJECT;
use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::partition;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

/// Rows of one page of a table that is sorted by subject: so few that one subject costs little to read.
const PAGE_ROWS: usize = 1_024;
/// A dictionary of one column is no larger, because whoever reads a page reads the dictionary first: columns of
/// which each row has another text would fill a megabyte before they give up having one.
const DICTIONARY_BYTES_MAX: usize = 64 * 1_024;
/// How many stretches of a column are looked at, and how many rows of each.
const STRETCHES: usize = 4;
const STRETCH_ROWS: usize = 256;
/// A column is not packed of which the runs of equal values take no more than a byte for so many rows.
const RUNS_BYTE_ROWS: usize = 4;
/// Columns that people and joins look up by value; a filter saves reading files that lack it.
const LOOKED_UP: &[&str] = &["sha", "entity_id", "deployment_id"];
/// Below this a filter costs more than it saves.
const FILTERED_ROWS_MIN: usize = 10_000;

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
        let path = ColumnPath::from(field.name().as_str());
        let is_empty = column.null_count() == column.len() && !column.data_type().is_nested();
        if packing == Packing::Quick && matches!(column.data_type(), DataType::Timestamp(..)) {
            // Looking each instant up among all others costs more than to write by how much it differs from the last.
            properties = properties
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path.clone(), Encoding::DELTA_BINARY_PACKED)
                .set_column_compression(path, Compression::UNCOMPRESSED);
        } else if is_empty || (packing == Packing::Small && is_in_runs(column)?) {
            properties = properties.set_column_compression(path, Compression::UNCOMPRESSED);
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

/// Whether a column says the same row after row, as far as some stretches of it tell. How often it does is written, and
/// not each time, so that little is left to pack; and getting ready to pack and to unpack a column takes as long as
/// thousands of its rows.
fn is_in_runs(column: &ArrayRef) -> Result<bool, ArrowError> {
    let rows = column.len();
    if rows == 0 || column.data_type().is_nested() {
        return Ok(false);
    }
    let stretch = STRETCH_ROWS.min(rows);
    let mut changes = 0;
    for part in 0..STRETCHES {
        changes += partition(&[column.slice(part * (rows - stretch) / STRETCHES, stretch)])?.len() - 1;
    }
    let runs = 1 + changes * rows / (STRETCHES * stretch);
    let runs_bytes = runs * column.to_data().get_slice_memory_size()? / rows;
    Ok(runs_bytes * RUNS_BYTE_ROWS <= rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, StringArray, TimestampMicrosecondArray};
    use bytes::Bytes;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use parquet::file::metadata::ColumnChunkMetaData;
    use std::sync::Arc;

    const ROWS: i64 = 4_000;

    fn written(packing: Packing) -> Bytes {
        let text = |made: fn(i64) -> Option<String>| -> ArrayRef { Arc::new((0..ROWS).map(made).collect::<StringArray>()) };
        let rows = RecordBatch::try_from_iter_with_nullable([
            ("none", text(|_| None), true),
            ("one", text(|_| Some("the same".to_owned())), true),
            ("few", text(|row| (row > 700).then(|| format!("component {}", row / 500))), true),
            ("turns", text(|row| Some(format!("scan {}", row % 7))), true),
            ("own", text(|row| Some(format!("entity {row}"))), true),
            ("count", Arc::new((0..ROWS).collect::<Int64Array>()) as ArrayRef, true),
            ("at", Arc::new(TimestampMicrosecondArray::from_iter_values(0..ROWS)) as ArrayRef, true),
        ])
        .unwrap();
        Bytes::from(encoded(&rows, packing, None).unwrap())
    }

    /// The columns of a file of which something holds.
    fn columns(packing: Packing, holds: impl Fn(&ColumnChunkMetaData) -> bool) -> Vec<String> {
        let file = ParquetRecordBatchReaderBuilder::try_new(written(packing)).unwrap();
        let columns = file.metadata().row_group(0).columns().iter();
        columns.filter(|column| holds(column)).map(|column| column.column_path().string()).collect()
    }

    #[test]
    fn what_is_in_runs_is_not_packed_for_years() {
        let packed = |packing| columns(packing, |column| column.compression() != Compression::UNCOMPRESSED);
        assert_eq!(packed(Packing::Small), ["turns", "own", "count", "at"]);
        assert_eq!(packed(Packing::Quick), ["one", "few", "turns", "own", "count"]);
    }

    #[test]
    fn instants_of_facts_are_written_by_their_differences() {
        let differences =
            |column: &ColumnChunkMetaData| column.encodings().any(|encoding| encoding == Encoding::DELTA_BINARY_PACKED);
        assert_eq!(columns(Packing::Quick, differences), ["at"]);
        assert_eq!(columns(Packing::Small, differences), Vec::<String>::new());
    }
}
