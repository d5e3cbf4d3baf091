//! Fixed answers that are no metrics: who moved, which scores were published, what was not understood.
//!
//! Each is one SQL file over facts; two of them also read tables that only operators see.

/// One fixed answer.
#[derive(Debug)]
pub struct Answer {
    /// The file's name.
    pub name: &'static str,
    /// Tables of the lake that it reads besides facts.
    pub(crate) operational_tables: &'static [&'static str],
    /// The definition in SQL.
    pub(crate) sql: &'static str,
}

/// Who joined, left or was exempted in a window.
pub const MOVEMENTS: Answer =
    Answer { name: "movements", operational_tables: &[], sql: include_str!("../answers/movements.sql") };
/// The published survey scores of the organisation.
pub const SCORES: Answer = Answer { name: "scores", operational_tables: &[], sql: include_str!("../answers/scores.sql") };
/// What is not known.
pub const GAPS: Answer = Answer { name: "gaps", operational_tables: &[], sql: include_str!("../answers/gaps.sql") };
/// Parts of deliveries that were not understood.
pub const REJECTIONS: Answer =
    Answer { name: "rejections", operational_tables: &["rejections"], sql: include_str!("../answers/rejections.sql") };
/// What arrived, by source and kind.
pub const ARRIVALS: Answer =
    Answer { name: "arrivals", operational_tables: &["deliveries"], sql: include_str!("../answers/arrivals.sql") };

/// Every fixed answer.
pub const ANSWERS: &[&Answer] = &[&MOVEMENTS, &SCORES, &GAPS, &REJECTIONS, &ARRIVALS];
