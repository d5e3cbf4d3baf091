//! `Observation`: what one source told us about one entity at one time.
//!
//! A closed enum of fourteen tables, one record per file in `observation/`. What the rows amount
//! to belongs to `analytics`.

mod artifact;
mod ci_job;
mod ci_run;
mod commit;
mod deployment;
mod evidence;
mod incident;
mod journey;
mod pull_request;
mod review;
mod service;
mod slo_sample;
mod survey_response;
mod ticket;

pub use artifact::Artifact;
pub use ci_job::CiJob;
pub use ci_run::CiRun;
pub use commit::Commit;
pub use deployment::Deployment;
pub use evidence::Evidence;
pub use incident::Incident;
pub use journey::Journey;
pub use pull_request::PullRequest;
pub use review::Review;
pub use service::Service;
pub use slo_sample::SloSample;
pub use survey_response::SurveyResponse;
pub use ticket::Ticket;

use crate::delivery::Delivery;
use crate::id::{DeliveryId, EntityId, ObservationId};
use crate::instant::Instant;
use crate::subject::subject_of;
use crate::version::VersionRank;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The columns that every observation has, whatever it is about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// Which thing is spoken of.
    pub entity_id: EntityId,
    /// The order of two statements about one thing.
    pub version_rank: VersionRank,
    /// The same content has the same id.
    pub observation_id: ObservationId,
    /// The entity of which this is a transition; null on an entity row.
    pub part_of: Option<EntityId>,
    /// Which transition it is; null on an entity row.
    pub moment: Option<String>,
    /// When the thing said happened, in UTC; never null on a moment row.
    pub occurred_at: Option<Instant>,
    /// The source's own time of its last modification of the entity; null when not said.
    pub source_updated_at: Option<Instant>,
    /// When we received the delivery, in UTC.
    pub received_at: Instant,
    /// The dialect that read it.
    pub source: String,
    /// The host or account that it is about.
    pub instance: String,
    /// The delivery from which it was read.
    pub delivery_id: DeliveryId,
    /// The version of the dialect that read it.
    pub dialect_version: i32,
    /// The source says that the thing is gone.
    pub is_deleted: bool,
    /// Where a person can look at it; null when not said.
    pub url: Option<String>,
    /// A long tail that no fact reads, at most 32 keys.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// The repository, else the service, by which facts are computed together; null in old files.
    pub subject: Option<String>,
}

/// Declares the closed list of records: the enum, the table names, and the way from one to the other.
macro_rules! records {
    ($($(#[$meta:meta])* $variant:ident = $table:literal,)+) => {
        /// The fourteen tables of observations.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Table { $($(#[$meta])* $variant,)+ }

        /// What is said of an entity, one variant per table.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(untagged)]
        pub enum Record { $($(#[$meta])* $variant($variant),)+ }

        impl Table {
            /// Every table, in the order of the manual.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name under which it is stored and asked for.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $table,)+ }
            }
        }

        impl Record {
            /// The table to which this record belongs.
            pub const fn table(&self) -> Table {
                match self { $(Self::$variant(_) => Table::$variant,)+ }
            }

            /// Reads the record of `table` from JSON; unknown fields are refused.
            ///
            /// # Errors
            /// The reader's error, which names the field.
            pub fn from_json(table: Table, value: serde_json::Value) -> Result<Self, serde_json::Error> {
                match table { $(Table::$variant => serde_json::from_value::<$variant>(value).map(Self::$variant),)+ }
            }
        }

        $(impl From<$variant> for Record {
            fn from(record: $variant) -> Self { Self::$variant(record) }
        })+

        pub(crate) fn record_columns(
            table: Table,
            observations: &[&Observation],
        ) -> Result<arrow::array::RecordBatch, crate::schema::SchemaError> {
            match table { $(Table::$variant => {
                let records: Vec<&$variant> = observations.iter().filter_map(|observation| match &observation.record {
                    Record::$variant(record) => Some(record),
                    _ => None,
                }).collect();
                crate::schema::record_batch(&records, table.name())
            })+ }
        }

        pub(crate) fn record_fields(table: Table) -> Result<Vec<arrow::datatypes::FieldRef>, crate::schema::SchemaError> {
            match table { $(Table::$variant => crate::schema::schema_of::<$variant>(table.name()),)+ }
        }
    };
}

records! {
    /// One run of a pipeline, by attempt.
    CiRun = "ci_runs",
    /// One job of a run, by attempt.
    CiJob = "ci_jobs",
    /// One attempt to put something into one environment.
    Deployment = "deployments",
    /// One commit of one repository.
    Commit = "commits",
    /// One pull request.
    PullRequest = "pull_requests",
    /// One review of a pull request.
    Review = "reviews",
    /// One incident of one source.
    Incident = "incidents",
    /// One ticket of one tracker.
    Ticket = "tickets",
    /// One answer to one question; never visible in SQL.
    SurveyResponse = "survey_responses",
    /// One catalogue entry or ownership rule.
    Service = "services",
    /// One finding about the use of a component.
    Evidence = "evidence",
    /// One attempt of a person to get something done.
    Journey = "journeys",
    /// One day of one service level objective.
    SloSample = "slo_samples",
    /// One built artifact.
    Artifact = "artifacts",
}

/// One statement of one source, ready to be stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The columns that every observation has.
    pub head: Head,
    /// What is said.
    pub record: Record,
}

impl Observation {
    /// A statement read from `delivery`; `observation_id` is derived here from the content.
    pub fn read(delivery: &Delivery, dialect_version: i32, mut head: Head, record: impl Into<Record>) -> Self {
        let record = record.into();
        head.received_at = delivery.received_at;
        head.source.clone_from(&delivery.source);
        head.instance.clone_from(&delivery.instance);
        head.delivery_id = delivery.id.clone();
        head.dialect_version = dialect_version;
        head.observation_id = content_id(&head, &record);
        head.subject = Some(subject_of(&head, &record));
        Self { head, record }
    }

    /// The table to which this observation belongs.
    pub const fn table(&self) -> Table {
        self.record.table()
    }

    /// The order of two statements about one entity: the greater one is its state.
    pub fn order(&self) -> (VersionRank, i32, &ObservationId) {
        (self.head.version_rank, self.head.dialect_version, &self.head.observation_id)
    }
}

/// Receipt, delivery and the version of the dialect are no content: they differ between two
/// deliveries of one statement.
fn content_id(head: &Head, record: &Record) -> ObservationId {
    let content = serde_json::to_vec(&(
        &head.entity_id,
        &head.moment,
        head.occurred_at,
        head.source_updated_at,
        head.is_deleted,
        &head.url,
        &head.attributes,
        record,
    ));
    ObservationId::of(record.table().name(), &content.unwrap_or_default())
}
