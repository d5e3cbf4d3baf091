//! The receiver from outside: what it answers, and that 202 means kept.
//!
//! The router is asked without a network; what a delivery means is tested in `sources.rs`.

mod limits;
mod told;

use crate::harness::{World, at};
use crate::lake_rows;
use axum::Router;
use axum::body::Body;
use futures::stream;
use http::{Method, Request, StatusCode, Version, header};
use http_body_util::BodyExt;
use serde_json::Value;
use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::task::Poll;
use tower::ServiceExt;
use waymark_analytics::QueryService;
use waymark_api::App;
use waymark_collect::arrivals::webhook::{BodyLimits, Receiver, router};
use waymark_collect::{Authentication, Connection, Pipeline, Secret};
use waymark_event::{Clock, FixedClock, Proof, chain};
use waymark_lake::{DELIVERIES, Inbox, InboxHandle, InboxLimits, Layout, REJECTIONS};

const NOW: &str = "2026-03-02T12:00:00Z";
/// The example that the sender publishes for its signature: secret, body and digits.
const SECRET: &str = "It's a Secret to Everybody";
const PROVEN_BODY: &str = "Hello, World!";
const PROVEN_DIGITS: &str = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
const BODY_BYTES_MAX: usize = 25 * 1024 * 1024;
const MEBIBYTE: usize = 1024 * 1024;

/// A receiver with connections that ask for proof and one that does not; it accepts no other.
fn careful(layout: &Layout, limits: InboxLimits) -> Receiver {
    let connection = |name: &str, secrets, authentication| Connection {
        name: name.to_owned(),
        source: "github".to_owned(),
        instance: None,
        secrets,
        authentication,
    };
    let secrets = vec![Secret::new("old", "a secret that is being retired"), Secret::new("new", SECRET)];
    let connections = vec![
        connection("proven", secrets, Authentication::Secret),
        connection("forgotten", Vec::new(), Authentication::Secret),
        connection("open", Vec::new(), Authentication::None),
    ];
    Receiver {
        inbox: InboxHandle::start(layout, limits).unwrap(),
        connections: Arc::new(connections),
        accepts_unconfigured: false,
        limits: BodyLimits::of_size(BODY_BYTES_MAX),
        clock: Arc::new(FixedClock::at(at(NOW))),
    }
}

/// The same, which also accepts connections that are only named after their source.
fn open(layout: &Layout, limits: InboxLimits) -> Router {
    router(Receiver { accepts_unconfigured: true, ..careful(layout, limits) })
}

struct Answer {
    status: StatusCode,
    retry_after: Option<String>,
    body: Value,
}

impl Answer {
    fn delivery_id(&self) -> &str {
        self.body["delivery_id"].as_str().unwrap()
    }
}

async fn ask(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let retry_after = response.headers().get(header::RETRY_AFTER).map(|value| value.to_str().unwrap().to_owned());
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    Answer { status, retry_after, body: serde_json::from_slice(&bytes).unwrap_or_default() }
}

