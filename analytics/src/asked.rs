//! What was asked for, as texts, becomes a `Window`, which is always valid.
//!
//! The HTTP interface and the command line ask with the same words, so they are understood once.

use crate::window::{Grain, Window, local_date};
use chrono::{Datelike, Days, NaiveDate, Weekday};
use chrono_tz::Tz;
use waymark_event::Instant;

/// A window in the words of a caller; all of them may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WindowRequest {
    /// `day`, `week`, `month`, `quarter` or `window`; default: week.
    pub grain: Option<String>,
    /// First day, ISO week or RFC 3339 instant.
    pub from: Option<String>,
    /// First day, ISO week or RFC 3339 instant that no longer belongs to it.
    pub to: Option<String>,
    /// How many complete periods before now, such as `13`; default: 13, and 90 days for `window`.
    pub last: Option<u32>,
    /// Only this kind of scope.
    pub scope_kind: Option<String>,
    /// Only these scopes.
    pub scopes: Vec<String>,
}

/// Why a window cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// No grain of this name.
    #[error("grain `{0}` is none of day, week, month, quarter, window")]
    Grain(String),
    /// A text is no date.
    #[error("`{0}` is no date: write `2026-03-02`, `2026-W10`, `2026-Q1` or an RFC 3339 instant")]
    Date(String),
    /// A date of a year about which nobody asks in earnest.
    #[error("`{0}` lies outside of the years {first} to {last}", first = FIRST_YEAR, last = LAST_YEAR)]
    OutOfRange(String),
    /// The end does not lie after the start.
    #[error("`to` must lie after `from`")]
    Empty,
    /// It begins when nothing can be known yet.
    #[error("`{day}` lies in the future: the data reach until {today}")]
    Future {
        /// The first day that was asked for, or the last where no first one was.
        day: NaiveDate,
        /// The day on which the data end.
        today: NaiveDate,
    },
    /// Too many periods at once.
    #[error("the range holds {0} periods, at most 2000 can be asked for: choose a coarser grain")]
    TooLong(usize),
    /// Too many days at once.
    #[error("the range holds {0} days, at most {most} can be asked for", most = DAYS_MAX)]
    TooManyDays(u32),
    /// Both ways to say it at once.
    #[error("`last` counts back from now, so it cannot go with `from` or `to`")]
    Both,
    /// A scope without its kind.
    #[error("scope_kind `{0}` is none of {kinds}", kinds = SCOPE_KINDS.join(", "))]
    ScopeKind(String),
}

const PERIODS_MAX: usize = 2_000;
/// A century: a question over days holds each of them in memory.
const DAYS_MAX: u32 = 36_600;
/// The years whose days can be asked for.
const FIRST_YEAR: i32 = 1970;
const LAST_YEAR: i32 = 2200;
/// The kinds of scope by which numbers can be asked for.
pub const SCOPE_KINDS: &[&str] = &[
    "service",
    "team",
    "system",
    "organisation",
    "component",
    "component_team",
    "component_alternative",
    "component_reason",
    "category",
    "category_vendor",
];

impl WindowRequest {
    /// Understands the request as of an instant, in the organisation's zone.
    ///
    /// # Errors
    /// A sentence for each thing that cannot be understood.
    pub fn understand(&self, as_of: Instant, zone: Tz) -> Result<Window, WindowError> {
        let grain = match self.grain.as_deref() {
            None | Some("") => Grain::Week,
            Some(name) => Grain::named(name).ok_or_else(|| WindowError::Grain(name.to_owned()))?,
        };
        let mut window = match (&self.from, &self.to, self.last) {
            (None, None, None) if grain == Grain::Window => Window::trailing_days(90, as_of, zone),
            // No calendar goes back as far as a number can.
            (None, None, Some(days)) if grain == Grain::Window && days > DAYS_MAX => {
                return Err(WindowError::TooManyDays(days));
            }
            (None, None, Some(days)) if grain == Grain::Window => Window::trailing_days(u64::from(days.max(1)), as_of, zone),
            (None, None, count) => {
                let count = count.unwrap_or(13).max(1);
                if count as usize > PERIODS_MAX {
                    return Err(WindowError::TooLong(count as usize));
                }
                Window::last_complete(grain, count, as_of, zone)
            }
            (_, _, Some(_)) => return Err(WindowError::Both),
            (from, to, None) => between(grain, from.as_deref(), to.as_deref(), as_of, zone)?,
        };
        if window.periods.len() > PERIODS_MAX {
            return Err(WindowError::TooLong(window.periods.len()));
        }
        if let (Some(first), Some(last)) = (window.periods.first(), window.periods.last()) {
            let days = u32::try_from((last.end_day - first.first_day).num_days()).unwrap_or(u32::MAX);
            if days > DAYS_MAX {
                return Err(WindowError::TooManyDays(days));
            }
        }
        if let Some(kind) = self.scope_kind.as_deref().filter(|kind| !kind.is_empty()) {
            if !SCOPE_KINDS.contains(&kind) {
                return Err(WindowError::ScopeKind(kind.to_owned()));
            }
            window = window.of_kind(kind);
        }
        window.scopes.clone_from(&self.scopes);
        Ok(window)
    }
}

