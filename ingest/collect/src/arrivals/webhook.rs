//! Webhooks: prove over the raw bytes, keep, then answer 202. Nothing is parsed here.
//!
//! What cannot be read is kept and rejected later, because senders switch a hook off after a few
//! refusals. Refused are only an unknown path (404), a false proof (401), an oversized body (413),
//! and everything while nothing can be made durable (503).

use crate::connection::{Authentication, Connection};
use crate::signature::proven_by;
use crate::source::Source;
use crate::sources;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Semaphore;
use waymark_event::{Channel, Clock, Delivery, DeliveryId, Proof};
use waymark_lake::{InboxHandle, LakeError};

/// Bodies that may be in memory at the same time, in KiB; who comes then is asked to come again.
const BODIES_KIB_MAX: usize = 256 * 1_024;

/// What the receiver needs.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// Where deliveries are made durable.
    pub inbox: InboxHandle,
    /// The configured connections.
    pub connections: Arc<Vec<Connection>>,
    /// Whether a source that no connection names has one of its own name, which asks for no proof.
    pub accepts_unconfigured: bool,
    /// Larger bodies are refused unread.
    pub body_bytes_max: usize,
    /// Tells the time of receipt.
    pub clock: Arc<dyn Clock>,
}

/// A receiver with room for the bodies that are being read and kept.
#[derive(Clone)]
struct Entrance {
    receiver: Receiver,
    room: Arc<Semaphore>,
}

/// The router of `POST /hooks/{connection}`.
pub fn router(receiver: Receiver) -> Router {
    let entrance = Entrance { receiver, room: Arc::new(Semaphore::new(BODIES_KIB_MAX)) };
    Router::new().route("/hooks/{connection}", post(receive)).with_state(entrance)
}

async fn receive(
    State(Entrance { receiver, room }): State<Entrance>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let connection = receiver.connection(&name).ok_or(Refusal::UnknownConnection)?;
    let source = connection.dialect().ok_or(Refusal::UnknownConnection)?;
    let announced = header_text(&headers, header::CONTENT_LENGTH.as_str()).and_then(|length| length.parse::<usize>().ok());
    if announced.is_some_and(|length| length > receiver.body_bytes_max) {
        return Err(Refusal::TooLarge { max: receiver.body_bytes_max });
    }
    // A body whose size is not announced may be as large as any.
    let room_kib = announced.unwrap_or(receiver.body_bytes_max).div_ceil(1_024).clamp(1, BODIES_KIB_MAX);
    let _room = room.try_acquire_many(u32::try_from(room_kib).unwrap_or(u32::MAX)).map_err(|_| Refusal::Busy)?;
    let bytes =
        to_bytes(body, receiver.body_bytes_max).await.map_err(|_| Refusal::TooLarge { max: receiver.body_bytes_max })?;
    let proof = prove(&connection, source, &headers, &bytes)?;
    let delivery = delivery(&connection, source, &headers, bytes.to_vec(), proof, receiver.clock.as_ref());
    let id = delivery.id.clone();
    receiver.inbox.keep(vec![delivery]).await.map_err(Refusal::NotDurable)?;
    Ok((StatusCode::ACCEPTED, axum::Json(serde_json::json!({ "delivery_id": id }))).into_response())
}

impl Receiver {
    fn connection(&self, name: &str) -> Option<Connection> {
        let configured = self.connections.iter().find(|connection| connection.name == name).cloned();
        configured.or_else(|| {
            let source = sources::find(name).filter(|_| self.accepts_unconfigured)?;
            Some(Connection::unconfigured(source))
        })
    }
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
    NotProven,
    TooLarge { max: usize },
    Busy,
    NotDurable(LakeError),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, kind, detail) = match self {
            Self::UnknownConnection => {
                let known: Vec<&str> = sources::SOURCES.iter().map(|source| source.name()).collect();
                (
                    StatusCode::NOT_FOUND,
                    "no-such-connection",
                    format!("configure a `[[connection]]` of this name with a source of {}", known.join(", ")),
                )
            }
            Self::NotProven => (
                StatusCode::UNAUTHORIZED,
                "not-proven",
                "the signature does not match any secret of this connection".to_owned(),
            ),
            Self::TooLarge { max } => {
                (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", format!("the body is larger than {max} bytes"))
            }
            Self::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "too many messages are being read at the moment, send it again".to_owned(),
            ),
            Self::NotDurable(error) => {
                tracing::error!(error.message = %error, "a delivery could not be made durable and was not acknowledged");
                (StatusCode::SERVICE_UNAVAILABLE, "not-durable", "nothing can be kept at the moment, send it again".to_owned())
            }
        };
        let problem =
            serde_json::json!({ "type": kind, "title": kind.replace('-', " "), "status": status.as_u16(), "detail": detail });
        let content_type = (header::CONTENT_TYPE, "application/problem+json");
        let mut response = (status, [content_type], problem.to_string()).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("5"));
        }
        response
    }
}
