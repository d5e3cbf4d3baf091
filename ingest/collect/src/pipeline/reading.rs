//! Deliveries become rows: read by their dialects on all cores, in order, without keeping anything.

use super::Flushed;
use crate::arrivals::kafka::rejection_of_loss;
use crate::forget::Forgotten;
use crate::rows::{Understood, delivery_batch, rejection_batch};
use crate::source::{Normalised, Reading};
use crate::sources;
use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::Schema;
use std::collections::BTreeMap;
use std::sync::Arc;
use waymark_event::{Delivery, Instant, Observation, Reason, Rejection, SchemaError, Stage, Table, observation_batch};
use waymark_lake::{DELIVERIES, REJECTIONS};

/// So many bytes of bodies are read before their statements become columns.
const PORTION_BYTES: usize = 4 * 1_024 * 1_024;

/// The rows that deliveries amount to, by table.
pub(super) struct Batches {
    pub(super) tables: Vec<(&'static str, RecordBatch)>,
    pub(super) rejections: Option<RecordBatch>,
    pub(super) deliveries: RecordBatch,
    pub(super) flushed: Flushed,
}

/// Reads deliveries portion by portion: columns take a fraction of what statements take before.
pub(super) fn read_batch(
    reading: &Reading,
    forgotten: &Forgotten,
    stream: &str,
    deliveries: Vec<(i64, Delivery)>,
    now: Instant,
) -> Result<Batches, SchemaError> {
    let mut flushed = Flushed { deliveries: deliveries.len(), ..Flushed::default() };
    let mut tables: BTreeMap<Table, Vec<RecordBatch>> = BTreeMap::new();
    let (mut rejections, mut kept) = (Vec::new(), Vec::new());
    for portion in portions(deliveries) {
        let mut understood = understand(reading, forgotten, portion);
        rejections.extend(rejection_batch(&understood, now)?);
        flushed.rejections += understood.iter().map(|one| one.normalised.rejections.len()).sum::<usize>();
        kept.push(delivery_batch(stream, &mut understood)?);
        let observations: Vec<Observation> = understood.into_iter().flat_map(|one| one.normalised.observations).collect();
        flushed.observations += observations.len();
        for table in Table::ALL {
            if observations.iter().any(|observation| observation.table() == *table) {
                tables.entry(*table).or_default().push(observation_batch(*table, &observations)?);
            }
        }
    }
    let rejections = if rejections.is_empty() { None } else { Some(joined(REJECTIONS, &rejections)?) };
    let tables = tables.into_iter().map(|(table, batches)| Ok((table.name(), joined(table.name(), &batches)?)));
    Ok(Batches {
        tables: tables.collect::<Result<_, SchemaError>>()?,
        rejections,
        deliveries: joined(DELIVERIES, &kept)?,
        flushed,
    })
}

/// Deliveries in their order, cut where their bodies have come to some megabytes.
fn portions(deliveries: Vec<(i64, Delivery)>) -> Vec<Vec<(i64, Delivery)>> {
    let mut portions: Vec<Vec<(i64, Delivery)>> = Vec::new();
    let mut size_bytes = 0;
    for one in deliveries {
        if portions.is_empty() || size_bytes >= PORTION_BYTES {
            portions.push(Vec::new());
            size_bytes = 0;
        }
        size_bytes += one.1.body.len();
        if let Some(portion) = portions.last_mut() {
            portion.push(one);
        }
    }
    portions
}

fn joined(table: &str, batches: &[RecordBatch]) -> Result<RecordBatch, SchemaError> {
    let schema = batches.first().map_or_else(|| Arc::new(Schema::empty()), RecordBatch::schema);
    concat_batches(&schema, batches).map_err(|cause| SchemaError::Join { table: table.to_owned(), cause })
}

/// Reads deliveries on all cores; the order stays.
fn understand(reading: &Reading, forgotten: &Forgotten, mut deliveries: Vec<(i64, Delivery)>) -> Vec<Understood> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let share = deliveries.len().div_ceil(workers).max(1);
    let mut shares = Vec::new();
    while !deliveries.is_empty() {
        let rest = deliveries.split_off(share.min(deliveries.len()));
        shares.push(std::mem::replace(&mut deliveries, rest));
    }
    let read_share = |share: Vec<(i64, Delivery)>| -> Vec<Understood> {
        share.into_iter().map(|(position, delivery)| understand_one(reading, forgotten, position, delivery)).collect()
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = shares.into_iter().map(|share| scope.spawn(|| read_share(share))).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

fn understand_one(reading: &Reading, forgotten: &Forgotten, position: i64, mut delivery: Delivery) -> Understood {
    let source = sources::find(&delivery.source);
    let dialect_version = source.map_or(0, crate::source::Source::dialect_version);
    let mut normalised = match (rejection_of_loss(&delivery), source) {
        (Some(rejection), _) => Normalised::rejected(rejection),
        (None, Some(source)) => source.normalise(&delivery, reading),
        (None, None) => Normalised::rejected(Rejection::new(
            Stage::Transport,
            Reason::UnsupportedVersion,
            "no dialect of this program reads this source",
        )),
    };
    forgotten.apply(&mut delivery, &mut normalised, &reading.people);
    Understood { position, delivery, normalised, dialect_version }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrivals::kafka::{LostCause, LostRange};
    use waymark_event::PeopleKey;

    #[test]
    fn a_loss_is_rejected_with_its_cause_and_the_setting_that_would_have_helped() {
        let received_at = Instant::from_seconds(1_780_000_000);
        let lost = |cause| LostRange { from: 3, to: 4, cause }.delivery("kafka:a:b:0", "json", "kafka", received_at);
        let told_by_an_older_version = Delivery { headers: BTreeMap::new(), ..lost(LostCause::Retention) };
        let a_record_of_that_name = Delivery { body: b"{".to_vec(), ..lost(LostCause::TooLarge) };
        for (delivery, reason, word) in [
            (lost(LostCause::Retention), Reason::LostRange, "`retention.ms`"),
            (lost(LostCause::TooLarge), Reason::TooLarge, "`[webhook] body_bytes_max`"),
            (told_by_an_older_version, Reason::LostRange, "read; `vendor_delivery_id`"),
            (a_record_of_that_name, Reason::NotJson, "not JSON"),
        ] {
            assert_eq!(delivery.vendor_delivery_id.as_deref(), Some("kafka:a:b:0 3 4"));
            let reading = Reading { people: PeopleKey::new([7; 32]) };
            let understood = understand(&reading, &Forgotten::default(), vec![(0, delivery)]);
            let rejection = &understood[0].normalised.rejections[0];
            assert_eq!(rejection.reason, reason);
            assert!(rejection.message.contains(word), "{}", rejection.message);
        }
    }
}
