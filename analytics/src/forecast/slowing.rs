//! The finishing week when the pace depends on what is left: `pace = rate · (left / left now)^bend`.
//!
//! With `bend` 0 the pace is steady, with 1 every service left has the same chance each week, with 2
//! the hard ones are last. How likely each is follows from the history (Poisson weeks, every bend
//! equally likely beforehand, the rate integrated over its gamma posterior), and the forecast is
//! their mixture. It is a sum over a fixed grid, so there is no seed.

use super::{Finishing, HORIZON_WEEKS};
use statrs::distribution::{ContinuousCDF, Gamma};

/// How the pace may depend on what is left.
const BENDS: [f64; 5] = [0.0, 0.5, 1.0, 1.5, 2.0];
/// Places of the gamma posterior at which the rate is taken.
const RATES: usize = 12;
/// Mixture parts that weigh less than this change no week.
const WEIGHT_MIN: f64 = 1e-3;
/// Beyond this the weeks of a part hardly scatter, and its mean path is taken.
const SCATTERED_MAX: u32 = 300;

/// One part of the mixture.
struct Part {
    weight: f64,
    bend: f64,
    /// Completions a week with what is left now.
    rate: f64,
}

/// The finishing weeks of the mixture.
pub(super) fn finishing(net: &[i64], remaining: u32) -> Finishing {
    let leak = net.iter().map(|week| (-week).max(0)).sum::<i64>() as f64 / net.len().max(1) as f64;
    let mut done = vec![0.0; HORIZON_WEEKS as usize];
    for part in parts(net, remaining) {
        let path = if remaining > SCATTERED_MAX { part.mean_path(remaining, leak) } else { part.scattered(remaining, leak) };
        for (sum, chance) in done.iter_mut().zip(path) {
            *sum += part.weight * chance;
        }
    }
    Finishing { done }
}

/// Every part with its posterior weight; weights add up to one.
fn parts(net: &[i64], remaining: u32) -> Vec<Part> {
    let completed: Vec<f64> = net.iter().map(|week| (*week).max(0) as f64).collect();
    let mut left = f64::from(remaining);
    let mut before: Vec<f64> = net
        .iter()
        .rev()
        .map(|week| {
            left += *week as f64;
            left.max(0.0)
        })
        .collect();
    before.reverse();
    let shape = completed.iter().sum::<f64>() + 0.5;
    let mut parts = Vec::with_capacity(BENDS.len() * RATES);
    for bend in BENDS {
        let exposures: Vec<f64> = before.iter().map(|left| (left / f64::from(remaining)).powf(bend)).collect();
        let exposure = exposures.iter().sum::<f64>().max(1e-9);
        let fitted: f64 = completed.iter().zip(&exposures).map(|(weeks, exposure)| weeks * exposure.max(1e-12).ln()).sum();
        let log_weight = fitted - shape * exposure.ln();
        let Ok(posterior) = Gamma::new(shape, exposure) else { continue };
        for place in 0..RATES {
            let rate = posterior.inverse_cdf((place as f64 + 0.5) / RATES as f64);
            parts.push(Part { weight: log_weight, bend, rate });
        }
    }
    let largest = parts.iter().map(|part| part.weight).fold(f64::NEG_INFINITY, f64::max);
    for part in &mut parts {
        part.weight = (part.weight - largest).exp();
    }
    let total: f64 = parts.iter().map(|part| part.weight).sum();
    parts.retain(|part| part.weight / total >= WEIGHT_MIN);
    let total: f64 = parts.iter().map(|part| part.weight).sum();
    for part in &mut parts {
        part.weight /= total;
    }
    parts
}

impl Part {
    fn pace(&self, left: f64, remaining: u32) -> f64 {
        self.rate * (left / f64::from(remaining)).powf(self.bend)
    }

    /// The mean path: done as soon as less than half a service is left.
    fn mean_path(&self, remaining: u32, leak: f64) -> Vec<f64> {
        let mut left = f64::from(remaining);
        let mut is_done = false;
        let step = |_| {
            left += leak - self.pace(left, remaining);
            is_done = is_done || left < 0.5;
            f64::from(u8::from(is_done))
        };
        (0..HORIZON_WEEKS).map(step).collect()
    }

    /// The exact chances when completions and leaks of a week are Poisson numbers.
    fn scattered(&self, remaining: u32, leak: f64) -> Vec<f64> {
        let start = remaining as usize;
        // Room for leaks; what would go beyond it stays at the edge.
        let size = start + 21;
        let completions: Vec<Vec<f64>> = (0..size).map(|left| poisson(self.pace(left as f64, remaining), left)).collect();
        let leaks = poisson(leak, 4);
        let mut chances = vec![0.0; size];
        chances[start] = 1.0;
        let mut done = Vec::with_capacity(HORIZON_WEEKS as usize);
        for _ in 0..HORIZON_WEEKS {
            let mut next = vec![0.0; size];
            next[0] = chances[0];
            for (left, chance) in chances.iter().enumerate().skip(1).filter(|(_, chance)| **chance > 1e-12) {
                for (moved, share) in completions[left].iter().enumerate() {
                    let after = left.saturating_sub(moved);
                    if after == 0 || leak <= 0.0 {
                        next[after] += chance * share;
                        continue;
                    }
                    for (leaked, leak_share) in leaks.iter().enumerate() {
                        next[(after + leaked).min(size - 1)] += chance * share * leak_share;
                    }
                }
            }
            chances = next;
            done.push(chances[0]);
            if chances[0] > 0.999_9 {
                break;
            }
        }
        let last = done.last().copied().unwrap_or(0.0);
        done.resize(HORIZON_WEEKS as usize, last);
        done
    }
}

/// Chances of 0 to `most` events; the last place holds `most` and more. What is too rare to matter
/// is cut off behind it.
fn poisson(mean: f64, most: usize) -> Vec<f64> {
    let mut chances = Vec::new();
    let mut term = (-mean).exp();
    let mut rest = 1.0;
    for count in 0..most {
        chances.push(term);
        rest -= term;
        if count as f64 > mean && rest < 1e-10 {
            return chances;
        }
        term *= mean / (count + 1) as f64;
    }
    chances.push(rest.max(0.0));
    chances
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn poisson_chances_add_up_to_one() {
        for (mean, most) in [(0.0, 4), (1.3, 3), (2.5, 40), (30.0, 80)] {
            let sum: f64 = poisson(mean, most).iter().sum();
            assert!((sum - 1.0).abs() < 1e-8, "{mean}, {most}: {sum}");
        }
    }

    #[test]
    fn a_pace_that_falls_with_what_is_left_is_seen_as_such() {
        let bend = |net: &[i64], remaining| -> f64 { parts(net, remaining).iter().map(|part| part.weight * part.bend).sum() };
        assert!(bend(&[10, 8, 7, 6, 5, 4, 3, 3, 2, 2, 1, 1, 1, 1], 6) > 0.8);
        assert!(bend(&[3; 26], 6) < 0.3);
    }

    #[test]
    fn many_services_take_the_mean_path() {
        let few = finishing(&[20; 20], 299).week_by(0.5).unwrap();
        let many = finishing(&[20; 20], 301).week_by(0.5).unwrap();
        assert!(few.abs_diff(many) <= 2, "{few} and {many}");
    }
}
