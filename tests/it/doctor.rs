//! The doctor over the real way of a delivery: of each kind of finding one thing is sent broken, and is counted.
//!
//! What each finding counts is worked out in `tests/answers`; here it is shown that nothing on the way
//! from a delivery to the doctor stumbles over it, and that what is sound is left alone.

use crate::harness::{World, at, delivery};
use serde_json::{Value, json};
use waymark_analytics::{Examination, FINDINGS, Window};
use waymark_event::{Delivery, Instant};

const AS_OF: &str = "2026-04-01T00:00:00Z";
/// Everything is received on one day, so that no way has a rhythm of which it could fall out.
const RECEIVED_AT: &str = "2026-03-31T12:00:00Z";
const HOST: &str = "example.org/acme";

/// A world in which these bodies were received.
async fn world(deliveries: &[Delivery]) -> World {
    let mut world = World::new(AS_OF).await;
    world.take_in(deliveries).await;
    world.refresh().await;
    world
}

async fn examined(deliveries: &[Delivery]) -> Examination {
    let world = world(deliveries).await;
    let window = Window::until_now(90, at(AS_OF), world.definitions.zone());
    world.engine().examine(&window, 50).await.unwrap()
}

fn event(kind: &str, data: &Value) -> Delivery {
    delivery("json", None, &json!({ "type": kind, "data": data }).to_string(), RECEIVED_AT)
}

/// A deployment that ended well, with what else is said of it.
fn deployed(id: &str, finished_at: &str, said: &Value) -> Delivery {
    let mut data = json!({
        "deployment_id": id, "environment": "production", "status": "finished", "result": "success",
        "finished_at": finished_at, "url": format!("https://example.org/deployments/{id}"),
    });
    for (name, value) in said.as_object().unwrap() {
        data[name] = value.clone();
    }
    event("deployment", &data)
}

/// The same, told by another instance of its source.
fn of_instance(instance: &str, delivery: Delivery) -> Delivery {
    Delivery { instance: instance.to_owned(), ..delivery }
}

fn commit(repository: &str, sha: &str, parents: &[&str], at: &str) -> Delivery {
    let data = json!({
        "repository": format!("{HOST}/{repository}"), "sha": sha, "parents": parents, "authored_at": at, "committed_at": at,
    });
    event("commit", &data)
}

fn at_commit(service: &str, sha: &str) -> Value {
    json!({ "service_hint": service, "revisions": [format!("{HOST}/{service}@{sha}")] })
}

fn described(service: &str) -> Delivery {
    event(
        "service",
        &json!({ "kind": "service", "name": service, "owner_raw": "payments", "occurred_at": "2026-01-01T00:00:00Z" }),
    )
}

/// A service of which everything is told, twice deployed, with an incident.
fn sound() -> Vec<Delivery> {
    vec![
        described("checkout"),
        commit("checkout", "c1", &[], "2026-03-01T10:00:00Z"),
        commit("checkout", "c2", &["c1"], "2026-03-02T10:00:00Z"),
        deployed("sound-1", "2026-03-01T12:00:00Z", &at_commit("checkout", "c1")),
        deployed("sound-2", "2026-03-02T12:00:00Z", &at_commit("checkout", "c2")),
        event(
            "incident",
            &json!({
                "incident_id": "INC-1", "service_hints": ["checkout"], "status": "resolved",
                "opened_at": "2026-03-03T10:00:00Z", "resolved_at": "2026-03-03T11:00:00Z",
            }),
        ),
    ]
}

#[tokio::test]
async fn what_is_sound_is_left_alone() {
    let examination = examined(&sound()).await;
    let found: Vec<_> = examination
        .findings
        .iter()
        .filter(|found| found.items > 0)
        .map(|found| (found.finding.answer.name, &found.cases))
        .collect();
    assert!(found.is_empty(), "{found:?}");
    assert_eq!(examination.services.len(), 1);
    let service = &examination.services[0];
    assert_eq!((service.service.as_str(), service.owner.as_deref()), ("checkout", Some("payments")));
    assert_eq!((service.deployments, service.deployments_with_commits, service.has_incidents), (2, 2, true));
    assert_eq!(examination.sources.len(), 1);
    assert_eq!((examination.sources[0].deliveries, examination.sources[0].is_stale), (6, false));
}

#[tokio::test]
async fn an_empty_folder_has_no_findings() {
    let examination = examined(&[]).await;
    assert_eq!(examination.findings.len(), FINDINGS.len());
    assert!(examination.findings.iter().all(|found| found.items == 0 && found.cases.is_empty()));
    assert!(examination.sources.is_empty() && examination.services.is_empty());
}

/// Six days of deliveries by a connection that then went silent.
fn silent() -> Vec<Delivery> {
    let day = |day: i64| {
        let received_at = at("2026-03-10T10:00:00Z").plus_seconds(day * 86_400);
        let mut delivery = event("ticket", &json!({ "ticket_id": format!("T-{day}"), "opened_at": received_at.to_rfc3339() }));
        delivery.id = waymark_event::DeliveryId::received(received_at);
        "helpdesk".clone_into(&mut delivery.connection);
        delivery.received_at = received_at;
        delivery
    };
    (0..6).map(day).collect()
}

