//! Tables in an object store that several machines write: no commit is lost, none counted twice.
//!
//! Each law holds in memory, in plain `cargo test`, and on moto where `.ci/run` has put Python.
//! What can go wrong with a store is in `faults.rs`.

use crate::faults::{Fault, FaultyStore};
use crate::harness::{World, at, skipped};
use crate::lake_rows::{difference, facts};
use crate::moto::Moto;
use crate::python;
use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;
use object_store::ObjectStore;
use object_store::memory::InMemory;
use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;
use waymark_event::{Delivery, chain};
use waymark_lake::{LakeError, Layout, Tables, Wanted, read_rows};
use waymark_sample::{Plan, deliveries};

const TABLE: &str = "observed/deployments";
/// Appends of each writer.
const POSITIONS: i64 = 25;
/// Faults are rare enough that so many tries in a row do not all meet one.
const TRIES_MAX: usize = 30;
/// Names the store to the child of a test.
const TOLD: &str = "WAYMARK_TEST_STORE";

/// One machine: its own way to the shared store, and its own local part.
struct Machine {
    layout: Layout,
    store: Arc<FaultyStore>,
    _local: TempDir,
}

impl Machine {
    async fn new(shared: &Arc<dyn ObjectStore>, seed: u64) -> Self {
        let local = tempfile::tempdir().unwrap();
        let store = FaultyStore::new(Arc::clone(shared), seed);
        let layout = Layout::with_store(Arc::<FaultyStore>::clone(&store), "shop/data", local.path()).await.unwrap();
        Self { layout, store, _local: local }
    }

    /// Faults of every kind that a network has, from the seed.
    fn make_unlucky(&self) {
        self.store.plan(|plan| {
            plan.writing.chances =
                vec![(Fault::ErrorAfter, 120), (Fault::ErrorBefore, 80), (Fault::ToldItExists, 80), (Fault::Timeout, 40)];
            // The clients of stores try a failed reading again by themselves, so few reach us.
            plan.reading.chances = vec![(Fault::Slow, 50), (Fault::ErrorBefore, 4)];
        });
    }

    /// Every position of a stream in its order, each tried again until it is there.
    async fn append_all(&self, stream: &'static str, tries_max: usize) {
        let mut tables = Tables::new(&self.layout);
        for position in 1..=POSITIONS {
            let mut tried = 1;
            while let Err(error) = append(&mut tables, stream, position).await {
                assert!(tried < tries_max, "position {position} of `{stream}` at try {tried}: {}", chain(&error));
                tried += 1;
            }
        }
    }
}

async fn append(tables: &mut Tables, stream: &str, position: i64) -> Result<(), LakeError> {
    tables.append(TABLE, &row(stream, position), stream, position, at("2026-03-02T10:00:00Z")).await
}

fn row(stream: &str, position: i64) -> RecordBatch {
    let streams: ArrayRef = Arc::new(StringArray::from(vec![stream]));
    let positions: ArrayRef = Arc::new(Int64Array::from(vec![position]));
    RecordBatch::try_from_iter_with_nullable([("stream", streams, true), ("position", positions, true)]).unwrap()
}

/// How often each position of each stream stands in the table, as somebody sees it who comes anew.
async fn kept(layout: &Layout) -> BTreeMap<(String, i64), usize> {
    let Some(version) = Tables::new(layout).version(TABLE).await.unwrap() else { return BTreeMap::new() };
    let mut kept = BTreeMap::new();
    for batch in read_rows(layout, TABLE, &version.files, Wanted::default()).await.unwrap() {
        let streams = batch.column_by_name("stream").unwrap().as_string::<i32>();
        let positions = batch.column_by_name("position").unwrap().as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            *kept.entry((streams.value(row).to_owned(), positions.value(row))).or_default() += 1;
        }
    }
    kept
}

fn each_once(streams: &[&str]) -> BTreeMap<(String, i64), usize> {
    streams.iter().flat_map(|stream| (1..=POSITIONS).map(|position| (((*stream).to_owned(), position), 1))).collect()
}

