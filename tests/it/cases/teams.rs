//! Cases of who changes what: members are named, become pseudonyms, and meet the authors of changes in the lake.

use super::{REPOSITORY, columns, commit, day, message};
use crate::harness::World;
use crate::lake_rows::snapshot_rows;
use serde_json::{Value, json};
use waymark_analytics::{Definitions, Grain, Membership, ServicePaths, Window, find};
use waymark_lake::fact_table;

const AS_OF: &str = "2026-04-01T00:00:00Z";

fn member(team: &str, person: &str) -> Membership {
    Membership { team: team.to_owned(), people: vec![person.to_owned()], from: None, until: None }
}

/// A catalogued service that names no repository.
fn service(name: &str, owner: &str) -> Value {
    json!({ "type": "service", "data": {
        "kind": "service", "name": name, "owner_raw": owner, "occurred_at": "2026-01-01T00:00:00Z",
        "source_updated_at": "2026-01-01T00:00:00Z",
    }})
}

/// A commit by somebody, which touches one path.
fn written(sha: &str, parent: &str, authored_at: &str, author: &str, path: &str) -> Value {
    let mut told = commit(sha, &[parent], authored_at);
    told["data"]["author"] = json!(author);
    told["data"]["is_bot"] = json!(false);
    told["data"]["paths"] = json!([path]);
    told
}

/// Only a path rule ties `cart` and `search` to the repository, and the catalogue tells of them later than of its commits.
#[tokio::test]
async fn a_change_of_a_shared_repository_comes_from_outside_of_the_service_that_it_touches() {
    let rule = |service: &str| ServicePaths {
        service: service.to_owned(),
        repository: REPOSITORY.to_owned(),
        globs: vec![format!("services/{service}")],
        shared: Vec::new(),
    };
    let definitions = Definitions {
        organisation: "acme".to_owned(),
        service_paths: vec![rule("cart"), rule("search")],
        memberships: vec![member("red", "Ada@example.org"), member("blue", "bo@example.org")],
        ..Definitions::default()
    };
    let mut world = World::with(AS_OF, definitions).await;
    let told = [
        commit("c0", &[], "2026-01-05T10:00:00Z"),
        written("c1", "c0", "2026-03-02T10:00:00Z", "ada@example.org", "services/cart/main.rs"),
        written("c2", "c1", "2026-03-03T10:00:00Z", "bo@example.org", "services/cart/main.rs"),
        written("c3", "c2", "2026-03-04T10:00:00Z", "bo@example.org", "services/search/main.rs"),
        written("c4", "c3", "2026-03-05T10:00:00Z", "zoe@example.org", "services/cart/main.rs"),
    ];
    world.take_in(&[message(AS_OF, &told)]).await;
    world.refresh().await;
    world.take_in(&[message(AS_OF, &[service("cart", "red"), service("search", "blue")])]).await;
    let snapshot = world.refresh().await;
    let mut rows = snapshot_rows(&world.layout, &snapshot, &fact_table("contributions")).await;
    rows.sort_by_key(|row| row["change_id"].as_str().unwrap_or_default().to_owned());
    let expected = [
        json!(["cart", "red", false, null]),
        json!(["cart", "red", true, null]),
        json!(["search", "blue", false, null]),
        json!(["cart", "red", null, "author"]),
    ];
    assert_eq!(columns(&rows, &["service", "owner", "is_outside", "unknown"]), expected);
    assert!(!format!("{rows:?}").contains("p_"), "no pseudonym stands in the fact");
    let window = Window::between(Grain::Month, day("2026-03-01"), day("2026-04-01"), world.definitions.zone());
    let series = world.engine().series(find("inner_source_share").unwrap(), &window.of_scope("team", "red")).await.unwrap();
    let cell = &series.cells[0];
    assert_eq!((cell.numerator, cell.denominator, cell.coverage), (Some(1.0), Some(2.0), Some(2.0 / 3.0)));
}
