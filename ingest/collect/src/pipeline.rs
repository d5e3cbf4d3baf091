//! The one place where the steps meet: delivery, then its reading, then the lake.
//!
//! Each table commit carries the stream's position and `deliveries` is committed last, so after a
//! crash a batch is read again and every table skips what it holds already.

mod reading;
mod rebuild;

pub use rebuild::Rebuilt;

use self::reading::read_batch;
use crate::error::CollectError;
use crate::forget::{Forgotten, carry_over};
use crate::source::Reading;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use waymark_event::{Clock, Delivery, DeliveryId, Instant, PeopleKey};
use waymark_lake::{
    DELIVERIES, FORMAT_VERSION, FolderLock, ForgottenLog, INBOX_STREAM, Inbox, Layout, REJECTIONS, StateStore, TableVersion,
    Tables, observed_table, refuse_lost_commits, statement_tables,
};

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
    forgotten: Arc<Forgotten>,
    forgotten_log: ForgottenLog,
    /// The stream of the deliveries that come through this machine's inbox.
    stream: String,
    /// Streams whose last batch was finished by this process.
    settled: BTreeSet<String>,
    clock: Arc<dyn Clock>,
    _lock: FolderLock,
}

impl Pipeline {
    /// Takes the right to write the tables of a data folder, for the role `role`. Data of an older
    /// format are brought up first.
    ///
    /// # Errors
    /// `Lake` when another process holds the lock or the folder cannot be written.
    pub async fn open(layout: &Layout, clock: Arc<dyn Clock>, role: &str) -> Result<Self, CollectError> {
        let lock = FolderLock::take(layout, role)?;
        layout.remove_drafts()?;
        let people = people_key(layout, clock.now()).await?;
        let state = StateStore::open(layout)?;
        let stream = own_stream(layout, &state, clock.now())?;
        carry_over(layout, &state).await?;
        let (tables, inbox) = (Tables::new(layout), Inbox::open(layout)?);
        let mut pipeline = Self {
            tables,
            inbox,
            reading: Reading { people },
            forgotten: Arc::default(),
            // Whoever forgets people again is who mends a log that is gone.
            forgotten_log: if role == "forget" { ForgottenLog::begun_again() } else { ForgottenLog::default() },
            stream,
            settled: BTreeSet::new(),
            clock,
            _lock: lock,
        };
        pipeline.heed_forgotten().await?;
        // An inbox that was lost would count from the beginning, where the tables have been already; after a batch
        // that was interrupted some are further than the deliveries.
        for table in statement_tables() {
            if let Some(held) = pipeline.tables.position(&table, &pipeline.stream).await? {
                pipeline.inbox.continue_after(held)?;
            }
        }
        // What is committed next would hide that commits were lost; reading all deliveries again mends everything else.
        let is_mended = |table: &String| role == "rebuild" && table != DELIVERIES;
        refuse_lost_commits(&mut pipeline.tables, statement_tables().filter(|table| !is_mended(table))).await?;
        if layout.format_version().await? < FORMAT_VERSION {
            pipeline.rebuild().await?;
            layout.is_newest_format_now().await?;
        }
        Ok(pipeline)
    }

