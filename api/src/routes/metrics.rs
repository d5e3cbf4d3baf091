//! `GET /api/v1/metrics` and `/{id}`: what is measured, and how it is defined.

use crate::app::App;
use crate::problem::Problem;
use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;
use waymark_analytics::{METRICS, Metric, find};

/// One metric of the catalogue.
#[derive(Serialize, ToSchema)]
pub(crate) struct MetricBody {
    /// The id by which it is asked for.
    id: &'static str,
    /// What people call it.
    title: &'static str,
    /// The question that it answers.
    question: &'static str,
    /// `seconds`, `share`, `per_service_week`, `points`, `count` or `days_per_week`.
    unit: &'static str,
    /// `higher`, `lower` or `neither`.
    better: &'static str,
    /// The statistics that it yields; the first is the headline.
    statistics: &'static [&'static str],
    /// Raised with every change of meaning.
    definition_version: u32,
    /// The definition in words.
    definition: String,
    /// The definition that runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    sql: Option<&'static str>,
}

impl MetricBody {
    fn of(metric: &'static Metric) -> Self {
        Self {
            id: metric.id,
            title: metric.title,
            question: metric.question,
            unit: metric.unit.as_str(),
            better: metric.better.as_str(),
            statistics: metric.statistics,
            definition_version: metric.version,
            definition: metric.manual(),
            sql: None,
        }
    }
}

/// Everything that is measured, in the order of the manual.
#[utoipa::path(get, path = "/api/v1/metrics", operation_id = "list_metrics", responses((status = 200, body = Vec<MetricBody>)))]
pub(crate) async fn list() -> Json<Vec<MetricBody>> {
    Json(METRICS.iter().map(MetricBody::of).collect())
}

/// One metric, with the SQL that defines it.
#[utoipa::path(
    get, path = "/api/v1/metrics/{id}", operation_id = "get_metric",
    params(("id" = String, Path, description = "The metric's id")),
    responses((status = 200, body = MetricBody), (status = 404, body = Problem))
)]
pub(crate) async fn one(State(_): State<App>, Path(id): Path<String>) -> Result<Json<MetricBody>, Problem> {
    let metric = find(&id).ok_or_else(|| Problem::no_such_metric(&id))?;
    Ok(Json(MetricBody { sql: Some(metric.sql), ..MetricBody::of(metric) }))
}
