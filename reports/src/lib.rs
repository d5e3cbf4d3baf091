//! Series in, bytes out: charts, sentences and reports of what the engine measured.
//!
//! Everything here is a pure function: no clock, no network, no query. Asking for series belongs to
//! `analytics`; routes, pages, archives and sending belong to `api`.

mod advances;
mod axis;
pub mod charts;
pub mod document;
mod error;
mod frame;
mod input;
#[cfg(test)]
mod invented;
mod lines;
mod measures;
pub mod palette;
mod plane;
mod plate;
pub mod png;
pub mod render;
pub mod reports;
mod sections;
mod standing;
mod svg;
pub mod wording;

pub use charts::{CHARTS, Chart};
pub use document::Document;
pub use error::ReportError;
pub use frame::{Frame, Medium, Theme};
pub use input::{
    ComponentInfo, DataNotes, Migration, MigrationWeek, Movement, MovementKind, ReportInput, ReportPeriod, ReportSeries,
    ScoreRow, SourceNote, Target, Waiting, WaitingState,
};
pub use reports::{Cadence, Needs, REPORTS, Report};
pub use sections::burn_up_of;
pub use svg::Svg;
