//! Who may ask: the interface over HTTP and the pages, over the engine and the query service.
//!
//! The library knows neither how things arrive nor where they are kept; the binary `waymark`
//! (`main.rs`, `commands/`) joins the stages and mounts the receiver.

pub mod adoption;
mod app;
mod callers;
mod comparison;
pub mod doctor;
pub mod encode;
pub mod explain;
mod pages;
mod problem;
pub mod reporting;
mod routes;
mod status;

pub use app::App;
pub use callers::{Hosts, only_meant};
pub use comparison::{Comparison, ComparisonError, Theirs, comparison};
pub use pages::DELIVERY;
pub use problem::Problem;
pub use routes::{CellBody, openapi};
pub use status::{
    Freshness, HeldLoss, SnapshotStatus, Status, StatusProbe, StreamStatus, TableStatus, duration_in_words, size_in_words,
};

use axum::Router;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use waymark_analytics::{METRICS, Subject, WindowRequest};

/// Makes what people ask for first, so that the first of them need not wait; a failure is only logged.
pub async fn warm(app: &App) {
    for made in [pages::warm(app).await, warm_adoption(app).await] {
        if let Err(problem) = made {
            tracing::warn!(problem.detail = %problem.detail, "what people ask for first could not be made in advance");
        }
    }
}

/// Every metric of adoption as it is asked for without a window: each looks at all components and services, and
/// stays as long as the facts do that it reads.
async fn warm_adoption(app: &App) -> Result<(), Problem> {
    let engine = app.engine.pinned().await?;
    let (as_of, zone) = (engine.newest().await?.as_of(), engine.definitions().zone());
    for metric in METRICS.iter().filter(|metric| metric.subject != Subject::Services) {
        let scope_kind = Some(metric.subject.scope_kind().to_owned());
        let window = WindowRequest { scope_kind, ..WindowRequest::default() }.understand(as_of, zone)?;
        engine.series(metric, &window).await?;
    }
    Ok(())
}

/// Every page and route over an application.
pub fn router(app: App) -> Router {
    let header = |name: &'static str, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    routes::router()
        .merge(pages::router())
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .with_state(app)
        .layer(from_fn(only_readable))
        .layer(header("x-content-type-options", "nosniff"))
        .layer(header("referrer-policy", "same-origin"))
        .layer(header(
            "content-security-policy",
            "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
             form-action 'self'; frame-ancestors 'self'; base-uri 'none'",
        ))
        .layer(CompressionLayer::new())
}

/// Refuses an address that is no text before an extractor does, which would answer in a form of its own.
async fn only_readable(parameters: Result<RawPathParams, RawPathParamsRejection>, request: Request, next: Next) -> Response {
    match parameters.err().and_then(|rejection| Problem::unreadable_address(&rejection)) {
        Some(problem) => problem.into_response(),
        None => next.run(request).await,
    }
}
