//! `GET /api/v1/charts/{chart}.svg` and `.png`: one drawing of one metric.

use super::window::{WindowParams, number, params_with_window, text};
use crate::app::App;
use crate::problem::Problem;
use crate::reporting::chart_series;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{Days, Months};
use chrono_tz::Tz;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::convert::Infallible;
use utoipa::ToSchema;
use waymark_analytics::{Engine, Grain, Metric, Statistic, Window, find, local_date};
use waymark_event::Instant;
use waymark_reports::{CHARTS, Chart, Frame, Theme, png};

params_with_window! {
    /// Which numbers are drawn, and how.
    ChartParams {
        /// The metric to draw.
        #[serde(default, deserialize_with = "text")]
        metric: Option<String>,
        /// `light`, `dark`, or `auto` for what the viewer's system says; default: light.
        #[serde(default, deserialize_with = "text")]
        theme: Option<String>,
        /// Width of the picture in pixels, moved into 360 to 2400, of a sparkline from 40; default: 720.
        #[serde(default, deserialize_with = "number")]
        width: Option<u32>,
        /// Height of the picture in pixels, moved into 240 to 1600, of a sparkline from 16; default: 360.
        #[serde(default, deserialize_with = "number")]
        height: Option<u32>,
    }
}

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
///
/// Where no `grain` is given, a survey is drawn by quarter: the last seven, the one that is not over among them.
#[utoipa::path(
    get, path = "/api/v1/charts/{file}", operation_id = "draw_chart",
    params(("file" = String, Path, description = "`trend.svg`, `reach.png` …"), ChartParams),
    responses(
        (
            status = 200, description = "The picture", content(("image/svg+xml"), ("image/png")),
            headers(("ETag" = String, description = "The same as long as the picture is"))
        ),
        (status = 304, description = "The picture is still the one whose tag stands in `If-None-Match`"),
        (status = 400, body = Problem), (status = 404, body = Problem), (status = 503, body = Problem)
    )
)]
pub(crate) async fn draw(
    State(app): State<App>,
    Path(file): Path<String>,
    query: Result<Query<ChartParams>, QueryRejection>,
    sent: HeaderMap,
) -> Result<Response, Problem> {
    let (chart, picture) = asked(&file)?;
    let Query(params) = query.map_err(|rejection| Problem::unread(&rejection))?;
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
    let app = app.pinned().await?;
    let window = window(&app.engine, metric, params.window_params()).await?;
    let opened = app.engine.newest().await?;
    let key = format!("{} {file} {id} {window:?} {frame:?}", opened.snapshot.id);
    let make = async {
        let series = chart_series(&app.engine, chart, metric, &window).await?;
        let drawn = tokio::task::spawn_blocking(move || render(chart, &series, &frame, picture)).await;
        drawn.map_err(|error| Problem::not_drawn(&error))?
    };
    let bytes = app.rendered(key, Box::pin(make)).await?;
    Ok(answer(picture, &bytes, &sent))
}

/// The drawing under its tag; the tag alone where the caller has this drawing already.
fn answer(picture: Picture, bytes: &[u8], sent: &HeaderMap) -> Response {
    // Weak, because an SVG goes out plain or compressed under the same tag.
    let tag = format!("W/\"{:x}\"", Sha256::digest(bytes));
    let (is_held, tag, kept) = (is_among(sent, &tag), [(header::ETAG, tag)], headers(picture));
    if is_held {
        // Of unknown length: a known one would be sent, and has to be that of the drawing.
        let nothing = Body::from_stream(futures::stream::empty::<Result<Bytes, Infallible>>());
        return (StatusCode::NOT_MODIFIED, kept, tag, nothing).into_response();
    }
    (kept, tag, bytes.to_vec()).into_response()
}

/// Whether the caller names this tag among those that it holds; whether they are weak does not matter to a picture.
fn is_among(sent: &HeaderMap, tag: &str) -> bool {
    let bare = |tag: &str| tag.trim().strip_prefix("W/").unwrap_or_else(|| tag.trim()).to_owned();
    let lists = sent.get_all(header::IF_NONE_MATCH).iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).map(bare).any(|held| held == "*" || held == bare(tag))
}

/// What a drawing is, and what may be done with it.
fn headers(picture: Picture) -> [(HeaderName, &'static str); 4] {
    let content_type = if picture == Picture::Png { "image/png" } else { "image/svg+xml; charset=utf-8" };
    [
        (header::CONTENT_TYPE, content_type),
        // Who may see it is asked in front of this server; a cache for everybody would answer without asking.
        (header::CACHE_CONTROL, "private, max-age=300"),
        (header::VARY, "accept-encoding"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; sandbox"),
    ]
}

/// The window that was asked for; of a survey in quarters where nobody says a grain, because its waves are.
async fn window(engine: &Engine, metric: &Metric, mut params: WindowParams) -> Result<Window, Problem> {
    let is_by_wave = metric.kind == Statistic::Score && params.grain.is_none();
    if is_by_wave {
        params.grain = Some(Grain::Quarter.as_str().to_owned());
    }
    let is_dated = params.last.is_some() || params.from.is_some() || params.to.is_some();
    let asked = params.window(engine, metric.subject).await?;
    if !is_by_wave || is_dated {
        return Ok(asked);
    }
    let waves = waves(engine.newest().await?.as_of(), engine.definitions().zone());
    Ok(Window { scope_kind: asked.scope_kind, scopes: asked.scopes, ..waves })
}

/// The last seven quarters over all scopes, the one that is not over among them: a wave that has closed in it can be
/// told already.
pub(crate) fn waves(as_of: Instant, zone: Tz) -> Window {
    let today = local_date(as_of, zone);
    Window::between(Grain::Quarter, Grain::Quarter.floor(today) - Months::new(18), today + Days::new(1), zone)
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

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_wave_that_closed_in_the_quarter_that_is_not_over_is_among_the_last_ones() {
        for as_of in ["2026-08-03T06:00:00Z", "2026-07-01T06:00:00Z"] {
            let window = waves(Instant::parse(as_of).unwrap(), chrono_tz::Europe::Berlin);
            let first_days: Vec<String> = window.periods.iter().map(|period| period.first_day.to_string()).collect();
            assert_eq!((first_days.len(), first_days.last().map(String::as_str)), (7, Some("2026-07-01")), "{first_days:?}");
        }
    }

    #[test]
    fn no_cache_answers_with_a_drawing_that_somebody_else_asked_for() {
        for picture in [Picture::Svg, Picture::Png] {
            let kept = headers(picture).into_iter().find(|(name, _)| *name == header::CACHE_CONTROL).unwrap();
            assert_eq!(kept.1, "private, max-age=300");
        }
    }

    #[test]
    fn a_tag_is_found_in_every_form_in_which_it_is_sent_back() {
        for (held, is_found) in [
            ("W/\"ab\"", true),
            ("\"ab\"", true),
            ("\"cd\", W/\"ab\"", true),
            ("*", true),
            ("W/\"cd\"", false),
            ("W/W/\"ab\"", false),
            ("ab", false),
            ("", false),
        ] {
            let sent: HeaderMap = [(header::IF_NONE_MATCH, HeaderValue::from_static(held))].into_iter().collect();
            assert_eq!(is_among(&sent, "W/\"ab\""), is_found, "{held}");
        }
        assert!(!is_among(&HeaderMap::new(), "W/\"ab\""));
    }
}
