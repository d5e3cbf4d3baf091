//! `waymark status`: what is visible, how fresh it is, who writes, and what it takes on the disk.
//!
//! The page and the interface ask the same, through [`Probe`].

use super::Place;
use super::output::{self, counted};
use super::workplace::{HEARTBEAT_SECONDS, Workplace};
use anyhow::Context;
use arrow::array::AsArray;
use arrow::compute::{cast, max};
use arrow::datatypes::{DataType, Int64Type, UInt64Type};
use arrow::util::display::array_value_to_string;
use futures::future::BoxFuture;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use waymark_api::{
    Freshness, HeldLoss, Problem, SnapshotStatus, Status, StatusProbe, StreamStatus, TableStatus, size_in_words,
};
use waymark_collect::inbox_stream;
use waymark_event::{Clock, DeliveryId, Instant};
use waymark_lake::{
    DELIVERIES, DataFile, Inbox, Layout, Snapshot, StateStore, Tables, Wanted, database_bytes, disk_use, fact_table, read_rows,
    writer_of,
};

/// Where the process that writes leaves what only it can measure.
const GROUP: &str = "status";
const FRESHNESS: &str = "freshness";

/// Prints the status of the data folder.
pub(crate) async fn run(place: &Place) -> anyhow::Result<()> {
    let workplace = Workplace::existing(place).await?;
    let status = read(&workplace.layout, workplace.clock.now()).await?;
    if place.json {
        output::answer(&serde_json::to_string_pretty(&status).context("failed to write the answer as JSON")?);
        return Ok(());
    }
    for line in lines(&status) {
        output::answer(&line);
    }
    Ok(())
}

/// Answers the interface and the page of a process that serves.
#[derive(Debug)]
pub(super) struct Probe {
    layout: Layout,
    clock: Arc<dyn Clock>,
}

impl Probe {
    /// A probe into the data folder of a workplace.
    pub(super) fn of(workplace: &Workplace) -> Self {
        Self { layout: workplace.layout.clone(), clock: Arc::clone(&workplace.clock) }
    }
}

impl StatusProbe for Probe {
    fn status(&self) -> BoxFuture<'_, Result<Status, Problem>> {
        Box::pin(async move {
            let status = read(&self.layout, self.clock.now()).await;
            status.map_err(|error| Problem::not_drawn(error.as_ref()))
        })
    }
}

/// Notes how long the newest delivery of a snapshot took to become visible.
///
/// Called by the process that writes, after a refresh that made deliveries visible.
pub(super) async fn remember_freshness(layout: &Layout, snapshot: &Snapshot, visible_at: Instant) -> anyhow::Result<()> {
    let files = snapshot.tables.get(DELIVERIES).map(|version| version.files.as_slice()).unwrap_or_default();
    // Names of appended files begin with the time at which they were written; those that a clock wrote which was
    // ahead would be the newest for ever.
    let end = format!("part-{}", DeliveryId::received(visible_at.plus_seconds(1)));
    let written = files.iter().filter(|file| file.path.starts_with("part-") && file.path < end);
    let Some(newest) = written.max_by(|left, right| left.path.cmp(&right.path)) else { return Ok(()) };
    let wanted = Wanted { columns: Some(&["received_at"]), ..Wanted::default() };
    let mut received_at = None;
    for batch in read_rows(layout, DELIVERIES, std::slice::from_ref(newest), wanted).await? {
        let micros = cast(batch.column(0), &DataType::Int64).context("failed to read when deliveries were received")?;
        received_at = received_at.max(max(micros.as_primitive::<Int64Type>()));
    }
    let Some(received_at) = received_at.map(Instant::from_micros) else { return Ok(()) };
    let state = StateStore::open(layout)?;
    // What was visible before becomes no older by another snapshot, as a rebuild or a backup makes one.
    let is_known = |noted: Freshness| noted.received_at == received_at.to_rfc3339();
    if noted(&state)?.is_some_and(is_known) {
        return Ok(());
    }
    let freshness = Freshness {
        seconds: (visible_at.micros() - received_at.micros()).max(0) as f64 / 1e6,
        received_at: received_at.to_rfc3339(),
        visible_at: visible_at.to_rfc3339(),
        snapshot: snapshot.id.clone(),
    };
    let text = serde_json::to_string(&freshness).context("failed to note the freshness")?;
    state.store(GROUP, &BTreeMap::from([(FRESHNESS.to_owned(), text)]))?;
    Ok(())
}

