//! Where "now" comes from: one trait, the machine's clock, and a clock that tests hold.
//!
//! Nothing else in the product asks the machine for the time, so that a report of last quarter
//! comes out the same today.

use crate::instant::Instant;
use std::sync::atomic::{AtomicI64, Ordering};

/// Tells the current instant.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The current instant in UTC.
    fn now(&self) -> Instant;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that may ask the machine")]
    fn now(&self) -> Instant {
        Instant::from(chrono::Utc::now())
    }
}

/// A clock that stands still until it is moved; for tests and for the sample organisation.
#[derive(Debug)]
pub struct FixedClock(AtomicI64);

impl FixedClock {
    /// A clock that shows `instant`.
    pub fn at(instant: Instant) -> Self {
        Self(AtomicI64::new(instant.micros()))
    }

    /// Moves the clock to `instant`, in either direction.
    pub fn set(&self, instant: Instant) {
        self.0.store(instant.micros(), Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Instant {
        Instant::from_micros(self.0.load(Ordering::SeqCst))
    }
}
