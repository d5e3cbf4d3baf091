//! Rows of the table of deliveries, read back as the deliveries that they were.
//!
//! An emptied delivery, whose person was forgotten, comes back without body and headers: like one
//! that has expired, it can say nothing any more, and what was read from it stays as it is.

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use arrow::error::ArrowError;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use waymark_event::{Delivery, DeliveryId, Instant};

/// One kept delivery, and where it stood in its stream.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kept {
    pub(crate) stream: String,
    pub(crate) position: i64,
    pub(crate) delivery: Delivery,
}

/// The deliveries of a batch of rows, in their order.
pub(crate) fn kept_deliveries(rows: &RecordBatch) -> Result<Vec<Kept>, ArrowError> {
    let ids = texts(rows, "delivery_id")?;
    let (sources, instances, connections) = (texts(rows, "source")?, texts(rows, "instance")?, texts(rows, "connection")?);
    let (channels, proofs, streams) = (texts(rows, "channel")?, texts(rows, "signature")?, texts(rows, "stream")?);
    let (event_types, vendor_ids) = (texts(rows, "event_type")?, texts(rows, "vendor_delivery_id")?);
    let (content_types, request_urls) = (texts(rows, "content_type")?, texts(rows, "request_url")?);
    let bodies = cast(column(rows, "body")?, &DataType::LargeBinary)?;
    let bodies = bodies.as_binary::<i64>();
    let mut headers = headers(rows)?.into_iter();
    let numbers = |name| cast(column(rows, name)?, &DataType::Int64);
    let (positions, received) = (numbers("position")?, numbers("received_at")?);
    let (positions, received) = (positions.as_primitive::<Int64Type>(), received.as_primitive::<Int64Type>());
    let mut kept = Vec::with_capacity(rows.num_rows());
    for row in 0..rows.num_rows() {
        let delivery = Delivery {
            id: DeliveryId::stored(ids.value(row)),
            source: sources.value(row).to_owned(),
            instance: instances.value(row).to_owned(),
            connection: connections.value(row).to_owned(),
            channel: word(channels.value(row))?,
            event_type: optional(&event_types, row),
            vendor_delivery_id: optional(&vendor_ids, row),
            headers: headers.next().unwrap_or_default(),
            content_type: optional(&content_types, row),
            body: bodies.value(row).to_vec(),
            proof: word(proofs.value(row))?,
            request_url: optional(&request_urls, row),
            received_at: Instant::from_micros(received.value(row)),
        };
        kept.push(Kept { stream: streams.value(row).to_owned(), position: positions.value(row), delivery });
    }
    Ok(kept)
}

/// A column as text; a file that lacks it holds another table.
pub(crate) fn texts(rows: &RecordBatch, name: &str) -> Result<StringArray, ArrowError> {
    Ok(cast(column(rows, name)?, &DataType::Utf8)?.as_string::<i32>().clone())
}

fn column<'rows>(rows: &'rows RecordBatch, name: &str) -> Result<&'rows dyn Array, ArrowError> {
    let found = rows.column_by_name(name);
    Ok(found.ok_or_else(|| ArrowError::SchemaError(format!("the column `{name}` is missing")))?.as_ref())
}

fn optional(texts: &StringArray, row: usize) -> Option<String> {
    texts.is_valid(row).then(|| texts.value(row).to_owned())
}

/// One of our closed words.
fn word<T: DeserializeOwned>(text: &str) -> Result<T, ArrowError> {
    serde_json::from_value(serde_json::Value::String(text.to_owned()))
        .map_err(|cause| ArrowError::ParseError(cause.to_string()))
}

fn headers(rows: &RecordBatch) -> Result<Vec<BTreeMap<String, String>>, ArrowError> {
    let Some(map) = column(rows, "headers")?.as_map_opt() else {
        return Err(ArrowError::SchemaError("the column `headers` is no map".to_owned()));
    };
    let (names, values) = (cast(map.keys(), &DataType::Utf8)?, cast(map.values(), &DataType::Utf8)?);
    let (names, values) = (names.as_string::<i32>(), values.as_string::<i32>());
    let ranges = map.value_offsets().windows(2);
    let place = |offset: i32| usize::try_from(offset).unwrap_or_default();
    let one = |range: &[i32]| {
        let entries = place(range[0])..place(range[1]);
        entries.map(|entry| (names.value(entry).to_owned(), values.value(entry).to_owned())).collect()
    };
    Ok(ranges.map(one).collect())
}
