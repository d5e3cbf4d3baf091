//! The functions that Waymark adds to SQL: the intervals and quantiles in which metrics speak.
//!
//! Every one of them is exact and deterministic; what a metric does with it stands in its SQL. The
//! random procedures (bootstraps) belong to reports; what needs the organisation's zone is registered beside the list:
//! the local day of an instant and the working time between two where facts are made and nowhere else, the instant at
//! which a day begins for everybody.

mod business_seconds;
mod closed_form;
mod instants;
mod local_day;
mod local_midnight;
mod nps;
mod order_statistics;
mod percentile_cont;
mod poisson;
mod quantile;
mod quantiles;
mod samples;
mod survival;
mod width_bucket;
mod wilson;

pub(crate) use business_seconds::business_seconds;
pub(crate) use local_day::local_day;
pub(crate) use local_midnight::local_midnight;
pub(crate) use quantile::type_7;
pub(crate) use quantiles::{Sample, SampleQuestion};
pub(crate) use survival::{drawn_survival, episode, log_rank};
pub(crate) use wilson::limits as wilson_limits;

use crate::query::StopFlag;
use closed_form::ClosedForm;
use datafusion::logical_expr::{AggregateUDF, ScalarUDF};
use datafusion::prelude::SessionContext;
use quantile::{Of, Part, Quantile};
use quantiles::Quantiles;

/// The 97.5 % point of the normal distribution: every interval here is a two-sided 95 % one.
pub(crate) const Z: f64 = 1.959_963_984_540_054;

/// The probability that an exact interval leaves out at either end.
pub(crate) const TAIL: f64 = 0.025;

/// One function of ours, in either of the two forms that SQL knows.
#[derive(Clone, Debug)]
pub(crate) enum Function {
    /// A value for each row.
    Scalar(ScalarUDF),
    /// A value for each group of rows.
    Aggregate(AggregateUDF),
}

impl Function {
    fn quantile(of: Of, part: Part) -> Self {
        Self::Aggregate(AggregateUDF::from(Quantile::new(of, part)))
    }
}

/// Every function that metrics may use, in the order of the manual.
pub(crate) fn functions() -> Vec<Function> {
    let mut functions = vec![
        Function::quantile(Of::Values, Part::Value),
        Function::quantile(Of::Values, Part::Low),
        Function::quantile(Of::Values, Part::High),
        Function::quantile(Of::Episodes, Part::Value),
        Function::quantile(Of::Episodes, Part::Low),
        Function::quantile(Of::Episodes, Part::High),
        Function::Aggregate(percentile_cont::percentile_cont()),
    ];
    let others = [instants::plus_seconds(), instants::seconds_between(), width_bucket::width_bucket()];
    functions.extend(formulas(&StopFlag::default()).into_iter().chain(others).map(Function::Scalar));
    functions
}

/// The formulas of one question, which fail once it is stopped.
pub(crate) fn formulas(flag: &StopFlag) -> Vec<ScalarUDF> {
    vec![
        formula("wilson_low", wilson::low, flag),
        formula("wilson_high", wilson::high, flag),
        formula("poisson_low", poisson::low, flag),
        formula("poisson_high", poisson::high, flag),
        formula("nps_low", nps::low, flag),
        formula("nps_high", nps::high, flag),
    ]
}

fn formula<const N: usize>(name: &'static str, formula: fn([f64; N]) -> Option<f64>, flag: &StopFlag) -> ScalarUDF {
    ScalarUDF::from(ClosedForm::new(name, formula, flag))
}

