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
    fn formula<const N: usize>(name: &'static str, formula: fn([f64; N]) -> Option<f64>) -> Self {
        Self::Scalar(ScalarUDF::from(ClosedForm::new(name, formula)))
    }

    fn quantile(of: Of, part: Part) -> Self {
        Self::Aggregate(AggregateUDF::from(Quantile::new(of, part)))
    }
}

/// Every function that metrics may use, in the order of the manual.
pub(crate) fn functions() -> Vec<Function> {
    vec![
        Function::quantile(Of::Values, Part::Value),
        Function::quantile(Of::Values, Part::Low),
        Function::quantile(Of::Values, Part::High),
        Function::quantile(Of::Episodes, Part::Value),
        Function::quantile(Of::Episodes, Part::Low),
        Function::quantile(Of::Episodes, Part::High),
        Function::formula("wilson_low", wilson::low),
        Function::formula("wilson_high", wilson::high),
        Function::formula("poisson_low", poisson::low),
        Function::formula("poisson_high", poisson::high),
        Function::formula("nps_low", nps::low),
        Function::formula("nps_high", nps::high),
        Function::Scalar(instants::plus_seconds()),
        Function::Scalar(instants::seconds_between()),
        Function::Scalar(width_bucket::width_bucket()),
    ]
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
