//! `GET /api/v1/metrics/{id}/rows`: the rows behind a number, counted or not, with the reason.

use super::window::{WindowParams, params};
use crate::app::App;
use crate::encode;
use crate::problem::Problem;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use waymark_analytics::find;

/// At most this many rows are shown at once.
const ROWS_MAX: usize = 1_000;

/// The rows behind a metric in a window: which were counted, which were not and why, with links.
#[utoipa::path(
    get, path = "/api/v1/metrics/{id}/rows", operation_id = "get_rows",
    params(("id" = String, Path, description = "The metric's id"), WindowParams),
    responses(
        (status = 200, description = "`rows` and whether they were cut at 1,000", body = serde_json::Value),
        (status = 400, body = Problem), (status = 404, body = Problem)
    )
)]
pub(crate) async fn rows(
    State(app): State<App>,
    Path(id): Path<String>,
    query: Result<Query<WindowParams>, QueryRejection>,
) -> Result<Response, Problem> {
    let metric = find(&id).ok_or_else(|| Problem::no_such_metric(&id))?;
    let params = params(query)?;
    let window = params.window(&app.engine, metric.subject).await?;
    let batch = app.engine.rows(metric, &window, ROWS_MAX + 1).await?;
    let truncated = batch.num_rows() > ROWS_MAX;
    let batch = batch.slice(0, batch.num_rows().min(ROWS_MAX));
    let rows = encode::json_rows(&[batch]).map_err(|error| Problem::not_drawn(&error))?;
    let body = format!(
        "{{\"metric\":\"{}\",\"definition_version\":{},\"truncated\":{truncated},\"rows\":{rows}}}",
        metric.id, metric.version
    );
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}
