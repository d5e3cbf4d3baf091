//! `load`: a large organisation from deliveries to facts, then what a thousand new deliveries cost.
//!
//! Making the deliveries is the generator's work and is not counted. Whether new deliveries touch a
//! few services or all of them decides what a refresh costs, so both are seen.

use crate::asked::Asked;
use crate::held_back::{HeldBack, Share};
use crate::large::{Large, is_made};
use crate::memory::Peak;
use crate::rows::{NO_AIM, grouped, milliseconds, per_second, row, seconds};
use crate::runtime;
use std::time::Instant;
use waymark_analytics::{Extent, FACTS};
use waymark_lake::fact_table;

const COLLECTOR_MEMORY: &str = "512 MiB";

pub(crate) fn run(asked: &Asked) {
    runtime().block_on(load(asked));
}

async fn load(asked: &Asked) {
    if is_made(asked.folder()).await {
        row("load a large organisation", "passed over: the folder holds one already", NO_AIM);
        return;
    }
    let scale = asked.organisation();
    let mut large = Large::open(scale, asked.folder()).await;
    // Storing everything takes long, so a run that was ended after that is gone on with.
    let held_back = if large.is_filled() { HeldBack::passed_over(&scale) } else { store(&mut large, asked).await };
    merge(&mut large).await;
    compute(&mut large).await;
    take_in(&mut large, held_back.few).await;
    take_in(&mut large, held_back.spread).await;
}

async fn store(large: &mut Large, asked: &Asked) -> HeldBack {
    let scale = asked.organisation();
    let mut held_back = HeldBack::of(&scale);
    let peak = Peak::begin();
    let filled = large.fill(scale.deliveries().filter_map(|delivery| held_back.pass(delivery))).await;
    let what = format!(
        "read and store {} observations of {} deliveries ({} services, {} years)",
        grouped(filled.observations),
        grouped(filled.deliveries),
        grouped(scale.services),
        scale.years
    );
    let speed = per_second(filled.observations, filled.storing);
    let seen = format!("{speed}, {}, {} rejections", seconds(filled.storing), filled.rejections);
    row(&what, &seen, "60,000 per second");
    row("make these deliveries, not counted above", &seconds(filled.making), NO_AIM);
    peak.end("storing them", COLLECTOR_MEMORY);
    held_back
}

async fn compute(large: &mut Large) {
    let peak = Peak::begin();
    let began = Instant::now();
    let snapshot = large.refresh(Extent::Everything).await;
    let took = began.elapsed();
    let versions = FACTS.iter().filter_map(|fact| snapshot.tables.get(&fact_table(fact.name)));
    let count: u64 = versions.flat_map(|version| &version.files).map(|file| file.rows).sum();
    let what = format!("compute all facts, {} rows", grouped(usize::try_from(count).unwrap()));
    row(&what, &seconds(took), NO_AIM);
    peak.end("computing them", COLLECTOR_MEMORY);
    let began = Instant::now();
    large.refresh(Extent::Touched).await;
    row("refresh when nothing is new", &milliseconds(began.elapsed()), NO_AIM);
}

async fn merge(large: &mut Large) {
    let peak = Peak::begin();
    let began = Instant::now();
    let merges = large.merge().await;
    row(&format!("merge small files until none is left, {} merges", grouped(merges)), &seconds(began.elapsed()), NO_AIM);
    peak.end("merging them", COLLECTOR_MEMORY);
}

pub(crate) async fn take_in(large: &mut Large, share: Share) {
    let what =
        format!("{} new deliveries about {} services", grouped(share.deliveries.len()), grouped(share.repositories.len()));
    let peak = Peak::begin();
    let began = Instant::now();
    large.keep(share.deliveries).await;
    let stored = began.elapsed();
    large.refresh(Extent::Touched).await;
    let took = began.elapsed();
    let seen = format!(
        "{} ({} to store, {} to refresh)",
        milliseconds(took),
        milliseconds(stored),
        milliseconds(took.saturating_sub(stored))
    );
    row(&format!("{what}, until they are in the facts"), &seen, "1,000 ms");
    peak.end(&what, COLLECTOR_MEMORY);
}
