//! The way through the real lake: disorder, redelivery and interruption change no number, and facts
//! that were computed step by step are those of one computation of everything.
//!
//! The same law over generated statements, without a disk, is `disorder.rs`.

use crate::harness::{World, tell};
use crate::lake_rows::{Facts, difference, facts, snapshot_rows};
use futures::StreamExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use std::collections::BTreeMap;
use std::sync::Arc;
use waymark_analytics::{FACTS, Grain, METRICS, Window};
use waymark_collect::{Pipeline, Reading};
use waymark_event::{Channel, Clock, Delivery, DeliveryId, FixedClock, Observation, PeopleKey, Table, observation_batch};
use waymark_lake::{DELIVERIES, INBOX_STREAM, Layout, REJECTIONS, Snapshot, fact_table, observed_table};
use waymark_sample::{Plan, deliveries};

/// Disordered readings of the sample through the lake.
const RUNS: u64 = 3;
/// The same in the long job, `.ci/long`.
const RUNS_LONG: u64 = 200;
/// So many of these at the same time, and a line after so many.
const RUNS_AT_ONCE: usize = 2;
const RUNS_TOLD: u64 = 20;
/// Of every this many deliveries, one comes twice.
const REPEATED: u64 = 4;
/// The stream beside the inbox, as one partition of a topic has it.
const TOPIC: &str = "kafka:test:deliveries:0";
/// After each batch as many files of one size are merged.
const FILES_MIN: usize = 2;

/// A plan that is small enough to be read several times in one test.
fn plan() -> Plan {
    Plan { services: 3, weeks: 5, ..Plan::small() }
}

/// An empty world whose key of pseudonyms is the same every time, so that facts can be compared.
async fn world(plan: &Plan) -> World {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::open(folder.path()).unwrap();
    std::fs::write(folder.path().join("people.key"), [7; 32]).unwrap();
    let whole: toml::Table = plan.configuration().parse().unwrap();
    World::over(folder, layout, &plan.as_of().to_rfc3339(), whole.try_into().unwrap()).await
}

fn below(chance: &mut ChaCha8Rng, end: u64) -> u64 {
    chance.next_u64() % end
}

fn shuffle<T>(chance: &mut ChaCha8Rng, items: &mut [T]) {
    for place in (1..items.len()).rev() {
        let end = u64::try_from(place).unwrap() + 1;
        items.swap(place, usize::try_from(below(chance, end)).unwrap());
    }
}

/// The same message once more: the sender tries again a minute later, a file is only read again.
fn again(delivery: &Delivery) -> Delivery {
    let is_sent_again = delivery.channel == Channel::Webhook;
    let received_at = delivery.received_at.plus_seconds(if is_sent_again { 60 } else { 0 });
    Delivery { id: DeliveryId::received(received_at), received_at, ..delivery.clone() }
}

/// Everything, some of it twice, in any order.
fn disordered(chance: &mut ChaCha8Rng, ordered: &[Delivery]) -> Vec<Delivery> {
    let mut disordered = ordered.to_vec();
    disordered.extend(ordered.iter().filter(|_| below(chance, REPEATED) == 0).map(again));
    shuffle(chance, &mut disordered);
    disordered
}

/// Two ways into one lake: the inbox, and a topic whose positions have gaps.
struct Arrival {
    world: World,
    chance: ChaCha8Rng,
    offset: i64,
}

impl Arrival {
    async fn new(plan: &Plan, seed: u64) -> Self {
        Self { world: world(plan).await, chance: ChaCha8Rng::seed_from_u64(seed), offset: 0 }
    }

