//! How it arrives and what it means: arrivals make deliveries, sources read them, the pipeline
//! keeps both.
//!
//! An arrival knows no vendor and a source knows no transport, so a new one of either needs none of
//! the other. What the observations amount to belongs to `analytics`, which this crate never sees.

pub mod arrivals;
pub mod clients;
mod connection;
mod error;
pub mod evidence;
mod forget;
mod kept;
mod message;
mod pipeline;
mod repeated;
mod rows;
mod signature;
mod source;
mod sources;

pub use connection::{Authentication, Connection, instance_problem};
pub use error::CollectError;
pub use forget::{Erased, Forgotten, forget};
pub use pipeline::{Flushed, Pipeline, Rebuilt, inbox_stream, people_key};
pub use repeated::Repeated;
pub use signature::{ProofScheme, Secret, proven_by};
pub use source::{Envelope, Normalised, Reading, Source};
pub use sources::{SOURCES, find};
