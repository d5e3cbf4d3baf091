//! What is true of every panel: it has room, asks for what the interface offers, and shows no value without its n.

use super::{COLUMNS, dashboard, has_coverage, has_limits, listed, panels, questions};
use serde_json::Value;
use std::collections::BTreeSet;
use waymark_analytics::{METRICS, Metric, find};

#[test]
fn every_panel_has_an_id_and_a_place_of_its_own() {
    let dashboard = dashboard();
    let mut ids: Vec<u64> = panels(&dashboard).map(|panel| panel["id"].as_u64().unwrap()).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "ids repeat: {ids:?}");
    assert_apart(&dashboard, 0);
    for row in listed(&dashboard, "panels") {
        assert_apart(row, row["gridPos"]["y"].as_u64().unwrap() + 1);
    }
}

/// Panels that are shown at the same time do not cover each other, and stay inside the grid.
fn assert_apart(of: &Value, top: u64) {
    let mut taken = BTreeSet::new();
    for panel in listed(of, "panels") {
        let [x, y, width, height] = ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_u64().unwrap());
        let is_inside = y >= top && width > 0 && height > 0 && x + width <= COLUMNS as u64;
        assert!(is_inside, "{} leaves the grid", panel["title"]);
        for place in (x..x + width).flat_map(|x| (y..y + height).map(move |y| (x, y))) {
            assert!(taken.insert(place), "{} covers another panel in {place:?}", panel["title"]);
        }
    }
}

#[test]
fn every_question_is_one_that_the_interface_takes_and_answers() {
    let description = serde_json::to_value(waymark_api::openapi()).unwrap();
    for question in questions(&dashboard()) {
        let path = question["url"].as_str().unwrap().strip_prefix("${waymark}").unwrap();
        let operation = operation(&description, path).unwrap_or_else(|| panic!("no route answers `{path}`"));
        let known = parameters(operation);
        for parameter in listed(&question["url_options"], "params") {
            let name = parameter["key"].as_str().unwrap();
            assert!(known.contains(name), "`{path}` takes no `{name}`, only {known:?}");
        }
        let answer = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        let root = question["root_selector"].as_str().unwrap();
        let rows = part(&description, answer, root).unwrap_or_else(|| panic!("the answer of `{path}` has no `{root}`"));
        for column in listed(question, "columns") {
            let selector = column["selector"].as_str().unwrap();
            assert!(part(&description, rows, selector).is_some(), "a row of `{path}` has no `{selector}`");
        }
    }
}

/// What is described of a path whose parameters are filled in.
fn operation<'a>(description: &'a Value, path: &str) -> Option<&'a Value> {
    let is_asked = |template: &str| {
        let is_same = |(part, given): (&str, &str)| part == given || part.starts_with('{');
        template.split('/').count() == path.split('/').count() && template.split('/').zip(path.split('/')).all(is_same)
    };
    let paths = description["paths"].as_object()?;
    paths.iter().find(|(template, _)| is_asked(template)).map(|(_, operations)| &operations["get"])
}

fn parameters(operation: &Value) -> BTreeSet<&str> {
    let in_query = listed(operation, "parameters").filter(|parameter| parameter["in"] == "query");
    in_query.filter_map(|parameter| parameter["name"].as_str()).collect()
}

/// The part of a schema to which a selector such as `adoption.value` leads.
fn part<'a>(description: &'a Value, schema: &'a Value, selector: &str) -> Option<&'a Value> {
    let mut found = plain(description, schema);
    for name in selector.split('.').filter(|name| !name.is_empty()) {
        found = plain(description, found.get("properties")?.get(name)?);
    }
    Some(found)
}

/// What stands behind a reference, a list, or "this or null".
fn plain<'a>(description: &'a Value, schema: &'a Value) -> &'a Value {
    let named = schema["$ref"].as_str().and_then(|name| description.pointer(name.trim_start_matches('#')));
    let either = listed(schema, "oneOf").find(|kind| kind["type"] != "null");
    match named.or_else(|| schema.get("items")).or(either) {
        Some(inner) => plain(description, inner),
        None => schema,
    }
}

#[test]
fn every_metric_has_a_panel_and_every_value_what_belongs_beside_it() {
    let dashboard = dashboard();
    let asked: Vec<(&Metric, &Value)> =
        questions(&dashboard).into_iter().filter_map(|question| Some((metric(question)?, question))).collect();
    for metric in METRICS {
        assert!(asked.iter().any(|(shown, _)| shown.id == metric.id), "`{}` has no panel", metric.id);
    }
    for (metric, question) in asked {
        let selected: BTreeSet<&str> = listed(question, "columns").filter_map(|column| column["selector"].as_str()).collect();
        let limits: &[&str] = if has_limits(metric) { &["low", "high", "sample_size"] } else { &[] };
        let coverage: &[&str] = if has_coverage(metric) { &["coverage"] } else { &[] };
        for beside in [limits, coverage].concat() {
            let is_told = !selected.contains("value") || selected.contains(beside);
            assert!(is_told, "`{}` has a panel with its value and without `{beside}`", metric.id);
        }
    }
}

fn metric(question: &Value) -> Option<&'static Metric> {
    let id = question["url"].as_str()?.strip_prefix("${waymark}/api/v1/metrics/")?.strip_suffix("/series")?;
    Some(find(id).unwrap_or_else(|| panic!("there is no metric `{id}`")))
}

#[test]
fn what_is_chosen_is_used_and_what_is_used_can_be_chosen() {
    let dashboard = dashboard();
    let text = dashboard.to_string();
    let used: BTreeSet<&str> = text.split("${").skip(1).filter_map(|rest| rest.split(['}', ':', '.']).next()).collect();
    let chosen: BTreeSet<&str> =
        listed(&dashboard["templating"], "list").filter_map(|variable| variable["name"].as_str()).collect();
    let foreign: Vec<&&str> = used.difference(&chosen).filter(|name| !name.starts_with("__")).collect();
    assert!(foreign.is_empty(), "no variable is called {foreign:?}");
    assert!(chosen.is_subset(&used), "some of {chosen:?} are used nowhere");
}

#[test]
fn links_ask_in_words_that_the_page_of_a_metric_knows() {
    let description = serde_json::to_value(waymark_api::openapi()).unwrap();
    let known = parameters(operation(&description, "/api/v1/metrics/nps/rows").unwrap());
    let text = dashboard().to_string();
    let mut links = 0;
    for address in text.split("${waymark}/metrics/").skip(1).filter_map(|rest| rest.split('"').next()) {
        let (id, question) = address.split_once('?').unwrap();
        assert!(find(id).is_some(), "there is no metric `{id}`");
        for name in question.split('&').filter_map(|pair| pair.split('=').next()) {
            assert!(known.contains(name), "the page of `{id}` takes no `{name}`");
        }
        links += 1;
    }
    assert!(links > METRICS.len(), "only {links} links lead to the page of a metric");
}
