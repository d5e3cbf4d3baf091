//! Registers and the one-row table `settings`: what the organisation says, as tables for facts.
//!
//! Facts read them, metrics read only `settings`. Their texts come from `definitions.rs`; those of
//! the platform are in `registers/platform.rs`.

mod memberships;
mod platform;

pub(crate) use memberships::MEMBERSHIPS;

use self::memberships::memberships;
use crate::definitions::{Definitions, ServicePaths};
use arrow::array::{RecordBatch, StringArray};
use arrow::compute::like as like_pattern;
use serde::{Deserialize, Serialize};
use waymark_event::{SchemaError, canonical_repository, record_batch};

#[derive(Serialize, Deserialize)]
struct SettingsRow {
    organisation: String,
    zone: String,
    observation_window_days: i64,
    active_service_window_days: i64,
    evidence_ttl_static_days: i64,
    evidence_ttl_runtime_days: i64,
    left_min_adopted_days: i64,
    survey_k: i64,
    skew_tolerance_seconds: i64,
    deployment_timeout_hours: i64,
}

#[derive(Serialize, Deserialize)]
struct EnvironmentRow {
    position: i64,
    pattern: String,
    tier: String,
}

#[derive(Serialize, Deserialize)]
struct ServicePathRow {
    service: String,
    repository: String,
    /// A regular expression over whole paths.
    pattern: String,
    is_shared: bool,
}

#[derive(Serialize, Deserialize)]
struct HotfixRuleRow {
    kind: String,
    pattern: String,
}

#[derive(Serialize, Deserialize)]
struct VerdictRow {
    deployment: String,
    is_failure: bool,
    reason: String,
}

/// Marks that mean a hotfix everywhere; rules of the organisation come beside them.
const HOTFIXES: &[(&str, &str)] = &[("label", "hotfix"), ("branch", "hotfix/*")];

/// Names that mean their tier everywhere; rules of the organisation come before them.
const BUILT_IN: &[(&str, &str)] = &[
    ("production", "production"),
    ("prod", "production"),
    ("staging", "staging"),
    ("stage", "staging"),
    ("test", "testing"),
    ("testing", "testing"),
    ("development", "development"),
    ("dev", "development"),
];

/// The one-row table `settings`.
pub(crate) fn settings(definitions: &Definitions) -> Result<RecordBatch, SchemaError> {
    let settings = &definitions.settings;
    let row = SettingsRow {
        organisation: definitions.organisation.clone(),
        zone: definitions.zone().name().to_owned(),
        observation_window_days: settings.observation_window_days,
        active_service_window_days: settings.active_service_window_days,
        evidence_ttl_static_days: settings.evidence_ttl_static_days,
        evidence_ttl_runtime_days: settings.evidence_ttl_runtime_days,
        left_min_adopted_days: settings.left_min_adopted_days,
        survey_k: settings.survey_k.max(5),
        skew_tolerance_seconds: settings.skew_tolerance_seconds,
        deployment_timeout_hours: settings.deployment_timeout_hours,
    };
    record_batch(&[&row], "settings")
}

/// Every register by its name.
pub(crate) fn registers(definitions: &Definitions) -> Result<Vec<(&'static str, RecordBatch)>, SchemaError> {
    Ok([
        vec![
            ("environments", record_batch(&environments(definitions).iter().collect::<Vec<_>>(), "environments")?),
            ("service_paths", record_batch(&service_paths(definitions).iter().collect::<Vec<_>>(), "service_paths")?),
            ("hotfix_rules", record_batch(&hotfix_rules(definitions).iter().collect::<Vec<_>>(), "hotfix_rules")?),
            ("verdicts", record_batch(&verdicts(definitions).iter().collect::<Vec<_>>(), "verdicts")?),
            (MEMBERSHIPS, record_batch(&memberships(definitions).iter().collect::<Vec<_>>(), MEMBERSHIPS)?),
        ],
        platform::registers(definitions)?,
    ]
    .concat())
}

