//! `ScopedServices`: where few scopes are asked for, facts are asked for the rows of their services only.
//!
//! A metric reads facts by joining them with `scopes`, most of which a question for one team leaves out.
//! The services that are left decide which files are looked at (`rows_asked.rs`). An answer stays what it
//! was: rows of other services would find nothing to be joined with.

use crate::rows_asked::{RowsAsked, SERVICE, Services};
use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::and;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, Filter, Join, JoinType, LogicalPlan, TableScan, lit};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};
use datafusion::physical_expr::create_physical_expr;
use std::collections::BTreeSet;
use std::sync::Arc;

const SCOPES: &str = "scopes";
/// Of more services it costs more to look for each than to read the others.
const SERVICES_MAX: usize = 200;

/// The rule, with the scopes of a snapshot.
#[derive(Debug)]
pub(super) struct ScopedServices {
    scopes: RecordBatch,
}

impl OptimizerRule for ScopedServices {
    fn name(&self) -> &'static str {
        "scoped_services"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        match plan {
            LogicalPlan::Join(join) if join.join_type == JoinType::Inner => self.asked_of(join),
            other => Ok(Transformed::no(other)),
        }
    }
}

impl ScopedServices {
    pub(super) const fn new(scopes: RecordBatch) -> Self {
        Self { scopes }
    }

    fn asked_of(&self, mut join: Join) -> Result<Transformed<LogicalPlan>> {
        for (left, right) in &join.on {
            let (Expr::Column(left), Expr::Column(right)) = (left, right) else { continue };
            let (scan, service, side) = match (scopes_in(&join.left), scopes_in(&join.right)) {
                (Some(scan), _) if left.name == SERVICE => (scan, right, &join.right),
                (_, Some(scan)) if right.name == SERVICE => (scan, left, &join.left),
                _ => continue,
            };
            let Some(services) = self.services(scan)? else { continue };
            if is_asked(side, &Services::of(&services))? {
                continue;
            }
            let list = services.iter().map(|service| lit(service.as_str())).collect();
            let asked = Expr::Column(service.clone()).in_list(list, false);
            let asked = Arc::new(LogicalPlan::Filter(Filter::try_new(asked, Arc::clone(side))?));
            if Arc::ptr_eq(side, &join.left) {
                join.left = asked;
            } else {
                join.right = asked;
            }
            return Ok(Transformed::yes(LogicalPlan::Join(join)));
        }
        Ok(Transformed::no(LogicalPlan::Join(join)))
    }

    /// The services of the scopes that a scan lets through; null where there are many.
    fn services(&self, scan: &TableScan) -> Result<Option<BTreeSet<String>>> {
        let schema = DFSchema::try_from_qualified_schema(scan.table_name.clone(), &self.scopes.schema())?;
        let mut is_left = BooleanArray::from(vec![true; self.scopes.num_rows()]);
        for filter in &scan.filters {
            let filter = create_physical_expr(filter, &schema, &ExecutionProps::new(), &PhysicalPlanningContext::default())?;
            let passes = filter.evaluate(&self.scopes)?.into_array(self.scopes.num_rows())?;
            is_left = and(&is_left, passes.as_boolean())?;
        }
        let Some(services) = self.scopes.column_by_name(SERVICE).and_then(|column| column.as_string_opt::<i32>()) else {
            return Ok(None);
        };
        let mut found = BTreeSet::new();
        for (service, is_left) in services.iter().zip(&is_left) {
            if let Some(service) = service.filter(|_| is_left == Some(true)) {
                found.insert(service.to_owned());
            }
            if found.len() > SERVICES_MAX {
                return Ok(None);
            }
        }
        Ok(Some(found))
    }
}

/// The scan of the scopes, where a side of a join is nothing but that.
fn scopes_in(plan: &LogicalPlan) -> Option<&TableScan> {
    match plan {
        LogicalPlan::TableScan(scan) => (scan.table_name.table() == SCOPES && scan.fetch.is_none()).then_some(scan),
        LogicalPlan::Filter(filter) => scopes_in(&filter.input),
        LogicalPlan::Projection(projection) => {
            let is_plain = projection.expr.iter().all(|column| matches!(column, Expr::Column(_)));
            scopes_in(&projection.input).filter(|_| is_plain)
        }
        _ => None,
    }
}

