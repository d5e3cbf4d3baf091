//! `receive`: from a webhook to its durable 202, ours beside a bare handler (`bare.rs`), in turns.
//!
//! Senders keep their connections and wait for each answer; they share the processors with the
//! servers, which takes the same from both. Nothing empties the inbox meanwhile.

use crate::asked::Asked;
use crate::rows::{NO_AIM, grouped, per_second, row};
use crate::{bare, runtime, scratch};
use axum::Router;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use waymark_collect::arrivals::webhook::{self, BodyLimits, Receiver};
use waymark_collect::{Authentication, Connection, Secret};
use waymark_event::SystemClock;
use waymark_lake::{InboxHandle, InboxLimits, Layout};

const CONNECTIONS: usize = 32;
const TURNS: usize = 2;
const TURN: Duration = Duration::from_secs(5);
const WARMING: Duration = Duration::from_secs(1);
const SOURCE: &str = "json";
const BODY_BYTES_MAX: usize = 25 * 1_024 * 1_024;
const BODY: &str = concat!(
    r#"{"type":"deployment","data":{"deployment_id":"checkout-d1204","service_hint":"checkout","environment":"production","#,
    r#""revisions":["acme/checkout@0f9c2d6a41b7e83512fa6cbb7a9e04d1c35e8f26"],"status":"finished","result":"success","#,
    r#""created_at":"2026-03-02T09:13:45Z","started_at":"2026-03-02T09:14:00Z","finished_at":"2026-03-02T09:16:31Z","#,
    r#""person":"acme-dev17","is_bot":false}}"#,
);
const SECRET: &str = "the secret of the benchmark";
/// HMAC-SHA-256 of the body with the secret.
const SIGNATURE: &str = "a33c59632fb607b2b59ef0e1269d40afbb5862e1a64b14dab659e6b6aa4a7369";

/// A server that listens, and what it has answered in its turns.
struct Server {
    address: SocketAddr,
    commits_so_far: Box<dyn Fn() -> u64>,
    deliveries: usize,
    commits: u64,
    duration: Duration,
}

pub(crate) fn run(_: &Asked) {
    runtime().block_on(async {
        compare("without a check", Vec::new()).await;
        compare("with an HMAC", vec![Secret::new("bench", SECRET)]).await;
    });
}

async fn compare(check: &str, secrets: Vec<Secret>) {
    let folder = scratch();
    let request: Arc<[u8]> = request(&secrets).into_bytes().into();
    let mut bare = bare_server(&folder.path().join("bare.sqlite"), secrets.clone()).await;
    let mut ours = our_server(&folder.path().join("ours"), secrets).await;
    for server in [&ours, &bare] {
        send(server.address, &request, WARMING).await;
    }
    for _ in 0..TURNS {
        for server in [&mut ours, &mut bare] {
            server.take_turn(&request).await;
        }
    }
    let what = format!("webhook to durable 202 {check}, {CONNECTIONS} connections");
    for (name, server) in [("ours", &ours), ("a bare handler", &bare)] {
        row(&format!("{what}: {name}"), &server.seen(), NO_AIM);
    }
    let speed = |server: &Server| server.deliveries as f64 / server.duration.as_secs_f64();
    row(&format!("{what}: ours by bare"), &format!("{:.2}", speed(&ours) / speed(&bare)), "at least 0.5");
}

impl Server {
    fn new(address: SocketAddr, commits_so_far: Box<dyn Fn() -> u64>) -> Self {
        Self { address, commits_so_far, deliveries: 0, commits: 0, duration: Duration::ZERO }
    }

    async fn take_turn(&mut self, request: &Arc<[u8]>) {
        let before = (self.commits_so_far)();
        let (deliveries, duration) = send(self.address, request, TURN).await;
        self.commits += (self.commits_so_far)() - before;
        self.deliveries += deliveries;
        self.duration += duration;
    }

    /// Each commit is one fsync of the log; checkpoints come once in a thousand pages.
    fn seen(&self) -> String {
        let fsyncs = self.commits as f64 / self.deliveries as f64;
        let speed = per_second(self.deliveries, self.duration);
        format!("{speed}, {} deliveries, {fsyncs:.3} fsyncs for each", grouped(self.deliveries))
    }
}

async fn our_server(folder: &Path, secrets: Vec<Secret>) -> Server {
    let layout = Layout::open(folder).unwrap();
    let inbox = InboxHandle::start(&layout, InboxLimits::default()).unwrap();
    let authentication = if secrets.is_empty() { Authentication::None } else { Authentication::Secret };
    let connection = Connection { name: SOURCE.to_owned(), source: SOURCE.to_owned(), instance: None, secrets, authentication };
    let receiver = Receiver {
        inbox: inbox.clone(),
        connections: Arc::new(vec![connection]),
        accepts_unconfigured: false,
        limits: BodyLimits::of_size(BODY_BYTES_MAX),
        clock: Arc::new(SystemClock),
    };
    Server::new(listen(webhook::router(receiver)).await, Box::new(move || inbox.commits()))
}

async fn bare_server(database: &Path, secrets: Vec<Secret>) -> Server {
    let scheme = waymark_collect::find(SOURCE).unwrap().proof();
    let (router, commits) = bare::router(database, scheme, secrets);
    Server::new(listen(router).await, Box::new(move || commits.load(Ordering::Relaxed)))
}

async fn listen(app: Router) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        axum::serve(listener, app).await.unwrap();
    });
    address
}

fn request(secrets: &[Secret]) -> String {
    let proof = if secrets.is_empty() { String::new() } else { format!("x-waymark-signature-256: sha256={SIGNATURE}\r\n") };
    let length = BODY.len();
    format!(
        "POST /hooks/{SOURCE} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         {proof}\r\n{BODY}"
    )
}

/// Sends over all connections for a while; how many were acknowledged, and how long it took.
async fn send(address: SocketAddr, request: &Arc<[u8]>, lasting: Duration) -> (usize, Duration) {
    let began = Instant::now();
    let until = began + lasting;
    let senders: Vec<_> = (0..CONNECTIONS).map(|_| tokio::spawn(send_until(address, Arc::clone(request), until))).collect();
    let mut count = 0;
    for sender in senders {
        count += sender.await.unwrap();
    }
    (count, began.elapsed())
}

async fn send_until(address: SocketAddr, request: Arc<[u8]>, until: Instant) -> usize {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut answer = vec![0; 4_096];
    let mut count = 0;
    while Instant::now() < until {
        stream.write_all(&request).await.unwrap();
        let mut held = 0;
        while answer_end(&answer[..held]).is_none_or(|end| held < end) {
            let read = stream.read(&mut answer[held..]).await.unwrap();
            assert!(read > 0, "the server closed a connection");
            held += read;
        }
        assert!(answer.starts_with(b"HTTP/1.1 202"), "{}", String::from_utf8_lossy(&answer[..held]));
        count += 1;
    }
    count
}

/// Where an answer ends, once its head is there.
fn answer_end(answer: &[u8]) -> Option<usize> {
    let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&answer[..head]).unwrap();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    Some(head + length.unwrap_or_default())
}
