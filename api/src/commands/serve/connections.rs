//! `answer_all`: HTTP over the connections of a listener, until it is told to stop.
//!
//! `axum::serve` does the same, but lets a connection whose request never comes whole stay for ever. What is answered is
//! left to the router; how long an answer and the end may take, to the caller.

use axum::Router;
use axum::serve::Listener;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use std::pin::pin;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How long the head of a request may take to come, and how long a connection is kept for its next request: longer than
/// the two minutes for which proxies keep one, lest a message is sent into a connection that is just being closed.
pub(super) const HEAD_MAX: Duration = Duration::from_secs(150);

/// Answers until told to stop; then takes no further connection, and returns when each has had its answer.
pub(super) async fn answer_all(mut listener: TcpListener, app: Router, head_max: Duration, told: impl Future<Output = ()>) {
    let (stop, stopped) = watch::channel(());
    let mut told = pin!(told);
    loop {
        tokio::select! {
            () = &mut told => break,
            (connection, _) = Listener::accept(&mut listener) => {
                tokio::spawn(answer(connection, app.clone(), head_max, stopped.clone()));
            }
        }
    }
    drop(listener);
    drop(stopped);
    stop.send_replace(());
    stop.closed().await;
}

/// Answers one request after the other; when it is to stop, that which has begun.
async fn answer(connection: TcpStream, app: Router, head_max: Duration, mut stopped: watch::Receiver<()>) {
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(head_max);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(connection), TowerToHyperService::new(app)));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error.message = %error, "a connection broke off");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use std::future::pending;
    use std::net::SocketAddr;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::oneshot;
    use tokio::task::JoinHandle;

    const BRIEF: Duration = Duration::from_millis(200);
    /// Long enough on a busy machine, and nothing waits for it to be over.
    const PATIENCE: Duration = Duration::from_secs(10);
    const HEAD: &[u8] = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n";

    /// A server whose answers take longer than a brief time.
    async fn server(head_max: Duration, told: impl Future<Output = ()> + Send + 'static) -> (SocketAddr, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let slowly = || async {
            tokio::time::sleep(2 * BRIEF).await;
            "answered"
        };
        (address, tokio::spawn(answer_all(listener, Router::new().route("/", get(slowly)), head_max, told)))
    }

    /// A connection that has sent something.
    async fn sent(address: SocketAddr, bytes: &[u8]) -> TcpStream {
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(bytes).await.unwrap();
        connection
    }

    /// Everything that comes until the other side closes.
    async fn heard(mut connection: TcpStream) -> String {
        let mut heard = String::new();
        let read = tokio::time::timeout(PATIENCE, connection.read_to_string(&mut heard)).await;
        read.expect("it stays open").unwrap();
        heard
    }

    #[tokio::test]
    async fn who_never_ends_the_head_of_a_request_is_let_go_of() {
        let (address, _serving) = server(BRIEF, pending()).await;
        let (silent, half, whole) = (sent(address, b"").await, sent(address, &HEAD[..20]).await, sent(address, HEAD).await);
        assert_eq!((heard(silent).await, heard(half).await), (String::new(), String::new()));
        let answered = heard(whole).await;
        assert!(answered.starts_with("HTTP/1.1 200 OK\r\n") && answered.ends_with("\r\n\r\nanswered"), "{answered}");
    }

    #[tokio::test]
    async fn a_server_that_is_told_to_stop_waits_for_no_further_request() {
        let (tell, told) = oneshot::channel();
        let (address, serving) = server(10 * PATIENCE, async { told.await.unwrap() }).await;
        let mut connection = sent(address, HEAD).await;
        let mut answered = Vec::new();
        while !answered.ends_with(b"answered") {
            assert!(connection.read_buf(&mut answered).await.unwrap() > 0, "it broke off");
        }
        tell.send(()).unwrap();
        tokio::time::timeout(PATIENCE, serving).await.expect("it waits for another request").unwrap();
        assert_eq!(heard(connection).await, "");
        assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
    }
}
