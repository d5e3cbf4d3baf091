//! The real binary, killed or out of disk in the middle of its work: what it acknowledged is there.
//!
//! Every wait is bounded, and only processes that are started here are ended. The binary is taken
//! from beside this test: `cargo build` makes it.

use crate::harness::skipped;
use crate::lake_rows;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use waymark_lake::{DELIVERIES, Layout, Snapshot};

/// How often the process is killed; each time at another point of a burst.
const KILLS: usize = 3;
const SENDERS: usize = 4;
const MESSAGES_PER_SENDER: usize = 75;
/// A start includes moving what waits and computing the facts, on a machine that may be busy.
const START_MAX: Duration = Duration::from_mins(2);
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// The program beside this test, if it was built.
fn program() -> Option<PathBuf> {
    let test = std::env::current_exe().unwrap();
    let program = test.parent()?.parent()?.join(format!("waymark{}", std::env::consts::EXE_SUFFIX));
    program.is_file().then_some(program)
}

/// A running `waymark serve`, which is killed when the test ends.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start(mut command: Command, folder: &Path) -> Self {
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder)
            .current_dir(folder)
            .env_remove("WAYMARK_DATA")
            .env_remove("WAYMARK_CONFIG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (tell, told) = channel();
        // Goes on reading to the end, because a full pipe would stop the process.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(tell.send(line))));
        let address = address(&told);
        Self { child, address }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn post(&self, body: &str) -> (u16, Value) {
        post(self.address, body).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The address of the line in which the process says that it is ready.
fn address(told: &Receiver<String>) -> SocketAddr {
    let mut said = Vec::new();
    loop {
        let line = told.recv_timeout(START_MAX).unwrap_or_else(|_| panic!("the server is not ready; it said {said:#?}"));
        if let Some((_, rest)) = line.split_once("Waymark is ready at http://") {
            return rest.split('/').next().unwrap().parse().unwrap();
        }
        said.push(line);
    }
}

/// Posts one message over a connection of its own; an error means that nobody answered.
fn post(address: SocketAddr, body: &str) -> std::io::Result<(u16, Value)> {
    let request = format!(
        "POST /hooks/json HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_MAX)?;
    stream.set_read_timeout(Some(ANSWER_MAX))?;
    stream.set_write_timeout(Some(ANSWER_MAX))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let broken_off = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(broken_off)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(broken_off)?;
    let mut told: Value = serde_json::from_str(body).map_err(|_| broken_off())?;
    told["retry-after"] = head.to_lowercase().contains("\r\nretry-after: ").into();
    Ok((status, told))
}

fn deployment(id: &str) -> String {
    format!(
        r#"{{"type":"deployment","data":{{"deployment_id":"{id}","service_hint":"checkout","environment":"production","status":"finished","result":"success","finished_at":"2026-01-05T10:00:00Z"}}}}"#
    )
}

/// Sends until nobody answers any more, and tells each acknowledged delivery.
fn send(address: SocketAddr, sender: &str, acknowledged: &Sender<String>) {
    for number in 0..MESSAGES_PER_SENDER {
        match post(address, &deployment(&format!("{sender}-{number}"))) {
            Ok((202, told)) => acknowledged.send(told["delivery_id"].as_str().unwrap().to_owned()).unwrap(),
            Ok((status, told)) => panic!("{status} {told}"),
            Err(_) => return,
        }
    }
}

/// A burst from several senders; the server is killed once `enough` messages were acknowledged.
fn burst(server: Server, round: usize, enough: usize) -> Vec<String> {
    let (tell, told) = channel();
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let (address, tell) = (server.address, tell.clone());
            std::thread::spawn(move || send(address, &format!("round-{round}-{sender}"), &tell))
        })
        .collect();
    drop(tell);
    let mut acknowledged: Vec<String> = told.iter().take(enough).collect();
    server.kill();
    acknowledged.extend(told);
    for sender in senders {
        sender.join().unwrap();
    }
    acknowledged
}

/// How often each delivery stands in the newest snapshot.
async fn visible(folder: &Path) -> BTreeMap<String, usize> {
    let layout = Layout::existing(folder).unwrap();
    let snapshot = Snapshot::newest(&layout).unwrap().unwrap();
    let mut counts = BTreeMap::new();
    for row in lake_rows::snapshot_rows(&layout, &snapshot, DELIVERIES).await {
        *counts.entry(row["delivery_id"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    counts
}

#[tokio::test]
async fn every_acknowledged_delivery_survives_a_kill() {
    let Some(program) = program() else {
        return skipped("kill during a burst", "the program is not built: run `cargo build` first");
    };
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    let mut server = Server::start(Command::new(&program), folder.path());
    for round in 0..KILLS {
        let enough = 40 + round * SENDERS * MESSAGES_PER_SENDER / KILLS;
        acknowledged.extend(burst(server, round, enough));
        // Ready means that everything that waited is visible.
        server = Server::start(Command::new(&program), folder.path());
        let counts = visible(folder.path()).await;
        let lost: Vec<&String> = acknowledged.iter().filter(|id| !counts.contains_key(*id)).collect();
        assert!(lost.is_empty(), "{} of {} acknowledged deliveries are gone: {lost:?}", lost.len(), acknowledged.len());
        let repeated: Vec<_> = counts.iter().filter(|(_, count)| **count > 1).collect();
        assert!(repeated.is_empty(), "deliveries stand in the table more than once: {repeated:?}");
    }
    assert!(acknowledged.len() >= KILLS * 40, "only {} deliveries were acknowledged", acknowledged.len());
}

/// The operating system refuses every file above a size, as a full disk refuses all.
#[cfg(unix)]
#[tokio::test]
async fn a_full_disk_is_answered_with_patience_and_loses_nothing() {
    let Some(program) = program() else {
        return skipped("a full disk", "the program is not built: run `cargo build` first");
    };
    let folder = tempfile::tempdir().unwrap();
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 2048; exec \"$0\" \"$@\""]).arg(&program);
    let server = Server::start(limited, folder.path());
    let mut acknowledged = Vec::new();
    let large = format!("[{}]", vec![" "; 4 * 1024 * 1024].concat());
    for (body, expected) in [(deployment("d1"), 202), (large, 503), (deployment("d2"), 202)] {
        let (status, told) = server.post(&body);
        assert_eq!(status, expected, "{told}");
        assert_eq!(told["retry-after"], Value::Bool(expected == 503), "{told}");
        acknowledged.extend(told["delivery_id"].as_str().map(ToOwned::to_owned));
    }
    server.kill();
    let server = Server::start(Command::new(&program), folder.path());
    let counts = visible(folder.path()).await;
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), acknowledged.into_iter().map(|id| (id, 1)).collect::<Vec<_>>());
    let large = format!("[{}]", vec![" "; 4 * 1024 * 1024].concat());
    assert_eq!(server.post(&large).0, 202, "once there is room, the same message is taken");
}
