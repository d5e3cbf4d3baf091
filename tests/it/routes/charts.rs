//! Charts over HTTP: what a page that shows them again and again is sent.

use super::Site;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use std::collections::BTreeSet;
use tower::ServiceExt;

const TREND: &str = "/api/v1/charts/trend.svg?metric=change_lead_time";

impl Site {
    /// The answer to who holds a drawing with these tags.
    async fn again(&self, path: &str, held: &str) -> (StatusCode, HeaderMap, Vec<u8>) {
        let request = Request::get(path).header(header::IF_NONE_MATCH, held).body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        (status, headers, response.into_body().collect().await.unwrap().to_bytes().to_vec())
    }
}

#[tokio::test]
async fn a_chart_that_has_not_changed_is_not_sent_again() {
    let site = Site::open().await;
    let mut tags = BTreeSet::new();
    let drawings = [
        TREND.to_owned(),
        TREND.replace(".svg", ".png"),
        format!("{TREND}&theme=dark"),
        format!("{TREND}&theme=auto"),
        format!("{TREND}&width=900"),
        format!("{TREND}&last=5"),
        TREND.replace(".svg", ".png") + "&theme=dark",
    ];
    for path in &drawings {
        let (status, sent, drawn) = site.again(path, "W/\"of-something-else\"").await;
        assert!(status == StatusCode::OK && !drawn.is_empty(), "{path}: {status}");
        let tag = sent[header::ETAG].to_str().unwrap();
        assert!(tags.insert(tag.to_owned()), "{path} has the tag of another drawing: {tag}");
        let (status, kept, nothing) = site.again(path, &format!("\"older\", {tag}")).await;
        assert_eq!((status, nothing.len()), (StatusCode::NOT_MODIFIED, 0), "{path}");
        assert_eq!(kept.get(header::CONTENT_LENGTH), None, "{path}: it would have to be that of the drawing");
        // A cache takes these over: they must not become those of a page.
        for name in [header::ETAG, header::CACHE_CONTROL, header::CONTENT_SECURITY_POLICY, header::VARY] {
            assert_eq!(kept.get(&name), sent.get(&name), "{path}: {name}");
        }
    }
    let missing = format!("{TREND}&scope_kind=team&scope=nobody");
    assert_ne!(site.again(&missing, "*").await.0, StatusCode::NOT_MODIFIED, "a chart that is not there is not unchanged");
}
