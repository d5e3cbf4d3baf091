//! How long it takes when some have not come to an end: Kaplan and Meier's estimate, and the log-rank
//! test between two groups.
//!
//! An open episode is known to last at least so long; leaving it out would flatter, and counting it as
//! ended would too. Quantiles come with the log-log Greenwood band, inverted. How episodes are
//! gathered belongs to `samples.rs`, and how few are too few to `quantile.rs`.

use super::Z;
use statrs::distribution::{ChiSquared, ContinuousCDF};

/// Products of fractions miss a round share by less than this.
const ROUNDING: f64 = 1e-12;

/// An episode as one number: its duration, negative while it is open. `None` where it is no duration.
#[expect(clippy::fn_params_excessive_bools, reason = "a duration and whether it has ended belong together")]
pub(crate) fn episode(duration: f64, is_event: bool) -> Option<f64> {
    let is_duration = duration >= 0.0 && duration.is_finite();
    // A duration of zero has a sign too, which tells an open episode that has just begun.
    is_duration.then(|| if is_event { duration.abs() } else { -duration.abs() })
}

fn is_event(episode: f64) -> bool {
    episode.is_sign_positive()
}

/// A quantile of durations and its limits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Quantile {
    /// The first time by which the wanted share has ended; `None` when it never has.
    pub(super) value: Option<f64>,
    /// The first time at which the lower band allows it, or the longest time observed without `value`.
    pub(super) low: Option<f64>,
    /// The first time at which the upper band allows it; `None` when it never does.
    pub(super) high: Option<f64>,
}

/// The quantile `p` of episodes, which are reordered.
pub(super) fn quantile(episodes: &mut [f64], p: f64) -> Quantile {
    let open_share = 1.0 - p + ROUNDING;
    let steps = steps(episodes);
    let first = |is_reached: &dyn Fn(&Step) -> bool| steps.iter().find(|step| is_reached(step)).map(|step| step.time);
    let Some(value) = first(&|step| step.open <= open_share) else {
        let longest = episodes.last().map(|episode| episode.abs());
        return Quantile { value: None, low: longest, high: None };
    };
    let low = first(&|step| step.band().0 <= open_share);
    let high = first(&|step| step.band().1 <= open_share);
    Quantile { value: Some(value), low, high }
}

/// What is still open after a time at which episodes ended.
#[derive(Clone, Copy, Debug)]
struct Step {
    time: f64,
    /// The share that has not ended.
    open: f64,
    /// Greenwood's sum, which widens the band.
    spread: f64,
}

impl Step {
    /// The log-log band around the share.
    fn band(&self) -> (f64, f64) {
        if self.open <= 0.0 {
            return (0.0, 0.0);
        }
        let reach = Z * self.spread.sqrt() / self.open.ln().abs();
        (self.open.powf(reach.exp()), self.open.powf((-reach).exp()))
    }
}

/// One step for each time at which something ended. Who is open until just then is still at risk.
fn steps(episodes: &mut [f64]) -> Vec<Step> {
    episodes.sort_unstable_by(|one, other| one.abs().total_cmp(&other.abs()));
    let (mut open, mut spread, mut at_risk) = (1.0, 0.0, episodes.len());
    let mut steps = Vec::new();
    for together in episodes.chunk_by(|one, other| one.abs().total_cmp(&other.abs()).is_eq()) {
        let ended = together.iter().filter(|episode| is_event(**episode)).count() as f64;
        let risk = at_risk as f64;
        if ended > 0.0 {
            open *= 1.0 - ended / risk;
            spread += ended / (risk * (risk - ended));
            let time = together.first().map_or(0.0, |episode| episode.abs());
            steps.push(Step { time, open, spread });
        }
        at_risk -= together.len();
    }
    steps
}

