//! `GET /api/v1/reports` and `/{id}`: documents for people, one self-contained page each.

use super::options::ReportParams;
use crate::app::App;
use crate::problem::Problem;
use crate::reporting;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use waymark_reports::REPORTS;

/// One report of the catalogue.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReportBody {
    /// The id by which it is asked for.
    id: &'static str,
    /// What people call it.
    title: &'static str,
    /// For whom it is.
    about: &'static str,
    /// `weekly` or `quarterly`.
    cadence: &'static str,
}

/// Every report that can be made.
#[utoipa::path(get, path = "/api/v1/reports", operation_id = "list_reports", responses((status = 200, body = Vec<ReportBody>)))]
pub(crate) async fn list() -> Json<Vec<ReportBody>> {
    let body = |report: &'static waymark_reports::Report| ReportBody {
        id: report.id,
        title: report.title,
        about: report.about,
        cadence: report.cadence.as_str(),
    };
    Json(REPORTS.iter().map(body).collect())
}

/// A report for its last complete period, or for the one that was asked for.
#[utoipa::path(
    get, path = "/api/v1/reports/{id}", operation_id = "get_report",
    params(("id" = String, Path, description = "`weekly_adoption` or `leadership_review`"), ReportParams),
    responses(
        (
            status = 200, description = "The document",
            content(("text/html"), ("text/markdown"), ("application/json"))
        ),
        (status = 400, body = Problem), (status = 404, body = Problem), (status = 503, body = Problem)
    )
)]
pub(crate) async fn report(
    State(app): State<App>,
    Path(id): Path<String>,
    query: Result<Query<ReportParams>, QueryRejection>,
) -> Result<Response, Problem> {
    let report = reporting::find_report(&id).ok_or_else(|| Problem::no_such_report(&id))?;
    let Query(params) = query.map_err(|rejection| Problem::unread(&rejection))?;
    let format = params.format.as_deref().unwrap_or("html");
    let app = app.pinned().await?;
    let opened = app.engine.newest().await?;
    let key = format!("{} report {} {:?} {format}", opened.snapshot.id, report.id, params.period);
    let make = async {
        let document = reporting::document(&app.engine, report, params.period.as_deref()).await?;
        let alone = reporting::rendered(&document, format)?;
        let shown = if format == "html" { with_way_home(&alone) } else { alone };
        Ok(shown.into_bytes())
    };
    let bytes = app.rendered(key, Box::pin(make)).await?;
    let content_type = match format {
        "json" => "application/json",
        "md" | "markdown" => "text/markdown; charset=utf-8",
        _ => "text/html; charset=utf-8",
    };
    Ok(([(header::CONTENT_TYPE, content_type)], bytes.as_ref().clone()).into_response())
}

/// The document with a way back to the pages, for those who read it here: as a file it stands alone.
fn with_way_home(document: &str) -> String {
    const STYLE: &str =
        "nav{max-width:56rem;margin:0 auto;padding:1rem 1.5rem 0;font-size:.88rem}@media print{nav{display:none}}</style>";
    const NAV: &str = "<body><nav aria-label=\"Waymark\"><a href=\"/\">Overview</a></nav>";
    document.replacen("</style>", STYLE, 1).replacen("<body>", NAV, 1)
}
