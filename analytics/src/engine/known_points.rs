//! `KnownPoints`: a column of `read_points` is the list that it holds, already where a question is planned.
//!
//! Functions look values up in lists that are the same for all rows. Asked as a subquery, such a list would be
//! copied for every row as soon as two of them ask for it.

use arrow::array::RecordBatch;
use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::logical_expr::{Expr, LogicalPlan, lit};
use datafusion::optimizer::AnalyzerRule;
use datafusion::scalar::ScalarValue;

/// The table of one row.
pub(super) const READ_POINTS: &str = "read_points";

/// The rule, with the row.
#[derive(Debug)]
pub(super) struct KnownPoints {
    row: RecordBatch,
}

impl KnownPoints {
    pub(super) const fn new(row: RecordBatch) -> Self {
        Self { row }
    }

    fn known(&self, expression: Expr) -> Result<Transformed<Expr>> {
        let Expr::ScalarSubquery(subquery) = &expression else { return Ok(Transformed::no(expression)) };
        let asked = column_of_points(&subquery.subquery).and_then(|name| self.row.column_by_name(name));
        let Some(column) = asked else { return Ok(Transformed::no(expression)) };
        Ok(Transformed::yes(lit(ScalarValue::try_from_array(column, 0)?)))
    }
}

impl AnalyzerRule for KnownPoints {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let known = plan.transform_up_with_subqueries(|node| {
            node.map_expressions(|expression| expression.transform_up(|part| self.known(part)))
        });
        known.data()
    }

    fn name(&self) -> &'static str {
        "known_points"
    }
}

/// The column, where a statement asks for one of `read_points` and for nothing else.
fn column_of_points(plan: &LogicalPlan) -> Option<&str> {
    let LogicalPlan::Projection(projection) = plan else { return None };
    let ([Expr::Column(column)], LogicalPlan::TableScan(scan)) = (projection.expr.as_slice(), projection.input.as_ref()) else {
        return None;
    };
    (scan.table_name.table() == READ_POINTS && scan.filters.is_empty()).then_some(column.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::session::base_state;
    use crate::engine::{collected, plan, register_batch};
    use arrow::array::{ArrayRef, Int64Array};
    use datafusion::prelude::SessionContext;
    use std::sync::Arc;

    fn row() -> RecordBatch {
        let edges: ArrayRef = Arc::new(Int64Array::from(vec![26]));
        RecordBatch::try_from_iter([("edges", edges)]).unwrap()
    }

    fn plain() -> SessionContext {
        let context = SessionContext::new_with_state(base_state(chrono_tz::UTC));
        register_batch(&context, READ_POINTS, row()).unwrap();
        context
    }

    #[tokio::test]
    async fn what_the_row_holds_is_known_and_any_other_question_is_asked() {
        for (asked, is_known) in
            [("(select edges from read_points)", true), ("(select max(edges) from read_points where edges > 1)", false)]
        {
            let sql = format!("select value + {asked} as sum from (values (1), (2)) as given(value) order by 1");
            let known = plain();
            known.add_analyzer_rule(Arc::new(KnownPoints::new(row())));
            let frame = plan(&known, &sql).await.unwrap();
            let shape = frame.clone().into_optimized_plan().unwrap().display_indent().to_string();
            assert_eq!(shape.contains(READ_POINTS), !is_known, "{shape}");
            let plain = plan(&plain(), &sql).await.unwrap();
            assert_eq!(collected(frame).await.unwrap(), collected(plain).await.unwrap());
        }
    }
}
