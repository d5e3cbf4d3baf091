//! SQL over HTTP: how a statement is sent, its answer written and its types called, and that no question holds up the
//! next.

use super::Site;
use axum::body::Body;
use futures::future::join_all;
use futures::stream;
use http::{Request, StatusCode, header};
use serde_json::Value;

fn post(options: &str, kind: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(format!("/api/v1/sql{options}")).header(header::CONTENT_TYPE, kind).body(body.into()).unwrap()
}

#[tokio::test]
async fn questions_past_their_deadline_give_their_places_back() {
    let site = Site::open().await;
    let levenshtein = "select sum(levenshtein(repeat('a', 400 + a.value % 2), repeat('b', 400 + b.value % 2))) \
                       from generate_series(1, 30000) as a join generate_series(1, 30000) as b on a.value % 10 = b.value % 10";
    // Every limit of so many events is searched for.
    let poisson = "select sum(poisson_low(900000 + value % 99999)) from generate_series(1, 1000000)";
    // There is a place for each thread.
    let places = std::thread::available_parallelism().map_or(2, usize::from).max(2);
    for heavy in [levenshtein, poisson] {
        let asked = (0..places).map(|_| site.send(post("?deadline_ms=300", "text/plain", heavy)));
        for (status, _, problem) in join_all(asked).await {
            assert_eq!(status, StatusCode::GATEWAY_TIMEOUT, "{}", String::from_utf8_lossy(&problem));
        }
        // Who finds no place within two seconds is sent away.
        let (status, answer) = site.ask("select 1").await;
        assert_eq!(status, StatusCode::OK, "{heavy}: {answer}");
        assert_eq!(site.get("/readyz").await.0, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_statement_that_cannot_be_read_is_told_apart_from_one_that_is_too_long() {
    let site = Site::open().await;
    let (status, _, answer) = site.send(post("?format=csv", "TEXT/Plain; charset=utf-8", "select 1 as one")).await;
    assert_eq!((status, String::from_utf8_lossy(&answer).as_ref()), (StatusCode::OK, "one\n1\n"));
    let long = format!("select 1 --{}", "x".repeat(300 * 1_024));
    let broken = stream::iter([Ok("select"), Err(std::io::Error::other("the line is down"))]);
    let cases = [
        ("text/plain", Body::from(long.clone()), StatusCode::PAYLOAD_TOO_LARGE, "body-too-large"),
        ("application/json", Body::from(long), StatusCode::PAYLOAD_TOO_LARGE, "body-too-large"),
        ("text/plain", Body::from_stream(broken), StatusCode::BAD_REQUEST, "did not come whole"),
        ("application/json", Body::from("{"), StatusCode::BAD_REQUEST, "bad-parameter"),
        ("text/plain", Body::from("select $1"), StatusCode::BAD_REQUEST, "write the value"),
        ("text/plain", Body::from("select"), StatusCode::BAD_REQUEST, "line 1, column 7"),
    ];
    for (kind, body, expected, words) in cases {
        let (status, kind, problem) = site.send(post("", kind, body)).await;
        let problem = String::from_utf8(problem).unwrap();
        assert_eq!((status, kind.as_str()), (expected, "application/problem+json"), "{problem}");
        assert!(problem.contains(words), "{problem}");
    }
}

#[tokio::test]
async fn csv_tells_null_from_empty_text_and_formulas_from_texts_where_that_is_asked_for() {
    let site = Site::open().await;
    let sql = "select '' as empty, null as nothing, ['a', 'b'] as list, '=1+1' as formula, -1 as number";
    let header = "empty,nothing,list,formula,number\n";
    let (_, _, csv) = site.send(post("?format=csv", "text/plain", sql)).await;
    assert_eq!(String::from_utf8(csv).unwrap(), format!("{header}\"\",,\"[\"\"a\"\",\"\"b\"\"]\",=1+1,-1\n"));
    let safe = format!("{header}\"\",,\"[\"\"a\"\",\"\"b\"\"]\",'=1+1,-1\n");
    let (_, _, csv) = site.send(post("?format=csv&csv_safe=true", "text/plain", sql)).await;
    assert_eq!(String::from_utf8(csv).unwrap(), safe);
    let body: Value = serde_json::json!({ "sql": sql, "format": "csv", "csv_safe": true });
    let (_, _, csv) = site.send(post("", "application/json", body.to_string())).await;
    assert_eq!(String::from_utf8(csv).unwrap(), safe);
}

#[tokio::test]
async fn columns_of_one_name_are_refused_where_names_are_keys() {
    let site = Site::open().await;
    let sql = "select a.service, b.service from deployments as a \
               join deployments as b on a.deployment_id = b.deployment_id limit 1";
    let (status, problem) = site.ask(sql).await;
    assert_eq!((status, problem["type"].as_str()), (StatusCode::BAD_REQUEST, Some("sql-syntax")), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("two columns are called `service`"), "{problem}");
    let (status, answer) = site.ask(&sql.replace("b.service", "b.service as other")).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let (status, _, csv) = site.send(post("?format=csv", "text/plain", sql)).await;
    assert!(status == StatusCode::OK && csv.starts_with(b"service,service\n"), "{}", String::from_utf8_lossy(&csv));
}

#[tokio::test]
async fn a_value_beyond_its_type_is_refused_in_every_format() {
    let site = Site::open().await;
    for format in ["json", "csv", "parquet"] {
        let sql = "select arrow_cast(2147483647, 'Date32') as late";
        let (status, kind, problem) = site.send(post(&format!("?format={format}"), "text/plain", sql)).await;
        let problem = String::from_utf8_lossy(&problem);
        assert_eq!((status, kind.as_str()), (StatusCode::BAD_REQUEST, "application/problem+json"), "{format}: {problem}");
        assert!(problem.contains("value-not-convertible") && problem.contains("`late`"), "{format}: {problem}");
    }
}

#[tokio::test]
async fn types_are_called_as_the_manual_calls_them() {
    let site = Site::open().await;
    let sql = "select 'a' as word, 1 as number, 1.5 as ratio, true as truth, date '2026-03-02' as day, now() as at, \
               [now()] as times, tier, cast(1 as decimal(5, 2)) as price from deployments limit 1";
    let (status, answer) = site.ask(sql).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let columns = answer["columns"].as_array().unwrap().iter();
    let types: Vec<&str> = columns.map(|column| column["type"].as_str().unwrap()).collect();
    let expected = ["text", "integer", "double", "boolean", "date", "timestamp", "timestamp[]", "text", "decimal(5, 2)"];
    assert_eq!(types, expected);
    let sql = "select column_name, ordinal_position, data_type from information_schema.columns \
               where table_name = 'changes' and column_name in ('change_id', 'commit_times') order by ordinal_position";
    let (_, answer) = site.ask(sql).await;
    let expected = serde_json::json!([
        { "column_name": "change_id", "ordinal_position": 1, "data_type": "text" },
        { "column_name": "commit_times", "ordinal_position": 13, "data_type": "timestamp[]" },
    ]);
    assert_eq!(answer["rows"], expected, "{answer}");
}
