//! What is said about the adoption of the platform, asked from the engine once and said everywhere:
//! on the command line, over HTTP and on pages.
//!
//! Numbers come from metrics and fixed answers; when a migration ends and whether it helps are
//! judged by `analytics`. How it looks is left to `pages/adoption.rs` and `commands/adoption.rs`.

mod board;
mod effects;
mod migrations;
mod story;
mod told;
mod tools;
mod until;

pub use board::{Board, Bounds, Score, board};
pub use effects::{EffectSaid, effects};
pub use migrations::{MigrationSaid, MigrationWeekSaid, WaitingSaid, migrations_said};
pub use story::{ExemptionSaid, Moved, Stander, Story, Tally, WEEKS_TOLD, story};
pub use tools::Category;
pub use until::{Until, WeeksSaid};

pub(crate) use board::untils;
pub(crate) use migrations::{migrations, migrations_now, state_said};
pub(crate) use story::offers;
