//! What a question may use while it runs: time, rows, memory, disk.
//!
//! Memory is charged three times: to the question, to its caller and to the process; the smallest
//! of the three decides. Spilling has one limit for all. Who enforces the deadline and the rows is
//! the query service; stopping is in `stop.rs`.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use datafusion::error::{DataFusionError, Result};
use datafusion::execution::disk_manager::{DiskManager, DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{
    FairSpillPool, GreedyMemoryPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation, TrackConsumersPool,
};
use datafusion::execution::runtime_env::RuntimeEnv;

const MIB: u64 = 1024 * 1024;
/// How many of the largest consumers an error of the pool names in the log.
const CONSUMERS_NAMED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(4);

/// The limits of one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time for planning, running and sending together, in milliseconds.
    pub deadline_ms: u64,
    /// Most rows of the answer.
    pub rows_max: u64,
    /// Most memory of the question, in bytes.
    pub memory_bytes_max: u64,
    /// Most bytes of the answer, as it stands in memory before it is written in some format.
    pub answer_bytes_max: u64,
}

impl Limits {
    /// A person who reads the answer as one document.
    pub const PEOPLE: Self =
        Self { deadline_ms: 30_000, rows_max: 10_000, memory_bytes_max: 512 * MIB, answer_bytes_max: 256 * MIB };
    /// A person or program that reads the answer as a stream.
    pub const STREAM: Self = Self { rows_max: 1_000_000, ..Self::PEOPLE };
    /// The longest deadline that any role may have, in milliseconds.
    pub const DEADLINE_MS_MAX: u64 = 300_000;

    /// The limits with what a caller asked for; nobody can raise a limit.
    #[must_use]
    pub fn lowered(self, deadline_ms: Option<u64>, rows_max: Option<u64>) -> Self {
        Self {
            deadline_ms: deadline_ms.unwrap_or(self.deadline_ms).min(self.deadline_ms).min(Self::DEADLINE_MS_MAX),
            rows_max: rows_max.unwrap_or(self.rows_max).min(self.rows_max),
            ..self
        }
    }
}

/// What all questions of the process share.
#[derive(Debug)]
pub(crate) struct Budget {
    process: Arc<dyn MemoryPool>,
    disk: Arc<DiskManager>,
}

impl Budget {
    /// Memory of one caller, in bytes.
    pub(crate) const CALLER_BYTES_MAX: u64 = 1024 * MIB;
    /// Disk of all questions together, in bytes.
    pub(crate) const SPILL_BYTES_MAX: u64 = 4 * 1024 * MIB;

    /// A budget for the process, which spills into a folder of its own: what an earlier process
    /// left there is removed.
    pub(crate) fn new(memory_bytes_max: u64, spill_bytes_max: u64, folder: &Path) -> Result<Self> {
        remove_leftovers(folder).map_err(DataFusionError::IoError)?;
        let disk = DiskManagerBuilder::default()
            .with_mode(DiskManagerMode::Directories(vec![folder.to_path_buf()]))
            .with_max_temp_directory_size(spill_bytes_max)
            .build()?;
        Ok(Self { process: Arc::new(GreedyMemoryPool::new(bytes(memory_bytes_max))), disk: Arc::new(disk) })
    }

    /// The pool of one caller, to be kept while any of the caller's questions runs.
    pub(crate) fn caller(&self, bytes_max: u64) -> Arc<dyn MemoryPool> {
        let own = GreedyMemoryPool::new(bytes(bytes_max));
        Arc::new(Charged { own, above: Arc::clone(&self.process) })
    }