async fn post(router: &Router, connection: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    let mut request = Request::post(format!("/hooks/{connection}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    ask(router, request.body(body.into()).unwrap()).await
}

#[tokio::test]
async fn a_proven_message_is_on_the_disk_when_it_is_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::open(folder.path()).unwrap();
    let router = router(careful(&layout, InboxLimits::default()));
    let proof = format!("sha256={PROVEN_DIGITS}");
    let headers = [
        ("x-hub-signature-256", proof.as_str()),
        ("x-github-event", "ping"),
        ("x-github-delivery", "0b989ba4"),
        ("authorization", "Bearer something"),
        ("content-type", "application/json"),
    ];
    let answer = post(&router, "proven", &headers, PROVEN_BODY).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    // Opened anew while the writer still runs: what is read here is in the file.
    let kept = Inbox::open(&layout).unwrap().after(0, 10).unwrap();
    assert_eq!(kept.len(), 1);
    let delivery = &kept[0].delivery;
    assert_eq!(delivery.id.as_str(), answer.delivery_id());
    assert_eq!(delivery.body, PROVEN_BODY.as_bytes());
    assert_eq!((delivery.proof, delivery.source.as_str()), (Proof::Valid, "github"));
    assert_eq!((delivery.connection.as_str(), delivery.instance.as_str()), ("proven", "github.com"));
    assert_eq!(delivery.event_type.as_deref(), Some("ping"));
    assert_eq!(delivery.vendor_delivery_id.as_deref(), Some("0b989ba4"));
    assert_eq!(delivery.content_type.as_deref(), Some("application/json"));
    assert_eq!(delivery.received_at, at(NOW));
    assert_eq!(delivery.header("authorization"), None, "credentials are not kept");
    assert_eq!(delivery.header("x-hub-signature-256"), None, "the signature itself is not kept");
}

#[tokio::test]
async fn a_false_proof_is_refused_and_nothing_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::open(folder.path()).unwrap();
    let router = router(careful(&layout, InboxLimits::default()));
    let right = format!("sha256={PROVEN_DIGITS}");
    let flipped = right.replace("757107", "757106");
    let sha1 = format!("sha1={PROVEN_DIGITS}");
    let cut = right.chars().take(20).collect::<String>();
    let cases: [(&str, Option<&str>, &str); 7] = [
        ("a flipped bit of the proof", Some(&flipped), PROVEN_BODY),
        ("a flipped bit of the body", Some(&right), "Hello, World "),
        ("no proof", None, PROVEN_BODY),
        ("an empty proof", Some(""), PROVEN_BODY),
        ("another algorithm", Some(&sha1), PROVEN_BODY),
        ("a cut proof", Some(&cut), PROVEN_BODY),
        ("digits without their algorithm", Some(PROVEN_DIGITS), PROVEN_BODY),
    ];
    for (what, proof, body) in cases {
        let headers: Vec<(&str, &str)> = proof.map(|proof| ("x-hub-signature-256", proof)).into_iter().collect();
        let answer = post(&router, "proven", &headers, body).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{what}");
        assert_eq!(answer.body["type"], "not-proven", "{what}");
    }
    let headers = [("x-hub-signature-256", right.as_str())];
    let answer = post(&router, "forgotten", &headers, PROVEN_BODY).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "a connection without any secret accepts nobody");
    assert!(Inbox::open(&layout).unwrap().after(0, 10).unwrap().is_empty());
}

#[tokio::test]
async fn an_unknown_path_and_a_wrong_method_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::open(folder.path()).unwrap();
    let strict = router(careful(&layout, InboxLimits::default()));
    let answer = post(&strict, "nowhere", &[], "{}").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(answer.body["detail"].as_str().unwrap().contains("[[connection]]"), "{}", answer.body);
    assert_eq!(post(&strict, "json", &[], "{}").await.status, StatusCode::NOT_FOUND, "not configured");
    let lenient = open(&layout, InboxLimits::default());
    assert_eq!(post(&lenient, "json", &[], "{}").await.status, StatusCode::ACCEPTED, "named after its source");
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let request = Request::builder().method(&method).uri("/hooks/open").body(Body::empty()).unwrap();
        let answer = ask(&lenient, request).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(answer.body["type"], "method-not-allowed", "{method}");
    }
}

