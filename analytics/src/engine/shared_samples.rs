//! `SharedSamples`: several quantiles of one expression gather their sample once.
//!
//! A metric asks for a median, two percentiles and the limits of each: nine aggregates of the same
//! values. Without this each of them keeps all values, and hands them on between threads. What the
//! numbers are is said in `functions/quantile.rs`.

use crate::functions::{Sample, SampleQuestion};
use datafusion::common::tree_node::Transformed;
use datafusion::error::Result;
use datafusion::functions::core::expr_fn::get_field;
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan, Projection};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};
use datafusion::prelude::Column;
use std::sync::Arc;

/// The rule, to be applied to plans of any session.
#[derive(Debug)]
pub(super) struct SharedSamples;

/// Samples of one aggregation with what is asked of each, and the places where answers are wanted.
#[derive(Default)]
struct Samples(Vec<(Sample, Vec<SampleQuestion>, Vec<usize>)>);

impl OptimizerRule for SharedSamples {
    fn name(&self) -> &'static str {
        "shared_samples"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let LogicalPlan::Aggregate(aggregate) = plan else { return Ok(Transformed::no(plan)) };
        let samples = Samples::shared_in(&aggregate);
        if samples.0.is_empty() || aggregate.group_expr.iter().any(|group| matches!(group, Expr::GroupingSet(_))) {
            return Ok(Transformed::no(LogicalPlan::Aggregate(aggregate)));
        }
        samples.gathered_once(&aggregate).map(Transformed::yes)
    }
}

impl Samples {
    /// The samples of which more than one number is wanted.
    fn shared_in(aggregate: &Aggregate) -> Self {
        let mut samples = Self::default();
        for (place, expression) in aggregate.aggr_expr.iter().enumerate() {
            let Expr::AggregateFunction(call) = bare(expression) else { continue };
            let Some((sample, question)) = Sample::of(call) else { continue };
            match samples.0.iter_mut().find(|(known, ..)| *known == sample) {
                Some((_, questions, places)) => {
                    questions.push(question);
                    places.push(place);
                }
                None => samples.0.push((sample, vec![question], vec![place])),
            }
        }
        samples.0.retain(|(_, questions, _)| questions.len() > 1);
        samples
    }

    /// The same aggregation with one call for each sample, and above it the columns that it had.
    fn gathered_once(self, aggregate: &Aggregate) -> Result<LogicalPlan> {
        let is_shared = |place: usize| self.0.iter().any(|(_, _, places)| places.contains(&place));
        let calls = aggregate.aggr_expr.iter().enumerate();
        let mut calls: Vec<Expr> = calls.filter(|(place, _)| !is_shared(*place)).map(|(_, call)| call.clone()).collect();
        let first = aggregate.group_expr.len() + calls.len();
        calls.extend(self.0.iter().map(|(sample, questions, _)| sample.clone().ask(questions)));
        let gathered = Aggregate::try_new(Arc::clone(&aggregate.input), aggregate.group_expr.clone(), calls)?;
        let mut columns = Vec::with_capacity(aggregate.schema.fields().len());
        for (place, (qualifier, field)) in aggregate.schema.iter().enumerate() {
            let answer = place.checked_sub(aggregate.group_expr.len()).and_then(|call| {
                let mut samples = self.0.iter().enumerate();
                samples.find_map(|(sample, (.., places))| Some((sample, places.iter().position(|place| *place == call)?)))
            });
            columns.push(match answer {
                None => Expr::Column(Column::from((qualifier, field))),
                Some((sample, answer)) => {
                    let whole = Expr::Column(Column::from(gathered.schema.qualified_field(first + sample)));
                    get_field(whole, answer.to_string()).alias_qualified(qualifier.cloned(), field.name())
                }
            });
        }
        let input = Arc::new(LogicalPlan::Aggregate(gathered));
        Ok(LogicalPlan::Projection(Projection::try_new(columns, input)?))
    }
}

/// An expression without the names that were given to it.
fn bare(expression: &Expr) -> &Expr {
    match expression {
        Expr::Alias(alias) => bare(&alias.expr),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::session::base_state;
    use crate::engine::{collected, plan};
    use crate::functions;
    use arrow::array::RecordBatch;
    use datafusion::prelude::SessionContext;

    const ROWS: &str = "from (select value % 3 as kind, cast(value as double) as number, value % 7 = 0 as is_wanted \
        from generate_series(1, 900)) as numbers";

    /// An answer, once as the engine plans it and once without any rule of ours.
    async fn answers(sql: &str) -> [RecordBatch; 2] {
        let ours = SessionContext::new_with_state(base_state(chrono_tz::UTC));
        let plain = SessionContext::new();
        functions::register(&plain);
        let [ours, plain] = [plan(&ours, sql).await.unwrap(), plan(&plain, sql).await.unwrap()];
        [collected(ours).await.unwrap(), collected(plain).await.unwrap()]
    }

    async fn shape(sql: &str) -> String {
        let context = SessionContext::new_with_state(base_state(chrono_tz::UTC));
        plan(&context, sql).await.unwrap().into_optimized_plan().unwrap().display_indent().to_string()
    }

    #[tokio::test]
    async fn several_numbers_of_one_sample_are_the_same_as_each_alone() {
        let grouped = "select kind, quantile(number, 0.5) as p50, count(*) as rows, quantile_low(number, 0.5) as low, \
            quantile_high(number, 0.9) as high, quantile(number, 0.5) filter (where is_wanted) as wanted, \
            quantile_low(number, 0.5) filter (where is_wanted) as wanted_low";
        let episodes = "select survival_quantile(number, is_wanted, 0.5) as p50, \
            survival_quantile_low(number, is_wanted, 0.5) as low, max(number) as greatest";
        for sql in [format!("{grouped} {ROWS} group by kind order by kind"), format!("{episodes} {ROWS}")] {
            let [found, expected] = answers(&sql).await;
            assert_eq!(found, expected, "{sql}");
            assert!(found.num_rows() > 0 && found.columns().iter().all(|column| column.null_count() == 0), "{found:?}");
            let shape = shape(&sql).await;
            assert!(shape.contains("quantiles("), "{shape}");
            assert!(!shape.contains("quantile_low("), "{shape}");
        }
    }

    #[tokio::test]
    async fn a_number_alone_and_a_wrong_one_are_left_as_they_are() {
        let alone = format!("select quantile(number, 0.5), quantile(number + 1, 0.5) {ROWS}");
        assert!(!shape(&alone).await.contains("quantiles("));
        let context = SessionContext::new_with_state(base_state(chrono_tz::UTC));
        let wrong = format!("select quantile(number, 1.5), quantile(number, 0.5) {ROWS}");
        let failed = plan(&context, &wrong).await.unwrap().collect().await.unwrap_err().to_string();
        assert!(failed.contains("quantile"), "{failed}");
    }
}
