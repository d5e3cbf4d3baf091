//! What cannot be read in a configuration file: each mistake of a section, and the first of each entry of a list.
//!
//! Whoever reads the whole stops at the first mistake of all, so each piece is read by itself, and what is left can be
//! judged as well. What can be read and still means nothing is told by `problems.rs`.

use super::{DEFINITIONS, Operation};
use serde::Deserialize;
use std::iter::once;
use toml::Spanned;
use toml::de::{DeArray, DeString, DeTable, DeValue, Deserializer, Error};
use waymark_analytics::Definitions;
use waymark_event::{Remark, Weight, in_plain_words};

/// Lists whose entries name components.
const NAMING: &[&str] = &["mandate", "exemption", "target", "migration", "responsibility"];

/// A configuration file as far as it can be read.
pub(super) struct Readable<'text> {
    /// What it says, without what cannot be read.
    pub(super) table: DeTable<'text>,
    /// Each piece that cannot be read, with its place.
    pub(super) mistakes: Vec<Remark>,
    /// A component is among them, so that nobody can say of a name that it is none.
    pub(super) lacks_components: bool,
}

/// Reads a text piece by piece.
///
/// Lines are never shown, because a secret may stand in them.
///
/// # Errors
/// The one place where a text as a whole is no TOML.
pub(super) fn readable<'text>(text: &'text str, file: &str) -> Result<Readable<'text>, Remark> {
    let remark = |start: usize, message: String| {
        let (line, column) = place(text, start);
        Remark { file: file.to_owned(), line, column, weight: Weight::Wrong, message }
    };
    let whole = DeTable::parse(text).map_err(|error| {
        let start = error.span().map_or(text.len(), |span| span.start);
        remark(start, format!("this is no TOML: {}", error.message().replace('\n', " ")))
    })?;
    let mut readable = Readable { table: DeTable::new(), mistakes: Vec::new(), lacks_components: false };
    for (key, value) in whole.into_inner() {
        let mut errors = Vec::new();
        let rest = rest(&key, value, &mut errors);
        readable.lacks_components |= key.get_ref() == "component" && !errors.is_empty();
        for error in errors {
            let span = error.span().unwrap_or_else(|| key.span());
            // Only half of the known sections are known to the reader that meets an unknown one.
            let further: &[&str] = if span == key.span() { DEFINITIONS } else { &[] };
            readable.mistakes.push(remark(span.start, message(&error, further)));
        }
        readable.table.extend(rest.map(|rest| (key, rest)));
    }
    if readable.lacks_components {
        let table = std::mem::take(&mut readable.table).into_iter();
        readable.table = table.filter(|(key, _)| !NAMING.contains(&key.get_ref().as_ref())).collect();
    }
    Ok(readable)
}

/// A value without what cannot be read of it: entries of a list, and keys of a section, which all may be left out.
fn rest<'text>(
    key: &Spanned<DeString<'text>>,
    value: Spanned<DeValue<'text>>,
    errors: &mut Vec<Error>,
) -> Option<Spanned<DeValue<'text>>> {
    let span = value.span();
    let alone = |piece: DeValue<'text>| mistake(key.clone(), Spanned::new(span.clone(), piece));
    let rest = match value.into_inner() {
        DeValue::Array(entries) if !entries.is_empty() => {
            let mut kept = DeArray::new();
            for entry in entries {
                match alone(DeValue::Array(once(entry.clone()).collect())) {
                    Some(error) => errors.push(error),
                    None => kept.push(entry),
                }
            }
            (!kept.is_empty()).then_some(DeValue::Array(kept))
        }
        DeValue::Table(mut section) => {
            while let Some(error) = alone(DeValue::Table(section.clone())) {
                let before = section.len();
                section = without(section, &error);
                errors.push(error);
                if section.len() == before {
                    return None;
                }
            }
            Some(DeValue::Table(section))
        }
        other => match alone(other.clone()) {
            Some(error) => {
                errors.push(error);
                None
            }
            None => Some(other),
        },
    };
    rest.map(|rest| Spanned::new(span, rest))
}

/// A section without the key at which its reader fails, where that is one of its own.
fn without<'text>(section: DeTable<'text>, error: &Error) -> DeTable<'text> {
    let Some(place) = error.span().map(|span| span.start) else { return section };
    section.into_iter().filter(|(key, value)| !key.span().contains(&place) && !value.span().contains(&place)).collect()
}

