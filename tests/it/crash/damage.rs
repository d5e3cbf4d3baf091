//! What else befalls a data folder: torn writes after a power cut, a second process, a file that is
//! gone, a lost permission, a clock that jumps. Each ends in a clear sentence or goes unnoticed.

use super::burst::{Kill, burst};
use super::judge::{assert_nothing_lost, assert_sound, copy_folder};
use super::server::{ABSENT, Server, refused};
use super::teller::Teller;
use super::{SENDERS, deployment};
use crate::harness::{World, at, delivery, program, skipped};
use crate::lake_rows::{difference, facts};
use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use waymark_collect::Pipeline;
use waymark_event::{Clock, Delivery, Instant, chain};
use waymark_lake::{DELIVERIES, INBOX_STREAM, Layout, Snapshot, Tables, Wanted, check_up, observed_table, read_rows};

const NOW: &str = "2026-03-02T12:00:00Z";

fn is_json(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending == "json")
}

/// Files below a folder whose names are wanted, in order.
fn files(folder: &Path, is_wanted: fn(&str) -> bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path(), is_wanted));
        } else if is_wanted(&entry.file_name().to_string_lossy()) {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

fn cut_in_half(path: &Path) {
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(file.metadata().unwrap().len() / 2).unwrap();
}

/// Half of a file under the name of a draft of `name`, as it lies there when the power goes.
fn torn_draft(of: &Path, name: &str) {
    let bytes = std::fs::read(of).unwrap();
    let draft = of.with_file_name(format!("{name}#4711{:08}", 3));
    std::fs::write(draft, &bytes[..bytes.len() / 2]).unwrap();
}

/// What a power cut may do to a folder of which everything named was synced: files that nobody
/// names are cut, drafts are torn, and the end of SQLite's log is rubbish.
async fn cut_the_power(folder: &Path) {
    let log = folder.join("waymark.sqlite-wal");
    OpenOptions::new().append(true).open(log).unwrap().write_all(&[0xA5; 5_000]).unwrap();
    let layout = Layout::existing(folder).unwrap();
    for orphan in check_up(&layout, INBOX_STREAM).await.unwrap().orphans {
        cut_in_half(&folder.join(orphan.path));
    }
    let tables = files(&folder.join("lake"), |name| name == "00000000000000000000.json");
    assert!(tables.len() > 4, "only {} tables", tables.len());
    for first in tables {
        // The next commit of this table was being written.
        let log = first.parent().unwrap();
        let next = files(log, is_json).len();
        torn_draft(&first, &format!("{next:020}.json"));
        if let Some(data) = files(log.parent().unwrap(), |name| name.ends_with(".parquet")).first() {
            let name = "part-01970000-0000-7000-8000-000000000000.zstd.parquet";
            torn_draft(data, name);
            std::fs::copy(data, data.with_file_name(name)).unwrap();
            cut_in_half(&data.with_file_name(name));
        }
    }
    let snapshots = files(&folder.join("snapshots"), is_json);
    let next = Snapshot::next_id(Snapshot::newest_id(&layout).await.unwrap().as_deref());
    torn_draft(snapshots.last().unwrap(), &format!("{next}.json"));
}

#[tokio::test]
async fn a_power_cut_loses_nothing_that_was_acknowledged() {
    let Some(program) = program() else { return skipped("a power cut", ABSENT) };
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeSet::new();
    let mut tellers: Vec<Teller> = (0..SENDERS).map(Teller::new).collect();
    for _ in 0..3 {
        let server = Server::start(Command::new(&program), folder.path());
        let ended = burst(server, tellers, folder.path(), Kill::after(100));
        acknowledged.extend(ended.acknowledged);
        tellers = ended.tellers;
    }
    let cut = tempfile::tempdir().unwrap();
    copy_folder(folder.path(), cut.path());
    cut_the_power(cut.path()).await;
    let server = Server::start(Command::new(&program), cut.path());
    assert_nothing_lost(cut.path(), &acknowledged).await;
    assert_eq!(server.post(&deployment("after the cut")).0, 202);
    server.kill();
    Server::start(Command::new(&program), cut.path()).kill();
    assert_sound(cut.path()).await;
}

#[test]
fn a_second_process_is_told_who_writes_here() {
    let Some(program) = program() else { return skipped("two processes on one folder", ABSENT) };
    let folder = tempfile::tempdir().unwrap();
    let first = Server::start(Command::new(&program), folder.path());
    let (status, said) = refused(Command::new(&program), folder.path());
    assert_eq!(status.code(), Some(1), "{said}");
    let path = std::fs::canonicalize(folder.path()).unwrap();
    let holder = format!("another process writes to `{}` (`waymark serve`, process {})", path.display(), first.process());
    assert!(said.contains(&holder) && said.contains("use another `--data` folder"), "{said}");
    assert_eq!(first.post(&deployment("d1")).0, 202, "the first one goes on");
}

/// A world with statements of two services and facts about them.
async fn settled() -> World {
    let mut world = World::new(NOW).await;
    world.take_in(&statements(&[NOW])).await;
    world.refresh().await;
    world
}

/// Ten deployments of two services, each told twice; the later end is the newer statement. Five
/// statements each are received at one of the given instants.
fn statements(received: &[&str]) -> Vec<Delivery> {
    (0..20)
        .map(|number| {
            let (service, day) = (["checkout", "search"][number % 2], 1 + number);
            let body = format!(
                r#"{{"type":"deployment","data":{{"deployment_id":"d{}","service_hint":"{service}","environment":"production","revisions":["github.com/acme/{service}@{number:040x}"],"status":"finished","result":"success","finished_at":"2024-03-{day:02}T10:00:00Z"}}}}"#,
                number % 10
            );
            delivery("json", None, &body, received[number / 5 % received.len()])
        })
        .collect()
}

#[tokio::test]
async fn a_missing_file_is_named_and_its_return_mends_everything() {
    let mut world = settled().await;
    let table = observed_table("deployments");
    let version = world.pipeline.versions().await.unwrap().remove(&table).unwrap();
    let name = version.files[0].path.clone();
    let (there, away) = (world.layout.table(&table).join(&name), world.folder.path().join("away.parquet"));
    std::fs::rename(&there, &away).unwrap();
    let error = read_rows(&world.layout, &table, &version.files, Wanted::default()).await.unwrap_err();
    let sentence = chain(&error);
    assert!(sentence.starts_with(&format!("failed to read `{name}` of `{table}`: run `waymark check --data`")), "{sentence}");
    let problems = check_up(&world.layout, INBOX_STREAM).await.unwrap().problems;
    let remedy = "run `waymark rebuild`, or restore the newest backup where deliveries have expired";
    assert_eq!(problems, [format!("`lake/{table}/{name}` is missing: {remedy}")]);
    let positions = Tables::new(&world.layout).position(&table, INBOX_STREAM).await.unwrap();
    assert_eq!(positions, Some(20), "what was kept is known all the same");
    std::fs::rename(&away, &there).unwrap();
    assert_eq!(check_up(&world.layout, INBOX_STREAM).await.unwrap().problems, Vec::<String>::new());
    let before = facts(&world.layout, &Snapshot::newest(&world.layout).await.unwrap().unwrap()).await;
    let after = world.refresh_fully().await;
    assert_eq!(difference(&before, &facts(&world.layout, &after).await), None);
}

/// Gives or takes the right to write to a folder and everything below it.
#[cfg(unix)]
fn set_rights(folder: &Path, rights: u32) {
    use std::os::unix::fs::PermissionsExt;
    let set = |path: &Path, mode: u32| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    set(folder, rights | 0o111);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            set_rights(&path, rights);
        } else {
            set(&path, rights);
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_lost_permission_is_said_and_its_return_mends_everything() {
    let World { folder, layout, clock, pipeline, .. } = settled().await;
    drop(pipeline);
    set_rights(folder.path(), 0o444);
    if std::fs::write(folder.path().join("written-all-the-same"), "").is_ok() {
        set_rights(folder.path(), 0o644);
        return skipped("a lost permission", "this user may write everywhere; `faults.rs` injects the loss instead");
    }
    let clock: Arc<dyn Clock> = clock;
    let error = Pipeline::open(&layout, Arc::clone(&clock), "test").await.unwrap_err();
    set_rights(folder.path(), 0o644);
    let sentence = chain(&error);
    assert!(sentence.contains("check that it exists, is writable and has free space"), "{sentence}");
    let mut pipeline = Pipeline::open(&layout, clock, "test").await.unwrap();
    assert_eq!(pipeline.tables().position(DELIVERIES, INBOX_STREAM).await.unwrap(), Some(20));
}

#[tokio::test]
async fn a_clock_that_jumps_harms_neither_positions_nor_facts() {
    let received = ["2026-03-02T12:00:00Z", "2025-03-02T12:00:00Z", "2027-03-02T12:00:00Z", "2025-03-02T11:00:00Z"];
    let steady = settled().await;
    let expected = facts(&steady.layout, &Snapshot::newest(&steady.layout).await.unwrap().unwrap()).await;
    assert!(!expected["deployments"].is_empty(), "nothing would be compared");
    let mut jumping = World::new(NOW).await;
    let mut position = 0;
    for (place, batch) in statements(&received).chunks(5).enumerate() {
        let now: Instant = at(received[place % received.len()]);
        jumping.clock.set(now);
        let flushed = jumping.take_in(batch).await;
        assert_eq!(flushed.deliveries, batch.len(), "as of {}", now.to_rfc3339());
        assert!(flushed.position > position, "position {} after {position}", flushed.position);
        position = flushed.position;
        let snapshot = jumping.refresh().await;
        assert_eq!((snapshot.as_of, snapshot.positions.get(INBOX_STREAM)), (now, Some(&position)));
        let newest = Snapshot::newest(&jumping.layout).await.unwrap().unwrap();
        assert_eq!(newest.id, snapshot.id, "the newest snapshot is the last one, whatever the clock said");
    }
    let found = facts(&jumping.layout, &Snapshot::newest(&jumping.layout).await.unwrap().unwrap()).await;
    assert_eq!(difference(&expected, &found), None);
}
