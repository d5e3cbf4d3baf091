//! `GET /api/v1/metrics/{id}/compare`: our number beside the same by the rules of other tools.

use super::window::{WindowParams, number, params_with_window, text};
use crate::app::App;
use crate::comparison::{ComparisonBody, comparison};
use crate::problem::Problem;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use waymark_analytics::find;

params_with_window! {
    /// Which numbers are put beside each other.
    CompareParams {}
}

/// One metric by our definition and by the rules of every other tool that has it, over the same facts.
///
/// Without `grain` the trailing window is one period.
#[utoipa::path(
    get, path = "/api/v1/metrics/{id}/compare", operation_id = "compare_metric",
    params(("id" = String, Path, description = "The metric's id"), CompareParams),
    responses(
        (status = 200, body = ComparisonBody),
        (status = 400, body = Problem), (status = 404, body = Problem), (status = 503, body = Problem)
    )
)]
pub(crate) async fn compare(
    State(app): State<App>,
    Path(id): Path<String>,
    query: Result<Query<CompareParams>, QueryRejection>,
) -> Result<Json<ComparisonBody>, Problem> {
    let metric = find(&id).ok_or_else(|| Problem::no_such_metric(&id))?;
    let Query(params) = query.map_err(|rejection| Problem::unread(&rejection))?;
    let mut asked = params.window_params();
    asked.grain.get_or_insert_with(|| "window".to_owned());
    let app = app.pinned().await?;
    let window = asked.window(&app.engine, metric.subject).await?;
    Ok(Json(comparison(&app.engine, metric, &window).await?.body()))
}
