//! A question with `is null`, an order and a limit, asked while facts are being refreshed, answers with rows
//! that are so.
//!
//! Once such a question gave rows whose end was set. What the scan leaves out by statistics, pages and the
//! limit is compared here with the same rows filtered by hand, from memory and from the lake.

use crate::harness::World;
use arrow::array::{Array, RecordBatch};
use arrow::util::display::array_value_to_string;
use std::sync::Arc;
use waymark_analytics::{Limits, QueryService};
use waymark_sample::{Plan, deliveries};

/// Weekly evidence of many services, so that spells end and others stay open.
const PLAN: Plan = Plan { services: 12, weeks: 26, ..Plan::small() };
/// In how many parts the deliveries come.
const PARTS: usize = 8;
const LIMIT: usize = 20;

/// Columns that stand in memory, and those of which one has to be read from the lake.
const COLUMNS: [&str; 2] = ["service, component_id, valid_from, valid_to", "service, rule_version, valid_from, valid_to"];

fn rows(batches: &[RecordBatch]) -> Vec<[String; 4]> {
    let texts = |batch: &RecordBatch| -> Vec<[String; 4]> {
        let text = |column: usize, row: usize| {
            let column = batch.column(column);
            if column.is_null(row) { String::new() } else { array_value_to_string(column, row).unwrap() }
        };
        (0..batch.num_rows()).map(|row| std::array::from_fn(|column| text(column, row))).collect()
    };
    batches.iter().flat_map(texts).collect()
}

async fn check(queries: &QueryService, moment: &str) {
    for columns in COLUMNS {
        for (order, places) in [("1, 3", [0, 2]), ("3, 1", [2, 0])] {
            let ask = |end: String| {
                let sql = format!("select {columns} from adoption_status {end}");
                async move {
                    let answer = queries.ask(&sql, Limits::PEOPLE).await.unwrap();
                    (answer.snapshot, rows(&answer.batches))
                }
            };
            let open = ask(format!("where valid_to is null order by {order} limit {LIMIT}")).await;
            let ended = ask(format!("where valid_to is not null order by {order} limit {LIMIT}")).await;
            let all = ask(String::new()).await;
            for ((snapshot, found), is_open) in [(open, true), (ended, false)] {
                assert!(found.iter().all(|row| row[3].is_empty() == is_open), "{moment}, {columns} by {order}: {found:?}");
                if snapshot != all.0 {
                    // A refresh came between the two questions.
                    continue;
                }
                let mut expected: Vec<&[String; 4]> = all.1.iter().filter(|row| row[3].is_empty() == is_open).collect();
                expected.sort_by(|one, other| places.map(|place| &one[place]).cmp(&places.map(|place| &other[place])));
                // Ties may come in any order, their keys may not.
                let keys = |row: &[String; 4]| places.map(|place| row[place].clone());
                let wanted: Vec<[String; 2]> = expected.iter().take(LIMIT).map(|row| keys(row)).collect();
                assert_eq!(found.iter().map(keys).collect::<Vec<_>>(), wanted, "{moment}, {columns} by {order}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_end_is_open_in_every_answer_while_facts_are_refreshed() {
    let whole: toml::Table = PLAN.configuration().parse().unwrap();
    let mut world = World::with(&PLAN.as_of().to_rfc3339(), whole.try_into().unwrap()).await;
    let all: Vec<_> = deliveries(&PLAN).collect();
    let engine = Arc::new(world.engine());
    let queries = QueryService::new(Arc::clone(&engine), 256 * 1_024 * 1_024, &world.folder.path().join("spill")).unwrap();
    let queries = Arc::new(queries);
    for (number, part) in all.chunks(all.len().div_ceil(PARTS)).enumerate() {
        world.take_in(part).await;
        // From the second part on somebody asks all the while.
        let asking = (number > 0).then(|| {
            let queries = Arc::clone(&queries);
            tokio::spawn(async move { check(&queries, "while it is refreshed").await })
        });
        world.refresh().await;
        check(&queries, "right after a refresh").await;
        if let Some(asking) = asking {
            asking.await.unwrap();
        }
    }
}
