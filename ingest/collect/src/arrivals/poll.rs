//! Poll: what a programming interface lists, as one delivery per item and page by page.
//!
//! Knows no vendor: which paths are asked, and what an item is called, stands in `clients/`. Here
//! stands what all of them share: cutting items out of a page byte by byte, finding the next page,
//! and the pace at which anybody may be asked.

mod link;
mod pace;
mod page;

pub(crate) use link::{NextPage, next_page};
pub(crate) use pace::{Attempts, Pace, Verdict};
pub(crate) use page::{Listing, listing};

use futures::future::BoxFuture;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use waymark_event::{Channel, Delivery, DeliveryId, Instant, Proof};

/// Why a page could not be kept.
pub type PageSinkError = Box<dyn std::error::Error + Send + Sync>;

/// Waits for a while; tests give one that does not.
pub type Sleeper = Arc<dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync>;

/// A sleeper that really waits.
pub fn real_sleeper() -> Sleeper {
    Arc::new(|duration| Box::pin(tokio::time::sleep(duration)))
}

/// What one page yielded.
#[derive(Clone, Debug)]
pub struct PolledPage {
    /// Which list the page belongs to, such as `deployments`.
    pub list: &'static str,
    /// One delivery per item.
    pub deliveries: Vec<Delivery>,
}

/// Takes pages. When `keep` returns, the page is durable.
pub trait PageSink: Send {
    /// Makes the page durable.
    fn keep(&mut self, page: PolledPage) -> BoxFuture<'_, Result<(), PageSinkError>>;
}

/// What a poll is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PollProgress {
    /// A page was kept.
    Kept {
        /// Which list the page belongs to.
        list: &'static str,
        /// Deliveries of this page.
        deliveries: usize,
    },
    /// The other side asks for patience.
    Waiting {
        /// For how long.
        seconds: u64,
        /// Why, as a phrase.
        reason: &'static str,
    },
}

/// What all deliveries of one poll share.
#[derive(Clone, Debug)]
pub(crate) struct PolledFrom {
    pub(crate) source: &'static str,
    pub(crate) instance: String,
    pub(crate) connection: String,
}

impl PolledFrom {
    /// The delivery of one item, whose bytes stand in `body` as they were listed.
    pub(crate) fn delivery(&self, event_type: &str, body: String, request_url: &str, received_at: Instant) -> Delivery {
        Delivery {
            id: DeliveryId::received(received_at),
            source: self.source.to_owned(),
            instance: self.instance.clone(),
            connection: self.connection.clone(),
            channel: Channel::Poll,
            event_type: Some(event_type.to_owned()),
            vendor_delivery_id: None,
            headers: BTreeMap::new(),
            content_type: Some("application/json".to_owned()),
            body: body.into_bytes(),
            proof: Proof::NoneConfigured,
            request_url: Some(request_url.to_owned()),
            received_at,
        }
    }
}
