//! `POST /api/v1/sql`: one read-only statement, answered whole or not at all.

use super::options::SqlOptions;
use crate::app::App;
use crate::encode;
use crate::problem::Problem;
use arrow::array::RecordBatch;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, Query, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;
use waymark_analytics::{Limits, RowsAnswer, tables};

/// A question; the body may also be the statement alone, as `text/plain`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    /// One select statement over the facts.
    sql: String,
    /// `json`, `csv` or `parquet`; default: json.
    format: Option<String>,
    /// At most this many rows; more is an error. Default and limit: 10,000 for JSON, 1,000,000 else.
    rows_max: Option<u64>,
    /// Milliseconds for planning and running; default and limit: 30,000.
    deadline_ms: Option<u64>,
    /// Whether `'` is put before texts in CSV that a spreadsheet would take for formulas; default: false.
    csv_safe: Option<bool>,
}

/// Larger bodies are refused unread.
const BODY_BYTES_MAX: usize = 300 * 1_024;
/// What is said of a statement that is no text.
const NO_TEXT: &str = "the statement is not UTF-8: send it as it is, not compressed";

/// Answers one select statement over the facts, read-only and inside limits.
#[utoipa::path(
    post, path = "/api/v1/sql", operation_id = "ask_sql", request_body = Question, params(SqlOptions),
    responses(
        (status = 200, description = "`columns`, `rows` and `row_count`, or a file", body = serde_json::Value),
        (status = 400, body = Problem), (status = 403, body = Problem), (status = 413, body = Problem), (status = 504, body = Problem)
    )
)]
pub(crate) async fn ask(
    State(app): State<App>,
    query: Result<Query<SqlOptions>, QueryRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Query(options) = query.map_err(|rejection| Problem::unread(&rejection))?;
    let question = understood(request, options).await?;
    let format = question.format.as_deref().unwrap_or("json");
    let limits = match format {
        "json" => Limits::PEOPLE,
        "csv" | "parquet" => Limits::STREAM,
        other => return Err(Problem::bad_parameter(format!("format `{other}` is none of json, csv, parquet"))),
    };
    let limits = limits.lowered(question.deadline_ms, question.rows_max);
    let answer = app.queries.ask(&question.sql, limits).await?;
    let (content_type, bytes) = match format {
        "csv" => {
            let csv = if question.csv_safe.unwrap_or(false) { encode::csv_safe } else { encode::csv };
            ("text/csv; charset=utf-8", csv(&batches(&answer))?)
        }
        "parquet" => ("application/vnd.apache.parquet", encode::parquet(&batches(&answer))?),
        _ => ("application/json", json(&answer)?.into_bytes()),
    };
    let mut response = ([(header::CONTENT_TYPE, content_type)], bytes).into_response();
    for (name, value) in [("waymark-snapshot", answer.snapshot.clone()), ("waymark-as-of", answer.as_of.to_rfc3339())] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    Ok(response)
}

async fn understood(mut request: Request, options: SqlOptions) -> Result<Question, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let is_statement = kind.eq_ignore_ascii_case("text/plain");
    DefaultBodyLimit::max(BODY_BYTES_MAX).apply(&mut request);
    let bytes = Bytes::from_request(request, &()).await;
    let bytes = bytes.map_err(|rejection| Problem::body_unread(&rejection, BODY_BYTES_MAX))?;
    let SqlOptions { format, rows_max, deadline_ms, csv_safe } = options;
    if is_statement {
        let sql = String::from_utf8(bytes.to_vec()).map_err(|_| Problem::bad_parameter(NO_TEXT))?;
        return Ok(Question { sql, format, rows_max, deadline_ms, csv_safe });
    }
    let question: Question = serde_json::from_slice(&bytes).map_err(|error| {
        Problem::bad_parameter(format!(
            "the body is no question: {error}; write {{\"sql\": \"select …\"}}, or send the statement as text/plain"
        ))
    })?;
    Ok(Question {
        sql: question.sql,
        format: question.format.or(format),
        rows_max: question.rows_max.or(rows_max),
        deadline_ms: question.deadline_ms.or(deadline_ms),
        csv_safe: question.csv_safe.or(csv_safe),
    })
}

/// An answer without rows still has columns.
fn batches(answer: &RowsAnswer) -> Vec<RecordBatch> {
    if answer.batches.is_empty() {
        vec![RecordBatch::new_empty(std::sync::Arc::clone(&answer.schema))]
    } else {
        answer.batches.clone()
    }
}

fn json(answer: &RowsAnswer) -> Result<String, Problem> {
    let columns: Vec<serde_json::Value> = answer
        .schema
        .fields()
        .iter()
        .map(|field| serde_json::json!({ "name": field.name(), "type": tables::type_name(&field.data_type().to_string()) }))
        .collect();
    let rows = encode::json_rows(&batches(answer))?;
    let row_count: usize = answer.batches.iter().map(RecordBatch::num_rows).sum();
    Ok(format!(
        "{{\"snapshot\":{},\"as_of\":\"{}\",\"columns\":{},\"rows\":{rows},\"row_count\":{row_count},\"truncated\":false}}",
        serde_json::json!(answer.snapshot),
        answer.as_of.to_rfc3339(),
        serde_json::json!(columns)
    ))
}
