//! The next page: the `Link` header of RFC 8288, kept on the host that was asked.
//!
//! A next page on another host is refused, because our credentials would follow it there.

use http::HeaderMap;
use http::header::LINK;
use url::Url;

/// Where a list goes on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NextPage {
    /// This was the last page.
    None,
    /// Path and query of the next page, on the same host.
    Path(String),
    /// The next page stands on another host.
    Foreign(String),
}

/// The next page that `headers` name in their answer to `asked`.
pub(crate) fn next_page(headers: &HeaderMap, asked: &Url) -> NextPage {
    let links = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    let Some(target) = links.flat_map(targets).find(|(_, is_next)| *is_next).map(|(target, _)| target) else {
        return NextPage::None;
    };
    let Ok(next) = asked.join(target) else {
        return NextPage::Foreign(target.to_owned());
    };
    let is_same_host = next.host_str() == asked.host_str() && next.port_or_known_default() == asked.port_or_known_default();
    if !is_same_host {
        return NextPage::Foreign(next.host_str().unwrap_or(target).to_owned());
    }
    NextPage::Path(next.query().map_or_else(|| next.path().to_owned(), |query| format!("{}?{query}", next.path())))
}

/// Each target of a header, and whether it is the next page. Targets may hold commas.
fn targets(header: &str) -> impl Iterator<Item = (&str, bool)> {
    header.split('<').skip(1).filter_map(|part| {
        let (target, parameters) = part.split_once('>')?;
        let is_next = parameters.split(';').filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
            let value = value.trim().trim_end_matches([',', ' ']).trim_matches('"');
            name.trim().eq_ignore_ascii_case("rel") && value.split_whitespace().any(|word| word.eq_ignore_ascii_case("next"))
        });
        Some((target, is_next))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(link: &str) -> NextPage {
        let mut headers = HeaderMap::new();
        headers.append(LINK, link.parse().unwrap());
        next_page(&headers, &Url::parse("https://git.example.org/api/v3/repos/a/b/runs?page=1").unwrap())
    }

    #[test]
    fn scheme_and_host_are_stripped() {
        let link = r#"<https://git.example.org/api/v3/x?page=1>; rel="prev", <https://git.example.org/api/v3/x?page=3&q=a,b>; rel="next""#;
        assert_eq!(next(link), NextPage::Path("/api/v3/x?page=3&q=a,b".to_owned()));
        assert_eq!(next("<https://git.example.org:443/x>; title=\"a\"; rel=next"), NextPage::Path("/x".to_owned()));
        assert_eq!(next("<?page=2>; rel=\"last next\""), NextPage::Path("/api/v3/repos/a/b/runs?page=2".to_owned()));
    }

    #[test]
    fn another_host_is_foreign() {
        assert_eq!(
            next(r#"<https://elsewhere.example.org/x>; rel="next""#),
            NextPage::Foreign("elsewhere.example.org".to_owned())
        );
        assert_eq!(next(r#"<https://git.example.org:8443/x>; rel="next""#), NextPage::Foreign("git.example.org".to_owned()));
    }

    #[test]
    fn without_next_it_is_the_last() {
        assert_eq!(next(r#"<https://git.example.org/x>; rel="last""#), NextPage::None);
        assert_eq!(next("nonsense"), NextPage::None);
    }
}
