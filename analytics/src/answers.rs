//! Fixed answers that are no metrics: who moved, which scores were published, what was not understood.
//!
//! Each is one SQL file over facts; some of them also read tables that only operators see. What can be
//! wrong with the data is listed in `answers/findings.rs` and looked for in `answers/examine.rs`.

pub(crate) mod examine;
pub(crate) mod findings;

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

/// A fixed answer as somebody asks for it.
#[derive(Clone, Copy, Debug)]
pub struct AnswerRequest<'a> {
    pub(crate) answer: &'a Answer,
    /// Another answer, which is read like a table.
    pub(crate) over: Option<&'a Answer>,
    /// A column of the answer, and the text that rows must have there.
    pub(crate) only: Option<(&'a str, &'a str)>,
}

impl Answer {
    /// The rows that have a text in one of its columns, and no others: what is left out is not computed. An
    /// answer of so many rows at most would have other rows then.
    pub const fn only<'a>(&'a self, column: &'a str, text: &'a str) -> AnswerRequest<'a> {
        AnswerRequest { answer: self, over: None, only: Some((column, text)) }
    }

    /// The answer over another one that is read like a table.
    pub const fn over<'a>(&'a self, over: Option<&'a Self>) -> AnswerRequest<'a> {
        AnswerRequest { answer: self, over, only: None }
    }
}

impl<'a> From<&'a Answer> for AnswerRequest<'a> {
    fn from(answer: &'a Answer) -> Self {
        answer.over(None)
    }
}

/// Who joined, left or was exempted in a window.
pub const MOVEMENTS: Answer =
    Answer { name: "movements", operational_tables: &[], sql: include_str!("../answers/movements.sql") };
/// How each service stands to each component now.
pub const STANDING: Answer = Answer { name: "standing", operational_tables: &[], sql: include_str!("../answers/standing.sql") };
/// The weeks of every component.
pub const WEEKS: Answer = Answer { name: "weeks", operational_tables: &[], sql: include_str!("../answers/weeks.sql") };
/// The weeks of every migration from a component to another.
pub const MIGRATION_WEEKS: Answer =
    Answer { name: "migration_weeks", operational_tables: &[], sql: include_str!("../answers/migration_weeks.sql") };
/// Every exemption with its dates.
pub const EXEMPTIONS: Answer =
    Answer { name: "exemptions", operational_tables: &[], sql: include_str!("../answers/exemptions.sql") };
/// What services use for each category.
pub const TOOLS: Answer = Answer { name: "tools", operational_tables: &[], sql: include_str!("../answers/tools.sql") };
/// Services on which an effect can be measured, with the instant of their adoption.
pub const EFFECT_ADOPTIONS: Answer =
    Answer { name: "effect_adoptions", operational_tables: &[], sql: include_str!("../answers/effect_adoptions.sql") };
/// Change lead time by service and week.
pub const EFFECT_LEAD_TIMES: Answer =
    Answer { name: "effect_lead_times", operational_tables: &[], sql: include_str!("../answers/effect_lead_times.sql") };
/// Durations of pipeline runs by service and week.
pub const EFFECT_CI_DURATIONS: Answer =
    Answer { name: "effect_ci_durations", operational_tables: &[], sql: include_str!("../answers/effect_ci_durations.sql") };
/// Production deployments and failures by service and week.
pub const EFFECT_STABILITY: Answer =
    Answer { name: "effect_stability", operational_tables: &[], sql: include_str!("../answers/effect_stability.sql") };
/// What decides in which category a deployment frequency lies.
pub const FREQUENCY_CATEGORY: Answer =
    Answer { name: "frequency_category", operational_tables: &[], sql: include_str!("../answers/frequency_category.sql") };
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
/// How each way of arrival usually behaves, and whether it has gone silent.
pub const SOURCE_RHYTHM: Answer =
    Answer { name: "source_rhythm", operational_tables: &["deliveries"], sql: include_str!("../answers/source_rhythm.sql") };
/// How much of each service the numbers can use.
pub const SERVICE_COVERAGE: Answer =
    Answer { name: "service_coverage", operational_tables: &[], sql: include_str!("../answers/service_coverage.sql") };

/// Every fixed answer that is no finding.
pub const ANSWERS: &[&Answer] = &[
    &MOVEMENTS,
    &STANDING,
    &WEEKS,
    &MIGRATION_WEEKS,
    &EXEMPTIONS,
    &TOOLS,
    &EFFECT_ADOPTIONS,
    &EFFECT_LEAD_TIMES,
    &EFFECT_CI_DURATIONS,
    &EFFECT_STABILITY,
    &FREQUENCY_CATEGORY,
    &SCORES,
    &GAPS,
    &REJECTIONS,
    &ARRIVALS,
    &SOURCE_RHYTHM,
    &SERVICE_COVERAGE,
];
