//! One record as a delivery: its value is the body, its headers name the event.
//!
//! The record's time is the broker's or the producer's and says nothing about the event; only the
//! delivery's id is made from it, with the record's place, so that a record that is read again is
//! the same delivery. Headers are kept by an allow-list, in the names that HTTP gives them.

use super::KafkaConfig;
use crate::source::Source;
use rdkafka::message::{Headers, Message};
use std::collections::BTreeMap;
use waymark_event::{Channel, Delivery, DeliveryId, Instant, Proof};

const EVENT_TYPE: &str = "waymark-event-type";
const DELIVERY_ID: &str = "waymark-delivery-id";
const CONTENT_TYPE: &str = "waymark-content-type";

/// What all records of a topic have in common, looked up once.
pub(super) struct Records<'a> {
    config: &'a KafkaConfig,
    source: Option<&'static dyn Source>,
    /// The names of streams, by partition.
    streams: BTreeMap<i32, String>,
}

impl<'a> Records<'a> {
    pub(super) fn of(config: &'a KafkaConfig) -> Self {
        Self { config, source: crate::find(&config.source), streams: BTreeMap::new() }
    }

    /// The delivery of one record.
    pub(super) fn delivery(&mut self, record: &impl Message, received_at: Instant) -> Delivery {
        let config = self.config;
        let headers = headers(config, record);
        let named = |name: &str| headers.get(name).filter(|value| !value.is_empty()).cloned();
        // A bridge passes a vendor's headers on, which its dialect knows how to read.
        let envelope = self.source.map(|source| source.envelope(&headers)).unwrap_or_default();
        let recorded_at = Instant::from_micros(record.timestamp().to_millis().unwrap_or(0).saturating_mul(1_000));
        let event_id = || Some(format!("{} {}", named("ce-source")?, named("ce-id")?));
        let partition = record.partition();
        let stream = self.streams.entry(partition).or_insert_with(|| config.stream(partition));
        Delivery {
            id: DeliveryId::of_record(stream, record.offset(), recorded_at),
            source: config.source.clone(),
            instance: config.instance.clone(),
            connection: config.connection.clone(),
            channel: Channel::Kafka,
            event_type: named(EVENT_TYPE).or(envelope.event_type).or_else(|| named("ce-type")),
            vendor_delivery_id: named(DELIVERY_ID).or(envelope.vendor_delivery_id).or_else(event_id),
            content_type: named(CONTENT_TYPE).or_else(|| named("content-type")).or_else(|| named("ce-datacontenttype")),
            // A record without a value keeps an empty body, and is rejected later as a tombstone.
            body: record.payload().unwrap_or_default().to_vec(),
            headers,
            proof: Proof::NoneConfigured,
            request_url: None,
            received_at,
        }
    }
}

/// The headers that are kept, and the record's key beside them.
fn headers(config: &KafkaConfig, record: &impl Message) -> BTreeMap<String, String> {
    let mut kept = BTreeMap::new();
    if let Some(headers) = record.headers() {
        for header in headers.iter() {
            if let Some(name) = kept_name(config, header.key) {
                kept.insert(name, String::from_utf8_lossy(header.value.unwrap_or_default()).into_owned());
            }
        }
    }
    if let Some(key) = record.key() {
        kept.insert("kafka-key".to_owned(), String::from_utf8_lossy(key).into_owned());
    }
    kept
}

/// The name under which a header is kept: `ce_type` of a topic is `ce-type` of a request.
fn kept_name(config: &KafkaConfig, name: &str) -> Option<String> {
    let name = name.to_lowercase();
    if let Some(attribute) = name.strip_prefix("ce_") {
        return Some(format!("ce-{attribute}"));
    }
    let is_ours = name.starts_with("waymark-") || name.starts_with("ce-") || name == "content-type";
    (is_ours || config.kept_headers.contains(&name)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdkafka::Timestamp;
    use rdkafka::message::{Header, OwnedHeaders, OwnedMessage};

    fn record(headers: &[(&str, &str)], value: Option<&str>) -> OwnedMessage {
        let mut owned = OwnedHeaders::new();
        for (key, value) in headers {
            owned = owned.insert(Header { key, value: Some(*value) });
        }
        let value = value.map(|value| value.as_bytes().to_vec());
        OwnedMessage::new(value, Some(b"k1".to_vec()), "t".to_owned(), Timestamp::NotAvailable, 0, 7, Some(owned))
    }

    fn read(config: &KafkaConfig, headers: &[(&str, &str)], value: Option<&str>) -> Delivery {
        Records::of(config).delivery(&record(headers, value), Instant::from_seconds(1_780_000_000))
    }

    #[test]
    fn a_cloud_event_keeps_its_names() {
        let config = KafkaConfig { source: "unknown".to_owned(), ..KafkaConfig::default() };
        let headers = [("ce_type", "dev.x"), ("ce_id", "1"), ("ce_source", "/ci"), ("Content-Type", "application/json")];
        let delivery = read(&config, &headers, Some("{}"));
        assert_eq!(delivery.event_type.as_deref(), Some("dev.x"));
        assert_eq!(delivery.vendor_delivery_id.as_deref(), Some("/ci 1"));
        assert_eq!(delivery.content_type.as_deref(), Some("application/json"));
        assert_eq!(delivery.header("ce-type"), Some("dev.x"));
        assert_eq!(delivery.header("kafka-key"), Some("k1"));
        assert_eq!((delivery.channel, delivery.body.as_slice()), (Channel::Kafka, b"{}".as_slice()));
    }

    #[test]
    fn our_headers_win_over_those_that_a_dialect_reads() {
        let source = crate::SOURCES[0];
        let kept_headers: Vec<String> = source.kept_headers().iter().map(|&name| name.to_owned()).collect();
        let passed_on: Vec<(&str, &str)> = source.kept_headers().iter().map(|&name| (name, "theirs")).collect();
        let config = KafkaConfig { source: source.name().to_owned(), kept_headers, ..KafkaConfig::default() };
        let delivery = read(&config, &passed_on, Some("{}"));
        assert_eq!(delivery.event_type.as_deref(), Some("theirs"));
        assert_eq!(delivery.vendor_delivery_id.as_deref(), Some("theirs"));
        let ours = [passed_on, vec![("waymark-event-type", "ours"), ("waymark-delivery-id", "7")]].concat();
        let delivery = read(&config, &ours, Some("{}"));
        assert_eq!((delivery.event_type.as_deref(), delivery.vendor_delivery_id.as_deref()), (Some("ours"), Some("7")));
    }

    #[test]
    fn credentials_are_not_kept() {
        let delivery = read(&KafkaConfig::default(), &[("authorization", "Bearer x"), ("cookie", "y")], Some("{}"));
        assert_eq!(delivery.headers.keys().collect::<Vec<_>>(), ["kafka-key"]);
    }

    #[test]
    fn a_tombstone_has_an_empty_body() {
        assert!(read(&KafkaConfig::default(), &[], None).body.is_empty());
    }
}
