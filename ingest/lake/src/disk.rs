//! What the tables take on the disk: live files, files that older snapshots name, and the logs.

use crate::error::LakeError;
use crate::layout::{Layout, table_folder};
use std::collections::BTreeMap;

/// What one table takes, its log included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiskUse {
    /// Number of files.
    pub files: usize,
    /// Their size in bytes.
    pub size_bytes: u64,
}

/// What every table takes, by name.
///
/// # Errors
/// `Object` when the tables cannot be listed.
pub async fn disk_use(layout: &Layout) -> Result<BTreeMap<String, DiskUse>, LakeError> {
    let mut tables: BTreeMap<String, DiskUse> = BTreeMap::new();
    for stored in layout.storage().list(&table_folder("")).await? {
        if let Some((table, _)) = table_and_file(&stored.path) {
            let used = tables.entry(table.to_owned()).or_default();
            used.files += 1;
            used.size_bytes += stored.size_bytes;
        }
    }
    Ok(tables)
}

/// What the inbox and the small operational state take, in bytes.
pub fn database_bytes(layout: &Layout) -> u64 {
    let size_bytes = |ending: &str| {
        let mut path = layout.database().into_os_string();
        path.push(ending);
        std::fs::metadata(path).map_or(0, |metadata| metadata.len())
    };
    ["", "-wal", "-shm"].into_iter().map(size_bytes).sum()
}

/// The table to which something below the tables' folder belongs, and its path within the table.
pub(crate) fn table_and_file(path: &str) -> Option<(&str, &str)> {
    let below = path.strip_prefix(table_folder("").as_str())?;
    match below.split_once("/_delta_log/") {
        Some((table, _)) => Some((table, below.strip_prefix(table)?.strip_prefix('/')?)),
        None => below.rsplit_once('/'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_and_log_belong_to_one_table() {
        assert_eq!(table_and_file("lake/observed/commits/part-1.parquet"), Some(("observed/commits", "part-1.parquet")));
        assert_eq!(table_and_file("lake/facts/scopes/_delta_log/0.json"), Some(("facts/scopes", "_delta_log/0.json")));
        assert_eq!(table_and_file("snapshots/s1.json"), None);
    }
}
