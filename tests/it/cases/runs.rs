//! Deployments, and the runs of another repository that made them.

use super::{commit, deployed, message};
use crate::harness::World;
use crate::lake_rows::{difference, facts};
use serde_json::{Value, json};
use waymark_analytics::{Component, Definitions, Passage};

const AS_OF: &str = "2026-06-01T00:00:00Z";

/// A commit of one repository, and a run of another one that deploys it.
fn told() -> [Value; 3] {
    let mut deployment = deployed("d1", "checkout", "c1", "2026-03-03T10:00:00Z");
    deployment["data"]["run"] = json!("json:run:local:r1:1");
    let run = json!({"type": "ci_run", "data": {
        "run_id": "r1", "repository": "example.org/acme/deployments", "pipeline_id": "deploy", "status": "finished",
        "result": "success", "started_at": "2026-03-03T09:00:00Z", "finished_at": "2026-03-03T10:01:00Z",
        "uses": ["acme/platform-cd/deploy.yml@v2"],
    }});
    [commit("c1", &["c0"], "2026-03-02T10:00:00Z"), deployment, run]
}

fn definitions() -> Definitions {
    let passage = Passage { runs_use: vec!["acme/platform-cd/*".to_owned()], ..Passage::default() };
    let component = Component { id: "cd".to_owned(), passage: Some(passage), ..Component::default() };
    Definitions { organisation: "acme".to_owned(), components: vec![component], ..Definitions::default() }
}

#[tokio::test]
async fn a_deployment_goes_with_its_run_whichever_is_told_first() {
    let mut whole = World::with(AS_OF, definitions()).await;
    whole.take_in(&[message(AS_OF, &told())]).await;
    let snapshot = whole.refresh_fully().await;
    let expected = facts(&whole.layout, &snapshot).await;
    let trace = expected["deployment_traces"].join("\n");
    assert!(trace.contains(r#""went_through":["cd"]"#), "{trace}");
    for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
        let mut world = World::with(AS_OF, definitions()).await;
        for place in order {
            world.take_in(&[message(AS_OF, &[told()[place].clone()])]).await;
            world.refresh().await;
        }
        let snapshot = world.refresh().await;
        let found = facts(&world.layout, &snapshot).await;
        assert_eq!(difference(&expected, &found), None, "{order:?}");
    }
}
