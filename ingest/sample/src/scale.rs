//! `Scale`: a large organisation, made as deliveries in our own event format, for benchmarks and proofs of size.
//!
//! Plays thousands of services day by day and remembers a few hundred bytes of each, so that years
//! of history stream out without being held. It has no story and no odd messages: those belong to
//! [`crate::Plan`]. Dates and sizes stand here; who is who, and what happens, stand below.

mod bodies;
mod calendar;
mod catalogue;
mod configuration;
mod day;
mod incident;
mod member;
mod release;
mod run;
mod stream;

use crate::chance::whole;
use crate::plan::day_start;
use chrono::{Months, NaiveDate, TimeDelta};
use stream::Stream;
use waymark_event::{Delivery, Instant};

/// A large organisation before it is played: equal ones give equal bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// How many services there are, each with a repository of its own; at least one is played.
    pub services: usize,
    /// How many years are played, from 1 to 30; others are taken as the nearest of these.
    pub years: u32,
    /// The seed of everything that looks like chance.
    pub seed: u64,
}

/// How many services the whole organisation has.
const SERVICES: f64 = 5_000.0;
const YEARS_MAX: u32 = 30;
/// The first day that is no longer played, fixed so that the bytes stay the same.
const END_ON: NaiveDate = match NaiveDate::from_ymd_opt(2026, 7, 31) {
    Some(day) => day,
    None => NaiveDate::MIN,
};
/// Observations that a thousand services cause in a day: 3,650 commits, 912 pull requests, 2,008 runs
/// with their repetitions, 400 deployments, 22 statements about incidents and 55 findings.
const OBSERVATIONS_PER_THOUSAND: u64 = 7_046;
/// Observations that the catalogue entry of one service becomes: its state and the moment.
const OBSERVATIONS_PER_ENTRY: u64 = 2;

impl Scale {
    /// The organisation of this size: 1.0 has 5,000 services, and in three years 20 million commits,
    /// 10 million CI runs, 2 million production deployments and 60 thousand incidents.
    pub fn of(scale: f64, years: u32, seed: u64) -> Self {
        let services = usize::try_from(whole(scale * SERVICES)).unwrap_or_default().max(1);
        Self { services, years, seed }
    }

    /// Every delivery in order of receipt, made as it is asked for, at most 200 events in each.
    ///
    /// Within a day the services follow each other; nothing is received after [`Scale::as_of`].
    pub fn deliveries(&self) -> impl Iterator<Item = Delivery> + Send + use<> {
        Stream::of(self)
    }

    /// About how many observations the deliveries become, repetitions included; within a twentieth
    /// from some twenty services on.
    pub fn observation_count_estimate(&self) -> u64 {
        let services = u64::try_from(self.services.max(1)).unwrap_or(u64::MAX);
        let days = u64::try_from(self.days()).unwrap_or(u64::MAX);
        let daily = services.saturating_mul(days).saturating_mul(OBSERVATIONS_PER_THOUSAND) / 1_000;
        daily.saturating_add(services.saturating_mul(OBSERVATIONS_PER_ENTRY))
    }

    /// The text of the `waymark.toml` that belongs to the organisation.
    pub fn configuration(&self) -> String {
        configuration::text(self)
    }

    /// The instant at which the organisation is looked at: midnight after the last day, UTC.
    pub fn as_of(&self) -> Instant {
        day_start(END_ON)
    }

    /// The first day that is played.
    fn start_on(&self) -> NaiveDate {
        let months = Months::new(12 * self.years.clamp(1, YEARS_MAX));
        END_ON.checked_sub_months(months).unwrap_or(END_ON)
    }

    /// How many days are played.
    fn days(&self) -> usize {
        usize::try_from((END_ON - self.start_on()).num_days()).unwrap_or_default()
    }

