//! `waymark adoption` and its routes and pages over the sample organisation.

use crate::harness::World;
use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use std::sync::Arc;
use tower::ServiceExt;
use waymark_analytics::QueryService;
use waymark_api::adoption::{board, story};
use waymark_api::{App, router};
use waymark_sample::{Plan, deliveries};

/// Long enough for births, leavers and forecasts.
const PLAN: Plan = Plan { services: 12, weeks: 26, ..Plan::small() };

struct Site {
    _world: World,
    router: axum::Router,
}

/// The sample organisation, of which nothing has been told yet.
async fn untold() -> World {
    let whole: toml::Table = PLAN.configuration().parse().unwrap();
    World::with(&PLAN.as_of().to_rfc3339(), whole.try_into().unwrap()).await
}

impl Site {
    async fn open() -> Self {
        let mut world = untold().await;
        let all: Vec<_> = deliveries(&PLAN).collect();
        world.take_in(&all).await;
        world.refresh().await;
        let engine = Arc::new(world.engine());
        let queries = QueryService::new(Arc::clone(&engine), 512 * 1_024 * 1_024, &world.folder.path().join("spill")).unwrap();
        let router = router(App::new(engine, Arc::new(queries)));
        Self { _world: world, router }
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        let response = self.router.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn json(&self, path: &str) -> Value {
        let (status, body) = self.get(path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    async fn sql(&self, sql: &str) -> Value {
        let body = serde_json::json!({ "sql": sql }).to_string();
        let request = Request::post("/api/v1/sql").header("content-type", "application/json").body(Body::from(body)).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(status, StatusCode::OK, "{sql}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice::<Value>(&body).unwrap()["rows"].clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scoreboard_the_metric_the_weekly_table_and_the_story_say_the_same() {
    let site = Site::open().await;
    let board = site.json("/api/v1/adoption").await;
    assert_eq!(board["components"].as_array().unwrap().len(), 9);
    let weekly = site
        .sql("select component_id, eligible, adopted, remaining from adoption_weekly where not is_partial order by week_start desc limit 9")
        .await;
    let mut compared = 0;
    for score in board["components"].as_array().unwrap() {
        let id = score["component"].as_str().unwrap();
        let (adoption, coverage, reach) = (&score["adoption"], &score["coverage"]["value"], &score["reach"]["value"]);
        if let (Some(adoption), Some(coverage), Some(reach)) = (adoption["value"].as_f64(), coverage.as_f64(), reach.as_f64()) {
            assert!((adoption * coverage - reach).abs() < 1e-9, "{id}");
        }
        // The sample ends with a complete week, so both read the same instant.
        let week = weekly.as_array().unwrap().iter().find(|week| week["component_id"] == id).unwrap();
        assert_eq!(adoption["denominator"].as_f64(), week["eligible"].as_f64(), "{id}: {week}");
        assert_eq!(adoption["numerator"].as_f64(), week["adopted"].as_f64(), "{id}: {week}");
        let story = site.json(&format!("/api/v1/adoption/{id}")).await;
        let standing = story["standing"].as_array().unwrap();
        let adopted = standing.iter().filter(|one| one["status"] == "adopted").count();
        assert_eq!(adoption["numerator"].as_f64(), Some(adopted as f64), "{id}");
        assert_eq!(story["effects"].as_array().unwrap().len(), 2);
        compared += 1;
    }
    assert_eq!(compared, 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_names_who_left_to_what_and_by_which_evidence() {
    let site = Site::open().await;
    let story = site.json("/api/v1/adoption/ci-standard").await;
    let left: Vec<&Value> = story["moved"].as_array().unwrap().iter().filter(|moved| moved["kind"] == "left").collect();
    assert!(!left.is_empty(), "the sample has services that left: {}", story["moved"]);
    for moved in left {
        assert!(moved["alternative"].is_string() && moved["evidence"].is_string(), "{moved}");
    }
    for effect in story["effects"].as_array().unwrap() {
        assert!(effect["stability"].as_str().unwrap().starts_with("Failed deployments of adopters"), "{effect}");
        if effect["is_claimed"] == Value::Bool(false) {
            assert!(effect["sentence"].as_str().unwrap().starts_with("No causal claim: "), "{effect}");
        }
    }
    let until = &story["score"]["until"];
    assert!(until["sentence"].as_str().is_some_and(|sentence| !sentence.is_empty()), "{until}");
}

/// While they are asked for, a snapshot is published in which more is known.
#[tokio::test(flavor = "multi_thread")]
async fn a_scoreboard_and_a_story_tell_of_one_snapshot() {
    let mut world = untold().await;
    let all: Vec<_> = deliveries(&PLAN).collect();
    let (first, second) = all.split_at(all.len() / 2);
    world.take_in(first).await;
    world.refresh().await;
    let engine = world.engine();
    let pinned = engine.pinned().await.unwrap();
    let before = (board(&engine).await.unwrap(), story(&engine, "ci-standard").await.unwrap());
    world.take_in(second).await;
    let newer = world.refresh().await;
    assert_eq!((board(&pinned).await.unwrap(), story(&pinned, "ci-standard").await.unwrap()), before);
    let after = board(&engine).await.unwrap();
    assert_eq!(after.snapshot, newer.id);
    assert_ne!(after.components, before.0.components, "the second half of what is told changes no score");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_show_the_same_and_refuse_what_is_not_there() {
    let site = Site::open().await;
    let (status, page) = site.get("/adoption").await;
    assert_eq!(status, StatusCode::OK);
    for word in ["Standard build workflow", "/adoption/ci-standard", "coverage", "reach"] {
        assert!(page.to_lowercase().contains(&word.to_lowercase()), "the scoreboard lacks {word}");
    }
    let (status, page) = site.get("/adoption/ci-standard").await;
    assert_eq!(status, StatusCode::OK);
    for word in ["Left", "Joined", "Does it help?", "/metrics/adoption_rate?scope_kind=component"] {
        assert!(page.contains(word), "the page of a component lacks {word}");
    }
    let service = site.json("/api/v1/adoption/ci-standard").await["standing"][0].clone();
    let (name, team) = (service["service"].as_str().unwrap(), service["team"].as_str().unwrap());
    for path in [format!("/services/{name}"), format!("/teams/{team}")] {
        let (status, page) = site.get(&path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(page.contains("What the platform offers"), "{path}");
    }
    for path in ["/adoption/nothing", "/teams/nobody", "/services/nothing", "/api/v1/adoption/nothing"] {
        assert_eq!(site.get(path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_weekly_table_is_found_in_the_catalogue() {
    let site = Site::open().await;
    let names = site.sql("select table_name from information_schema.tables where table_schema = 'public'").await;
    let names: Vec<&str> = names.as_array().unwrap().iter().filter_map(|row| row["table_name"].as_str()).collect();
    for table in ["adoption_status", "adoption_weekly", "migrations"] {
        assert!(names.contains(&table), "{table} is missing in {names:?}");
    }
}
