//! `FaultyStore`: an object store in which things go wrong, as told or by a seeded chance.
//!
//! A request fails before or after it was done, takes long, meets a full disk or a lost permission;
//! a plan says what, and can be changed while a test runs. One store with one seed and the same
//! requests meets the same faults, so each writer of a test has a store of its own.

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, RenameOptions, Result,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use std::collections::{BTreeMap, VecDeque};
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What can go wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// Nothing was done, and the answer is an error.
    ErrorBefore,
    /// It was done, and the answer is an error all the same: the dangerous one.
    ErrorAfter,
    /// It was done, and the answer to the client's second try is that the object is there already.
    ToldItExists,
    /// It was done, slowly, and the client no longer waited.
    Timeout,
    /// It is done, only slowly.
    Slow,
    /// Nothing was done, because the disk is full.
    FullDisk,
    /// Nothing was done, because it is no longer allowed.
    NoPermission,
}

/// What goes wrong with one kind of requests: what the script says, else what is on, else chance.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// For the next requests, one each; null lets one pass.
    pub(crate) script: VecDeque<Option<Fault>>,
    /// For every request until it is taken away.
    pub(crate) always: Option<Fault>,
    /// Of a thousand requests so many.
    pub(crate) chances: Vec<(Fault, u64)>,
}

/// What goes wrong, and what went wrong so far.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Requests that change something.
    pub(crate) writing: Faults,
    /// Requests that remove something, before they are taken for those that change something.
    pub(crate) removing: Faults,
    /// Requests for the content of an object.
    pub(crate) reading: Faults,
    /// Only objects whose path holds this text meet faults; an empty text means all.
    pub(crate) only: &'static str,
    /// How long slow is.
    pub(crate) delay: Duration,
    /// Whether "only if absent" is understood as "in any case".
    pub(crate) ignores_conditions: bool,
    /// How often each fault was met.
    pub(crate) met: BTreeMap<Fault, usize>,
    chance: ChaCha8Rng,
}

/// Another store, and what goes wrong with it.
#[derive(Debug)]
pub(crate) struct FaultyStore {
    inner: Arc<dyn ObjectStore>,
    plan: Arc<Mutex<Plan>>,
}

impl FaultyStore {
    /// A store without faults, until its plan is changed.
    pub(crate) fn new(inner: Arc<dyn ObjectStore>, seed: u64) -> Arc<Self> {
        let plan = Plan {
            writing: Faults::default(),
            removing: Faults::default(),
            reading: Faults::default(),
            only: "",
            delay: Duration::from_millis(20),
            ignores_conditions: false,
            met: BTreeMap::new(),
            chance: ChaCha8Rng::seed_from_u64(seed),
        };
        Arc::new(Self { inner, plan: Arc::new(Mutex::new(plan)) })
    }

