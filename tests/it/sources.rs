//! Every dialect against files: a delivery as it is documented, and what it amounts to.
//!
//! `tests/fixtures/<source>/<case>.delivery` begins with lines `name: value` (`event-type`,
//! `content-type`, `channel`, `instance`, `received-at`), then an empty line, then the exact body.
//! `tests/golden/<source>/<case>.ndjson` holds one line for each observation, rejection or ignored
//! delivery, without ids of deliveries and without nulls. A new case is a new file, and no code.

use crate::harness::{at, compare_with_file, delivery, root, shared, skipped};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use waymark_collect::arrivals::file;
use waymark_collect::{Normalised, Reading, SOURCES, Source};
use waymark_event::{Channel, Delivery, PeopleKey};

const RECEIVED_AT: &str = "2026-03-02T12:00:00Z";
/// Events of the published examples that are read and therefore must be understood.
const READ_EVENTS: &[&str] =
    &["workflow_run", "deployment", "deployment_status", "push", "pull_request", "pull_request_review"];

fn reading() -> Reading {
    Reading { people: PeopleKey::new([7; 32]) }
}

/// One fixture: which dialect reads it, and the deliveries of the file.
struct Fixture {
    name: String,
    dialect: &'static dyn Source,
    deliveries: Vec<Delivery>,
}

impl Fixture {
    fn read(path: &Path) -> Self {
        let folder = path.parent().and_then(Path::file_name).unwrap().to_str().unwrap();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let dialect = waymark_collect::find(folder)
            .unwrap_or_else(|| panic!("tests/fixtures/{folder} is no source: name the folder after a row of SOURCES"));
        let text = std::fs::read_to_string(path).unwrap();
        let (head, body) = text.strip_prefix('\n').map_or_else(
            || text.split_once("\n\n").unwrap_or_else(|| panic!("{folder}/{stem} lacks the empty line before the body")),
            |body| ("", body),
        );
        let body = body.strip_suffix('\n').unwrap_or(body);
        let head = head.lines().map(|line| line.split_once(": ").unwrap()).collect();
        Self { name: format!("{folder}/{stem}"), dialect, deliveries: arrived(dialect, &head, body) }
    }

    fn normalised(&self) -> Vec<Normalised> {
        self.deliveries.iter().map(|delivery| self.dialect.normalise(delivery, &reading())).collect()
    }
}

/// The deliveries of a body: one, or as many as a file of this source is cut into.
fn arrived(dialect: &dyn Source, head: &BTreeMap<&str, &str>, body: &str) -> Vec<Delivery> {
    let received_at = head.get("received-at").copied().unwrap_or(RECEIVED_AT);
    let instance = head.get("instance").copied();
    let channel = match head.get("channel").copied() {
        Some("file") => return file::deliveries(dialect, body.as_bytes(), instance, at(received_at)),
        Some("poll") => Channel::Poll,
        Some("git") => Channel::Git,
        Some("kafka") => Channel::Kafka,
        Some(other) if other != "webhook" => panic!("`{other}` is no channel of a fixture"),
        _ => Channel::Webhook,
    };
    let as_webhook = delivery(dialect.name(), head.get("event-type").copied(), body, received_at);
    vec![Delivery {
        channel,
        instance: instance.map_or(as_webhook.instance, ToOwned::to_owned),
        content_type: head.get("content-type").map(|&kind| kind.to_owned()),
        ..as_webhook
    }]
}

/// Every fixture, in the order of its name, or those that `CASE` asks for.
#[expect(clippy::disallowed_methods, reason = "a person chooses cases by the environment")]
fn fixtures() -> Vec<Fixture> {
    let wanted = std::env::var("CASE").unwrap_or_default();
    let mut paths: Vec<PathBuf> = Vec::new();
    for folder in std::fs::read_dir(root().join("tests/fixtures")).unwrap() {
        let files = std::fs::read_dir(folder.unwrap().path()).unwrap();
        paths.extend(
            files.map(|file| file.unwrap().path()).filter(|path| path.extension().is_some_and(|end| end == "delivery")),
        );
    }
    paths.sort();
    let fixtures = paths.iter().map(|path| Fixture::read(path));
    fixtures.filter(|fixture| fixture.name.contains(&wanted)).collect()
}

/// Null, an empty text, list or map says nothing, and is left out of a golden.
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    }
}

/// What a delivery amounts to, as compact lines.
fn lines(normalised: &Normalised) -> String {
    let mut lines = Vec::new();
    for observation in &normalised.observations {
        let mut line = json!({ "table": observation.table().name() });
        let members = line.as_object_mut().unwrap();
        for part in [json!(observation.head), json!(observation.record)] {
            let Value::Object(columns) = part else { panic!("an observation is an object") };
            members.extend(columns.into_iter().filter(|(name, value)| name != "delivery_id" && says_something(value)));
        }
        lines.push(line);
    }
    for rejection in &normalised.rejections {
        let mut members = json!(rejection);
        members.as_object_mut().unwrap().retain(|_, value| says_something(value));
        lines.push(json!({ "rejection": members }));
    }
    lines.extend(normalised.ignored.map(|reason| json!({ "ignored": reason })));
    lines.iter().flat_map(|line| [line.to_string(), "\n".to_owned()]).collect()
}

