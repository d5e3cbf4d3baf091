//! Damage and what becomes of it: a backup is what it says or is refused, `check` finds what is lost and
//! says what to do, and `rebuild` makes whatever deliveries can be read again for.

use super::commands::{run, said, told};
use super::{NOW, below, checked, counts, deployment, over};
use crate::harness::{World, program, skipped};
use crate::lake_rows::{difference, facts};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use waymark_analytics::Refresher;
use waymark_collect::Pipeline;
use waymark_event::{Clock, Delivery, FixedClock};
use waymark_lake::{
    DELIVERIES, LakeError, Layout, Snapshot, Tables, backup, observed_table, refuse_lost_commits, restore, statement_tables,
};

fn one(number: usize) -> Delivery {
    deployment(&format!("d{number}"), "ada@example.org", NOW)
}

/// A world whose newest snapshot shows two deployments, and the one before it the first of them.
async fn two_snapshots() -> World {
    let mut world = World::new(NOW).await;
    for number in [1, 2] {
        world.take_in(&[one(number)]).await;
        world.refresh().await;
    }
    world
}

/// The same folder, opened by another process that repairs it.
async fn opened_again(world: World) -> World {
    let World { folder, layout, clock, definitions, pipeline, .. } = world;
    drop(pipeline);
    let pipeline = Pipeline::open(&layout, Arc::<FixedClock>::clone(&clock), "rebuild").await.unwrap();
    World { folder, layout, clock, definitions, pipeline, refresher: Refresher::default() }
}

async fn newest(layout: &Layout) -> Snapshot {
    Snapshot::newest(layout).await.unwrap().unwrap()
}

/// Writes over the beginning of a Parquet file, where its first page stands; its size and footer stay.
fn ruin(file: &Path) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes[4..54].fill(0xFF);
    std::fs::write(file, bytes).unwrap();
}

fn file_of(folder: &Path, snapshot: &Snapshot, table: &str) -> PathBuf {
    folder.join("lake").join(table).join(&snapshot.tables[table].files[0].path)
}

#[tokio::test]
async fn a_backup_of_another_history_is_whole_and_that_of_another_folder_is_refused() {
    let mut world = two_snapshots().await;
    let (place, now) = (tempfile::tempdir().unwrap(), world.clock.now());
    let to = below(&place, "backup");
    backup(&world.layout, &to, now).await.unwrap();
    restore(&to, &below(&place, "restored")).await.unwrap();
    let mut restored = over(&below(&place, "restored"), &world).await;
    // Both go on: their logs have entries of equal names, and mostly of equal sizes.
    for (world, number) in [(&mut world, 3), (&mut restored, 4)] {
        world.take_in(&[one(number)]).await;
        world.refresh().await;
    }
    for (number, layout) in [&world.layout, &restored.layout, &world.layout].into_iter().enumerate() {
        backup(layout, &to, now).await.unwrap();
        let again = below(&place, &format!("again {number}"));
        restore(&to, &again).await.unwrap();
        let again = Layout::existing(&again).unwrap();
        assert_eq!(checked(&again).await.problems, Vec::<String>::new());
        let (expected, found) = (newest(layout).await, newest(&again).await);
        assert_eq!(counts(layout, &expected).await, counts(&again, &found).await);
    }
    let other = two_snapshots().await;
    assert!(matches!(backup(&other.layout, &to, now).await, Err(LakeError::BackupOfAnother { .. })));
    restore(&to, &below(&place, "still there")).await.unwrap();
}

#[tokio::test]
async fn a_file_of_equal_size_and_another_content_is_found() {
    let world = two_snapshots().await;
    let place = tempfile::tempdir().unwrap();
    let to = below(&place, "backup");
    backup(&world.layout, &to, world.clock.now()).await.unwrap();
    let snapshot = newest(&world.layout).await;
    ruin(&file_of(&to, &snapshot, DELIVERIES));
    assert!(matches!(restore(&to, &below(&place, "new")).await, Err(LakeError::BackupChanged { .. })));
    ruin(&file_of(world.layout.root(), &snapshot, DELIVERIES));
    let problems = checked(&world.layout).await.problems;
    assert!(problems.len() == 1 && problems[0].contains("no readable Parquet file"), "{problems:?}");
}

#[tokio::test]
async fn lost_commits_are_found_and_what_they_held_is_read_again() {
    let world = two_snapshots().await;
    let expected = facts(&world.layout, &newest(&world.layout).await).await;
    let table = observed_table("deployments");
    let log = world.layout.table(&table).join("_delta_log");
    let mut commits: Vec<PathBuf> = std::fs::read_dir(log).unwrap().map(|entry| entry.unwrap().path()).collect();
    commits.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    std::fs::remove_file(commits.iter().max().unwrap()).unwrap();
    let problems = checked(&world.layout).await.problems;
    let sentence = format!("the log of `{table}` lacks what the newest snapshot shows");
    assert!(problems.len() == 1 && problems[0].starts_with(&sentence), "{problems:?}");
    assert!(problems[0].contains("run `waymark rebuild`"), "{problems:?}");
    let refused = refuse_lost_commits(&mut Tables::new(&world.layout), statement_tables()).await.unwrap_err();
    assert!(matches!(refused, LakeError::LostCommits { .. }), "{refused:?}");
    let mut again = opened_again(world).await;
    again.pipeline.rebuild().await.unwrap();
    let snapshot = again.refresh_fully().await;
    assert_eq!(checked(&again.layout).await.problems, Vec::<String>::new());
    refuse_lost_commits(&mut Tables::new(&again.layout), statement_tables()).await.unwrap();
    assert_eq!(difference(&expected, &facts(&again.layout, &snapshot).await), None);
}

