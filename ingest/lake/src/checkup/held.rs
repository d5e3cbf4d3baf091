//! What the tables hold by their logs, and whether that is all that the newest snapshot shows.

use super::{remedy, sentence, table_names};
use crate::DELIVERIES;
use crate::error::LakeError;
use crate::layout::Layout;
use crate::snapshot::{Snapshot, TableVersion};
use crate::tables::Tables;
use std::collections::{BTreeMap, BTreeSet};

/// The tables as their logs tell them.
#[derive(Default)]
pub(super) struct Held {
    /// How far each holds the stream of the inbox.
    pub(super) positions: BTreeMap<String, i64>,
    pub(super) versions: BTreeMap<String, TableVersion>,
    /// Tables that cannot be opened: nothing is known of them.
    pub(super) closed: BTreeSet<String>,
}

impl Held {
    /// Opens every table; one that cannot be opened is a problem.
    pub(super) async fn read(layout: &Layout, stream: &str, problems: &mut Vec<String>) -> Result<Self, LakeError> {
        let mut tables = Tables::new(layout);
        let mut held = Self::default();
        for table in table_names(layout).await? {
            match opened(&mut tables, &table, stream).await {
                Ok((position, version)) => {
                    held.positions.extend(position.map(|position| (table.clone(), position)));
                    held.versions.extend(version.map(|version| (table.clone(), version)));
                }
                Err(error) => {
                    let remedy = if table == DELIVERIES {
                        "restore the newest backup"
                    } else {
                        "move its folder away and run `waymark rebuild`"
                    };
                    problems.push(format!("{}: {remedy}", sentence(&error)));
                    held.closed.insert(table);
                }
            }
        }
        Ok(held)
    }

    /// How many tables there are.
    pub(super) fn tables(&self) -> usize {
        self.versions.len() + self.closed.len()
    }

    /// How far a table holds the stream, 0 when it holds nothing of it; null when it cannot be opened.
    pub(super) fn position(&self, table: &str) -> Option<i64> {
        (!self.closed.contains(table)).then(|| self.positions.get(table).copied().unwrap_or(0))
    }

    /// What the newest snapshot shows and the tables do not hold.
    pub(super) async fn shown_too_much(&self, layout: &Layout, newest: &Snapshot, stream: &str) -> Vec<String> {
        let shown = newest.positions.get(stream).copied().unwrap_or(0);
        let held = self.position(DELIVERIES).filter(|held| *held < shown);
        let mut said: Vec<String> = held
            .map(|held| {
                format!("the newest snapshot shows deliveries up to position {shown}, but the table of deliveries ends at {held}: restore the newest backup")
            })
            .into_iter()
            .collect();
        for (table, version) in &newest.tables {
            // One sentence about one loss is enough.
            let is_said = self.closed.contains(table) || (table == DELIVERIES && held.is_some());
            if !is_said && lacks(layout, table, self.versions.get(table), version).await {
                let (version, remedy) = (version.version, remedy(table));
                said.push(format!(
                    "the log of `{table}` lacks what the newest snapshot shows as version {version}, so its last commits are lost: {remedy}"
                ));
            }
        }
        said
    }
}

/// Refuses those of the given tables of statements whose logs lack what the newest snapshot shows. Whatever is committed next would take
/// the place of the lost commits, and nothing would tell of them any more; facts are computed again by themselves.
///
/// # Errors
/// `LostCommits`, or `OpenTable` or `Object` when a table or the snapshot cannot be read.
pub async fn refuse_lost_commits(tables: &mut Tables, of: impl Iterator<Item = String>) -> Result<(), LakeError> {
    let layout = tables.layout().clone();
    let Some(newest) = Snapshot::newest(&layout).await? else { return Ok(()) };
    for table in of {
        let Some(shown) = newest.tables.get(&table) else { continue };
        let version = tables.version(&table).await?;
        if lacks(&layout, &table, version.as_ref(), shown).await {
            let remedy = remedy(&table);
            return Err(LakeError::LostCommits { table, version: shown.version, remedy });
        }
    }
    Ok(())
}

/// Whether a log ends before a version that was shown, or names less for it.
async fn lacks(layout: &Layout, table: &str, newest: Option<&TableVersion>, shown: &TableVersion) -> bool {
    let Some(newest) = newest.filter(|newest| newest.version >= shown.version) else { return true };
    let then = if newest.version == shown.version {
        newest.clone()
    } else {
        // A log that was trimmed meanwhile tells nothing about it.
        let Ok(then) = Tables::new(layout).version_at(table, shown.version).await else { return false };
        then
    };
    let named: BTreeSet<&str> = then.files.iter().map(|file| file.path.as_str()).collect();
    shown.files.iter().any(|file| !named.contains(file.path.as_str()))
}

async fn opened(tables: &mut Tables, table: &str, stream: &str) -> Result<(Option<i64>, Option<TableVersion>), LakeError> {
    Ok((tables.position(table, stream).await?, tables.version(table).await?))
}
