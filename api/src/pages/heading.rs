//! Headings of tables: each says that it heads a column, to those who hear a page as to those who see it.

use maud::{Markup, html};

/// The heading of one column, by what stands below it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Heading<'a> {
    /// Words, which begin at the left.
    Words(&'a str),
    /// Numbers, which end at the right.
    Number(&'a str),
}

/// The head of a table.
pub(super) fn head(headings: &[Heading<'_>]) -> Markup {
    html! {
        thead { tr { @for heading in headings {
            @match heading {
                Heading::Words(title) => { th scope="col" { (title) } }
                Heading::Number(title) => { th.number scope="col" { (title) } }
            }
        } } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_heading_says_what_it_heads() {
        let head = head(&[Heading::Words("Component"), Heading::Number("Score")]).into_string();
        assert_eq!(
            head,
            "<thead><tr><th scope=\"col\">Component</th><th class=\"number\" scope=\"col\">Score</th></tr></thead>"
        );
    }
}
