//! `kafka`: records of a topic, ours beside a bare consumer, over librdkafka's make-believe brokers.
//!
//! Ours is seen twice: handing records over as deliveries, which is what a bare consumer can be
//! compared with, and with everything that makes them durable statements in the tables. Joining the
//! group takes seconds and is not counted: time begins with the first records.

use crate::asked::Asked;
use crate::rows::{NO_AIM, grouped, per_second, row};
use crate::{runtime, scratch};
use futures::future::BoxFuture;
use rdkafka::ClientConfig;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, Notify};
use waymark_collect::Pipeline;
use waymark_collect::arrivals::kafka::{KafkaConfig, KafkaLake, KafkaLakeError, LostRange, consume};
use waymark_event::{Delivery, SystemClock};
use waymark_lake::{DELIVERIES, Layout};

const TOPIC: &str = "deliveries";
const PARTITIONS: i32 = 4;
const RECORDS: usize = 100_000;
const BATCH_MAX: usize = 5_000;
const TURNS: usize = 9;

pub(crate) fn run(_: &Asked) {
    runtime().block_on(async {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic(TOPIC, PARTITIONS, 1).unwrap();
        produce(&cluster);
        // A tenth of a second tells little, so both are seen by turns, and the median of each counts.
        let (mut bare_runs, mut our_runs) = (Vec::new(), Vec::new());
        for turn in 0..TURNS {
            bare_runs.push(bare(&cluster, &format!("bare-{turn}")).await);
            our_runs.push(ours(&cluster, &format!("handed-over-{turn}"), None).await);
        }
        let (bare, handed_over) = (median(bare_runs), median(our_runs));
        let folder = scratch();
        let stored = ours(&cluster, "stored", Some(folder.path())).await;
        let what = format!("{} records of a topic with {PARTITIONS} partitions", grouped(RECORDS));
        for (name, seen) in
            [("a bare consumer", &bare), ("ours, as deliveries", &handed_over), ("ours, in the tables", &stored)]
        {
            row(&format!("{what}: {name}"), &per_second(seen.records, seen.duration), NO_AIM);
        }
        row(&format!("{what}: ours by bare"), &format!("{:.2}", handed_over.speed() / bare.speed()), "at least 0.5");
    });
}

/// Records that came after the first ones, and in what time.
struct Seen {
    records: usize,
    duration: Duration,
}

impl Seen {
    fn speed(&self) -> f64 {
        self.records as f64 / self.duration.as_secs_f64()
    }
}

fn median(mut runs: Vec<Seen>) -> Seen {
    runs.sort_by(|left, right| left.speed().total_cmp(&right.speed()));
    runs.swap_remove(runs.len() / 2)
}

/// The brokers keep five megabytes of each partition, so records come compressed.
fn produce(cluster: &MockCluster<'static, DefaultProducerContext>) {
    let mut settings = ClientConfig::new();
    settings.set("bootstrap.servers", cluster.bootstrap_servers());
    settings.set("compression.type", "zstd").set("linger.ms", "100").set("batch.num.messages", "10000");
    let producer: ThreadedProducer<_> = settings.create::<ThreadedProducer<DefaultProducerContext>>().unwrap();
    for number in 0..RECORDS {
        let body = format!(
            concat!(
                r#"{{"type":"deployment","data":{{"deployment_id":"d{number}","service_hint":"checkout","environment":"production","#,
                r#""revisions":["acme/checkout@{number:040x}"],"status":"finished","result":"success","#,
                r#""finished_at":"2026-03-02T09:16:31Z"}}}}"#
            ),
            number = number
        );
        let key = format!("d{number}");
        let mut record = BaseRecord::to(TOPIC).key(&key).payload(&body);
        while let Err((_, refused)) = producer.send(record) {
            producer.flush(Duration::from_secs(1)).unwrap();
            record = refused;
        }
    }
    producer.flush(Duration::from_mins(1)).unwrap();
}

async fn bare(cluster: &MockCluster<'static, DefaultProducerContext>, group: &str) -> Seen {
    let mut settings = ClientConfig::new();
    settings.set("bootstrap.servers", cluster.bootstrap_servers()).set("group.id", group);
    settings.set("auto.offset.reset", "earliest").set("enable.auto.commit", "false").set("session.timeout.ms", "6000");
    let consumer: StreamConsumer = settings.create().unwrap();
    consumer.subscribe(&[TOPIC]).unwrap();
    let mut began = None;
    let mut bytes = 0;
    for _ in 0..RECORDS {
        let message = consumer.recv().await.unwrap().detach();
        began.get_or_insert_with(Instant::now);
        bytes += rdkafka::Message::payload(&message).map_or(0, <[u8]>::len);
    }
    assert!(bytes > RECORDS);
    Seen { records: RECORDS - 1, duration: began.unwrap().elapsed() }
}

async fn ours(cluster: &MockCluster<'static, DefaultProducerContext>, group: &str, folder: Option<&Path>) -> Seen {
    let pipeline = match folder {
        Some(folder) => Some(Pipeline::open(&Layout::open(folder).unwrap(), Arc::new(SystemClock), "bench").await.unwrap()),
        None => None,
    };
    let lake = TimedLake { pipeline: Mutex::new(pipeline), taken: Mutex::new(Taken::default()), changed: Notify::new() };
    let config = KafkaConfig {
        brokers: cluster.bootstrap_servers(),
        topic: TOPIC.to_owned(),
        group: group.to_owned(),
        batch_max: BATCH_MAX,
        session_timeout_ms: 6_000,
        ..KafkaConfig::default()
    };
    consume(&config, &lake, &SystemClock, lake.all()).await.unwrap();
    let taken = lake.taken.into_inner();
    Seen { records: taken.records - taken.first, duration: taken.ended.unwrap() - taken.began.unwrap() }
}

/// A lake that notes when it was given something, with or without tables below it.
struct TimedLake {
    pipeline: Mutex<Option<Pipeline>>,
    taken: Mutex<Taken>,
    changed: Notify,
}

#[derive(Default)]
struct Taken {
    records: usize,
    first: usize,
    began: Option<Instant>,
    ended: Option<Instant>,
}

impl TimedLake {
    async fn all(&self) {
        while self.taken.lock().await.records < RECORDS {
            self.changed.notified().await;
        }
    }
}

impl KafkaLake for TimedLake {
    fn position<'a>(&'a self, stream: &'a str) -> BoxFuture<'a, Result<Option<i64>, KafkaLakeError>> {
        Box::pin(async move {
            match self.pipeline.lock().await.as_mut() {
                Some(pipeline) => Ok(pipeline.tables().position(DELIVERIES, stream).await?),
                None => Ok(None),
            }
        })
    }

    fn keep<'a>(&'a self, stream: &'a str, deliveries: Vec<(i64, Delivery)>) -> BoxFuture<'a, Result<(), KafkaLakeError>> {
        Box::pin(async move {
            let count = deliveries.len();
            if let Some(pipeline) = self.pipeline.lock().await.as_mut() {
                pipeline.keep(stream, deliveries).await?;
            }
            let mut taken = self.taken.lock().await;
            let now = Instant::now();
            if taken.began.is_none() {
                (taken.began, taken.first) = (Some(now), count);
            }
            taken.ended = Some(now);
            taken.records += count;
            drop(taken);
            self.changed.notify_one();
            Ok(())
        })
    }

    fn lose<'a>(&'a self, _: &'a str, lost: LostRange) -> BoxFuture<'a, Result<(), KafkaLakeError>> {
        Box::pin(async move { Err(format!("the brokers let go of records: {lost:?}").into()) })
    }
}
