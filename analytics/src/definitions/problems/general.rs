//! What is wrong with what describes no component: zone, settings, environments, hotfixes, verdicts, and paths of
//! repositories that services share.

use super::{Problems, Section};
use crate::definitions::{Definitions, ServicePaths, Settings};
use chrono_tz::Tz;
use std::ops::RangeInclusive;
use waymark_event::canonical_repository;

const TIERS: &[&str] = &["production", "staging", "testing", "development", "other"];

/// A number of `[settings]`: its key, its value, what it may be, and in what it is counted.
type Number = (&'static str, fn(&Settings) -> i64, RangeInclusive<i64>, &'static str);

const NUMBERS: &[Number] = &[
    ("observation_window_days", |settings| settings.observation_window_days, 0..=365, "days"),
    ("active_service_window_days", |settings| settings.active_service_window_days, 1..=3_650, "days"),
    ("evidence_ttl_static_days", |settings| settings.evidence_ttl_static_days, 1..=3_650, "days"),
    ("evidence_ttl_runtime_days", |settings| settings.evidence_ttl_runtime_days, 1..=3_650, "days"),
    ("left_min_adopted_days", |settings| settings.left_min_adopted_days, 0..=3_650, "days"),
    ("survey_k", |settings| settings.survey_k, 5..=1_000, "answers, because smaller groups would show single people"),
    ("skew_tolerance_seconds", |settings| settings.skew_tolerance_seconds, 0..=86_400, "seconds"),
    ("deployment_timeout_hours", |settings| settings.deployment_timeout_hours, 1..=8_760, "hours"),
];

impl Problems<'_> {
    pub(super) fn general(&mut self) {
        let (definitions, section) = (self.definitions, Section::General);
        if definitions.zone.parse::<Tz>().is_err() {
            let zone = &definitions.zone;
            self.wrong(section, 0, zone, format!("zone `{zone}` is no IANA zone: write one such as `Europe/Berlin`"));
        }
        for (key, value, range, unit) in NUMBERS {
            let value = value(&definitions.settings);
            if !range.contains(&value) {
                let message = format!("settings.{key} is {value}: write {} to {} {unit}", range.start(), range.end());
                self.wrong(section, 0, key, message);
            }
        }
        for (text, subject, write) in texts(definitions) {
            if text.trim().is_empty() {
                self.wrong(section, 0, "", format!("{subject} is empty: write {write}"));
            }
        }
        for rule in definitions.environments.iter().filter(|rule| !TIERS.contains(&rule.tier.as_str())) {
            let message = format!("environment `{}`: tier `{}` is none of {}", rule.pattern, rule.tier, TIERS.join(", "));
            self.wrong(section, 0, &rule.tier, message);
        }
        for (place, rule) in (1..).zip(&definitions.hotfixes) {
            if rule.label.is_some() == rule.branch.is_some() {
                let message = format!("hotfix {place}: write either `label` or `branch`; for both, write two entries");
                self.wrong(section, 0, "hotfix", message);
            }
        }
        for (index, paths) in definitions.service_paths.iter().enumerate() {
            self.service_paths(index, paths);
        }
    }

    fn service_paths(&mut self, index: usize, paths: &ServicePaths) {
        let ServicePaths { service, repository, globs, shared } = paths;
        let (section, subject) = (Section::ServicePaths, format!("service_paths of `{service}` in `{repository}`"));
        if service.trim().is_empty() {
            self.wrong(section, index, "service", format!("{subject}: write the name of the service"));
        }
        if canonical_repository(repository).is_none() {
            let message = format!("{subject}: the repository has no host: write `host/owner/name`, as most sources tell it");
            // What was told before names had to be addresses has any name, but none with spaces.
            let is_name = !repository.trim().is_empty() && !repository.trim().contains(char::is_whitespace);
            if is_name {
                self.doubtful(section, index, repository, message);
            } else {
                self.wrong(section, index, repository, message);
            }
        }
        if globs.is_empty() && shared.is_empty() {
            self.wrong(section, index, service, format!("{subject}: no globs are given"));
        }
        for glob in globs.iter().chain(shared).filter(|glob| !is_glob(glob)) {
            let message = format!(
                "{subject}: no path fits `{glob}`: `**` stands for any text, `*` and `?` stay within one folder's name, and \
                 brackets stand for themselves"
            );
            self.wrong(section, index, glob, message);
        }
    }
}

/// Brackets may be a part of a path, but one that is not closed was meant as something else.
fn is_glob(glob: &str) -> bool {
    let is_closed = |open: char, close: char| glob.matches(open).count() == glob.matches(close).count();
    !glob.trim().is_empty() && is_closed('[', ']') && is_closed('{', '}')
}

