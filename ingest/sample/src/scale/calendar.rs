//! The days that are played, and how much is done on each.
//!
//! Weekends and the end of the year are quiet, and the organisation grows a little. At which hour of
//! a day something is done is drawn in `day.rs`.

use super::Scale;
use crate::hours::activity;
use crate::plan::{DAY_SECONDS, day_start};
use chrono::{Datelike, NaiveDate, Weekday};

/// The days that are played.
pub(super) struct Calendar {
    /// Midnight at which the first day begins, in seconds since the epoch.
    start: i64,
    /// How much is done on each day; 1 is the mean.
    loads: Vec<f64>,
}

impl Calendar {
    pub(super) fn of(scale: &Scale) -> Self {
        let count = scale.days();
        let works: Vec<f64> =
            scale.start_on().iter_days().take(count).enumerate().map(|(day, on)| work(on, day as f64 / count as f64)).collect();
        let mean = works.iter().sum::<f64>() / count as f64;
        let loads = works.into_iter().map(|work| work / mean).collect();
        Self { start: day_start(scale.start_on()).micros() / 1_000_000, loads }
    }

    /// How many days are played.
    pub(super) fn days(&self) -> usize {
        self.loads.len()
    }

    /// Midnight at which a day begins, in seconds since the epoch.
    pub(super) fn midnight(&self, day: usize) -> i64 {
        self.start + i64::try_from(day).unwrap_or_default() * DAY_SECONDS
    }

    /// How much is done on a day; 1 is the mean.
    pub(super) fn load(&self, day: usize) -> f64 {
        self.loads.get(day).copied().unwrap_or_default()
    }

    /// The share of all days that is over when a day begins.
    pub(super) fn progress(&self, day: usize) -> f64 {
        day as f64 / self.days().max(1) as f64
    }

    /// The share of all work that is done on a day or later.
    pub(super) fn work_from(&self, day: usize) -> f64 {
        self.loads.iter().skip(day).sum::<f64>() / self.days().max(1) as f64
    }
}

fn work(on: NaiveDate, progress: f64) -> f64 {
    let of_weekday = match on.weekday() {
        Weekday::Sat => 0.05,
        Weekday::Sun => 0.03,
        _ => 1.0,
    };
    of_weekday * activity(day_start(on)) * (0.85 + 0.3 * progress)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_day_has_load_one_and_weekends_are_quiet() {
        let calendar = Calendar::of(&Scale { services: 1, years: 1, seed: 1 });
        assert_eq!(calendar.days(), 365);
        assert!((calendar.work_from(0) - 1.0).abs() < 1e-9);
        // 2025-07-31 was a Thursday.
        assert!(calendar.load(0) > 1.0 && calendar.load(2) < 0.1);
        assert_eq!(calendar.midnight(1) - calendar.midnight(0), DAY_SECONDS);
    }
}
