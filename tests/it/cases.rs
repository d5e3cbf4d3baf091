//! Hard cases of delivery that need the whole way: events of our own format, the lake, facts, metrics.
//!
//! `case_NN` is a numbered hard case, `wrong_NN` a mistake that other tools are known to make. Cases that
//! one fact or metric shows are scenarios in `tests/cases` and beside the facts; order and repetition
//! of everything at once are in `pipeline.rs`.

mod counting;
mod names;
mod runs;
mod shards;
mod teams;
mod trouble;

use crate::harness::{World, at, delivery};
use crate::lake_rows::{difference, facts, snapshot_rows};
use serde_json::{Value, json};
use std::sync::Arc;
use waymark_analytics::{Definitions, Grain, Series, Window, find};
use waymark_event::{Channel, Delivery, DeliveryId, Instant};
use waymark_lake::{REJECTIONS, Snapshot, fact_table};

const REPOSITORY: &str = "example.org/acme/checkout";

/// What was told to an empty installation, and the facts that came of it.
struct Story {
    world: World,
    snapshot: Snapshot,
}

impl Story {
    /// Everything in one message, received at `as_of`.
    async fn told(as_of: &str, events: &[Value]) -> Self {
        Self::told_in("UTC", as_of, events).await
    }

    /// The same in a zone.
    async fn told_in(zone: &str, as_of: &str, events: &[Value]) -> Self {
        let definitions = Definitions { zone: zone.to_owned(), organisation: "acme".to_owned(), ..Definitions::default() };
        let mut world = World::with(as_of, definitions).await;
        world.take_in(&[message(as_of, events)]).await;
        let snapshot = world.refresh().await;
        Self { world, snapshot }
    }

    /// Another message, and the facts that it changes.
    async fn goes_on(&mut self, received_at: &str, events: &[Value]) {
        self.world.take_in(&[message(received_at, events)]).await;
        self.snapshot = self.world.refresh().await;
    }

    /// The rows of a fact in the order of a column of text.
    async fn fact(&self, name: &str, order: &str) -> Vec<Value> {
        let mut rows = snapshot_rows(&self.world.layout, &self.snapshot, &fact_table(name)).await;
        rows.sort_by_key(|row| row[order].as_str().unwrap_or_default().to_owned());
        rows
    }

    /// A metric over the days `from` to `to`, half-open.
    async fn series(&self, id: &str, grain: Grain, from: &str, to: &str) -> Arc<Series> {
        let zone = self.world.definitions.zone();
        let window = Window::between(grain, day(from), day(to), zone);
        self.world.engine().series(find(id).unwrap(), &window).await.unwrap()
    }

    /// A metric of the service `checkout` alone, which has a cell whatever is known of it.
    async fn of_checkout(&self, id: &str, grain: Grain, from: &str, to: &str) -> Arc<Series> {
        let window = Window::between(grain, day(from), day(to), self.world.definitions.zone());
        self.world.engine().series(find(id).unwrap(), &window.of_scope("service", "checkout")).await.unwrap()
    }
}

/// Events as one body.
fn message(received_at: &str, events: &[Value]) -> Delivery {
    delivery("json", None, &Value::Array(events.to_vec()).to_string(), received_at)
}

fn day(text: &str) -> chrono::NaiveDate {
    text.parse().unwrap()
}

/// An instant so many seconds after another, as text.
fn after(text: &str, seconds: i64) -> String {
    at(text).plus_seconds(seconds).to_rfc3339()
}

/// A successful production deployment of a commit of the one repository.
fn deployed(id: &str, service: &str, sha: &str, finished_at: &str) -> Value {
    json!({ "type": "deployment", "data": {
        "deployment_id": id, "service_hint": service, "environment": "production",
        "revisions": [format!("{REPOSITORY}@{sha}")], "status": "finished", "result": "success", "finished_at": finished_at,
    }})
}

/// A commit of the one repository, committed when it was authored.
fn commit(sha: &str, parents: &[&str], authored_at: &str) -> Value {
    json!({ "type": "commit", "data": {
        "repository": REPOSITORY, "sha": sha, "parents": parents, "authored_at": authored_at, "committed_at": authored_at,
    }})
}

/// Some fields of some rows, for comparison at a glance.
fn columns(rows: &[Value], names: &[&str]) -> Vec<Value> {
    rows.iter().map(|row| Value::Array(names.iter().map(|name| row[*name].clone()).collect())).collect()
}

