//! Which units are computed together: as many as the memory bears, because planning the statements costs as
//! much for one unit as for many.

use crate::units::Units;
use std::collections::btree_map::IntoIter;
use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;

/// What the units of the first portion may weigh.
const WEIGHT_AT_ONCE: u64 = 60_000;
/// No later one weighs more, however little was observed of the first: others may differ.
const WEIGHT_AT_ONCE_MAX: u64 = 4 * WEIGHT_AT_ONCE;
/// How many bytes of observations a portion should hold.
const OBSERVED_BYTES: u64 = 96 * 1_024 * 1_024;
/// What a unit weighs less whose findings are gone on with, beside one of which everything is computed.
const GONE_ON_WITH: u64 = 16;
/// What was observed of so few units is worth keeping for what comes next about them: about half a dozen services.
const FEW_WEIGHT_MAX: u64 = 12_000;
/// Planning a statement takes as long as computing it for about so many units.
const PLANNED_UNITS: usize = 3;

/// Units by the facts that have to be computed of them.
pub(super) type Groups = BTreeMap<BTreeSet<&'static str>, BTreeSet<u32>>;

/// The units of a shard, each with its facts, and what they weigh.
#[derive(Default)]
struct Shard {
    units: Vec<(u32, BTreeSet<&'static str>)>,
    later: Vec<u32>,
    weight: u64,
}

/// What is computed and written together.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Portion {
    /// The units of its shards that have to be computed.
    pub(super) groups: Groups,
    /// Those of which only new findings are looked at.
    pub(super) later: BTreeSet<u32>,
    /// Those of its shards that units have left, with or without others to compute there.
    pub(super) left: BTreeSet<u32>,
}

/// Groups in portions that fit into memory. Each shard is in one portion only.
pub(super) struct Portions {
    shards: Peekable<IntoIter<u32, Shard>>,
    /// Shards that units have left: they lose rows, whatever is computed in them.
    left: BTreeSet<u32>,
    /// What the next portion may weigh.
    weight_max: u64,
    /// What all portions so far weighed, and how many bytes were observed of them.
    weight: u64,
    observed_bytes: u64,
    /// The only portion of a lake without any unit.
    empty: Option<Groups>,
    is_about_few: bool,
}

impl Portions {
    /// The groups, the units whose findings are gone on with, and the shards that units have `left`.
    pub(super) fn new(groups: Groups, later: impl Iterator<Item = u32>, units: &Units, left: BTreeSet<u32>) -> Self {
        let mut shards: BTreeMap<u32, Shard> = left.iter().map(|shard| (*shard, Shard::default())).collect();
        for unit in later {
            let shard = shards.entry(units.shard(unit)).or_default();
            shard.later.push(unit);
            shard.weight += units.weight(unit) / GONE_ON_WITH;
        }
        // Without any statement there are still facts, which have columns and no rows.
        let empty = groups.values().all(BTreeSet::is_empty).then(|| groups.clone()).filter(|groups| !groups.is_empty());
        for (facts, of_facts) in groups {
            for unit in of_facts {
                let shard = shards.entry(units.shard(unit)).or_default();
                shard.units.push((unit, facts.clone()));
                shard.weight += units.weight(unit);
            }
        }
        let is_about_few = shards.values().map(|shard| shard.weight).sum::<u64>() <= FEW_WEIGHT_MAX;
        let shards = shards.into_iter().peekable();
        Self { shards, left, weight_max: WEIGHT_AT_ONCE, weight: 0, observed_bytes: 0, empty, is_about_few }
    }

    /// Whether all portions together hold few units.
    pub(super) const fn is_about_few(&self) -> bool {
        self.is_about_few
    }

    /// Adapts what the next portion may weigh to what was observed of those before it.
    pub(super) fn learn(&mut self, observed_bytes: u64) {
        self.observed_bytes = self.observed_bytes.saturating_add(observed_bytes);
        let wanted = self.weight.saturating_mul(OBSERVED_BYTES) / self.observed_bytes.max(1);
        self.weight_max = wanted.clamp(WEIGHT_AT_ONCE, WEIGHT_AT_ONCE_MAX);
    }
}

impl Iterator for Portions {
    type Item = Portion;

    fn next(&mut self) -> Option<Portion> {
        if let Some(groups) = self.empty.take() {
            return Some(Portion { groups, ..Portion::default() });
        }
        let mut portion = Portion::default();
        let mut weight = 0;
        while let Some((number, shard)) =
            self.shards.next_if(|(_, shard)| weight == 0 || weight + shard.weight <= self.weight_max)
        {
            weight += shard.weight;
            portion.left.extend(self.left.take(&number));
            portion.later.extend(shard.later);
            for (unit, facts) in shard.units {
                portion.groups.entry(facts).or_default().insert(unit);
            }
        }
        self.weight += weight;
        (portion != Portion::default()).then_some(portion)
    }
}

