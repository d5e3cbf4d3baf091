//! The one place where the steps meet: delivery, then its reading, then the lake.
//!
//! Each table commit carries the stream's position and `deliveries` is committed last, so after a
//! crash a batch is read again and every table skips what it holds already.

use crate::error::CollectError;
use crate::rows::{Understood, delivery_batch, rejection_batch};
use crate::source::{Normalised, Reading};
use crate::sources;
use arrow::array::RecordBatch;
use std::collections::BTreeMap;
use std::sync::Arc;
use waymark_event::{
    Channel, Clock, Delivery, DeliveryId, Instant, Observation, PeopleKey, Reason, Rejection, Stage, Table, observation_batch,
};
use waymark_lake::{DELIVERIES, FolderLock, INBOX_STREAM, Inbox, Layout, REJECTIONS, TableVersion, Tables, observed_table};

/// At most this many deliveries share one commit of the tables.
const BATCH_DELIVERIES: usize = 20_000;

/// What one flush moved from a stream into the tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flushed {
    /// Deliveries that became visible.
    pub deliveries: usize,
    /// Statements that were read from them.
    pub observations: usize,
    /// Parts that were not understood.
    pub rejections: usize,
    /// The last position that is in the tables.
    pub position: i64,
}

/// The writer of a data folder: it holds the folder's lock.
#[derive(Debug)]
pub struct Pipeline {
    tables: Tables,
    inbox: Inbox,
    reading: Reading,
    clock: Arc<dyn Clock>,
    _lock: FolderLock,
}

impl Pipeline {
    /// Takes the right to write the tables of a data folder, for the role `role`.
    ///
    /// # Errors
    /// `Lake` when another process holds the lock or the folder cannot be written.
    pub fn open(layout: &Layout, clock: Arc<dyn Clock>, role: &str) -> Result<Self, CollectError> {
        let lock = FolderLock::take(layout, role)?;
        let reading = Reading { people: people_key(layout, clock.now())? };
        Ok(Self { tables: Tables::new(layout), inbox: Inbox::open(layout)?, reading, clock, _lock: lock })
    }

    /// The inbox of the folder, for commands that put deliveries in themselves.
    pub const fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// The tables of the folder, for the writer of facts.
    pub const fn tables(&mut self) -> &mut Tables {
        &mut self.tables
    }

    /// Moves one batch from the inbox into the tables; zero deliveries mean that nothing waits.
    ///
    /// # Errors
    /// Whatever the lake could not do; nothing is lost, the same batch is read again.
    pub async fn flush(&mut self) -> Result<Flushed, CollectError> {
        let held = self.tables.position(DELIVERIES, INBOX_STREAM).await?.unwrap_or(0);
        let batch = self.inbox.after(held, BATCH_DELIVERIES)?;
        let deliveries = batch.into_iter().map(|received| (received.position, received.delivery)).collect();
        let flushed = self.keep(INBOX_STREAM, deliveries).await?;
        if flushed.deliveries > 0 {
            self.inbox.remove_through(flushed.position)?;
        }
        Ok(Flushed { position: flushed.position.max(held), ..flushed })
    }

    /// Moves deliveries of any stream into the tables, in the order of their positions.
    ///
    /// # Errors
    /// Whatever the lake could not do; what was committed is skipped when it is tried again.
    pub async fn keep(&mut self, stream: &str, mut deliveries: Vec<(i64, Delivery)>) -> Result<Flushed, CollectError> {
        let held = self.tables.position(DELIVERIES, stream).await?;
        deliveries.retain(|(position, _)| held.is_none_or(|held| *position > held));
        let Some(position) = deliveries.last().map(|(position, _)| *position) else { return Ok(Flushed::default()) };
        let now = self.clock.now();
        let (reading, name) = (self.reading.clone(), stream.to_owned());
        let read = tokio::task::spawn_blocking(move || read_batch(&reading, &name, deliveries, now));
        let batches = read.await.map_err(CollectError::Worker)?.map_err(CollectError::Rows)?;
        tracing::debug!(
            delivery.count = batches.flushed.deliveries,
            observation.count = batches.flushed.observations,
            "deliveries were read"
        );
        for (table, batch) in &batches.tables {
            self.tables.append(&observed_table(table), batch, stream, position, now).await?;
        }
        if let Some(rejections) = &batches.rejections {
            self.tables.append(REJECTIONS, rejections, stream, position, now).await?;
        }
        self.tables.append(DELIVERIES, &batches.deliveries, stream, position, now).await?;
        tracing::debug!(stream.name = stream, stream.position = position, "deliveries were committed");
        Ok(Flushed { position, ..batches.flushed })
    }

