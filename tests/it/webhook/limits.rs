//! Bodies that come slowly, broken off, or too many at the same time: who sends nothing keeps nobody out.

use super::{Answer, BODY_BYTES_MAX, careful, post};
use axum::Router;
use axum::body::Body;
use futures::future::join_all;
use futures::{StreamExt, stream};
use http::StatusCode;
use std::convert::Infallible;
use std::io::ErrorKind;
use std::time::Duration;
use waymark_collect::arrivals::webhook::{BodyLimits, Receiver, router};
use waymark_lake::{Inbox, InboxLimits, Layout};

/// Long enough that a message that comes at once is read, also on a busy machine.
const READING_MAX: Duration = Duration::from_millis(300);

/// A receiver of which only the limits differ from the usual one.
fn limited(layout: &Layout, limits: BodyLimits) -> Router {
    router(Receiver { limits, ..careful(layout, InboxLimits::default()) })
}

/// A body of so many bytes, behind which nothing comes any more.
fn stalled(size_bytes: usize) -> Body {
    let begun = stream::iter([Ok::<_, Infallible>(vec![b' '; size_bytes])]);
    Body::from_stream(begun.chain(stream::pending()))
}

fn assert_too_slow(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::REQUEST_TIMEOUT, "{}", answer.body);
    assert_eq!(answer.body["type"], "body-too-slow");
    assert!(answer.body["detail"].as_str().unwrap().contains("within 300ms"), "{}", answer.body);
}

#[tokio::test]
async fn senders_that_announce_much_and_send_one_byte_keep_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::open(folder.path()).unwrap();
    let limits = BodyLimits { reading_max: READING_MAX, ..BodyLimits::of_size(BODY_BYTES_MAX) };
    let router = limited(&layout, limits);
    let largest = BODY_BYTES_MAX.to_string();
    let announced = [("content-length", largest.as_str())];
    let slow = join_all((0..11).map(|_| post(&router, "open", &announced, stalled(1))));
    let (slow, other) = tokio::join!(slow, post(&router, "open", &[], "{}"));
    assert_eq!(other.status, StatusCode::ACCEPTED, "{}", other.body);
    slow.iter().for_each(assert_too_slow);
    assert_eq!(Inbox::open(&layout).unwrap().waiting(0).unwrap(), 1, "what did not come whole is not kept");
}

#[tokio::test]
async fn room_is_taken_by_what_has_come_and_given_back_when_the_time_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::open(folder.path()).unwrap();
    let router = limited(&layout, BodyLimits { size_bytes_max: 100, reading_max: READING_MAX, together_bytes_max: 150 });
    let beside = async {
        let crowded = post(&router, "open", &[], vec![b' '; 71]).await;
        (crowded, post(&router, "open", &[], vec![b' '; 70]).await)
    };
    let (slow, (crowded, small)) = tokio::join!(post(&router, "open", &[], stalled(80)), beside);
    assert_too_slow(&slow);
    assert_eq!((crowded.status, crowded.retry_after.as_deref()), (StatusCode::SERVICE_UNAVAILABLE, Some("5")));
    assert_eq!(crowded.body["type"], "busy");
    assert_eq!(small.status, StatusCode::ACCEPTED, "what fits beside it is taken");
    let again = join_all([100, 50].map(|size_bytes| post(&router, "open", &[], vec![b' '; size_bytes])));
    assert!(again.await.iter().all(|answer| answer.status == StatusCode::ACCEPTED), "all of the room is free again");
}

#[tokio::test]
async fn the_largest_body_finds_room_when_it_comes_alone() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::open(folder.path()).unwrap();
    let router = limited(&layout, BodyLimits { together_bytes_max: 10, ..BodyLimits::of_size(100) });
    assert_eq!(post(&router, "open", &[], vec![b' '; 100]).await.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_not_called_too_large() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::open(folder.path()).unwrap();
    let router = limited(&layout, BodyLimits::of_size(BODY_BYTES_MAX));
    let broken = stream::iter([Ok(vec![b'{']), Err(std::io::Error::from(ErrorKind::ConnectionReset))]);
    let answer = post(&router, "open", &[], Body::from_stream(broken)).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.body["type"], "body-broken-off");
    assert!(Inbox::open(&layout).unwrap().after(0, 1).unwrap().is_empty());
}

#[tokio::test]
async fn a_body_in_many_pieces_is_kept_whole() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::open(folder.path()).unwrap();
    let router = limited(&layout, BodyLimits::of_size(BODY_BYTES_MAX));
    let whole: Vec<u8> = (0..=u8::MAX).collect();
    let pieces: Vec<_> = whole.chunks(7).map(|piece| Ok::<_, Infallible>(piece.to_vec())).collect();
    let answer = post(&router, "open", &[], Body::from_stream(stream::iter(pieces))).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(Inbox::open(&layout).unwrap().after(0, 1).unwrap()[0].delivery.body, whole);
}
