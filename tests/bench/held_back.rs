//! `HeldBack`: commits, runs and deployments of the last days that are handed in after everything else.
//!
//! They come as they would in the end: one event in each delivery, for services that have years of
//! history. Everything that is not held back is passed on.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use waymark_event::{Delivery, DeliveryId, Instant};
use waymark_sample::Scale;

/// How many deliveries each of the two shares gets.
pub(crate) const DELIVERIES: usize = 1_000;
const FEW_SERVICES: usize = 20;
const LAST_DAYS: usize = 14;
/// About how many events of these kinds a service has in a day.
const EVENTS_PER_SERVICE_DAY: usize = 6;
const DAY_SECONDS: i64 = 86_400;

/// Deliveries of one event each, and the repositories that they are about.
#[derive(Clone, Default)]
pub(crate) struct Share {
    pub(crate) deliveries: Vec<Delivery>,
    pub(crate) repositories: BTreeSet<String>,
}

/// What is held back so far.
pub(crate) struct HeldBack {
    from: Instant,
    /// One in so many of the other events is held back.
    stride: usize,
    seen: usize,
    /// Events of a few services.
    pub(crate) few: Share,
    /// Events of as many services as there are.
    pub(crate) spread: Share,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    repository: Option<String>,
    #[serde(default)]
    revisions: Vec<String>,
}

impl HeldBack {
    pub(crate) fn of(scale: &Scale) -> Self {
        let others = scale.services.saturating_sub(FEW_SERVICES) * EVENTS_PER_SERVICE_DAY * LAST_DAYS;
        Self {
            from: scale.as_of().plus_seconds(-i64::try_from(LAST_DAYS).unwrap() * DAY_SECONDS),
            stride: (others / DELIVERIES).max(1),
            seen: 0,
            few: Share::default(),
            spread: Share::default(),
        }
    }

    /// What is held back of an organisation whose other deliveries are stored.
    pub(crate) fn passed_over(scale: &Scale) -> Self {
        let mut held_back = Self::of(scale);
        scale.deliveries().filter_map(|delivery| held_back.pass(delivery)).for_each(drop);
        held_back
    }

    /// A delivery without what is held back of it; nothing when nothing is left.
    pub(crate) fn pass(&mut self, mut delivery: Delivery) -> Option<Delivery> {
        if delivery.received_at < self.from {
            return Some(delivery);
        }
        let events: Vec<&RawValue> = serde_json::from_slice(&delivery.body).unwrap();
        let mut rest = Vec::with_capacity(events.len());
        for event in events {
            if !self.holds_back(&delivery, event.get()) {
                rest.push(event);
            }
        }
        if rest.is_empty() {
            return None;
        }
        let body = serde_json::to_vec(&rest).unwrap();
        delivery.body = body;
        Some(delivery)
    }

    fn holds_back(&mut self, delivery: &Delivery, text: &str) -> bool {
        let Some(repository) = repository(text) else { return false };
        let is_one_of_few = self.few.repositories.len() < FEW_SERVICES || self.few.repositories.contains(&repository);
        if is_one_of_few && self.few.deliveries.len() < DELIVERIES {
            self.few.add(delivery, text, repository);
            return true;
        }
        self.seen += 1;
        if self.seen.is_multiple_of(self.stride) && self.spread.deliveries.len() < DELIVERIES {
            self.spread.add(delivery, text, repository);
            return true;
        }
        false
    }
}

impl Share {
    fn add(&mut self, like: &Delivery, text: &str, repository: String) {
        let alone = Delivery { id: DeliveryId::received(like.received_at), body: text.as_bytes().to_vec(), ..like.clone() };
        self.deliveries.push(alone);
        self.repositories.insert(repository);
    }
}

/// The repository of a commit, a run or a deployment; null for anything else.
fn repository(text: &str) -> Option<String> {
    let event: Event = serde_json::from_str(text).unwrap();
    match event.kind.as_str() {
        "commit" | "ci_run" => event.data.repository,
        "deployment" => event.data.revisions.first()?.split_once('@').map(|(repository, _)| repository.to_owned()),
        _ => None,
    }
}
