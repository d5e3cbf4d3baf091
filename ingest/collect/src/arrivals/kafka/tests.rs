//! librdkafka's own cluster of make-believe brokers, and a lake that remembers and misbehaves.

use super::reader::LAKE_PATIENCE;
use super::*;
use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{DefaultProducerContext, FutureProducer, FutureRecord};
use rdkafka::types::{RDKafkaApiKey as Request, RDKafkaRespErr as Answer};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use waymark_event::{FixedClock, Instant};

const TOPIC: &str = "deliveries";

/// What the lake does when it is given its first batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mischief {
    #[default]
    None,
    /// Refuses the batch.
    Refuses,
    /// Takes it, and says that it did not.
    TakesAndDenies,
    /// Takes it, and never answers.
    TakesAndHangs,
    /// Takes it, and answers after the reader's patience has ended.
    TakesItsTime,
}

#[derive(Default)]
struct Kept {
    positions: BTreeMap<String, i64>,
    records: Vec<(String, i64)>,
    lost: Vec<(String, LostRange)>,
    /// The first position that was refused.
    refused: Option<i64>,
    mischief: Mischief,
    readers: BTreeSet<tokio::task::Id>,
}

#[derive(Default)]
struct MemoryLake {
    kept: Mutex<Kept>,
    changed: Notify,
}

impl MemoryLake {
    fn with(mischief: Mischief) -> Arc<Self> {
        Arc::new(Self { kept: Mutex::new(Kept { mischief, ..Kept::default() }), changed: Notify::new() })
    }

    fn records(&self) -> usize {
        self.kept.lock().unwrap().records.len()
    }

    /// Waits until so many records are there, and a little longer for what should not come.
    async fn until(&self, records: usize) {
        let reached = async {
            while self.records() < records {
                self.changed.notified().await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), reached).await.unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
    }

    /// How many tasks have handed something over.
    fn readers(&self) -> usize {
        self.kept.lock().unwrap().readers.len()
    }

    fn assert_each_once(&self, expected: usize) {
        let kept = self.kept.lock().unwrap();
        let unique: BTreeSet<&(String, i64)> = kept.records.iter().collect();
        assert_eq!((kept.records.len(), unique.len()), (expected, expected));
        for stream in kept.positions.keys() {
            let offsets: Vec<i64> = kept.records.iter().filter(|(of, _)| of == stream).map(|(_, offset)| *offset).collect();
            assert!(offsets.is_sorted(), "{stream} is out of order");
            assert_eq!(offsets.last(), kept.positions.get(stream));
        }
    }
}

impl KafkaLake for MemoryLake {
    fn position<'a>(&'a self, stream: &'a str) -> BoxFuture<'a, Result<Option<i64>, KafkaLakeError>> {
        let position = self.kept.lock().unwrap().positions.get(stream).copied();
        Box::pin(std::future::ready(Ok(position)))
    }

    fn keep<'a>(&'a self, stream: &'a str, deliveries: Vec<(i64, Delivery)>) -> BoxFuture<'a, Result<(), KafkaLakeError>> {
        Box::pin(async move {
            let mischief = {
                let mut kept = self.kept.lock().unwrap();
                kept.readers.extend(tokio::task::try_id());
                let mischief = std::mem::take(&mut kept.mischief);
                if mischief == Mischief::Refuses {
                    kept.refused = deliveries.first().map(|(offset, _)| *offset);
                } else {
                    kept.positions.extend(deliveries.last().map(|(offset, _)| (stream.to_owned(), *offset)));
                    kept.records.extend(deliveries.iter().map(|(offset, _)| (stream.to_owned(), *offset)));
                }
                mischief
            };
            self.changed.notify_waiters();
            self.changed.notify_one();
            match mischief {
                Mischief::None => Ok(()),
                Mischief::Refuses | Mischief::TakesAndDenies => Err("the disk says no".into()),
                Mischief::TakesAndHangs => std::future::pending().await,
                Mischief::TakesItsTime => {
                    tokio::time::sleep(LAKE_PATIENCE * 2).await;
                    Ok(())
                }
            }
        })
    }

    fn lose<'a>(&'a self, stream: &'a str, lost: LostRange) -> BoxFuture<'a, Result<(), KafkaLakeError>> {
        self.kept.lock().unwrap().lost.push((stream.to_owned(), lost));
        Box::pin(std::future::ready(Ok(())))
    }
}

struct Cluster {
    inner: MockCluster<'static, DefaultProducerContext>,
    producer: FutureProducer,
}

