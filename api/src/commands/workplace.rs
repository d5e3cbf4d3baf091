//! `Workplace`: a data folder with its configuration and clock, as every command needs it.

use super::Place;
use super::writer::Writer;
use crate::config::{Config, off_loopback};
use anyhow::bail;
use std::net::SocketAddr;
use std::sync::Arc;
use waymark_analytics::{Definitions, Engine};
use waymark_collect::people_key;
use waymark_event::{Clock, FixedClock, SystemClock};
use waymark_lake::{LakeError, Layout, Snapshot};

/// Seconds after which a snapshot is made again only to move "now".
pub(super) const HEARTBEAT_SECONDS: i64 = 300;

/// A data folder with its configuration and clock.
pub(super) struct Workplace {
    pub(super) layout: Layout,
    pub(super) config: Config,
    pub(super) definitions: Arc<Definitions>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Workplace {
    /// Opens the data folder that the command line names, and makes it when it is not there.
    pub(super) async fn open(place: &Place) -> anyhow::Result<Self> {
        Self::open_to_listen(place, None).await
    }

    /// The same for a server. An address that the command line names takes the place of the configuration's, which is
    /// then not judged either.
    pub(super) async fn open_to_listen(place: &Place, listen: Option<SocketAddr>) -> anyhow::Result<Self> {
        if let Some(problem) = listen.and_then(off_loopback) {
            bail!(problem);
        }
        let config = Config::load(place.config.as_deref(), place.folder(), listen)?;
        let layout = place.layout().await?;
        let clock: Arc<dyn Clock> = match config.operation.as_of {
            Some(as_of) => Arc::new(FixedClock::at(as_of)),
            None => Arc::new(SystemClock),
        };
        let mut definitions = config.definitions.clone();
        if !definitions.memberships.is_empty() {
            definitions = definitions.with_pseudonyms(&people_key(&layout, clock.now()).await?);
        }
        let definitions = Arc::new(definitions);
        Ok(Self { layout, config, definitions, clock })
    }

    /// Opens a data folder that must be there: a misspelt name is no empty one.
    pub(super) async fn existing(place: &Place) -> anyhow::Result<Self> {
        if !place.is_there() {
            bail!(
                "`{}` is no data folder: check `--data`, or let `waymark serve` or `waymark ingest` make one",
                place.folder().display()
            );
        }
        Self::open(place).await
    }

    /// An engine over the newest snapshot, for one command: a newer one, which a running process may publish
    /// meanwhile, is not seen. When nobody else writes here, the snapshot is first brought up to date with the
    /// configuration and the clock.
    pub(super) async fn engine(&self) -> anyhow::Result<Arc<Engine>> {
        self.bring_up_to_date().await?;
        let engine = Engine::new(self.layout.clone(), Arc::clone(&self.definitions));
        Ok(Arc::new(engine.pinned().await?))
    }

    async fn bring_up_to_date(&self) -> anyhow::Result<()> {
        let Some(snapshot) = Snapshot::newest(&self.layout).await? else { return Ok(()) };
        let is_same_definition = snapshot.definitions == self.definitions.fingerprint();
        let age_seconds = (self.clock.now().micros() - snapshot.as_of.micros()) / 1_000_000;
        if is_same_definition && (-HEARTBEAT_SECONDS..HEARTBEAT_SECONDS).contains(&age_seconds) {
            return Ok(());
        }
        match Writer::open(self, "refresh").await {
            Ok(mut writer) if is_same_definition => writer.heartbeat().await.map(|_| ()),
            Ok(mut writer) => {
                super::output::note("the configuration or a definition has changed: computing the facts again");
                writer.refresh().await.map(|_| ())
            }
            Err(error) if is_locked(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Whether another process holds the right to write.
pub(super) fn is_locked(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| matches!(cause.downcast_ref::<LakeError>(), Some(LakeError::Locked { .. })))
}
