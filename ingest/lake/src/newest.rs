//! Of several statements about one entity the newest: what decides between two, and which ones are left.
//!
//! Merges and facts choose by the same code. What an entity is, is left to whoever asks.

use crate::orders::{ascending, compared};
use arrow::array::{DynComparator, RecordBatch, make_comparator};
use arrow::compute::SortOptions;
use arrow::error::ArrowError;
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use std::hash::{BuildHasher, Hash};

/// What tells which of two statements of one entity is newer, the first difference first: columns, each
/// ascending or, if marked, descending.
pub const NEWEST_FIRST: &[(&str, bool)] = &[
    ("version_rank", true),
    ("dialect_version", true),
    ("observation_id", true),
    ("received_at", false),
    ("delivery_id", false),
];

/// The newest statement of each entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newest {
    /// Where it stands, in the order of the rows.
    pub places: Vec<u32>,
    /// Whether no two statements of one entity that differ were equal in all by which they were compared.
    pub is_certain: bool,
}

/// The newest statement of each entity by some columns, and the entity of each row by `entity`.
///
/// # Errors
/// When a column is missing or has a type without an order.
pub fn newest_of<Entity: Hash + Eq>(
    stated: &RecordBatch,
    order: &[(&str, bool)],
    entity: impl Fn(usize) -> Entity,
) -> Result<Newest, ArrowError> {
    let comparators = comparators(stated, order)?;
    // What was delivered twice says the same twice, and either will do.
    let mut whole: Option<Vec<DynComparator>> = None;
    let state = RandomState::default();
    let hashes: Vec<u64> = (0..stated.num_rows()).map(|row| state.hash_one(entity(row))).collect();
    let crowded = Crowded::of(&hashes);
    let mut newest: HashTable<usize> = HashTable::new();
    let mut replaced = Vec::new();
    let mut is_certain = true;
    for (row, hash) in hashes.iter().copied().enumerate().filter(|(_, hash)| crowded.holds(*hash)) {
        let is_same = |held: &usize| entity(*held) == entity(row);
        let mut held = match newest.entry(hash, is_same, |held| hashes[*held]) {
            Entry::Occupied(held) => held,
            Entry::Vacant(free) => {
                free.insert(row);
                continue;
            }
        };
        let by_order = compared(&comparators, row, *held.get());
        if by_order.is_eq() && is_certain {
            let whole = match &whole {
                Some(whole) => whole,
                None => whole.insert(stated.columns().iter().map(ascending).collect::<Result<_, _>>()?),
            };
            is_certain = compared(whole, row, *held.get()).is_eq();
        }
        replaced.push(if by_order.is_lt() { std::mem::replace(held.get_mut(), row) } else { row });
    }
    replaced.sort_unstable();
    let mut replaced = replaced.into_iter().peekable();
    let places = (0..stated.num_rows()).filter(|row| replaced.next_if_eq(row).is_none());
    Ok(Newest { places: places.map(|row| u32::try_from(row).unwrap_or(u32::MAX)).collect(), is_certain })
}

/// Compares two rows of a batch by each of these columns, each ascending or, if marked, descending.
fn comparators(rows: &RecordBatch, order: &[(&str, bool)]) -> Result<Vec<DynComparator>, ArrowError> {
    let comparator = |(name, is_descending): &(&str, bool)| {
        let missing = || ArrowError::SchemaError(format!("statements have no column `{name}`"));
        let column = rows.column_by_name(name).ok_or_else(missing)?;
        make_comparator(column, column, SortOptions { descending: *is_descending, nulls_first: *is_descending })
    };
    order.iter().map(comparator).collect()
}

/// Places in which more than one hash falls. Most entities are told of once, and a place of their own says so without
/// looking them up.
struct Crowded {
    /// Of each place a bit that is set while nothing fell there, and beside it one that is set until something falls
    /// there again.
    free: Vec<[u64; 2]>,
    mask: u64,
}

impl Crowded {
    /// A row falls into another's place by chance about once in so many times.
    const ROOM: usize = 16;

    fn of(hashes: &[u64]) -> Self {
        let count = (Self::ROOM * hashes.len()).next_power_of_two().max(64);
        let mask = count as u64 - 1;
        // Memory that is written before it is read is fetched once.
        let mut free = vec![[u64::MAX; 2]; count / 64];
        for hash in hashes {
            let (word, bit) = Self::place(hash & mask);
            let [once, again] = &mut free[word];
            *again &= *once | !bit;
            *once &= !bit;
        }
        Self { free, mask }
    }

    fn holds(&self, hash: u64) -> bool {
        let (word, bit) = Self::place(hash & self.mask);
        self.free[word][1] & bit == 0
    }

    const fn place(place: u64) -> (usize, u64) {
        ((place / 64) as usize, 1 << (place % 64))
    }
}
