//! `Footers`: what files say of themselves, kept from one reading to the next.
//!
//! A file never changes under its name, so its footer is read once as long as there is room. Which
//! rows of it are wanted is decided in `files.rs`.

use crate::object_reader::ObjectReader;
use moka::future::Cache;
use object_store::path::Path;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::errors::Result;
use parquet::file::metadata::PageIndexPolicy;
use std::fmt;

/// What all footers may take in memory.
const BYTES_MAX: u64 = 64 * 1_024 * 1_024;

/// Footers of files, with the places of their pages.
#[derive(Clone)]
pub struct Footers(Cache<Path, ArrowReaderMetadata>);

impl Default for Footers {
    fn default() -> Self {
        let weigh = |_: &Path, footer: &ArrowReaderMetadata| u32::try_from(footer.metadata().memory_size()).unwrap_or(u32::MAX);
        Self(Cache::builder().weigher(weigh).max_capacity(BYTES_MAX).build())
    }
}

impl fmt::Debug for Footers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Footers").field("count", &self.0.entry_count()).finish_non_exhaustive()
    }
}

impl Footers {
    /// The footer of a file, from memory if it was read before.
    pub(crate) async fn of(&self, path: &Path, reader: &mut ObjectReader) -> Result<ArrowReaderMetadata> {
        if let Some(footer) = self.0.get(path).await {
            return Ok(footer);
        }
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        let footer = ArrowReaderMetadata::load_async(reader, options).await?;
        self.0.insert(path.clone(), footer.clone()).await;
        Ok(footer)
    }
}
