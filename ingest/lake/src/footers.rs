//! `Footers`: what files say of themselves, kept from one reading to the next.
//!
//! A file never changes under its name, so its footer is read once as long as there is room, and the
//! range of its subjects for longer, because it is small and spares most readers the footer. Which rows
//! of a file are wanted is decided in `files.rs`.

use crate::object_reader::ObjectReader;
use arrow::array::{Array, AsArray};
use moka::future::Cache;
use object_store::path::Path;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::errors::Result;
use parquet::file::metadata::PageIndexPolicy;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Bound;
use std::sync::Arc;

/// The column by which observations are kept together.
pub(crate) const SUBJECT: &str = "subject";
/// What all footers may take in memory.
const BYTES_MAX: u64 = 64 * 1_024 * 1_024;
/// Of so many files it is known between which subjects their rows are.
const RANGES_MAX: u64 = 200_000;

/// The first and the last subject of a file.
pub(crate) type SubjectRange = (String, String);

/// Footers of files, with the places of their pages, and the ranges of their subjects.
#[derive(Clone)]
pub struct Footers {
    whole: Cache<Path, ArrowReaderMetadata>,
    ranges: Cache<Path, Arc<SubjectRange>>,
}

impl Default for Footers {
    fn default() -> Self {
        let weigh = |_: &Path, footer: &ArrowReaderMetadata| u32::try_from(footer.metadata().memory_size()).unwrap_or(u32::MAX);
        Self { whole: Cache::builder().weigher(weigh).max_capacity(BYTES_MAX).build(), ranges: Cache::new(RANGES_MAX) }
    }
}

impl fmt::Debug for Footers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Footers").field("count", &self.whole.entry_count()).finish_non_exhaustive()
    }
}

impl Footers {
    /// Whether a file may hold rows about one of the subjects, as far as that is known.
    pub(crate) async fn may_hold(&self, path: &Path, subjects: &BTreeSet<String>) -> bool {
        let Some(range) = self.ranges.get(path).await else { return true };
        is_any_between(subjects, &range.0, &range.1)
    }

    /// The footer of a file, from memory if it was read before.
    pub(crate) async fn of(&self, path: &Path, reader: &mut ObjectReader) -> Result<ArrowReaderMetadata> {
        if let Some(footer) = self.whole.get(path).await {
            return Ok(footer);
        }
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        let footer = ArrowReaderMetadata::load_async(reader, options).await?;
        self.whole.insert(path.clone(), footer.clone()).await;
        if let Some(range) = subject_range_of(&footer)? {
            self.ranges.insert(path.clone(), Arc::new(range)).await;
        }
        Ok(footer)
    }
}

/// Whether one of the subjects lies between two of them, or is one of these.
pub(crate) fn is_any_between(subjects: &BTreeSet<String>, first: &str, last: &str) -> bool {
    subjects.range::<str, _>((Bound::Included(first), Bound::Included(last))).next().is_some()
}

/// The first and the last subject of a file, or a little beyond them; null where its footer tells none.
pub(crate) fn subject_range_of(footer: &ArrowReaderMetadata) -> Result<Option<SubjectRange>> {
    if footer.schema().column_with_name(SUBJECT).is_none() {
        return Ok(None);
    }
    let converter = StatisticsConverter::try_new(SUBJECT, footer.schema(), footer.parquet_schema())?;
    let groups = footer.metadata().row_groups();
    let nulls = converter.row_group_null_counts(groups)?;
    let (least, greatest) = (converter.row_group_mins(groups)?, converter.row_group_maxes(groups)?);
    let (Some(least), Some(greatest)) = (least.as_string_opt::<i32>(), greatest.as_string_opt::<i32>()) else {
        return Ok(None);
    };
    if nulls.iter().any(|count| count != Some(0)) || least.null_count() + greatest.null_count() > 0 {
        return Ok(None);
    }
    let range = least.iter().flatten().min().zip(greatest.iter().flatten().max());
    Ok(range.map(|(from, to)| (from.to_owned(), to.to_owned())))
}
