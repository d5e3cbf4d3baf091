//! A fix that is picked to a release branch without a word about where it came from.

use super::rebuilt::{Rebuilt, git_is_present};
use super::{AS_OF, read};
use crate::harness::{World, skipped};
use crate::lake_rows::snapshot_rows;
use serde_json::json;
use waymark_collect::arrivals::git::KnownRefs;

/// A commit of one or two files, as `git fast-import` reads it.
fn commit(mark: u32, from: Option<u32>, authored_at: i64, committed_at: i64, files: &[(&str, &str)]) -> String {
    let parent = from.map(|mark| format!("from :{mark}\n")).unwrap_or_default();
    let files: Vec<String> =
        files.iter().map(|(path, text)| format!("M 644 inline {path}\ndata {}\n{text}\n", text.len())).collect();
    let files = files.concat();
    format!(
        "commit refs/heads/main\nmark :{mark}\nauthor Ada Example <ada@example.org> {authored_at} +0100\n\
         committer Ben Example <ben@example.org> {committed_at} +0100\ndata 4\nWork\n{parent}{files}\n"
    )
}

fn tag(name: &str, mark: u32, tagged_at: i64) -> String {
    format!("tag {name}\nfrom :{mark}\ntagger Ben Example <ben@example.org> {tagged_at} +0000\ndata 0\n\n")
}

/// Main has the switch turned off, a line above it, and the fix; the release branch the old state and the fix.
/// At the end the switch is on once more, with the same words as in the beginning.
fn stream() -> String {
    let hour = |count: i64| 1_770_000_000 + count * 3_600;
    [
        "reset refs/heads/main\n\n".to_owned(),
        commit(1, None, hour(0), hour(0), &[("app", "one\ntwo\nthree\n"), ("switch", "off\n")]),
        commit(2, Some(1), hour(10), hour(10), &[("switch", "on\n")]),
        commit(3, Some(2), hour(11), hour(11), &[("switch", "off\n"), ("app", "zero\none\ntwo\nthree\n")]),
        commit(4, Some(3), hour(12), hour(13), &[("app", "zero\none\nTWO\nthree\n")]),
        commit(5, Some(1), hour(12), hour(14), &[("app", "one\nTWO\nthree\n")]),
        commit(6, Some(4), hour(30), hour(30), &[("switch", "on\n")]),
        "reset refs/heads/main\nfrom :6\n\n".to_owned(),
        tag("v1.0", 1, hour(1)),
        tag("v1.0.1", 5, hour(15)),
        tag("v1.1", 4, hour(20)),
        tag("v1.2", 6, hour(40)),
    ]
    .concat()
}

#[tokio::test]
async fn case_03_a_pick_without_a_trailer_is_the_same_change() {
    if !git_is_present() {
        return skipped("a picked fix", "the program git is not there");
    }
    let repository = Rebuilt::from_stream(&stream());
    let mut world = World::new(AS_OF).await;
    let reading = read(&world, &repository, &KnownRefs::new());
    world.take_in(&reading.deliveries).await;
    let snapshot = world.refresh().await;
    let mut rows = snapshot_rows(&world.layout, &snapshot, &waymark_lake::fact_table("delivered_changes")).await;
    rows.retain(|row| row["excluded"].is_null());
    let told = |mark: usize| {
        let change = format!("git.example.org/acme/checkout@{}", repository.sha(mark - 1));
        let row = rows.iter().find(|row| row["change_id"] == json!(change))?;
        let tag = row["deployment_id"].as_str()?.rsplit(':').next()?.to_owned();
        Some((tag, row["lead_time_seconds"].as_f64()? / 3_600.0))
    };
    // The fix was written at hour 12 and arrived with the pick at hour 15; that main brings it too adds nothing.
    assert_eq!(told(4), Some(("v1.0.1".to_owned(), 3.0)));
    assert_eq!(told(5), None);
    assert_eq!((told(2), told(3)), (Some(("v1.1".to_owned(), 10.0)), Some(("v1.1".to_owned(), 9.0))));
    // Turned on again, it says the same as the first time and is another change.
    assert_eq!(told(6), Some(("v1.2".to_owned(), 10.0)));
    assert_eq!(rows.len(), 4);
}
