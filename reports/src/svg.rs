//! `Svg`: one finished drawing, and the sheet on which it is made.
//!
//! The sheet works in CSS pixels and knows tokens instead of colours, so that the same drawing fits
//! light and dark pages. What plotters draws arrives through `pen`; what is drawn belongs to `charts`.

pub(crate) mod markup;
pub(crate) mod pen;

use crate::advances::{self, Weight};
use crate::frame::{Frame, Medium, Theme};
use crate::palette::{self, Token};
use crate::svg::markup::{decimal, escaped, fingerprint, put};
use std::collections::BTreeSet;

/// Inter where the reader has it, then what systems have.
const FONT: &str = "Inter, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif";

/// How a page's style knows a drawing.
const CLASS: &str = "class=\"wm-chart\"";

/// Stands where the drawing's fingerprint goes; escaping removes it from every text.
const ID: &str = "\u{1}";

/// One finished drawing with the words that describe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Svg {
    markup: String,
    title: String,
    description: String,
}

impl Svg {
    /// The markup: one `svg` element, escaped and complete; for a wide place of a page a second one for narrow
    /// screens behind it.
    pub fn as_str(&self) -> &str {
        &self.markup
    }

    /// The markup, without keeping the rest.
    #[must_use]
    pub fn into_string(self) -> String {
        self.markup
    }

    /// The finding, in plain text.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What is shown, in plain text: measure, scope, periods, last value.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The same with a drawing for narrow screens behind it: the style of a page shows one of both, and who has no
    /// style sees the wide one.
    pub(crate) fn with_narrow(mut self, narrow: &Self) -> Self {
        let wide = self.markup.replacen(CLASS, "class=\"wm-chart wm-wide\"", 1);
        let narrow = narrow.markup.replacen(CLASS, "class=\"wm-chart wm-narrow\" display=\"none\"", 1);
        self.markup = wide + &narrow;
        self
    }
}

/// Where a text hangs on its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// The text begins at the point.
    Start,
    /// The text is centred on the point.
    Middle,
    /// The text ends at the point.
    End,
}

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Letter {
    pub(crate) size: f64,
    pub(crate) weight: Weight,
    pub(crate) token: Token,
    pub(crate) anchor: Anchor,
}

impl Letter {
    /// Regular letters that begin at their point.
    pub(crate) const fn new(size: f64, token: Token) -> Self {
        Self { size, weight: Weight::Regular, token, anchor: Anchor::Start }
    }

    /// The same letters, heavier.
    pub(crate) const fn bold(mut self) -> Self {
        self.weight = Weight::Semibold;
        self
    }

    /// The same letters, hung elsewhere.
    pub(crate) const fn at(mut self, anchor: Anchor) -> Self {
        self.anchor = anchor;
        self
    }
}

/// What fills a shape.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fill {
    /// Nothing: only an outline is drawn.
    Nothing,
    /// A colour and its opacity.
    Solid(Token, f64),
    /// Diagonal lines: unknown, or not over.
    Hatch(Token),
}

/// The outline of a shape, or a line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stroke {
    pub(crate) token: Token,
    pub(crate) width: f64,
    pub(crate) dash: Option<&'static str>,
}

impl Stroke {
    /// A solid line.
    pub(crate) const fn new(token: Token, width: f64) -> Self {
        Self { token, width, dash: None }
    }

    /// The same line, broken.
    pub(crate) const fn dashed(mut self, dash: &'static str) -> Self {
        self.dash = Some(dash);
        self
    }
}

/// The sheet under the pen: markup so far, and which hatchings and classes it needs.
#[derive(Debug)]
pub(crate) struct Sheet {
    frame: Frame,
    body: String,
    hatches: BTreeSet<Token>,
    classes: BTreeSet<(char, Token)>,
    /// Dash pattern of what plotters draws next.
    pub(crate) dash: Option<&'static str>,
}

impl Sheet {
    /// An empty sheet.
    pub(crate) fn new(frame: Frame) -> Self {
        Self { frame, body: String::new(), hatches: BTreeSet::new(), classes: BTreeSet::new(), dash: None }
    }

    /// The frame that the sheet fills.
    pub(crate) const fn frame(&self) -> Frame {
        self.frame
    }

    /// Opens a group; every value is escaped.
    pub(crate) fn open(&mut self, class: &str, attributes: &[(&str, String)]) {
        put(&mut self.body, format_args!("<g class=\"{}\"", escaped(class)));
        for (name, value) in attributes {
            put(&mut self.body, format_args!(" {name}=\"{}\"", escaped(value)));
        }
        self.body.push('>');
    }

    /// Closes the group opened last.
    pub(crate) fn close(&mut self) {
        self.body.push_str("</g>");
    }

    /// The words that a pointer or a screen reader finds at the open group.
    pub(crate) fn tip(&mut self, text: &str) {
        put(&mut self.body, format_args!("<title>{}</title>", escaped(text)));
    }

