//! `Large`: a data folder with the organisation of `Scale` in it, and its writer with every stage.
//!
//! Stages are called as the binary calls them, without its schedule: who stores, computes and merges
//! when is decided by the parts that measure it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use waymark_analytics::{Definitions, Engine, Extent, Refresh, Refresher};
use waymark_collect::{Flushed, Pipeline};
use waymark_event::{Delivery, FixedClock, Table};
use waymark_lake::{DELIVERIES, Layout, REJECTIONS, Snapshot, Tables, observed_table};
use waymark_sample::Scale;

/// The stream by which everything comes, past the inbox.
const STREAM: &str = "bench";
/// Deliveries of one commit: at two hundred statements each, the 16 MB of bodies that the inbox gives at once.
const BATCH_DELIVERIES: usize = 200;
/// Two files of about one size are merged.
const MERGE_FILES_MIN: usize = 2;

/// The folder and the right to write in it.
pub(crate) struct Large {
    scale: Scale,
    layout: Layout,
    definitions: Arc<Definitions>,
    pipeline: Pipeline,
    refresher: Refresher,
    position: i64,
}

/// What was stored, and how long that took.
#[derive(Default)]
pub(crate) struct Filled {
    pub(crate) deliveries: usize,
    pub(crate) observations: usize,
    pub(crate) rejections: usize,
    /// Time in which deliveries were made, which is the generator's.
    pub(crate) making: Duration,
    /// Time in which they were read and stored.
    pub(crate) storing: Duration,
}

impl Large {
    /// Opens a folder, which may be empty or hold the organisation already.
    pub(crate) async fn open(scale: Scale, folder: &Path) -> Self {
        let layout = Layout::open(folder).unwrap();
        let clock = Arc::new(FixedClock::at(scale.as_of()));
        let mut pipeline = Pipeline::open(&layout, clock, "bench").await.unwrap();
        let position = pipeline.tables().position(DELIVERIES, STREAM).await.unwrap().unwrap_or(0);
        let definitions = definitions(&scale);
        Self { scale, layout, definitions, pipeline, refresher: Refresher::default(), position }
    }

    /// Whether anything is stored.
    pub(crate) const fn is_filled(&self) -> bool {
        self.position > 0
    }

    /// Stores and computes the whole organisation, and leaves the folder to readers.
    pub(crate) async fn make(scale: Scale, folder: &Path) {
        let mut large = Self::open(scale, folder).await;
        large.fill(scale.deliveries()).await;
        large.merge().await;
        large.refresh(Extent::Everything).await;
        large.refresh(Extent::Touched).await;
    }

    /// Stores deliveries, batch after batch, as they are made.
    pub(crate) async fn fill(&mut self, mut deliveries: impl Iterator<Item = Delivery>) -> Filled {
        let mut filled = Filled::default();
        loop {
            let began = Instant::now();
            let batch: Vec<Delivery> = deliveries.by_ref().take(BATCH_DELIVERIES).collect();
            filled.making += began.elapsed();
            if batch.is_empty() {
                return filled;
            }
            let began = Instant::now();
            let flushed = self.keep(batch).await;
            filled.storing += began.elapsed();
            filled.deliveries += flushed.deliveries;
            filled.observations += flushed.observations;
            filled.rejections += flushed.rejections;
        }
    }

    /// Stores deliveries in one commit.
    pub(crate) async fn keep(&mut self, deliveries: Vec<Delivery>) -> Flushed {
        let numbered: Vec<(i64, Delivery)> = (self.position + 1..).zip(deliveries).collect();
        self.position += i64::try_from(numbered.len()).unwrap();
        self.pipeline.keep(STREAM, numbered).await.unwrap()
    }

    /// Computes what is new, or everything, and publishes it.
    pub(crate) async fn refresh(&mut self, extent: Extent) -> Snapshot {
        let input = Refresh {
            layout: &self.layout,
            definitions: &self.definitions,
            as_of: self.scale.as_of(),
            positions: BTreeMap::from([(STREAM.to_owned(), self.position)]),
            extent,
        };
        self.refresher.refresh(self.pipeline.tables(), input).await.unwrap()
    }

    /// Merges files until nothing is left to merge. Says how many merges there were.
    pub(crate) async fn merge(&mut self) -> usize {
        merge_all(&self.layout, self.pipeline.tables(), self.scale.as_of()).await
    }
}

/// Merges files of statements until nothing is left to merge, as upkeep does while they come; the newest snapshot,
/// where there is one, must hold all of them. Says how many merges there were.
pub(crate) async fn merge_all(layout: &Layout, tables: &mut Tables, now: waymark_event::Instant) -> usize {
    let kept = Snapshot::kept(layout).await.unwrap();
    let observed = Table::ALL.iter().map(|table| observed_table(table.name()));
    let mut merges = 0;
    for table in observed.chain([REJECTIONS.to_owned(), DELIVERIES.to_owned()]) {
        // Nobody appends meanwhile, so what a merge wrote may be merged again.
        let mut covered = tables.version(&table).await.unwrap().unwrap_or_default();
        while tables.merge(&table, &covered, MERGE_FILES_MIN, now).await.unwrap().is_some() {
            merges += 1;
            covered = tables.version(&table).await.unwrap().unwrap_or_default();
        }
        // Upkeep removes what was merged and no snapshot names; of a large organisation it is three times the rest.
        tables.sweep(&table, &kept, 0, now).await.unwrap();
    }
    merges
}

/// Whether a folder can be asked.
pub(crate) async fn is_made(folder: &Path) -> bool {
    let layout = Layout::open(folder).unwrap();
    Snapshot::newest_id(&layout).await.unwrap().is_some()
}

/// An engine that knows nothing yet, over a folder that is made.
pub(crate) fn engine(scale: &Scale, folder: &Path) -> Engine {
    Engine::new(Layout::existing(folder).unwrap(), definitions(scale))
}

/// An engine that has in memory what is worth it.
pub(crate) async fn warm(scale: &Scale, folder: &Path) -> Engine {
    let engine = engine(scale, folder);
    engine.newest().await.unwrap();
    engine.until_read().await;
    engine
}

fn definitions(scale: &Scale) -> Arc<Definitions> {
    let whole: toml::Table = scale.configuration().parse().unwrap();
    Arc::new(whole.try_into().unwrap())
}
