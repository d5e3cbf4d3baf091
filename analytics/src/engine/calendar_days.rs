//! `CalendarDays`: whatever is joined with the calendar is asked for the calendar's days and no others.
//!
//! A metric reads facts by joining them with the days of its window. Said as a condition, the days of the
//! window decide which files are looked at (`rows_asked.rs`), before any of them is opened. Where SQL asks
//! for the first or the last day of the calendar, that is such a day, too.

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::{max, min};
use arrow::datatypes::{DataType, Date32Type};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{ExprSchema, Result};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Aggregate, BinaryExpr, Expr, Filter, Join, JoinType, LogicalPlan, Operator, lit};
use datafusion::optimizer::AnalyzerRule;
use datafusion::prelude::Column;
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

/// The table of days, and its column.
const CALENDAR: &str = "calendar";
const DAY: &str = "day";

/// The first and the last day of a calendar, since 1970.
#[derive(Clone, Copy, Debug)]
pub(super) struct CalendarDays {
    first: i32,
    last: i32,
}

impl AnalyzerRule for CalendarDays {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let asked = plan.transform_up_with_subqueries(|node| {
            // Joined with subqueries, a condition would be no condition on files any more.
            let known = node.map_expressions(|expression| expression.transform_up(|part| Ok(self.known(part))))?;
            known.transform_data(|node| match node {
                LogicalPlan::Join(join) => self.asked_of(join),
                other => Ok(Transformed::no(other)),
            })
        });
        asked.data()
    }

    fn name(&self) -> &'static str {
        "calendar_days"
    }
}

impl CalendarDays {
    /// Those of a calendar; null where it has none.
    pub(super) fn of(calendar: &RecordBatch) -> Option<Self> {
        let days = calendar.column_by_name(DAY)?.as_primitive_opt::<Date32Type>()?;
        Some(Self { first: min(days)?, last: max(days)? })
    }

    /// The day, where an expression is the question for the first or the last one of the calendar.
    fn known(self, expression: Expr) -> Transformed<Expr> {
        let Expr::ScalarSubquery(subquery) = &expression else { return Transformed::no(expression) };
        match bound_of_calendar(&subquery.subquery).as_deref() {
            Some("min") => Transformed::yes(day_number(self.first)),
            Some("max") => Transformed::yes(day_number(self.last)),
            _ => Transformed::no(expression),
        }
    }

    fn asked_of(self, mut join: Join) -> Result<Transformed<LogicalPlan>> {
        let Some(day) = joined_with_calendar(&join) else { return Ok(Transformed::no(LogicalPlan::Join(join))) };
        // A row that a join keeps although it matches nothing must stay.
        let side = match join.join_type {
            JoinType::Inner | JoinType::Right if join.left.schema().has_column(&day) => &mut join.left,
            JoinType::Inner | JoinType::Left if join.right.schema().has_column(&day) => &mut join.right,
            _ => return Ok(Transformed::no(LogicalPlan::Join(join))),
        };
        if side.schema().data_type(&day)? != &DataType::Date32 {
            return Ok(Transformed::no(LogicalPlan::Join(join)));
        }
        let (first, last) = (day_number(self.first), day_number(self.last));
        let asked = Expr::Column(day.clone()).gt_eq(first).and(Expr::Column(day).lt_eq(last));
        *side = Arc::new(LogicalPlan::Filter(Filter::try_new(asked, Arc::clone(side))?));
        Ok(Transformed::yes(LogicalPlan::Join(join)))
    }
}

fn day_number(day: i32) -> Expr {
    lit(ScalarValue::Date32(Some(day)))
}

