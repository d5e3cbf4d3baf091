//! Exactly once from a topic: the real program and a real broker, both killed again and again.
//!
//! At the end every record stands in `deliveries` once and its observation once. The long proofs
//! are ignored in plain `cargo test`; `.ci/long` runs them. How records are read is tested with a
//! make-believe broker in `ingest/collect/src/arrivals/kafka/tests.rs`.

mod collectors;
mod ground;

use self::collectors::{Collector, leave_alone};
use self::ground::{Ground, Kept};
use crate::broker::{self, Broker};
use crate::harness::{program, skipped};
use crate::moto::Moto;
use crate::python;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::types::RDKafkaErrorCode;
use std::collections::HashSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const TOPIC: &str = "deliveries";
const CLUSTER: &str = "proof";
/// How long a killed collector keeps its partitions from its successor.
const SESSION_TIMEOUT_MS: u32 = 3_000;
/// Runs of one repository come together, so that each refresh of the facts has little to compute.
const RUNS_PER_REPOSITORY: u64 = 500;
/// The broker comes back within seconds, on a machine that may be busy.
const PRODUCE_MAX: Duration = Duration::from_mins(10);
/// Somebody must have made progress within this.
const STANDSTILL_MAX: Duration = Duration::from_mins(5);
/// The longest time for which the broker is left dead.
const OUTAGE_MS_MAX: u64 = 1_500;

/// What is to be gone through.
struct Trial {
    records: u64,
    partitions: i32,
    /// Collectors that share the topic at one time.
    collectors: usize,
    kills: usize,
    broker_kills: usize,
    /// How long collectors are left alone before one is killed, in milliseconds.
    pause_ms: Range<u64>,
    /// Records that a collector hands over at once.
    batch_records_max: u32,
}

const SHORT: Trial = Trial {
    records: 2_000,
    partitions: 3,
    collectors: 1,
    kills: 2,
    broker_kills: 1,
    pause_ms: 1_500..5_000,
    // Many commits, so that a kill meets one.
    batch_records_max: 20,
};
const LONG: Trial = Trial {
    records: 1_000_000,
    partitions: 4,
    collectors: 1,
    kills: 50,
    broker_kills: 10,
    pause_ms: 500..10_000,
    batch_records_max: 5_000,
};
const LONG_SHARED: Trial = Trial {
    records: 100_000,
    partitions: 6,
    collectors: 2,
    kills: 20,
    broker_kills: 4,
    pause_ms: 1_000..12_000,
    batch_records_max: 3_000,
};

/// Proofs wait for each other: each wants every processor.
static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[tokio::test]
async fn every_record_of_a_topic_is_kept_exactly_once() {
    let folder = tempfile::tempdir().unwrap();
    prove("exactly once from a topic", &SHORT, folder.path(), &Ground::local(folder.path())).await;
}

#[tokio::test]
#[ignore = "takes many minutes: `.ci/long` runs it"]
async fn kafka_long() {
    let folder = tempfile::tempdir().unwrap();
    prove("exactly once from a topic, at length", &LONG, folder.path(), &Ground::local(folder.path())).await;
}

#[tokio::test]
#[ignore = "takes many minutes: `.ci/long` runs it"]
async fn kafka_long_with_two_collectors() {
    let title = "exactly once from a topic, by two collectors on one object store";
    let Some(moto) = Moto::start() else { return skipped(title, python::ABSENT) };
    let folder = tempfile::tempdir().unwrap();
    let ground = Ground::shared(folder.path(), &moto).await;
    prove(title, &LONG_SHARED, folder.path(), &ground).await;
}

