//! What the log says of refused messages: enough to find the mistake, once where it stays, and more than a stranger hears.

use super::{careful, open, post};
use http::StatusCode;
use std::fs::File;
use std::sync::Arc;
use tracing_subscriber::util::SubscriberInitExt;
use waymark_collect::arrivals::webhook::router;
use waymark_lake::{InboxLimits, Layout};

/// What is logged on this thread while a piece of work is done.
async fn log_of(work: impl Future<Output = ()>) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    let log: File = file.reopen().unwrap();
    let listening = tracing_subscriber::fmt().with_writer(Arc::new(log)).with_ansi(false).finish().set_default();
    work.await;
    drop(listening);
    std::fs::read_to_string(file.path()).unwrap()
}

#[tokio::test]
async fn what_keeps_every_delivery_from_being_kept_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::open(folder.path()).unwrap();
    let router = open(&layout, InboxLimits { rows_max: 0, ..InboxLimits::default() });
    let log = log_of(async {
        for _ in 0..3 {
            let answer = post(&router, "open", &[], "{}").await;
            assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(answer.body["type"], "not-durable");
        }
    })
    .await;
    assert_eq!(log.matches("ERROR").count(), 1, "{log}");
    assert!(log.contains("deliveries could not be made durable"), "{log}");
}

#[tokio::test]
async fn the_log_says_which_connection_may_be_meant_and_the_answer_names_none() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::open(folder.path()).unwrap();
    let cases = [
        (router(careful(&layout, InboxLimits::default())), "provn", "did you mean `proven`?"),
        (router(careful(&layout, InboxLimits::default())), "something-else", "there is forgotten, open, proven"),
        (open(&layout, InboxLimits::default()), "gihub", "did you mean `github`?"),
    ];
    for (router, name, told) in cases {
        let log = log_of(async {
            let answer = post(&router, name, &[], "{}").await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{name}");
            let said = answer.body["detail"].as_str().unwrap();
            assert!(["proven", "forgotten", "open"].iter().all(|known| !said.contains(known)), "{said}");
        })
        .await;
        assert!(log.contains(told) && log.contains(name), "{log}");
    }
}