/// Whether a statement asks for nothing but `min` or `max` of the days of the whole calendar: which of them.
fn bound_of_calendar(plan: &LogicalPlan) -> Option<String> {
    match plan {
        LogicalPlan::Projection(projection) if projection.expr.len() == 1 => bound_of_calendar(&projection.input),
        LogicalPlan::Aggregate(Aggregate { input, group_expr, aggr_expr, .. }) if group_expr.is_empty() => {
            let ([Expr::AggregateFunction(call)], LogicalPlan::TableScan(scan)) = (aggr_expr.as_slice(), input.as_ref()) else {
                return None;
            };
            let is_of_days = matches!(call.params.args.as_slice(), [Expr::Column(column)] if is_calendar_day(column));
            let is_whole = call.params.filter.is_none() && scan.filters.is_empty();
            (is_of_days && is_whole).then(|| call.func.name().to_owned())
        }
        _ => None,
    }
}

/// The column that a join demands to be a day of the calendar.
fn joined_with_calendar(join: &Join) -> Option<Column> {
    let on = join.on.iter().map(|(left, right)| (left, right));
    let conditions = join.filter.iter().flat_map(split_conjunction).filter_map(|condition| match condition {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => Some((left.as_ref(), right.as_ref())),
        _ => None,
    });
    on.chain(conditions).find_map(|pair| match pair {
        (Expr::Column(left), Expr::Column(right)) if is_calendar_day(left) => Some(right.clone()),
        (Expr::Column(left), Expr::Column(right)) if is_calendar_day(right) => Some(left.clone()),
        _ => None,
    })
}

fn is_calendar_day(column: &Column) -> bool {
    column.name == DAY && column.relation.as_ref().is_some_and(|relation| relation.table() == CALENDAR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::session::base_state;
    use crate::engine::{collected, plan, register_batch};
    use arrow::array::{ArrayRef, Date32Array, Int64Array};
    use datafusion::prelude::SessionContext;

    const RULE: CalendarDays = CalendarDays { first: 10, last: 12 };

    fn days(name: &str, days: &[i32]) -> RecordBatch {
        let column: ArrayRef = Arc::new(Date32Array::from(days.to_vec()));
        let other: ArrayRef = Arc::new(Int64Array::from_iter_values(days.iter().map(|day| i64::from(*day))));
        RecordBatch::try_from_iter([("day", column), (name, other)]).unwrap()
    }

    /// A session with days and facts, and with the rule if there is one.
    fn context(rule: Option<CalendarDays>) -> SessionContext {
        let context = SessionContext::new_with_state(base_state(chrono_tz::UTC));
        register_batch(&context, "calendar", days("number", &[10, 11, 12])).unwrap();
        register_batch(&context, "facts", days("value", &[1, 9, 10, 12, 13, 400])).unwrap();
        if let Some(rule) = rule {
            context.add_analyzer_rule(Arc::new(rule));
        }
        context
    }

    #[tokio::test]
    async fn answers_are_the_same_and_other_days_are_not_asked_for() {
        for (join, is_asked) in [
            ("facts join calendar on calendar.day = facts.day", true),
            ("calendar left join facts on facts.day = calendar.day and facts.value > 1", true),
            ("(select day, value from facts) as facts join calendar on calendar.day = facts.day", true),
            ("calendar join facts on facts.day is null or facts.day <= (select max(day) from calendar)", true),
            ("facts left join calendar on calendar.day = facts.day", false),
            ("facts join calendar on calendar.day >= facts.day", false),
        ] {
            let sql = format!("select facts.value, calendar.number from {join} order by 1, 2");
            let mut answers = Vec::new();
            for rule in [None, Some(RULE)] {
                answers.push(collected(plan(&context(rule), &sql).await.unwrap()).await.unwrap());
            }
            assert_eq!(answers[0], answers[1], "{sql}");
            assert!(answers[0].num_rows() > 0);
            let optimised = plan(&context(Some(RULE)), &sql).await.unwrap().into_optimized_plan().unwrap();
            let shape = optimised.display_indent().to_string();
            assert_eq!(shape.contains("facts.day <= Date32"), is_asked, "{shape}");
        }
    }
}