    /// Changes what goes wrong from now on, or asks what went wrong.
    pub(crate) fn plan<T>(&self, change: impl FnOnce(&mut Plan) -> T) -> T {
        change(&mut self.plan.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The fault of a request that changes something; an error if nothing is to be done at all.
    async fn before_write(&self, location: &Path) -> Result<Option<Fault>> {
        let (fault, delay) = self.plan(|plan| (plan.fault(Kind::Write, location), plan.delay));
        if matches!(fault, Some(Fault::Slow | Fault::Timeout)) {
            tokio::time::sleep(delay).await;
        }
        refusal(fault).map_or(Ok(fault), Err)
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Write,
    Remove,
    Read,
}

impl Plan {
    fn fault(&mut self, kind: Kind, location: &Path) -> Option<Fault> {
        if !location.as_ref().contains(self.only) {
            return None;
        }
        let faults = match kind {
            Kind::Write => &mut self.writing,
            Kind::Remove => &mut self.removing,
            Kind::Read => &mut self.reading,
        };
        let fault = match faults.script.pop_front() {
            Some(told) => told,
            None => faults.always.or_else(|| drawn(&mut self.chance, &faults.chances)),
        };
        if let Some(fault) = fault {
            *self.met.entry(fault).or_default() += 1;
        }
        fault
    }
}

/// One draw for each request that is left to chance, whatever the chances are.
fn drawn(chance: &mut ChaCha8Rng, chances: &[(Fault, u64)]) -> Option<Fault> {
    let mut left = chance.next_u64() % 1_000;
    for (fault, share) in chances {
        if left < *share {
            return Some(*fault);
        }
        left -= share;
    }
    None
}

fn error(kind: ErrorKind, text: &'static str) -> object_store::Error {
    object_store::Error::Generic { store: "FaultyStore", source: Box::new(std::io::Error::new(kind, text)) }
}

/// The error of a request of which nothing was done.
fn refusal(fault: Option<Fault>) -> Option<object_store::Error> {
    match fault? {
        Fault::ErrorBefore => Some(error(ErrorKind::ConnectionRefused, "503 Slow Down")),
        Fault::FullDisk => Some(error(ErrorKind::StorageFull, "no space left on device")),
        Fault::NoPermission => Some(error(ErrorKind::PermissionDenied, "permission denied")),
        Fault::ErrorAfter | Fault::ToldItExists | Fault::Timeout | Fault::Slow => None,
    }
}

/// The answer to a request that was done.
fn answered<T>(fault: Option<Fault>, location: &Path, done: T) -> Result<T> {
    match fault {
        Some(Fault::ErrorAfter) => Err(error(ErrorKind::ConnectionReset, "500 Internal Server Error")),
        Some(Fault::Timeout) => Err(error(ErrorKind::TimedOut, "the request timed out")),
        Some(Fault::ToldItExists) => {
            let source = Box::new(std::io::Error::from(ErrorKind::AlreadyExists));
            Err(object_store::Error::AlreadyExists { path: location.to_string(), source })
        }
        _ => Ok(done),
    }
}

impl std::fmt::Display for FaultyStore {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "FaultyStore({})", self.inner)
    }
}

#[async_trait]
impl ObjectStore for FaultyStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, mut opts: PutOptions) -> Result<PutResult> {
        let fault = self.before_write(location).await?;
        let is_create = opts.mode == PutMode::Create;
        if is_create && self.plan(|plan| plan.ignores_conditions) {
            opts.mode = PutMode::Overwrite;
        }
        let done = self.inner.put_opts(location, payload, opts).await?;
        // Only who asked for "only if absent" is ever told that it exists.
        let fault = fault.filter(|fault| is_create || *fault != Fault::ToldItExists);
        answered(fault, location, done)
    }

    async fn put_multipart_opts(&self, location: &Path, opts: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.before_write(location).await?;
        self.inner.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let (fault, delay) = self.plan(|plan| (plan.fault(Kind::Read, location), plan.delay));
        if matches!(fault, Some(Fault::Slow | Fault::Timeout)) {
            tokio::time::sleep(delay).await;
        }
        if let Some(error) = refusal(fault) {
            return Err(error);
        }
        answered(fault, location, self.inner.get_opts(location, options).await?)
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let plan = Arc::clone(&self.plan);
        let allowed = locations.map(move |location| {
            let location = location?;
            let mut plan = plan.lock().unwrap_or_else(PoisonError::into_inner);
            let fault = plan.fault(Kind::Remove, &location).or_else(|| plan.fault(Kind::Write, &location));
            // A full disk is no reason to keep a file.
            refusal(fault.filter(|fault| *fault != Fault::FullDisk)).map_or(Ok(location), Err)
        });
        self.inner.delete_stream(allowed.boxed())
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let fault = self.before_write(to).await?;
        self.inner.copy_opts(from, to, options).await?;
        answered(fault, to, ())
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        let fault = self.before_write(to).await?;
        self.inner.rename_opts(from, to, options).await?;
        answered(fault, to, ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;

    async fn outcomes(seed: u64) -> Vec<bool> {
        let store = FaultyStore::new(Arc::new(InMemory::new()), seed);
        store.plan(|plan| plan.writing.chances = vec![(Fault::ErrorBefore, 300), (Fault::ErrorAfter, 300)]);
        let mut outcomes = Vec::new();
        for number in 0..50 {
            let object = Path::from(format!("objects/{number}"));
            outcomes.push(store.put(&object, PutPayload::from_static(b"one")).await.is_ok());
        }
        outcomes
    }

    #[tokio::test]
    async fn a_seed_decides_what_goes_wrong() {
        let first = outcomes(1).await;
        assert!(first.contains(&true) && first.contains(&false), "{first:?}");
        assert_eq!(outcomes(1).await, first);
        assert_ne!(outcomes(2).await, first);
    }

    #[tokio::test]
    async fn an_error_tells_nothing_about_what_was_done() {
        let store = FaultyStore::new(Arc::new(InMemory::new()), 1);
        let faults = [Fault::ErrorBefore, Fault::FullDisk, Fault::NoPermission, Fault::ErrorAfter, Fault::Timeout];
        store.plan(|plan| plan.writing.script = faults.map(Some).into());
        for fault in faults {
            let object = Path::from(format!("{fault:?}"));
            let put = store.put(&object, PutPayload::from_static(b"one")).await;
            assert!(put.is_err(), "{fault:?}");
            let is_done = store.get(&object).await.is_ok();
            assert_eq!(is_done, matches!(fault, Fault::ErrorAfter | Fault::Timeout), "{fault:?}");
        }
        assert_eq!(store.plan(|plan| plan.met.len()), faults.len());
    }

    #[tokio::test]
    async fn reading_can_fail_and_be_mended() {
        let store = FaultyStore::new(Arc::new(InMemory::new()), 1);
        let object = Path::from("lake/one");
        store.put(&object, PutPayload::from_static(b"one")).await.unwrap();
        store.plan(|plan| plan.reading.always = Some(Fault::NoPermission));
        assert!(store.get(&object).await.is_err());
        store.plan(|plan| plan.only = "another");
        assert!(store.get(&object).await.is_ok());
        store.plan(|plan| (plan.only, plan.reading.always) = ("", Some(Fault::Slow)));
        assert!(store.get(&object).await.is_ok());
    }
}
