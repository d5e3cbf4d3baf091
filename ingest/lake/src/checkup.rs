//! Whether a data folder is whole: the format, the inbox, the positions, every file that somebody
//! may read, and files that nobody names. Works beside a process that writes.
//!
//! Each finding is a sentence for an operator. Nothing is mended here.

use crate::DELIVERIES;
use crate::disk::table_and_file;
use crate::error::LakeError;
use crate::files::footer_rows;
use crate::inbox::open_database;
use crate::layout::{FORMAT_VERSION, Layout, table_folder};
use crate::snapshot::{DataFile, Snapshot};
use crate::storage::Stored;
use crate::tables::Tables;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

/// What was looked at, and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkup {
    /// One sentence each; none means that all is well.
    pub problems: Vec<String>,
    /// Data files that neither a kept snapshot nor a newest version names; they are removed in time.
    pub orphans: Vec<Stored>,
    /// How many tables were looked at.
    pub tables: usize,
    /// How many files were opened.
    pub files: usize,
    /// How many rows they hold.
    pub rows: u64,
    /// How many snapshots can be read.
    pub snapshots: usize,
}

/// Files by table and name.
type Named = BTreeMap<(String, String), DataFile>;

/// Looks at everything; what is wrong is an answer, and an error only that it could not be looked at.
/// `stream` is the one whose deliveries come through this machine's inbox.
///
/// # Errors
/// `Object` when the tables cannot be listed, `OpenInbox` or `Inbox` when the database cannot be asked.
pub async fn check_up(layout: &Layout, stream: &str) -> Result<Checkup, LakeError> {
    let mut checkup = Checkup::default();
    match layout.format_version().await {
        Ok(FORMAT_VERSION) => {}
        Ok(older) => checkup.problems.push(format!(
            "the data are in format {older}, and this program writes {FORMAT_VERSION}: start `waymark serve` or run `waymark rebuild` once"
        )),
        Err(error) => checkup.problems.push(sentence(&error)),
    }
    checkup.problems.extend(damage(layout)?.into_iter().map(|damage| format!("the inbox is damaged: {damage}")));
    let kept = kept(layout, &mut checkup).await;
    let inbox = Waiting::read(layout)?;
    // The tables are asked after snapshots and inbox: what those show or let go of is in them before.
    let positions = positions(layout, stream, &mut checkup).await?;
    checkup.problems.extend(inbox.contradictions(&positions, Waiting::read(layout)?.last));
    checkup.problems.extend(shown_too_much(kept.last(), stream, &positions));
    let named = named(layout, &kept).await?;
    let stored = layout.storage().list(&table_folder("")).await?;
    let sizes: BTreeMap<&str, u64> = stored.iter().map(|object| (object.path.as_str(), object.size_bytes)).collect();
    let mut wrong: Vec<((String, String), String)> = Vec::new();
    for (key, file) in &named {
        match file_problem(layout, key, file, &sizes).await {
            Some(problem) => wrong.push((key.clone(), problem)),
            None => checkup.rows += file.rows,
        }
    }
    checkup.files = named.len();
    if !wrong.is_empty() {
        // A process that writes may have let go of a file since it was named.
        let kept = Snapshot::kept(layout).await.unwrap_or_default();
        let still = self::named(layout, &kept).await?;
        checkup.problems.extend(wrong.into_iter().filter(|(key, _)| still.contains_key(key)).map(|(_, problem)| problem));
    }
    checkup.orphans = stored.into_iter().filter(|object| is_orphan(object, &named)).collect();
    Ok(checkup)
}

/// Between which positions the inbox stands at one moment.
struct Waiting {
    /// Everything up to here has left the inbox.
    removed_through: i64,
    /// The last position that was given out.
    last: i64,
}

/// What SQLite itself finds wrong.
fn damage(layout: &Layout) -> Result<Vec<String>, LakeError> {
    let failed = |cause| LakeError::Inbox { operation: "check", cause };
    let connection = open_database(layout)?;
    let mut statement = connection.prepare("pragma quick_check").map_err(failed)?;
    let said = statement.query_map([], |row| row.get::<_, String>(0)).map_err(failed)?;
    let mut damage: Vec<String> = said.collect::<Result<_, _>>().map_err(failed)?;
    damage.retain(|line| line != "ok");
    Ok(damage)
}

impl Waiting {
    fn read(layout: &Layout) -> Result<Self, LakeError> {
        let asked = "select coalesce((select min(position) from inbox) - 1, seq, 0), coalesce(seq, 0)
             from (select max(seq) as seq from sqlite_sequence where name = 'inbox')";
        let read =
            open_database(layout)?.query_row(asked, [], |row| Ok(Self { removed_through: row.get(0)?, last: row.get(1)? }));
        read.map_err(|cause| LakeError::Inbox { operation: "check", cause })
    }

