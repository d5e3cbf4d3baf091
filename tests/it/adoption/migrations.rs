//! Migrations from one component to another, as reports and the interface tell them.

use crate::harness::{World, delivery};
use chrono::{Days, NaiveDate};
use serde_json::{Value, json};
use waymark_analytics::{Blocked, Component, Definitions, Migration};
use waymark_api::adoption::{MigrationSaid, migrations_said};

/// A Wednesday; the newest complete week is that of 25 May.
const AS_OF: &str = "2026-06-03T12:00:00Z";
/// Services with the days on which they began to use the new component and ceased to use the old one.
const SERVICES: &[(&str, Option<&str>, Option<&str>)] = &[
    ("both", Some("2026-04-08"), None),
    ("straight", Some("2026-04-08"), Some("2026-04-08")),
    ("slowly", Some("2026-04-08"), Some("2026-05-20")),
    ("stays", None, None),
];

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn migration(id: &str, to_component: &str, started_on: &str) -> Migration {
    Migration {
        id: id.to_owned(),
        title: "Away from the old way".to_owned(),
        from_component: Some("old-way".to_owned()),
        from_alternatives: Vec::new(),
        to_component: to_component.to_owned(),
        owner: "platform".to_owned(),
        started_on: day(started_on),
        due_on: Some(day("2026-12-31")),
        blocked: Vec::new(),
    }
}

fn definitions() -> Definitions {
    let component = |id: &str| Component { id: id.to_owned(), category: "deploy".to_owned(), ..Component::default() };
    Definitions {
        components: ["old-way", "new-way", "newest-way"].map(component).to_vec(),
        migrations: vec![migration("away", "new-way", "2026-01-05"), migration("later", "newest-way", "2026-07-01")],
        ..Definitions::default()
    }
}

/// Every Wednesday of five months all services are deployed and looked at.
fn events() -> Vec<Value> {
    let mut events = Vec::new();
    for week in 0..22 {
        let wednesday = day("2026-01-07") + Days::new(7 * week);
        let at = format!("{wednesday}T09:00:00Z");
        for (service, begins, ends) in SERVICES {
            let has_come = |since: Option<&str>| since.is_some_and(|since| wednesday >= day(since));
            events.push(json!({"type": "deployment", "data": {
                "deployment_id": format!("{service}-{week}"), "attempt": 1, "kind": "deploy", "service_hint": service,
                "environment": "production", "version": week.to_string(), "status": "finished", "result": "success",
                "created_at": at, "started_at": at, "finished_at": at,
            }}));
            for (component, is_used) in [("new-way", has_come(*begins)), ("old-way", !has_come(*ends))] {
                events.push(json!({"type": "evidence", "data": {
                    "component_id": component, "detector": "scan", "scan_id": at, "kind": "config", "service_hint": service,
                    "finding": if is_used { "present" } else { "absent" }, "observed_at": at,
                }}));
            }
        }
    }
    events
}

#[tokio::test(flavor = "multi_thread")]
async fn who_uses_the_old_component_beside_the_new_one_is_in_progress() {
    let mut world = World::with(AS_OF, definitions()).await;
    world.take_in(&[delivery("json", None, &Value::from(events()).to_string(), AS_OF)]).await;
    world.refresh().await;
    let engine = world.engine();
    let found = migrations_said(&engine, None).await.unwrap();
    let [MigrationSaid { weeks, waiting, status, .. }] = found.as_slice() else { panic!("{found:?}") };
    let week = |first: &str| weeks.iter().find(|week| week.week_start == day(first)).unwrap();
    let told = |first: &str| (week(first).scope, week(first).done, week(first).completed, week(first).returned);
    assert_eq!(told("2026-03-30"), (4, 0, 0, 0));
    assert_eq!(told("2026-04-06"), (4, 1, 1, 0), "two more use the new one, and the old one too");
    assert_eq!(told("2026-05-11"), (4, 1, 0, 0));
    assert_eq!(told("2026-05-18"), (4, 2, 1, 0));
    assert_eq!(told("2026-05-25"), (4, 2, 0, 0));
    let waiting: Vec<(&str, &str)> = waiting.iter().map(|one| (one.service.as_str(), one.state)).collect();
    assert_eq!(waiting, [("both", "in progress"), ("stays", "not started")]);
    // Two have moved in eight weeks and two are left: half of all futures end in August, and 85 % of them in 2027.
    assert_eq!(status, "at risk");
    let refusal = migrations_said(&engine, Some("later")).await.unwrap_err();
    assert_eq!(refusal.detail, "the migration `later` begins on 1 July 2026");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_blocked_since_this_week_waits_and_the_forecast_of_the_last_week_stays() {
    // Two are left at the end of 31 May; if both wait for a decision then, there is no forecast.
    for (since, expected) in [("2026-06-01", "at risk"), ("2026-05-31", "no forecast")] {
        let blocked = |service: &str| Blocked {
            service: service.to_owned(),
            reason_code: "other".to_owned(),
            reason: None,
            since: day(since),
            until: None,
        };
        let mut definitions = definitions();
        definitions.migrations[0].blocked = ["both", "stays"].map(blocked).to_vec();
        let mut world = World::with(AS_OF, definitions).await;
        world.take_in(&[delivery("json", None, &Value::from(events()).to_string(), AS_OF)]).await;
        world.refresh().await;
        let found = migrations_said(&world.engine(), None).await.unwrap();
        let states: Vec<&str> = found[0].waiting.iter().map(|one| one.state).collect();
        assert_eq!((states.as_slice(), found[0].status.as_str()), (["blocked", "blocked"].as_slice(), expected), "{since}");
    }
}
