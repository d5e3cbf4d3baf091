//! The estimator: a staggered event study with an interval by whole teams.
//!
//! For each adoption week, adopters are compared with eligible services that have not adopted yet,
//! each with its own base. Ordinary two-way fixed effects would use early adopters as controls, with
//! negative weights. The interval is the hull of a percentile bootstrap by teams and of its standard
//! error with Student's t, because few teams make the percentile alone too narrow.

use super::{AFTER, BASE, PLACEBO, Study, Subject};
use crate::functions::TAIL;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use statrs::distribution::{ContinuousCDF, StudentsT};
use std::collections::{BTreeMap, BTreeSet};

/// Whole sets of teams that are drawn.
const RESAMPLES: usize = 2_000;

/// The change of an outcome by adoption, in logarithms.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// Mean difference of logarithms over the weeks after.
    pub log_effect: f64,
    /// Its 95 % limits.
    pub low: f64,
    /// Its 95 % limits.
    pub high: f64,
    /// The same difference before anything happened, which should be nothing; null when nobody can be compared then.
    pub placebo: Option<Difference>,
    /// The difference by week since adoption, with the migration weeks that the effect leaves out.
    pub curve: BTreeMap<i32, f64>,
}

/// A difference of logarithms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The difference itself: adopters' change minus that of the others.
    pub value: f64,
    /// Its lower limit (95 %).
    pub low: f64,
    /// Its upper limit (95 %).
    pub high: f64,
}

impl Estimate {
    /// The effect as a share: −0.2 = a fifth less.
    pub fn share(&self) -> f64 {
        self.log_effect.exp_m1()
    }

    /// The 95 % limits of the share.
    pub fn share_limits(&self) -> (f64, f64) {
        (self.low.exp_m1(), self.high.exp_m1())
    }
}

/// Sums of one team in one cell.
struct Sums {
    team: usize,
    adopter_change: f64,
    adopters: f64,
    control_change: f64,
    controls: f64,
}

/// One adoption week, lifecycle and week since: changes from the base, by team.
struct Cell {
    event: i32,
    teams: Vec<Sums>,
}

/// The estimate of a study; null where no week of adopters can be compared with anybody.
pub fn estimate(study: &Study, seed: u64) -> Option<Estimate> {
    let names: BTreeSet<&str> = study.subjects.iter().map(|subject| subject.team.as_str()).collect();
    let places: BTreeMap<&str, usize> = names.iter().enumerate().map(|(place, name)| (*name, place)).collect();
    let cells = cells(study, &places);
    let ones = vec![1.0; names.len()];
    let log_effect = averaged(&cells, &AFTER, &ones)?;
    let placebo = averaged(&cells, &PLACEBO, &ones);
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (mut effects, mut placebos) = (Vec::with_capacity(RESAMPLES), Vec::with_capacity(RESAMPLES));
    for _ in 0..RESAMPLES {
        let mut weights = vec![0.0; names.len()];
        for _ in 0..names.len() {
            weights[random.random_range(0..names.len())] += 1.0;
        }
        effects.extend(averaged(&cells, &AFTER, &weights));
        placebos.extend(averaged(&cells, &PLACEBO, &weights));
    }
    let (low, high) = limits(log_effect, effects, names.len());
    let placebo = placebo.map(|value| {
        let (low, high) = limits(value, placebos, names.len());
        Difference { value, low, high }
    });
    let curve = (*BASE.start()..=*AFTER.end()).filter_map(|event| Some((event, averaged(&cells, &(event..=event), &ones)?)));
    Some(Estimate { log_effect, low, high, placebo, curve: curve.collect() })
}

