//! Files: each becomes deliveries the way its source cuts it. Where files lie is not known here.

use crate::source::{ROW_HEADER, Source};
use std::collections::BTreeMap;
use waymark_event::{Channel, Delivery, DeliveryId, Instant, Proof};

/// The deliveries of one file of `source`.
pub fn deliveries(source: &dyn Source, file: &[u8], instance: Option<&str>, received_at: Instant) -> Vec<Delivery> {
    let envelope = source.envelope(&BTreeMap::new());
    let bodies = source.cut_file(file);
    let rows = source.rows(file);
    let row_headers = |place: usize| rows.get(place).map(|row| (ROW_HEADER.to_owned(), row.to_string())).into_iter().collect();
    bodies
        .into_iter()
        .enumerate()
        .map(|(place, body)| Delivery {
            id: DeliveryId::received(received_at),
            source: source.name().to_owned(),
            instance: instance.unwrap_or_else(|| source.default_instance()).to_owned(),
            connection: source.name().to_owned(),
            channel: Channel::File,
            event_type: envelope.event_type.clone(),
            vendor_delivery_id: None,
            headers: row_headers(place),
            content_type: None,
            body,
            proof: Proof::NoneConfigured,
            request_url: None,
            received_at,
        })
        .collect()
}
