//! What cannot be read in a configuration file: the first mistake of each section and of each entry of a list.
//!
//! Whoever reads the whole stops at the first mistake of all, so each piece is read by itself. What can be read and
//! still means nothing is told by `problems.rs`.

use super::{DEFINITIONS, Operation};
use serde::Deserialize;
use std::iter::once;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue, Deserializer, Error};
use waymark_analytics::Definitions;
use waymark_event::{Remark, Weight, in_plain_words};

/// Each piece that cannot be read, with its place; the one place where a text as a whole is no TOML.
///
/// Lines are never shown, because a secret may stand in them.
pub(super) fn unread(text: &str, file: &str) -> Vec<Remark> {
    let remark = |start: usize, message: String| {
        let (line, column) = place(text, start);
        Remark { file: file.to_owned(), line, column, weight: Weight::Wrong, message }
    };
    let whole = match DeTable::parse(text) {
        Ok(whole) => whole,
        Err(error) => {
            let start = error.span().map_or(text.len(), |span| span.start);
            return vec![remark(start, format!("this is no TOML: {}", error.message().replace('\n', " ")))];
        }
    };
    let mut remarks = Vec::new();
    for (key, value) in whole.into_inner() {
        for piece in pieces(value) {
            let Some(error) = mistake(key.clone(), piece) else { continue };
            let span = error.span().unwrap_or_else(|| key.span());
            // Only half of the known sections are known to the reader that meets an unknown one.
            let further: &[&str] = if span == key.span() { DEFINITIONS } else { &[] };
            remarks.push(remark(span.start, message(&error, further)));
        }
    }
    remarks.sort();
    remarks.dedup();
    remarks
}

/// The entries of a list, each as a list of its own; anything else as it is.
fn pieces(value: Spanned<DeValue<'_>>) -> Vec<Spanned<DeValue<'_>>> {
    let span = value.span();
    match value.into_inner() {
        DeValue::Array(entries) => {
            entries.into_iter().map(|entry| Spanned::new(span.clone(), DeValue::Array(once(entry).collect()))).collect()
        }
        other => vec![Spanned::new(span, other)],
    }
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
        let told: Vec<String> = unread(text, "waymark.toml").iter().map(ToString::to_string).collect();
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
            let told = unread(&text, "waymark.toml");
            let [remark] = told.as_slice() else { panic!("{written}: {told:?}") };
            assert_eq!(remark.line, 4, "{written}: {remark}");
            let is_shown = remark.message.contains("5f1c") || remark.message.contains("51300");
            assert!(!is_shown, "{written}: {remark}");
            let says = |words: &str| remark.message.contains(words);
            assert!(says("a list of { id, value }") || says("this is no TOML: "), "{written}: {remark}");
        }
    }
}
