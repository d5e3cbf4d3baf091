//! Limits of one cell that know that rows of one service resemble each other.
//!
//! Whole services are drawn anew, each with everything it has, and the cell is computed again; the hull
//! of what that gives and of the closed form counts, so a cell never looks more certain than it did.
//! Random numbers begin with the question itself. Where services and their rows come from belongs to
//! `compare.rs`, and whether two cells differ to `change.rs` and `sampled.rs`.

use super::sampled::{RESAMPLES, Rows, SERVICES_MIN, generator, probability};
use crate::catalogue::{Metric, Statistic};
use crate::functions::{TAIL, drawn_survival, type_7};
use crate::series::Cell;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::cmp::Ordering;

/// What one service adds to a share or a rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Counts {
    /// Rows that are counted, or events.
    pub(crate) numerator: f64,
    /// Rows in all, or the time in which events could happen.
    pub(crate) denominator: f64,
}

/// The cell of a quantile or of episodes, with limits that know its services.
pub(crate) fn widened_by_rows(metric: &Metric, cell: Cell, rows: &Rows) -> Cell {
    let drawn = Clusters::new(metric.kind, rows)
        .zip(probability(&cell.statistic))
        .map(|(clusters, p)| clusters.redrawn(p, &mut generator(metric, &cell)));
    widened(cell, drawn)
}

/// The cell of a share or a rate, with limits that know its services.
pub(crate) fn widened_by_counts(metric: &Metric, cell: Cell, services: &[Counts]) -> Cell {
    let mut contributing: Vec<Counts> = services.iter().copied().filter(|counts| counts.denominator > 0.0).collect();
    // They were found in any order, in which other ones would be drawn.
    contributing.sort_unstable_by(|one, other| {
        one.denominator.total_cmp(&other.denominator).then(one.numerator.total_cmp(&other.numerator))
    });
    let scale = match (cell.value, total(&contributing)) {
        // What a metric's unit makes of events by exposure is the same for every resample.
        (Some(value), Some(ratio)) if ratio > 0.0 => value / ratio,
        // Nothing happened anywhere, so nothing can be drawn but that.
        _ => return cell,
    };
    if contributing.len() < SERVICES_MIN {
        return cell;
    }
    let mut random = generator(metric, &cell);
    let resample = |random: &mut ChaCha8Rng| {
        let drawn: Vec<Counts> =
            contributing.iter().filter_map(|_| contributing.get(random.random_range(0..contributing.len())).copied()).collect();
        total(&drawn).map(|ratio| ratio * scale)
    };
    let drawn = (0..RESAMPLES).filter_map(|_| resample(&mut random)).collect();
    widened(cell, Some(drawn))
}

/// Everything counted by everything there is.
fn total(services: &[Counts]) -> Option<f64> {
    let denominator: f64 = services.iter().map(|counts| counts.denominator).sum();
    let numerator: f64 = services.iter().map(|counts| counts.numerator).sum();
    (denominator > 0.0).then(|| numerator / denominator)
}

/// The hull of the cell's own limits and those of its resamples; a limit that is not there stays away.
fn widened(cell: Cell, drawn: Option<Vec<f64>>) -> Cell {
    let limits = drawn.filter(|_| cell.value.is_some()).and_then(|mut drawn| {
        let low = type_7(&mut drawn, TAIL)?;
        Some((low, type_7(&mut drawn, 1.0 - TAIL)?))
    });
    let Some((low, high)) = limits else { return cell };
    // Too many resamples in which too much stays open leave the upper end open too.
    let high = Some(high).filter(|high| high.is_finite());
    Cell {
        low: cell.low.map(|known| if low.is_finite() { known.min(low) } else { known }),
        high: cell.high.zip(high).map(|(known, found)| known.max(found)),
        ..cell
    }
}

/// A sample in order, with the service of each value: to draw services is then to count them.
pub(crate) struct Clusters {
    kind: Statistic,
    sorted: Vec<f64>,
    /// The place of the service of each value.
    services: Vec<u32>,
    /// How many values each service has.
    sizes: Vec<u64>,
}

impl Clusters {
    /// Nothing with fewer services than are drawn as wholes.
    pub(crate) fn new(kind: Statistic, rows: &Rows) -> Option<Self> {
        if rows.len() < SERVICES_MIN {
            return None;
        }
        let placed = rows.values().zip(0_u32..);
        let mut all: Vec<(f64, u32)> =
            placed.flat_map(|(values, place)| values.iter().map(move |value| (*value, place))).collect();
        // Open episodes are negative, and stand where their durations do.
        let by_value: fn(f64, f64) -> Ordering = match kind {
            Statistic::Survival => |one, other| one.abs().total_cmp(&other.abs()),
            _ => |one, other| one.total_cmp(&other),
        };
        all.sort_unstable_by(|one, other| by_value(one.0, other.0).then(one.1.cmp(&other.1)));
        let sizes = rows.values().map(|values| values.len() as u64).collect();
        let (sorted, services) = all.into_iter().unzip();
        Some(Self { kind, sorted, services, sizes })
    }