    /// Where inbox and tables contradict each other; `last` was read after the tables.
    fn contradictions(&self, positions: &BTreeMap<String, i64>, last: i64) -> Vec<String> {
        let mut contradictions: Vec<String> = positions
            .iter()
            .filter(|(_, position)| **position > last)
            .map(|(table, position)| {
                format!(
                    "`{table}` holds the inbox up to position {position}, but the inbox gives out {} next: it was lost or replaced, and what waited in it with it; `waymark serve` goes on after that position",
                    last + 1
                )
            })
            .collect();
        let held = positions.get(DELIVERIES).copied().unwrap_or(0);
        if self.removed_through > held {
            contradictions.push(format!(
                "deliveries {} to {} have left the inbox and are in no table: restore the newest backup",
                held + 1,
                self.removed_through
            ));
        }
        contradictions
    }
}

/// How far each table holds the inbox; a table that cannot be opened is a problem.
async fn positions(layout: &Layout, stream: &str, checkup: &mut Checkup) -> Result<BTreeMap<String, i64>, LakeError> {
    let mut tables = Tables::new(layout);
    let mut positions = BTreeMap::new();
    for table in table_names(layout).await? {
        checkup.tables += 1;
        match tables.position(&table, stream).await {
            Ok(position) => positions.extend(position.map(|position| (table, position))),
            Err(error) => checkup.problems.push(sentence(&error)),
        }
    }
    Ok(positions)
}

/// The snapshots that can be read; one that cannot is a problem.
async fn kept(layout: &Layout, checkup: &mut Checkup) -> Vec<Snapshot> {
    let kept = match Snapshot::kept(layout).await {
        Ok(kept) => kept,
        Err(error) => {
            checkup.problems.push(sentence(&error));
            Vec::new()
        }
    };
    checkup.snapshots = kept.len();
    kept
}

/// Whether the newest snapshot shows deliveries that the tables do not hold.
fn shown_too_much(newest: Option<&Snapshot>, stream: &str, positions: &BTreeMap<String, i64>) -> Option<String> {
    let shown = newest?.positions.get(stream)?;
    let held = positions.get(DELIVERIES).copied().unwrap_or(0);
    (*shown > held).then(|| {
        format!("the newest snapshot shows deliveries up to position {shown}, but the table of deliveries ends at {held}: restore the newest backup")
    })
}

/// Every file that the newest version of a table or a kept snapshot names.
async fn named(layout: &Layout, kept: &[Snapshot]) -> Result<Named, LakeError> {
    let mut tables = Tables::new(layout);
    let mut named = Named::new();
    for table in table_names(layout).await? {
        // A table that cannot be opened has had its sentence when its position was asked.
        if let Ok(Some(version)) = tables.version(&table).await {
            named.extend(version.files.into_iter().map(|file| ((table.clone(), file.path.clone()), file)));
        }
    }
    for (table, version) in kept.iter().flat_map(|snapshot| &snapshot.tables) {
        named.extend(version.files.iter().map(|file| ((table.clone(), file.path.clone()), file.clone())));
    }
    Ok(named)
}

/// The tables that have a log.
async fn table_names(layout: &Layout) -> Result<BTreeSet<String>, LakeError> {
    let stored = layout.storage().list(&table_folder("")).await?;
    let in_logs = stored.iter().filter_map(|object| table_and_file(&object.path));
    Ok(in_logs.filter(|(_, file)| file.starts_with("_delta_log/")).map(|(table, _)| table.to_owned()).collect())
}

async fn file_problem(
    layout: &Layout,
    (table, name): &(String, String),
    file: &DataFile,
    sizes: &BTreeMap<&str, u64>,
) -> Option<String> {
    let path = format!("{}/{name}", table_folder(table));
    let Some(size_bytes) = sizes.get(path.as_str()) else {
        return Some(format!("`{path}` is missing: restore the newest backup"));
    };
    if *size_bytes != file.size_bytes {
        return Some(format!("`{path}` has {size_bytes} bytes instead of {}: restore the newest backup", file.size_bytes));
    }
    match footer_rows(layout, table, file).await {
        Ok(rows) if rows == file.rows => None,
        Ok(rows) => Some(format!("`{path}` holds {rows} rows instead of {}: restore the newest backup", file.rows)),
        Err(error) => {
            let cause = error.source().map(ToString::to_string).unwrap_or_default();
            Some(format!("`{path}` is no readable Parquet file ({cause}): restore the newest backup"))
        }
    }
}

fn is_orphan(object: &Stored, named: &Named) -> bool {
    table_and_file(&object.path).is_some_and(|(table, file)| {
        let is_data = file.ends_with(".parquet") && !file.starts_with("_delta_log/");
        is_data && !named.contains_key(&(table.to_owned(), file.to_owned()))
    })
}

/// An error with all its causes, as one sentence.
fn sentence(error: &LakeError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inbox_and_tables_may_only_overlap() {
        let waiting = Waiting { removed_through: 5, last: 9 };
        let held = |position: i64| BTreeMap::from([(DELIVERIES.to_owned(), position)]);
        assert!(waiting.contradictions(&held(5), 9).is_empty());
        assert!(waiting.contradictions(&held(9), 9).is_empty());
        assert!(waiting.contradictions(&held(4), 9)[0].starts_with("deliveries 5 to 5 have left the inbox"));
        assert!(waiting.contradictions(&held(10), 9)[0].contains("gives out 10 next"));
    }
}
