//! Which requests a server without sign-in answers: those that are meant for it.
//!
//! Everybody on this machine may ask, and so may every page that a browser here has open. A page of another site
//! must neither read, by a name of its own that it lets lead to this address, nor send.

use crate::problem::Problem;
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderName, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::IpAddr;
use std::sync::Arc;

/// The names under which a server is asked beside those of loopback, as `[serve] hosts` lists them.
pub type Hosts = Arc<[String]>;

/// Answers what is meant for this server, and refuses the rest.
pub async fn only_meant(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    let host = text(&request, &header::HOST);
    if let Some(host) = host
        && !is_ours(host, &hosts)
    {
        return Problem::unknown_host(host).into_response();
    }
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if let Some(origin) = text(&request, &header::ORIGIN).filter(|_| !is_read) {
        let sender = origin.split_once("://").map(|(_, sender)| sender);
        let is_own = sender.is_some_and(|sender| Some(sender) == host || hosts.iter().any(|known| known == name(sender)));
        if !is_own {
            return Problem::foreign_origin().into_response();
        }
    }
    next.run(request).await
}

fn text<'request>(request: &'request Request, header: &HeaderName) -> Option<&'request str> {
    request.headers().get(header).map(|value| value.to_str().unwrap_or_default())
}

fn is_ours(host: &str, hosts: &[String]) -> bool {
    let name = name(host);
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost")
        || address.is_ok_and(|address| address.is_loopback())
        || hosts.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// A host without its port; what is none is no name of ours.
fn name(host: &str) -> &str {
    let is_host = host.parse::<Authority>().is_ok() && !host.contains('@');
    // The colons of an address in brackets are no ports.
    let name = host.rsplit_once(':').filter(|(_, port)| !port.contains(']')).map_or(host, |(name, _)| name);
    if is_host { name } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::Body;
    use axum::routing::any;
    use tower::ServiceExt;

    async fn status(method: Method, host: Option<&str>, origin: Option<&str>) -> u16 {
        let hosts: Hosts = Arc::from(vec!["waymark.example.org".to_owned()]);
        let app = Router::new()
            .route("/", any(|| async { "answered" }))
            .layer(axum::middleware::from_fn_with_state(hosts, only_meant));
        let mut request = Request::builder().method(method).uri("/");
        for (header, value) in [(header::HOST, host), (header::ORIGIN, origin)] {
            if let Some(value) = value {
                request = request.header(header, value);
            }
        }
        app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status().as_u16()
    }

    #[tokio::test]
    async fn only_names_of_loopback_and_those_that_are_listed_are_answered() {
        for host in ["127.0.0.1:8080", "localhost", "LOCALHOST:1", "[::1]:8080", "[::1]", "waymark.example.org", "127.9.9.9"] {
            assert_eq!(status(Method::GET, Some(host), None).await, 200, "{host}");
        }
        for host in
            ["evil.example.org:8080", "10.0.0.1", "waymark.example.org.evil.org", "a@127.0.0.1", "", "localhost.evil.org"]
        {
            assert_eq!(status(Method::GET, Some(host), None).await, 421, "{host}");
        }
        assert_eq!(status(Method::GET, None, None).await, 200);
    }

    #[tokio::test]
    async fn pages_of_other_sites_send_nothing() {
        let own = Some("127.0.0.1:8080");
        assert_eq!(status(Method::POST, own, None).await, 200, "a sender is no page");
        assert_eq!(status(Method::POST, own, Some("http://127.0.0.1:8080")).await, 200);
        assert_eq!(status(Method::POST, own, Some("https://waymark.example.org")).await, 200);
        for origin in ["https://evil.example.org", "null", "http://127.0.0.1:3000", "https://waymark.example.org.evil.org"] {
            assert_eq!(status(Method::POST, own, Some(origin)).await, 403, "{origin}");
        }
        assert_eq!(status(Method::GET, own, Some("https://evil.example.org")).await, 200, "what is read, its browser hides");
    }
}
