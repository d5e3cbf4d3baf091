//! When a migration will be done: exact distributions of the finishing week, or a refusal in words.
//!
//! Pure arithmetic over weekly net completions. Weeks are drawn with replacement, which for whole
//! numbers has an exact solution by repeated convolution, so there is no seed. Migrations slow down
//! while the easy services go first, and a draw of past weeks cannot know that: `slowing.rs` asks
//! how much of it the history bears, and what is promised is the later of the two.

mod slowing;

use std::fmt;

/// Weeks after which a forecast says nothing any more: three years.
pub const HORIZON_WEEKS: u32 = 156;
/// Complete weeks that a forecast needs.
pub const WEEKS_MIN: usize = 6;
/// How many of the newest weeks count as recent.
pub const RECENT_WEEKS: usize = 6;
/// Without progress in this many weeks there is no pace.
const STILL_WEEKS: usize = 4;
/// The share of all futures that may be unfinished at the horizon.
const UNFINISHED_MAX: f64 = 0.05;

/// How far a migration is, at the end of a complete week.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Completions minus leaks and returns of each complete week, oldest first; from the first with a completion on, if any.
    pub net: Vec<i64>,
    /// Services that are still to be moved.
    pub remaining: u32,
    /// How many of them are exempt or blocked, and so move by a decision and not by pace.
    pub held: u32,
}

/// Weeks from now until everything is done, at three degrees of caution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weeks {
    /// Half of all futures are done by then.
    pub p50: u32,
    /// 85 % of all futures are done by then.
    pub p85: u32,
    /// 95 % of all futures are done by then.
    pub p95: u32,
}

/// A forecast with what it rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Issued {
    /// What is said: the median of recent weeks, and the later of `recent` and `slowing` beyond it.
    pub said: Weeks,
    /// If weeks go on like the newest ones.
    pub recent: Weeks,
    /// If weeks go on like all weeks until now; null where that takes longer than the horizon. It is
    /// shown because history alone is badly optimistic.
    pub history: Option<Weeks>,
    /// If the pace goes on slowing as far as the history bears it.
    pub slowing: Weeks,
}

/// Why there is no forecast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Too few complete weeks are known.
    TooFewWeeks {
        /// Complete weeks that are known, from the first move on.
        weeks: usize,
        /// Whether anything was gained in one of them.
        has_moved: bool,
    },
    /// Nothing was gained lately.
    Stopped,
    /// Most of what remains waits for a decision.
    Held {
        /// Exempt or blocked services.
        held: u32,
        /// Services that are still to be moved.
        remaining: u32,
    },
    /// Too many futures end after the horizon.
    NoEnd {
        /// The median if weeks go on like the newest, in weeks; null where even that is beyond the horizon.
        recent_weeks: Option<u32>,
    },
}

/// When a migration will be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forecast {
    /// Nothing remains to be moved.
    Done,
    /// Weeks until it is done.
    Issued(Issued),
    /// No forecast, and why.
    Refused(Refusal),
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFewWeeks { weeks, has_moved } => {
                let known = if *has_moved { "have passed since the first move" } else { "are known" };
                write!(formatter, "no forecast: {weeks} complete weeks {known}, {WEEKS_MIN} are needed")
            }
            Self::Stopped => write!(formatter, "no forecast: nothing was gained in the last {STILL_WEEKS} weeks"),
            Self::Held { held, remaining } => {
                write!(
                    formatter,
                    "no forecast: {held} of the remaining {remaining} are exempt or blocked and wait for a decision"
                )
            }
            Self::NoEnd { recent_weeks: Some(weeks) } => write!(
                formatter,
                "no forecast: by the recent weeks alone it would take about {weeks} weeks, but how much it will slow down \
                 cannot be told: more than 5 % of the futures are not done within {HORIZON_WEEKS} weeks"
            ),
            Self::NoEnd { recent_weeks: None } => {
                write!(formatter, "at the recent pace it is not done within {HORIZON_WEEKS} weeks")
            }
        }
    }
}

