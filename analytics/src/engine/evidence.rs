//! The rows behind a number: how many were counted, how many were left out and why, and one page of them.
//!
//! Which rows are eligible is said by the evidence SQL of the metric; how they are shown is left to
//! whoever asks.

use super::{Engine, Opened, Readable, collected, narrowed, plan};
use crate::catalogue::Metric;
use crate::error::AnalyticsError;
use crate::window::Window;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::SortExpr;
use datafusion::prelude::{DataFrame, Expr, col, lit};

/// Which of the rows behind a number are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// All of them, counted or not.
    #[default]
    All,
    /// Those that went in.
    Counted,
    /// Those that were left out.
    LeftOut,
    /// Those that were left out for this reason.
    Because(String),
}

/// One page of the rows behind a number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EvidenceRequest {
    /// Which rows are wanted.
    pub which: Which,
    /// Rows before the page.
    pub offset: usize,
    /// Rows of the page, at most.
    pub rows_max: usize,
}

/// Rows that were left out for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The reason; null where the definition gives none.
    pub reason: Option<String>,
    /// Rows that were left out for it.
    pub rows: i64,
}

/// What went into a number, what did not, and one page of the rows.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// Rows that went in, over all pages.
    pub counted: i64,
    /// Rows that did not, by reason, the most frequent first.
    pub left_out: Vec<LeftOut>,
    /// Rows of the kind that was asked for, over all pages.
    pub rows_total: i64,
    /// The page: the newest period first, in it the counted rows first.
    pub rows: RecordBatch,
}

impl Opened {
    pub(super) async fn evidence(
        &self,
        metric: &'static Metric,
        window: &Window,
        request: &EvidenceRequest,
    ) -> Result<Evidence, AnalyticsError> {
        let context = self.metric_context(window, metric.evidence, Readable::Facts).await?;
        let failed = |cause: DataFusionError| AnalyticsError::Metric { metric: metric.id.to_owned(), cause: Box::new(cause) };
        let frame = plan(&context, metric.evidence).await.map_err(failed)?;
        let frame = narrowed(frame, window).map_err(failed)?;
        let counts = by_reason(frame.clone()).map_err(failed)?;
        let (counted, left_out) = read_counts(&collected(counts).await.map_err(failed)?).map_err(failed)?;
        let rows_total = match &request.which {
            Which::All => counted + left_out.iter().map(|left| left.rows).sum::<i64>(),
            Which::Counted => counted,
            Which::LeftOut => left_out.iter().map(|left| left.rows).sum(),
            Which::Because(reason) => {
                left_out.iter().filter(|left| left.reason.as_ref() == Some(reason)).map(|left| left.rows).sum()
            }
        };
        let rows = collected(page(frame, request).map_err(failed)?).await.map_err(failed)?;
        Ok(Evidence { counted, left_out, rows_total, rows })
    }
}

impl Engine {
    /// Some columns of the rows that went into the scopes of a window, in any order.
    ///
    /// # Errors
    /// `Metric` when the evidence cannot be read.
    pub(crate) async fn counted(
        &self,
        metric: &'static Metric,
        window: &Window,
        columns: &[&'static str],
    ) -> Result<RecordBatch, AnalyticsError> {
        let context = self.newest().await?.metric_context(window, metric.evidence, Readable::Facts).await?;
        let failed = |cause: DataFusionError| AnalyticsError::Metric { metric: metric.id.to_owned(), cause: Box::new(cause) };
        let frame = plan(&context, metric.evidence).await.map_err(failed)?;
        let frame = narrowed(frame, window).and_then(|frame| frame.filter(col("is_counted").is_true()));
        let frame = frame.and_then(|frame| frame.select_columns(columns)).map_err(failed)?;
        collected(frame).await.map_err(failed)
    }
}

fn by_reason(frame: DataFrame) -> DataFusionResult<DataFrame> {
    let groups = vec![col("is_counted").is_true().alias("is_counted"), col("reason")];
    frame.aggregate(groups, vec![count(lit(1)).alias("evidence_rows")])
}

fn read_counts(batch: &RecordBatch) -> DataFusionResult<(i64, Vec<LeftOut>)> {
    let column = |name: &str, data_type: &DataType| {
        let found = batch.column_by_name(name).ok_or_else(|| DataFusionError::Internal(format!("`{name}` is missing")))?;
        cast(found, data_type).map_err(DataFusionError::from)
    };
    let (is_counted, reason) = (column("is_counted", &DataType::Boolean)?, column("reason", &DataType::Utf8)?);
    let rows = column("evidence_rows", &DataType::Int64)?;
    let (is_counted, reason) = (is_counted.as_boolean(), reason.as_string::<i32>());
    let rows = rows.as_primitive::<Int64Type>();
    let (mut counted, mut left_out) = (0, Vec::new());
    for row in 0..batch.num_rows() {
        if is_counted.is_valid(row) && is_counted.value(row) {
            counted += rows.value(row);
            continue;
        }
        let reason = reason.is_valid(row).then(|| reason.value(row).to_owned());
        left_out.push(LeftOut { reason, rows: rows.value(row) });
    }
    left_out.sort_by(|one, other| other.rows.cmp(&one.rows).then_with(|| one.reason.cmp(&other.reason)));
    Ok((counted, left_out))
}

fn page(frame: DataFrame, request: &EvidenceRequest) -> DataFusionResult<DataFrame> {
    let frame = match &request.which {
        Which::All => frame,
        Which::Counted => frame.filter(col("is_counted").is_true())?,
        Which::LeftOut => frame.filter(col("is_counted").is_not_true())?,
        Which::Because(reason) => frame.filter(col("is_counted").is_not_true().and(col("reason").eq(lit(reason.as_str()))))?,
    };
    // Every column takes part, so that two pages never show one row twice.
    let mut order: Vec<SortExpr> = vec![col("period_start").sort(false, false), col("is_counted").sort(false, false)];
    let names: Vec<Expr> = frame
        .schema()
        .fields()
        .iter()
        .filter(|field| !field.data_type().is_nested())
        .map(|field| Expr::from(datafusion::common::Column::new_unqualified(field.name())))
        .collect();
    order.extend(names.into_iter().map(|name| name.sort(true, false)));
    frame.sort(order)?.limit(request.offset, Some(request.rows_max))
}