/// How fresh the last deliveries were; null where nobody noted it.
fn noted(state: &StateStore) -> anyhow::Result<Option<Freshness>> {
    Ok(state.group(GROUP)?.remove(FRESHNESS).and_then(|text| serde_json::from_str(&text).ok()))
}

/// How many deliveries stand in the table that a snapshot does not show.
pub(super) async fn unseen(tables: &mut Tables, snapshot: Option<&Snapshot>) -> anyhow::Result<u64> {
    let Some(version) = tables.version(DELIVERIES).await? else { return Ok(0) };
    let shown = snapshot.and_then(|snapshot| snapshot.tables.get(DELIVERIES));
    let shown: BTreeSet<&str> = shown.into_iter().flat_map(|shown| &shown.files).map(|file| file.path.as_str()).collect();
    let files: Vec<DataFile> = version.files.into_iter().filter(|file| !shown.contains(file.path.as_str())).collect();
    let wanted = Wanted { columns: Some(&["stream", "position"]), ..Wanted::default() };
    let mut count = 0;
    for batch in read_rows(tables.layout(), DELIVERIES, &files, wanted).await? {
        let column = |name: &str, data_type: &DataType| {
            let column = batch.column_by_name(name).with_context(|| format!("`{DELIVERIES}` has no column `{name}`"))?;
            cast(column, data_type).with_context(|| format!("failed to read the column `{name}` of `{DELIVERIES}`"))
        };
        let (streams, positions) = (column("stream", &DataType::Utf8)?, column("position", &DataType::Int64)?);
        let (streams, positions) = (streams.as_string::<i32>(), positions.as_primitive::<Int64Type>());
        for (stream, position) in streams.iter().zip(positions) {
            // A file that was merged meanwhile holds older ones, too.
            let shown = snapshot.zip(stream).and_then(|(snapshot, stream)| snapshot.positions.get(stream));
            count += u64::from(shown.copied() < position);
        }
    }
    Ok(count)
}

/// The status of a data folder; works beside a process that writes.
pub(super) async fn read(layout: &Layout, now: Instant) -> anyhow::Result<Status> {
    let snapshot = Snapshot::newest(layout).await?;
    let positions = snapshot.as_ref().map(|snapshot| snapshot.positions.clone()).unwrap_or_default();
    let stream = inbox_stream(layout)?;
    let mut delta = Tables::new(layout);
    let unseen = unseen(&mut delta, snapshot.as_ref()).await?;
    let moved = delta.position(DELIVERIES, &stream).await?.max(positions.get(&stream).copied()).unwrap_or(0);
    let noted = noted(&StateStore::open(layout)?)?;
    // A clock that was ahead says nothing about how fresh anything is.
    let end = now.plus_seconds(HEARTBEAT_SECONDS);
    let freshness = noted.filter(|noted| Instant::parse(&noted.visible_at).is_ok_and(|visible_at| visible_at <= end));
    let tables = tables(layout, snapshot.as_ref()).await?;
    Ok(Status {
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        format_version: layout.format_version().await?,
        location: layout.storage().describe(),
        writer: writer_of(layout)?,
        streams: positions.into_iter().map(|(stream, position)| StreamStatus { stream, position }).collect(),
        waiting_deliveries: unseen + Inbox::open(layout)?.waiting(moved)?,
        freshness,
        held_losses: match &snapshot {
            Some(snapshot) => held_losses(layout, snapshot).await?,
            None => Vec::new(),
        },
        tables_bytes: tables.iter().map(|table| table.disk_bytes).sum(),
        database_bytes: database_bytes(layout),
        snapshot: snapshot.map(|snapshot| SnapshotStatus {
            as_of: snapshot.as_of.to_rfc3339(),
            age_seconds: (now.micros() - snapshot.as_of.micros()) / 1_000_000,
            id: snapshot.id,
        }),
        tables,
    })
}

