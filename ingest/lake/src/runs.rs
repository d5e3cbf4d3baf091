//! Runs: files of a table merged, as a log-structured merge tree does.
//!
//! Files of about one size are merged once there are several, so each row is written again only
//! as often as the table grows by that factor. What comes to more than a piece is cut by subject, and
//! pieces of one generation that overlap are merged and cut again: with each generation a piece has
//! fewer subjects and more of their history, so that a few files tell everything about a subject however
//! many there are. Of several statements about one entity a merge keeps the newest, in the same order
//! in which facts choose it.

use crate::error::LakeError;
use crate::files::{Wanted, joined, read_rows, schema_over, subject_range};
use crate::footers::{SUBJECT, SubjectRange};
use crate::newest::{NEWEST_FIRST, newest_of};
use crate::orders::{in_order, order_of};
use crate::rewrites::Rewrite;
use crate::snapshot::{DataFile, TableVersion};
use crate::tables::Tables;
use crate::writes::aside;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::{concat_batches, interleave_record_batch};
use arrow::error::ArrowError;
use std::ops::Range;
use std::sync::Arc;
use waymark_event::{DeliveryId, Instant};

/// A merge never holds more rows than this in memory.
const RUN_ROWS_MAX: u64 = 256 * 1_024;
/// The same for what they take on the disk.
const RUN_BYTES_MAX: u64 = 24 * 1_024 * 1_024;
/// The same where rows hold the bodies of deliveries, which take twenty times as much in memory as packed.
const BODIES_BYTES_MAX: u64 = 8 * 1_024 * 1_024;
/// More rows than this are cut by subject.
const PIECE_ROWS: u64 = 64 * 1_024;
/// So many pieces of one generation that have a subject in common are merged.
const OVERLAPPING: usize = 4;
/// Files whose rows differ by less than this factor count as of one size.
const SIZE_FACTOR: u64 = 8;

/// What one merge did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Files that were merged.
    pub files: usize,
    /// Rows that were read.
    pub rows_before: usize,
    /// Rows that are left: the newest of each entity.
    pub rows_after: usize,
}

/// Files that are merged together.
#[derive(Debug)]
struct Chosen {
    files: Vec<DataFile>,
    /// How often their rows were cut by subject before; null for small files, which are only cut when they come
    /// to more than a piece.
    generation: Option<u32>,
}

impl Tables {
    /// Merges the smallest files of about one size, if there are at least `files_min` of them, else pieces
    /// that overlap.
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
        let Some(chosen) = self.chosen(table, &mergeable, files_min).await? else { return Ok(None) };
        let read = read_rows(self.layout(), table, &chosen.files, Wanted::default()).await?;
        let schema = schema_over(&read);
        let read = read.into_iter().map(|batch| joined(table, &schema, &[batch])).collect::<Result<Vec<_>, _>>()?;
        let rows_before = read.iter().map(RecordBatch::num_rows).sum();
        let name = table.to_owned();
        let sorting = move || Run::of(&name, read).map_err(|cause| LakeError::Arrange { table: name, cause });
        let run = Arc::new(aside(table, sorting).await?);
        let mut added = Vec::with_capacity(run.pieces.len());
        for piece in run.pieces.iter().cloned() {
            let cut = chosen.generation.or_else(|| (run.pieces.len() > 1).then_some(0));
            let stem = cut.map_or_else(|| "run-".to_owned(), |generation| format!("run-g{}-", generation + 1));
            let file = format!("{stem}{}.zstd.parquet", DeliveryId::received(now));
            let whole = Arc::clone(&run);
            added.push(self.write_made(table, &file, move || whole.rows(piece), now).await?);
        }
        let removed: Vec<String> = chosen.files.iter().map(|file| file.path.clone()).collect();
        for path in &removed {
            self.ranges.remove(&(table.to_owned(), path.clone()));
        }
        self.rewrite(table, Rewrite { removed, added, is_data_change: false }, now).await?;
        Ok(Some(Merged { files: chosen.files.len(), rows_before, rows_after: run.places.len() }))
    }

    async fn chosen(&mut self, table: &str, files: &[&DataFile], files_min: usize) -> Result<Option<Chosen>, LakeError> {
        let has_subjects = table.starts_with("observed/");
        // What is never cut may grow further before it stays as it is.
        let (rows_max, bytes_max) =
            if has_subjects { (PIECE_ROWS / 2, RUN_BYTES_MAX) } else { (RUN_ROWS_MAX / 2, BODIES_BYTES_MAX) };
        if let Some(files) = of_one_size(files, files_min, (rows_max, bytes_max)) {
            return Ok(Some(Chosen { files, generation: None }));
        }
        if !has_subjects {
            return Ok(None);
        }
        if let Some(large) = files.iter().find(|file| is_uncut(file)) {
            return Ok(Some(Chosen { files: vec![(*large).clone()], generation: Some(0) }));
        }
        let mut ranged = Vec::new();
        for file in files.iter().filter(|file| file.rows >= rows_max && file.rows <= 2 * PIECE_ROWS) {
            let key = (table.to_owned(), file.path.clone());
            let known = self.ranges.get(&key).cloned();
            let range = match known {
                Some(range) => range,
                None => subject_range(self.layout(), table, file).await?,
            };
            self.ranges.insert(key, range.clone());
            ranged.extend(range.map(|range| (*file, range)));
        }
        Ok(overlapping(&ranged))
    }
}

