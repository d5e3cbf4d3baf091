//! A sample organisation: a seeded generator of deliveries for `waymark demo`, tests and benchmarks.
//!
//! It plays sixty services for a year and a half and hands out what their tools would have sent:
//! raw messages, a few of them late, twice or broken. It never reads a message, never writes a
//! table and never sees the lake. Everybody in it is made up.

mod backstage;
mod chance;
mod component;
mod configuration;
mod evidence;
mod git;
mod github;
mod hours;
mod incident;
mod life;
mod message;
mod names;
mod oddity;
mod organisation;
mod plan;
mod platform;
mod scale;
mod sha;
mod story;
mod survey;
mod ticket;
mod turn;
mod week;

pub use plan::Plan;
pub use scale::Scale;

use waymark_event::Delivery;

/// Every delivery of the planned organisation, in order of receipt, made as they are asked for.
///
/// The same plan gives the same bytes; nothing is received after [`Plan::as_of`].
pub fn deliveries(plan: &Plan) -> impl Iterator<Item = Delivery> + Send + use<> {
    week::Weeks::new(*plan)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use sha2::{Digest, Sha256};
    use std::collections::{BTreeMap, BTreeSet};
    use waymark_event::{Instant, Record, Table};

    fn hash(plan: &Plan) -> Vec<u8> {
        let mut hash = Sha256::new();
        for delivery in deliveries(plan) {
            hash.update(serde_json::to_vec(&delivery).unwrap());
        }
        hash.finalize().to_vec()
    }

    #[test]
    fn the_same_plan_gives_the_same_bytes_and_another_seed_does_not() {
        let plan = Plan::small();
        assert_eq!(hash(&plan), hash(&plan));
        assert_ne!(hash(&plan), hash(&Plan { seed: 2, ..plan }));
    }

    #[test]
    fn deliveries_are_in_order_and_have_ids_of_their_own() {
        let plan = Plan::small();
        let mut last = plan.week_start(0);
        let mut ids = BTreeSet::new();
        for delivery in deliveries(&plan) {
            assert!(delivery.received_at >= last, "`{}` after `{last}`", delivery.received_at);
            last = delivery.received_at;
            assert!(ids.insert(delivery.id.as_str().to_owned()));
        }
        assert!(last <= plan.as_of());
        assert!(ids.len() > 1_500, "{}", ids.len());
    }

    #[test]
    fn the_small_plan_has_every_source_and_every_event() {
        let seen: BTreeSet<String> = deliveries(&Plan::small())
            .map(|delivery| format!("{} {}", delivery.source, delivery.event_type.unwrap_or_default()).trim().to_owned())
            .collect();
        for expected in [
            "backstage",
            "git",
            "github deployment",
            "github deployment_status",
            "github ping",
            "github pull_request",
            "github pull_request_commits",
            "github push",
            "github repository_forecast",
            "github star",
            "github workflow_run",
            "json",
            "survey-csv",
        ] {
            assert!(seen.contains(expected), "nothing from `{expected}`");
        }
    }

    #[test]
    fn bodies_are_readable_except_where_they_are_broken_on_purpose() {
        let mut unreadable = 0;
        for delivery in deliveries(&Plan::small()) {
            let text = delivery.text().unwrap();
            let lines: Vec<&str> = match delivery.source.as_str() {
                "git" => text.lines().collect(),
                "github" | "json" => vec![text],
                _ => continue,
            };
            for line in lines {
                match serde_json::from_str::<Value>(line) {
                    Ok(value) if delivery.source == "json" => unreadable += unread_statements(value),
                    Ok(_) => {}
                    Err(_) => unreadable += 1,
                }
            }
        }
        // A truncated push, an incident without zone, a ticket with an unknown column.
        assert_eq!(unreadable, 3);
    }

    /// How many statements of a body are no records of our vocabulary.
    fn unread_statements(body: Value) -> usize {
        let items = match body {
            Value::Array(items) => items,
            item => vec![item],
        };
        items
            .into_iter()
            .filter_map(|mut item| {
                let table = match item["type"].as_str() {
                    Some("evidence") => Table::Evidence,
                    Some("incident") => Table::Incident,
                    Some("ticket") => Table::Ticket,
                    other => panic!("no statement of ours has type {other:?}"),
                };
                let mut data = item["data"].take();
                let columns = data.as_object_mut().unwrap();
                columns.remove("occurred_at");
                columns.remove("source_updated_at");
                Record::from_json(table, data).err()
            })
            .count()
    }

    /// Follows the first commit of each pull request into production, as the product will.
    #[derive(Default)]
    struct Follower {
        count: u64,
        begun_at: BTreeMap<String, Instant>,
        waiting: BTreeMap<String, Vec<String>>,
        /// Lead times in days by week of deployment, and successful deployments by week.
        lead_times: BTreeMap<i64, Vec<f64>>,
        deployments: BTreeMap<i64, usize>,
        repairs: BTreeMap<i64, usize>,
    }

    impl Follower {
        fn read(&mut self, delivery: &Delivery) {
            self.count += 1;
            let Some("pull_request_commits" | "pull_request" | "deployment_status") = delivery.event_type.as_deref() else {
                return;
            };
            let body: Value = serde_json::from_slice(&delivery.body).unwrap();
            let repository = body["repository"]["name"].as_str().unwrap_or_default().to_owned();
            let key = format!("{repository} {}", body["number"]);
            let time = |value: &Value| Instant::parse(value.as_str().unwrap_or_default());
            if delivery.event_type.as_deref() == Some("pull_request_commits") {
                self.begun_at.insert(key, time(&body["commits"][0]["commit"]["author"]["date"]).unwrap());
            } else if body["pull_request"]["merged"] == true {
                self.waiting.entry(repository).or_default().push(key.clone());
                let is_repair = body["pull_request"]["labels"][0]["name"] == "hotfix";
                if let Ok(merged_at) = time(&body["pull_request"]["merged_at"])
                    && is_repair
                {
                    *self.repairs.entry(week(merged_at)).or_default() += 1;
                }
            } else if body["deployment_status"]["state"] == "success" && body["deployment"]["environment"] == "production" {
                let deployed_at = time(&body["deployment_status"]["created_at"]).unwrap();
                *self.deployments.entry(week(deployed_at)).or_default() += 1;
                for key in self.waiting.remove(&repository).unwrap_or_default() {
                    if let Some(begun_at) = self.begun_at.get(&key) {
                        let days = (deployed_at.micros() - begun_at.micros()) as f64 / 86_400e6;
                        self.lead_times.entry(week(deployed_at)).or_default().push(days);
                    }
                }
            }
        }

        fn median_lead_time(&self, weeks: std::ops::Range<i64>) -> f64 {
            let mut days: Vec<f64> = weeks.filter_map(|week| self.lead_times.get(&week)).flatten().copied().collect();
            days.sort_by(f64::total_cmp);
            days[days.len() / 2]
        }

        fn fail_share(&self, weeks: std::ops::Range<i64>) -> f64 {
            let sum = |counts: &BTreeMap<i64, usize>| weeks.clone().filter_map(|week| counts.get(&week)).sum::<usize>() as f64;
            sum(&self.repairs) / sum(&self.deployments)
        }
    }

    fn week(at: Instant) -> i64 {
        (at.micros() - Plan::demo().week_start(0).micros()).div_euclid(604_800_000_000)
    }

    #[test]
    fn the_demo_gets_faster_and_no_less_stable() {
        let plan = Plan::demo();
        let mut follower = Follower::default();
        deliveries(&plan).for_each(|delivery| follower.read(&delivery));
        assert!((130_000..=170_000).contains(&follower.count), "{}", follower.count);
        assert!(follower.count.abs_diff(plan.delivery_count_estimate()) < follower.count / 10);
        let (first, last) = (follower.median_lead_time(1..14), follower.median_lead_time(65..78));
        assert!((3.0..4.0).contains(&first) && (1.5..2.1).contains(&last), "{first} then {last}");
        let (first, last) = (follower.fail_share(1..27), follower.fail_share(52..78));
        assert!((0.03..0.08).contains(&first) && (first - last).abs() < 0.02, "{first} then {last}");
    }
}
