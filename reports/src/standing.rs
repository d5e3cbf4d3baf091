//! Where each component stands: who uses it, what changed, and whether its target is in reach.
//!
//! Counts come from the cells of the last weeks; names of services come from movements.

use crate::input::{ComponentInfo, MovementKind, ReportInput, Target};
use crate::wording::finding::Tone;
use crate::wording::{self, dates};
use waymark_analytics::{Cell, Metric, find};

/// One component at the end of the period.
pub(crate) struct Standing<'a> {
    pub(crate) info: &'a ComponentInfo,
    pub(crate) adoption: &'a Cell,
    pub(crate) coverage: Option<&'a Cell>,
    pub(crate) reach: Option<&'a Cell>,
    pub(crate) adopted: i64,
    pub(crate) eligible: i64,
    pub(crate) unknown: i64,
    /// Adopting services now minus a week ago; null without both weeks.
    pub(crate) week: Option<Step>,
    /// The same over four weeks.
    pub(crate) four_weeks: Option<Step>,
    pub(crate) joined: usize,
    pub(crate) left: usize,
    pub(crate) pace: Pace,
}

/// How counts differ between two weeks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) adopted: i64,
    pub(crate) eligible_before: i64,
}

/// Whether the target is in reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Pace {
    /// Nobody set a target.
    NoTarget,
    /// The share is there.
    Reached(Target),
    /// The last weeks were fast enough.
    OnTrack(Target, Speed),
    /// The last weeks were too slow.
    AtRisk(Target, Speed),
    /// The day has passed.
    Late(Target),
    /// Fewer than five weeks are known.
    Unknown(Target),
}

/// Services per week.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Speed {
    pub(crate) needed: f64,
    pub(crate) had: f64,
}

impl Pace {
    /// The status as one word.
    pub(crate) fn status(self) -> &'static str {
        match self {
            Self::NoTarget => "no target",
            Self::Reached(_) => "reached",
            Self::OnTrack(..) => "on track",
            Self::AtRisk(..) => "at risk",
            Self::Late(_) => "late",
            Self::Unknown(_) => "no pace yet",
        }
    }

    /// What the status means for the reader.
    pub(crate) fn tone(self) -> Tone {
        match self {
            Self::Reached(_) | Self::OnTrack(..) => Tone::Better,
            Self::AtRisk(..) | Self::Late(_) => Tone::Worse,
            Self::NoTarget | Self::Unknown(_) => Tone::Neutral,
        }
    }

    /// What is needed and what was had, per week.
    pub(crate) fn speed(self) -> Option<Speed> {
        match self {
            Self::OnTrack(_, speed) | Self::AtRisk(_, speed) => Some(speed),
            _ => None,
        }
    }

    fn sentence(self) -> String {
        match self {
            Self::NoTarget => "no target is set".to_owned(),
            Self::Reached(target) => format!("target {}: reached", promise(target)),
            Self::Late(target) => format!("target {}: late", promise(target)),
            Self::Unknown(target) => format!("target {}: no pace yet, fewer than 5 weeks are known", promise(target)),
            Self::OnTrack(target, speed) | Self::AtRisk(target, speed) => format!(
                "{} over 4 weeks, {} a week needed (target {}): {}",
                gain(speed),
                wording::plain(speed.needed),
                promise(target),
                self.status()
            ),
        }
    }
}

/// What the last weeks brought: `1.2 a week`.
fn gain(speed: Speed) -> String {
    if speed.had.abs() < 1e-9 { "no gain".to_owned() } else { format!("{} a week", wording::plain(speed.had)) }
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

    /// The share of eligible services, from the counts beside it.
    pub(crate) fn share(&self) -> String {
        wording::share(self.adoption.value.unwrap_or_default())
    }

    /// The sentence of the headline.
    pub(crate) fn sentence(&self) -> String {
        let week = match self.week {
            Some(step) if step.adopted == 0 => "no change this week".to_owned(),
            Some(step) => format!("{} this week", wording::difference(step.adopted)),
            None => "no week before to compare".to_owned(),
        };
        let left = match self.left {
            0 => "none left".to_owned(),
            count => format!("{count} left"),
        };
        let unknown = match self.unknown {
            0 => String::new(),
            count => format!(", {} unknown", wording::count(count)),
        };
        format!(
            "{}: {} eligible services ({}), {week}, {left}{unknown}; {}.",
            self.info.title,
            self.counts(),
            self.share(),
            self.pace.sentence()
        )
    }

    /// What the sentence means for the reader: a service that left weighs more than a target in reach.
    pub(crate) fn tone(&self) -> Tone {
        if self.left > 0 { Tone::Worse } else { self.pace.tone() }
    }
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

fn standing<'a>(input: &'a ReportInput, info: &'a ComponentInfo) -> Option<Standing<'a>> {
    let weeks = input.component_weeks("adoption_rate", &info.id);
    let adoption = *weeks.last()?;
    let value = adoption.value?;
    let (adopted, eligible) = (whole(adoption.numerator)?, whole(adoption.denominator)?);
    let unknown = whole(Some((adoption.high.unwrap_or(value) - adoption.low.unwrap_or(value)) * eligible as f64))?;
    let back = |count: usize| {
        let before = weeks.len().checked_sub(count + 1).and_then(|index| weeks.get(index))?;
        Some(Step { adopted: adopted - whole(before.numerator)?, eligible_before: whole(before.denominator)? })
    };
    let four_weeks = back(4);
    let moved = |kind: MovementKind| {
        input.movements().iter().filter(|movement| movement.component == info.id && movement.kind == kind).count()
    };
    Some(Standing {
        info,
        adoption,
        coverage: input.component_weeks("coverage_fit", &info.id).last().copied(),
        reach: input.component_weeks("reach", &info.id).last().copied(),
        adopted,
        eligible,
        unknown,
        week: back(1),
        four_weeks,
        joined: moved(MovementKind::Joined),
        left: moved(MovementKind::Left),
        pace: pace(input, info, adopted, eligible, four_weeks),
    })
}

fn pace(input: &ReportInput, info: &ComponentInfo, adopted: i64, eligible: i64, four_weeks: Option<Step>) -> Pace {
    let Some(target) = info.target else { return Pace::NoTarget };
    let wanted = (target.share * eligible as f64 - 1e-9).ceil();
    let remaining = wanted - adopted as f64;
    if remaining <= 0.0 {
        return Pace::Reached(target);
    }
    let days = (target.due - input.period.end_day).num_days() + 1;
    if days <= 0 {
        return Pace::Late(target);
    }
    let Some(step) = four_weeks else { return Pace::Unknown(target) };
    let speed = Speed { needed: remaining / (days as f64 / 7.0), had: step.adopted as f64 / 4.0 };
    if speed.had >= speed.needed { Pace::OnTrack(target, speed) } else { Pace::AtRisk(target, speed) }
}

#[expect(clippy::cast_possible_truncation, reason = "counts of services")]
fn whole(count: Option<f64>) -> Option<i64> {
    count.filter(|count| count.is_finite()).map(|count| count.round() as i64)
}

/// A cell of a component in words, with its unit.
pub(crate) fn said(metric: &str, cell: Option<&Cell>) -> String {
    let metric: Option<&Metric> = find(metric);
    match (metric, cell) {
        (Some(metric), Some(cell)) => wording::cell(metric, cell),
        _ => "no data".to_owned(),
    }
}
