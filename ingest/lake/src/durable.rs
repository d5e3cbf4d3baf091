//! `DurableStore`: a local object store whose writes are on the disk when they return.
//!
//! `object_store` never fsyncs local files, so a Delta commit would not survive a power cut by
//! itself. Here a file is written aside, synced, and only then given its name, and the folder is
//! synced last: whoever finds the name finds the whole content, even after a power cut.

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, RenameOptions, Result, UploadPart,
};
use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The local file system, from its root, with durable writes.
#[derive(Debug, Clone)]
pub struct DurableStore {
    inner: Arc<LocalFileSystem>,
}

impl DurableStore {
    /// The whole local file system.
    pub fn new() -> Self {
        Self { inner: Arc::new(LocalFileSystem::new()) }
    }

    async fn sync(&self, location: &Path) -> Result<()> {
        let path = self.inner.path_to_filesystem(location)?;
        let synced = tokio::task::spawn_blocking(move || sync_file_and_folder(&path)).await;
        let outcome = synced.unwrap_or_else(|join| Err(std::io::Error::other(join)));
        outcome.map_err(|cause| object_store::Error::Generic { store: "DurableStore", source: Box::new(cause) })
    }
}

impl Default for DurableStore {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Display for DurableStore {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("DurableStore")
    }
}

// A method that is not handed on would be the one for stores that are far away, which reads what lies between ranges.
#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ObjectStore for DurableStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        let mode = match opts.mode {
            PutMode::Create => Naming::OnlyIfAbsent,
            PutMode::Overwrite => Naming::Replacing,
            PutMode::Update(_) => {
                return Err(object_store::Error::NotSupported { source: "a local file has no version to compare".into() });
            }
        };
        let path = self.inner.path_to_filesystem(location)?;
        let written = tokio::task::spawn_blocking(move || write_then_name(&path, &payload, mode)).await;
        let outcome = written.unwrap_or_else(|join| Err(std::io::Error::other(join)));
        outcome.map(|()| PutResult { e_tag: None, version: None }).map_err(|cause| match cause.kind() {
            std::io::ErrorKind::AlreadyExists => {
                object_store::Error::AlreadyExists { path: location.to_string(), source: Box::new(cause) }
            }
            _ => object_store::Error::Generic { store: "DurableStore", source: Box::new(cause) },
        })
    }

    async fn put_multipart_opts(&self, location: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        Ok(Box::new(Gathered { store: self.clone(), location: location.clone(), parts: Vec::new() }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await?;
        self.sync(to).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.inner.rename_opts(from, to, options).await?;
        self.sync(to).await
    }
}

/// A file that comes in parts; they wait in memory, because a name is only given to a whole file.
#[derive(Debug)]
struct Gathered {
    store: DurableStore,
    location: Path,
    parts: Vec<PutPayload>,
}

#[async_trait]
impl MultipartUpload for Gathered {
    fn put_part(&mut self, payload: PutPayload) -> UploadPart {
        self.parts.push(payload);
        Box::pin(std::future::ready(Ok(())))
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let whole: PutPayload = self.parts.drain(..).flatten().collect();
        self.store.put_opts(&self.location, whole, PutOptions::default()).await
    }

    async fn abort(&mut self) -> Result<()> {
        self.parts.clear();
        Ok(())
    }
}

/// Writes a small file so that a reader sees the old or the new one, never a part, even after a power cut.
pub(crate) fn write_atomically(path: &std::path::Path, bytes: &[u8]) -> std::io::Result<()> {
    write_then_name(path, &PutPayload::from(bytes.to_vec()), Naming::Replacing)
}

/// What happens to a file that has the name already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Naming {
    OnlyIfAbsent,
    Replacing,
}

/// Distinguishes the drafts of one process; readers pass over names that end in `#` and digits.
static DRAFTS: AtomicU64 = AtomicU64::new(0);

fn write_then_name(path: &std::path::Path, payload: &PutPayload, naming: Naming) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!("#{}{:08}", std::process::id(), DRAFTS.fetch_add(1, Ordering::Relaxed)));
    let draft = std::path::PathBuf::from(draft);
    let outcome = write_draft(&draft, payload).and_then(|()| match naming {
        // A link fails where a rename would overwrite.
        Naming::OnlyIfAbsent => std::fs::hard_link(&draft, path),
        Naming::Replacing => std::fs::rename(&draft, path),
    });
    if outcome.is_err() || naming == Naming::OnlyIfAbsent {
        let removed = std::fs::remove_file(&draft);
        if let (Ok(()), Err(cause)) = (&outcome, removed) {
            tracing::warn!(error.message = %cause, "a draft stays behind; it is passed over");
        }
    }
    outcome?;
    sync_folder(path)
}

/// Removes the drafts of killed writers from a folder and those below it.
pub(crate) fn remove_drafts(folder: &std::path::Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_drafts(&entry.path())?;
        } else if is_draft(&entry.file_name()) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Whether a file has the name of a draft.
pub(crate) fn is_draft(name: &std::ffi::OsStr) -> bool {
    let numbered = name.to_str().and_then(|name| name.rsplit_once('#')).map(|(_, number)| number);
    numbered.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Makes a folder and those above it, each of which is in its parent when this returns.
pub(crate) fn make_folder(folder: &std::path::Path) -> std::io::Result<()> {
    // Above a bare name is the folder in which the process stands.
    if folder.is_dir() || folder.as_os_str().is_empty() {
        return Ok(());
    }
    if let Some(above) = folder.parent() {
        make_folder(above)?;
    }
    match std::fs::create_dir(folder) {
        Ok(()) => sync_folder(folder),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn write_draft(draft: &std::path::Path, payload: &PutPayload) -> std::io::Result<()> {
    let mut file = File::create(draft)?;
    for chunk in payload {
        file.write_all(chunk)?;
    }
    file.sync_all()
}

fn sync_file_and_folder(path: &std::path::Path) -> std::io::Result<()> {
    File::open(path)?.sync_all()?;
    sync_folder(path)
}

fn sync_folder(path: &std::path::Path) -> std::io::Result<()> {
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => File::open(".")?.sync_all(),
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drafts_of_killed_writers_go_and_everything_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("table");
        make_folder(&below).unwrap();
        for name in ["part-1.parquet", "part-1.parquet#4200000007", "odd#name", "odd#"] {
            std::fs::write(below.join(name), b"x").unwrap();
        }
        remove_drafts(folder.path()).unwrap();
        let mut left: Vec<String> =
            std::fs::read_dir(&below).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        assert_eq!(left, ["odd#", "odd#name", "part-1.parquet"]);
    }
}