/// Produces, kills, waits until all of it is visible, and counts.
async fn prove(title: &str, trial: &Trial, folder: &Path, ground: &Ground) {
    let Some(program) = program() else { return skipped(title, "the program is not built: run `cargo build` first") };
    let _turn = ONE_AT_A_TIME.lock().await;
    let Some(mut broker) = Broker::start(&folder.join("broker")) else { return skipped(title, broker::ABSENT) };
    broker.create_topic(TOPIC, trial.partitions).await;
    let configuration = write_configuration(trial, folder, &broker);
    let mut collectors: Vec<Collector> =
        (0..trial.collectors).map(|number| Collector::start(&program, &configuration, ground, number)).collect();

    let (release, released) = channel();
    let (settings, partitions) = (broker.settings(), u64::try_from(trial.partitions).unwrap());
    let producing = std::thread::spawn(move || produce(settings, partitions, &released));
    let mut kills = Kills::default();
    while kills.collectors < trial.kills {
        // A share before each kill, so that there is always something to do.
        let share = u64::try_from(kills.collectors + 1).unwrap() * trial.records / u64::try_from(trial.kills + 1).unwrap();
        release.send(share).unwrap();
        kills.next(trial, &mut collectors, &mut broker).await;
    }
    release.send(trial.records).unwrap();
    drop(release);
    producing.join().unwrap();
    wait_until_visible(trial, ground, &mut collectors).await;

    told(&format!(
        "{title}: {} records, {} kills of a collector, {} of the broker; by collector: {:?} batches, {:?} ends by itself",
        trial.records,
        kills.collectors,
        kills.brokers,
        collectors.iter().map(Collector::batches).collect::<Vec<_>>(),
        collectors.iter().map(Collector::ends).collect::<Vec<_>>(),
    ));
    assert_eq!((kills.collectors, kills.brokers), (trial.kills, trial.broker_kills));
    let idle = collectors.iter().filter(|collector| collector.batches() == 0).count();
    assert_eq!(idle, 0, "so many collectors were never given a partition, or no longer say what they commit");
    for collector in &mut collectors {
        collector.kill();
    }
    assert_each_once(trial, &broker.record_counts(TOPIC, trial.partitions), &ground.kept().await);
}

/// What was killed so far, and the chance that says what comes next.
struct Kills {
    collectors: usize,
    brokers: usize,
    chance: ChaCha8Rng,
}

impl Default for Kills {
    fn default() -> Self {
        // Another one each time: the moments of a kill differ from run to run in any case.
        Self { collectors: 0, brokers: 0, chance: ChaCha8Rng::seed_from_u64(std::process::id().into()) }
    }
}

impl Kills {
    /// Waits, then kills a collector, and with it the broker when it is the broker's turn.
    async fn next(&mut self, trial: &Trial, collectors: &mut [Collector], broker: &mut Broker) {
        leave_alone(collectors, self.between(&trial.pause_ms)).await;
        let victim = usize::try_from(self.below(u64::try_from(collectors.len()).unwrap())).unwrap();
        let is_brokers_turn =
            self.brokers < trial.broker_kills && self.brokers * trial.kills <= self.collectors * trial.broker_kills;
        if is_brokers_turn {
            broker.kill();
            self.brokers += 1;
            leave_alone(collectors, self.between(&(0..OUTAGE_MS_MAX))).await;
        }
        self.collectors += usize::from(collectors[victim].kill());
        if is_brokers_turn && self.below(2) == 0 {
            // The successor begins while nobody answers.
            collectors[victim].start_again();
            broker.start_again();
        } else {
            if is_brokers_turn {
                broker.start_again();
            }
            collectors[victim].start_again();
        }
    }

    fn below(&mut self, end: u64) -> u64 {
        self.chance.next_u64() % end
    }

    fn between(&mut self, range_ms: &Range<u64>) -> Duration {
        Duration::from_millis(range_ms.start + self.below(range_ms.end - range_ms.start))
    }
}

fn write_configuration(trial: &Trial, folder: &Path, broker: &Broker) -> PathBuf {
    let (brokers, batch_records_max) = (broker.address(), trial.batch_records_max);
    let text = format!(
        "[kafka]
brokers = \"{brokers}\"
topic = \"{TOPIC}\"
group = \"proof\"
cluster = \"{CLUSTER}\"
source = \"json\"
batch_records_max = {batch_records_max}
session_timeout_ms = {SESSION_TIMEOUT_MS}
"
    );
    let path = folder.join("collector.toml");
    std::fs::write(&path, text).unwrap();
    path
}