/// A first deployment, a commit, and its deployment a day later.
fn ordinary() -> Vec<Value> {
    vec![
        commit("c0", &[], "2026-01-05T10:00:00Z"),
        commit("c1", &["c0"], "2026-03-02T10:00:00Z"),
        commit("c2", &["c1"], "2026-03-03T10:00:00Z"),
        deployed("d0", "checkout", "c0", "2026-03-01T10:00:00Z"),
        deployed("d2", "checkout", "c2", "2026-03-05T10:00:00Z"),
    ]
}

#[tokio::test]
async fn case_36_a_late_deployment_takes_exactly_what_it_was_first_to_contain() {
    let mut story = Story::told("2026-04-01T00:00:00Z", &ordinary()).await;
    let before = story.fact("delivered_changes", "sha").await;
    let names = ["sha", "deployment_id", "lead_time_seconds"];
    // d2 brings both: c1 after 3 days, c2 after 2.
    let id = |name: &str| format!("json:deployment:local:{name}:1");
    assert_eq!(columns(&before[1..], &names), [json!(["c1", id("d2"), 259_200.0]), json!(["c2", id("d2"), 172_800.0])]);
    // Three weeks late we hear that c1 alone had been deployed on the 3rd, after 1 day.
    story.goes_on("2026-04-01T00:00:00Z", &[deployed("d1", "checkout", "c1", "2026-03-03T10:00:00Z")]).await;
    let now = story.fact("delivered_changes", "sha").await;
    assert_eq!(columns(&now[1..], &names), [json!(["c1", id("d1"), 86_400.0]), json!(["c2", id("d2"), 172_800.0])]);
    assert_eq!(now[0], before[0], "the baseline is as it was");
}

#[tokio::test]
async fn case_36_any_order_gives_the_same_facts_and_numbers() {
    let mut events = ordinary();
    events.push(deployed("d1", "checkout", "c1", "2026-03-03T10:00:00Z"));
    let whole = Story::told("2026-04-01T00:00:00Z", &events).await;
    // The newest come first, and what they rest on after facts were computed without it.
    events.reverse();
    let (newer, older) = events.split_at(3);
    let mut steps = Story::told("2026-04-01T00:00:00Z", newer).await;
    steps.goes_on("2026-04-01T00:00:00Z", older).await;
    let expected = facts(&whole.world.layout, &whole.snapshot).await;
    let found = facts(&steps.world.layout, &steps.snapshot).await;
    assert_eq!(difference(&expected, &found), None);
    let mut numbers = Vec::new();
    for story in [&whole, &steps] {
        let series = story.series("deployment_frequency", Grain::Week, "2026-03-02", "2026-03-30").await;
        numbers.push(format!("{:?}", series.cells));
    }
    assert_eq!(numbers[0], numbers[1]);
}

#[tokio::test]
async fn case_37_a_redelivery_and_a_poll_beside_it_count_once() {
    let mut story = Story::told("2026-04-01T00:00:00Z", &ordinary()).await;
    let expected = facts(&story.world.layout, &story.snapshot).await;
    let first = story.series("deployment_frequency", Grain::Week, "2026-03-02", "2026-03-09").await;
    // The same message twice more, and once as the answer to a question.
    let posted = message("2026-04-01T00:05:00Z", &ordinary());
    let polled = Delivery { id: DeliveryId::received(at("2026-04-01T00:06:00Z")), channel: Channel::Poll, ..posted.clone() };
    story.world.take_in(&[posted, message("2026-04-01T00:07:00Z", &ordinary()), polled]).await;
    story.snapshot = story.world.refresh().await;
    assert_eq!(difference(&expected, &facts(&story.world.layout, &story.snapshot).await), None);
    let again = story.series("deployment_frequency", Grain::Week, "2026-03-02", "2026-03-09").await;
    assert_eq!(first.cells, again.cells);
    let organisation = again.line("rate", "organisation", "acme");
    assert_eq!(organisation[0].numerator, Some(1.0), "d2 alone lies in that week");
}

