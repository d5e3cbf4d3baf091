//! Numbers in tables: each with n, limits, coverage and a link to its rows; teams by name. Also how any table is made.

use super::questions::{Question, Selected, source};
use super::{HERE, LAST_DAYS, Whose, definition, field, has_coverage, limits, link, nothing, page, unit};
use serde_json::{Map, Value, json};
use waymark_analytics::Metric;
use waymark_reports::wording;

/// One column: where it stands in an answer, of which type it is, its heading, and how else it is shown.
pub(super) struct Column {
    selector: &'static str,
    kind: &'static str,
    title: String,
    shown: Vec<(&'static str, Value)>,
}

/// A column; without a heading it is only there for links and filters.
pub(super) fn column(selector: &'static str, kind: &'static str, title: impl Into<String>) -> Column {
    Column { selector, kind, title: title.into(), shown: Vec::new() }
}

impl Column {
    pub(super) fn with(mut self, property: &'static str, value: impl Into<Value>) -> Self {
        self.shown.push((property, value.into()));
        self
    }

    /// Other words for some of its values, and colours where they mean something.
    pub(super) fn worded(self, words: &[(&str, &str, Option<&str>)]) -> Self {
        let mut options = Map::new();
        for (index, (value, text, color)) in words.iter().enumerate() {
            let mut word = json!({ "index": index, "text": text });
            if let Some(color) = color {
                word["color"] = json!(color);
            }
            options.insert((*value).to_owned(), word);
        }
        self.with("mappings", json!([{ "type": "value", "options": options }]))
    }

    fn shown(&self) -> Value {
        let mut shown = vec![("displayName", json!(self.title))];
        if self.shown.iter().all(|(property, _)| *property != "noValue") {
            shown.push(("noValue", json!("–")));
        }
        shown.extend(self.shown.iter().cloned());
        field(self.selector, &shown)
    }
}

/// A table before it is a panel.
pub(super) struct Table<'a> {
    pub(super) title: &'a str,
    pub(super) description: &'a str,
    pub(super) links: Vec<Value>,
    pub(super) question: Question<'a>,
    /// Only rows of which this is true.
    pub(super) filter: &'a str,
    pub(super) columns: Vec<Column>,
    /// The heading by which rows stand in order; empty = as they are answered.
    pub(super) order: &'a str,
    /// What is said where there are no rows.
    pub(super) empty: &'a str,
}

impl Table<'_> {
    pub(super) fn panel(&self) -> Value {
        let selected: Vec<Selected<'_>> = self.columns.iter().map(|column| (column.selector, column.kind)).collect();
        let mut target = self.question.target("table", &selected);
        if !self.filter.is_empty() {
            target["filterExpression"] = json!(self.filter);
        }
        let order = if self.order.is_empty() { json!([]) } else { json!([{ "displayName": self.order, "desc": false }]) };
        let shown = self.columns.iter().filter(|column| !column.title.is_empty()).map(Column::shown);
        json!({
            "type": "table",
            "title": self.title,
            "description": self.description,
            "datasource": source(),
            "links": self.links,
            "targets": [target],
            "transformations": [{ "id": "organize", "options": self.arrangement() }],
            "fieldConfig": {
                "defaults": {
                    "noValue": self.empty,
                    "color": { "mode": "thresholds" },
                    // No value is good or bad by itself.
                    "thresholds": { "mode": "absolute", "steps": [{ "color": "text", "value": null }] }
                },
                "overrides": shown.collect::<Vec<Value>>()
            },
            "options": { "showHeader": true, "cellHeight": "sm", "sortBy": order }
        })
    }

    /// The plug-in sorts columns by name; here they stand in our order, without those that are not shown.
    fn arrangement(&self) -> Value {
        let (mut left_out, mut places) = (Map::new(), Map::new());
        for (place, column) in self.columns.iter().enumerate() {
            places.insert(column.selector.to_owned(), json!(place));
            if column.title.is_empty() {
                left_out.insert(column.selector.to_owned(), json!(true));
            }
        }
        json!({ "excludeByName": left_out, "indexByName": places, "renameByName": {} })
    }
}

