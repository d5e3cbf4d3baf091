//! Events as senders write them by mistake, and what is kept of them.

use super::*;
use crate::arrivals::file;
use serde_json::json;
use waymark_event::PeopleKey;

fn received_at() -> Instant {
    Instant::parse("2026-03-02T12:00:00Z").unwrap()
}

/// The deliveries of a file of this text; a text that is not cut is one as it would be posted.
fn read_file(text: &[u8]) -> Vec<Normalised> {
    let reading = Reading { people: PeopleKey::new([7; 32]) };
    let deliveries = file::deliveries(&Json, text, None, received_at());
    deliveries.iter().map(|delivery| Json.normalise(delivery, &reading)).collect()
}

fn read_body(text: &[u8]) -> Normalised {
    let reading = Reading { people: PeopleKey::new([7; 32]) };
    let one = file::deliveries(&Json, b"{}", None, received_at()).remove(0);
    Json.normalise(&Delivery { body: text.to_vec(), ..one }, &reading)
}

fn read(kind: &str, data: &Value) -> Normalised {
    read_body(json!({ "type": kind, "data": data }).to_string().as_bytes())
}

fn state(normalised: &Normalised) -> &Observation {
    normalised.observations.iter().find(|observation| observation.head.part_of.is_none()).unwrap()
}

fn event(id: &str) -> String {
    json!({ "type": "deployment", "data": { "deployment_id": id } }).to_string()
}

#[test]
fn an_incident_that_is_opened_again_is_newer_than_its_end() {
    let opened_at = "2026-03-02T09:00:00Z";
    let end = json!({
        "incident_id": "i", "status": "resolved",
        "opened_at": opened_at, "resolved_at": "2026-03-02T10:00:00Z",
    });
    let again = json!({
        "incident_id": "i", "status": "open", "severity": "sev1", "reopen_count": 1,
        "opened_at": opened_at, "occurred_at": "2026-03-02T11:00:00Z",
    });
    let (end, again) = (read("incident", &end), read("incident", &again));
    assert!(state(&again).order() > state(&end).order());
}

#[test]
fn a_catalogue_entry_is_described_when_its_sender_says() {
    let told = |at: &str| read("service", &json!({ "kind": "service", "name": "checkout", "source_updated_at": at }));
    let (one, other) = (told("2026-01-01T00:00:00Z"), told("2026-02-01T00:00:00Z"));
    let described = |read: &Normalised| read.observations[0].head.clone();
    assert_eq!(described(&one).occurred_at, Some(Instant::parse("2026-01-01T00:00:00Z").unwrap()));
    assert_ne!(described(&one).entity_id, described(&other).entity_id);
}

#[test]
fn a_broken_line_spoils_no_other() {
    let text = format!("\u{feff}{}\n{{\"type\": \n\n{}\r\n", event("a"), event("b"));
    let posted = read_body(text.as_bytes());
    assert_eq!(posted.observations.len(), 2);
    assert_eq!(posted.rejections.len(), 1);
    assert!(posted.rejections[0].message.starts_with("line 2 of the body"), "{:?}", posted.rejections);
    let in_file = read_file(text.as_bytes());
    assert_eq!(in_file.iter().map(|one| one.observations.len()).collect::<Vec<_>>(), [1, 0, 1]);
    assert!(in_file[1].rejections[0].message.starts_with("row 2 of the file: "), "{:?}", in_file[1]);
    let not_utf8 = [event("a").as_bytes(), b"\n{\xff}\n", event("b").as_bytes()].concat();
    let posted = read_body(&not_utf8);
    assert_eq!((posted.observations.len(), posted.rejections[0].reason), (2, Reason::NotUtf8));
}

#[test]
fn what_stands_before_a_break_is_kept() {
    let posted = read_body(format!("[{}, {}, {{\"type", event("a"), event("b")).as_bytes());
    assert_eq!((posted.observations.len(), posted.rejections.len()), (2, 1));
    assert_eq!(posted.rejections[0].item, Some(2));
}

#[test]
fn a_list_per_line_is_read_the_same_by_both_ways() {
    let text = format!("[]\n[{}]\n", event("a"));
    let posted = read_body(text.as_bytes());
    assert_eq!((posted.observations.len(), posted.rejections.len()), (1, 0));
    let in_file = read_file(text.as_bytes());
    assert_eq!(in_file.iter().map(|one| one.observations.len()).collect::<Vec<_>>(), [0, 1]);
    assert!(in_file.iter().all(|one| one.rejections.is_empty()));
}

#[test]
fn an_event_over_many_lines_stays_whole() {
    let over_lines = "{\"type\": \"deployment\",\n\"data\": {\"deployment_id\": \"c\"}}";
    let text = format!("{}\n{}\n{over_lines}", event("a"), event("b"));
    let in_file = read_file(text.as_bytes());
    assert_eq!(in_file.len(), 1);
    assert_eq!((in_file[0].observations.len(), in_file[0].rejections.len()), (3, 0));
}

