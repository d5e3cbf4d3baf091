//! The words for days, periods and instants, always in the organisation's zone.

use chrono::{Datelike, Days, NaiveDate};
use chrono_tz::Tz;
use waymark_analytics::{Grain, Period, Window};
use waymark_event::Instant;

/// A day with its year: `23 Nov 2026`.
pub fn day(day: NaiveDate) -> String {
    day.format("%-d %b %Y").to_string()
}

/// A day whose year is told nearby: `23 Nov`.
pub fn short_day(day: NaiveDate) -> String {
    day.format("%-d %b").to_string()
}

/// A moment with its zone: `23 Nov 2026 09:00 CET`.
pub fn instant(instant: Instant, zone: Tz) -> String {
    instant.to_utc().with_timezone(&zone).format("%-d %b %Y %H:%M %Z").to_string()
}

/// Half-open days as a reader says them: `31 Aug – 29 Nov 2026`.
pub fn range(first_day: NaiveDate, end_day: NaiveDate) -> String {
    let last_day = end_day.checked_sub_days(Days::new(1)).unwrap_or(end_day).max(first_day);
    if first_day == last_day {
        return day(first_day);
    }
    if (first_day.year(), first_day.month()) == (last_day.year(), last_day.month()) {
        return format!("{}–{}", first_day.day(), day(last_day));
    }
    if first_day.year() == last_day.year() {
        return format!("{} – {}", short_day(first_day), day(last_day));
    }
    format!("{} – {}", day(first_day), day(last_day))
}

/// A period by its name: `week of 23 Nov 2026`, `Nov 2026`, `Q4 2026`.
pub fn period(grain: Grain, period: &Period) -> String {
    let first = period.first_day;
    match grain {
        Grain::Day => day(first),
        Grain::Week => format!("week of {}", day(first)),
        Grain::Month => first.format("%b %Y").to_string(),
        Grain::Quarter => format!("Q{} {}", first.month0() / 3 + 1, first.year()),
        Grain::Window => range(first, period.end_day),
    }
}

/// A period under an axis: `23 Nov`, `Nov`, `Q4 2026`.
pub fn tick(grain: Grain, period: &Period) -> String {
    let first = period.first_day;
    match grain {
        Grain::Day | Grain::Week => short_day(first),
        Grain::Month if first.month() == 1 => first.format("%b %Y").to_string(),
        Grain::Month => first.format("%b").to_string(),
        Grain::Quarter => format!("Q{} {}", first.month0() / 3 + 1, first.year()),
        Grain::Window => range(first, period.end_day),
    }
}

/// How the periods of a window follow each other: `weekly`, `monthly`.
pub fn rhythm(grain: Grain) -> &'static str {
    match grain {
        Grain::Day => "daily",
        Grain::Week => "weekly",
        Grain::Month => "monthly",
        Grain::Quarter => "quarterly",
        Grain::Window => "whole range",
    }
}

/// All days of a window: `31 Aug – 29 Nov 2026`.
pub fn window(window: &Window) -> String {
    match (window.periods.first(), window.periods.last()) {
        (Some(first), Some(last)) => range(first.first_day, last.end_day),
        _ => "no period".to_owned(),
    }
}

/// How long ago something was: `40 min`, `5 h`, `3 d`.
pub fn age(from: Instant, to: Instant) -> String {
    let seconds = (to.micros() - from.micros()) as f64 / 1_000_000.0;
    super::value(waymark_analytics::Unit::Seconds, seconds.max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, month, day).unwrap()
    }

    #[test]
    fn a_range_names_its_last_day_and_its_year_once() {
        assert_eq!(range(date(8, 31), date(11, 30)), "31 Aug – 29 Nov 2026");
        assert_eq!(range(date(11, 23), date(11, 24)), "23 Nov 2026");
        assert_eq!(range(date(11, 16), date(11, 23)), "16–22 Nov 2026");
        assert_eq!(range(NaiveDate::from_ymd_opt(2025, 12, 29).unwrap(), date(1, 5)), "29 Dec 2025 – 4 Jan 2026");
    }

    #[test]
    fn a_moment_is_told_in_the_zone_of_the_organisation() {
        let noon = Instant::parse("2026-11-23T08:00:00Z").unwrap();
        assert_eq!(instant(noon, chrono_tz::Europe::Berlin), "23 Nov 2026 09:00 CET");
    }
}
