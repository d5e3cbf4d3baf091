//! When the rest will have moved: the forecast of `analytics` with days in place of weeks, in words.

use super::told::Row;
use chrono::{Days, NaiveDate};
use serde::Serialize;
use utoipa::ToSchema;
use waymark_analytics::forecast::{Forecast, Progress, Weeks, forecast};
use waymark_analytics::{Definitions, Target, local_date};
use waymark_reports::wording::{self, dates};

/// The days by which it is done, at three degrees of caution.
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
    /// The day by which it is due; null where nobody set a target.
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
    /// Completions minus leaks and returns of each complete week since the first one, oldest first.
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

/// The forecast of one component from its weeks, oldest first, and its standing services, none where
/// nobody is blocked and the weeks tell who is exempt.
pub(super) fn until(definitions: &Definitions, component: &str, weeks: &[Row<'_>], standing: &[Row<'_>]) -> Option<Until> {
    let complete: Vec<&Row<'_>> = weeks.iter().filter(|week| !week.is("is_partial")).collect();
    let newest = complete.last()?;
    let end_day = local_date(newest.instant("week_end")?, definitions.zone());
    let last_day = end_day - Days::new(1);
    let target = definitions.target(component, last_day);
    let goal = target.map_or(1.0, |target| target.share);
    let (eligible, left) = (newest.count("eligible"), newest.count("remaining"));
    #[expect(clippy::cast_possible_truncation, reason = "a count of services")]
    let may_stay = ((1.0 - goal) * eligible as f64 + 1e-9).floor() as i64;
    let remaining = whole(left - may_stay);
    let waits = |row: &&Row<'_>| {
        let is_exempt = row.text("status").as_deref() == Some("exempt");
        let is_blocked = || row.text("service").is_some_and(|name| definitions.blocked(component, &name, last_day).is_some());
        is_remaining(row) && (is_exempt || is_blocked())
    };
    let waiting = if standing.is_empty() {
        newest.count("held")
    } else {
        i64::try_from(standing.iter().filter(waits).count()).unwrap_or(i64::MAX)
    };
    // Who may stay by the goal is taken from those who wait anyway.
    let held = whole(waiting - may_stay).min(remaining);
    let first = complete.iter().position(|week| week.count("completed") > 0).unwrap_or(0);
    let net_by_week: Vec<i64> = complete
        .iter()
        .skip(first)
        .map(|week| week.count("completed") - week.count("returned") - week.count("entered"))
        .collect();
    let found = forecast(&Progress { net: net_by_week.clone(), remaining, held });
    let days = |weeks: Weeks| {
        let after = |count: u32| end_day + Days::new(7 * u64::from(count));
        WeeksSaid { p50: after(weeks.p50), p85: after(weeks.p85), p95: after(weeks.p95) }
    };
    let issued = if let Forecast::Issued(issued) = &found { Some(*issued) } else { None };
    let said = issued.map(|issued| days(issued.said));
    let status = status(&found, said, target, end_day);
    Some(Until {
        goal,
        due_on: target.map(|target| target.due_on),
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
        sentence: sentence(&found, said, goal, target, status),
    })
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

fn status(found: &Forecast, said: Option<WeeksSaid>, target: Option<&Target>, today: NaiveDate) -> &'static str {
    match (found, said, target) {
        (Forecast::Done, _, _) => "done",
        (_, _, Some(target)) if target.due_on < today => "late",
        (_, None, _) => "no forecast",
        (_, Some(_), None) => "no target",
        (_, Some(said), Some(target)) if said.p85 <= target.due_on => "on track",
        (_, Some(said), Some(target)) if said.p50 <= target.due_on => "at risk",
        _ => "late",
    }
}

fn sentence(found: &Forecast, said: Option<WeeksSaid>, goal: f64, target: Option<&Target>, status: &str) -> String {
    let share = if goal >= 1.0 { "all of them".to_owned() } else { wording::share(goal) };
    let aim = target.map_or_else(String::new, |target| format!(" (target {}): {status}", dates::day(target.due_on)));
    match (found, said) {
        (Forecast::Done, _) => format!("{share} reached{aim}"),
        (Forecast::Refused(refusal), _) => match target {
            Some(target) => format!("{refusal} (target {} by {})", share, dates::day(target.due_on)),
            None => refusal.to_string(),
        },
        (Forecast::Issued(_), Some(said)) if said.p50 == said.p85 => format!("{share} by {}{aim}", dates::day(said.p50)),
        (Forecast::Issued(_), Some(said)) => format!("{share} by {}{aim}", dates::range(said.p50, said.p85 + Days::new(1))),
        (Forecast::Issued(_), None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
