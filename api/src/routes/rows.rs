//! `GET /api/v1/metrics/{id}/rows`: everything behind a number, with the rows counted and left out.

use super::series::read_from;
use super::window::{WindowParams, number, params_with_window, text};
use crate::app::App;
use crate::encode;
use crate::explain::{Explanation, explanation, known_statistic};
use crate::problem::Problem;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};

use waymark_analytics::{EvidenceRequest, Which, find};

/// Rows of a page where nobody says how many.
const ROWS: usize = 1_000;
/// Rows of a page, at most.
const ROWS_MAX: usize = 10_000;
/// Rows before a page, at most: more than stand behind any number.
const OFFSET_MAX: usize = 1_000_000_000;

params_with_window! {
    /// Which number, and which of the rows behind it.
    RowsParams {
        /// Only this statistic, such as `p50`; the rows behind all statistics are the same.
        #[serde(default, deserialize_with = "text")]
        pub(crate) statistic: Option<String>,
        /// `all`, `counted` or `left_out`; default: all.
        #[serde(default, deserialize_with = "text")]
        pub(crate) show: Option<String>,
        /// Only rows that were left out for this reason.
        #[serde(default, deserialize_with = "text")]
        pub(crate) reason: Option<String>,
        /// Rows before the page; default: 0.
        #[serde(default, deserialize_with = "number")]
        #[param(maximum = 1_000_000_000)]
        pub(crate) offset: Option<usize>,
        /// Rows of the page, at most 10,000; default: 1,000.
        #[serde(default, deserialize_with = "number")]
        #[param(minimum = 1, maximum = 10_000)]
        pub(crate) limit: Option<usize>,
        /// `json`, or `csv` for the rows alone; default: json.
        #[serde(default, deserialize_with = "text")]
        pub(crate) format: Option<String>,
    }
}

impl RowsParams {
    /// Which rows, and which page of them.
    pub(crate) fn request(&self, rows: usize) -> Result<EvidenceRequest, Problem> {
        let which = match (self.reason.as_deref(), self.show.as_deref()) {
            (Some(reason), None | Some("all" | "left_out")) => Which::Because(reason.to_owned()),
            (Some(_), Some(_)) => {
                return Err(Problem::bad_parameter("`reason` chooses among rows left out: leave `show` away"));
            }
            (None, None | Some("all")) => Which::All,
            (None, Some("counted")) => Which::Counted,
            (None, Some("left_out")) => Which::LeftOut,
            (None, Some(other)) => {
                return Err(Problem::bad_parameter(format!("show `{other}` is none of all, counted, left_out")));
            }
        };
        let rows_max = self.limit.unwrap_or(rows);
        if !(1..=ROWS_MAX).contains(&rows_max) {
            return Err(Problem::bad_parameter(format!("limit {rows_max} is not between 1 and {ROWS_MAX}")));
        }
        let offset = self.offset.unwrap_or(0);
        if offset > OFFSET_MAX {
            return Err(Problem::bad_parameter(format!("offset {offset} is larger than {OFFSET_MAX}")));
        }
        Ok(EvidenceRequest { which, offset, rows_max })
    }
}

/// Everything behind a number: definition, parameters, snapshot, interval, and the rows: which were
/// counted, which were not and why, each with a link to its source.
///
/// Pages follow each other by `next_offset`, which is also in the header `link`. Pages of two
/// snapshots do not fit together; each answer names its own.
#[utoipa::path(
    get, path = "/api/v1/metrics/{id}/rows", operation_id = "get_rows",
    params(("id" = String, Path, description = "The metric's id"), RowsParams),
    responses(
        (status = 200, description = "The rows", content((Explanation = "application/json"), ("text/csv"))),
        (status = 400, body = Problem), (status = 404, body = Problem), (status = 503, body = Problem)
    )
)]
pub(crate) async fn rows(
    State(app): State<App>,
    Path(id): Path<String>,
    address: Uri,
    query: Result<Query<RowsParams>, QueryRejection>,
) -> Result<Response, Problem> {
    let metric = find(&id).ok_or_else(|| Problem::no_such_metric(&id))?;
    let Query(params) = query.map_err(|rejection| Problem::unread(&rejection))?;
    let statistic = known_statistic(metric, params.statistic.as_deref())?;
    let app = app.pinned().await?;
    let window = params.window_params().window(&app.engine, metric.subject).await?;
    let explained = explanation(&app.engine, metric, &window, statistic, &params.request(ROWS)?).await?;
    let link =
        explained.next_offset.map(|offset| [(header::LINK, format!("<{}>; rel=\"next\"", with_offset(&address, offset)))]);
    match params.format.as_deref() {
        None | Some("json") => Ok((link, Json(explained)).into_response()),
        Some("csv") => {
            let origin = read_from(&explained.snapshot, &explained.as_of);
            let batches: Vec<_> = explained.batch.into_iter().collect();
            let csv = encode::csv(&batches).map_err(|error| Problem::not_drawn(&error))?;
            let name = format!("attachment; filename=\"{}-rows.csv\"", metric.id);
            let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
            Ok((link, headers, origin, csv).into_response())
        }
        Some(other) => Err(Problem::bad_parameter(format!("format `{other}` is none of json, csv"))),
    }
}

/// The same address at another offset.
pub(crate) fn with_offset(address: &Uri, offset: usize) -> String {
    let kept = address.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("offset="));
    let mut pairs: Vec<String> = kept.map(ToOwned::to_owned).collect();
    if offset > 0 {
        pairs.push(format!("offset={offset}"));
    }
    if pairs.is_empty() { address.path().to_owned() } else { format!("{}?{}", address.path(), pairs.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_the_same_question_further_on() {
        let address: Uri = "/metrics/nps?scope=a%20b&offset=100&show=counted".parse().unwrap();
        assert_eq!(with_offset(&address, 200), "/metrics/nps?scope=a%20b&show=counted&offset=200");
        assert_eq!(with_offset(&"/metrics/nps?offset=100".parse().unwrap(), 0), "/metrics/nps");
    }

    #[test]
    fn a_reason_chooses_among_rows_left_out() {
        let params = |show: Option<&str>, reason: Option<&str>| RowsParams {
            show: show.map(ToOwned::to_owned),
            reason: reason.map(ToOwned::to_owned),
            ..RowsParams::default()
        };
        let request = params(None, Some("made by a bot")).request(10).unwrap();
        assert_eq!(request.which, Which::Because("made by a bot".to_owned()));
        assert!(params(Some("counted"), Some("made by a bot")).request(10).is_err());
        assert!(params(Some("some"), None).request(10).is_err());
        assert!(RowsParams { limit: Some(10_001), ..RowsParams::default() }.request(10).is_err());
        assert!(RowsParams { limit: Some(0), ..RowsParams::default() }.request(10).is_err());
        let after = |offset| RowsParams { offset: Some(offset), ..RowsParams::default() }.request(10);
        assert_eq!(after(1_000_000_000).unwrap().offset, 1_000_000_000);
        assert!(after(1_000_000_001).is_err() && after(usize::MAX).is_err());
    }
}
