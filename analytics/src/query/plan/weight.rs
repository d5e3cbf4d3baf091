//! How much the expressions of a plan weigh once they are put into each other.
//!
//! The optimiser merges projections by substitution: `x * x + x * x` through twelve steps of a
//! `with` is five hundred bytes of text and sixteen million terms. So a column weighs what defines
//! it, from the tables upwards, and nothing is substituted to find out. Aggregates and window
//! functions cannot be put into an expression above them: their results weigh one again.

use datafusion::common::Column;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan};

use super::outside;
use crate::query::error::QueryError;
use crate::query::guard::at_most;

/// Most terms of all expressions of one step.
const WEIGHT_MAX: u64 = 50_000;

/// Refuses a plan with a step whose expressions would be too large.
pub(super) fn check(plan: &LogicalPlan) -> Result<(), QueryError> {
    weigh(plan, 1).map(|_| ())
}

/// What each column of a plan weighs; a column of the question around it weighs `outer`.
fn weigh(plan: &LogicalPlan, outer: u64) -> Result<Vec<u64>, QueryError> {
    let inputs = plan.inputs();
    let weights = inputs.iter().map(|input| weigh(input, outer)).collect::<Result<Vec<_>, _>>()?;
    let heaviest = weights.iter().flatten().copied().max().unwrap_or(1);
    let column = |column: &Column| {
        let found = |(input, weights): (&&LogicalPlan, &Vec<u64>)| {
            input.schema().maybe_index_of_column(column).and_then(|index| weights.get(index).copied())
        };
        inputs.iter().zip(&weights).find_map(found).unwrap_or(outer)
    };
    let total = |expr: &Expr| expression(expr, &column, outer.max(heaviest));

    let mut sum = 0_u64;
    plan.apply_expressions(|expr| {
        sum = sum.saturating_add(total(expr).map_err(outside)?);
        at_most("terms in its expressions", sum, WEIGHT_MAX).map_err(outside)?;
        Ok(TreeNodeRecursion::Continue)
    })
    .map_err(QueryError::from_planning)?;

    let width = plan.schema().fields().len();
    match plan {
        LogicalPlan::Projection(projection) => projection.expr.iter().map(total).collect(),
        LogicalPlan::Aggregate(aggregate) => {
            let keys = aggregate.group_expr.iter().map(total).collect::<Result<Vec<_>, _>>()?;
            let has_sets = matches!(aggregate.group_expr.as_slice(), [Expr::GroupingSet(_)]);
            let key = |index: usize| if has_sets { keys.first() } else { keys.get(index) }.copied().unwrap_or(1);
            Ok((0..width).map(key).collect())
        }
        LogicalPlan::Window(_) => {
            let mut columns = weights.into_iter().flatten().collect::<Vec<_>>();
            columns.resize(width, 1);
            Ok(columns)
        }
        LogicalPlan::Union(_) => {
            let heavier = |index: usize| weights.iter().filter_map(|branch| branch.get(index)).copied().max().unwrap_or(1);
            Ok((0..width).map(heavier).collect())
        }
        _ => {
            let columns = weights.into_iter().flatten().collect::<Vec<_>>();
            Ok(if columns.len() == width { columns } else { vec![heaviest; width] })
        }
    }
}

fn expression(expr: &Expr, column: &impl Fn(&Column) -> u64, around: u64) -> Result<u64, QueryError> {
    let mut sum = 0_u64;
    expr.apply(|term| {
        let weight = match term {
            Expr::Column(named) => column(named),
            Expr::OuterReferenceColumn(..) => around,
            Expr::ScalarSubquery(subquery) => weigh(&subquery.subquery, around).map_err(outside)?.into_iter().sum(),
            Expr::InSubquery(inside) => weigh(&inside.subquery.subquery, around).map_err(outside)?.into_iter().sum(),
            Expr::SetComparison(set) => weigh(&set.subquery.subquery, around).map_err(outside)?.into_iter().sum(),
            Expr::Exists(exists) => weigh(&exists.subquery.subquery, around).map_err(outside).map(|_| 1)?,
            _ => 1,
        };
        sum = sum.saturating_add(weight);
        Ok(TreeNodeRecursion::Continue)
    })
    .map_err(QueryError::from_planning)?;
    Ok(sum)
}
