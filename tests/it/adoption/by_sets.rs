//! The walk over findings against the same definition said by sets, over histories by chance.
//!
//! The histories are dense in what is odd: detectors that contradict each other, rules that begin
//! and end, scanners that fall silent, services that change hands or were never catalogued.

use super::Chance;
use arrow::array::RecordBatch;
use arrow::util::display::array_value_to_string;
use waymark_analytics::scenario::Scenario;
use waymark_analytics::{Component, Definitions, Exemption, FitRule, Mandate, Release, Scope};

const BY_SETS: &str = include_str!("by_sets.sql");
const HISTORIES: u64 = 6;
const SERVICES: &[&str] =
    &["basket", "cart", "checkout", "login", "mail", "payment", "profile", "search", "shop", "tool", "web", "stray"];
const COMPONENTS: &[&str] = &["builds", "secrets"];
/// What looks, and by what kind of evidence.
const DETECTORS: &[(&str, &str)] = &[("scan", "config"), ("lock", "lockfile"), ("runs", "runtime"), ("catalogue", "declared")];
const FINDINGS: &[&str] = &["present", "present", "partial", "alternative", "absent", "unreadable"];
const DAYS: u32 = 200;

#[tokio::test]
async fn the_walk_knows_what_the_sets_know() {
    let mut spells = 0;
    for seed in 0..HISTORIES {
        let mut chance = Chance::of(seed);
        let scenario = Scenario::for_facts(definitions(&mut chance)).unwrap();
        for sql in [described(&mut chance), found(&mut chance)] {
            scenario.run_sql(&sql).await.unwrap_or_else(|error| panic!("{error}: {sql}"));
        }
        scenario.fact("adoption_status").await.unwrap();
        let walked = rows(&scenario.run_sql("select * from adoption_status").await.unwrap());
        let expected = rows(&scenario.run_sql(BY_SETS).await.unwrap());
        let odd: Vec<_> = walked.iter().filter(|row| !expected.contains(row)).collect();
        let missing: Vec<_> = expected.iter().filter(|row| !walked.contains(row)).collect();
        assert!(odd.is_empty() && missing.is_empty(), "history {seed}: walked {odd:#?}, by sets {missing:#?}");
        assert_eq!(walked.len(), expected.len(), "history {seed}");
        spells += walked.len();
    }
    assert!(spells > 2_000, "{spells} spells prove little");
}

/// Rows as text, whatever the order of rows and columns.
fn rows(batches: &[RecordBatch]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            let named = batch.schema_ref().fields().iter().zip(batch.columns());
            let told = |column| array_value_to_string(column, row).unwrap();
            let mut told: Vec<String> = named.map(|(field, column)| format!("{}={}", field.name(), told(column))).collect();
            told.sort();
            rows.push(told);
        }
    }
    rows.sort();
    rows
}

fn date(day: u32) -> chrono::NaiveDate {
    chrono::NaiveDate::from_ymd_opt(2025, 1, 1).unwrap() + chrono::Days::new(day.into())
}

fn some<'a>(chance: &mut Chance, of: &[&'a str]) -> &'a str {
    of[usize::try_from(chance.below(u32::try_from(of.len()).unwrap())).unwrap()]
}

fn maybe<T>(chance: &mut Chance, value: impl FnOnce(&mut Chance) -> T) -> Option<T> {
    let is_there = chance.is_hit(0.5);
    is_there.then(|| value(chance))
}

/// What the organisation agreed, much of it for a time only.
fn definitions(chance: &mut Chance) -> Definitions {
    let mut definitions = Definitions { zone: "Europe/Berlin".to_owned(), ..Definitions::default() };
    definitions.settings.left_min_adopted_days = i64::from(chance.below(20));
    for id in COMPONENTS {
        definitions.components.push(Component {
            id: (*id).to_owned(),
            category: "ci".to_owned(),
            formerly: vec![format!("old-{id}")],
            released_on: maybe(chance, |chance| date(chance.below(DAYS))),
            fit: (0..chance.below(3)).map(|_| fit_rule(chance)).collect(),
            releases: vec![Release {
                version: "1".to_owned(),
                released_on: date(3),
                deprecated_on: None,
                end_of_life_on: None,
            }],
            ..Component::default()
        });
        for _ in 0..chance.below(3) {
            let opened = chance.below(DAYS);
            definitions.exemptions.push(Exemption {
                component: (*id).to_owned(),
                service: some(chance, SERVICES).to_owned(),
                opened_on: date(opened),
                expires_on: date(opened + 1 + chance.below(40)),
                review_by: date(opened + 1),
                reason_code: Some("other".to_owned()),
                reason: String::new(),
                owner: "red".to_owned(),
            });
        }
        for _ in 0..chance.below(3) {
            let teams = maybe(chance, |chance| some(chance, &["red", "blue"]).to_owned()).into_iter().collect();
            let tags = maybe(chance, |chance| some(chance, &["jvm", "batch"]).to_owned()).into_iter().collect();
            definitions.mandates.push(Mandate {
                component: (*id).to_owned(),
                announced_on: date(chance.below(DAYS)),
                due_on: date(DAYS),
                ends_on: maybe(chance, |chance| date(chance.below(DAYS))),
                scope: Scope { teams, tags, ..Scope::default() },
            });
        }
    }
    definitions
}

