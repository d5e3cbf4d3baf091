//! Evidence over the history of real repositories, made by `git fast-import` with their files.

use super::rules;
use crate::harness::{World, skipped};
use crate::lake_rows::snapshot_rows;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;
use waymark_analytics::{Component, Definitions};
use waymark_collect::arrivals::git::{
    EvidenceReading, EvidenceRequest, GitRequest, KnownRefs, read_evidence, runtime_evidence,
};
use waymark_collect::evidence::{EvidenceRules, KnownUses, Ran, RanKind};
use waymark_event::{Delivery, Instant};

/// Monday, 5 January 2026, noon.
const FIRST: i64 = 1_767_614_400;
const DAY: i64 = 86_400;
const NOW: &str = "2026-02-11T12:00:00Z";
const CI: &str = "present:
  any:
    - workflow_uses: { match: \"acme/platform-ci/*\" }
alternatives:
  - { name: circleci, any: [{ file: { path: .circleci/config.yml } }] }
";
const IMAGE: &str = "present:\n  any:\n    - dockerfile_from: { match: registry.example.org/base }\n";
const WORKFLOW: &str = "on: push\njobs:\n  a:\n    uses: acme/platform-ci/build.yml@v3\n";

/// What a commit does to a file.
enum Step<'a> {
    Write(&'a str, &'a str),
    Link(&'a str, &'a str),
    Remove(&'a str),
}
use Step::{Link, Remove, Write};

/// A repository whose commits are written one after the other.
pub(super) struct Files {
    folder: TempDir,
    commits: usize,
}

pub(super) fn git_is_present() -> bool {
    Command::new("git").arg("--version").output().is_ok_and(|output| output.status.success())
}

impl Files {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let status = Command::new("git").args(["init", "-q", "-b", "main"]).arg(folder.path()).status().unwrap();
        assert!(status.success());
        Self { folder, commits: 0 }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A commit on a branch, so many days after the first Monday.
    fn commit(&mut self, branch: &str, day: i64, steps: &[Step<'_>]) {
        let at = FIRST + day * DAY;
        let mut stream = format!("commit refs/heads/{branch}\ncommitter Ada <ada@example.org> {at} +0100\ndata 6\nchange\n");
        if self.commits > 0 {
            let from = if self.has(branch) { branch } else { "main" };
            stream.extend([format!("from refs/heads/{from}^0\n")]);
        }
        for step in steps {
            let (mode, path, text) = match step {
                Write(path, text) => ("100644", path, text),
                Link(path, target) => ("120000", path, target),
                Remove(path) => {
                    stream.extend([format!("D {path}\n")]);
                    continue;
                }
            };
            stream.extend([format!("M {mode} inline {path}\ndata {}\n{text}\n", text.len())]);
        }
        self.import(&stream);
        self.commits += 1;
    }

    fn has(&self, branch: &str) -> bool {
        self.folder.path().join(".git/refs/heads").join(branch).is_file()
    }

    fn import(&self, stream: &str) {
        let mut git = Command::new("git");
        git.args(["fast-import", "--quiet", "--force"]).current_dir(self.folder.path());
        let mut child = git.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(stream.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn scan(&self, rules: &EvidenceRules, state: &KnownRefs, now: &str) -> EvidenceReading {
        scan(self.folder.path(), rules, state, now)
    }
}

fn scan(path: &Path, rules: &EvidenceRules, state: &KnownRefs, now: &str) -> EvidenceReading {
    scan_knowing(path, rules, &KnownUses::new(), state, now)
}

fn scan_knowing(path: &Path, rules: &EvidenceRules, known: &KnownUses, state: &KnownRefs, now: &str) -> EvidenceReading {
    let git = GitRequest {
        service: Some("checkout".to_owned()),
        repository: Some("git.example.org/acme/checkout".to_owned()),
        ..GitRequest::default()
    };
    let request = EvidenceRequest { git, services: Vec::new() };
    let now = Instant::parse(now).unwrap();
    read_evidence(path, &request, rules, known, state, now, &|_| ()).unwrap()
}

/// `week finding path`, one for each line of the deliveries.
fn lines(deliveries: &[Delivery]) -> Vec<String> {
    let bodies = deliveries.iter().map(|delivery| delivery.text().unwrap().lines().skip(1).collect::<Vec<_>>());
    bodies
        .flatten()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            format!("{} {} {}", text("scan_id"), text("finding"), text("path")).trim_end().to_owned()
        })
        .collect()
}

/// The old tool, then both, a week without commits, then only the new one.
pub(super) fn moving() -> Files {
    let mut files = Files::new();
    files.commit("main", 0, &[Write(".circleci/config.yml", "version: 2\n"), Write("README.md", "hello\n")]);
    files.commit("main", 2, &[Write("README.md", "hello again\n")]);
    files.commit("main", 8, &[Write(".github/workflows/ci.yml", WORKFLOW)]);
    files.commit("main", 23, &[Remove(".circleci/config.yml")]);
    files
}

#[test]
fn history_is_read_week_by_week_and_once() {
    if !git_is_present() {
        return skipped("evidence over history", "the program git is not there");
    }
    let (mut files, rules) = (moving(), rules(CI));
    let first = files.scan(&rules, &KnownRefs::new(), NOW);
    let expected = [
        "2026-W02 alternative .circleci/config.yml",
        "2026-W03 partial .github/workflows/ci.yml",
        "2026-W04 partial .github/workflows/ci.yml",
        "2026-W05 present .github/workflows/ci.yml",
        "2026-W06 present .github/workflows/ci.yml",
        "2026-W07 present .github/workflows/ci.yml",
    ];
    assert_eq!(lines(&first.deliveries), expected);
    assert_eq!(first.warnings, Vec::<String>::new());
    let again = files.scan(&rules, &first.state, NOW);
    assert_eq!((again.weeks, again.deliveries.len()), (0, 0), "nothing is scanned twice");
    let later = files.scan(&rules, &first.state, "2026-02-18T12:00:00Z");
    let expected = ["2026-W07 present .github/workflows/ci.yml", "2026-W08 present .github/workflows/ci.yml"];
    assert_eq!(lines(&later.deliveries), expected, "only what is new");
    files.commit("main", 44, &[Remove(".github/workflows/ci.yml")]);
    let left = files.scan(&rules, &later.state, "2026-02-18T18:00:00Z");
    assert_eq!(lines(&left.deliveries), ["2026-W08 absent"], "the week is looked at again");
    let other = super::rules(&CI.replace("circleci,", "the-old-one,"));
    let anew = files.scan(&other, &left.state, "2026-02-18T18:00:00Z");
    assert_eq!(anew.weeks, 7, "a changed rule judges the past, too");
}

/// A wrapper that becomes known judges the past anew; one that nobody calls does not.
#[test]
fn what_other_repositories_call_is_asked_for_and_remembered() {
    if !git_is_present() {
        return skipped("evidence through other repositories", "the program git is not there");
    }
    let (mut files, rules) = (Files::new(), rules(CI));
    let caller = "on: push\njobs:\n  a:\n    uses: acme/payments-ci/.github/workflows/team.yml@main\n";
    files.commit("main", 28, &[Write(".github/workflows/ci.yml", caller)]);
    let first = files.scan(&rules, &KnownRefs::new(), NOW);
    assert_eq!(lines(&first.deliveries), ["2026-W06 absent", "2026-W07 absent"]);
    let wrapper = ("acme/payments-ci/.github/workflows/team.yml".to_owned(), vec!["acme/platform-ci/build.yml@v3".to_owned()]);
    let mut known = KnownUses::from([wrapper]);
    let second = scan_knowing(files.path(), &rules, &known, &first.state, NOW);
    let present = ["2026-W06 present .github/workflows/ci.yml", "2026-W07 present .github/workflows/ci.yml"];
    assert_eq!(lines(&second.deliveries), present);
    known.insert("acme/other/.github/workflows/x.yml".to_owned(), vec!["acme/y@v1".to_owned()]);
    assert_eq!(scan_knowing(files.path(), &rules, &known, &second.state, NOW).weeks, 0, "nobody here calls that");
}

#[test]
fn trap_a_branch_that_is_not_the_default_one() {
    if !git_is_present() {
        return skipped("evidence of branches", "the program git is not there");
    }
    let mut files = Files::new();
    files.commit("main", 28, &[Write("README.md", "hello\n")]);
    files.commit("try-it", 29, &[Write(".github/workflows/ci.yml", WORKFLOW)]);
    let reading = files.scan(&rules(CI), &KnownRefs::new(), NOW);
    assert_eq!(lines(&reading.deliveries), ["2026-W06 absent", "2026-W07 absent"]);
    assert!(!reading.seen["standard"]);
}

#[test]
fn trap_files_that_move() {
    if !git_is_present() {
        return skipped("evidence of moved files", "the program git is not there");
    }
    let mut files = Files::new();
    let dockerfile = "FROM registry.example.org/base:1\n";
    files.commit("main", 21, &[Write("Dockerfile", dockerfile)]);
    files.commit("main", 28, &[Remove("Dockerfile"), Write("services/api/Dockerfile", dockerfile)]);
    files.commit("main", 35, &[Remove("services/api/Dockerfile"), Link("services/api/Dockerfile", "../../elsewhere")]);
    let reading = files.scan(&rules(IMAGE), &KnownRefs::new(), NOW);
    let expected = ["2026-W05 present Dockerfile", "2026-W06 present services/api/Dockerfile", "2026-W07 absent"];
    assert_eq!(lines(&reading.deliveries), expected, "a link is not followed, because its file is another one");
}

/// A service that nobody touches keeps what it uses, and has not left it.
#[tokio::test]
async fn trap_a_dormant_repository_has_not_left() {
    if !git_is_present() {
        return skipped("evidence of a dormant repository", "the program git is not there");
    }
    let mut files = Files::new();
    files.commit("main", -400, &[Write(".github/workflows/ci.yml", WORKFLOW)]);
    let reading = files.scan(&rules(CI), &KnownRefs::new(), NOW);
    assert_eq!(reading.weeks, 64);
    let spells = spells(&reading.deliveries).await;
    assert_eq!(spells[..2], ["unknown until 2024-12-01", "adopted until 2026-02-23"]);
}

/// The status of the moving service, through every stage of the product.
#[tokio::test]
async fn a_history_becomes_spells_of_adoption() {
    if !git_is_present() {
        return skipped("evidence to spells", "the program git is not there");
    }
    let (files, rules) = (moving(), rules(CI));
    let first = files.scan(&rules, &KnownRefs::new(), NOW);
    let again = files.scan(&rules, &KnownRefs::new(), NOW);
    let twice = [first.deliveries, again.deliveries].concat();
    let expected = [
        "unknown until 2026-01-07",
        "off_path until 2026-01-13",
        "partial until 2026-01-28",
        // Two weeks after the last look nothing is known any more.
        "adopted until 2026-02-23",
    ];
    assert_eq!(spells(&twice).await[..expected.len()], expected);
}

async fn spells(deliveries: &[Delivery]) -> Vec<String> {
    let component = Component {
        id: "standard".to_owned(),
        title: "Standard".to_owned(),
        category: "ci".to_owned(),
        owner: "platform".to_owned(),
        lifecycle: "general".to_owned(),
        ..Component::default()
    };
    let definitions = Definitions { components: vec![component], ..Definitions::default() };
    let mut world = World::with(NOW, definitions).await;
    let flushed = world.take_in(deliveries).await;
    assert_eq!(flushed.rejections, 0);
    let snapshot = world.refresh().await;
    let mut rows = snapshot_rows(&world.layout, &snapshot, &waymark_lake::fact_table("adoption_status")).await;
    rows.sort_by_key(|row| row["valid_from"].to_string());
    let day = |value: &serde_json::Value| {
        value.to_string().trim_matches('"').chars().take(10).collect::<String>().replace("null", "")
    };
    rows.iter().map(|row| format!("{} until {}", row["status"].as_str().unwrap(), day(&row["valid_to"]))).collect()
}

/// Two runs of one week are one finding, the later one's; a run of something else says nothing.
#[test]
fn trap_a_workflow_that_never_ran_has_no_run_to_show() {
    let rules = rules("runtime:\n  runs_use: acme/platform-ci/*\n  deployments_from: deployer\n");
    let ran = |at: &str, entity: &str, kind, names: &[&str]| Ran {
        at: Instant::parse(at).unwrap(),
        entity: entity.to_owned(),
        kind,
        names: names.iter().map(|name| (*name).to_owned()).collect(),
    };
    let all = [
        ran("2026-01-07T10:00:00Z", "r2", RanKind::Run, &["actions/checkout@v4", "acme/platform-ci/build.yml@v4"]),
        ran("2026-01-05T10:00:00Z", "r1", RanKind::Run, &["acme/platform-ci/build.yml@v3"]),
        ran("2026-01-13T10:00:00Z", "r3", RanKind::Run, &["acme/other-ci/build.yml@v3"]),
        ran("2026-01-14T10:00:00Z", "d1", RanKind::Deployment, &["deployer", "deployer:eu"]),
    ];
    let request = EvidenceRequest::default();
    let now = Instant::parse(NOW).unwrap();
    let (count, deliveries) = runtime_evidence("git.example.org/acme/checkout", &request, &rules, &all, now).unwrap();
    assert_eq!((count, lines(&deliveries)), (2, vec!["2026-W03 present".to_owned(), "2026-W02 present".to_owned()]));
    let text = deliveries[0].text().unwrap();
    assert!(
        text.contains("\"run\":\"r2\"") && text.contains("\"version\":\"v4\"") && text.contains("\"kind\":\"runtime\""),
        "{text}"
    );
    let nothing = runtime_evidence("git.example.org/acme/checkout", &request, &rules, &all[2..3], now).unwrap();
    assert_eq!(nothing.0, 0);
}

/// Twenty-five thousand commits over nine years: the second scan begins where the first one ended.
#[test]
fn a_long_history_is_scanned_once() {
    if !git_is_present() {
        return skipped("evidence of a long history", "the program git is not there");
    }
    let mut files = Files::new();
    let mut stream = String::new();
    for number in 0..25_000_i64 {
        let at = FIRST - 9 * 365 * DAY + number * 9 * 365 * DAY / 25_000;
        stream.extend([format!("commit refs/heads/main\ncommitter Ada <ada@example.org> {at} +0100\ndata 6\nchange\n")]);
        let text = format!("text {number}\n");
        stream.extend([format!("M 100644 inline src/{}/{}.rs\ndata {}\n{text}\n", number % 40, number % 400, text.len())]);
        if number % 50 == 0 {
            let workflow = format!("# {number}\n{WORKFLOW}");
            stream.extend([format!("M 100644 inline .github/workflows/ci.yml\ndata {}\n{workflow}\n", workflow.len())]);
        }
    }
    files.import(&stream);
    files.commits = 25_000;
    let rules = rules(CI);
    let first = files.scan(&rules, &KnownRefs::new(), NOW);
    assert_eq!(first.weeks, 476);
    files.commit("main", 30, &[Write("README.md", "more\n")]);
    let next = files.scan(&rules, &first.state, NOW);
    assert!(next.weeks <= 6, "{}", next.weeks);
}
