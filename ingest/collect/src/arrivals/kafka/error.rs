//! Why a topic could not be read.

use super::KafkaLakeError;
use rdkafka::error::KafkaError as Cause;

/// Why a topic could not be read.
#[derive(Debug, thiserror::Error)]
pub enum KafkaError {
    /// The settings make no consumer.
    #[error("failed to set up a consumer of `{topic}`")]
    Client {
        /// The topic to read.
        topic: String,
        /// What the library says.
        #[source]
        cause: Cause,
    },
    /// Nobody answers at the brokers' addresses.
    #[error("no broker of `{brokers}` answers")]
    Brokers {
        /// The addresses that were tried.
        brokers: String,
        /// What the library says.
        #[source]
        cause: Cause,
    },
    /// The cluster has no such topic.
    #[error("there is no topic `{topic}`")]
    NoTopic {
        /// The topic to read.
        topic: String,
    },
    /// The range of a partition is not known.
    #[error("failed to ask for the range of `{stream}`")]
    Range {
        /// The partition's stream.
        stream: String,
        /// What the library says.
        #[source]
        cause: Cause,
    },
    /// The partition ends before what was already read.
    #[error(
        "`{stream}` ends at {end}, but {position} was already read: the topic was made anew, so give its cluster another name"
    )]
    Cut {
        /// The partition's stream.
        stream: String,
        /// The position after its last record.
        end: i64,
        /// The position that the lake holds.
        position: i64,
    },
    /// The partitions could not be taken over or given back.
    #[error("failed to take over partitions of `{topic}`")]
    Assign {
        /// The topic to read.
        topic: String,
        /// What the library says.
        #[source]
        cause: Cause,
    },
    /// Records do not come, or cannot be decoded.
    #[error("failed to receive records of `{topic}`")]
    Receive {
        /// The topic to read.
        topic: String,
        /// What the library says.
        #[source]
        cause: Cause,
    },
    /// The lake does not say its position.
    #[error("failed to read the position of `{stream}`")]
    Position {
        /// The partition's stream.
        stream: String,
        /// What the lake says.
        #[source]
        cause: KafkaLakeError,
    },
    /// The lake did not take deliveries.
    #[error("failed to keep records of `{stream}`")]
    Keep {
        /// The partition's stream.
        stream: String,
        /// What the lake says.
        #[source]
        cause: KafkaLakeError,
    },
    /// The lake did not take the report of a loss.
    #[error("failed to record what was lost of `{stream}`")]
    Lose {
        /// The partition's stream.
        stream: String,
        /// What the lake says.
        #[source]
        cause: KafkaLakeError,
    },
}
