//! `CalendarDays`: whatever is joined with the calendar is asked for the calendar's days and no others.
//!
//! A metric reads facts by joining them with the days of its window. Said as a condition, the days of the
//! window decide which files are looked at (`lake_tables.rs`), before any of them is opened.

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::{max, min};
use arrow::datatypes::{DataType, Date32Type};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult};
use datafusion::common::{ExprSchema, Result};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{BinaryExpr, Expr, Filter, Join, JoinType, LogicalPlan, Operator, lit};
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
        let asked = plan.transform_up_with_subqueries(|node| match node {
            LogicalPlan::Join(join) => self.asked_of(join),
            other => Ok(Transformed::no(other)),
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
        let bound = |day: i32| lit(ScalarValue::Date32(Some(day)));
        let asked = Expr::Column(day.clone()).gt_eq(bound(self.first)).and(Expr::Column(day).lt_eq(bound(self.last)));
        *side = Arc::new(LogicalPlan::Filter(Filter::try_new(asked, Arc::clone(side))?));
        Ok(Transformed::yes(LogicalPlan::Join(join)))
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
