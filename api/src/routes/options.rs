//! The parameters by which reports are asked for, and the options of a statement sent as text.

use super::window::{number, text};
use serde::Deserialize;
use utoipa::IntoParams;

/// Which period, in which form.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReportParams {
    /// A day or ISO week of the period; default: the last complete one.
    #[serde(default, deserialize_with = "text")]
    pub(super) period: Option<String>,
    /// `html`, `md` or `json`; default: html.
    #[serde(default, deserialize_with = "text")]
    pub(super) format: Option<String>,
}

/// How an answer is written and limited, where the body is the statement alone.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SqlOptions {
    /// `json`, `csv` or `parquet`; default: json.
    #[serde(default, deserialize_with = "text")]
    pub(super) format: Option<String>,
    /// At most this many rows.
    #[serde(default, deserialize_with = "number")]
    pub(super) rows_max: Option<u64>,
    /// Milliseconds for planning and running.
    #[serde(default, deserialize_with = "number")]
    pub(super) deadline_ms: Option<u64>,
    /// Whether `'` is put before texts in CSV that a spreadsheet would take for formulas; default: false.
    pub(super) csv_safe: Option<bool>,
}
