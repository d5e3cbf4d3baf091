//! `demo`: the sample organisation through every stage, then the home page, cold and warm.

use crate::asked::Asked;
use crate::rows::{NO_AIM, grouped, milliseconds, row};
use crate::runtime;
use axum::body::Body;
use http::{Request, StatusCode};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;
use tower::ServiceExt;
use waymark_analytics::{Definitions, Engine, Extent, QueryService, Refresh, refresh};
use waymark_api::{App, router};
use waymark_collect::Pipeline;
use waymark_event::FixedClock;
use waymark_lake::Layout;
use waymark_sample::{Plan, deliveries};

pub(crate) fn run(_: &Asked) {
    runtime().block_on(demo());
}

async fn demo() {
    let plan = Plan::demo();
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::open(folder.path()).unwrap();
    let whole: toml::Table = plan.configuration().parse().unwrap();
    let definitions: Arc<Definitions> = Arc::new(whole.try_into().unwrap());
    let clock = Arc::new(FixedClock::at(plan.as_of()));
    let mut pipeline = Pipeline::open(&layout, clock, "bench").await.unwrap();
    let all = Instant::now();
    let made = Instant::now();
    let everything: Vec<_> = deliveries(&plan).collect();
    row(&format!("make {} deliveries", grouped(everything.len())), &milliseconds(made.elapsed()), NO_AIM);
    let loading = Instant::now();
    for batch in everything.chunks(20_000) {
        pipeline.inbox().keep(batch).unwrap();
        while pipeline.flush().await.unwrap().deliveries > 0 {}
    }
    row("keep, read and store them", &milliseconds(loading.elapsed()), NO_AIM);
    let computing = Instant::now();
    let input = Refresh {
        layout: &layout,
        definitions: &definitions,
        as_of: plan.as_of(),
        positions: BTreeMap::new(),
        extent: Extent::Touched,
    };
    refresh(pipeline.tables(), input).await.unwrap();
    row("compute all facts", &milliseconds(computing.elapsed()), NO_AIM);
    row("the demo's data in all", &milliseconds(all.elapsed()), "20,000 ms");
    let engine = Arc::new(Engine::new(layout, definitions));
    let queries = QueryService::new(Arc::clone(&engine), 1 << 30, &folder.path().join("spill")).unwrap();
    let router = router(App::new(engine, Arc::new(queries)));
    for (what, aim) in [("home page, first request", NO_AIM), ("home page, warm", "100 ms")] {
        let began = Instant::now();
        let response = router.clone().oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        row(what, &milliseconds(began.elapsed()), aim);
    }
}
