//! Back-fills as an operator types them, night after night, against a server that plays the interface.
//!
//! What becomes of its answers is tested beside the client.

use crate::harness::{program, skipped};
use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// An interface that lists nothing.
#[derive(Default)]
struct Interface {
    asked: Vec<String>,
    /// Its last list goes on at another host, which ends a back-fill.
    leads_away: bool,
}

async fn reply(State(interface): State<Arc<Mutex<Interface>>>, request: Request) -> Response {
    let path = request.uri().path_and_query().unwrap().to_string();
    let body = match path.split('?').next().unwrap() {
        "/repos/acme/checkout" => r#"{"id":1,"full_name":"acme/checkout","default_branch":"main"}"#,
        "/repos/acme/checkout/actions/runs" => r#"{"total_count":0,"workflow_runs":[]}"#,
        _ => "[]",
    };
    let mut interface = interface.lock().unwrap();
    let next = (interface.leads_away && path.contains("/pulls")).then_some("<https://elsewhere.example.org/2>; rel=\"next\"");
    interface.asked.push(path);
    match next {
        Some(next) => ([("link", next)], body).into_response(),
        None => body.into_response(),
    }
}

/// Runs a back-fill as of an instant, since a day if one is given; says whether it ended well, and what it said.
fn back_fill(program: &Path, place: &Path, address: &str, as_of: &str, since: Option<&str>) -> (bool, String) {
    std::fs::write(place.join("waymark.toml"), format!("as_of = \"{as_of}\"\n")).unwrap();
    let mut command = Command::new(program);
    command.args(["backfill", "github", "--repo", "acme/checkout", "--base-url", address]);
    command.args(since.into_iter().flat_map(|since| ["--since", since]));
    command.arg("--data").arg(place.join("data")).arg("--config").arg(place.join("waymark.toml")).current_dir(place);
    command.env_remove("WAYMARK_DATA").env_remove("WAYMARK_CONFIG").env_remove("WAYMARK_GITHUB_TOKEN");
    let output = command.output().unwrap();
    (output.status.success(), String::from_utf8(output.stderr).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_back_fill_goes_on_from_where_the_last_one_came_to() {
    let Some(program) = program() else {
        return skipped("back-fills by command", "the program is not built: run `cargo build` first");
    };
    let interface = Arc::new(Mutex::new(Interface::default()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(reply).with_state(Arc::clone(&interface));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let place = tempfile::tempdir().unwrap();
    let on_the_tenth = Some("2026-03-10T11:50:00Z");
    for (as_of, since, leads_away, asked_since, said) in [
        ("2026-03-10T12:00:00Z", None, false, None, "say how far back it goes"),
        ("2026-03-10T12:00:00Z", Some("2026-03-01"), false, Some("2026-03-01T00:00:00Z"), "goes on from 2026-03-10T11:50:00Z"),
        // How far one came that did not end well is not remembered.
        ("2026-03-11T12:00:00Z", None, true, on_the_tenth, "is on another host"),
        ("2026-03-12T12:00:00Z", None, false, on_the_tenth, "going on from 2026-03-10T11:50:00Z"),
        // What an operator leaves out is not forgotten: the next one goes on from before it.
        ("2026-03-14T12:00:00Z", Some("2026-03-14"), false, Some("2026-03-14T00:00:00Z"), "goes on from 2026-03-12T11:50:00Z"),
        ("2026-03-15T12:00:00Z", None, false, Some("2026-03-12T11:50:00Z"), "goes on from 2026-03-15T11:50:00Z"),
    ] {
        interface.lock().unwrap().leads_away = leads_away;
        let (is_well, text) = back_fill(&program, place.path(), &address, as_of, since);
        assert_eq!(is_well, asked_since.is_some() && !leads_away, "as of {as_of}: {text}");
        assert!(text.contains(said), "as of {as_of}: {text}");
        let asked = std::mem::take(&mut interface.lock().unwrap().asked);
        let found = asked.iter().find_map(|path| path.split_once("created=")?.1.split_once("..")).map(|(since, _)| since);
        assert_eq!(found, asked_since, "as of {as_of}: {asked:?}");
    }
}
