//! Questions in SQL: three gates before anything runs, limits while it runs, and the service that asks.

mod bounded;
mod budget;
mod dialect;
mod error;
mod guard;
mod overdue;
mod plan;
mod service;
mod stop;
mod syntax;

pub use budget::Limits;
pub use error::QueryError;
pub use service::{QueryService, RowsAnswer};
pub(crate) use stop::StopFlag;
