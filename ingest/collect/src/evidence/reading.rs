//! Reading rules of evidence from the folder `platform`: presets are filled, senseless rules remarked on.
//!
//! Only the section `evidence` is read here; the other sections of the same files belong to `analytics`.

mod problems;

use self::problems::problems;
use super::document::documents;
use super::glob::may_meet;
use super::known_tools::presets;
use super::rule::{Conditions, EvidenceRule, EvidenceRules};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;
use utoipa::{PartialSchema, ToSchema};
use waymark_event::{Remark, Weight, WrittenFile, key_suggestion, suggestion};

/// A file of the folder, of which only one section is ours.
#[derive(Deserialize)]
struct Sheet {
    #[serde(default)]
    evidence: Vec<Spanned<EvidenceRule>>,
}

/// Reads the rules of all files; `components` are the ids and former names that exist.
pub fn read_rules(files: &[WrittenFile], components: &[&str]) -> (EvidenceRules, Vec<Remark>) {
    let (mut rules, mut remarks) = (EvidenceRules::default(), Vec::new());
    let mut places: Vec<String> = Vec::new();
    for file in files.iter().filter(|file| has_section(&file.text)) {
        let sheet = match serde_saphyr::from_str::<Sheet>(&file.text) {
            Ok(sheet) => sheet,
            Err(error) => {
                remarks.push(refusal(file, &error));
                continue;
            }
        };
        for entry in sheet.evidence {
            let line = usize::try_from(entry.defined.line()).unwrap_or_default();
            let rule = entry.value;
            let mut say = |word: &str, weight, message| remarks.push(file.remark_at(line, usize::MAX, word, weight, message));
            if !components.contains(&rule.component.as_str()) {
                let proposal = suggestion(&rule.component, components.iter().copied());
                let message = format!("evidence: component `{}` is not described{proposal}", rule.component);
                say(&rule.component, Weight::Wrong, message);
            }
            let others = rules.rules.iter().zip(&places);
            for (_, place) in others.filter(|(known, _)| overlaps(known, &rule)) {
                let message = format!(
                    "evidence: component `{}` has two rules for the same days and repositories: the other stands at {place}",
                    rule.component
                );
                say(&rule.component, Weight::Wrong, message);
            }
            match filled(rule) {
                Ok(rule) => {
                    problems(&rule, &mut say);
                    rules.rules.push(rule);
                    places.push(format!("{}:{line}", file.name));
                }
                Err((word, message)) => say(&word, Weight::Wrong, message),
            }
        }
    }
    (rules, remarks)
}

/// Whether a file has the section. One that is no YAML may have it, and reading it says what is wrong.
fn has_section(text: &str) -> bool {
    let documents = documents(text);
    documents.map_or_else(|| text.contains("evidence"), |all| all.iter().any(|document| document.get("evidence").is_some()))
}

/// The schema of one rule, as `items` and `$defs` of JSON Schema.
pub fn evidence_schema() -> Value {
    let mut parts = Vec::new();
    EvidenceRule::schemas(&mut parts);
    let definitions: BTreeMap<String, Value> =
        parts.into_iter().filter_map(|(name, schema)| Some((name, serde_json::to_value(schema).ok()?))).collect();
    serde_json::json!({
        "items": serde_json::to_value(EvidenceRule::schema()).unwrap_or_default(),
        "$defs": definitions,
    })
}

/// Two rules of one component must not judge the same day of the same repository.
fn overlaps(one: &EvidenceRule, other: &EvidenceRule) -> bool {
    let starts_before_end = |a: &EvidenceRule, b: &EvidenceRule| a.from.zip(b.until).is_none_or(|(from, until)| from < until);
    let is_apart = !one.repositories.is_empty()
        && !other.repositories.is_empty()
        && !one.repositories.iter().any(|one| other.repositories.iter().any(|other| may_meet(one, other)));
    one.component == other.component && starts_before_end(one, other) && starts_before_end(other, one) && !is_apart
}

