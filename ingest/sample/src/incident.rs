//! Incidents, as the organisation's own tool posts them: once when opened, once when over.
//!
//! When a deployment is to blame is decided in `life/trouble.rs`.

use crate::turn::Turn;
use serde_json::{Value, json};
use waymark_event::Instant;

/// One incident of one service.
pub(crate) struct Incident {
    /// Its number in the tool.
    pub(crate) number: i64,
    /// The deployment that somebody named as its cause.
    pub(crate) deployment: Option<i64>,
    pub(crate) began_at: Instant,
    pub(crate) opened_at: Instant,
    pub(crate) resolved_at: Instant,
}

/// Posts the incident twice.
pub(crate) fn post(turn: &mut Turn<'_>, incident: &Incident) {
    let severity = match turn.chance.between(0, 9) {
        0 => "sev1",
        1..=3 => "sev2",
        _ => "sev3",
    };
    let acknowledged_at = incident.opened_at.plus_seconds(turn.chance.around(240.0, 0.8));
    let mut data = json!({
        "incident_id": format!("INC-{}-{}", turn.service.name, incident.number),
        "service_hints": [turn.service.name],
        "environment": "production",
        "severity": severity,
        "status": "open",
        "impact_started_at": incident.began_at,
        "opened_at": incident.opened_at,
        "occurred_at": incident.opened_at,
        "source_updated_at": incident.opened_at,
    });
    let opened = statement("incident", &data);
    turn.statement(incident.opened_at.plus_seconds(20), opened);
    // The cause is only named once it is over.
    data["deployment_links"] = json!(incident.deployment.map(|id| id.to_string()).into_iter().collect::<Vec<_>>());
    data["status"] = json!("resolved");
    data["acknowledged_at"] = json!(acknowledged_at.min(incident.resolved_at));
    data["resolved_at"] = json!(incident.resolved_at);
    data["occurred_at"] = json!(incident.resolved_at);
    data["source_updated_at"] = json!(incident.resolved_at);
    let resolved = statement("incident", &data);
    turn.statement(incident.resolved_at.plus_seconds(45), resolved);
}

/// A statement of our own format.
pub(crate) fn statement(kind: &str, data: &Value) -> String {
    json!({"type": kind, "data": data}).to_string()
}

/// An incident that no deployment caused, now and then.
pub(crate) fn other(turn: &mut Turn<'_>, number: i64, began_at: Instant) {
    let opened_at = began_at.plus_seconds(turn.chance.around(420.0, 0.8));
    let resolved_at = opened_at.plus_seconds(turn.chance.around(4_500.0, 0.9));
    post(turn, &Incident { number, deployment: None, began_at, opened_at, resolved_at });
}