#[tokio::test]
async fn a_torn_snapshot_gives_way_to_the_one_before_it() {
    let world = two_snapshots().await;
    let torn = newest(&world.layout).await;
    let expected = facts(&world.layout, &torn).await;
    let folder = world.layout.root().join("snapshots");
    let file = folder.join(format!("{}.json", torn.id));
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(folder.join("snapcopy.json"), &bytes).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    let found = newest(&world.layout).await;
    assert_eq!((Snapshot::next_id(Some(&found.id)), counts(&world.layout, &found).await.len()), (torn.id.clone(), 1));
    let problems = checked(&world.layout).await.problems;
    assert!(problems.len() == 1 && problems[0].contains(&torn.id), "{problems:?}");
    let mut again = opened_again(world).await;
    let published = again.refresh().await;
    assert_eq!((&published.id, &newest(&again.layout).await), (&torn.id, &published));
    assert_eq!(checked(&again.layout).await.problems, Vec::<String>::new());
    assert_eq!(difference(&expected, &facts(&again.layout, &published).await), None);
}

#[tokio::test]
async fn a_check_goes_on_where_something_cannot_be_opened() {
    let World { folder, layout, pipeline, .. } = two_snapshots().await;
    drop(pipeline);
    let sound = checked(&layout).await;
    assert_eq!(sound.problems, Vec::<String>::new());
    for ending in ["", "-wal", "-shm"] {
        let file = folder.path().join(format!("waymark.sqlite{ending}"));
        if file.exists() {
            std::fs::write(file, [0xA5; 8_192]).unwrap();
        }
    }
    let found = checked(&layout).await;
    assert_eq!((found.tables, found.rows), (sound.tables, sound.rows), "the tables were looked at all the same");
    assert!(found.problems.len() == 1 && found.problems[0].starts_with("failed to open the inbox"), "{found:?}");
    assert!(found.problems[0].contains("restore the newest backup"), "{found:?}");
    for ending in ["", "-wal", "-shm"] {
        let file = folder.path().join(format!("waymark.sqlite{ending}"));
        if file.exists() {
            std::fs::remove_file(file).unwrap();
        }
    }
    std::fs::write(layout.table(DELIVERIES).join("_delta_log/00000000000000000000.json"), "none").unwrap();
    let problems = checked(&layout).await.problems;
    assert!(problems.iter().any(|problem| problem.starts_with("failed to open table `deliveries`")), "{problems:?}");
    assert!(problems.iter().all(|problem| !problem.contains("no table") && !problem.contains("ends at 0")), "{problems:?}");
}

#[tokio::test]
async fn a_lost_key_and_lost_snapshots_are_said() {
    let World { folder, layout, pipeline, .. } = two_snapshots().await;
    drop(pipeline);
    let key = folder.path().join("people.key");
    let bytes = std::fs::read(&key).unwrap();
    std::fs::write(&key, &bytes[..9]).unwrap();
    let problems = checked(&layout).await.problems;
    assert!(problems.len() == 1 && problems[0].starts_with("`people.key` has 9 bytes instead of 32"), "{problems:?}");
    std::fs::remove_file(&key).unwrap();
    let problems = checked(&layout).await.problems;
    assert!(problems.len() == 1 && problems[0].starts_with("`people.key` is missing: restore it"), "{problems:?}");
    assert!(matches!(layout.people_key(&[1; 32]).await, Err(LakeError::KeyLost { .. })));
    std::fs::write(&key, bytes).unwrap();
    std::fs::remove_dir_all(folder.path().join("snapshots")).unwrap();
    std::fs::create_dir(folder.path().join("snapshots")).unwrap();
    let problems = checked(&layout).await.problems;
    assert!(problems.len() == 1 && problems[0].starts_with("no snapshot shows what the tables hold"), "{problems:?}");
}

/// Every Parquet file below a folder, logs left out.
fn data_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("_delta_log") {
            found.extend(data_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "parquet") {
            found.push(path);
        }
    }
    found
}

#[test]
fn whatever_can_be_derived_is_made_again() {
    let Some(program) = program() else {
        return skipped("a rebuild of damaged files", "the program is not built: run `cargo build` first");
    };
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    said(&program, &data, &["demo", "--small", "--no-serve"]);
    let question = ["metric", "change_lead_time", "--json"];
    let before = told(&program, &data, &question);
    for folder in ["lake/facts", "lake/observed"] {
        for (place, file) in data_files(&data.join(folder)).into_iter().enumerate() {
            if place.is_multiple_of(2) {
                ruin(&file);
            } else {
                std::fs::remove_file(file).unwrap();
            }
        }
    }
    let damaged = run(&program, &data, &["check"]);
    assert_eq!(damaged.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&damaged.stdout).contains("run `waymark rebuild`"), "{damaged:?}");
    let rebuilt = told(&program, &data, &["rebuild", "--json"]);
    assert!(rebuilt["differences"].is_null() && !rebuilt["lost_files"].as_array().unwrap().is_empty(), "{rebuilt}");
    assert!(said(&program, &data, &["check"]).contains("all is well"));
    assert_eq!(told(&program, &data, &question)["rows"], before["rows"]);
}
