//! Whether a data folder is whole: the format, the key, the log of forgotten people, the inbox, the positions, the logs
//! against the newest snapshot, every file that somebody may read, and files that nobody names. Works beside a process
//! that writes.
//!
//! Each finding is a sentence for an operator. Nothing is mended here.

mod held;
mod inbox;

pub use self::held::refuse_lost_commits;

use self::held::Held;
use self::inbox::Waiting;
use crate::DELIVERIES;
use crate::content::decoded_rows;
use crate::disk::table_and_file;
use crate::error::LakeError;
use crate::forgotten;
use crate::layout::{FORMAT_VERSION, Layout, PEOPLE_KEY_BYTES, fact_table, table_folder};
use crate::snapshot::{DataFile, Snapshot};
use crate::storage::Stored;
use crate::tables::Tables;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use waymark_event::chain;

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
/// `Object` when the tables cannot be listed.
pub async fn check_up(layout: &Layout, stream: &str) -> Result<Checkup, LakeError> {
    let mut checkup = Checkup::default();
    match layout.format_version().await {
        Ok(FORMAT_VERSION) => {}
        Ok(older) => checkup.problems.push(format!(
            "the data are in format {older}, and this program writes {FORMAT_VERSION}: start `waymark serve` or run `waymark rebuild` once"
        )),
        Err(error) => checkup.problems.push(sentence(&error)),
    }
    let inbox = Waiting::checked(layout, &mut checkup.problems);
    let kept = kept(layout, &mut checkup.problems).await;
    checkup.snapshots = kept.len();
    // The tables are asked after snapshots and inbox: what those show or let go of is in them before.
    let held = Held::read(layout, stream, &mut checkup.problems).await?;
    checkup.tables = held.tables();
    if let Some((inbox, after)) = inbox.zip(Waiting::read(layout).ok()) {
        checkup.problems.extend(inbox.contradictions(&held, after.last));
    }
    match kept.last() {
        Some(newest) => checkup.problems.extend(held.shown_too_much(layout, newest, stream).await),
        None if checkup.tables > 0 => checkup.problems.push(
            "no snapshot shows what the tables hold: run `waymark rebuild`, unless `waymark serve` has only just begun"
                .to_owned(),
        ),
        None => {}
    }
    checkup.problems.extend(key_problem(layout, &held).await);
    checkup.problems.extend(forgotten_problems(layout).await);
    let named = named(layout, &kept).await?;
    let stored = layout.storage().list(&table_folder("")).await?;
    look_into_files(layout, &named, &stored, &mut checkup).await?;
    checkup.orphans = stored.into_iter().filter(|object| is_orphan(object, &named, &held)).collect();
    Ok(checkup)
}

/// Reads every file that is named; what is wrong with one that still is afterwards is a problem.
async fn look_into_files(layout: &Layout, named: &Named, stored: &[Stored], checkup: &mut Checkup) -> Result<(), LakeError> {
    let sizes: BTreeMap<&str, u64> = stored.iter().map(|object| (object.path.as_str(), object.size_bytes)).collect();
    let mut wrong: Vec<((String, String), String)> = Vec::new();
    for (key, file) in named {
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
    Ok(())
}

/// The snapshots that can be read; one that cannot is a problem.
async fn kept(layout: &Layout, problems: &mut Vec<String>) -> Vec<Snapshot> {
    let read = Snapshot::kept_and_torn(layout).await;
    let (kept, torn) = read.unwrap_or_else(|error| (Vec::new(), vec![error]));
    problems.extend(torn.iter().map(sentence));
    kept
}

/// Whether the key of pseudonyms is there, once tables hold something.
async fn key_problem(layout: &Layout, held: &Held) -> Option<String> {
    let found = match layout.kept_people_key().await {
        Ok(Some(key)) if key.len() == PEOPLE_KEY_BYTES => return None,
        Ok(Some(key)) => format!("has {} bytes instead of {PEOPLE_KEY_BYTES}", key.len()),
        Ok(None) if held.tables() == 0 => return None,
        Ok(None) => "is missing".to_owned(),
        Err(error) => return Some(sentence(&error)),
    };
    Some(format!("`people.key` {found}: restore it from a backup, because with another key everybody gets another pseudonym"))
}

/// Whether the log of forgotten people is gone, and which of its objects are not what was written.
async fn forgotten_problems(layout: &Layout) -> Vec<String> {
    let objects = match forgotten::objects(layout).await {
        Ok(objects) => objects,
        Err(error) => return vec![sentence(&error)],
    };
    // A state that cannot be read has had its sentence with the inbox.
    if objects.is_empty() && forgotten::was_seen(layout).unwrap_or(false) {
        return vec![sentence(&forgotten::gone(layout))];
    }
    let mut problems = Vec::new();
    for object in &objects {
        problems.extend(forgotten::read(layout, object).await.err().as_ref().map(sentence));
    }
    problems
}

/// What to do about a table of which something is lost.
fn remedy(table: &str) -> &'static str {
    if table == DELIVERIES {
        return "restore the newest backup";
    }
    if table.starts_with(&fact_table("")) {
        return "run `waymark rebuild`";
    }
    "run `waymark rebuild`, or restore the newest backup where deliveries have expired"
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
    let remedy = remedy(table);
    let Some(size_bytes) = sizes.get(path.as_str()) else {
        return Some(format!("`{path}` is missing: {remedy}"));
    };
    if *size_bytes != file.size_bytes {
        return Some(format!("`{path}` has {size_bytes} bytes instead of {}: {remedy}", file.size_bytes));
    }
    match decoded_rows(layout, table, file).await {
        Ok(rows) if rows == file.rows => None,
        Ok(rows) => Some(format!("`{path}` holds {rows} rows instead of {}: {remedy}", file.rows)),
        Err(error) => {
            let cause = error.source().map(ToString::to_string).unwrap_or_default();
            Some(format!("`{path}` is no readable Parquet file ({cause}): {remedy}"))
        }
    }
}

/// Whether nothing names a data file; what a table that cannot be opened names is not known.
fn is_orphan(object: &Stored, named: &Named, held: &Held) -> bool {
    table_and_file(&object.path).is_some_and(|(table, file)| {
        let is_data = file.ends_with(".parquet") && !file.starts_with("_delta_log/");
        is_data && !held.closed.contains(table) && !named.contains_key(&(table.to_owned(), file.to_owned()))
    })
}

/// An error with all its causes, as one sentence.
fn sentence(error: &LakeError) -> String {
    chain(error)
}
