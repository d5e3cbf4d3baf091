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
pub use problem::{Problem, chain};
pub use routes::{CellBody, openapi};
pub use status::{
    Freshness, HeldLoss, SnapshotStatus, Status, StatusProbe, StreamStatus, TableStatus, duration_in_words, size_in_words,
};

use axum::Router;
use axum::http::{HeaderName, HeaderValue};
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;

/// Renders what people open first, so that the first of them need not wait; a failure is only logged.
pub async fn warm(app: &App) {
    if let Err(problem) = pages::warm(app).await {
        tracing::warn!(problem.detail = %problem.detail, "the home page could not be made in advance");
    }
}

/// Every page and route over an application.
pub fn router(app: App) -> Router {
    let header = |name: &'static str, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    routes::router()
        .merge(pages::router())
        .with_state(app)
        .layer(header("x-content-type-options", "nosniff"))
        .layer(header("referrer-policy", "same-origin"))
        .layer(header(
            "content-security-policy",
            "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
             form-action 'self'; frame-ancestors 'self'; base-uri 'none'",
        ))
        .layer(CompressionLayer::new())
}
