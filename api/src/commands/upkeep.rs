//! Upkeep by itself, in processes that write: small files are merged, what is too old leaves, and
//! files that nobody reads any more are removed. What may go is said by `[upkeep]`.

use super::workplace::Workplace;
use crate::config;
use std::time::{Duration, Instant as Stopwatch};
use waymark_collect::Repeated;
use waymark_event::{Instant, chain};
use waymark_lake::{DELIVERIES, LakeError, Removed, Snapshot, Tables, statement_tables};

/// Merging is looked for this often.
const MERGE_SECONDS: i64 = 10;
/// No further merge is begun after this, because what arrives meanwhile waits.
const MERGING_MAX: Duration = Duration::from_secs(3);
/// Retention and removal are looked for this often.
const SWEEP_SECONDS: i64 = 3_600;
const DAY_SECONDS: i64 = 86_400;

/// What is due, and when it was done last.
#[derive(Debug)]
pub(super) struct Upkeep {
    settings: config::Upkeep,
    merged_at: Option<Instant>,
    swept_at: Option<Instant>,
    sweeping: Repeated,
}

/// What one turn of upkeep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Done {
    /// Files that became larger ones.
    pub(super) merged_files: usize,
    /// Deliveries that were older than they are kept for.
    pub(super) expired_deliveries: u64,
    /// Files that nobody reads any more.
    pub(super) removed: Removed,
}

impl Upkeep {
    /// Nothing has been done yet, so all is due.
    pub(super) fn of(workplace: &Workplace) -> Self {
        Self::with(workplace.config.operation.upkeep)
    }

    fn with(settings: config::Upkeep) -> Self {
        Self { settings, merged_at: None, swept_at: None, sweeping: Repeated::default() }
    }

    /// Does what is due; meant to be called after each refresh, by the process that may write. What could not be
    /// removed is told here: it hides nothing that was done, and is found again by the next sweep.
    pub(super) async fn run_due(&mut self, tables: &mut Tables, now: Instant) -> anyhow::Result<Done> {
        let mut done = Done::default();
        if is_due(self.merged_at, MERGE_SECONDS, now) {
            self.merged_at = Some(now);
            done.merged_files = self.merge_some(tables, now).await?;
        }
        if is_due(self.swept_at, SWEEP_SECONDS, now) {
            // Before its first turn nobody in this process reads, and kept snapshots protect the others.
            let days = if self.swept_at.is_some() { self.settings.vacuum_days } else { 0 };
            self.swept_at = Some(now);
            match self.sweep(tables, i64::from(days) * DAY_SECONDS, now, &mut done).await {
                Ok(()) => self.sweeping.end(),
                Err(error) => {
                    let text = chain(&error);
                    if let Some(untold) = self.sweeping.tell(&text, Stopwatch::now()) {
                        tracing::warn!(error.message = %text, error.untold = untold, "not everything could leave whose time is over; it is tried again");
                    }
                }
            }
        }
        if done != Done::default() {
            tracing::info!(
                merged.files = done.merged_files,
                expired.deliveries = done.expired_deliveries,
                removed.files = done.removed.files,
                removed.size_bytes = done.removed.size_bytes,
                "upkeep was done"
            );
        }
        Ok(done)
    }

