//! Laws of aggregation: bounds, adjacent periods, and teams within the organisation.

use super::draw::{Broken, drawn, runtime};
use super::history::{HOUR, History, START};
use super::numbers::{AS_OF, Numbers, history_of, metrics, numbers, weeks};
use super::played;
use super::told::{Facts, definitions, event, events, observations, time};
use serde_json::json;
use std::collections::BTreeMap;
use waymark_analytics::{Cell, Definitions, Grain, METRICS, Unit, Window};
use waymark_collect::Reading;
use waymark_event::PeopleKey;
use waymark_sample::{Plan, deliveries};

const TOGETHER: usize = 40;

/// Metrics whose rows each belong to one period and one service, so that their counts add up.
const ADDITIVE: &[&str] = &[
    "change_lead_time",
    "merge_to_production",
    "ci_duration",
    "ci_queue_time",
    "deployment_frequency",
    "deployment_count",
    "deployments_all",
    "change_fail_rate",
    "attempt_failure_rate",
    "ci_success_rate",
];

/// What adds up: rows, numerators and denominators.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    rows: i64,
    numerator: f64,
    denominator: f64,
}

impl Sums {
    fn add(&mut self, cell: &Cell) {
        self.rows += cell.sample_size.unwrap_or_default();
        self.numerator += cell.numerator.unwrap_or_default();
        self.denominator += cell.denominator.unwrap_or_default();
    }

    fn equals(self, other: Self) -> bool {
        let is_near = |one: f64, other: f64| (one - other).abs() < 1e-9 * one.abs().max(1.0);
        self.rows == other.rows && is_near(self.numerator, other.numerator) && is_near(self.denominator, other.denominator)
    }
}

/// Sums under a name that `named` gives a cell; none leaves it out.
fn sums<K: Ord>(numbers: &Numbers, named: impl Fn(&super::numbers::Place) -> Option<K>) -> BTreeMap<K, Sums> {
    let mut sums: BTreeMap<K, Sums> = BTreeMap::new();
    for (key, cell) in numbers.iter().filter(|(key, _)| ADDITIVE.contains(&key.0)) {
        if let Some(name) = named(key) {
            sums.entry(name).or_default().add(cell);
        }
    }
    sums
}

/// Whether a cell keeps to what it says of itself.
fn is_within_bounds(unit: Unit, cell: &Cell) -> bool {
    let order = [cell.low, cell.value, cell.high];
    let known: Vec<f64> = order.into_iter().flatten().collect();
    let is_share = unit != Unit::Share || known.iter().all(|share| (0.0..=1.0).contains(share));
    let is_covered = cell.coverage.is_none_or(|share| (0.0..=1.0).contains(&share));
    let is_part = unit != Unit::Share || cell.numerator.zip(cell.denominator).is_none_or(|(part, whole)| part <= whole);
    let is_finite = known.iter().all(|value| value.is_finite());
    known.is_sorted() && is_share && is_covered && is_part && is_finite && cell.sample_size.is_none_or(|size| size >= 0)
}

fn out_of_bounds(numbers: &Numbers) -> Option<Broken> {
    numbers.iter().find_map(|(key, cell)| {
        let unit = METRICS.iter().find(|metric| metric.id == key.0)?.unit;
        let broken = Broken { place: history_of(&key.3), why: format!("{key:?}: {cell:?}") };
        (!is_within_bounds(unit, cell)).then_some(broken)
    })
}

#[test]
fn limits_enclose_values_and_shares_lie_between_zero_and_one() {
    drawn(41, TOGETHER, |plays| {
        let numbers = runtime().block_on(async {
            let facts = Facts::told(&played(plays)).await;
            let mut all = numbers(&facts, &weeks(Grain::Week, 0), AS_OF).await;
            // In the middle of things too, when some is immature and a period is not over.
            all.extend(numbers(&facts, &weeks(Grain::Month, 0), START + 12 * 24 * HOUR).await);
            all
        });
        out_of_bounds(&numbers).map_or(Ok(()), Err)
    });
}

