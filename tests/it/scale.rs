//! The large organisation is understood in full: no delivery of it is rejected or ignored.
//!
//! A tiny one here; how fast the whole one is loaded is measured in `tests/bench`.

use std::collections::BTreeMap;
use waymark_analytics::Definitions;
use waymark_collect::Reading;
use waymark_event::{PeopleKey, Record, Table};
use waymark_sample::Scale;

const TINY: Scale = Scale { services: 5, years: 1, seed: 1 };

#[test]
fn everything_that_a_large_organisation_says_is_understood() {
    let source = waymark_collect::find("json").unwrap();
    let reading = Reading { people: PeopleKey::new([7; 32]) };
    let mut counts: BTreeMap<Table, u64> = BTreeMap::new();
    for delivery in TINY.deliveries() {
        let normalised = source.normalise(&delivery, &reading);
        assert_eq!(normalised.rejections, [], "{}", delivery.text().unwrap());
        assert_eq!(normalised.ignored, None);
        for observation in &normalised.observations {
            *counts.entry(observation.table()).or_default() += 1;
            assert!(observation.head.occurred_at.is_some_and(|at| at < TINY.as_of()), "{observation:?}");
            assert!(!has_unknown_word(&observation.record), "{observation:?}");
        }
    }
    let tables: Vec<Table> = counts.keys().copied().collect();
    let expected =
        [Table::CiRun, Table::Commit, Table::Deployment, Table::Evidence, Table::Incident, Table::PullRequest, Table::Service];
    assert!(tables.len() == expected.len() && expected.iter().all(|table| tables.contains(table)), "{counts:?}");
    let (total, estimate) = (counts.values().sum::<u64>(), TINY.observation_count_estimate());
    assert!(total.abs_diff(estimate) < estimate / 5, "{total} observations and not {estimate}");
}

#[test]
fn a_file_of_a_large_organisation_is_cut_into_its_deliveries() {
    let source = waymark_collect::find("json").unwrap();
    let bodies: Vec<Vec<u8>> = TINY.deliveries().take(40).map(|delivery| delivery.body).collect();
    let file: Vec<u8> = bodies.iter().flat_map(|body| body.iter().copied().chain([b'\n'])).collect();
    assert_eq!(source.cut_file(&file), bodies);
}

#[test]
fn the_configuration_of_a_large_organisation_has_no_problems() {
    let whole: toml::Table = TINY.configuration().parse().unwrap();
    let definitions: Definitions = whole.try_into().unwrap();
    assert_eq!(definitions.problems(), Vec::<String>::new());
    assert_eq!(definitions.components.len(), 5);
}

/// Whether a closed word was written in a way that nobody knows.
fn has_unknown_word(record: &Record) -> bool {
    let text = serde_json::to_string(record).unwrap();
    text.contains("\"unknown\"")
}
