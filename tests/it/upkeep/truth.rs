//! What `waymark status` says is so, also after a process that ended early and under a clock that was wrong.

use super::commands::{command, run, said, told};
use super::{NOW, deployment};
use crate::harness::{World, program, skipped};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use waymark_collect::inbox_stream;
use waymark_lake::{FolderLock, Inbox, Layout, Snapshot};

/// A file with one deployment, as a person would point at it.
fn file(folder: &Path) -> PathBuf {
    let path = folder.join("deployments.ndjson");
    let text = r#"{"type":"deployment","data":{"deployment_id":"late","service_hint":"checkout","environment":"production","status":"finished","result":"success","finished_at":"2026-03-02T12:00:00Z"}}"#;
    std::fs::write(&path, text).unwrap();
    path
}

/// Ends what a world does; its folder stays.
fn left(world: World) -> TempDir {
    let World { folder, pipeline, .. } = world;
    drop(pipeline);
    folder
}

#[tokio::test]
async fn what_no_snapshot_shows_is_waiting_wherever_it_is() {
    let Some(program) = program() else {
        return skipped("what waits", "the program is not built: run `cargo build` first");
    };
    let mut world = World::new(NOW).await;
    world.take_in(&[deployment("d1", "ada@example.org", NOW)]).await;
    world.refresh().await;
    // One is in the table, and its facts could not be written; another one has only arrived.
    world.take_in(&[deployment("d2", "ada@example.org", NOW)]).await;
    world.pipeline.inbox().keep(&[deployment("d3", "ada@example.org", NOW)]).unwrap();
    let folder = left(world);
    assert_eq!(told(&program, folder.path(), &["status", "--json"])["waiting_deliveries"], 2);
    assert!(said(&program, folder.path(), &["status"]).contains("2 deliveries, received and not visible yet"));
}

#[tokio::test]
async fn a_clock_that_was_ahead_is_said_and_does_not_stick() {
    const AHEAD: &str = "2090-01-01T12:00:00Z";
    let Some(program) = program() else {
        return skipped("a clock that was ahead", "the program is not built: run `cargo build` first");
    };
    let mut world = World::new(AHEAD).await;
    world.take_in(&[deployment("d1", "ada@example.org", AHEAD)]).await;
    world.refresh().await;
    let folder = left(world);
    assert!(said(&program, folder.path(), &["status"]).contains("days in the future: compare this machine's clock"));
    let place = tempfile::tempdir().unwrap();
    said(&program, folder.path(), &["ingest", "file", "--source", "json", file(place.path()).to_str().unwrap()]);
    let status = told(&program, folder.path(), &["status", "--json"]);
    assert!((0..600).contains(&status["snapshot"]["age_seconds"].as_i64().unwrap()), "{status}");
    assert!(!status["freshness"]["received_at"].as_str().unwrap().starts_with("2090"), "{status}");
}

#[tokio::test]
async fn who_waits_for_a_process_that_ends_moves_its_deliveries_itself() {
    let Some(program) = program() else {
        return skipped("two that ingest", "the program is not built: run `cargo build` first");
    };
    let (folder, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let layout = Layout::open(folder.path()).unwrap();
    let inbox = Inbox::open(&layout).unwrap();
    let lock = FolderLock::take(&layout, "test").unwrap();
    let path = file(place.path());
    let mut waiting = command(&program, folder.path(), &["ingest", "file", "--source", "json", path.to_str().unwrap()]);
    let waiting = waiting.stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    for _ in 0..300 {
        if inbox.waiting(0).unwrap() > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(inbox.waiting(0).unwrap(), 1);
    drop(lock);
    let output = waiting.wait_with_output().unwrap();
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && !printed.contains("not visible yet"), "{printed}");
    assert_eq!(inbox.waiting(0).unwrap(), 0);
    let snapshot = Snapshot::newest(&layout).await.unwrap().unwrap();
    assert_eq!(snapshot.positions[&inbox_stream(&layout).unwrap()], 1);
}

#[test]
fn what_cannot_be_noted_about_a_snapshot_does_not_take_it_back() {
    let Some(program) = program() else {
        return skipped("a note that cannot be written", "the program is not built: run `cargo build` first");
    };
    let (folder, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let layout = Layout::open(folder.path()).unwrap();
    drop(Inbox::open(&layout).unwrap());
    let database = Connection::open(layout.database()).unwrap();
    let refuse = "create trigger refusal before insert on state when new.grouping = 'status'
        begin select raise(abort, 'no more notes'); end";
    database.execute_batch(refuse).unwrap();
    let path = file(place.path());
    let ingest = ["ingest", "file", "--source", "json", path.to_str().unwrap()];
    let output = run(&program, folder.path(), &ingest);
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && printed.contains("no more notes"), "{printed}");
    let status = told(&program, folder.path(), &["status", "--json"]);
    assert!(status["waiting_deliveries"] == 0 && status["freshness"].is_null(), "{status}");
    database.execute_batch("drop trigger refusal").unwrap();
    said(&program, folder.path(), &ingest);
    let status = told(&program, folder.path(), &["status", "--json"]);
    assert_eq!(status["freshness"]["snapshot"], status["snapshot"]["id"], "the next one is noted: {status}");
}
