//! `poisson_low(k)`, `poisson_high(k)`: 95 % limits of a number of events.
//!
//! The exact interval of Garwood (1936): half the 2.5 % point of chi-squared with 2k degrees of
//! freedom, and half the 97.5 % point with 2k + 2. Dividing by the exposure is left to the metric.
//! Above a million events the limits are those of Wilson and Hilferty (1931), which then differ by
//! less than a thousandth of an event and take no search.

use super::{TAIL, Z};
use statrs::distribution::{ContinuousCDF, Gamma};

/// Largest shape whose quantile is searched for: the steps of a search grow with the root of the shape.
const SEARCHED_SHAPE_MAX: f64 = 1_000_000.0;
/// Largest count: above 2^53 not every whole number has a double.
const COUNT_MAX: f64 = 9_007_199_254_740_992.0;

/// Lower limit, 0 for no events; null when the count is no count.
pub(super) fn low([k]: [f64; 1]) -> Option<f64> {
    if !is_count(k) {
        return None;
    }
    if k <= 0.0 {
        return Some(0.0);
    }
    gamma_quantile(k, TAIL)
}

/// Upper limit; null when the count is no count.
pub(super) fn high([k]: [f64; 1]) -> Option<f64> {
    if !is_count(k) {
        return None;
    }
    gamma_quantile(k + 1.0, 1.0 - TAIL)
}

fn is_count(k: f64) -> bool {
    (0.0..=COUNT_MAX).contains(&k)
}

/// Half a chi-squared variable with 2a degrees of freedom is a gamma variable of shape a and rate 1.
fn gamma_quantile(shape: f64, probability: f64) -> Option<f64> {
    if shape <= SEARCHED_SHAPE_MAX {
        return Some(Gamma::new(shape, 1.0).ok()?.inverse_cdf(probability));
    }
    // The cube root of such a variable is nearly normal.
    let point = if probability < 0.5 { -Z } else { Z };
    let ninth = 1.0 / (9.0 * shape);
    Some(shape * (1.0 - ninth + point * ninth.sqrt()).powi(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_golden_counts_have_their_limits() {
        for (k, lower, upper) in [
            (0.0, 0.0, 3.6889),
            (1.0, 0.0253, 5.5716),
            (3.0, 0.6187, 8.7673),
            (5.0, 1.6235, 11.6683),
            (10.0, 4.7954, 18.3904),
            (20.0, 12.2165, 30.8884),
            (100.0, 81.3640, 121.6268),
        ] {
            let found = (low([k]).unwrap(), high([k]).unwrap());
            assert!((found.0 - lower).abs() <= 5e-5 && (found.1 - upper).abs() <= 5e-5, "{k}: {found:?}");
        }
    }

    #[test]
    fn large_counts_approach_the_normal_limits() {
        for k in [10_000.0_f64, 1_000_000.0, 1e15] {
            let half_width = Z * k.sqrt();
            // The skewness of the distribution moves both limits by less than three events.
            assert!((low([k]).unwrap() - (k - half_width)).abs() < 3.0, "{k}: {:?}", low([k]));
            assert!((high([k]).unwrap() - (k + half_width)).abs() < 3.0, "{k}: {:?}", high([k]));
        }
    }

    #[test]
    fn limits_with_and_without_a_search_are_the_same_where_they_meet() {
        // From the series of the incomplete gamma function with forty digits.
        for (found, expected) in [
            (low([1_000_000.0]), 998_040.983_340),
            (low([1_000_001.0]), 998_041.982_360),
            (high([999_999.0]), 1_001_960.910_965),
            (high([1_000_000.0]), 1_001_961.911_945),
        ] {
            assert!((found.unwrap() - expected).abs() < 1e-4, "{found:?} is not {expected}");
        }
    }

    #[test]
    fn what_is_no_count_has_no_limits() {
        for k in [-1.0, 1e17, f64::NAN, f64::INFINITY] {
            assert_eq!((low([k]), high([k])), (None, None), "{k}");
        }
    }
}
