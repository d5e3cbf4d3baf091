//! Which two of n sorted values enclose a quantile with 95 % confidence, whatever the distribution.
//!
//! Exact, from the binomial distribution of the number of values below the quantile. Without two
//! such values there is no interval, and that is where the smallest useful samples come from: 6
//! values for a median, 13 for p75, 36 for p90.

use super::TAIL;

/// Relative weight below which the rest of a tail no longer changes a sum of doubles.
const NEGLIGIBLE: f64 = 1e-30;

/// The 1-based ranks (l, u) of the values that enclose the quantile `p` of `n` values.
///
/// l is the largest rank with P(B ≤ l−1) ≤ 0.025 and u the smallest with P(B ≥ u) ≤ 0.025, where B is
/// binomial (n, p). `None` when one of the two does not exist.
pub(super) fn ranks(n: usize, p: f64) -> Option<(usize, usize)> {
    let is_inner = n > 0 && p > 0.0 && p < 1.0;
    if !is_inner {
        return None;
    }
    let (first, weights) = binomial_weights(n, p);
    let allowed = TAIL * weights.iter().sum::<f64>();
    let within = |weights: &mut dyn Iterator<Item = &f64>| {
        let mut sum = 0.0;
        weights
            .take_while(|weight| {
                sum += **weight;
                sum <= allowed
            })
            .count()
    };
    let below = first + within(&mut weights.iter());
    let above = first + weights.len() - within(&mut weights.iter().rev());
    (below >= 1 && above <= n).then_some((below, above))
}

/// Probabilities of a binomial variable relative to its most likely value, from the first count that
/// is not negligible. Working outwards from the middle needs no factorials and cannot overflow.
fn binomial_weights(n: usize, p: f64) -> (usize, Vec<f64>) {
    let size = n as f64;
    let odds = p / (1.0 - p);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 ≤ (n+1)p < n+1")]
    let mode = (((size + 1.0) * p) as usize).min(n);
    let mut weights = Vec::new();
    let mut first = mode;
    let mut weight = 1.0;
    while first > 0 && weight > NEGLIGIBLE {
        weight *= first as f64 / (size - first as f64 + 1.0) / odds;
        weights.push(weight);
        first -= 1;
    }
    weights.reverse();
    weights.push(1.0);
    let mut last = mode;
    weight = 1.0;
    while last < n && weight > NEGLIGIBLE {
        weight *= (size - last as f64) / (last as f64 + 1.0) * odds;
        weights.push(weight);
        last += 1;
    }
    (first, weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_golden_sizes_have_their_ranks() {
        let medians = [
            (6, (1, 6)),
            (7, (1, 7)),
            (8, (1, 8)),
            (9, (2, 8)),
            (10, (2, 9)),
            (12, (3, 10)),
            (15, (4, 12)),
            (20, (6, 15)),
            (25, (8, 18)),
            (30, (10, 21)),
            (40, (14, 27)),
            (50, (18, 33)),
            (100, (40, 61)),
            (200, (86, 115)),
            (1000, (469, 532)),
        ];
        let upper_quarters =
            [(13, (7, 13)), (15, (8, 15)), (20, (11, 19)), (30, (18, 28)), (50, (31, 44)), (100, (66, 84)), (200, (138, 163))];
        let upper_tenths =
            [(36, (29, 36)), (40, (32, 40)), (50, (41, 50)), (100, (84, 96)), (200, (171, 189)), (1000, (881, 919))];
        for (p, sizes) in [(0.5, medians.as_slice()), (0.75, upper_quarters.as_slice()), (0.9, upper_tenths.as_slice())] {
            for (n, expected) in sizes {
                assert_eq!(ranks(*n, p), Some(*expected), "p {p}, n {n}");
            }
        }
    }

    #[test]
    fn small_samples_have_no_interval() {
        for (p, minimum) in [(0.5, 6), (0.75, 13), (0.9, 36)] {
            assert!((0..minimum).all(|n| ranks(n, p).is_none()), "p {p}");
            assert!((minimum..3 * minimum).all(|n| ranks(n, p).is_some()), "p {p}");
        }
        assert_eq!((ranks(100, 0.0), ranks(100, 1.0), ranks(100, f64::NAN)), (None, None, None));
    }

    #[test]
    fn a_million_values_are_enclosed_as_the_normal_distribution_says() {
        let (low, high) = ranks(1_000_000, 0.5).unwrap();
        assert!((499_019..=499_021).contains(&low) && (500_980..=500_982).contains(&high), "{low} {high}");
    }

    #[test]
    fn ranks_of_mirrored_quantiles_mirror_each_other() {
        for n in 36..300 {
            let (low, high) = ranks(n, 0.9).unwrap();
            assert_eq!(ranks(n, 0.1), Some((n + 1 - high, n + 1 - low)), "n {n}");
        }
    }
}
