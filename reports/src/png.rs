//! Pictures of pixels: an `Svg` rendered with our own two fonts, nothing of the machine's.
//!
//! No system font is looked for and no reference is followed, so a slim container renders the same
//! bytes as a desktop. Scripts that our fonts do not hold are told by question marks; an SVG shows them.

use crate::advances;
use crate::error::ReportError;
use resvg::{tiny_skia, usvg};
use std::sync::Arc;

const REGULAR: &[u8] = include_bytes!("../assets/Inter-Regular.ttf");
const SEMIBOLD: &[u8] = include_bytes!("../assets/Inter-SemiBold.ttf");

/// Widest and highest picture, in pixels.
pub const PIXELS_MAX: u32 = 8_000;

/// The picture of a drawing as PNG bytes, `scale` pixels for each CSS pixel.
///
/// Drawings for `Medium::File` bring their own paper; inline ones stay transparent.
pub fn render(svg: &str, scale: f32) -> Result<Vec<u8>, ReportError> {
    let tree = usvg::Tree::from_str(&legible(&literal(svg)), &options()).map_err(|cause| ReportError::Drawing { cause })?;
    let (width, height) = (pixels(tree.size().width(), scale), pixels(tree.size().height(), scale));
    let too_large = ReportError::Size { width, height, pixels_max: PIXELS_MAX };
    if width > PIXELS_MAX || height > PIXELS_MAX {
        return Err(too_large);
    }
    let Some(mut pixmap) = tiny_skia::Pixmap::new(width, height) else { return Err(too_large) };
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    pixmap.encode_png().map_err(|cause| ReportError::Picture { cause: Box::new(cause) })
}

fn options() -> usvg::Options<'static> {
    let mut fonts = usvg::fontdb::Database::new();
    fonts.load_font_data(REGULAR.to_vec());
    fonts.load_font_data(SEMIBOLD.to_vec());
    fonts.set_sans_serif_family("Inter");
    usvg::Options {
        font_family: "Inter".to_owned(),
        fontdb: Arc::new(fonts),
        image_href_resolver: usvg::ImageHrefResolver {
            resolve_data: Box::new(|_, _, _| None),
            resolve_string: Box::new(|_, _| None),
        },
        ..usvg::Options::default()
    }
}

/// The drawing with the fallback of each variable in its place: the renderer knows no variables.
fn literal(svg: &str) -> String {
    let mut parts = svg.split("var(--wm-");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let fallback = part.split_once(',').and_then(|(_, rest)| rest.split_once(')'));
        if let Some((colour, rest)) = fallback {
            out.push_str(colour);
            out.push_str(rest);
        }
    }
    out
}

/// The drawing with a question mark for each letter that our fonts do not hold: the sign which they have for those is a
/// box, wider than the letter was measured. Marks above a letter are left out, and so is what has no width.
fn legible(svg: &str) -> String {
    let is_mark = |letter: &char| matches!(letter, '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200d}' | '\u{fe00}'..='\u{fe0f}');
    let written = |letter: char| if letter.is_ascii() || advances::is_known(letter) { letter } else { '?' };
    svg.chars().filter(|letter| !is_mark(letter)).map(written).collect()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded, and checked against `PIXELS_MAX`")]
fn pixels(length: f32, scale: f32) -> u32 {
    (length * scale).round().max(1.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const INLINE: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"40\" height=\"20\" font-family=\"Nowhere, sans-serif\">\
        <rect width=\"40\" height=\"20\" fill=\"var(--wm-paper,#ffffff)\"/><text x=\"2\" y=\"15\" font-size=\"14\">abc</text></svg>";

    #[test]
    fn text_is_drawn_with_our_own_font() {
        let blank = INLINE.replace("abc", "");
        let (written, blank) = (render(INLINE, 2.0).unwrap(), render(&blank, 2.0).unwrap());
        assert!(written.starts_with(b"\x89PNG") && written != blank);
        assert_eq!(written, render(INLINE, 2.0).unwrap());
    }

    #[test]
    fn variables_become_their_fallback() {
        assert!(literal(INLINE).contains("fill=\"#ffffff\""));
    }

    #[test]
    fn letters_of_other_scripts_are_question_marks_that_stay_within_their_room() {
        let drawn = |text: &str| render(&INLINE.replace("abc", text), 2.0).unwrap();
        assert_eq!(drawn("支払い"), drawn("???"));
        assert_eq!(drawn("Gro\u{308}ße → ש"), drawn("Große → ?"));
    }

    #[test]
    fn greek_and_cyrillic_are_written() {
        let drawn = |text: &str| render(&INLINE.replace("abc", text), 2.0).unwrap();
        for text in ["Ωή", "Жї", "ґ"] {
            let signs = "?".repeat(text.chars().count());
            assert_eq!(legible(text), text);
            assert!(drawn(text) != drawn(&signs), "{text}");
        }
        // Letters of one shape are drawn alike in three scripts.
        assert_eq!((drawn("Α"), drawn("А")), (drawn("A"), drawn("A")));
    }

    #[test]
    fn a_picture_that_is_too_large_is_refused() {
        assert!(matches!(render(INLINE, 5_000.0), Err(ReportError::Size { .. })));
        assert!(matches!(render("<svg", 1.0), Err(ReportError::Drawing { .. })));
    }
}
