//! Rows without a person: which rows name one, and the same rows when they no longer do.

use super::words::{hide_in_column, is_same, is_searched};
use crate::kept::texts;
use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, BooleanArray, MapArray, RecordBatch, StringArray, new_empty_array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{cast, interleave, nullif};
use arrow::datatypes::{DataType, Schema};
use arrow::error::ArrowError;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Columns whose whole value is a pseudonym.
const PERSONAL: &[&str] = &["person", "author", "committer", "reviewer", "requester", "respondent", "owner_raw"];
/// Columns in which a pseudonym can be one part of an identity.
const IDENTITIES: &[&str] = &["entity_id", "part_of", "subject"];
/// The column that identifies its author by how it is written; it goes with the respondent.
const COMMENT: &str = "comment";

/// Rows in which nobody is named any more, and how many of them did name somebody.
pub(super) struct Hidden {
    pub(super) rows: RecordBatch,
    pub(super) count: usize,
}

/// Whether a part of an identity is one of the pseudonyms; parts are separated by colons.
pub(super) fn holds(identity: &str, pseudonyms: &BTreeSet<String>) -> bool {
    identity.contains(":p_") && identity.split(':').any(|part| pseudonyms.contains(part))
}

/// Which rows hold one of the pseudonyms, or the name beside other words.
pub(super) fn are_personal(
    rows: &RecordBatch,
    pseudonyms: &BTreeSet<String>,
    person: &str,
) -> Result<BooleanArray, ArrowError> {
    let mut found = vec![false; rows.num_rows()];
    for (field, column) in rows.schema().fields().iter().zip(rows.columns()) {
        let name = field.name().as_str();
        let is_identity = IDENTITIES.contains(&name);
        if is_identity || PERSONAL.contains(&name) {
            let is_named = |text: &str| if is_identity { holds(text, pseudonyms) } else { pseudonyms.contains(text) };
            for (found, text) in found.iter_mut().zip(&texts(rows, name)?) {
                *found |= text.is_some_and(is_named);
            }
        } else if is_searched(name) {
            hide_in_column(column, &|word| is_same(word, person), &mut found)?;
        }
    }
    Ok(BooleanArray::from(found))
}

/// The rows with null for a person, with a stand-in where a person is part of an identity, and without the name
/// in other texts.
pub(super) fn hidden(rows: &RecordBatch, stand_ins: &BTreeMap<String, String>, person: &str) -> Result<Hidden, ArrowError> {
    let pseudonyms: BTreeSet<String> = stand_ins.keys().cloned().collect();
    let count = are_personal(rows, &pseudonyms, person)?.true_count();
    let mut columns = Vec::with_capacity(rows.num_columns());
    for (field, before) in rows.schema().fields().iter().zip(rows.columns()) {
        let name = field.name().as_str();
        let is_comment = name == COMMENT && rows.column_by_name("respondent").is_some();
        let column = if PERSONAL.contains(&name) || is_comment {
            let people = texts(rows, if is_comment { "respondent" } else { name })?;
            let mask = people.iter().map(|text| Some(text.is_some_and(|text| pseudonyms.contains(text)))).collect();
            nullif(before, &mask)?
        } else if IDENTITIES.contains(&name) {
            let texts = texts(rows, name)?;
            let texts: StringArray = texts.iter().map(|text| text.map(|text| without(text, stand_ins))).collect();
            cast(&texts, before.data_type())?
        } else {
            Arc::clone(before)
        };
        columns.push(if is_searched(name) && !PERSONAL.contains(&name) {
            hide_in_column(&column, &|word| is_same(word, person), &mut vec![false; rows.num_rows()])?
        } else {
            column
        });
    }
    let fields = rows.schema().fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect::<Vec<_>>();
    Ok(Hidden { rows: RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?, count })
}

fn without(identity: &str, stand_ins: &BTreeMap<String, String>) -> String {
    let parts: Vec<&str> = identity.split(':').map(|part| stand_ins.get(part).map_or(part, String::as_str)).collect();
    parts.join(":")
}

/// Rows of deliveries in which those that were found have neither body, headers nor address; also
/// how many were found.
pub(super) fn emptied(rows: &RecordBatch, is_found: &BooleanArray) -> Result<(RecordBatch, usize), ArrowError> {
    let count = is_found.true_count();
    if count == 0 {
        return Ok((rows.clone(), 0));
    }
    let nothing = data_encoding::HEXLOWER.encode(&Sha256::digest(b""));
    let mut columns = Vec::with_capacity(rows.num_columns());
    for (field, before) in rows.schema().fields().iter().zip(rows.columns()) {
        columns.push(match field.name().as_str() {
            "body" => replaced(before, &cast(&BinaryArray::from_iter_values([b""]), before.data_type())?, is_found)?,
            "body_sha256" => {
                let of_nothing = StringArray::from(vec![nothing.as_str()]);
                replaced(before, &cast(&of_nothing, before.data_type())?, is_found)?
            }
            "headers" => replaced(before, &no_entries(before.data_type())?, is_found)?,
            "request_url" => nullif(before, is_found)?,
            _ => Arc::clone(before),
        });
    }
    Ok((RecordBatch::try_new(rows.schema(), columns)?, count))
}

