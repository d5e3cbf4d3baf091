//! Parameters of a metric: the settings that its definition, or a fact behind it, reads.
//!
//! They are found in the SQL itself, so that nobody has to keep a second list. What a setting means
//! is said by `definitions.rs`.

use crate::catalogue::Metric;
use crate::definitions::Definitions;
use crate::facts::{FACTS, STEPS, facts_behind};
use crate::views::{VIEWS, named_in};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// What a number depends on besides the rows behind it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parameters {
    /// The facts that the definition reads, directly or through others, in their order.
    pub facts: Vec<&'static str>,
    /// The views that the definition is planned with: their names and their SQL.
    pub views: Vec<(&'static str, &'static str)>,
    /// The settings that the definition or one of these facts reads, with their values.
    pub settings: Map<String, Value>,
}

/// The parameters of a metric; empty where its SQL cannot be parsed, which the planner would say first.
pub fn parameters(metric: &Metric, definitions: &Definitions) -> Parameters {
    let asked = asked(metric);
    let behind: BTreeSet<&'static str> = asked.iter().filter_map(|sql| facts_behind(sql).ok()).flatten().collect();
    let facts: Vec<&'static str> = FACTS.iter().map(|fact| fact.name).filter(|name| behind.contains(name)).collect();
    let of_facts = FACTS.iter().filter(|fact| behind.contains(fact.name)).map(|fact| fact.sql);
    let of_steps = STEPS.iter().filter(|step| behind.contains(step.fact)).map(|step| step.sql);
    let views = VIEWS.iter().filter(|view| asked.contains(&view.sql)).map(|view| (view.name, view.sql)).collect();
    let statements: Vec<String> = of_facts.chain(of_steps).chain(asked).map(without_comments).collect();
    let settings = match serde_json::to_value(&definitions.settings) {
        Ok(Value::Object(settings)) => settings,
        _ => Map::new(),
    };
    let is_read = |name: &str| statements.iter().any(|sql| sql.split(is_no_word).any(|word| word == name));
    Parameters { facts, views, settings: settings.into_iter().filter(|(name, _)| is_read(name)).collect() }
}

/// The definition of a metric and the views that it is planned with.
fn asked(metric: &Metric) -> Vec<&'static str> {
    let mut asked = vec![metric.sql];
    let mut place = 0;
    while let Some(sql) = asked.get(place) {
        let new: Vec<&'static str> =
            named_in(sql).into_iter().map(|view| view.sql).filter(|sql| !asked.contains(sql)).collect();
        asked.extend(new);
        place += 1;
    }
    asked
}

fn is_no_word(char: char) -> bool {
    !char.is_alphanumeric() && char != '_'
}

fn without_comments(sql: &str) -> String {
    sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{METRICS, find};

    #[test]
    fn a_setting_is_found_through_the_facts_behind_a_metric() {
        let found = parameters(find("change_lead_time").unwrap(), &Definitions::default());
        assert!(found.facts.contains(&"delivered_changes") && found.facts.contains(&"attribution"), "{:?}", found.facts);
        assert_eq!(found.settings["skew_tolerance_seconds"], 300);
        for foreign in ["survey_k", "evidence_ttl_static_days"] {
            assert!(!found.settings.contains_key(foreign), "{:?}", found.settings);
        }
    }

    #[test]
    fn every_metric_reads_at_least_one_fact() {
        for metric in METRICS {
            assert!(!parameters(metric, &Definitions::default()).facts.is_empty(), "{}", metric.id);
        }
    }

    #[test]
    fn words_in_comments_are_not_read() {
        assert_eq!(without_comments("select 1 -- survey_k\n-- all\nfrom a"), "select 1 \n\nfrom a");
    }
}