/// The quantile `p` of episodes in order of their durations, each of which is there so many times;
/// `None` when it is not reached. Without limits: those of a resample are nobody's question.
pub(crate) fn drawn_survival(drawn: impl Iterator<Item = (f64, u32)> + Clone, p: f64) -> Option<f64> {
    let open_share = 1.0 - p + ROUNDING;
    let mut at_risk: f64 = drawn.clone().map(|(_, times)| f64::from(times)).sum();
    let mut open = 1.0;
    let mut drawn = drawn.filter(|(_, times)| *times > 0).peekable();
    while let Some((first, times)) = drawn.next() {
        let (mut leaving, mut ended) = (f64::from(times), if is_event(first) { f64::from(times) } else { 0.0 });
        while let Some((episode, times)) = drawn.next_if(|(episode, _)| episode.abs().total_cmp(&first.abs()).is_eq()) {
            leaving += f64::from(times);
            ended += if is_event(episode) { f64::from(times) } else { 0.0 };
        }
        open *= 1.0 - ended / at_risk;
        if ended > 0.0 && open <= open_share {
            return Some(first.abs());
        }
        at_risk -= leaving;
    }
    None
}

/// What the log-rank test says about the first of two groups.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LogRank {
    /// Episodes of the first group that ended.
    pub(crate) observed: f64,
    /// How many would have if both groups ended equally fast.
    pub(crate) expected: f64,
    /// The variance of the difference.
    pub(crate) variance: f64,
    /// The probability of a difference at least as large by chance.
    pub(crate) p_value: f64,
}

