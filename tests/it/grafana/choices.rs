//! What a person chooses above the panels, and the pages of Waymark to which the dashboard leads.

use super::questions::{PLUGIN, Question, source};
use serde_json::{Value, json};

/// Variables in the order in which they stand.
pub(super) fn variables() -> Vec<Value> {
    // Of a year, so that a team which paused is still in the list.
    let scopes = Question {
        path: "metrics/deployment_count/series",
        root: "rows",
        params: &[("scope_kind", "${scope_kind}"), ("grain", "window"), ("last", "365"), ("statistic", "count")],
    };
    let components = Question { path: "adoption", root: "components", params: &[] };
    let address = "http://127.0.0.1:8080";
    vec![
        json!({ "name": "datasource", "label": "Data source", "type": "datasource", "query": PLUGIN, "refresh": 1 }),
        json!({
            "name": "waymark",
            "label": "Waymark address",
            "type": "textbox",
            "query": address,
            "current": { "text": address, "value": address }
        }),
        listed("scope_kind", "Level", &["organisation", "system", "team", "service"], "organisation"),
        // 5 = by name, large and small letters alike.
        found("scope", "Name", 5, &scopes.options("scope", "scope")),
        // 0 = in the organisation's own order.
        found("component", "Component", 0, &components.options("title", "component")),
        listed("grain", "Trends by", &["day", "week", "month", "quarter"], "week"),
        listed("window", "Numbers of the last days", &["30", "90", "180", "365"], "90"),
    ]
}

fn listed(name: &str, label: &str, values: &[&str], chosen: &str) -> Value {
    let option = |value: &&str| json!({ "text": value, "value": value, "selected": *value == chosen });
    json!({
        "name": name,
        "label": label,
        "type": "custom",
        "query": values.join(","),
        "current": { "text": chosen, "value": chosen },
        "options": values.iter().map(option).collect::<Vec<Value>>()
    })
}

fn found(name: &str, label: &str, sort: u8, question: &Value) -> Value {
    json!({
        "name": name,
        "label": label,
        "type": "query",
        "datasource": source(),
        "definition": question["url"],
        "query": { "queryType": "infinity", "query": "", "infinityQuery": question },
        // When the dashboard is opened, and when a variable changes that stands in the question.
        "refresh": 1,
        "sort": sort,
        "current": {},
        "options": []
    })
}

/// Links to the pages that say more than a panel can.
pub(super) fn pages() -> Vec<Value> {
    let pages = [
        ("Waymark", ""),
        ("Adoption", "adoption"),
        ("Migrations", "migrations"),
        ("Teams", "teams"),
        ("Definitions", "definitions"),
        ("What the numbers do not know", "doctor"),
    ];
    let link = |(title, page): (&str, &str)| {
        json!({
            "title": title,
            "type": "link",
            "icon": "external link",
            "url": format!("${{waymark}}/{page}"),
            "targetBlank": true
        })
    };
    pages.map(link).into()
}
