//! `Reader`: opens the newest snapshot, at once from the lake, and from memory as soon as it is there.
//!
//! Few new files are read into memory before the first question is answered; many, as after the start over
//! a large lake, beside the questions, which are answered from the lake meanwhile. What is worth keeping is
//! said in `hot.rs`.

use super::{Opened, memory_table, session};
use crate::definitions::Definitions;
use crate::error::AnalyticsError;
use crate::facts::FACTS;
use crate::hot::{HotFiles, Providers};
use crate::lake_tables::LakeTable;
use crate::registers;
use datafusion::catalog::TableProvider;
use datafusion::error::DataFusionError;
use datafusion::execution::session_state::SessionState;
use datafusion::prelude::SessionContext;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::{Mutex, OnceCell, OwnedMutexGuard};
use waymark_lake::{Layout, Snapshot, fact_table};

/// For so many files a question waits, some tenths of a second; for more of them it does not.
const AWAITED_FILES_MAX: usize = 500;

/// Opens snapshots, and keeps what stays from one to the next, because files never change.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) layout: Layout,
    pub(super) definitions: Arc<Definitions>,
    /// Functions, settings and the footers of files; made when the first snapshot is opened.
    state: OnceCell<SessionState>,
    opened: RwLock<Option<Arc<Opened>>>,
    /// Held while a snapshot is opened, so that none is opened twice.
    opening: Mutex<()>,
    /// Held as long as files are read.
    hot: Arc<Mutex<HotFiles>>,
    awaited_files_max: usize,
}

/// Facts by name, as the lake has them.
pub(super) type Facts = Vec<(&'static str, Arc<LakeTable>)>;

/// A snapshot that can be opened.
#[derive(Clone)]
struct Found {
    context: SessionContext,
    snapshot: Snapshot,
    facts: Facts,
}

impl Reader {
    pub(super) fn new(layout: Layout, definitions: Arc<Definitions>) -> Self {
        let (state, opened, opening, hot) = Default::default();
        Self { layout, definitions, state, opened, opening, hot, awaited_files_max: AWAITED_FILES_MAX }
    }

    /// The newest snapshot, open for questions.
    ///
    /// # Errors
    /// `NoSnapshot` when there is none, `Register` when its tables cannot be opened.
    pub(super) async fn newest(self: &Arc<Self>) -> Result<Arc<Opened>, AnalyticsError> {
        let newest = Snapshot::newest_id(&self.layout).await?.ok_or(AnalyticsError::NoSnapshot)?;
        if let Some(opened) = self.held().filter(|opened| opened.snapshot.id == newest) {
            return Ok(opened);
        }
        let _opening = self.opening.lock().await;
        if let Some(opened) = self.held().filter(|opened| opened.snapshot.id >= newest) {
            return Ok(opened);
        }
        let snapshot = Snapshot::newest(&self.layout).await?.ok_or(AnalyticsError::NoSnapshot)?;
        let found = self.found(snapshot).await?;
        // Whoever is reading files finds out by itself that there is a newer snapshot.
        let Ok(mut files) = Arc::clone(&self.hot).try_lock_owned() else {
            return Ok(self.hold(found.open(&self.definitions, Providers::new())?));
        };
        if files.new_files(&found.worthy()) <= self.awaited_files_max {
            let hot = files.keep(&found.context, &found.worthy()).await?;
            return Ok(self.hold(found.open(&self.definitions, hot)?));
        }
        let hot = files.known(&found.worthy());
        let opened = self.hold(found.clone().open(&self.definitions, hot)?);
        tokio::spawn(Arc::clone(self).warm(files, found));
        Ok(opened)
    }

    pub(super) async fn until_read(&self) {
        drop(self.hot.lock().await);
    }

    /// Reads files into memory beside the questions.
    async fn warm(self: Arc<Self>, mut files: OwnedMutexGuard<HotFiles>, found: Found) {
        let began = std::time::Instant::now();
        match self.read_newest(&mut files, found).await {
            Ok(()) => tracing::debug!(elapsed_ms = began.elapsed().as_millis(), "facts were read into memory"),
            Err(cause) => {
                let cause: &dyn std::error::Error = &cause;
                tracing::warn!(error = cause, "facts could not be kept in memory: they are read with each question");
            }
        }
    }

    /// Reads until the files of the newest opened snapshot are there, and opens that over them.
    async fn read_newest(&self, files: &mut HotFiles, mut found: Found) -> Result<(), AnalyticsError> {
        loop {
            let hot = files.keep(&found.context, &found.worthy()).await?;
            // Nothing newer is opened between the look at what is held and the exchange.
            let _opening = self.opening.lock().await;
            let Some(newer) = self.held().filter(|held| held.snapshot.id > found.snapshot.id) else {
                self.hold(found.open(&self.definitions, hot)?);
                return Ok(());
            };
            found = self.found(newer.snapshot.clone()).await?;
        }
    }

    /// A snapshot, with its facts as the lake has them.
    async fn found(&self, snapshot: Snapshot) -> Result<Found, AnalyticsError> {
        let context = self.context().await?;
        let facts = lake_facts(&context, &self.layout, &snapshot).await?;
        Ok(Found { context, snapshot, facts })
    }

    async fn context(&self) -> Result<SessionContext, AnalyticsError> {
        let make = async || session::session_state(self.definitions.zone(), Some(&self.layout));
        Ok(session::for_readers(self.state.get_or_try_init(make).await?))
    }

    fn held(&self) -> Option<Arc<Opened>> {
        self.opened.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hold(&self, opened: Opened) -> Arc<Opened> {
        let opened = Arc::new(opened);
        *self.opened.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&opened));
        opened
    }
}

