//! `GET /definitions`: everything that is measured, in words, with the way to its numbers.

use super::address::Address;
use super::frame::{self, Page};
use axum::response::Response;
use maud::{Markup, html};
use waymark_analytics::{METRICS, Metric};

/// The catalogue for people.
pub(crate) async fn definitions() -> Response {
    let page = Page {
        address: "/definitions",
        title: "definitions".to_owned(),
        as_of: None,
        heading: "What is measured, and how?".to_owned(),
        lede: html! {
            "One definition of each metric; pages, reports, charts and the interface all compute from it. Also "
            a href="/api/v1/metrics" { "as JSON" } "."
        },
        content: html! { @for metric in METRICS { (definition(metric)) } },
        footer: html! { (METRICS.len()) " metrics" },
    };
    frame::answer(page.render().into_string().into_bytes())
}

fn definition(metric: &Metric) -> Markup {
    html! {
        section aria-labelledby=(metric.id) {
            h2 id=(metric.id) { a href=(Address::of_metric(metric.id).text()) { (metric.title) } }
            p.question { (metric.question) }
            (words(&metric.manual()))
            details { summary { "The definition that runs" } pre { code { (metric.sql) } } }
        }
    }
}

/// A manual page, whose paragraphs are parted by empty lines.
pub(super) fn words(manual: &str) -> Markup {
    html! { div.manual { @for paragraph in manual.split("\n\n") { p { (frame::prose(paragraph)) } } } }
}
