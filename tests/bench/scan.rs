//! `scan`: the evidence of a repository of 25,000 commits, week by week: the first time, and again.
//!
//! The history is made by `git fast-import`, which must be there. Most commits change code that no
//! rule reads; now and then the pipeline, the image or the lock file changes.

use crate::asked::Asked;
use crate::rows::{NO_AIM, grouped, milliseconds, row, seconds};
use crate::scratch;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;
use waymark_collect::arrivals::git::{EvidenceReading, EvidenceRequest, GitRequest, KnownRefs, read_evidence};
use waymark_collect::evidence::{EvidenceRules, KnownUses, read_rules};
use waymark_event::WrittenFile;

const COMMITS: usize = 25_000;
/// So that all commits lie within ten years.
const SECONDS_BETWEEN: i64 = 10 * 365 * 86_400 / 25_000;
const FIRST: i64 = 1_450_000_000;
const FOLDERS: usize = 200;
const RULES: &str = "evidence:
  - component: build
    present:
      any:
        - workflow_uses: { match: \"acme/platform-ci/*\" }
    alternatives:
      - { name: other, any: [{ file: { path: .other/config.yml } }] }
  - component: image
    present:
      any:
        - dockerfile_from: { match: registry.example.org/base }
  - component: flags
    present:
      any:
        - lockfile: { name: acme-flags }
  - component: logs
    present:
      any:
        - telemetry: { match: \"https://logs.example.org*\" }
";

pub(crate) fn run(_: &Asked) {
    let folder = scratch();
    let began = Instant::now();
    make(folder.path());
    row(&format!("make a repository of {} commits", grouped(COMMITS)), &seconds(began.elapsed()), NO_AIM);
    let file = WrittenFile { name: "platform/evidence.yaml".to_owned(), text: RULES.to_owned() };
    let (rules, _) = read_rules(&[file], &["build", "image", "flags", "logs"]);
    let began = Instant::now();
    let first = scan(folder.path(), &rules, &KnownRefs::new());
    let what = format!("its evidence in {} weeks, {} findings, first time", grouped(first.weeks), grouped(first.findings));
    row(&what, &seconds(began.elapsed()), "20 s");
    let began = Instant::now();
    scan(folder.path(), &rules, &first.state);
    row("again, with nothing new", &milliseconds(began.elapsed()), "1,000 ms");
    commit_one_more(folder.path());
    let began = Instant::now();
    let again = scan(folder.path(), &rules, &first.state);
    row(&format!("again, with one commit and {} weeks more", again.weeks), &milliseconds(began.elapsed()), "1,000 ms");
}

fn scan(path: &Path, rules: &EvidenceRules, state: &KnownRefs) -> EvidenceReading {
    let git = GitRequest { service: Some("checkout".to_owned()), ..GitRequest::default() };
    let request = EvidenceRequest { git, services: Vec::new() };
    let now = waymark_event::Instant::from_seconds(FIRST + SECONDS_BETWEEN * i64::try_from(COMMITS + 2).unwrap());
    read_evidence(path, &request, rules, &KnownUses::new(), state, now, &|_| ()).unwrap()
}

fn make(folder: &Path) {
    assert!(Command::new("git").args(["init", "-q", "-b", "main"]).arg(folder).status().unwrap().success());
    import(folder, |stream| {
        for number in 0..COMMITS {
            commit(stream, number);
        }
    });
}

fn commit_one_more(folder: &Path) {
    import(folder, |stream| commit(stream, COMMITS));
}

/// One commit: a line of code, and each hundredth time a file that rules read.
fn commit(stream: &mut dyn std::io::Write, number: usize) {
    let at = FIRST + SECONDS_BETWEEN * i64::try_from(number).unwrap();
    // Inside one stream the branch goes on by itself.
    let from = if number == COMMITS { "from refs/heads/main^0\n" } else { "" };
    write!(stream, "commit refs/heads/main\ncommitter Ada <ada@example.org> {at} +0000\ndata 6\nchange\n{from}").unwrap();
    let mut file = |path: &str, text: &str| {
        write!(stream, "M 100644 inline {path}\ndata {}\n{text}\n", text.len()).unwrap();
    };
    file(&format!("src/part{}/code.rs", number % FOLDERS), &format!("// {number}"));
    match number % 400 {
        0 => file(
            ".github/workflows/ci.yml",
            &format!("on: push\njobs:\n  a:\n    uses: acme/platform-ci/build.yml@v{}\n", number / 400),
        ),
        100 => file("Dockerfile", &format!("FROM registry.example.org/base:{number}\n")),
        200 => {
            file("Cargo.lock", &format!("[[package]]\nname = \"acme-flags\"\nversion = \"1.{number}.0\"\n"));
        }
        300 => file(".other/config.yml", &format!("a: {number}\n")),
        _ => {}
    }
}

fn import(folder: &Path, fill: impl FnOnce(&mut dyn std::io::Write)) {
    let mut git = Command::new("git");
    git.args(["fast-import", "--quiet", "--force"]).current_dir(folder).stdin(Stdio::piped());
    let mut child = git.spawn().unwrap();
    let mut stream = BufWriter::new(child.stdin.take().unwrap());
    fill(&mut stream);
    stream.flush().unwrap();
    drop(stream);
    assert!(child.wait().unwrap().success());
}