fn cells(study: &Study, places: &BTreeMap<&str, usize>) -> Vec<Cell> {
    let cohorts: BTreeSet<(i32, &str)> =
        study.subjects.iter().filter_map(|subject| Some((subject.adopted_week?, subject.lifecycle.as_str()))).collect();
    let mut cells = Vec::new();
    for (adopted, lifecycle) in cohorts {
        let bases: Vec<(&Subject, f64)> = study
            .subjects
            .iter()
            .filter(|subject| subject.lifecycle == lifecycle)
            .filter_map(|subject| Some((subject, base(subject, adopted)?)))
            .collect();
        for event in *BASE.start()..=*AFTER.end() {
            let mut teams: BTreeMap<usize, Sums> = BTreeMap::new();
            for (subject, base) in &bases {
                let Some(told) = subject.weeks.get(&(adopted + event)).and_then(|week| week.mean_log) else { continue };
                let is_adopter = subject.adopted_week == Some(adopted);
                // Not adopted a week later either: the week before adoption is migration work already.
                let is_control = subject.adopted_week.is_none_or(|own| own > adopted && own > adopted + event + 1);
                let Some(team) = places.get(subject.team.as_str()).copied() else { continue };
                let sums = teams.entry(team).or_insert(Sums {
                    team,
                    adopter_change: 0.0,
                    adopters: 0.0,
                    control_change: 0.0,
                    controls: 0.0,
                });
                if is_adopter {
                    sums.adopter_change += told - base;
                    sums.adopters += 1.0;
                } else if is_control {
                    sums.control_change += told - base;
                    sums.controls += 1.0;
                }
            }
            cells.push(Cell { event, teams: teams.into_values().collect() });
        }
    }
    cells
}

fn base(subject: &Subject, adopted: i32) -> Option<f64> {
    let weeks = subject.weeks.range(adopted + BASE.start()..=adopted + BASE.end());
    let told: Vec<f64> = weeks.filter_map(|(_, week)| week.mean_log).collect();
    (!told.is_empty()).then(|| told.iter().sum::<f64>() / told.len() as f64)
}

/// The difference over some weeks since adoption, weighted by adopters; null when nothing compares.
fn averaged(cells: &[Cell], events: &std::ops::RangeInclusive<i32>, weights: &[f64]) -> Option<f64> {
    let (mut sum, mut weight) = (0.0, 0.0);
    for cell in cells.iter().filter(|cell| events.contains(&cell.event)) {
        let mut whole = Sums { team: 0, adopter_change: 0.0, adopters: 0.0, control_change: 0.0, controls: 0.0 };
        for team in &cell.teams {
            let times = weights.get(team.team).copied().unwrap_or(0.0);
            whole.adopter_change += times * team.adopter_change;
            whole.adopters += times * team.adopters;
            whole.control_change += times * team.control_change;
            whole.controls += times * team.controls;
        }
        if whole.adopters > 0.0 && whole.controls > 0.0 {
            let difference = whole.adopter_change / whole.adopters - whole.control_change / whole.controls;
            sum += difference * whole.adopters;
            weight += whole.adopters;
        }
    }
    (weight > 0.0).then(|| sum / weight)
}

/// The hull of the percentile limits and of those by standard error and Student's t.
fn limits(value: f64, mut drawn: Vec<f64>, teams: usize) -> (f64, f64) {
    drawn.sort_by(f64::total_cmp);
    let count = drawn.len() as f64;
    let (Some(low), Some(high)) = (quantile(&drawn, TAIL), quantile(&drawn, 1.0 - TAIL)) else {
        return (f64::NEG_INFINITY, f64::INFINITY);
    };
    let mean = drawn.iter().sum::<f64>() / count;
    let error = (drawn.iter().map(|effect| (effect - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0)).sqrt();
    let freedom = teams.saturating_sub(1).max(1) as f64;
    let factor = StudentsT::new(0.0, 1.0, freedom).map_or(f64::INFINITY, |student| student.inverse_cdf(1.0 - TAIL));
    (low.min(value - factor * error), high.max(value + factor * error))
}

/// Type 7, over sorted values.
fn quantile(sorted: &[f64], probability: f64) -> Option<f64> {
    let place = sorted.len().checked_sub(1)? as f64 * probability;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place among the draws")]
    let (lower, upper) = (place.floor() as usize, place.ceil() as usize);
    let (lower, upper) = (*sorted.get(lower)?, *sorted.get(upper)?);
    Some(lower + (upper - lower) * place.fract())
}
