//! A person's name in texts that say something else: addresses, branches, labels, comments, attributes.
//!
//! Such a text stays, with one word in the place of the name, the same for everybody: equal texts stay equal, and
//! nothing leads back. What names a thing and our own closed words are left as they are, because facts are joined
//! and counted by them.

use arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, StringArray, StructArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use waymark_event::{Observation, Record};

/// What stands in the place of a name.
const STAND_IN: &str = "forgotten";
/// Columns that name a thing or hold one of our own words; so does every column that ends with `_id`.
const LEFT_ALONE: &[&str] = &[
    "alternative",
    "application",
    "backport_of",
    "change_links",
    "closed_side",
    "config_revision",
    "depends_on",
    "deployment_links",
    "detector",
    "environment",
    "finding",
    "instance",
    "interface",
    "job",
    "kind",
    "lifecycle_raw",
    "linked_tickets",
    "merged_into",
    "moment",
    "name",
    "outcome",
    "owner_kind",
    "owner_raw",
    "parent",
    "parent_run",
    "part_of",
    "path",
    "paths",
    "picked_from",
    "pipeline_path",
    "pull_request",
    "pull_requests",
    "purpose",
    "repository",
    "requester_team",
    "result",
    "retry_of",
    "revert_of",
    "reverts",
    "revisions",
    "rollback_of",
    "routed_side",
    "run",
    "service_hint",
    "service_hints",
    "severity",
    "source",
    "source_repository",
    "state",
    "status",
    "status_category",
    "subject",
    "survey",
    "ticket_ids",
    "tier_hint",
    "trigger",
    "type",
    "type_raw",
    "uses",
    "wave",
];

/// Whether a word is the name of somebody who is to be forgotten.
pub(super) type IsName<'a> = &'a dyn Fn(&str) -> bool;

/// Whether two names are one: accounts and addresses do not care about capital letters.
pub(super) fn is_same(name: &str, other: &str) -> bool {
    name.chars().flat_map(char::to_lowercase).eq(other.chars().flat_map(char::to_lowercase))
}

/// Whether a column may hold a name beside other words.
pub(super) fn is_searched(column: &str) -> bool {
    !column.ends_with("_id") && !LEFT_ALONE.contains(&column)
}

/// The text with another word in the place of each name; null when it holds none.
///
/// A name is a whole word: what stands beside it is no letter, digit, `-` or `_`; an address is no part of a longer one.
pub(super) fn without_names(text: &str, is_name: IsName<'_>) -> Option<String> {
    // Some write people with a first and a last name.
    if text.contains(' ') && is_name(text.trim()) {
        return Some(STAND_IN.to_owned());
    }
    let is_of_word = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '_';
    let is_of_address = |letter: char| is_of_word(letter) || ".+@".contains(letter);
    replaced(text, is_of_address, |address| {
        let name = address.trim_matches('.');
        if !name.is_empty() && is_name(name) {
            return Some(address.replace(name, STAND_IN));
        }
        let is_divided = name.contains(['.', '+', '@']);
        let replace = |word: &str| (!word.is_empty() && is_name(word)).then(|| STAND_IN.to_owned());
        if is_divided { replaced(address, is_of_word, replace) } else { None }
    })
}

/// The text with other words in the place of those for which there is one; null when there is none.
fn replaced(text: &str, is_part: impl Fn(char) -> bool, replace: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut written = String::with_capacity(text.len());
    let mut is_found = false;
    for piece in text.split_inclusive(|letter: char| !is_part(letter)) {
        let word = piece.trim_end_matches(|letter: char| !is_part(letter));
        match replace(word) {
            Some(other) => {
                is_found = true;
                written.push_str(&other);
            }
            None => written.push_str(word),
        }
        written.push_str(piece.strip_prefix(word).unwrap_or_default());
    }
    is_found.then_some(written)
}

/// What became of a statement in which names were looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looked {
    /// It names nobody.
    Clean,
    /// It named somebody and does so no more.
    Hidden,
    /// It names somebody and cannot be told without.
    Untellable,
}

