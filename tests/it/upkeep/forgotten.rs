//! Who was forgotten stays so: whatever becomes of a machine's database, on every machine that shares a lake, and after
//! a restore.

use super::{NOW, below, checked, deployment, observed, over};
use crate::harness::World;
use crate::lake_rows::rows;
use object_store::ObjectStore;
use object_store::memory::InMemory;
use std::collections::BTreeMap;
use std::sync::Arc;
use waymark_analytics::Definitions;
use waymark_collect::{CollectError, Pipeline, people_key};
use waymark_event::{Clock, Delivery, FixedClock};
use waymark_lake::{DELIVERIES, LakeError, Layout, StateStore, backup, restore};

const ADA: &str = "ada@example.org";

async fn forget_ada(world: &mut World) {
    let now = world.clock.now();
    let people = people_key(&world.layout, now).await.unwrap();
    let erased = waymark_collect::forget(world.pipeline.tables(), &people, ADA, now).await.unwrap();
    assert_eq!((erased.observations, erased.deliveries), (1, 1), "{erased:?}");
}

/// Takes in a message about Ada, which is stored without her, and one about Bob, which is stored with him.
async fn assert_held_back(world: &mut World) {
    let later = [deployment("later", ADA, NOW), deployment("other", "bob@example.org", NOW)];
    world.take_in(&later).await;
    let deployments = observed(world, "deployments", "deployment_id").await;
    assert!(deployments["later"]["person"].is_null() && !deployments["other"]["person"].is_null(), "{deployments:?}");
    let version = world.pipeline.tables().version(DELIVERIES).await.unwrap().unwrap();
    let kept = rows(&world.layout, DELIVERIES, &version).await;
    let is_emptied = |delivery: &Delivery| {
        let row = kept.iter().find(|row| row["delivery_id"] == delivery.id.as_str()).unwrap();
        row["body"] == ""
    };
    assert_eq!([is_emptied(&later[0]), is_emptied(&later[1])], [true, false]);
}

/// The folder as another process opens it after something was done to it.
async fn opened_after(world: World, change: impl FnOnce(&Layout)) -> World {
    let World { folder, layout, clock, pipeline, .. } = world;
    drop(pipeline);
    change(&layout);
    World::over(folder, layout, &clock.now().to_rfc3339(), Definitions::default()).await
}

fn lose_database(layout: &Layout) {
    for ending in ["", "-wal", "-shm"] {
        let file = layout.root().join(format!("waymark.sqlite{ending}"));
        if file.exists() {
            std::fs::remove_file(file).unwrap();
        }
    }
}

#[tokio::test]
async fn a_lost_database_brings_nobody_back() {
    let mut world = World::new(NOW).await;
    world.take_in(&[deployment("d1", ADA, NOW)]).await;
    forget_ada(&mut world).await;
    let mut again = opened_after(world, lose_database).await;
    assert_held_back(&mut again).await;
}

#[tokio::test]
async fn the_log_of_an_older_program_is_carried_over() {
    let world = World::new(NOW).await;
    let pseudonym = people_key(&world.layout, world.clock.now()).await.unwrap().person(ADA);
    let old = BTreeMap::from([(pseudonym, NOW.to_owned())]);
    let note = |layout: &Layout| StateStore::open(layout).unwrap().store("forgotten", &old).unwrap();
    let world = opened_after(world, note).await;
    assert!(StateStore::open(&world.layout).unwrap().group("forgotten").unwrap().is_empty());
    // As if it had been interrupted once the lake held the log, and before the database let go of it.
    let world = opened_after(world, note).await;
    assert_eq!(std::fs::read_dir(world.layout.root().join("forgotten")).unwrap().count(), 1);
    let mut again = opened_after(world, lose_database).await;
    assert_held_back(&mut again).await;
}

#[tokio::test]
async fn a_lost_log_lets_nothing_in_until_somebody_is_forgotten_again() {
    let mut world = World::new(NOW).await;
    world.take_in(&[deployment("d1", ADA, NOW)]).await;
    forget_ada(&mut world).await;
    world.refresh_fully().await;
    assert_eq!(checked(&world.layout).await.problems, Vec::<String>::new());
    let World { folder, layout, clock, pipeline, .. } = world;
    drop(pipeline);
    std::fs::remove_dir_all(layout.root().join("forgotten")).unwrap();
    let problems = checked(&layout).await.problems;
    assert!(problems.len() == 1 && problems[0].contains("run `waymark forget` again for everybody"), "{problems:?}");
    let refused = Pipeline::open(&layout, Arc::<FixedClock>::clone(&clock), "serve").await.unwrap_err();
    assert!(matches!(refused, CollectError::Lake(LakeError::ForgottenGone { .. })), "{refused:?}");
    let mut pipeline = Pipeline::open(&layout, Arc::<FixedClock>::clone(&clock), "forget").await.unwrap();
    let people = people_key(&layout, clock.now()).await.unwrap();
    waymark_collect::forget(pipeline.tables(), &people, ADA, clock.now()).await.unwrap();
    drop(pipeline);
    let mut again = World::over(folder, layout, NOW, Definitions::default()).await;
    assert_eq!(checked(&again.layout).await.problems, Vec::<String>::new());
    assert_held_back(&mut again).await;
}

async fn machine(shared: &Arc<dyn ObjectStore>) -> World {
    let local = tempfile::tempdir().unwrap();
    let layout = Layout::with_store(Arc::clone(shared), "shop/data", local.path()).await.unwrap();
    World::over(local, layout, NOW, Definitions::default()).await
}

#[tokio::test]
async fn another_machine_holds_back_what_it_takes_in_next() {
    let shared: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let (mut one, mut other) = (machine(&shared).await, machine(&shared).await);
    other.take_in(&[deployment("d1", ADA, NOW)]).await;
    forget_ada(&mut one).await;
    assert_held_back(&mut other).await;
}

#[tokio::test]
async fn a_backup_carries_who_was_forgotten_and_damage_is_said() {
    let mut world = World::new(NOW).await;
    world.take_in(&[deployment("d1", ADA, NOW)]).await;
    world.refresh().await;
    let place = tempfile::tempdir().unwrap();
    let (to, now) = (below(&place, "backup"), world.clock.now());
    backup(&world.layout, &to, now).await.unwrap();
    forget_ada(&mut world).await;
    world.refresh_fully().await;
    // Into the folder of the older backup, which knew nothing of it.
    backup(&world.layout, &to, now).await.unwrap();
    restore(&to, &below(&place, "restored")).await.unwrap();
    let mut restored = over(&below(&place, "restored"), &world).await;
    assert_held_back(&mut restored).await;
    assert_eq!(checked(&world.layout).await.problems, Vec::<String>::new());
    let log = world.layout.root().join("forgotten");
    let noted = std::fs::read_dir(log).unwrap().next().unwrap().unwrap().path();
    std::fs::write(noted, "p_nobody\n").unwrap();
    let problems = checked(&world.layout).await.problems;
    assert!(problems.len() == 1 && problems[0].contains("run `waymark forget` again for everybody"), "{problems:?}");
    assert!(matches!(backup(&world.layout, &to, now).await, Err(LakeError::ForgottenDamaged { .. })));
}
