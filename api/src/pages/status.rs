//! `GET /status`: the same as `waymark status`, for people.

use super::ended;
use super::frame::{self, Page, Refusal};
use super::heading::Heading::{Number, Words};
use super::heading::head;
use crate::app::App;
use crate::status::{SnapshotStatus, Status, size_in_words};
use axum::extract::State;
use axum::response::Response;
use chrono::NaiveDate;
use chrono_tz::Tz;
use maud::{Markup, html};
use waymark_event::Instant;
use waymark_reports::wording;

/// The page of the operator.
pub(crate) async fn status(State(app): State<App>) -> Result<Response, Refusal> {
    let status = app.status().await?;
    // Before the first snapshot there is nothing to ask.
    let ended = if status.snapshot.is_some() { ended::ended(&app).await? } else { None };
    Ok(frame::answer(page(&status, app.engine.definitions().zone(), ended).into_string().into_bytes()))
}

fn page(status: &Status, zone: Tz, ended: Option<NaiveDate>) -> Markup {
    let page = Page {
        address: "/status",
        title: "status".to_owned(),
        as_of: status.snapshot.as_ref().map(|snapshot| ended::with_end(&moment(&snapshot.as_of, zone), ended)),
        heading: "Is everything in, and how fresh is it?".to_owned(),
        lede: html! {
            "What has arrived and is visible, who writes, and what the tables take on the disk; also "
            a href="/api/v1/status" { "as JSON" } ". What the data lack is told by the " a href="/doctor" { "doctor" }
            ", what is computed from them by the " a href="/definitions" { "definitions" } ", each with its numbers and rows."
        },
        content: html! { (now(status, zone)) (streams(status)) (tables(status)) },
        footer: html! { (status.location) " · format " (status.format_version) " · Waymark " (status.program_version) },
    };
    page.render()
}

/// An RFC 3339 instant to the minute, in the zone of the organisation.
fn moment(at: &str, zone: Tz) -> String {
    Instant::parse(at).map_or_else(|_| at.to_owned(), |instant| wording::dates::instant(instant, zone))
}

fn now(status: &Status, zone: Tz) -> Markup {
    let freshness = status.freshness.as_ref();
    let received_at = freshness.map(|freshness| moment(&freshness.received_at, zone));
    html! {
        section aria-labelledby="now" {
            h2 #now { "Now" }
            p.question { @match &status.writer {
                Some(writer) => { (frame::prose(writer)) " writes" }
                None => { "no process writes" }
            } }
            ul.tiles {
                (tile(
                    "Freshness",
                    &freshness.map_or_else(|| "not measured yet".to_owned(), |freshness| format!("{:.1} s", freshness.seconds)),
                    &received_at.map_or_else(
                        || "from the receipt of a delivery to its snapshot: none has come in while a process served".to_owned(),
                        |at| format!("from receipt, {at}, to its snapshot"),
                    ),
                ))
                (tile("Waiting", &whole(status.waiting_deliveries), "deliveries received and not visible yet"))
                (tile(
                    "Snapshot",
                    &status.snapshot.as_ref().map_or_else(|| "none yet".to_owned(), SnapshotStatus::age_in_words),
                    &status.snapshot.as_ref().map_or_else(String::new, |snapshot| snapshot.id.clone()),
                ))
                (tile(
                    "Disk",
                    &size_in_words(status.tables_bytes + status.database_bytes),
                    &format!("{} of it in the inbox", size_in_words(status.database_bytes)),
                ))
            }
            @for loss in &status.held_losses { p.note { "Look at the catalogue: " (loss.said()) "." } }
        }
    }
}

fn tile(title: &str, figure: &str, basis: &str) -> Markup {
    html! {
        li.tile { h3 { (title) } span.figure { (figure) } span.basis { (basis) } }
    }
}

/// A count with its thousands apart.
fn whole(count: u64) -> String {
    wording::count(i64::try_from(count).unwrap_or(i64::MAX))
}

fn streams(status: &Status) -> Markup {
    html! {
        section aria-labelledby="streams" {
            h2 #streams { "Streams" }
            p.question { "Up to where is it visible?" }
            @if status.streams.is_empty() {
                p { "Nothing has arrived yet." }
            } @else {
                div.scroll role="region" aria-label="Streams" tabindex="0" { table {
                    (head(&[Words("Stream"), Number("Position")]))
                    tbody { @for stream in &status.streams {
                        tr { td { (stream.stream) } td.number { (wording::count(stream.position)) } }
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
            div.scroll role="region" aria-label="Tables" tabindex="0" { table {
                (head(&[Words("Table"), Number("Rows"), Number("Files"), Number("Live"), Number("On disk")]))
                tbody { @for table in &status.tables {
                    tr {
                        td { (table.table) }
                        td.number { (whole(table.rows)) }
                        td.number { (whole(table.files as u64)) }
                        td.number { (size_in_words(table.live_bytes)) }
                        td.number { (size_in_words(table.disk_bytes)) }
                    }
                } }
            } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_measured_says_how_it_would_be() {
        let page = page(&Status::default(), chrono_tz::UTC, None).into_string();
        assert!(page.contains("not measured yet") && page.contains("none has come in while a process served"), "{page}");
    }
}
