//! `survey_responses`: one answer to one question; restricted, never in SQL.
//!
//! Columns only; how a vendor's fields become these belongs to the sources.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One answer to one question of one wave.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurveyResponse {
    /// Which survey it answers.
    pub survey: String,
    /// Which wave of it.
    pub wave: String,
    /// Which question it answers.
    pub question_id: String,
    /// Version of wording and scale; another version breaks the line.
    #[serde(default = "first")]
    pub question_version: i32,
    /// Pseudonym that is valid in this wave only.
    pub respondent: String,
    /// The answer as a number; null = not answered.
    pub value: Option<f64>,
    /// Lowest value of the scale.
    pub scale_min: Option<i32>,
    /// Highest value of the scale.
    pub scale_max: Option<i32>,
    /// Ids of chosen options.
    #[serde(default)]
    pub choices: Vec<String>,
    /// The day of the answer; no time of day.
    #[serde(deserialize_with = "crate::instant::read_day")]
    pub submitted_on: NaiveDate,
    /// Segment and value, frozen and coarsened at invitation.
    #[serde(default)]
    pub segments: BTreeMap<String, String>,
    /// Whether the respondent stopped early.
    #[serde(default)]
    pub is_partial: bool,
    /// A comment; kept in rows without segments.
    pub comment: Option<String>,
    /// The platform component asked about; null = the platform as a whole.
    pub component_id: Option<String>,
}

const fn first() -> i32 {
    1
}