    async fn merge_some(&self, tables: &mut Tables, now: Instant) -> anyhow::Result<usize> {
        let began = Stopwatch::now();
        let mut files = 0;
        let Some(snapshot) = Snapshot::newest(tables.layout()).await? else { return Ok(0) };
        for table in statement_tables() {
            let Some(covered) = snapshot.tables.get(&table) else { continue };
            while began.elapsed() < MERGING_MAX {
                match tables.merge(&table, covered, self.settings.merge_files_min, now).await {
                    Ok(Some(merged)) => files += merged.files,
                    Ok(None) | Err(LakeError::Overtaken { .. }) => break,
                    // What was merged has to be shown; what hinders this table hinders it at the next turn, and is told then.
                    Err(_) if files > 0 => return Ok(files),
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(files)
    }

    /// Lets go of deliveries and removes files whose time is over. What fails keeps nothing else; the first error is
    /// passed on.
    async fn sweep(&self, tables: &mut Tables, grace_seconds: i64, now: Instant, done: &mut Done) -> Result<(), LakeError> {
        let kept = Snapshot::kept(tables.layout()).await?;
        let mut outcome = self.expire(tables, now).await.map(|rows| done.expired_deliveries = rows);
        for table in statement_tables() {
            match tables.sweep(&table, &kept, grace_seconds, now).await {
                Ok(removed) => {
                    done.removed.files += removed.files;
                    done.removed.size_bytes += removed.size_bytes;
                }
                Err(error) => outcome = outcome.and(Err(error)),
            }
        }
        outcome
    }

    async fn expire(&self, tables: &mut Tables, now: Instant) -> Result<u64, LakeError> {
        let Some(days) = self.settings.deliveries_days else { return Ok(0) };
        let before = now.plus_seconds(-i64::from(days) * DAY_SECONDS);
        match tables.expire(DELIVERIES, "received_at", before, now).await {
            Ok(expired) => Ok(expired.rows),
            // Another machine did something to the table; there is a next hour.
            Err(LakeError::Overtaken { .. }) => Ok(0),
            Err(error) => Err(error),
        }
    }
}

fn is_due(last: Option<Instant>, seconds: i64, now: Instant) -> bool {
    // A clock that was set back must not put off upkeep for ever.
    last.is_none_or(|last| last.plus_seconds(seconds) <= now || last > now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use waymark_collect::Pipeline;
    use waymark_collect::arrivals::file;
    use waymark_event::FixedClock;
    use waymark_lake::Layout;

    /// A folder that leads into itself cannot be listed.
    #[cfg(unix)]
    #[tokio::test]
    async fn what_cannot_be_swept_hides_nothing_that_was_done_and_is_tried_an_hour_later() {
        let folder = std::env::temp_dir().join(format!("waymark-upkeep-{}", std::process::id()));
        let (layout, now) = (Layout::open(&folder).unwrap(), Instant::from_seconds(1_800_000_000));
        let mut pipeline = Pipeline::open(&layout, Arc::new(FixedClock::at(now)), "test").await.unwrap();
        let old = file::deliveries(waymark_collect::find("json").unwrap(), b"{}", None, now.plus_seconds(-9 * DAY_SECONDS));
        pipeline.inbox().keep(&old).unwrap();
        pipeline.flush().await.unwrap();
        let unlisted = layout.table(&statement_tables().next().unwrap());
        std::fs::create_dir_all(&unlisted).unwrap();
        std::fs::write(unlisted.join("part-nobody.parquet"), "nobody").unwrap();
        std::os::unix::fs::symlink(".", unlisted.join("itself")).unwrap();
        let settings = config::Upkeep { deliveries_days: Some(7), vacuum_days: 0, ..config::Upkeep::default() };
        let mut upkeep = Upkeep::with(settings);
        let done = upkeep.run_due(pipeline.tables(), now).await.unwrap();
        assert_eq!((done.expired_deliveries, done.removed.files), (1, 1), "the file of the deliveries, and no other");
        std::fs::remove_file(unlisted.join("itself")).unwrap();
        for (seconds, files) in [(1, 0), (SWEEP_SECONDS - 1, 0), (SWEEP_SECONDS, 1)] {
            let done = upkeep.run_due(pipeline.tables(), now.plus_seconds(seconds)).await.unwrap();
            assert_eq!(done.removed.files, files, "after {seconds} seconds");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn upkeep_is_due_at_first_after_its_time_and_when_the_clock_was_set_back() {
        let now = Instant::from_seconds(1_800_000_000);
        assert!(is_due(None, 60, now));
        assert!(!is_due(Some(now.plus_seconds(-59)), 60, now));
        assert!(is_due(Some(now.plus_seconds(-60)), 60, now));
        assert!(is_due(Some(now.plus_seconds(1)), 60, now));
    }
}
