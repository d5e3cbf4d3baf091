//! Reading rules of evidence from the folder `platform`: presets are filled, senseless rules remarked on.
//!
//! Only the section `evidence` is read here; the other sections of the same files belong to `analytics`.

use super::glob::{Patterns, is_path_pattern};
use super::known_tools::presets;
use super::rule::{Condition, Conditions, EvidenceRule, EvidenceRules};
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
    for file in files.iter().filter(|file| file.text.lines().any(|line| line.starts_with("evidence:"))) {
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
            if rules.rules.iter().any(|known| overlaps(known, &rule)) {
                let message =
                    format!("evidence: component `{}` has two rules for the same days and repositories", rule.component);
                say(&rule.component, Weight::Wrong, message);
            }
            match filled(rule) {
                Ok(rule) => {
                    problems(&rule, &mut say);
                    rules.rules.push(rule);
                }
                Err((word, message)) => say(&word, Weight::Wrong, message),
            }
        }
    }
    (rules, remarks)
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
        && one.repositories.iter().all(|repository| !other.repositories.contains(repository));
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

/// What makes a rule senseless: patterns that cannot be read, and those that can never fit.
fn problems(rule: &EvidenceRule, say: &mut dyn FnMut(&str, Weight, String)) {
    let component = &rule.component;
    for (name, set) in [("present", &rule.present), ("partial", &rule.partial)] {
        let Some(set) = set else { continue };
        if !set.any.is_empty() && !set.all.is_empty() {
            say(name, Weight::Wrong, format!("evidence of `{component}`: `{name}` has both `any` and `all`: choose one"));
        }
    }
    let is_empty = |set: &Conditions| set.any.is_empty() && set.all.is_empty();
    if rule.present.as_ref().is_none_or(is_empty) && rule.runtime.is_none() {
        say(
            component,
            Weight::Doubtful,
            format!("evidence of `{component}`: nothing can show that it is used, so the rule matches nothing"),
        );
    }
    for condition in rule.conditions() {
        let name = condition.name();
        for path in condition.paths() {
            if !is_path_pattern(path) {
                say(path, Weight::Wrong, format!("evidence of `{component}`, {name}: `{path}` is no pattern of paths"));
            } else if path.starts_with('/') || path.starts_with("./") {
                let message = format!(
                    "evidence of `{component}`, {name}: `{path}` matches nothing, because paths begin at the top without `/`"
                );
                say(path, Weight::Doubtful, message);
            }
        }
        for pattern in condition.patterns() {
            if Patterns::of_values([pattern]).is_err() || pattern.trim().is_empty() {
                say(pattern, Weight::Wrong, format!("evidence of `{component}`, {name}: `{pattern}` is no pattern"));
            } else if pattern.contains("://") && matches!(condition, Condition::DockerfileFrom(_) | Condition::WorkflowUses(_))
            {
                let message =
                    format!("evidence of `{component}`, {name}: `{pattern}` matches nothing, because no `://` stands there");
                say(pattern, Weight::Doubtful, message);
            }
        }
    }
}

/// Why a file could not be read; what is wrong with other sections is told by whoever reads them.
fn refusal(file: &WrittenFile, error: &serde_saphyr::Error) -> Remark {
    let error = error.without_snippet();
    let message = match error {
        serde_saphyr::Error::Message { msg, .. } => msg.clone(),
        other => other.to_string(),
    };
    let number = |number: u64| usize::try_from(number).unwrap_or_default();
    if let Some(place) = error.location() {
        return file.remark(number(place.line()), number(place.column()), Weight::Wrong, key_suggestion(&message));
    }
    let sections: BTreeMap<String, Vec<Spanned<Value>>> = serde_saphyr::from_str(&file.text).unwrap_or_default();
    let mut entries = sections.get("evidence").into_iter().flatten();
    let failing = entries.find(|entry| failure::<EvidenceRule>(entry.value.clone()).as_ref() == Some(&message));
    let line = failing.map_or(0, |entry| number(entry.defined.line()));
    let word = message.split('`').nth(1).unwrap_or_default().to_owned();
    file.remark_at(line, usize::MAX, &word, Weight::Wrong, key_suggestion(&message))
}

fn failure<T: DeserializeOwned>(value: Value) -> Option<String> {
    serde_json::from_value::<T>(value).err().map(|error| error.to_string())
}
