//! `GET /api/v1/status`: what the data folder holds, how fresh it is, and what it takes on the disk.

use crate::app::App;
use crate::problem::Problem;
use crate::status::Status;
use axum::Json;
use axum::extract::State;

/// Snapshot, streams, freshness and disk use, as `waymark status` prints them.
#[utoipa::path(
    get, path = "/api/v1/status", operation_id = "get_status",
    responses((status = 200, body = Status), (status = 503, body = Problem))
)]
pub(crate) async fn status(State(app): State<App>) -> Result<Json<Status>, Problem> {
    app.status().await.map(Json)
}
