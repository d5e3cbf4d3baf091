//! The one map from what went wrong to an answer over HTTP (RFC 9457).
//!
//! A problem says what the caller can do and never holds a value of data; the chain of causes goes
//! to the log.

use crate::encode::EncodeError;
use axum::extract::rejection::{BytesRejection, QueryRejection, RawPathParamsRejection};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use serde::Serialize;
use std::error::Error;
use utoipa::ToSchema;
use waymark_analytics::{AnalyticsError, METRICS, ProfileError, QueryError, WindowError};
use waymark_event::chain;
use waymark_reports::{CHARTS, REPORTS};

/// A refusal or failure, as `application/problem+json`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// A stable word for the kind of problem.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The same, for people.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened and what can be done.
    pub detail: String,
}

impl Problem {
    fn new(status: StatusCode, kind: &'static str, detail: impl Into<String>) -> Self {
        Self { kind, title: kind.replace('-', " "), status: status.as_u16(), detail: detail.into() }
    }

    /// No metric has this id.
    pub fn no_such_metric(id: &str) -> Self {
        let known: Vec<&str> = METRICS.iter().map(|metric| metric.id).collect();
        Self::new(StatusCode::NOT_FOUND, "no-such-metric", format!("there is no metric `{id}`; there are {}", known.join(", ")))
    }

    /// No chart has this id.
    pub fn no_such_chart(id: &str) -> Self {
        let known: Vec<&str> = CHARTS.iter().map(|chart| chart.id).collect();
        Self::new(StatusCode::NOT_FOUND, "no-such-chart", format!("there is no chart `{id}`; there are {}", known.join(", ")))
    }

    /// No report has this id.
    pub fn no_such_report(id: &str) -> Self {
        let known: Vec<&str> = REPORTS.iter().map(|report| report.id).collect();
        Self::new(StatusCode::NOT_FOUND, "no-such-report", format!("there is no report `{id}`; there are {}", known.join(", ")))
    }

    /// No component has this id.
    pub fn no_such_component(id: &str, known: &[&str]) -> Self {
        let known = known.join(", ");
        Self::new(StatusCode::NOT_FOUND, "no-such-component", format!("there is no component `{id}`; there are {known}"))
    }

    /// No migration that has begun has this id.
    pub fn no_such_migration(id: &str, known: &[&str]) -> Self {
        let known = if known.is_empty() { "none has begun".to_owned() } else { format!("there are {}", known.join(", ")) };
        Self::new(StatusCode::NOT_FOUND, "no-such-migration", format!("there is no migration `{id}`; {known}"))
    }

    /// A migration that is declared, and has not begun.
    pub fn migration_begins(id: &str, on: NaiveDate) -> Self {
        let detail = format!("the migration `{id}` begins on {}", on.format("%-d %B %Y"));
        Self::new(StatusCode::NOT_FOUND, "no-such-migration", detail)
    }

    /// Nobody knows an active service or a team of this name.
    pub fn no_such_owner(kind: &str, name: &str) -> Self {
        let detail = match kind {
            "service" => format!("no active service `{name}` is known"),
            kind => format!("no {kind} `{name}` is known that owns an active service"),
        };
        Self::new(StatusCode::NOT_FOUND, "no-such-owner", detail)
    }

    /// A parameter cannot be understood.
    pub fn bad_parameter(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-parameter", detail)
    }

    /// The parameters of an address cannot be read; what the parser said of them in words for people.
    pub(crate) fn unread(rejection: &QueryRejection) -> Self {
        Self::bad_parameter(parameters_said(&rejection.body_text()))
    }

    /// A body has more bytes than are read, or did not come whole.
    pub(crate) fn body_unread(rejection: &BytesRejection, bytes_max: usize) -> Self {
        if rejection.status() != StatusCode::PAYLOAD_TOO_LARGE {
            return Self::bad_parameter("the body did not come whole");
        }
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", format!("the body is larger than {bytes_max} bytes"))
    }

    /// The refusal of an address that is no text once it is decoded; nothing for any other rejection.
    pub(crate) fn unreadable_address(rejection: &RawPathParamsRejection) -> Option<Self> {
        let is_unreadable = matches!(rejection, RawPathParamsRejection::InvalidUtf8InPathParam(_));
        is_unreadable.then(|| Self::bad_parameter("the address is not UTF-8"))
    }

