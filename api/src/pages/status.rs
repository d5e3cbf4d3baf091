//! `GET /status`: the same as `waymark status`, for people.

use crate::app::App;
use crate::problem::Problem;
use crate::status::{Status, duration_in_words, size_in_words};
use axum::extract::State;
use axum::response::Html;
use maud::{DOCTYPE, Markup, html};

/// The page of the operator.
pub(crate) async fn status(State(app): State<App>) -> Result<Html<String>, Problem> {
    app.status().await.map(|status| Html(page(&status).into_string()))
}

fn page(status: &Status) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Waymark, status" }
                link rel="stylesheet" href="/assets/style.css";
                link rel="icon" href="data:,";
            }
            body {
                a.skip href="#main" { "Skip to content" }
                header.top { div {
                    a.brand href="/" { "Waymark" }
                    nav aria-label="Main" {
                        a href="/" { "Home" }
                        a href="/api/v1/status" { "As JSON" }
                    }
                    @if let Some(snapshot) = &status.snapshot { span.asof { "data as of " (snapshot.as_of) } }
                } }
                main #main {
                    h1 { "Is everything in, and how fresh is it?" }
                    p.lede { "What has arrived and is visible, who writes, and what the tables take on the disk." }
                    (now(status)) (streams(status)) (tables(status))
                }
                footer { (status.location) " · format " (status.format_version) " · Waymark " (status.program_version) }
            }
        }
    }
}

fn now(status: &Status) -> Markup {
    let freshness = status.freshness.as_ref();
    html! {
        section aria-labelledby="now" {
            h2 #now { "Now" }
            p.question { @match &status.writer {
                Some(writer) => { (writer.replace('`', "")) " writes" }
                None => { "no process writes" }
            } }
            ul.tiles {
                (tile(
                    "Freshness",
                    &freshness.map_or_else(|| "not known yet".to_owned(), |freshness| format!("{:.1} s", freshness.seconds)),
                    &freshness.map_or_else(String::new, |freshness| format!("from receipt at {} to its snapshot", freshness.received_at)),
                ))
                (tile("Waiting", &status.waiting_deliveries.to_string(), "deliveries received and in no table yet"))
                (tile(
                    "Snapshot",
                    &status.snapshot.as_ref().map_or_else(|| "none yet".to_owned(), |snapshot| duration_in_words(snapshot.age_seconds)),
                    &status.snapshot.as_ref().map_or_else(String::new, |snapshot| format!("old: {}", snapshot.id)),
                ))
                (tile(
                    "Disk",
                    &size_in_words(status.tables_bytes + status.database_bytes),
                    &format!("{} of it in the inbox", size_in_words(status.database_bytes)),
                ))
            }
        }
    }
}

fn tile(title: &str, figure: &str, basis: &str) -> Markup {
    html! {
        li.tile { h3 { (title) } span.figure { (figure) } span.basis { (basis) } }
    }
}

fn streams(status: &Status) -> Markup {
    html! {
        section aria-labelledby="streams" {
            h2 #streams { "Streams" }
            p.question { "Up to where is it visible?" }
            @if status.streams.is_empty() {
                p { "Nothing has arrived yet." }
            } @else {
                div.scroll { table {
                    thead { tr { th { "Stream" } th.number { "Position" } } }
                    tbody { @for stream in &status.streams {
                        tr { td { (stream.stream) } td.number { (stream.position) } }
                    } }
                } }
            }
        }
    }
}

fn tables(status: &Status) -> Markup {
    html! {
        section aria-labelledby="tables" {
            h2 #tables { "Tables" }
            p.question { "What do they take on the disk?" }
            div.scroll { table {
                thead { tr {
                    th { "Table" } th.number { "Rows" } th.number { "Files" } th.number { "Live" } th.number { "On disk" }
                } }
                tbody { @for table in &status.tables {
                    tr {
                        td { (table.table) }
                        td.number { (table.rows) }
                        td.number { (table.files) }
                        td.number { (size_in_words(table.live_bytes)) }
                        td.number { (size_in_words(table.disk_bytes)) }
                    }
                } }
            } }
        }
    }
}
