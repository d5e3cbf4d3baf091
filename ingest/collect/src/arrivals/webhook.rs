//! Webhooks: prove over the raw bytes, keep, then answer 202. Nothing is parsed here.
//!
//! What cannot be understood is kept and rejected later, because senders switch a hook off after a few
//! refusals. Refused are only an unknown path (404), a wrong method (405), a false proof (401), no length in
//! HTTP/1.0 (411), a body that is too large (413),
//! compressed (415), too slow (408) or broken off (400), and everything while there is no room or nothing
//! can be made durable (503).

mod room;

pub use room::BodyLimits;

use self::room::{Room, Unread};
use crate::connection::{Authentication, Connection};
use crate::repeated::Repeated;
use crate::signature::proven_by;
use crate::source::Source;
use crate::sources;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use waymark_event::{Channel, Clock, Delivery, DeliveryId, Proof, chain, suggestion};
use waymark_lake::InboxHandle;

/// So much of a name that nobody knows is logged: it may be as long as an address.
const LOGGED_NAME_CHARS_MAX: usize = 64;

/// What `Content-Encoding` calls a body that has to be unpacked. Some senders write other words there, which change
/// nothing.
const COMPRESSIONS: &[&str] = &["gzip", "x-gzip", "deflate", "compress", "x-compress", "br", "zstd"];

/// What the receiver needs.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// Where deliveries are made durable.
    pub inbox: InboxHandle,
    /// The configured connections.
    pub connections: Arc<Vec<Connection>>,
    /// Whether a source that no connection names has one of its own name, which asks for no proof.
    pub accepts_unconfigured: bool,
    /// How large bodies may be, how long they may take, and how much they may hold together.
    pub limits: BodyLimits,
    /// Tells the time of receipt.
    pub clock: Arc<dyn Clock>,
}

/// A receiver with what its messages share.
struct Entrance {
    receiver: Receiver,
    room: Room,
    keeping: Mutex<Repeated>,
}

/// The router of `POST /hooks/{connection}`.
pub fn router(receiver: Receiver) -> Router {
    let entrance = Entrance { room: Room::new(receiver.limits), receiver, keeping: Mutex::default() };
    let router = Router::new().route("/hooks/{connection}", post(receive));
    router.method_not_allowed_fallback(|| async { Refusal::WrongMethod }).with_state(Arc::new(entrance))
}

async fn receive(
    State(entrance): State<Arc<Entrance>>,
    Path(name): Path<String>,
    version: Version,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let receiver = &entrance.receiver;
    let connection = receiver.connection(&name).ok_or_else(|| receiver.unknown(&name))?;
    let source = connection.dialect().ok_or_else(|| receiver.unknown(&name))?;
    if is_compressed(&headers) {
        tracing::warn!(connection.name = %connection.name, "a delivery was refused: its body is compressed");
        return Err(Refusal::Compressed);
    }
    // Without a length, a body of HTTP/1.0 goes on to the end of the connection and would be taken for an empty one.
    if version <= Version::HTTP_10 && !headers.contains_key(header::CONTENT_LENGTH) {
        tracing::warn!(connection.name = %connection.name, "a delivery was refused: HTTP/1.0 and no length");
        return Err(Refusal::NoLength);
    }
    let announced_bytes = header_text(&headers, header::CONTENT_LENGTH.as_str()).and_then(|length| length.parse().ok());
    let (body, _place) = entrance.room.read(announced_bytes, body).await.map_err(|unread| not_read(&connection, unread))?;
    let proof = prove(&connection, source, &headers, &body)?;
    let delivery = delivery(&connection, source, &headers, body, proof, receiver.clock.as_ref());
    let id = delivery.id.clone();
    entrance.keep(delivery).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(serde_json::json!({ "delivery_id": id }))).into_response())
}

impl Entrance {
    /// Keeps a delivery. What stands in the way of one, such as a full disk, stands in the way of each that comes, and is
    /// told once.
    async fn keep(&self, delivery: Delivery) -> Result<(), Refusal> {
        let kept = self.receiver.inbox.keep(vec![delivery]).await;
        let mut keeping = self.keeping.lock().unwrap_or_else(PoisonError::into_inner);
        let Err(error) = kept else {
            keeping.end();
            return Ok(());
        };
        let text = chain(&error);
        if let Some(untold) = keeping.tell(&text, Instant::now()) {
            tracing::error!(error.message = %text, error.untold = untold, "deliveries could not be made durable and were not acknowledged");
        }
        Err(Refusal::NotDurable)
    }
}

impl Receiver {
    fn connection(&self, name: &str) -> Option<Connection> {
        let configured = self.connections.iter().find(|connection| connection.name == name).cloned();
        configured.or_else(|| {
            let source = sources::find(name).filter(|_| self.accepts_unconfigured)?;
            Some(Connection::unconfigured(source))
        })
    }

    /// Which connections there are is said in the log and not in the answer: hooks are open to strangers, and where no
    /// proof is asked for, the name is all that one has to know.
    fn unknown(&self, name: &str) -> Refusal {
        let unconfigured = sources::SOURCES.iter().map(|source| source.name()).filter(|_| self.accepts_unconfigured);
        let known = self.connections.iter().map(|connection| connection.name.as_str()).chain(unconfigured);
        let name: String = name.chars().take(LOGGED_NAME_CHARS_MAX).collect();
        let suggestion = suggestion(&name, known);
        tracing::warn!(connection.name = ?name, "a delivery was refused: no connection has this name{suggestion}");
        Refusal::UnknownConnection
    }
}

