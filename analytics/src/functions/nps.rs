//! `nps_low(p, n, d)`, `nps_high(p, n, d)`: 95 % limits of a net promoter score.
//!
//! `p` counts the promoters (9 and 10), `d` the detractors (0 to 6), and `n` **all** answers, the
//! passive ones included. The adjusted Wald interval adds three answers, a quarter of each to
//! promoters and detractors; the plain one promises more than 100 points and certainty for five
//! equal answers. Whether few answers may be shown at all is for the metric to say.

use super::Z;

/// Lower limit in points, at least -100; null when the counts cannot be answers to one question.
pub(super) fn low([promoters, answers, detractors]: [f64; 3]) -> Option<f64> {
    limits(promoters, answers, detractors).map(|(low, _)| low)
}

/// Upper limit in points, at most 100; null when the counts cannot be answers to one question.
pub(super) fn high([promoters, answers, detractors]: [f64; 3]) -> Option<f64> {
    limits(promoters, answers, detractors).map(|(_, high)| high)
}

fn limits(promoters: f64, answers: f64, detractors: f64) -> Option<(f64, f64)> {
    let are_answers = answers > 0.0 && answers.is_finite() && promoters >= 0.0 && detractors >= 0.0;
    if !are_answers || promoters + detractors > answers {
        return None;
    }
    let total = answers + 3.0;
    let promoting = (promoters + 0.75) / total;
    let detracting = (detractors + 0.75) / total;
    let score = promoting - detracting;
    let half_width = Z * ((promoting + detracting - score * score) / total).sqrt();
    Some(((100.0 * (score - half_width)).max(-100.0), (100.0 * (score + half_width)).min(100.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_golden_waves_have_their_limits() {
        for (promoters, passives, detractors, lower, upper) in [
            (20.0, 15.0, 10.0, -1.31, 42.98),
            (7.0, 2.0, 1.0, 7.04, 85.27),
            (5.0, 0.0, 0.0, 17.49, 100.0),
            (150.0, 120.0, 80.0, 11.64, 28.02),
            (3.0, 4.0, 8.0, -64.07, 8.52),
        ] {
            let answers = promoters + passives + detractors;
            let found = limits(promoters, answers, detractors).unwrap();
            assert!((found.0 - lower).abs() <= 5e-3 && (found.1 - upper).abs() <= 5e-3, "{promoters}: {found:?}");
        }
    }

    #[test]
    fn promoters_and_detractors_mirror_each_other() {
        let (low, high) = limits(3.0, 15.0, 8.0).unwrap();
        assert_eq!(limits(8.0, 15.0, 3.0), Some((-high, -low)));
    }

    #[test]
    fn what_are_no_answers_have_no_limits() {
        for (promoters, answers, detractors) in [(0.0, 0.0, 0.0), (3.0, 5.0, 3.0), (-1.0, 5.0, 0.0), (f64::NAN, 5.0, 0.0)] {
            assert_eq!(limits(promoters, answers, detractors), None);
        }
    }
}
