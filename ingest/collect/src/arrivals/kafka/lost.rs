//! Records that cannot be read any more: why, what would have helped, and how everybody is told.
//!
//! A loss is kept as a delivery without a body, which the pipeline reads as a rejection. That the
//! same loss is kept once is the lake's business.

use std::collections::BTreeMap;
use waymark_event::{Channel, Delivery, DeliveryId, Instant, Proof, Reason, Rejection, Stage};

/// What such a delivery says that happened.
const EVENT_TYPE: &str = "lost_range";
/// The header that says why; older versions wrote none.
const CAUSE: &str = "waymark-lost-cause";

/// Positions that cannot be read any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LostRange {
    /// The first lost position.
    pub from: i64,
    /// The last lost position.
    pub to: i64,
    /// Why they are lost.
    pub cause: LostCause,
}

impl LostRange {
    /// The range with its stream, which is the same text whenever the range is met again.
    pub fn name(self, stream: &str) -> String {
        format!("{stream} {} {}", self.from, self.to)
    }

    /// The loss as a delivery of `source`.
    pub fn delivery(self, stream: &str, source: &str, instance: &str, received_at: Instant) -> Delivery {
        Delivery {
            id: DeliveryId::received(received_at),
            source: source.to_owned(),
            instance: instance.to_owned(),
            connection: stream.to_owned(),
            channel: Channel::Kafka,
            event_type: Some(EVENT_TYPE.to_owned()),
            vendor_delivery_id: Some(self.name(stream)),
            headers: BTreeMap::from([(CAUSE.to_owned(), self.cause.as_str().to_owned())]),
            content_type: None,
            body: Vec::new(),
            proof: Proof::NoneConfigured,
            request_url: None,
            received_at,
        }
    }
}

/// Why positions cannot be read any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LostCause {
    /// The topic's retention removed them before they were read.
    Retention,
    /// The record is larger than the limit of a body.
    TooLarge,
}

impl LostCause {
    const ALL: [Self; 2] = [Self::Retention, Self::TooLarge];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Retention => "retention",
            Self::TooLarge => "too_large",
        }
    }

    const fn reason(self) -> Reason {
        match self {
            Self::Retention => Reason::LostRange,
            Self::TooLarge => Reason::TooLarge,
        }
    }

    /// What happened, and which setting would have helped.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Retention => {
                "records were gone before they could be read: let the topic keep more (`retention.ms`, `retention.bytes`)"
            }
            Self::TooLarge => {
                "a record is larger than `[webhook] body_bytes_max` and was passed over: raise that, and send the record again"
            }
        }
    }
}

/// The rejection of a delivery that stands for a loss; none of any other delivery.
pub(crate) fn rejection_of_loss(delivery: &Delivery) -> Option<Rejection> {
    let is_loss =
        delivery.channel == Channel::Kafka && delivery.event_type.as_deref() == Some(EVENT_TYPE) && delivery.body.is_empty();
    if !is_loss {
        return None;
    }
    let written = delivery.header(CAUSE);
    let cause = LostCause::ALL.into_iter().find(|cause| written == Some(cause.as_str()));
    let (reason, message) = match cause {
        Some(cause) => (cause.reason(), cause.message()),
        None => (Reason::LostRange, "records were gone before they could be read"),
    };
    let message = format!("{message}; `vendor_delivery_id` names the positions");
    Some(Rejection::new(Stage::Transport, reason, message))
}