/// Compares how fast the episodes of two groups end; `None` where nothing can be compared.
pub(crate) fn log_rank(first: &[f64], second: &[f64]) -> Option<LogRank> {
    let mut all: Vec<(f64, bool)> = first.iter().map(|episode| (*episode, true)).collect();
    all.extend(second.iter().map(|episode| (*episode, false)));
    all.sort_unstable_by(|one, other| one.0.abs().total_cmp(&other.0.abs()));
    let (mut first_at_risk, mut at_risk) = (first.len() as f64, all.len() as f64);
    let (mut observed, mut expected, mut variance) = (0.0, 0.0, 0.0);
    for together in all.chunk_by(|one, other| one.0.abs().total_cmp(&other.0.abs()).is_eq()) {
        let ended = together.iter().filter(|(episode, _)| is_event(*episode)).count() as f64;
        let first_ended = together.iter().filter(|(episode, is_first)| *is_first && is_event(*episode)).count() as f64;
        let share = first_at_risk / at_risk;
        observed += first_ended;
        expected += ended * share;
        if at_risk > 1.0 {
            variance += ended * share * (1.0 - share) * (at_risk - ended) / (at_risk - 1.0);
        }
        first_at_risk -= together.iter().filter(|(_, is_first)| *is_first).count() as f64;
        at_risk -= together.len() as f64;
    }
    if variance <= 0.0 {
        return None;
    }
    let statistic = (observed - expected).powi(2) / variance;
    let p_value = 1.0 - ChiSquared::new(1.0).ok()?.cdf(statistic);
    Some(LogRank { observed, expected, variance, p_value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn episodes(ended: &[f64], open: &[f64]) -> Vec<f64> {
        ended
            .iter()
            .map(|time| (*time, true))
            .chain(open.iter().map(|time| (*time, false)))
            .map(|(time, is_event)| episode(time, is_event).unwrap())
            .collect()
    }

    fn recovery() -> Vec<f64> {
        episodes(&[1.0, 2.0, 3.0, 8.0], &[5.0, 30.0, 72.0])
    }

    #[test]
    fn what_was_drawn_once_each_has_the_quantile_of_its_episodes() {
        for mut episodes in [recovery(), adoption(), episodes(&[1.0, 1.0], &[1.0, 9.0]), episodes(&[], &[3.0])] {
            for p in [0.25, 0.5, 0.75] {
                let expected = quantile(&mut episodes, p).value;
                let once = episodes.iter().map(|episode| (*episode, 1));
                assert_eq!(drawn_survival(once, p), expected, "p {p} of {episodes:?}");
                let thrice: Vec<f64> = episodes.iter().flat_map(|episode| [*episode; 3]).collect();
                let drawn = episodes.iter().map(|episode| (*episode, 3)).chain([(1_000.0, 0)]);
                assert_eq!(drawn_survival(drawn, p), quantile(&mut thrice.clone(), p).value);
            }
        }
    }

    fn adoption() -> Vec<f64> {
        episodes(&[1.0, 2.0, 2.0, 5.0, 8.0], &[4.0, 8.0, 12.0, 12.0, 12.0])
    }

    fn assert_near(found: f64, expected: f64, tolerance: f64) {
        assert!((found - expected).abs() <= tolerance, "{found} is not {expected}");
    }

    #[test]
    fn the_golden_groups_have_their_curves() {
        for (mut group, shares) in
            [(recovery(), &[0.857_143, 0.714_286, 0.571_429, 0.380_952][..]), (adoption(), &[0.9, 0.7, 0.583_333, 0.466_667])]
        {
            let steps = steps(&mut group);
            assert_eq!(steps.len(), shares.len());
            for (step, share) in steps.iter().zip(shares) {
                assert_near(step.open, *share, 5e-7);
            }
        }
        let errors = [0.094_868, 0.144_914, 0.161_015, 0.165_775];
        for (step, error) in steps(&mut adoption()).iter().zip(errors) {
            assert_near(step.open * step.spread.sqrt(), error, 5e-7);
        }
    }

    #[test]
    fn the_golden_groups_have_their_medians() {
        let expected = Quantile { value: Some(8.0), low: Some(1.0), high: None };
        assert_eq!(quantile(&mut recovery(), 0.5), expected);
        assert_eq!(quantile(&mut adoption(), 0.5), expected);
    }

    #[test]
    fn a_median_that_is_not_reached_is_at_least_the_longest_time_observed() {
        let mut group = episodes(&[1.0, 2.0], &[3.0, 4.0, 50.0, 6.0]);
        assert_eq!(quantile(&mut group, 0.5), Quantile { value: None, low: Some(50.0), high: None });
    }

    #[test]
    fn a_share_that_is_met_exactly_counts_as_reached() {
        // 5/6 · 4/5 · 3/4 is one half, whatever doubles make of it; all of them end, so the band closes.
        let mut group = episodes(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[]);
        let found = quantile(&mut group, 0.5);
        assert_eq!((found.value, found.low), (Some(3.0), Some(1.0)));
        assert!(found.high.is_some_and(|high| high > 3.0 && high <= 6.0), "{found:?}");
    }

    #[test]
    fn an_episode_open_until_an_end_is_at_risk_there() {
        // At 2 both are at risk, so one end leaves a half.
        let mut group = episodes(&[2.0], &[2.0]);
        assert_near(steps(&mut group)[0].open, 0.5, 1e-12);
    }

    #[test]
    fn the_golden_groups_differ_as_the_log_rank_test_says() {
        let other = episodes(&[3.0, 6.0, 9.0], &[10.0, 12.0, 12.0, 12.0, 12.0]);
        let found = log_rank(&adoption(), &other).unwrap();
        assert_near(found.observed, 5.0, 1e-12);
        assert_near(found.expected, 3.747_130, 5e-7);
        assert_near(found.variance, 1.924_663, 5e-7);
        assert_near(found.p_value, 0.3665, 5e-5);
        let other = episodes(&[1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0], &[]);
        let found = log_rank(&recovery(), &other).unwrap();
        assert_near(found.expected, 6.811_364, 5e-7);
        assert_near((found.observed - found.expected).powi(2) / found.variance, 4.177_711, 5e-7);
        assert_near(found.p_value, 0.040_96, 5e-6);
    }

    #[test]
    fn groups_without_an_end_are_not_compared() {
        assert_eq!(log_rank(&episodes(&[], &[1.0, 2.0]), &episodes(&[], &[3.0])), None);
        assert_eq!(log_rank(&[], &recovery()), None);
        assert_eq!(log_rank(&[], &[]), None);
    }

    #[test]
    fn what_is_no_duration_is_no_episode() {
        for duration in [-1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(episode(duration, true), None);
        }
        assert!(is_event(episode(0.0, true).unwrap()) && !is_event(episode(0.0, false).unwrap()));
        assert!(is_event(episode(-0.0, true).unwrap()));
    }
}
