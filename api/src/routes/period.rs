//! The parameters by which reports are asked for.

use serde::Deserialize;
use utoipa::IntoParams;

/// Which period, in which form.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReportParams {
    /// A day or ISO week of the period; default: the last complete one.
    pub(super) period: Option<String>,
    /// `html`, `md` or `json`; default: html.
    pub(super) format: Option<String>,
}
