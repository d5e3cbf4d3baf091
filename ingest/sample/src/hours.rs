//! When people work: Monday to Friday, mostly between 7 and 18 o'clock UTC, little at the end of December.
//!
//! Counts seconds in UTC; no zone and no calendar of public holidays.

use crate::chance::{Chance, whole};
use crate::plan::DAY_SECONDS;
use chrono::Datelike;
use waymark_event::Instant;

const DAY_BEGINS: i64 = 7 * 3_600;
const DAY_ENDS: i64 = 18 * 3_600;

/// A moment of the week that begins at `week_start` at which somebody would do something.
pub(crate) fn working_moment(week_start: Instant, chance: &mut Chance) -> Instant {
    // A few people work on Saturdays and in the evening.
    if chance.happens(0.025) {
        return week_start.plus_seconds(chance.between(DAY_BEGINS, 6 * DAY_SECONDS - 1));
    }
    let day = match chance.between(0, 99) {
        0..=20 => 0,
        21..=43 => 1,
        44..=65 => 2,
        66..=86 => 3,
        _ => 4,
    };
    let middle = f64::midpoint(chance.share(), chance.share());
    let second = DAY_BEGINS + whole(middle * (DAY_ENDS - DAY_BEGINS) as f64);
    week_start.plus_seconds(day * DAY_SECONDS + second)
}

/// The instant itself when people work then, else a moment of the next working morning.
pub(crate) fn at_work(instant: Instant, chance: &mut Chance) -> Instant {
    let seconds = instant.micros() / 1_000_000;
    let (day, second) = (seconds.div_euclid(DAY_SECONDS), seconds.rem_euclid(DAY_SECONDS));
    let is_working_day = weekday(day) < 5;
    if is_working_day && (DAY_BEGINS..DAY_ENDS).contains(&second) {
        return instant;
    }
    let next = if is_working_day && second < DAY_BEGINS { day } else { day + 1 };
    let morning = (next..next + 3).find(|day| weekday(*day) < 5).unwrap_or(next);
    Instant::from_seconds(morning * DAY_SECONDS + DAY_BEGINS + chance.between(0, 4 * 3_600))
}

/// How much of its usual work an organisation does in the week that begins at `week_start`.
pub(crate) fn activity(week_start: Instant) -> f64 {
    let day = week_start.to_utc().date_naive();
    match (day.month(), day.day()) {
        (12, 20..) => 0.18,
        (1, ..=4) => 0.5,
        (8, _) => 0.85,
        _ => 1.0,
    }
}

/// Days since the epoch to days since a Monday; the epoch was a Thursday.
fn weekday(day: i64) -> i64 {
    (day + 3).rem_euclid(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_moves_to_the_next_working_morning() {
        let mut chance = Chance::stream(1, 0, 0);
        let at = |text: &str| Instant::parse(text).unwrap();
        let noon = at("2026-07-30T12:00:00Z");
        assert_eq!(at_work(noon, &mut chance), noon);
        let saturday = at_work(at("2026-08-01T12:00:00Z"), &mut chance);
        assert!(saturday >= at("2026-08-03T07:00:00Z") && saturday <= at("2026-08-03T11:00:00Z"));
        let early = at_work(at("2026-07-30T03:00:00Z"), &mut chance);
        assert!(early >= at("2026-07-30T07:00:00Z") && early <= at("2026-07-30T11:00:00Z"));
    }

    #[test]
    fn the_end_of_december_is_quiet() {
        assert!(activity(Instant::parse("2025-12-22T00:00:00Z").unwrap()) < 0.3);
        assert!((activity(Instant::parse("2026-03-02T00:00:00Z").unwrap()) - 1.0).abs() < f64::EPSILON);
    }
}
