//! The reading loop: receive, gather, hand over to the lake, and only then write group offsets.
//!
//! Nothing is polled while the lake answers quickly. When it does not, partitions are given up and
//! polling goes on, so that a slow lake never costs us our place in the group; afterwards they are
//! read again behind the lake's position.

use super::assignment::{Assignment, Batch};
use super::position::first;
use super::record::Records;
use super::{KafkaConfig, KafkaCount, KafkaError, KafkaLake, LostCause, LostRange};
use futures::{FutureExt, StreamExt};
use rdkafka::ClientConfig;
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::error::{KafkaError as Cause, KafkaResult, RDKafkaErrorCode as Code};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use waymark_event::Clock;

/// Bytes that are gathered before the lake is asked.
const BATCH_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long the lake may take before polling goes on beside it.
pub(super) const LAKE_PATIENCE: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 30 });
/// How long a broker may take for an answer.
const BROKER_PATIENCE: Duration = Duration::from_secs(15);
/// Times in a row that the lake may refuse.
const REFUSALS_MAX: u32 = 5;

type TopicConsumer = StreamConsumer<Assignment>;

/// One consumer of one topic.
pub(super) struct Reader<'a> {
    config: &'a KafkaConfig,
    lake: &'a dyn KafkaLake,
    clock: &'a dyn Clock,
    records: Records<'a>,
    consumer: Arc<TopicConsumer>,
    count: KafkaCount,
    /// Where each partition was begun: its "now" until the lake holds a record of it.
    begun: BTreeMap<i32, i64>,
    /// Times in a row that the lake refused.
    refusals: u32,
    /// What went wrong while the lake was slow; it ends the reading once the lake has what was received.
    failure: Option<KafkaError>,
}

impl<'a> Reader<'a> {
    /// Joins the group, after a look at whether there is such a topic.
    pub(super) async fn subscribe(
        config: &'a KafkaConfig,
        lake: &'a dyn KafkaLake,
        clock: &'a dyn Clock,
    ) -> Result<Self, KafkaError> {
        let unusable = |cause| KafkaError::Client { topic: config.topic.clone(), cause };
        let consumer: TopicConsumer = settings(config).create_with_context(Assignment::of(&config.topic)).map_err(unusable)?;
        let reader = Self {
            config,
            lake,
            clock,
            records: Records::of(config),
            consumer: Arc::new(consumer),
            count: KafkaCount::default(),
            begun: BTreeMap::new(),
            refusals: 0,
            failure: None,
        };
        let topic = config.topic.clone();
        let partitions = reader
            .blocking(move |consumer| {
                let metadata = consumer.fetch_metadata(Some(&topic), BROKER_PATIENCE)?;
                Ok(metadata.topics().iter().filter(|one| one.name() == topic).map(|one| one.partitions().len()).sum::<usize>())
            })
            .await
            .map_err(|cause| KafkaError::Brokers { brokers: config.brokers.clone(), cause })?;
        if partitions == 0 {
            return Err(KafkaError::NoTopic { topic: config.topic.clone() });
        }
        reader.consumer.subscribe(&[&config.topic]).map_err(unusable)?;
        Ok(reader)
    }