fn between(grain: Grain, from: Option<&str>, to: Option<&str>, as_of: Instant, zone: Tz) -> Result<Window, WindowError> {
    let today = local_date(as_of, zone);
    let to = match to {
        Some(text) => day(text, zone)?,
        None => today + Days::new(1),
    };
    let (from, named) = match from {
        Some(text) => day(text, zone).map(|from| (from, from))?,
        None => (to - Days::new(91), to),
    };
    if from > today {
        return Err(WindowError::Future { day: named, today });
    }
    if to <= from {
        return Err(WindowError::Empty);
    }
    let days = (to - from).num_days().unsigned_abs();
    if grain == Grain::Day && days > PERIODS_MAX as u64 {
        return Err(WindowError::TooLong(usize::try_from(days).unwrap_or(usize::MAX)));
    }
    Ok(Window::between(grain, from, to, zone))
}

/// A date, the Monday of an ISO week, the first day of a quarter, or the local day of an instant.
fn day(text: &str, zone: Tz) -> Result<NaiveDate, WindowError> {
    let unreadable = || WindowError::Date(text.to_owned());
    let found = if let Some((year, week)) = text.split_once("-W") {
        let (year, week) = number(year).zip(number(week)).ok_or_else(unreadable)?;
        NaiveDate::from_isoywd_opt(year.cast_signed(), week, Weekday::Mon).ok_or_else(unreadable)?
    } else if let Some((year, quarter)) = text.split_once("-Q") {
        let (year, quarter) = number(year).zip(number(quarter)).ok_or_else(unreadable)?;
        let month =
            quarter.checked_sub(1).filter(|quarter| *quarter < 4).map(|quarter| 3 * quarter + 1).ok_or_else(unreadable)?;
        NaiveDate::from_ymd_opt(year.cast_signed(), month, 1).ok_or_else(unreadable)?
    } else if text.contains('T') {
        local_date(Instant::parse(text).map_err(|_| unreadable())?, zone)
    } else {
        // The parser would take a sign in front of the year.
        let unsigned = text.starts_with(|first: char| first.is_ascii_digit()).then_some(text).ok_or_else(unreadable)?;
        NaiveDate::parse_from_str(unsigned, "%Y-%m-%d").map_err(|_| unreadable())?
    };
    let is_in_range = (FIRST_YEAR..=LAST_YEAR).contains(&found.year());
    if is_in_range { Ok(found) } else { Err(WindowError::OutOfRange(text.to_owned())) }
}

