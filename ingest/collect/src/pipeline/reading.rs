//! Deliveries become rows: read by their dialects on all cores, in order, without keeping anything.

use super::Flushed;
use crate::forget::Forgotten;
use crate::rows::{Understood, delivery_batch, rejection_batch};
use crate::source::{Normalised, Reading};
use crate::sources;
use arrow::array::RecordBatch;
use waymark_event::{Channel, Delivery, Instant, Observation, Reason, Rejection, Stage, Table, observation_batch};

/// The rows that deliveries amount to, by table.
pub(super) struct Batches {
    pub(super) tables: Vec<(&'static str, RecordBatch)>,
    pub(super) rejections: Option<RecordBatch>,
    pub(super) deliveries: RecordBatch,
    pub(super) flushed: Flushed,
}

pub(super) fn read_batch(
    reading: &Reading,
    forgotten: &Forgotten,
    stream: &str,
    deliveries: Vec<(i64, Delivery)>,
    now: Instant,
) -> Result<Batches, waymark_event::SchemaError> {
    let mut understood = understand(reading, forgotten, deliveries);
    let mut flushed = Flushed { deliveries: understood.len(), ..Flushed::default() };
    let rejections = rejection_batch(&understood, now)?;
    flushed.rejections = understood.iter().map(|one| one.normalised.rejections.len()).sum();
    let deliveries = delivery_batch(stream, &mut understood)?;
    let observations: Vec<Observation> = understood.into_iter().flat_map(|one| one.normalised.observations).collect();
    flushed.observations = observations.len();
    let mut tables: Vec<(&'static str, RecordBatch)> = Vec::new();
    for table in Table::ALL {
        if observations.iter().any(|observation| observation.table() == *table) {
            tables.push((table.name(), observation_batch(*table, &observations)?));
        }
    }
    Ok(Batches { tables, rejections, deliveries, flushed })
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
    let mut normalised = match source {
        _ if is_lost_range(&delivery) => Normalised::rejected(Rejection::new(
            Stage::Transport,
            Reason::LostRange,
            "records were gone before they could be read; `vendor_delivery_id` names their positions",
        )),
        Some(source) => source.normalise(&delivery, reading),
        None => Normalised::rejected(Rejection::new(
            Stage::Transport,
            Reason::UnsupportedVersion,
            "no dialect of this program reads this source",
        )),
    };
    forgotten.apply(&mut delivery, &mut normalised);
    Understood { position, delivery, normalised, dialect_version }
}

/// A gap in a topic is kept as a delivery without a body, so that everybody sees it.
fn is_lost_range(delivery: &Delivery) -> bool {
    delivery.channel == Channel::Kafka && delivery.event_type.as_deref() == Some("lost_range") && delivery.body.is_empty()
}