/// The tier of an environment by its name, as facts tell it; null where no rule fits.
pub fn tier_of(definitions: &Definitions, environment: &str) -> Option<String> {
    let name = StringArray::from(vec![environment.to_lowercase()]);
    let fits = |rule: &EnvironmentRow| {
        like_pattern(&name, &StringArray::new_scalar(rule.pattern.as_str())).is_ok_and(|fitting| fitting.value(0))
    };
    environments(definitions).into_iter().find(fits).map(|rule| rule.tier)
}

fn environments(definitions: &Definitions) -> Vec<EnvironmentRow> {
    let own = definitions.environments.iter().map(|rule| (rule.pattern.as_str(), rule.tier.as_str()));
    own.chain(BUILT_IN.iter().copied())
        .zip(0..)
        .map(|((pattern, tier), position)| EnvironmentRow { position, pattern: like(pattern), tier: tier.to_owned() })
        .collect()
}

/// A name with `*` for any text as a pattern of SQL, whose own wild cards stand for themselves.
fn like(name: &str) -> String {
    name.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_").replace('*', "%")
}

fn service_paths(definitions: &Definitions) -> Vec<ServicePathRow> {
    let row = |paths: &ServicePaths, glob: &String, is_shared| ServicePathRow {
        service: paths.service.clone(),
        repository: canonical_repository(&paths.repository).unwrap_or_else(|| paths.repository.clone()),
        pattern: expression(glob),
        is_shared,
    };
    let rows = definitions.service_paths.iter().flat_map(|paths| {
        let own = paths.globs.iter().map(move |glob| row(paths, glob, false));
        own.chain(paths.shared.iter().map(move |glob| row(paths, glob, true)))
    });
    rows.collect()
}

/// A glob over paths as a regular expression; a folder's name stands for everything below it.
fn expression(glob: &str) -> String {
    let mut expression = "^".to_owned();
    let mut rest = glob.trim_start_matches("./").trim_start_matches('/').chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '*' if rest.next_if_eq(&'*').is_some() => {
                // `**/` may stand for no folder at all.
                expression.push_str(if rest.next_if_eq(&'/').is_some() { "(.*/)?" } else { ".*" });
            }
            '*' => expression.push_str("[^/]*"),
            '?' => expression.push_str("[^/]"),
            '\\' | '.' | '+' | '(' | ')' | '[' | ']' | '{' | '}' | '^' | '$' | '|' => expression.extend(['\\', character]),
            _ => expression.push(character),
        }
    }
    let is_folder = glob.ends_with('/');
    expression.push_str(if is_folder { ".*$" } else { "(/.*)?$" });
    expression
}

fn hotfix_rules(definitions: &Definitions) -> Vec<HotfixRuleRow> {
    let row = |kind: &str, pattern: &str| HotfixRuleRow { kind: kind.to_owned(), pattern: like(pattern) };
    let own = definitions.hotfixes.iter().flat_map(|rule| {
        let label = rule.label.iter().map(move |label| row("label", label));
        label.chain(rule.branch.iter().map(move |branch| row("branch", branch)))
    });
    own.chain(HOTFIXES.iter().map(move |(kind, pattern)| row(kind, pattern))).collect()
}

fn verdicts(definitions: &Definitions) -> Vec<VerdictRow> {
    let rows = definitions.verdicts.iter().map(|verdict| VerdictRow {
        deployment: verdict.deployment.clone(),
        is_failure: verdict.is_failure,
        reason: verdict.reason.clone(),
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_is_an_expression_over_whole_paths() {
        for (glob, expected) in [
            ("services/checkout/**", "^services/checkout/.*(/.*)?$"),
            ("services/checkout", "^services/checkout(/.*)?$"),
            ("/services/checkout/", "^services/checkout/.*$"),
            ("**/go.mod", "^(.*/)?go\\.mod(/.*)?$"),
            ("lib?/*.c", "^lib[^/]/[^/]*\\.c(/.*)?$"),
        ] {
            assert_eq!(expression(glob), expected, "{glob}");
        }
    }
}
