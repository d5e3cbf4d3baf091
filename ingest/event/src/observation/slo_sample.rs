//! `slo_samples`: one day of one service level objective.
//!
//! Columns only; how a vendor's fields become these belongs to the sources.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// One day of one service level objective.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SloSample {
    /// Which objective it samples.
    pub slo_id: String,
    /// The service named by the sender.
    pub service_hint: Option<String>,
    /// The platform component concerned.
    pub component_id: Option<String>,
    /// UTC day of the sample.
    #[serde(deserialize_with = "crate::instant::read_day")]
    pub day: NaiveDate,
    /// Good events; null = no sample.
    pub good: Option<i64>,
    /// Valid events; null = no sample.
    pub valid: Option<i64>,
    /// The promised share, 0 to 1.
    pub objective: f64,
    /// Days over which it is promised.
    pub window_days: i64,
}
