//! Files that are made from the lists: checked in, never edited, and fresh.

use crate::harness::{compare_with_file, root};
use std::fmt::Write;
use waymark_analytics::{METRICS, Metric, Subject, profiles};

#[test]
fn generated_files_are_fresh() {
    let openapi = serde_json::to_string_pretty(&waymark_api::openapi()).unwrap() + "\n";
    let grafana = serde_json::to_string_pretty(&grafana()).unwrap() + "\n";
    let schema = waymark_analytics::platform_schema(&waymark_collect::evidence::evidence_schema());
    let schema = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    let outcomes = [
        compare_with_file(&root().join("docs/platform.schema.json"), &schema),
        compare_with_file(&root().join("docs/METRICS.md"), &manual()),
        compare_with_file(&root().join("api/openapi.json"), &openapi),
        compare_with_file(&root().join("dashboards/grafana/waymark.json"), &grafana),
    ];
    let stale: Vec<String> = outcomes.into_iter().filter_map(Result::err).collect();
    assert!(stale.is_empty(), "{}", stale.join("\n"));
}

#[test]
fn the_description_asks_for_what_the_routes_take() {
    let description = serde_json::to_value(waymark_api::openapi()).unwrap();
    let mut ids = Vec::new();
    for (path, operations) in description["paths"].as_object().unwrap() {
        for operation in operations.as_object().unwrap().values() {
            ids.push(operation["operationId"].as_str().unwrap().to_owned());
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap();
                let is_in_path = path.contains(&format!("{{{name}}}"));
                assert_eq!(parameter["in"] == "path", is_in_path, "{path}: `{name}`");
                assert_eq!(parameter["required"] == true, is_in_path, "{path}: `{name}`");
            }
        }
    }
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "operation ids repeat: {ids:?}");
}

fn manual() -> String {
    let mut page = "# Metrics\n\nMade from the catalogue (`analytics/src/catalogue.rs`) and the SQL of each metric; \
        never edited. Every value carries its sample size, its 95 % interval or bounds, its coverage, and the rows behind \
        it: `waymark explain METRIC`, or `/api/v1/metrics/METRIC/rows`. No data is null, never zero.\n"
        .to_owned();
    for metric in METRICS {
        write!(
            page,
            "\n## {} (`{}`)\n\n*{}*\n\n| | |\n|---|---|\n| Unit | {} |\n| Better | {} |\n| Statistics | {} |\n| For | {} |\n\
             | Definition | version {}, [`analytics/metrics/{}.sql`](../analytics/metrics/{}.sql) |\n\n{}\n",
            metric.title,
            metric.id,
            metric.question,
            metric.unit.as_str(),
            metric.better.as_str(),
            metric.statistics.join(", "),
            subject(metric),
            metric.version,
            metric.id,
            metric.id,
            metric.manual()
        )
        .unwrap();
        page.push_str(&differences(metric));
    }
    page
}

/// What other tools do otherwise, and why we do not; nothing for a metric that no profile has.
fn differences(metric: &Metric) -> String {
    let Ok(peers) = profiles::beside(metric.id) else { return String::new() };
    let mut section = format!(
        "\n**Where others differ.** Over the same facts: `waymark compare {}`, or `waymark metric {} --profile NAME`.\n\n\
         | Profile | What it does otherwise | Why we do not |\n|---|---|---|\n",
        metric.id, metric.id
    );
    for (profile, peer) in peers {
        let rules = format!("../analytics/profiles/{}/{}.sql", profile.name, peer.replaces);
        writeln!(section, "| [`{}`]({rules}): {} | {} | {} |", profile.name, profile.title, peer.differs, peer.reason).unwrap();
    }
    section
}

fn subject(metric: &Metric) -> &'static str {
    match metric.subject {
        Subject::Services => "service, team, system, organisation",
        Subject::Components => "component, component by team",
        Subject::Categories => "category",
    }
}

/// One dashboard over the HTTP interface, by Grafana's Infinity data source; panels select, they never aggregate.
fn grafana() -> serde_json::Value {
    let panels: Vec<serde_json::Value> = METRICS.iter().enumerate().map(|(place, metric)| panel(place, metric)).collect();
    serde_json::json!({
        "title": "Waymark",
        "uid": "waymark",
        "tags": ["waymark"],
        "timezone": "browser",
        "schemaVersion": 39,
        "time": { "from": "now-26w", "to": "now" },
        "templating": { "list": [
            { "name": "datasource", "type": "datasource", "query": "yesoreyeram-infinity-datasource", "label": "Data source" },
            { "name": "waymark", "type": "textbox", "query": "http://127.0.0.1:8080", "label": "Waymark address",
              "current": { "text": "http://127.0.0.1:8080", "value": "http://127.0.0.1:8080" } }
        ] },
        "panels": panels
    })
}

fn panel(place: usize, metric: &Metric) -> serde_json::Value {
    let unit = match metric.unit.as_str() {
        "seconds" => "s",
        "share" => "percentunit",
        _ => "short",
    };
    let address = format!("${{waymark}}/api/v1/metrics/{}/series", metric.id);
    let column =
        |selector: &str, kind: &str, text: &str| serde_json::json!({ "selector": selector, "type": kind, "text": text });
    serde_json::json!({
        "id": place + 1,
        "title": metric.title,
        "description": metric.question,
        "type": "timeseries",
        "datasource": { "type": "yesoreyeram-infinity-datasource", "uid": "${datasource}" },
        "gridPos": { "x": (place % 2) * 12, "y": (place / 2) * 9, "w": 12, "h": 9 },
        "fieldConfig": { "defaults": { "unit": unit, "custom": { "spanNulls": false, "drawStyle": "line", "showPoints": "always" } }, "overrides": [] },
        "options": { "legend": { "displayMode": "list", "placement": "bottom" }, "tooltip": { "mode": "multi" } },
        "targets": [{
            "refId": "A", "type": "json", "source": "url", "format": "timeseries", "parser": "backend", "root_selector": "rows",
            "url": address,
            "url_options": { "method": "GET", "params": [
                { "key": "grain", "value": "week" },
                { "key": "last", "value": "26" },
                { "key": "statistic", "value": metric.headline() }
            ] },
            "columns": [column("period_start", "timestamp", "time"), column("scope", "string", "scope"), column("value", "number", "value")]
        }]
    })
}
