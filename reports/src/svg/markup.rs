//! Text that may stand in XML: escaping, what nobody sees in it, decimals, appending.

use std::fmt::{Arguments, Write as _};

/// Appends formatted text; a `String` takes everything, so there is no error to hand on.
pub(crate) fn put(out: &mut String, what: Arguments<'_>) {
    if out.write_fmt(what).is_err() {
        out.push('\u{fffd}');
    }
}

/// Whether nobody sees a character: control characters, and marks that turn the direction of whatever follows a name.
pub(crate) fn is_unseen(letter: char) -> bool {
    let is_break = matches!(letter, '\t' | '\n' | '\r');
    let turns = matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || (letter.is_control() && !is_break) || matches!(letter, '\u{fffe}' | '\u{ffff}')
}

/// The text as it may stand between tags and in quoted attributes, without what nobody sees.
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
            unseen if is_unseen(unseen) => {}
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
    fn nothing_turns_what_follows_a_name() {
        let marks = "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}";
        assert_eq!(escaped(&format!("a{marks}b")), "ab");
        // Joiners and narrow spaces belong to words and numbers.
        assert_eq!(escaped("\u{200d}\u{202f}\u{5e9}"), "\u{200d}\u{202f}\u{5e9}");
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
