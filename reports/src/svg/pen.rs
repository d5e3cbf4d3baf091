//! `Pen`: how plotters draws on our sheet.
//!
//! plotters counts in whole units; a unit here is a twentieth of a pixel, so lines have no kinks.
//! Its colours are the light values of tokens and become tokens again. It never rasterises here.

use crate::advances::{self, Weight};
use crate::frame::Frame;
use crate::palette::Token;
use crate::svg::markup::{decimal, put};
use crate::svg::{Anchor, Fill, Letter, Sheet, Stroke, Svg};
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontStyle,
};
use std::cell::{RefCell, RefMut};
use std::rc::Rc;

/// How many units of plotters one pixel has.
pub(crate) const UNITS: f64 = 20.0;

/// Why a drawing was not finished.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PenError {
    /// plotters asked for a picture made of pixels.
    #[error("a vector drawing takes no bitmap")]
    Bitmap,
}

type Drawn = Result<(), DrawingErrorKind<PenError>>;

/// A handle on the sheet; clones draw on the same one.
#[derive(Clone, Debug)]
pub(crate) struct Pen(Rc<RefCell<Sheet>>);

impl Pen {
    /// A pen on an empty sheet.
    pub(crate) fn new(frame: Frame) -> Self {
        Self(Rc::new(RefCell::new(Sheet::new(frame))))
    }

    /// The sheet, for what plotters has no words for.
    pub(crate) fn sheet(&self) -> RefMut<'_, Sheet> {
        self.0.borrow_mut()
    }

    /// Takes the sheet from under the pen and finishes it.
    pub(crate) fn finish(self, title: &str, description: &str) -> Svg {
        let frame = self.0.borrow().frame();
        self.0.replace(Sheet::new(frame)).finish(title, description)
    }
}

/// Units of plotters for a length in pixels.
#[expect(clippy::cast_possible_truncation, reason = "a drawing is a few thousand pixels wide")]
pub(crate) fn units(pixels: f64) -> i32 {
    (pixels * UNITS).round() as i32
}

/// Pixels for a coordinate of plotters.
pub(crate) fn pixels((x, y): BackendCoord) -> (f64, f64) {
    (f64::from(x) / UNITS, f64::from(y) / UNITS)
}

fn fill(color: BackendColor) -> Fill {
    Fill::Solid(Token::found(color.rgb), color.alpha)
}

fn outline<S: BackendStyle>(style: &S, dash: Option<&'static str>) -> Stroke {
    Stroke { token: Token::found(style.color().rgb), width: f64::from(style.stroke_width()) / UNITS, dash }
}

fn geometry<I: IntoIterator<Item = BackendCoord>>(points: I) -> String {
    let mut out = String::new();
    for (index, point) in points.into_iter().enumerate() {
        let (x, y) = pixels(point);
        put(&mut out, format_args!("{}{} {}", if index == 0 { 'M' } else { 'L' }, decimal(x), decimal(y)));
    }
    out
}

impl DrawingBackend for Pen {
    type ErrorType = PenError;

    fn get_size(&self) -> (u32, u32) {
        let frame = self.0.borrow().frame();
        (frame.width.saturating_mul(20), frame.height.saturating_mul(20))
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Drawn {
        self.sheet().rect(pixels(point), (1.0 / UNITS, 1.0 / UNITS), fill(color), None);
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        upper_left: BackendCoord,
        bottom_right: BackendCoord,
        style: &S,
        is_filled: bool,
    ) -> Drawn {
        let (from, to) = (pixels(upper_left), pixels(bottom_right));
        let size = (to.0 - from.0, to.1 - from.1);
        let mut sheet = self.sheet();
        let dash = sheet.dash;
        if is_filled {
            sheet.rect(from, size, fill(style.color()), None);
        } else {
            sheet.rect(from, size, Fill::Nothing, Some(outline(style, dash)));
        }
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        let mut sheet = self.sheet();
        let stroke = outline(style, sheet.dash);
        sheet.shape("path", &format!("d=\"{}\"", geometry(path)), Fill::Nothing, Some(stroke));
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(&mut self, center: BackendCoord, radius: u32, style: &S, is_filled: bool) -> Drawn {
        let mut sheet = self.sheet();
        let dash = sheet.dash;
        let radius = f64::from(radius) / UNITS;
        if is_filled {
            sheet.dot(pixels(center), radius, fill(style.color()), None);
        } else {
            sheet.dot(pixels(center), radius, Fill::Nothing, Some(outline(style, dash)));
        }
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, vert: I, style: &S) -> Drawn {
        self.sheet().shape("path", &format!("d=\"{}Z\"", geometry(vert)), fill(style.color()), None);
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, pos: BackendCoord) -> Drawn {
        let size = style.size() / UNITS;
        let anchor = style.anchor();
        let (x, y) = pixels(pos);
        let baseline = match anchor.v_pos {
            VPos::Top => y + size * 0.97,
            VPos::Center => y + size * 0.36,
            VPos::Bottom => y - size * 0.24,
        };
        let hung = match anchor.h_pos {
            HPos::Left => Anchor::Start,
            HPos::Center => Anchor::Middle,
            HPos::Right => Anchor::End,
        };
        let letter = Letter { size, weight: weight(style.style()), token: Token::found(style.color().rgb), anchor: hung };
        self.sheet().text(x, baseline, text, letter);
        Ok(())
    }

    fn estimate_text_size<S: BackendTextStyle>(&self, text: &str, style: &S) -> Result<(u32, u32), DrawingErrorKind<PenError>> {
        let width = advances::width(text, style.size(), weight(style.style()));
        Ok((whole(width), whole(style.size() * 1.21)))
    }

    fn blit_bitmap(&mut self, _: BackendCoord, _: (u32, u32), _: &[u8]) -> Drawn {
        Err(DrawingErrorKind::DrawingError(PenError::Bitmap))
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a text is a few thousand units wide")]
fn whole(units: f64) -> u32 {
    units.max(0.0).ceil() as u32
}

fn weight(style: FontStyle) -> Weight {
    if matches!(style, FontStyle::Bold) { Weight::Semibold } else { Weight::Regular }
}