/// Joined as `serve` joins them: pages and routes have an answer of their own to a wrong method.
#[tokio::test]
async fn a_wrong_method_is_refused_beside_pages_and_routes_as_well() {
    let mut world = World::new(NOW).await;
    world.refresh().await;
    let engine = Arc::new(world.engine());
    let queries = QueryService::new(Arc::clone(&engine), 512 * 1_024 * 1_024, &world.folder.path().join("spill")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::open(folder.path()).unwrap();
    let hooks = open(&layout, InboxLimits::default());
    let joined = waymark_api::router(App::new(engine, Arc::new(queries))).merge(hooks);
    for path in ["/hooks/open", "/hooks/json", "/hooks/nowhere"] {
        let answer = ask(&joined, Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(answer.body["type"], "method-not-allowed", "{path}");
    }
    assert_eq!(post(&joined, "open", &[], "{}").await.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn an_old_request_without_a_length_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::open(folder.path()).unwrap();
    let router = open(&layout, InboxLimits::default());
    let old = || Request::post("/hooks/json").version(Version::HTTP_10);
    let answer = ask(&router, old().body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status, &answer.body["type"]), (StatusCode::LENGTH_REQUIRED, &Value::from("length-required")));
    assert!(Inbox::open(&layout).unwrap().after(0, 10).unwrap().is_empty());
    let answer = ask(&router, old().header("content-length", "2").body(Body::from("{}")).unwrap()).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_body_of_thirty_megabytes_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::open(folder.path()).unwrap();
    let router = open(&layout, InboxLimits::default());
    let announced = (30 * MEBIBYTE).to_string();
    let unread = Body::from_stream(stream::poll_fn(|_| -> Poll<Option<Result<Vec<u8>, Infallible>>> {
        panic!("an announced body that is too large must not be read")
    }));
    let answer = post(&router, "json", &[("content-length", &announced)], unread).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(answer.body["detail"].as_str().unwrap().contains("26214400 bytes"), "{}", answer.body);
    let chunks = |count: usize| Body::from_stream(stream::iter((0..count).map(|_| Ok::<_, Infallible>(vec![b' '; MEBIBYTE]))));
    assert_eq!(post(&router, "json", &[], chunks(30)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(Inbox::open(&layout).unwrap().after(0, 10).unwrap().is_empty());
    assert_eq!(post(&router, "json", &[], chunks(25)).await.status, StatusCode::ACCEPTED, "exactly the limit");
}

#[tokio::test]
async fn a_compressed_body_is_refused_because_nothing_would_be_read_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::open(folder.path()).unwrap();
    let router = open(&layout, InboxLimits::default());
    for coding in ["gzip", "GZIP", "identity, br", "x-gzip", "deflate", "zstd"] {
        let answer = post(&router, "json", &[("content-encoding", coding)], "{}").await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{coding}");
        assert_eq!(answer.body["type"], "compressed-body", "{coding}");
        assert!(answer.body["detail"].as_str().unwrap().contains("send it plain"), "{}", answer.body);
    }
    assert!(Inbox::open(&layout).unwrap().after(0, 10).unwrap().is_empty());
    for coding in ["identity", "", "utf-8"] {
        let answer = post(&router, "json", &[("content-encoding", coding)], "{}").await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "`{coding}` changes no byte");
    }
}

/// What it is, the connection, headers and body of a message, and the reason of its rejection.
type Unread<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], Vec<u8>, Option<&'a str>);

#[tokio::test]
async fn what_cannot_be_read_is_kept_and_rejected_with_a_reason() {
    let mut world = World::new(NOW).await;
    let router = open(&world.layout, InboxLimits::default());
    let good = r#"{"type":"deployment","data":{"deployment_id":"d1"}}"#;
    let cases: [Unread<'_>; 9] = [
        (
            "NUL bytes",
            "json",
            &[],
            b"{\"type\":\"deployment\",\"data\":{\"deployment_id\":\"a\0b\"}}".to_vec(),
            Some("not_json"),
        ),
        ("only NUL bytes", "json", &[], vec![0; 64], Some("not_json")),
        ("invalid UTF-8", "json", &[], b"{\"type\":\"deployment\xff\xfe\"}".to_vec(), Some("not_utf8")),
        ("truncated JSON", "json", &[], good.as_bytes()[..30].to_vec(), Some("not_json")),
        ("nothing", "json", &[], Vec::new(), Some("tombstone")),
        ("no event name", "open", &[], b"{}".to_vec(), Some("missing_field")),
        ("a truncated event", "open", &[("x-github-event", "push")], b"{\"ref\":\"refs/hea".to_vec(), Some("not_json")),
        ("an unknown event", "open", &[("x-github-event", "sponsorship")], b"{}".to_vec(), None),
        ("a good one between", "json", &[], good.as_bytes().to_vec(), None),
    ];
    let mut expected = Vec::new();
    for (what, connection, headers, body, reason) in cases {
        let answer = post(&router, connection, headers, body).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{what}");
        expected.extend(reason.map(|reason| (answer.delivery_id().to_owned(), reason.to_owned())));
    }
    let flushed = world.drain().await;
    assert_eq!((flushed.deliveries, flushed.observations, flushed.rejections), (9, 1, 7));
    let versions = world.pipeline.versions().await.unwrap();
    let text = |row: &Value, column: &str| row[column].as_str().unwrap().to_owned();
    let rejections = lake_rows::rows(&world.layout, REJECTIONS, &versions[REJECTIONS]).await;
    let mut found: Vec<(String, String)> =
        rejections.iter().map(|row| (text(row, "delivery_id"), text(row, "reason"))).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    assert!(rejections.iter().all(|row| text(row, "message").len() > 10), "each says what is wrong");
    let deliveries = lake_rows::rows(&world.layout, DELIVERIES, &versions[DELIVERIES]).await;
    let ignored: Vec<&Value> = deliveries.iter().filter(|row| row.get("ignored").is_some_and(Value::is_string)).collect();
    assert_eq!(ignored.len(), 1, "the unknown event is kept and counted");
    assert_eq!(ignored[0]["event_type"], "sponsorship");
}

#[tokio::test]
async fn a_full_inbox_asks_for_patience_and_acknowledges_nothing() {
    let mut world = World::new(NOW).await;
    let limits = InboxLimits { rows_max: 2, ..InboxLimits::default() };
    let router = open(&world.layout, limits);
    let body = r#"{"type":"deployment","data":{"deployment_id":"d1"}}"#;
    for _ in 0..2 {
        assert_eq!(post(&router, "json", &[], body).await.status, StatusCode::ACCEPTED);
    }
    let answer = post(&router, "json", &[], body).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.retry_after.as_deref(), Some("5"));
    assert_eq!(answer.body["type"], "not-durable");
    assert_eq!(world.pipeline.inbox().waiting(0).unwrap(), 2);
    assert_eq!(world.drain().await.deliveries, 2);
    assert_eq!(post(&router, "json", &[], body).await.status, StatusCode::ACCEPTED, "there is room again");
}