    /// The environment of one question: its own memory under its caller's, the shared disk, and
    /// the stores and caches of `base`.
    pub(crate) fn question(&self, base: &RuntimeEnv, caller: &Arc<dyn MemoryPool>, limits: &Limits) -> Arc<RuntimeEnv> {
        let own = TrackConsumersPool::new(FairSpillPool::new(bytes(limits.memory_bytes_max)), CONSUMERS_NAMED);
        Arc::new(RuntimeEnv {
            memory_pool: Arc::new(Charged { own, above: Arc::clone(caller) }),
            disk_manager: Arc::clone(&self.disk),
            cache_manager: Arc::clone(&base.cache_manager),
            object_store_registry: Arc::clone(&base.object_store_registry),
        })
    }
}

fn bytes(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// Only folders that the engine itself has made are removed: the path comes from a configuration.
fn remove_leftovers(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let is_ours = entry.file_name().to_string_lossy().starts_with("datafusion-");
        if is_ours && entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// A pool whose reservations also count in a pool above it.
#[derive(Debug)]
struct Charged<P> {
    own: P,
    above: Arc<dyn MemoryPool>,
}

impl<P: MemoryPool> fmt::Display for Charged<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} under {}", self.own, self.above)
    }
}

impl<P: MemoryPool> MemoryPool for Charged<P> {
    fn name(&self) -> &'static str {
        "charged"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.own.register(consumer);
        self.above.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.own.unregister(consumer);
        self.above.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.own.grow(reservation, additional);
        self.above.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.own.shrink(reservation, shrink);
        self.above.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        self.own.try_grow(reservation, additional)?;
        self.above.try_grow(reservation, additional).inspect_err(|_| self.own.shrink(reservation, additional))
    }

    fn reserved(&self) -> usize {
        self.own.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.own.memory_limit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> std::path::PathBuf {
        std::env::temp_dir().join(format!("waymark-budget-{}", std::process::id()))
    }

    fn pools() -> (Budget, Arc<dyn MemoryPool>, Arc<RuntimeEnv>) {
        let folder = folder();
        std::fs::create_dir_all(folder.join("datafusion-left")).unwrap();
        std::fs::create_dir_all(folder.join("kept")).unwrap();
        let budget = Budget::new(100, 1_000, &folder).unwrap();
        assert!(!folder.join("datafusion-left").exists() && folder.join("kept").exists());
        let caller = budget.caller(60);
        let limits = Limits { memory_bytes_max: 40, ..Limits::PEOPLE };
        let question = budget.question(&RuntimeEnv::default(), &caller, &limits);
        (budget, caller, question)
    }

    #[test]
    fn memory_is_charged_to_question_caller_and_process() {
        let (budget, caller, question) = pools();
        let first = MemoryConsumer::new("first").register(&question.memory_pool);
        assert!(first.try_grow(30).is_ok());
        assert_eq!((question.memory_pool.reserved(), caller.reserved(), budget.process.reserved()), (30, 30, 30));
        // The question's own limit is 40.
        assert!(first.try_grow(11).is_err());
        let other = budget.question(&RuntimeEnv::default(), &caller, &Limits { memory_bytes_max: 40, ..Limits::PEOPLE });
        let second = MemoryConsumer::new("second").register(&other.memory_pool);
        assert!(second.try_grow(30).is_ok());
        // Both together have the caller's 60, and what was refused is charged to nobody.
        assert!(second.try_grow(1).is_err());
        assert_eq!((other.memory_pool.reserved(), caller.reserved(), budget.process.reserved()), (30, 60, 60));
        drop(first);
        drop(second);
        assert_eq!((caller.reserved(), budget.process.reserved()), (0, 0));
        assert_eq!(question.disk_manager.max_temp_directory_size(), 1_000);
        std::fs::remove_dir_all(folder()).unwrap();
    }

    #[test]
    fn a_caller_can_only_lower_a_limit() {
        let limits = Limits::PEOPLE.lowered(Some(1_000), Some(1_000_000));
        assert_eq!((limits.deadline_ms, limits.rows_max), (1_000, 10_000));
        assert_eq!(Limits::PEOPLE.lowered(None, None), Limits::PEOPLE);
    }
}
