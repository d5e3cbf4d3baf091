//! `Writer`: the one process that moves deliveries into tables, computes facts and publishes snapshots.

use super::workplace::Workplace;
use anyhow::Context;
use std::collections::BTreeMap;
use std::sync::Arc;
use waymark_analytics::{Definitions, Refresh, refresh};
use waymark_collect::{Flushed, Pipeline};
use waymark_event::{Clock, Delivery};
use waymark_lake::{DELIVERIES, INBOX_STREAM, Layout, Snapshot};

/// Holds the folder's lock; dropped, another process may write.
pub(super) struct Writer {
    layout: Layout,
    definitions: Arc<Definitions>,
    clock: Arc<dyn Clock>,
    pipeline: Pipeline,
    /// The last position of each other stream that went through this writer.
    streams: BTreeMap<String, i64>,
}

impl Writer {
    /// Takes the right to write, or says who holds it.
    pub(super) fn open(workplace: &Workplace, role: &str) -> anyhow::Result<Self> {
        let pipeline = Pipeline::open(&workplace.layout, Arc::clone(&workplace.clock), role)?;
        Ok(Self {
            layout: workplace.layout.clone(),
            definitions: Arc::clone(&workplace.definitions),
            clock: Arc::clone(&workplace.clock),
            pipeline,
            streams: BTreeMap::new(),
        })
    }

    /// Keeps deliveries and moves them into the tables; facts are not computed yet.
    pub(super) async fn take_in(&mut self, deliveries: &[Delivery]) -> anyhow::Result<Flushed> {
        self.pipeline.inbox().keep(deliveries).context("failed to keep the deliveries")?;
        self.drain().await
    }

    /// Moves everything that waits in the inbox into the tables.
    pub(super) async fn drain(&mut self) -> anyhow::Result<Flushed> {
        let mut total = Flushed::default();
        loop {
            let flushed = self.pipeline.flush().await?;
            total.deliveries += flushed.deliveries;
            total.observations += flushed.observations;
            total.rejections += flushed.rejections;
            total.position = total.position.max(flushed.position);
            if flushed.deliveries == 0 {
                return Ok(total);
            }
        }
    }

    /// Moves records of another stream into the tables.
    pub(super) async fn take_stream(&mut self, stream: &str, deliveries: Vec<(i64, Delivery)>) -> anyhow::Result<Flushed> {
        let flushed = self.pipeline.keep(stream, deliveries).await?;
        if flushed.deliveries > 0 {
            self.streams.insert(stream.to_owned(), flushed.position);
        }
        Ok(flushed)
    }

    /// The last position of a stream that the tables hold.
    pub(super) async fn position(&mut self, stream: &str) -> anyhow::Result<Option<i64>> {
        Ok(self.pipeline.tables().position(DELIVERIES, stream).await?)
    }

    /// Computes all facts and publishes a snapshot.
    pub(super) async fn refresh(&mut self) -> anyhow::Result<Snapshot> {
        let observed = self.pipeline.versions().await?;
        let mut positions = self.streams.clone();
        if let Some(position) = self.position(INBOX_STREAM).await? {
            positions.insert(INBOX_STREAM.to_owned(), position);
        }
        let input =
            Refresh { layout: &self.layout, observed, definitions: &self.definitions, as_of: self.clock.now(), positions };
        refresh(self.pipeline.tables(), input).await.context("failed to compute the facts")
    }

    /// Publishes the newest snapshot again with the present time, if that has moved; facts hold no clock.
    pub(super) fn heartbeat(&mut self) -> anyhow::Result<Option<Snapshot>> {
        let Some(newest) = Snapshot::newest(&self.layout)? else { return Ok(None) };
        if newest.as_of >= self.clock.now() {
            return Ok(None);
        }
        let snapshot = Snapshot { id: Snapshot::next_id(Some(&newest.id)), as_of: self.clock.now(), ..newest };
        snapshot.publish(&self.layout)?;
        Ok(Some(snapshot))
    }
}
