//! The colours of every chart and report, as named tokens with a light and a dark value.
//!
//! Series follow the hues of Okabe and Ito without yellow, each dark or bright enough for a mark (3:1). Any two may stand
//! beside each other, so where an eye without one kind of cones sees one hue, lightness tells them apart. Which mark takes
//! which token belongs to `charts`.

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
    Token::of("series-2", (213, 94, 0), (234, 125, 60)),
    Token::of("series-3", (48, 161, 123), (138, 230, 188)),
    Token::of("series-4", (170, 42, 102), (178, 91, 129)),
    Token::of("series-5", (103, 75, 0), (253, 199, 72)),
    Token::of("series-6", (27, 60, 155), (69, 114, 204)),
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

    type Matrix = [[f64; 3]; 3];

    /// How far apart any two series are at least, where black and white are 1 apart.
    const APART_MIN: f64 = 0.09;

    /// What becomes of light in an eye with all cones, and in eyes without one kind of them (Machado and others, 2009).
    const EYES: [(&str, Matrix); 4] = [
        ("all cones", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        (
            "protanopia",
            [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]],
        ),
        (
            "deuteranopia",
            [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]],
        ),
        (
            "tritanopia",
            [[1.255_528, -0.076_749, -0.178_779], [-0.078_411, 0.930_809, 0.147_602], [0.004_733, 0.691_367, 0.303_900]],
        ),
    ];

    /// From light to what the cones take in, and from its cube roots to lightness and two axes of hue (`OKLab`).
    const CONES: Matrix =
        [[0.412_221, 0.536_333, 0.051_446], [0.211_903, 0.680_700, 0.107_397], [0.088_302, 0.281_719, 0.629_979]];
    const AXES: Matrix =
        [[0.210_454, 0.793_618, -0.004_072], [1.977_998, -2.428_592, 0.450_594], [0.025_904, 0.782_772, -0.808_676]];

    fn linear((red, green, blue): (u8, u8, u8)) -> [f64; 3] {
        [red, green, blue].map(|channel| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.039_28 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        })
    }

    fn luminance(rgb: (u8, u8, u8)) -> f64 {
        let [red, green, blue] = linear(rgb);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    fn times(matrix: Matrix, parts: [f64; 3]) -> [f64; 3] {
        matrix.map(|row| row.iter().zip(&parts).map(|(weight, part)| weight * part).sum())
    }

    /// Where a colour lies for an eye, in a space in which equal distances look equal.
    fn seen(eye: Matrix, rgb: (u8, u8, u8)) -> [f64; 3] {
        let left = times(eye, linear(rgb)).map(|share| share.clamp(0.0, 1.0));
        times(AXES, times(CONES, left).map(f64::cbrt))
    }

    fn distance(one: [f64; 3], other: [f64; 3]) -> f64 {
        one.iter().zip(&other).map(|(one, other)| (one - other).powi(2)).sum::<f64>().sqrt()
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
    fn marks_stand_out_from_paper_and_panel() {
        for token in SERIES.into_iter().chain([UNKNOWN]) {
            for ground in [PAPER, PANEL] {
                assert!(contrast(token.light, ground.light) >= 3.0, "{} on light {}", token.name, ground.name);
                assert!(contrast(token.dark, ground.dark) >= 3.0, "{} on dark {}", token.name, ground.name);
            }
        }
    }

    #[test]
    fn any_two_series_are_told_apart_whatever_cones_an_eye_has() {
        for (cones, eye) in EYES {
            for (place, one) in SERIES.iter().enumerate() {
                for other in &SERIES[place + 1..] {
                    let light = distance(seen(eye, one.light), seen(eye, other.light));
                    let dark = distance(seen(eye, one.dark), seen(eye, other.dark));
                    let pair = format!("{} and {} with {cones}", one.name, other.name);
                    assert!(light >= APART_MIN, "{pair} on light: {light:.3}");
                    assert!(dark >= APART_MIN, "{pair} on dark: {dark:.3}");
                }
            }
        }
    }

    #[test]
    fn print_has_the_colours_of_light_paper() {
        let print = include_str!("render/report.css");
        for token in TOKENS {
            let rule = format!("--wm-{}:{}", token.name, token.light_hex());
            assert!(print.contains(&rule), "{rule}");
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