/// Nothing vanishes: every delivery amounts to something.
fn vanishes(normalised: &Normalised) -> bool {
    normalised.observations.len() + normalised.rejections.len() + usize::from(normalised.ignored.is_some()) == 0
}

#[test]
fn every_delivery_reads_as_agreed() {
    let mut failures = Vec::new();
    for fixture in fixtures() {
        let content: String = fixture.normalised().iter().map(lines).collect();
        let golden = root().join("tests/golden").join(format!("{}.ndjson", fixture.name));
        failures.extend(compare_with_file(&golden, &content).err());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_delivery_reads_the_same_twice_and_never_vanishes() {
    let fixtures = fixtures();
    for fixture in &fixtures {
        assert!(!fixture.deliveries.is_empty(), "{} holds no delivery", fixture.name);
        let (once, twice) = (fixture.normalised(), fixture.normalised());
        assert_eq!(serialised(&once), serialised(&twice), "{} reads otherwise the second time", fixture.name);
        assert!(!once.iter().any(vanishes), "{} amounts to nothing at all", fixture.name);
    }
}

fn serialised(normalised: &[Normalised]) -> Vec<u8> {
    let parts: Vec<_> = normalised.iter().map(|one| (&one.observations, &one.rejections, one.ignored)).collect();
    serde_json::to_vec(&parts).unwrap()
}

#[test]
fn every_source_has_fixtures_and_every_golden_has_its_fixture() {
    for source in SOURCES {
        let folder = root().join("tests/fixtures").join(source.name());
        assert!(folder.is_dir(), "{} is missing: write a delivery as its vendor documents it", folder.display());
        for golden in std::fs::read_dir(root().join("tests/golden").join(source.name())).unwrap() {
            let name = golden.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned();
            let fixture = folder.join(format!("{name}.delivery"));
            assert!(fixture.is_file(), "{} is missing: remove the golden, or write it", fixture.display());
        }
    }
}

/// A webhook and a poll of one thing must speak of one entity.
#[test]
fn a_poll_and_a_webhook_of_one_run_are_one_entity() {
    let read = |case: &str| {
        let path = root().join(format!("tests/fixtures/github/{case}.delivery"));
        let observations = Fixture::read(&path).normalised().remove(0).observations;
        observations.into_iter().find(|observation| observation.head.part_of.is_none()).unwrap().head
    };
    let (told, asked) = (read("workflow_run_completed"), read("workflow_run_polled"));
    assert_eq!(told.entity_id, asked.entity_id);
    assert!(asked.version_rank > told.version_rank, "at equal time a polled state knows at least as much");
}

#[test]
fn every_prefix_of_every_fixture_is_read_without_a_panic() {
    for fixture in fixtures() {
        let Some(whole) = fixture.deliveries.first() else { continue };
        let step = (whole.body.len() / 40).max(1);
        for end in (0..whole.body.len()).step_by(step) {
            let mut cut = Delivery { body: whole.body.get(..end).unwrap_or_default().to_vec(), ..whole.clone() };
            assert!(!vanishes(&fixture.dialect.normalise(&cut, &reading())), "{} cut at {end}", fixture.name);
            cut.body.extend([0, 0xff, b'{', b'"', 0]);
            assert!(!vanishes(&fixture.dialect.normalise(&cut, &reading())), "{} spoilt at {end}", fixture.name);
        }
    }
}

#[test]
fn every_published_example_is_read_or_ignored() {
    let Some(folder) = shared("fixtures/github-webhooks") else {
        return skipped("published webhook examples", "the shared fixtures are not beside the repository");
    };
    let mut failures = Vec::new();
    let mut count = 0;
    let products = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    for product in products {
        for file in std::fs::read_dir(product).unwrap() {
            let path = file.unwrap().path();
            let event: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            let name = event["name"].as_str().unwrap();
            for (place, example) in event["examples"].as_array().unwrap().iter().enumerate() {
                count += 1;
                let found = example_problem(name, example);
                failures.extend(found.map(|problem| format!("{} example {place}: {problem}", path.display())));
            }
        }
    }
    assert!(count > 500, "only {count} examples");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn example_problem(name: &str, example: &Value) -> Option<String> {
    let dialect = waymark_collect::find("github").unwrap();
    let normalised = dialect.normalise(&delivery("github", Some(name), &example.to_string(), RECEIVED_AT), &reading());
    if vanishes(&normalised) {
        return Some("amounts to nothing".to_owned());
    }
    let is_read = READ_EVENTS.contains(&name);
    match normalised.rejections.first() {
        Some(rejection) => Some(format!("is rejected at {:?}: {}", rejection.pointer, rejection.message)),
        None if !is_read && normalised.ignored.is_none() => Some("is read, although no table holds it".to_owned()),
        None => None,
    }
}
