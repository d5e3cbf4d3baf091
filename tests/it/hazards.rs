//! The hazards of the crates on which the lake rests, one test each: what they do not do by
//! themselves, and that it is done here.
//!
//! Several machines on one store are in `object_storage.rs`, kills in `crash.rs`.

mod synced;

use crate::faults::{Fault, FaultyStore};
use crate::harness::{World, at, delivery, root};
use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::datatypes::Int64Type;
use object_store::memory::InMemory;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use waymark_event::{Instant, chain};
use waymark_lake::{LakeError, Layout, Rewrite, Tables, Wanted, read_rows};

const TABLE: &str = "observed/deployments";
const STREAM: &str = "inbox";
/// Commits between two checkpoints.
const CHECKPOINT_COMMITS: i64 = 50;
/// Columns that can name people; their values stay out of the log.
const PERSONAL: &[&str] = &["body", "person", "author", "committer", "reviewer", "requester", "respondent", "comment"];

fn now() -> Instant {
    at("2026-03-02T10:00:00Z")
}

fn here() -> (TempDir, Layout) {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::open(folder.path()).unwrap();
    (folder, layout)
}

/// Appends one row that holds its own position.
async fn append(tables: &mut Tables, stream: &str, position: i64) -> Result<(), LakeError> {
    let positions: ArrayRef = Arc::new(Int64Array::from(vec![position]));
    let row = RecordBatch::try_from_iter_with_nullable([("position", positions, true)]).unwrap();
    tables.append(TABLE, &row, stream, position, now()).await
}

/// The positions that the table holds, as somebody sees them who comes anew.
async fn held(layout: &Layout) -> Vec<i64> {
    let version = Tables::new(layout).version(TABLE).await.unwrap().unwrap();
    let mut held = Vec::new();
    for batch in read_rows(layout, TABLE, &version.files, Wanted::default()).await.unwrap() {
        held.extend(batch.column_by_name("position").unwrap().as_primitive::<Int64Type>().values().iter());
    }
    held.sort_unstable();
    held
}

fn through(last: i64) -> Vec<i64> {
    (1..=last).collect()
}

