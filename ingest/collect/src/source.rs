//! `Source`: a dialect, which says how a delivery proves its origin and what it means.
//!
//! A dialect is pure: it never listens, retries, pages, stores, logs or asks the time. How
//! deliveries arrive is written once, in `arrivals/`.

use crate::signature::ProofScheme;
use std::collections::BTreeMap;
use waymark_event::{Delivery, Observation, PeopleKey, Rejection};

/// At most this many items are taken from one delivery.
pub(crate) const ITEMS_MAX: usize = 10_000;

/// What one delivery amounts to. Nothing vanishes: at least one of the three is filled.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Normalised {
    /// Statements that were understood.
    pub observations: Vec<Observation>,
    /// Parts that were not understood, each with its reason.
    pub rejections: Vec<Rejection>,
    /// Why a valid message is not for us; it is only counted.
    pub ignored: Option<&'static str>,
}

impl Normalised {
    /// A delivery of which nothing was understood.
    pub fn rejected(rejection: Rejection) -> Self {
        Self { rejections: vec![rejection], ..Self::default() }
    }

    /// A valid delivery that says nothing we keep.
    pub fn ignored(reason: &'static str) -> Self {
        Self { ignored: Some(reason), ..Self::default() }
    }

    /// A delivery that makes these statements.
    pub fn of(observations: Vec<Observation>) -> Self {
        Self { observations, ..Self::default() }
    }
}

impl From<Result<Vec<Observation>, Rejection>> for Normalised {
    fn from(outcome: Result<Vec<Observation>, Rejection>) -> Self {
        match outcome {
            Ok(observations) => Self::of(observations),
            Err(rejection) => Self::rejected(rejection),
        }
    }
}

/// What a dialect may know besides the delivery.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The key of pseudonyms; raw names stop in the dialect.
    pub people: PeopleKey,
}

/// How a message names itself, read from its headers before anybody parses the body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// The sender's name for what happened.
    pub event_type: Option<String>,
    /// The sender's id of the message.
    pub vendor_delivery_id: Option<String>,
}

/// The header of a delivery that was a row of a file, with the number of the row.
pub(crate) const ROW_HEADER: &str = "x-waymark-row";

/// The rejection with the row of the file, where the delivery was one.
pub(crate) fn in_row(delivery: &Delivery, mut rejection: Rejection) -> Rejection {
    if let Some(row) = delivery.header(ROW_HEADER) {
        rejection.message = format!("row {row} of the file: {}", rejection.message);
    }
    rejection
}

/// One dialect of deliveries.
pub trait Source: Sync {
    /// The name by which connections choose it.
    fn name(&self) -> &'static str;

    /// Whether the name is a vendor's, and so may stand in few places only.
    fn is_vendor(&self) -> bool;

    /// The instance that a connection speaks of when it names none.
    fn default_instance(&self) -> &'static str;

    /// Raised with every change of meaning.
    fn dialect_version(&self) -> i32;

    /// How a sender proves its origin; a bearer token where the format has no signature of its own.
    fn proof(&self) -> ProofScheme {
        ProofScheme::Bearer
    }

    /// Headers that are kept with a delivery, in lower case.
    fn kept_headers(&self) -> &'static [&'static str] {
        &[]
    }

    /// How a message names itself; header names are in lower case. By default it does not.
    fn envelope(&self, _headers: &BTreeMap<String, String>) -> Envelope {
        Envelope::default()
    }

    /// Cuts a file into the bodies of deliveries.
    fn cut_file(&self, file: &[u8]) -> Vec<Vec<u8>> {
        vec![file.to_vec()]
    }

    /// The row of a file at which each of its bodies begins, from 1, as a person who opens the file counts them; none
    /// where the file is one body.
    fn rows(&self, _file: &[u8]) -> Vec<usize> {
        Vec::new()
    }

    /// What a delivery means. Total: any bytes give an answer, the same bytes the same one.
    fn normalise(&self, delivery: &Delivery, reading: &Reading) -> Normalised;
}