    /// The version and live files of every table that exists.
    ///
    /// # Errors
    /// `Lake` when a table cannot be read.
    pub async fn versions(&mut self) -> Result<BTreeMap<String, TableVersion>, CollectError> {
        let observed = Table::ALL.iter().map(|table| observed_table(table.name()));
        let mut versions = BTreeMap::new();
        for name in observed.chain([REJECTIONS.to_owned(), DELIVERIES.to_owned()]) {
            if let Some(version) = self.tables.version(&name).await? {
                versions.insert(name, version);
            }
        }
        Ok(versions)
    }
}

struct Batches {
    tables: Vec<(&'static str, RecordBatch)>,
    rejections: Option<RecordBatch>,
    deliveries: RecordBatch,
    flushed: Flushed,
}

fn read_batch(
    reading: &Reading,
    stream: &str,
    deliveries: Vec<(i64, Delivery)>,
    now: Instant,
) -> Result<Batches, waymark_event::SchemaError> {
    let mut understood = understand(reading, deliveries);
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
fn understand(reading: &Reading, mut deliveries: Vec<(i64, Delivery)>) -> Vec<Understood> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let share = deliveries.len().div_ceil(workers).max(1);
    let mut shares = Vec::new();
    while !deliveries.is_empty() {
        let rest = deliveries.split_off(share.min(deliveries.len()));
        shares.push(std::mem::replace(&mut deliveries, rest));
    }
    let read_share = |share: Vec<(i64, Delivery)>| -> Vec<Understood> {
        share.into_iter().map(|(position, delivery)| understand_one(reading, position, delivery)).collect()
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = shares.into_iter().map(|share| scope.spawn(|| read_share(share))).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

fn understand_one(reading: &Reading, position: i64, delivery: Delivery) -> Understood {
    let source = sources::find(&delivery.source);
    let dialect_version = source.map_or(0, crate::source::Source::dialect_version);
    let normalised = match source {
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
    Understood { position, delivery, normalised, dialect_version }
}

/// A gap in a topic is kept as a delivery without a body, so that everybody sees it.
fn is_lost_range(delivery: &Delivery) -> bool {
    delivery.channel == Channel::Kafka && delivery.event_type.as_deref() == Some("lost_range") && delivery.body.is_empty()
}

/// Reads the folder's key of pseudonyms, and makes one at the first use.
fn people_key(layout: &Layout, now: Instant) -> Result<PeopleKey, CollectError> {
    use sha2::{Digest, Sha256};
    let path = layout.people_key();
    let failed = |cause| CollectError::PeopleKey { path: path.clone(), cause };
    match std::fs::read(&path) {
        Ok(bytes) => {
            let key: [u8; 32] = bytes
                .try_into()
                .map_err(|_| failed(std::io::Error::new(std::io::ErrorKind::InvalidData, "it is not 32 bytes long")))?;
            Ok(PeopleKey::new(key))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            // Each id carries 74 random bits of the operating system; eight of them are more than enough.
            let mut hash = Sha256::new();
            for _ in 0..8 {
                hash.update(DeliveryId::received(now).as_str());
            }
            let key: [u8; 32] = hash.finalize().into();
            std::fs::write(&path, key).map_err(failed)?;
            Ok(PeopleKey::new(key))
        }
        Err(cause) => Err(failed(cause)),
    }
}
