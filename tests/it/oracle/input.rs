//! Laws of input: order, repetition, threads and a second computation change nothing, to the last bit.

use super::draw::{Broken, drawn};
use super::history::History;
use super::numbers::{AS_OF, Numbers, history_of, numbers, weeks};
use super::played;
use super::told::{Facts, definitions, events, observations};
use serde_json::Value;
use std::collections::BTreeMap;
use tokio::runtime::{Builder, Runtime};
use waymark_analytics::{FACTS, Grain};
use waymark_event::Observation;

const TOGETHER: usize = 40;

/// Every fact as sorted lines, and every number.
type Answer = (BTreeMap<&'static str, Vec<String>>, Numbers);

async fn answer(told: &[Observation]) -> Answer {
    let facts = Facts::of(definitions("Europe/Berlin"), told).await;
    let mut rows = BTreeMap::new();
    for fact in FACTS {
        let mut lines: Vec<String> =
            facts.rows(&format!("select * from {}", fact.name)).await.iter().map(|row| format!("{row:?}")).collect();
        lines.sort();
        rows.insert(fact.name, lines);
    }
    let numbers = numbers(&facts, &weeks(Grain::Week, 0), AS_OF).await;
    (rows, numbers)
}

/// The first thing in which two answers differ.
fn compared(one: &Answer, other: &Answer) -> Result<(), Broken> {
    for (fact, lines) in &one.0 {
        let others = &other.0[fact];
        if let Some(line) = lines.iter().find(|line| !others.contains(line)) {
            return Err(Broken { place: history_of(line), why: format!("`{fact}` lost {line}") });
        }
        if lines.len() != others.len() {
            let why = format!("`{fact}` has {} rows, then {}", lines.len(), others.len());
            return Err(Broken { place: 0, why });
        }
    }
    let bits = |numbers: &Numbers| format!("{numbers:?}");
    match one.1.iter().find(|(key, cell)| other.1.get(*key) != Some(*cell)) {
        Some((key, cell)) => {
            let why = format!("{key:?}\n  before: {cell:?}\n  after: {:?}", other.1.get(key));
            Err(Broken { place: history_of(&key.3), why })
        }
        None if bits(&one.1) == bits(&other.1) => Ok(()),
        None => Err(Broken { place: 0, why: "numbers differ in their last bits".to_owned() }),
    }
}

/// Each third event twice, all in an order that has nothing to do with their times.
fn disordered(events: &[Value]) -> Vec<Value> {
    let mut disordered: Vec<Value> = events.iter().chain(events.iter().step_by(3)).cloned().collect();
    let count = disordered.len();
    for place in (1..count).rev() {
        disordered.swap(place, place.wrapping_mul(2_654_435_761) % (place + 1));
    }
    disordered
}

fn on_one_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn on_many_threads() -> Runtime {
    Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap()
}

#[test]
fn order_and_repetition_of_what_is_told_change_no_fact_and_no_number() {
    drawn(31, TOGETHER, |plays| {
        let events = events(&played(plays));
        let ordered = on_one_thread().block_on(answer(&observations(&events)));
        let disordered = on_one_thread().block_on(answer(&observations(&disordered(&events))));
        compared(&ordered, &disordered)
    });
}

#[test]
fn twice_on_one_thread_and_once_on_many_is_the_same_to_the_last_bit() {
    drawn(32, TOGETHER, |plays| {
        let histories: Vec<History> = played(plays);
        let told = observations(&events(&histories));
        let first = on_one_thread().block_on(answer(&told));
        compared(&first, &on_one_thread().block_on(answer(&told)))?;
        compared(&first, &on_many_threads().block_on(answer(&told)))
    });
}
