//! A table that outgrew single merges: cut by subject, nothing lost, nothing twice, and a few files for
//! each subject.

use crate::harness::at;
use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use waymark_lake::{Footers, Layout, TableVersion, Tables, Wanted, read_rows};

const TABLE: &str = "observed/commits";
const APPENDS: i64 = 24;
const ROWS: i64 = 33_000;
const SUBJECTS: i64 = 200;
const ASKED: &str = "s007";
/// Every append says again of these entities what the one before said, with a higher rank.
const REPEATED: i64 = 1_000;

fn rows(append: i64) -> RecordBatch {
    let entity = |row: i64| if row < REPEATED { row } else { append * ROWS + row };
    let text = |made: &dyn Fn(i64) -> String| -> ArrayRef { Arc::new((0..ROWS).map(made).map(Some).collect::<StringArray>()) };
    let number = |made: &dyn Fn(i64) -> i64| -> ArrayRef { Arc::new((0..ROWS).map(made).collect::<Int64Array>()) };
    RecordBatch::try_from_iter_with_nullable([
        ("subject", text(&|row| format!("s{:03}", entity(row) % SUBJECTS)), true),
        ("entity_id", text(&|row| format!("e{:07}", entity(row))), true),
        ("version_rank", number(&|_| append), true),
        ("dialect_version", number(&|_| 1), true),
        ("observation_id", text(&|row| format!("o{row}")), true),
        ("received_at", number(&|_| append), true),
        ("delivery_id", text(&|_| format!("d{append}")), true),
    ])
    .unwrap()
}

#[tokio::test]
async fn a_large_table_is_cut_by_subject_and_keeps_every_newest_row_once() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::open(folder.path()).unwrap();
    let now = at("2026-03-02T10:00:00Z");
    let mut tables = Tables::new(&layout);
    let mut covered = TableVersion::default();
    for append in 0..APPENDS {
        tables.append(TABLE, &rows(append), "inbox", append + 1, now).await.unwrap();
        covered = tables.version(TABLE).await.unwrap().unwrap();
        while tables.merge(TABLE, &covered, 4, now).await.unwrap().is_some() {
            covered = tables.version(TABLE).await.unwrap().unwrap();
        }
    }
    let mut ranks = BTreeMap::new();
    let mut files_of: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut rows_about = 0;
    for file in &covered.files {
        for batch in read_rows(&layout, TABLE, std::slice::from_ref(file), Wanted::default()).await.unwrap() {
            let text = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().clone();
            let (subjects, entities, deliveries) = (text("subject"), text("entity_id"), text("delivery_id"));
            for row in 0..batch.num_rows() {
                rows_about += usize::from(subjects.value(row) == ASKED);
                files_of.entry(subjects.value(row).to_owned()).or_default().insert(file.path.clone());
                ranks.entry(entities.value(row).to_owned()).or_insert_with(Vec::new).push(deliveries.value(row).to_owned());
            }
        }
    }
    let expected = APPENDS * (ROWS - REPEATED) + REPEATED;
    assert_eq!(i64::try_from(ranks.len()).unwrap(), expected, "an entity is lost");
    let newest = format!("d{}", APPENDS - 1);
    for entity in 0..REPEATED {
        assert!(ranks[&format!("e{entity:07}")].contains(&newest), "the newest statement about {entity} is gone");
    }
    let most = files_of.values().map(BTreeSet::len).max().unwrap();
    // Fewer than four of each generation; twenty-four appends make three of them.
    assert!(covered.files.len() > 8 && most <= 9, "{most} of {} files tell of one subject", covered.files.len());

    // What is known of the subjects of a file spares whoever comes back opening it.
    let footers = Footers::default();
    assert_eq!(about_asked(&layout, &covered, &footers).await, rows_about);
    for file in covered.files.iter().filter(|file| !files_of[ASKED].contains(&file.path)) {
        std::fs::remove_file(layout.table(TABLE).join(&file.path)).unwrap();
    }
    assert_eq!(about_asked(&layout, &covered, &footers).await, rows_about);
}

/// How many rows there are about one subject.
async fn about_asked(layout: &Layout, version: &TableVersion, footers: &Footers) -> usize {
    let subjects = BTreeSet::from([ASKED.to_owned()]);
    let wanted = Wanted { subjects: Some(&subjects), footers: Some(footers), ..Wanted::default() };
    read_rows(layout, TABLE, &version.files, wanted).await.unwrap().iter().map(RecordBatch::num_rows).sum()
}