impl Found {
    /// The facts that are worth their memory.
    fn worthy(&self) -> Facts {
        let is_hot = |name: &str| FACTS.iter().any(|fact| fact.name == name && fact.is_hot);
        self.facts.iter().filter(|(name, _)| is_hot(name)).cloned().collect()
    }

    fn open(self, definitions: &Definitions, hot: Providers) -> Result<Opened, AnalyticsError> {
        Opened::over_facts(&self.context, definitions, self.snapshot, self.facts, hot)
    }
}

/// Every fact of a snapshot, as the lake has it.
pub(super) async fn lake_facts(
    context: &SessionContext,
    layout: &Layout,
    snapshot: &Snapshot,
) -> Result<Facts, AnalyticsError> {
    let mut facts = Vec::with_capacity(FACTS.len());
    for fact in FACTS {
        let stored = fact_table(fact.name);
        let version = snapshot.tables.get(&stored).cloned().unwrap_or_default();
        let table = LakeTable::open(context, layout, &stored, &version, None).await;
        let table = table.map_err(|cause| AnalyticsError::Register { table: fact.name.to_owned(), cause: Box::new(cause) })?;
        facts.push((fact.name, Arc::new(table)));
    }
    Ok(facts)
}

impl Opened {
    /// The facts of a snapshot, some of them in memory, with `settings` and the registers.
    pub(super) fn over_facts(
        context: &SessionContext,
        definitions: &Definitions,
        snapshot: Snapshot,
        facts: Facts,
        mut hot: Providers,
    ) -> Result<Self, AnalyticsError> {
        let mut tables: Vec<(&'static str, bool, Arc<dyn TableProvider>)> = Vec::new();
        for (name, table) in facts {
            let is_visible = FACTS.iter().any(|fact| fact.name == name && fact.is_visible);
            match hot.remove(name) {
                Some(provider) => tables.push((name, is_visible, provider)),
                None => tables.push((name, is_visible, table)),
            }
        }
        let failed =
            |table: &str, cause: DataFusionError| AnalyticsError::Register { table: table.to_owned(), cause: Box::new(cause) };
        let supply = |cause| AnalyticsError::Supply { table: "settings".to_owned(), cause };
        let settings = registers::settings(definitions).map_err(supply)?;
        tables.push(("settings", true, memory_table(settings).map_err(|cause| failed("settings", cause))?));
        for (name, batch) in registers::registers(definitions).map_err(supply)? {
            tables.push((name, name != registers::MEMBERSHIPS, memory_table(batch).map_err(|cause| failed(name, cause))?));
        }
        Ok(Self {
            snapshot,
            tables,
            state: context.state(),
            zone: definitions.zone(),
            weekly: OnceCell::new(),
            scopes: OnceCell::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;
    use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
    use std::collections::BTreeMap;
    use waymark_event::Instant;
    use waymark_lake::{TableVersion, Tables};

    const FACT: &str = "deployments";

    /// A snapshot of one fact in as many files as there are services.
    async fn published(layout: &Layout, services: &[&str]) -> Snapshot {
        let (tables, now) = (Tables::new(layout), Instant::parse("2026-08-01T00:00:00Z").unwrap());
        let name = fact_table(FACT);
        let mut files = Vec::new();
        for (shard, service) in services.iter().enumerate() {
            let texts: ArrayRef = Arc::new(StringArray::from(vec![*service]));
            let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1]));
            let rows = RecordBatch::try_from_iter([("service", texts), ("new_commits", numbers)]).unwrap();
            let file = format!("shard-{shard:06}-2026q3-0.snappy.parquet");
            files.push(tables.write(&name, &file, &rows, now).await.unwrap().data_file());
        }
        let before = Snapshot::newest_id(layout).await.unwrap();
        let snapshot = Snapshot {
            id: Snapshot::next_id(before.as_deref()),
            as_of: now,
            definitions: String::new(),
            positions: BTreeMap::new(),
            tables: BTreeMap::from([(name, TableVersion { files, ..TableVersion::default() })]),
        };
        assert!(snapshot.publish(layout).await.unwrap());
        snapshot
    }

    /// The services that are answered with, and whether they were in memory.
    async fn asked(reader: &Arc<Reader>) -> (Vec<String>, bool) {
        let opened = reader.newest().await.unwrap();
        let (_, _, provider) = opened.tables.iter().find(|(name, ..)| *name == FACT).unwrap();
        let context = opened.context(|name, _| name == FACT).unwrap();
        let rows = context.table(FACT).await.unwrap().collect().await.unwrap();
        let mut services = Vec::new();
        for batch in &rows {
            let column = batch.column_by_name("service").unwrap();
            services.extend(column.as_any().downcast_ref::<StringArray>().unwrap().iter().flatten().map(str::to_owned));
        }
        services.sort();
        (services, format!("{provider:?}").starts_with("HotTable"))
    }

    #[tokio::test]
    async fn a_pinned_engine_sees_no_newer_snapshot() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::open(folder.path()).unwrap();
        let old = published(&layout, &["checkout"]).await;
        let engine = Engine::new(layout.clone(), Arc::new(Definitions::default()));
        let pinned = engine.pinned().await.unwrap();
        let new = published(&layout, &["checkout", "search"]).await;
        for (engine, seen) in [(&engine, &new), (&pinned, &old), (&pinned.pinned().await.unwrap(), &old)] {
            assert_eq!(engine.newest().await.unwrap().snapshot.id, seen.id);
        }
    }

    #[tokio::test]
    async fn a_question_waits_for_few_files_and_not_for_many() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::open(folder.path()).unwrap();
        published(&layout, &["checkout", "search"]).await;
        let definitions = Arc::new(Definitions::default());
        let of_two = vec!["checkout".to_owned(), "search".to_owned()];
        let patient = Arc::new(Reader::new(layout.clone(), Arc::clone(&definitions)));
        assert_eq!(asked(&patient).await, (of_two.clone(), true));

        let hasty = Arc::new(Reader { awaited_files_max: 1, ..Reader::new(layout.clone(), definitions) });
        assert_eq!(asked(&hasty).await, (of_two.clone(), false));
        hasty.until_read().await;
        assert_eq!(asked(&hasty).await, (of_two, true));
        // What is known stays in memory while the others are read.
        published(&layout, &["checkout", "search", "billing", "login"]).await;
        let of_four = ["billing", "checkout", "login", "search"].map(str::to_owned).to_vec();
        assert_eq!(asked(&hasty).await, (of_four.clone(), true));
        hasty.until_read().await;
        assert_eq!(asked(&hasty).await, (of_four, true));
    }
}
