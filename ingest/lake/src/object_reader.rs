//! `ObjectReader`: a Parquet file of the storage, read range by range.

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use std::ops::Range;
use std::sync::Arc;

/// Bytes at the end of a file that are fetched at once, because the footer is among them.
const FOOTER_BYTES: usize = 64 * 1_024;

/// A file of which nothing is known yet, not even its footer, is fetched whole if it is no larger.
const WHOLE_BYTES_MAX: u64 = 128 * 1_024;

/// One file whose size is known.
pub(crate) struct ObjectReader {
    store: Arc<dyn ObjectStore>,
    path: Path,
    size_bytes: u64,
    /// All of the file, once it was fetched.
    whole: Option<Bytes>,
}

impl ObjectReader {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, path: Path, size_bytes: u64) -> Self {
        Self { store, path, size_bytes, whole: None }
    }
}

/// The bytes of a range of a file of which all are known.
fn part(whole: &Bytes, range: &Range<u64>) -> Result<Bytes> {
    let place = |offset: u64| usize::try_from(offset).ok().filter(|offset| *offset <= whole.len());
    let places = place(range.start).zip(place(range.end)).filter(|(start, end)| start <= end);
    let (start, end) = places.ok_or_else(|| ParquetError::EOF(format!("{range:?} of {} bytes", whole.len())))?;
    Ok(whole.slice(start..end))
}

fn external(cause: object_store::Error) -> ParquetError {
    ParquetError::External(Box::new(cause))
}

impl AsyncFileReader for ObjectReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes>> {
        async move {
            match &self.whole {
                Some(whole) => part(whole, &range),
                None => self.store.get_range(&self.path, range).await.map_err(external),
            }
        }
        .boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>>> {
        async move {
            match &self.whole {
                Some(whole) => ranges.iter().map(|range| part(whole, range)).collect(),
                None => self.store.get_ranges(&self.path, &ranges).await.map_err(external),
            }
        }
        .boxed()
    }

    fn get_metadata<'a>(&'a mut self, options: Option<&'a ArrowReaderOptions>) -> BoxFuture<'a, Result<Arc<ParquetMetaData>>> {
        async move {
            let size_bytes = self.size_bytes;
            if size_bytes <= WHOLE_BYTES_MAX {
                self.whole = Some(self.store.get_range(&self.path, 0..size_bytes).await.map_err(external)?);
            }
            let reader = ParquetMetaDataReader::new().with_arrow_reader_options(options).with_prefetch_hint(Some(FOOTER_BYTES));
            reader.load_and_finish(self, size_bytes).await.map(Arc::new)
        }
        .boxed()
    }
}
