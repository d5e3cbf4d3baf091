//! `waymark serve` as a process of its own: started, asked, killed, and only what was started here.
//!
//! Every wait is bounded. The program is taken from beside this test: `cargo build` makes it.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Why a test that needs the program was not run.
pub(super) const ABSENT: &str = "the program is not built: run `cargo build` first";
/// A start includes moving what waits and computing the facts, on a machine that may be busy.
const START_MAX: Duration = Duration::from_mins(10);
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// How often it is looked whether a process has ended.
const LOOK: Duration = Duration::from_millis(20);

/// A running `waymark serve`, which is killed when the test ends.
pub(super) struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts a server of a data folder and waits until it says that it is ready.
    pub(super) fn start(mut command: Command, folder: &Path) -> Self {
        let mut child = serving(&mut command, folder).spawn().unwrap();
        let told = lines(&mut child);
        let address = address(&told);
        Self { child, address }
    }

    /// Where it listens.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The number of its process, by which it names itself.
    pub(super) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, in the middle of whatever it does.
    pub(super) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Posts one message to it, which must be answered.
    pub(super) fn post(&self, body: &str) -> (u16, Value) {
        post(self.address, body).unwrap()
    }

    /// The status with which a path is answered.
    pub(super) fn status_of(&self, path: &str) -> u16 {
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.address);
        ask(self.address, &request).unwrap().0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Starts a server that is expected to give up by itself; how it ended, and what it said.
pub(super) fn refused(mut command: Command, folder: &Path) -> (ExitStatus, String) {
    let mut child = serving(&mut command, folder).spawn().unwrap();
    let told = lines(&mut child);
    let end = Instant::now() + START_MAX;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > end {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("the server goes on; it said {:#?}", told.try_iter().collect::<Vec<_>>());
        }
        std::thread::park_timeout(LOOK);
    };
    (status, told.into_iter().collect::<Vec<_>>().join("\n"))
}

fn serving<'command>(command: &'command mut Command, folder: &Path) -> &'command mut Command {
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder)
        .current_dir(folder)
        .env_remove("WAYMARK_DATA")
        .env_remove("WAYMARK_CONFIG")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
}

/// What a process says, line by line; reads on to the end, because a full pipe would stop it.
fn lines(child: &mut Child) -> Receiver<String> {
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let (tell, told) = channel();
    std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(tell.send(line))));
    told
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
pub(super) fn post(address: SocketAddr, body: &str) -> std::io::Result<(u16, Value)> {
    let request = format!(
        "POST /hooks/json HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let (status, head, body) = ask(address, &request)?;
    let mut told: Value = serde_json::from_str(&body).map_err(|_| broken_off())?;
    told["retry-after"] = head.to_lowercase().contains("\r\nretry-after: ").into();
    Ok((status, told))
}

/// The status, the head and the body of an answer.
fn ask(address: SocketAddr, request: &str) -> std::io::Result<(u16, String, String)> {
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_MAX)?;
    stream.set_read_timeout(Some(ANSWER_MAX))?;
    stream.set_write_timeout(Some(ANSWER_MAX))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(broken_off)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(broken_off)?;
    Ok((status, head.to_owned(), body.to_owned()))
}

fn broken_off() -> std::io::Error {
    std::io::ErrorKind::UnexpectedEof.into()
}
