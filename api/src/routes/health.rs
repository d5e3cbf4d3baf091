//! `GET /healthz` and `/readyz`: whether the process lives, and whether it can answer.

use crate::app::App;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// What can be answered from.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReadyBody {
    /// The snapshot that is read.
    snapshot: String,
    /// The instant that answers describe, RFC 3339.
    as_of: String,
}

/// The process is up.
#[utoipa::path(get, path = "/healthz", operation_id = "is_alive", responses((status = 200, description = "It is up")))]
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// There is a snapshot to answer from, and threads to answer with.
#[utoipa::path(get, path = "/readyz", operation_id = "is_ready", responses((status = 200, body = ReadyBody), (status = 503, body = Problem)))]
pub(crate) async fn ready(State(app): State<App>) -> Result<Json<ReadyBody>, Problem> {
    if app.queries.is_stuck() {
        return Err(Problem::not_ready("half of the threads for SQL are held by questions that were stopped: see the log"));
    }
    let opened = app.engine.newest().await?;
    Ok(Json(ReadyBody { snapshot: opened.snapshot.id.clone(), as_of: opened.as_of().to_rfc3339() }))
}