#[tokio::test]
async fn rewriters_that_overlap_conflict_and_leave_every_row_single() {
    let (_folder, layout) = here();
    let mut first = Tables::new(&layout);
    for position in 1..=6 {
        append(&mut first, STREAM, position).await.unwrap();
    }
    let mut second = Tables::new(&layout);
    // From now on both have the table open as it is.
    let covered = second.version(TABLE).await.unwrap().unwrap();
    assert!(first.merge(TABLE, &covered, 2, now()).await.unwrap().is_some());
    let error = second.merge(TABLE, &covered, 2, now()).await.unwrap_err();
    assert!(matches!(error, LakeError::Commit { .. } | LakeError::Overtaken { .. }), "{error:?}");
    assert!(chain(&error).contains(TABLE), "{}", chain(&error));
    assert_eq!(held(&layout).await, through(6));
    assert_eq!(second.merge(TABLE, &covered, 2, now()).await.unwrap(), None, "nothing is left to merge");
    let gone = Rewrite { removed: vec![covered.files[0].path.clone()], ..Rewrite::default() };
    let error = second.rewrite(TABLE, gone, now()).await.unwrap_err();
    assert!(matches!(error, LakeError::Overtaken { .. }), "{error:?}");
    assert_eq!(held(&layout).await, through(6));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rewriters_that_race_leave_every_row_single() {
    let store: Arc<InMemory> = Arc::new(InMemory::new());
    let locals = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let one = Layout::with_store(Arc::<InMemory>::clone(&store), "shop", locals[0].path()).await.unwrap();
    let other = Layout::with_store(store, "shop", locals[1].path()).await.unwrap();
    let (mut first, mut second) = (Tables::new(&one), Tables::new(&other));
    for turn in 1..=10 {
        for position in 4 * turn - 3..=4 * turn {
            append(&mut first, STREAM, position).await.unwrap();
        }
        let covered = first.version(TABLE).await.unwrap().unwrap();
        let merges = tokio::join!(first.merge(TABLE, &covered, 2, now()), second.merge(TABLE, &covered, 2, now()));
        assert!(matches!(merges.0, Ok(Some(_))) || matches!(merges.1, Ok(Some(_))), "nobody merged: {merges:?}");
        assert_eq!(held(&one).await, through(4 * turn), "after {merges:?}");
    }
}

#[tokio::test]
async fn a_merge_keeps_the_positions_of_every_stream() {
    let (_folder, layout) = here();
    let mut tables = Tables::new(&layout);
    for position in 1..=4 {
        append(&mut tables, STREAM, position).await.unwrap();
    }
    append(&mut tables, "kafka:shop:deliveries:0", 9).await.unwrap();
    let covered = tables.version(TABLE).await.unwrap().unwrap();
    assert_eq!(tables.merge(TABLE, &covered, 2, now()).await.unwrap().map(|merged| merged.files), Some(5));
    let mut anew = Tables::new(&layout);
    for (stream, position) in [(STREAM, 4), ("kafka:shop:deliveries:0", 9)] {
        assert_eq!(anew.position(TABLE, stream).await.unwrap(), Some(position), "`{stream}`");
        append(&mut anew, stream, position).await.unwrap();
    }
    assert_eq!(held(&layout).await, [1, 2, 3, 4, 9]);
}

#[tokio::test]
async fn a_known_position_is_passed_over_also_by_a_writer_that_slept() {
    let (_folder, layout) = here();
    let (mut awake, mut asleep) = (Tables::new(&layout), Tables::new(&layout));
    append(&mut awake, STREAM, 1).await.unwrap();
    assert_eq!(asleep.position(TABLE, STREAM).await.unwrap(), Some(1));
    for position in 2..=5 {
        append(&mut awake, STREAM, position).await.unwrap();
    }
    // The second one still has the table open as it was; a transaction alone would let it write
    // the same positions after it has loaded the table again.
    for position in [3, 1, 5, 4, 3] {
        append(&mut asleep, STREAM, position).await.unwrap();
        append(&mut awake, STREAM, position).await.unwrap();
        assert_eq!(held(&layout).await, through(5), "position {position} was given again");
    }
    append(&mut asleep, STREAM, 6).await.unwrap();
    assert_eq!(held(&layout).await, through(6));
}

#[tokio::test]
async fn a_put_that_succeeded_and_answered_an_error_counts_once() {
    let local = tempfile::tempdir().unwrap();
    let store = FaultyStore::new(Arc::new(InMemory::new()), 1);
    let layout = Layout::with_store(Arc::<FaultyStore>::clone(&store), "shop", local.path()).await.unwrap();
    let mut tables = Tables::new(&layout);
    for position in 1..=3 {
        append(&mut tables, STREAM, position).await.unwrap();
    }
    let is_done_and_denied =
        || store.plan(|plan| (plan.only, plan.writing.script) = ("_delta_log", [Some(Fault::ErrorAfter)].into()));
    is_done_and_denied();
    append(&mut tables, STREAM, 4).await.unwrap_or_else(|error| panic!("append: {}", chain(&error)));
    assert_eq!(held(&layout).await, through(4));
    let covered = tables.version(TABLE).await.unwrap().unwrap();
    is_done_and_denied();
    let merged = tables.merge(TABLE, &covered, 2, now()).await.unwrap_or_else(|error| panic!("merge: {}", chain(&error)));
    assert_eq!(merged.map(|merged| merged.files), Some(4));
    assert_eq!(held(&layout).await, through(4));
    assert_eq!(store.plan(|plan| plan.met.get(&Fault::ErrorAfter).copied()), Some(2), "the faults were met");
}

#[tokio::test]
async fn a_long_log_is_opened_by_its_checkpoint() {
    let (_folder, layout) = here();
    let mut tables = Tables::new(&layout);
    // The first commit of the log made the table.
    for position in 1..=CHECKPOINT_COMMITS {
        append(&mut tables, STREAM, position).await.unwrap();
    }
    let log = layout.table(TABLE).join("_delta_log");
    assert!(log.join("_last_checkpoint").is_file(), "there is no checkpoint after {CHECKPOINT_COMMITS} commits");
    // What the checkpoint covers is not needed any more.
    for version in 0..CHECKPOINT_COMMITS - 1 {
        std::fs::remove_file(log.join(format!("{version:020}.json"))).unwrap();
    }
    assert_eq!(held(&layout).await, through(CHECKPOINT_COMMITS));
    let mut anew = Tables::new(&layout);
    assert_eq!(anew.position(TABLE, STREAM).await.unwrap(), Some(CHECKPOINT_COMMITS));
    append(&mut anew, STREAM, CHECKPOINT_COMMITS).await.unwrap();
    append(&mut anew, STREAM, CHECKPOINT_COMMITS + 1).await.unwrap();
    assert_eq!(held(&layout).await, through(CHECKPOINT_COMMITS + 1));
}

#[tokio::test]
async fn a_table_is_the_same_before_and_after_it_was_read_from_a_checkpoint() {
    let (_folder, layout) = here();
    let mut tables = Tables::new(&layout);
    for position in 1..=2 * CHECKPOINT_COMMITS + 1 {
        append(&mut tables, STREAM, position).await.unwrap();
        if position % CHECKPOINT_COMMITS <= 1 {
            let version = tables.version(TABLE).await.unwrap().unwrap();
            assert_eq!(i64::try_from(version.version).unwrap(), position);
            assert_eq!(Some(version), Tables::new(&layout).version(TABLE).await.unwrap(), "after position {position}");
        }
    }
}

#[tokio::test]
async fn a_table_that_cannot_be_appended_to_leaves_the_others_whole() {
    let (_folder, layout) = here();
    let mut tables = Tables::new(&layout);
    let row = |position: i64| {
        let positions: ArrayRef = Arc::new(Int64Array::from(vec![position]));
        RecordBatch::try_from_iter_with_nullable([("position", positions, true)]).unwrap()
    };
    let names = ["observed/commits", TABLE, "observed/services"];
    let each = |position: i64| names.map(|table| (table.to_owned(), row(position))).to_vec();
    tables.append_each(each(1), STREAM, 1..=1, now()).await.unwrap();
    // One table is further than the others, in the middle of what comes next.
    append(&mut tables, STREAM, 2).await.unwrap();
    let error = tables.append_each(each(3), STREAM, 2..=3, now()).await.unwrap_err();
    assert!(matches!(&error, LakeError::Overtaken { table } if table == TABLE), "{error:?}");
    for (table, position) in [(names[0], 3), (TABLE, 2), (names[2], 3)] {
        assert_eq!(tables.position(table, STREAM).await.unwrap(), Some(position), "`{table}`");
    }
    // Given again from where that table stands, each takes what it lacks.
    tables.append_each(each(3), STREAM, 3..=3, now()).await.unwrap();
    for table in names {
        assert_eq!(Tables::new(&layout).position(table, STREAM).await.unwrap(), Some(3), "`{table}`");
    }
    assert_eq!(held(&layout).await, through(3));
}

/// The actions of every commit of every table below a folder.
fn actions(folder: &Path) -> Vec<(PathBuf, Value)> {
    let mut actions = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            actions.extend(self::actions(&path));
        } else if path.extension().is_some_and(|extension| extension == "json") {
            let text = std::fs::read_to_string(&path).unwrap();
            actions.extend(text.lines().map(|line| (path.clone(), serde_json::from_str(line).unwrap())));
        }
    }
    actions
}