/// The forecast for a migration, or the first reason against one.
pub fn forecast(progress: &Progress) -> Forecast {
    let Progress { net, remaining, held } = progress;
    if *remaining == 0 {
        return Forecast::Done;
    }
    if net.len() < WEEKS_MIN {
        let has_moved = net.iter().any(|week| *week > 0);
        return Forecast::Refused(Refusal::TooFewWeeks { weeks: net.len(), has_moved });
    }
    if newest(net, STILL_WEEKS).iter().sum::<i64>() <= 0 {
        return Forecast::Refused(Refusal::Stopped);
    }
    if held * 2 > *remaining {
        return Forecast::Refused(Refusal::Held { held: *held, remaining: *remaining });
    }
    let recent = Finishing::of_draws(newest(net, RECENT_WEEKS), *remaining);
    let recent_weeks = recent.week_by(0.5);
    let (Some(recent), Some(slowing)) = (recent.weeks(), slowing::finishing(net, *remaining).weeks()) else {
        return Forecast::Refused(Refusal::NoEnd { recent_weeks });
    };
    let said = Weeks { p50: recent.p50, p85: recent.p85.max(slowing.p85), p95: recent.p95.max(slowing.p95) };
    let history = Finishing::of_draws(net, *remaining).weeks();
    Forecast::Issued(Issued { said, recent, history, slowing })
}

fn newest(net: &[i64], weeks: usize) -> &[i64] {
    net.get(net.len().saturating_sub(weeks)..).unwrap_or_default()
}

/// The probability that all is done, by week.
#[derive(Clone, Debug, PartialEq)]
pub struct Finishing {
    /// At place `k`: done by the end of week `k + 1`.
    done: Vec<f64>,
}

impl Finishing {
    /// If each coming week is one of these, with equal chances. The remainder ends at 0; a week of
    /// leaks makes it larger.
    pub fn of_draws(net: &[i64], remaining: u32) -> Self {
        let horizon = HORIZON_WEEKS as usize;
        let share = 1.0 / net.len().max(1) as f64;
        let leak = net.iter().map(|week| usize::try_from(-week).unwrap_or(0)).max().unwrap_or(0);
        let start = remaining as usize;
        let mut chances = vec![0.0; start + leak * horizon + 1];
        chances[start] = 1.0;
        let mut done = Vec::with_capacity(horizon);
        for _ in 0..horizon {
            let mut moved_on = vec![0.0; chances.len()];
            for (left, chance) in chances.iter().enumerate().filter(|(_, chance)| **chance > 0.0) {
                if left == 0 {
                    moved_on[0] += chance;
                    continue;
                }
                for week in net {
                    let moved = usize::try_from(week.unsigned_abs()).unwrap_or(usize::MAX);
                    let after = if *week >= 0 { left.saturating_sub(moved) } else { (left + moved).min(moved_on.len() - 1) };
                    moved_on[after] += chance * share;
                }
            }
            chances = moved_on;
            done.push(chances[0]);
        }
        Self { done }
    }

    /// The probability that all is done by the end of a week, counted from 1.
    pub fn done_by(&self, week: u32) -> f64 {
        let place = (week as usize).saturating_sub(1);
        if week == 0 { 0.0 } else { self.done.get(place).or(self.done.last()).copied().unwrap_or(0.0) }
    }

    /// The first week by which this share of all futures is done; null beyond the horizon.
    pub fn week_by(&self, share: f64) -> Option<u32> {
        let place = self.done.iter().position(|done| *done >= share - 1e-12)?;
        u32::try_from(place + 1).ok()
    }