/// Produces records up to each number that is released, and returns once the broker holds all.
fn produce(mut settings: ClientConfig, partitions: u64, released: &Receiver<u64>) {
    settings
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("compression.type", "zstd")
        .set("linger.ms", "20")
        // A record is never given up: the broker comes back.
        .set("message.timeout.ms", "0");
    let producer: BaseProducer = settings.create().unwrap();
    let mut next = 0;
    for end in released {
        for number in next..end {
            let body = ci_run(number);
            let partition = i32::try_from(number % partitions).unwrap();
            let mut record = BaseRecord::<(), str>::to(TOPIC).partition(partition).payload(&body);
            while let Err((error, refused)) = producer.send(record) {
                assert_eq!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::QueueFull), "{error}");
                producer.poll(Duration::from_millis(100));
                record = refused;
            }
        }
        next = end;
        producer.flush(PRODUCE_MAX).unwrap();
    }
}

fn ci_run(number: u64) -> String {
    let (repository, minute) = (number / RUNS_PER_REPOSITORY, number % 60);
    format!(
        r#"{{"type":"ci_run","data":{{"run_id":"{number}","attempt":1,"repository":"example.org/team/service-{repository}","pipeline_name":"build","trigger":"push","is_default_branch":true,"status":"finished","result":"success","queued_at":"2026-01-05T10:{minute:02}:00Z","started_at":"2026-01-05T10:{minute:02}:05Z","finished_at":"2026-01-05T11:{minute:02}:00Z"}}}}"#
    )
}

/// Waits until the newest snapshot shows every record; somebody must make progress all the time.
async fn wait_until_visible(trial: &Trial, ground: &Ground, collectors: &mut [Collector]) {
    let (mut seen, mut since) = (0, Instant::now());
    while seen < trial.records {
        leave_alone(collectors, Duration::from_secs(1)).await;
        let visible = ground.visible().await;
        if visible > seen {
            (seen, since) = (visible, Instant::now());
        }
        if since.elapsed() > STANDSTILL_MAX {
            let said: Vec<String> = collectors.iter().map(Collector::said).collect();
            panic!("only {seen} of {} records became visible; the collectors said\n{}", trial.records, said.join("\n---\n"));
        }
    }
}

/// Every offset that the broker gave out is a delivery, and every delivery has its observation.
fn assert_each_once(trial: &Trial, record_counts: &[i64], kept: &Kept) {
    let records = usize::try_from(trial.records).unwrap();
    let produced: i64 = record_counts.iter().sum();
    assert_eq!(usize::try_from(produced), Ok(records), "the broker holds other records than were produced");
    for (partition, count) in record_counts.iter().enumerate() {
        let stream = format!("kafka:{CLUSTER}:{TOPIC}:{partition}");
        let positions = kept.positions.get(&stream).map(Vec::as_slice).unwrap_or_default();
        let is_each_once = positions.iter().copied().eq(0..*count);
        assert!(is_each_once, "{stream} has {count} records: {}", difference(positions, *count));
    }
    assert_eq!(kept.positions.len(), record_counts.len(), "there are deliveries of other streams: {:?}", kept.positions.keys());
    assert_eq!(kept.deliveries.len(), records, "two deliveries have one id");

    let runs: HashSet<&str> = kept.observations.iter().map(|(run, _)| run.as_str()).collect();
    assert_eq!((kept.observations.len(), runs.len()), (records, records), "rows of the observations, and different runs");
    let strays = kept.observations.iter().filter(|(_, delivery)| !kept.deliveries.contains(delivery)).count();
    assert_eq!(strays, 0, "so many observations name a delivery that is not there");
}

/// What sorted positions lack and repeat of `0..count`.
fn difference(positions: &[i64], count: i64) -> String {
    let different: HashSet<i64> = positions.iter().copied().collect();
    let missing: Vec<i64> = (0..count).filter(|position| !different.contains(position)).take(5).collect();
    let repeated: Vec<i64> = positions.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).take(5).collect();
    format!(
        "{} deliveries with {} different positions; missing {missing:?} …, repeated {repeated:?} …",
        positions.len(),
        different.len()
    )
}

#[expect(clippy::print_stdout, reason = "the log of a long run should tell what it went through")]
fn told(what: &str) {
    println!("{what}");
}
