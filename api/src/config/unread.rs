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
use waymark_event::{Remark, Weight, key_suggestion};

/// Each piece that cannot be read, with its place; none when the text as a whole is no TOML.
pub(super) fn unread(text: &str, file: &str) -> Vec<Remark> {
    let Ok(whole) = DeTable::parse(text) else { return Vec::new() };
    let mut remarks = Vec::new();
    for (key, value) in whole.into_inner() {
        for piece in pieces(value) {
            let Some(error) = mistake(key.clone(), piece) else { continue };
            let span = error.span().unwrap_or_else(|| key.span());
            // Only half of the known sections are known to the reader that meets an unknown one.
            let further: &[&str] = if span == key.span() { DEFINITIONS } else { &[] };
            let (line, column) = place(text, span.start);
            let message = message(&error, further);
            remarks.push(Remark { file: file.to_owned(), line, column, weight: Weight::Wrong, message });
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
fn message(error: &Error, further: &[&str]) -> String {
    let further: Vec<String> = further.iter().map(|key| format!(", `{key}`")).collect();
    let said = format!("{}{}", error.message(), further.concat());
    let suggested = key_suggestion(&said);
    if suggested == said { error.to_string().trim_end().replace('\n', " ") } else { suggested }
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
            "waymark.toml:2:18: invalid type: string \"large\", expected usize in `webhook.body_bytes_max`",
            "waymark.toml:6:1: `sorce` is not known here: did you mean `source`?",
            "waymark.toml:9:8: invalid type: integer `7`, expected a string in `connection.name`",
            "waymark.toml:16:1: missing field `title` in `component`",
            "waymark.toml:20:15: invalid value: integer `-1`, expected u32 in `upkeep.vacuum_days`",
            "waymark.toml:22:2: `settigns` is not known here: did you mean `settings`?",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn what_is_no_toml_has_no_pieces() {
        assert_eq!(unread("[webhook\n", "waymark.toml"), []);
    }
}