/// The rule with its preset: what it says itself stands before what the preset adds.
fn filled(mut rule: EvidenceRule) -> Result<EvidenceRule, (String, String)> {
    let Some(name) = rule.preset.clone() else {
        return match rule.with.keys().next() {
            Some(word) => Err((word.clone(), format!("evidence: `with: {word}` is for a `preset`, and there is none"))),
            None => Ok(rule),
        };
    };
    let known = presets();
    let Some(preset) = known.get(&name) else {
        let proposal = suggestion(&name, known.keys().map(String::as_str));
        return Err((name.clone(), format!("evidence: there is no preset `{name}`{proposal}")));
    };
    let words = words_in(preset);
    if let Some(word) = rule.with.keys().find(|word| !words.contains(*word)) {
        let proposal = suggestion(word, words.iter().map(String::as_str));
        return Err((word.clone(), format!("evidence: the preset `{name}` does not ask for `{word}`{proposal}")));
    }
    let mut value = fill(preset, &rule.with).unwrap_or_default();
    value["component"] = rule.component.clone().into();
    let added: EvidenceRule = serde_json::from_value(value)
        .map_err(|error| (name.clone(), format!("evidence: the preset `{name}` cannot be filled: {error}")))?;
    let join = |own: Option<Conditions>, added: Option<Conditions>| {
        let (mut own, added) = (own.unwrap_or_default(), added.unwrap_or_default());
        own.any.extend(added.any);
        own.all.extend(added.all);
        (own != Conditions::default()).then_some(own)
    };
    rule.present = join(rule.present, added.present);
    rule.partial = join(rule.partial, added.partial);
    let own: Vec<String> = rule.alternatives.iter().map(|alternative| alternative.name.clone()).collect();
    rule.alternatives.extend(added.alternatives.into_iter().filter(|alternative| !own.contains(&alternative.name)));
    Ok(rule)
}

/// The words in braces of a preset.
fn words_in(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => word_of(text).map(str::to_owned).into_iter().collect(),
        Value::Array(items) => items.iter().flat_map(words_in).collect(),
        Value::Object(entries) => entries.values().flat_map(words_in).collect(),
        _ => Vec::new(),
    }
}

fn word_of(text: &str) -> Option<&str> {
    text.strip_prefix('{')?.strip_suffix('}').filter(|word| !word.is_empty())
}

/// The value with its words filled; what stands on a word that is not given falls away.
fn fill(value: &Value, with: &BTreeMap<String, String>) -> Option<Value> {
    Some(match value {
        Value::String(text) => match word_of(text) {
            Some(word) => Value::String(with.get(word)?.clone()),
            None => value.clone(),
        },
        Value::Array(items) => items.iter().filter_map(|item| fill(item, with)).collect(),
        Value::Object(entries) => {
            let filled = entries.iter().map(|(key, value)| Some((key.clone(), fill(value, with)?)));
            Value::Object(filled.collect::<Option<_>>()?)
        }
        other => other.clone(),
    })
}

/// Why a file could not be read; what is wrong with other sections is told by whoever reads them.
fn refusal(file: &WrittenFile, error: &serde_saphyr::Error) -> Remark {
    let error = error.without_snippet();
    let message = match error {
        serde_saphyr::Error::Message { msg, .. } => msg.clone(),
        serde_saphyr::Error::Unexpected { expected, .. } => format!("invalid type: expected {expected}"),
        other => other.to_string(),
    };
    let number = |number: u64| usize::try_from(number).unwrap_or_default();
    if let Some(place) = error.location() {
        return file.remark_on_value(number(place.line()), number(place.column()), &message);
    }
    let sections: BTreeMap<String, Vec<Spanned<Value>>> = serde_saphyr::from_str(&file.text).unwrap_or_default();
    let mut entries = sections.get("evidence").into_iter().flatten();
    if let Some(entry) = entries.find(|entry| failure::<EvidenceRule>(entry.value.clone()).as_ref() == Some(&message)) {
        return file.remark_on_entry(number(entry.defined.line()), &entry.value, &message, &failure::<EvidenceRule>);
    }
    let word = message.split('`').nth(1).unwrap_or_default().to_owned();
    file.remark_at(0, usize::MAX, &word, Weight::Wrong, key_suggestion(&message))
}

