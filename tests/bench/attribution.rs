//! `attribution`: which deployment first contains a commit, on made-up graphs of large repositories.
//!
//! A quarter of the commits are merges, and deployments lie along the main line. The facts are not in
//! it: how their rows become a graph and are stored is seen by `load`.

use crate::asked::Asked;
use crate::memory::Peak;
use crate::rows::{NO_AIM, grouped, milliseconds, row};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use std::time::Instant;
use waymark_analytics::attribution::{Attribution, CommitGraph, Deployed, attribute};

/// One repository and what is asked of it.
struct Size {
    commits: usize,
    deployments: usize,
    aim: &'static str,
    memory_aim: &'static str,
}

const SIZES: [Size; 2] = [
    Size { commits: 80_000, deployments: 600, aim: "50 ms", memory_aim: NO_AIM },
    Size { commits: 1_000_000, deployments: 10_000, aim: "250 ms", memory_aim: "300 MiB" },
];

pub(crate) fn run(_: &Asked) {
    for size in &SIZES {
        attribute_all(size);
    }
}

fn attribute_all(size: &Size) {
    let shas = shas(size.commits);
    let rows = history(&shas);
    let peak = Peak::begin();
    let began = Instant::now();
    let graph = CommitGraph::from_rows(rows.iter().map(|(sha, parents)| (*sha, Some(parents.iter().copied()))));
    row(&format!("load a graph of {} commits", grouped(size.commits)), &milliseconds(began.elapsed()), NO_AIM);
    let names: Vec<String> = (0..size.deployments).map(|number| format!("d{number:05}")).collect();
    let step = size.commits / size.deployments;
    let at = |number: usize| waymark_event::Instant::from_seconds(1_700_000_000 + i64::try_from(number).unwrap() * 3_600);
    let deployed = names.iter().enumerate().map(|(number, name)| Deployed {
        deployment_id: name,
        finished_at: at(number),
        sha: &shas[number * step],
    });
    let mut deployed: Vec<Deployed<'_>> = deployed.collect();
    let began = Instant::now();
    let attribution = attribute(&graph, &mut deployed);
    let took = began.elapsed();
    assert_eq!(attribution.deployments.len(), size.deployments);
    row(&format!("attribute them to {} deployments", grouped(size.deployments)), &milliseconds(took), size.aim);
    deploy_one_more(&graph, &deployed);
    peak.end(&format!("{} commits as text, their graph and its attribution", grouped(size.commits)), size.memory_aim);
}

/// The last deployment alone, after all others.
fn deploy_one_more(graph: &CommitGraph, deployed: &[Deployed<'_>]) {
    let (last, others) = deployed.split_last().unwrap();
    let mut attribution = Attribution::before(graph);
    for deployed in others {
        attribution.deploy(graph, deployed);
    }
    let began = Instant::now();
    let brought = attribution.deploy(graph, last);
    let took = began.elapsed();
    assert!(brought.new_commits.is_some_and(|count| count > 0));
    row(&format!("one more after {} deployments", grouped(others.len())), &milliseconds(took), "10 ms");
}

fn shas(count: usize) -> Vec<String> {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut sha = || format!("{:016x}{:016x}{:08x}", random.next_u64(), random.next_u64(), random.next_u32());
    (0..count).map(|_| sha()).collect()
}

/// Each commit after the one before it; a quarter of them merge one that lies a little further back.
fn history(shas: &[String]) -> Vec<(&str, Vec<&str>)> {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let mut rows = Vec::with_capacity(shas.len());
    for place in 0..shas.len() {
        let mut parents = Vec::new();
        if place > 0 {
            parents.push(shas[place - 1].as_str());
        }
        if place > 40 && random.next_u32().is_multiple_of(4) {
            parents.push(shas[place - 2 - (random.next_u32() % 30) as usize].as_str());
        }
        rows.push((shas[place].as_str(), parents));
    }
    rows
}
