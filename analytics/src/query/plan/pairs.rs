//! Joins that compare every row with every row, judged on the physical plan.
//!
//! `cross join` and a join by inequality only are allowed where statistics promise few pairs; where
//! nothing is known about a table they are refused. Row counts here are upper limits, never
//! estimates. The same walk finds long literals that would be copied into every row of a batch.

use std::sync::Arc;

use datafusion::common::JoinType;
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::DataFusionError;
use datafusion::physical_expr::expressions::Literal;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::execution_plan::CardinalityEffect;
use datafusion::physical_plan::joins::{
    CrossJoinExec, HashJoinExec, NestedLoopJoinExec, PiecewiseMergeJoinExec, SortMergeJoinExec,
};
use datafusion::physical_plan::memory::LazyMemoryExec;
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
use datafusion::physical_plan::union::{InterleaveExec, UnionExec};
use datafusion::physical_plan::windows::WindowAggExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};

use crate::query::bounded::BATCH_BYTES_MAX;
use crate::query::error::QueryError;
use crate::query::guard::at_most;

/// Most pairs of rows that a join without an equality may compare.
const PAIRS_MAX: u64 = 100_000_000;
/// Rows that the engine handles at once.
const BATCH_ROWS: u64 = 8_192;
/// Literals up to here are not worth counting.
const SHORT_LITERAL_BYTES: u64 = 1_024;

/// Refuses a plan that compares too many pairs of rows, or an unknown number of them.
pub(crate) fn check_joins(plan: &Arc<dyn ExecutionPlan>) -> Result<(), QueryError> {
    rows_at_most(plan).map(|_| ())
}

/// The most rows that a plan can give; `None` where nobody knows.
fn rows_at_most(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<u64>, QueryError> {
    let children = plan.children().into_iter().map(rows_at_most).collect::<Result<Vec<_>, _>>()?;
    let rows = match children.as_slice() {
        [] => leaf_rows(plan),
        [Some(left), Some(right)] if join_type(plan).is_some() => {
            check_pairs(plan, left.saturating_mul(*right))?;
            join_type(plan).map(|join_type| joined_rows(join_type, *left, *right))
        }
        [_, _] if join_type(plan).is_some() => {
            check_pairs(plan, u64::MAX)?;
            None
        }
        branches if plan.is::<UnionExec>() || plan.is::<InterleaveExec>() => {
            branches.iter().copied().try_fold(0_u64, |sum, rows| rows.map(|rows| sum.saturating_add(rows)))
        }
        [input, ..] => one_input(plan, *input),
    };
    let read = match children.as_slice() {
        [] => rows,
        [input] => *input,
        _ => None,
    };
    check_literals(plan, read)?;
    let fetch = plan.fetch().map(|rows| rows as u64);
    Ok(match (rows, fetch) {
        (Some(rows), Some(fetch)) => Some(rows.min(fetch)),
        (rows, fetch) => rows.or(fetch),
    })
}

fn one_input(plan: &Arc<dyn ExecutionPlan>, input: Option<u64>) -> Option<u64> {
    if let Some(aggregate) = plan.downcast_ref::<AggregateExec>() {
        let groups = aggregate.group_expr();
        return if groups.expr().is_empty() {
            Some(plan.output_partitioning().partition_count() as u64)
        } else {
            input.map(|rows| rows.saturating_mul(groups.groups().len().max(1) as u64))
        };
    }
    let keeps = matches!(plan.cardinality_effect(), CardinalityEffect::Equal | CardinalityEffect::LowerEqual);
    input.filter(|_| keeps)
}

fn leaf_rows(plan: &Arc<dyn ExecutionPlan>) -> Option<u64> {
    if let Some(series) = plan.downcast_ref::<LazyMemoryExec>() {
        return series.generators().iter().try_fold(0, |sum, generator| {
            let fresh = generator.read().reset_state();
            let mut rows = sum;
            while let Some(batch) = fresh.write().generate_next_batch().ok()? {
                rows += batch.num_rows() as u64;
                if rows > PAIRS_MAX {
                    return None;
                }
            }
            Some(rows)
        });
    }
    let statistics = StatisticsContext::new().compute(plan.as_ref(), &StatisticsArgs::new()).ok()?;
    statistics.num_rows.get_value().map(|rows| *rows as u64)
}

fn join_type(plan: &Arc<dyn ExecutionPlan>) -> Option<JoinType> {
    if plan.is::<CrossJoinExec>() {
        return Some(JoinType::Inner);
    }
    let hash = plan.downcast_ref::<HashJoinExec>().map(|join| *join.join_type());
    let nested = || plan.downcast_ref::<NestedLoopJoinExec>().map(|join| *join.join_type());
    let merge = || plan.downcast_ref::<SortMergeJoinExec>().map(SortMergeJoinExec::join_type);
    let piecewise = || plan.downcast_ref::<PiecewiseMergeJoinExec>().map(PiecewiseMergeJoinExec::join_type);
    hash.or_else(nested).or_else(merge).or_else(piecewise)
}

fn check_pairs(plan: &Arc<dyn ExecutionPlan>, pairs: u64) -> Result<(), QueryError> {
    if plan.is::<CrossJoinExec>() || plan.is::<NestedLoopJoinExec>() || plan.is::<PiecewiseMergeJoinExec>() {
        at_most("pairs of rows in a join without an equality", pairs, PAIRS_MAX)?;
    }
    Ok(())
}

fn joined_rows(join_type: JoinType, left: u64, right: u64) -> u64 {
    let pairs = left.saturating_mul(right);
    match join_type {
        JoinType::Inner => pairs,
        JoinType::Left => pairs.max(left),
        JoinType::Right => pairs.max(right),
        JoinType::Full => pairs.saturating_add(left).saturating_add(right),
        JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => left,
        JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => right,
    }
}

/// A literal, wherever it stands, is copied into every row of a batch, outside of all accounts: in a select list, and
/// by most functions that are given it.
fn check_literals(plan: &Arc<dyn ExecutionPlan>, rows: Option<u64>) -> Result<(), QueryError> {
    // A window takes a whole partition at once.
    let rows_max = if plan.is::<WindowAggExec>() { u64::MAX } else { BATCH_ROWS };
    let rows = rows.unwrap_or(rows_max).min(rows_max);
    let mut bytes = 0_u64;
    plan.apply_expressions(&mut |root| {
        root.apply(|expr| {
            let value = expr.downcast_ref::<Literal>().map(Literal::value);
            let size = value.map_or(0, |value: &ScalarValue| value.size() as u64);
            bytes = bytes.saturating_add(if size > SHORT_LITERAL_BYTES { size } else { 0 });
            Ok::<_, DataFusionError>(TreeNodeRecursion::Continue)
        })
    })
    .map_err(QueryError::from_execution)?;
    at_most("bytes of literals in one batch", bytes.saturating_mul(rows), BATCH_BYTES_MAX)
}
