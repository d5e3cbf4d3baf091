//! `Inbox`: the durable place where deliveries wait; SQLite in WAL mode with `synchronous = FULL`.
//!
//! One writer thread commits what has gathered and then answers all of it (group commit), so an
//! answer means fsynced. Rows are removed once the `deliveries` table holds their positions.

use crate::error::LakeError;
use crate::layout::Layout;
use rusqlite::{Connection, params};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use waymark_event::Delivery;

/// Bodies that are read at once.
const BATCH_BYTES_MAX: usize = 16 * 1_024 * 1_024;

/// A delivery and its position in the stream `inbox`.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// The position; later deliveries have greater ones.
    pub position: i64,
    /// The delivery that arrived.
    pub delivery: Delivery,
}

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub struct InboxLimits {
    /// More waiting deliveries than this are answered with "later".
    pub rows_max: u64,
    /// The same for the size of the database on the disk.
    pub size_bytes_max: u64,
    /// At most this many deliveries share one commit.
    pub commit_deliveries_max: usize,
}

impl Default for InboxLimits {
    fn default() -> Self {
        Self { rows_max: 1_000_000, size_bytes_max: 2 << 30, commit_deliveries_max: 1_000 }
    }
}

/// The reading side, and direct writing for commands that hold the only handle.
#[derive(Debug)]
pub struct Inbox {
    connection: Mutex<Connection>,
    /// The log of the database may hold what was removed; whether an earlier process left such a log is not known.
    is_log_due: AtomicBool,
}

impl Inbox {
    /// Opens the inbox of a data folder.
    ///
    /// # Errors
    /// `OpenInbox` when the database cannot be opened.
    pub fn open(layout: &Layout) -> Result<Self, LakeError> {
        Ok(Self { connection: Mutex::new(open_database(layout)?), is_log_due: AtomicBool::new(true) })
    }

    /// Keeps deliveries; when this returns they are on the disk. Returns the last position.
    ///
    /// # Errors
    /// `Keep` when they could not be made durable; then none of them is kept.
    pub fn keep(&self, deliveries: &[Delivery]) -> Result<i64, LakeError> {
        insert(&mut self.lock(), deliveries)
    }

