//! Text that may stand in XML: escaping, decimals, appending.

use std::fmt::{Arguments, Write as _};

/// Appends formatted text; a `String` takes everything, so there is no error to hand on.
pub(crate) fn put(out: &mut String, what: Arguments<'_>) {
    if out.write_fmt(what).is_err() {
        out.push('\u{fffd}');
    }
}

/// The text as it may stand between tags and in quoted attributes; what XML forbids is left out.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => out.push(' '),
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => {}
            _ => out.push(letter),
        }
    }
    out
}

/// A coordinate with at most two places and no trailing zeros.
pub(crate) fn decimal(value: f64) -> String {
    if !value.is_finite() {
        return "0".to_owned();
    }
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// A value for `data-` attributes: as many places as tell it apart, never an exponent.
pub(crate) fn exact(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// FNV-1a over the text as eight hexadecimal digits: the same drawing has the same ids everywhere.
pub(crate) fn fingerprint(text: &str) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{:08x}", (hash >> 32) ^ (hash & 0xffff_ffff))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hostile_survives() {
        assert_eq!(escaped("<script>alert('x')</script>\u{1}\u{0}"), "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
        assert_eq!(escaped("\"a\" & b"), "&quot;a&quot; &amp; b");
    }

    #[test]
    fn decimals_are_short() {
        assert_eq!(decimal(12.0), "12");
        assert_eq!(decimal(0.456), "0.46");
        assert_eq!(decimal(-0.001), "0");
        assert_eq!(decimal(f64::NAN), "0");
        assert_eq!(decimal(120.50), "120.5");
    }
}
