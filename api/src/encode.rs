//! Record batches as JSON, CSV, Parquet and text tables, the same for HTTP and the command line.
//!
//! What no format can say is refused in `encode/checks.rs` before anything is written.

mod checks;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, StringBuilder};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use arrow::error::ArrowError;
use arrow::json::writer::{EncoderOptions, NullableEncoder, make_encoder};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use checks::{check_names, check_values};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use std::sync::Arc;

/// Why rows cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// Readers of JSON would keep only one of two columns of one name.
    #[error("two columns are called `{name}`, and JSON knows columns by their names only: name them with `as`")]
    SameName {
        /// The name that two columns have.
        name: String,
    },
    /// A value lies beyond what its type can say.
    #[error("a value of the column `{column}` is out of the range of its type")]
    OutOfRange {
        /// The column that holds it.
        column: String,
    },
    /// A column cannot be said in the format.
    #[error("a column has no form in this format")]
    NoForm(#[source] ArrowError),
    /// A column cannot be said in Parquet.
    #[error("a column has no form in Parquet")]
    NoParquet(#[source] ParquetError),
}

/// With these a spreadsheet begins a formula, or a cell that may begin with one.
const FORMULA_STARTS: &[char] = &['=', '+', '-', '@', '\t', '\r', '\n'];
/// What stands for null in a table.
const NULL: &str = "null";

/// Rows as a JSON list of objects; null is written out, also for what is no number or infinite.
///
/// # Errors
/// `SameName`, `OutOfRange`, or `NoForm` when a column has no JSON form.
pub fn json_rows(batches: &[RecordBatch]) -> Result<String, EncodeError> {
    check_names(batches)?;
    check_values(batches)?;
    json_list(batches).map_err(EncodeError::NoForm)
}

/// Rows as CSV with a header (RFC 4180): an empty field is null, `""` an empty text, and lists are JSON texts.
///
/// # Errors
/// `OutOfRange`, or `NoForm` when a column has no text form.
pub fn csv(batches: &[RecordBatch]) -> Result<Vec<u8>, EncodeError> {
    check_values(batches)?;
    delimited(batches, &[]).map_err(EncodeError::NoForm)
}

/// The same for spreadsheets: `'` stands before a text that one would take for a formula.
///
/// # Errors
/// `OutOfRange`, or `NoForm` when a column has no text form.
pub fn csv_safe(batches: &[RecordBatch]) -> Result<Vec<u8>, EncodeError> {
    check_values(batches)?;
    delimited(batches, FORMULA_STARTS).map_err(EncodeError::NoForm)
}

/// Rows as one Parquet file.
///
/// # Errors
/// `OutOfRange`, or `NoParquet` when a column has no Parquet form.
pub fn parquet(batches: &[RecordBatch]) -> Result<Vec<u8>, EncodeError> {
    check_values(batches)?;
    parquet_file(batches).map_err(EncodeError::NoParquet)
}

/// Rows as a table for a terminal: null is written out, lists are JSON, and what would steer the terminal is escaped.
///
/// # Errors
/// `OutOfRange`, or `NoForm` when a column has no text form.
pub fn table(batches: &[RecordBatch]) -> Result<String, EncodeError> {
    check_values(batches)?;
    drawn(batches).map_err(EncodeError::NoForm)
}

fn json_list(batches: &[RecordBatch]) -> Result<String, ArrowError> {
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

fn parquet_file(batches: &[RecordBatch]) -> Result<Vec<u8>, ParquetError> {
    let Some(first) = batches.first() else { return Ok(Vec::new()) };
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?)).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), first.schema(), Some(properties))?;
    for batch in batches {
        writer.write(batch)?;
    }
    writer.into_inner()
}

fn drawn(batches: &[RecordBatch]) -> Result<String, ArrowError> {
    let texts = batches.iter().map(printable).collect::<Result<Vec<_>, _>>()?;
    Ok(arrow::util::pretty::pretty_format_batches(&texts)?.to_string())
}

/// The same rows as texts that a terminal shows as they are.
fn printable(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let lists = EncoderOptions::default().with_explicit_nulls(true);
    let (mut fields, mut columns) = (Vec::new(), Vec::<ArrayRef>::new());
    let mut text = String::new();
    for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        let mut texts = Texts::of(field, column, &lists)?;
        let mut cells = StringBuilder::new();
        for row in 0..batch.num_rows() {
            text.clear();
            let has_value = texts.write(row, &mut text)?;
            cells.append_value(if has_value { harmless(&text) } else { NULL.to_owned() });
        }
        fields.push(Field::new(harmless(field.name()), DataType::Utf8, false));
        columns.push(Arc::new(cells.finish()));
    }
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)
}

/// A text whose control characters are written out, because they could recolour a terminal or write over other rows;
/// a line break goes on inside of its cell.
pub fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() && letter != '\n' {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
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
    use arrow::array::{Date32Array, Float64Array, Int64Array, ListBuilder, StringArray};

    fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true))).unwrap()
    }

    fn text(csv: Result<Vec<u8>, EncodeError>) -> String {
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
        let words = ["=1+1", "+1", "-1", "@x", "\tx", "x=1", "\r=1", "\n=1"];
        let rows = batch(vec![
            ("=word", Arc::new(StringArray::from(words.to_vec()))),
            ("number", Arc::new(Int64Array::from(vec![-1; words.len()]))),
        ]);
        assert!(text(csv(std::slice::from_ref(&rows))).starts_with("=word,number\n=1+1,-1\n"));
        let safe = "'=word,number\n'=1+1,-1\n'+1,-1\n'-1,-1\n'@x,-1\n'\tx,-1\nx=1,-1\n\"'\r=1\",-1\n\"'\n=1\",-1\n";
        assert_eq!(text(csv_safe(&[rows])), safe);
    }

    #[test]
    fn a_table_writes_null_and_control_characters_out() {
        let words = StringArray::from(vec![Some("\u{1b}[31mred\r"), Some(""), None, Some("a\nb")]);
        let rows = batch(vec![("wo\u{7}rd", Arc::new(words))]);
        let expected = "+-----------------+\n\
                        | wo\\u{7}rd       |\n\
                        +-----------------+\n\
                        | \\u{1b}[31mred\\r |\n\
                        |                 |\n\
                        | null            |\n\
                        | a               |\n\
                        | b               |\n\
                        +-----------------+";
        assert_eq!(table(&[rows]).unwrap(), expected);
    }

    #[test]
    fn json_refuses_two_columns_of_one_name_and_every_format_a_day_that_no_calendar_has() {
        let day: ArrayRef = Arc::new(Date32Array::from(vec![Some(0), None]));
        let twice = [batch(vec![("day", Arc::clone(&day)), ("day", day)])];
        assert!(matches!(json_rows(&twice), Err(EncodeError::SameName { name }) if name == "day"));
        assert_eq!(text(csv(&twice)), "day,day\n1970-01-01,1970-01-01\n,\n");
        let far = [batch(vec![("day", Arc::new(Date32Array::from(vec![0, i32::MAX])))])];
        let errors = [json_rows(&far).err(), csv(&far).err(), csv_safe(&far).err(), parquet(&far).err(), table(&far).err()];
        for error in errors {
            let said = error.unwrap().to_string();
            assert_eq!(said, "a value of the column `day` is out of the range of its type");
        }
    }
}
