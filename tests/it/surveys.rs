//! Surveys from their file to the number and the rows behind it.
//!
//! Which cells are published at all is worked out in `tests/facts/survey_results.slt`.

use crate::harness::{World, delivery};
use crate::lake_rows::as_json;
use serde_json::{Value, json};
use std::fmt::Write;
use waymark_analytics::{EvidenceRequest, Grain, Window, find};

const AS_OF: &str = "2026-04-10T12:00:00Z";

/// Six answers of one wave, on its last day but one and its last day.
fn wave(name: &str, values: [u32; 6], days: [&str; 2]) -> String {
    let mut text = String::from("survey,wave,question_id,respondent,value,submitted_on,team\n");
    for (place, value) in values.iter().enumerate() {
        writeln!(text, "pulse,{name},nps,r{place},{value},{},payments", days[place % 2]).unwrap();
    }
    text
}

#[tokio::test]
async fn one_wave_speaks_for_a_period_and_the_other_says_why_it_does_not() {
    let mut world = World::new(AS_OF).await;
    let waves = [
        wave("one", [10, 10, 9, 8, 3, 10], ["2026-03-02", "2026-03-03"]),
        // Its last answer came on the last day of the month: it belongs to March.
        wave("two", [10, 8, 2, 3, 4, 7], ["2026-03-30", "2026-03-31"]),
    ];
    world.take_in(&waves.map(|text| delivery("survey-csv", None, &text, AS_OF))).await;
    world.refresh().await;
    let zone = world.definitions.zone();
    let (first, end) = ("2026-03-01".parse().unwrap(), "2026-05-01".parse().unwrap());
    let window = Window::between(Grain::Month, first, end, zone).of_scope("component", "platform");
    let nps = find("nps").unwrap();
    let series = world.engine().series(nps, &window).await.unwrap();
    let told: Vec<_> = series.cells.iter().map(|cell| (cell.value.map(f64::round), cell.sample_size)).collect();
    // 1 promoter and 3 detractors of 6.
    assert_eq!(told, [(Some(-33.0), Some(6)), (None, Some(0))]);
    let all = EvidenceRequest { rows_max: 100, ..EvidenceRequest::default() };
    let evidence = world.engine().evidence(nps, &window, &all).await.unwrap();
    let rows = as_json(std::slice::from_ref(&evidence.rows));
    let mut told: Vec<Value> = rows.iter().map(|row| json!([row["wave"], row["is_counted"], row["reason"]])).collect();
    told.sort_by_key(ToString::to_string);
    assert_eq!(told, [json!(["one", false, "a newer wave of the same period speaks for it"]), json!(["two", true, null])]);
}
