//! Numbers without their unit: as many places as a reader can use.

/// The most places behind the point.
const PLACES_MAX: usize = 3;

/// At least three digits' worth: `0.042`, `0.8`, `3.2`, `46`, `1,204`.
pub(super) fn digits(value: f64) -> String {
    match places(value.abs()) {
        0 => grouped(value.round()),
        places => minus(&trimmed(&format!("{value:.places$}"))),
    }
}

/// How many places behind the point a number of this size is worth.
fn places(size: f64) -> usize {
    match size {
        size if size >= 9.95 => 0,
        size if size >= 0.995 => 1,
        size if size >= 0.095 => 2,
        _ => PLACES_MAX,
    }
}

/// Per cent without the sign: whole, but never rounded to 0 or 100 from either side.
pub(super) fn percent(share: f64) -> String {
    let value = share * 100.0;
    let is_near_an_end = value.abs() < 1.0 || (value > 99.0 && value < 100.0);
    if !is_near_an_end {
        return minus(&format!("{:.0}", value.round()));
    }
    match value {
        value if value > 99.9 => "99.9".to_owned(),
        value if value > 0.0 && value < 0.1 => "<0.1".to_owned(),
        value => minus(&trimmed(&format!("{value:.1}"))),
    }
}

/// A whole number that carries its sign: `+54`, `−12`, `0`.
pub(super) fn signed(value: f64) -> String {
    let whole = value.round();
    if whole > 0.0 { format!("+{}", grouped(whole)) } else { grouped(whole) }
}

/// A number and two limits of it with their signs, all in the same places: as many as the larger limit needs, and more
/// where the other would be nought.
pub(super) fn between(value: f64, limits: [f64; 2]) -> (String, [String; 2]) {
    let [one, other] = limits.map(f64::abs);
    let needed = places(one.max(other));
    let is_seen = |places: &usize| trimmed(&format!("{:.*}", *places, one.min(other))) != "0";
    let mut places = (needed..=PLACES_MAX).find(is_seen).unwrap_or(needed);
    while places > 0 && limits.iter().all(|limit| format!("{limit:.places$}").ends_with('0')) {
        places -= 1;
    }
    (with_sign(value, places), limits.map(|limit| with_sign(limit, places)))
}

/// A number in so many places that carries its sign: `+1.5`, `−12`, and `0` for what is nought in them.
fn with_sign(value: f64, places: usize) -> String {
    let text = format!("{:.places$}", value.abs());
    if trimmed(&text) == "0" {
        return "0".to_owned();
    }
    let size = match text.split_once('.') {
        Some((whole, rest)) => format!("{}.{rest}", thousands(whole)),
        None => thousands(&text),
    };
    format!("{}{size}", if value < 0.0 { "−" } else { "+" })
}

fn trimmed(text: &str) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
}

/// With a real minus sign, and without one before zero.
fn minus(text: &str) -> String {
    match text.strip_prefix('-') {
        Some("0") => "0".to_owned(),
        Some(rest) => format!("−{rest}"),
        None => text.to_owned(),
    }
}

fn grouped(whole: f64) -> String {
    let out = thousands(&format!("{:.0}", whole.abs()));
    if whole < 0.0 { format!("−{out}") } else { out }
}

/// Digits with a comma between thousands.
fn thousands(digits: &str) -> String {
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_carry_what_a_reader_can_use() {
        assert_eq!(digits(0.0), "0");
        assert_eq!(digits(0.0421), "0.042");
        assert_eq!(digits(3.04), "3");
        assert_eq!(digits(9.97), "10");
        assert_eq!(digits(1_204.4), "1,204");
        assert_eq!(digits(-0.5), "−0.5");
    }

    #[test]
    fn a_number_and_its_limits_have_the_same_places() {
        let cases = [
            (1.0, [0.043, 2.0], "+1.00", ["+0.04", "+2.00"]),
            (8.4, [0.68, 16.2], "+8", ["+1", "+16"]),
            (8.4, [0.3, 16.2], "+8.4", ["+0.3", "+16.2"]),
            (5.0, [2.0, 8.5], "+5.0", ["+2.0", "+8.5"]),
            (4.0, [3.0, 5.0], "+4", ["+3", "+5"]),
            (-34.0, [-60.4, -7.6], "−34", ["−60", "−8"]),
            (-1.0, [-2.0, 0.0], "−1", ["−2", "0"]),
            (600.0, [12.0, 1_204.4], "+600", ["+12", "+1,204"]),
            (600.0, [0.3, 1_204.4], "+600.0", ["+0.3", "+1,204.4"]),
            (-600.5, [-1_234_567.0, -0.04], "−600.50", ["−1,234,567.00", "−0.04"]),
            // What is nought beside such limits has no sign.
            (0.3, [-20.0, 39.0], "0", ["−20", "+39"]),
            (-0.3, [-39.0, 20.0], "0", ["−39", "+20"]),
        ];
        for (value, limits, said, around) in cases {
            assert_eq!(between(value, limits), (said.to_owned(), around.map(str::to_owned)), "{value} in {limits:?}");
        }
    }

    #[test]
    fn a_share_is_not_rounded_to_none_or_all() {
        assert_eq!(percent(0.0), "0");
        assert_eq!(percent(0.004), "0.4");
        assert_eq!(percent(0.0001), "<0.1");
        assert_eq!(percent(0.9996), "99.9");
        assert_eq!(percent(1.0), "100");
        assert_eq!(percent(0.754), "75");
        assert_eq!(percent(0.625), "63");
    }
}
