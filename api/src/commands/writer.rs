//! `Writer`: the one process that moves deliveries into tables, computes facts and publishes snapshots.

use super::status::{remember_freshness, unseen};
use super::upkeep::Upkeep;
use super::workplace::{HEARTBEAT_SECONDS, Workplace};
use anyhow::Context;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use waymark_analytics::{Definitions, Extent, Refresh, Refresher};
use waymark_collect::{CollectError, Flushed, Pipeline, Repeated};
use waymark_event::{Clock, Delivery, chain};
use waymark_lake::{DELIVERIES, LakeError, Layout, Snapshot};

/// Holds the folder's lock; dropped, another process may write.
pub(super) struct Writer {
    layout: Layout,
    definitions: Arc<Definitions>,
    clock: Arc<dyn Clock>,
    pipeline: Pipeline,
    refresher: Refresher,
    /// A pinned clock, as a sample has it, says nothing about freshness.
    is_clock_running: bool,
    noting: Repeated,
    /// The last position of each other stream that went through this writer.
    streams: BTreeMap<String, i64>,
}

impl Writer {
    /// Takes the right to write, or says who holds it.
    pub(super) async fn open(workplace: &Workplace, role: &str) -> anyhow::Result<Self> {
        let pipeline = Pipeline::open(&workplace.layout, Arc::clone(&workplace.clock), role).await.map_err(refusal)?;
        Ok(Self {
            layout: workplace.layout.clone(),
            definitions: Arc::clone(&workplace.definitions),
            clock: Arc::clone(&workplace.clock),
            pipeline,
            refresher: Refresher::default(),
            is_clock_running: workplace.config.operation.as_of.is_none(),
            noting: Repeated::default(),
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
        self.drain_for(Duration::MAX).await
    }

    /// Moves what waits in the inbox into the tables, and begins no further batch after a while:
    /// under load something always waits, and what was moved shall become visible.
    pub(super) async fn drain_for(&mut self, duration: Duration) -> anyhow::Result<Flushed> {
        let began = Instant::now();
        let mut total = Flushed::default();
        loop {
            let flushed = self.pipeline.flush().await?;
            total.deliveries += flushed.deliveries;
            total.observations += flushed.observations;
            total.rejections += flushed.rejections;
            total.position = total.position.max(flushed.position);
            if flushed.deliveries == 0 || began.elapsed() >= duration {
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

    /// Whether the tables hold statements that a snapshot does not show: an earlier process may have
    /// ended between the two.
    pub(super) async fn is_ahead_of(&mut self, snapshot: &Snapshot) -> anyhow::Result<bool> {
        let versions = self.pipeline.versions().await?;
        Ok(versions.iter().any(|(name, version)| snapshot.tables.get(name).is_none_or(|shown| shown.files != version.files)))
    }

    /// Computes the facts that what is new touches, and publishes a snapshot.
    pub(super) async fn refresh(&mut self) -> anyhow::Result<Snapshot> {
        self.refresh_from(Extent::Touched).await
    }

    /// Computes every fact from nothing, and publishes a snapshot.
    pub(super) async fn refresh_fully(&mut self) -> anyhow::Result<Snapshot> {
        self.refresh_from(Extent::Everything).await
    }

    async fn refresh_from(&mut self, extent: Extent) -> anyhow::Result<Snapshot> {
        // Streams of other machines stay as the last snapshot knew them.
        let mut positions = Snapshot::newest(&self.layout).await?.map(|newest| newest.positions).unwrap_or_default();
        for (stream, position) in &self.streams {
            let known = positions.entry(stream.clone()).or_insert(*position);
            *known = (*known).max(*position);
        }
        let stream = self.pipeline.inbox_stream().to_owned();
        if let Some(position) = self.position(&stream).await? {
            positions.insert(stream, position);
        }
        let (layout, definitions, as_of) = (&self.layout, &*self.definitions, self.clock.now());
        let input = Refresh { layout, definitions, as_of, positions, extent };
        let snapshot = self.refresher.refresh(self.pipeline.tables(), input).await.context("failed to compute the facts")?;
        if self.is_clock_running {
            self.note_freshness(&snapshot).await;
        }
        Ok(snapshot)
    }

    /// Notes how fresh a snapshot is. It is published whether or not this works, and the next one is noted anew.
    async fn note_freshness(&mut self, snapshot: &Snapshot) {
        match remember_freshness(&self.layout, snapshot, self.clock.now()).await {
            Ok(()) => self.noting.end(),
            Err(error) => {
                let text = chain(error.as_ref());
                if let Some(untold) = self.noting.tell(&text, Instant::now()) {
                    tracing::warn!(error.message = %text, error.untold = untold, "how fresh the snapshot is could not be noted");
                }
            }
        }
    }

    /// Does the upkeep that is due, between two refreshes. Says whether tables have other files now: until a
    /// snapshot shows those, the old ones are kept.
    pub(super) async fn keep_up(&mut self, upkeep: &mut Upkeep) -> anyhow::Result<bool> {
        let now = self.clock.now();
        let done = upkeep.run_due(self.pipeline.tables(), now).await?;
        Ok(done.merged_files > 0 || done.expired_deliveries > 0)
    }

    /// The pipeline, for commands that do upkeep on demand.
    pub(super) const fn pipeline(&mut self) -> &mut Pipeline {
        &mut self.pipeline
    }

    /// Publishes the newest snapshot again with the present time, if that has moved; facts hold no clock.
    ///
    /// What a snapshot does not show must not be thought to be in it, so nothing is published while the table
    /// holds deliveries that wait for their facts.
    pub(super) async fn heartbeat(&mut self) -> anyhow::Result<Option<Snapshot>> {
        let Some(newest) = Snapshot::newest(&self.layout).await? else { return Ok(None) };
        let now = self.clock.now();
        // A little ahead is the clock of another machine, far ahead is one that was wrong.
        if (now..=now.plus_seconds(HEARTBEAT_SECONDS)).contains(&newest.as_of) {
            return Ok(None);
        }
        if unseen(self.pipeline.tables(), Some(&newest)).await? > 0 {
            return Ok(None);
        }
        let snapshot = Snapshot { id: Snapshot::next_id(Some(&newest.id)), as_of: now, ..newest };
        let is_published = snapshot.publish(&self.layout).await?;
        Ok(is_published.then_some(snapshot))
    }
}

/// Why the folder was not opened. Who holds it is said alone: nothing was collected yet that could not be kept.
fn refusal(error: CollectError) -> anyhow::Error {
    match error {
        CollectError::Lake(held @ LakeError::Locked { .. }) => held.into(),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::workplace::is_locked;
    use super::*;

    #[test]
    fn who_holds_the_folder_is_said_without_what_was_not_done() {
        let held = refusal(LakeError::Locked { path: "data".into(), holder: "`waymark serve`, process 7".to_owned() }.into());
        assert!(is_locked(&held));
        let said = format!("{held:#}");
        assert!(said.starts_with("another process writes to `data` (`waymark serve`, process 7): stop it"), "{said}");
    }
}