async fn two_machines_with_a_stream_each(shared: Arc<dyn ObjectStore>) {
    let (one, other) = (Machine::new(&shared, 1).await, Machine::new(&shared, 2).await);
    let reader = Machine::new(&shared, 3).await;
    let tasks = [
        tokio::spawn(async move { one.append_all("left", 1).await }),
        tokio::spawn(async move { other.append_all("right", 1).await }),
    ];
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(kept(&reader.layout).await, each_once(&["left", "right"]));
    let mut tables = Tables::new(&reader.layout);
    assert_eq!(tables.version(TABLE).await.unwrap().unwrap().files.len(), 2 * usize::try_from(POSITIONS).unwrap());
    for stream in ["left", "right"] {
        assert_eq!(tables.position(TABLE, stream).await.unwrap(), Some(POSITIONS));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_machines_lose_no_commit_in_memory() {
    two_machines_with_a_stream_each(Arc::new(InMemory::new())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_machines_lose_no_commit_on_moto() {
    let Some(moto) = Moto::start() else { return skipped("two machines on moto", python::ABSENT) };
    two_machines_with_a_stream_each(moto.store()).await;
}

async fn two_unlucky_machines(shared: Arc<dyn ObjectStore>) {
    let (one, other) = (Machine::new(&shared, 1).await, Machine::new(&shared, 2).await);
    let reader = Machine::new(&shared, 3).await;
    let stores = [Arc::clone(&one.store), Arc::clone(&other.store)];
    one.make_unlucky();
    other.make_unlucky();
    let tasks = [
        tokio::spawn(async move { one.append_all("left", TRIES_MAX).await }),
        tokio::spawn(async move { other.append_all("right", TRIES_MAX).await }),
    ];
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(kept(&reader.layout).await, each_once(&["left", "right"]));
    for fault in [Fault::ErrorAfter, Fault::ErrorBefore] {
        let met: usize = stores.iter().map(|store| store.plan(|plan| plan.met.get(&fault).copied().unwrap_or(0))).sum();
        assert!(met > 0, "{fault:?} was never met, so nothing was tried");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_before_and_after_success_lose_and_repeat_nothing_in_memory() {
    two_unlucky_machines(Arc::new(InMemory::new())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_before_and_after_success_lose_and_repeat_nothing_on_moto() {
    let Some(moto) = Moto::start() else { return skipped("unlucky machines on moto", python::ABSENT) };
    two_unlucky_machines(moto.store()).await;
}

async fn one_stream_by_two_machines(shared: Arc<dyn ObjectStore>) {
    let (one, other) = (Machine::new(&shared, 1).await, Machine::new(&shared, 2).await);
    let reader = Machine::new(&shared, 3).await;
    let tasks = [
        tokio::spawn(async move { one.append_all("inbox", TRIES_MAX).await }),
        tokio::spawn(async move { other.append_all("inbox", TRIES_MAX).await }),
    ];
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(kept(&reader.layout).await, each_once(&["inbox"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_read_by_two_machines_is_kept_once_in_memory() {
    one_stream_by_two_machines(Arc::new(InMemory::new())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_read_by_two_machines_is_kept_once_on_moto() {
    let Some(moto) = Moto::start() else { return skipped("one stream by two machines on moto", python::ABSENT) };
    one_stream_by_two_machines(moto.store()).await;
}

#[tokio::test]
async fn a_writer_that_slept_repeats_nothing() {
    let shared: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let (one, other) = (Machine::new(&shared, 1).await, Machine::new(&shared, 2).await);
    let (mut awake, mut asleep) = (Tables::new(&one.layout), Tables::new(&other.layout));
    append(&mut awake, "inbox", 1).await.unwrap();
    assert_eq!(asleep.position(TABLE, "inbox").await.unwrap(), Some(1));
    for position in 2..=POSITIONS {
        append(&mut awake, "inbox", position).await.unwrap();
    }
    // It still has the table open as it was before, and goes on where it was.
    for position in 2..=POSITIONS {
        append(&mut asleep, "inbox", position).await.unwrap();
    }
    assert_eq!(kept(&one.layout).await, each_once(&["inbox"]));
}

#[tokio::test]
async fn a_commit_that_was_answered_by_an_error_is_recognised() {
    let machine = Machine::new(&(Arc::new(InMemory::new()) as Arc<dyn ObjectStore>), 1).await;
    let mut tables = Tables::new(&machine.layout);
    append(&mut tables, "inbox", 1).await.unwrap();
    for (fault, position) in [Fault::ErrorAfter, Fault::ToldItExists, Fault::Timeout].into_iter().zip(2..) {
        machine.store.plan(|plan| (plan.only, plan.writing.script) = ("_delta_log", [Some(fault)].into()));
        append(&mut tables, "inbox", position).await.unwrap_or_else(|error| panic!("{fault:?}: {}", chain(&error)));
        assert_eq!(machine.store.plan(|plan| plan.met.get(&fault).copied()), Some(1));
        assert_eq!(tables.position(TABLE, "inbox").await.unwrap(), Some(position));
    }
    let kept = kept(&machine.layout).await;
    assert_eq!(kept.len(), 4);
    assert!(kept.values().all(|count| *count == 1), "{kept:?}");
}

#[tokio::test]
async fn a_store_that_ignores_only_if_absent_is_refused() {
    let local = tempfile::tempdir().unwrap();
    let store = FaultyStore::new(Arc::new(InMemory::new()), 1);
    store.plan(|plan| plan.ignores_conditions = true);
    let refused = Layout::with_store(store, "shop/data", local.path()).await.unwrap_err();
    assert!(matches!(refused, LakeError::Probe { .. }), "{refused:?}");
    let sentence = refused.to_string();
    assert!(sentence.contains("If-None-Match") && sentence.contains("use a store with conditional writes"), "{sentence}");
}

/// Whatever an append needs last fails, first the rows, then the commit; then it is mended.
async fn refused_and_mended(fault: Fault, words: &str) {
    let machine = Machine::new(&(Arc::new(InMemory::new()) as Arc<dyn ObjectStore>), 1).await;
    let mut tables = Tables::new(&machine.layout);
    append(&mut tables, "inbox", 1).await.unwrap();
    for (only, position) in [("part-", 2), ("_delta_log", 3)] {
        let before = kept(&machine.layout).await;
        machine.store.plan(|plan| (plan.only, plan.writing.always) = (only, Some(fault)));
        let error = append(&mut tables, "inbox", position).await.unwrap_err();
        let sentence = chain(&error);
        assert!(sentence.contains(TABLE) && sentence.contains(words), "{fault:?} at `{only}`: {sentence}");
        assert_eq!(kept(&machine.layout).await, before, "{fault:?} at `{only}`: something became visible");
        assert_eq!(tables.position(TABLE, "inbox").await.unwrap(), Some(position - 1));
        machine.store.plan(|plan| plan.writing.always = None);
        append(&mut tables, "inbox", position).await.unwrap();
        assert_eq!(kept(&machine.layout).await.len(), before.len() + 1);
    }
}

#[tokio::test]
async fn a_full_disk_is_said_and_survived() {
    refused_and_mended(Fault::FullDisk, "no space left on device").await;
}

#[tokio::test]
async fn a_lost_permission_is_said_and_survived() {
    refused_and_mended(Fault::NoPermission, "permission denied").await;
}

/// A world whose key of pseudonyms is the same every time, so that facts can be compared.
async fn world(layout: Layout, folder: TempDir, plan: &Plan) -> World {
    layout.people_key(&[7; 32]).await.unwrap();
    let whole: toml::Table = plan.configuration().parse().unwrap();
    World::over(folder, layout, &plan.as_of().to_rfc3339(), whole.try_into().unwrap()).await
}

#[tokio::test]
async fn facts_from_a_store_are_those_from_a_folder() {
    let Some(moto) = Moto::start() else { return skipped("the pipeline on moto", python::ABSENT) };
    let plan = Plan { services: 3, weeks: 5, ..Plan::small() };
    let (here, local) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let in_store = Layout::with_store(moto.store(), "shop/data", local.path()).await.unwrap();
    let mut in_folder = world(Layout::open(here.path()).unwrap(), here, &plan).await;
    let mut in_store = world(in_store, local, &plan).await;
    let all: Vec<Delivery> = deliveries(&plan).collect();
    in_folder.take_in(&all).await;
    let expected = in_folder.refresh().await;
    // Two batches, with facts between them, so that the second one meets files that are there.
    for half in all.chunks(all.len().div_ceil(2)) {
        in_store.take_in(half).await;
        in_store.refresh().await;
    }
    let found = in_store.refresh().await;
    let (expected, found) = (facts(&in_folder.layout, &expected).await, facts(&in_store.layout, &found).await);
    assert!(!expected["deployments"].is_empty(), "nothing would be compared");
    assert_eq!(difference(&expected, &found), None);
}

#[test]
fn the_usual_environment_names_a_store() {
    let Some(moto) = Moto::start() else { return skipped("a store from the environment", python::ABSENT) };
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "object_storage::told_by_the_environment", "--ignored", "--nocapture"])
        .envs(moto.environment())
        .env(TOLD, format!("s3://{}/shop/data", moto.bucket()))
        .output()
        .unwrap();
    let (printed, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && printed.contains("1 passed"), "{printed}\n{said}");
}

#[expect(clippy::disallowed_methods, reason = "a child is told by its environment")]
fn told() -> Option<String> {
    std::env::var(TOLD).ok()
}

#[tokio::test]
#[ignore = "only in the child of `the_usual_environment_names_a_store`"]
async fn told_by_the_environment() {
    let Some(location) = told() else { return };
    let local = tempfile::tempdir().unwrap();
    let layout = Layout::connect(&location, local.path()).await.unwrap();
    append(&mut Tables::new(&layout), "inbox", 1).await.unwrap();
    // Another connection sees what this one has written.
    let again = Layout::connect(&location, local.path()).await.unwrap();
    assert_eq!(kept(&again).await.into_iter().collect::<Vec<_>>(), [(("inbox".to_owned(), 1), 1)]);
}