    /// Reads until `stop`, then hands over what is left.
    pub(super) async fn run(&mut self, stop: impl Future<Output = ()> + Send) -> Result<(), KafkaError> {
        let consumer = Arc::clone(&self.consumer);
        let mut messages = consumer.stream();
        let mut deadline: Option<Instant> = None;
        tokio::pin!(stop);
        loop {
            tokio::select! {
                biased;
                () = &mut stop => return self.hand_over().await,
                () = consumer.context().changed() => self.take_over().await?,
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                    self.hand_over().await?;
                    deadline = None;
                }
                Some(message) = messages.next() => {
                    self.receive(message).await?;
                    // Asking before each record what else has happened takes as long as receiving it.
                    while !self.is_full() && !consumer.context().is_waiting() {
                        let Some(Some(message)) = messages.next().now_or_never() else { break };
                        self.receive(message).await?;
                    }
                    if self.is_full() {
                        self.hand_over().await?;
                        deadline = None;
                    } else if consumer.context().held().0 > 0 {
                        let wait = Duration::from_millis(self.config.batch_wait_ms);
                        deadline.get_or_insert_with(|| Instant::now() + wait);
                    }
                }
            }
        }
    }

    /// Whether the lake has to be asked before more is received.
    fn is_full(&self) -> bool {
        let (records, bytes) = self.consumer.context().held();
        records >= self.config.batch_max || bytes >= BATCH_BYTES_MAX
    }

    /// Leaves the group; what is not in the lake stays in the topic.
    pub(super) async fn close(self) -> KafkaCount {
        let consumer = Arc::clone(&self.consumer);
        let count = self.count;
        drop(self);
        // Leaving waits for the broker, so it is kept off the runtime's threads.
        if let Err(cause) = tokio::task::spawn_blocking(move || drop(consumer)).await {
            tracing::warn!(error = %cause, "leaving the consumer group failed");
        }
        count
    }

    /// Takes a record, or decides what an error means.
    async fn receive(&mut self, message: KafkaResult<BorrowedMessage<'_>>) -> Result<(), KafkaError> {
        let message = match message {
            Ok(message) => message,
            Err(cause) => return self.failed(cause).await,
        };
        let (partition, offset) = (message.partition(), message.offset());
        if message.payload_len() > self.config.body_bytes_max {
            return self.lose(partition, LostRange { from: offset, to: offset, cause: LostCause::TooLarge }).await;
        }
        let delivery = self.records.delivery(&message, self.clock.now());
        self.consumer.context().add(partition, offset, delivery);
        Ok(())
    }

    /// A passing failure is librdkafka's to mend. A position out of range is looked at anew. Any
    /// other error ends the reading, because going on could pass over records.
    async fn failed(&mut self, cause: Cause) -> Result<(), KafkaError> {
        match cause.rdkafka_error_code() {
            Some(code) if is_passing(code) => {
                tracing::debug!(kafka.topic = self.config.topic, error = %cause, "a broker is out of reach");
                Ok(())
            }
            Some(code) if is_out_of_range(code) => {
                self.hand_over().await?;
                self.start_again(&self.consumer.context().owned()).await
            }
            _ => {
                self.hand_over().await?;
                Err(KafkaError::Receive { topic: self.config.topic.clone(), cause })
            }
        }
    }

    /// Finds the start of each partition that waits, and begins to read it there.
    async fn take_over(&mut self) -> Result<(), KafkaError> {
        let Some(partitions) = self.consumer.context().take_waiting() else { return Ok(()) };
        let refused = |cause| KafkaError::Assign { topic: self.config.topic.clone(), cause };
        let mut list = TopicPartitionList::new();
        for partition in partitions.iter().copied() {
            let stream = self.config.stream(partition);
            let begun_behind = self.begun.get(&partition).map(|begun| begun - 1);
            let position = self.position(&stream).await?.or(begun_behind);
            let topic = self.config.topic.clone();
            let range = self.blocking(move |consumer| consumer.fetch_watermarks(&topic, partition, BROKER_PATIENCE)).await;
            let (low, high) = range.map_err(|cause| KafkaError::Range { stream: stream.clone(), cause })?;
            let first = first(&stream, position, self.config.start, low, high)?;
            self.begun.entry(partition).or_insert(first.offset);
            list.add_partition_offset(&self.config.topic, partition, Offset::Offset(first.offset)).map_err(refused)?;
            if let Some(lost) = first.lost {
                self.lose(partition, lost).await?;
            }
        }
        self.consumer.context().own(&partitions);
        let refused = |cause| KafkaError::Assign { topic: self.config.topic.clone(), cause };
        self.consumer.incremental_assign(&list).map_err(refused)
    }

    /// Starts `partitions` again after a while, the longer the more often the lake refused.
    async fn start_again(&self, partitions: &BTreeSet<i32>) -> Result<(), KafkaError> {
        self.give_up(partitions)?;
        sleep(Duration::from_secs(1 << self.refusals.min(6))).await;
        Ok(())
    }

    /// Stops reading those of `partitions` that are read, and lets them wait for a start behind the lake's position.
    fn give_up(&self, partitions: &BTreeSet<i32>) -> Result<(), KafkaError> {
        let given_up = partitions & &self.consumer.context().owned();
        if given_up.is_empty() {
            return Ok(());
        }
        let mut list = TopicPartitionList::new();
        for partition in &given_up {
            list.add_partition(&self.config.topic, *partition);
        }
        let refused = |cause| KafkaError::Assign { topic: self.config.topic.clone(), cause };
        self.consumer.incremental_unassign(&list).map_err(refused)?;
        self.consumer.context().wait_for(given_up);
        Ok(())
    }

    /// Hands everything received over to the lake, partition by partition.
    async fn hand_over(&mut self) -> Result<(), KafkaError> {
        for (partition, batch) in self.consumer.context().take_batches() {
            // It may have been lost while the lake took another.
            if !self.consumer.context().is_ours(partition) {
                continue;
            }
            let Some(last) = batch.last().map(|(offset, _)| *offset) else { continue };
            match self.keep(partition, batch).await {
                Ok(kept) => {
                    self.refusals = 0;
                    self.count.deliveries += kept;
                    self.count.batches += usize::from(kept > 0);
                    self.hint(partition, last);
                }
                Err(error) if self.refusals < REFUSALS_MAX => {
                    // What was refused may be in the lake all the same: only its position tells.
                    tracing::warn!(kafka.topic = self.config.topic, error = %error, "the lake refused a batch");
                    self.refusals += 1;
                    self.start_again(&BTreeSet::from([partition])).await?;
                }
                Err(error) => return Err(error),
            }
        }
        self.failure.take().map_or(Ok(()), Err)
    }

    /// Keeps what the lake does not hold yet: another owner may have been here.
    async fn keep(&mut self, partition: i32, mut batch: Batch) -> Result<usize, KafkaError> {
        let stream = self.config.stream(partition);
        let position = self.position(&stream).await?;
        batch.retain(|(offset, _)| position.is_none_or(|position| *offset > position));
        let kept = batch.len();
        if kept == 0 {
            return Ok(0);
        }
        let outcome = {
            let mut keeping = self.lake.keep(&stream, batch);
            match timeout(LAKE_PATIENCE, &mut keeping).await {
                Ok(outcome) => outcome,
                Err(_) => self.beside_polling(keeping).await,
            }
        };
        outcome.map(|()| kept).map_err(|cause| KafkaError::Keep { stream, cause })
    }

    /// Polls until `keeping` is done; what goes wrong meanwhile is remembered.
    ///
    /// Partitions are given up, not paused: pausing throws away what waits to be polled, and with it
    /// the one report that a position is out of range, after which librdkafka fetches nothing more.
    /// So no record comes here, and a position out of range is looked at anew in any case.
    async fn beside_polling<T>(&mut self, mut keeping: impl Future<Output = T> + Unpin) -> T {
        if let Err(error) = self.give_up(&self.consumer.context().owned()) {
            self.failure.get_or_insert(error);
        }
        let mut messages = self.consumer.stream();
        loop {
            tokio::select! {
                outcome = &mut keeping => return outcome,
                Some(message) = messages.next() => if let Err(cause) = message && ends_reading(&cause) {
                    self.failure.get_or_insert(KafkaError::Receive { topic: self.config.topic.clone(), cause });
                },
            }
        }
    }

    /// Writes the group's offset, if the partition is still ours; only tools read it.
    fn hint(&self, partition: i32, offset: i64) {
        if !self.consumer.context().is_ours(partition) {
            return;
        }
        let mut list = TopicPartitionList::new();
        let written = list
            .add_partition_offset(&self.config.topic, partition, Offset::Offset(offset + 1))
            .and_then(|()| self.consumer.commit(&list, CommitMode::Async));
        if let Err(cause) = written {
            tracing::debug!(kafka.topic = self.config.topic, error = %cause, "a group offset was not written");
        }
    }

    async fn position(&self, stream: &str) -> Result<Option<i64>, KafkaError> {
        self.lake.position(stream).await.map_err(|cause| KafkaError::Position { stream: stream.to_owned(), cause })
    }

    async fn lose(&mut self, partition: i32, lost: LostRange) -> Result<(), KafkaError> {
        let stream = self.config.stream(partition);
        self.count.lost_ranges += 1;
        self.lake.lose(&stream, lost).await.map_err(|cause| KafkaError::Lose { stream, cause })
    }

    /// Runs a call of librdkafka that blocks, away from the runtime's threads.
    async fn blocking<T: Send + 'static>(
        &self,
        call: impl FnOnce(&TopicConsumer) -> KafkaResult<T> + Send + 'static,
    ) -> KafkaResult<T> {
        let consumer = Arc::clone(&self.consumer);
        let called = tokio::task::spawn_blocking(move || call(&consumer)).await;
        called.unwrap_or(Err(Cause::Canceled))
    }
}