/// A column with one value in the place of those that were found.
fn replaced(before: &ArrayRef, one: &ArrayRef, is_found: &BooleanArray) -> Result<ArrayRef, ArrowError> {
    let places: Vec<(usize, usize)> =
        (0..before.len()).map(|row| if is_found.value(row) { (1, 0) } else { (0, row) }).collect();
    interleave(&[before.as_ref(), one.as_ref()], &places)
}

/// One row of a map column that has no entry.
fn no_entries(data_type: &DataType) -> Result<ArrayRef, ArrowError> {
    let DataType::Map(entries, is_sorted) = data_type else {
        return Err(ArrowError::SchemaError("the column `headers` is no map".to_owned()));
    };
    let none = new_empty_array(entries.data_type()).as_struct().clone();
    let lengths = OffsetBuffer::from_lengths([0]);
    Ok(Arc::new(MapArray::try_new(Arc::clone(entries), lengths, none, None, *is_sorted)?))
}

/// Whether a message says a name: an address anywhere as a whole word, a login as a whole text.
pub(super) fn mentions(body: &[u8], name: &str) -> bool {
    let name = name.as_bytes();
    if name.is_empty() || body.len() < name.len() {
        return false;
    }
    let is_address = name.contains(&b'@');
    body.windows(name.len()).enumerate().any(|(start, window)| {
        if !window.eq_ignore_ascii_case(name) {
            return false;
        }
        let before = start.checked_sub(1).map(|place| body[place]);
        let after = body.get(start + name.len()).copied();
        if is_address {
            let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+".contains(&byte);
            !before.is_some_and(is_part) && !after.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        } else {
            before == Some(b'"') && after == Some(b'"')
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_as_a_whole_only() {
        assert!(mentions(br#"{"login":"Ada"}"#, "ada"));
        assert!(!mentions(br#"{"login":"adam"}"#, "ada"));
        assert!(!mentions(br#"{"title":"for ada"}"#, "ada"));
        assert!(mentions(b"Co-authored-by: Ada <ada@example.org>", "ada@example.org"));
        assert!(mentions(b"ask ADA@example.org.", "ada@example.org"));
        assert!(!mentions(b"milada@example.org", "ada@example.org"));
        assert!(!mentions(b"ada@example.organisation", "ada@example.org"));
    }

    #[test]
    fn an_identity_keeps_its_other_parts() {
        let stand_ins = BTreeMap::from([("p_abc".to_owned(), "forgotten-1".to_owned())]);
        let pseudonyms = stand_ins.keys().cloned().collect();
        assert!(holds("json:review:local:pr%3A1:p_abc:17", &pseudonyms));
        assert!(!holds("json:review:local:pr%3A1:p_abcd:17", &pseudonyms));
        assert_eq!(without("json:review:local:pr%3A1:p_abc:17", &stand_ins), "json:review:local:pr%3A1:forgotten-1:17");
    }

    #[test]
    fn only_the_rows_of_the_person_change() {
        let text = |values: Vec<Option<&str>>| Arc::new(StringArray::from(values)) as ArrayRef;
        let rows = RecordBatch::try_from_iter([
            ("entity_id", text(vec![Some("csv:answer:p_abc:q1"), Some("csv:answer:p_def:q1")])),
            ("respondent", text(vec![Some("p_abc"), Some("p_def")])),
            ("comment", text(vec![Some("as I always say"), Some("fine")])),
            ("url", text(vec![None, Some("https://ci.example.org/Ada/1")])),
            ("delivery_id", text(vec![Some("1"), Some("2")])),
        ])
        .unwrap();
        let stand_ins = BTreeMap::from([("p_abc".to_owned(), "forgotten-1".to_owned())]);
        let hidden = hidden(&rows, &stand_ins, "ada").unwrap();
        assert_eq!(hidden.count, 2);
        let shown = |name: &str| {
            let texts = texts(&hidden.rows, name).unwrap();
            texts.iter().map(|text| text.map(ToOwned::to_owned)).collect::<Vec<_>>()
        };
        assert_eq!(shown("respondent"), [None, Some("p_def".to_owned())]);
        assert_eq!(shown("comment"), [None, Some("fine".to_owned())]);
        assert_eq!(shown("entity_id")[0].as_deref(), Some("csv:answer:forgotten-1:q1"));
        assert_eq!(shown("url"), [None, Some("https://ci.example.org/forgotten/1".to_owned())]);
        assert_eq!(shown("delivery_id")[0].as_deref(), Some("1"));
    }
}