    /// The quantile of each resample; endless where it is not reached.
    pub(crate) fn redrawn(&self, p: f64, random: &mut ChaCha8Rng) -> Vec<f64> {
        let mut times = vec![0_u32; self.sizes.len()];
        let mut quantiles = Vec::with_capacity(RESAMPLES);
        for _ in 0..RESAMPLES {
            times.fill(0);
            for _ in 0..self.sizes.len() {
                if let Some(count) = times.get_mut(random.random_range(0..self.sizes.len())) {
                    *count += 1;
                }
            }
            quantiles.extend(match self.kind {
                Statistic::Survival => Some(drawn_survival(self.drawn(&times), p).unwrap_or(f64::INFINITY)),
                _ => self.quantile(&times, p),
            });
        }
        quantiles
    }

    /// Each value with how often its service was drawn.
    fn drawn<'drawn>(&'drawn self, times: &'drawn [u32]) -> impl Iterator<Item = (f64, u32)> + Clone + 'drawn {
        let times_of = |service: &u32| times.get(*service as usize).copied().unwrap_or_default();
        self.sorted.iter().copied().zip(self.services.iter().map(times_of))
    }

    /// The quantile of type 7 when each service was drawn so many times.
    fn quantile(&self, times: &[u32], p: f64) -> Option<f64> {
        let size: u64 = self.sizes.iter().zip(times).map(|(size, count)| size * u64::from(*count)).sum();
        type_7_of(self.drawn(times), size, p)
    }
}

