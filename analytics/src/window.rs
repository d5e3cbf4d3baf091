//! `Window`: what was asked of a metric, understood: grain, periods, zone, scopes.
//!
//! Periods are half-open and begin at local midnight of the organisation's zone. Reading request
//! parameters belongs to the API; joining periods to rows belongs to `calendar.rs`.

use chrono::{Datelike, Days, LocalResult, Months, NaiveDate, NaiveTime, TimeZone};
use chrono_tz::Tz;
use waymark_event::Instant;

/// How long a period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grain {
    /// One local day.
    Day,
    /// One ISO week, from Monday.
    Week,
    /// One calendar month.
    Month,
    /// Three calendar months.
    Quarter,
    /// The whole range as one period.
    Window,
}

impl Grain {
    /// Every grain, shortest first.
    pub const ALL: &[Self] = &[Self::Day, Self::Week, Self::Month, Self::Quarter, Self::Window];

    /// The grain as interfaces name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Window => "window",
        }
    }

    /// The grain of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|grain| grain.as_str() == name)
    }

    /// The first day of the period in which `day` lies; a window begins where it is asked to.
    pub fn floor(self, day: NaiveDate) -> NaiveDate {
        let first = |month: u32| NaiveDate::from_ymd_opt(day.year(), month, 1).unwrap_or(day);
        match self {
            Self::Day | Self::Window => day,
            Self::Week => day - Days::new(u64::from(day.weekday().num_days_from_monday())),
            Self::Month => first(day.month()),
            Self::Quarter => first((day.month0() / 3) * 3 + 1),
        }
    }

    /// The first day of the period after the one that begins at `start`.
    pub fn next(self, start: NaiveDate) -> NaiveDate {
        match self {
            Self::Day | Self::Window => start + Days::new(1),
            Self::Week => start + Days::new(7),
            Self::Month => start + Months::new(1),
            Self::Quarter => start + Months::new(3),
        }
    }
}

/// One period: local days and the instants at which they begin, half-open.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Period {
    /// First local day.
    pub first_day: NaiveDate,
    /// First local day after the period.
    pub end_day: NaiveDate,
    /// Local midnight at which it begins, in UTC.
    pub start: Instant,
    /// Local midnight at which it has ended, in UTC.
    pub end: Instant,
}

/// What was asked of a metric.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// How long a period is.
    pub grain: Grain,
    /// Periods in order, without gaps.
    pub periods: Vec<Period>,
    /// The zone of the organisation.
    pub zone: Tz,
    /// Only this kind of scope; empty = all kinds.
    pub scope_kind: String,
    /// Only these scopes; empty = all of the kind.
    pub scopes: Vec<String>,
}

impl Window {
    /// All scopes over the days `from` to `to`, half-open; both are moved out to whole periods.
    pub fn between(grain: Grain, from: NaiveDate, to: NaiveDate, zone: Tz) -> Self {
        let mut periods = Vec::new();
        if grain == Grain::Window {
            periods.push(period(from, to, zone));
        } else {
            let mut start = grain.floor(from);
            while start < to {
                let end = grain.next(start);
                periods.push(period(start, end, zone));
                start = end;
            }
        }
        Self { grain, periods, zone, scope_kind: String::new(), scopes: Vec::new() }
    }

    /// The last `count` complete periods before `as_of`, over all scopes.
    pub fn last_complete(grain: Grain, count: u32, as_of: Instant, zone: Tz) -> Self {
        let today = local_date(as_of, zone);
        let end = grain.floor(today);
        let mut start = end;
        for _ in 0..count {
            start = grain.floor(start - Days::new(1));
        }
        Self::between(grain, start, end, zone)
    }

    /// The trailing `days` complete days before `as_of` as one period, over all scopes.
    pub fn trailing_days(days: u64, as_of: Instant, zone: Tz) -> Self {
        let today = local_date(as_of, zone);
        Self::between(Grain::Window, today - Days::new(days), today, zone)
    }

    /// The same window for one kind of scope.
    #[must_use]
    pub fn of_kind(mut self, scope_kind: &str) -> Self {
        scope_kind.clone_into(&mut self.scope_kind);
        self
    }

    /// The same window for one scope.
    #[must_use]
    pub fn of_scope(mut self, scope_kind: &str, scope: &str) -> Self {
        scope_kind.clone_into(&mut self.scope_kind);
        self.scopes = vec![scope.to_owned()];
        self
    }
}

/// The local calendar day of an instant.
pub fn local_date(instant: Instant, zone: Tz) -> NaiveDate {
    instant.to_utc().with_timezone(&zone).date_naive()
}

/// The instant at which a local day begins; where midnight is skipped, the first instant that exists.
pub fn local_midnight(day: NaiveDate, zone: Tz) -> Instant {
    let midnight = day.and_time(NaiveTime::MIN);
    for minutes in [0, 30, 60, 120, 180] {
        let time = midnight + chrono::Duration::minutes(minutes);
        match zone.from_local_datetime(&time) {
            LocalResult::Single(found) | LocalResult::Ambiguous(found, _) => return Instant::from(found.to_utc()),
            LocalResult::None => {}
        }
    }
    Instant::from(midnight.and_utc())
}

fn period(first_day: NaiveDate, end_day: NaiveDate, zone: Tz) -> Period {
    Period { first_day, end_day, start: local_midnight(first_day, zone), end: local_midnight(end_day, zone) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_in_march_is_an_hour_shorter_where_clocks_change() {
        let monday = NaiveDate::from_ymd_opt(2026, 3, 23).unwrap();
        let window = Window::between(Grain::Week, monday, monday + Days::new(7), chrono_tz::Europe::Berlin);
        let period = &window.periods[0];
        assert_eq!((period.end.micros() - period.start.micros()) / 3_600_000_000, 167);
    }

    #[test]
    fn quarters_begin_in_january_april_july_and_october() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
        assert_eq!(Grain::Quarter.floor(day), NaiveDate::from_ymd_opt(2026, 10, 1).unwrap());
        assert_eq!(Grain::Week.floor(day), day);
    }
}
