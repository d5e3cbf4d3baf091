//! Upkeep: backup and restore, the check of the data, forgetting a person, retention.
//!
//! What the commands print and how they end is tested in `upkeep/commands.rs`, what becomes of damage in
//! `upkeep/damaged.rs`, how files leave in `upkeep/removed.rs`, and who stays forgotten in `upkeep/forgotten.rs`.

mod commands;
mod damaged;
mod forgotten;
mod removed;
mod truth;

use crate::harness::{World, at, delivery};
use crate::lake_rows::{difference, facts, rows, snapshot_rows};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use tempfile::TempDir;
use waymark_analytics::Definitions;
use waymark_event::{Clock, Delivery, PeopleKey};
use waymark_lake::{
    Checkup, DELIVERIES, INBOX_STREAM, Inbox, LakeError, Layout, Snapshot, backup, check_up, keep_newest_snapshot_only,
    observed_table, restore,
};
use waymark_sample::{Plan, deliveries};

const NOW: &str = "2026-03-02T12:00:00Z";

fn deployment(id: &str, person: &str, received_at: &str) -> Delivery {
    let body = format!(
        r#"{{"type":"deployment","data":{{"deployment_id":"{id}","service_hint":"checkout","environment":"production","status":"finished","result":"success","finished_at":"{received_at}","person":"{person}"}}}}"#
    );
    delivery("json", None, &body, received_at)
}

async fn checked(layout: &Layout) -> Checkup {
    check_up(layout, INBOX_STREAM).await.unwrap()
}

/// A world over a folder that was restored.
async fn over(folder: &Path, like: &World) -> World {
    let layout = Layout::existing(folder).unwrap();
    World::over(tempfile::tempdir().unwrap(), layout, &like.clock.now().to_rfc3339(), Definitions::clone(&like.definitions))
        .await
}

fn below(folder: &TempDir, name: &str) -> std::path::PathBuf {
    folder.path().join(name)
}