    /// The three weeks that people plan with; null when too many futures end after the horizon.
    pub fn weeks(&self) -> Option<Weeks> {
        if self.done_by(HORIZON_WEEKS) < 1.0 - UNFINISHED_MAX {
            return None;
        }
        Some(Weeks { p50: self.week_by(0.5)?, p85: self.week_by(0.85)?, p95: self.week_by(0.95)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HISTORY: [i64; 12] = [6, 4, 5, 3, 4, 2, 3, 2, 1, 2, 1, 1];

    fn weeks(net: &[i64], remaining: u32) -> (u32, u32, u32) {
        let weeks = Finishing::of_draws(net, remaining).weeks().unwrap();
        (weeks.p50, weeks.p85, weeks.p95)
    }

    #[test]
    fn the_exact_distribution_has_the_golden_weeks() {
        assert_eq!(weeks(&HISTORY, 26), (10, 11, 13));
        assert_eq!(weeks(&HISTORY[6..], 26), (16, 18, 19));
        assert_eq!(weeks(&HISTORY[8..], 26), (21, 23, 23));
        assert_eq!(weeks(&[2, 1, 0, -1, 2, 1], 8), (9, 14, 18));
        let all = Finishing::of_draws(&HISTORY, 26);
        assert!((all.done_by(10) - 0.7065).abs() < 5e-5 && (all.done_by(11) - 0.8610).abs() < 5e-5);
    }

    #[test]
    fn a_constant_pace_ends_on_the_day() {
        assert_eq!(weeks(&[2, 2, 2, 2, 2, 2], 9), (5, 5, 5));
        assert!((Finishing::of_draws(&[2; 6], 9).done_by(4)).abs() < f64::EPSILON);
    }

    #[test]
    fn what_cannot_be_said_is_refused_in_words() {
        let refused = |net: &[i64], remaining, held| match forecast(&Progress { net: net.to_vec(), remaining, held }) {
            Forecast::Refused(refusal) => refusal.to_string(),
            other => panic!("not refused: {other:?}"),
        };
        let too_few = refused(&[1, 2, 3], 5, 0);
        assert_eq!(too_few, "no forecast: 3 complete weeks have passed since the first move, 6 are needed");
        assert_eq!(refused(&[0; 3], 5, 0), "no forecast: 3 complete weeks are known, 6 are needed");
        assert!(refused(&[3, 3, 2, 0, 0, 0, 0], 5, 0).contains("nothing was gained in the last 4 weeks"));
        assert!(refused(&[3, 3, 2, 0, 1, -1, 0], 5, 0).contains("nothing was gained"));
        assert!(refused(&[1; 8], 5, 3).contains("3 of the remaining 5 are exempt or blocked"));
        // That it takes too long is a finding, and no lack of one.
        assert_eq!(refused(&[0, 0, 0, 0, 0, 1], 90, 0), "at the recent pace it is not done within 156 weeks");
        // The golden history halves its pace every six weeks: its tail has no end that could be promised.
        assert!(refused(&HISTORY, 26, 0).contains("by the recent weeks alone it would take about 16 weeks"));
        // One that never slowed may still do so, and nobody has said that it did.
        let steady = refused(&[1; 8], 40, 0);
        assert!(steady.contains("about 40 weeks, but how much it will slow down cannot be told"), "{steady}");
        assert_eq!(forecast(&Progress::default()), Forecast::Done);
    }

    #[test]
    fn a_steady_pace_is_forecast_and_never_promised_before_the_recent_weeks_say() {
        let net = [3, 2, 4, 3, 3, 2, 4, 3, 3, 2, 3, 4, 3, 3, 2, 4, 3, 3];
        let Forecast::Issued(issued) = forecast(&Progress { net: net.to_vec(), remaining: 6, held: 0 }) else {
            panic!("refused");
        };
        assert_eq!(issued.said.p50, 2);
        assert!(issued.said.p85 >= issued.recent.p85 && issued.said.p95 >= issued.said.p85, "{issued:?}");
        assert!(issued.history.is_some());
    }
}
