//! Renderers: a document as bytes. They compute nothing.

mod html;
mod markdown;

pub use html::html;
pub use markdown::markdown;

use crate::svg::markup::is_unseen;

/// A page without what nobody sees: whoever named something cannot turn the words that follow it.
pub fn neutral(mut page: String) -> String {
    page.retain(|letter| !is_unseen(letter));
    page
}

/// Only what a browser may follow safely: `http` and `https`.
fn followed(link: Option<&str>) -> Option<&str> {
    link.filter(|link| link.starts_with("https://") || link.starts_with("http://"))
}

/// The text with numbers and their units held together by no-break spaces.
fn glued(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut words = text.split(' ').peekable();
    while let Some(word) = words.next() {
        out.push_str(word);
        if let Some(next) = words.peek() {
            let ends_in_digit = word.ends_with(|letter: char| letter.is_ascii_digit());
            let unit = next.trim_end_matches([',', ';', '.', ')', ':']);
            let is_unit = matches!(unit, "%" | "s" | "min" | "h" | "d" | "=");
            let is_date = (ends_in_digit && is_month(next)) || (is_month(word) && unit.parse::<u16>().is_ok());
            let is_equation = word == "n" || word.ends_with("(n") || word == "=";
            out.push(if (ends_in_digit && is_unit) || is_date || is_equation { '\u{a0}' } else { ' ' });
        }
    }
    out
}

fn is_month(word: &str) -> bool {
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"].contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Block, Column, Document, Entry, Section, Sentence, Table};
    use crate::invented::input;
    use crate::reports::REPORTS;

    fn made() -> Document {
        (REPORTS[0].build)(&input())
    }

    #[test]
    fn numbers_keep_their_unit() {
        assert_eq!(glued("is 75 %, was 1.8 d (n = 41)"), "is 75\u{a0}%, was 1.8\u{a0}d (n\u{a0}=\u{a0}41)");
        assert_eq!(glued("45 of 60"), "45 of 60");
        assert_eq!(glued("by 1 Nov 2026): late"), "by 1\u{a0}Nov\u{a0}2026): late");
    }

    #[test]
    fn no_name_turns_what_follows_it() {
        let name = "checkout\u{202e}gnp.exe\u{2067}";
        let section = Section {
            id: "one".to_owned(),
            title: name.to_owned(),
            purpose: name.to_owned(),
            blocks: vec![Block::Note(Sentence::plain(name))],
        };
        let document = Document { organisation: name.to_owned(), sections: vec![section], ..made() };
        for text in [html(&document), markdown(&document)] {
            assert!(text.contains("checkoutgnp.exe") && !text.contains(['\u{202e}', '\u{2067}']), "{text}");
        }
        assert_eq!(neutral("one\ttwo\nthree\u{0}".to_owned()), "one\ttwo\nthree");
    }

    #[test]
    fn what_scrolls_away_on_a_phone_has_its_heading_beside_it() {
        let table = |columns: usize| {
            let title = |place: usize| Column::words(&format!("Column {place}"));
            let entry = |place: usize| Entry::of(format!("entry {place}"));
            Block::Table(Table {
                caption: "Made up".to_owned(),
                columns: (0..columns).map(title).collect(),
                rows: (0..6).map(|_| (0..columns).map(entry).collect()).collect(),
            })
        };
        let page = |block: Block| {
            let section = Section { id: "one".to_owned(), title: String::new(), purpose: String::new(), blocks: vec![block] };
            html(&Document { sections: vec![section], ..made() })
        };
        let wide = page(table(7));
        assert!(wide.contains("<table class=\"stacked\">"), "{wide}");
        assert!(wide.contains("<td class=\"word\" data-label=\"Column 6\">"), "{wide}");
        assert!(wide.contains("<th scope=\"col\"") && wide.contains("<th scope=\"row\""), "{wide}");
        let narrow = page(table(3));
        assert!(narrow.contains("<table>"), "three columns fit: {narrow}");
    }

    #[test]
    fn on_paper_tables_part_between_rows_and_never_behind_their_heading() {
        let page = html(&made());
        let print = page.split_once("@media print{").map_or("", |(_, print)| print);
        let rules = |property: &str| {
            let rules = print.split('}').filter_map(|rule| rule.split_once('{'));
            let meant = rules.filter(|(_, what)| what.split(';').any(|one| one == property));
            meant.flat_map(|(selectors, _)| selectors.trim().split(',')).collect::<Vec<_>>()
        };
        assert!(rules("break-inside:avoid").iter().all(|selector| !selector.starts_with("table")), "{print}");
        assert!(rules("break-after:avoid").contains(&"thead") && rules("break-before:avoid").contains(&"tbody"), "{print}");
    }

    #[test]
    fn a_link_that_runs_code_is_not_followed() {
        assert_eq!(followed(Some("javascript:alert(1)")), None);
        assert_eq!(followed(Some("https://example.org/run/1")), Some("https://example.org/run/1"));
    }
}