fn fit_rule(chance: &mut Chance) -> FitRule {
    let from = chance.below(DAYS);
    FitRule {
        reason: some(chance, &["language", "runtime", "other"]).to_owned(),
        any_tags: maybe(chance, |chance| some(chance, &["jvm", "go"]).to_owned()).into_iter().collect(),
        all_tags: maybe(chance, |_| "live".to_owned()).filter(|_| from.is_multiple_of(3)).into_iter().collect(),
        no_tags: maybe(chance, |_| "batch".to_owned()).into_iter().collect(),
        types: maybe(chance, |_| "service".to_owned()).filter(|_| from.is_multiple_of(4)).into_iter().collect(),
        from: maybe(chance, |_| date(from)),
        until: maybe(chance, |chance| date(from + 1 + chance.below(60))),
    }
}

/// How services are described, most of them more than once; one is never.
fn described(chance: &mut Chance) -> String {
    let mut rows = Vec::new();
    for service in &SERVICES[..SERVICES.len() - 1] {
        for time in 0..=chance.below(3) {
            let tags: Vec<String> =
                ["jvm", "go", "batch", "live"].iter().filter(|_| chance.is_hit(0.5)).map(|tag| format!("'{tag}'")).collect();
            let labels = maybe(chance, |_| format!("make_array({})", tags.join(", "))).filter(|_| !tags.is_empty());
            let created = maybe(chance, |chance| format!("'{}T00:00:00Z'", date(chance.below(DAYS))));
            let null = || "null".to_owned();
            rows.push(format!(
                "('{service}{time}', '{service}', 'described', 'service', '{service}', '{}', {}, {}, {}, '{}T09:00:00Z', {})",
                some(chance, &["red", "blue", "green"]),
                maybe(chance, |_| "'service'".to_owned()).unwrap_or_else(null),
                labels.unwrap_or_else(null),
                created.unwrap_or_else(null),
                date(chance.below(DAYS)),
                chance.is_hit(0.1),
            ));
        }
    }
    format!(
        "insert into observed.services (entity_id, part_of, moment, kind, name, owner_raw, type_raw, labels, created_at, occurred_at, is_deleted) values {}",
        rows.join(", ")
    )
}

/// What was found, by detectors that look every few days, fall silent and contradict each other.
fn found(chance: &mut Chance) -> String {
    let mut rows = Vec::new();
    for service in SERVICES {
        for component in COMPONENTS {
            for (detector, kind) in DETECTORS.iter().filter(|_| chance.is_hit(0.6)).collect::<Vec<_>>() {
                let mut day = chance.below(30);
                let mut finding = some(chance, FINDINGS);
                while day < DAYS {
                    if chance.is_hit(0.4) {
                        finding = some(chance, FINDINGS);
                    }
                    let name = if chance.is_hit(0.2) { format!("old-{component}") } else { (*component).to_owned() };
                    let alternative = if finding == "alternative" {
                        format!("'{}'", some(chance, &["make", "bash"]))
                    } else {
                        "null".to_owned()
                    };
                    let version = if finding == "present" { format!("'{}'", chance.below(2)) } else { "null".to_owned() };
                    let (rule, entity) = (1 + chance.below(2), rows.len());
                    rows.push(format!(
                        "('e{entity:05}', '{name}', '{service}', '{detector}', '{kind}', '{finding}', {alternative}, {version}, {rule}, 'f', {entity}, '{}T12:00:00Z', {})",
                        date(day),
                        chance.is_hit(0.03),
                    ));
                    // Now and then the same day is looked at twice, and sometimes nobody looks for long.
                    day += [0, 3, 7, 7, 14, 15, 40][usize::try_from(chance.below(7)).unwrap()];
                }
            }
        }
    }
    format!(
        "insert into observed.evidence (entity_id, component_id, service_hint, detector, kind, finding, alternative, version, rule_version, path, line, observed_at, is_deleted) values {}",
        rows.join(", ")
    )
}