/// Units in shares of about equal weight, those of one shard together; none is empty but the only one.
pub(super) fn shares(units: &BTreeSet<u32>, of: &Units, count: usize) -> Vec<BTreeSet<u32>> {
    let mut order: Vec<(u32, u32)> = units.iter().map(|unit| (of.shard(*unit), *unit)).collect();
    order.sort_unstable();
    let total: u64 = units.iter().map(|unit| of.weight(*unit)).sum();
    let enough = total.div_ceil(u64::try_from(count).unwrap_or(1).max(1));
    let mut shares = vec![BTreeSet::new()];
    let mut weight = 0;
    for (_, unit) in order {
        if weight >= enough {
            shares.push(BTreeSet::new());
            weight = 0;
        }
        weight += of.weight(unit);
        if let Some(share) = shares.last_mut() {
            share.insert(unit);
        }
    }
    shares
}

/// Groups of which planning the statements would cost more than computing a few facts too many.
pub(super) fn with_few_plans(groups: Groups) -> Groups {
    let Some(widest) = groups.keys().max_by_key(|facts| facts.len()).cloned() else { return groups };
    let mut few = Groups::new();
    for (facts, units) in groups {
        let missing = widest.difference(&facts).count();
        let is_cheap = facts.is_subset(&widest) && units.len() * missing <= PLANNED_UNITS * facts.len();
        few.entry(if is_cheap { widest.clone() } else { facts }).or_default().extend(units);
    }
    few
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(observed_bytes: u64, left: &[u32]) -> Vec<usize> {
        let mut units = Units::default();
        let all = (0..600).map(|number| units.unit(&format!("service-{number}"))).collect();
        let mut portions = Portions::new(
            Groups::from([(BTreeSet::from(["attempts"]), all)]),
            std::iter::empty(),
            &units,
            left.iter().copied().collect(),
        );
        let mut sizes = Vec::new();
        let mut seen = Vec::new();
        while let Some(portion) = portions.next() {
            sizes.push(portion.groups.values().map(BTreeSet::len).sum());
            seen.extend(portion.left);
            portions.learn(observed_bytes);
        }
        assert_eq!(seen, left, "each shard that was left is in one portion");
        sizes
    }

    #[test]
    fn portions_grow_where_little_was_observed_of_those_before() {
        let (ordinary, growing) = (sizes(OBSERVED_BYTES, &[]), sizes(OBSERVED_BYTES / 4, &[]));
        assert_eq!(ordinary.iter().sum::<usize>(), 600);
        assert!(ordinary.iter().all(|size| *size <= 60), "{ordinary:?}");
        assert!(growing[0] == ordinary[0] && growing[1] > 2 * ordinary[1], "{growing:?}");
        // Shards that units have left are written with the portion in which they stand, also where nothing else is.
        let left = sizes(OBSERVED_BYTES, &[7, 9_000]);
        assert_eq!(left.iter().sum::<usize>(), 600);
        assert!(left.len() >= ordinary.len(), "{left:?}");
    }

    #[test]
    fn nothing_observed_is_one_portion_without_units() {
        let facts = Groups::from([(BTreeSet::from(["attempts"]), BTreeSet::new())]);
        let of = |groups: Groups| Portions::new(groups, std::iter::empty(), &Units::default(), BTreeSet::new());
        let mut portions = of(facts.clone());
        let only = Portion { groups: facts, ..Portion::default() };
        assert_eq!((portions.next(), portions.next()), (Some(only), None));
        assert_eq!(of(Groups::new()).next(), None, "nothing was touched");
    }

    #[test]
    fn few_units_with_fewer_facts_are_computed_with_the_others() {
        let all = BTreeSet::from(["attempts", "commits", "ci_runs"]);
        let runs = BTreeSet::from(["ci_runs"]);
        let few = Groups::from([(all.clone(), BTreeSet::from([1, 2])), (runs.clone(), BTreeSet::from([3]))]);
        assert_eq!(with_few_plans(few), Groups::from([(all.clone(), BTreeSet::from([1, 2, 3]))]));
        let many = Groups::from([(all, BTreeSet::from([1, 2])), (runs, (3..30).collect())]);
        assert_eq!(with_few_plans(many.clone()), many);
    }
}