/// Why a piece cannot be read where everything else is left out.
fn mistake<'text>(key: Spanned<DeString<'text>>, piece: Spanned<DeValue<'text>>) -> Option<Error> {
    let is_definition = DEFINITIONS.contains(&key.get_ref().as_ref());
    let span = piece.span();
    let mut alone = DeTable::new();
    alone.insert(key, piece);
    let alone = Deserializer::from(Spanned::new(span, alone));
    if is_definition { Definitions::deserialize(alone).err() } else { Operation::deserialize(alone).err() }
}

/// What an error says, in one line; an unknown key with the nearest of those that are known, `further` ones among them.
/// What stands among secrets is not repeated.
fn message(error: &Error, further: &[&str]) -> String {
    let whole = error.to_string();
    let keys = whole.trim_end().rsplit_once('\n').and_then(|(_, last)| last.strip_prefix("in `")?.strip_suffix('`'));
    let keys = keys.unwrap_or_default();
    if keys.split('.').any(|key| key == "secrets") {
        return format!("`{keys}` cannot be read: write `secrets` as a list of {{ id, value }}, both of them texts");
    }
    let mut said = error.message().replace('\n', " ");
    if said.starts_with("unknown field") {
        said.extend(further.iter().map(|key| format!(", `{key}`")));
    }
    if said == "invalid socket address syntax" {
        "invalid type: expected socket address".clone_into(&mut said);
    }
    let plain = in_plain_words(keys, &said);
    if plain == said && !keys.is_empty() { format!("`{keys}`: {said}") } else { plain }
}

/// Line and column, both from 1, of a place in a text.
fn place(text: &str, start: usize) -> (usize, usize) {
    let before = text.get(..start).unwrap_or_default();
    let last = before.rsplit('\n').next().unwrap_or_default();
    (1 + before.matches('\n').count(), 1 + last.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(text: &str) -> Vec<Remark> {
        let mut told = readable(text, "waymark.toml").map_or_else(|mistake| vec![mistake], |readable| readable.mistakes);
        told.sort();
        told
    }

    #[test]
    fn each_key_of_a_section_is_told() {
        let text = "[kafka]\ntopik = \"a\"\nbatch_wait_ms = \"long\"\nsource = 7\n";
        let told: Vec<String> = mistakes(text).iter().map(ToString::to_string).collect();
        let expected = [
            "waymark.toml:2:1: `topik` is not known here: did you mean `topic`?",
            "waymark.toml:3:17: `kafka.batch_wait_ms` must be a whole number, 0 or more",
            "waymark.toml:4:10: `kafka.source` must be a text",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn each_section_and_each_entry_tells_its_first_mistake_with_its_place() {
        let text = "\
[webhook]
body_bytes_max = \"large\"

[[connection]]
name = \"ci\"
sorce = \"json\"

[[connection]]
name = 7
source = \"json\"

[[connection]]
name = \"good\"
source = \"json\"

[[component]]
id = \"ci\"

[upkeep]
vacuum_days = -1

[settigns]
";
        let told: Vec<String> = mistakes(text).iter().map(ToString::to_string).collect();
        let expected = [
            "waymark.toml:2:18: `webhook.body_bytes_max` must be a whole number, 0 or more",
            "waymark.toml:6:1: `sorce` is not known here: did you mean `source`?",
            "waymark.toml:9:8: `connection.name` must be a text",
            "waymark.toml:16:1: missing field `title` of `component`",
            "waymark.toml:20:15: `upkeep.vacuum_days` must be a whole number, 0 or more",
            "waymark.toml:22:2: `settigns` is not known here: did you mean `settings`?",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_secret_is_never_shown() {
        for written in [
            "secrets = ['5f1c0ffee']",
            "secrets = '5f1c0ffee'",
            "secrets = 51300",
            "secrets = [{ id = 'a', value = 51300 }]",
            "secrets = [{ id = 'a', valu = '5f1c0ffee' }]",
            "secrets = [{ '5f1c0ffee' = 'a' }]",
            "secrets = [{ id = 'a', value = '5f1c0ffee }]",
            "secrets = [{ id = 'a', value = 5f1c0ffee }]",
        ] {
            let text = format!("[[connection]]\nname = 'a'\nsource = 'json'\n{written}\n");
            let told = mistakes(&text);
            let [remark] = told.as_slice() else { panic!("{written}: {told:?}") };
            assert_eq!(remark.line, 4, "{written}: {remark}");
            let is_shown = remark.message.contains("5f1c") || remark.message.contains("51300");
            assert!(!is_shown, "{written}: {remark}");
            let says = |words: &str| remark.message.contains(words);
            assert!(says("a list of { id, value }") || says("this is no TOML: "), "{written}: {remark}");
        }
    }
}