/// A folder with observations, rejections and facts, some of them about people.
async fn written() -> World {
    let mut world = World::new("2026-03-02T12:00:00Z").await;
    let bodies = [
        r#"{"type":"commit","data":{"repository":"github.com/acme/shop","sha":"5f1d","author":"ada@example.org","authored_at":"2026-03-01T09:00:00Z","committed_at":"2026-03-01T09:00:00Z"}}"#,
        r#"{"type":"deployment","data":{"deployment_id":"d1","service_hint":"shop","environment":"production","revisions":["github.com/acme/shop@5f1d"],"status":"finished","result":"success","finished_at":"2026-03-01T10:00:00Z","person":"ada@example.org"}}"#,
        r#"{"type":"nothing that we know","data":{}}"#,
    ];
    let deliveries: Vec<_> = bodies.iter().map(|body| delivery("json", None, body, "2026-03-02T11:00:00Z")).collect();
    world.take_in(&deliveries).await;
    world.refresh().await;
    world
}

#[tokio::test]
async fn tables_ask_nothing_special_of_their_readers() {
    let world = written().await;
    let actions = actions(&world.folder.path().join("lake"));
    let mut tables = 0;
    for (path, action) in &actions {
        if let Some(protocol) = action.get("protocol") {
            tables += 1;
            assert_eq!(protocol["minReaderVersion"], 1, "{}: {protocol}", path.display());
            assert_eq!(protocol["minWriterVersion"], 2, "{}: {protocol}", path.display());
        }
        if let Some(metadata) = action.get("metaData") {
            let schema = metadata["schemaString"].as_str().unwrap();
            assert!(!schema.contains("timestamp_ntz"), "{}: a time without a zone: {schema}", path.display());
        }
        let vector = action.get("add").or(action.get("remove")).and_then(|file| file.get("deletionVector"));
        assert!(vector.is_none_or(Value::is_null), "{}: {action}", path.display());
    }
    assert!(tables > 10, "only {tables} tables were looked at");
}

