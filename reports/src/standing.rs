//! Where each component stands: who uses it, what changed, and what is said of its target.
//!
//! Counts come from the cells of the last weeks; names of services come from movements. Whether a target is in reach is
//! judged by whoever forecasts, and said here as the scoreboard says it; where nobody forecasts, the last weeks are asked.

use crate::input::{ComponentInfo, MovementKind, ReportInput, Target};
use crate::wording::finding::{self, Tone};
use crate::wording::{self, dates};
use chrono::NaiveDate;
use waymark_analytics::{Cell, Change, change, find, local_date, local_midnight};

/// One component at the end of the period.
pub(crate) struct Standing<'a> {
    pub(crate) info: &'a ComponentInfo,
    pub(crate) adoption: &'a Cell,
    pub(crate) fit: Option<&'a Cell>,
    pub(crate) reach: Option<&'a Cell>,
    pub(crate) adopted: i64,
    pub(crate) eligible: i64,
    pub(crate) unknown: i64,
    /// Adopting services now minus a week ago; null without both weeks.
    pub(crate) week: Option<Step>,
    /// The same over four weeks.
    pub(crate) four_weeks: Option<Step>,
    /// The adoption at the end of the last week before the range; null where that week is not given.
    pub(crate) before: Option<&'a Cell>,
    pub(crate) joined: usize,
    pub(crate) left: usize,
    /// What the target asks of each week, and what the last ones brought; null as in `pace`, and for one that is reached.
    pub(crate) pace: Option<String>,
    /// What the last weeks alone say of a target that is not reached; null as in `missed`.
    missed: Option<&'static str>,
}

/// A target for which weeks like the last ones bring too little.
pub(crate) const BEYOND_PACE: &str = "beyond the present pace";

/// How the adoption at the end of a range stands against that before it.
pub(crate) struct Since {
    pub(crate) change: Change,
    /// Adopting by eligible services before, and of how many nobody knew: `31 of 60`, `4 of 58, 1 unknown`.
    pub(crate) from: String,
    pub(crate) tone: Tone,
}

/// How counts differ between two weeks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) adopted: i64,
    pub(crate) eligible_before: i64,
}

/// A target in words: `90 % by 15 Nov 2026`.
pub(crate) fn promise(target: Target) -> String {
    format!("{} by {}", wording::share(target.share), dates::day(target.due))
}