    /// Up to `count` deliveries after `position`, in order, and at most 16 MiB of bodies or one delivery.
    ///
    /// # Errors
    /// `Inbox` or `StoredDelivery` when they cannot be read.
    pub fn after(&self, position: i64, count: usize) -> Result<Vec<Received>, LakeError> {
        let failed = |cause| LakeError::Inbox { operation: "read", cause };
        let connection = self.lock();
        let mut statement = connection
            .prepare_cached("select position, envelope, body from inbox where position > ?1 order by position limit ?2")
            .map_err(failed)?;
        let limit = i64::try_from(count).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![position, limit]).map_err(failed)?;
        let mut received = Vec::new();
        let mut size_bytes = 0;
        while size_bytes < BATCH_BYTES_MAX
            && let Some(row) = rows.next().map_err(failed)?
        {
            let position: i64 = row.get(0).map_err(failed)?;
            let envelope: String = row.get(1).map_err(failed)?;
            let mut delivery: Delivery =
                serde_json::from_str(&envelope).map_err(|cause| LakeError::StoredDelivery { position, cause })?;
            delivery.body = row.get(2).map_err(failed)?;
            size_bytes += delivery.body.len();
            received.push(Received { position, delivery });
        }
        Ok(received)
    }

    /// How many deliveries wait after `position`.
    ///
    /// # Errors
    /// `Inbox` when it cannot be read.
    pub fn waiting(&self, position: i64) -> Result<u64, LakeError> {
        let count: i64 = self
            .lock()
            .query_row("select count(*) from inbox where position > ?1", params![position], |row| row.get(0))
            .map_err(|cause| LakeError::Inbox { operation: "count", cause })?;
        Ok(count.unsigned_abs())
    }

    /// The last position that was ever given out; 0 when there was none.
    ///
    /// # Errors
    /// `Inbox` when it cannot be read.
    pub fn last_position(&self) -> Result<i64, LakeError> {
        self.lock()
            .query_row("select coalesce(max(seq), 0) from sqlite_sequence where name = 'inbox'", [], |row| row.get(0))
            .map_err(|cause| LakeError::Inbox { operation: "read", cause })
    }

    /// Makes sure that every later position is greater than `position`, which the tables hold.
    ///
    /// # Errors
    /// `Inbox` when it cannot be written.
    pub fn continue_after(&self, position: i64) -> Result<(), LakeError> {
        let failed = |cause| LakeError::Inbox { operation: "write", cause };
        let connection = self.lock();
        let updated =
            connection.execute("update sqlite_sequence set seq = max(seq, ?1) where name = 'inbox'", params![position]);
        if updated.map_err(failed)? == 0 {
            let inserted =
                connection.execute("insert into sqlite_sequence (name, seq) values ('inbox', ?1)", params![position]);
            inserted.map_err(failed)?;
        }
        Ok(())
    }

    /// Removes what the tables hold already; the log of the database holds it until that is emptied.
    ///
    /// # Errors
    /// `Inbox` when it cannot be written.
    pub fn remove_through(&self, position: i64) -> Result<(), LakeError> {
        let removed = self.lock().execute("delete from inbox where position <= ?1", params![position]);
        if removed.map_err(|cause| LakeError::Inbox { operation: "empty", cause })? > 0 {
            self.is_log_due.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Empties the log of the database where it may hold what was removed; meant for every turn in which nothing waits.
    /// While somebody reads there it cannot be done, and a later turn does it.
    pub fn empty_log(&self) {
        if !self.is_log_due.load(Ordering::Relaxed) {
            return;
        }
        match cut_log_at_once(&self.lock()) {
            Ok(is_cut) => self.is_log_due.store(!is_cut, Ordering::Relaxed),
            Err(error) => tracing::debug!(error.message = %error, "the log of the inbox was not emptied; it is tried again"),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Request {
    deliveries: Vec<Delivery>,
    answer: oneshot::Sender<Result<i64, LakeError>>,
}

/// The writing side for many tasks: deliveries of several requests share one commit.
#[derive(Clone, Debug)]
pub struct InboxHandle {
    requests: mpsc::Sender<Request>,
    progress: Arc<Progress>,
}

/// What the writer thread tells about itself.
#[derive(Debug, Default)]
struct Progress {
    arrived: tokio::sync::Notify,
    commits: AtomicU64,
}

impl InboxHandle {
    /// Starts the writer thread of a data folder's inbox.
    ///
    /// # Errors
    /// `OpenInbox` when the database cannot be opened, `Folder` when the thread cannot be started.
    pub fn start(layout: &Layout, limits: InboxLimits) -> Result<Self, LakeError> {
        let connection = open_database(layout)?;
        let (requests, receiver) = mpsc::channel(256);
        let progress = Arc::new(Progress::default());
        let told = Arc::clone(&progress);
        std::thread::Builder::new()
            .name("waymark-inbox".to_owned())
            .spawn(move || write_groups(connection, receiver, limits, &told))
            .map_err(|cause| LakeError::Folder { path: layout.root().to_owned(), cause })?;
        Ok(Self { requests, progress })
    }

    /// Keeps deliveries; when this returns they are on the disk. Returns the last position.
    ///
    /// # Errors
    /// `Keep` when they could not be made durable, `InboxFull`, or `InboxClosed` at shutdown.
    pub async fn keep(&self, deliveries: Vec<Delivery>) -> Result<i64, LakeError> {
        let (answer, answered) = oneshot::channel();
        self.requests.send(Request { deliveries, answer }).await.map_err(|_| LakeError::InboxClosed)?;
        answered.await.map_err(|_| LakeError::InboxClosed)?
    }

    /// Waits until deliveries have arrived since the last wait.
    pub async fn arrived(&self) {
        self.progress.arrived.notified().await;
    }

    /// Waits until the writer thread has ended. As long as there is a handle, it ends only by breaking down, and from then
    /// on nothing is kept any more.
    pub async fn ended(&self) {
        self.requests.closed().await;
    }

    /// How many groups were committed since the start; each one was a single fsync of the log.
    pub fn commits(&self) -> u64 {
        self.progress.commits.load(Ordering::Relaxed)
    }
}

/// Commits what has gathered, then answers all of it; ends when the last handle is dropped.
fn write_groups(mut connection: Connection, mut requests: mpsc::Receiver<Request>, limits: InboxLimits, progress: &Progress) {
    while let Some(first) = requests.blocking_recv() {
        let mut group = vec![first];
        let mut count = group[0].deliveries.len();
        while count < limits.commit_deliveries_max {
            let Ok(next) = requests.try_recv() else { break };
            count += next.deliveries.len();
            group.push(next);
        }
        let outcome = full(&connection, limits).and_then(|()| insert_group(&mut connection, &mut group));
        if outcome.is_ok() {
            progress.commits.fetch_add(1, Ordering::Relaxed);
            progress.arrived.notify_one();
        }
        let outcome = outcome.map_err(Arc::new);
        for request in group {
            let answer = match &outcome {
                Ok(position) => Ok(*position),
                Err(error) => match error.as_ref() {
                    LakeError::InboxFull { rows } => Err(LakeError::InboxFull { rows: *rows }),
                    _ => Err(LakeError::KeepGroup { cause: Arc::clone(error) }),
                },
            };
            if request.answer.send(answer).is_err() {
                tracing::debug!("a caller went away before its deliveries were acknowledged; they are kept");
            }
        }
    }
}

fn full(connection: &Connection, limits: InboxLimits) -> Result<(), LakeError> {
    let failed = |cause| LakeError::Inbox { operation: "count", cause };
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs).map_err(failed);
    // Each end by itself is found at once; asked together they would cost a look at every row.
    let rows = number("select coalesce((select max(position) from inbox) - (select min(position) from inbox) + 1, 0)")?;
    // Pages that deletions have freed are used again before the file grows.
    let pages = number("select page_count - freelist_count from pragma_page_count, pragma_freelist_count")?;
    let size_bytes = pages * number("select page_size from pragma_page_size")?;
    if rows >= limits.rows_max || size_bytes >= limits.size_bytes_max {
        return Err(LakeError::InboxFull { rows });
    }
    Ok(())
}

fn insert_group(connection: &mut Connection, group: &mut [Request]) -> Result<i64, LakeError> {
    let deliveries: Vec<Delivery> = group.iter_mut().flat_map(|request| std::mem::take(&mut request.deliveries)).collect();
    insert(connection, &deliveries)
}

fn insert(connection: &mut Connection, deliveries: &[Delivery]) -> Result<i64, LakeError> {
    let count = deliveries.len();
    let failed = |cause| LakeError::Keep { count, cause };
    let transaction = connection.transaction().map_err(failed)?;
    let mut last = 0;
    {
        let mut statement = transaction.prepare_cached("insert into inbox (envelope, body) values (?1, ?2)").map_err(failed)?;
        for delivery in deliveries {
            let envelope = serde_json::to_string(&Envelope::of(delivery))
                .map_err(|cause| failed(rusqlite::Error::ToSqlConversionFailure(Box::new(cause))))?;
            statement.execute(params![envelope, delivery.body]).map_err(failed)?;
            last = transaction.last_insert_rowid();
        }
    }
    transaction.commit().map_err(failed)?;
    Ok(last)
}

/// A delivery without its body, which has a column of its own.
#[derive(serde::Serialize)]
struct Envelope<'a> {
    id: &'a waymark_event::DeliveryId,
    source: &'a str,
    instance: &'a str,
    connection: &'a str,
    channel: waymark_event::Channel,
    event_type: Option<&'a str>,
    vendor_delivery_id: Option<&'a str>,
    headers: &'a std::collections::BTreeMap<String, String>,
    content_type: Option<&'a str>,
    body: [u8; 0],
    proof: waymark_event::Proof,
    request_url: Option<&'a str>,
    received_at: waymark_event::Instant,
}

impl<'a> Envelope<'a> {
    fn of(delivery: &'a Delivery) -> Self {
        Self {
            id: &delivery.id,
            source: &delivery.source,
            instance: &delivery.instance,
            connection: &delivery.connection,
            channel: delivery.channel,
            event_type: delivery.event_type.as_deref(),
            vendor_delivery_id: delivery.vendor_delivery_id.as_deref(),
            headers: &delivery.headers,
            content_type: delivery.content_type.as_deref(),
            body: [],
            proof: delivery.proof,
            request_url: delivery.request_url.as_deref(),
            received_at: delivery.received_at,
        }
    }
}

/// Opens the database of a data folder with the settings on which durability rests.
pub(crate) fn open_database(layout: &Layout) -> Result<Connection, LakeError> {
    let path = layout.database();
    open_at(&path).map_err(|cause| LakeError::OpenInbox { path, cause })
}

/// How long a connection waits for another one.
const BUSY_WAIT: Duration = Duration::from_secs(30);

/// Takes the log over into the database and cuts it off, because it still holds what was removed; false while somebody
/// reads there.
pub(crate) fn cut_log(connection: &Connection) -> Result<bool, rusqlite::Error> {
    // That somebody was in the way is told by a row, not by an error.
    connection.query_row("pragma wal_checkpoint(truncate)", [], |row| Ok(row.get::<_, i64>(0)? == 0))
}

/// The same, and nobody is waited for, because whoever keeps a delivery would have to wait, too.
fn cut_log_at_once(connection: &Connection) -> Result<bool, rusqlite::Error> {
    connection.busy_timeout(Duration::ZERO)?;
    let cut = cut_log(connection);
    connection.busy_timeout(BUSY_WAIT)?;
    cut
}

fn open_at(path: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_WAIT)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    // What is removed may name people whom the tables are not to hold.
    connection.pragma_update(None, "secure_delete", "on")?;
    connection.execute_batch(
        "create table if not exists inbox (
             position integer primary key autoincrement,
             envelope text not null,
             body blob not null
         );
         create table if not exists state (
             grouping text not null,
             name text not null,
             value text not null,
             primary key (grouping, name)
         ) without rowid;",
    )?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use waymark_event::{Channel, DeliveryId, Instant, Proof};

    fn delivery(body: &[u8]) -> Delivery {
        Delivery {
            id: DeliveryId::stored("d"),
            source: "json".to_owned(),
            instance: "local".to_owned(),
            connection: "json".to_owned(),
            channel: Channel::Webhook,
            event_type: None,
            vendor_delivery_id: None,
            headers: BTreeMap::new(),
            content_type: None,
            body: body.to_vec(),
            proof: Proof::NoneConfigured,
            request_url: None,
            received_at: Instant::from_seconds(0),
        }
    }

    /// Whether any file of a folder holds a text.
    fn is_anywhere(folder: &Path, text: &[u8]) -> bool {
        let mut files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
        files.any(|path| std::fs::read(path).unwrap().windows(text.len()).any(|window| window == text))
    }

    #[tokio::test]
    async fn the_end_of_the_thread_that_writes_is_noticed_and_nothing_before() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::open(folder.path()).unwrap();
        let handle = InboxHandle::start(&layout, InboxLimits::default()).unwrap();
        handle.keep(vec![delivery(b"{}")]).await.unwrap();
        assert!(tokio::time::timeout(Duration::from_millis(50), handle.ended()).await.is_err(), "it has ended");
        let (requests, receiver) = mpsc::channel::<Request>(1);
        let broken = InboxHandle { requests, progress: Arc::default() };
        let thread: std::thread::JoinHandle<()> = std::thread::spawn(move || {
            let _requests = receiver;
            panic!("a row that cannot be");
        });
        tokio::time::timeout(Duration::from_secs(10), broken.ended()).await.expect("nobody notices");
        assert!(thread.join().is_err());
        assert!(matches!(broken.keep(vec![delivery(b"{}")]).await, Err(LakeError::InboxClosed)));
    }

    #[test]
    fn nothing_of_a_removed_delivery_stays_in_the_files_once_nobody_reads() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::open(folder.path()).unwrap();
        let inbox = Inbox::open(&layout).unwrap();
        // One in a page with others, one over several pages of its own.
        let long = [b"zebulon@example.org".as_slice(), vec![b'x'; 20_000].as_slice()].concat();
        let last = inbox.keep(&[delivery(b"from zebulon@example.org"), delivery(&long)]).unwrap();
        let reader = open_database(&layout).unwrap();
        reader.execute_batch("begin").unwrap();
        let count: i64 = reader.query_row("select count(*) from inbox", [], |row| row.get(0)).unwrap();
        assert_eq!(count, 2);
        inbox.remove_through(last).unwrap();
        inbox.empty_log();
        assert!(is_anywhere(folder.path(), b"zebulon@example.org"), "who began to read sees what was there then");
        reader.execute_batch("commit").unwrap();
        inbox.empty_log();
        assert!(!is_anywhere(folder.path(), b"zebulon@example.org"));
        assert_eq!((inbox.waiting(0).unwrap(), inbox.last_position().unwrap()), (0, last));
        inbox.keep(&[delivery(b"{}")]).unwrap();
        assert_eq!(inbox.waiting(0).unwrap(), 1);
    }
}
