//! Files that are made from the lists: checked in, never edited, and fresh.

use crate::grafana;
use crate::harness::{World, compare_with_file, root};
use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use waymark_analytics::{Limits, METRICS, Metric, QueryService, Subject, profiles, tables};

#[tokio::test]
async fn generated_files_are_fresh() {
    let openapi = serde_json::to_string_pretty(&waymark_api::openapi()).unwrap() + "\n";
    let grafana = serde_json::to_string_pretty(&grafana::dashboard()).unwrap() + "\n";
    let schema = waymark_analytics::platform_schema(&waymark_collect::evidence::evidence_schema());
    let schema = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    let outcomes = [
        compare_with_file(&root().join("docs/platform.schema.json"), &schema),
        compare_with_file(&root().join("docs/METRICS.md"), &manual()),
        compare_with_file(&root().join("docs/SQL.md"), &tables_of_sql().await),
        compare_with_file(&root().join("api/openapi.json"), &openapi),
        compare_with_file(&root().join("dashboards/grafana/waymark.json"), &grafana),
    ];
    let stale: Vec<String> = outcomes.into_iter().filter_map(Result::err).collect();
    assert!(stale.is_empty(), "{}", stale.join("\n"));
}

#[test]
fn the_description_asks_for_what_the_routes_take() {
    let description = serde_json::to_value(waymark_api::openapi()).unwrap();
    let mut ids = Vec::new();
    for (path, operations) in description["paths"].as_object().unwrap() {
        for operation in operations.as_object().unwrap().values() {
            ids.push(operation["operationId"].as_str().unwrap().to_owned());
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap();
                let is_in_path = path.contains(&format!("{{{name}}}"));
                assert_eq!(parameter["in"] == "path", is_in_path, "{path}: `{name}`");
                assert_eq!(parameter["required"] == true, is_in_path, "{path}: `{name}`");
            }
        }
    }
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "operation ids repeat: {ids:?}");
}

fn manual() -> String {
    let mut page = "# Metrics\n\nMade from the catalogue (`analytics/src/catalogue.rs`) and the SQL of each metric; \
        never edited. Every value carries its sample size, its 95 % interval or bounds, its coverage, and the rows behind \
        it: `waymark explain METRIC`, or `/api/v1/metrics/METRIC/rows`. No data is null, never zero.\n"
        .to_owned();
    for metric in METRICS {
        write!(
            page,
            "\n## {} (`{}`)\n\n*{}*\n\n| | |\n|---|---|\n| Unit | {} |\n| Better | {} |\n| Statistics | {} |\n| For | {} |\n\
             | Definition | version {}, [`analytics/metrics/{}.sql`](../analytics/metrics/{}.sql) |\n\n{}\n",
            metric.title,
            metric.id,
            metric.question,
            metric.unit.as_str(),
            metric.better.as_str(),
            metric.statistics.join(", "),
            subject(metric),
            metric.version,
            metric.id,
            metric.id,
            metric.manual()
        )
        .unwrap();
        page.push_str(&differences(metric));
    }
    page
}

/// What SQL can read: every table with its columns, as a lake without any delivery shows them.
async fn tables_of_sql() -> String {
    let mut world = World::new("2026-03-02T06:00:00Z").await;
    world.refresh().await;
    let spill = world.folder.path().join("spill");
    let queries = QueryService::new(Arc::new(world.engine()), 64 * 1_024 * 1_024, &spill).unwrap();
    let sql = "select table_name, column_name, data_type from information_schema.columns
        where table_schema = 'public' order by table_name, ordinal_position";
    let answer = queries.ask(sql, Limits::PEOPLE).await.unwrap();
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for batch in &answer.batches {
        let text = |place: usize| cast(batch.column(place), &DataType::Utf8).unwrap();
        let (tables, names, kinds) = (text(0), text(1), text(2));
        let [tables, names, kinds] = [&tables, &names, &kinds].map(AsArray::as_string::<i32>);
        for row in 0..batch.num_rows() {
            let kind = kinds.value(row);
            assert!(!kind.contains(char::is_uppercase), "say in `analytics/src/tables.rs` what SQL calls `{kind}`");
            let column = format!("`{}` {kind}", names.value(row));
            columns.entry(tables.value(row).to_owned()).or_default().push(column);
        }
    }
    let mut page = SQL_HEAD.to_owned();
    for (call, gives) in tables::FUNCTIONS {
        writeln!(page, "| `{call}` | {gives} |").unwrap();
    }
    let (registers, facts): (Vec<_>, Vec<_>) =
        columns.into_iter().partition(|(name, _)| tables::registers().any(|register| register == name));
    for (heading, tables) in [("What is known", facts), ("What the organisation says", registers)] {
        writeln!(page, "\n## {heading}").unwrap();
        for (name, columns) in tables {
            let about = tables::about(&name).unwrap_or_else(|| panic!("say in `analytics/src/tables.rs` what `{name}` holds"));
            writeln!(page, "\n### `{name}`\n\n{about}\n\nColumns: {}.", columns.join(", ")).unwrap();
        }
    }
    page
}

