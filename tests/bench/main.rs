//! Benchmarks, as plain numbers of one run: `cargo bench --workspace --bench bench` optimised,
//! `cargo test --workspace --bench bench` in the development profile of the demo.
//!
//! `cargo bench --workspace --bench bench -- WORD…` runs the parts whose name holds a word, and without
//! a word those that are quick. `load=0.02` says how large the organisation of `load`, `dora`, `answers` and
//! `adoption` is (1 is the whole one), `--years N` how long its history, and `--folder DIR` (an absolute path) keeps
//! its data, so that `answers` can be asked again without loading. Rows of a Markdown table are
//! printed and nothing is judged; `docs/BENCHMARKS.md` holds what was seen. Other engines beside ours
//! are in `peers.py`. `RUST_LOG=waymark_analytics=debug` tells where the time of a refresh goes.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on should stop where it is")]

mod adoption;
mod again;
mod answers;
mod asked;
mod attribution;
mod bare;
mod demo;
mod dora;
mod held_back;
mod kafka;
mod large;
mod load;
mod memory;
mod paved;
mod receive;
mod rows;
mod scan;

use asked::Asked;
use std::path::Path;
use tempfile::TempDir;

/// The allocator of the binary, so that time and memory are those of the product.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Something that is measured by itself.
struct Part {
    name: &'static str,
    /// Whether it runs without being asked for.
    is_quick: bool,
    run: fn(&Asked),
}

/// Every part, in the order in which they run: `again`, `dora` and `answers` go on from what `load` has stored.
const PARTS: &[Part] = &[
    Part { name: "attribution", is_quick: true, run: attribution::run },
    Part { name: "demo", is_quick: true, run: demo::run },
    Part { name: "receive", is_quick: false, run: receive::run },
    Part { name: "kafka", is_quick: false, run: kafka::run },
    Part { name: "load", is_quick: false, run: load::run },
    Part { name: "again", is_quick: false, run: again::run },
    Part { name: "dora", is_quick: false, run: dora::run },
    Part { name: "answers", is_quick: false, run: answers::run },
    Part { name: "adoption", is_quick: false, run: adoption::run },
    Part { name: "scan", is_quick: false, run: scan::run },
];

fn main() {
    if std::env::var_os("RUST_LOG").is_some() {
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    }
    let asked = Asked::read(std::env::args().skip(1));
    rows::heading();
    for part in PARTS.iter().filter(|part| asked.wants(part)) {
        (part.run)(&asked);
    }
}

/// A runtime like that of `serve`.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().max_blocking_threads(8).enable_all().build().unwrap()
}

/// A folder that goes away, on the disk of the build: a temporary one may lie in memory, where an
/// fsync costs nothing.
fn scratch() -> TempDir {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(place).unwrap();
    tempfile::tempdir_in(place).unwrap()
}
