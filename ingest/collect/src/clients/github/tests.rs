//! A local server that plays GitHub: what is asked of it, and what becomes of its answers.

use super::*;
use crate::arrivals::poll::{PageSink, PageSinkError, PolledPage};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use futures::future::BoxFuture;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Mutex;
use waymark_event::{Delivery, FixedClock};

const NOW: i64 = 1_780_000_000; // 2026-05-28T20:26:40Z
const SINCE: i64 = NOW - 86_400;

fn seconds(seconds: i64) -> Instant {
    Instant::from_seconds(seconds)
}

/// An answer: status, headers, body. `{host}` stands for the server's own address.
type Scripted = (u16, Vec<(&'static str, String)>, String);

fn ok(body: &str) -> Scripted {
    (200, Vec::new(), body.to_owned())
}

fn ok_with_next(body: &str, next: &str) -> Scripted {
    (200, vec![("link", format!("<{next}>; rel=\"next\""))], body.to_owned())
}

/// What is answered to each path: the first answers once each, the last for ever.
#[derive(Default)]
struct Script {
    host: String,
    answers: BTreeMap<String, Vec<Scripted>>,
    asked: Vec<(String, Option<String>)>,
}

struct Server {
    script: Arc<Mutex<Script>>,
    waits: Arc<Mutex<Vec<Duration>>>,
    client: GithubClient,
}

async fn reply(State(script): State<Arc<Mutex<Script>>>, request: Request) -> Response {
    let path = request.uri().path_and_query().unwrap().to_string();
    let authorization = request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
    let mut script = script.lock().unwrap();
    script.asked.push((path.clone(), authorization));
    let host = script.host.clone();
    let (status, headers, body) = match script.answers.get_mut(&path) {
        Some(answers) if answers.len() > 1 => answers.remove(0),
        Some(answers) => answers[0].clone(),
        None => (404, Vec::new(), r#"{"message":"Not Found"}"#.to_owned()),
    };
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value.replace("{host}", &host));
    }
    response.body(Body::from(body)).unwrap()
}

impl Server {
    async fn start(answers: Vec<(&str, Vec<Scripted>)>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = format!("http://{}", listener.local_addr().unwrap());
        let mut script = Script { host: host.clone(), ..Script::default() };
        let head = r#"{"id":1,"full_name":"acme/checkout","default_branch":"main","html_url":"https://x","private":true}"#;
        script.answers.insert("/repos/acme/checkout".to_owned(), vec![ok(head)]);
        script.answers.insert(RUNS.to_owned(), vec![ok(r#"{"total_count":0,"workflow_runs":[]}"#)]);
        script.answers.insert(DEPLOYMENTS.to_owned(), vec![ok("[]")]);
        script.answers.insert(PULLS.to_owned(), vec![ok("[]")]);
        script.answers.extend(answers.into_iter().map(|(path, answers)| (path.to_owned(), answers)));
        let script = Arc::new(Mutex::new(script));
        let router = Router::new().fallback(reply).with_state(Arc::clone(&script));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let waits = Arc::new(Mutex::new(Vec::new()));
        let waited = Arc::clone(&waits);
        let sleeper: Sleeper = Arc::new(move |wait| {
            waited.lock().unwrap().push(wait);
            Box::pin(std::future::ready(()))
        });
        let config = GithubConfig { token: Some("top-secret".to_owned()), base_url: Some(host), ..GithubConfig::default() };
        let client = GithubClient::new(&config, Arc::new(FixedClock::at(Instant::from_seconds(NOW))), sleeper).unwrap();
        Self { script, waits, client }
    }

    async fn backfill(&self) -> (Result<BackfillCount, ClientError>, Pages) {
        let mut pages = Pages::default();
        let count = self.client.backfill("acme/checkout", Watermarks::all(seconds(SINCE)), &mut pages, &|_| ()).await;
        (count, pages)
    }

    fn asked(&self, part: &str) -> Vec<(String, Option<String>)> {
        let script = self.script.lock().unwrap();
        script.asked.iter().filter(|(path, _)| path.contains(part)).cloned().collect()
    }

    fn waits(&self) -> Vec<u64> {
        self.waits.lock().unwrap().iter().map(Duration::as_secs).collect()
    }
}

const RUNS: &str = "/repos/acme/checkout/actions/runs?created=2026-05-27T20:26:40Z..2026-05-28T20:26:41Z&per_page=100";
const DEPLOYMENTS: &str = "/repos/acme/checkout/deployments?per_page=100";
const PULLS: &str = "/repos/acme/checkout/pulls?state=all&sort=updated&direction=desc&per_page=100";

#[derive(Default)]
struct Pages(Vec<PolledPage>);

impl PageSink for Pages {
    fn keep(&mut self, page: PolledPage) -> BoxFuture<'_, Result<(), PageSinkError>> {
        self.0.push(page);
        Box::pin(std::future::ready(Ok(())))
    }
}

impl Pages {
    fn deliveries(&self) -> Vec<&Delivery> {
        self.0.iter().flat_map(|page| &page.deliveries).collect()
    }

    fn bodies(&self, event_type: &str) -> Vec<Value> {
        let of_type = self.deliveries().into_iter().filter(|delivery| delivery.event_type.as_deref() == Some(event_type));
        of_type.map(|delivery| serde_json::from_slice(&delivery.body).unwrap()).collect()
    }
}

fn runs(ids: &[u64]) -> String {
    let rows: Vec<String> =
        ids.iter().map(|id| format!(r#"{{"id":{id},"status":"completed","created_at":"2026-05-28T10:00:00Z"}}"#)).collect();
    format!(r#"{{"total_count":{},"workflow_runs":[{}]}}"#, ids.len(), rows.join(","))
}

fn ids(bodies: &[Value], field: &str) -> Vec<u64> {
    bodies.iter().map(|body| body[field]["id"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn page_two_keeps_its_credentials() {
    let next = "{host}/repositories/1/actions/runs?page=2";
    let server = Server::start(vec![
        (RUNS, vec![ok_with_next(&runs(&[1, 2]), next)]),
        ("/repositories/1/actions/runs?page=2", vec![ok(&runs(&[3]))]),
    ])
    .await;
    let (count, pages) = server.backfill().await;
    let count = count.unwrap();
    assert_eq!(count.workflow_runs, 3);
    assert_eq!(ids(&pages.bodies("workflow_run"), "workflow_run"), [1, 2, 3]);
    let asked = server.asked("");
    assert!(asked.iter().all(|(_, authorization)| authorization.as_deref() == Some("Bearer top-secret")), "{asked:?}");
    assert_eq!(count.watermarks, Watermarks::all(seconds(NOW - 600)));
    for delivery in pages.deliveries() {
        assert!(!delivery.request_url.as_deref().unwrap().contains("top-secret"));
        assert_eq!((delivery.source.as_str(), delivery.instance.as_str()), ("github", "127.0.0.1"));
    }
    let repository = &pages.bodies("workflow_run")[0]["repository"];
    assert_eq!(repository["full_name"], "acme/checkout");
    assert_eq!(repository.get("private"), None, "only what the dialect reads");
}

#[tokio::test]
async fn a_rate_limit_is_waited_out() {
    let headers = vec![("x-ratelimit-remaining", "0".to_owned()), ("x-ratelimit-reset", (NOW + 40).to_string())];
    let server = Server::start(vec![(DEPLOYMENTS, vec![(403, headers, "{}".to_owned()), ok("[]")])]).await;
    server.backfill().await.0.unwrap();
    assert_eq!(server.waits(), [41]);
    assert_eq!(server.asked("/deployments").len(), 2);
}

#[tokio::test]
async fn an_http_date_is_obeyed() {
    let limited = (429, vec![("retry-after", "Thu, 28 May 2026 20:27:10 GMT".to_owned())], String::new());
    let server = Server::start(vec![(PULLS, vec![limited, ok("[]")])]).await;
    server.backfill().await.0.unwrap();
    assert_eq!(server.waits(), [30]);
}

#[tokio::test]
async fn a_secondary_limit_backs_off() {
    let limited = (403, Vec::new(), r#"{"message":"You have exceeded a secondary rate limit."}"#.to_owned());
    let server = Server::start(vec![(PULLS, vec![limited.clone(), limited, ok("[]")])]).await;
    server.backfill().await.0.unwrap();
    let waits = server.waits();
    assert!((60..=75).contains(&waits[0]) && (120..=150).contains(&waits[1]), "{waits:?}");
}

#[tokio::test]
async fn a_502_is_retried_with_growing_waits() {
    let broken = || (502, Vec::new(), "<html>".to_owned());
    let server = Server::start(vec![(PULLS, vec![broken(), broken(), broken(), ok("[]")])]).await;
    server.backfill().await.0.unwrap();
    let waits = server.waits.lock().unwrap().clone();
    assert_eq!(waits.len(), 3);
    assert!(waits.is_sorted() && waits[0] >= Duration::from_secs(1) && waits[2] >= Duration::from_secs(4), "{waits:?}");
    let hopeless = Server::start(vec![(PULLS, vec![broken()])]).await;
    let error = hopeless.backfill().await.0.unwrap_err();
    assert!(matches!(error, ClientError::Refused { status: 502, .. }), "{error}");
}

#[tokio::test]
async fn an_empty_page_is_not_the_end() {
    let server = Server::start(vec![
        (PULLS, vec![ok_with_next("[]", "{host}/pulls?page=2")]),
        ("/pulls?page=2", vec![ok(r#"[{"number":7,"updated_at":"2026-05-28T10:00:00Z","merged_at":null}]"#)]),
    ])
    .await;
    let (count, pages) = server.backfill().await;
    assert_eq!(count.unwrap().pull_requests, 1);
    assert_eq!(pages.bodies("pull_request")[0]["pull_request"]["number"], 7);
}

#[tokio::test]
async fn a_foreign_next_page_is_refused() {
    let server = Server::start(vec![(PULLS, vec![ok_with_next("[]", "https://elsewhere.example.org/pulls?page=2")])]).await;
    let (error, pages) = server.backfill().await;
    let error = error.unwrap_err();
    assert!(matches!(&error, ClientError::ForeignPage { host, .. } if host == "elsewhere.example.org"), "{error}");
    assert!(pages.0.iter().all(|page| page.list != "pull_requests"), "nothing of that list is complete");
}

#[tokio::test]
async fn one_odd_row_does_not_lose_the_page() {
    let page = r#"{"total_count":3,"workflow_runs":[{"id":1,"status":"completed"},
        {"id":"two","status":7,"conclusion":"word_of_tomorrow","head_branch":null},{"id":3,"run_attempt":  2.50}]}"#;
    let server = Server::start(vec![(RUNS, vec![ok(page)])]).await;
    let (count, pages) = server.backfill().await;
    assert_eq!(count.unwrap().workflow_runs, 3);
    let bytes = String::from_utf8(pages.0[0].deliveries[2].body.clone()).unwrap();
    assert!(bytes.ends_with(r#""workflow_run":{"id":3,"run_attempt":  2.50}}"#), "the item's own bytes: {bytes}");
}

#[tokio::test]
async fn windows_are_halved_past_a_thousand() {
    let half = |from: &str, to: &str| format!("/repos/acme/checkout/actions/runs?created={from}..{to}&per_page=100");
    let older = half("2026-05-27T20:26:40Z", "2026-05-28T08:26:40Z");
    let newer = half("2026-05-28T08:26:40Z", "2026-05-28T20:26:41Z");
    let server = Server::start(vec![
        (RUNS, vec![ok(r#"{"total_count":1001,"workflow_runs":[{"id":9}]}"#)]),
        (older.as_str(), vec![ok(&runs(&[1]))]),
        (newer.as_str(), vec![ok(&runs(&[2]))]),
    ])
    .await;
    let (count, pages) = server.backfill().await;
    assert_eq!(ids(&pages.bodies("workflow_run"), "workflow_run"), [1, 2], "oldest first");
    assert_eq!(count.unwrap().watermarks, Watermarks::all(seconds(NOW - 600)));
}

#[tokio::test]
async fn a_running_run_holds_the_watermark_back() {
    let page = r#"{"total_count":1,"workflow_runs":[{"id":1,"status":"in_progress","created_at":"2026-05-28T18:00:00Z"}]}"#;
    let server = Server::start(vec![(RUNS, vec![ok(page)])]).await;
    let found = server.backfill().await.0.unwrap().watermarks;
    let held = Instant::parse("2026-05-28T17:50:00Z").unwrap();
    assert_eq!(found, Watermarks { workflow_runs: held, ..Watermarks::all(seconds(NOW - 600)) });
}

#[tokio::test]
async fn deployments_bring_their_statuses_until_the_start() {
    let page = r#"[{"id":3,"created_at":"2026-05-28T10:00:00Z"},{"id":2,"created_at":"2026-05-28T09:00:00Z"},
        {"id":1,"created_at":"2026-05-01T00:00:00Z"}]"#;
    let server = Server::start(vec![
        (DEPLOYMENTS, vec![ok_with_next(page, "{host}/never")]),
        ("/repos/acme/checkout/deployments/3/statuses?per_page=100", vec![ok(r#"[{"id":31,"state":"in_progress"}]"#)]),
        (
            "/repos/acme/checkout/deployments/2/statuses?per_page=100",
            vec![ok_with_next(r#"[{"id":22,"state":"success"}]"#, "{host}/statuses?page=2")],
        ),
        ("/statuses?page=2", vec![ok(r#"[{"id":21,"state":"queued"}]"#)]),
    ])
    .await;
    let (count, pages) = server.backfill().await;
    let count = count.unwrap();
    assert_eq!((count.deployments, count.deployment_statuses), (2, 3));
    assert_eq!(ids(&pages.bodies("deployment"), "deployment"), [3, 2]);
    assert_eq!(ids(&pages.bodies("deployment_status"), "deployment_status"), [31, 22, 21]);
    assert_eq!(ids(&pages.bodies("deployment_status"), "deployment"), [3, 2, 2]);
    assert!(server.asked("/never").is_empty(), "the start was reached");
    let held = Instant::parse("2026-05-28T09:50:00Z").unwrap();
    assert_eq!(count.watermarks.deployments, held, "deployment 3 is still running");
}

#[tokio::test]
async fn a_merged_pull_request_brings_its_commits() {
    let page = r#"[{"number":12,"updated_at":"2026-05-28T10:00:00Z","merged_at":"2026-05-28T10:00:00Z"},
        {"number":11,"updated_at":"2026-05-28T09:00:00Z","merged_at":null},{"number":10,"updated_at":"2026-05-01T00:00:00Z"}]"#;
    let commits = "/repos/acme/checkout/pulls/12/commits?per_page=100";
    let server = Server::start(vec![
        (PULLS, vec![ok(page)]),
        (commits, vec![ok_with_next(r#"[{"sha":"a"},{"sha":"b"}]"#, "{host}/commits?page=2")]),
        ("/commits?page=2", vec![ok(r#"[{"sha":"c"}]"#)]),
    ])
    .await;
    let (count, pages) = server.backfill().await;
    let count = count.unwrap();
    assert_eq!((count.pull_requests, count.pull_request_commits), (2, 1));
    let body = &pages.bodies("pull_request_commits")[0];
    assert_eq!(body["number"], 12);
    assert_eq!(body["pull_request_updated_at"], "2026-05-28T10:00:00Z");
    assert_eq!(body["commits"], serde_json::json!([{"sha":"a"},{"sha":"b"},{"sha":"c"}]));
    assert_eq!(body["repository"]["default_branch"], "main");
}

#[tokio::test]
async fn each_list_is_read_from_where_it_is_complete() {
    let deployments = r#"[{"id":2,"created_at":"2026-05-28T10:00:00Z"},{"id":1,"created_at":"2026-05-28T09:00:00Z"}]"#;
    let pulls = r#"[{"number":8,"updated_at":"2026-05-28T10:00:00Z"},{"number":7,"updated_at":"2026-05-28T09:00:00Z"}]"#;
    let server = Server::start(vec![(DEPLOYMENTS, vec![ok(deployments)]), (PULLS, vec![ok(pulls)])]).await;
    let half_past_nine = Instant::parse("2026-05-28T09:30:00Z").unwrap();
    let since = Watermarks { deployments: half_past_nine, ..Watermarks::all(seconds(SINCE)) };
    let count = server.client.backfill("acme/checkout", since, &mut Pages::default(), &|_| ()).await.unwrap();
    assert_eq!((count.deployments, count.pull_requests), (1, 2));
    assert_eq!(server.asked("/actions/runs").len(), 1, "since its own instant");
}

#[test]
fn what_was_not_read_in_between_is_not_forgotten() {
    let [early, known, late, here] = [1, 2, 3, 4].map(|hour| Watermarks::all(seconds(SINCE + hour * 3_600)));
    for (since, remembered) in [(early, here), (known, here), (late, known)] {
        assert_eq!(here.after(known, since), remembered, "since {since:?}");
    }
    let one_is_late = Watermarks { deployments: late.deployments, ..known };
    assert_eq!(here.after(known, one_is_late), Watermarks { deployments: known.deployments, ..here });
    assert_eq!(Watermarks::of_texts(&one_is_late.to_texts()), Some(one_is_late));
    let mut texts = known.to_texts();
    texts.remove("deployments");
    assert_eq!(Watermarks::of_texts(&texts), None);
}

#[tokio::test]
async fn a_closed_list_is_named_and_the_others_are_read() {
    let closed = (403, Vec::new(), r#"{"message":"Resource not accessible by personal access token"}"#.to_owned());
    let server = Server::start(vec![(RUNS, vec![closed])]).await;
    let count = server.backfill().await.0.unwrap();
    assert_eq!(count.unavailable.len(), 1);
    assert!(count.unavailable[0].ends_with("Resource not accessible by personal access token"), "{:?}", count.unavailable);
    let stays = Watermarks { workflow_runs: seconds(SINCE), ..Watermarks::all(seconds(NOW - 600)) };
    assert_eq!(count.watermarks, stays, "what was not read is asked for again");
    assert_eq!(server.asked("/pulls").len(), 1);
}

#[tokio::test]
async fn a_refused_token_says_so() {
    let refused = (401, Vec::new(), r#"{"message":"Bad credentials"}"#.to_owned());
    let server = Server::start(vec![("/repos/acme/checkout", vec![refused])]).await;
    let error = server.backfill().await.0.unwrap_err();
    assert_eq!(error.to_string(), "the token was refused at `/repos/acme/checkout`: Bad credentials");
    let since = Watermarks::all(seconds(SINCE));
    let error = server.client.backfill("checkout", since, &mut Pages::default(), &|_| ()).await;
    assert_eq!(error.unwrap_err().to_string(), "`checkout` is no repository: write it as `owner/name`");
    let asked = server.client.backfill("acme/gone", since, &mut Pages::default(), &|_| ()).await;
    assert_eq!(asked.unwrap_err().to_string(), "there is no `/repos/acme/gone`, or the token may not see it");
}

#[tokio::test]
async fn a_server_of_ones_own_has_a_path() {
    let config = GithubConfig { base_url: Some("https://git.example.org/api/v3".to_owned()), ..GithubConfig::default() };
    let clock = Arc::new(FixedClock::at(Instant::from_seconds(NOW)));
    let client = GithubClient::new(&config, clock, crate::arrivals::poll::real_sleeper()).unwrap();
    assert_eq!(client.url("/repos/a/b").as_str(), "https://git.example.org/api/v3/repos/a/b");
    assert_eq!(client.url("/api/v3/repositories/1?page=2").as_str(), "https://git.example.org/api/v3/repositories/1?page=2");
    assert_eq!(client.from.instance, "git.example.org");
    assert!(base_url("https://user:secret@git.example.org").is_err());
}
