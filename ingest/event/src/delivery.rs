//! `Delivery`: the bytes and headers of one message, exactly as they came.
//!
//! What a delivery means belongs to `collect/src/sources`; how it is kept belongs to the lake.

use crate::id::DeliveryId;
use crate::instant::Instant;
use crate::rejection::{Reason, Rejection, Stage};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The way by which a message arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A sender posted it to us.
    Webhook,
    /// We asked a programming interface for it.
    Poll,
    /// It was a record of a topic.
    Kafka,
    /// It was read from a repository.
    Git,
    /// It was a line or a document of a file.
    File,
    /// A person entered it.
    Form,
}

impl Channel {
    /// The word as it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Poll => "poll",
            Self::Kafka => "kafka",
            Self::Git => "git",
            Self::File => "file",
            Self::Form => "form",
        }
    }
}

/// Whether the origin of a message was proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// A secret of the connection matched.
    Valid,
    /// The connection asks for no proof.
    NoneConfigured,
}

/// One message as it came, before anybody asked what it means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Our id, made at receipt.
    pub id: DeliveryId,
    /// The dialect that can read it: the name of a row of `SOURCES`.
    pub source: String,
    /// The host, controller or account that the message is about, such as `github.com`.
    pub instance: String,
    /// The configured entry by which it arrived.
    pub connection: String,
    /// The way by which it arrived.
    pub channel: Channel,
    /// The sender's name for what happened; null when the sender has no such name.
    pub event_type: Option<String>,
    /// The sender's id of this message; null when the sender has none.
    pub vendor_delivery_id: Option<String>,
    /// Headers from an allow-list, and of a row of a file its number; never credentials.
    pub headers: BTreeMap<String, String>,
    /// The sender's media type; null when not said.
    pub content_type: Option<String>,
    /// The exact bytes.
    #[serde(with = "body_bytes")]
    pub body: Vec<u8>,
    /// Whether the origin was proven.
    pub proof: Proof,
    /// The address that was asked, for polls only, without credentials.
    pub request_url: Option<String>,
    /// When we had it, in UTC.
    pub received_at: Instant,
}

impl Delivery {
    /// Reads the body as JSON, or says as a rejection why that cannot be done.
    ///
    /// # Errors
    /// `not_utf8`, `not_json`, `missing_field`, `wrong_type`, `naive_time` or `bad_time`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Rejection> {
        let text = self.text()?;
        serde_json::from_str(text).map_err(|error| Rejection::from_json(&error))
    }

    /// Reads the body as text.
    ///
    /// # Errors
    /// `not_utf8` when it is none.
    pub fn text(&self) -> Result<&str, Rejection> {
        let text = std::str::from_utf8(&self.body).map_err(|error| {
            Rejection::new(Stage::Decode, Reason::NotUtf8, format!("the body is not UTF-8 after byte {}", error.valid_up_to()))
        })?;
        Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
    }

    /// The header of this name, which is compared in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// Bodies are bytes in Arrow and in JSON alike.
mod body_bytes {
    use serde::{Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(body: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(body)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        deserializer.deserialize_byte_buf(Bytes)
    }

    struct Bytes;

    impl<'de> de::Visitor<'de> for Bytes {
        type Value = Vec<u8>;

        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("bytes")
        }

        fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
            Ok(bytes.to_vec())
        }

        fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<Self::Value, E> {
            Ok(bytes)
        }

        fn visit_seq<A: de::SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
            let mut bytes = Vec::new();
            while let Some(byte) = sequence.next_element()? {
                bytes.push(byte);
            }
            Ok(bytes)
        }
    }
}
