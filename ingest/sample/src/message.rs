//! One message on its way: a delivery that has no id yet, because ids follow the order of receipt.
//!
//! Also makes the ids: they look like those that the product draws, but follow from seed and count.

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use waymark_event::{Channel, Delivery, DeliveryId, Instant, Proof};

/// What will be a delivery once its turn has come.
#[derive(Clone)]
pub(crate) struct Message {
    pub(crate) source: &'static str,
    pub(crate) instance: &'static str,
    pub(crate) channel: Channel,
    pub(crate) event_type: Option<&'static str>,
    pub(crate) vendor_delivery_id: Option<String>,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
    pub(crate) request_url: Option<String>,
    pub(crate) received_at: Instant,
}

impl Message {
    /// The delivery that is number `count` of its organisation.
    pub(crate) fn into_delivery(self, seed: u64, count: u64) -> Delivery {
        Delivery {
            id: delivery_id(seed, count, self.received_at),
            source: self.source.to_owned(),
            instance: self.instance.to_owned(),
            connection: self.source.to_owned(),
            headers: self.headers(),
            channel: self.channel,
            event_type: self.event_type.map(str::to_owned),
            vendor_delivery_id: self.vendor_delivery_id,
            content_type: Some(self.content_type.to_owned()),
            body: self.body.into_bytes(),
            proof: if self.channel == Channel::Webhook { Proof::Valid } else { Proof::NoneConfigured },
            request_url: self.request_url,
            received_at: self.received_at,
        }
    }

    /// Only the vendor's webhooks say in headers what they are.
    fn headers(&self) -> BTreeMap<String, String> {
        match (self.event_type, &self.vendor_delivery_id) {
            (Some(event_type), Some(id)) => BTreeMap::from([
                ("x-github-delivery".to_owned(), id.clone()),
                ("x-github-event".to_owned(), event_type.to_owned()),
            ]),
            _ => BTreeMap::new(),
        }
    }
}

/// A UUID of version 7: 48 bits of time, the rest from a hash of seed and count.
fn delivery_id(seed: u64, count: u64, received_at: Instant) -> DeliveryId {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    hash.update(count.to_be_bytes());
    let hash = hash.finalize();
    let millis = (received_at.micros().max(0) / 1_000).unsigned_abs();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    bytes[6] = (bytes[6] & 0x0f) | 0x70;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    DeliveryId::stored(&uuid_text(&bytes))
}

/// Sixteen bytes in the usual grouping of 8, 4, 4, 4 and 12 digits.
pub(crate) fn uuid_text(bytes: &[u8; 16]) -> String {
    let digits = data_encoding::HEXLOWER.encode(bytes);
    let mut text = String::with_capacity(36);
    for (place, digit) in digits.chars().enumerate() {
        if matches!(place, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_uuids_of_version_seven_and_repeat() {
        let at = Instant::parse("2026-08-03T06:00:00Z").unwrap();
        let id = delivery_id(1, 2, at);
        assert_eq!(id, delivery_id(1, 2, at));
        assert_ne!(id, delivery_id(1, 3, at));
        let parts: Vec<&str> = id.as_str().split('-').collect();
        assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert!(parts[2].starts_with('7'));
        assert_eq!(i64::from_str_radix(&parts[..2].concat(), 16).unwrap(), at.micros() / 1_000);
    }
}
