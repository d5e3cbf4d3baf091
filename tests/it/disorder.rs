//! Order, repetition and batches do not matter: a property over generated statements, in memory.
//!
//! The law is that of the design: for any set of deliveries, every permutation, duplication and
//! split between webhook, back-fill and topic gives the same newest statement of each entity. The
//! same through the lake is `pipeline.rs`.

use crate::harness::{at, delivery};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any};
use proptest::sample::Index;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use waymark_collect::Reading;
use waymark_event::{Channel, Delivery, DeliveryId, Instant, Observation, PeopleKey};

/// Each case reads about eight deliveries twice.
const CASES: u32 = 10_000;
const RECEIVED_FROM: &str = "2026-03-02T12:00:00Z";

/// One thing that a sender says. Times and phases are drawn apart, so that statements of one
/// second contradict each other, which lifecycles in good order would never do.
#[derive(Clone, Copy, Debug)]
struct Statement {
    kind: u8,
    id: u8,
    attempt: u8,
    phase: u8,
    minute: u8,
    is_polled: bool,
}

/// What arrives, in its order.
#[derive(Clone, Debug)]
struct Arrivals {
    statements: Vec<Statement>,
    order: Vec<Arrived>,
    batch: usize,
}

/// One copy of a statement. What a sender posts may as well come as a record of a topic, and one
/// copy by each way; what was asked for is another reading, so its way is not drawn.
#[derive(Clone, Copy, Debug)]
struct Arrived {
    /// The place of the statement in the list.
    place: usize,
    /// The minute of its receipt.
    minute: u16,
    is_recorded: bool,
}

impl Statement {
    /// The way of a copy; `None` stands for the statement itself, which is posted.
    const fn channel(self, copy: Option<Arrived>) -> Channel {
        match (self.is_polled, copy) {
            (true, _) => Channel::Poll,
            (false, Some(Arrived { is_recorded: true, .. })) => Channel::Kafka,
            (false, _) => Channel::Webhook,
        }
    }
}

fn statement() -> impl Strategy<Value = Statement> {
    (0u8..4, 1u8..3, 1u8..3, 0u8..5, 0u8..4, any::<bool>())
        .prop_map(|(kind, id, attempt, phase, minute, is_polled)| Statement { kind, id, attempt, phase, minute, is_polled })
}

fn arrivals() -> impl Strategy<Value = Arrivals> {
    (vec(statement(), 1..7), vec(any::<Index>(), 0..5), 1usize..4)
        .prop_flat_map(|(statements, again, batch)| {
            let count = statements.len();
            let places: Vec<usize> = (0..count).chain(again.iter().map(|index| index.index(count))).collect();
            let received = vec((0u16..1_000, any::<bool>()), places.len());
            (Just(statements), Just(places).prop_shuffle(), received, Just(batch))
        })
        .prop_map(|(statements, places, received, batch)| {
            let copies = places.into_iter().zip(received);
            let order = copies.map(|(place, (minute, is_recorded))| Arrived { place, minute, is_recorded }).collect();
            Arrivals { statements, order, batch }
        })
}

fn minute(minute: u8) -> String {
    format!("2026-03-02T10:{minute:02}:00Z")
}

fn run(said: Statement) -> (&'static str, Value) {
    let (status, conclusion) = [
        ("queued", None),
        ("in_progress", None),
        ("completed", Some("success")),
        ("completed", Some("failure")),
        ("completed", Some("a new word")),
    ][usize::from(said.phase)];
    let body = json!({ "workflow_run": {
        "id": said.id, "run_attempt": said.attempt, "name": "build", "event": "push", "status": status,
        "conclusion": conclusion, "created_at": minute(0), "run_started_at": minute(0), "updated_at": minute(said.minute),
    }});
    ("workflow_run", body)
}

fn deployment(said: Statement) -> Value {
    json!({ "id": said.id, "sha": "5f1d", "environment": "production", "created_at": minute(0), "url": "https://example.org/d" })
}

