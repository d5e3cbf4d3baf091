//! The plane of a chart: values on the sheet by way of plotters, the grid, labels of periods, `n`.
//!
//! Every chart over periods is drawn here in the same way; what its marks are belongs to its own file.

use crate::advances::{self, Weight};
use crate::axis::{self, Scale};
use crate::palette::{self, Token};
use crate::svg::pen::{Pen, PenError, pixels, units};
use crate::svg::{Anchor, Fill, Letter, Stroke};
use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::types::RangedCoordf64;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{PathElement, Polygon};
use plotters::style::{Color, RGBColor, ShapeStyle};
use waymark_analytics::Window;

/// What plotters says when a drawing fails.
pub(crate) type DrawError = DrawingAreaErrorKind<PenError>;

/// The rectangle in which values are drawn, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Room {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

/// Size of the labels along the axes.
pub(crate) const LABEL: f64 = 11.5;

/// A pen, the room and the values that it spans.
pub(crate) struct Plane {
    pen: Pen,
    room: Room,
    area: DrawingArea<Pen, Cartesian2d<RangedCoordf64, RangedCoordf64>>,
}

impl Plane {
    /// A plane whose horizontal axis counts `slots` periods from 0.
    pub(crate) fn new(pen: &Pen, room: Room, slots: usize, scale: &Scale) -> Self {
        let whole: DrawingArea<Pen, Shift> = pen.clone().into_drawing_area();
        let across = units(room.left)..units(room.right);
        // The axis of the sheet points down.
        let upward = units(room.bottom)..units(room.top);
        let values = Cartesian2d::new(0.0..slots.max(1) as f64, scale.low..scale.high, (across, upward));
        Self { pen: pen.clone(), room, area: whole.apply_coord_spec(values) }
    }

    /// The pen, for what plotters has no words for.
    pub(crate) fn pen(&self) -> &Pen {
        &self.pen
    }

    /// The room in which values are drawn.
    pub(crate) const fn room(&self) -> Room {
        self.room
    }

    /// Where a value of a period lies; the period's middle is at its index plus one half.
    pub(crate) fn at(&self, across: f64, value: f64) -> (f64, f64) {
        pixels(self.area.map_coordinate(&(across, value)))
    }

    /// A line through values.
    pub(crate) fn line(&self, points: Vec<(f64, f64)>, stroke: Stroke) -> Result<(), DrawError> {
        self.pen.sheet().dash = stroke.dash;
        let drawn = self.area.draw(&PathElement::new(points, style(stroke.token, 1.0, stroke.width)));
        self.pen.sheet().dash = None;
        drawn
    }

    /// A filled area around values.
    pub(crate) fn polygon(&self, points: Vec<(f64, f64)>, fill: Fill) -> Result<(), DrawError> {
        match fill {
            Fill::Solid(token, opacity) => self.area.draw(&Polygon::new(points, style(token, opacity, 1.0).filled())),
            Fill::Nothing => Ok(()),
            Fill::Hatch(_) => {
                let corners: Vec<(f64, f64)> = points.into_iter().map(|(across, value)| self.at(across, value)).collect();
                self.pen.sheet().area(&corners, fill);
                Ok(())
            }
        }
    }

    /// Horizontal guides with their values at the left.
    pub(crate) fn grid(&self, scale: &Scale) {
        let mut sheet = self.pen.sheet();
        for tick in &scale.ticks {
            let (_, y) = self.at(0.0, tick.at);
            let token = if tick.at.abs() < 1e-12 { palette::AXIS } else { palette::GRID };
            sheet.line((self.room.left, y), (self.room.right, y), Stroke::new(token, 1.0));
            let letter = Letter::new(LABEL, palette::MUTED).at(Anchor::End);
            sheet.text(self.room.left - 8.0, y + LABEL * 0.35, &tick.label, letter);
        }
    }

    /// How wide one period is.
    pub(crate) fn slot(&self, slots: usize) -> f64 {
        (self.room.right - self.room.left) / slots.max(1) as f64
    }

    /// The middle of a period, moved inwards where a text around it would leave the room.
    fn middle(&self, index: usize, text: &str, size: f64) -> f64 {
        let half = advances::width(text, size, Weight::Regular) / 2.0;
        let (x, _) = self.at(index as f64 + 0.5, 0.0);
        x.min(self.room.right - half).max(self.room.left - 4.0 + half)
    }

    /// Labels of periods below the plane.
    pub(crate) fn periods(&self, window: &Window) {
        let slots = window.periods.len();
        let mut sheet = self.pen.sheet();
        for (index, label) in axis::labelled(window, self.slot(slots), LABEL) {
            let x = self.middle(index, &label, LABEL);
            sheet.text(x, self.room.bottom + 18.0, &label, Letter::new(LABEL, palette::MUTED).at(Anchor::Middle));
        }
    }

    /// A row of numbers below the labels: how many rows each period rests on.
    pub(crate) fn counts(&self, name: &str, counts: &[Option<String>]) {
        let letter = Letter::new(10.5, palette::MUTED);
        let y = self.room.bottom + 35.0;
        if counts.iter().flatten().next().is_none() {
            return;
        }
        let widest = counts.iter().flatten().map(|text| advances::width(text, 10.5, letter.weight)).fold(0.0, f64::max);
        let stride = axis::stride(self.slot(counts.len()), widest + 8.0);
        let mut sheet = self.pen.sheet();
        sheet.text(self.room.left - 8.0, y, name, letter.at(Anchor::End));
        let last = counts.len().saturating_sub(1);
        for (index, text) in counts.iter().enumerate() {
            let Some(text) = text else { continue };
            if (last - index).is_multiple_of(stride) {
                let x = self.middle(index, text, 10.5);
                sheet.text(x, y, text, letter.at(Anchor::Middle));
            }
        }
    }
}

#[expect(clippy::cast_sign_loss, reason = "a width is never negative")]
fn style(token: Token, opacity: f64, width: f64) -> ShapeStyle {
    let (red, green, blue) = token.light;
    RGBColor(red, green, blue).mix(opacity).stroke_width(units(width) as u32)
}
