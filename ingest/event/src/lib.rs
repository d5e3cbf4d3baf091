//! What can be said: the vocabulary of Waymark, without IO, without vendors, without a clock of its own.
//!
//! # Glossary
//! * **delivery**: bytes and headers of one message as it came ([`Delivery`]).
//! * **observation**: what a source told us about one entity at one time ([`Observation`]); the one
//!   with the highest [`VersionRank`] is the entity's state.
//! * **moment**: an observation of a transition (`part_of` names the entity), kept beside its state.
//! * **rejection**: a stored row that says which part of a delivery was not understood ([`Rejection`]).
//! * **source**: a dialect, by which deliveries are read; **connection**: a configured entry of one;
//!   **instance**: the host or account that the messages are about.
//! * **subject**: the repository, else the service, that a statement is about; facts are computed
//!   by subject ([`own_subject`], [`shared_subject`] where there is neither).
//! * **fact**: one row per real thing, vendor-blind; **metric**: one SQL file over facts. Both live
//!   in `analytics`.
//! * **service**: something a team runs. **component**: one capability of the platform.
//! * **change**: a merged pull request, or a commit pushed to the default branch without one.

mod chain;
mod clock;
mod delivery;
mod fault;
mod id;
mod instant;
mod observation;
mod people;
mod rejection;
mod remark;
mod repository;
mod schema;
mod subject;
mod version;
mod words;

pub use chain::chain;
pub use clock::{Clock, FixedClock, SystemClock};
pub use delivery::{Channel, Delivery, Proof};
pub use fault::in_plain_words;
pub use id::{DeliveryId, EntityId, ObservationId};
pub use instant::{EpochUnit, Instant, InstantError, read_day};
pub use observation::{
    Artifact, CiJob, CiRun, Commit, Deployment, Evidence, Head, Incident, Journey, Observation, PullRequest, Record, Review,
    Service, SloSample, SurveyResponse, Table, Ticket,
};
pub use people::{PeopleKey, is_bot_account};
pub use rejection::{Reason, Rejection, Stage, shortened};
pub use remark::{Remark, Weight, WrittenFile, key_suggestion, suggestion};
pub use repository::canonical_repository;
pub use schema::{BatchBuilder, SchemaError, observation_batch, observation_schema, record_batch, schema_of};
pub use subject::{own_subject, shared_subject};
pub use version::{Read, VersionRank};
pub use words::{
    DeploymentKind, EvidenceKind, Finding, IncidentStatus, Interface, JourneyOutcome, Outcome, OwnerKind, PullRequestState,
    Purpose, ReviewState, ServiceKind, Severity, Status, StatusCategory, TicketOutcome, TicketType, Tier, Trigger,
};
