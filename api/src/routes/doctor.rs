//! `GET /api/v1/doctor`: what is wrong or unknown, what it does to which number, what to do about it.

use super::window::number;
use crate::app::App;
use crate::doctor::{CASES, DAYS, Diagnosis, diagnosis};
use crate::problem::Problem;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::Deserialize;

/// How far back, and how much of each finding.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DoctorParams {
    /// Days that are looked at, with today; default: 90.
    #[serde(default, deserialize_with = "number")]
    #[param(minimum = 1, maximum = 3_660)]
    pub(crate) days: Option<u32>,
    /// Subjects of each finding, at most 1,000; default: 10.
    #[serde(default, deserialize_with = "number")]
    #[param(maximum = 1_000)]
    pub(crate) cases: Option<usize>,
}

/// Coverage and freshness by source and service, and every finding with its count, examples and remedy.
#[utoipa::path(
    get, path = "/api/v1/doctor", operation_id = "get_doctor", params(DoctorParams),
    responses((status = 200, body = Diagnosis), (status = 400, body = Problem), (status = 503, body = Problem))
)]
pub(crate) async fn doctor(
    State(app): State<App>,
    query: Result<Query<DoctorParams>, QueryRejection>,
) -> Result<Json<Diagnosis>, Problem> {
    let Query(params) = query.map_err(|rejection| Problem::unread(&rejection))?;
    diagnosis(&app.engine, params.days.unwrap_or(DAYS), params.cases.unwrap_or(CASES)).await.map(Json)
}
