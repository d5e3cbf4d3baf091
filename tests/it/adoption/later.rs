//! New looks at services that were looked at before: what is gone on with is what all findings say together.

use super::Chance;
use crate::harness::{World, delivery};
use crate::lake_rows::{difference, facts};
use serde_json::{Value, json};
use waymark_analytics::{Component, Definitions};
use waymark_event::{Delivery, Table};
use waymark_lake::{fact_table, observed_table};

const AS_OF: &str = "2026-06-01T00:00:00Z";
const HISTORIES: u64 = 3;
const REFRESHES: usize = 9;
const SERVICES: &[&str] = &["basket", "cart", "checkout", "login", "mail"];
const COMPONENTS: &[&str] = &["builds", "secrets"];

fn definitions() -> Definitions {
    let component = |id: &&str| Component {
        id: (*id).to_owned(),
        category: "ci".to_owned(),
        formerly: vec![format!("old-{id}")],
        ..Component::default()
    };
    let mut definitions = Definitions { components: COMPONENTS.iter().map(component).collect(), ..Definitions::default() };
    definitions.settings.evidence_ttl_static_days = 9;
    definitions
}

/// What one look at one component says.
fn finding(service: &str, component: &str, scan: usize, observed_at: &str, says: &str) -> Value {
    json!({"type": "evidence", "data": {
        "component_id": component, "detector": "scan", "scan_id": format!("scan-{scan}"), "kind": "config", "finding": says,
        "service_hint": service, "observed_at": observed_at, "path": "build.yaml", "line": scan,
    }})
}

/// The morning of a day.
fn morning(day: usize) -> String {
    let day = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + chrono::Days::new(u64::try_from(day).unwrap());
    format!("{day}T09:00:00Z")
}

fn one_of<'a>(chance: &mut Chance, of: &[&'a str]) -> &'a str {
    of[usize::try_from(chance.below(u32::try_from(of.len()).unwrap())).unwrap()]
}

/// Looks at one service, most of them as they come and some of them odd.
fn looks(chance: &mut Chance, service: &str, turn: usize) -> Vec<Value> {
    let mut events = Vec::new();
    for component in COMPONENTS {
        let name = if chance.is_hit(0.1) { format!("old-{component}") } else { (*component).to_owned() };
        let says =
            |chance: &mut Chance| one_of(chance, &["present", "present", "present", "alternative", "absent", "unreadable"]);
        let usual = finding(service, &name, turn, &morning(4 * turn), says(chance));
        match chance.below(15) {
            // The scan before is told again as it was seen later, or what it said is changed, or taken back.
            0 | 1 if turn > 0 => events.push(finding(service, component, turn - 1, &morning(4 * turn - 2), says(chance))),
            2 if turn > 0 => {
                let mut again = finding(service, component, turn - 1, &morning(4 * turn - 4), says(chance));
                again["data"]["source_updated_at"] = json!(morning(200 + turn));
                events.push(again);
            }
            3 if turn > 0 => {
                let mut gone = finding(service, component, turn - 1, &morning(4 * turn - 4), "present");
                gone["data"]["is_deleted"] = json!(true);
                gone["data"]["source_updated_at"] = json!(morning(200 + turn));
                events.push(gone);
            }
            // An older scan is corrected, or a new one looked at the past.
            4 if turn > 2 => {
                let mut old = finding(service, component, turn - 3, &morning(4 * turn - 11), says(chance));
                old["data"]["source_updated_at"] = json!(morning(200 + turn));
                events.push(old);
            }
            // Or its look is moved behind all others.
            9 if turn > 2 => {
                events.push(finding(
                    service,
                    component,
                    turn - 2 - chance.below(2) as usize,
                    &morning(4 * turn - 1),
                    says(chance),
                ));
            }
            5 if turn > 2 => events.push(finding(service, component, 100 + turn, &morning(4 * turn - 9), says(chance))),
            // Somebody else looks, at the same time or in another repository.
            6 => {
                let mut other = finding(service, component, turn, &morning(4 * turn), says(chance));
                other["data"]["detector"] = json!("lock");
                events.push(other);
            }
            7 => {
                let mut elsewhere = finding(service, component, 200 + turn, &morning(4 * turn), says(chance));
                elsewhere["data"]["repository"] = json!("example.org/acme/other");
                events.push(elsewhere);
            }
            8 => continue,
            _ => {}
        }
        events.push(usual);
    }
    events
}

/// One repository makes one unit of two services, of which one only uses what nobody describes.
fn neighbours() -> Vec<Value> {
    let deployed = |service: &str| {
        json!({"type": "deployment", "data": {
            "deployment_id": service, "service_hint": service, "environment": "production",
            "revisions": ["example.org/acme/shop@c1"], "status": "finished", "result": "success", "finished_at": morning(0),
        }})
    };
    vec![deployed("basket"), deployed("stray"), finding("stray", "unheard-of", 0, &morning(0), "present")]
}

fn message(events: &[Value]) -> Delivery {
    delivery("json", None, &Value::from(events).to_string(), AS_OF)
}

#[tokio::test]
async fn what_is_gone_on_with_is_what_all_findings_say() {
    for seed in 0..HISTORIES {
        let mut chance = Chance::of(seed);
        let mut world = World::with(AS_OF, definitions()).await;
        let mut whole = World::with(AS_OF, definitions()).await;
        for turn in 0..REFRESHES {
            let services = SERVICES.iter().filter(|_| turn == 0 || chance.is_hit(0.8)).collect::<Vec<_>>();
            let mut events: Vec<Value> = services.into_iter().flat_map(|service| looks(&mut chance, service, turn)).collect();
            events.extend(if turn == 0 { neighbours() } else { Vec::new() });
            let told = message(&events);
            world.take_in(std::slice::from_ref(&told)).await;
            whole.take_in(&[told]).await;
            let (snapshot, expected) = (world.refresh().await, whole.refresh_fully().await);
            let found = facts(&world.layout, &snapshot).await;
            let expected = facts(&whole.layout, &expected).await;
            assert_eq!(difference(&expected, &found), None, "history {seed}, after {turn}: {events:#?}");
        }
    }
}

#[tokio::test]
async fn a_new_look_reads_no_earlier_one() {
    let mut world = World::with(AS_OF, definitions()).await;
    for scan in 0..3 {
        let events: Vec<Value> =
            COMPONENTS.iter().map(|component| finding("cart", component, scan, &morning(7 * scan), "present")).collect();
        world.take_in(&[message(&events)]).await;
    }
    let first = world.refresh().await;
    let table = world.layout.table(&observed_table(Table::Evidence.name()));
    for file in &first.tables[&observed_table(Table::Evidence.name())].files {
        std::fs::remove_file(table.join(&file.path)).unwrap();
    }
    // One component is left and the other still there.
    let events =
        [finding("cart", "builds", 3, &morning(21), "alternative"), finding("cart", "secrets", 3, &morning(21), "present")];
    world.take_in(&[message(&events)]).await;
    let second = world.refresh().await;
    let spells = |snapshot: &waymark_lake::Snapshot| {
        let files = &snapshot.tables[&fact_table("adoption_status")].files;
        files.iter().map(|file| file.rows).sum::<u64>()
    };
    assert_eq!((spells(&first), spells(&second)), (6, 7), "off the path is a spell more");
}
