//! The commands of upkeep as an operator types them, in turn, over the small sample.

use crate::harness::{program, skipped};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A command over a data folder, before it runs.
pub(super) fn command(program: &Path, data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).arg("--data").arg(data).current_dir(data.parent().unwrap());
    command.env_remove("WAYMARK_DATA").env_remove("WAYMARK_CONFIG");
    command
}

pub(super) fn run(program: &Path, data: &Path, arguments: &[&str]) -> Output {
    command(program, data, arguments).output().unwrap()
}

/// What a command that must succeed prints.
pub(super) fn said(program: &Path, data: &Path, arguments: &[&str]) -> String {
    let output = run(program, data, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

pub(super) fn told(program: &Path, data: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&said(program, data, arguments)).unwrap()
}

/// The program and an empty folder beside its data; nothing where it is not built, which is said.
fn ground(what: &str) -> Option<(PathBuf, TempDir)> {
    let Some(program) = program() else {
        skipped(what, "the program is not built: run `cargo build` first");
        return None;
    };
    Some((program, tempfile::tempdir().unwrap()))
}

#[test]
fn every_command_of_upkeep_does_its_work() {
    let Some((program, place)) = ground("the commands of upkeep") else { return };
    let data = place.path().join("data");
    said(&program, &data, &["demo", "--small", "--no-serve"]);
    let status = told(&program, &data, &["status", "--json"]);
    assert_eq!((&status["writer"], &status["waiting_deliveries"]), (&Value::Null, &Value::from(0)));
    let tables = status["tables"].as_array().unwrap();
    let deployments = tables.iter().find(|table| table["table"] == "facts/deployments").unwrap();
    assert!(
        deployments["rows"].as_u64().unwrap() > 0 && deployments["disk_bytes"].as_u64() > deployments["live_bytes"].as_u64()
    );
    assert!(said(&program, &data, &["status"]).contains("facts/deployments"));
    assert!(said(&program, &data, &["check"]).contains("all is well"));
    said(&program, &data, &["compact"]);
    let rebuilt = told(&program, &data, &["rebuild", "--json"]);
    assert_eq!(rebuilt["differences"], Value::Array(Vec::new()), "{rebuilt}");
    assert!(rebuilt["observations"].as_u64().unwrap() > 0);
    assert!(said(&program, &data, &["forget", "nobody@example.org"]).starts_with("0 observations"));
    let forgotten = told(&program, &data, &["forget", "Dev3@acme.example.org", "--json"]);
    assert_eq!(forgotten["named_as_members_of"], Value::from(vec!["payments"]), "{forgotten}");
    members_are_checked(&program, &data);

    let (backup, restored) = (place.path().join("backup"), place.path().join("restored"));
    said(&program, &data, &["backup", backup.to_str().unwrap()]);
    let other = std::fs::File::open(backup.join("waymark-backup")).unwrap();
    other.lock().unwrap();
    let second = run(&program, &data, &["backup", backup.to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&second.stderr).contains("another backup is being written"), "{second:?}");
    drop(other);
    said(&program, &restored, &["restore", backup.to_str().unwrap()]);
    assert!(said(&program, &restored, &["check"]).contains("all is well"));
    let question = ["metric", "change_lead_time", "--json"];
    assert_eq!(
        told(&program, &data, &question)["rows"],
        told(&program, &restored, &question)["rows"],
        "the restored folder answers the same"
    );
    assert!(!run(&program, &restored, &["restore", backup.to_str().unwrap()]).status.success(), "a restore overwrites nothing");

    let lake = restored.join("lake/deliveries");
    let is_data = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "parquet");
    let mut files = std::fs::read_dir(lake).unwrap().map(|entry| entry.unwrap().path()).filter(is_data);
    std::fs::remove_file(files.next().unwrap()).unwrap();
    let damaged = run(&program, &restored, &["check"]);
    assert_eq!(damaged.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&damaged.stdout).contains("is missing: restore the newest backup"), "{damaged:?}");
}

/// Reads these events from a file, one in each line.
fn ingest(program: &Path, place: &Path, events: &[&str]) -> Output {
    let file = place.join("events.ndjson");
    std::fs::write(&file, events.join("\n")).unwrap();
    run(program, &place.join("data"), &["ingest", "file", "--source", "json", file.to_str().unwrap()])
}

