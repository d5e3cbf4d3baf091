//! Tickets to the platform's people: posted when opened, and again when closed.
//!
//! Services that use the standard build and the one-click deployment need less help with deploying.

use crate::component::{CI_STANDARD, COMPONENTS, DB_PROVISIONING, ONE_CLICK_DEPLOY, SECRETS_VAULT};
use crate::hours::{activity, at_work, working_moment};
use crate::incident::statement;
use crate::organisation::mail;
use crate::turn::Turn;
use serde_json::json;

/// Class, how often in a service's week, and how such tickets end.
const CLASSES: &[(&str, f64, &str)] = &[
    ("access", 0.12, "fulfilled"),
    ("deploy_debug", 0.36, "fulfilled"),
    ("question", 0.15, "answered"),
    ("information", 0.09, "answered"),
    ("manual_config", 0.1, "fulfilled"),
    ("bug", 0.05, "fulfilled"),
    ("capability_request", 0.03, "declined"),
];

/// Posts the tickets that the service's people open this week; returns how many there were.
pub(crate) fn post_all(turn: &mut Turn<'_>, last_number: i64) -> i64 {
    let mut number = last_number;
    for (class, rate, outcome) in CLASSES {
        let mean = rate * need(turn, class) * activity(turn.start);
        for _ in 0..turn.chance.count(mean) {
            number += 1;
            post(turn, number, class, outcome);
        }
    }
    number - last_number
}

/// How much of the usual rate remains, given what the service uses.
fn need(turn: &Turn<'_>, class: &str) -> f64 {
    match class {
        "deploy_debug" => {
            let build = if turn.uses(CI_STANDARD) { 0.3 } else { 1.0 };
            let deploy = if turn.uses(ONE_CLICK_DEPLOY) { 0.5 } else { 1.0 };
            build * deploy
        }
        "manual_config" if turn.uses(DB_PROVISIONING) => 0.4,
        "access" => 1.0 - 0.3 * turn.progress(),
        _ => 1.0,
    }
}

fn post(turn: &mut Turn<'_>, number: i64, class: &str, outcome: &str) {
    let opened_at = working_moment(turn.start, &mut turn.chance);
    let first_response_at = {
        let answered_at = opened_at.plus_seconds(turn.chance.around(5_400.0, 1.0));
        at_work(answered_at, &mut turn.chance)
    };
    let closed_at = {
        let done_at = first_response_at.plus_seconds(turn.chance.around(40_000.0, 1.1));
        at_work(done_at, &mut turn.chance)
    };
    let component = match class {
        "deploy_debug" => turn.chance.pick(&[COMPONENTS[CI_STANDARD].id, COMPONENTS[ONE_CLICK_DEPLOY].id]),
        "access" => COMPONENTS[SECRETS_VAULT].id,
        "manual_config" => COMPONENTS[DB_PROVISIONING].id,
        _ => COMPONENTS[turn.chance.place(COMPONENTS.len())].id,
    };
    let requester = mail(turn.person());
    let mut data = json!({
        "ticket_id": format!("{}{number:04}", turn.service.repository_id),
        "key": format!("PLAT-{}{number:04}", turn.service.index),
        "project": "PLAT",
        "type": class,
        "type_raw": class,
        "components": [component],
        "links": [turn.service.name],
        "status_category": "todo",
        "opened_at": opened_at,
        "requester": requester,
        "requester_team": turn.team().name,
        "routed_side": "platform",
        "occurred_at": opened_at,
        "source_updated_at": opened_at,
    });
    let opened = statement("ticket", &data);
    turn.statement(opened_at.plus_seconds(5), opened);
    data["status_category"] = json!("done");
    data["first_response_at"] = json!(first_response_at);
    data["closed_at"] = json!(closed_at);
    if outcome == "fulfilled" {
        data["usable_at"] = json!(closed_at);
    }
    data["outcome"] = json!(outcome);
    data["closed_side"] = json!(if turn.chance.happens(0.1) { "team" } else { "platform" });
    data["occurred_at"] = json!(closed_at);
    data["source_updated_at"] = json!(closed_at);
    let closed = statement("ticket", &data);
    turn.statement(closed_at.plus_seconds(5), closed);
}