const SQL_HEAD: &str = "# Tables of SQL

Made from the catalogue and the heads of the statements in `analytics/facts`; never edited. One `select` in the dialect of PostgreSQL, read-only: `waymark sql 'QUERY'`, or `POST /api/v1/sql` with the text as body or as `{\"sql\": …}`, and `format=json`, `csv` or `parquet`.

- An answer is made within 30 seconds, holds at most 10,000 rows (a million as CSV or Parquet) and 256 MiB, and may use 512 MiB on the way. A refusal says which limit it was.
- In CSV an empty field is null and `\"\"` an empty text, and lists are JSON. `csv_safe=true` over HTTP, and `--csv-safe` beside `--format csv`, put `'` before texts that a spreadsheet would take for formulas. Write values into the statement: parameters such as `$1` are not supported.
- JSON has no word for what is infinite or no number: both are null there, and `inf`, `-inf` and `NaN` in CSV. Its rows are objects, so two columns of one name are refused: name them with `as`. In every format a value beyond its type is refused, such as an instant that no calendar has.
- `now()` is the instant that the snapshot describes. A `timestamp` is in UTC with microseconds; a `day` is a day in the organisation's zone; names that end in `_seconds` are durations.
- Where this is not quite PostgreSQL: `similar to` and `like … escape` take patterns that are written out; `x = any(list)` is false, not null, where a list in a column holds null; `at time zone`, and comparing an instant with a `date`, are limited to 1677 to 2262, so write `timestamptz '9999-12-31'`; `extract(epoch from …)` of a difference is null beyond 68 years, where `seconds_between` is not.
- People are nowhere: what is counted by person was counted before. Single answers of surveys are nowhere, and results only of waves that are over.
- Beside the usual functions there are those in which metrics speak; they stand first below.
- Metrics are no tables: `GET /api/v1/metrics/{id}/series` gives them with their intervals, and [METRICS.md](METRICS.md) the statement of each.
- The observations below the facts are Parquet files in Delta format (`lake/observed` in the data folder), for any other tool.

`select table_name from information_schema.tables` lists the tables, and `information_schema.columns` their columns. Types are called there, and in the `columns` of an answer in JSON, as they are here.

## Functions

A limit is one end of a 95 % interval. Aggregates leave nulls out, the others make null of null. Counts that cannot be, such as a part larger than its whole, give null and no error.

| Function | What it gives |
|---|---|
";

/// What other tools do otherwise, and why we do not; nothing for a metric that no profile has.
fn differences(metric: &Metric) -> String {
    let Ok(peers) = profiles::beside(metric.id) else { return String::new() };
    let mut section = format!(
        "\n**Where others differ.** Over the same facts: `waymark compare {}`, or `waymark metric {} --profile NAME`.\n\n\
         | Profile | What it does otherwise | Why we do not |\n|---|---|---|\n",
        metric.id, metric.id
    );
    for (profile, peer) in peers {
        let rules = format!("../analytics/profiles/{}/{}.sql", profile.name, peer.replaces);
        writeln!(section, "| [`{}`]({rules}): {} | {} | {} |", profile.name, profile.title, peer.differs, peer.reason).unwrap();
    }
    section
}

fn subject(metric: &Metric) -> &'static str {
    match metric.subject {
        Subject::Services => "service, team, system, organisation",
        Subject::Components => "component, component by team",
        Subject::Categories => "category",
    }
}