#[tokio::test]
async fn case_39_offsets_are_kept_and_a_time_without_zone_is_refused() {
    let told = [
        deployed("offset", "checkout", "c0", "2021-04-28T21:50:00+02:00"),
        deployed("zulu", "checkout", "c1", "2021-04-28T19:50:00Z"),
        deployed("naive", "checkout", "c2", "2021-04-28T21:50:00"),
        deployed("seconds", "checkout", "c3", "1619639400"),
    ];
    let story = Story::told("2026-04-01T00:00:00Z", &told).await;
    let deployments = story.fact("deployments", "native_id").await;
    // 21:50 two hours east of Greenwich is 19:50 in UTC; to drop the offset would be two hours wrong.
    let expected = [json!(["offset", "2021-04-28T19:50:00Z"]), json!(["zulu", "2021-04-28T19:50:00Z"])];
    assert_eq!(columns(&deployments, &["native_id", "finished_at"]), expected);
    let mut refused = snapshot_rows(&story.world.layout, &story.snapshot, REJECTIONS).await;
    refused.sort_by_key(|row| row["item"].as_i64());
    let places: Vec<_> = refused.iter().map(|row| row["item"].as_i64()).collect();
    assert_eq!(places, [Some(2), Some(3)], "{refused:#?}");
    assert!(refused.iter().all(|row| row["message"].as_str().is_some_and(|message| message.contains("time"))), "{refused:#?}");
}

#[tokio::test]
async fn case_40_a_week_begins_on_monday_of_the_zone_and_one_in_march_has_167_hours() {
    // Sunday 29 March 2026: clocks in Berlin go from 2 to 3. Its last second is 21:59:59 in UTC.
    let told = [
        deployed("d0", "checkout", "c0", "2026-03-25T10:00:00Z"),
        deployed("d1", "checkout", "c1", "2026-03-29T21:59:59Z"),
        deployed("d2", "checkout", "c2", "2026-03-29T22:00:00Z"),
    ];
    let story = Story::told_in("Europe/Berlin", "2026-05-01T00:00:00Z", &told).await;
    let series = story.series("deployment_frequency", Grain::Week, "2026-03-23", "2026-04-06").await;
    let weeks = series.line("rate", "service", "checkout");
    assert_eq!(weeks.iter().map(|week| week.numerator).collect::<Vec<_>>(), [Some(2.0), Some(1.0)]);
    let hours = |from: Instant, to: Instant| (to.micros() - from.micros()) / 3_600_000_000;
    let lengths: Vec<i64> = weeks.iter().map(|week| hours(week.period_start, week.period_end)).collect();
    assert_eq!(lengths, [167, 168]);
    assert_eq!(weeks[1].period_start.to_rfc3339(), "2026-03-29T22:00:00Z");
    let days = story.series("deployment_frequency", Grain::Day, "2026-03-29", "2026-03-31").await;
    let days = days.line("rate", "service", "checkout");
    assert_eq!(hours(days[0].period_start, days[0].period_end), 23);
    assert_eq!(days.iter().map(|day| day.numerator).collect::<Vec<_>>(), [Some(1.0), Some(1.0)]);
}

#[tokio::test]
async fn case_41_a_period_that_is_not_over_says_so_and_stands_in_no_trend() {
    let told =
        [deployed("d0", "checkout", "c0", "2026-03-03T10:00:00Z"), deployed("d1", "checkout", "c1", "2026-03-10T10:00:00Z")];
    // Wednesday noon.
    let story = Story::told("2026-03-11T12:00:00Z", &told).await;
    let series = story.series("deployment_frequency", Grain::Week, "2026-03-02", "2026-03-16").await;
    let weeks = series.line("rate", "service", "checkout");
    assert_eq!(weeks.iter().map(|week| week.is_partial).collect::<Vec<_>>(), [false, true]);
    // Only days that are over count, above and below the line: Monday and Tuesday are 2 of 7.
    assert_eq!((weeks[1].numerator, weeks[1].denominator), (Some(1.0), Some(2.0 / 7.0)));
    let complete = Window::last_complete(Grain::Week, 1, at("2026-03-11T12:00:00Z"), story.world.definitions.zone());
    assert_eq!(complete.periods[0].first_day, day("2026-03-02"));
    assert_eq!(complete.periods.len(), 1);
    // What is over but still maturing is partial too.
    let failed = story.series("change_fail_rate", Grain::Week, "2026-03-02", "2026-03-09").await;
    let week = failed.line("share", "service", "checkout")[0];
    assert_eq!((week.value, week.coverage, week.is_partial), (Some(0.0), Some(1.0), false), "d0 was mature on the 10th");
}