/// What is sent broken, the finding and subject under which it must be counted, and how often.
struct Broken {
    finding: &'static str,
    subject: &'static str,
    items: i64,
    sent: Vec<Delivery>,
}

impl Broken {
    fn once(finding: &'static str, subject: &'static str, sent: Vec<Delivery>) -> Self {
        Self { finding, subject, items: 1, sent }
    }
}

/// What never arrived, or cannot be placed.
fn unplaced() -> Vec<Broken> {
    let march = "2026-03-10T10:00:00Z";
    let placeless = json!({ "service_hint": "placeless", "environment": null });
    let misnamed = json!({
        "component_id": "ci-standart", "service_hint": "checkout", "detector": "files", "scan_id": "s1", "kind": "config",
        "finding": "present", "observed_at": march,
    });
    let incident = |data: &Value| event("incident", data);
    vec![
        Broken::once("silent_sources", "json by webhook, connection helpdesk", silent()),
        Broken::once("open_rejections", "json: not_json", vec![delivery("json", None, "{\"type\": \"deploy", RECEIVED_AT)]),
        Broken::once(
            "unmatched_environments",
            "live-7",
            vec![deployed("env", march, &json!({ "service_hint": "env", "environment": "live-7" }))],
        ),
        Broken::once("deployments_without_environment", "placeless", vec![deployed("placeless", march, &placeless)]),
        Broken::once(
            "deployments_without_service",
            "production",
            vec![deployed("nameless", march, &json!({ "version": "v1" }))],
        ),
        Broken::once(
            "uncatalogued_services",
            "ghost",
            vec![deployed("ghost", march, &json!({ "service_hint": "ghost", "version": "v1" }))],
        ),
        Broken::once(
            "incidents_of_unknown_services",
            "notifer",
            vec![incident(&json!({ "incident_id": "INC-4", "opened_at": march, "service_hints": ["notifer"] }))],
        ),
        Broken::once(
            "incidents_of_unknown_deployments",
            "not-99",
            vec![incident(&json!({ "incident_id": "INC-5", "opened_at": march, "deployment_links": ["not-99"] }))],
        ),
        Broken::once("evidence_of_unknown_components", "ci-standart", vec![event("evidence", &misnamed)]),
        // the same deployment is all that is known of this service
        Broken::once("services_without_incidents", "ghost", Vec::new()),
        Broken::once("deployments_without_commit", "ghost", Vec::new()),
        Broken::once("undeployed_repositories", "example.org/acme/library", vec![commit("library", "b1", &[], march)]),
        Broken::once(
            "undeployed_changes",
            "example.org/acme/checkout",
            vec![commit("checkout", "c3", &["c2"], "2026-02-01T10:00:00Z")],
        ),
    ]
}

/// Histories that are missing, cut or forged.
fn without_history() -> Vec<Broken> {
    let march = "2026-03-10T10:00:00Z";
    let looping = vec![
        commit("loop", "l1", &["l2"], "2026-03-01T10:00:00Z"),
        commit("loop", "l2", &["l1"], "2026-03-02T10:00:00Z"),
        commit("loop", "l3", &["l3"], "2026-03-03T10:00:00Z"),
        deployed("loop-1", march, &at_commit("loop", "l2")),
        deployed("loop-2", "2026-03-11T10:00:00Z", &at_commit("loop", "l3")),
    ];
    vec![
        Broken::once(
            "repositories_without_history",
            "example.org/acme/blind",
            vec![deployed("blind", march, &at_commit("blind", "x1"))],
        ),
        Broken::once(
            "deployments_of_unknown_commits",
            "checkout",
            vec![deployed("unknown", "2026-03-04T10:00:00Z", &at_commit("checkout", "gone"))],
        ),
        Broken::once(
            "deployments_with_missing_parents",
            "holes",
            vec![
                commit("holes", "h1", &[], "2026-03-01T10:00:00Z"),
                commit("holes", "h9", &["h8"], "2026-03-09T10:00:00Z"),
                deployed("holes-1", "2026-03-01T12:00:00Z", &at_commit("holes", "h1")),
                deployed("holes-9", "2026-03-09T12:00:00Z", &at_commit("holes", "h9")),
            ],
        ),
        Broken { finding: "looping_history", subject: "example.org/acme/loop", items: 3, sent: looping },
    ]
}

