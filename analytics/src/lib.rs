//! What it amounts to: facts from observations, metrics from facts, and the service that answers
//! questions. What arrives belongs to `collect`, wording and drawing to `reports`.

mod adoption;
mod answers;
mod asked;
pub mod attribution;
mod calendar;
pub mod catalogue;
pub mod change;
mod compare;
mod definitions;
pub mod effect;
mod engine;
mod error;
mod facts;
pub mod forecast;
mod functions;
mod grade;
mod hot;
mod lake_tables;
mod parameters;
mod platform;
pub mod profiles;
mod query;
mod registers;
mod rows_asked;
pub mod scenario;
mod series;
pub mod tables;
mod units;
mod views;
mod window;

pub use answers::examine::{Case, Examination, Found, ServiceCoverage, SourceRhythm};
pub use answers::findings::{FINDINGS, Finding, find_finding};
pub use answers::{
    ANSWERS, ARRIVALS, Answer, AnswerRequest, EFFECT_ADOPTIONS, EFFECT_CI_DURATIONS, EFFECT_LEAD_TIMES, EFFECT_STABILITY,
    EXEMPTIONS, FREQUENCY_CATEGORY, GAPS, MIGRATION_WEEKS, MOVEMENTS, REJECTIONS, SCORES, SERVICE_COVERAGE, SOURCE_RHYTHM,
    STANDING, TOOLS, WEEKS,
};
pub use asked::{SCOPE_KINDS, WindowError, WindowRequest};
pub use catalogue::{Better, Empty, METRICS, Metric, Statistic, Subject, Unit, find};
pub use change::{Change, Verdict, change};
pub use compare::is_closer;
pub use definitions::{
    Alternative, Blocked, Component, Definitions, EnvironmentRule, Exemption, FitRule, HotfixRule, Judgement, Mandate,
    Membership, Migration, Passage, REASON_CODES, Release, Responsibility, Ring, Scope, ServicePaths, Settings, Target,
};
pub use engine::{Engine, Evidence, EvidenceRequest, LeftOut, Opened, Which, session_state, side_by_side};
pub use error::AnalyticsError;
pub use facts::{Extent, FACTS, Fact, Key, Refresh, Refresher, STEPS, Step, refresh};
pub use grade::{Category, Frequency};
pub use parameters::{Parameters, parameters};
pub use platform::{platform_schema, read_platform};
pub use profiles::{PROFILES, Peer, Profile, ProfileError};
pub use query::{Limits, QueryError, QueryService, RowsAnswer};
pub use registers::tier_of;
pub use series::{Cell, Compared, Series};
pub use views::{VIEWS, View};
pub use window::{Grain, Period, Window, local_date, local_midnight};
