//! At which key of an entry of YAML a reader fails, and what that means in plain words.

use crate::remark::{Remark, Weight, WrittenFile, key_suggestion};
use serde_json::{Map, Value, json};

/// What a reader says of a value; null when it can be read.
type Outcome<'o> = &'o dyn Fn(Value) -> Option<String>;

impl WrittenFile {
    /// A remark about the key at which the reader of an entry fails with `message`; the entry begins at `line`.
    pub fn remark_on_entry(&self, line: usize, entry: &Value, message: &str, outcome: Outcome<'_>) -> Remark {
        let keys = failing_keys(entry, message, outcome);
        let names: Vec<&str> = keys.iter().map(|(key, _)| key.as_str()).collect();
        let told = in_plain_words(&names.join("."), message);
        let mut place = self.remark_at(line, usize::MAX, "", Weight::Wrong, told.clone());
        for (key, earlier) in &keys {
            for passed in 0..=*earlier {
                let from = place.line + usize::from(passed > 0);
                place = self.remark_at(from, usize::MAX, key, Weight::Wrong, told.clone());
            }
        }
        place
    }

    /// A remark about a value that a reader refused at its place with `message`.
    pub fn remark_on_value(&self, line: usize, column: usize, message: &str) -> Remark {
        let key = self.key_before(line, column).filter(|_| message.starts_with(INVALID_TYPE));
        self.remark(line, column, Weight::Wrong, in_plain_words(key.as_deref().unwrap_or_default(), message))
    }

    /// The key of which the value begins at a place.
    fn key_before(&self, line: usize, column: usize) -> Option<String> {
        let above = self.text.lines().take(line.checked_sub(1)?).flat_map(|line| line.chars().chain(['\n']));
        let before = self.text.lines().nth(line - 1)?.chars().take(column.checked_sub(1)?);
        let text: String = above.chain(before).collect();
        let text = text.trim_end().strip_suffix(':')?;
        let is_part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
        let key = text.rsplit(|letter: char| !is_part(letter)).next()?;
        (!key.is_empty()).then(|| key.to_owned())
    }
}

/// How a reader begins where a value has another type than it must have.
const INVALID_TYPE: &str = "invalid type: ";

/// How a reader begins where a number does not fit.
const INVALID_VALUE: &str = "invalid value: ";

/// What a reader says of a day that it cannot read.
const NO_DAY: &[&str] = &[
    "input contains invalid characters",
    "premature end of input",
    "input is out of range",
    "trailing input",
    "input is not enough for unique date and time",
    "no possible date and time matching input",
];

/// What a reader expects, as people would say it.
const TYPES: &[(&str, &str)] = &[
    ("a formatted date", "a day such as `2026-12-31`"),
    ("a day", "a day such as `2026-12-31`"),
    ("an RFC 3339 time", "a time such as `2026-12-31T10:00:00Z`"),
    ("string", "a text"),
    ("sequence", "a list"),
    ("struct", "keys with their values"),
    ("map", "keys with their values"),
    ("boolean", "`true` or `false`"),
    ("usize", "a whole number, 0 or more"),
    ("u64", "a whole number, 0 or more"),
    ("u32", "a whole number, 0 or more"),
    ("i64", "a whole number"),
    ("i32", "a whole number, at most 2147483647"),
    ("f64", "a number"),
    ("socket address", "an address and a port such as `127.0.0.1:8080`"),
];

/// The message about a key in words for the person who wrote it.
pub fn in_plain_words(key: &str, message: &str) -> String {
    let subject = if key.is_empty() { "a value".to_owned() } else { format!("`{key}`") };
    if NO_DAY.contains(&message) {
        return format!("{subject} is no day: write it as `2026-12-31`");
    }
    if message.starts_with("missing field") && !key.is_empty() {
        return format!("{message} of `{key}`");
    }
    wanted(message).map_or_else(|| key_suggestion(message), |plain| format!("{subject} must be {plain}"))
}

/// What a value of another type must be, in words that never hold the value.
pub(crate) fn wanted(message: &str) -> Option<&'static str> {
    let invalid = message.strip_prefix(INVALID_TYPE).or_else(|| message.strip_prefix(INVALID_VALUE))?;
    let (_, expected) = invalid.rsplit_once("expected ")?;
    TYPES.iter().find(|(word, _)| expected.contains(word)).map(|(_, plain)| *plain)
}

