//! What it amounts to: facts from observations, metrics from facts, and the service that answers
//! questions. What arrives belongs to `collect`, wording and drawing to `reports`.

mod answers;
mod asked;
pub mod attribution;
mod calendar;
pub mod catalogue;
pub mod change;
mod definitions;
mod engine;
mod error;
mod facts;
mod functions;
mod hot;
mod lake_tables;
mod query;
mod registers;
pub mod scenario;
mod series;
mod units;
mod window;

pub use answers::{ANSWERS, ARRIVALS, Answer, GAPS, MOVEMENTS, REJECTIONS, SCORES};
pub use asked::{WindowError, WindowRequest};
pub use catalogue::{Better, Empty, METRICS, Metric, Statistic, Subject, Unit, find};
pub use change::{Change, Verdict, change};
pub use definitions::{
    Component, Definitions, EnvironmentRule, Exemption, HotfixRule, Judgement, Mandate, ServicePaths, Settings, Target,
};
pub use engine::{Engine, Opened, session_state};
pub use error::AnalyticsError;
pub use facts::{Extent, FACTS, Fact, Key, Refresh, Refresher, STEPS, Step, refresh};
pub use query::{Limits, QueryError, QueryService, RowsAnswer};
pub use series::{Cell, Series};
pub use window::{Grain, Period, Window, local_date, local_midnight};