/// The files of the smallest size of which there are enough, as many as one merge may hold.
fn of_one_size(files: &[&DataFile], files_min: usize, (rows_max, bytes_max): (u64, u64)) -> Option<Vec<DataFile>> {
    let mut small: Vec<&DataFile> =
        files.iter().copied().filter(|file| file.rows < rows_max && file.size_bytes < bytes_max / 2).collect();
    small.sort_by(|left, right| (left.rows, &left.path).cmp(&(right.rows, &right.path)));
    let mut first = 0;
    while first < small.len() {
        let rows_max = small[first].rows.max(64) * SIZE_FACTOR;
        let (mut rows, mut size_bytes) = (0, 0);
        let alike = small[first..].iter().take_while(|file| {
            rows += file.rows;
            size_bytes += file.size_bytes;
            file.rows <= rows_max && rows <= RUN_ROWS_MAX && size_bytes <= bytes_max
        });
        let count = alike.count();
        if count >= files_min.max(2) {
            return Some(small[first..first + count].iter().map(|file| (*file).clone()).collect());
        }
        first += count.max(1);
    }
    None
}

/// Pieces of the lowest generation of which enough have a subject in common.
fn overlapping(files: &[(&DataFile, SubjectRange)]) -> Option<Chosen> {
    let mut generations: Vec<u32> = files.iter().map(|(file, _)| generation(&file.path)).collect();
    generations.sort_unstable();
    generations.dedup();
    for generation in generations {
        let alike = || files.iter().filter(|(file, _)| self::generation(&file.path) == generation);
        for (_, (subject, _)) in alike() {
            let around = alike().filter(|(_, (first, last))| first <= subject && subject <= last);
            let files: Vec<DataFile> = around.take(OVERLAPPING).map(|(file, _)| (*file).clone()).collect();
            let size_bytes: u64 = files.iter().map(|file| file.size_bytes).sum();
            if files.len() == OVERLAPPING && size_bytes <= 2 * RUN_BYTES_MAX {
                return Some(Chosen { files, generation: Some(generation) });
            }
        }
    }
    None
}

/// Whether a file that was never cut is too large to be merged with others, and not too large for the memory.
fn is_uncut(file: &DataFile) -> bool {
    generation(&file.path) == 0
        && file.rows > 2 * PIECE_ROWS
        && file.rows <= RUN_ROWS_MAX
        && file.size_bytes <= 2 * RUN_BYTES_MAX
}

