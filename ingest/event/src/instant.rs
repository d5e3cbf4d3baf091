//! `Instant`: a moment in UTC with microsecond precision, and the one strict way to read it.
//!
//! Offsets are never dropped and never guessed: a text without a zone is an error here, because
//! only the connection that sent it can say which zone was meant. Local days belong to `analytics`.

use chrono::{DateTime, SecondsFormat, TimeZone, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// A moment in UTC, counted in microseconds since 1970-01-01T00:00:00Z.
///
/// Text forms (JSON) are RFC 3339; binary forms (Arrow) are the count itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

/// Why a text is no instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InstantError {
    /// The text is a date and time, but does not say in which zone.
    #[error("a time has no zone: write it with `Z` or an offset such as `+02:00`")]
    Naive,
    /// The text is no date and time in any form we read.
    #[error("a time is not readable: write it as RFC 3339, for example `2026-03-02T10:00:00Z`")]
    Unreadable,
    /// The count lies outside the years 1990 to 2200, so the unit must be wrong.
    #[error("a time is outside the years 1990 to 2200: check its unit")]
    OutOfRange,
    /// The text is a date and time outside the years 1970 to 2200, as programs write one that was never set.
    #[error("a time is outside the years 1970 to 2200: leave out a time that is not set")]
    NotSet,
}

/// The unit of a count since the epoch; a dialect fixes it per field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EpochUnit {
    /// Whole seconds since the epoch.
    Seconds,
    /// Whole milliseconds since the epoch.
    Milliseconds,
    /// Whole nanoseconds since the epoch.
    Nanoseconds,
}

/// Times that vendors write with a zone but not as RFC 3339.
const ZONED_FORMS: &[&str] = &["%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%d %H:%M:%S%.f %z", "%Y-%m-%d %H:%M:%S%.f%z"];
const NAIVE_FORMS: &[&str] = &["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
const MICROS_MIN: i64 = 631_152_000_000_000;
const MICROS_MAX: i64 = 7_258_118_400_000_000;

impl Instant {
    /// The instant that lies `micros` microseconds after the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// The instant that lies `seconds` seconds after the epoch.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// This instant moved by a number of seconds, backwards when negative.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// The same moment as a chrono value.
    pub fn to_utc(self) -> DateTime<Utc> {
        Utc.timestamp_micros(self.0).single().unwrap_or_default()
    }

    /// RFC 3339 in UTC; the fraction is left out when it is zero.
    pub fn to_rfc3339(self) -> String {
        self.to_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true)
    }

    /// Reads any zoned form that a source is known to write.
    ///
    /// # Errors
    /// `Naive` for a time without zone, `NotSet` for one that is implausible, `Unreadable` for anything else.
    pub fn parse(text: &str) -> Result<Self, InstantError> {
        let text = text.trim();
        let zoned = text.strip_suffix(" UTC").map(|start| format!("{start} +0000"));
        let text = zoned.as_deref().unwrap_or(text);
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Self::plausible(time.timestamp_micros());
        }
        for form in ZONED_FORMS {
            if let Ok(time) = DateTime::parse_from_str(text, form) {
                return Self::plausible(time.timestamp_micros());
            }
        }
        let is_naive = NAIVE_FORMS.iter().any(|form| chrono::NaiveDateTime::parse_from_str(text, form).is_ok());
        Err(if is_naive { InstantError::Naive } else { InstantError::Unreadable })
    }

    /// A text names its moment itself, so that only what nobody means is refused; git writes an unreadable time as the
    /// epoch, and old histories begin before 1990.
    fn plausible(micros: i64) -> Result<Self, InstantError> {
        if (0..MICROS_MAX).contains(&micros) { Ok(Self(micros)) } else { Err(InstantError::NotSet) }
    }

    /// Reads a count since the epoch whose unit the dialect knows.
    ///
    /// # Errors
    /// `OutOfRange` when the result is implausible, which means a wrong unit.
    pub fn from_epoch(count: i64, unit: EpochUnit) -> Result<Self, InstantError> {
        let micros = match unit {
            EpochUnit::Seconds => count.checked_mul(1_000_000),
            EpochUnit::Milliseconds => count.checked_mul(1_000),
            EpochUnit::Nanoseconds => Some(count / 1_000),
        };
        match micros {
            Some(micros) if (MICROS_MIN..MICROS_MAX).contains(&micros) => Ok(Self(micros)),
            _ => Err(InstantError::OutOfRange),
        }
    }
}

