//! Appends: rows of a stream become visible in a table, each position of the stream once.
//!
//! Positions are compared here before each commit and read again after any error, because Delta's
//! application transaction alone is no compare-and-set. What the rows mean is not known here.

use crate::error::LakeError;
use crate::tables::{Tables, add, overtaken};
use arrow::array::RecordBatch;
use deltalake::kernel::transaction::CommitProperties;
use deltalake::kernel::{Action, Transaction};
use deltalake::protocol::{DeltaOperation, SaveMode};
use futures::{StreamExt, stream};
use std::ops::RangeInclusive;
use waymark_event::Instant;

/// How often an append is tried again whose commit another machine's commit has made impossible.
const CONFLICTS_MAX: usize = 2;
/// So many tables are appended to at once: while one waits for the disk, others are sorted and compressed.
const TABLES_AT_ONCE: usize = 4;

impl Tables {
    /// Appends rows that end at `position` of `stream`; an append that is not new is passed over.
    ///
    /// # Errors
    /// As [`Tables::append_since`].
    pub async fn append(
        &mut self,
        table: &str,
        batch: &RecordBatch,
        stream: &str,
        position: i64,
        now: Instant,
    ) -> Result<(), LakeError> {
        self.append_since(table, batch, stream, position..=position, now).await
    }

    /// Appends the rows of a range of positions of `stream` to several tables, a few at a time; no two
    /// may be about the same table.
    ///
    /// # Errors
    /// As [`Tables::append_since`], of the first table that failed. Others may hold the range then, and pass it
    /// over when they are given it again.
    pub async fn append_each(
        &mut self,
        batches: Vec<(String, RecordBatch)>,
        stream: &str,
        positions: RangeInclusive<i64>,
        now: Instant,
    ) -> Result<(), LakeError> {
        let parts: Vec<_> = batches.into_iter().map(|(table, batch)| (self.set_apart(&table), table, batch)).collect();
        let appends = parts.into_iter().map(|(mut part, table, batch)| {
            let positions = positions.clone();
            async move {
                let outcome = part.append_since(&table, &batch, stream, positions, now).await;
                (part, outcome)
            }
        });
        let done: Vec<_> = stream::iter(appends).buffered(TABLES_AT_ONCE).collect().await;
        let mut first = Ok(());
        for (part, outcome) in done {
            self.take_back(part);
            first = first.and(outcome);
        }
        first
    }

    /// Appends the rows of a range of positions of `stream`; a range that the table holds already is
    /// passed over.
    ///
    /// # Errors
    /// `Overtaken` when the table holds the beginning of the range and not its end, because then the
    /// caller has to read the rest by itself; `Encode`, `Store` or `Commit`. Nothing of it is visible then.
    pub async fn append_since(
        &mut self,
        table: &str,
        batch: &RecordBatch,
        stream: &str,
        positions: RangeInclusive<i64>,
        now: Instant,
    ) -> Result<(), LakeError> {
        let mut outcome = self.try_append(table, batch, stream, positions.clone(), now).await;
        for _ in 0..CONFLICTS_MAX {
            // Another machine has made the table or added a column at the same time.
            let Err(LakeError::Commit { .. }) = &outcome else { break };
            outcome = self.try_append(table, batch, stream, positions.clone(), now).await;
        }
        outcome
    }

    async fn try_append(
        &mut self,
        table: &str,
        batch: &RecordBatch,
        stream: &str,
        positions: RangeInclusive<i64>,
        now: Instant,
    ) -> Result<(), LakeError> {
        let schema_change = self.ensure(table, &batch.schema()).await?;
        let position = *positions.end();
        match self.position(table, stream).await? {
            Some(held) if held >= position => return Ok(()),
            Some(held) if held >= *positions.start() => return Err(overtaken(table)),
            _ => {}
        }
        let name = format!("part-{}.zstd.parquet", waymark_event::DeliveryId::received(now));
        let file = self.write_in_order(table, &name, batch, now).await?;
        let properties = CommitProperties::default().with_application_transaction(Transaction::new(stream, position));
        let actions = schema_change.into_iter().chain([Action::Add(add(&file))]).collect();
        let operation = DeltaOperation::Write { mode: SaveMode::Append, partition_by: None, predicate: None };
        let Err(error) = self.commit(table, actions, properties, operation).await else { return Ok(()) };
        // A put can succeed and still answer an error: what the log says decides.
        self.close(table);
        match self.position(table, stream).await? {
            Some(held) if held >= position => Ok(()),
            _ => Err(error),
        }
    }
}