/// The columns of a number: the value, what it lies between, what it rests on.
fn cells(metric: &Metric, title: &str, address: &str) -> Vec<Column> {
    let number = |selector, title: &str| column(selector, "number", title).with("unit", unit(metric));
    let (low, high) = limits(metric);
    let rows = json!([link("The rows behind it", address)]);
    let mut cells = vec![
        number("value", title).with("noValue", nothing(metric)).with("links", rows),
        number("low", low),
        number("high", high),
        column("sample_size", "number", "n").with("noValue", "withheld"),
    ];
    if has_coverage(metric) {
        cells.push(column("coverage", "number", "Coverage").with("unit", "percentunit"));
    }
    cells.push(column("is_partial", "string", "State").worded(&[("true", "so far", None), ("false", "final", None)]));
    cells
}

/// Every statistic of a metric over the last days, for what was chosen.
pub(super) fn number(metric: &Metric) -> Value {
    let words: Vec<(&str, &str, Option<&str>)> =
        metric.statistics.iter().map(|name| (*name, wording::statistic(name), None)).collect();
    let address = page(metric, Whose::Chosen.in_address(), LAST_DAYS);
    let (scope_kind, scope) = Whose::Chosen.asked();
    let mut columns = vec![column("statistic", "string", "Statistic").worded(&words)];
    columns.extend(cells(metric, "Value", &address));
    let table = Table {
        title: &format!("{} of ${{scope}}, last ${{window}} days", metric.title),
        description: &definition(metric, ""),
        links: vec![link("Definition, and the rows behind it", &address)],
        question: Question {
            path: &format!("metrics/{}/series", metric.id),
            root: "rows",
            params: &[("scope_kind", scope_kind), ("scope", scope), ("grain", "window"), ("last", "${window}")],
        },
        filter: "",
        columns,
        order: "",
        empty: "Nothing was counted here in these days: the link of the panel says what was left out, and why.",
    };
    table.panel()
}

/// The headline of a metric for every team.
pub(super) fn by_team(metric: &Metric) -> Value {
    let team = format!("{HERE}&${{component:queryparam}}&var-scope_kind=team&var-scope=${{__value.raw:percentencode}}");
    let links = json!([link("Its page", "${waymark}/teams/${__value.raw:percentencode}"), link("Its trends here", &team)]);
    let statistic = wording::statistic(metric.headline());
    let named = Named {
        title: &format!("{} by team ({statistic}), last ${{window}} days", metric.title),
        beside: "Teams stand in the order of their names: this is no ranking.",
        kind: "team",
        days: "${window}",
        empty: "No team is known: name the owners of services in the catalogue.",
    };
    named.panel(metric, column("scope", "string", "Team").with("links", links))
}

/// The headline of a metric for every category of tools.
pub(super) fn by_category(metric: &Metric) -> Value {
    let named = Named {
        title: &format!("{} by category ({}), last ${{window}} days", metric.title, metric.headline()),
        beside: "",
        kind: "category",
        days: "${window}",
        empty: "No tool of any category was seen in these days.",
    };
    named.panel(metric, column("scope", "string", "Category"))
}

/// The newest score of every component.
pub(super) fn scores(metric: &Metric) -> Value {
    let named = Named {
        title: &format!("{}, newest wave of the last 365 days", metric.title),
        beside: "The component `platform` is the platform as a whole.",
        kind: "component",
        days: "365",
        empty: "No wave of a survey has closed in the last 365 days.",
    };
    named.panel(metric, column("scope", "string", "Component"))
}

/// A table with a row for every scope of a kind, in the order of their names.
struct Named<'a> {
    title: &'a str,
    beside: &'a str,
    kind: &'a str,
    days: &'a str,
    empty: &'a str,
}

impl Named<'_> {
    fn panel(&self, metric: &Metric, first: Column) -> Value {
        let (kind, days) = (self.kind, format!("grain=window&last={}", self.days));
        let one = page(metric, &format!("scope_kind={kind}&scope=${{__data.fields.scope:percentencode}}"), &days);
        let all = page(metric, &format!("scope_kind={kind}"), &days);
        let order = first.title.clone();
        let mut columns = vec![first];
        columns.extend(cells(metric, "Value", &one));
        let table = Table {
            title: self.title,
            description: &definition(metric, self.beside),
            links: vec![link("Definition, and the rows behind it", &all)],
            question: Question {
                path: &format!("metrics/{}/series", metric.id),
                root: "rows",
                params: &[("scope_kind", kind), ("grain", "window"), ("last", self.days), ("statistic", metric.headline())],
            },
            filter: "",
            columns,
            order: &order,
            empty: self.empty,
        };
        table.panel()
    }
}
