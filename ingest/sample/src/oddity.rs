//! What no service would send on purpose: broken bodies, and events that mean nothing to us.
//!
//! A few of each, at fixed places of the plan, so that rejections and ignored events can be seen.

use crate::incident::statement;
use crate::turn::Turn;
use serde_json::json;

/// Sends the oddities of this week, if it has any; asked for the first service only.
pub(crate) fn send(turn: &mut Turn<'_>) {
    let morning = turn.start.plus_seconds(9 * 3_600);
    let is_week_at = |turn: &Turn<'_>, share: f64| turn.plan.week_at(share) == turn.week;
    let repository = turn.repository_json();
    if turn.week == 0 {
        let body = format!(r#"{{"zen":"Anything added dilutes everything else.","hook_id":41,"repository":{{{repository}}}}}"#);
        turn.webhook("ping", morning, body);
    }
    if turn.week % 9 == 4 {
        let body = format!(r#"{{"action":"created","starred_at":"{morning}","repository":{{{repository}}}}}"#);
        turn.webhook("star", morning, body);
    }
    if is_week_at(turn, 0.2) {
        let body = format!(r#"{{"ref":"refs/heads/main","before":null,"repository":{{{repository}"#);
        turn.webhook("push", morning, body);
    }
    if is_week_at(turn, 0.4) {
        let body = statement("incident", &json!({"incident_id": "INC-0", "opened_at": "2026-01-05 10:00:00"}));
        turn.statement(morning, body);
    }
    if is_week_at(turn, 0.55) {
        let body = format!(r#"{{"action":"predicted","forecast":{{"merge_conflicts":3}},"repository":{{{repository}}}}}"#);
        turn.webhook("repository_forecast", morning, body);
    }
    if is_week_at(turn, 0.7) {
        let body = statement("ticket", &json!({"ticket_id": "0", "mood": "grumpy", "opened_at": morning}));
        turn.statement(morning, body);
    }
}
