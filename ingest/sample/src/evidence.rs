//! What detectors find about one service each Sunday: one list with one finding per component.
//!
//! Who really uses what is told by `story.rs`; this file only puts it into the words of a scan.

use crate::component::{COMPONENTS, Component};
use crate::plan::iso_week;
use crate::story::Usage;
use crate::turn::Turn;
use serde_json::{Value, json};
use waymark_event::Instant;

/// The findings of this week, read at the commit `sha`, as a list.
pub(crate) fn findings(turn: &Turn<'_>, sha: &str, observed_at: Instant) -> String {
    let scan_id = iso_week(turn.start);
    let repository = turn.service.repository();
    let items: Vec<Value> = COMPONENTS
        .iter()
        .enumerate()
        .map(|(place, component)| {
            let usage = turn.story.usage(place, turn.service, turn.week);
            let mut data = json!({
                "component_id": component.id,
                "detector": component.detector,
                "scan_id": scan_id,
                "kind": component.kind,
                "finding": word(usage),
                "service_hint": turn.service.name,
                "repository": repository,
                "observed_at": observed_at,
            });
            describe(&mut data, component, usage, sha);
            json!({"type": "evidence", "data": data})
        })
        .collect();
    Value::Array(items).to_string()
}

const fn word(usage: Usage) -> &'static str {
    match usage {
        Usage::Present => "present",
        Usage::Partial => "partial",
        Usage::Alternative(_) => "alternative",
        Usage::Absent => "absent",
        Usage::Unreadable => "unreadable",
    }
}

/// Adds the place of the finding and what was found there.
fn describe(data: &mut Value, component: &Component, usage: Usage, sha: &str) {
    match usage {
        Usage::Present | Usage::Partial => {
            data["version"] = json!(component.version);
            if !component.path.is_empty() {
                data["path"] = json!(component.path);
                data["line"] = json!(component.line);
                data["sha"] = json!(sha);
            }
        }
        Usage::Alternative(name) => {
            data["alternative"] = json!(name);
            let place = component.other.into_iter().flatten().find(|(known, _)| *known == name);
            if let Some((_, path)) = place {
                data["path"] = json!(path);
                data["line"] = json!(1);
                data["sha"] = json!(sha);
            }
        }
        Usage::Absent | Usage::Unreadable => {}
    }
}
