//! What can fail while computing: one variant per operation, with its subject.

use crate::query::QueryError;
use datafusion::error::DataFusionError;
use waymark_event::SchemaError;
use waymark_lake::LakeError;

/// A failed operation of the engine.
#[derive(Debug, thiserror::Error)]
pub enum AnalyticsError {
    /// The lake could not be read or written.
    #[error("failed to reach the lake")]
    Lake(#[source] LakeError),
    /// A supplied table could not be made.
    #[error("failed to make the table `{table}`")]
    Supply {
        /// The table concerned.
        table: String,
        /// What made it fail.
        #[source]
        cause: SchemaError,
    },
    /// A table of the lake could not be registered.
    #[error("failed to register the table `{table}`")]
    Register {
        /// The table concerned.
        table: String,
        /// What made it fail.
        #[source]
        cause: Box<DataFusionError>,
    },
    /// A fact could not be computed.
    #[error("failed to compute the fact `{fact}`")]
    Fact {
        /// The fact concerned.
        fact: String,
        /// What made it fail.
        #[source]
        cause: Box<DataFusionError>,
    },
    /// A metric could not be computed.
    #[error("failed to compute the metric `{metric}`")]
    Metric {
        /// The metric concerned.
        metric: String,
        /// What made it fail.
        #[source]
        cause: Box<DataFusionError>,
    },
    /// A metric's rows are not of the one result shape.
    #[error("the metric `{metric}` does not yield the column `{column}` of the result shape")]
    Shape {
        /// The metric concerned.
        metric: String,
        /// The column concerned.
        column: &'static str,
    },
    /// A scope that was asked for is neither known nor described.
    #[error("there is no {what} `{name}`{suggestion}")]
    NoSuchScope {
        /// What was asked for: a service, a team, a component.
        what: String,
        /// The name that nobody has.
        name: String,
        /// What may have been meant, as the end of the sentence.
        suggestion: String,
    },
    /// A question was not answered.
    #[error("the question was not answered")]
    Query(#[source] QueryError),
    /// Other processes published snapshots first, again and again.
    #[error("other processes published snapshots while this one was computed: it is tried again after the next delivery")]
    Overtaken,
    /// Nothing was ever collected into this folder.
    #[error(
        "the data folder holds no data yet: run `waymark demo`, `waymark ingest git PATH --service NAME` or `waymark serve`"
    )]
    NoSnapshot,
}

impl From<LakeError> for AnalyticsError {
    fn from(cause: LakeError) -> Self {
        Self::Lake(cause)
    }
}
