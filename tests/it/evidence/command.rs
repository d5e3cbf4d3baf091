//! Describing a platform and looking for it, as an operator types it.

use super::history::{git_is_present, moving};
use crate::harness::{program, skipped};
use std::path::Path;
use std::process::{Command, Output};

const PLATFORM: &str = "components:
  - { id: standard, title: Standard build, category: ci, owner: platform, released_on: 2025-01-01 }
  - { id: flags, title: Flags, category: release, owner: platform }
evidence:
  - component: standard
    present: { any: [{ workflow_uses: { match: \"acme/platform-ci/*\" } }] }
    alternatives: [{ name: circleci, any: [{ file: { path: .circleci/config.yml } }] }]
  - component: flags
    present: { any: [{ lockfile: { name: acme-flags } }] }
";

fn run(program: &Path, place: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).arg("--data").arg(place.join("data")).arg("--config").arg(place.join("waymark.toml"));
    command.current_dir(place).env_remove("WAYMARK_DATA").env_remove("WAYMARK_CONFIG").output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_platform_is_described_checked_and_found() {
    let Some(program) = program().filter(|_| git_is_present()) else {
        return skipped("a platform by commands", "the program is not built or git is not there: run `cargo build` first");
    };
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    std::fs::create_dir(place.join("platform")).unwrap();
    std::fs::write(place.join("waymark.toml"), "as_of = \"2026-02-11T12:00:00Z\"\n").unwrap();
    std::fs::write(place.join("platform/all.yaml"), PLATFORM).unwrap();
    let clone = moving();
    let clone = clone.path().to_str().unwrap().to_owned();
    let scan = ["ingest", "git", &clone, "--service", "checkout", "--evidence"];
    let first = run(&program, place, &scan);
    assert!(first.status.success() && text(&first).contains("12 findings in 6 weeks"), "{}", text(&first));
    assert!(text(&first).contains("`flags`: neither it nor an alternative"), "{}", text(&first));
    let again = run(&program, place, &scan);
    assert!(again.status.success() && text(&again).contains("no new evidence"), "{}", text(&again));
    let checked = run(&program, place, &["check"]);
    assert!(checked.status.success(), "{}", text(&checked));
    for said in ["platform: 1 file, 2 evidence rules", "the rules of `flags` match nothing", "all is well"] {
        assert!(text(&checked).contains(said), "{said}: {}", text(&checked));
    }
    assert!(!text(&checked).contains("the rules of `standard`"), "{}", text(&checked));
    std::fs::write(place.join("platform/all.yaml"), PLATFORM.replace("component: flags", "component: flgas")).unwrap();
    let wrong = run(&program, place, &["check"]);
    let expected = "platform/all.yaml:8:16: evidence: component `flgas` is not described: did you mean `flags`?";
    assert!(!wrong.status.success() && text(&wrong).contains(expected), "{}", text(&wrong));
}

/// Four of six services go in one night: `check` and `status` say so, and they are still there.
#[test]
fn a_catalogue_that_loses_half_of_its_services_is_named() {
    let Some(program) = program() else {
        return skipped("a catalogue that shrinks", "the program is not built: run `cargo build` first");
    };
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    std::fs::write(place.join("waymark.toml"), "as_of = \"2026-02-11T12:00:00Z\"\n").unwrap();
    let told = |name: &str, at: &str, is_deleted: bool| {
        let data = serde_json::json!({
            "name": name, "kind": "service", "owner_raw": "fleet", "occurred_at": at, "source_updated_at": at, "is_deleted": is_deleted,
        });
        serde_json::json!({ "type": "service", "data": data })
    };
    let names = ["a", "b", "c", "d", "e", "f"];
    let before = names.iter().map(|name| told(name, "2026-01-05T12:00:00Z", false));
    let after = names.iter().take(4).map(|name| told(name, "2026-02-02T12:00:00Z", true));
    let all = serde_json::Value::Array(before.chain(after).collect());
    std::fs::write(place.join("catalogue.json"), all.to_string()).unwrap();
    let read = run(&program, place, &["ingest", "file", "--source", "json", "catalogue.json"]);
    assert!(read.status.success(), "{}", text(&read));
    let checked = run(&program, place, &["check"]);
    let expected = "on 2026-02-02 the catalogue took back 4 of 6 services, which is held back";
    assert!(checked.status.success() && text(&checked).contains(expected), "{}", text(&checked));
    let status = run(&program, place, &["status"]);
    assert!(status.status.success() && text(&status).contains(&format!("catalogue  {expected}")), "{}", text(&status));
    let standing = ["sql", "select count(*) as standing from service_owners where valid_to is null"];
    let asked = run(&program, place, &standing);
    let is_six = |line: &str| line.trim_matches(|letter: char| !letter.is_alphanumeric()) == "6";
    assert!(asked.status.success() && text(&asked).lines().any(is_six), "{}", text(&asked));
}
