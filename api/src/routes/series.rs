//! `GET /api/v1/metrics/{id}/series`: one metric over time, for the scopes that were asked for.

use super::window::{WindowParams, number, params_with_window, text};
use crate::app::App;
use crate::explain::{flags, known_statistic};
use crate::problem::Problem;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use waymark_analytics::{Cell, Series, find, profiles};

params_with_window! {
    /// Which numbers, by whose rules, and in which form.
    SeriesParams {
        /// Only this statistic, such as `p50`.
        #[serde(default, deserialize_with = "text")]
        statistic: Option<String>,
        /// `json` or `csv`; default: json.
        #[serde(default, deserialize_with = "text")]
        format: Option<String>,
        /// By the rules of another tool, over the same facts; `/compare` lists the names.
        #[serde(default, deserialize_with = "text")]
        profile: Option<String>,
    }
}

/// A metric over time, with everything that makes it reproducible.
#[derive(Serialize, ToSchema)]
pub(crate) struct SeriesBody {
    /// The metric's id.
    pub(crate) metric: &'static str,
    /// The profile by whose rules it was computed; null for our own definition.
    pub(crate) profile: Option<&'static str>,
    /// What people call it.
    pub(crate) title: &'static str,
    /// In what values are counted.
    pub(crate) unit: &'static str,
    /// Which direction is an improvement.
    pub(crate) better: &'static str,
    /// The version of the definition that was computed.
    pub(crate) definition_version: u32,
    /// The instant that the answer describes, RFC 3339.
    pub(crate) as_of: String,
    /// The snapshot that was read.
    pub(crate) snapshot: String,
    /// The zone in which periods begin.
    pub(crate) zone: String,
    /// How long a period is.
    pub(crate) grain: &'static str,
    /// What has to be known about all rows, such as `not adjusted for clustering`: limits take rows of one
    /// service for independent. Those of a single period do not.
    pub(crate) flags: Vec<&'static str>,
    /// One row per statistic, scope and period.
    pub(crate) rows: Vec<CellBody>,
}

/// One number and everything needed to judge it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CellBody {
    /// The metric's id.
    pub metric: &'static str,
    /// Which statistic it is.
    pub statistic: String,
    /// What kind of scope it is.
    pub scope_kind: String,
    /// The scope's own name.
    pub scope: String,
    /// First instant of the period, RFC 3339.
    pub period_start: String,
    /// First instant after the period, RFC 3339.
    pub period_end: String,
    /// The statistic; null = no data, too few or too young rows, or withheld.
    pub value: Option<f64>,
    /// Lower limit (95 %), or lower bound of a census.
    pub low: Option<f64>,
    /// Upper limit (95 %), or upper bound of a census.
    pub high: Option<f64>,
    /// Rows behind the value; null = withheld.
    pub sample_size: Option<i64>,
    /// Numerator of a ratio or rate.
    pub numerator: Option<f64>,
    /// Denominator of a ratio or rate.
    pub denominator: Option<f64>,
    /// Usable rows by eligible rows.
    pub coverage: Option<f64>,
    /// Not over, still maturing, or fed by a stale source.
    pub is_partial: bool,
}

impl SeriesBody {
    /// A series as it is sent, of one statistic or of all.
    pub(crate) fn of(series: &Series, statistic: Option<&str>) -> Self {
        let is_wanted = |cell: &&Cell| statistic.is_none_or(|wanted| cell.statistic == wanted);
        Self {
            metric: series.metric.id,
            profile: profiles::profile_of(series.metric),
            title: series.metric.title,
            unit: series.metric.unit.as_str(),
            better: series.metric.better.as_str(),
            definition_version: series.metric.version,
            as_of: series.as_of.to_rfc3339(),
            snapshot: series.snapshot.clone(),
            zone: series.window.zone.to_string(),
            grain: series.window.grain.as_str(),
            flags: flags(series),
            rows: series.cells.iter().filter(is_wanted).map(|cell| CellBody::of(series.metric.id, cell)).collect(),
        }
    }

    /// The rows as CSV with a header, whose lines end as those of every other file; an empty field is null.
    pub(crate) fn to_csv(&self) -> String {
        let mut csv = "metric,statistic,scope_kind,scope,period_start,period_end,value,low,high,sample_size,numerator,denominator,coverage,is_partial\n".to_owned();
        let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        for row in &self.rows {
            let fields = [
                row.metric.to_owned(),
                row.statistic.clone(),
                row.scope_kind.clone(),
                quoted(&row.scope),
                row.period_start.clone(),
                row.period_end.clone(),
                number(row.value),
                number(row.low),
                number(row.high),
                row.sample_size.map(|size| size.to_string()).unwrap_or_default(),
                number(row.numerator),
                number(row.denominator),
                number(row.coverage),
                row.is_partial.to_string(),
            ];
            csv.push_str(&fields.join(","));
            csv.push('\n');
        }
        csv
    }
}

/// What a file has no place for, as its headers: the snapshot that was read, and the instant that it describes.
pub(super) fn read_from(snapshot: &str, as_of: &str) -> [(&'static str, String); 2] {
    [("waymark-snapshot", snapshot.to_owned()), ("waymark-as-of", as_of.to_owned())]
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

impl CellBody {
    /// A cell as it is sent.
    pub(crate) fn of(metric: &'static str, cell: &Cell) -> Self {
        Self {
            metric,
            statistic: cell.statistic.clone(),
            scope_kind: cell.scope_kind.clone(),
            scope: cell.scope.clone(),
            period_start: cell.period_start.to_rfc3339(),
            period_end: cell.period_end.to_rfc3339(),
            value: cell.value,
            low: cell.low,
            high: cell.high,
            sample_size: cell.sample_size,
            numerator: cell.numerator,
            denominator: cell.denominator,
            coverage: cell.coverage,
            is_partial: cell.is_partial,
        }
    }
}

/// One metric over time, with interval, sample size and coverage for each value.
#[utoipa::path(
    get, path = "/api/v1/metrics/{id}/series", operation_id = "get_series",
    params(("id" = String, Path, description = "The metric's id"), SeriesParams),
    responses(
        (status = 200, description = "The numbers", content((SeriesBody = "application/json"), ("text/csv"))),
        (status = 400, body = Problem), (status = 404, body = Problem), (status = 503, body = Problem)
    )
)]
pub(crate) async fn series(
    State(app): State<App>,
    Path(id): Path<String>,
    query: Result<Query<SeriesParams>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(params) = query.map_err(|rejection| Problem::unread(&rejection))?;
    let metric = match &params.profile {
        Some(profile) => &profiles::find(profile, &id)?.metric,
        None => find(&id).ok_or_else(|| Problem::no_such_metric(&id))?,
    };
    let statistic = known_statistic(metric, params.statistic.as_deref())?;
    let app = app.pinned().await?;
    let window = params.window_params().window(&app.engine, metric.subject).await?;
    let series = app.engine.closer(metric, metric.statistics, &window).await?;
    let body = SeriesBody::of(&series, statistic);
    match params.format.as_deref() {
        None | Some("json") => Ok(Json(body).into_response()),
        Some("csv") => {
            let kind = [(header::CONTENT_TYPE, "text/csv; charset=utf-8")];
            Ok((kind, read_from(&body.snapshot, &body.as_of), body.to_csv()).into_response())
        }
        Some(other) => Err(Problem::bad_parameter(format!("format `{other}` is none of json, csv"))),
    }
}
