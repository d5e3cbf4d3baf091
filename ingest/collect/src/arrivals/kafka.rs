//! Kafka: records of a topic as deliveries, from where the lake stands.
//!
//! The lake's position is the truth: on every assignment reading starts behind it, and group
//! offsets are written only afterwards, as a hint for others. Bytes are opaque here, so no record
//! can be poison; records that are gone or too large are reported as lost, never passed over in
//! silence. Compression, batching and transactions are librdkafka's business.

mod assignment;
mod error;
mod lost;
mod position;
mod reader;
mod record;

#[cfg(test)]
mod tests;

pub use error::KafkaError;
pub(crate) use lost::rejection_of_loss;
pub use lost::{LostCause, LostRange};

use self::reader::Reader;
use futures::future::BoxFuture;
use std::future::Future;
use waymark_event::{Clock, Delivery};

/// Why the lake could not answer.
pub type KafkaLakeError = Box<dyn std::error::Error + Send + Sync>;

/// Where records go. One stream is one partition; its positions are offsets.
pub trait KafkaLake: Send + Sync {
    /// The position of the last delivery that the lake holds of `stream`; none before the first.
    fn position<'a>(&'a self, stream: &'a str) -> BoxFuture<'a, Result<Option<i64>, KafkaLakeError>>;

    /// Makes `deliveries` durable together with the position of the last one.
    ///
    /// They come in the order of their positions, which may have gaps.
    fn keep<'a>(&'a self, stream: &'a str, deliveries: Vec<(i64, Delivery)>) -> BoxFuture<'a, Result<(), KafkaLakeError>>;

    /// Records that positions of `stream` were lost, and tells whoever reads the log. The same range
    /// may be reported again, and must then be recorded and told once.
    fn lose<'a>(&'a self, stream: &'a str, lost: LostRange) -> BoxFuture<'a, Result<(), KafkaLakeError>>;
}

/// Where the very first reading of a partition starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KafkaStart {
    /// With the oldest record that is left.
    #[default]
    Earliest,
    /// With what comes from now on; until the lake holds a first record, "now" moves with each start of the process.
    Latest,
}

/// One topic, and the connection that its records belong to.
#[derive(Clone, Debug)]
pub struct KafkaConfig {
    /// Addresses of brokers, separated by commas.
    pub brokers: String,
    /// The topic to read.
    pub topic: String,
    /// The consumer group, in which several readers share the partitions.
    pub group: String,
    /// Our name of the cluster, part of each stream's name; to be changed when a topic is recreated.
    pub cluster: String,
    /// The configured entry that deliveries name.
    pub connection: String,
    /// The dialect that reads the records.
    pub source: String,
    /// The host or account that the records are about.
    pub instance: String,
    /// Where the very first reading starts.
    pub start: KafkaStart,
    /// Records that are handed to the lake at once.
    pub batch_max: usize,
    /// How long a record may wait for others, in milliseconds.
    pub batch_wait_ms: u64,
    /// How long a reader that died keeps its partitions, in milliseconds.
    pub session_timeout_ms: u64,
    /// The largest value accepted; a larger record is reported as lost.
    pub body_bytes_max: usize,
    /// Headers that deliveries keep beside ours and those of a cloud event; in lower case.
    pub kept_headers: Vec<String>,
}

impl Default for KafkaConfig {
    fn default() -> Self {
        Self {
            brokers: "localhost:9092".to_owned(),
            topic: "waymark".to_owned(),
            group: "waymark".to_owned(),
            cluster: "default".to_owned(),
            connection: "kafka".to_owned(),
            source: "json".to_owned(),
            instance: "kafka".to_owned(),
            start: KafkaStart::Earliest,
            batch_max: 1_000,
            batch_wait_ms: 500,
            session_timeout_ms: 45_000,
            body_bytes_max: 25 * 1024 * 1024,
            kept_headers: Vec::new(),
        }
    }
}

impl KafkaConfig {
    /// The name of the stream of one partition.
    pub fn stream(&self, partition: i32) -> String {
        format!("kafka:{}:{}:{partition}", self.cluster, self.topic)
    }
}

/// What a reading brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KafkaCount {
    /// Deliveries that the lake took.
    pub deliveries: usize,
    /// Times that the lake took some.
    pub batches: usize,
    /// Ranges that were reported as lost.
    pub lost_ranges: usize,
}

/// Reads the topic until `stop` completes, and returns once everything received is in the lake.
///
/// # Errors
/// When no broker answers, the topic ends before the lake's position, a record cannot be decoded,
/// or the lake refuses again and again. Everything that the lake took stays valid: starting again
/// goes on behind it.
pub async fn consume(
    config: &KafkaConfig,
    lake: &dyn KafkaLake,
    clock: &dyn Clock,
    stop: impl Future<Output = ()> + Send,
) -> Result<KafkaCount, KafkaError> {
    let mut reader = Reader::subscribe(config, lake, clock).await?;
    let outcome = reader.run(stop).await;
    let count = reader.close().await;
    outcome.map(|()| count)
}
