//! Record batches as JSON, CSV, Parquet and text tables, the same for HTTP and the command line.

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use std::sync::Arc;

/// Rows as a JSON list of objects; null is written out.
///
/// # Errors
/// When a column has no JSON form.
pub fn json_rows(batches: &[RecordBatch]) -> Result<String, ArrowError> {
    let mut bytes = Vec::new();
    let builder = arrow::json::WriterBuilder::new().with_explicit_nulls(true);
    let mut writer = builder.build::<_, arrow::json::writer::JsonArray>(&mut bytes);
    for batch in batches {
        writer.write(batch)?;
    }
    writer.finish()?;
    drop(writer);
    if bytes.is_empty() {
        bytes.extend_from_slice(b"[]");
    }
    String::from_utf8(bytes).map_err(|error| ArrowError::JsonError(error.to_string()))
}

/// Rows as CSV with a header (RFC 4180); an empty field is null, lists are JSON texts.
///
/// # Errors
/// When a column has no text form.
pub fn csv(batches: &[RecordBatch]) -> Result<Vec<u8>, ArrowError> {
    let mut bytes = Vec::new();
    let mut writer = arrow::csv::WriterBuilder::new().with_header(true).build(&mut bytes);
    for batch in batches {
        writer.write(&flat(batch)?)?;
    }
    drop(writer);
    Ok(bytes)
}

/// Rows as one Parquet file.
///
/// # Errors
/// When a column has no Parquet form.
pub fn parquet(batches: &[RecordBatch]) -> Result<Vec<u8>, ParquetError> {
    let Some(first) = batches.first() else { return Ok(Vec::new()) };
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?)).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), first.schema(), Some(properties))?;
    for batch in batches {
        writer.write(batch)?;
    }
    writer.into_inner()
}

/// Rows as a table for a terminal.
///
/// # Errors
/// When a column has no text form.
pub fn table(batches: &[RecordBatch]) -> Result<String, ArrowError> {
    Ok(arrow::util::pretty::pretty_format_batches(batches)?.to_string())
}

/// CSV knows no lists, so they become texts.
fn flat(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    use arrow::array::{Array, ArrayRef, StringArray};
    use arrow::util::display::{ArrayFormatter, FormatOptions};
    let options = FormatOptions::default();
    let columns: Vec<ArrayRef> = batch
        .columns()
        .iter()
        .map(|column| {
            if !column.data_type().is_nested() {
                return Ok(Arc::clone(column));
            }
            let formatter = ArrayFormatter::try_new(column, &options)?;
            let texts = (0..column.len()).map(|row| column.is_valid(row).then(|| formatter.value(row).to_string()));
            Ok(Arc::new(texts.collect::<StringArray>()) as ArrayRef)
        })
        .collect::<Result<_, ArrowError>>()?;
    let schema = batch.schema();
    RecordBatch::try_from_iter_with_nullable(
        schema.fields().iter().map(|field| field.name().as_str()).zip(columns).map(|(name, column)| (name, column, true)),
    )
}
