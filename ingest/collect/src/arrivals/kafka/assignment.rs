//! Which partitions are ours, and what was received of them but is not in the lake yet.
//!
//! librdkafka calls back when partitions come and go. A new one only waits here: reading starts
//! once the lake has said where. A lost one is not ours any more before the callback returns, so
//! that nothing more is handed over for it.

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::statistics::Statistics;
use rdkafka::topic_partition_list::{TopicPartitionList, TopicPartitionListElem};
use rdkafka::types::RDKafkaRespErr;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use waymark_event::Delivery;

/// Records of one partition in the order of their offsets.
pub(super) type Batch = Vec<(i64, Delivery)>;

/// The partitions of one consumer.
#[derive(Debug)]
pub(super) struct Assignment {
    topic: String,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Partitions given to us whose start is not known yet; null when nothing is to be answered.
    waiting: Option<BTreeSet<i32>>,
    batches: BTreeMap<i32, Batch>,
    records: usize,
    bytes: usize,
    is_closing: bool,
}

impl Assignment {
    pub(super) fn of(topic: &str) -> Self {
        Self { topic: topic.to_owned(), state: Mutex::default(), changed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is whole after each statement, so a panic elsewhere does not spoil it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until partitions wait.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Whether the start of partitions must be found.
    pub(super) fn is_waiting(&self) -> bool {
        self.state().waiting.is_some()
    }

    /// The partitions whose start must be found, once.
    pub(super) fn take_waiting(&self) -> Option<BTreeSet<i32>> {
        self.state().waiting.take()
    }

    /// Lets partitions wait for their start, without what was received of them.
    pub(super) fn wait_for(&self, partitions: BTreeSet<i32>) {
        let mut state = self.state();
        state.drop_batches(&partitions);
        state.waiting.get_or_insert_default().extend(partitions);
        self.changed.notify_one();
    }

    /// Partitions from which records are taken from now on.
    pub(super) fn own(&self, partitions: &BTreeSet<i32>) {
        self.state().batches.extend(partitions.iter().map(|partition| (*partition, Batch::new())));
    }

    /// The partitions that are read.
    pub(super) fn owned(&self) -> BTreeSet<i32> {
        self.state().batches.keys().copied().collect()
    }

    /// Whether a partition was given to us, be it read or waiting.
    pub(super) fn is_ours(&self, partition: i32) -> bool {
        let state = self.state();
        state.batches.contains_key(&partition) || state.waiting.as_ref().is_some_and(|waiting| waiting.contains(&partition))
    }

    /// Adds a record; one of a partition that is not ours any more is left to its new owner.
    pub(super) fn add(&self, partition: i32, offset: i64, delivery: Delivery) {
        let mut state = self.state();
        let bytes = delivery.body.len();
        if let Some(batch) = state.batches.get_mut(&partition) {
            batch.push((offset, delivery));
            state.records += 1;
            state.bytes += bytes;
        }
    }

    /// Records and bytes that are not in the lake yet.
    pub(super) fn held(&self) -> (usize, usize) {
        let state = self.state();
        (state.records, state.bytes)
    }

    /// What was received and is not in the lake yet, by partition.
    pub(super) fn take_batches(&self) -> BTreeMap<i32, Batch> {
        let mut state = self.state();
        (state.records, state.bytes) = (0, 0);
        // The next batch is mostly as long, and its records are not copied while it grows.
        let taken = |batch: &mut Batch| std::mem::replace(batch, Batch::with_capacity(batch.len()));
        state.batches.iter_mut().map(|(partition, batch)| (*partition, taken(batch))).collect()
    }

    /// From now on no partition is taken.
    pub(super) fn close(&self) {
        self.state().is_closing = true;
    }

    fn log_failure(&self, operation: &str, result: KafkaResult<()>) {
        if let Err(cause) = result {
            tracing::warn!(kafka.topic = self.topic, error = %cause, "{operation} failed");
        }
    }
}

impl State {
    fn drop_batches(&mut self, partitions: &BTreeSet<i32>) {
        for partition in partitions {
            if let Some(batch) = self.batches.remove(partition) {
                self.records -= batch.len();
                self.bytes -= batch.iter().map(|(_, delivery)| delivery.body.len()).sum::<usize>();
            }
        }
    }
}

impl ConsumerContext for Assignment {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, event: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let partitions: BTreeSet<i32> = list.elements().iter().map(TopicPartitionListElem::partition).collect();
        if event == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            if self.state().is_closing {
                self.log_failure("declining partitions", consumer.incremental_assign(&TopicPartitionList::new()));
            } else {
                self.wait_for(partitions);
            }
            return;
        }
        let mut given_back = TopicPartitionList::new();
        {
            let mut state = self.state();
            for partition in partitions.iter().filter(|partition| state.batches.contains_key(partition)) {
                given_back.add_partition(&self.topic, *partition);
            }
            state.drop_batches(&partitions);
            if let Some(waiting) = &mut state.waiting {
                waiting.retain(|partition| !partitions.contains(partition));
            }
        }
        self.log_failure("giving back partitions", consumer.incremental_unassign(&given_back));
    }

    fn commit_callback(&self, result: KafkaResult<()>, _: &TopicPartitionList) {
        self.log_failure("writing group offsets", result);
    }
}

impl ClientContext for Assignment {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => {
                tracing::debug!(kafka.topic = self.topic, kafka.facility = facility, "{message}");
            }
            _ => tracing::warn!(kafka.topic = self.topic, kafka.facility = facility, "{message}"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(kafka.topic = self.topic, %error, "{reason}");
    }

    fn stats(&self, statistics: Statistics) {
        let partitions = statistics.topics.get(&self.topic).into_iter().flat_map(|topic| topic.partitions.values());
        let lag: i64 = partitions.map(|partition| partition.consumer_lag.max(0)).sum();
        tracing::info!(kafka.topic = self.topic, kafka.lag = lag, "records of the topic are waiting");
    }
}
