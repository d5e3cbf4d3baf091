//! `GET /api/v1/charts/{chart}.svg` and `.png`: one drawing of one metric.

use super::window::{WindowParams, params};
use crate::app::App;
use crate::problem::Problem;
use crate::reporting::chart_series;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use waymark_analytics::find;
use waymark_reports::{CHARTS, Chart, Frame, Theme, png};

/// One chart of the catalogue.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChartBody {
    /// The id by which it is asked for.
    id: &'static str,
    /// What people call it.
    title: &'static str,
    /// What it shows.
    about: &'static str,
}

/// Every chart that can be drawn.
#[utoipa::path(get, path = "/api/v1/charts", operation_id = "list_charts", responses((status = 200, body = Vec<ChartBody>)))]
pub(crate) async fn list() -> Json<Vec<ChartBody>> {
    Json(CHARTS.iter().map(|chart| ChartBody { id: chart.id, title: chart.title, about: chart.about }).collect())
}

/// What a drawing is: markup or pixels.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Picture {
    Svg,
    Png,
}

/// A metric as a picture that dates itself; `{file}` is a chart's id with `.svg` or `.png`.
#[utoipa::path(
    get, path = "/api/v1/charts/{file}", operation_id = "draw_chart",
    params(("file" = String, Path, description = "`trend.svg`, `reach.png` …"), WindowParams),
    responses(
        (status = 200, description = "The picture", content_type = "image/svg+xml"),
        (status = 400, body = Problem), (status = 404, body = Problem)
    )
)]
pub(crate) async fn draw(
    State(app): State<App>,
    Path(file): Path<String>,
    query: Result<Query<WindowParams>, QueryRejection>,
) -> Result<Response, Problem> {
    let (chart, picture) = asked(&file)?;
    let params = params(query)?;
    let id = params.metric.clone().ok_or_else(|| Problem::bad_parameter("the parameter `metric` is missing"))?;
    let metric = find(&id).ok_or_else(|| Problem::no_such_metric(&id))?;
    if !(chart.accepts)(metric) {
        return Err(Problem::bad_parameter(format!("the chart `{}` cannot show `{id}`; `trend` shows every metric", chart.id)));
    }
    let theme = match params.theme.as_deref() {
        None => Theme::Light,
        Some(name) => {
            Theme::named(name).ok_or_else(|| Problem::bad_parameter(format!("theme `{name}` is none of light, dark, auto")))?
        }
    };
    let frame = chart.frame(params.width.unwrap_or(720), params.height.unwrap_or(360), theme);
    let window = params.window(&app.engine, metric.subject).await?;
    let opened = app.engine.newest().await?;
    let key = format!("{} {file} {id} {window:?} {frame:?}", opened.snapshot.id);
    let make = async {
        let series = chart_series(&app.engine, chart, metric, &window).await?;
        let drawn = tokio::task::spawn_blocking(move || render(chart, &series, &frame, picture)).await;
        drawn.map_err(|error| Problem::not_drawn(&error))?
    };
    let bytes = app.rendered(key, Box::pin(make)).await?;
    let content_type = if picture == Picture::Png { "image/png" } else { "image/svg+xml; charset=utf-8" };
    let policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "public, max-age=300"),
        (header::CONTENT_SECURITY_POLICY, policy),
    ];
    Ok((headers, bytes.as_ref().clone()).into_response())
}

fn asked(file: &str) -> Result<(&'static Chart, Picture), Problem> {
    let (id, picture) = match file.rsplit_once('.') {
        Some((id, "svg")) => (id, Picture::Svg),
        Some((id, "png")) => (id, Picture::Png),
        _ => return Err(Problem::bad_parameter("write a chart's id with `.svg` or `.png`, such as `trend.svg`")),
    };
    let chart = waymark_reports::charts::find(id).ok_or_else(|| Problem::no_such_chart(id))?;
    Ok((chart, picture))
}

fn render(chart: &Chart, series: &[waymark_analytics::Series], frame: &Frame, picture: Picture) -> Result<Vec<u8>, Problem> {
    let svg = (chart.draw)(series, frame).into_string();
    match picture {
        Picture::Svg => Ok(svg.into_bytes()),
        Picture::Png => png::render(&svg, 2.0).map_err(|error| Problem::not_drawn(&error)),
    }
}
