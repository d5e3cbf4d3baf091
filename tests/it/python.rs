//! Python with the libraries of other engines, where `.ci/run` has put it: beside the build results.
//!
//! Nothing is installed here; a test that finds no interpreter says so and passes.

use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// A script reads small tables; the first start of a library may take most of this.
const RUN_MAX: Duration = Duration::from_mins(3);

/// Why a test that needs the interpreter was not run.
pub(crate) const ABSENT: &str = "there is no tools/python beside the build results: run `.ci/run`";

/// The interpreter, if it is there.
pub(crate) fn interpreter() -> Option<PathBuf> {
    let test = std::env::current_exe().unwrap();
    // The test lies in TARGET/PROFILE/deps.
    let target = test.parent()?.parent()?.parent()?;
    let python = target.join("tools/python/bin/python");
    python.is_file().then_some(python)
}

/// What a script prints; null when there is no interpreter. A script that fails stops the test.
pub(crate) fn run(script: &Path, arguments: &[&OsStr]) -> Option<String> {
    let mut child = Command::new(interpreter()?)
        .arg(script)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let printed = read_to_end(child.stdout.take().unwrap());
    let said = read_to_end(child.stderr.take().unwrap());
    let Ok(printed) = printed.recv_timeout(RUN_MAX) else {
        child.kill().ok();
        child.wait().ok();
        panic!("{} did not end within {RUN_MAX:?}", script.display());
    };
    let status = child.wait().unwrap();
    let said = said.recv_timeout(RUN_MAX).unwrap_or_default();
    assert!(status.success(), "{} ended with {status}: {said}", script.display());
    Some(printed)
}

/// Reads in a thread of its own, because a full pipe would stop the script.
fn read_to_end(mut pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).ok();
        tell.send(text).ok();
    });
    told
}