    /// A text whose baseline begins, is centred or ends at the point.
    pub(crate) fn text(&mut self, x: f64, y: f64, text: &str, letter: Letter) {
        let anchor = match letter.anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let weight = if letter.weight == Weight::Semibold { " font-weight=\"600\"" } else { "" };
        let paint = self.paint(Fill::Solid(letter.token, 1.0), None);
        let (x, y, size) = (decimal(x), decimal(y), decimal(letter.size));
        let text = escaped(text);
        put(
            &mut self.body,
            format_args!("<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\"{anchor}{weight}{paint}>{text}</text>"),
        );
    }

    /// A name that begins at the point, and how wide it is drawn: one that is wider than its room is cut, and a
    /// pointer finds it whole.
    pub(crate) fn name(&mut self, (x, y): (f64, f64), name: &str, letter: Letter, room: f64) -> f64 {
        let shown = advances::fitted(name, letter.size, letter.weight, room);
        let is_cut = shown != name;
        if is_cut {
            self.open("wm-name", &[]);
            self.tip(name);
        }
        self.text(x, y, &shown, letter);
        if is_cut {
            self.close();
        }
        advances::width(&shown, letter.size, letter.weight)
    }

    /// A shape: element name, its geometry as attributes made of numbers, and its paint.
    pub(crate) fn shape(&mut self, element: &str, geometry: &str, fill: Fill, stroke: Option<Stroke>) {
        let paint = self.paint(fill, stroke);
        put(&mut self.body, format_args!("<{element} {geometry}{paint}/>"));
    }