impl Standing<'_> {
    /// Adopting by eligible services: `45 of 60`.
    pub(crate) fn counts(&self) -> String {
        format!("{} of {}", wording::count(self.adopted), wording::count(self.eligible))
    }

    /// The share of eligible services, from the counts beside it; where some are unknown, what it may be.
    pub(crate) fn share(&self) -> String {
        wording::census(self.adoption).unwrap_or_default()
    }

    /// Whether nothing is known about any eligible service: then no number of adopters is a finding.
    pub(crate) fn is_unseen(&self) -> bool {
        is_unseen(self.eligible, self.unknown)
    }

    /// What became of the adoption since the range began; nothing where one end of it is not known.
    pub(crate) fn since(&self) -> Option<Since> {
        let (metric, before) = (find("adoption_rate")?, self.before.filter(|_| !self.is_unseen())?);
        let change = change(metric, before, self.adoption);
        let unknown = counted(before).map_or(0, |[_, _, unknown]| unknown);
        let from = format!("{}{}", wording::basis(metric, before)?, beside_unknown(unknown));
        Some(Since { change, from, tone: finding::tone(metric, &change) })
    }

    /// When the target will be reached, or why nobody can say.
    fn forecast(&self) -> &str {
        if self.is_unseen() { "use is unknown" } else { self.info.forecast.as_deref().unwrap_or("no forecast") }
    }

    /// The forecast as it stands below the target, and what that asks of each week.
    pub(crate) fn outlook(&self) -> String {
        let forecast = match self.info.target {
            Some(_) => without_target(self.forecast()),
            None => self.forecast().to_owned(),
        };
        self.pace.as_ref().map_or_else(|| forecast.clone(), |pace| format!("{forecast}; {pace}"))
    }

    /// What the verdict on the target means for the reader; nothing where no use is known.
    pub(crate) fn verdict(&self) -> Tone {
        match self.info.status.as_str() {
            "done" | "on track" if !self.is_unseen() => Tone::Better,
            _ if self.target_in_danger().is_some() => Tone::Worse,
            _ => Tone::Neutral,
        }
    }

    /// The target, where it may be missed, and what is said of it: `late`, `at risk`, `beyond the present pace`. The last
    /// weeks speak only where there is no forecast, which knows more than they do.
    pub(crate) fn target_in_danger(&self) -> Option<(Target, &str)> {
        let danger = match self.info.status.as_str() {
            _ if self.is_unseen() => None,
            status @ ("at risk" | "late") => Some(status),
            "no forecast" => self.missed,
            _ => None,
        };
        self.info.target.zip(danger)
    }

    /// The sentence of the headline.
    pub(crate) fn sentence(&self) -> String {
        if self.is_unseen() {
            let services = wording::counted(self.eligible, "eligible service");
            return format!("No claim about {}: its use by {services} is unknown.", self.info.title);
        }
        let week = match self.week {
            Some(step) if step.adopted == 0 => "no change this week".to_owned(),
            Some(step) => format!("{} this week", wording::difference(step.adopted)),
            None => "no week before to compare".to_owned(),
        };
        let left = match self.left {
            0 => "none left".to_owned(),
            count => format!("{count} left"),
        };
        let unknown = beside_unknown(self.unknown);
        format!(
            "{}: {} eligible services ({}), {week}, {left}{unknown}; {}.",
            self.info.title,
            self.counts(),
            self.share(),
            self.forecast()
        )
    }

    /// What the sentence means for the reader: a service that left weighs more than a target in reach.
    pub(crate) fn tone(&self) -> Tone {
        if self.left > 0 { Tone::Worse } else { self.verdict() }
    }
}

/// How many services nobody knows about, beside those that are known: `, 1 unknown`; empty where there are none.
fn beside_unknown(count: i64) -> String {
    if count == 0 { String::new() } else { format!(", {} unknown", wording::count(count)) }
}

/// A forecast without the target in it: `90 % by 8–22 Nov 2026: at risk`.
fn without_target(forecast: &str) -> String {
    let parts = forecast.split_once(" (target ").and_then(|(before, rest)| Some((before, rest.split_once(')')?.1)));
    parts.map_or_else(|| forecast.to_owned(), |(before, after)| format!("{before}{after}"))
}

/// The standing of every component that has numbers, in the organisation's order.
pub(crate) fn standings(input: &ReportInput) -> Vec<Standing<'_>> {
    input.components.iter().filter_map(|info| standing(input, info)).collect()
}

/// Components without numbers, by title.
pub(crate) fn without_numbers(input: &ReportInput) -> Vec<&str> {
    let is_missing = |info: &&ComponentInfo| standing(input, info).is_none();
    input.components.iter().filter(is_missing).map(|info| info.title.as_str()).collect()
}

