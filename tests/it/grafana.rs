//! The dashboard for Grafana, made from the catalogue: panels select from the interface and compute nothing.
//!
//! Here is what stands where. What a panel looks like is in `trends.rs`, `tables.rs` and `lists.rs`, how the data source
//! asks in `questions.rs`, what a person chooses in `choices.rs`, and what is true of all of it in `laws.rs`.

mod choices;
mod laws;
mod lists;
mod questions;
mod tables;
mod trends;

use serde_json::{Value, json};
use waymark_analytics::{METRICS, Metric, Statistic, Subject, Unit, find};
use waymark_api::DELIVERY;

/// Columns of Grafana's grid.
const COLUMNS: usize = 24;
/// Who takes the paved road: the share, with the two without which it says little.
const ADOPTION: &[&str] = &["adoption_rate", "coverage_fit", "reach"];
/// Whether they like it.
const SATISFACTION: &str = "nps";
/// How far the use of components is known.
const EVIDENCE: &[&str] = &["evidence_quality", "evidence_age"];

/// The dashboard as Grafana imports it.
pub(crate) fn dashboard() -> Value {
    json!({
        "title": "Waymark",
        "uid": "waymark",
        "description": "Do people use the platform, does it make them faster without breaking more, and do they like it?",
        "tags": ["waymark"],
        "timezone": "browser",
        "weekStart": "monday",
        "graphTooltip": 1,
        "schemaVersion": 39,
        // Whole weeks until the last one that is over.
        "time": { "from": "now-26w/w", "to": "now-1w/w" },
        "links": choices::pages(),
        "templating": { "list": choices::variables() },
        "panels": placed()
    })
}

/// Every question of a dashboard, those of its variables too.
pub(crate) fn questions(dashboard: &Value) -> Vec<&Value> {
    let variables = listed(&dashboard["templating"], "list");
    let of_variables = variables.filter_map(|variable| variable["query"].get("infinityQuery"));
    panels(dashboard).flat_map(|panel| listed(panel, "targets")).chain(of_variables).collect()
}

/// Every panel of a dashboard, those below folded headings too.
fn panels(dashboard: &Value) -> impl Iterator<Item = &Value> {
    listed(dashboard, "panels").flat_map(|panel| std::iter::once(panel).chain(listed(panel, "panels")))
}

fn listed<'a>(of: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    of[name].as_array().into_iter().flatten()
}

fn placed() -> Vec<Value> {
    let mut board = Board::default();
    board.tiles(1, 5, [trends::reading()]);
    board.row("Adoption: do people take the paved road?");
    board.tiles(1, 9, [lists::components()]);
    board.tiles(3, 9, ADOPTION.iter().map(|id| trends::trend(named(id), Whose::Component)));
    board.row("Delivery: does it make ${scope} faster without breaking more?");
    for line in DELIVERY.chunks(3) {
        board.tiles(3, 6, line.iter().map(|id| tables::number(named(id))));
        board.tiles(3, 9, line.iter().map(|id| trends::trend(named(id), Whose::Chosen)));
    }
    board.folded("Teams, in the order of their names", |board| {
        board.tiles(2, 9, DELIVERY.iter().map(|id| tables::by_team(named(id))));
    });
    board.row("Satisfaction: do they like it?");
    let score = named(SATISFACTION);
    let scores = [tables::scores(score), trends::trend(score, Whose::Platform), trends::trend(score, Whose::Component)];
    board.tiles(3, 9, scores);
    board.row("Health of the data: what do the numbers not know?");
    board.tiles(1, 4, [lists::status()]);
    board.tiles(1, 9, [lists::findings()]);
    board.tiles(2, 9, [lists::sources(), lists::services()]);
    board.tiles(2, 9, EVIDENCE.iter().map(|id| trends::trend(named(id), Whose::Component)));
    board.folded("Every other number of ${scope}", |board| {
        board.tiles(3, 9, others(Subject::Services).map(|metric| trends::trend(metric, Whose::Chosen)));
    });
    board.folded("Every other number of ${component:text}, and of categories", |board| {
        board.tiles(3, 9, others(Subject::Components).map(|metric| trends::trend(metric, Whose::Component)));
        board.tiles(2, 9, others(Subject::Categories).map(tables::by_category));
    });
    board.panels
}

fn named(id: &str) -> &'static Metric {
    find(id).unwrap()
}

/// What the catalogue has besides, so that a new metric has a panel by itself.
fn others(subject: Subject) -> impl Iterator<Item = &'static Metric> {
    let is_placed = |id: &str| id == SATISFACTION || [ADOPTION, DELIVERY, EVIDENCE].iter().any(|list| list.contains(&id));
    METRICS.iter().filter(move |metric| metric.subject == subject && !is_placed(metric.id))
}

/// Panels in lines below each other, numbered in the order in which they are placed.
#[derive(Default)]
struct Board {
    panels: Vec<Value>,
    count: usize,
    y: usize,
}

impl Board {
    /// Panels of one size, so many beside each other.
    fn tiles(&mut self, across: usize, height: usize, panels: impl IntoIterator<Item = Value>) {
        let width = COLUMNS / across;
        let panels: Vec<Value> = panels.into_iter().collect();
        for line in panels.chunks(across) {
            for (place, panel) in line.iter().enumerate() {
                let tile = self.place((place * width, width, height), panel);
                self.panels.push(tile);
            }
            self.y += height;
        }
    }