impl Drop for Reader<'_> {
    /// Answers an assignment that may still wait for us: librdkafka would wait for ever.
    fn drop(&mut self) {
        self.consumer.context().close();
        if let Err(cause) = self.consumer.incremental_assign(&TopicPartitionList::new()) {
            tracing::debug!(kafka.topic = self.config.topic, error = %cause, "no assignment was waiting");
        }
    }
}

/// Whether going on could pass over records.
fn ends_reading(cause: &Cause) -> bool {
    cause.rdkafka_error_code().is_none_or(|code| !is_passing(code) && !is_out_of_range(code))
}

/// Whether the position to read is not there any more.
fn is_out_of_range(code: Code) -> bool {
    matches!(code, Code::AutoOffsetReset | Code::OffsetOutOfRange)
}

/// Whether librdkafka mends this by itself.
fn is_passing(code: Code) -> bool {
    matches!(
        code,
        Code::BrokerTransportFailure
            | Code::AllBrokersDown
            | Code::Resolve
            | Code::OperationTimedOut
            | Code::RequestTimedOut
            | Code::NetworkException
            | Code::LeaderNotAvailable
            | Code::NotLeaderForPartition
            | Code::ReplicaNotAvailable
            | Code::BrokerNotAvailable
            | Code::CoordinatorLoadInProgress
            | Code::CoordinatorNotAvailable
            | Code::NotCoordinator
            | Code::RebalanceInProgress
            | Code::PollExceeded
    )
}

fn settings(config: &KafkaConfig) -> ClientConfig {
    let body_bytes_max = config.body_bytes_max.clamp(1024 * 1024, 900_000_000);
    let fetch_bytes_max = body_bytes_max.max(50 * 1024 * 1024);
    let mut settings = ClientConfig::new();
    settings
        .set("bootstrap.servers", &config.brokers)
        .set("group.id", &config.group)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("isolation.level", "read_committed")
        .set("session.timeout.ms", config.session_timeout_ms.to_string())
        .set("heartbeat.interval.ms", (config.session_timeout_ms / 10).max(100).to_string())
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("auto.offset.reset", "error")
        .set("fetch.message.max.bytes", body_bytes_max.to_string())
        .set("fetch.max.bytes", fetch_bytes_max.to_string())
        .set("receive.message.max.bytes", (fetch_bytes_max + 50 * 1024 * 1024).to_string())
        .set("queued.max.messages.kbytes", "65536")
        .set("statistics.interval.ms", "60000");
    settings
}