/// What contradicts itself, or never ended.
fn contradictory() -> Vec<Broken> {
    let march = "2026-03-10T10:00:00Z";
    let twins = ["v1", "v2"].map(|version| deployed(version, march, &json!({ "service_hint": "twin", "version": version })));
    let hanging = json!({
        "deployment_id": "hanging", "service_hint": "hanging", "environment": "staging", "status": "running",
        "started_at": "2026-03-01T10:00:00Z",
    });
    let endless = json!({
        "deployment_id": "endless", "service_hint": "endless", "environment": "production", "status": "finished",
        "result": "success", "started_at": march,
    });
    let backward = json!({
        "incident_id": "INC-2", "service_hints": ["checkout"], "status": "resolved",
        "opened_at": "2026-03-03T10:00:00Z", "resolved_at": "2026-03-03T09:00:00Z",
    });
    let reversed = json!({ "service_hint": "backwards", "started_at": "2026-03-10T11:00:00Z" });
    let shared = json!({ "service_hint": "shared", "version": "v1" });
    let naming = json!({ "incident_id": "INC-3", "opened_at": "2026-03-11T10:00:00Z", "deployment_links": ["shared"] });
    vec![
        Broken::once("unfinished_deployments", "hanging", vec![event("deployment", &hanging)]),
        Broken::once("deployments_without_end", "endless", vec![event("deployment", &endless)]),
        Broken::once(
            "clock_skew",
            "skewed",
            vec![
                commit("skewed", "k1", &[], "2026-03-01T10:00:00Z"),
                commit("skewed", "k2", &["k1"], "2026-03-10T12:00:00Z"),
                deployed("skewed-1", "2026-03-01T12:00:00Z", &at_commit("skewed", "k1")),
                deployed("skewed-2", march, &at_commit("skewed", "k2")),
            ],
        ),
        Broken::once(
            "impossible_times",
            "a deployment that ends before it starts",
            vec![deployed("backwards", march, &reversed)],
        ),
        Broken::once(
            "outlying_lead_times",
            "old",
            vec![
                commit("old", "o1", &[], "2024-01-01T10:00:00Z"),
                commit("old", "o2", &["o1"], "2024-01-02T10:00:00Z"),
                deployed("old-1", "2026-03-01T12:00:00Z", &at_commit("old", "o1")),
                deployed("old-2", march, &at_commit("old", "o2")),
            ],
        ),
        Broken::once("backward_incidents", "checkout", vec![event("incident", &backward)]),
        Broken::once(
            "unclear_deployments",
            "shared",
            vec![
                of_instance("one", deployed("shared", march, &shared)),
                of_instance("two", deployed("shared", "2026-03-10T11:00:00Z", &shared)),
                event("incident", &naming),
            ],
        ),
        Broken { finding: "simultaneous_deployments", subject: "twin", items: 2, sent: twins.to_vec() },
    ]
}

#[tokio::test]
async fn a_broken_delivery_of_each_kind_is_counted_and_nothing_falls_over() {
    let broken: Vec<Broken> = unplaced().into_iter().chain(without_history()).chain(contradictory()).collect();
    let mut deliveries = sound();
    deliveries.extend(broken.iter().flat_map(|broken| broken.sent.iter().cloned()));
    let examination = examined(&deliveries).await;
    let mut wrong = Vec::new();
    for found in &examination.findings {
        let name = found.finding.answer.name;
        let Some(Broken { subject, items, .. }) = broken.iter().find(|broken| broken.finding == name) else {
            wrong.push(format!("`{name}`: send something broken of this kind"));
            continue;
        };
        let counted = found.cases.iter().find(|case| case.subject == *subject).map(|case| case.items);
        if counted != Some(*items) {
            wrong.push(format!("`{name}`: `{subject}` should be counted {items} times, found {:?}", found.cases));
        }
        assert_eq!(found.items, found.cases.iter().map(|case| case.items).sum::<i64>(), "{name}");
    }
    assert_eq!(broken.len(), FINDINGS.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn an_environment_without_a_rule_is_told_with_lines_that_the_configuration_takes() {
    let odd = "live \"blue\" \\ 1";
    let sent = deployed("odd", "2026-03-10T10:00:00Z", &json!({ "service_hint": "checkout", "environment": odd }));
    let examination = examined(&[sent]).await;
    let found = examination.findings.iter().find(|found| found.finding.answer.name == "unmatched_environments").unwrap();
    let suggestion = found.cases[0].suggestion.clone().unwrap();
    let definitions: waymark_analytics::Definitions = toml::from_str(&suggestion).unwrap();
    assert_eq!(definitions.environments[0].pattern, odd);
    assert_eq!(definitions.problems(), Vec::<String>::new());
    assert_eq!(found.cases[0].url.as_deref(), Some("https://example.org/deployments/odd"));
    assert_eq!(found.cases[0].newest_at, Some(Instant::parse("2026-03-10T10:00:00Z").unwrap()));
}

#[test]
fn the_guide_explains_every_finding() {
    let page = std::fs::read_to_string(crate::harness::root().join("docs/guide/doctor.md")).unwrap();
    let names = FINDINGS.iter().map(|finding| finding.answer.name);
    let missing: Vec<&str> = names.filter(|name| !page.contains(&format!("| `{name}` |"))).collect();
    assert!(missing.is_empty(), "docs/guide/doctor.md should have a row for each of {missing:?}");
}
