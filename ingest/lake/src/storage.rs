//! `Storage`: where tables and snapshots lie: a folder of this machine, or a prefix of an object
//! store. The inbox and the lock are local always and belong to `Layout`.

use crate::credentials;
use crate::durable::DurableStore;
use crate::error::LakeError;
use bytes::Bytes;
use futures::TryStreamExt;
use object_store::aws::{AmazonS3Builder, S3ConditionalPut};
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use std::sync::Arc;
use url::Url;

/// One object below the base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The path below the base.
    pub path: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// When it was last written, in microseconds since 1970 by the store's clock.
    pub modified_micros: i64,
}

/// A store and the prefix in it that belongs to one data folder.
#[derive(Clone, Debug)]
pub struct Storage {
    store: Arc<dyn ObjectStore>,
    base: Path,
    url: Url,
    is_local: bool,
}

impl Storage {
    /// A folder of this machine; every write is on the disk when it returns.
    ///
    /// # Errors
    /// `Location` when the path cannot be written as an address, `FolderName` when it would be read as another one.
    pub fn local(root: &std::path::Path) -> Result<Self, LakeError> {
        let failed = || LakeError::Location { location: root.display().to_string(), cause: None };
        let base = Path::from_absolute_path(root).map_err(|_| failed())?;
        let url = Url::from_directory_path(root).map_err(|()| failed())?;
        // The client of the tables makes an address of each path that it lists, and does not escape what it finds there.
        let mut listed = url.clone();
        listed.set_path(&format!("/{base}"));
        if Path::from_url_path(listed.path()).ok().as_ref() != Some(&base) {
            return Err(LakeError::FolderName { path: root.to_owned() });
        }
        Ok(Self { store: Arc::new(DurableStore::new()), base, url, is_local: true })
    }

    /// A prefix of an object store: `s3://`, `az://` or `gs://` with bucket and prefix.
    ///
    /// Credentials come from the usual environment of each provider, for S3 also from the profile.
    /// A store that does not honour "only if absent" is refused, because commits rest on it.
    ///
    /// # Errors
    /// `Location` when the address is not understood, `Probe` when the store is not fit.
    pub async fn connect(location: &str) -> Result<Self, LakeError> {
        let failed = |cause| LakeError::Location { location: location.to_owned(), cause };
        let url = Url::parse(location).map_err(|_| failed(None))?;
        let built = |cause: object_store::Error| failed(Some(Box::new(cause)));
        let store: Arc<dyn ObjectStore> = match url.scheme() {
            "s3" | "s3a" => {
                let builder = credentials::from_profile(AmazonS3Builder::from_env())
                    .with_url(location)
                    .with_conditional_put(S3ConditionalPut::ETagMatch);
                Arc::new(builder.build().map_err(built)?)
            }
            "az" | "azure" | "abfs" | "abfss" => {
                Arc::new(MicrosoftAzureBuilder::from_env().with_url(location).build().map_err(built)?)
            }
            "gs" => Arc::new(GoogleCloudStorageBuilder::from_env().with_url(location).build().map_err(built)?),
            _ => return Err(failed(None)),
        };
        let base = Path::from_url_path(url.path()).map_err(|_| failed(None))?;
        Self::fit(store, base, url).await
    }

    /// A prefix of a store that somebody else made; it is probed like any other.
    ///
    /// # Errors
    /// `Probe` when the store does not honour "only if absent".
    pub async fn of(store: Arc<dyn ObjectStore>, prefix: &str) -> Result<Self, LakeError> {
        let failed = || LakeError::Location { location: prefix.to_owned(), cause: None };
        let url = Url::parse(&format!("memory:///{prefix}")).map_err(|_| failed())?;
        Self::fit(store, Path::from(prefix), url).await
    }

    async fn fit(store: Arc<dyn ObjectStore>, base: Path, mut url: Url) -> Result<Self, LakeError> {
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        let storage = Self { store, base, url, is_local: false };
        storage.probe().await?;
        Ok(storage)
    }

