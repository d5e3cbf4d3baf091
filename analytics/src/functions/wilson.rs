//! `wilson_low(k, n)`, `wilson_high(k, n)`: 95 % limits of a share k of n.
//!
//! The score interval of Wilson (1927), which stays inside 0 and 1 and has a width at k = 0. Not for
//! a census such as adoption, whose bounds are its unknown units.

use super::Z;

/// Lower limit; null when nothing was counted or the counts cannot be a share.
pub(super) fn low([k, n]: [f64; 2]) -> Option<f64> {
    limits(k, n).map(|(low, _)| low)
}

/// Upper limit; null when nothing was counted or the counts cannot be a share.
pub(super) fn high([k, n]: [f64; 2]) -> Option<f64> {
    limits(k, n).map(|(_, high)| high)
}

/// Both limits; null when nothing was counted or the counts cannot be a share.
pub(crate) fn limits(k: f64, n: f64) -> Option<(f64, f64)> {
    let is_share = n > 0.0 && n.is_finite() && (0.0..=n).contains(&k);
    if !is_share {
        return None;
    }
    let share = k / n;
    let scale = 1.0 + Z * Z / n;
    let centre = (share + Z * Z / (2.0 * n)) / scale;
    let half_width = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt() / scale;
    // At the ends the limit is the end itself, which rounding would miss by a hair.
    let low = if k <= 0.0 { 0.0 } else { (centre - half_width).max(0.0) };
    let high = if k >= n { 1.0 } else { (centre + half_width).min(1.0) };
    Some((low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::approx_constant, reason = "the limit 0.3010 only looks like a logarithm")]
    fn the_golden_shares_have_their_limits() {
        for (k, n, low, high, tolerance) in [
            (0.0, 10.0, 0.0, 0.2775, 5e-5),
            (1.0, 5.0, 0.0362, 0.6245, 5e-5),
            (2.0, 20.0, 0.0279, 0.3010, 5e-5),
            (10.0, 100.0, 0.0552, 0.1744, 5e-5),
            (42.0, 60.0, 0.57491, 0.80102, 5e-6),
            (0.0, 12.0, 0.0, 0.24249, 5e-6),
            (12.0, 12.0, 0.75751, 1.0, 5e-6),
            (3.0, 8.0, 0.13684, 0.69426, 5e-6),
            (180.0, 240.0, 0.69157, 0.80055, 5e-6),
        ] {
            let found = limits(k, n).unwrap();
            assert!((found.0 - low).abs() <= tolerance && (found.1 - high).abs() <= tolerance, "{k} of {n}: {found:?}");
        }
    }

    #[test]
    fn none_and_all_are_met_exactly() {
        for n in 1..200 {
            let n = f64::from(n);
            assert_eq!(low([0.0, n]).map(f64::to_bits), Some(0.0_f64.to_bits()));
            assert_eq!(high([n, n]).map(f64::to_bits), Some(1.0_f64.to_bits()));
        }
    }

    #[test]
    fn what_is_no_share_has_no_limits() {
        for (k, n) in [(0.0, 0.0), (1.0, 0.0), (-1.0, 5.0), (6.0, 5.0), (f64::NAN, 5.0), (1.0, f64::INFINITY)] {
            assert_eq!(limits(k, n), None, "{k} of {n}");
        }
    }
}