fn failure<T: DeserializeOwned>(value: Value) -> Option<String> {
    serde_json::from_value::<T>(value).err().map(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The component of each rule, and the remarks as they are shown.
    fn read(text: &str) -> (Vec<String>, Vec<String>) {
        let file = WrittenFile { name: "p.yaml".to_owned(), text: text.to_owned() };
        let (rules, remarks) = read_rules(&[file], &["ci"]);
        let components = rules.rules.iter().map(|rule| rule.component.clone()).collect();
        (components, remarks.iter().map(ToString::to_string).collect())
    }

    /// The one remark on a rule of the component, from the text below `component`.
    fn remark(body: &str) -> String {
        let (_, mut remarks) = read(&format!("evidence:\n  - component: ci\n{body}"));
        assert_eq!(remarks.len(), 1, "{body}: {remarks:?}");
        remarks.remove(0)
    }

    #[test]
    fn the_section_is_found_however_it_is_written() {
        let entry = "  - component: ci\n    present: { any: [{ file: { path: a } }] }\n";
        for begin in ["evidence:", "\"evidence\":", "evidence :", "\u{feff}evidence:", "# x\n'evidence':"] {
            let (components, remarks) = read(&format!("{begin}\n{entry}"));
            assert_eq!((components.len(), remarks), (1, Vec::new()), "{begin}");
        }
        let flow = "{ components: [], evidence: [{ component: ci, present: { any: [{ file: { path: a } }] } }] }\n";
        assert_eq!(read(flow), (vec!["ci".to_owned()], Vec::new()));
        assert_eq!(read("components:\n  - { id: x, summary: evidence }\n"), (Vec::new(), Vec::new()));
        assert_eq!(read("evidence: [\n").1.len(), 1);
    }

    #[test]
    fn rules_that_may_judge_one_repository_are_refused_with_both_lines() {
        let two = |one: &str, other: &str| {
            let rule = |repositories: &str| {
                format!(
                    "  - {{ component: ci, repositories: [{repositories}], present: {{ any: [{{ file: {{ path: a }} }}] }} }}\n"
                )
            };
            read(&format!("evidence:\n{}{}", rule(one), rule(other))).1
        };
        let refused = two("\"github.com/acme/*\"", "\"github.com/Acme/cart\"");
        assert_eq!(refused.len(), 1, "{refused:?}");
        assert!(refused[0].starts_with("p.yaml:3:") && refused[0].ends_with("the other stands at p.yaml:2"), "{refused:?}");
        assert_eq!(two("", "\"github.com/acme/cart\"").len(), 1);
        assert!(two("\"github.com/acme/*\"", "\"github.com/other/*\"").is_empty());
    }

    #[test]
    fn what_says_nothing_is_refused_by_the_name_of_its_field() {
        for (body, expected) in [
            (
                "    present: { any: [{ dockerfile_from: { match: [] } }] }\n",
                "p.yaml:3:43: evidence of `ci`, dockerfile_from: `match` names nothing",
            ),
            ("    present: { any: [{ file: { path: [] } }] }\n", "p.yaml:3:32: evidence of `ci`, file: `path` names nothing"),
            (
                "    present: { any: [{ lockfile: { name: \"\" } }] }\n",
                "p.yaml:3:36: evidence of `ci`, lockfile: `name` holds an empty text",
            ),
            ("    runtime: {}\n", "p.yaml:3:5: evidence of `ci`: `runtime` needs `runs_use` or `deployments_from`"),
            ("    runtime: { runs_use: [] }\n", "p.yaml:3:16: evidence of `ci`: `runs_use` names nothing"),
            (
                "    present: { any: [{ file: { path: a } }] }\n    from: 2026-03-01\n    until: 2026-03-01\n",
                "p.yaml:5:5: evidence of `ci`: `until` (2026-03-01) must be later than `from` (2026-03-01)",
            ),
        ] {
            assert_eq!(remark(body), expected, "{body}");
        }
        let files = remark("    present:\n      any:\n        - file: { path: a }\n        - line: { match: b }\n");
        assert_eq!(files, "p.yaml:6:11: missing field `files` of `present.any.line`");
        let version = remark("    rule_version: -2\n");
        assert!(version.contains("`rule_version` must be a whole number from 0 to 2147483647, not `-2`"), "{version}");
        let follow = remark("    present: { any: [{ workflow_uses: { match: a, follow: -1 } }] }\n");
        assert!(follow.contains("`follow` must be a whole number from 0 to 255, not `-1`"), "{follow}");
    }
}
