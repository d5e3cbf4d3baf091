//! Many repositories, in more than one file of each fact, and units that become one across them.

use super::message;
use crate::harness::World;
use crate::lake_rows::{difference, facts};
use serde_json::{Value, json};
use waymark_event::Table;
use waymark_lake::observed_table;

const AS_OF: &str = "2026-06-01T00:00:00Z";
/// So many that they take several shards, and several portions of a refresh.
const REPOSITORIES: usize = 80;

fn repository(place: usize) -> String {
    format!("example.org/acme/r{place:02}")
}

/// A commit of a repository, and its deployment as a service of its own.
fn told(place: usize, turn: usize) -> [Value; 2] {
    let (sha, parent) = (format!("{place}c{turn}"), format!("{place}c{}", turn - 1));
    let commit = json!({"type": "commit", "data": {
        "repository": repository(place), "sha": sha, "parents": [parent],
        "authored_at": format!("2026-03-0{turn}T09:00:00Z"), "committed_at": format!("2026-03-0{turn}T09:00:00Z"),
    }});
    let deployment = json!({"type": "deployment", "data": {
        "deployment_id": format!("d{place}-{turn}"), "service_hint": format!("s{place:02}"), "environment": "production",
        "revisions": [format!("{}@{sha}", repository(place))], "status": "finished", "result": "success",
        "finished_at": format!("2026-03-0{turn}T10:00:00Z"),
    }});
    [commit, deployment]
}

/// One deployment of two repositories makes one unit of both.
fn both(one: usize, other: usize) -> Value {
    json!({"type": "deployment", "data": {
        "deployment_id": format!("both-{one}-{other}"), "service_hint": format!("s{one:02}"), "environment": "production",
        "revisions": [format!("{}@{one}c2", repository(one)), format!("{}@{other}c2", repository(other))],
        "status": "finished", "result": "success", "finished_at": "2026-03-05T10:00:00Z",
    }})
}

#[tokio::test]
async fn units_that_join_across_files_leave_nothing_behind() {
    let first: Vec<Value> = (0..REPOSITORIES).flat_map(|place| told(place, 1)).collect();
    // Only every third repository goes on, and new ones come, so that shards with and without work are left.
    let going_on = (0..REPOSITORIES).step_by(3).flat_map(|place| told(place, 2));
    let new = (REPOSITORIES..REPOSITORIES + 5).flat_map(|place| told(place, 1));
    let second: Vec<Value> = going_on.chain(new).chain([both(0, 78), both(5, 41), both(40, REPOSITORIES + 2)]).collect();
    let third: Vec<Value> = vec![both(0, 5), told(70, 2)[0].clone(), told(70, 2)[1].clone()];
    let mut world = World::with(AS_OF, waymark_analytics::Definitions::default()).await;
    for events in [&first, &second, &third] {
        world.take_in(&[message(AS_OF, events)]).await;
        world.refresh().await;
    }
    let snapshot = world.refresh().await;
    let found = facts(&world.layout, &snapshot).await;
    let snapshot = world.refresh_fully().await;
    assert_eq!(difference(&facts(&world.layout, &snapshot).await, &found), None);
}

#[tokio::test]
async fn what_was_read_a_moment_ago_is_not_read_again() {
    let mut world = World::with(AS_OF, waymark_analytics::Definitions::default()).await;
    for turn in 1..=2 {
        world.take_in(&[message(AS_OF, &told(0, turn))]).await;
        world.refresh().await;
    }
    let aside = tempfile::tempdir().unwrap();
    let mut moved = Vec::new();
    for table in [Table::Commit, Table::Deployment] {
        let folder = world.layout.table(&observed_table(table.name()));
        for file in std::fs::read_dir(&folder).unwrap().map(Result::unwrap).filter(|file| file.path().is_file()) {
            let place = aside.path().join(format!("{}-{}", table.name(), file.file_name().display()));
            std::fs::copy(file.path(), &place).unwrap();
            std::fs::remove_file(file.path()).unwrap();
            moved.push((place, file.path()));
        }
    }
    assert_eq!(moved.len(), 4, "each message is a file of each table");
    world.take_in(&[message(AS_OF, &told(0, 3))]).await;
    let snapshot = world.refresh().await;
    let found = facts(&world.layout, &snapshot).await;
    for (place, file) in moved {
        std::fs::copy(place, file).unwrap();
    }
    let snapshot = world.refresh_fully().await;
    assert_eq!(difference(&facts(&world.layout, &snapshot).await, &found), None);
}
