//! When the rest will have moved: the forecast of `analytics` with days in place of weeks, in words.

use super::told::Row;
use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use serde::Serialize;
use utoipa::ToSchema;
use waymark_analytics::forecast::{Forecast, HORIZON_WEEKS, Progress, Refusal, Weeks, forecast};
use waymark_analytics::{Definitions, Migration, local_date};
use waymark_reports::wording::{self, dates};

/// The last days of the weeks by which it is done, at three degrees of caution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WeeksSaid {
    /// Half of all futures are done by then.
    #[schema(value_type = String)]
    pub p50: NaiveDate,
    /// 85 % of all futures are done by then.
    #[schema(value_type = String)]
    pub p85: NaiveDate,
    /// 95 % of all futures are done by then.
    #[schema(value_type = String)]
    pub p95: NaiveDate,
}

/// How far a component has come, and when the goal will be reached.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Until {
    /// The share of eligible services that is aimed at: the target, or all.
    pub goal: f64,
    /// The last day on which it is in time; null where nobody said one.
    #[schema(value_type = Option<String>)]
    pub due_on: Option<NaiveDate>,
    /// Services that still have to move to reach the goal.
    pub remaining: u32,
    /// How many of them are exempt or blocked.
    pub held: u32,
    /// Eligible services that are not known to use it, whether or not the goal needs them.
    pub without: u32,
    /// How many of these are exempt or blocked.
    pub waiting: u32,
    /// Completions minus leaks and returns of each complete week since the first one with a completion, oldest first.
    pub net_by_week: Vec<i64>,
    /// What is forecast; null when it is refused or nothing remains.
    pub said: Option<WeeksSaid>,
    /// If weeks go on like the last six.
    pub recent: Option<WeeksSaid>,
    /// If weeks go on like all weeks until now; history alone is optimistic.
    pub history: Option<WeeksSaid>,
    /// If the pace goes on slowing as far as the history bears it.
    pub slowing: Option<WeeksSaid>,
    /// `done`, `on track`, `at risk`, `late`, or `no forecast`; without a target `no target`.
    pub status: &'static str,
    /// The same as a sentence, with the reason for a refusal.
    pub sentence: String,
}

/// Whether a standing service has still to move, as `remaining` counts: eligible, and not known to have moved.
pub(super) fn is_remaining(row: &Row<'_>) -> bool {
    row.text("fit").as_deref() == Some("fits") && row.text("known_status").as_deref() != Some("adopted")
}

/// What is aimed at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Aim {
    share: f64,
    due_on: Option<NaiveDate>,
}

impl Aim {
    /// What is promised of a component as of a day: the share of its target, else all.
    pub(super) fn of_component(definitions: &Definitions, component: &str, on: NaiveDate) -> Self {
        let target = definitions.target(component, on);
        Self { share: target.map_or(1.0, |target| target.share), due_on: target.map(|target| target.due_on) }
    }

    /// A migration that has a day of its own is done when all are; one without aims at what its component does.
    pub(super) fn of_migration(definitions: &Definitions, migration: &Migration, on: NaiveDate) -> Self {
        match migration.due_on {
            Some(due_on) => Self { share: 1.0, due_on: Some(due_on) },
            None => Self::of_component(definitions, &migration.to_component, on),
        }
    }
}

/// The weeks that are over, of a component or of a migration, oldest first; at least one.
pub(super) struct CompleteWeeks<'told> {
    weeks: Vec<Row<'told>>,
    /// The last day of the newest of them, as of which a forecast is made.
    pub(super) last_day: NaiveDate,
}

impl<'told> CompleteWeeks<'told> {
    /// Those among some weeks, oldest first; null where there is none.
    pub(super) fn of(weeks: impl IntoIterator<Item = Row<'told>>, zone: Tz) -> Option<Self> {
        let weeks: Vec<Row<'told>> = weeks.into_iter().filter(|week| !week.is("is_partial")).collect();
        let last_day = local_date(weeks.last()?.instant("week_end")?, zone) - Days::new(1);
        Some(Self { weeks, last_day })
    }

    /// Each of them.
    pub(super) fn rows(&self) -> &[Row<'told>] {
        &self.weeks
    }

