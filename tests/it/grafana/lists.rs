//! Lists that are no series: the scoreboard of components, and what is known of the data behind all numbers.

use super::questions::Question;
use super::tables::{Column, Table, column};
use super::{HERE, link};
use serde_json::{Value, json};

/// What is asked of the doctor: the same days as of every number, and no more than one example.
const EXAMINED: &[(&str, &str)] = &[("days", "${window}"), ("cases", "1")];

/// Every component: who uses it, for whom it is made, who moved, and what comes next.
pub(super) fn components() -> Value {
    let here = format!("{HERE}&${{scope_kind:queryparam}}&${{scope:queryparam}}&var-component={COMPONENT}");
    let links = json!([link("Its page", &format!("${{waymark}}/adoption/{COMPONENT}")), link("Its trends here", &here)]);
    let share =
        |selector, title: &str| column(selector, "number", title).with("unit", "percentunit").with("noValue", "no data");
    let verdicts = [
        ("late", "late", Some("orange")),
        ("at risk", "at risk", Some("yellow")),
        ("on track", "on track", Some("green")),
        ("done", "done", Some("green")),
    ];
    let columns = vec![
        column("title", "string", "Component").with("links", links),
        column("component", "string", "Id"),
        share("adoption.value", "Adoption"),
        share("adoption.low", "Adoption ≥"),
        share("adoption.high", "Adoption ≤"),
        column("adoption.denominator", "number", "n: made for"),
        share("coverage.value", "Made for"),
        share("coverage.low", "Made for ≥"),
        share("coverage.high", "Made for ≤"),
        share("reach.value", "Reach"),
        share("reach.low", "Reach ≥"),
        share("reach.high", "Reach ≤"),
        column("reach.denominator", "number", "n: active"),
        column("joined", "number", "Joined"),
        column("left", "number", "Left"),
        column("until.status", "string", "Target")
            .worded(&verdicts)
            .with("custom.cellOptions", json!({ "type": "color-text" })),
        column("until.sentence", "string", "Forecast").with("custom.minWidth", 220),
    ];
    let about = "Adoption is the share of the services that a component is made for, reach the share of all active services; \
                 `made for` is the share of the active services that it fits. Services of unknown status leave open what lies \
                 between ≥ and ≤; n counts services. Who joined and left did so in the last complete week.";
    let question = Question { path: "adoption", root: "components", params: &[] };
    let empty = "No component is described yet: describe the platform, and send evidence.";
    list("Components, now", about, "adoption", question, columns, empty).panel()
}

/// The id of the component in the same row, as a part of an address.
const COMPONENT: &str = "${__data.fields.component:percentencode}";

/// Everything that is wrong or unknown, what it does to which number, and what to do about it.
pub(super) fn findings() -> Value {
    let wrapped = |selector, title: &str| {
        let wraps = json!({ "type": "auto", "wrapText": true });
        column(selector, "string", title).with("custom.cellOptions", wraps).with("custom.minWidth", 360)
    };
    let subjects = link("Its subjects", "${waymark}/doctor#${__value.raw:percentencode}");
    let columns = vec![
        column("title", "string", "What the numbers do not know"),
        column("text", "string", "Found"),
        column("subjects", "number", "Subjects"),
        wrapped("effect", "What it does to the numbers"),
        wrapped("remedy", "What to do"),
        column("finding", "string", "More").with("links", json!([subjects])),
        column("items", "number", ""),
    ];
    let about = "What was found in the last ${window} days. Subjects are services, repositories, environments or sources.";
    let question = Question { path: "doctor", root: "findings", params: EXAMINED };
    let empty = "Nothing was found: no number is known to be wrong in these days.";
    let table = list("Findings, last ${window} days", about, "doctor", question, columns, empty);
    Table { filter: "items > 0", ..table }.panel()
}

/// Every way by which deliveries arrive.
pub(super) fn sources() -> Value {
    let columns = vec![
        column("source", "string", "Source"),
        column("connection", "string", "Connection"),
        column("channel", "string", "Channel"),
        column("is_stale", "string", "Rhythm")
            .worded(&[("true", "gone silent", Some("orange")), ("false", "as usual", None)])
            .with("custom.cellOptions", json!({ "type": "color-text" })),
        column("newest_at", "timestamp", "Newest"),
        column("silent_seconds", "number", "Silent for").with("unit", "s"),
        column("usual_pause_seconds", "number", "Usual pause").with("unit", "s").with("noValue", "no rhythm yet"),
        column("deliveries", "number", "Deliveries"),
        column("rejections", "number", "Not understood"),
    ];
    let about = "A source goes silent against its own rhythm: the usual pause is the 95th percentile of its pauses.";
    let question = Question { path: "doctor", root: "sources", params: EXAMINED };
    list("Sources", about, "doctor", question, columns, "Nothing has arrived yet.").panel()
}

/// How much of each service is known, by name.
pub(super) fn services() -> Value {
    let page = link("Its page", "${waymark}/services/${__value.raw:percentencode}");
    let columns = vec![
        column("service", "string", "Service").with("links", json!([page])),
        column("owner", "string", "Owner").with("noValue", "nobody"),
        column("deployments", "number", "Deployments"),
        column("deployments_with_commits", "number", "with commits"),
        column("changes", "number", "Changes"),
        column("changes_with_clock", "number", "with a clock"),
        column("attempts", "number", "Attempts"),
        column("attempts_with_tier", "number", "with a tier"),
        column("runs", "number", "Runs"),
        column("has_incidents", "string", "Incidents").worded(&[("true", "named", None), ("false", "never named", None)]),
    ];
    let about = "What the numbers of a service can rest on: of its deployments those whose commits are known, of its changes \
                 those whose clocks agree, of its attempts those in an environment of a known tier. Services stand by name.";
    let question = Question { path: "doctor", root: "services", params: EXAMINED };
    let empty = "No service was active in these days.";
    let table = list("Coverage by service, last ${window} days", about, "services", question, columns, empty);
    Table { order: "Service", ..table }.panel()
}

/// What readers see, and how fresh it is.
pub(super) fn status() -> Value {
    let columns = vec![
        column("snapshot.as_of", "timestamp", "Numbers are of"),
        column("snapshot.age_seconds", "number", "Age").with("unit", "s"),
        column("freshness.seconds", "number", "From receipt to numbers").with("unit", "s"),
        column("waiting_deliveries", "number", "Deliveries that wait"),
        column("program_version", "string", "Version"),
    ];
    let about = "The snapshot that every panel reads, and how long the newest visible delivery took to reach one.";
    let question = Question { path: "status", root: "", params: &[] };
    list("What is visible", about, "status", question, columns, "There is no snapshot yet.").panel()
}

fn list<'a>(
    title: &'a str,
    description: &'a str,
    page: &str,
    question: Question<'a>,
    columns: Vec<Column>,
    empty: &'a str,
) -> Table<'a> {
    let links = vec![link("The page that says more", &format!("${{waymark}}/{page}"))];
    Table { title, description, links, question, filter: "", columns, order: "", empty }
}
