//! Runs: small files of a table merged into larger ones, as a log-structured merge tree does.
//!
//! Files of about one size are merged once there are several, so each row is written again only
//! as often as the table grows by that factor. Of several statements about one entity a merge keeps
//! the newest, in the same order in which facts choose it. Files that are large enough stay.

use crate::error::LakeError;
use crate::files::{Wanted, in_order, joined, places, read_rows, schema_over};
use crate::rewrites::Rewrite;
use crate::snapshot::{DataFile, TableVersion};
use crate::tables::Tables;
use arrow::array::{Array, AsArray, RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::error::ArrowError;
use waymark_event::Instant;

/// A merge never holds more rows than this in memory, and larger files are not merged again.
const RUN_ROWS_MAX: u64 = 256 * 1_024;
/// The same for what they take on the disk.
const RUN_BYTES_MAX: u64 = 24 * 1_024 * 1_024;
/// Files whose rows differ by less than this factor count as of one size.
const SIZE_FACTOR: u64 = 8;

/// What one merge did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Files that became one.
    pub files: usize,
    /// Rows that were read.
    pub rows_before: usize,
    /// Rows that are left: the newest of each entity.
    pub rows_after: usize,
}

impl Tables {
    /// Merges the smallest files of about one size, if there are at least `files_min` of them.
    ///
    /// Only files that `covered` names are merged: what is newer has still to be told to the facts.
    ///
    /// # Errors
    /// `ReadTable`, `Arrange`, `Store` or `Commit`; then the old files stand.
    pub async fn merge(
        &mut self,
        table: &str,
        covered: &TableVersion,
        files_min: usize,
        now: Instant,
    ) -> Result<Option<Merged>, LakeError> {
        let Some(live) = self.version(table).await? else { return Ok(None) };
        let mergeable: Vec<&DataFile> = live.files.iter().filter(|file| covered.files.contains(file)).collect();
        let Some(chosen) = chosen(&mergeable, files_min) else { return Ok(None) };
        let batches = read_rows(self.layout(), table, &chosen, Wanted::default()).await?;
        let schema = schema_over(&batches);
        let all = joined(table, &schema, &batches)?;
        drop(batches);
        let arrange = |cause| LakeError::Arrange { table: table.to_owned(), cause };
        let name = table.to_owned();
        let rows_before = all.num_rows();
        let merged = tokio::task::spawn_blocking(move || newest_in_order(&name, &all)).await;
        let merged = merged.map_err(|join| arrange(ArrowError::ExternalError(Box::new(join))))?.map_err(arrange)?;
        let file = format!("run-{}.zstd.parquet", waymark_event::DeliveryId::received(now));
        let added = vec![self.write(table, &file, &merged, now).await?];
        let removed = chosen.iter().map(|file| file.path.clone()).collect();
        self.rewrite(table, Rewrite { removed, added, is_data_change: false }, now).await?;
        Ok(Some(Merged { files: chosen.len(), rows_before, rows_after: merged.num_rows() }))
    }
}

/// The files of the smallest size of which there are enough, as many as one merge may hold.
fn chosen(files: &[&DataFile], files_min: usize) -> Option<Vec<DataFile>> {
    let mut small: Vec<&DataFile> =
        files.iter().copied().filter(|file| file.rows < RUN_ROWS_MAX / 2 && file.size_bytes < RUN_BYTES_MAX / 2).collect();
    small.sort_by(|left, right| (left.rows, &left.path).cmp(&(right.rows, &right.path)));
    let mut first = 0;
    while first < small.len() {
        let rows_max = small[first].rows.max(64) * SIZE_FACTOR;
        let (mut rows, mut size_bytes) = (0, 0);
        let alike = small[first..].iter().take_while(|file| {
            rows += file.rows;
            size_bytes += file.size_bytes;
            file.rows <= rows_max && rows <= RUN_ROWS_MAX && size_bytes <= RUN_BYTES_MAX
        });
        let count = alike.count();
        if count >= files_min.max(2) {
            return Some(small[first..first + count].iter().map(|file| (*file).clone()).collect());
        }
        first += count.max(1);
    }
    None
}

fn newest_in_order(table: &str, rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let text = |name: &str| rows.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
    let (subjects, Some(entities), Some(_)) = (text("subject"), text("entity_id"), rows.column_by_name("version_rank")) else {
        return in_order(table, rows);
    };
    // The newest statement comes first; ties are broken as `facts/newest.sql` breaks them.
    let order = [
        ("subject", false),
        ("entity_id", false),
        ("version_rank", true),
        ("dialect_version", true),
        ("observation_id", true),
        ("received_at", false),
        ("delivery_id", false),
    ];
    let places = places(rows, &order)?;
    let is_same = |left: usize, right: usize| {
        entities.value(left) == entities.value(right)
            && subjects.is_none_or(|subjects| {
                subjects.is_null(left) == subjects.is_null(right) && subjects.value(left) == subjects.value(right)
            })
    };
    let mut newest: Vec<u32> = Vec::with_capacity(places.len());
    for place in places.values() {
        if newest.last().is_none_or(|last| !is_same(*last as usize, *place as usize)) {
            newest.push(*place);
        }
    }
    // Rows are copied once, after those that go are known.
    take_record_batch(rows, &UInt32Array::from(newest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, rows: u64) -> DataFile {
        DataFile { path: name.to_owned(), size_bytes: rows * 100, rows }
    }

    fn chosen_names(files: &[DataFile], files_min: usize) -> Option<Vec<String>> {
        let files: Vec<&DataFile> = files.iter().collect();
        Some(chosen(&files, files_min)?.into_iter().map(|file| file.path).collect())
    }

    #[test]
    fn files_of_one_size_are_merged_once_there_are_enough() {
        let mut files = vec![file("large", 100_000), file("a", 10), file("b", 20)];
        assert_eq!(chosen_names(&files, 3), None);
        files.push(file("c", 15));
        assert_eq!(chosen_names(&files, 3).unwrap(), ["a", "c", "b"]);
    }

    #[test]
    fn one_merge_stays_within_its_memory() {
        let files: Vec<DataFile> = (0..10).map(|number| file(&format!("f{number}"), 100_000)).collect();
        assert_eq!(chosen_names(&files, 2).unwrap().len(), 2);
        let settled: Vec<DataFile> = (0..10).map(|number| file(&format!("f{number}"), 150_000)).collect();
        assert_eq!(chosen_names(&settled, 2), None);
    }
}