/// The keys that lead to what fails, each with how often it stands in items before it, which are passed over.
///
/// A reader stops at the first fault, so that what fails alone as the whole does is the cause.
fn failing_keys(entry: &Value, message: &str, outcome: Outcome<'_>) -> Vec<(String, usize)> {
    let (mut steps, mut before): (Vec<Option<String>>, Vec<&Value>) = (Vec::new(), Vec::new());
    let mut keys: Vec<(String, usize)> = Vec::new();
    let fails = |steps: &[Option<String>], value: Value| outcome(wrapped(steps, value)).as_deref() == Some(message);
    let mut here = entry;
    loop {
        match here {
            Value::Object(entries) if !lacks(entries, &steps, message, outcome) => {
                let alone = |key: &String, value: &Value| json!({ key.clone(): value.clone() });
                let mut failing = entries.iter().filter(|(key, value)| fails(&steps, alone(key, value)));
                let Some((key, value)) = failing.next().filter(|_| !fails(&steps, json!({}))) else { return keys };
                keys.push((key.clone(), before.drain(..).map(|item| occurrences(item, key)).sum()));
                steps.push(Some(key.clone()));
                here = value;
            }
            Value::Array(items) => {
                let failing = items.iter().position(|item| fails(&steps, json!([item])));
                let Some(place) = failing.filter(|_| !fails(&steps, json!([]))) else { return keys };
                before.extend(&items[..place]);
                steps.push(None);
                here = &items[place];
            }
            _ => return keys,
        }
    }
}

/// A value below the keys and lists that lead to it, without anything beside them.
fn wrapped(steps: &[Option<String>], value: Value) -> Value {
    steps.iter().rev().fold(value, |inner, step| match step {
        Some(key) => json!({ key.clone(): inner }),
        None => json!([inner]),
    })
}

/// Whether the field that is missing belongs here: with any value in it the reader says something else, but not that
/// it does not know it.
fn lacks(entries: &Map<String, Value>, steps: &[Option<String>], message: &str, outcome: Outcome<'_>) -> bool {
    let Some(field) = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) else { return false };
    let mut whole = entries.clone();
    whole.insert(field.to_owned(), Value::Null);
    let said = outcome(wrapped(steps, Value::Object(whole)));
    let is_unknown = |said: &str| ["unknown ", "invalid value"].iter().any(|begin| said.starts_with(begin));
    said.is_none_or(|said| said != message && !is_unknown(&said))
}

/// How often a key stands in a value.
fn occurrences(value: &Value, key: &str) -> usize {
    match value {
        Value::Array(items) => items.iter().map(|item| occurrences(item, key)).sum(),
        Value::Object(entries) => entries.iter().map(|(name, value)| usize::from(name == key) + occurrences(value, key)).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde::de::IgnoredAny;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it can be read matters")]
    struct Entry {
        name: String,
        #[serde(default)]
        looks: Vec<Look>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it can be read matters")]
    struct Look {
        files: String,
        day: Option<chrono::NaiveDate>,
        more: Option<IgnoredAny>,
    }

    /// The remark on an entry, which is told to begin at the first line of a text.
    fn remark(text: &str, entry: &Value) -> String {
        let outcome = |value: Value| serde_json::from_value::<Entry>(value).err().map(|error| error.to_string());
        let file = WrittenFile { name: "p.yaml".to_owned(), text: text.to_owned() };
        let message = outcome(entry.clone()).unwrap();
        file.remark_on_entry(1, entry, &message, &outcome).to_string()
    }

    #[test]
    fn a_fault_is_told_by_its_keys_where_it_stands() {
        let text = "name: a\nlooks:\n  - files: b\n    day: 2026-01-01\n  - files: c\n    day: 31.12.2026\n";
        let look = |files: &str, day: &str| json!({ "files": files, "day": day });
        let entry = json!({ "name": "a", "looks": [look("b", "2026-01-01"), look("c", "31.12.2026")] });
        assert_eq!(remark(text, &entry), "p.yaml:6:5: `looks.day` is no day: write it as `2026-12-31`");
        let text = "name: a\nlooks:\n  - more: b\n";
        let entry = json!({ "name": "a", "looks": [{ "more": "b" }] });
        assert_eq!(remark(text, &entry), "p.yaml:2:1: missing field `files` of `looks`");
        let entry = json!({ "looks": [{ "files": "b" }] });
        assert_eq!(remark("looks:\n  - files: b\n", &entry), "p.yaml:1: missing field `name`");
        let entry = json!({ "name": ["a"] });
        assert_eq!(remark("name: [a]\n", &entry), "p.yaml:1:1: `name` must be a text");
        let entry = json!({ "name": "a", "look": { "files": "b" } });
        assert!(remark("name: a\nlook:\n", &entry).starts_with("p.yaml:2:1: `look` is not known here"));
    }

    #[test]
    fn a_value_at_its_place_is_told_by_the_key_before_it() {
        let text = "a:\n  - owner: [x]\n    title:\n      - y\n".to_owned();
        let file = WrittenFile { name: "p.yaml".to_owned(), text };
        let told = |line, column| file.remark_on_value(line, column, "invalid type: expected string scalar").to_string();
        assert_eq!(told(2, 12), "p.yaml:2:12: `owner` must be a text");
        assert_eq!(told(4, 7), "p.yaml:4:7: `title` must be a text");
        assert_eq!(file.remark_on_value(4, 7, "bad indent").to_string(), "p.yaml:4:7: bad indent");
    }
}