impl Cluster {
    fn start(partitions: i32) -> Self {
        let inner = MockCluster::new(1).unwrap();
        inner.create_topic(TOPIC, partitions, 1).unwrap();
        let mut settings = ClientConfig::new();
        settings.set("bootstrap.servers", inner.bootstrap_servers()).set("message.max.bytes", "2000000");
        let producer = settings.create().unwrap();
        Self { inner, producer }
    }

    async fn produce(&self, records: usize, bytes: usize) {
        let body = "x".repeat(bytes);
        for number in 0..records {
            let key = format!("key {number}");
            let record = FutureRecord::to(TOPIC).key(&key).payload(&body);
            self.producer.send(record, Duration::from_secs(5)).await.unwrap();
        }
    }

    fn config(&self, group: &str) -> KafkaConfig {
        KafkaConfig {
            brokers: self.inner.bootstrap_servers(),
            topic: TOPIC.to_owned(),
            group: group.to_owned(),
            cluster: "test".to_owned(),
            batch_max: 50,
            batch_wait_ms: 20,
            // The make-believe broker waits this long whenever a member comes or goes.
            session_timeout_ms: 4_000,
            ..KafkaConfig::default()
        }
    }
}

async fn read(config: &KafkaConfig, lake: &Arc<MemoryLake>, until: usize) -> Result<KafkaCount, KafkaError> {
    let clock = FixedClock::at(Instant::from_seconds(1_780_000_000));
    consume(config, lake.as_ref(), &clock, lake.until(until)).await
}

async fn a_lost_group_offset_duplicates_nothing() {
    let cluster = Cluster::start(3);
    cluster.produce(500, 20).await;
    let lake = MemoryLake::with(Mischief::None);
    let count = read(&cluster.config("first"), &lake, 500).await.unwrap();
    assert_eq!(count.deliveries, 500);
    lake.assert_each_once(500);
    cluster.produce(40, 20).await;
    let count = read(&cluster.config("another, which has no offsets"), &lake, 540).await.unwrap();
    assert_eq!(count, KafkaCount { deliveries: 40, batches: count.batches, lost_ranges: 0 });
    lake.assert_each_once(540);
}

async fn a_crash_before_the_group_offset_duplicates_nothing() {
    let cluster = Cluster::start(1);
    cluster.produce(120, 20).await;
    let lake = MemoryLake::with(Mischief::TakesAndHangs);
    let (config, shared) = (cluster.config("one"), Arc::clone(&lake));
    let reading = tokio::spawn(async move { read(&config, &shared, 1_000).await.map(|_| ()) });
    lake.until(1).await;
    reading.abort();
    assert!(reading.await.is_err_and(|error| error.is_cancelled()));
    read(&cluster.config("one"), &lake, 120).await.unwrap();
    lake.assert_each_once(120);
}

async fn a_commit_that_was_denied_and_one_that_was_refused_are_told_apart() {
    let cluster = Cluster::start(1);
    cluster.produce(120, 20).await;
    let read_with = |group: &'static str, mischief| {
        let config = cluster.config(group);
        async move {
            let lake = MemoryLake::with(mischief);
            read(&config, &lake, 120).await.unwrap();
            lake.assert_each_once(120);
        }
    };
    tokio::join!(read_with("one", Mischief::TakesAndDenies), read_with("two", Mischief::Refuses));
}

async fn a_slow_lake_is_waited_for_beside_polling() {
    let cluster = Cluster::start(2);
    cluster.produce(400, 20).await;
    let lake = MemoryLake::with(Mischief::TakesItsTime);
    read(&cluster.config("one"), &lake, 400).await.unwrap();
    lake.assert_each_once(400);
}

/// A position out of range is told once, between the first record and the end of the reader's patience.
async fn a_position_out_of_range_is_looked_at_anew_though_nobody_polls() {
    let cluster = Cluster::start(1);
    cluster.produce(120, 20).await;
    // Each answer brings one record within a millisecond, and one without records takes half a second.
    let mut answers = vec![Answer::RD_KAFKA_RESP_ERR_NO_ERROR; 60];
    answers.push(Answer::RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE);
    cluster.inner.request_errors(Request::Fetch, &answers);
    let lake = MemoryLake::with(Mischief::TakesItsTime);
    read(&cluster.config("one"), &lake, 120).await.unwrap();
    lake.assert_each_once(120);
}

async fn an_error_beside_a_slow_lake_ends_the_reading() {
    let cluster = Cluster::start(1);
    cluster.produce(1, 20).await;
    let lake = MemoryLake::with(Mischief::TakesItsTime);
    let config = cluster.config("one");
    let refusing = async {
        lake.until(1).await;
        cluster.inner.request_errors(Request::JoinGroup, &[Answer::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED]);
        cluster.inner.request_errors(Request::Heartbeat, &[Answer::RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS]);
    };
    let (outcome, ()) = tokio::join!(read(&config, &lake, usize::MAX), refusing);
    assert!(matches!(outcome, Err(KafkaError::Receive { .. })), "{outcome:?}");
    lake.assert_each_once(1);
}

