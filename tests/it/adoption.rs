//! Adoption beyond single numbers: forecasts and effects against simulated organisations whose truth is
//! known, and the answers about components over the sample organisation.

mod agreement;
mod answers;
mod by_sets;
mod effect;
mod forecast;
mod later;
mod migrations;
mod rows;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Seeded chance in the shapes that simulations need.
struct Chance(ChaCha8Rng);

impl Chance {
    fn of(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// At least 0 and below 1.
    fn share(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.share()
    }

    /// A whole number at least 0 and below `end`.
    fn below(&mut self, end: u32) -> u32 {
        self.0.next_u32() % end
    }

    fn is_hit(&mut self, chance: f64) -> bool {
        self.share() < chance
    }

    fn normal(&mut self) -> f64 {
        let (one, two) = (1.0 - self.share(), self.share());
        (-2.0 * one.ln()).sqrt() * (std::f64::consts::TAU * two).cos()
    }

    fn poisson(&mut self, mean: f64) -> i64 {
        let (limit, mut product, mut count) = ((-mean).exp(), self.share(), 0);
        while product > limit {
            product *= self.share();
            count += 1;
        }
        count
    }
}