/// How often each delivery stands in a snapshot.
async fn counts(layout: &Layout, snapshot: &Snapshot) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for row in snapshot_rows(layout, snapshot, DELIVERIES).await {
        *counts.entry(row["delivery_id"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    counts
}

#[tokio::test]
async fn a_restored_backup_is_whole_and_its_numbers_are_equal() {
    let plan = Plan { services: 3, weeks: 5, ..Plan::small() };
    let whole: toml::Table = plan.configuration().parse().unwrap();
    let mut world = World::with(&plan.as_of().to_rfc3339(), whole.try_into().unwrap()).await;
    let all: Vec<Delivery> = deliveries(&plan).collect();
    let (early, late) = all.split_at(all.len() / 2);
    world.take_in(early).await;
    let old = world.refresh().await;
    // Acknowledged, and in no table yet.
    world.pipeline.inbox().keep(late).unwrap();
    let place = tempfile::tempdir().unwrap();
    let first = backup(&world.layout, &below(&place, "backup"), world.clock.now()).await.unwrap();
    assert_eq!((first.files, &first.snapshot), (first.copied_files, &old.id));
    restore(&below(&place, "backup"), &below(&place, "restored")).await.unwrap();
    let mut restored = over(&below(&place, "restored"), &world).await;
    assert_eq!(checked(&restored.layout).await.problems, Vec::<String>::new());
    let found = Snapshot::newest(&restored.layout).await.unwrap().unwrap();
    assert_eq!(difference(&facts(&world.layout, &old).await, &facts(&restored.layout, &found).await), None);
    // What waited in the inbox waits in the copy, and comes once.
    assert_eq!(restored.drain().await.deliveries, late.len());
    world.drain().await;
    let (expected, found) = (world.refresh().await, restored.refresh().await);
    assert_eq!(difference(&facts(&world.layout, &expected).await, &facts(&restored.layout, &found).await), None);
    let counts = counts(&restored.layout, &found).await;
    assert!(counts.len() == all.len() && counts.values().all(|count| *count == 1), "{} of {}", counts.len(), all.len());
    // The second backup copies only what is new, and takes the place of the first.
    let second = backup(&world.layout, &below(&place, "backup"), world.clock.now()).await.unwrap();
    assert!(second.copied_files < second.files && second.copied_bytes < second.size_bytes, "{second:?}");
    let again = restore(&below(&place, "backup"), &below(&place, "again")).await.unwrap();
    assert_eq!(again.snapshot, expected.id);
    assert_eq!(checked(&Layout::existing(&below(&place, "again")).unwrap()).await.problems, Vec::<String>::new());
}

#[tokio::test]
async fn a_backup_waits_for_a_snapshot_and_what_comes_after_a_restore_is_new() {
    let mut world = World::new(NOW).await;
    let one = |number: usize| deployment(&format!("d{number}"), "ada@example.org", NOW);
    world.take_in(&[one(1)]).await;
    world.refresh().await;
    // These have left the inbox and are in no snapshot: the copied database does not hold them.
    world.take_in(&[one(2), one(3)]).await;
    let place = tempfile::tempdir().unwrap();
    let (layout, to, now) = (world.layout.clone(), below(&place, "backup"), world.clock.now());
    let goes_on = async {
        world.take_in(&[one(4), one(5)]).await;
        world.refresh().await
    };
    let (done, snapshot) = tokio::join!(backup(&layout, &to, now), goes_on);
    assert_eq!(done.unwrap().snapshot, snapshot.id);
    restore(&to, &below(&place, "restored")).await.unwrap();
    let mut restored = over(&below(&place, "restored"), &world).await;
    assert_eq!(checked(&restored.layout).await.problems, Vec::<String>::new());
    // The tables are further than the copied inbox was; the next delivery must not be taken as known.
    assert_eq!(restored.take_in(&[one(6)]).await.deliveries, 1);
    let newest = restored.refresh().await;
    assert_eq!(counts(&restored.layout, &newest).await.len(), 6);
}

#[tokio::test]
async fn a_backup_and_a_restore_overwrite_nothing() {
    let mut world = World::new(NOW).await;
    world.take_in(&[deployment("d1", "ada@example.org", NOW)]).await;
    world.refresh().await;
    let place = tempfile::tempdir().unwrap();
    let (full, to) = (below(&place, "full"), below(&place, "backup"));
    std::fs::create_dir(&full).unwrap();
    std::fs::write(full.join("notes.txt"), "mine").unwrap();
    let now = world.clock.now();
    for refused in [&full, &world.folder.path().join("lake/backup")] {
        assert!(
            matches!(backup(&world.layout, refused, now).await, Err(LakeError::BackupPlace { .. })),
            "{}",
            refused.display()
        );
    }
    assert!(matches!(restore(&full, &below(&place, "new")).await, Err(LakeError::NoBackup { .. })));
    backup(&world.layout, &to, now).await.unwrap();
    assert!(matches!(restore(&to, &full).await, Err(LakeError::RestoreTarget { .. })));
    let snapshot = Snapshot::newest(&world.layout).await.unwrap().unwrap();
    let file = to.join(format!("lake/{DELIVERIES}/{}", snapshot.tables[DELIVERIES].files[0].path));
    std::fs::write(file, "torn").unwrap();
    assert!(matches!(restore(&to, &below(&place, "new")).await, Err(LakeError::BackupDamaged { found_bytes: 4, .. })));
}

#[tokio::test]
async fn damage_is_found_and_said() {
    let mut world = World::new(NOW).await;
    world.take_in(&[deployment("d1", "ada@example.org", NOW)]).await;
    let snapshot = world.refresh().await;
    let sound = checked(&world.layout).await;
    assert_eq!((sound.problems.len(), sound.orphans.len(), sound.snapshots), (0, 0, 1), "{sound:?}");
    let folder = world.layout.table(DELIVERIES);
    let file = folder.join(&snapshot.tables[DELIVERIES].files[0].path);
    let bytes = std::fs::read(&file).unwrap();
    std::fs::copy(&file, folder.join("part-nobody.zstd.parquet")).unwrap();
    let with_orphan = checked(&world.layout).await;
    assert_eq!((with_orphan.problems.len(), with_orphan.orphans.len()), (0, 1), "{with_orphan:?}");
    let mut torn = bytes.clone();
    let end = torn.len() - 4;
    torn[end..].copy_from_slice(b"none");
    for (content, word) in
        [(Some(&torn[..]), "no readable Parquet file"), (Some(&bytes[..9]), "has 9 bytes"), (None, "is missing")]
    {
        match content {
            Some(content) => std::fs::write(&file, content).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        let problems = checked(&world.layout).await.problems;
        assert!(problems.len() == 1 && problems[0].contains(word), "{word}: {problems:?}");
    }
    std::fs::write(&file, bytes).unwrap();
    // Deliveries leave the inbox without having been moved.
    let inbox = Inbox::open(&world.layout).unwrap();
    let last = inbox.keep(&[deployment("d2", "ada@example.org", NOW)]).unwrap();
    inbox.remove_through(last).unwrap();
    let problems = checked(&world.layout).await.problems;
    assert!(problems.len() == 1 && problems[0].contains("have left the inbox and are in no table"), "{problems:?}");
}

/// The newest rows of a table of observations, by a column.
async fn observed(world: &mut World, kind: &str, key: &str) -> BTreeMap<String, Value> {
    let table = observed_table(kind);
    let version = world.pipeline.tables().version(&table).await.unwrap().unwrap();
    let rows = rows(&world.layout, &table, &version).await;
    rows.into_iter().map(|row| (row[key].as_str().unwrap().to_owned(), row)).collect()
}

#[tokio::test]
async fn a_forgotten_person_is_gone_and_stays_away() {
    let mut world = World::new(NOW).await;
    let review = r#"{"type":"review","data":{"pull_request":"json:pull_request:local:github.com/acme/checkout:128","reviewer":"Ada@example.org","state":"approved","submitted_at":"2026-03-01T12:00:00Z"}}"#;
    let by_ada = deployment("d1", "ada@example.org", NOW);
    let by_bob = deployment("d2", "bob@example.org", NOW);
    let review = delivery("json", None, review, NOW);
    world.take_in(&[by_ada.clone(), by_bob.clone(), review.clone()]).await;
    let before = world.refresh().await;
    let facts_before = facts(&world.layout, &before).await;
    let key: [u8; 32] = world.layout.people_key(&[0; 32]).await.unwrap().try_into().unwrap();
    let people = PeopleKey::new(key);
    let now = world.clock.now();
    let erased = waymark_collect::forget(world.pipeline.tables(), &people, "ADA@example.org", now).await.unwrap();
    assert_eq!((erased.observations, erased.deliveries), (2, 2), "{erased:?}");
    let after = world.refresh_fully().await;
    keep_newest_snapshot_only(&world.layout).await.unwrap();
    let kept = Snapshot::kept(&world.layout).await.unwrap();
    for table in after.tables.keys() {
        world.pipeline.tables().sweep(table, &kept, 0, now).await.unwrap();
    }
    assert_eq!(checked(&world.layout).await.problems, Vec::<String>::new());
    assert_eq!(checked(&world.layout).await.orphans.len(), 0);
    let pseudonym = people.person("ada@example.org");
    for (kind, key) in [("deployments", "deployment_id"), ("reviews", "pull_request")] {
        let rows = observed(&mut world, kind, key).await;
        assert!(rows.values().all(|row| !row.to_string().contains(&pseudonym)), "{rows:?}");
    }
    let deployments = observed(&mut world, "deployments", "deployment_id").await;
    assert!(deployments["d1"]["person"].is_null(), "{deployments:?}");
    assert_eq!(deployments["d2"]["person"], people.person("bob@example.org").as_str());
    let bodies = snapshot_rows(&world.layout, &after, DELIVERIES).await;
    let body = |id: &Delivery| bodies.iter().find(|row| row["delivery_id"] == id.id.as_str()).unwrap()["body"].clone();
    assert_eq!((body(&by_ada), body(&review)), (Value::from(""), Value::from("")));
    assert_ne!(body(&by_bob), Value::from(""));
    assert_eq!(difference(&facts_before, &facts(&world.layout, &after).await), None);
    // The sender repeats itself, and everything is read again: the person does not come back.
    let again = Delivery { id: waymark_event::DeliveryId::received(now), ..by_ada };
    world.take_in(std::slice::from_ref(&again)).await;
    let rebuilt = world.pipeline.rebuild().await.unwrap();
    assert!(rebuilt.stay >= 2, "{rebuilt:?}");
    let last = world.refresh_fully().await;
    let rows = observed(&mut world, "deployments", "deployment_id").await;
    assert!(rows["d1"]["person"].is_null() && !rows["d2"]["person"].is_null(), "{rows:?}");
    let bodies = snapshot_rows(&world.layout, &last, DELIVERIES).await;
    assert_eq!(bodies.iter().filter(|row| row["body"] == "").count(), 3);
}

#[tokio::test]
async fn a_login_and_a_respondent_are_found_as_their_sources_write_them() {
    let mut world = World::new(NOW).await;
    let header = "survey,wave,question_id,respondent,value,submitted_on,team,comment";
    let answer = |respondent: &str| {
        let text = format!("{header}\ndx,2026-q1,nps,{respondent},9,2026-02-20,payments,as I always say\n");
        delivery("survey-csv", None, &text, NOW)
    };
    world.take_in(&[answer("ada"), answer("bob"), deployment("d1", "Ada", NOW)]).await;
    let before = world.refresh().await;
    let key: [u8; 32] = world.layout.people_key(&[0; 32]).await.unwrap().try_into().unwrap();
    let now = world.clock.now();
    let people = PeopleKey::new(key);
    let erased = waymark_collect::forget(world.pipeline.tables(), &people, "ada", now).await.unwrap();
    assert_eq!((erased.observations, erased.deliveries), (2, 2), "{erased:?}");
    let after = world.refresh().await;
    let answers = snapshot_rows(&world.layout, &after, &observed_table("survey_responses")).await;
    let anonymous: Vec<&Value> = answers.iter().filter(|row| row["respondent"].is_null()).collect();
    assert!(anonymous.len() == 1 && anonymous[0]["comment"].is_null(), "{answers:?}");
    // An answer counts as before: only who gave it is gone.
    assert_eq!(difference(&facts(&world.layout, &before).await, &facts(&world.layout, &after).await), None);
}

/// The tables of a snapshot in which a word stands.
async fn tables_with(layout: &Layout, snapshot: &Snapshot, word: &str) -> Vec<String> {
    let mut tables = Vec::new();
    for table in snapshot.tables.keys() {
        let rows = snapshot_rows(layout, snapshot, table).await;
        if rows.iter().any(|row| row.to_string().contains(word)) {
            tables.push(table.clone());
        }
    }
    tables
}

#[tokio::test]
async fn a_name_beside_other_words_goes_from_tables_and_facts() {
    let mut world = World::new(NOW).await;
    let run = |id: &str| {
        let body = format!(
            r#"{{"type":"ci_run","data":{{"run_id":"{id}","attempt":1,"repository":"github.com/acme/checkout","pipeline_name":"build","trigger":"push","head_ref":"xanthippe/feature","is_default_branch":true,"status":"finished","result":"success","started_at":"2026-03-01T12:00:00Z","finished_at":"2026-03-01T12:05:00Z","url":"https://github.com/xanthippe/checkout/runs/{id}","attributes":{{"who":"zebulon@example.org"}}}}}}"#
        );
        delivery("json", None, &body, NOW)
    };
    world.take_in(&[run("1")]).await;
    let before = world.refresh().await;
    let key: [u8; 32] = world.layout.people_key(&[0; 32]).await.unwrap().try_into().unwrap();
    let (people, now) = (PeopleKey::new(key), world.clock.now());
    for (person, word) in [("Xanthippe", "xanthippe"), ("zebulon@example.org", "zebulon")] {
        let found = tables_with(&world.layout, &before, word).await;
        assert!(found.contains(&observed_table("ci_runs")), "{word} stands in {found:?}");
        let erased = waymark_collect::forget(world.pipeline.tables(), &people, person, now).await.unwrap();
        assert!(erased.observations > 0, "{erased:?}");
    }
    let after = world.refresh_fully().await;
    // What comes later loses the name before it is stored.
    world.take_in(&[run("2")]).await;
    let later = world.refresh().await;
    for (snapshot, count) in [(&after, 1), (&later, 2)] {
        for word in ["xanthippe", "zebulon"] {
            assert_eq!(tables_with(&world.layout, snapshot, word).await, Vec::<String>::new(), "{word}");
        }
        let bodies = snapshot_rows(&world.layout, snapshot, DELIVERIES).await;
        assert_eq!(bodies.iter().filter(|row| row["body"] == "").count(), count);
    }
    let runs = observed(&mut world, "ci_runs", "run_id").await;
    for id in ["1", "2"] {
        assert_eq!(runs[id]["head_ref"], "forgotten/feature");
        assert_eq!(runs[id]["url"], format!("https://github.com/forgotten/checkout/runs/{id}"));
    }
}

#[tokio::test]
async fn deliveries_expire_by_their_age_and_observations_stay() {
    let mut world = World::new(NOW).await;
    world.take_in(&[deployment("d1", "ada@example.org", "2026-01-01T10:00:00Z")]).await;
    // Old and young in one file: only the old row goes.
    let old = deployment("d2", "ada@example.org", "2026-01-02T10:00:00Z");
    world.take_in(&[old, deployment("d3", "ada@example.org", "2026-03-01T10:00:00Z")]).await;
    let before = world.refresh().await;
    let now = world.clock.now();
    let expire = async |world: &mut World, text: &str| {
        world.pipeline.tables().expire(DELIVERIES, "received_at", at(text), now).await.unwrap().rows
    };
    assert_eq!(expire(&mut world, "2026-01-01T00:00:00Z").await, 0);
    assert_eq!(expire(&mut world, "2026-02-01T00:00:00Z").await, 2);
    assert_eq!(expire(&mut world, "2026-02-01T00:00:00Z").await, 0);
    let after = world.refresh().await;
    assert_eq!(counts(&world.layout, &after).await.len(), 1);
    assert_eq!(difference(&facts(&world.layout, &before).await, &facts(&world.layout, &after).await), None);
    let rebuilt = world.pipeline.rebuild().await.unwrap();
    assert_eq!((rebuilt.deliveries, rebuilt.stay), (1, 2));
    let last = world.refresh_fully().await;
    assert_eq!(difference(&facts(&world.layout, &before).await, &facts(&world.layout, &last).await), None);
    assert_eq!(checked(&world.layout).await.problems, Vec::<String>::new());
}