#[test]
fn a_data_folder_that_cannot_be_used_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("not-a-folder");
    std::fs::write(&file, "a file").unwrap();
    for path in [file.clone(), file.join("below")] {
        let error = chain(&Layout::open(&path).unwrap_err());
        assert!(error.starts_with("failed to open the data folder `"), "{error}");
        assert!(error.contains("check that it exists, is writable and has free space"), "{error}");
    }
    assert!(chain(&Layout::existing(Path::new("nowhere-at-all")).unwrap_err()).contains("`nowhere-at-all`"));
    let taken = Layout::open(&folder.path().join("taken")).unwrap();
    std::fs::create_dir(taken.database()).unwrap();
    let error = chain(&InboxHandle::start(&taken, InboxLimits::default()).unwrap_err());
    assert!(error.starts_with("failed to open the inbox `"), "{error}");
}

#[test]
fn a_data_folder_of_a_newer_version_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    Layout::open(folder.path()).unwrap();
    let newer = r#"{"version":999}"#;
    std::fs::write(folder.path().join("format.json"), newer).unwrap();
    let error = chain(&Layout::open(folder.path()).unwrap_err());
    assert!(error.contains("has format 999, and this program reads up to 2: install a newer waymark"), "{error}");
    assert_eq!(std::fs::read_to_string(folder.path().join("format.json")).unwrap(), newer);
}

#[tokio::test]
async fn a_second_writer_of_one_folder_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::open(folder.path()).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(FixedClock::at(at(NOW)));
    let first = Pipeline::open(&layout, Arc::clone(&clock), "serve").await.unwrap();
    let error = chain(&Pipeline::open(&layout, Arc::clone(&clock), "ingest").await.unwrap_err());
    assert!(error.contains("another process writes to") && error.contains("`waymark serve`, process "), "{error}");
    assert!(error.contains("stop it, or use another `--data` folder"), "{error}");
    drop(first);
    Pipeline::open(&layout, clock, "ingest").await.unwrap();
}
