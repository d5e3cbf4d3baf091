//! Registers and the one-row table `settings`: what the organisation says, as tables for facts.
//!
//! Facts read them, metrics read only `settings`. Their texts come from `definitions.rs`.

use crate::definitions::Definitions;
use crate::window::local_midnight;
use arrow::array::RecordBatch;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use waymark_event::{Instant, SchemaError, record_batch};

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

#[derive(Serialize, Deserialize)]
struct ComponentRow {
    component_id: String,
    title: String,
    category: String,
    owner: String,
    lifecycle: String,
    released_at: Option<Instant>,
    has_rules: bool,
    has_any_rule: bool,
    has_no_rule: bool,
    fit_any_tags: Vec<String>,
    fit_no_tags: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct MandateRow {
    component_id: String,
    announced_at: Instant,
    due_at: Instant,
}

#[derive(Serialize, Deserialize)]
struct ExemptionRow {
    component_id: String,
    service: String,
    reason: String,
    owner: String,
    opened_at: Instant,
    review_at: Instant,
    expires_at: Instant,
}

#[derive(Serialize, Deserialize)]
struct TargetRow {
    component_id: String,
    share: f64,
    due_at: Instant,
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
    let at = |day: NaiveDate| local_midnight(day, definitions.zone());
    let mandates: Vec<MandateRow> = definitions
        .mandates
        .iter()
        .map(|mandate| MandateRow {
            component_id: mandate.component.clone(),
            announced_at: at(mandate.announced_on),
            due_at: at(mandate.due_on),
        })
        .collect();
    let exemptions: Vec<ExemptionRow> = definitions
        .exemptions
        .iter()
        .map(|exemption| ExemptionRow {
            component_id: exemption.component.clone(),
            service: exemption.service.clone(),
            reason: exemption.reason.clone(),
            owner: exemption.owner.clone(),
            opened_at: at(exemption.opened_on),
            review_at: at(exemption.review_by),
            expires_at: at(exemption.expires_on),
        })
        .collect();
    let targets: Vec<TargetRow> = definitions
        .targets
        .iter()
        .map(|target| TargetRow { component_id: target.component.clone(), share: target.share, due_at: at(target.due_on) })
        .collect();
    Ok(vec![
        ("environments", record_batch(&environments(definitions).iter().collect::<Vec<_>>(), "environments")?),
        ("components", record_batch(&components(definitions).iter().collect::<Vec<_>>(), "components")?),
        ("mandates", record_batch(&mandates.iter().collect::<Vec<_>>(), "mandates")?),
        ("exemptions", record_batch(&exemptions.iter().collect::<Vec<_>>(), "exemptions")?),
        ("targets", record_batch(&targets.iter().collect::<Vec<_>>(), "targets")?),
    ])
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

fn components(definitions: &Definitions) -> Vec<ComponentRow> {
    definitions
        .components
        .iter()
        .map(|component| ComponentRow {
            component_id: component.id.clone(),
            title: component.title.clone(),
            category: component.category.clone(),
            owner: component.owner.clone(),
            lifecycle: component.lifecycle.clone(),
            released_at: component.released_on.map(|day| local_midnight(day, definitions.zone())),
            has_rules: !component.fit_any_tags.is_empty() || !component.fit_no_tags.is_empty(),
            has_any_rule: !component.fit_any_tags.is_empty(),
            has_no_rule: !component.fit_no_tags.is_empty(),
            fit_any_tags: component.fit_any_tags.clone(),
            fit_no_tags: component.fit_no_tags.clone(),
        })
        .collect()
}