/// The quantile of type 7 of values in order, each of which is there so many times, `size` in all.
pub(crate) fn type_7_of(drawn: impl Iterator<Item = (f64, u32)>, size: u64, p: f64) -> Option<f64> {
    let place = size.checked_sub(1)? as f64 * p;
    let (mut below, mut lower) = (0_u64, None);
    for (value, count) in drawn.filter(|(_, count)| *count > 0) {
        below += u64::from(count);
        if lower.is_none() && below as f64 > place.floor() {
            lower = Some(value);
        }
        // The next value in order, which may be the same one drawn again.
        if below as f64 > place.floor() + 1.0 || (below == size && lower.is_some()) {
            let lower = lower?;
            return Some(lower + place.fract() * (value - lower));
        }
    }
    lower
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::find;
    use crate::functions::episode;
    use waymark_event::Instant;

    fn cell(statistic: &str, value: f64, limits: (f64, f64)) -> Cell {
        Cell {
            statistic: statistic.to_owned(),
            scope_kind: "organisation".to_owned(),
            scope: "acme".to_owned(),
            period_start: Instant::from_micros(0),
            period_end: Instant::from_micros(86_400_000_000),
            value: Some(value),
            low: Some(limits.0),
            high: Some(limits.1),
            sample_size: None,
            numerator: None,
            denominator: None,
            coverage: Some(1.0),
            is_partial: false,
        }
    }

    /// Rows of so many services, each with its own level and a spread that is the same for all.
    fn rows(services: u32, each: u32, level: impl Fn(u32) -> f64) -> Rows {
        (0..services)
            .map(|service| (format!("s{service:03}"), (0..each).map(|row| level(service) + f64::from(row)).collect()))
            .collect()
    }

    #[test]
    fn a_resample_has_the_quantile_of_its_values() {
        let values = [10.0, 11.0, 12.0, 13.0, 14.0];
        for (times, p) in [
            ([1_u32, 1, 1, 1, 1], 0.5),
            ([2, 0, 0, 0, 3], 0.5),
            ([0, 0, 5, 0, 0], 0.9),
            ([1, 0, 0, 0, 1], 0.75),
            ([0, 1, 0, 3, 1], 0.9),
        ] {
            let drawn = values.iter().copied().zip(times);
            let mut all: Vec<f64> = drawn.clone().flat_map(|(value, times)| vec![value; times as usize]).collect();
            let (found, expected) = (type_7_of(drawn, all.len() as u64, p).unwrap(), type_7(&mut all, p).unwrap());
            assert!((found - expected).abs() < 1e-12, "{times:?}: {found} is not {expected}");
        }
        assert_eq!(type_7_of(values.iter().map(|value| (*value, 0)), 0, 0.5), None);
    }

    #[test]
    fn services_that_differ_widen_a_quantile() {
        let metric = find("change_lead_time").unwrap();
        // Ten services of 40 rows: by rows the median is well known, by services it is not.
        let differing = rows(10, 40, |service| f64::from(service) * 100.0);
        let wide = widened_by_rows(metric, cell("p50", 469.5, (430.0, 500.0)), &differing);
        assert!(wide.low.unwrap() < 300.0 && wide.high.unwrap() > 600.0, "{wide:?}");
        assert_eq!(wide, widened_by_rows(metric, cell("p50", 469.5, (430.0, 500.0)), &differing), "a question has one answer");
        let kept = widened_by_rows(metric, cell("p50", 469.5, (-1.0, 5_000.0)), &differing);
        assert_eq!((kept.low, kept.high), (Some(-1.0), Some(5_000.0)));
        let few = cell("p50", 20.0, (19.0, 21.0));
        assert_eq!(widened_by_rows(metric, few.clone(), &rows(7, 40, f64::from)), few);
    }

    #[test]
    fn services_that_differ_widen_a_share_about_as_theory_says() {
        let metric = find("change_fail_rate").unwrap();
        // 100 services of ten deployments, half of which fail always and half never. By deployments 500 of 1,000 is
        // known to 3.1 points. By services it is 50 of 100: a standard error of 5 points, and 9.8 to either side.
        let services: Vec<Counts> =
            (0..100).map(|place| Counts { numerator: f64::from(place % 2 * 10), denominator: 10.0 }).collect();
        let wide = widened_by_counts(metric, cell("share", 0.5, (0.469, 0.531)), &services);
        assert!((wide.low.unwrap() - 0.402).abs() < 0.015 && (wide.high.unwrap() - 0.598).abs() < 0.015, "{wide:?}");
        // Services that are all alike add nothing to what deployments tell.
        let alike = vec![Counts { numerator: 5.0, denominator: 10.0 }; 100];
        let same = widened_by_counts(metric, cell("share", 0.5, (0.469, 0.531)), &alike);
        assert_eq!((same.low, same.high), (Some(0.469), Some(0.531)));
        // Seven services with deployments and many without are seven.
        let mut few = vec![Counts { numerator: 5.0, denominator: 10.0 }; 7];
        few.extend(vec![Counts { numerator: 0.0, denominator: 0.0 }; 20]);
        let closed = cell("share", 0.5, (0.469, 0.531));
        assert_eq!(widened_by_counts(metric, closed.clone(), &few), closed);
    }

    #[test]
    fn the_order_in_which_services_are_found_changes_nothing() {
        let metric = find("change_fail_rate").unwrap();
        let mut services: Vec<Counts> =
            (0..20).map(|place| Counts { numerator: f64::from(place % 5), denominator: f64::from(place % 7 + 5) }).collect();
        let limits = |services: &[Counts]| {
            let wide = widened_by_counts(metric, cell("share", 0.25, (0.2, 0.3)), services);
            (wide.low, wide.high)
        };
        let found = limits(&services);
        assert!(found.0 < Some(0.2) && found.1 > Some(0.3), "{found:?}");
        services.reverse();
        assert_eq!(limits(&services), found);
        services.swap(3, 11);
        assert_eq!(limits(&services), found);
    }

    #[test]
    fn a_rate_keeps_its_unit() {
        let metric = find("deployment_frequency").unwrap();
        // 50 services that deploy ten times in ten weeks and 50 that never do: 0.5 a week.
        let services: Vec<Counts> =
            (0..100).map(|place| Counts { numerator: f64::from(place % 2 * 10), denominator: 10.0 }).collect();
        let wide = widened_by_counts(metric, cell("rate", 0.5, (0.457, 0.546)), &services);
        assert!((wide.low.unwrap() - 0.402).abs() < 0.015 && (wide.high.unwrap() - 0.598).abs() < 0.015, "{wide:?}");
        let weekly = widened_by_counts(metric, cell("rate", 3.5, (3.2, 3.8)), &services);
        assert!((weekly.low.unwrap() - 7.0 * wide.low.unwrap()).abs() < 1e-9, "{weekly:?}");
        let none: Vec<Counts> = vec![Counts { numerator: 0.0, denominator: 10.0 }; 20];
        let nothing = cell("rate", 0.0, (0.0, 0.02));
        assert_eq!(widened_by_counts(metric, nothing.clone(), &none), nothing);
    }

    #[test]
    fn services_that_differ_widen_a_recovery_and_open_ones_leave_its_end_open() {
        let metric = find("failed_deployment_recovery_time").unwrap();
        let ended = |place: u32| episode(f64::from(place) * 100.0 + 10.0, true).unwrap();
        let services: Rows = (0..10).map(|place| (format!("s{place}"), vec![ended(place); 20])).collect();
        let wide = widened_by_rows(metric, cell("p50", 410.0, (390.0, 430.0)), &services);
        assert!(wide.low.unwrap() < 300.0 && wide.high.unwrap() > 600.0, "{wide:?}");
        // Half of the services never recover, so in many resamples the median is not reached.
        let open = episode(1_000.0, false).unwrap();
        let stuck: Rows =
            (0..10).map(|place| (format!("s{place}"), vec![if place < 6 { ended(place) } else { open }; 20])).collect();
        let wide = widened_by_rows(metric, cell("p50", 410.0, (390.0, 430.0)), &stuck);
        assert_eq!(wide.high, None, "{wide:?}");
        assert!(wide.low.unwrap() < 390.0);
        let unreached = Cell { value: None, high: None, ..cell("p50", 0.0, (430.0, 0.0)) };
        assert_eq!(widened_by_rows(metric, unreached.clone(), &stuck), unreached);
    }
}
