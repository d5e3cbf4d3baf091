//! `Bare`: the least that a durable receiver can be: the same check, the body into SQLite, 202.
//!
//! Group commit as in the inbox: WAL, `synchronous = FULL`, one writer thread. It keeps no headers and
//! no envelope, gives no ids, and has no limits, so it is what our receiver is measured by.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use rusqlite::{Connection, params};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{mpsc, oneshot};
use waymark_collect::{ProofScheme, Secret, proven_by};

const GROUP_MAX: usize = 1_000;

struct Request {
    body: Bytes,
    answer: oneshot::Sender<()>,
}

#[derive(Clone)]
struct Bare {
    requests: mpsc::Sender<Request>,
    scheme: ProofScheme,
    secrets: Arc<Vec<Secret>>,
}

/// A bare receiver over a new database, and the count of its commits; without secrets it checks nothing.
pub(crate) fn router(database: &Path, scheme: ProofScheme, secrets: Vec<Secret>) -> (Router, Arc<AtomicU64>) {
    let connection = Connection::open(database).unwrap();
    connection.pragma_update(None, "journal_mode", "wal").unwrap();
    connection.pragma_update(None, "synchronous", "full").unwrap();
    connection.execute_batch("create table kept (position integer primary key autoincrement, body blob not null)").unwrap();
    let (requests, receiver) = mpsc::channel(256);
    let commits = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&commits);
    std::thread::spawn(move || write_groups(connection, receiver, &counted));
    let bare = Bare { requests, scheme, secrets: Arc::new(secrets) };
    (Router::new().route("/hooks/{connection}", post(receive)).with_state(bare), commits)
}

async fn receive(State(bare): State<Bare>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
    if !bare.secrets.is_empty() && proven_by(bare.scheme, &bare.secrets, header, &body).is_none() {
        return StatusCode::UNAUTHORIZED;
    }
    let (answer, answered) = oneshot::channel();
    bare.requests.send(Request { body, answer }).await.unwrap();
    answered.await.unwrap();
    StatusCode::ACCEPTED
}

/// Commits what has gathered, then answers all of it; ends with the last sender.
fn write_groups(mut connection: Connection, mut requests: mpsc::Receiver<Request>, commits: &AtomicU64) {
    while let Some(first) = requests.blocking_recv() {
        let mut group = vec![first];
        while group.len() < GROUP_MAX
            && let Ok(next) = requests.try_recv()
        {
            group.push(next);
        }
        let transaction = connection.transaction().unwrap();
        for request in &group {
            let mut statement = transaction.prepare_cached("insert into kept (body) values (?1)").unwrap();
            statement.execute(params![&request.body[..]]).unwrap();
        }
        transaction.commit().unwrap();
        commits.fetch_add(1, Ordering::Relaxed);
        for request in group {
            request.answer.send(()).unwrap();
        }
    }
}