/// Makes every function of the list known to a session, and those that plans have in place of several.
pub(crate) fn register(context: &SessionContext) {
    for of in [Of::Values, Of::Episodes] {
        context.register_udaf(AggregateUDF::from(Quantiles::new(of)));
    }
    for function in functions() {
        match function {
            Function::Scalar(scalar) => context.register_udf(scalar),
            Function::Aggregate(aggregate) => context.register_udaf(aggregate),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::QueryError;
    use arrow::datatypes::Date32Type;
    use datafusion::common::cast::{as_date32_array, as_float64_array};
    use datafusion::error::Result;

    /// The floating-point columns that a query yields, row by row.
    async fn ask(sql: &str) -> Result<Vec<Vec<Option<f64>>>> {
        let context = SessionContext::new();
        register(&context);
        context.register_udf(local_day(chrono_tz::Europe::Berlin));
        #[expect(clippy::disallowed_methods, reason = "the functions are tested without the engine around them")]
        let frame = context.sql(sql).await?;
        let mut rows = Vec::new();
        for batch in frame.collect().await? {
            for row in 0..batch.num_rows() {
                let cells = batch.columns().iter().map(|column| {
                    let column = as_float64_array(column)?;
                    Ok(column.iter().nth(row).flatten())
                });
                rows.push(cells.collect::<Result<Vec<_>>>()?);
            }
        }
        Ok(rows)
    }

    fn assert_near(found: Option<f64>, expected: f64, tolerance: f64) {
        let value = found.unwrap();
        assert!((value - expected).abs() <= tolerance, "{value} is not {expected}");
    }

    #[tokio::test]
    async fn formulas_take_counts_and_constants() {
        let rows = ask("select wilson_low(2, 20), wilson_high(count(*) - count(*), 10 * count(*)), poisson_high(0), \
             nps_low(20, 45, 10.0), nps_high(5, 5, 0) from (values (1)) as one(x)")
        .await
        .unwrap();
        for (place, (expected, tolerance)) in
            [(0.0279, 5e-5), (0.2775, 5e-5), (3.6889, 5e-5), (-1.31, 5e-3), (100.0, 0.0)].into_iter().enumerate()
        {
            assert_near(rows[0][place], expected, tolerance);
        }
    }

    #[tokio::test]
    async fn formulas_answer_null_for_nothing() {
        let rows = ask("select wilson_low(k, n), wilson_high(k, n), poisson_low(k), nps_low(k, n, 0), nps_high(null, 1, 1) \
             from (values (null, 10), (0, 0)) as counts(k, n) order by n")
        .await
        .unwrap();
        assert_eq!(rows[0], [None, None, Some(0.0), None, None]);
        assert_eq!(rows[1], [None, None, None, None, None]);
    }

    #[tokio::test]
    async fn formulas_of_a_question_that_was_stopped_fail() {
        let (context, flag) = (SessionContext::new(), StopFlag::default());
        for formula in formulas(&flag) {
            context.register_udf(formula);
        }
        #[expect(clippy::disallowed_methods, reason = "the functions are tested without the engine around them")]
        let frame = context.sql("select poisson_high(value) from generate_series(1, 3)").await.unwrap();
        flag.stop();
        let stopped = QueryError::from_execution(frame.collect().await.unwrap_err());
        assert_eq!(stopped.problem_type(), "cancelled");
    }

    #[tokio::test]
    async fn an_instant_or_a_difference_beyond_64_bits_is_null() {
        let rows = ask("select seconds_between(t, plus_seconds(t, cast(x as double))), \
                 seconds_between(arrow_cast(y, 'Timestamp(Microsecond, Some(\"UTC\"))'), t) \
             from (values (1, '90.5', 0), (2, 'nan', 9223372036854775807), (3, 'inf', -9223372036854775807), \
                 (4, '-1e300', -9223372036854775807), (5, '1e13', null), (6, '9223372036854', null)) as given(place, x, y) \
             cross join (select arrow_cast('1970-01-02T00:00:00Z', 'Timestamp(Microsecond, Some(\"UTC\"))') as t) as began \
             order by place")
        .await
        .unwrap();
        assert_eq!(rows[0], [Some(90.5), Some(86_400.0)]);
        // A day after 1970 still has a difference from the last instant of all, none from the first.
        assert_eq!(rows[1][0], None);
        assert_near(rows[1][1], -9_223_372_036_854.0 + 86_399.0, 1.0);
        for row in &rows[2..] {
            assert_eq!(*row, [None, None]);
        }
    }

    #[tokio::test]
    async fn percentiles_are_exact_however_far_apart_the_values_are() {
        let rows = ask("select percentile_cont(0.7) within group (order by x), percentile_cont(x, 0.7), \
                 percentile_cont(0.3) within group (order by x desc), quantile_cont(x, 0.7) filter (where x > 0), \
                 percentile_cont(distinct x % 4000000000, 0.7) + 6600000000, percentile_cont(x, 0.7) filter (where x < 0) \
             from (select value * 1000000000 as x from generate_series(1, 12) as s(value)) as numbers")
        .await
        .unwrap();
        // 0.7 is 7.7 steps behind the first of twelve values, and 2.1 behind the first of four from 0 on.
        for found in &rows[0][..5] {
            assert_near(*found, 8.7e9, 1e-3);
        }
        assert_eq!(rows[0][5], None);
        let rows = ask("select percentile_cont(x, 0.7) over (order by x rows between 3 preceding and current row) \
             from (select value * 1000000000 as x from generate_series(1, 12) as s(value)) as numbers order by x")
        .await
        .unwrap();
        // A window holds one value, two, three, and then always four.
        for (row, expected) in [(0, 1.0e9), (1, 1.7e9), (2, 2.4e9), (3, 3.1e9), (4, 4.1e9), (11, 11.1e9)] {
            assert_near(rows[row][0], expected, 1e-3);
        }
        let rows = ask("select cast(x % 2 as double), percentile_cont(0.7) within group (order by x * 1000000000) \
             from (select value as x from generate_series(1, 24) as s(value)) as numbers group by x % 2 order by 1")
        .await
        .unwrap();
        // The eighth and the ninth of twelve even numbers are 16 and 18, of twelve odd ones 15 and 17.
        for (row, expected) in [(0, 17.4e9), (1, 16.4e9)] {
            assert_near(rows[row][1], expected, 1e-3);
        }
    }

    #[tokio::test]
    async fn quantiles_are_computed_for_each_group_and_ignore_nulls() {
        let rows = ask("with n as (select value as i from generate_series(1, 100) as s(value)) \
             select cast(i % 2 as double), \
                 quantile(case when i % 10 <> 0 then i end, 0.5), \
                 quantile_low(i, 0.5) filter (where i <= 12), \
                 quantile_high(i, 0.5) filter (where i <= 12), \
                 quantile(i, 0.9) filter (where i <= 70) \
             from n group by i % 2 order by 1")
        .await
        .unwrap();
        // Even: without the tens 2, 4, 6, 8, 12 … 98, forty values, the middle ones 48 and 52; of 2 … 12
        // six values, so ranks 1 and 6; p90 of 35 values is withheld. Odd: 1 … 99 has the median 50.
        assert_eq!(rows[0], [Some(0.0), Some(50.0), Some(2.0), Some(12.0), None]);
        assert_eq!(rows[1], [Some(1.0), Some(50.0), Some(1.0), Some(11.0), None]);
    }

    #[tokio::test]
    async fn quantiles_over_all_rows_need_no_group() {
        let rows = ask("select quantile(x, 0.5), quantile_low(x, 0.5), quantile_high(x, 0.5), quantile(x, 0.75) \
             from (values (70.0), (10.0), (30.0), (20.0), (60.0), (50.0), (40.0)) as durations(x)")
        .await
        .unwrap();
        assert_eq!(rows, [[Some(40.0), Some(10.0), Some(70.0), None]]);
        assert_eq!(ask("select quantile(x, 0.5) from (values (1.0)) as t(x) where x > 1").await.unwrap(), [[None]]);
    }

    #[tokio::test]
    async fn open_episodes_count_in_a_survival_quantile() {
        let rows = ask("select survival_quantile(hours, has_ended, 0.5), survival_quantile_low(hours, has_ended, 0.5), \
                 survival_quantile_high(hours, has_ended, 0.5), quantile(hours, 0.5) filter (where has_ended) \
             from (values (1, true), (2, true), (3, true), (8, true), (5, false), (30, false), (72, false), (null, true), \
                 (4, null), (-1, true)) as recoveries(hours, has_ended)")
        .await
        .unwrap();
        // The golden recovery; what has no duration, no known end or a negative duration is no episode.
        assert_eq!(rows, [[Some(8.0), Some(1.0), None, None]]);
        let rows = ask("with n as (select value as i from generate_series(1, 40000) as s(value)) \
             select count(*) * 1.0, min(p50 - i), max(p50 - i), count(high) * 1.0 from ( \
                 select i % 1000 as i, survival_quantile(i, i % 1000 < 500, 0.5) as p50, \
                     survival_quantile_high(i, i % 1000 < 500, 0.5) as high from n group by i % 1000)")
        .await
        .unwrap();
        // Forty values in each group, 1,000 apart; in half of the groups none has ended. The twentieth event
        // is 19,000 after the first, and the group of 0 begins with 1,000.
        assert_eq!(rows, [[Some(1000.0), Some(19_000.0), Some(20_000.0), Some(500.0)]]);
    }

    #[tokio::test]
    async fn partial_states_of_many_batches_and_groups_are_merged() {
        let rows = ask("with n as (select value as i from generate_series(1, 120000) as s(value)) \
             select count(*) * 1.0, min(p50), max(p50 - i), min(low - i), max(high - i) from ( \
                 select i % 5000 as i, quantile(i, 0.5) as p50, quantile_low(i, 0.5) as low, \
                     quantile_high(i, 0.5) as high from n group by i % 5000)")
        .await
        .unwrap();
        // Every group has 24 values, 5,000 apart, so the ranks are 7 and 18 and the median is the mean
        // of the 12th and 13th. The group of 0 holds 5,000 … 120,000 and is therefore one step later.
        assert_eq!(rows, [[Some(5000.0), Some(57_501.0), Some(62_500.0), Some(30_000.0), Some(90_000.0)]]);
    }

    #[tokio::test]
    async fn the_quantile_asked_for_is_a_number_between_none_and_all() {
        for sql in [
            "select quantile(x, x) from (values (0.5)) as t(x)",
            "select quantile(x, 1.5) from (values (0.5)) as t(x)",
            "select quantile(x, null) from (values (0.5)) as t(x)",
            "select quantile(distinct x, 0.5) from (values (0.5)) as t(x)",
        ] {
            assert!(ask(sql).await.is_err(), "{sql}");
        }
    }

    #[tokio::test]
    async fn a_local_day_is_the_day_in_the_zone_of_the_organisation() {
        let context = SessionContext::new();
        context.register_udf(local_day(chrono_tz::Europe::Berlin));
        let sql = "select local_day(arrow_cast(t, 'Timestamp(Microsecond, Some(\"UTC\"))')) from \
             (values ('2026-03-01T22:59:59Z'), ('2026-03-01T23:00:00Z'), ('2026-07-01T22:00:00Z'), (null)) as t(t)";
        #[expect(clippy::disallowed_methods, reason = "the function is tested without the engine around it")]
        let batches = context.sql(sql).await.unwrap().collect().await.unwrap();
        let days = batches.iter().flat_map(|batch| as_date32_array(batch.column(0)).unwrap().iter());
        let days = days.map(|day| day.and_then(Date32Type::to_naive_date_opt).map_or(String::new(), |day| day.to_string()));
        assert_eq!(days.collect::<Vec<_>>(), ["2026-03-01", "2026-03-02", "2026-07-02", ""]);
        #[expect(clippy::disallowed_methods, reason = "the function is tested without the engine around it")]
        let naive = context.sql("select local_day(timestamp '2026-03-01 22:00:00')").await;
        assert!(naive.unwrap_err().to_string().contains("without a zone"));
    }
}