/// The sample organisation, in which every metric has something to say.
async fn sample(plan: &Plan) -> (Facts, Definitions) {
    let whole: toml::Table = plan.configuration().parse().unwrap();
    let reading = Reading { people: PeopleKey::new([7; 32]) };
    let definitions: Definitions = whole.try_into().unwrap();
    let definitions = definitions.with_pseudonyms(&reading.people);
    let observations = deliveries(plan)
        .flat_map(|delivery| waymark_collect::find(&delivery.source).unwrap().normalise(&delivery, &reading).observations);
    (Facts::of(definitions.clone(), &observations.collect::<Vec<_>>()).await, definitions)
}

#[test]
fn limits_enclose_values_and_shares_lie_between_zero_and_one_in_the_sample_too() {
    let plan = Plan::small();
    runtime().block_on(async {
        let (facts, definitions) = sample(&plan).await;
        let as_of = plan.as_of().micros() / 1_000_000;
        for (grain, count) in [(Grain::Week, 6), (Grain::Quarter, 2)] {
            let window = Window::last_complete(grain, count, plan.as_of(), definitions.zone());
            let numbers = numbers(&facts, &window, as_of).await;
            assert!(numbers.values().any(|cell| cell.value.is_some()), "{grain:?}");
            if let Some(broken) = out_of_bounds(&numbers) {
                panic!("{}", broken.why);
            }
        }
    });
}

#[test]
fn counts_over_adjacent_periods_add_up() {
    assert!(metrics(ADDITIVE).len() >= 4, "the law would compare nothing");
    drawn(42, TOGETHER, |plays| {
        let (weekly, whole) = runtime().block_on(async {
            let facts = Facts::told(&played(plays)).await;
            let weekly = numbers(&facts, &weeks(Grain::Week, 0), AS_OF).await;
            (weekly, numbers(&facts, &weeks(Grain::Window, 0), AS_OF).await)
        });
        let named = |key: &super::numbers::Place| Some((key.0, key.1.clone(), key.2.clone(), key.3.clone()));
        let (weekly, whole) = (sums(&weekly, named), sums(&whole, named));
        for (key, sum) in &whole {
            let parts = weekly.get(key).copied().unwrap_or_default();
            if !parts.equals(*sum) {
                return Err(Broken {
                    place: history_of(&key.3),
                    why: format!("{key:?}: the weeks give {parts:?}, not {sum:?}"),
                });
            }
        }
        Ok(())
    });
}

/// Which team owns a service: two of three web services have one, and none of the others.
fn owner_of(service: &str) -> Option<String> {
    let team = history_of(service) % 3;
    (service.ends_with("-web") && team > 0).then(|| format!("team-{team}"))
}

fn catalogued(histories: &[History]) -> Vec<serde_json::Value> {
    let services = histories.iter().flat_map(|history| ["web", "api"].map(|part| format!("{}-{part}", history.name)));
    let described = services.map(|service| {
        event(
            "service",
            json!({
                "kind": "service", "name": service, "owner_raw": owner_of(&service), "owner_kind": "team",
                "occurred_at": time(START),
            }),
        )
    });
    described.collect()
}

#[test]
fn teams_and_what_nobody_owns_partition_the_organisation() {
    drawn(43, TOGETHER, |plays| {
        let histories = played(plays);
        let numbers = runtime().block_on(async {
            let told = events(&histories).into_iter().chain(catalogued(&histories)).collect::<Vec<_>>();
            let facts = Facts::of(definitions("UTC"), &observations(&told)).await;
            numbers(&facts, &weeks(Grain::Week, 0), AS_OF).await
        });
        let of = |wanted: fn(&str, &str) -> bool| {
            sums(&numbers, |key| wanted(&key.2, &key.3).then(|| (key.0, key.1.clone(), key.4)))
        };
        let organisation = of(|kind, _| kind == "organisation");
        let services = of(|kind, _| kind == "service");
        let parts = of(|kind, scope| kind == "team" || (kind == "service" && owner_of(scope).is_none()));
        for (key, sum) in &organisation {
            for (word, found) in [("services", &services), ("teams and the rest", &parts)] {
                let found = found.get(key).copied().unwrap_or_default();
                if !found.equals(*sum) {
                    return Err(Broken { place: 0, why: format!("{key:?}: {word} give {found:?}, not {sum:?}") });
                }
            }
        }
        Ok(())
    });
}
