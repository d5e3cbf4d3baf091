//! How a body is cut into events, so that one that is broken spoils no other.
//!
//! A body is one event or list after the other, or one of them per line. Lines are only taken apart where a body cannot
//! be read otherwise, or where each is whole: an event may as well be written over many lines.

use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;
use waymark_event::{Delivery, Reason, Rejection, Stage};

/// An event as its own text, or why there is none.
type Item = Result<Box<RawValue>, Rejection>;

/// The events of a body.
pub(super) fn items(delivery: &Delivery) -> Vec<Item> {
    let Some(lines) = of(&delivery.body) else {
        return match delivery.text() {
            Ok(text) => items_of(text, Rejection::from_json),
            Err(rejection) => vec![Err(rejection)],
        };
    };
    let items = lines.into_iter().flat_map(|(number, line)| {
        let Ok(text) = std::str::from_utf8(line) else {
            let message = format!("line {number} of the body is not UTF-8");
            return vec![Err(Rejection::new(Stage::Decode, Reason::NotUtf8, message))];
        };
        items_of(text, |error| {
            let message = format!("line {number} of the body is not JSON: it ends or breaks at column {}", error.column());
            Rejection::new(Stage::Parse, Reason::NotJson, message)
        })
    });
    items.collect()
}

/// The lines of a body that holds an event or a list of events per line, with their numbers from 1; null where it is
/// written otherwise.
pub(super) fn of(body: &[u8]) -> Option<Vec<(usize, &[u8])>> {
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    let numbered = body.split(|byte| *byte == b'\n').enumerate();
    let lines: Vec<(usize, &[u8])> = numbered
        .map(|(index, line)| (index + 1, line.strip_suffix(b"\r").unwrap_or(line)))
        .filter(|(_, line)| !line.trim_ascii().is_empty())
        .collect();
    let whole = lines.iter().filter(|(_, line)| is_whole(line.trim_ascii())).count();
    let is_per_line = lines.len() > 1 && (whole == lines.len() || (whole * 2 >= lines.len() && !is_json(body)));
    is_per_line.then_some(lines)
}

fn is_whole(line: &[u8]) -> bool {
    matches!((line.first(), line.last()), (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')))
}

fn is_json(body: &[u8]) -> bool {
    let is_read = |text| serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>().all(|value| value.is_ok());
    std::str::from_utf8(body).is_ok_and(is_read)
}

/// The events of a text up to the place where it breaks, and then why.
fn items_of(text: &str, refused: impl Fn(&serde_json::Error) -> Rejection) -> Vec<Item> {
    let mut read = Vec::new();
    let broken = if text.trim_start().starts_with('[') {
        let mut list = serde_json::Deserializer::from_str(text);
        Listed(&mut read).deserialize(&mut list).and_then(|()| list.end()).err()
    } else {
        let mut events = serde_json::Deserializer::from_str(text).into_iter::<Box<RawValue>>();
        events.try_for_each(|event| event.map(|event| read.push(event))).err()
    };
    read.into_iter().map(Ok).chain(broken.map(|error| Err(refused(&error)))).collect()
}

/// Reads a list and keeps what stood before the place where it breaks.
struct Listed<'read>(&'read mut Vec<Box<RawValue>>);

impl<'de> DeserializeSeed<'de> for Listed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Listed<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of events")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(event) = list.next_element()? {
            self.0.push(event);
        }
        Ok(())
    }
}
