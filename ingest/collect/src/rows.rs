//! The rows of `deliveries` and `rejections`, which are not observations.

use crate::source::Normalised;
use arrow::array::RecordBatch;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use waymark_event::{
    Channel, Delivery, DeliveryId, Instant, ObservationId, Proof, Reason, Rejection, SchemaError, Stage, record_batch,
};
use waymark_lake::{DELIVERIES, REJECTIONS};

/// A delivery as it is kept, with what its first reading amounted to.
#[derive(Serialize, Deserialize)]
struct DeliveryRow {
    delivery_id: DeliveryId,
    source: String,
    instance: String,
    connection: String,
    channel: Channel,
    event_type: Option<String>,
    vendor_delivery_id: Option<String>,
    #[serde(with = "bytes")]
    body: Vec<u8>,
    body_sha256: String,
    content_type: Option<String>,
    headers: BTreeMap<String, String>,
    request_url: Option<String>,
    signature: Proof,
    stream: String,
    position: i64,
    received_at: Instant,
    #[serde(deserialize_with = "waymark_event::read_day")]
    received_on: NaiveDate,
    observation_count: i64,
    rejection_count: i64,
    ignored: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct RejectionRow {
    rejection_id: ObservationId,
    delivery_id: DeliveryId,
    item: Option<i32>,
    source: String,
    instance: String,
    connection: String,
    channel: Channel,
    event_type: Option<String>,
    stage: Stage,
    reason: Reason,
    pointer: Option<String>,
    message: String,
    dialect_version: i32,
    received_at: Instant,
    rejected_at: Instant,
}

/// One delivery, where it stood in its stream, and what it amounted to.
pub(crate) struct Understood {
    pub(crate) position: i64,
    pub(crate) delivery: Delivery,
    pub(crate) normalised: Normalised,
    pub(crate) dialect_version: i32,
}

pub(crate) fn delivery_batch(stream: &str, understood: &mut [Understood]) -> Result<RecordBatch, SchemaError> {
    let rows: Vec<DeliveryRow> = understood.iter_mut().map(|one| delivery_row(stream, one)).collect();
    record_batch(&rows.iter().collect::<Vec<_>>(), DELIVERIES)
}

fn delivery_row(stream: &str, one: &mut Understood) -> DeliveryRow {
    let body = std::mem::take(&mut one.delivery.body);
    let delivery = &one.delivery;
    DeliveryRow {
        delivery_id: delivery.id.clone(),
        source: delivery.source.clone(),
        instance: delivery.instance.clone(),
        connection: delivery.connection.clone(),
        channel: delivery.channel,
        event_type: delivery.event_type.clone(),
        vendor_delivery_id: delivery.vendor_delivery_id.clone(),
        body_sha256: data_encoding::HEXLOWER.encode(&Sha256::digest(&body)),
        body,
        content_type: delivery.content_type.clone(),
        headers: delivery.headers.clone(),
        request_url: delivery.request_url.clone(),
        signature: delivery.proof,
        stream: stream.to_owned(),
        position: one.position,
        received_at: delivery.received_at,
        received_on: delivery.received_at.to_utc().date_naive(),
        observation_count: i64::try_from(one.normalised.observations.len()).unwrap_or(i64::MAX),
        rejection_count: i64::try_from(one.normalised.rejections.len()).unwrap_or(i64::MAX),
        ignored: one.normalised.ignored.map(ToOwned::to_owned),
    }
}

/// All rejections of a batch of deliveries; null when there are none.
pub(crate) fn rejection_batch(understood: &[Understood], rejected_at: Instant) -> Result<Option<RecordBatch>, SchemaError> {
    let mut rows = Vec::new();
    for one in understood {
        for rejection in &one.normalised.rejections {
            rows.push(rejection_row(one, rejection, rejected_at));
        }
    }
    if rows.is_empty() {
        return Ok(None);
    }
    record_batch(&rows.iter().collect::<Vec<_>>(), REJECTIONS).map(Some)
}

fn rejection_row(one: &Understood, rejection: &Rejection, rejected_at: Instant) -> RejectionRow {
    let delivery = &one.delivery;
    let content = format!("{}\0{:?}\0{}\0{:?}", delivery.id, rejection.item, rejection.reason.as_str(), rejection.pointer);
    RejectionRow {
        rejection_id: ObservationId::of(REJECTIONS, content.as_bytes()),
        delivery_id: delivery.id.clone(),
        item: rejection.item,
        source: delivery.source.clone(),
        instance: delivery.instance.clone(),
        connection: delivery.connection.clone(),
        channel: delivery.channel,
        event_type: delivery.event_type.clone(),
        stage: rejection.stage,
        reason: rejection.reason,
        pointer: rejection.pointer.clone(),
        message: rejection.message.clone(),
        dialect_version: one.dialect_version,
        received_at: delivery.received_at,
        rejected_at,
    }
}

/// Bodies are one binary value, not a list of numbers.
mod bytes {
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(body: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(body)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        struct Body;
        impl serde::de::Visitor<'_> for Body {
            type Value = Vec<u8>;
            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("bytes")
            }
            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                Ok(bytes.to_vec())
            }
        }
        deserializer.deserialize_bytes(Body)
    }
}