    /// The stream of the deliveries that come through this machine's inbox.
    pub fn inbox_stream(&self) -> &str {
        &self.stream
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
        let stream = self.stream.clone();
        let held = self.tables.position(DELIVERIES, &stream).await?.unwrap_or(0);
        let batch = self.inbox.after(held, BATCH_DELIVERIES)?;
        let deliveries = batch.into_iter().map(|received| (received.position, received.delivery)).collect();
        let flushed = self.keep(&stream, deliveries).await?;
        if flushed.deliveries > 0 {
            self.inbox.remove_through(flushed.position)?;
        } else {
            self.inbox.empty_log();
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
        let Some((last, _)) = deliveries.last() else { return Ok(Flushed::default()) };
        self.heed_forgotten().await?;
        // A batch that was interrupted left some tables further than others. It is cut where a table
        // stands, so that each part is either held by that table or new to it.
        let mut ends = if self.settled.contains(stream) { BTreeSet::new() } else { self.positions(stream).await? };
        ends.retain(|end| held.is_none_or(|held| *end > held) && end < last);
        ends.insert(*last);
        self.settled.remove(stream);
        let mut total = Flushed::default();
        for end in ends {
            let rest = deliveries.split_off(deliveries.partition_point(|(position, _)| *position <= end));
            let flushed = self.keep_batch(stream, std::mem::replace(&mut deliveries, rest)).await?;
            total = Flushed {
                deliveries: total.deliveries + flushed.deliveries,
                observations: total.observations + flushed.observations,
                rejections: total.rejections + flushed.rejections,
                position: total.position.max(flushed.position),
            };
        }
        self.settled.insert(stream.to_owned());
        Ok(total)
    }

    /// Learns who was forgotten since the last time, by whichever machine. What is read next holds nothing of them.
    async fn heed_forgotten(&mut self) -> Result<(), CollectError> {
        if self.forgotten_log.read_on(self.tables.layout()).await? {
            self.forgotten = Arc::new(Forgotten::of(self.forgotten_log.pseudonyms().iter().cloned()));
        }
        Ok(())
    }

    /// Where each table stands in a stream.
    async fn positions(&mut self, stream: &str) -> Result<BTreeSet<i64>, CollectError> {
        let mut positions = BTreeSet::new();
        for table in statement_tables().filter(|table| table != DELIVERIES) {
            positions.extend(self.tables.position(&table, stream).await?);
        }
        Ok(positions)
    }

    async fn keep_batch(&mut self, stream: &str, deliveries: Vec<(i64, Delivery)>) -> Result<Flushed, CollectError> {
        let (Some((first, _)), Some((position, _))) = (deliveries.first(), deliveries.last()) else {
            return Ok(Flushed::default());
        };
        let (first, position) = (*first, *position);
        let now = self.clock.now();
        let (reading, forgotten, name) = (self.reading.clone(), Arc::clone(&self.forgotten), stream.to_owned());
        let read = tokio::task::spawn_blocking(move || read_batch(&reading, &forgotten, &name, deliveries, now));
        let batches = read.await.map_err(CollectError::Worker)?.map_err(CollectError::Rows)?;
        tracing::debug!(
            delivery.count = batches.flushed.deliveries,
            observation.count = batches.flushed.observations,
            "deliveries were read"
        );
        let observed = batches.tables.into_iter().map(|(table, batch)| (observed_table(table), batch));
        let rejected = batches.rejections.map(|batch| (REJECTIONS.to_owned(), batch));
        self.tables.append_each(observed.chain(rejected).collect(), stream, first..=position, now).await?;
        self.tables.append_since(DELIVERIES, &batches.deliveries, stream, first..=position, now).await?;
        tracing::debug!(stream.name = stream, stream.position = position, "deliveries were committed");
        Ok(Flushed { position, ..batches.flushed })
    }

    /// The version and live files of every table that exists.
    ///
    /// # Errors
    /// `Lake` when a table cannot be read.
    pub async fn versions(&mut self) -> Result<BTreeMap<String, TableVersion>, CollectError> {
        Ok(self.tables.statement_versions().await?)
    }
}

/// The folder's key of pseudonyms, made at the first use.
///
/// # Errors
/// `Lake` when it cannot be read or written, `PeopleKey` when it is none.
pub async fn people_key(layout: &Layout, now: Instant) -> Result<PeopleKey, CollectError> {
    use sha2::{Digest, Sha256};
    // Each id carries 74 random bits of the operating system; eight of them are more than enough.
    let mut hash = Sha256::new();
    for _ in 0..8 {
        hash.update(DeliveryId::received(now).as_str());
    }
    let kept = layout.people_key(&hash.finalize().into()).await?;
    let key: [u8; 32] = kept.try_into().map_err(|_| CollectError::PeopleKey { location: layout.storage().describe() })?;
    Ok(PeopleKey::new(key))
}

/// The group of the state that holds the name of this machine's stream.
const IDENTITY: &str = "identity";

/// The stream of this machine's inbox. Machines that share one lake have an inbox each, so each has a
/// stream of its own; before the first writing there is none, and the common name is told.
///
/// # Errors
/// `Lake` when the state cannot be read.
pub fn inbox_stream(layout: &Layout) -> Result<String, CollectError> {
    let named =
        if layout.storage().is_local() { None } else { StateStore::open(layout)?.group(IDENTITY)?.remove(INBOX_STREAM) };
    Ok(named.unwrap_or_else(|| INBOX_STREAM.to_owned()))
}

fn own_stream(layout: &Layout, state: &StateStore, now: Instant) -> Result<String, CollectError> {
    let known = inbox_stream(layout)?;
    if layout.storage().is_local() || known != INBOX_STREAM {
        return Ok(known);
    }
    let stream = format!("{INBOX_STREAM}:{}", DeliveryId::received(now));
    state.store(IDENTITY, &BTreeMap::from([(INBOX_STREAM.to_owned(), stream.clone())]))?;
    Ok(stream)
}
