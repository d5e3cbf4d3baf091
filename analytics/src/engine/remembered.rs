//! `Remembered`: series that were answered, as long as what they read stays the same.
//!
//! A snapshot is published every few minutes even if nothing happens, and whenever anything does. A series
//! over periods that are over, whose SQL asks for no `as_of`, depends on the facts that it reads, which are their
//! files, and on nothing else of a snapshot.

use crate::catalogue::Metric;
use crate::facts::FACTS;
use crate::series::Series;
use crate::views::named_in;
use crate::window::Window;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use waymark_lake::{Snapshot, fact_table};

/// Memory for cells.
const CELL_BYTES_MAX: u64 = 32 * 1_024 * 1_024;
/// What a cell takes with its names.
const CELL_BYTES: u32 = 200;
/// What makes an answer depend on when it is given.
const AS_OF: &str = "as_of";

/// The series, and what each metric reads.
#[derive(Debug)]
pub(super) struct Remembered {
    series: moka::future::Cache<(Basis, &'static str, Window), Arc<Series>>,
    reads: Mutex<HashMap<&'static str, Arc<Reads>>>,
}

/// What an answer depends on besides what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Basis {
    /// A snapshot, by its name.
    Snapshot(String),
    /// Facts, each with a number that stands for its files, which never change.
    Facts(Vec<(&'static str, u64)>),
}

/// What the SQL of a metric reads, with the views that it names.
#[derive(Debug, PartialEq, Eq)]
struct Reads {
    /// Perhaps more than it does: a name may stand in another word.
    facts: Vec<&'static str>,
    as_of: bool,
}

impl Remembered {
    pub(super) fn new() -> Self {
        let weigh = |_: &(Basis, &'static str, Window), series: &Arc<Series>| {
            u32::try_from(series.cells.len()).unwrap_or(u32::MAX).saturating_mul(CELL_BYTES)
        };
        let series = moka::future::Cache::builder().weigher(weigh).max_capacity(CELL_BYTES_MAX).build();
        Self { series, reads: Mutex::default() }
    }

    /// The series as a snapshot would give it; null where it has to be computed.
    pub(super) async fn get(&self, metric: &'static Metric, window: &Window, snapshot: &Snapshot) -> Option<Arc<Series>> {
        let found = self.series.get(&self.key(metric, window, snapshot)).await?;
        if found.snapshot == snapshot.id {
            return Some(found);
        }
        let series = Series { as_of: snapshot.as_of, snapshot: snapshot.id.clone(), ..Series::clone(&found) };
        Some(self.keep(series, snapshot).await)
    }

    /// Keeps a series that was computed from a snapshot.
    pub(super) async fn keep(&self, series: Series, snapshot: &Snapshot) -> Arc<Series> {
        let (key, series) = (self.key(series.metric, &series.window, snapshot), Arc::new(series));
        self.series.insert(key, Arc::clone(&series)).await;
        series
    }

    fn key(&self, metric: &'static Metric, window: &Window, snapshot: &Snapshot) -> (Basis, &'static str, Window) {
        let mut reads = self.reads.lock().unwrap_or_else(PoisonError::into_inner);
        let reads = Arc::clone(reads.entry(metric.id).or_insert_with(|| Arc::new(Reads::of(metric.sql))));
        (reads.basis(window, snapshot), metric.id, window.clone())
    }
}

impl Reads {
    fn of(sql: &str) -> Self {
        let views = named_in(sql);
        let texts: Vec<&str> = views.iter().map(|view| view.sql).chain([sql]).collect();
        let is_named = |name: &str| texts.iter().any(|text| text.contains(name));
        let facts = FACTS.iter().map(|fact| fact.name).filter(|name| is_named(name)).collect();
        Self { facts, as_of: is_named(AS_OF) || views.iter().any(|view| view.is_weekly) }
    }

    fn basis(&self, window: &Window, snapshot: &Snapshot) -> Basis {
        if self.as_of || window.periods.iter().any(|period| period.end > snapshot.as_of) {
            return Basis::Snapshot(snapshot.id.clone());
        }
        let files = |name: &str| {
            let mut hasher = DefaultHasher::new();
            let table = snapshot.tables.get(&fact_table(name));
            table.into_iter().flat_map(|table| &table.files).for_each(|file| file.path.hash(&mut hasher));
            hasher.finish()
        };
        Basis::Facts(self.facts.iter().map(|name| (*name, files(name))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::Grain;
    use chrono::NaiveDate;
    use std::collections::BTreeMap;
    use waymark_event::Instant;
    use waymark_lake::{DataFile, TableVersion};

    fn snapshot(id: &str, as_of: &str, versions: &[(&str, u64)]) -> Snapshot {
        let table = |(name, version): &(&str, u64)| {
            let files = vec![DataFile { path: format!("{version}.parquet"), size_bytes: 1, rows: 1 }];
            (fact_table(name), TableVersion { version: 1, files })
        };
        Snapshot {
            id: id.to_owned(),
            as_of: Instant::parse(as_of).unwrap(),
            definitions: String::new(),
            positions: BTreeMap::new(),
            tables: versions.iter().map(table).collect(),
        }
    }

    fn march() -> Window {
        let day = |month| NaiveDate::from_ymd_opt(2026, month, 1).unwrap();
        Window::between(Grain::Month, day(3), day(4), chrono_tz::UTC)
    }

    #[test]
    fn what_is_over_stays_until_a_fact_that_was_read_changes() {
        let reads = Reads::of("select count(*) from standings");
        assert_eq!(reads.facts, ["service_activity", "adoption_status", "scopes"]);
        let known = [("adoption_status", 3), ("scopes", 1), ("service_activity", 7), ("deployments", 40)];
        let before = reads.basis(&march(), &snapshot("s1", "2026-04-01T00:00:00Z", &known));
        let others = [("adoption_status", 3), ("scopes", 1), ("service_activity", 7), ("deployments", 41)];
        assert_eq!(reads.basis(&march(), &snapshot("s2", "2026-04-02T00:00:00Z", &others)), before);
        let changed = [("adoption_status", 3), ("scopes", 1), ("service_activity", 8), ("deployments", 41)];
        assert_ne!(reads.basis(&march(), &snapshot("s3", "2026-04-02T00:00:00Z", &changed)), before);
    }

    #[test]
    fn what_goes_on_or_asks_for_now_belongs_to_a_snapshot() {
        let open = snapshot("s1", "2026-03-31T23:59:59Z", &[]);
        assert_eq!(Reads::of("select 1 from scopes").basis(&march(), &open), Basis::Snapshot("s1".to_owned()));
        let over = snapshot("s2", "2026-04-02T00:00:00Z", &[]);
        for sql in ["select max(as_of) from calendar", "select 1 from adopting", "select 1 from adoption_weekly"] {
            assert_eq!(Reads::of(sql).basis(&march(), &over), Basis::Snapshot("s2".to_owned()), "{sql}");
        }
    }
}
