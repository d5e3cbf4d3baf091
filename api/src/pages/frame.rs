//! The frame of every page: head, navigation, heading and footer, written once.
//!
//! A page fills a [`Page`] and says nothing of what stands around it. Styles are in `style.css`; what a
//! page shows is its own business.

use crate::app::App;
use crate::problem::Problem;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::sync::Arc;
use waymark_reports::render::neutral;
use waymark_reports::wording::dates;

/// Where a reader can go from every page: address and words, in the order of the navigation.
const PLACES: &[(&str, &str)] = &[
    ("/", "Overview"),
    ("/adoption", "Adoption"),
    ("/teams", "Teams"),
    ("/services", "Services"),
    ("/doctor", "Doctor"),
    ("/status", "Status"),
    ("/api/v1/reports/weekly_adoption", "Weekly report"),
    ("/api/v1/reports/leadership_review", "Leadership review"),
    ("/definitions", "Definitions"),
    ("/api/v1/openapi.json", "API"),
];

/// What one page puts into the frame.
pub(crate) struct Page {
    /// Its own address without parameters, by which the navigation knows where the reader is.
    pub(crate) address: &'static str,
    /// What a tab of the browser says after the name of the product.
    pub(crate) title: String,
    /// The instant that the page describes, in words; null where there is none.
    pub(crate) as_of: Option<String>,
    /// The question that the page answers.
    pub(crate) heading: String,
    /// What a reader must know before the first number.
    pub(crate) lede: Markup,
    /// The sections of the page.
    pub(crate) content: Markup,
    /// What makes the page reproducible: snapshot, zone, version.
    pub(crate) footer: Markup,
}

impl Page {
    /// The whole document, in which no name turns what follows it.
    pub(crate) fn render(self) -> Markup {
        let document = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { "Waymark, " (self.title) }
                    link rel="stylesheet" href="/assets/style.css";
                    link rel="icon" href="data:,";
                }
                body {
                    a.skip href="#main" { "Skip to content" }
                    header.top { div {
                        a.brand href="/" { "Waymark" }
                        nav aria-label="Main" {
                            @for (address, words) in PLACES {
                                @let current = (*address == self.address).then_some("page");
                                a href=(address) aria-current=[current] { (words) }
                            }
                        }
                        @if let Some(as_of) = &self.as_of { span.asof { "data as of " (as_of) } }
                    } }
                    main #main {
                        h1 { (self.heading) }
                        p.lede { (self.lede) }
                        (self.content)
                    }
                    footer { (self.footer) }
                }
            }
        };
        PreEscaped(neutral(document.into_string()))
    }
}

/// The bytes of a page, which is made once for a snapshot and name; of a pinned application, so that the page tells
/// of the snapshot under whose name it is kept.
pub(super) async fn rendered(
    app: &App,
    name: &str,
    page: impl Future<Output = Result<Markup, Problem>>,
) -> Result<Arc<Vec<u8>>, Problem> {
    let key = format!("{} {name}", app.engine.newest().await?.snapshot.id);
    let make = async { page.await.map(|page| page.into_string().into_bytes()) };
    app.rendered(key, make).await
}

/// The same as an answer.
pub(super) async fn answered(
    app: &App,
    name: &str,
    page: impl Future<Output = Result<Markup, Problem>>,
) -> Result<Response, Refusal> {
    Ok(answer(rendered(app, name, page).await?.as_ref().clone()))
}

/// A rendered page as an answer.
pub(crate) fn answer(page: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}

/// A problem as a page, for readers who came by a link.
#[derive(Debug)]
pub(crate) struct Refusal(Problem);

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let problem = self.0;
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let page = Page {
            address: "",
            title: problem.title.clone(),
            as_of: None,
            heading: "That cannot be shown".to_owned(),
            lede: prose(&problem.detail),
            content: html! { p { a href="/" { "Back to the overview" } } },
            footer: html! { (problem.status) " · " (problem.kind) },
        };
        let mut response = answer(page.render().into_string().into_bytes());
        *response.status_mut() = status;
        response
    }
}

/// Nothing stands at this address: a page for readers, a problem for programs.
pub(super) async fn nowhere(headers: HeaderMap) -> Response {
    let accepted = headers.get(header::ACCEPT).and_then(|kinds| kinds.to_str().ok()).unwrap_or_default();
    let problem = Problem::no_such_address();
    if accepted.contains("text/html") { Refusal::from(problem).into_response() } else { problem.into_response() }
}

/// A day that comes as JSON writes it, as people read it; another word, such as `always`, stays.
pub(super) fn day(said: &str) -> String {
    said.parse::<NaiveDate>().map_or_else(|_| said.to_owned(), dates::day)
}

/// A text of ours in which what stands between back-ticks is code.
pub(super) fn prose(text: &str) -> Markup {
    html! {
        @for (place, part) in text.split('`').enumerate() {
            @if place % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(title: &str) -> String {
        let page = Page {
            address: "/status",
            title: title.to_owned(),
            as_of: Some("noon".to_owned()),
            heading: title.to_owned(),
            lede: html! {},
            content: html! {},
            footer: html! {},
        };
        page.render().into_string()
    }

    #[test]
    fn the_navigation_says_where_the_reader_is() {
        let page = page("status");
        assert_eq!(page.matches("aria-current=\"page\"").count(), 1);
        assert!(page.contains("<a href=\"/status\" aria-current=\"page\">Status</a>"), "{page}");
    }

    #[test]
    fn words_from_outside_stay_words() {
        let page = page("<script>alert(1)</script>");
        assert!(!page.contains("<script"), "{page}");
        assert_eq!(page.matches("&lt;script&gt;").count(), 2);
    }

    #[test]
    fn no_name_turns_what_follows_it() {
        let page = page("checkout\u{202e}gnp.exe\u{200f}");
        assert_eq!(page.matches("checkoutgnp.exe<").count(), 2, "{page}");
    }

    #[test]
    fn days_stand_as_they_do_everywhere_else() {
        assert_eq!((day("2026-08-02").as_str(), day("always").as_str()), ("2 Aug 2026", "always"));
    }

    #[test]
    fn what_stands_between_back_ticks_is_code() {
        assert_eq!(prose("run `a < b` twice").into_string(), "run <code>a &lt; b</code> twice");
        assert_eq!(prose("no code").into_string(), "no code");
    }

    #[test]
    fn a_problem_keeps_its_status_and_is_readable() {
        let response = Refusal::from(Problem::no_such_metric("speed")).into_response();
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
    }
}