    /// The heading of what follows.
    fn row(&mut self, title: &str) {
        let row = self.heading(title, false);
        self.panels.push(row);
    }

    /// A heading below which nothing is asked for until somebody opens it.
    fn folded(&mut self, title: &str, fill: impl FnOnce(&mut Self)) {
        let mut row = self.heading(title, true);
        let (outside, below) = (std::mem::take(&mut self.panels), self.y);
        fill(self);
        row["panels"] = Value::Array(std::mem::replace(&mut self.panels, outside));
        self.panels.push(row);
        self.y = below;
    }

    #[expect(clippy::fn_params_excessive_bools, reason = "a row is folded or it is not")]
    fn heading(&mut self, title: &str, is_folded: bool) -> Value {
        let row = json!({ "type": "row", "title": title, "collapsed": is_folded, "panels": [] });
        let row = self.place((0, COLUMNS, 1), &row);
        self.y += 1;
        row
    }

    fn place(&mut self, (x, width, height): (usize, usize, usize), panel: &Value) -> Value {
        self.count += 1;
        let mut tile = json!({ "id": self.count, "gridPos": { "x": x, "y": self.y, "w": width, "h": height } });
        for (key, value) in panel.as_object().into_iter().flatten() {
            tile[key] = value.clone();
        }
        tile
    }
}

/// Whose numbers a panel shows.
#[derive(Clone, Copy)]
enum Whose {
    Chosen,
    Component,
    Platform,
}

impl Whose {
    /// The kind of scope and its name, as the interface is asked for them.
    fn asked(self) -> (&'static str, &'static str) {
        match self {
            Self::Chosen => ("${scope_kind}", "${scope}"),
            Self::Component => ("component", "${component}"),
            Self::Platform => ("component", "platform"),
        }
    }

    /// The same as parameters of an address.
    fn in_address(self) -> &'static str {
        match self {
            Self::Chosen => "scope_kind=${scope_kind}&scope=${scope:percentencode}",
            Self::Component => "scope_kind=component&scope=${component:percentencode}",
            Self::Platform => "scope_kind=component&scope=platform",
        }
    }

    /// As a title says it.
    fn said(self) -> &'static str {
        match self {
            Self::Chosen => "${scope}",
            Self::Component => "${component:text}",
            Self::Platform => "the platform as a whole",
        }
    }
}

/// The days of a trend, as parameters of an address.
const TIME_RANGE: &str = "grain=${grain}&from=${__from:date:iso}&to=${__to:date:iso}";
/// The days of a single number, as parameters of an address.
const LAST_DAYS: &str = "grain=window&last=${window}";

/// This dashboard as it is, but for what is appended.
const HERE: &str = "/d/waymark?${__url_time_range}&${datasource:queryparam}&${waymark:queryparam}&${grain:queryparam}\
&${window:queryparam}";

/// The page of a metric, with the question in its parameters.
fn page(metric: &Metric, whose: &str, days: &str) -> String {
    format!("${{waymark}}/metrics/{}?{whose}&{days}", metric.id)
}

fn link(title: &str, address: &str) -> Value {
    json!({ "title": title, "url": address, "targetBlank": true })
}

/// What a number is, in the words of the catalogue.
fn definition(metric: &Metric, beside: &str) -> String {
    let (better, version) = (metric.better.as_str(), metric.version);
    let text = format!("*{}*\n\n{}\n\nBetter: {better}. Definition version {version}.", metric.question, metric.manual());
    if beside.is_empty() { text } else { format!("{text}\n\n{beside}") }
}

/// Whether there is anything between which a value lies; what was counted as a whole is its own n.
fn has_limits(metric: &Metric) -> bool {
    !matches!(metric.kind, Statistic::Events | Statistic::Level)
}

/// Whether it can be said which share of the rows could be used; of answers nobody knows how many there could have been.
fn has_coverage(metric: &Metric) -> bool {
    metric.kind != Statistic::Score
}

/// What the limits are called: a census has no interval, only bounds that its unknowns leave open.
fn limits(metric: &Metric) -> (&'static str, &'static str) {
    if metric.kind == Statistic::Census { ("at least", "at most") } else { ("95 % from", "95 % to") }
}

/// Why a cell of a value is empty.
fn nothing(metric: &Metric) -> &'static str {
    match metric.kind {
        Statistic::Quantile | Statistic::Survival => "none or too few",
        Statistic::Score => "none or withheld",
        Statistic::Proportion => "none or too young",
        Statistic::Rate | Statistic::Census | Statistic::Events | Statistic::Level => "no data",
    }
}

/// The unit as Grafana knows it.
fn unit(metric: &Metric) -> &'static str {
    match metric.unit {
        Unit::Seconds => "s",
        Unit::Share => "percentunit",
        Unit::PerServiceWeek => "suffix:per week",
        Unit::DaysPerWeek => "suffix:days per week",
        Unit::Points | Unit::Count => "short",
    }
}

/// How one field is shown.
fn field(name: &str, properties: &[(&str, Value)]) -> Value {
    let properties: Vec<Value> = properties.iter().map(|(id, value)| json!({ "id": id, "value": value })).collect();
    json!({ "matcher": { "id": "byName", "options": name }, "properties": properties })
}