/// What has to be said of adoption where it is not that of the period's last day, because the period is not over or ends
/// within a week: the day of its numbers.
pub(crate) fn day_of_adoption(input: &ReportInput, standings: &[Standing<'_>]) -> Option<String> {
    let end = standings.iter().map(|standing| standing.adoption.period_end).max()?;
    let day = dates::day(local_date(end.min(input.as_of).plus_seconds(-1), input.zone));
    if input.is_running() {
        return Some(format!("The period is not over: adoption is as of the end of {day}."));
    }
    let is_earlier = end < local_midnight(input.period.end_day, input.zone);
    is_earlier.then(|| format!("Adoption is as of the end of {day}, the last whole week of the period."))
}

/// Components with a target of which nobody can say whether it is in reach, by title, and why.
pub(crate) fn unclear_targets<'a>(input: &'a ReportInput, standings: &[Standing<'_>]) -> Vec<(&'a str, &'a str)> {
    let reason = |info: &'a ComponentInfo| {
        let standing = standings.iter().find(|standing| standing.info.id == info.id && !standing.is_unseen());
        match info.forecast.as_deref().filter(|_| standing.is_some()) {
            None => Some("too little is known of its use"),
            // What is in danger is clear enough.
            Some(_) if standing.is_some_and(|standing| standing.target_in_danger().is_some()) => None,
            Some(forecast) if info.status == "no forecast" => forecast.strip_prefix("no forecast: ").or(Some(forecast)),
            Some(_) => None,
        }
    };
    let promised = input.components.iter().filter(|info| info.target.is_some());
    promised.filter_map(|info| Some((info.title.as_str(), reason(info)?))).collect()
}