/// How often the rows of a file were cut by subject.
fn generation(path: &str) -> u32 {
    let told = path.strip_prefix("run-g").and_then(|rest| rest.split('-').next());
    told.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Rows of several files as one run. They stay where they were read, and are copied piece by piece: a merge
/// holds them once and a little more.
struct Run {
    batches: Vec<RecordBatch>,
    /// Batch and row of each row that is left, in order.
    places: Vec<(usize, usize)>,
    /// Which of these make a file.
    pieces: Vec<Range<usize>>,
}

impl Run {
    /// The newest statement of each entity, in the order of the table; batches have one schema.
    fn of(table: &str, batches: Vec<RecordBatch>) -> Result<Self, ArrowError> {
        let all: Vec<(usize, usize)> =
            batches.iter().enumerate().flat_map(|(batch, rows)| (0..rows.num_rows()).map(move |row| (batch, row))).collect();
        let Some(first) = batches.first() else { return Ok(Self { batches, places: all, pieces: Vec::new() }) };
        let schema = first.schema();
        let newest = NEWEST_FIRST.iter().map(|(name, _)| *name).chain([SUBJECT, "entity_id"]);
        let deciding = newest.chain(order_of(table).iter().copied());
        let decides = |name: &str| deciding.clone().any(|known| known == name);
        let compared = schema.fields().iter().enumerate().filter(|(_, field)| decides(field.name()));
        let compared: Vec<usize> = compared.map(|(place, _)| place).collect();
        let compared = batches.iter().map(|batch| batch.project(&compared)).collect::<Result<Vec<_>, _>>()?;
        let compared = concat_batches(&schema_over(&compared), &compared)?;
        let order = newest_in_order(table, &compared)?;
        let pieces = pieces(&compared, &order);
        let places = order.into_iter().filter_map(|row| all.get(row as usize).copied()).collect();
        Ok(Self { batches, places, pieces })
    }

    fn rows(&self, piece: Range<usize>) -> Result<RecordBatch, ArrowError> {
        let batches: Vec<&RecordBatch> = self.batches.iter().collect();
        interleave_record_batch(&batches, self.places.get(piece).unwrap_or_default())
    }
}

/// Rows in pieces of about equal size, each with whole subjects; rows without subject stay together.
fn pieces(rows: &RecordBatch, order: &[u32]) -> Vec<Range<usize>> {
    let count = order.len();
    let piece_rows = usize::try_from(PIECE_ROWS).unwrap_or(usize::MAX);
    let subjects = rows.column_by_name(SUBJECT).and_then(|column| column.as_string_opt::<i32>());
    let Some(subjects) = subjects.filter(|subjects| count > piece_rows && subjects.null_count() == 0) else {
        return std::iter::once(0..count).collect();
    };
    let subject = |place: usize| order.get(place).map(|row| subjects.value(*row as usize));
    let enough = count.div_ceil(count.div_ceil(piece_rows));
    let mut pieces = Vec::new();
    let mut begin = 0;
    for place in 1..count {
        if place - begin >= enough && subject(place) != subject(place - 1) {
            pieces.push(begin..place);
            begin = place;
        }
    }
    pieces.push(begin..count);
    pieces
}

/// The rows that are left, in the order of the table: of an entity the newest statement, where a table has entities.
fn newest_in_order(table: &str, rows: &RecordBatch) -> Result<Vec<u32>, ArrowError> {
    let text = |name: &str| rows.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
    let (Some(entities), Some(_)) = (text("entity_id"), rows.column_by_name("version_rank")) else {
        return in_order(table, rows, None);
    };
    let subjects = text(SUBJECT).map(|subjects| move |row| subjects.is_valid(row).then(|| subjects.value(row)));
    let entity = |row| (subjects.as_ref().and_then(|subject| subject(row)), entities.value(row));
    in_order(table, rows, Some(newest_of(rows, NEWEST_FIRST, entity)?.places))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::StringArray;

    fn file(name: &str, rows: u64) -> DataFile {
        DataFile { path: name.to_owned(), size_bytes: rows * 100, rows }
    }

    fn chosen_names(files: &[DataFile], files_min: usize) -> Option<Vec<String>> {
        let files: Vec<&DataFile> = files.iter().collect();
        Some(of_one_size(&files, files_min, (RUN_ROWS_MAX / 2, RUN_BYTES_MAX))?.into_iter().map(|file| file.path).collect())
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

    #[test]
    fn pieces_of_one_generation_are_merged_where_enough_of_them_overlap() {
        let piece = |name: &str, first: &str, last: &str| (file(name, 60_000), (first.to_owned(), last.to_owned()));
        let mut held = vec![
            piece("run-g1-a", "a", "f"),
            piece("run-g1-b", "a", "g"),
            piece("run-g1-c", "c", "h"),
            piece("run-g2-d", "a", "z"),
            piece("run-e", "a", "z"),
        ];
        let chosen = |held: &[(DataFile, SubjectRange)]| {
            let files: Vec<_> = held.iter().map(|(file, range)| (file, range.clone())).collect();
            let chosen = overlapping(&files)?;
            Some((chosen.generation.unwrap(), chosen.files.into_iter().map(|file| file.path).collect::<Vec<_>>()))
        };
        assert_eq!(chosen(&held), None, "three of one generation are not enough, and others do not help");
        held.push(piece("run-g1-f", "f", "k"));
        assert_eq!(chosen(&held).unwrap(), (1, ["run-g1-a", "run-g1-b", "run-g1-c", "run-g1-f"].map(String::from).to_vec()));
        held[2].1 = ("g".to_owned(), "h".to_owned());
        assert_eq!(chosen(&held), None, "no subject is in all four");
    }

    #[test]
    fn what_is_large_and_was_never_cut_is_cut_by_itself_once() {
        assert!(is_uncut(&file("run-a", 200_000)) && is_uncut(&file("part-a", 200_000)));
        assert!(!is_uncut(&file("run-g1-a", 200_000)), "one subject may be as large as that");
        assert!(!is_uncut(&file("run-a", 100_000)) && !is_uncut(&file("run-a", 300_000)));
    }

    #[test]
    fn rows_are_cut_between_subjects() {
        let subjects = (0..200_000).map(|row| format!("s{:04}", row / 3_000));
        let subjects: StringArray = subjects.map(Some).collect();
        let rows = RecordBatch::try_from_iter([(SUBJECT, Arc::new(subjects) as _)]).unwrap();
        let order: Vec<u32> = (0..200_000).collect();
        let sizes: Vec<usize> = pieces(&rows, &order).iter().map(Range::len).collect();
        assert_eq!(sizes, [51_000, 51_000, 51_000, 47_000]);
        assert_eq!(pieces(&rows, &order[..10]).len(), 1);
    }
}
