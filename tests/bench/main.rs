//! Benchmarks, as plain times of one run: `cargo test --workspace --bench bench` in the development
//! profile of the demo, `cargo bench --workspace` optimised.
//!
//! They print a table and judge nothing; `docs/BENCHMARKS.md` holds what was seen.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on should stop where it is")]

use axum::body::Body;
use http::{Request, StatusCode};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tower::ServiceExt;
use waymark_analytics::attribution::{CommitGraph, Deployed, attribute};
use waymark_analytics::{Engine, QueryService, Refresh, refresh};
use waymark_api::{App, router};
use waymark_collect::Pipeline;
use waymark_event::FixedClock;
use waymark_lake::Layout;
use waymark_sample::{Plan, deliveries};

fn main() {
    attribution();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(demo());
}

#[expect(clippy::print_stdout, reason = "a benchmark prints what it saw")]
fn line(what: &str, seen: Duration, aim: &str) {
    println!("{what:<60} {:>10.1} ms   aim {aim}", seen.as_secs_f64() * 1_000.0);
}

/// 80,000 commits, a quarter of them merges, and 600 deployments along the main line.
fn attribution() {
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
    line("load a graph of 80,000 commits", began.elapsed(), "-");
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
    line("attribute them to 600 deployments", began.elapsed(), "50 ms");
    assert_eq!(attribution.deployments.len(), 600);
}

/// The sample organisation through every stage, then the home page, cold and warm.
async fn demo() {
    let plan = Plan::demo();
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::open(folder.path()).unwrap();
    let whole: toml::Table = plan.configuration().parse().unwrap();
    let definitions: Arc<waymark_analytics::Definitions> = Arc::new(whole.try_into().unwrap());
    let clock = Arc::new(FixedClock::at(plan.as_of()));
    let mut pipeline = Pipeline::open(&layout, clock, "bench").await.unwrap();
    let all = Instant::now();
    let made = Instant::now();
    let everything: Vec<_> = deliveries(&plan).collect();
    line(&format!("make {} deliveries", everything.len()), made.elapsed(), "-");
    let loading = Instant::now();
    for batch in everything.chunks(20_000) {
        pipeline.inbox().keep(batch).unwrap();
        while pipeline.flush().await.unwrap().deliveries > 0 {}
    }
    line("keep, read and store them", loading.elapsed(), "-");
    let observed = pipeline.versions().await.unwrap();
    let computing = Instant::now();
    let input = Refresh {
        layout: &layout,
        observed,
        definitions: &definitions,
        as_of: plan.as_of(),
        positions: std::collections::BTreeMap::new(),
        is_full: false,
    };
    refresh(pipeline.tables(), input).await.unwrap();
    line("compute all facts", computing.elapsed(), "-");
    line("the demo's data in all", all.elapsed(), "20,000 ms");
    let engine = Arc::new(Engine::new(layout, definitions));
    let queries = QueryService::new(Arc::clone(&engine), 1 << 30, &folder.path().join("spill")).unwrap();
    let router = router(App::new(engine, Arc::new(queries)));
    for (what, aim) in [("home page, first request", "-"), ("home page, warm", "100 ms")] {
        let began = Instant::now();
        let response = router.clone().oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        line(what, began.elapsed(), aim);
    }
}
