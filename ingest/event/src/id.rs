//! Identities: what makes two messages speak of the same thing, or say the same about it.
//!
//! Ids come from content, never from arrival, so that replay and back-fill change nothing.

use crate::instant::Instant;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// Which thing: `<source>:<kind>:<instance>:<native…>`, each part percent-escaped.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntityId(String);

impl EntityId {
    /// The identity of a thing of `kind` that `instance` of `source` knows by its native parts.
    pub fn of(source: &str, kind: &str, instance: &str, native: &[&str]) -> Self {
        let mut text = String::with_capacity(64);
        for (place, part) in [source, kind, instance].into_iter().chain(native.iter().copied()).enumerate() {
            if place > 0 {
                text.push(':');
            }
            for character in part.chars() {
                match character {
                    ':' => text.push_str("%3A"),
                    '%' => text.push_str("%25"),
                    _ => text.push(character),
                }
            }
        }
        Self(text)
    }

    /// The identity of a transition of this thing.
    #[must_use]
    pub fn moment(&self, moment: &str, native: &str) -> Self {
        Self(format!("{}:{moment}:{}", self.0, native.replace('%', "%25").replace(':', "%3A")))
    }

    /// The identity as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EntityId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// One statement: the first 16 bytes, in hexadecimal, of a SHA-256 over table and content.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ObservationId(String);

impl ObservationId {
    /// The id of the statement whose canonical bytes are `content`.
    pub fn of(table: &str, content: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(table.as_bytes());
        hash.update([0]);
        hash.update(content);
        Self(data_encoding::HEXLOWER.encode(&hash.finalize()[..16]))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One message as it came: a UUID of version 7, whose time is the receipt.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeliveryId(String);

impl DeliveryId {
    /// A new id for a message received at `received_at`; ids of one instant differ at random.
    pub fn received(received_at: Instant) -> Self {
        let micros = received_at.micros().max(0).unsigned_abs();
        let sub_second = u32::try_from(micros % 1_000_000).unwrap_or_default() * 1_000;
        let time = uuid::Timestamp::from_unix(uuid::NoContext, micros / 1_000_000, sub_second);
        Self(uuid::Uuid::new_v7(time).to_string())
    }

    /// The id of a record of a log: the same whenever the record is read again.
    pub fn of_record(stream: &str, position: i64, recorded_at: Instant) -> Self {
        let digest = Sha256::new().chain_update(stream).chain_update("\0").chain_update(position.to_string()).finalize();
        let mut random = [0; 10];
        random.copy_from_slice(&digest[..10]);
        let millis = (recorded_at.micros().max(0) / 1_000).unsigned_abs();
        let id = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        Self(id.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()).to_owned())
    }

    /// The id that was stored as `text`.
    pub fn stored(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_is_read_again_has_the_same_id() {
        let at = Instant::from_seconds(1_780_000_000);
        let id = DeliveryId::of_record("kafka:main:events:0", 7, at);
        assert_eq!(id, DeliveryId::of_record("kafka:main:events:0", 7, at));
        assert_ne!(id, DeliveryId::of_record("kafka:main:events:0", 8, at));
        assert_ne!(id, DeliveryId::of_record("kafka:main:events:1", 7, at));
    }

    #[test]
    fn parts_cannot_be_confused() {
        let one = EntityId::of("json", "deployment", "local", &["a:b", "c"]);
        let other = EntityId::of("json", "deployment", "local", &["a", "b:c"]);
        assert_eq!(one.as_str(), "json:deployment:local:a%3Ab:c");
        assert_ne!(one, other);
    }
}
