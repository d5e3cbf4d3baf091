//! What is drawn over time: a line between its limits, above bars of n; and how all of it is to be read.

use super::questions::{Question, Selected, source};
use super::{TIME_RANGE, Whose, definition, field, has_coverage, has_limits, limits, link, nothing, page, unit};
use serde_json::{Value, json};
use waymark_analytics::{Metric, Statistic};
use waymark_reports::wording;

/// How to read the panels, above all of them.
const READING: &str = "\
**Every number stands beside its n** (the rows that it rests on), **its limits and its coverage** (the share of the rows that \
could be used). A band is a 95 % interval; of adoption it is what services of unknown status leave open. Grey bars are n. What \
was counted as a whole has no limits and is its own n.

**An empty cell is never zero:** nothing was there to count, too little for the statistic, or a result is withheld to protect \
people. Tables hold the last ${window} days, trends the time range above by ${grain}; a period that is not over is drawn as far \
as it has come. Teams stand in the order of their names: they differ in what they do, so nothing here is a ranking.

The link of a panel leads to the definition and to every row, counted or left out. [All definitions](${waymark}/definitions) · \
[What the numbers do not know](${waymark}/doctor)";

/// How limits of several periods have to be read, as the answer itself flags it.
fn caution(metric: &Metric) -> &'static str {
    match metric.kind {
        Statistic::Quantile | Statistic::Survival | Statistic::Proportion | Statistic::Rate => {
            "Limits of several periods take rows of one service for independent, so they can be too narrow; those in tables of \
             the last days do not."
        }
        Statistic::Score | Statistic::Census | Statistic::Events | Statistic::Level => "",
    }
}

/// The text above everything.
pub(super) fn reading() -> Value {
    json!({ "type": "text", "title": "How to read this", "options": { "mode": "markdown", "content": READING } })
}

/// One statistic of one scope over time.
pub(super) fn trend(metric: &Metric, whose: Whose) -> Value {
    let mut columns = vec![("period_start", "timestamp"), ("value", "number")];
    if has_coverage(metric) {
        columns.push(("coverage", "number"));
    }
    if has_limits(metric) {
        columns.extend([("low", "number"), ("high", "number"), ("sample_size", "number")]);
    }
    let mut panel = json!({
        "type": "timeseries",
        "title": format!("{} of {}", metric.title, whose.said()),
        "description": definition(metric, caution(metric)),
        "datasource": source(),
        "links": [link("Definition, and the rows behind it", &page(metric, whose.in_address(), TIME_RANGE))],
        "targets": [asked(metric, whose, &columns)],
        "fieldConfig": { "defaults": defaults(metric), "overrides": overrides(metric) },
        "options": {
            "legend": { "displayMode": "list", "placement": "bottom", "showLegend": true },
            "tooltip": { "mode": "multi", "sort": "none" }
        }
    });
    if metric.kind == Statistic::Score {
        // Waves of a survey are far apart.
        panel["timeFrom"] = json!("2y");
    }
    panel
}

fn asked(metric: &Metric, whose: Whose, columns: &[Selected<'_>]) -> Value {
    let (scope_kind, scope) = whose.asked();
    let question = Question {
        path: &format!("metrics/{}/series", metric.id),
        root: "rows",
        params: &[
            ("scope_kind", scope_kind),
            ("scope", scope),
            ("grain", "${grain}"),
            ("from", "${__from:date:iso}"),
            ("to", "${__to:date:iso}"),
            ("statistic", metric.headline()),
        ],
    };
    question.target("timeseries", columns)
}

fn defaults(metric: &Metric) -> Value {
    let is_score = metric.kind == Statistic::Score;
    json!({
        "unit": unit(metric),
        "color": { "mode": "fixed", "fixedColor": "blue" },
        "noValue": "Nothing was counted here in these days: the link of the panel says what was left out, and why.",
        "custom": {
            "drawStyle": "line",
            "lineWidth": 2,
            "showPoints": "always",
            "pointSize": 5,
            // Waves are joined; elsewhere a period without a value is a gap.
            "spanNulls": is_score,
            "axisSoftMin": if is_score { -100 } else { 0 }
        }
    })
}

fn overrides(metric: &Metric) -> Vec<Value> {
    let (low, high) = limits(metric);
    let mut overrides = vec![field(
        "value",
        &[("displayName", json!(wording::statistic(metric.headline()))), ("noValue", json!(nothing(metric)))],
    )];
    if has_coverage(metric) {
        let apart =
            [("unit", json!("percentunit")), ("custom.axisPlacement", json!("hidden")), ("min", json!(0)), ("max", json!(1))];
        overrides.push(field("coverage", &[&told("coverage")[..], &apart[..]].concat()));
    }
    if has_limits(metric) {
        let band = [("custom.fillBelowTo", json!(low)), ("custom.fillOpacity", json!(15))];
        overrides.push(field("low", &told(low)));
        overrides.push(field("high", &[&told(high)[..], &band[..]].concat()));
        overrides.push(field("sample_size", &bars()));
    }
    overrides
}

/// What is told at the pointer, without a line of its own.
fn told(name: &str) -> [(&'static str, Value); 5] {
    [
        ("displayName", json!(name)),
        ("noValue", json!("–")),
        ("custom.lineWidth", json!(0)),
        ("custom.showPoints", json!("never")),
        ("custom.hideFrom", json!({ "legend": true, "tooltip": false, "viz": false })),
    ]
}

/// How many rows there were, pale and on an axis of its own.
fn bars() -> [(&'static str, Value); 9] {
    [
        ("displayName", json!("n")),
        ("noValue", json!("withheld")),
        ("unit", json!("short")),
        ("color", json!({ "mode": "fixed", "fixedColor": "text" })),
        ("custom.drawStyle", json!("bars")),
        ("custom.lineWidth", json!(0)),
        ("custom.fillOpacity", json!(15)),
        ("custom.axisPlacement", json!("right")),
        ("custom.axisSoftMin", json!(0)),
    ]
}