/// A number of digits alone: no date holds a sign.
fn number(digits: &str) -> Option<u32> {
    let is_plain = digits.len() <= 4 && digits.chars().all(|digit| digit.is_ascii_digit());
    digits.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(request: &WindowRequest) -> Result<Window, WindowError> {
        request.understand(Instant::parse("2026-08-03T06:00:00Z").unwrap(), chrono_tz::Europe::Berlin)
    }

    #[test]
    fn a_quarter_is_its_first_day() {
        let from = |text: &str| {
            let request =
                WindowRequest { from: Some(text.to_owned()), to: Some("2026-08-01".to_owned()), ..WindowRequest::default() };
            ask(&WindowRequest { grain: Some("window".to_owned()), ..request })
                .map(|window| window.periods[0].first_day.to_string())
        };
        assert_eq!(from("2026-Q1").unwrap(), "2026-01-01");
        assert_eq!(from("2025-Q4").unwrap(), "2025-10-01");
        for text in ["2026-Q0", "2026-Q5", "2026-Q", "Q1", "2026-Q+1", "2026-W+10", "+2026-W10", "+2026-03-02", " 2026-03-02"] {
            assert_eq!(from(text), Err(WindowError::Date(text.to_owned())));
        }
    }

    #[test]
    fn one_period_does_not_go_back_for_ever() {
        let of_days = |days| WindowRequest { grain: Some("window".to_owned()), last: Some(days), ..WindowRequest::default() };
        assert_eq!(ask(&of_days(365)).unwrap().periods.len(), 1);
        for days in [DAYS_MAX + 1, u32::MAX] {
            assert_eq!(ask(&of_days(days)), Err(WindowError::TooManyDays(days)));
        }
    }

    #[test]
    fn no_question_holds_more_days_than_a_century() {
        let last =
            |grain: &str, last| WindowRequest { grain: Some(grain.into()), last: Some(last), ..WindowRequest::default() };
        // From 1 July 2026 back to 1 July 1926: a hundred years, of which 25 are leap years.
        assert_eq!(ask(&last("quarter", 400)).unwrap().periods.len(), 400);
        // From 1 July 2026 back to 1 July 1526: 500 years, of which 122 are leap years.
        assert_eq!(ask(&last("quarter", 2_000)), Err(WindowError::TooManyDays(182_622)));
        assert!(matches!(ask(&last("month", 2_000)), Err(WindowError::TooManyDays(_))));
        let grain = Some("window".to_owned());
        let (from, to) = (Some("1970-01-01".to_owned()), Some("2200-12-31".to_owned()));
        let ends = WindowRequest { grain, from, to, ..WindowRequest::default() };
        assert_eq!(ask(&ends), Err(WindowError::TooManyDays(84_370)));
    }

    #[test]
    fn a_date_of_another_age_is_still_a_date() {
        for text in ["0001-01-01", "1969-12-31", "9999-12-31", "1969-W01", "2201-Q1"] {
            let request = WindowRequest { from: Some(text.to_owned()), ..WindowRequest::default() };
            let said = format!("`{text}` lies outside of the years 1970 to 2200");
            assert_eq!(ask(&request).unwrap_err().to_string(), said);
        }
        let request = WindowRequest { to: Some("2200-12-31".to_owned()), ..WindowRequest::default() };
        let said = "`2200-12-31` lies in the future: the data reach until 2026-08-03";
        assert_eq!(ask(&request).unwrap_err().to_string(), said);
    }

    #[test]
    fn without_a_word_it_is_thirteen_complete_weeks() {
        let window = ask(&WindowRequest::default()).unwrap();
        assert_eq!(window.periods.len(), 13);
        assert_eq!(window.periods[12].end_day.to_string(), "2026-08-03");
    }

    #[test]
    fn a_window_is_ninety_complete_days() {
        let window = ask(&WindowRequest { grain: Some("window".to_owned()), ..WindowRequest::default() }).unwrap();
        assert_eq!((window.periods[0].end_day - window.periods[0].first_day).num_days(), 90);
    }

    #[test]
    fn what_cannot_be_understood_says_why() {
        let of =
            |from: &str, to: &str| WindowRequest { from: Some(from.into()), to: Some(to.into()), ..WindowRequest::default() };
        assert_eq!(ask(&of("2026-W31", "2026-W30")), Err(WindowError::Empty));
        assert_eq!(ask(&of("soon", "2026-W30")), Err(WindowError::Date("soon".to_owned())));
        let later = WindowRequest { from: Some("2030-W01".to_owned()), ..WindowRequest::default() };
        let said = "`2029-12-31` lies in the future: the data reach until 2026-08-03";
        assert_eq!(ask(&later).unwrap_err().to_string(), said);
        assert_eq!(
            ask(&WindowRequest { grain: Some("fortnight".into()), ..WindowRequest::default() }),
            Err(WindowError::Grain("fortnight".to_owned()))
        );
    }
}
