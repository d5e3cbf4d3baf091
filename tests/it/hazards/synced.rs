//! A local commit is on the disk before anybody can see it: the system calls of a child, traced.
//!
//! The library that writes local files never syncs them. Here a file is synced before it has its
//! name, and each folder that got a name is synced afterwards.

use super::{STREAM, append};
use crate::harness::{delivery, skipped};
use std::path::{Path, PathBuf};
use std::process::Command;
use waymark_lake::{Inbox, Layout, Tables};

/// Names the folder to the child.
const TOLD: &str = "WAYMARK_TEST_FOLDER";
const TRACED: &str = "trace=fsync,fdatasync,?mkdir,mkdirat,?link,linkat,?rename,?renameat,renameat2";
/// Deliveries that are kept one by one.
const DELIVERIES: usize = 5;

/// What was done to a file or a folder, in its order.
#[derive(Debug, PartialEq)]
enum Step {
    Synced(PathBuf),
    Made(PathBuf),
    Named { draft: PathBuf, name: PathBuf },
}

/// Reads one line of a trace; what failed is no step.
fn step(line: &str) -> Option<Step> {
    let (_, call) = line.split_once(' ')?;
    let (name, arguments) = call.trim_start().split_once('(')?;
    let quoted = |place: usize| arguments.split('"').nth(place).map(PathBuf::from);
    let is_done = line.contains("<unfinished") || line.ends_with("= 0");
    match name {
        "fsync" | "fdatasync" => {
            let (_, path) = arguments.split_once('<')?;
            Some(Step::Synced(path.split('>').next()?.into()))
        }
        "mkdir" | "mkdirat" if is_done => Some(Step::Made(quoted(1)?)),
        "link" | "linkat" | "rename" | "renameat" | "renameat2" if is_done => {
            Some(Step::Named { draft: quoted(1)?, name: quoted(3)? })
        }
        _ => None,
    }
}

/// Runs the child under `strace`; null when that is not to be had here.
fn traced(folder: &Path, trace: &Path) -> Option<Vec<Step>> {
    let output = Command::new("strace")
        .args(["-f", "-y", "-qq", "-e", TRACED, "-o"])
        .arg(trace)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "hazards::synced::keeps_and_appends", "--ignored", "--nocapture"])
        .env(TOLD, folder)
        .output()
        .ok()?;
    let (printed, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if said.to_lowercase().contains("ptrace") {
        return None;
    }
    assert!(output.status.success() && printed.contains("1 passed"), "{printed}\n{said}");
    Some(std::fs::read_to_string(trace).unwrap().lines().filter_map(step).collect())
}

#[test]
fn what_is_committed_is_on_the_disk_first() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = std::fs::canonicalize(scratch.path()).unwrap().join("data");
    let Some(steps) = traced(&folder, &scratch.path().join("trace")) else {
        return skipped("syncs of a local commit", "`strace` is not there, or not allowed to trace");
    };
    let synced = |path: &Path, among: &[Step]| among.iter().any(|step| *step == Step::Synced(path.to_owned()));
    let (mut files, mut folders) = (0, 0);
    for (place, step) in steps.iter().enumerate() {
        let (before, after) = steps.split_at(place);
        match step {
            Step::Named { draft, name } if name.starts_with(folder.join("lake")) => {
                files += 1;
                assert!(synced(draft, before), "`{}` had its name before it was synced", name.display());
                assert!(synced(name.parent().unwrap(), after), "the folder of `{}` was not synced", name.display());
            }
            Step::Made(made) if made.starts_with(folder.join("lake")) && *made != folder.join("lake") => {
                folders += 1;
                assert!(synced(made.parent().unwrap(), after), "the folder above `{}` was not synced", made.display());
            }
            _ => {}
        }
    }
    assert!(files >= 3, "the log's first commit, a data file and its commit, but only {files} files were named");
    assert!(folders >= 2, "a table and its log, but only {folders} folders were made");
    let log = Step::Synced(folder.join("waymark.sqlite-wal"));
    let kept = steps.iter().filter(|step| **step == log).count();
    assert!(kept >= DELIVERIES, "{DELIVERIES} deliveries were acknowledged after {kept} syncs");
}

#[expect(clippy::disallowed_methods, reason = "a child is told by its environment")]
fn told() -> Option<String> {
    std::env::var(TOLD).ok()
}

#[tokio::test]
#[ignore = "only in the child of `what_is_committed_is_on_the_disk_first`"]
async fn keeps_and_appends() {
    let Some(folder) = told() else { return };
    let layout = Layout::open(Path::new(&folder)).unwrap();
    let inbox = Inbox::open(&layout).unwrap();
    for _ in 0..DELIVERIES {
        inbox.keep(&[delivery("json", None, "{}", "2026-03-02T10:00:00Z")]).unwrap();
    }
    append(&mut Tables::new(&layout), STREAM, 1).await.unwrap();
}

#[test]
fn a_trace_is_read() {
    assert_eq!(step("17 fsync(9</data/LOCK>) = 0"), Some(Step::Synced("/data/LOCK".into())));
    assert_eq!(step("17    fdatasync(9</data/a#1> <unfinished ...>"), Some(Step::Synced("/data/a#1".into())));
    assert_eq!(step("17 mkdir(\"/data/lake\", 0777) = -1 EEXIST (File exists)"), None);
    assert_eq!(step("17 mkdir(\"/data/lake\", 0777) = 0"), Some(Step::Made("/data/lake".into())));
    let named = Step::Named { draft: "/data/a#1".into(), name: "/data/a".into() };
    assert_eq!(step("17 linkat(AT_FDCWD</>, \"/data/a#1\", AT_FDCWD</>, \"/data/a\", 0) = 0"), Some(named));
    assert_eq!(step("17 <... fsync resumed>) = 0"), None);
}