/// What may be said of all targets where each one is clear and none is in danger.
pub(crate) fn calm_targets(input: &ReportInput, standings: &[Standing<'_>]) -> Option<&'static str> {
    if input.components.iter().all(|info| info.target.is_none()) {
        return Some("no target is set");
    }
    let is_in_danger = standings.iter().any(|standing| standing.target_in_danger().is_some());
    (!is_in_danger && unclear_targets(input, standings).is_empty()).then_some("no target is in danger")
}

fn is_unseen(eligible: i64, unknown: i64) -> bool {
    eligible > 0 && unknown >= eligible
}

fn standing<'a>(input: &'a ReportInput, info: &'a ComponentInfo) -> Option<Standing<'a>> {
    let weeks = input.component_weeks("adoption_rate", &info.id);
    let adoption = *weeks.last()?;
    let [adopted, eligible, unknown] = counted(adoption)?;
    let range_start = local_midnight(input.range.first_day, input.zone);
    let before = weeks.iter().rev().find(|week| week.period_end <= range_start).copied();
    let moved = |kind: MovementKind| {
        input.movements().iter().filter(|movement| movement.component == info.id && movement.kind == kind).count()
    };
    let asked = info.target.zip(info.remaining);
    Some(Standing {
        info,
        adoption,
        fit: input.component_weeks("coverage_fit", &info.id).last().copied(),
        reach: input.component_weeks("reach", &info.id).last().copied(),
        adopted,
        eligible,
        unknown,
        week: step(&weeks, 1),
        four_weeks: step(&weeks, 4),
        before,
        joined: moved(MovementKind::Joined),
        left: moved(MovementKind::Left),
        pace: asked.and_then(|(target, remaining)| pace(&weeks, remaining, target.due, input.end_so_far())),
        missed: asked.and_then(|(target, remaining)| missed(&weeks, remaining, target.due, input.end_so_far())),
    })
}

/// What a target asks of each week until its day, and what the last four brought: `needs 2.1 a week, had 1.5`.
///
/// It is no verdict, because weeks do not go on like the last ones: migrations slow down. The weeks are complete, oldest
/// first, and end before `end_day`; what remains is what the forecast counts. Null where nothing does, the day is over, or
/// too little is known.
fn pace(weeks: &[&Cell], remaining: u32, due: NaiveDate, end_day: NaiveDate) -> Option<String> {
    let [_, eligible, unknown] = counted(weeks.last()?)?;
    let days = (due - end_day).num_days() + 1;
    if is_unseen(eligible, unknown) || remaining == 0 || days <= 0 {
        return None;
    }
    let [needed, had] = [f64::from(remaining) / (days as f64 / 7.0), step(weeks, 4)?.adopted as f64 / 4.0].map(wording::plain);
    Some(format!("needs {needed} a week, had {had}"))
}

/// That a target is not reached although its day is over, or will not be by its day if weeks go on like the last four and
/// whoever is unknown uses it. Null where nothing remains, it can be reached at that pace, or too little is known.
fn missed(weeks: &[&Cell], remaining: u32, due: NaiveDate, end_day: NaiveDate) -> Option<&'static str> {
    let days = (due - end_day).num_days() + 1;
    if remaining == 0 || days <= 0 {
        return (remaining > 0).then_some("late");
    }
    let [_, _, unknown] = counted(weeks.last()?)?;
    let gained_at_most = (step(weeks, 4)?.adopted + unknown) as f64 / 28.0 * days as f64;
    (gained_at_most + 1e-9 < f64::from(remaining)).then_some(BEYOND_PACE)
}

/// Adopting, eligible and unknown services at the end of a week.
fn counted(week: &Cell) -> Option<[i64; 3]> {
    let (value, eligible) = (week.value?, whole(week.denominator)?);
    let unknown = (week.high.unwrap_or(value) - week.low.unwrap_or(value)) * eligible as f64;
    Some([whole(week.numerator)?, eligible, whole(Some(unknown))?])
}

/// How the newest week differs from the one so many weeks before.
fn step(weeks: &[&Cell], back: usize) -> Option<Step> {
    let adopted = whole(weeks.last()?.numerator)?;
    let before = weeks.len().checked_sub(back + 1).and_then(|index| weeks.get(index))?;
    Some(Step { adopted: adopted - whole(before.numerator)?, eligible_before: whole(before.denominator)? })
}

#[expect(clippy::cast_possible_truncation, reason = "counts of services")]
fn whole(count: Option<f64>) -> Option<i64> {
    count.filter(|count| count.is_finite()).map(|count| count.round() as i64)
}

/// A census in words: its share, what it may be, or why there is none.
pub(crate) fn said(cell: Option<&Cell>) -> String {
    cell.map_or_else(|| "no data".to_owned(), |cell| wording::census(cell).unwrap_or_else(|| wording::missing(cell)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invented::input;

    /// The Base image, whose pace is faster than its target needs, as the scoreboard judges it.
    fn judged(status: &str) -> ReportInput {
        let mut given = input();
        given.components.retain(|component| component.id == "base-image");
        given.components[0].status = status.to_owned();
        given.components[0].forecast = Some(format!("as the scoreboard says it: {status}"));
        given
    }

    #[test]
    fn the_verdict_is_that_of_the_scoreboard_whatever_the_pace() {
        for (status, tone, is_in_danger) in [
            ("on track", Tone::Better, false),
            ("at risk", Tone::Worse, true),
            ("late", Tone::Worse, true),
            ("no forecast", Tone::Neutral, false),
        ] {
            let given = judged(status);
            let standings = standings(&given);
            let standing = &standings[0];
            // By hand: 80 of 84 are promised and 78 are there; 2 in 129 days, and 3 in the last four weeks.
            assert_eq!(standing.pace.as_deref(), Some("needs 0.11 a week, had 0.75"), "{status}");
            assert!(
                standing.sentence().ends_with(&format!("; as the scoreboard says it: {status}.")),
                "{}",
                standing.sentence()
            );
            assert_eq!((standing.tone(), standing.target_in_danger().is_some()), (tone, is_in_danger), "{status}");
            let is_calm = calm_targets(&given, &standings) == Some("no target is in danger");
            assert_eq!(
                (is_calm, unclear_targets(&given, &standings).len()),
                (status == "on track", usize::from(status == "no forecast"))
            );
        }
    }

    #[test]
    fn a_target_that_nobody_forecasts_is_in_danger_where_the_last_weeks_do_not_reach_it() {
        let mut given = judged("no forecast");
        let target = given.components[0].target.unwrap();
        let danger = |given: &ReportInput| standings(given)[0].target_in_danger().map(|(_, danger)| danger.to_owned());
        // 3 in the last four weeks are 13 until its day, and 2 are needed.
        assert_eq!(danger(&given), None);
        for cell in &mut given.series.get_mut("adoption_rate").unwrap().weekly.cells {
            cell.numerator = Some(78.0);
        }
        assert_eq!(danger(&given).as_deref(), Some(BEYOND_PACE));
        {
            let standings = standings(&given);
            assert_eq!((standings[0].verdict(), unclear_targets(&given, &standings).len()), (Tone::Worse, 0));
        }
        // A forecast knows more than four weeks.
        given.components[0].status = "on track".to_owned();
        assert_eq!(danger(&given), None);
        given.components[0].status = "no forecast".to_owned();
        given.components[0].target = Some(Target { due: given.period.end_day - chrono::Days::new(1), ..target });
        assert_eq!(danger(&given).as_deref(), Some("late"));
        given.components[0].remaining = Some(0);
        assert_eq!(danger(&given), None);
        // Two of whom nobody knows may be the two that are needed.
        (given.components[0].remaining, given.components[0].target) = (Some(2), Some(target));
        for cell in &mut given.series.get_mut("adoption_rate").unwrap().weekly.cells {
            cell.high = cell.low.map(|low| low + 2.0 / 84.0);
        }
        assert_eq!(danger(&given), None);
    }

    #[test]
    fn what_is_reached_as_far_as_was_last_known_needs_nothing_more() {
        let mut given = judged("done");
        given.components[0].remaining = Some(0);
        assert_eq!(standings(&given)[0].outlook(), "as the scoreboard says it: done");
    }

    #[test]
    fn a_target_is_said_once_and_only_where_use_is_known() {
        let mut given = judged("late");
        for (forecast, outlook) in [
            ("95 % by 7 Mar – 9 May 2027 (target 31 Mar 2027): late", "95 % by 7 Mar – 9 May 2027: late"),
            ("no forecast: nothing was gained (target 95 % by 31 Mar 2027): late", "no forecast: nothing was gained: late"),
            ("95 % reached (open", "95 % reached (open"),
        ] {
            given.components[0].forecast = Some(forecast.to_owned());
            assert_eq!(standings(&given)[0].outlook(), format!("{outlook}; needs 0.11 a week, had 0.75"));
        }
        for cell in &mut given.series.get_mut("adoption_rate").unwrap().weekly.cells {
            (cell.value, cell.low, cell.high, cell.numerator) = (Some(0.0), Some(0.0), Some(1.0), Some(0.0));
        }
        assert_eq!(standings(&given)[0].outlook(), "use is unknown");
    }

    #[test]
    fn what_was_unknown_before_stands_beside_what_was_adopted() {
        let mut given = input();
        given.components.retain(|component| component.id == "secrets");
        let from = |given: &ReportInput| standings(given)[0].since().map(|since| since.from);
        // By hand: 13 % of 46 were unknown.
        let with_unknown = from(&given).unwrap();
        assert!(with_unknown.ends_with(" of 46, 6 unknown"), "{with_unknown}");
        for cell in &mut given.series.get_mut("adoption_rate").unwrap().weekly.cells {
            cell.high = cell.low;
        }
        assert_eq!(Some(with_unknown), from(&given).map(|known| known + ", 6 unknown"));
    }

    #[test]
    fn a_day_that_is_over_asks_for_no_pace() {
        let given = judged("late");
        let weeks = given.component_weeks("adoption_rate", "base-image");
        let due = |due: NaiveDate| pace(&weeks, 2, due, given.period.end_day);
        let sunday = given.period.end_day - chrono::Days::new(1);
        assert_eq!((due(sunday), due(given.period.end_day).as_deref()), (None, Some("needs 14 a week, had 0.75")));
        assert_eq!(pace(&weeks[..4], 2, given.period.end_day, given.period.end_day), None);
    }

    #[test]
    fn a_pace_asks_for_what_the_forecast_counts() {
        let mut given = judged("at risk");
        given.components[0].target = Some(Target { share: 0.95, due: given.period.end_day });
        // Of the two that are not confirmed now, one was last known to use it: one is needed, and there is one day.
        given.components[0].remaining = Some(1);
        assert_eq!(standings(&given)[0].pace.as_deref(), Some("needs 7 a week, had 0.75"));
    }
}