/// Nothing would be read from it, as long as its sender does not change: better that one is told at once.
fn is_compressed(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::CONTENT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut codings = values.flat_map(|value| value.split(',')).map(|coding| coding.trim().to_ascii_lowercase());
    codings.any(|coding| COMPRESSIONS.contains(&coding.as_str()))
}

/// A warning, because a sender that is too slow or breaks off every time is known by nothing else.
fn not_read(connection: &Connection, unread: Unread) -> Refusal {
    tracing::warn!(connection.name = %connection.name, error.message = %chain(&unread), "a delivery was refused: it was not read");
    Refusal::Unread(unread)
}

fn prove(connection: &Connection, source: &dyn Source, headers: &HeaderMap, body: &[u8]) -> Result<Proof, Refusal> {
    if connection.authentication == Authentication::None && connection.secrets.is_empty() {
        return Ok(Proof::NoneConfigured);
    }
    let header = |name: &str| header_text(headers, name);
    if let Some(secret_id) = proven_by(source.proof(), &connection.secrets, header, body) {
        tracing::debug!(connection.name = %connection.name, secret.id = secret_id, "a delivery was proven");
        Ok(Proof::Valid)
    } else {
        tracing::warn!(connection.name = %connection.name, "a delivery was refused: its signature does not match any secret");
        Err(Refusal::NotProven)
    }
}

fn delivery(
    connection: &Connection,
    source: &dyn Source,
    headers: &HeaderMap,
    body: Vec<u8>,
    proof: Proof,
    clock: &dyn Clock,
) -> Delivery {
    let received_at = clock.now();
    let kept: BTreeMap<String, String> =
        source.kept_headers().iter().filter_map(|name| Some(((*name).to_owned(), header_text(headers, name)?))).collect();
    let envelope = source.envelope(&kept);
    Delivery {
        id: DeliveryId::received(received_at),
        source: source.name().to_owned(),
        instance: connection.instance.clone().unwrap_or_else(|| source.default_instance().to_owned()),
        connection: connection.name.clone(),
        channel: Channel::Webhook,
        event_type: envelope.event_type,
        vendor_delivery_id: envelope.vendor_delivery_id,
        headers: kept,
        content_type: header_text(headers, header::CONTENT_TYPE.as_str()),
        body,
        proof,
        request_url: None,
        received_at,
    }
}

fn header_text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned)
}

/// Why a message is not accepted.
#[derive(Debug)]
enum Refusal {
    UnknownConnection,
    WrongMethod,
    NoLength,
    Compressed,
    NotProven,
    Unread(Unread),
    NotDurable,
}

impl Refusal {
    /// The status, a stable word for the kind of refusal, and what the sender can do.
    fn said(&self) -> (StatusCode, &'static str, String) {
        match self {
            Self::UnknownConnection => {
                let known: Vec<&str> = sources::SOURCES.iter().map(|source| source.name()).collect();
                let detail = format!(
                    "no connection has this name: see in the log of the server whether another one was meant, or configure \
                     a `[[connection]]` of this name with a source of {}",
                    known.join(", ")
                );
                (StatusCode::NOT_FOUND, "no-such-connection", detail)
            }
            Self::WrongMethod => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "this address takes no request of this method: the header `allow` names those that it takes".to_owned(),
            ),
            Self::NoLength => (
                StatusCode::LENGTH_REQUIRED,
                "length-required",
                "a request of HTTP/1.0 must name its length: send `Content-Length`, or send it by HTTP/1.1".to_owned(),
            ),
            Self::Compressed => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "compressed-body",
                "compressed bodies are not understood: send it plain, without `Content-Encoding`".to_owned(),
            ),
            Self::NotProven => (
                StatusCode::UNAUTHORIZED,
                "not-proven",
                "the signature does not match any secret of this connection".to_owned(),
            ),
            Self::Unread(unread) => {
                let (status, kind) = match unread {
                    Unread::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large"),
                    Unread::TooSlow { .. } => (StatusCode::REQUEST_TIMEOUT, "body-too-slow"),
                    Unread::BrokenOff { .. } => (StatusCode::BAD_REQUEST, "body-broken-off"),
                    Unread::NoRoom => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
                };
                (status, kind, unread.to_string())
            }
            Self::NotDurable => {
                (StatusCode::SERVICE_UNAVAILABLE, "not-durable", "nothing can be kept at the moment, send it again".to_owned())
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, kind, detail) = self.said();
        let problem =
            serde_json::json!({ "type": kind, "title": kind.replace('-', " "), "status": status.as_u16(), "detail": detail });
        let content_type = (header::CONTENT_TYPE, "application/problem+json");
        let mut response = (status, [content_type], problem.to_string()).into_response();
        if !matches!(self, Self::NotProven | Self::NotDurable) {
            // What is left of the body would be taken for the next request: the sender is told to open another connection.
            response.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("close"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("5"));
        }
        response
    }
}
