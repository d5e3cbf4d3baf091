//! The traps of detection, one test each: what looks like use and is none, and use that hides.

use super::{content, found, found_for, kept, rules, told};
use waymark_collect::evidence::{KnownUses, Scanner, ServicePath};
use waymark_event::{EvidenceKind, Finding};

const BUILD: &str = "rule_version: 3
present:
  any:
    - workflow_uses: { match: \"acme/platform-ci/.github/workflows/build.yml\" }
partial:
  any:
    - workflow_uses: { match: \"acme/platform-ci/.github/actions/*\" }
alternatives:
  - { name: circleci, any: [{ file: { path: .circleci/config.yml } }] }
";
const IMAGE: &str = "present:
  any:
    - dockerfile_from: { match: [registry.example.org/platform/base, mirror.example.org/platform/base] }
alternatives:
  - { name: debian, any: [{ dockerfile_from: { match: \"debian\" } }] }
  - { name: own-image, any: [{ dockerfile_from: { match: \"*\" } }] }
";
const WORKFLOW: &str = ".github/workflows/ci.yml";

/// A workflow that calls another; it lives as long as the test.
fn uses(target: &str) -> &'static str {
    leaked(format!("on: [push]\njobs:\n  build:\n    uses: {target}\n"))
}

fn leaked(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

/// What the rule of the build finds in one workflow.
fn build(workflow: &str) -> (Finding, String, String) {
    let found = found(&rules(BUILD), &[(WORKFLOW, workflow)]);
    let (finding, place, version, _) = told(&found);
    (finding, place, version.to_owned())
}

/// What the rule of the base image finds in one Dockerfile.
fn image(dockerfile: &str) -> (Finding, String, String) {
    let found = found(&rules(IMAGE), &[("Dockerfile", dockerfile)]);
    let (finding, _, version, alternative) = told(&found);
    (finding, version.to_owned(), alternative.to_owned())
}

fn owned(finding: Finding, one: &str, other: &str) -> (Finding, String, String) {
    (finding, one.to_owned(), other.to_owned())
}

fn service(name: &str, path: &str) -> ServicePath {
    ServicePath { service: Some(name.to_owned()), path: path.to_owned() }
}

#[test]
fn a_plain_use_is_found_with_file_line_and_version() {
    let found = found(&rules(BUILD), &[(WORKFLOW, uses("acme/platform-ci/.github/workflows/build.yml@v3"))]);
    assert_eq!(told(&found), (Finding::Present, ".github/workflows/ci.yml:4".to_owned(), "v3", ""));
    assert_eq!((found.rule_version, found.kind), (3, EvidenceKind::Config));
    assert_eq!(found.condition.as_deref(), Some("workflow_uses"));
}

#[test]
fn trap_a_wrapper_in_the_same_repository_hides_the_shared_workflow() {
    let wrapper = "on: { workflow_call: {} }\njobs:\n  inner:\n    uses: acme/platform-ci/.github/workflows/build.yml@v2\n";
    let files = [(WORKFLOW, uses("./.github/workflows/wrapper.yml")), (".github/workflows/wrapper.yml", wrapper)];
    let found = found(&rules(BUILD), &files);
    assert_eq!(told(&found), (Finding::Present, ".github/workflows/ci.yml:4".to_owned(), "v2", ""));
    let alone = super::found(&rules(BUILD), &[(".github/workflows/wrapper.yml", wrapper)]);
    assert_eq!(told(&alone).0, Finding::Absent, "a wrapper that nobody calls is no use");
}

#[test]
fn trap_a_wrapper_in_another_repository_is_followed_where_it_is_known() {
    let rules = rules(BUILD);
    let wrapper = "on: workflow_call\njobs:\n  inner:\n    uses: ./.github/workflows/second.yaml\n";
    let second = "on: workflow_call\njobs:\n  inner:\n    uses: Acme/platform-ci/.github/workflows/build.yml@v2\n";
    let theirs = [(".github/workflows/team.yml", wrapper), (".github/workflows/second.yaml", second)];
    let nothing = KnownUses::new();
    let mut scanner = Scanner::new(&rules, &nothing);
    let map = kept(&scanner, &theirs);
    let known = scanner.exported("github.com/acme/payments-ci", &map, &mut |id| content(&theirs, id));
    let workflow = uses("acme/payments-ci/.github/workflows/team.yml@main");
    let files = [(WORKFLOW, workflow)];
    let seen = |known: &KnownUses| told(&found_for(&rules, &files, &[], known)[0]).0;
    assert_eq!(seen(&known), Finding::Present);
    assert_eq!(seen(&nothing), Finding::Absent, "what nobody scanned cannot be followed");
}

#[test]
fn trap_wrappers_that_call_each_other_end() {
    let call =
        |target: &str| leaked(format!("on: [push, workflow_call]\njobs:\n  a:\n    uses: ./.github/workflows/{target}\n"));
    let files = [(WORKFLOW, call("b.yml")), (".github/workflows/b.yml", call("ci.yml"))];
    assert_eq!(told(&found(&rules(BUILD), &files)).0, Finding::Absent);
}

#[test]
fn trap_a_composite_action_hides_the_shared_one() {
    let action = "runs:\n  using: composite\n  steps:\n    - uses: acme/platform-ci/.github/actions/setup@v1\n";
    let workflow = "on: push\njobs:\n  build:\n    steps:\n      - uses: actions/checkout@v4\n      - uses: ./tools/setup\n";
    let found = found(&rules(BUILD), &[(WORKFLOW, workflow), ("tools/setup/action.yml", action)]);
    assert_eq!(told(&found), (Finding::Partial, ".github/workflows/ci.yml:6".to_owned(), "v1", ""));
}

#[test]
fn trap_a_workflow_that_is_switched_off_is_no_use() {
    let job = "on: push\njobs:\n  build:\n    if: ${{ false }}\n    uses: acme/platform-ci/.github/workflows/build.yml@v3\n";
    assert_eq!(build(job).0, Finding::Absent);
    let renamed =
        found(&rules(BUILD), &[(".github/workflows/ci.yml.disabled", uses("acme/platform-ci/.github/workflows/build.yml@v3"))]);
    assert_eq!(renamed.finding, Finding::Absent);
}

#[test]
fn trap_a_workflow_only_for_pull_requests_is_use_in_part() {
    let workflow =
        "on:\n  pull_request:\n    branches: [main]\njobs:\n  b:\n    uses: acme/platform-ci/.github/workflows/build.yml@v3\n";
    assert_eq!(build(workflow).0, Finding::Partial);
    assert_eq!(
        build(&workflow.replace("pull_request:\n", "workflow_dispatch:\n")).0,
        Finding::Partial,
        "nobody may ever run it"
    );
    assert_eq!(build(&workflow.replace("  pull_request:\n", "  push:\n  pull_request:\n")).0, Finding::Present);
}

#[test]
fn trap_a_file_does_not_say_that_it_ever_ran() {
    // Whether a workflow ever ran is told by runs, which are evidence of another kind and stronger.
    let found = found(&rules(BUILD), &[(WORKFLOW, uses("acme/platform-ci/.github/workflows/build.yml@v3"))]);
    assert_eq!(found.kind, EvidenceKind::Config);
}

#[test]
fn trap_what_is_commented_out_is_no_use() {
    let workflow = "on: push\njobs:\n  b:\n    # uses: acme/platform-ci/.github/workflows/build.yml@v3\n    runs-on: x\n";
    assert_eq!(build(workflow).0, Finding::Absent);
    let library = rules("present:\n  any:\n    - pipeline_library: { match: platform-shared }\n");
    let jenkins = |text: &str| told(&found(&library, &[("Jenkinsfile", text)])).0;
    assert_eq!(jenkins("@Library('platform-shared@v2') _\n"), Finding::Present);
    assert_eq!(jenkins("// @Library('platform-shared@v2') _\n"), Finding::Absent);
    assert_eq!(
        image("# FROM registry.example.org/platform/base:1\nFROM debian:12\n"),
        owned(Finding::Alternative, "", "debian")
    );
}

#[test]
fn trap_anchors_and_both_endings_of_yaml() {
    let workflow = "x-build: &build\n  uses: acme/platform-ci/.github/workflows/build.yml@v3\non: push\njobs:\n  one: *build\n  two:\n    <<: *build\n";
    assert_eq!(build(workflow), owned(Finding::Present, ".github/workflows/ci.yml:2", "v3"));
    let other = found(&rules(BUILD), &[(".github/workflows/ci.yaml", uses("acme/platform-ci/.github/workflows/build.yml@v3"))]);
    assert_eq!(other.finding, Finding::Present);
}

#[test]
fn trap_an_image_built_from_arguments() {
    let filled = "ARG REGISTRY=registry.example.org\nARG TAG=2026.1\nFROM ${REGISTRY}/platform/base:${TAG}\n";
    assert_eq!(image(filled), owned(Finding::Present, "2026.1", ""));
    // Only the build command knows: unknown, and never "they left".
    assert_eq!(image("ARG BASE\nFROM $BASE\n").0, Finding::Unreadable);
}

#[test]
fn trap_the_last_stage_counts() {
    let away = "FROM registry.example.org/platform/base:1 AS build\nRUN make\nFROM debian:12\nCOPY --from=build /a /a\n";
    assert_eq!(image(away), owned(Finding::Alternative, "", "debian"));
    let towards = "FROM debian:12 AS build\nRUN make\nFROM registry.example.org/platform/base:1 AS run\nFROM run\n";
    assert_eq!(image(towards), owned(Finding::Present, "1", ""));
}

#[test]
fn trap_nothing_below_the_last_stage() {
    assert_eq!(
        image("FROM rust:1 AS build\nFROM scratch\nCOPY --from=build /a /a\n"),
        owned(Finding::Alternative, "", "own-image")
    );
    let known = IMAGE.replace("platform/base]", "platform/base, scratch]");
    let found = found(&rules(&known), &[("Dockerfile", "FROM scratch\n")]);
    assert_eq!(found.finding, Finding::Present, "a platform may allow it");
}

#[test]
fn trap_one_image_has_several_names() {
    for name in ["mirror.example.org/platform/base:1", "Registry.example.org/Platform/base@sha256:abc"] {
        assert_eq!(image(&format!("FROM {name}\n")).0, Finding::Present, "{name}");
    }
    for name in ["debian:12", "docker.io/library/debian:12", "docker.io/library/debian"] {
        assert_eq!(image(&format!("FROM {name}\n")), owned(Finding::Alternative, "", "debian"), "{name}");
    }
}

#[test]
fn trap_copies_of_other_peoples_files() {
    let lock = rules("present:\n  any:\n    - lockfile: { name: acme-log }\n");
    let text = "[[package]]\nname = \"acme-log\"\nversion = \"2.4.1\"\n";
    for copy in
        ["vendor/other/Cargo.lock", "examples/demo/Cargo.lock", "web/node_modules/x/Cargo.lock", "a/testdata/Cargo.lock"]
    {
        assert_eq!(found(&lock, &[(copy, text)]).finding, Finding::Absent, "{copy}");
    }
    let own = found(&lock, &[("agent/Cargo.lock", text)]);
    assert_eq!(
        (told(&own), own.kind),
        ((Finding::Present, "agent/Cargo.lock:2".to_owned(), "2.4.1", ""), EvidenceKind::Lockfile)
    );
    let workflow = "vendor/x/.github/workflows/ci.yml";
    assert_eq!(
        found(&rules(BUILD), &[(workflow, uses("acme/platform-ci/.github/workflows/build.yml@v3"))]).finding,
        Finding::Absent
    );
}

#[test]
fn trap_a_monorepo_has_many_services() {
    let files = [
        ("services/a/Dockerfile", "FROM registry.example.org/platform/base:1\n"),
        ("services/b/Dockerfile", "FROM debian:12\n"),
        ("services/b/worker/Dockerfile", "FROM registry.example.org/platform/base:2\n"),
    ];
    let services = [
        service("a", "services/a"),
        service("b", "services/b"),
        service("worker", "services/b/worker"),
        service("c", "services/c"),
    ];
    let all = found_for(&rules(IMAGE), &files, &services, &KnownUses::new());
    let findings: Vec<_> = all.iter().map(|found| (found.service.clone().unwrap(), found.finding)).collect();
    let expected = [("a", Finding::Present), ("b", Finding::Alternative), ("worker", Finding::Present), ("c", Finding::Absent)];
    assert!(findings.iter().map(|(service, finding)| (service.as_str(), *finding)).eq(expected), "{findings:?}");
    // What lies outside of all of them, such as the pipeline, is everybody's.
    let shared = [(WORKFLOW, uses("acme/platform-ci/.github/workflows/build.yml@v3"))];
    let all = found_for(&rules(BUILD), &shared, &services, &KnownUses::new());
    assert!(all.iter().all(|found| found.finding == Finding::Present));
}

#[test]
fn trap_a_service_has_several_folders_and_a_file_of_its_own() {
    let files = [
        ("deploy/a.Dockerfile", "FROM registry.example.org/platform/base:1\n"),
        ("services/a/README.md", "a\n"),
        ("services/b/Dockerfile", "FROM debian:12\n"),
    ];
    let services = [service("a", "services/a"), service("b", "services/b"), service("a", "deploy/a.Dockerfile")];
    let all = found_for(&rules(IMAGE), &files, &services, &KnownUses::new());
    let findings: Vec<_> = all.iter().map(|found| (found.service.as_deref().unwrap(), found.finding)).collect();
    assert_eq!(findings, [("a", Finding::Present), ("b", Finding::Alternative)], "each service is looked at once");
}

#[test]
fn trap_old_and_new_side_by_side_are_use_in_part() {
    let files = [(WORKFLOW, uses("acme/platform-ci/.github/workflows/build.yml@v3")), (".circleci/config.yml", "version: 2\n")];
    let found = found(&rules(BUILD), &files);
    assert_eq!(told(&found), (Finding::Partial, ".github/workflows/ci.yml:4".to_owned(), "v3", "circleci"));
    let old = super::found(&rules(BUILD), &[(".circleci/config.yml", "version: 2\n")]);
    assert_eq!(told(&old), (Finding::Alternative, ".circleci/config.yml:1".to_owned(), "", "circleci"));
}

#[test]
fn trap_a_component_that_was_renamed() {
    let both = "present:\n  any:\n    - workflow_uses: { match: [acme/platform-ci/*, acme/old-ci/*] }\n";
    let found = found(&rules(both), &[(WORKFLOW, uses("acme/old-ci/.github/workflows/build.yml@v1"))]);
    assert_eq!((found.component.as_str(), found.finding), ("standard", Finding::Present));
}

#[test]
fn trap_what_cannot_be_read_is_not_absence() {
    assert_eq!(build("jobs: [unclosed").0, Finding::Unreadable);
    assert_eq!(build("UNREADABLE").0, Finding::Unreadable);
    assert_eq!(build(&"x".repeat(1_100_000)).0, Finding::Unreadable);
    let files = [(WORKFLOW, "UNREADABLE"), (".circleci/config.yml", "version: 2\n")];
    assert_eq!(found(&rules(BUILD), &files).finding, Finding::Unreadable, "the other tool may stand beside it");
}

/// A condition, a file with its text, and the line and version that are to be found in it.
const DETECTORS: &[(&str, &str, &str, &str)] = &[
    (
        "pipeline_include: { match: platform/ci }",
        ".gitlab-ci.yml",
        "include:\n  - project: platform/ci\n    ref: v3\n    file: /build.yml\n",
        "2 v3",
    ),
    (
        "pipeline_include: { match: \"git.example.org/platform/ci/build\" }",
        ".gitlab-ci.yml",
        "include:\n  - component: git.example.org/platform/ci/build@1.2\n",
        "2 1.2",
    ),
    ("pipeline_include: { match: acme/orb }", ".circleci/config.yml", "orbs:\n  ci: acme/orb@3.1\n", "2 3.1"),
    ("pipeline_library: { match: platform-shared }", "Jenkinsfile", "@Library('platform-shared@v2') _\n", "1 v2"),
    ("lockfile: { name: acme-log }", "uv.lock", "[[package]]\nname = \"acme-log\"\nversion = \"2\"\n", "2 2"),
    ("manifest: { name: acme-log }", "package.json", "{\n  \"dependencies\": {\n    \"acme-log\": \"^2\"\n", "3 ^2"),
    (
        "chart: { match: base-service }",
        "deploy/Chart.yaml",
        "dependencies:\n  - name: base-service\n    version: 1.10\n",
        "2 1.10",
    ),
    (
        "delivery_source: { match: \"https://git.example.org/acme/deployments*\" }",
        "argo/app.yaml",
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source:\n    repoURL: https://git.example.org/acme/deployments\n    targetRevision: main\n",
        "5 main",
    ),
    (
        "telemetry: { match: \"https://otel.example.org*\" }",
        "deploy/otel-collector.yaml",
        "exporters:\n  otlp:\n    endpoint: https://otel.example.org:4317\n",
        "3 ",
    ),
    (
        "telemetry: { match: \"https://otel.example.org*\" }",
        "deploy/app.yaml",
        "spec:\n  template:\n    spec:\n      containers:\n        - env:\n            - name: OTEL_EXPORTER_OTLP_ENDPOINT\n              value: https://otel.example.org\n",
        "7 ",
    ),
    (
        "module: { match: \"git::https://git.example.org/acme/database*\" }",
        "infra/main.tf",
        "module \"db\" {\n  # source = \"other\"\n  source = \"git::https://git.example.org/acme/database?ref=v0.9\"\n}\n",
        "3 v0.9",
    ),
    (
        "template: { match: \"https://git.example.org/acme/service-template*\" }",
        ".copier-answers.yml",
        "_commit: 4.0\n_src_path: https://git.example.org/acme/service-template\n",
        "2 4.0",
    ),
    (
        "template: { match: acme-service }",
        "catalog-info.yaml",
        "metadata:\n  annotations:\n    backstage.io/source-template: acme-service\n",
        "3 ",
    ),
    (
        "secret_store: { match: acme-vault }",
        "deploy/external-secret.yaml",
        "kind: ExternalSecret\nspec:\n  secretStoreRef:\n    name: acme-vault\n",
        "4 ",
    ),
    ("yaml: { files: \"*.yaml\", at: a.b, match: \"x*\" }", "p.yaml", "a:\n  b: xyz\n", "2 "),
    ("line: { files: Makefile, match: acme-build }", "Makefile", "# acme-build\nall:\n\tacme-build --fast\n", "3 "),
];

#[test]
fn every_detector_finds_what_it_is_for() {
    for (condition, path, text, expected) in DETECTORS {
        let rules = rules(&format!("present:\n  any:\n    - {condition}\n"));
        let found = found(&rules, &[(*path, *text)]);
        let line = found.place.as_ref().map_or(0, |place| place.line);
        let version = found.version.clone().unwrap_or_default();
        assert_eq!(
            (found.finding, format!("{line} {version}")),
            (Finding::Present, (*expected).to_owned()),
            "{condition} in {path}"
        );
        let words = ["acme", "platform", "example", "xyz", "base-service"];
        let strange = words.iter().fold((*text).to_owned(), |text, word| text.replace(word, "other"));
        let other = super::found(&rules, &[(*path, strange.as_str())]);
        assert_eq!(other.finding, Finding::Absent, "{condition} must not fit everything");
    }
}

#[test]
fn some_of_what_is_needed_together_is_use_in_part() {
    let both = rules("present:\n  all:\n    - file: { path: deploy/otel.yaml }\n    - lockfile: { name: acme-log }\n");
    let lock = ("Cargo.lock", "[[package]]\nname = \"acme-log\"\nversion = \"2\"\n");
    let file = ("deploy/otel.yaml", "");
    assert_eq!(found(&both, &[lock, file]).finding, Finding::Present);
    assert_eq!(found(&both, &[lock]).finding, Finding::Partial);
    assert_eq!(found(&both, &[]).finding, Finding::Absent);
}

#[test]
fn a_rule_holds_for_its_days_and_repositories() {
    let files = [(WORKFLOW, uses("acme/platform-ci/.github/workflows/build.yml@v3"))];
    let count = |extra: &str| found_for(&rules(&format!("{BUILD}{extra}")), &files, &[], &KnownUses::new()).len();
    assert_eq!(count("from: 2026-03-02\n"), 1);
    assert_eq!(count("from: 2026-03-03\n"), 0);
    assert_eq!(count("until: 2026-03-02\n"), 0);
    assert_eq!(count("repositories: [\"github.com/acme/*\"]\n"), 1);
    assert_eq!(count("repositories: [\"github.com/other/*\"]\n"), 0);
}