/// The days on which the catalogue lost so much that it is not believed.
pub(super) async fn held_losses(layout: &Layout, snapshot: &Snapshot) -> anyhow::Result<Vec<HeldLoss>> {
    let table = fact_table("catalogue_losses");
    let files = snapshot.tables.get(&table).map(|version| version.files.as_slice()).unwrap_or_default();
    let mut losses = Vec::new();
    for batch in read_rows(layout, &table, files, Wanted::default()).await? {
        let column = |name: &str| batch.column_by_name(name).with_context(|| format!("`{table}` has no column `{name}`"));
        let count = |name: &str| Ok::<_, anyhow::Error>(cast(column(name)?, &DataType::UInt64)?);
        let (known, lost) = (count("known_services")?, count("lost_services")?);
        let (known, lost) = (known.as_primitive::<UInt64Type>(), lost.as_primitive::<UInt64Type>());
        let (day, is_held) = (column("day")?, column("is_held")?.as_boolean());
        for row in (0..batch.num_rows()).filter(|row| is_held.value(*row)) {
            losses.push(HeldLoss {
                day: array_value_to_string(day, row).context("failed to read a day of the catalogue")?,
                lost_services: lost.value(row),
                known_services: known.value(row),
            });
        }
    }
    losses.sort_by(|one, other| one.day.cmp(&other.day));
    Ok(losses)
}

async fn tables(layout: &Layout, snapshot: Option<&Snapshot>) -> anyhow::Result<Vec<TableStatus>> {
    let used = disk_use(layout).await?;
    let empty = BTreeMap::new();
    let live = snapshot.map_or(&empty, |snapshot| &snapshot.tables);
    let names: BTreeSet<&String> = used.keys().chain(live.keys()).collect();
    let status = |name: &String| {
        let files = live.get(name).map(|version| version.files.as_slice()).unwrap_or_default();
        TableStatus {
            table: name.clone(),
            rows: files.iter().map(|file| file.rows).sum(),
            files: files.len(),
            live_bytes: files.iter().map(|file| file.size_bytes).sum(),
            disk_bytes: used.get(name).map_or(0, |used| used.size_bytes),
        }
    };
    Ok(names.into_iter().map(status).collect())
}

fn lines(status: &Status) -> Vec<String> {
    let mut lines = vec![format!("data       {}, format {}", status.location, status.format_version)];
    lines.push(match &status.writer {
        Some(writer) => format!("writer     {writer}"),
        None => "writer     none".to_owned(),
    });
    lines.push(match &status.snapshot {
        Some(snapshot) => {
            format!("snapshot   {} as of {}, {}", snapshot.id, snapshot.as_of, snapshot.age_in_words())
        }
        None => "snapshot   none yet".to_owned(),
    });
    lines.push(match &status.freshness {
        Some(freshness) => {
            format!("freshness  {:.1} s from receipt at {} to its snapshot", freshness.seconds, freshness.received_at)
        }
        None => "freshness  not known yet".to_owned(),
    });
    lines.extend(status.held_losses.iter().map(|loss| format!("catalogue  {}", loss.said())));
    let waiting = usize::try_from(status.waiting_deliveries).unwrap_or(usize::MAX);
    lines.push(format!("waiting    {}, received and not visible yet", counted(waiting, "delivery")));
    let streams = status.streams.iter();
    lines.extend(streams.map(|stream| format!("visible    {} up to position {}", stream.stream, stream.position)));
    let (tables, database) = (size_in_words(status.tables_bytes), size_in_words(status.database_bytes));
    lines.push(format!("disk       {tables} in tables, {database} in the inbox"));
    lines.push(String::new());
    lines.push(format!("{:<32} {:>12} {:>7} {:>10} {:>10}", "table", "rows", "files", "live", "on disk"));
    lines.extend(status.tables.iter().map(|table| {
        let (live, disk) = (size_in_words(table.live_bytes), size_in_words(table.disk_bytes));
        format!("{:<32} {:>12} {:>7} {live:>10} {disk:>10}", table.table, table.rows, table.files)
    }));
    lines
}