impl From<DateTime<Utc>> for Instant {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.timestamp_micros())
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.to_rfc3339())
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&self.to_rfc3339())
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = |text: &str| Self::parse(text).map_err(|error| error.to_string());
        deserializer.deserialize_byte_buf(TextVisitor { what: "an RFC 3339 time", traced: Self(0), read })
    }
}

/// Reads a calendar day such as `2026-03-02`; for fields of type `NaiveDate`.
///
/// # Errors
/// When the text is no date.
pub fn read_day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<chrono::NaiveDate, D::Error> {
    let read = |text: &str| {
        let unreadable = "a time is not readable: write a day as `2026-03-02`";
        chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| unreadable.to_owned())
    };
    deserializer.deserialize_byte_buf(TextVisitor { what: "a day", traced: chrono::NaiveDate::default(), read })
}

/// Reads a value from text. Deriving a schema (`schema.rs`) asks with an owned empty buffer, which no
/// reader of JSON ever does, and gets `traced`; a text, empty or not, is always read.
struct TextVisitor<T, F> {
    what: &'static str,
    traced: T,
    read: F,
}

impl<T, F: Fn(&str) -> Result<T, String>> de::Visitor<'_> for TextVisitor<T, F> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.what)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        (self.read)(text).map_err(E::custom)
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<T, E> {
        let text = std::str::from_utf8(bytes).map_err(E::custom)?;
        (self.read)(text).map_err(E::custom)
    }

    fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<T, E> {
        if bytes.is_empty() { Ok(self.traced) } else { self.visit_bytes(&bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_zoned_form_is_read_to_the_same_instant() {
        for text in [
            "2021-04-28T21:50:00+02:00",
            "2021-04-28 21:50:00 +0200",
            "2021-04-28T21:50:00.000+0200",
            "2021-04-28 19:50:00 UTC",
            "2021-04-28T19:50:00Z",
        ] {
            assert_eq!(Instant::parse(text).unwrap().to_rfc3339(), "2021-04-28T19:50:00Z", "{text}");
        }
    }

    #[test]
    fn a_time_without_zone_is_told_apart_from_nonsense() {
        assert_eq!(Instant::parse("2021-04-28T21:50:00"), Err(InstantError::Naive));
        assert_eq!(Instant::parse("2021-04-28 21:50:00"), Err(InstantError::Naive));
        assert_eq!(Instant::parse("yesterday"), Err(InstantError::Unreadable));
    }

    #[test]
    fn a_time_that_was_never_set_is_no_time() {
        for text in ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "9999-12-31 00:00:00 UTC"] {
            assert_eq!(Instant::parse(text), Err(InstantError::NotSet), "{text}");
        }
        assert_eq!(Instant::parse("1970-01-01T00:00:00Z"), Ok(Instant::default()));
        assert!(Instant::parse("2199-12-31T23:59:59Z").is_ok());
        let told = serde_json::from_str::<Instant>("\"0001-01-01T00:00:00Z\"").unwrap_err().to_string();
        assert!(told.contains("leave out a time that is not set"), "{told}");
    }

    #[test]
    fn json_is_read_strictly_from_text_and_from_values() {
        assert!(serde_json::from_str::<Instant>("\"\"").is_err());
        assert!(serde_json::from_value::<Instant>(serde_json::json!("")).is_err());
        assert!(serde_json::from_str::<Instant>("12").is_err());
        let read: Instant = serde_json::from_str("\"2021-04-28T21:50:00+02:00\"").unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), "\"2021-04-28T19:50:00Z\"");
    }

    #[test]
    fn a_wrong_unit_is_noticed() {
        assert_eq!(Instant::from_epoch(1_614_265_330, EpochUnit::Seconds).unwrap().to_rfc3339(), "2021-02-25T15:02:10Z");
        assert_eq!(Instant::from_epoch(1_614_265_330, EpochUnit::Milliseconds), Err(InstantError::OutOfRange));
    }
}
