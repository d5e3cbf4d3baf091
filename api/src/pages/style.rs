//! `GET /assets/style.css`: the palette of the charts and the rules of the pages.

use axum::http::header;
use axum::response::IntoResponse;
use waymark_reports::palette;

const RULES: &str = include_str!("style.css");

/// The one style sheet.
pub(crate) async fn style() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "public, max-age=300")];
    (headers, format!("{}\n{RULES}", palette::css()))
}