/// Texts that must say something, each with what it is and what to write.
fn texts(definitions: &Definitions) -> Vec<(&str, String, &'static str)> {
    let organisation = (definitions.organisation.as_str(), "organisation".to_owned(), "a name for the scope of all services");
    let environments = (1..).zip(&definitions.environments).map(|(place, rule)| {
        (rule.pattern.as_str(), format!("the pattern of environment {place}"), "the name of an environment, `*` for any text")
    });
    let hotfixes = (1..).zip(&definitions.hotfixes).flat_map(|(place, rule)| {
        let marks = [(&rule.label, "label"), (&rule.branch, "branch")].into_iter();
        marks.filter_map(move |(text, key)| {
            Some((text.as_deref()?, format!("the {key} of hotfix {place}"), "its name, `*` for any text"))
        })
    });
    let verdicts = (1..).zip(&definitions.verdicts).map(|(place, verdict)| {
        (verdict.deployment.as_str(), format!("the deployment of verdict {place}"), "its id, here or at its source")
    });
    std::iter::once(organisation).chain(environments).chain(hotfixes).chain(verdicts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions::problems;
    use serde_json::{Value, json};
    use waymark_event::Weight;

    fn found(definitions: Value) -> Vec<(Weight, String)> {
        let definitions: Definitions = serde_json::from_value(definitions).unwrap();
        problems(&definitions).into_iter().map(|problem| (problem.weight, problem.message)).collect()
    }

    #[test]
    fn what_would_break_or_mean_nothing_is_refused_with_what_to_write() {
        let setting = |key: &str, value: i64| json!({ "settings": { key: value } });
        let paths = |repository: &str, glob: &str| {
            let entry = json!({ "service": "orders", "repository": repository, "globs": [glob] });
            json!({ "service_paths": [entry] })
        };
        for (definitions, expected) in [
            (setting("observation_window_days", -1), "settings.observation_window_days is -1: write 0 to 365 days"),
            (setting("active_service_window_days", 99_999_999_999), "is 99999999999: write 1 to 3650 days"),
            (setting("active_service_window_days", 0), "settings.active_service_window_days is 0: write 1 to 3650 days"),
            (setting("evidence_ttl_static_days", 0), "settings.evidence_ttl_static_days is 0: write 1 to 3650 days"),
            (setting("evidence_ttl_runtime_days", i64::MAX), "settings.evidence_ttl_runtime_days is 9223372036854775807: "),
            (setting("left_min_adopted_days", -1), "settings.left_min_adopted_days is -1: write 0 to 3650 days"),
            (setting("survey_k", 2), "settings.survey_k is 2: write 5 to 1000 answers, because smaller groups"),
            (setting("skew_tolerance_seconds", -5), "settings.skew_tolerance_seconds is -5: write 0 to 86400 seconds"),
            (setting("deployment_timeout_hours", 0), "settings.deployment_timeout_hours is 0: write 1 to 8760 hours"),
            (json!({ "organisation": " " }), "organisation is empty: write "),
            (json!({ "environment": [{ "pattern": "", "tier": "production" }] }), "the pattern of environment 1 is empty"),
            (json!({ "hotfix": [{}] }), "hotfix 1: write either `label` or `branch`; for both, write two entries"),
            (json!({ "hotfix": [{ "label": "a", "branch": "b" }] }), "hotfix 1: write either `label` or `branch`"),
            (json!({ "hotfix": [{ "label": "a" }, { "branch": "" }] }), "the branch of hotfix 2 is empty"),
            (
                json!({ "verdict": [{ "deployment": "", "is_failure": true, "reason": "drill" }] }),
                "the deployment of verdict 1 is empty",
            ),
            (paths("not a repo", "orders"), "the repository has no host: write `host/owner/name`"),
            (paths("", "orders"), "the repository has no host: write `host/owner/name`"),
            (paths("github.com/acme/mono", "[["), "no path fits `[[`: `**` stands for any text"),
            (paths("github.com/acme/mono", ""), "no path fits ``"),
        ] {
            let found = found(definitions);
            let is_told = found.len() == 1 && found[0].0 == Weight::Wrong && found[0].1.contains(expected);
            assert!(is_told, "`{expected}` is not all that is told: {found:?}");
        }
    }

    #[test]
    fn what_means_something_is_taken() {
        let brackets = json!({ "service_paths": [
            { "service": "shop", "repository": "git@github.com:acme/mono.git", "globs": ["app/[slug]/**", "{{name}}/x"] }
        ] });
        for definitions in [json!({}), json!({ "settings": { "observation_window_days": 0 } }), brackets] {
            assert_eq!(found(definitions), []);
        }
        let by_hand = json!({ "service_paths": [{ "service": "shop", "repository": "mono", "globs": ["shop"] }] });
        let found = found(by_hand);
        assert!(found.len() == 1 && found[0].0 == Weight::Doubtful && found[0].1.contains("has no host"), "{found:?}");
    }
}
