//! The colours of every chart and report, as named tokens with a light and a dark value.
//!
//! Series follow Okabe and Ito without yellow; where the original is too pale for a mark on white
//! (3:1), the hue is kept and darkened. Which mark takes which token belongs to `charts`.

use crate::svg::markup::put;

/// One colour by its role: the name is the CSS variable without `--wm-`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token {
    /// The role, such as `ink` or `series-1`.
    pub name: &'static str,
    /// Red, green and blue on light paper; no two tokens share it.
    pub light: (u8, u8, u8),
    /// Red, green and blue on dark paper.
    pub dark: (u8, u8, u8),
}

impl Token {
    const fn of(name: &'static str, light: (u8, u8, u8), dark: (u8, u8, u8)) -> Self {
        Self { name, light, dark }
    }

    /// The token whose light value this is: how a colour comes back out of plotters.
    pub(crate) fn found(rgb: (u8, u8, u8)) -> Self {
        TOKENS.iter().copied().find(|token| token.light == rgb).unwrap_or(INK)
    }

    /// The light value as `#rrggbb`.
    pub fn light_hex(self) -> String {
        hex(self.light)
    }

    /// The dark value as `#rrggbb`.
    pub fn dark_hex(self) -> String {
        hex(self.dark)
    }
}

/// The page behind everything.
pub const PAPER: Token = Token::of("paper", (255, 255, 255), (17, 24, 32));
/// Text that is read first.
pub const INK: Token = Token::of("ink", (22, 32, 42), (231, 237, 243));
/// Text that is read second: units, dates, footers.
pub const MUTED: Token = Token::of("muted", (88, 101, 114), (157, 170, 183));
/// Lines that only guide the eye.
pub const GRID: Token = Token::of("grid", (228, 233, 238), (42, 53, 64));
/// The line on which bars stand.
pub const AXIS: Token = Token::of("axis", (137, 149, 161), (104, 118, 132));
/// What is not known.
pub const UNKNOWN: Token = Token::of("unknown", (125, 137, 150), (135, 149, 163));
/// A panel that lies on the paper.
pub const PANEL: Token = Token::of("panel", (246, 248, 250), (25, 34, 44));
/// Words that say that something became better.
pub const BETTER: Token = Token::of("better", (0, 98, 154), (104, 184, 233));
/// Words that say that something became worse.
pub const WORSE: Token = Token::of("worse", (178, 70, 0), (246, 152, 92));

/// The colours of lines and bars, in the order in which scopes take them.
pub const SERIES: [Token; 6] = [
    Token::of("series-1", (0, 114, 178), (74, 168, 224)),
    Token::of("series-2", (213, 94, 0), (240, 132, 64)),
    Token::of("series-3", (0, 158, 115), (47, 191, 147)),
    Token::of("series-4", (197, 107, 156), (222, 149, 191)),
    Token::of("series-5", (188, 128, 0), (240, 180, 41)),
    Token::of("series-6", (52, 150, 210), (143, 208, 245)),
];

/// Every token, in the order in which the CSS variables are written.
pub const TOKENS: &[Token] = &[
    PAPER, INK, MUTED, GRID, AXIS, UNKNOWN, PANEL, BETTER, WORSE, SERIES[0], SERIES[1], SERIES[2], SERIES[3], SERIES[4],
    SERIES[5],
];

/// Which colour each line of one chart has, given its place among all that there are: that of its place, whatever is drawn
/// beside it. Where there are more places than colours, the later of two with one colour takes the first that is free, and
/// so does a line without a place; where none is free, the number is that of no colour.
pub(crate) fn colours(places: &[Option<usize>]) -> Vec<usize> {
    let mut is_taken = [false; SERIES.len()];
    let mut own = |place: usize| {
        let colour = place % SERIES.len();
        (!std::mem::replace(&mut is_taken[colour], true)).then_some(colour)
    };
    let found: Vec<Option<usize>> = places.iter().map(|place| place.and_then(&mut own)).collect();
    let mut free = (0..SERIES.len()).filter(|colour| !is_taken[*colour]);
    found.into_iter().map(|colour| colour.or_else(|| free.next()).unwrap_or(SERIES.len())).collect()
}

/// The style rules that define each token as a `--wm-` variable, light and dark by preference.
///
/// `data-theme="light"` or `data-theme="dark"` on the root element overrules the preference.
pub fn css() -> String {
    let block = |value: fn(Token) -> String| {
        TOKENS.iter().fold(String::new(), |mut out, token| {
            put(&mut out, format_args!("--wm-{}:{};", token.name, value(*token)));
            out
        })
    };
    let (light, dark) = (block(Token::light_hex), block(Token::dark_hex));
    format!(
        ":root{{color-scheme:light dark;{light}}}\n\
         @media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}\n\
         :root[data-theme=light]{{color-scheme:light}}\n\
         :root[data-theme=dark]{{color-scheme:dark;{dark}}}\n"
    )
}

fn hex((red, green, blue): (u8, u8, u8)) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance((red, green, blue): (u8, u8, u8)) -> f64 {
        let linear = |channel: u8| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.039_28 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    fn contrast(one: (u8, u8, u8), other: (u8, u8, u8)) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn text_is_readable_on_paper_and_panel() {
        for token in [INK, MUTED, BETTER, WORSE] {
            for ground in [PAPER, PANEL] {
                assert!(contrast(token.light, ground.light) >= 4.5, "{} on light {}", token.name, ground.name);
                assert!(contrast(token.dark, ground.dark) >= 4.5, "{} on dark {}", token.name, ground.name);
            }
        }
    }

    #[test]
    fn marks_stand_out_from_the_paper() {
        for token in SERIES.into_iter().chain([UNKNOWN]) {
            assert!(contrast(token.light, PAPER.light) >= 3.0, "{} on light", token.name);
            assert!(contrast(token.dark, PAPER.dark) >= 3.0, "{} on dark", token.name);
        }
    }

    #[test]
    fn a_place_has_its_colour_whatever_stands_beside_it() {
        let of = |places: &[usize]| colours(&places.iter().copied().map(Some).collect::<Vec<_>>());
        assert_eq!(of(&[0, 1, 2, 3, 4, 5]), [0, 1, 2, 3, 4, 5]);
        assert_eq!((of(&[3, 5]), of(&[5]), of(&[1, 5])), (vec![3, 5], vec![5], vec![1, 5]));
        // The eighth has the colour of the second, unless that is there; then nobody else gives way.
        assert_eq!((of(&[0, 7]), of(&[0, 1, 7]), of(&[1, 2, 7, 8])), (vec![0, 1], vec![0, 1, 2], vec![1, 2, 0, 3]));
        assert_eq!(of(&[1, 7, 13, 2]), [1, 0, 3, 2]);
        assert_eq!(colours(&[None, Some(0), None]), [1, 0, 2]);
        assert_eq!(colours(&[None; 7]), [0, 1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn a_colour_names_one_token() {
        for token in TOKENS {
            assert_eq!(Token::found(token.light), *token);
        }
    }
}
