//! Record batches as JSON, CSV, Parquet and text tables, the same for HTTP and the command line.

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::buffer::NullBuffer;
use arrow::datatypes::FieldRef;
use arrow::error::ArrowError;
use arrow::json::writer::{EncoderOptions, NullableEncoder, make_encoder};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

/// With these a spreadsheet begins a formula.
const FORMULA_STARTS: &[char] = &['=', '+', '-', '@', '\t'];

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

/// Rows as CSV with a header (RFC 4180): an empty field is null, `""` an empty text, and lists are JSON texts.
///
/// # Errors
/// When a column has no text form.
pub fn csv(batches: &[RecordBatch]) -> Result<Vec<u8>, ArrowError> {
    delimited(batches, &[])
}

/// The same for spreadsheets: `'` stands before a text that one would take for a formula.
///
/// # Errors
/// When a column has no text form.
pub fn csv_safe(batches: &[RecordBatch]) -> Result<Vec<u8>, ArrowError> {
    delimited(batches, FORMULA_STARTS)
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

/// Lines of fields, in which `'` disarms texts that begin with one of the given characters.
fn delimited(batches: &[RecordBatch], disarmed: &[char]) -> Result<Vec<u8>, ArrowError> {
    let mut lines = String::new();
    if let Some(first) = batches.first() {
        for (place, field) in first.schema().fields().iter().enumerate() {
            lines.push_str(if place > 0 { "," } else { "" });
            push_field(field.name(), disarmed, &mut lines);
        }
        lines.push('\n');
    }
    let lists = EncoderOptions::default().with_explicit_nulls(true);
    let mut text = String::new();
    for batch in batches {
        let schema = batch.schema();
        let columns = schema.fields().iter().zip(batch.columns());
        let mut columns = columns.map(|(field, column)| Texts::of(field, column, &lists)).collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            for (place, column) in columns.iter_mut().enumerate() {
                lines.push_str(if place > 0 { "," } else { "" });
                text.clear();
                if column.write(row, &mut text)? {
                    push_field(&text, if column.is_number { &[] } else { disarmed }, &mut lines);
                }
            }
            lines.push('\n');
        }
    }
    Ok(lines.into_bytes())
}

/// The values of a column as texts.
struct Texts<'a> {
    nulls: Option<NullBuffer>,
    is_number: bool,
    form: Form<'a>,
}

/// How a value becomes a text: a list as JSON, anything else as it is shown.
enum Form<'a> {
    Json(NullableEncoder<'a>),
    Shown(ArrayFormatter<'a>),
}

impl<'a> Texts<'a> {
    fn of(field: &'a FieldRef, column: &'a ArrayRef, lists: &'a EncoderOptions) -> Result<Self, ArrowError> {
        let form = if column.data_type().is_nested() {
            Form::Json(make_encoder(field, column.as_ref(), lists)?)
        } else {
            Form::Shown(ArrayFormatter::try_new(column.as_ref(), &FormatOptions::default())?)
        };
        Ok(Self { nulls: column.logical_nulls(), is_number: column.data_type().is_numeric(), form })
    }

    /// Writes a value and says that there is one; null has no text.
    fn write(&mut self, row: usize, text: &mut String) -> Result<bool, ArrowError> {
        if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            return Ok(false);
        }
        match &mut self.form {
            Form::Json(encoder) => {
                let mut bytes = Vec::new();
                encoder.encode(row, &mut bytes);
                text.push_str(&String::from_utf8(bytes).map_err(|error| ArrowError::JsonError(error.to_string()))?);
            }
            Form::Shown(formatter) => formatter.value(row).write(text)?,
        }
        Ok(true)
    }
}

/// A field that is not null, in quotes where it needs them.
fn push_field(text: &str, disarmed: &[char], lines: &mut String) {
    let mark = if text.starts_with(disarmed) { "'" } else { "" };
    if text.is_empty() || text.contains(['"', ',', '\n', '\r']) {
        lines.push('"');
        lines.push_str(mark);
        lines.push_str(&text.replace('"', "\"\""));
        lines.push('"');
    } else {
        lines.push_str(mark);
        lines.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Float64Array, Int64Array, ListBuilder, StringArray, StringBuilder};
    use std::sync::Arc;

    fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true))).unwrap()
    }

    fn text(csv: Result<Vec<u8>, ArrowError>) -> String {
        String::from_utf8(csv.unwrap()).unwrap()
    }

    #[test]
    fn null_and_empty_text_differ_and_lists_are_json() {
        let mut lists = ListBuilder::new(StringBuilder::new());
        lists.append_value([Some("a"), None, Some("b,\"c\"")]);
        lists.append_null();
        lists.append_value([] as [Option<&str>; 0]);
        let rows = batch(vec![
            ("word", Arc::new(StringArray::from(vec![Some(""), None, Some("x, \"y\"\nz")]))),
            ("number", Arc::new(Float64Array::from(vec![Some(1.5), None, Some(-2.0)]))),
            ("list", Arc::new(lists.finish())),
        ]);
        let expected = "word,number,list\n\
                        \"\",1.5,\"[\"\"a\"\",null,\"\"b,\\\"\"c\\\"\"\"\"]\"\n\
                        ,,\n\
                        \"x, \"\"y\"\"\nz\",-2.0,[]\n";
        assert_eq!(text(csv(&[rows])), expected);
        assert_eq!(text(csv(&[])), "");
    }

    #[test]
    fn a_text_that_looks_like_a_formula_is_disarmed_where_that_is_asked_for() {
        let words = ["=1+1", "+1", "-1", "@x", "\tx", "x=1"];
        let rows = batch(vec![
            ("=word", Arc::new(StringArray::from(words.to_vec()))),
            ("number", Arc::new(Int64Array::from(vec![-1; words.len()]))),
        ]);
        assert!(text(csv(std::slice::from_ref(&rows))).starts_with("=word,number\n=1+1,-1\n"));
        let safe = "'=word,number\n'=1+1,-1\n'+1,-1\n'-1,-1\n'@x,-1\n'\tx,-1\nx=1,-1\n";
        assert_eq!(text(csv_safe(&[rows])), safe);
    }
}
