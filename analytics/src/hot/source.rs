//! `HeldSource`: rows in memory as the source of a plan.
//!
//! What planners ask about rows again and again (how many, how many nulls) was counted when the rows came:
//! the engine's own source of rows in memory would look at each of them every time.

use super::Kept;
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{ColumnStatistics, Statistics};
use datafusion::datasource::source::DataSource;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::projection::ProjectionExprs;
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::DisplayFormatType;
use datafusion::physical_plan::coop::cooperative;
use datafusion::physical_plan::execution_plan::SchedulingType;
use datafusion::physical_plan::memory::MemoryStream;
use datafusion::physical_plan::projection::{ProjectionExpr, all_alias_free_columns, new_projections_for_columns};
use std::fmt::{Formatter, Result as Written};
use std::sync::Arc;

/// Columns of some files, in partitions.
#[derive(Clone, Debug)]
pub(super) struct HeldSource {
    files: Arc<[Vec<Arc<Kept>>]>,
    /// How columns are held.
    held: SchemaRef,
    /// The places of the wanted columns among those.
    places: Vec<usize>,
    wanted: SchemaRef,
    of_each: Vec<Arc<Statistics>>,
    of_all: Arc<Statistics>,
    fetch: Option<usize>,
}

impl HeldSource {
    pub(super) fn new(files: Arc<[Vec<Arc<Kept>>]>, held: SchemaRef, places: Vec<usize>) -> Result<Self> {
        let wanted: Arc<Schema> = Arc::new(held.project(&places)?);
        let of_each = files.iter().map(|files| Arc::new(counted(files.iter(), &places))).collect();
        let of_all = Arc::new(counted(files.iter().flatten(), &places));
        Ok(Self { files, held, places, wanted, of_each, of_all, fetch: None })
    }
}

/// What was counted in files, added up.
fn counted<'files>(files: impl Iterator<Item = &'files Arc<Kept>>, places: &[usize]) -> Statistics {
    let (mut rows, mut size_bytes, mut nulls) = (0, 0, vec![0; places.len()]);
    for file in files {
        rows += file.rows;
        for (nulls, place) in nulls.iter_mut().zip(places) {
            let column = &file.columns[*place];
            *nulls += column.nulls;
            size_bytes += column.size_bytes;
        }
    }
    let column = |nulls| ColumnStatistics { null_count: Precision::Exact(nulls), ..ColumnStatistics::new_unknown() };
    Statistics {
        num_rows: Precision::Exact(rows),
        total_byte_size: Precision::Exact(size_bytes),
        column_statistics: nulls.into_iter().map(column).collect(),
    }
}

impl DataSource for HeldSource {
    fn open(&self, partition: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let files = self.files.get(partition).into_iter().flatten();
        let batches = files.flat_map(|file| file.batches.iter().cloned()).collect();
        let rows = MemoryStream::try_new(batches, Arc::clone(&self.wanted), Some(self.places.clone()))?;
        Ok(Box::pin(cooperative(rows.with_fetch(self.fetch))))
    }

    fn fmt_as(&self, _: DisplayFormatType, out: &mut Formatter<'_>) -> Written {
        let files: Vec<usize> = self.files.iter().map(Vec::len).collect();
        write!(out, "files in memory={files:?}, rows={}", self.of_all.num_rows)
    }

    fn output_partitioning(&self) -> Partitioning {
        Partitioning::UnknownPartitioning(self.files.len())
    }

    fn eq_properties(&self) -> EquivalenceProperties {
        EquivalenceProperties::new(Arc::clone(&self.wanted))
    }

    fn scheduling_type(&self) -> SchedulingType {
        SchedulingType::Cooperative
    }

    fn partition_statistics(&self, partition: Option<usize>) -> Result<Arc<Statistics>> {
        let Some(partition) = partition else { return Ok(Arc::clone(&self.of_all)) };
        let known = self.of_each.get(partition).cloned();
        Ok(known.unwrap_or_else(|| Arc::new(Statistics::new_unknown(&self.wanted))))
    }

    fn with_fetch(&self, fetch: Option<usize>) -> Option<Arc<dyn DataSource>> {
        Some(Arc::new(Self { fetch, ..self.clone() }))
    }

    fn fetch(&self) -> Option<usize> {
        self.fetch
    }

    fn try_swapping_with_projection(&self, projection: &ProjectionExprs) -> Result<Option<Arc<dyn DataSource>>> {
        let wanted: Vec<ProjectionExpr> = projection.iter().cloned().collect();
        if !all_alias_free_columns(&wanted) {
            return Ok(None);
        }
        let places = new_projections_for_columns(&wanted, &self.places);
        let source = Self::new(Arc::clone(&self.files), Arc::clone(&self.held), places)?;
        Ok(Some(Arc::new(Self { fetch: self.fetch, ..source })))
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hot::dictionary;
    use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
    use arrow::datatypes::{DataType, Field};
    use datafusion::datasource::memory::MemorySourceConfig;

    #[test]
    fn what_was_counted_is_what_the_engine_would_count() {
        let held: Arc<Schema> =
            Arc::new(Schema::new(vec![Field::new("service", dictionary(), true), Field::new("value", DataType::Int64, true)]));
        let file = |services: Vec<Option<&str>>, values: Vec<Option<i64>>| {
            let columns: [ArrayRef; 2] = [Arc::new(StringArray::from(services)), Arc::new(Int64Array::from(values))];
            let rows = RecordBatch::try_from_iter_with_nullable(
                ["service", "value"].into_iter().zip(columns).map(|(name, column)| (name, column, true)),
            );
            Arc::new(Kept::new(&held, vec![rows.unwrap()]).unwrap())
        };
        let partitions = vec![
            vec![file(vec![Some("checkout"), None], vec![None, None]), file(vec![Some("cart")], vec![Some(1)])],
            vec![file(vec![None, None, Some("cart")], vec![Some(1), None, Some(3)])],
        ];
        let batches: Vec<Vec<RecordBatch>> =
            partitions.iter().map(|files| files.iter().flat_map(|file| file.batches.clone()).collect()).collect();
        for places in [vec![0, 1], vec![1], Vec::new()] {
            let ours = HeldSource::new(partitions.clone().into(), Arc::clone(&held), places.clone()).unwrap();
            let theirs = MemorySourceConfig::try_new(&batches, Arc::clone(&held), Some(places)).unwrap();
            for partition in [None, Some(0), Some(1)] {
                let [ours, theirs] = [ours.partition_statistics(partition), theirs.partition_statistics(partition)];
                assert_eq!(ours.unwrap(), theirs.unwrap(), "{partition:?}");
            }
        }
    }
}
