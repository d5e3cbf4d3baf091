//! What is said of one component at one instant and of its target: scoreboard, story, metric and report agree.

use crate::harness::{World, delivery};
use chrono::{Days, NaiveDate};
use serde_json::{Value, json};
use waymark_analytics::{Component, Definitions, Grain, Target, Window, find};
use waymark_api::adoption::{board, story};
use waymark_api::reporting;

const SERVICES: u64 = 18;
/// The newest complete week is that of 25 May, for both.
const WEDNESDAY: &str = "2026-06-03T12:00:00Z";
const MONDAY: &str = "2026-06-01T12:00:00Z";

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn definitions() -> Definitions {
    let component = Component {
        id: "ci".to_owned(),
        title: "Standard build".to_owned(),
        category: "ci".to_owned(),
        ..Component::default()
    };
    let target = Target { component: "ci".to_owned(), share: 1.0, set_on: None, due_on: day("2026-06-07") };
    Definitions { components: vec![component], targets: vec![target], ..Definitions::default() }
}

/// The day on which a service begins to use the component: two in each of eight weeks, one on the last day, one never.
fn moves_on(service: u64, today: NaiveDate) -> Option<NaiveDate> {
    match service {
        0..16 => Some(day("2026-04-08") + Days::new(7 * (service / 2))),
        16 => Some(today),
        _ => None,
    }
}

/// Every Wednesday since January, and on the morning of the last day, all services are deployed and looked at.
fn events(today: NaiveDate) -> Vec<Value> {
    let wednesdays = (0..).map(|week| day("2026-01-07") + Days::new(7 * week)).take_while(|wednesday| *wednesday < today);
    let mut events = Vec::new();
    for looked_on in wednesdays.chain([today]) {
        let at = format!("{looked_on}T09:00:00Z");
        for service in 0..SERVICES {
            let name = format!("service-{service:02}");
            events.push(json!({"type": "deployment", "data": {
                "deployment_id": format!("{name}-{looked_on}"), "attempt": 1, "kind": "deploy", "service_hint": name,
                "environment": "production", "version": looked_on.to_string(), "status": "finished", "result": "success",
                "created_at": at, "started_at": at, "finished_at": at,
            }}));
            let is_used = moves_on(service, today).is_some_and(|moves_on| looked_on >= moves_on);
            events.push(json!({"type": "evidence", "data": {
                "component_id": "ci", "detector": "scan", "scan_id": at, "kind": "config", "service_hint": name,
                "finding": if is_used { "present" } else { "absent" }, "observed_at": at,
            }}));
        }
    }
    events
}

async fn world(as_of: &str) -> World {
    let mut world = World::with(as_of, definitions()).await;
    let today = as_of.split('T').next().map(day).unwrap();
    world.take_in(&[delivery("json", None, &Value::from(events(today)).to_string(), as_of)]).await;
    world.refresh().await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joined_this_morning_is_counted_and_waits_no_more() {
    // On the first day of a week no day of it is over, so its running week has no level yet.
    for (as_of, running) in [(WEDNESDAY, Some(17.0)), (MONDAY, None)] {
        let world = world(as_of).await;
        let engine = world.engine();
        let (board, story) = (board(&engine).await.unwrap(), story(&engine, "ci").await.unwrap());
        let score = &board.components[0];
        assert_eq!((score.adoption.numerator, score.adoption.denominator), (Some(17.0), Some(18.0)), "{as_of}");
        let said = "17 of 18 (94 %) eligible services now, 2 joined in the week of 25 May 2026, none left; ";
        assert!(score.sentence.starts_with(said), "{}", score.sentence);
        assert_eq!(&story.score, score, "{as_of}");
        let joined = story.moved.iter().filter(|moved| moved.kind == "joined");
        let mut joined: Vec<&str> = joined.map(|moved| moved.service.as_str()).collect();
        joined.sort_unstable();
        let users = story.standing.iter().filter(|one| one.status == "adopted");
        assert_eq!(joined, users.map(|one| one.service.as_str()).collect::<Vec<_>>(), "{as_of}");
        let week = Window::between(Grain::Week, day("2026-06-01"), day("2026-06-08"), engine.definitions().zone());
        let metric = engine.series(find("adoption_rate").unwrap(), &week.of_scope("component", "ci")).await.unwrap();
        assert_eq!(metric.cells[0].numerator, running, "{as_of}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_has_the_verdict_of_the_scoreboard() {
    let world = world(WEDNESDAY).await;
    let engine = world.engine();
    let until = board(&engine).await.unwrap().components[0].until.clone().unwrap();
    assert_eq!(until.sentence, "all of them by 7–28 Jun 2026 (target 7 Jun 2026): at risk");
    let document = reporting::document(&engine, reporting::find_report("weekly").unwrap(), None).await.unwrap();
    let text = reporting::rendered(&document, "md").unwrap();
    // Two are left for the one week, and each of the last four had two: by that alone it would be on track.
    for said in [
        format!("16 of 18 eligible services (89 %), +2 this week, none left; {}.**", until.sentence),
        "100 % by 7 Jun 2026 (all of them by 7–28 Jun 2026: at risk; needs 2 a week, had 2)".to_owned(),
        "Standard build is at risk for 100 % by 7 Jun 2026".to_owned(),
    ] {
        assert!(text.contains(&said), "{said}: {text}");
    }
    assert!(!text.contains("on track"), "{text}");
}