/// Takes names out of the texts of a statement.
pub(super) fn hide_in_observation(observation: &mut Observation, is_name: IsName<'_>) -> Looked {
    let head = &mut observation.head;
    let mut is_found = false;
    if let Some(url) = head.url.as_deref().and_then(|url| without_names(url, is_name)) {
        head.url = Some(url);
        is_found = true;
    }
    let other = |text: String, is_found: &mut bool| match without_names(&text, is_name) {
        Some(other) => {
            *is_found = true;
            other
        }
        None => text,
    };
    let pairs = std::mem::take(&mut head.attributes).into_iter();
    let pairs = pairs.map(|(name, text)| (other(name, &mut is_found), other(text, &mut is_found)));
    head.attributes = pairs.collect::<BTreeMap<_, _>>();
    let Ok(mut told) = serde_json::to_value(&observation.record) else { return Looked::Untellable };
    if hide_in_fields(&mut told, is_name) {
        let Ok(record) = Record::from_json(observation.table(), told) else { return Looked::Untellable };
        observation.record = record;
        is_found = true;
    }
    if is_found { Looked::Hidden } else { Looked::Clean }
}

/// Takes names out of those fields of a record that are searched.
fn hide_in_fields(record: &mut Value, is_name: IsName<'_>) -> bool {
    let Some(fields) = record.as_object_mut() else { return false };
    let mut is_found = false;
    for (_, value) in fields.iter_mut().filter(|(column, _)| is_searched(column)) {
        is_found |= hide_in_value(value, is_name);
    }
    is_found
}