/// Whether a plan asks for these services already, as it does once the rule has been here.
fn is_asked(plan: &LogicalPlan, services: &Services) -> Result<bool> {
    let mut is_asked = false;
    plan.apply(|node| {
        let asked = match node {
            LogicalPlan::Filter(filter) => RowsAsked::by(std::slice::from_ref(&filter.predicate)),
            LogicalPlan::TableScan(scan) => RowsAsked::by(&scan.filters),
            _ => return Ok(TreeNodeRecursion::Continue),
        };
        is_asked = asked.services() == Some(services);
        Ok(if is_asked { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(is_asked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::session::base_state;
    use crate::engine::{collected, plan, register_batch};
    use arrow::array::{ArrayRef, Int64Array, StringArray};
    use datafusion::prelude::SessionContext;

    fn texts<'text>(texts: impl IntoIterator<Item = &'text str>) -> ArrayRef {
        Arc::new(StringArray::from_iter_values(texts))
    }

    fn scopes(teams: &[(&str, &str)]) -> RecordBatch {
        let services = texts(teams.iter().map(|(service, _)| *service));
        let kinds = texts(teams.iter().map(|_| "team"));
        let names = texts(teams.iter().map(|(_, team)| *team));
        RecordBatch::try_from_iter([("service", services), ("scope_kind", kinds), ("scope", names)]).unwrap()
    }

    /// A session with scopes and facts.
    fn context(teams: &[(&str, &str)]) -> SessionContext {
        let context = SessionContext::new_with_state(base_state(chrono_tz::UTC));
        let services = texts(["checkout", "billing", "search", "checkout"]);
        let values: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3, 4]));
        let facts = RecordBatch::try_from_iter([("service", services), ("value", values)]).unwrap();
        register_batch(&context, "facts", facts).unwrap();
        register_batch(&context, "scopes", scopes(teams)).unwrap();
        context
    }

    async fn is_asked_for(sql: &str, teams: &[(&str, &str)]) -> bool {
        let [with, without] = [context(teams), context(teams)];
        with.add_optimizer_rule(Arc::new(ScopedServices::new(scopes(teams))));
        let [with_rows, without_rows] = [plan(&with, sql).await.unwrap(), plan(&without, sql).await.unwrap()];
        let [with_rows, without_rows] = [collected(with_rows).await.unwrap(), collected(without_rows).await.unwrap()];
        assert_eq!(with_rows, without_rows, "{sql}");
        assert!(with_rows.num_rows() > 0, "{sql}");
        let shape = plan(&with, sql).await.unwrap().into_optimized_plan().unwrap().display_indent().to_string();
        let asked = shape.matches("facts.service = Utf8(\"checkout\") OR facts.service = Utf8(\"search\")").count();
        assert!(asked <= 2, "the same is asked for again: {shape}");
        asked > 0
    }

    #[tokio::test]
    async fn answers_are_the_same_and_other_services_are_not_asked_for() {
        let teams = [("checkout", "shop"), ("billing", "money"), ("search", "shop")];
        for (from, is_asked) in [
            ("facts join scopes on scopes.service = facts.service where scope = 'shop'", true),
            ("scopes join facts on facts.service = scopes.service where scope = 'shop'", true),
            ("facts left join scopes on scopes.service = facts.service and scope = 'shop'", false),
            ("facts join scopes on scopes.scope = facts.service or scopes.service = facts.service where scope = 'shop'", false),
        ] {
            let sql = format!("select scope, sum(value) as value from {from} group by scope order by value");
            assert_eq!(is_asked_for(&sql, &teams).await, is_asked, "{sql}");
        }
    }

    #[tokio::test]
    async fn many_services_are_not_listed() {
        let names: Vec<String> = (0..=SERVICES_MAX).map(|number| format!("service-{number}")).collect();
        let mut teams: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "shop")).collect();
        teams.extend([("checkout", "shop"), ("search", "shop")]);
        let sql = "select scope, sum(value) as value from facts join scopes on scopes.service = facts.service \
            where scope = 'shop' group by scope";
        assert!(!is_asked_for(sql, &teams).await);
    }
}
