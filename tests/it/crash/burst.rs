//! A burst from several senders, and the kill in the middle of it.
//!
//! Where a kill lands is found by watching the data folder: shortly after a file of the wanted kind
//! has appeared, be it only a draft that is about to get its name.

use super::server::{Server, post};
use super::teller::Teller;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

/// How long a kill waits for its moment; then it comes all the same.
const MOMENT_MAX: Duration = Duration::from_secs(6);
const LOOK: Duration = Duration::from_millis(2);
/// How long a sender thinks before its next message, at most.
const THINKING_MICROS: u64 = 50_000;
/// Half of the kills come almost at once, the others a little later.
const SOON_MICROS: u64 = 4_000;
const LATER_MICROS: u64 = 60_000;
/// A kill after acknowledgements comes after fewer than these.
const ACKNOWLEDGED_MAX: u64 = 120;
/// A kill at files passes fewer appearances than these over.
const PASSED_MAX: u64 = 8;

/// After what the process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Moment {
    /// Some messages were acknowledged.
    Acknowledged,
    /// Rows are being appended, table by table.
    Appending,
    /// Small files are being merged.
    Merging,
    /// The new rows of a fact are being written.
    WritingFacts,
    /// A fact's new files are being put in the place of the old ones.
    SwappingFacts,
    /// A snapshot is being published.
    Publishing,
}

/// Each moment comes in its turn.
pub(super) const MOMENTS: &[Moment] = &[
    Moment::Acknowledged,
    Moment::Appending,
    Moment::Merging,
    Moment::WritingFacts,
    Moment::SwappingFacts,
    Moment::Publishing,
];

impl Moment {
    /// The files whose appearance tells of it.
    fn files(self, folder: &Path) -> BTreeSet<PathBuf> {
        let (observed, facts) = (folder.join("lake/observed"), folder.join("lake/facts"));
        match self {
            Self::Acknowledged => BTreeSet::new(),
            Self::Appending => entries(entries([observed], ""), "part-"),
            Self::Merging => entries(entries([observed], ""), "run-"),
            Self::WritingFacts => entries(entries([facts], ""), "shard-"),
            Self::SwappingFacts => entries(entries(entries([facts], ""), "_delta_log"), "0"),
            Self::Publishing => entries([folder.join("snapshots")], "s"),
        }
    }
}

/// What lies in folders under names that begin so; a folder that is not there holds nothing.
fn entries(folders: impl IntoIterator<Item = PathBuf>, beginning: &str) -> BTreeSet<PathBuf> {
    let read = folders.into_iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().filter_map(Result::ok);
    read.filter(|entry| entry.file_name().to_string_lossy().starts_with(beginning)).map(|entry| entry.path()).collect()
}

/// A kill as it is planned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kill {
    pub(super) moment: Moment,
    /// The moment is passed over so often.
    passed: u64,
    delay: Duration,
}

impl Kill {
    /// The kill after so many acknowledgements.
    pub(super) const fn after(acknowledged: u64) -> Self {
        Self { moment: Moment::Acknowledged, passed: acknowledged, delay: Duration::ZERO }
    }

    /// The kill of a round; its moment comes in turn, the rest is left to chance.
    pub(super) fn drawn(round: usize, chance: &mut ChaCha8Rng) -> Self {
        let range_micros = if chance.next_u64().is_multiple_of(2) { SOON_MICROS } else { LATER_MICROS };
        let moment = MOMENTS[round % MOMENTS.len()];
        let passed = match moment {
            Moment::Acknowledged => chance.next_u64() % ACKNOWLEDGED_MAX,
            // A merge comes seldom enough.
            Moment::Merging => 0,
            _ => chance.next_u64() % PASSED_MAX,
        };
        Self { moment, passed, delay: Duration::from_micros(chance.next_u64() % range_micros) }
    }
}

/// What came of a burst.
pub(super) struct Burst {
    /// The deliveries that were acknowledged.
    pub(super) acknowledged: Vec<String>,
    /// Whether the moment of the kill came in time.
    pub(super) is_met: bool,
    /// The senders, with what they still want to say.
    pub(super) tellers: Vec<Teller>,
}

/// All senders talk until the server is killed at its moment.
pub(super) fn burst(server: Server, tellers: Vec<Teller>, folder: &Path, kill: Kill) -> Burst {
    let mut known = kill.moment.files(folder);
    let (tell, told) = channel();
    let address = server.address();
    let senders: Vec<_> = tellers
        .into_iter()
        .map(|teller| {
            let tell = tell.clone();
            std::thread::spawn(move || talk(teller, address, &tell))
        })
        .collect();
    let end = Instant::now() + MOMENT_MAX;
    let mut acknowledged: Vec<String> = Vec::new();
    let mut seen = 0;
    while seen <= kill.passed && Instant::now() < end {
        acknowledged.extend(told.recv_timeout(LOOK));
        acknowledged.extend(told.try_iter());
        if kill.moment == Moment::Acknowledged {
            seen = acknowledged.len() as u64;
            continue;
        }
        let files = kill.moment.files(folder);
        // What is left over from the start is no moment of this burst.
        seen += u64::from(!acknowledged.is_empty() && !files.is_subset(&known));
        known = files;
    }
    let is_met = seen > 0;
    std::thread::park_timeout(kill.delay);
    server.kill();
    drop(tell);
    acknowledged.extend(told);
    let tellers = senders.into_iter().map(|sender| sender.join().unwrap()).collect();
    Burst { acknowledged, is_met, tellers }
}

/// Talks until nobody answers any more, and tells each acknowledged delivery.
fn talk(mut teller: Teller, address: SocketAddr, acknowledged: &Sender<String>) -> Teller {
    loop {
        match post(address, &teller.message()) {
            Ok((202, told)) => acknowledged.send(told["delivery_id"].as_str().unwrap().to_owned()).unwrap(),
            Ok((status, told)) => panic!("{status} {told}"),
            Err(_) => return teller,
        }
        teller.acknowledged();
        std::thread::park_timeout(Duration::from_micros(teller.draw() % THINKING_MICROS));
    }
}
