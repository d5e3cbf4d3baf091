//! `Ground`: where collectors keep the tables, and how a test reads them beside the collectors.
//!
//! A folder of this machine has room for one writer; an object store for several.

use crate::moto::Moto;
use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use waymark_lake::{DELIVERIES, Layout, Snapshot, Wanted, observed_table, read_rows};

/// What lies below it in the bucket is the collectors'.
const PREFIX: &str = "exactly-once";

/// The tables of a test.
pub(super) struct Ground {
    folder: PathBuf,
    /// The address in the object store; null when the tables are a folder.
    location: Option<String>,
    environment: Vec<(String, String)>,
    layout: Layout,
}

/// Everything that the tables hold of the topic.
pub(super) struct Kept {
    /// The positions of each stream, in order.
    pub(super) positions: BTreeMap<String, Vec<i64>>,
    /// The ids of the deliveries, each once.
    pub(super) deliveries: HashSet<String>,
    /// The run and the delivery of each observation.
    pub(super) observations: Vec<(String, String)>,
}

impl Ground {
    /// Tables in a folder of this machine.
    pub(super) fn local(folder: &Path) -> Self {
        let data = folder.join("data");
        let layout = Layout::open(&data).unwrap();
        Self { folder: data, location: None, environment: Vec::new(), layout }
    }

    /// Tables in an object store; each collector has a local part of its own below `folder`.
    pub(super) async fn shared(folder: &Path, moto: &Moto) -> Self {
        let layout = Layout::with_store(moto.store(), PREFIX, &folder.join("test")).await.unwrap();
        let location = Some(format!("s3://{}/{PREFIX}", moto.bucket()));
        Self { folder: folder.to_owned(), location, environment: moto.environment(), layout }
    }

    /// The flags that tell a collector where the tables are.
    pub(super) fn arguments(&self, number: usize) -> Vec<OsString> {
        match &self.location {
            None => vec!["--data".into(), self.folder.clone().into()],
            Some(location) => {
                let local = self.folder.join(format!("collector-{number}"));
                vec!["--data".into(), location.into(), "--local".into(), local.into()]
            }
        }
    }

    /// What a collector must find in its environment.
    pub(super) fn environment(&self) -> &[(String, String)] {
        &self.environment
    }

    /// How many deliveries the newest snapshot shows.
    pub(super) async fn visible(&self) -> u64 {
        let snapshot = Snapshot::newest(&self.layout).await.unwrap();
        let deliveries = snapshot.and_then(|mut snapshot| snapshot.tables.remove(DELIVERIES));
        deliveries.map_or(0, |version| version.files.iter().map(|file| file.rows).sum())
    }

    /// What the newest snapshot shows of the deliveries and of the runs that they tell of.
    pub(super) async fn kept(&self) -> Kept {
        let snapshot = Snapshot::newest(&self.layout).await.unwrap().unwrap();
        let mut kept = Kept { positions: BTreeMap::new(), deliveries: HashSet::new(), observations: Vec::new() };
        for batch in self.rows(&snapshot, DELIVERIES, &["stream", "position", "delivery_id"]).await {
            let (streams, ids) = (texts(&batch, "stream"), texts(&batch, "delivery_id"));
            let positions = column(&batch, "position").as_primitive::<Int64Type>().clone();
            for row in 0..batch.num_rows() {
                kept.positions.entry(streams.value(row).to_owned()).or_default().push(positions.value(row));
                kept.deliveries.insert(ids.value(row).to_owned());
            }
        }
        kept.positions.values_mut().for_each(|positions| positions.sort_unstable());
        for batch in self.rows(&snapshot, &observed_table("ci_runs"), &["run_id", "delivery_id"]).await {
            let (runs, ids) = (texts(&batch, "run_id"), texts(&batch, "delivery_id"));
            kept.observations.extend((0..batch.num_rows()).map(|row| (runs.value(row).to_owned(), ids.value(row).to_owned())));
        }
        kept
    }

    async fn rows(&self, snapshot: &Snapshot, table: &str, columns: &[&str]) -> Vec<RecordBatch> {
        let files = snapshot.tables.get(table).map(|version| version.files.as_slice()).unwrap_or_default();
        let wanted = Wanted { columns: Some(columns), ..Wanted::default() };
        read_rows(&self.layout, table, files, wanted).await.unwrap()
    }
}

fn column<'batch>(batch: &'batch RecordBatch, name: &str) -> &'batch ArrayRef {
    batch.column_by_name(name).unwrap_or_else(|| panic!("there is no column `{name}`"))
}

/// A column of text, however it is coded.
fn texts(batch: &RecordBatch, name: &str) -> StringArray {
    cast(column(batch, name), &DataType::Utf8).unwrap().as_string::<i32>().clone()
}
