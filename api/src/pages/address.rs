//! Addresses: where a page or a download of a metric stands, with its question in the parameters, and names in paths.

use crate::routes::{RowsParams, one_scope};

const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

/// A path with parameters, in the order in which they were given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Address {
    path: String,
    pairs: Vec<(&'static str, String)>,
}

impl Address {
    /// The list of services.
    pub(super) fn of_services() -> Self {
        Self { path: "/services".to_owned(), pairs: Vec::new() }
    }

    /// The page of a metric.
    pub(super) fn of_metric(id: &str) -> Self {
        Self { path: format!("/metrics/{id}"), pairs: Vec::new() }
    }

    /// The rows of a metric, as the interface gives them.
    pub(super) fn of_rows(id: &str) -> Self {
        Self { path: format!("/api/v1/metrics/{id}/rows"), pairs: Vec::new() }
    }

    /// The numbers of a metric, as the interface gives them.
    pub(super) fn of_series(id: &str) -> Self {
        Self { path: format!("/api/v1/metrics/{id}/series"), pairs: Vec::new() }
    }

    /// The same with one more parameter.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.pairs.push((name, value.into()));
        self
    }

    /// The same for one scope, whatever its name is.
    pub(super) fn with_scope(self, name: &str) -> Self {
        self.with("scope", one_scope(name))
    }

    /// The same for the scopes and periods of a question, without what only chooses rows.
    pub(super) fn asking(mut self, params: &RowsParams) -> Self {
        let last = params.last.map(|last| last.to_string());
        for (name, value) in [
            ("scope_kind", params.scope_kind.as_ref()),
            ("scope", params.scope.as_ref()),
            ("grain", params.grain.as_ref()),
            ("from", params.from.as_ref()),
            ("to", params.to.as_ref()),
            ("last", last.as_ref()),
            ("statistic", params.statistic.as_ref()),
        ] {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                self = self.with(name, value.clone());
            }
        }
        self
    }

    /// The text that stands in a link.
    pub(super) fn text(&self) -> String {
        let mut text = self.path.clone();
        for (place, (name, value)) in self.pairs.iter().enumerate() {
            text.push(if place == 0 { '?' } else { '&' });
            text.push_str(name);
            text.push('=');
            text.push_str(&encoded(value));
        }
        text
    }
}

/// A name as one part of a path.
pub(super) fn path_part(name: &str) -> String {
    written(name, b"-._~")
}

/// A value of a parameter.
fn encoded(value: &str) -> String {
    written(value, b"-._~,:")
}

/// Bytes that could mean something in an address are written by their number.
fn written(value: &str, plain: &[u8]) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || plain.contains(&byte) {
            text.push(char::from(byte));
        } else {
            let digit = |half: u8| char::from(DIGITS[usize::from(half & 15)]);
            text.extend(['%', digit(byte >> 4), digit(byte)]);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_mean_something_in_an_address_is_encoded() {
        let address = Address::of_metric("nps").with("scope", "a/b & c=d?é").with("grain", "week");
        assert_eq!(address.text(), "/metrics/nps?scope=a%2Fb%20%26%20c%3Dd%3F%C3%A9&grain=week");
    }

    #[test]
    fn a_name_is_one_part_of_a_path_whatever_it_is() {
        assert_eq!(path_part("a/b,c?d\u{202e}"), "a%2Fb%2Cc%3Fd%E2%80%AE");
    }

    #[test]
    fn an_empty_field_is_left_out() {
        let params = RowsParams {
            scope: Some(String::new()),
            grain: Some("window".to_owned()),
            last: Some(60),
            offset: Some(100),
            ..RowsParams::default()
        };
        assert_eq!(Address::of_rows("nps").asking(&params).text(), "/api/v1/metrics/nps/rows?grain=window&last=60");
    }
}
