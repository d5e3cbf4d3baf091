//! `Collector`: the real program that consumes a topic, which is killed often and started again.
//!
//! What it says is kept, so that a failure can be understood. When to kill it is the test's.

use super::ground::Ground;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Lines that are kept of what it says.
const LINES_KEPT: usize = 60;
/// Times that it may end by itself, for example because the broker is away for long.
const ENDS_MAX: usize = 30;
/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// What it shall say: every batch, and nothing of a broker that is away, which is wanted.
const LOG: &str = "warn,waymark_collect=debug,waymark_collect::arrivals::kafka::assignment=error";
/// What the program says of every batch that it has committed.
const COMMITTED: &str = "deliveries were committed";

/// One collector and its successors.
pub(super) struct Collector {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(String, String)>,
    child: Option<Child>,
    said: Arc<Mutex<Said>>,
    ends: usize,
}

#[derive(Default)]
struct Said {
    lines: VecDeque<String>,
    batches: usize,
}

impl Collector {
    /// Starts the collector of this number.
    pub(super) fn start(program: &Path, configuration: &Path, ground: &Ground, number: usize) -> Self {
        let mut arguments: Vec<OsString> = vec!["collect".into(), "kafka".into(), "--config".into(), configuration.into()];
        arguments.extend(ground.arguments(number));
        let mut collector = Self {
            program: program.to_owned(),
            arguments,
            environment: ground.environment().to_vec(),
            child: None,
            said: Arc::default(),
            ends: 0,
        };
        collector.start_again();
        collector
    }

    /// Starts a new process; the one before must have ended.
    pub(super) fn start_again(&mut self) {
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .env_remove("WAYMARK_DATA")
            .env("WAYMARK_LOG", LOG)
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        listen(child.stderr.take().unwrap(), Arc::clone(&self.said));
        self.child = Some(child);
    }

    /// Ends the process as a power cut would; false when it had ended by itself.
    pub(super) fn kill(&mut self) -> bool {
        let Some(mut child) = self.child.take() else { return false };
        let was_running = child.try_wait().unwrap().is_none();
        child.kill().ok();
        child.wait().ok();
        was_running
    }

    /// Starts it again if it has ended by itself, as whatever supervises it would.
    fn tend(&mut self) {
        let ended = self.child.as_mut().and_then(|child| child.try_wait().unwrap());
        if ended.is_some() {
            self.ends += 1;
            assert!(self.ends < ENDS_MAX, "the collector has ended {} times by itself:\n{}", self.ends, self.said());
            self.start_again();
        }
    }

    /// Times that it has ended by itself.
    pub(super) const fn ends(&self) -> usize {
        self.ends
    }

    /// Batches that it has committed.
    pub(super) fn batches(&self) -> usize {
        locked(&self.said).batches
    }

    /// The last lines of what it has said.
    pub(super) fn said(&self) -> String {
        locked(&self.said).lines.iter().fold(String::new(), |text, line| text + line + "\n")
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Leaves collectors to their work, except that they are started again when they end by themselves.
pub(super) async fn leave_alone(collectors: &mut [Collector], mut time: Duration) {
    while !time.is_zero() {
        let step = time.min(LOOK);
        tokio::time::sleep(step).await;
        time -= step;
        collectors.iter_mut().for_each(Collector::tend);
    }
}

/// Goes on reading to the end, because a full pipe would stop the process.
fn listen(pipe: impl Read + Send + 'static, said: Arc<Mutex<Said>>) {
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            let mut said = locked(&said);
            if line.contains(COMMITTED) {
                said.batches += 1;
            } else if !line.contains("DEBUG") {
                said.lines.push_back(line);
                let surplus = said.lines.len().saturating_sub(LINES_KEPT);
                said.lines.drain(..surplus);
            }
        }
    });
}

fn locked(said: &Mutex<Said>) -> MutexGuard<'_, Said> {
    said.lock().unwrap_or_else(PoisonError::into_inner)
}
