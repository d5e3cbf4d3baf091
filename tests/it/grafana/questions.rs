//! How the data source asks: addresses, parameters and the columns of an answer, in the words of the Infinity plug-in.

use serde_json::{Value, json};

/// The plug-in that reads JSON over HTTP.
pub(super) const PLUGIN: &str = "yesoreyeram-infinity-datasource";

/// One question to the interface.
pub(super) struct Question<'a> {
    /// The path below `/api/v1/`.
    pub(super) path: &'a str,
    /// The part of the answer that holds the rows; empty for an answer that is one row.
    pub(super) root: &'a str,
    /// Parameters with their values, in which variables stand.
    pub(super) params: &'a [(&'a str, &'a str)],
}

/// A column of the answer: where it stands in a row, and `string`, `number` or `timestamp`.
pub(super) type Selected<'a> = (&'a str, &'a str);

/// The data source that was chosen.
pub(super) fn source() -> Value {
    json!({ "type": PLUGIN, "uid": "${datasource}" })
}

impl Question<'_> {
    /// The question as a panel asks it; columns keep the names that they have in the answer.
    pub(super) fn target(&self, format: &str, columns: &[Selected<'_>]) -> Value {
        let columns: Vec<Value> = columns.iter().map(|(selector, kind)| column(selector, kind, selector)).collect();
        self.ask("A", format, &columns)
    }

    /// The question as a variable asks it: what is shown for a value, and the value.
    pub(super) fn options(&self, shown: &str, value: &str) -> Value {
        self.ask("variable", "table", &[column(shown, "string", "__text"), column(value, "string", "__value")])
    }

    fn ask(&self, name: &str, format: &str, columns: &[Value]) -> Value {
        let params: Vec<Value> = self.params.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
        json!({
            "refId": name,
            "type": "json",
            "source": "url",
            "format": format,
            "parser": "backend",
            "url": format!("${{waymark}}/api/v1/{}", self.path),
            "url_options": { "method": "GET", "params": params },
            "root_selector": self.root,
            "columns": columns
        })
    }
}

fn column(selector: &str, kind: &str, text: &str) -> Value {
    json!({ "selector": selector, "type": kind, "text": text })
}
