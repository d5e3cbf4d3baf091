//! Registers and the one-row table `settings`: what the organisation says, as tables for facts.
//!
//! Facts read them, metrics read only `settings`. Their texts come from `definitions.rs`; those of
//! the platform are in `registers/platform.rs`.

mod platform;

use crate::definitions::Definitions;
use arrow::array::RecordBatch;
use serde::{Deserialize, Serialize};
use waymark_event::{SchemaError, record_batch};

#[derive(Serialize, Deserialize)]
struct SettingsRow {
    organisation: String,
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
    let environments = record_batch(&environments(definitions).iter().collect::<Vec<_>>(), "environments")?;
    let mut registers = vec![("environments", environments)];
    registers.extend(platform::registers(definitions)?);
    Ok(registers)
}

fn environments(definitions: &Definitions) -> Vec<EnvironmentRow> {
    let own = definitions.environments.iter().map(|rule| (rule.pattern.as_str(), rule.tier.as_str()));
    own.chain(BUILT_IN.iter().copied())
        .zip(0..)
        .map(|((pattern, tier), position)| EnvironmentRow {
            position,
            // SQL's own wild cards in a name stand for themselves.
            pattern: pattern.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_").replace('*', "%"),
            tier: tier.to_owned(),
        })
        .collect()
}
