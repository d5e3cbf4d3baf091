//! Drawing many histories at once, and making the one that breaks a law as small as it gets.
//!
//! A computation of facts costs the same for one history as for sixty, so they are drawn together and,
//! as none knows of another, only the broken one is simplified.

use super::history::{Act, acts};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tokio::runtime::{Builder, Runtime};

/// Each step computes the facts once more.
const SIMPLER_MAX: usize = 80;

/// A law that does not hold: for which history, and how that is seen.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) place: usize,
    pub(crate) why: String,
}

/// A source of histories that is the same every time.
pub(crate) fn runner(seed: u8, cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]))
}

/// A runtime on this thread.
pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Holds a law against so many histories at once.
pub(crate) fn drawn(seed: u8, count: usize, law: impl Fn(&[Vec<Act>]) -> Result<(), Broken>) {
    let (mut runner, strategy) = (runner(seed, 1), acts());
    let mut trees: Vec<_> = (0..count).map(|_| strategy.new_tree(&mut runner).unwrap()).collect();
    let plays: Vec<Vec<Act>> = trees.iter().map(ValueTree::current).collect();
    let Err(Broken { place, mut why }) = law(&plays) else { return };
    let (mut tree, mut smallest) = (trees.swap_remove(place), plays[place].clone());
    let mut goes_on = tree.simplify();
    for _ in 0..SIMPLER_MAX {
        if !goes_on {
            break;
        }
        let simpler = tree.current();
        goes_on = match law(std::slice::from_ref(&simpler)) {
            Err(broken) => {
                (smallest, why) = (simpler, broken.why);
                tree.simplify()
            }
            Ok(()) => tree.complicate(),
        };
    }
    let acts: Vec<String> = smallest.iter().map(|act| format!("\n  {act:?}")).collect();
    let acts = acts.concat();
    panic!("history {place} of seed {seed}: {why}\n  acts:{acts}");
}