    /// A rectangle with slightly rounded corners.
    pub(crate) fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), fill: Fill, stroke: Option<Stroke>) {
        let radius = decimal(1.5_f64.min(height / 2.0).min(width / 2.0).max(0.0));
        let geometry = format!(
            "x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{radius}\"",
            decimal(x),
            decimal(y),
            decimal(width.max(0.0)),
            decimal(height.max(0.0))
        );
        self.shape("rect", &geometry, fill, stroke);
    }

    /// A straight line.
    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: Stroke) {
        let geometry = format!("d=\"M{} {}L{} {}\"", decimal(from.0), decimal(from.1), decimal(to.0), decimal(to.1));
        self.shape("path", &geometry, Fill::Nothing, Some(stroke));
    }

    /// A closed outline through the points.
    pub(crate) fn area(&mut self, points: &[(f64, f64)], fill: Fill) {
        let mut geometry = String::from("d=\"");
        for (index, (x, y)) in points.iter().enumerate() {
            put(&mut geometry, format_args!("{}{} {}", if index == 0 { 'M' } else { 'L' }, decimal(*x), decimal(*y)));
        }
        geometry.push_str("Z\"");
        self.shape("path", &geometry, fill, None);
    }

    /// A filled circle.
    pub(crate) fn dot(&mut self, (x, y): (f64, f64), radius: f64, fill: Fill, stroke: Option<Stroke>) {
        let geometry = format!("cx=\"{}\" cy=\"{}\" r=\"{}\"", decimal(x), decimal(y), decimal(radius));
        self.shape("circle", &geometry, fill, stroke);
    }

    /// Fill, stroke and class attributes, each with a leading space.
    fn paint(&mut self, fill: Fill, stroke: Option<Stroke>) -> String {
        let mut out = String::new();
        let mut classes: Vec<String> = Vec::new();
        match fill {
            Fill::Nothing => out.push_str(" fill=\"none\""),
            Fill::Solid(token, opacity) => {
                self.colour(&mut out, &mut classes, 'f', token);
                if opacity < 1.0 {
                    put(&mut out, format_args!(" fill-opacity=\"{}\"", decimal(opacity)));
                }
            }
            Fill::Hatch(token) => {
                self.hatches.insert(token);
                put(&mut out, format_args!(" fill=\"url(#{ID}-{})\"", token.name));
            }
        }
        if let Some(stroke) = stroke {
            self.colour(&mut out, &mut classes, 's', stroke.token);
            put(&mut out, format_args!(" stroke-width=\"{}\"", decimal(stroke.width)));
            if let Some(dash) = stroke.dash {
                put(&mut out, format_args!(" stroke-dasharray=\"{dash}\""));
            }
        }
        if !classes.is_empty() {
            put(&mut out, format_args!(" class=\"{}\"", classes.join(" ")));
        }
        out
    }

    fn colour(&mut self, out: &mut String, classes: &mut Vec<String>, role: char, token: Token) {
        let name = if role == 'f' { "fill" } else { "stroke" };
        let hex = if self.frame.theme == Theme::Dark { token.dark_hex() } else { token.light_hex() };
        if self.frame.medium == Medium::Inline {
            put(out, format_args!(" {name}=\"var(--wm-{},{hex})\"", token.name));
        } else {
            put(out, format_args!(" {name}=\"{hex}\""));
            if self.frame.theme == Theme::Auto {
                // A rule of the file's own style wins over the attribute, where style is understood.
                self.classes.insert((role, token));
                classes.push(format!("{role}-{}", token.name));
            }
        }
    }

    /// The finished drawing under its title and description.
    pub(crate) fn finish(mut self, title: &str, description: &str) -> Svg {
        let (width, height) = (self.frame.width, self.frame.height);
        let mut under = String::new();
        if self.frame.medium == Medium::File {
            let paper = self.paint(Fill::Solid(palette::PAPER, 1.0), None);
            put(&mut under, format_args!("<rect width=\"{width}\" height=\"{height}\"{paper}/>"));
        }
        let hatches = self.hatchings();
        let style = self.style();
        let (name, about) = (escaped(title), escaped(description));
        let text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" {CLASS} width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"{ID}-t {ID}-d\" font-family=\"{FONT}\" \
             stroke-linejoin=\"round\" stroke-linecap=\"round\"><title id=\"{ID}-t\">{name}</title>\
             <desc id=\"{ID}-d\">{about}</desc>{style}{hatches}{under}{}</svg>",
            self.body
        );
        let markup = text.replace(ID, &format!("wm{}", fingerprint(&text)));
        Svg { markup, title: title.to_owned(), description: description.to_owned() }
    }

    fn hatchings(&mut self) -> String {
        let tokens: Vec<Token> = self.hatches.iter().copied().collect();
        if tokens.is_empty() {
            return String::new();
        }
        let mut out = String::from("<defs>");
        for token in tokens {
            let ground = self.paint(Fill::Solid(token, 0.14), None);
            let stripe = self.paint(Fill::Nothing, Some(Stroke::new(token, 1.6)));
            put(
                &mut out,
                format_args!(
                    "<pattern id=\"{ID}-{}\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" \
                     patternTransform=\"rotate(45)\"><rect width=\"5\" height=\"5\"{ground}/>\
                     <path d=\"M0 -1V6\"{stripe}/></pattern>",
                    token.name
                ),
            );
        }
        out.push_str("</defs>");
        out
    }

    fn style(&self) -> String {
        if self.classes.is_empty() {
            return String::new();
        }
        let mut out = String::from("<style>@media (prefers-color-scheme:dark){");
        for (role, token) in &self.classes {
            let property = if *role == 'f' { "fill" } else { "stroke" };
            put(&mut out, format_args!(".{role}-{}{{{property}:{}}}", token.name, token.dark_hex()));
        }
        out.push_str("}</style>");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::palette::{INK, SERIES};

    fn drawn(frame: Frame) -> Svg {
        let mut sheet = Sheet::new(frame);
        sheet.open("wm-series", &[("data-scope", "<script>".to_owned())]);
        sheet.text(1.0, 2.0, "<script>\u{1}", Letter::new(12.0, INK));
        sheet.rect((0.0, 0.0), (10.0, 10.0), Fill::Hatch(SERIES[0]), None);
        sheet.close();
        sheet.finish("a < b", "why & how")
    }

    #[test]
    fn hostile_text_is_escaped_and_ids_hold_no_placeholder() {
        let svg = drawn(Frame::default());
        assert!(!svg.as_str().contains("<script"), "{}", svg.as_str());
        assert!(!svg.as_str().contains('\u{1}'));
        assert_eq!(svg, drawn(Frame::default()));
    }

    #[test]
    fn a_page_gets_variables_and_a_file_gets_literals() {
        assert!(drawn(Frame::default()).as_str().contains("var(--wm-ink,#16202a)"));
        let file = drawn(Frame::file(100, 50, Theme::Dark));
        assert!(!file.as_str().contains("var(") && file.as_str().contains(&INK.dark_hex()));
        let auto = drawn(Frame::file(100, 50, Theme::Auto));
        assert!(auto.as_str().contains("prefers-color-scheme:dark") && auto.as_str().contains("class=\"f-ink\""));
    }

    #[test]
    fn a_name_that_is_cut_is_found_whole() {
        let mut sheet = Sheet::new(Frame::default());
        let width = sheet.name((0.0, 9.0), "Standard build workflow", Letter::new(12.0, INK), 60.0);
        let after_cut = sheet.body.clone();
        sheet.name((0.0, 9.0), "Tracing", Letter::new(12.0, INK), 60.0);
        assert!(width <= 60.0 && after_cut.contains("<title>Standard build workflow</title>"), "{after_cut}");
        assert_eq!(sheet.body.matches("<title>").count(), 1);
    }

    #[test]
    fn without_a_style_only_the_wide_drawing_is_seen() {
        let both = drawn(Frame::default()).with_narrow(&drawn(Frame::inline(366, 300)));
        assert_eq!(both.as_str().matches("<svg").count(), 2);
        assert_eq!(both.as_str().matches("display=\"none\"").count(), 1);
        assert!(both.as_str().contains("class=\"wm-chart wm-narrow\" display=\"none\" width=\"366\""), "{}", both.as_str());
    }

    #[test]
    fn the_drawing_is_well_formed() {
        for frame in [Frame::default(), Frame::file(100, 50, Theme::Auto)] {
            let svg = drawn(frame);
            let read = resvg::usvg::roxmltree::Document::parse(svg.as_str());
            assert!(read.is_ok(), "{read:?}");
        }
    }
}
