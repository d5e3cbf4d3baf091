//! `Plan`: how large a sample organisation is, how long it lives, and by which seed.
//!
//! Dates and sizes only; who works there belongs to `organisation.rs`, what happens to `story.rs`.

use crate::{configuration, platform};
use chrono::{Datelike, NaiveDate};
use waymark_event::Instant;

/// A sample organisation before it is played: equal plans give equal deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The seed of everything that looks like chance.
    pub seed: u64,
    /// How many services there are; at least one.
    pub services: usize,
    /// How many complete ISO weeks are played.
    pub weeks: usize,
    /// The Monday on which the last week is over.
    pub end_on: NaiveDate,
}

/// A Monday, fixed so that the pictures of the manual stay true.
const END_ON: NaiveDate = match NaiveDate::from_ymd_opt(2026, 8, 3) {
    Some(day) => day,
    None => NaiveDate::MIN,
};
/// `NaiveDate` counts from the first day of year 1; the epoch is this day.
const EPOCH_DAY: i32 = 719_163;
pub(crate) const DAY_SECONDS: i64 = 86_400;
pub(crate) const WEEK_SECONDS: i64 = 7 * DAY_SECONDS;

impl Plan {
    /// The organisation of `waymark demo`: 60 services, 78 weeks.
    pub const fn demo() -> Self {
        Self { seed: 1, services: 60, weeks: 78, end_on: END_ON }
    }

    /// An organisation for tests: 8 services, 12 weeks, with every story that fits into them.
    pub const fn small() -> Self {
        Self { seed: 1, services: 8, weeks: 12, end_on: END_ON }
    }

    /// The instant at which the sample is looked at: `end_on` at six in the morning, UTC.
    pub fn as_of(&self) -> Instant {
        day_start(self.end_on).plus_seconds(6 * 3_600)
    }

    /// About how many deliveries there will be, for a progress bar; within a tenth for the demo plan.
    pub fn delivery_count_estimate(&self) -> u64 {
        /// Measured with the demo plan; a service sends about this much in a week.
        const PER_SERVICE_AND_WEEK: u64 = 32;
        let services = u64::try_from(self.services).unwrap_or(u64::MAX);
        let weeks = u64::try_from(self.weeks).unwrap_or(u64::MAX);
        services.saturating_mul(weeks).saturating_mul(PER_SERVICE_AND_WEEK)
    }

    /// The text of the `waymark.toml` that belongs to the sample.
    pub fn configuration(&self) -> String {
        configuration::text(self)
    }

    /// The same without the platform, for beside the folder that describes it.
    pub fn settings(&self) -> String {
        configuration::head().to_owned()
    }

    /// Name and text of each file in the folder `platform` of the sample.
    pub fn platform(&self) -> Vec<(String, String)> {
        platform::files(self)
    }

    /// Midnight, in UTC, of the Monday on which week number `week` begins.
    pub(crate) fn week_start(&self, week: usize) -> Instant {
        let weeks_left = weeks(self.weeks) - weeks(week);
        day_start(self.end_on).plus_seconds(-weeks_left * WEEK_SECONDS)
    }

    /// How much of the plan is over when week number `week` begins, from 0 to 1.
    pub(crate) fn progress(&self, week: usize) -> f64 {
        week as f64 / self.weeks.saturating_sub(1).max(1) as f64
    }

    /// The number of the week that lies at `share` of the plan.
    pub(crate) fn week_at(&self, share: f64) -> usize {
        (0..self.weeks).find(|week| self.progress(*week) >= share).unwrap_or(self.weeks)
    }

    /// The Monday at `share` of the plan; before the first week when negative, after the last above 1.
    pub(crate) fn monday_at(&self, share: f64) -> NaiveDate {
        let week = crate::chance::whole(share * self.weeks as f64);
        self.end_on - chrono::TimeDelta::days(7 * (weeks(self.weeks) - week))
    }
}

/// Midnight of `day` in UTC.
pub(crate) fn day_start(day: NaiveDate) -> Instant {
    Instant::from_seconds(i64::from(day.num_days_from_ce() - EPOCH_DAY) * DAY_SECONDS)
}

/// The name of the ISO week in which `instant` lies, such as `2026-W31`.
pub(crate) fn iso_week(instant: Instant) -> String {
    let week = instant.to_utc().date_naive().iso_week();
    format!("{}-W{:02}", week.year(), week.week())
}

fn weeks(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX / WEEK_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_plan_ends_with_a_complete_week() {
        let plan = Plan::demo();
        assert_eq!(plan.as_of().to_rfc3339(), "2026-08-03T06:00:00Z");
        assert_eq!(plan.week_start(0).to_rfc3339(), "2025-02-03T00:00:00Z");
        assert_eq!(plan.week_start(78).to_rfc3339(), "2026-08-03T00:00:00Z");
        assert_eq!(iso_week(plan.week_start(77)), "2026-W31");
        assert_eq!(plan.monday_at(0.0).to_string(), "2025-02-03");
        assert_eq!(plan.week_at(0.0), 0);
    }
}
