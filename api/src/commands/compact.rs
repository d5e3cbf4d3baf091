//! `waymark compact`: merges small files of every table now, and removes what nobody reads any more.

use super::workplace::Workplace;
use super::writer::Writer;
use super::{Place, output};
use anyhow::Context;
use serde::Serialize;
use std::collections::BTreeSet;
use waymark_api::size_in_words;
use waymark_event::Instant;
use waymark_lake::{Snapshot, TableVersion, Tables, statement_tables};

/// What was done to one table.
#[derive(Debug, Serialize)]
struct Compacted {
    table: String,
    files_before: usize,
    files_after: usize,
    rows_before: u64,
    rows_after: u64,
    removed_files: usize,
    removed_bytes: u64,
}

/// Merges until nothing is left to merge.
pub(crate) async fn run(place: &Place) -> anyhow::Result<()> {
    let workplace = Workplace::existing(place).await?;
    let mut writer = Writer::open(&workplace, "compact").await?;
    writer.drain().await?;
    // Only rows that the facts have heard of are merged.
    let covered = writer.refresh().await?;
    let now = workplace.clock.now();
    let mut compacted = Vec::new();
    for table in statement_tables() {
        if let Some(version) = covered.tables.get(&table) {
            compacted.push(merge_all(writer.pipeline().tables(), &table, version, now).await?);
        }
    }
    writer.refresh().await?;
    let kept = Snapshot::kept(&workplace.layout).await?;
    for one in &mut compacted {
        let removed = writer.pipeline().tables().sweep(&one.table, &kept, 0, now).await?;
        (one.removed_files, one.removed_bytes) = (removed.files, removed.size_bytes);
    }
    if place.json {
        let text = serde_json::to_string_pretty(&compacted).context("failed to write the answer as JSON")?;
        output::answer(&text);
        return Ok(());
    }
    for one in &compacted {
        output::answer(&format!(
            "{}: {} files became {}, {} rows became {}, {} unread files ({}) removed",
            one.table,
            one.files_before,
            one.files_after,
            one.rows_before,
            one.rows_after,
            one.removed_files,
            size_in_words(one.removed_bytes)
        ));
    }
    output::note("files that one of the last snapshots names stay until that snapshot is let go of");
    Ok(())
}

async fn merge_all(tables: &mut Tables, table: &str, covered: &TableVersion, now: Instant) -> anyhow::Result<Compacted> {
    let before = tables.version(table).await?.unwrap_or_default();
    let mut known: BTreeSet<String> = before.files.iter().map(|file| file.path.clone()).collect();
    let mut covered = covered.clone();
    let mut after = before.clone();
    while tables.merge(table, &covered, 2, now).await?.is_some() {
        after = tables.version(table).await?.unwrap_or_default();
        // What a merge wrote holds only rows that were covered, so it may be merged again.
        let written = after.files.iter().filter(|file| file.path.starts_with("run-") && !known.contains(&file.path));
        covered.files.extend(written.cloned());
        known.extend(after.files.iter().map(|file| file.path.clone()));
    }
    let rows = |version: &TableVersion| version.files.iter().map(|file| file.rows).sum::<u64>();
    Ok(Compacted {
        table: table.to_owned(),
        files_before: before.files.len(),
        files_after: after.files.len(),
        rows_before: rows(&before),
        rows_after: rows(&after),
        removed_files: 0,
        removed_bytes: 0,
    })
}