    /// The forecast. `waiting` is how many of those who have still to move are exempt or blocked; null where nobody is
    /// blocked, and the weeks tell who is exempt.
    pub(super) fn until(&self, aim: Aim, waiting: Option<usize>) -> Until {
        let newest = |name: &str| self.weeks.last().map_or(0, |week| week.count(name));
        let (eligible, left) = (newest("eligible"), newest("remaining"));
        #[expect(clippy::cast_possible_truncation, reason = "a count of services")]
        let may_stay = ((1.0 - aim.share) * eligible as f64 + 1e-9).floor() as i64;
        let remaining = whole(left - may_stay);
        // Whom nobody could look at lately has perhaps gone back: the goal is reached only if it holds without them.
        let unconfirmed = newest("unconfirmed");
        let doubtful = if remaining == 0 && left + unconfirmed > may_stay { whole(unconfirmed) } else { 0 };
        let waiting = waiting.map_or_else(|| newest("held"), |waiting| i64::try_from(waiting).unwrap_or(i64::MAX));
        // Who may stay by the goal is taken from those who wait anyway.
        let held = whole(waiting - may_stay).min(remaining);
        let first = self.weeks.iter().position(|week| week.count("completed") > 0).unwrap_or(0);
        let net = |week: &Row<'_>| week.count("completed") - week.count("returned") - week.count("leaks");
        let net_by_week: Vec<i64> = self.weeks.iter().skip(first).map(net).collect();
        let found = forecast(&Progress { net: net_by_week.clone(), remaining, held });
        let days = |weeks: Weeks| {
            let after = |count: u32| self.last_day + Days::new(7 * u64::from(count));
            WeeksSaid { p50: after(weeks.p50), p85: after(weeks.p85), p95: after(weeks.p95) }
        };
        let issued = if let Forecast::Issued(issued) = &found { Some(*issued) } else { None };
        let said = issued.map(|issued| days(issued.said));
        let status = if doubtful > 0 { "no forecast" } else { status(&found, said, aim, self.last_day) };
        Until {
            goal: aim.share,
            due_on: aim.due_on,
            remaining,
            held,
            without: whole(left),
            waiting: whole(waiting),
            net_by_week,
            said,
            recent: issued.map(|issued| days(issued.recent)),
            history: issued.and_then(|issued| issued.history).map(days),
            slowing: issued.map(|issued| days(issued.slowing)),
            status,
            sentence: sentence(&found, said, (aim, doubtful), status),
        }
    }
}

impl Until {
    /// How many the goal still needs, and who there is: `9 more to reach 90 %; 14 do not use it, 1 of them exempt`.
    pub fn rest(&self) -> Option<String> {
        let held = if self.waiting > 0 { format!(", {} of them exempt or blocked", self.waiting) } else { String::new() };
        if self.without == 0 {
            return None;
        }
        // Where the goal is all of them, everybody who is left is needed.
        let needed = if self.remaining > 0 && self.goal < 1.0 {
            format!("{} more to reach {}; ", self.remaining, wording::share(self.goal))
        } else {
            String::new()
        };
        Some(format!("{needed}{} do not use it as far as is known{held}", self.without))
    }
}

fn whole(count: i64) -> u32 {
    u32::try_from(count.max(0)).unwrap_or(u32::MAX)
}

/// How far forecasts look.
fn horizon() -> Days {
    Days::new(7 * u64::from(HORIZON_WEEKS))
}

fn status(found: &Forecast, said: Option<WeeksSaid>, aim: Aim, today: NaiveDate) -> &'static str {
    match (found, said, aim.due_on) {
        (Forecast::Done, _, _) => "done",
        (_, _, Some(due_on)) if due_on <= today => "late",
        // Half of all futures end after the horizon, and the day lies before it.
        (Forecast::Refused(Refusal::NoEnd { recent_weeks: None }), _, Some(due_on)) if due_on <= today + horizon() => "late",
        (_, None, _) => "no forecast",
        (_, Some(_), None) => "no target",
        (_, Some(said), Some(due_on)) if said.p85 <= due_on => "on track",
        (_, Some(said), Some(due_on)) if said.p50 <= due_on => "at risk",
        _ => "late",
    }
}