fn status(said: Statement) -> (&'static str, Value) {
    let state = ["queued", "in_progress", "success", "failure", "inactive"][usize::from(said.phase)];
    // A status is never changed: its number says all of it.
    let number = 100 + 10 * i64::from(said.phase) + i64::from(said.minute) + 1_000 * i64::from(said.id);
    let status = json!({ "id": number, "state": state, "created_at": minute(said.minute) });
    ("deployment_status", json!({ "deployment_status": status, "deployment": deployment(said) }))
}

fn pull_request(said: Statement) -> (&'static str, Value) {
    let (state, action) =
        [("open", "opened"), ("open", "ready_for_review"), ("closed", "closed"), ("closed", "closed"), ("open", "reopened")]
            [usize::from(said.phase)];
    let updated_at = minute(said.minute);
    let is_merged = said.phase == 3;
    let body = json!({ "action": action, "pull_request": {
        "number": said.id, "state": state, "draft": said.phase == 0, "title": "Change", "created_at": minute(0),
        "updated_at": updated_at, "closed_at": (state == "closed").then_some(&updated_at),
        "merged_at": is_merged.then_some(&updated_at), "merge_commit_sha": "ab12",
    }});
    ("pull_request", body)
}

fn arrived(said: Statement, channel: Channel, received_at: Instant) -> Delivery {
    let (event_type, mut body) = match said.kind {
        0 => run(said),
        1 => ("deployment", json!({ "deployment": deployment(said) })),
        2 => status(said),
        _ => pull_request(said),
    };
    body["repository"] = json!({ "id": 7, "full_name": "acme/checkout", "default_branch": "main" });
    if said.is_polled
        && let Some(members) = body.as_object_mut()
    {
        members.remove("action");
    }
    Delivery {
        id: DeliveryId::stored(&received_at.micros().to_string()),
        channel,
        received_at,
        ..delivery("github", Some(event_type), &body.to_string(), RECEIVED_FROM)
    }
}

type Newest = BTreeMap<String, Observation>;

/// Keeps, of each entity, the statement that is greatest by its order.
fn keep_newest(newest: &mut Newest, observations: impl IntoIterator<Item = Observation>) {
    for observation in observations {
        let entity_id = observation.head.entity_id.as_str().to_owned();
        match newest.get(&entity_id) {
            Some(held) if held.order() >= observation.order() => {}
            _ => {
                newest.insert(entity_id, observation);
            }
        }
    }
}

/// What stays equal: everything but which delivery said it, and when that came.
fn comparable(mut newest: Newest) -> Newest {
    for observation in newest.values_mut() {
        observation.head.delivery_id = DeliveryId::default();
        observation.head.received_at = Instant::default();
    }
    newest
}

fn agrees(arrivals: &Arrivals) -> Result<(), TestCaseError> {
    let dialect = waymark_collect::find("github").unwrap();
    let reading = Reading { people: PeopleKey::new([7; 32]) };
    let first = at(RECEIVED_FROM);
    let mut expected = Newest::new();
    for (minute, said) in (0i64..).zip(&arrivals.statements) {
        let read = dialect.normalise(&arrived(*said, said.channel(None), first.plus_seconds(60 * minute)), &reading);
        proptest::prop_assert!(read.rejections.is_empty() && !read.observations.is_empty(), "{read:?}");
        keep_newest(&mut expected, read.observations);
    }
    let mut batches = Vec::new();
    for batch in arrivals.order.chunks(arrivals.order.len().div_ceil(arrivals.batch)) {
        // Each way is a stream of its own and is read for itself.
        let mut ways: BTreeMap<Channel, Newest> = BTreeMap::new();
        for copy in batch {
            let said = arrivals.statements[copy.place];
            let (channel, received_at) = (said.channel(Some(*copy)), first.plus_seconds(60 * i64::from(copy.minute)));
            let read = dialect.normalise(&arrived(said, channel, received_at), &reading);
            keep_newest(ways.entry(channel).or_default(), read.observations);
        }
        batches.extend(ways.into_values());
    }
    let mut found = Newest::new();
    for batch in batches {
        keep_newest(&mut found, batch.into_values());
    }
    proptest::prop_assert_eq!(comparable(found), comparable(expected));
    Ok(())
}

#[test]
fn order_repetition_and_batches_do_not_matter() {
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    runner.run(&arrivals(), |arrivals| agrees(&arrivals)).unwrap();
}
