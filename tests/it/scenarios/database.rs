//! The adapter between `sqllogictest` and a scenario: runs a record and prints what it yields.
//!
//! Null is `NULL`, an empty text `(empty)`, a line break `\n`; numbers with a fraction have at most four decimals.

use super::command::{Command, read};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use async_trait::async_trait;
use sqllogictest::{AsyncDB, DBOutput, DefaultColumnType};
use std::error::Error;
use waymark_analytics::scenario::Scenario;
use waymark_analytics::{AnalyticsError, Definitions, Series, local_date};

/// What a scenario fills with rows: the inputs of facts, or those of metrics.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Observations and registers are inserted, facts are asked for.
    Facts,
    /// Facts are inserted, metrics are asked for.
    Metrics,
    /// Facts are inserted, fixed answers and findings are asked for.
    Answers,
}

/// One scenario with the way to begin it anew.
pub(super) struct Database {
    kind: Kind,
    definitions: Definitions,
    scenario: Scenario,
}

/// Why a record failed: every cause, the outermost first.
#[derive(Debug)]
pub(super) struct Failure(String);

impl std::fmt::Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Error for Failure {}

impl Failure {
    fn of(error: &dyn Error) -> Self {
        let causes = std::iter::successors(Some(error), |cause| (*cause).source());
        Self(causes.map(ToString::to_string).collect::<Vec<_>>().join(": "))
    }
}

impl Database {
    pub(super) async fn open(kind: Kind, definitions: Definitions) -> Result<Self, Failure> {
        let scenario = begin(kind, &definitions).await.map_err(|error| Failure::of(&error))?;
        Ok(Self { kind, definitions, scenario })
    }

    async fn answer(&mut self, text: &str) -> Result<Vec<Vec<String>>, Failure> {
        match read(text).map_err(Failure)? {
            Command::StartOver => {
                self.scenario = begin(self.kind, &self.definitions).await.map_err(|error| Failure::of(&error))?;
                Ok(Vec::new())
            }
            Command::Fact(name) => {
                self.scenario.fact(name).await.map_err(|error| Failure::of(&error))?;
                let differences = self.scenario.differences_apart(name, 1).await.map_err(|error| Failure::of(&error))?;
                if !differences.is_empty() {
                    return Err(Failure(format!("computed unit by unit `{name}` differs:\n{}", differences.join("\n"))));
                }
                Ok(Vec::new())
            }
            Command::Metric(metric, window, as_of) => {
                let series = self.scenario.metric(metric, &window, as_of).await.map_err(|error| Failure::of(&error))?;
                Ok(cells(&series))
            }
            Command::Answer(answer, over, window, as_of) => {
                let batch = self.scenario.answer(answer, over, &window, as_of).await;
                Ok(rows(&batch.map_err(|error| Failure::of(&error))?))
            }
            Command::Sql(sql) => {
                let batches = self.scenario.run_sql(sql).await.map_err(|error| Failure::of(&error))?;
                Ok(batches.iter().flat_map(rows).collect())
            }
        }
    }
}

#[async_trait]
impl AsyncDB for Database {
    type Error = Failure;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, text: &str) -> Result<DBOutput<DefaultColumnType>, Failure> {
        let is_query = ["select", "with", "metric", "answer"].contains(&text.split_whitespace().next().unwrap_or_default());
        let rows = self.answer(text).await?;
        if !is_query {
            return Ok(DBOutput::StatementComplete(0));
        }
        let width = rows.first().map_or(0, Vec::len);
        Ok(DBOutput::Rows { types: vec![DefaultColumnType::Any; width], rows })
    }

    async fn shutdown(&mut self) {}
}

async fn begin(kind: Kind, definitions: &Definitions) -> Result<Scenario, AnalyticsError> {
    match kind {
        Kind::Facts => Scenario::for_facts(definitions.clone()),
        Kind::Metrics | Kind::Answers => Scenario::for_metrics(definitions.clone()).await,
    }
}

/// Cells as rows: statistic, scope kind, scope, first day, value, low, high, sample size, numerator,
/// denominator, coverage.
fn cells(series: &Series) -> Vec<Vec<String>> {
    let number = |value: Option<f64>| value.map_or_else(|| "NULL".to_owned(), rounded);
    let mut rows: Vec<Vec<String>> = series
        .cells
        .iter()
        .map(|cell| {
            vec![
                cell.statistic.clone(),
                cell.scope_kind.clone(),
                cell.scope.clone(),
                local_date(cell.period_start, series.window.zone).to_string(),
                number(cell.value),
                number(cell.low),
                number(cell.high),
                cell.sample_size.map_or_else(|| "NULL".to_owned(), |size| size.to_string()),
                number(cell.numerator),
                number(cell.denominator),
                number(cell.coverage),
            ]
        })
        .collect();
    rows.sort();
    rows
}

fn rows(batch: &RecordBatch) -> Vec<Vec<String>> {
    let options = FormatOptions::default().with_null("NULL");
    let printers: Vec<ArrayFormatter<'_>> =
        batch.columns().iter().map(|column| ArrayFormatter::try_new(column.as_ref(), &options).unwrap()).collect();
    let print = |row: usize, column: usize| {
        let values = batch.column(column);
        if *values.data_type() == DataType::Float64 && values.is_valid(row) {
            return rounded(values.as_primitive::<Float64Type>().value(row));
        }
        let text = printers[column].value(row).to_string().replace('\n', "\\n");
        if text.is_empty() { "(empty)".to_owned() } else { text }
    };
    (0..batch.num_rows()).map(|row| (0..batch.num_columns()).map(|column| print(row, column)).collect()).collect()
}

/// At most four decimals, without trailing zeros.
fn rounded(value: f64) -> String {
    let text = format!("{value:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}
