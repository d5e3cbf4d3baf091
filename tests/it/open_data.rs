//! Open data: other engines read the tables as they lie there, and count what ours counts.
//!
//! `open_data/read.py` reads; what is right is said here, by our own engine over the same snapshot.

use crate::harness::{World, at, skipped};
use crate::lake_rows::snapshot_rows;
use crate::python;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use waymark_analytics::Definitions;
use waymark_event::{Delivery, Instant};
use waymark_lake::{Layout, Snapshot};
use waymark_sample::{Plan, deliveries};

/// By which column rows are counted: the first that a table fills.
const GROUPS: &[&str] =
    &["service", "component_id", "repository", "source", "status", "attribution_status", "scope", "segment"];
/// Whose greatest value is compared: the first that a table fills.
const INSTANTS: &[&str] = &["finished_at", "deployed_at", "received_at", "merged_at", "started_at", "opened_at", "valid_from"];
/// Tables without which the comparison would say little.
const EXPECTED: &[&str] = &[
    "deliveries",
    "observed/deployments",
    "observed/ci_runs",
    "facts/deployments",
    "facts/ci_runs",
    "facts/delivered_changes",
];

/// One table as the script is to read it.
#[derive(Serialize)]
struct Question {
    folder: String,
    files: Vec<String>,
    version: u64,
    group: &'static str,
    instant: Option<&'static str>,
}

/// What an engine found in one table.
#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
struct Found {
    rows: usize,
    groups: BTreeMap<String, usize>,
    /// The greatest instant, in microseconds since 1970.
    latest: Option<i64>,
}

#[derive(Deserialize)]
struct Told {
    found: BTreeMap<String, BTreeMap<String, Found>>,
    absent: BTreeMap<String, String>,
}

/// What our own engine reads, and the question that others are to answer; null for an empty table.
async fn asked(layout: &Layout, snapshot: &Snapshot, table: &str) -> Option<(Question, Found)> {
    let rows = snapshot_rows(layout, snapshot, table).await;
    let filled = |column: &&&str| rows.iter().any(|row| !row[**column].is_null());
    let group = *GROUPS.iter().find(filled)?;
    let instant = INSTANTS.iter().find(filled).copied();
    let mut found = Found { rows: rows.len(), ..Found::default() };
    for row in &rows {
        *found.groups.entry(row[group].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    let instants = rows.iter().filter_map(|row| row[instant?].as_str());
    found.latest = instants.map(|text| at(text).micros()).max();
    let folder = layout.table(table);
    let version = &snapshot.tables[table];
    let files = version.files.iter().map(|file| folder.join(&file.path).display().to_string()).collect();
    let question = Question { folder: folder.display().to_string(), files, version: version.version, group, instant };
    Some((question, found))
}

#[tokio::test]
async fn other_engines_read_the_tables_and_agree() {
    if python::interpreter().is_none() {
        return skipped("other engines over the tables", python::ABSENT);
    }
    let plan = Plan::small();
    let whole: toml::Table = plan.configuration().parse().unwrap();
    let definitions: Definitions = whole.try_into().unwrap();
    let as_of: Instant = plan.as_of();
    let mut world = World::with(&as_of.to_rfc3339(), definitions).await;
    let all: Vec<Delivery> = deliveries(&plan).collect();
    // Several commits, so that the tables have several files and a log to read.
    for batch in all.chunks(all.len().div_ceil(3)) {
        world.take_in(batch).await;
    }
    let snapshot = world.refresh().await;
    let (mut questions, mut expected) = (BTreeMap::new(), BTreeMap::new());
    for table in snapshot.tables.keys() {
        if let Some((question, found)) = asked(&world.layout, &snapshot, table).await {
            questions.insert(table.as_str(), question);
            expected.insert(table.clone(), found);
        }
    }
    for table in EXPECTED {
        assert!(expected.contains_key(*table), "the sample has no `{table}`, so nothing would be compared");
    }
    let path = world.folder.path().join("questions.json");
    std::fs::write(&path, serde_json::to_vec(&questions).unwrap()).unwrap();
    let script = crate::harness::root().join("tests/it/open_data/read.py");
    let printed = python::run(&script, &[path.as_os_str()]).unwrap();
    let told: Told = serde_json::from_str(&printed).unwrap();
    for (engine, why) in &told.absent {
        skipped(engine, why);
    }
    assert!(told.found.len() >= 3, "only {:?} answered", told.found.keys());
    for (engine, found) in &told.found {
        assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{engine}");
        for (table, found) in found {
            assert_eq!(found, &expected[table], "{engine} reads `{table}` otherwise");
        }
    }
}