    /// It was asked for by a name that is not this server's.
    pub fn unknown_host(host: &str) -> Self {
        let detail = format!("this server is not called `{host}`: if it should be, add the name to `hosts` under `[serve]`");
        Self::new(StatusCode::MISDIRECTED_REQUEST, "unknown-host", detail)
    }

    /// A page of another site sent something.
    pub fn foreign_origin() -> Self {
        Self::new(StatusCode::FORBIDDEN, "foreign-origin", "pages of other sites may not send anything here")
    }

    /// Nothing stands at this address.
    pub fn no_such_address() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "no-such-address",
            "nothing is here: the interface is described at /api/v1/openapi.json",
        )
    }

    /// Something stands at this address, and takes no request of this method.
    pub(crate) fn method_not_allowed() -> Self {
        let detail = "this address takes no request of this method: the header `allow` names those that it takes";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail)
    }

    /// There is nothing to answer from yet.
    pub fn not_ready(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "not-ready", detail)
    }

    fn internal(error: &dyn Error) -> Self {
        tracing::error!(error.message = %chain(error), "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "something failed here; the log of the server says what")
    }

    /// A picture or document could not be made.
    pub fn not_drawn(error: &dyn Error) -> Self {
        Self::internal(error)
    }
}

/// What a parser says of the parameters of an address, in words for people.
fn parameters_said(said: &str) -> String {
    let said = said.strip_prefix("Failed to deserialize query string: ").unwrap_or(said);
    if let Some(name) = said.split_once("duplicate field `").and_then(|(_, rest)| rest.split('`').next()) {
        let remedy = if name == "scope" { ": several scopes are separated by commas" } else { "" };
        return format!("the parameter `{name}` stands in the address more than once{remedy}");
    }
    let Some((_, rest)) = said.split_once("unknown field `") else {
        return format!("in the parameters of the address: {said}");
    };
    let mut words = rest.split('`').step_by(2);
    let unknown = words.next().unwrap_or_default();
    let known: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    format!("there is no parameter `{unknown}` here; there are {}", known.join(", "))
}

impl From<AnalyticsError> for Problem {
    fn from(error: AnalyticsError) -> Self {
        match error {
            AnalyticsError::NoSnapshot => Self::not_ready(AnalyticsError::NoSnapshot.to_string()),
            AnalyticsError::Query(error) => Self::from(error),
            error @ AnalyticsError::NoSuchScope { .. } => Self::new(StatusCode::NOT_FOUND, "no-such-scope", error.to_string()),
            error => Self::internal(&error),
        }
    }
}

impl From<ProfileError> for Problem {
    fn from(error: ProfileError) -> Self {
        Self::bad_parameter(error.to_string())
    }
}

impl From<WindowError> for Problem {
    fn from(error: WindowError) -> Self {
        Self::bad_parameter(error.to_string())
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        let kind = error.problem_type();
        let status = match kind {
            "statement-not-allowed" | "not-allowed" => StatusCode::FORBIDDEN,
            "result-too-large" => StatusCode::PAYLOAD_TOO_LARGE,
            "too-many-requests" | "busy" => StatusCode::TOO_MANY_REQUESTS,
            "out-of-memory" | "shutting-down" => StatusCode::SERVICE_UNAVAILABLE,
            "deadline-exceeded" => StatusCode::GATEWAY_TIMEOUT,
            "cancelled" => StatusCode::CONFLICT,
            "internal" => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        tracing::debug!(error.message = %chain(&error), "a question was not answered");
        Self::new(status, kind, error.to_string())
    }
}

impl From<EncodeError> for Problem {
    fn from(error: EncodeError) -> Self {
        let message = error.to_string();
        match error {
            EncodeError::SameName { .. } => Self::from(QueryError::Plan { message }),
            EncodeError::OutOfRange { .. } => Self::from(QueryError::ValueNotConvertible { message }),
            error => Self::not_drawn(&error),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_parser_says_is_told_in_words() {
        let unknown = "Failed to deserialize query string: wat: unknown field `wat`, expected one of `days`, `cases`";
        assert_eq!(parameters_said(unknown), "there is no parameter `wat` here; there are days, cases");
        let twice = "Failed to deserialize query string: duplicate field `scope`";
        let said = "the parameter `scope` stands in the address more than once: several scopes are separated by commas";
        assert_eq!(parameters_said(twice), said);
        let unread = "Failed to deserialize query string: last: `many` is no whole number that fits";
        assert_eq!(parameters_said(unread), "in the parameters of the address: last: `many` is no whole number that fits");
    }
}
