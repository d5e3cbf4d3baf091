//! The parameters by which every route asks for a window of time and scopes.

use crate::problem::Problem;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::str::FromStr;
use utoipa::IntoParams;
use waymark_analytics::{Engine, Window, WindowRequest};

/// Which scopes, which periods.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WindowParams {
    /// `service`, `team`, `system`, `organisation`, `component`, `component_team`, `component_alternative`,
    /// `component_reason`, `category` or `category_vendor`;
    /// default: the organisation, or every component or category for a metric of those.
    pub(crate) scope_kind: Option<String>,
    /// The scope's name; several are separated by commas, and `\,` is a comma of a name.
    pub(crate) scope: Option<String>,
    /// `day`, `week`, `month`, `quarter`, or `window` for the whole range; default: week.
    pub(crate) grain: Option<String>,
    /// First day: `2026-03-02`, `2026-W10`, or an RFC 3339 instant.
    pub(crate) from: Option<String>,
    /// First day that no longer belongs to it, in the same forms.
    pub(crate) to: Option<String>,
    /// How many complete periods before now; default: 13, and 90 days for `grain=window`.
    #[serde(default, deserialize_with = "number")]
    pub(crate) last: Option<u32>,
    /// Only this statistic, such as `p50`.
    pub(crate) statistic: Option<String>,
    /// `json` or `csv`; default: json.
    pub(crate) format: Option<String>,
    /// `light` or `dark`, for pictures; default: light.
    pub(crate) theme: Option<String>,
    /// Width of a picture in pixels, 360 to 2400; of a sparkline from 40.
    #[serde(default, deserialize_with = "number")]
    pub(crate) width: Option<u32>,
    /// Height of a picture in pixels, 240 to 1600; of a sparkline from 16.
    #[serde(default, deserialize_with = "number")]
    pub(crate) height: Option<u32>,
    /// The metric to draw, for charts that can draw several.
    pub(crate) metric: Option<String>,
    /// By the rules of another tool, over the same facts; only for the series of a metric, and
    /// `/compare` lists the names.
    pub(crate) profile: Option<String>,
}

/// A number of a form, whose empty field says nothing.
pub(crate) fn number<'de, D: Deserializer<'de>, N: FromStr>(deserializer: D) -> Result<Option<N>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?.filter(|text| !text.trim().is_empty());
    let read =
        |text: String| text.trim().parse().map_err(|_| D::Error::custom(format!("`{text}` is no whole number that fits")));
    text.map(read).transpose()
}

/// A text of a form, whose empty field says nothing.
pub(crate) fn filled(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

/// A scope's name as the parameter `scope` takes it: a comma of its own stands behind a backslash.
pub(crate) fn one_scope(name: &str) -> String {
    name.replace(',', "\\,")
}

/// The scopes that a parameter names.
fn scopes(text: &str) -> Vec<String> {
    let mut scopes = vec![String::new()];
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, scopes.last_mut()) {
            ('\\', Some(scope)) if letters.peek() == Some(&',') => scope.extend(letters.next()),
            (',', _) => scopes.push(String::new()),
            (letter, Some(scope)) => scope.push(letter),
            (_, None) => {}
        }
    }
    scopes.iter().map(|scope| scope.trim().to_owned()).collect()
}

/// The parameters, or the problem with them.
pub(crate) fn params(query: Result<Query<WindowParams>, QueryRejection>) -> Result<WindowParams, Problem> {
    let params = params_of_series(query)?;
    match params.profile {
        Some(_) => {
            Err(Problem::bad_parameter("`profile` belongs to /api/v1/metrics/{id}/series: nothing else knows other rules"))
        }
        None => Ok(params),
    }
}

/// The same where numbers by the rules of another tool can be asked for.
pub(crate) fn params_of_series(query: Result<Query<WindowParams>, QueryRejection>) -> Result<WindowParams, Problem> {
    query.map(|Query(params)| params).map_err(|rejection| Problem::unread(&rejection))
}

impl WindowParams {
    /// The window that was asked for; without a scope it is the organisation's or all components'.
    pub(crate) async fn window(&self, engine: &Engine, subject: waymark_analytics::Subject) -> Result<Window, Problem> {
        if self.last == Some(0) {
            return Err(Problem::bad_parameter("`last` counts back from now: 0 would be no period at all, give at least 1"));
        }
        let opened = engine.newest().await?;
        let definitions = engine.definitions();
        let scopes = filled(self.scope.as_ref()).map(scopes);
        let request = WindowRequest {
            grain: filled(self.grain.as_ref()).map(ToOwned::to_owned),
            from: filled(self.from.as_ref()).map(ToOwned::to_owned),
            to: filled(self.to.as_ref()).map(ToOwned::to_owned),
            last: self.last,
            scope_kind: Some(filled(self.scope_kind.as_ref()).unwrap_or_else(|| subject.scope_kind()).to_owned()),
            scopes: scopes.unwrap_or_default(),
        };
        let window = request.understand(opened.as_of(), definitions.zone())?;
        engine.check_scopes(&window).await?;
        Ok(window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_behind_a_backslash_belongs_to_the_name() {
        assert_eq!(scopes("checkout, cart"), ["checkout", "cart"]);
        assert_eq!(scopes(r"red\, white,blue\x"), ["red, white", r"blue\x"]);
        for name in ["Payments, EMEA", "plain", ",", "a,,b"] {
            assert_eq!(scopes(&one_scope(name)), [name]);
        }
    }
}
