//! `attribution`: which deployment first contains a commit, on a made-up graph of one large repository.

use crate::asked::Asked;
use crate::rows::{NO_AIM, milliseconds, row};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use std::time::Instant;
use waymark_analytics::attribution::{CommitGraph, Deployed, attribute};

/// 80,000 commits, a quarter of them merges, and 600 deployments along the main line.
pub(crate) fn run(_: &Asked) {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let shas: Vec<String> =
        (0..80_000).map(|_| format!("{:016x}{:016x}{:08x}", random.next_u64(), random.next_u64(), random.next_u32())).collect();
    let mut rows: Vec<(&str, Option<Vec<&str>>)> = Vec::with_capacity(shas.len());
    for place in 0..shas.len() {
        let mut parents = Vec::new();
        if place > 0 {
            parents.push(shas[place - 1].as_str());
        }
        if place > 40 && random.next_u32() % 4 == 0 {
            parents.push(shas[place - 2 - (random.next_u32() % 30) as usize].as_str());
        }
        rows.push((shas[place].as_str(), Some(parents)));
    }
    let began = Instant::now();
    let graph = CommitGraph::from_rows(
        rows.iter().map(|(sha, parents)| (*sha, parents.as_ref().map(|parents| parents.iter().copied()))),
    );
    row("load a graph of 80,000 commits", &milliseconds(began.elapsed()), NO_AIM);
    let names: Vec<String> = (0..600).map(|number| format!("d{number:04}")).collect();
    let mut deployed: Vec<Deployed<'_>> = names
        .iter()
        .enumerate()
        .map(|(number, name)| Deployed {
            deployment_id: name,
            finished_at: waymark_event::Instant::from_seconds(1_700_000_000 + i64::try_from(number).unwrap() * 3_600),
            sha: &shas[number * 133],
        })
        .collect();
    let began = Instant::now();
    let attribution = attribute(&graph, &mut deployed);
    row("attribute them to 600 deployments", &milliseconds(began.elapsed()), "50 ms");
    assert_eq!(attribution.deployments.len(), 600);
}