#[tokio::test]
async fn statistics_do_not_name_people() {
    let world = written().await;
    let mut looked_at = 0;
    for (path, action) in actions(&world.folder.path().join("lake")) {
        let told =
            [action["add"]["stats"].as_str(), action["metaData"]["configuration"]["delta.dataSkippingStatsColumns"].as_str()];
        for text in told.into_iter().flatten() {
            looked_at += 1;
            let words: BTreeSet<&str> = text.split(|char: char| !(char.is_alphanumeric() || char == '_')).collect();
            let personal: Vec<&&str> = PERSONAL.iter().filter(|name| words.contains(**name)).collect();
            assert!(personal.is_empty(), "{}: {personal:?} in {text}", path.display());
        }
    }
    assert!(looked_at > 10, "only {looked_at} statistics were looked at");
}

#[test]
fn one_version_of_arrow_parquet_object_store_and_datafusion_is_locked() {
    let lock: toml::Table = std::fs::read_to_string(root().join("Cargo.lock")).unwrap().parse().unwrap();
    let text = |package: &toml::Value, key: &str| package.get(key).and_then(toml::Value::as_str).unwrap_or_default().to_owned();
    let mut versions: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for package in lock["package"].as_array().unwrap() {
        let name = text(package, "name");
        assert!(!name.starts_with("aws-sdk-"), "`{name}` comes with a feature of deltalake that must stay off");
        let families = ["arrow", "parquet", "object_store", "datafusion", "deltalake", "deltalake-core"];
        // The crates of Arrow and of DataFusion are released together.
        let is_of = |family: &&str| {
            name == **family || (matches!(*family, "arrow" | "datafusion") && name.starts_with(&format!("{family}-")))
        };
        if let Some(family) = families.into_iter().find(|family| is_of(family)) {
            versions.entry(family).or_default().insert(text(package, "version"));
        }
    }
    assert_eq!(versions.len(), 6, "{versions:?}");
    assert!(versions.values().all(|found| found.len() == 1), "{versions:?}");
    assert_eq!(versions["arrow"], versions["parquet"]);
}
