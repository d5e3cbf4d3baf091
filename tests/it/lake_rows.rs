//! Rows of the lake's tables as JSON, read from the Parquet files that a version names.
//!
//! Reads files only, so it also works beside a process that writes, and from any storage. What the rows mean is left to
//! the tests.

use arrow::array::RecordBatch;
use arrow::json::LineDelimitedWriter;
use serde_json::Value;
use std::collections::BTreeMap;
use waymark_analytics::FACTS;
use waymark_lake::{Layout, Snapshot, TableVersion, Wanted, fact_table, read_rows};

/// Rows of each fact, as sorted lines of JSON.
pub(crate) type Facts = BTreeMap<&'static str, Vec<String>>;

/// Every row of one table version, in no order.
pub(crate) async fn rows(layout: &Layout, table: &str, version: &TableVersion) -> Vec<Value> {
    as_json(&read_rows(layout, table, &version.files, Wanted::default()).await.unwrap())
}

/// Rows as JSON, in their order; nulls are left out.
pub(crate) fn as_json(batches: &[RecordBatch]) -> Vec<Value> {
    let mut writer = LineDelimitedWriter::new(Vec::new());
    writer.write_batches(&batches.iter().collect::<Vec<_>>()).unwrap();
    writer.finish().unwrap();
    let text = String::from_utf8(writer.into_inner()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Every row of a table in a snapshot; none when the snapshot does not have it.
pub(crate) async fn snapshot_rows(layout: &Layout, snapshot: &Snapshot, table: &str) -> Vec<Value> {
    match snapshot.tables.get(table) {
        Some(version) => rows(layout, table, version).await,
        None => Vec::new(),
    }
}

/// Every fact of a snapshot as sorted lines of JSON, without the columns that tell of the arrival.
pub(crate) async fn facts(layout: &Layout, snapshot: &Snapshot) -> Facts {
    let mut facts = BTreeMap::new();
    for fact in FACTS {
        let mut lines = Vec::new();
        for mut row in snapshot_rows(layout, snapshot, &fact_table(fact.name)).await {
            if let Some(columns) = row.as_object_mut() {
                columns.remove("delivery_id");
                columns.remove("received_at");
            }
            lines.push(row.to_string());
        }
        lines.sort();
        facts.insert(fact.name, lines);
    }
    facts
}

/// Says in which fact two snapshots differ, and by which row.
pub(crate) fn difference(expected: &Facts, found: &Facts) -> Option<String> {
    expected.iter().find_map(|(name, lines)| {
        let other = found.get(name)?;
        if lines == other {
            return None;
        }
        let only = |these: &[String], those: &[String]| these.iter().find(|line| !those.contains(line)).cloned();
        Some(format!(
            "fact `{name}` has {} and {} rows\n  only expected: {:?}\n  only found: {:?}",
            lines.len(),
            other.len(),
            only(lines, other),
            only(other, lines)
        ))
    })
}
