//! `HotTable`: one fact as readers see it, some of its columns and files in memory.
//!
//! Which files and columns are kept is decided in `hot.rs`.

use super::Kept;
use super::source::HeldSource;
use crate::lake_tables::{LakeTable, shared_out};
use crate::rows_asked::RowsAsked;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use chrono::NaiveDate;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Statistics;
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{Column, cast};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::union::UnionExec;
use object_store::path::Path;
use std::collections::HashMap;
use std::sync::Arc;

/// The rows of one file that are in memory.
#[derive(Debug)]
struct Held {
    days: Option<(NaiveDate, NaiveDate)>,
    kept: Arc<Kept>,
}

impl Held {
    fn may_have(&self, asked: &RowsAsked) -> bool {
        asked.may_be_of_days(self.days)
            && asked.may_end_by(self.kept.ended_by)
            && asked.may_be_of_services(self.kept.services.as_ref())
    }
}

/// A fact whose usual columns are in memory, for all files or those of the last time; a scan of any
/// other column reads the lake.
#[derive(Debug)]
pub(super) struct HotTable {
    stored: Arc<LakeTable>,
    /// How columns are held.
    schema: SchemaRef,
    held: Vec<Held>,
    /// The files that are not held, if there are any.
    others: Option<LakeTable>,
    /// For each column of the fact, its place among those held.
    places: Vec<Option<usize>>,
}

impl HotTable {
    /// The kept files of a fact, and beside them the others; `schema` says how columns are held.
    pub(super) fn new(stored: Arc<LakeTable>, schema: SchemaRef, files: &HashMap<Path, Arc<Kept>>) -> Self {
        let whole = stored.schema();
        let places = whole.fields().iter().map(|field| schema.index_of(field.name()).ok()).collect();
        let (mut held, mut others) = (Vec::new(), Vec::new());
        for file in stored.files() {
            match files.get(file.path()) {
                Some(kept) => held.push(Held { days: file.days, kept: Arc::clone(kept) }),
                None => others.push(file.clone()),
            }
        }
        let others = (!others.is_empty()).then(|| LakeTable::over(whole, others));
        Self { stored, schema, held, others, places }
    }

    /// The held rows that may be asked for, with the given columns, as they are stored.
    fn scan_held(&self, session: &dyn Session, places: Vec<usize>, asked: &RowsAsked) -> Result<Arc<dyn ExecutionPlan>> {
        let files: Vec<&Held> = self.held.iter().filter(|file| file.may_have(asked)).collect();
        let partitions = shared_out(files, session.config().target_partitions(), |file| file.kept.rows as u64);
        let kept = |files: Vec<&Held>| files.into_iter().map(|file| Arc::clone(&file.kept)).collect();
        let partitions = partitions.into_iter().map(kept).collect();
        let held = HeldSource::new(partitions, Arc::clone(&self.schema), places)?;
        let held: Arc<dyn ExecutionPlan> = DataSourceExec::from_data_source(held);
        let (schema, stored) = (held.schema(), self.stored.schema());
        let mut columns: Vec<(Arc<dyn PhysicalExpr>, String)> = Vec::with_capacity(schema.fields().len());
        for (place, field) in schema.fields().iter().enumerate() {
            let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(field.name(), place));
            let stored = stored.field_with_name(field.name())?.data_type();
            // What has that type already stays as it is.
            columns.push((cast(column, &schema, stored.clone())?, field.name().clone()));
        }
        if columns.iter().all(|(column, _)| column.is::<Column>()) {
            return Ok(held);
        }
        Ok(Arc::new(ProjectionExec::try_new(columns, held)?))
    }

    /// The places among the held columns; nothing when one of them is not held.
    pub(super) fn held_places(&self, columns: Option<&[usize]>) -> Option<Vec<usize>> {
        match columns {
            Some(columns) => columns.iter().map(|column| self.places.get(*column).copied().flatten()).collect(),
            None => self.places.iter().copied().collect(),
        }
    }
}

#[async_trait]
impl TableProvider for HotTable {
    fn schema(&self) -> SchemaRef {
        self.stored.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        session: &dyn Session,
        columns: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Some(places) = self.held_places(columns.map(Vec::as_slice)) else {
            return self.stored.scan(session, columns, filters, limit).await;
        };
        let held = self.scan_held(session, places, &RowsAsked::by(filters))?;
        let Some(others) = &self.others else { return Ok(held) };
        let others = others.scan(session, columns, filters, limit).await?;
        if others.is::<EmptyExec>() {
            return Ok(held);
        }
        UnionExec::try_new(vec![held, others])
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        self.stored.supports_filters_pushdown(filters)
    }

    fn statistics(&self) -> Option<Statistics> {
        self.stored.statistics()
    }
}
