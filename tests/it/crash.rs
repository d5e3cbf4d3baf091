//! The real binary, killed, out of disk or damaged in the middle of its work: what it acknowledged
//! is there, once, and every fact is what a computation from nothing gives.
//!
//! `cargo test` kills a loaded process 20 times, the long job (`.ci/long`) 300 times.

mod burst;
mod damage;
mod judge;
mod server;
mod teller;

use crate::harness::{delivery, program, skipped, tell};
use burst::{Kill, MOMENTS, Moment, burst};
use judge::{assert_nothing_lost, assert_sound, visible};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde_json::Value;
use server::Server;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use teller::Teller;
use waymark_event::Delivery;
use waymark_lake::{Inbox, Layout};

/// How often the process is killed in plain `cargo test`.
const KILLS: usize = 20;
/// The same in the long job.
const KILLS_LONG: usize = 300;
/// After so many kills every fact is compared; acknowledgements are after each.
const COMPARED_EVERY: usize = 5;
/// As many moments must have been met for a run to prove something.
const ROUNDS_PER_MOMENT_MIN: usize = 3;
const SENDERS: u64 = 4;
const SEED: u64 = 3;
/// Small files are merged early, so that kills meet merges.
const CONFIGURATION: &str = "[upkeep]\nmerge_files_min = 3\n";

/// A long run says now and then how far it is.
const TOLD_EVERY: usize = 25;

/// Kills a loaded server again and again, at each kind of moment in turn.
async fn kill(times: usize) {
    let Some(program) = program() else { return skipped("kills under load", server::ABSENT) };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("waymark.toml"), CONFIGURATION).unwrap();
    let start = || Server::start(Command::new(&program), folder.path());
    let mut chance = ChaCha8Rng::seed_from_u64(SEED);
    let mut tellers: Vec<Teller> = (0..SENDERS).map(Teller::new).collect();
    let mut acknowledged: BTreeSet<String> = BTreeSet::new();
    let mut met: BTreeMap<Moment, usize> = BTreeMap::new();
    let mut server = start();
    // On a busy machine a moment can pass by each of its kills: it has as many turns again.
    for round in 1..=2 * times {
        let kill = Kill::drawn(round, &mut chance);
        if round > times && met.get(&kill.moment).is_some_and(|count| *count > 0) {
            continue;
        }
        let ended = burst(server, tellers, folder.path(), kill);
        *met.entry(kill.moment).or_default() += usize::from(ended.is_met);
        let before = acknowledged.len();
        acknowledged.extend(ended.acknowledged);
        assert!(acknowledged.len() > before, "round {round}: nothing was acknowledged before {kill:?}");
        tellers = ended.tellers;
        // Ready means that everything that waited is visible.
        server = start();
        assert_nothing_lost(folder.path(), &acknowledged).await;
        if round.is_multiple_of(TOLD_EVERY) {
            tell(&format!("{round} of {times} kills, {} acknowledged deliveries", acknowledged.len()));
        }
        if round.is_multiple_of(COMPARED_EVERY) || round >= times {
            server.kill();
            assert_sound(folder.path()).await;
            server = start();
        }
    }
    tell(&format!("{times} kills, {} acknowledged deliveries; moments met: {met:?}", acknowledged.len()));
    if times >= ROUNDS_PER_MOMENT_MIN * MOMENTS.len() {
        let missed: Vec<_> = MOMENTS.iter().filter(|moment| met.get(moment).is_none_or(|count| *count == 0)).collect();
        assert!(missed.is_empty(), "no kill met the moments {missed:?}, so nothing is proven of them");
    }
}

#[tokio::test]
async fn every_acknowledged_delivery_survives_a_kill() {
    kill(KILLS).await;
}

#[tokio::test]
#[ignore = "a quarter of an hour or more: run `.ci/long`"]
async fn crash_long() {
    kill(KILLS_LONG).await;
}

/// One deployment, as an event of our own format.
fn deployment(id: &str) -> String {
    format!(
        r#"{{"type":"deployment","data":{{"deployment_id":"{id}","service_hint":"checkout","environment":"production","status":"finished","result":"success","finished_at":"2026-01-05T10:00:00Z"}}}}"#
    )
}

/// The operating system refuses every file above a size, as a full disk refuses all.
#[cfg(unix)]
fn limited(program: &Path) -> Command {
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 2048; exec \"$0\" \"$@\""]).arg(program);
    limited
}

#[cfg(unix)]
#[tokio::test]
async fn a_full_disk_is_answered_with_patience_and_loses_nothing() {
    let Some(program) = program() else { return skipped("a full disk", server::ABSENT) };
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(limited(&program), folder.path());
    let mut acknowledged = Vec::new();
    let large = format!("[{}]", vec![" "; 4 * 1024 * 1024].concat());
    for (body, expected) in [(deployment("d1"), 202), (large, 503), (deployment("d2"), 202)] {
        let (status, told) = server.post(&body);
        assert_eq!(status, expected, "{told}");
        assert_eq!(told["retry-after"], Value::Bool(expected == 503), "{told}");
        acknowledged.extend(told["delivery_id"].as_str().map(ToOwned::to_owned));
    }
    server.kill();
    let server = Server::start(Command::new(&program), folder.path());
    let counts = visible(folder.path()).await;
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), acknowledged.into_iter().map(|id| (id, 1)).collect::<Vec<_>>());
    let large = format!("[{}]", vec![" "; 4 * 1024 * 1024].concat());
    assert_eq!(server.post(&large).0, 202, "once there is room, the same message is taken");
}

/// What waits finds no room in the tables when the process starts.
#[cfg(unix)]
#[tokio::test]
async fn a_start_on_a_full_disk_serves_what_there_is_and_goes_on_once_there_is_room() {
    let Some(program) = program() else { return skipped("a start on a full disk", server::ABSENT) };
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(Command::new(&program), folder.path());
    let mut acknowledged = vec![server.post(&deployment("d1")).1];
    server.kill();
    // Noise, because what can be packed would find room.
    let mut body = vec![0; 4 * 1024 * 1024];
    ChaCha8Rng::seed_from_u64(SEED).fill_bytes(&mut body);
    let large = Delivery { body, ..delivery("json", None, "", "2026-01-05T10:00:00Z") };
    let layout = Layout::existing(folder.path()).unwrap();
    Inbox::open(&layout).unwrap().keep(std::slice::from_ref(&large)).unwrap();
    let server = Server::start(limited(&program), folder.path());
    assert_eq!(server.status_of("/readyz"), 200, "the last snapshot is served");
    acknowledged.push(server.post(&deployment("d2")).1);
    server.kill();
    let before = visible(folder.path()).await;
    assert!(!before.contains_key(large.id.as_str()), "the disk was not full, so nothing is proven");
    Server::start(Command::new(&program), folder.path()).kill();
    let mut expected: BTreeMap<String, usize> = BTreeMap::from([(large.id.as_str().to_owned(), 1)]);
    expected.extend(acknowledged.iter().map(|told| (told["delivery_id"].as_str().unwrap().to_owned(), 1)));
    assert_eq!(visible(folder.path()).await, expected);
}