    /// Each delivery of a batch takes one of the two ways; the topic is sometimes read again.
    async fn take_in(&mut self, batch: &[Delivery]) {
        let (posted, recorded): (Vec<Delivery>, Vec<Delivery>) =
            batch.iter().cloned().partition(|_| below(&mut self.chance, 2) == 0);
        let mut records = Vec::with_capacity(recorded.len());
        for mut delivery in recorded {
            self.offset += 1 + i64::try_from(below(&mut self.chance, 3)).unwrap();
            if delivery.channel == Channel::Webhook {
                delivery.channel = Channel::Kafka;
            }
            records.push((self.offset, delivery));
        }
        if !posted.is_empty() {
            self.world.take_in(&posted).await;
        }
        let kept = self.world.pipeline.keep(TOPIC, records.clone()).await.unwrap();
        assert_eq!(kept.deliveries, records.len());
        if below(&mut self.chance, 3) == 0 {
            assert_eq!(self.world.pipeline.keep(TOPIC, records).await.unwrap().deliveries, 0, "these positions are known");
        }
    }

    /// Computes what is new; then files that the facts know of may be merged.
    async fn refresh(&mut self) -> Snapshot {
        let snapshot = self.world.refresh().await;
        if below(&mut self.chance, 2) == 0 {
            let now = self.world.clock.now();
            for (table, covered) in snapshot.tables.iter().filter(|(table, _)| !table.starts_with("facts/")) {
                self.world.pipeline.tables().merge(table, covered, FILES_MIN, now).await.unwrap();
            }
        }
        snapshot
    }
}

/// Every number of every metric, as text.
async fn numbers(world: &World, plan: &Plan) -> BTreeMap<&'static str, String> {
    let window = Window::last_complete(Grain::Week, 4, plan.as_of(), world.definitions.zone());
    let engine = world.engine();
    let mut numbers = BTreeMap::new();
    for metric in METRICS {
        let series = engine.series(metric, &window).await.unwrap();
        numbers.insert(metric.id, format!("{:#?}", series.cells));
    }
    numbers
}

/// The sample, and its facts when it comes the straight way.
struct Straight {
    plan: Plan,
    ordered: Vec<Delivery>,
    expected: Facts,
}

impl Straight {
    async fn new() -> Self {
        let plan = plan();
        let ordered: Vec<Delivery> = deliveries(&plan).collect();
        let mut world = world(&plan).await;
        world.take_in(&ordered).await;
        let snapshot = world.refresh().await;
        let expected = facts(&world.layout, &snapshot).await;
        for name in ["deployments", "delivered_changes", "ci_runs", "adoption_status", "survey_results"] {
            assert!(!expected[name].is_empty(), "the sample has no `{name}`, so nothing would be compared");
        }
        Self { plan, ordered, expected }
    }

    /// The sample comes in any order, some of it twice, in batches and by two ways, with facts computed
    /// now and then; in the end they are those of the straight way, and of a rebuild.
    async fn is_that_of_disorder(&self, run: u64) {
        let mut arrival = Arrival::new(&self.plan, run).await;
        let disordered = disordered(&mut arrival.chance, &self.ordered);
        let batches = 2 + usize::try_from(below(&mut arrival.chance, 6)).unwrap();
        for batch in disordered.chunks(disordered.len().div_ceil(batches)) {
            arrival.take_in(batch).await;
            if below(&mut arrival.chance, 2) == 0 {
                arrival.refresh().await;
            }
        }
        let snapshot = arrival.refresh().await;
        let found = facts(&arrival.world.layout, &snapshot).await;
        assert_eq!(difference(&self.expected, &found), None, "run {run} in {batches} batches");
        let mut world = arrival.world;
        world.pipeline.rebuild().await.unwrap();
        let snapshot = world.refresh_fully().await;
        let rebuilt = facts(&world.layout, &snapshot).await;
        assert_eq!(difference(&self.expected, &rebuilt), None, "run {run} in {batches} batches, rebuilt");
    }
}

