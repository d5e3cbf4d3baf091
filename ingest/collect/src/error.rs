//! What can fail while collecting: one variant per operation, with its subject.

use crate::arrivals::git::GitError;
use crate::arrivals::kafka::KafkaError;
use crate::clients::ClientError;
use std::path::PathBuf;
use waymark_event::SchemaError;
use waymark_lake::LakeError;

/// A failed operation of collecting.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The lake did not keep something.
    #[error("failed to keep what was collected")]
    Lake(#[source] LakeError),
    /// Rows could not be made from what was read.
    #[error("failed to make rows of what was read")]
    Rows(#[source] SchemaError),
    /// A worker thread ended early.
    #[error("failed to read deliveries: a worker ended early")]
    Worker(#[source] tokio::task::JoinError),
    /// The key of pseudonyms is not one.
    #[error(
        "`people.key` in `{location}` is not 32 bytes long: restore it from a backup, or pseudonyms will not match earlier ones"
    )]
    PeopleKey {
        /// The data folder or prefix.
        location: String,
    },
    /// A file could not be read.
    #[error("failed to read the file `{}`", .path.display())]
    File {
        /// The file concerned.
        path: PathBuf,
        /// What made it fail.
        #[source]
        cause: std::io::Error,
    },
    /// A repository could not be read.
    #[error("failed to read the repository")]
    Git(#[source] GitError),
    /// A topic could not be consumed.
    #[error("failed to consume the topic")]
    Kafka(#[source] KafkaError),
    /// A programming interface could not be asked.
    #[error("failed to back-fill")]
    Client(#[source] ClientError),
}

impl From<LakeError> for CollectError {
    fn from(cause: LakeError) -> Self {
        Self::Lake(cause)
    }
}
