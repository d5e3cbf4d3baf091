//! Whether a fact is the same when every unit is computed alone, from statements that came one at a time.
//!
//! How a refresh joins subjects into units is said in `facts/touched.rs`; whatever two scenarios' rows need of each
//! other without being joined there shows here.

use super::{Scenario, register};
use crate::engine::collected;
use crate::error::AnalyticsError;
use crate::facts::apart::{Told, about, owners_of, places_of, units_of, with_subjects};
use crate::facts::{FACTS, Fact, newest};
use arrow::array::{RecordBatch, UInt32Array};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::TableReference;
use datafusion::datasource::MemTable;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use waymark_event::Table;

/// The whole catalogue, which units see a part of.
const OWNERS: &str = "service_owners";

/// How often each row of a fact is there, as text.
type Counts = BTreeMap<String, i64>;

impl Scenario {
    /// What the fact of this name and those above it have otherwise when every unit is computed alone: one line for
    /// each row that is missing then, or comes to it.
    ///
    /// # Errors
    /// As `fact`.
    pub async fn differences_apart(&self, name: &str, seed: u64) -> Result<Vec<String>, AnalyticsError> {
        let place = |name| FACTS.iter().position(|fact| fact.name == name).unwrap_or(FACTS.len() - 1);
        let last = place(name);
        let whole = self.computed(Some(FACTS[last.max(place(OWNERS))].name)).await?;
        let whole: HashMap<&str, RecordBatch> = whole.into_iter().collect();
        let told = self.told().await?;
        let failed = |cause| register("units", cause);
        let rules = collected(self.context.table("service_paths").await.map_err(failed)?).await.map_err(failed)?;
        let owners = &whole[OWNERS];
        let units = units_of(&told, owners, &rules, seed).map_err(failed)?;
        let mut counts: BTreeMap<&str, Counts> = BTreeMap::new();
        let facts: Vec<&Fact> = FACTS[..=last].iter().filter(|fact| !fact.units.is_empty()).collect();
        for fact in &facts {
            count(&whole[fact.name], -1, counts.entry(fact.name).or_default()).map_err(failed)?;
        }
        for unit in units.all() {
            let session = self.session().await?;
            for (table, rows) in &told {
                let failed = |cause| register(table.name(), cause);
                let rows = about(rows, &units, unit).map_err(failed)?;
                let rows = MemTable::try_new(rows.schema(), vec![vec![rows]]).map_err(failed)?;
                let rows = newest(&self.context, Arc::new(rows)).await.map_err(failed)?;
                session.put(&TableReference::partial("observed", table.name()).to_string(), &rows).map_err(failed)?;
            }
            session.put(OWNERS, &owners_of(owners, &units, unit).map_err(failed)?).map_err(failed)?;
            for fact in &facts {
                let failed = |cause| register(fact.name, cause);
                let rows = session.compute(fact).await.map_err(failed)?;
                let places = places_of(fact, &rows, &units, unit).map_err(failed)?;
                let own = arrow::compute::take_record_batch(&rows, &UInt32Array::from(places))
                    .map_err(|cause| failed(cause.into()))?;
                count(&own, 1, counts.entry(fact.name).or_default()).map_err(failed)?;
            }
        }
        let differing = counts.iter().flat_map(|(fact, rows)| rows.iter().map(move |(row, count)| (fact, row, *count)));
        let differing = differing.filter(|(.., count)| *count != 0);
        Ok(differing
            .map(|(fact, row, count)| format!("{fact}: {} {row}", if count < 0 { "missing" } else { "added" }))
            .collect())
    }

    /// Every statement, with its subject.
    async fn told(&self) -> Result<Told, AnalyticsError> {
        let mut told = Told::new();
        for table in Table::ALL.iter().copied() {
            let failed = |cause: DataFusionError| register(table.name(), cause);
            let place = TableReference::partial("observed", table.name());
            let rows = collected(self.context.table(place).await.map_err(failed)?).await.map_err(failed)?;
            told.push((table, with_subjects(table, &rows).map_err(failed)?));
        }
        Ok(told)
    }
}

fn count(rows: &RecordBatch, by: i64, counts: &mut Counts) -> DataFusionResult<()> {
    let options = FormatOptions::default().with_null("null");
    let columns = rows.columns().iter().map(|column| ArrayFormatter::try_new(column, &options));
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    for row in 0..rows.num_rows() {
        let cells: Vec<String> = columns.iter().map(|column| column.value(row).to_string()).collect();
        *counts.entry(cells.join(" | ")).or_default() += by;
    }
    Ok(())
}
