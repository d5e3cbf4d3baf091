//! What must be true of a data folder after a crash, whatever the process was doing.
//!
//! Every acknowledged delivery stands in the newest snapshot once, no statement stands twice, and
//! the facts that were computed step by step are those of a copy that is computed from nothing.

use crate::harness::World;
use crate::lake_rows::{difference, facts};
use arrow::array::AsArray;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use waymark_analytics::Definitions;
use waymark_event::Table;
use waymark_lake::{DELIVERIES, INBOX_STREAM, Layout, Snapshot, Wanted, check_up, observed_table, read_rows};

/// How often each combination of values of some text columns stands in a table of a snapshot.
async fn counted(layout: &Layout, snapshot: &Snapshot, table: &str, columns: &[&str]) -> BTreeMap<Vec<String>, usize> {
    let files = snapshot.tables.get(table).map(|version| version.files.as_slice()).unwrap_or_default();
    let wanted = Wanted { columns: Some(columns), ..Wanted::default() };
    let mut counted = BTreeMap::new();
    for batch in read_rows(layout, table, files, wanted).await.unwrap() {
        let texts: Vec<_> = columns.iter().map(|name| batch.column_by_name(name).unwrap().as_string::<i32>()).collect();
        for row in 0..batch.num_rows() {
            let values = texts.iter().map(|column| column.value(row).to_owned()).collect();
            *counted.entry(values).or_default() += 1;
        }
    }
    counted
}

fn repeated(counted: &BTreeMap<Vec<String>, usize>) -> Vec<&Vec<String>> {
    counted.iter().filter(|(_, count)| **count > 1).map(|(values, _)| values).collect()
}

/// How often each delivery stands in the newest snapshot.
pub(super) async fn visible(folder: &Path) -> BTreeMap<String, usize> {
    let layout = Layout::existing(folder).unwrap();
    let snapshot = Snapshot::newest(&layout).await.unwrap().unwrap();
    let counted = counted(&layout, &snapshot, DELIVERIES, &["delivery_id"]).await;
    counted.into_iter().map(|(values, count)| (values.concat(), count)).collect()
}

/// Every acknowledged delivery is visible, and none twice; a start ends only when that is so.
pub(super) async fn assert_nothing_lost(folder: &Path, acknowledged: &BTreeSet<String>) {
    let visible = visible(folder).await;
    let lost: Vec<&String> = acknowledged.iter().filter(|id| !visible.contains_key(*id)).collect();
    assert!(lost.is_empty(), "{} of {} acknowledged deliveries are gone: {lost:?}", lost.len(), acknowledged.len());
    let repeated: Vec<_> = visible.iter().filter(|(_, count)| **count > 1).collect();
    assert!(repeated.is_empty(), "deliveries stand in the table more than once: {repeated:?}");
}

/// The folder is whole, no statement stands twice, and every fact is that of a computation from
/// nothing. Nobody writes to the folder meanwhile; it is copied and not touched.
pub(super) async fn assert_sound(folder: &Path) {
    let layout = Layout::existing(folder).unwrap();
    let checkup = check_up(&layout, INBOX_STREAM).await.unwrap();
    assert_eq!(checkup.problems, Vec::<String>::new());
    let snapshot = Snapshot::newest(&layout).await.unwrap().unwrap();
    for table in Table::ALL {
        let table = observed_table(table.name());
        let counted = counted(&layout, &snapshot, &table, &["observation_id", "delivery_id"]).await;
        let repeated = repeated(&counted);
        assert!(repeated.is_empty(), "statements stand in `{table}` more than once: {repeated:?}");
    }
    let (expected, found) = (recomputed(folder).await, facts(&layout, &snapshot).await);
    for name in ["commits", "deployments", "delivered_changes", "incidents", "failures", "ci_runs"] {
        assert!(!expected[name].is_empty(), "there is no row of `{name}`, so nothing would be compared");
    }
    assert_eq!(difference(&expected, &found), None);
}

/// The facts of a copy whose deliveries are read again, computed from nothing.
async fn recomputed(folder: &Path) -> BTreeMap<&'static str, Vec<String>> {
    let copy = tempfile::tempdir().unwrap();
    copy_folder(folder, copy.path());
    let layout = Layout::existing(copy.path()).unwrap();
    let as_of = Snapshot::newest(&layout).await.unwrap().unwrap().as_of;
    let mut world = World::over(copy, layout, &as_of.to_rfc3339(), Definitions::default()).await;
    world.drain().await;
    world.pipeline.rebuild().await.unwrap();
    let snapshot = world.refresh_fully().await;
    facts(&world.layout, &snapshot).await
}

/// Copies a folder with everything below it, as it lies on the disk.
pub(super) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
