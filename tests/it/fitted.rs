//! Rows that are read in the form of a schema: the same rows as ever, words kept once, and nothing read of what is
//! null.

use crate::harness::at;
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::util::pretty::pretty_format_batches;
use std::collections::BTreeSet;
use std::sync::Arc;
use waymark_lake::{Layout, Tables, Wanted, joined, read_rows, words_type};

const TABLE: &str = "observed/evidence";
const ROWS: i64 = 40_000;
const SUBJECTS: i64 = 50;

/// Rows of two row groups: of each subject many, a text that few rows differ in, one that all do, and nothing.
fn rows() -> RecordBatch {
    let text = |made: &dyn Fn(i64) -> Option<String>| -> ArrayRef { Arc::new((0..ROWS).map(made).collect::<StringArray>()) };
    let subject = |row: i64| row * SUBJECTS / ROWS;
    RecordBatch::try_from_iter_with_nullable([
        ("subject", text(&|row| Some(format!("s{:03}", subject(row)))), true),
        ("entity_id", text(&|row| Some(format!("a long name of the entity {row:07}"))), true),
        ("component_id", text(&|row| (row % 5 > 0).then(|| format!("c{}", row % 40))), true),
        ("scan_id", text(&|row| Some(format!("a scan that no other row is of, {row:07}"))), true),
        ("version", text(&|_| None), true),
        ("observed_at", Arc::new((0..ROWS).collect::<Int64Array>()) as ArrayRef, true),
    ])
    .unwrap()
}

/// The schema with these types of text.
fn schema(entity: &DataType, word: &DataType) -> SchemaRef {
    let columns = [("entity_id", entity), ("component_id", word), ("scan_id", word), ("version", word)];
    let texts = columns.map(|(name, kind)| Field::new(name, kind.clone(), true));
    Arc::new(Schema::new(texts.into_iter().chain([Field::new("observed_at", DataType::Int64, true)]).collect::<Vec<_>>()))
}

#[tokio::test]
async fn rows_that_are_read_to_fit_a_schema_are_those_that_were_written() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::open(folder.path()).unwrap();
    let mut tables = Tables::new(&layout);
    tables.append(TABLE, &rows(), "inbox", 1, at("2026-03-02T10:00:00Z")).await.unwrap();
    let files = tables.version(TABLE).await.unwrap().unwrap().files;
    let plain = schema(&DataType::Utf8, &DataType::Utf8);
    let fit = schema(&DataType::Utf8View, &words_type());
    let some: BTreeSet<String> = ["s003", "s004", "s041"].map(ToOwned::to_owned).into();
    for subjects in [None, Some(&some)] {
        let wanted = Wanted { subjects, ..Wanted::default() };
        let expected = joined(TABLE, &plain, &read_rows(&layout, TABLE, &files, wanted).await.unwrap()).unwrap();
        let read = read_rows(&layout, TABLE, &files, Wanted { fit: Some(&fit), ..wanted }).await.unwrap();
        for batch in &read {
            assert!(batch.column_by_name("version").is_none(), "nothing is read of a column without a value");
            let words = batch.column_by_name("component_id").unwrap();
            assert!(words.as_any_dictionary().values().len() <= 40, "a word is kept once");
        }
        let fitted = joined(TABLE, &fit, &read).unwrap();
        assert_eq!(fitted.schema(), fit);
        let share = if subjects.is_some() { 3 } else { SUBJECTS };
        assert_eq!(i64::try_from(fitted.num_rows()).unwrap(), ROWS * share / SUBJECTS);
        assert_eq!(fitted.column_by_name("version").unwrap().null_count(), fitted.num_rows());
        let printed = |rows: &RecordBatch| pretty_format_batches(std::slice::from_ref(rows)).unwrap().to_string();
        assert_eq!(printed(&joined(TABLE, &plain, &[fitted]).unwrap()), printed(&expected));
    }
}