fn hide_in_value(value: &mut Value, is_name: IsName<'_>) -> bool {
    match value {
        Value::String(text) => match without_names(text, is_name) {
            Some(other) => {
                *text = other;
                true
            }
            None => false,
        },
        Value::Array(values) => {
            let mut is_found = false;
            for value in values {
                is_found |= hide_in_value(value, is_name);
            }
            is_found
        }
        Value::Object(pairs) => {
            let mut is_found = false;
            for (name, mut value) in std::mem::take(pairs) {
                is_found |= hide_in_value(&mut value, is_name);
                let other = without_names(&name, is_name);
                is_found |= other.is_some();
                pairs.insert(other.unwrap_or(name), value);
            }
            is_found
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A column of texts, of lists or of maps of texts without names; marks the rows that held one.
pub(super) fn hide_in_column(column: &ArrayRef, is_name: IsName<'_>, found: &mut [bool]) -> Result<ArrayRef, ArrowError> {
    match column.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(_, _) => {
            hide_in_texts(column, is_name, found)
        }
        DataType::List(field) => {
            let lists = column.as_list::<i32>();
            let mut inside = vec![false; lists.values().len()];
            let values = hide_in_column(lists.values(), is_name, &mut inside)?;
            if !inside.contains(&true) {
                return Ok(Arc::clone(column));
            }
            mark(found, lists.value_offsets(), &inside);
            let (offsets, nulls) = (lists.offsets().clone(), lists.nulls().cloned());
            Ok(Arc::new(ListArray::try_new(Arc::clone(field), offsets, values, nulls)?))
        }
        DataType::Map(field, is_sorted) => {
            let maps = column.as_map();
            let entries = maps.entries();
            let mut inside = vec![false; entries.len()];
            let sides = entries.columns().iter().map(|side| hide_in_column(side, is_name, &mut inside));
            let sides = sides.collect::<Result<Vec<_>, _>>()?;
            if !inside.contains(&true) {
                return Ok(Arc::clone(column));
            }
            mark(found, maps.value_offsets(), &inside);
            let entries = StructArray::try_new(entries.fields().clone(), sides, entries.nulls().cloned())?;
            let (offsets, nulls) = (maps.offsets().clone(), maps.nulls().cloned());
            Ok(Arc::new(MapArray::try_new(Arc::clone(field), offsets, entries, nulls, *is_sorted)?))
        }
        _ => Ok(Arc::clone(column)),
    }
}

fn hide_in_texts(column: &ArrayRef, is_name: IsName<'_>, found: &mut [bool]) -> Result<ArrayRef, ArrowError> {
    let texts = cast(column, &DataType::Utf8)?;
    let texts = texts.as_string::<i32>();
    let others: Vec<Option<String>> = texts.iter().map(|text| without_names(text?, is_name)).collect();
    if others.iter().all(Option::is_none) {
        return Ok(Arc::clone(column));
    }
    for (found, other) in found.iter_mut().zip(&others) {
        *found |= other.is_some();
    }
    let hidden: StringArray = texts.iter().zip(&others).map(|(text, other)| other.as_deref().or(text)).collect();
    cast(&hidden, column.data_type())
}

/// Marks the rows of which a part is marked.
fn mark(found: &mut [bool], offsets: &[i32], inside: &[bool]) {
    for (found, ends) in found.iter_mut().zip(offsets.windows(2)) {
        let place = |end: i32| usize::try_from(end).unwrap_or_default();
        *found |= inside.get(place(ends[0])..place(ends[1])).is_some_and(|inside| inside.contains(&true));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ListBuilder, MapBuilder, StringBuilder};
    use waymark_event::{CiRun, Deployment, Head};

    fn is_ada(name: &str) -> bool {
        is_same(name, "ada") || is_same(name, "ada@example.org")
    }

    #[test]
    fn a_name_is_a_whole_word_in_a_text() {
        let cases = [
            ("ada", Some("forgotten")),
            ("Ada/feature", Some("forgotten/feature")),
            ("https://github.com/ada/shop?by=ADA#1", Some("https://github.com/forgotten/shop?by=forgotten#1")),
            ("refs/heads/users/ada", Some("refs/heads/users/forgotten")),
            ("ask ada@example.org.", Some("ask forgotten.")),
            ("ada@other.example", Some("forgotten@other.example")),
            ("for «ada», then", Some("for «forgotten», then")),
            ("ada-feature", None),
            ("canada/ada_1", None),
            ("ädada", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(without_names(text, &is_ada).as_deref(), expected, "{text}");
        }
        let is_address = |name: &str| is_same(name, "ada@example.org");
        assert_eq!(without_names("x.ada@example.org ada@example.organisation", &is_address), None);
        let is_whole = |name: &str| is_same(name, "ada lovelace");
        assert_eq!(without_names("Ada Lovelace", &is_whole).as_deref(), Some("forgotten"));
    }

    #[test]
    fn lists_and_maps_lose_the_name_in_their_own_rows_only() {
        let mut lists = ListBuilder::new(StringBuilder::new());
        lists.append_value([Some("x"), Some("by:ada")]);
        lists.append_null();
        lists.append_value([Some("y")]);
        let mut maps = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
        for (name, text) in [("team", "payments"), ("who", "ada@example.org"), ("ada", "1")] {
            maps.keys().append_value(name);
            maps.values().append_value(text);
            maps.append(true).unwrap();
        }
        let (lists, maps): (ArrayRef, ArrayRef) = (Arc::new(lists.finish()), Arc::new(maps.finish()));
        for (column, expected) in [(lists, [true, false, false]), (maps, [false, true, true])] {
            let mut found = [false; 3];
            let hidden = hide_in_column(&column, &is_ada, &mut found).unwrap();
            assert_eq!(found, expected);
            assert_eq!((hidden.data_type(), hidden.nulls()), (column.data_type(), column.nulls()));
            let mut again = [false; 3];
            assert_eq!(&hide_in_column(&hidden, &is_ada, &mut again).unwrap(), &hidden);
            assert_eq!(again, [false; 3]);
        }
    }

    #[test]
    fn a_statement_loses_the_name_and_keeps_what_it_is_about() {
        let head = Head {
            url: Some("https://ci.example.org/ada/1".to_owned()),
            attributes: BTreeMap::from([("who".to_owned(), "ada@example.org".to_owned())]),
            ..Head::default()
        };
        let run = CiRun {
            run_id: "ada".to_owned(),
            repository: Some("github.com/acme/ada".to_owned()),
            head_ref: Some("ada/feature".to_owned()),
            uses: vec!["ada/setup@v1".to_owned()],
            ..CiRun::default()
        };
        // What it used is a thing, and rules know it by its name.
        let expected = CiRun { head_ref: Some("forgotten/feature".to_owned()), ..run.clone() };
        let mut observation = Observation { head, record: run.into() };
        assert_eq!(hide_in_observation(&mut observation, &is_ada), Looked::Hidden);
        assert_eq!(observation.record, Record::from(expected));
        assert_eq!(observation.head.url.as_deref(), Some("https://ci.example.org/forgotten/1"));
        assert_eq!(observation.head.attributes["who"], "forgotten");
        assert_eq!(hide_in_observation(&mut observation, &is_ada), Looked::Clean);
        let mut other = Observation { head: Head::default(), record: Deployment::default().into() };
        assert_eq!(hide_in_observation(&mut other, &is_ada), Looked::Clean);
    }
}