    /// The day at `share` of the years; before the first one when negative, after the last above 1.
    fn day_at(&self, share: f64) -> NaiveDate {
        self.start_on() + TimeDelta::days(whole(share * self.days() as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use sha2::{Digest, Sha256};
    use std::collections::{BTreeMap, BTreeSet};

    const SMALL: Scale = Scale { services: 16, years: 1, seed: 1 };

    fn hash(scale: Scale) -> Vec<u8> {
        let mut hash = Sha256::new();
        for delivery in scale.deliveries() {
            hash.update(serde_json::to_vec(&delivery).unwrap());
        }
        hash.finalize().to_vec()
    }

    fn events(scale: Scale) -> impl Iterator<Item = Value> {
        scale.deliveries().flat_map(|delivery| match serde_json::from_slice::<Value>(&delivery.body).unwrap() {
            Value::Array(events) => events,
            other => panic!("no list of events: {other}"),
        })
    }

    #[test]
    fn the_same_arguments_give_the_same_bytes_and_another_seed_does_not() {
        let tiny = Scale { services: 3, ..SMALL };
        assert_eq!(hash(tiny), hash(tiny));
        assert_ne!(hash(tiny), hash(Scale { seed: 2, ..tiny }));
    }

    #[test]
    fn a_scale_of_one_is_the_whole_organisation() {
        let whole = Scale::of(1.0, 3, 1);
        assert_eq!((whole.services, whole.days()), (5_000, 1_096));
        assert!(whole.observation_count_estimate().abs_diff(38_600_000) < 100_000);
        assert_eq!(whole.as_of().to_rfc3339(), "2026-07-31T00:00:00Z");
        assert_eq!(Scale::of(0.01, 3, 1).services, 50);
        assert_eq!(Scale::of(f64::NAN, 3, 1).services, 1);
    }

    #[test]
    fn there_is_as_much_of_everything_as_promised() {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for event in events(SMALL) {
            let kind = match event["data"]["environment"].as_str() {
                Some("staging") => "staging",
                _ => event["type"].as_str().unwrap(),
            };
            *counts.entry(kind.to_owned()).or_default() += 1;
        }
        let total: u64 = counts.values().sum::<u64>() + counts["service"];
        let estimate = SMALL.observation_count_estimate();
        assert!(total.abs_diff(estimate) < estimate / 10, "{total} and not {estimate}: {counts:?}");
        let service_days = 16 * 365;
        for (kind, per_thousand) in [("commit", 3_650), ("pull_request", 912), ("ci_run", 2_008), ("deployment", 365)] {
            let expected = service_days * per_thousand / 1_000;
            assert!(counts[kind].abs_diff(expected) < expected / 5, "{} `{kind}` and not {expected}", counts[kind]);
        }
        assert!(["staging", "incident", "evidence"].iter().all(|kind| counts.contains_key(*kind)), "{counts:?}");
    }

    #[test]
    fn deliveries_come_in_order_none_too_long_and_none_too_late() {
        let mut last = day_start(SMALL.start_on());
        let mut ids = BTreeSet::new();
        for delivery in SMALL.deliveries() {
            assert!(delivery.received_at >= last, "`{}` after `{last}`", delivery.received_at);
            last = delivery.received_at;
            assert!(ids.insert(delivery.id.as_str().to_owned()));
            assert!(delivery.body.len() < 200 * 1_000, "{} bytes", delivery.body.len());
            assert!(!delivery.body.contains(&b'\n'), "a body is one line of a file");
        }
        assert!(last < SMALL.as_of());
        assert_eq!(last.to_utc().date_naive().succ_opt(), Some(END_ON));
    }

    #[test]
    fn no_time_lies_after_the_end_and_none_long_before_the_beginning() {
        let earliest = day_start(SMALL.start_on()).plus_seconds(-40 * 86_400);
        for event in events(SMALL) {
            for (name, value) in event["data"].as_object().unwrap().iter().filter(|(name, _)| name.ends_with("_at")) {
                let at = Instant::parse(value.as_str().unwrap()).unwrap();
                assert!(at >= earliest && at < SMALL.as_of(), "`{name}` is {at}");
            }
        }
    }

    #[test]
    fn whatever_names_a_commit_names_one_that_was_told() {
        let mut known = BTreeSet::new();
        let (mut roots, mut merges, mut rollbacks, mut repetitions) = (0, 0, 0, 0);
        let (mut repositories, mut runs) = (BTreeSet::new(), BTreeSet::new());
        for event in events(SMALL) {
            let data = &event["data"];
            let shas = |name: &str| -> Vec<String> {
                data[name].as_array().into_iter().flatten().map(|sha| sha.as_str().unwrap().to_owned()).collect()
            };
            match event["type"].as_str().unwrap() {
                "commit" => {
                    let parents = shas("parents");
                    assert!(parents.iter().all(|parent| known.contains(parent)), "{event}");
                    roots += usize::from(parents.is_empty());
                    repositories.insert(data["repository"].as_str().unwrap().to_owned());
                    merges += usize::from(parents.len() == 2);
                    let sha = data["sha"].as_str().unwrap();
                    assert_eq!(sha.len(), 40);
                    assert!(known.insert(sha.to_owned()), "`{sha}` twice");
                }
                "pull_request" => {
                    assert!(shas("commit_shas").iter().all(|sha| known.contains(sha)), "{event}");
                    assert!(known.contains(data["merge_sha"].as_str().unwrap()));
                }
                "ci_run" => {
                    assert!(known.contains(data["head_sha"].as_str().unwrap()), "{event}");
                    repetitions += usize::from(!runs.insert(data["run_id"].as_str().unwrap().to_owned()));
                }
                "deployment" => {
                    let (_, sha) = data["revisions"][0].as_str().unwrap().split_once('@').unwrap();
                    assert!(known.contains(sha), "{event}");
                    rollbacks += usize::from(data["declared_rollback"] == true);
                }
                _ => {}
            }
        }
        assert_eq!(roots, repositories.len());
        assert!(merges > 500 && rollbacks > 5, "{merges} merges, {rollbacks} rollbacks");
        let tenth = runs.len() / 10;
        assert!(repetitions.abs_diff(tenth) < tenth / 4, "{repetitions} of {} runs repeated", runs.len());
    }

    #[test]
    fn production_deployments_of_a_service_follow_each_other() {
        let mut ended: BTreeMap<String, String> = BTreeMap::new();
        for event in events(SMALL).filter(|event| event["data"]["environment"] == "production") {
            let data = &event["data"];
            if event["type"] != "deployment" {
                continue;
            }
            let text = |name: &str| data[name].as_str().unwrap().to_owned();
            assert!(text("created_at") <= text("started_at") && text("started_at") < text("finished_at"), "{event}");
            if let Some(before) = ended.insert(text("service_hint"), text("finished_at")) {
                assert!(before < text("started_at"), "{event}");
            }
        }
        assert!(ended.len() > 12, "{ended:?}");
    }
}
