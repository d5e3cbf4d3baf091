//! `GET /api/v1/metrics/{id}/compare`: our number beside the same by the rules of other tools.

use super::window::{WindowParams, number, text};
use crate::app::App;
use crate::comparison::{ComparisonBody, comparison};
use crate::problem::Problem;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use waymark_analytics::find;

/// Which numbers are put beside each other.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CompareParams {
    /// `service`, `team`, `system`, `organisation`, `component`, `component_team`, `component_alternative`,
    /// `component_reason`, `category` or `category_vendor`;
    /// default: the organisation, or every component or category for a metric of those.
    #[serde(default, deserialize_with = "text")]
    scope_kind: Option<String>,
    /// The scope's name; several are separated by commas, and `\,` is a comma of a name.
    #[serde(default, deserialize_with = "text")]
    scope: Option<String>,
    /// `day`, `week`, `month`, `quarter`, or `window` for the whole range; default: week.
    #[serde(default, deserialize_with = "text")]
    grain: Option<String>,
    /// First day: `2026-03-02`, `2026-W10`, `2026-Q1`, or an RFC 3339 instant.
    #[serde(default, deserialize_with = "text")]
    from: Option<String>,
    /// First day that no longer belongs to it, in the same forms.
    #[serde(default, deserialize_with = "text")]
    to: Option<String>,
    /// How many complete periods before now; default: 13, and 90 days for `grain=window`.
    #[serde(default, deserialize_with = "number")]
    #[param(minimum = 1)]
    last: Option<u32>,
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
    let CompareParams { scope_kind, scope, grain, from, to, last } = params;
    let grain = grain.or_else(|| Some("window".to_owned()));
    let asked = WindowParams { scope_kind, scope, grain, from, to, last };
    let app = app.pinned().await?;
    let window = asked.window(&app.engine, metric.subject).await?;
    Ok(Json(comparison(&app.engine, metric, &window).await?.body()))
}