/// `doubtful` is how many would have to be confirmed before anybody may say that the goal is reached.
fn sentence(found: &Forecast, said: Option<WeeksSaid>, (aim, doubtful): (Aim, u32), status: &str) -> String {
    let share = if aim.share >= 1.0 { "all of them".to_owned() } else { wording::share(aim.share) };
    let target = aim.due_on.map_or_else(String::new, |due_on| format!(" (target {}): {status}", dates::day(due_on)));
    match (found, said) {
        (Forecast::Done, _) if doubtful > 0 => {
            let target = aim.due_on.map_or_else(String::new, |due_on| format!(" (target {})", dates::day(due_on)));
            format!("{share} reached as far as was last known, {doubtful} not confirmed lately{target}")
        }
        (Forecast::Done, _) => format!("{share} reached{target}"),
        (Forecast::Refused(refusal), _) => match aim.due_on {
            // That it is overdue needs no forecast.
            Some(due_on) => {
                let overdue = if status == "late" { ": late" } else { "" };
                format!("{refusal} (target {share} by {}){overdue}", dates::day(due_on))
            }
            None => refusal.to_string(),
        },
        (Forecast::Issued(_), Some(said)) => format!("{share} by {}{target}", dates::range(said.p50, said.p85 + Days::new(1))),
        (Forecast::Issued(_), None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::told::Told;
    use super::*;
    use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, TimestampMicrosecondArray};
    use std::sync::Arc;
    use waymark_analytics::Target;
    use waymark_event::Instant;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// Weeks that end with Sunday, 31 May 2026, of 40 services: what was completed, returned, entered and leaked in each.
    fn weeks(moved: &[[i64; 4]], [remaining, unconfirmed]: [i64; 2]) -> Told {
        let end = |index: usize| -> i64 {
            let weeks_back = i64::try_from(moved.len() - 1 - index).unwrap();
            Instant::parse("2026-06-01T00:00:00Z").unwrap().micros() - weeks_back * 7 * 86_400 * 1_000_000
        };
        let ends = TimestampMicrosecondArray::from_iter_values((0..moved.len()).map(end)).with_timezone("UTC");
        let number =
            |of: &dyn Fn(&[i64; 4]) -> i64| -> ArrayRef { Arc::new(Int64Array::from_iter_values(moved.iter().map(of))) };
        let columns: [(&str, ArrayRef); 10] = [
            ("week_end", Arc::new(ends)),
            ("is_partial", Arc::new(BooleanArray::from(vec![false; moved.len()]))),
            ("eligible", number(&|_| 40)),
            ("remaining", number(&|_| remaining)),
            ("held", number(&|_| 0)),
            ("unconfirmed", number(&|_| unconfirmed)),
            ("completed", number(&|week| week[0])),
            ("returned", number(&|week| week[1])),
            ("entered", number(&|week| week[2])),
            ("leaks", number(&|week| week[3])),
        ];
        Told::of(&RecordBatch::try_from_iter(columns).unwrap())
    }

    fn said(moved: &[[i64; 4]], remaining: i64, aim: Aim) -> Until {
        let told = weeks(moved, [remaining, 0]);
        CompleteWeeks::of(told.rows(), Tz::UTC).unwrap().until(aim, None)
    }

    #[test]
    fn what_holds_only_with_those_that_nobody_could_confirm_is_not_done() {
        // 32 of 40 are aimed at.
        for (due_on, unconfirmed, left, status, sentence) in [
            (
                Some("2026-06-07"),
                7,
                8,
                "no forecast",
                "80 % reached as far as was last known, 7 not confirmed lately (target 7 Jun 2026)",
            ),
            // The day is over, and nobody can say that it was missed.
            (
                Some("2026-05-31"),
                1,
                8,
                "no forecast",
                "80 % reached as far as was last known, 1 not confirmed lately (target 31 May 2026)",
            ),
            (None, 8, 1, "no forecast", "80 % reached as far as was last known, 8 not confirmed lately"),
            // 39 have moved, and without the 7 there are 32.
            (Some("2026-06-07"), 7, 1, "done", "80 % reached (target 7 Jun 2026): done"),
        ] {
            let told = weeks(&[[2, 0, 0, 0]; 8], [left, unconfirmed]);
            let aim = Aim { share: 0.8, due_on: due_on.map(day) };
            let until = CompleteWeeks::of(told.rows(), Tz::UTC).unwrap().until(aim, None);
            assert_eq!((until.remaining, until.status, until.sentence.as_str()), (0, status, sentence));
        }
    }

    #[test]
    fn what_is_done_by_the_end_of_a_week_is_done_on_its_sunday() {
        let aim = Aim { share: 1.0, due_on: Some(day("2026-06-07")) };
        let until = said(&[[2, 0, 0, 0]; 8], 2, aim);
        assert_eq!(until.recent.unwrap().p95, day("2026-06-07"));
        // Half of all futures are in time, and four weeks are needed if it slows down.
        assert_eq!((until.said.unwrap().p50, until.said.unwrap().p85), (day("2026-06-07"), day("2026-06-28")));
        assert_eq!(until.status, "at risk");
        assert_eq!(until.sentence, "all of them by 7–28 Jun 2026 (target 7 Jun 2026): at risk");
        let late = said(&[[2, 0, 0, 0]; 8], 2, Aim { due_on: Some(day("2026-05-31")), ..aim });
        assert_eq!(late.status, "late", "its last day is over");
    }

    #[test]
    fn who_comes_into_scope_takes_nothing_from_what_was_gained_and_a_leak_does() {
        let aim = Aim { share: 1.0, due_on: None };
        let mut moved = [[2, 0, 0, 0]; 8];
        moved[6] = [2, 0, 10, 0];
        let grown = said(&moved, 6, aim);
        assert_eq!(grown.net_by_week, [2; 8]);
        assert!(grown.said.is_some() && grown.status == "no target", "{grown:?}");
        moved[6] = [2, 1, 10, 3];
        assert_eq!(said(&moved, 6, aim).net_by_week, [2, 2, 2, 2, 2, 2, -2, 2]);
    }

    #[test]
    fn a_migration_aims_at_all_by_its_own_day_and_else_at_what_its_component_does() {
        let target = Target { component: "ci".to_owned(), share: 0.8, set_on: None, due_on: day("2026-07-12") };
        let definitions = Definitions { targets: vec![target], ..Definitions::default() };
        let migration = |due_on: Option<&str>| Migration {
            id: "m".to_owned(),
            title: "Away from the old tool".to_owned(),
            from_component: None,
            from_alternatives: vec!["old".to_owned()],
            to_component: "ci".to_owned(),
            owner: "platform".to_owned(),
            started_on: day("2026-01-05"),
            due_on: due_on.map(day),
            blocked: Vec::new(),
        };
        let status = |due_on: Option<&str>, remaining| {
            let aim = Aim::of_migration(&definitions, &migration(due_on), day("2026-05-31"));
            said(&[[2, 0, 0, 0]; 16], remaining, aim).status
        };
        assert_eq!(status(None, 8), "done", "32 of 40 are what is promised of the component");
        assert_eq!(status(Some("2026-12-31"), 8), "on track", "all 40 are what is promised of the migration");
        assert_eq!(status(Some("2026-06-07"), 8), "late");
    }

    #[test]
    fn what_the_goal_needs_is_not_everybody_who_is_left() {
        let until = |goal: f64, remaining: u32, without: u32, waiting: u32| Until {
            goal,
            due_on: None,
            remaining,
            held: 0,
            without,
            waiting,
            net_by_week: Vec::new(),
            said: None,
            recent: None,
            history: None,
            slowing: None,
            status: "no target",
            sentence: String::new(),
        };
        let rest = until(0.9, 9, 14, 1).rest().unwrap();
        assert_eq!(rest, "9 more to reach 90 %; 14 do not use it as far as is known, 1 of them exempt or blocked");
        assert_eq!(until(1.0, 14, 14, 0).rest().unwrap(), "14 do not use it as far as is known");
        assert_eq!(until(1.0, 0, 0, 0).rest(), None);
    }
}
