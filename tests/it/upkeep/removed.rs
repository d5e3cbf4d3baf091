//! How files leave that nobody reads any more, and what goes on where a store refuses to let them go.

use super::deployment;
use crate::faults::{Fault, FaultyStore};
use crate::harness::{World, at};
use object_store::memory::InMemory;
use std::sync::Arc;
use waymark_analytics::Definitions;
use waymark_event::Clock;
use waymark_lake::{Layout, Snapshot, check_up, fact_table, observed_table};

/// Later than any real time, by which a store dates what is put in it.
const NOW: &str = "2090-01-01T12:00:00Z";

/// A world over a store in memory, with one delivery in its tables.
async fn world_below(prefix: &str) -> (World, Arc<FaultyStore>) {
    let local = tempfile::tempdir().unwrap();
    let store = FaultyStore::new(Arc::new(InMemory::new()), 1);
    let layout = Layout::with_store(Arc::<FaultyStore>::clone(&store), prefix, local.path()).await.unwrap();
    let mut world = World::over(local, layout, NOW, Definitions::default()).await;
    world.take_in(&[deployment("d1", "ada@example.org", NOW)]).await;
    (world, store)
}

/// Puts a file beside those of a table that nothing names.
async fn put_unnamed(world: &World, table: &str) -> String {
    let path = format!("lake/{table}/part-nobody.parquet");
    world.layout.storage().put(&path, "nobody".into()).await.unwrap();
    path
}

async fn is_there(world: &World, path: &str) -> bool {
    world.layout.storage().get(path).await.unwrap().is_some()
}

#[tokio::test]
async fn files_leave_whatever_the_prefix_is_called() {
    for prefix in ["lake", "shop/lake", "shop/data"] {
        let (mut world, _) = world_below(prefix).await;
        let kept = [world.refresh().await];
        let table = observed_table("deployments");
        let path = put_unnamed(&world, &table).await;
        let checkup = check_up(&world.layout, world.pipeline.inbox_stream()).await.unwrap();
        assert_eq!(checkup.problems, Vec::<String>::new(), "below `{prefix}`");
        let orphans: Vec<&str> = checkup.orphans.iter().map(|stored| stored.path.as_str()).collect();
        assert_eq!(orphans, [path.as_str()], "below `{prefix}`");
        let now = world.clock.now();
        let removed = world.pipeline.tables().sweep(&table, &kept, 0, now).await.unwrap();
        assert_eq!((removed.files, is_there(&world, &path).await), (1, false), "below `{prefix}`");
    }
}

#[tokio::test]
async fn what_cannot_be_removed_takes_no_snapshot_back_and_goes_later() {
    let (mut world, store) = world_below("shop/data").await;
    let path = put_unnamed(&world, &fact_table("deployments")).await;
    store.plan(|plan| plan.removing.always = Some(Fault::NoPermission));
    for published in 1..=7 {
        let snapshot = world.refresh().await;
        let kept = Snapshot::kept(&world.layout).await.unwrap();
        assert_eq!((kept.len(), kept.last()), (published, Some(&snapshot)));
    }
    assert!(is_there(&world, &path).await);
    let refused = store.plan(|plan| plan.met.get(&Fault::NoPermission).copied());
    assert_eq!(refused, Some(3), "the file once, and the oldest snapshot with the sixth and the seventh");
    store.plan(|plan| plan.removing.always = None);
    // Whoever in this process may still have read the file has had ten minutes.
    world.clock.set(at(NOW).plus_seconds(601));
    world.refresh().await;
    assert_eq!(Snapshot::kept(&world.layout).await.unwrap().len(), 5);
    assert!(!is_there(&world, &path).await);
}