#[test]
fn a_time_far_ahead_is_refused_in_every_column() {
    for (kind, id, column) in [
        ("incident", "incident_id", "impact_started_at"),
        ("incident", "incident_id", "resolved_at"),
        ("deployment", "deployment_id", "finished_at"),
        ("ticket", "ticket_id", "usable_at"),
    ] {
        let data = json!({ id: "1", column: "2099-01-01T00:00:00Z", "source_updated_at": "2026-03-02T09:00:00Z" });
        let read = read(kind, &data);
        let told: Vec<_> = read.rejections.iter().map(|one| (one.reason, one.pointer.clone())).collect();
        assert_eq!(told, [(Reason::ClockAhead, Some(format!("/data/{column}")))], "{kind}");
    }
}

#[test]
fn a_column_of_the_head_with_another_type_is_refused() {
    let many: Map<String, Value> = (0..33).map(|place| (format!("a{place}"), json!("x"))).collect();
    for (column, value, reason) in [
        ("is_deleted", json!("true"), Reason::WrongType),
        ("is_deleted", json!(1), Reason::WrongType),
        ("url", json!(5), Reason::WrongType),
        ("attributes", json!({ "a": 1 }), Reason::WrongType),
        ("attributes", Value::Object(many), Reason::TooManyItems),
    ] {
        let read = read("deployment", &json!({ "deployment_id": "1", column: value }));
        let told: Vec<_> = read.rejections.iter().map(|one| (one.reason, one.pointer.clone())).collect();
        assert_eq!(told, [(reason, Some(format!("/data/{column}")))]);
    }
}

#[test]
fn what_has_another_type_is_told_with_the_one_that_is_wanted() {
    for (kind, id, column, value, wanted) in [
        ("deployment", "deployment_id", "attempt", json!("twice, expected 1"), "a whole number, at most 2147483647"),
        ("deployment", "deployment_id", "revisions", json!("abcd"), "a list"),
        ("deployment", "deployment_id", "is_bot", json!(1), "`true` or `false`"),
        ("deployment", "deployment_id", "status", json!(1), "a text"),
        ("deployment", "deployment_id", "finished_at", json!(1_772_445_600), "a time such as `2026-12-31T10:00:00Z`"),
        ("ticket", "ticket_id", "points", json!("three"), "a number"),
        ("deployment", "deployment_id", "url", json!(5), "a text"),
    ] {
        let read = read(kind, &json!({ id: "1", column: value }));
        let [rejection] = read.rejections.as_slice() else { panic!("{column}: {read:?}") };
        assert_eq!(rejection.reason, Reason::WrongType, "{column}");
        let said = format!("has another type than it must have: it must be {wanted}");
        assert!(rejection.message.ends_with(&said), "{}", rejection.message);
        assert_eq!(rejection.pointer, Some(format!("/data/{column}")));
    }
}

#[test]
fn a_long_name_is_cut_in_its_rejection() {
    let read = read("deployment", &json!({ "deployment_id": "1", "x".repeat(5_000): 1 }));
    assert!(read.rejections[0].message.len() < 400, "{}", read.rejections[0].message.len());
}

#[test]
fn what_names_no_repository_is_refused() {
    for address in ["checkout", "github.com//checkout", "github.com/acme/.."] {
        for (kind, id, column) in
            [("commit", "sha", "repository"), ("ci_run", "run_id", "repository"), ("artifact", "digest", "source_repository")]
        {
            let read = read(kind, &json!({ id: "1", column: address }));
            let told: Vec<_> = read.rejections.iter().map(|one| (one.reason, one.pointer.clone())).collect();
            assert_eq!(told, [(Reason::UnknownShape, Some(format!("/data/{column}")))], "{kind} {address}");
        }
    }
    let service = read("service", &json!({ "kind": "service", "name": "checkout", "repository": "local/checkout" }));
    assert!(service.rejections.is_empty(), "{:?}", service.rejections);
}

#[test]
fn a_sha_in_upper_case_is_the_same_commit() {
    let commit = |sha: &str| read("commit", &json!({ "repository": "github.com/acme/checkout", "sha": sha }));
    assert_eq!(state(&commit("ABCD")).head.entity_id, state(&commit("abcd")).head.entity_id);
    let revisions = ["github.com/acme/checkout@ABCD"];
    let deployed = read("deployment", &json!({ "deployment_id": "1", "revisions": revisions, "config_revision": "EF01" }));
    let Record::Deployment(deployment) = &state(&deployed).record else { panic!("a deployment is read") };
    assert_eq!(deployment.revisions, ["github.com/acme/checkout@abcd"]);
    assert_eq!(deployment.config_revision.as_deref(), Some("ef01"));
    let told = json!({ "repository": "github.com/acme/checkout", "sha": "ab", "revert_of": "CD", "picked_from": "EF" });
    let undone = read("commit", &told);
    let Record::Commit(commit) = &state(&undone).record else { panic!("a commit is read") };
    assert_eq!((commit.revert_of.as_deref(), commit.picked_from.as_deref()), (Some("cd"), Some("ef")));
}

#[test]
fn blanks_around_a_key_are_no_part_of_it() {
    let named = |name: &str| read("service", &json!({ "kind": "service", "name": name }));
    assert_eq!(state(&named(" svc ")).head.entity_id, state(&named("svc")).head.entity_id);
}
