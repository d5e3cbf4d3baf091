//! Renderers: a document as bytes. They compute nothing.

mod html;
mod markdown;

pub use html::html;
pub use markdown::markdown;

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

    #[test]
    fn numbers_keep_their_unit() {
        assert_eq!(glued("is 75 %, was 1.8 d (n = 41)"), "is 75\u{a0}%, was 1.8\u{a0}d (n\u{a0}=\u{a0}41)");
        assert_eq!(glued("45 of 60"), "45 of 60");
        assert_eq!(glued("by 1 Nov 2026): late"), "by 1\u{a0}Nov\u{a0}2026): late");
    }

    #[test]
    fn a_link_that_runs_code_is_not_followed() {
        assert_eq!(followed(Some("javascript:alert(1)")), None);
        assert_eq!(followed(Some("https://example.org/run/1")), Some("https://example.org/run/1"));
    }
}
