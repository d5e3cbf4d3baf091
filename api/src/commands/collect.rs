//! `waymark collect kafka`: records of a topic become deliveries, exactly once.

use super::stopping::told_to_stop;
use super::upkeep::Upkeep;
use super::workplace::Workplace;
use super::writer::Writer;
use super::{Place, output};
use anyhow::{Context, anyhow};
use futures::future::BoxFuture;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use waymark_collect::Repeated;
use waymark_collect::arrivals::kafka::{KafkaConfig, KafkaLake, KafkaLakeError, KafkaStart, LostRange, consume};
use waymark_event::{Clock, Delivery, chain};
use waymark_lake::{Inbox, StateStore};

/// From where to collect.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum CollectCommand {
    /// Consume a topic; `[kafka]` of the configuration says which. Ends at Ctrl-C or a termination signal.
    ///
    /// Offsets are committed only after the tables hold the records; the tables' own positions
    /// decide where a restart goes on.
    Kafka(KafkaArgs),
}

/// Flags of `waymark collect kafka`; each stands in for its key of `[kafka]`.
#[derive(Debug, clap::Args)]
pub(crate) struct KafkaArgs {
    /// The brokers, separated by commas.
    #[arg(long, value_name = "HOST:PORT")]
    brokers: Option<String>,
    /// The topic to consume.
    #[arg(long, value_name = "NAME")]
    topic: Option<String>,
    /// The dialect of its records.
    #[arg(long, value_name = "SOURCE")]
    source: Option<String>,
}

/// Where lost ranges are remembered that were told of.
const LOST: &str = "lost ranges";
/// How often what was read becomes visible, when that is quick.
const PAUSE: Duration = Duration::from_secs(2);

/// The writer behind a consumer: positions and rows are those of the tables.
struct Kept {
    writer: Mutex<Writer>,
    inbox: Inbox,
    state: StateStore,
    clock: Arc<dyn Clock>,
    source: String,
    instance: String,
    is_dirty: Mutex<bool>,
    upkeep: Mutex<Upkeep>,
}

impl KafkaLake for Kept {
    fn position<'a>(&'a self, stream: &'a str) -> BoxFuture<'a, Result<Option<i64>, KafkaLakeError>> {
        Box::pin(async move { Ok(self.writer.lock().await.position(stream).await?) })
    }

    fn keep<'a>(&'a self, stream: &'a str, deliveries: Vec<(i64, Delivery)>) -> BoxFuture<'a, Result<(), KafkaLakeError>> {
        Box::pin(async move {
            self.writer.lock().await.take_stream(stream, deliveries).await?;
            *self.is_dirty.lock().await = true;
            Ok(())
        })
    }

    /// A lost range becomes a rejection that everybody sees.
    fn lose<'a>(&'a self, stream: &'a str, lost: LostRange) -> BoxFuture<'a, Result<(), KafkaLakeError>> {
        Box::pin(async move {
            // The same range is met again where the process ends before a record behind it is kept.
            let range = lost.name(stream);
            if self.state.group(LOST)?.contains_key(&range) {
                return Ok(());
            }
            let received_at = self.clock.now();
            self.inbox.keep(&[lost.delivery(stream, &self.source, &self.instance, received_at)])?;
            self.state.store(LOST, &BTreeMap::from([(range, received_at.to_rfc3339())]))?;
            tracing::error!(stream.name = stream, lost.from = lost.from, lost.to = lost.to, "{}", lost.cause.message());
            *self.is_dirty.lock().await = true;
            Ok(())
        })
    }
}

impl Kept {
    async fn publish(&self) -> anyhow::Result<()> {
        let mut is_dirty = self.is_dirty.lock().await;
        if *is_dirty {
            let mut writer = self.writer.lock().await;
            writer.drain().await?;
            writer.refresh().await?;
            *is_dirty = false;
        }
        drop(is_dirty);
        let has_other_files = self.writer.lock().await.keep_up(&mut *self.upkeep.lock().await).await?;
        *self.is_dirty.lock().await |= has_other_files;
        Ok(())
    }
}

/// Consumes until it is told to stop.
pub(crate) async fn run(place: &Place, command: CollectCommand) -> anyhow::Result<()> {
    let CollectCommand::Kafka(args) = command;
    let workplace = Workplace::open(place).await?;
    let kafka = &workplace.config.operation.kafka;
    let source_name = args.source.unwrap_or_else(|| kafka.source.clone());
    let source = waymark_collect::find(&source_name).ok_or_else(|| anyhow!("there is no source `{source_name}`"))?;
    let instance = kafka.instance.clone().unwrap_or_else(|| source.default_instance().to_owned());
    let config = KafkaConfig {
        brokers: args.brokers.unwrap_or_else(|| kafka.brokers.clone()),
        topic: args.topic.unwrap_or_else(|| kafka.topic.clone()),
        group: kafka.group.clone(),
        cluster: kafka.cluster.clone(),
        connection: "kafka".to_owned(),
        source: source_name.clone(),
        instance: instance.clone(),
        start: if kafka.start == "latest" { KafkaStart::Latest } else { KafkaStart::Earliest },
        batch_max: kafka.batch_records_max,
        batch_wait_ms: kafka.batch_wait_ms,
        session_timeout_ms: kafka.session_timeout_ms,
        body_bytes_max: workplace.config.operation.webhook.body_bytes_max,
        kept_headers: source.kept_headers().iter().map(|name| (*name).to_owned()).collect(),
    };
    let kept = Kept {
        writer: Mutex::new(Writer::open(&workplace, "collect kafka").await?),
        inbox: Inbox::open(&workplace.layout)?,
        state: StateStore::open(&workplace.layout)?,
        clock: Arc::clone(&workplace.clock),
        source: source_name,
        instance,
        // An earlier process may have ended between its last commit and its snapshot.
        is_dirty: Mutex::new(true),
        upkeep: Mutex::new(Upkeep::of(&workplace)),
    };
    output::note(&format!("consuming `{}` from {}; Ctrl-C ends it", config.topic, config.brokers));
    let publishing = async {
        let (mut pause, mut repeated) = (PAUSE, Repeated::default());
        loop {
            tokio::time::sleep(pause).await;
            let began = tokio::time::Instant::now();
            let outcome = kept.publish().await;
            // While a long topic is read, most of the time belongs to the records.
            pause = PAUSE.max(began.elapsed() * 4);
            match outcome {
                Ok(()) => repeated.end(),
                Err(error) => {
                    let text = chain(error.as_ref());
                    if let Some(untold) = repeated.tell(&text, Instant::now()) {
                        tracing::error!(error.message = %text, error.untold = untold, "facts could not be computed; the last snapshot stands");
                    }
                }
            }
        }
    };
    let count = tokio::select! {
        count = consume(&config, &kept, workplace.clock.as_ref(), told_to_stop()) => count.context("failed to consume the topic")?,
        () = publishing => unreachable!("publishing never ends"),
    };
    kept.publish().await?;
    output::note(&format!("{} deliveries in {} batches, {} lost ranges", count.deliveries, count.batches, count.lost_ranges));
    Ok(())
}
