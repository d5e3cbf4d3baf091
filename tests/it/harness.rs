//! `World`: a temporary data folder under a clock that the test holds, with every stage of the product.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use waymark_analytics::{Definitions, Engine, Extent, Refresh, Refresher};
use waymark_collect::{Flushed, Pipeline, people_key};
use waymark_event::{Channel, Clock, Delivery, DeliveryId, FixedClock, Instant, Proof};
use waymark_lake::{DELIVERIES, Layout, Snapshot};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Data that nobody here wrote, beside the repository; absent on most machines.
pub(crate) fn shared(below: &str) -> Option<PathBuf> {
    let path = root().parent()?.join("shared/data").join(below);
    path.exists().then_some(path)
}

/// Says plainly that something was not run, and why.
#[expect(clippy::print_stdout, reason = "a skipped case must be seen")]
pub(crate) fn skipped(what: &str, why: &str) {
    println!("SKIPPED {what}: {why}");
}

/// Says how far a long run is, or what it did.
#[expect(clippy::print_stdout, reason = "a long run says what it did")]
pub(crate) fn tell(line: &str) {
    println!("{line}");
}

/// Whether golden and generated files are to be written instead of compared.
#[expect(clippy::disallowed_methods, reason = "blessing is asked for by the environment")]
pub(crate) fn is_blessing() -> bool {
    std::env::var("WAYMARK_BLESS").is_ok_and(|value| value == "1")
}

/// The program beside this test, if it was built.
pub(crate) fn program() -> Option<PathBuf> {
    let test = std::env::current_exe().unwrap();
    let program = test.parent()?.parent()?.join(format!("waymark{}", std::env::consts::EXE_SUFFIX));
    program.is_file().then_some(program)
}

/// The instant of an RFC 3339 text.
pub(crate) fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

/// Compares a file with what it should hold, or writes it when blessing; returns the difference in words.
pub(crate) fn compare_with_file(path: &Path, content: &str) -> Result<(), String> {
    if is_blessing() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        return Ok(());
    }
    let name = path.strip_prefix(root()).unwrap_or(path).display();
    let known = std::fs::read_to_string(path)
        .map_err(|_| format!("{name} is missing: run `WAYMARK_BLESS=1 cargo test`, then read it"))?;
    if known == content {
        return Ok(());
    }
    let line = known.lines().zip(content.lines()).position(|(old, new)| old != new);
    let place = line.map_or_else(|| "its length".to_owned(), |line| format!("line {}", line + 1));
    Err(format!("{name} differs in {place}: run `WAYMARK_BLESS=1 cargo test`, then read the difference"))
}

/// A delivery of `source` as it would arrive by webhook.
pub(crate) fn delivery(source: &str, event_type: Option<&str>, body: &str, received_at: &str) -> Delivery {
    let dialect = waymark_collect::find(source).unwrap();
    Delivery {
        id: DeliveryId::received(at(received_at)),
        source: source.to_owned(),
        instance: dialect.default_instance().to_owned(),
        connection: source.to_owned(),
        channel: Channel::Webhook,
        event_type: event_type.map(ToOwned::to_owned),
        vendor_delivery_id: None,
        headers: BTreeMap::new(),
        content_type: Some("application/json".to_owned()),
        body: body.as_bytes().to_vec(),
        proof: Proof::NoneConfigured,
        request_url: None,
        received_at: at(received_at),
    }
}

/// A data folder with every stage of the product, and a clock that stands still.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) layout: Layout,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) definitions: Arc<Definitions>,
    pub(crate) pipeline: Pipeline,
    pub(crate) refresher: Refresher,
}

impl World {
    /// An empty folder as of an instant, with default definitions.
    pub(crate) async fn new(as_of: &str) -> Self {
        Self::with(as_of, Definitions::default()).await
    }

    /// An empty folder as of an instant.
    pub(crate) async fn with(as_of: &str, definitions: Definitions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::open(folder.path()).unwrap();
        let people = people_key(&layout, at(as_of)).await.unwrap();
        Self::over(folder, layout, as_of, definitions.with_pseudonyms(&people)).await
    }

    /// The same over any layout; `folder` holds its local part.
    pub(crate) async fn over(folder: TempDir, layout: Layout, as_of: &str, definitions: Definitions) -> Self {
        let clock = Arc::new(FixedClock::at(at(as_of)));
        let pipeline = Pipeline::open(&layout, Arc::<FixedClock>::clone(&clock), "test").await.unwrap();
        Self { folder, layout, clock, definitions: Arc::new(definitions), pipeline, refresher: Refresher::default() }
    }

    /// Keeps deliveries and moves them into the tables.
    pub(crate) async fn take_in(&mut self, deliveries: &[Delivery]) -> Flushed {
        self.pipeline.inbox().keep(deliveries).unwrap();
        self.drain().await
    }

    /// Moves everything that waits into the tables.
    pub(crate) async fn drain(&mut self) -> Flushed {
        let mut total = Flushed::default();
        loop {
            let flushed = self.pipeline.flush().await.unwrap();
            total.deliveries += flushed.deliveries;
            total.observations += flushed.observations;
            total.rejections += flushed.rejections;
            total.position = flushed.position;
            if flushed.deliveries == 0 {
                return total;
            }
        }
    }

    /// Computes the facts that what is new touches, and publishes a snapshot.
    pub(crate) async fn refresh(&mut self) -> Snapshot {
        self.refresh_from(Extent::Touched).await
    }

    /// Computes every fact from nothing, and publishes a snapshot.
    pub(crate) async fn refresh_fully(&mut self) -> Snapshot {
        self.refresh_from(Extent::Everything).await
    }

    async fn refresh_from(&mut self, extent: Extent) -> Snapshot {
        let stream = self.pipeline.inbox_stream().to_owned();
        let position = self.pipeline.tables().position(DELIVERIES, &stream).await.unwrap();
        let positions = position.map(|position| (stream, position)).into_iter().collect();
        let (layout, definitions, as_of) = (&self.layout, &*self.definitions, self.clock.now());
        let input = Refresh { layout, definitions, as_of, positions, extent };
        self.refresher.refresh(self.pipeline.tables(), input).await.unwrap()
    }

    /// An engine over the newest snapshot.
    pub(crate) fn engine(&self) -> Engine {
        Engine::new(self.layout.clone(), Arc::clone(&self.definitions))
    }
}