async fn a_reading_from_now_on_comes_back_to_what_the_lake_refused() {
    let cluster = Cluster::start(1);
    let lake = MemoryLake::with(Mischief::Refuses);
    let config = KafkaConfig { start: KafkaStart::Latest, ..cluster.config("one") };
    // Nobody says when reading begins, so records come all the time.
    let producing = async {
        while lake.records() == 0 {
            cluster.produce(1, 20).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let (outcome, ()) = tokio::join!(read(&config, &lake, 1), producing);
    outcome.unwrap();
    let kept = lake.kept.lock().unwrap();
    assert_eq!(kept.records.first().map(|(_, offset)| *offset), kept.refused);
}

async fn a_second_reader_takes_its_share() {
    let cluster = Cluster::start(4);
    cluster.produce(200, 20).await;
    let lake = MemoryLake::with(Mischief::None);
    let reader = |lake: &Arc<MemoryLake>| {
        let (config, lake) = (cluster.config("shared"), Arc::clone(lake));
        tokio::spawn(async move { read(&config, &lake, usize::MAX).await })
    };
    let first = reader(&lake);
    lake.until(200).await;
    let second = reader(&lake);
    let mut produced = 200;
    while lake.readers() < 2 && produced < 10_000 {
        cluster.produce(10, 20).await;
        produced += 10;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    lake.until(produced).await;
    lake.assert_each_once(produced);
    assert_eq!(lake.readers(), 2, "the second reader was given nothing");
    for reader in [first, second] {
        reader.abort();
        assert!(reader.await.is_err_and(|error| error.is_cancelled()), "a reader gave up");
    }
}

async fn what_retention_removed_is_reported() {
    let cluster = Cluster::start(1);
    // The make-believe broker keeps five megabytes.
    cluster.produce(60, 120_000).await;
    let lake = MemoryLake::with(Mischief::None);
    let stream = cluster.config("one").stream(0);
    lake.kept.lock().unwrap().positions.insert(stream.clone(), 0);
    let count = read(&cluster.config("one"), &lake, 20).await.unwrap();
    assert_eq!(count.lost_ranges, 1);
    let kept = lake.kept.lock().unwrap();
    let (of, lost) = &kept.lost[0];
    assert_eq!((of, lost.from, lost.cause), (&stream, 1, LostCause::Retention));
    assert_eq!(kept.records[0].1, lost.to + 1, "reading goes on behind the loss");
}

async fn a_record_over_the_limit_is_reported_and_the_next_is_read() {
    let cluster = Cluster::start(1);
    cluster.produce(1, 10).await;
    cluster.produce(1, 11).await;
    cluster.produce(1, 10).await;
    let lake = MemoryLake::with(Mischief::None);
    let config = KafkaConfig { body_bytes_max: 10, ..cluster.config("one") };
    read(&config, &lake, 2).await.unwrap();
    let kept = lake.kept.lock().unwrap();
    assert_eq!(kept.lost, [(config.stream(0), LostRange { from: 1, to: 1, cause: LostCause::TooLarge })]);
    assert_eq!(kept.records.iter().map(|(_, offset)| *offset).collect::<Vec<_>>(), [0, 2]);
}

async fn a_topic_made_anew_is_not_taken_for_the_old_one() {
    let cluster = Cluster::start(1);
    cluster.produce(3, 10).await;
    let lake = MemoryLake::with(Mischief::None);
    lake.kept.lock().unwrap().positions.insert(cluster.config("one").stream(0), 900);
    let error = read(&cluster.config("one"), &lake, 1).await.unwrap_err();
    assert!(matches!(error, KafkaError::Cut { end: 3, position: 900, .. }), "{error}");
}

/// All at once, because each of them spends its time waiting for the make-believe broker.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_lake_holds_is_true() {
    tokio::join!(
        a_lost_group_offset_duplicates_nothing(),
        a_crash_before_the_group_offset_duplicates_nothing(),
        a_commit_that_was_denied_and_one_that_was_refused_are_told_apart(),
        a_slow_lake_is_waited_for_beside_polling(),
        a_position_out_of_range_is_looked_at_anew_though_nobody_polls(),
        an_error_beside_a_slow_lake_ends_the_reading(),
        a_reading_from_now_on_comes_back_to_what_the_lake_refused(),
        a_second_reader_takes_its_share(),
        what_retention_removed_is_reported(),
        a_record_over_the_limit_is_reported_and_the_next_is_read(),
        a_topic_made_anew_is_not_taken_for_the_old_one(),
    );
}
