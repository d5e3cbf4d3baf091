//! Upkeep by itself, in processes that write: small files are merged, what is too old leaves, and
//! files that nobody reads any more are removed. What may go is said by `[upkeep]`.

use super::workplace::Workplace;
use crate::config;
use std::time::{Duration, Instant as Stopwatch};
use waymark_event::Instant;
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
    pub(super) const fn of(workplace: &Workplace) -> Self {
        Self { settings: workplace.config.operation.upkeep, merged_at: None, swept_at: None }
    }

    /// Does what is due; meant to be called after each refresh, by the process that may write.
    pub(super) async fn run_due(&mut self, tables: &mut Tables, now: Instant) -> anyhow::Result<Done> {
        let mut done = Done::default();
        if is_due(self.merged_at, MERGE_SECONDS, now) {
            self.merged_at = Some(now);
            done.merged_files = self.merge_some(tables, now).await?;
        }
        if is_due(self.swept_at, SWEEP_SECONDS, now) {
            done.expired_deliveries = self.expire(tables, now).await?;
            // Before its first turn nobody in this process reads, and kept snapshots protect the others.
            let days = if self.swept_at.is_some() { self.settings.vacuum_days } else { 0 };
            let kept = Snapshot::kept(tables.layout()).await?;
            for table in statement_tables() {
                let removed = tables.sweep(&table, &kept, i64::from(days) * DAY_SECONDS, now).await?;
                done.removed.files += removed.files;
                done.removed.size_bytes += removed.size_bytes;
            }
            self.swept_at = Some(now);
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
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(files)
    }

    async fn expire(&self, tables: &mut Tables, now: Instant) -> anyhow::Result<u64> {
        let Some(days) = self.settings.deliveries_days else { return Ok(0) };
        let before = now.plus_seconds(-i64::from(days) * DAY_SECONDS);
        match tables.expire(DELIVERIES, "received_at", before, now).await {
            Ok(expired) => Ok(expired.rows),
            // Another machine did something to the table; there is a next hour.
            Err(LakeError::Overtaken { .. }) => Ok(0),
            Err(error) => Err(error.into()),
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

    #[test]
    fn upkeep_is_due_at_first_after_its_time_and_when_the_clock_was_set_back() {
        let now = Instant::from_seconds(1_800_000_000);
        assert!(is_due(None, 60, now));
        assert!(!is_due(Some(now.plus_seconds(-59)), 60, now));
        assert!(is_due(Some(now.plus_seconds(-60)), 60, now));
        assert!(is_due(Some(now.plus_seconds(1)), 60, now));
    }
}