#[tokio::test]
async fn disorder_repetition_and_batches_change_no_fact() {
    let straight = Straight::new().await;
    for run in 0..RUNS {
        straight.is_that_of_disorder(run).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes many minutes: `.ci/long` runs it"]
async fn disorder_long() {
    let straight = Arc::new(Straight::new().await);
    let runs = futures::stream::iter(0..RUNS_LONG).map(|run| {
        let straight = Arc::clone(&straight);
        tokio::spawn(async move { straight.is_that_of_disorder(run).await })
    });
    let mut runs = runs.buffer_unordered(RUNS_AT_ONCE);
    let mut ended = 0;
    while let Some(outcome) = runs.next().await {
        outcome.unwrap();
        ended += 1;
        if ended % RUNS_TOLD == 0 {
            tell(&format!("{ended} of {RUNS_LONG} runs"));
        }
    }
}

#[tokio::test]
async fn facts_after_every_batch_are_those_of_one_full_computation() {
    let plan = plan();
    let mut all: Vec<Delivery> = deliveries(&plan).collect();
    // The first half comes as it happened, the second one in no order.
    let half = all.len() / 2;
    shuffle(&mut ChaCha8Rng::seed_from_u64(1), &mut all[half..]);
    let (mut steps, mut whole) = (Arrival::new(&plan, 1).await, world(&plan).await);
    for (place, batch) in all.chunks(all.len().div_ceil(10)).enumerate() {
        steps.take_in(batch).await;
        whole.take_in(batch).await;
        let (step, full) = (steps.refresh().await, whole.refresh_fully().await);
        let (found, expected) = (facts(&steps.world.layout, &step).await, facts(&whole.layout, &full).await);
        assert_eq!(difference(&expected, &found), None, "after batch {place}");
    }
}

#[tokio::test]
async fn a_webhook_replayed_three_times_changes_no_number() {
    let plan = plan();
    let ordered: Vec<Delivery> = deliveries(&plan).collect();
    let webhooks: Vec<&Delivery> = ordered.iter().filter(|delivery| delivery.channel == Channel::Webhook).collect();
    assert!(webhooks.len() > 100, "only {} webhooks", webhooks.len());
    let mut world = world(&plan).await;
    world.take_in(&ordered).await;
    let first = world.refresh().await;
    let (expected, before) = (facts(&world.layout, &first).await, numbers(&world, &plan).await);
    for replay in 1..=3 {
        let mut chance = ChaCha8Rng::seed_from_u64(replay);
        let mut replayed: Vec<Delivery> = webhooks.iter().map(|delivery| again(delivery)).collect();
        shuffle(&mut chance, &mut replayed);
        assert_eq!(world.take_in(&replayed).await.deliveries, webhooks.len(), "a redelivery is kept, too");
    }
    let last = world.refresh().await;
    assert_eq!(difference(&expected, &facts(&world.layout, &last).await), None);
    assert_eq!(numbers(&world, &plan).await, before);
    for fact in FACTS {
        let table = fact_table(fact.name);
        assert_eq!(last.tables[&table].files, first.tables[&table].files, "`{}` was written again", fact.name);
    }
}

/// Twelve events of our own format: nine good ones, each about another thing, and three broken ones.
fn events() -> Vec<(i64, Delivery)> {
    let event = |number: i64| match number % 4 {
        0 => format!(r#"{{"type":"deployment","data":{{"deployment_id":"d{number}","service_hint":"checkout"}}}}"#),
        1 => format!(r#"{{"type":"ci_run","data":{{"run_id":"r{number}"}}}}"#),
        2 => format!(r#"{{"type":"incident","data":{{"incident_id":"i{number}"}}}}"#),
        _ => r#"{"type":"deployment","data":{"#.to_owned(),
    };
    let received_at = "2026-03-02T10:00:00Z";
    (1..=12).map(|number| (number, crate::harness::delivery("json", None, &event(number), received_at))).collect()
}

/// How many rows each table holds, over all its files.
async fn row_counts(world: &mut World) -> BTreeMap<String, u64> {
    let versions = world.pipeline.versions().await.unwrap();
    versions.into_iter().map(|(name, version)| (name, version.files.iter().map(|file| file.rows).sum())).collect()
}

fn expected_counts() -> BTreeMap<String, u64> {
    let observed = ["deployments", "ci_runs", "incidents"].map(|kind| (observed_table(kind), 3));
    observed.into_iter().chain([(REJECTIONS.to_owned(), 3), (DELIVERIES.to_owned(), 12)]).collect()
}

#[tokio::test]
async fn the_same_positions_are_kept_once() {
    let mut world = World::new("2026-03-02T12:00:00Z").await;
    let first = world.pipeline.keep("kafka:shop:deliveries:0", events()).await.unwrap();
    assert_eq!((first.deliveries, first.position), (12, 12));
    let second = world.pipeline.keep("kafka:shop:deliveries:0", events()).await.unwrap();
    assert_eq!(second.deliveries, 0);
    assert_eq!(row_counts(&mut world).await, expected_counts());
    let overlapping = events().into_iter().map(|(position, delivery)| (position + 6, delivery)).collect();
    let third = world.pipeline.keep("kafka:shop:deliveries:0", overlapping).await.unwrap();
    assert_eq!((third.deliveries, third.position), (6, 18), "only what lies behind the known position");
}

#[tokio::test]
async fn an_interrupted_flush_appends_nothing_twice() {
    let mut world = World::new("2026-03-02T12:00:00Z").await;
    let all: Vec<Delivery> = events().into_iter().map(|(_, delivery)| delivery).collect();
    world.pipeline.inbox().keep(&all).unwrap();
    let waiting = world.pipeline.inbox().after(0, 100).unwrap();
    let last = waiting.last().unwrap().position;
    // The process ends after two of the five commits of a flush: neither the others nor the
    // watermark are there, and the inbox still holds everything.
    let key: [u8; 32] = std::fs::read(world.folder.path().join("people.key")).unwrap().try_into().unwrap();
    let reading = Reading { people: PeopleKey::new(key) };
    let dialect = waymark_collect::find("json").unwrap();
    let read = waiting.iter().flat_map(|one| dialect.normalise(&one.delivery, &reading).observations);
    let observations: Vec<Observation> = read.collect();
    for table in [Table::CiRun, Table::Deployment] {
        let batch = observation_batch(table, &observations).unwrap();
        let now = world.clock.now();
        let stored = observed_table(table.name());
        world.pipeline.tables().append(&stored, &batch, INBOX_STREAM, last, now).await.unwrap();
    }
    assert_eq!(world.pipeline.tables().position(DELIVERIES, INBOX_STREAM).await.unwrap(), None);
    let World { folder, layout, clock, definitions, pipeline, refresher } = world;
    drop(pipeline);
    let pipeline = Pipeline::open(&layout, Arc::<FixedClock>::clone(&clock), "test").await.unwrap();
    let mut world = World { folder, layout, clock, definitions, pipeline, refresher };
    assert_eq!(world.drain().await.deliveries, 12);
    assert_eq!(row_counts(&mut world).await, expected_counts());
    assert_eq!(world.pipeline.inbox().waiting(0).unwrap(), 0);
    assert_eq!(world.drain().await.deliveries, 0);
}

#[tokio::test]
async fn readers_of_an_older_snapshot_keep_what_they_saw() {
    let plan = plan();
    let all: Vec<Delivery> = deliveries(&plan).collect();
    let (early, late) = all.split_at(all.len() / 2);
    let mut world = world(&plan).await;
    world.take_in(early).await;
    let old = world.refresh().await;
    let before = facts(&world.layout, &old).await;
    let deliveries_before = snapshot_rows(&world.layout, &old, DELIVERIES).await.len();
    world.take_in(late).await;
    // Rows that no snapshot names are not seen by anybody.
    let unseen = Snapshot::newest(&world.layout).await.unwrap().unwrap();
    assert_eq!((&unseen.id, &unseen.tables), (&old.id, &old.tables));
    let new = world.refresh().await;
    assert!(difference(&before, &facts(&world.layout, &new).await).is_some(), "the second half says something");
    assert_eq!(difference(&before, &facts(&world.layout, &old).await), None);
    assert_eq!(snapshot_rows(&world.layout, &old, DELIVERIES).await.len(), deliveries_before);
    assert_eq!(snapshot_rows(&world.layout, &new, DELIVERIES).await.len(), all.len());
}