    /// Two creations of one object: the second must be refused, else two commits could be one.
    async fn probe(&self) -> Result<(), LakeError> {
        let failed = |cause| LakeError::Probe { location: self.describe(), cause };
        self.create("probe", Bytes::from_static(b"waymark")).await?;
        if self.create("probe", Bytes::from_static(b"waymark")).await? {
            return Err(failed(None));
        }
        Ok(())
    }

    /// The store itself, whose paths begin at its root.
    pub fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.store)
    }

    /// The store as one folder below the base sees it.
    pub(crate) fn store_of(&self, below: &str) -> Arc<dyn ObjectStore> {
        Arc::new(PrefixStore::new(Arc::clone(&self.store), self.object(below)))
    }

    /// The path in the store of something below the base.
    pub fn object(&self, below: &str) -> Path {
        below.split('/').filter(|part| !part.is_empty()).fold(self.base.clone(), Path::join)
    }

    /// The address of something below the base.
    pub(crate) fn address(&self, below: &str) -> Url {
        let mut url = self.url.clone();
        url.set_path(&format!("{}{below}/", self.url.path()));
        url
    }

    /// Whether it is a folder of this machine.
    pub const fn is_local(&self) -> bool {
        self.is_local
    }

    /// The folder or address, for messages.
    pub fn describe(&self) -> String {
        match self.url.to_file_path() {
            Ok(path) if self.is_local => path.display().to_string().trim_end_matches('/').to_owned(),
            _ => self.url.to_string(),
        }
    }

    /// The bytes of an object; null when it is not there.
    ///
    /// # Errors
    /// `Object` when it cannot be read.
    pub async fn get(&self, below: &str) -> Result<Option<Bytes>, LakeError> {
        let failed = |cause| self.failed("read", below, cause);
        match self.store.get(&self.object(below)).await {
            Ok(found) => found.bytes().await.map(Some).map_err(failed),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(cause) => Err(failed(cause)),
        }
    }

    /// Writes an object, over an older one if there is one; readers see the old or the new one.
    ///
    /// # Errors
    /// `Object` when it cannot be written.
    pub async fn put(&self, below: &str, bytes: Bytes) -> Result<(), LakeError> {
        let put = self.store.put(&self.object(below), PutPayload::from(bytes)).await;
        put.map(|_| ()).map_err(|cause| self.failed("write", below, cause))
    }

    /// Writes an object that must not be there yet; false when it is.
    ///
    /// # Errors
    /// `Object` when it cannot be written.
    pub async fn create(&self, below: &str, bytes: Bytes) -> Result<bool, LakeError> {
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.store.put_opts(&self.object(below), PutPayload::from(bytes), options).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => Ok(false),
            Err(cause) => Err(self.failed("write", below, cause)),
        }
    }

    /// Everything below a folder, in the order of the paths.
    ///
    /// # Errors
    /// `Object` when it cannot be listed.
    pub async fn list(&self, below: &str) -> Result<Vec<Stored>, LakeError> {
        let listed = self.store.list(Some(&self.object(below))).try_collect().await;
        let stored = listed.and_then(|listed| self.stored(listed));
        stored.map_err(|cause| self.failed("list", below, cause))
    }

    /// What lies directly in a folder, in the order of the paths; folders in it are passed over.
    ///
    /// # Errors
    /// `Object` when it cannot be listed.
    pub async fn list_folder(&self, below: &str) -> Result<Vec<Stored>, LakeError> {
        let listed = self.store.list_with_delimiter(Some(&self.object(below))).await;
        let stored = listed.and_then(|listed| self.stored(listed.objects));
        stored.map_err(|cause| self.failed("list", below, cause))
    }

    /// What was listed, by its paths below the base; one that does not lie below it is an error, for it is not ours.
    fn stored(&self, listed: Vec<ObjectMeta>) -> object_store::Result<Vec<Stored>> {
        let mut stored = Vec::with_capacity(listed.len());
        for object in listed {
            stored.push(Stored {
                path: self.below(&object.location)?.to_owned(),
                size_bytes: object.size,
                modified_micros: object.last_modified.timestamp_micros(),
            });
        }
        stored.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(stored)
    }

    /// The path below the base. The base is taken off once, because what lies below it may have the same name.
    fn below<'path>(&self, location: &'path Path) -> Result<&'path str, object_store::path::Error> {
        let (base, path): (&str, &str) = (self.base.as_ref(), location.as_ref());
        if base.is_empty() {
            return Ok(path);
        }
        let below = path.strip_prefix(base).and_then(|below| below.strip_prefix('/'));
        let outside = || object_store::path::Error::PrefixMismatch { path: path.to_owned(), prefix: base.to_owned() };
        below.ok_or_else(outside)
    }

    /// Removes an object; says whether it was there, as far as the store tells.
    ///
    /// # Errors
    /// `Object` when it cannot be removed.
    pub async fn remove(&self, below: &str) -> Result<bool, LakeError> {
        match self.store.delete(&self.object(below)).await {
            Ok(()) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(cause) => Err(self.failed("remove", below, cause)),
        }
    }

    fn failed(&self, operation: &'static str, below: &str, cause: object_store::Error) -> LakeError {
        LakeError::Object { operation, object: format!("{}{below}", self.url), cause }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::memory::InMemory;

    #[test]
    fn the_base_is_taken_off_once_and_what_lies_outside_is_refused() {
        for (root, location, below) in [
            ("/lake", "lake/lake/rejections/x", Some("lake/rejections/x")),
            ("/lake", "lake/lake/lake/x", Some("lake/lake/x")),
            ("/srv/lake", "srv/lake/lake/x", Some("lake/x")),
            ("/", "lake/x", Some("lake/x")),
            ("/lake", "lakeside/lake/x", None),
            ("/lake", "lake", None),
            ("/lake", "srv/lake/x", None),
        ] {
            let storage = Storage::local(std::path::Path::new(root)).unwrap();
            let listed = ObjectMeta {
                location: Path::from(location),
                last_modified: chrono::DateTime::UNIX_EPOCH,
                size: 4,
                e_tag: None,
                version: None,
            };
            let stored = storage.stored(vec![listed]).ok();
            let found = stored.as_ref().map(|stored| stored[0].path.as_str());
            assert_eq!(found, below, "`{location}` below `{root}`");
        }
    }

    #[tokio::test]
    async fn what_is_listed_below_a_prefix_is_removed_and_its_neighbour_stays() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let storage = Storage::of(Arc::clone(&store), "lake").await.unwrap();
        let neighbour = Path::from("lakeside/lake/rejections/x");
        store.put(&neighbour, PutPayload::from_static(b"theirs")).await.unwrap();
        storage.put("lake/rejections/x", Bytes::from_static(b"ours")).await.unwrap();
        let listed = storage.list("lake").await.unwrap();
        assert_eq!(listed, storage.list_folder("lake/rejections").await.unwrap());
        assert_eq!(listed.iter().map(|stored| stored.path.as_str()).collect::<Vec<_>>(), ["lake/rejections/x"]);
        assert!(storage.remove(&listed[0].path).await.unwrap());
        assert!(storage.list("lake").await.unwrap().is_empty());
        assert!(store.get(&neighbour).await.is_ok());
    }

    #[tokio::test]
    async fn what_was_not_there_is_not_said_to_be_removed() {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::local(folder.path()).unwrap();
        storage.put("lake/x", Bytes::from_static(b"ours")).await.unwrap();
        assert!(storage.remove("lake/x").await.unwrap());
        assert!(!storage.remove("lake/x").await.unwrap());
    }
}
