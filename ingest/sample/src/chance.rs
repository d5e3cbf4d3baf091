//! Chance: seeded draws, one stream per week and place, so that one week does not shift the next.
//!
//! Knows no meaning; durations are seconds.

use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// One stream of draws; the same seed, week and place give the same draws.
pub(crate) struct Chance(ChaCha8Rng);

impl Chance {
    /// The stream of one place, such as a service, in one week.
    pub(crate) fn stream(seed: u64, week: usize, place: usize) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(((week as u64) << 32) | (place as u64 + 1));
        Self(generator)
    }

    /// Any 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Whether something of this probability happens.
    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        self.share() < probability
    }

    /// A whole number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        self.0.random_range(low..=high.max(low))
    }

    /// A place in a list of `count` entries.
    pub(crate) fn place(&mut self, count: usize) -> usize {
        self.0.random_range(0..count.max(1))
    }

    /// One entry of a list that is not empty.
    pub(crate) fn pick<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.place(list.len())]
    }

    /// How many of something happen when `mean` are expected (Poisson).
    pub(crate) fn count(&mut self, mean: f64) -> usize {
        let limit = (-mean).exp();
        let mut product = self.share();
        let mut count = 0;
        while product > limit {
            product *= self.share();
            count += 1;
        }
        count
    }

    /// A duration whose median is `median_seconds` and whose logarithm is about normal.
    pub(crate) fn around(&mut self, median_seconds: f64, spread: f64) -> i64 {
        let bits = self.bits();
        // Four uniform numbers of 16 bits from one draw: their sum is as good as a normal one here.
        let sum: u64 = (0..4).map(|part| (bits >> (16 * part)) & 0xffff).sum();
        let normal = (sum as f64 / 65_536.0 - 2.0) * 3.0_f64.sqrt();
        whole(median_seconds * (spread * normal).exp()).max(1)
    }

    /// A uniform number from 0 to below 1.
    pub(crate) fn share(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / 9_007_199_254_740_992.0
    }
}

/// A number without its fraction.
#[expect(clippy::cast_possible_truncation, reason = "a cast of this kind saturates, and sample values are small")]
pub(crate) fn whole(number: f64) -> i64 {
    number.round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_place_and_week_and_repeat() {
        let first = |week, place| Chance::stream(1, week, place).bits();
        assert_eq!(first(3, 4), first(3, 4));
        assert_ne!(first(3, 4), first(4, 3));
        assert_ne!(first(0, 1), first(1, 0));
    }

    #[test]
    fn draws_lie_where_they_should() {
        let mut chance = Chance::stream(1, 0, 0);
        let total: usize = (0..4_000).map(|_| chance.count(2.5)).sum();
        assert!((9_500..10_500).contains(&total), "{total}");
        let below = (0..4_000).filter(|_| chance.around(600.0, 0.8) < 600).count();
        assert!((1_900..2_100).contains(&below), "{below}");
    }
}