#[test]
fn a_file_of_which_nothing_is_understood_is_an_error() {
    let Some((program, place)) = ground("a file that says nothing") else { return };
    let good = r#"{"type":"deployment","data":{"deployment_id":"1"}}"#;
    let bad = r#"{"type":"deployment","data":{"deployment":"1"}}"#;
    for (events, code, told) in [
        ([bad, bad], 1, "error: nothing was understood: see `waymark rejections`"),
        ([good, bad], 0, "not understood: 1 item; what was good is kept"),
        ([good, good], 0, "read from 1 file"),
    ] {
        let read = ingest(&program, place.path(), &events);
        let said = String::from_utf8_lossy(&read.stderr);
        assert_eq!(read.status.code(), Some(code), "{said}");
        assert!(said.contains(told), "{said}");
    }
}

#[test]
fn the_doctor_writes_out_what_would_steer_a_terminal() {
    let Some((program, place)) = ground("hostile names") else { return };
    std::fs::write(place.path().join("waymark.toml"), "as_of = \"2026-04-01T00:00:00Z\"\n").unwrap();
    let event = r#"{"type":"deployment","data":{"deployment_id":"1","service_hint":"ghost\u001b[31m","environment":"production","version":"v1","status":"finished","result":"success","finished_at":"2026-03-10T10:00:00Z"}}"#;
    let read = ingest(&program, place.path(), &[event]);
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let told = said(&program, &place.path().join("data"), &["doctor"]);
    assert!(told.contains(r"ghost\u{1b}[31m") && !told.contains('\u{1b}'), "{told:?}");
}

#[test]
fn what_was_visible_before_is_no_older_by_a_rebuild() {
    let Some((program, place)) = ground("freshness after a rebuild") else { return };
    let events =
        [r#"{"type":"deployment","data":{"deployment_id":"1"}}"#, r#"{"type":"deployment","data":{"deployment_id":"2"}}"#];
    let data = place.path().join("data");
    let freshness = || told(&program, &data, &["status", "--json"])["freshness"].clone();
    assert!(ingest(&program, place.path(), &events[..1]).status.success());
    let first = freshness();
    assert!(first["visible_at"].is_string(), "{first}");
    said(&program, &data, &["rebuild"]);
    assert_eq!(freshness(), first);
    assert!(ingest(&program, place.path(), &events[1..]).status.success());
    assert_ne!(freshness()["received_at"], first["received_at"]);
}

#[test]
fn a_damaged_log_of_a_table_is_told_in_a_sentence() {
    let Some((program, place)) = ground("a damaged log of a table") else { return };
    let event = r#"{"type":"deployment","data":{"deployment_id":"1"}}"#;
    assert!(ingest(&program, place.path(), &[event]).status.success());
    let data = place.path().join("data");
    let log = data.join("lake/observed/deployments/_delta_log");
    let mut commits: Vec<PathBuf> = std::fs::read_dir(log).unwrap().map(|entry| entry.unwrap().path()).collect();
    commits.sort();
    std::fs::OpenOptions::new().write(true).open(commits.last().unwrap()).unwrap().set_len(40).unwrap();
    // Whoever asks for a trace gets one.
    let rebuilt = command(&program, &data, &["rebuild"]).env_remove("RUST_BACKTRACE").output().unwrap();
    let said = String::from_utf8_lossy(&rebuilt.stderr);
    assert_eq!(rebuilt.status.code(), Some(1), "{said}");
    assert!(said.contains("table `observed/deployments`") && said.contains("restore the newest backup"), "{said}");
    assert!(!said.contains("buoyant") && said.lines().count() < 4, "{said}");
}

/// A team without services, and an owner without members, are said, and nothing of the sample is.
fn members_are_checked(program: &Path, data: &Path) {
    assert!(!said(program, data, &["check"]).contains("member of"));
    let file = data.join("platform/teams.yaml");
    let named = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, named.replace("team: payments", "team: paymets")).unwrap();
    let checked = said(program, data, &["check"]);
    assert!(checked.contains("membership of `paymets`: it owns no service") && checked.contains("did you mean `payments`?"));
    assert!(checked.contains("nobody is a member of `payments`, which owns services"), "{checked}");
    std::fs::write(&file, named).unwrap();
}
