//! `Frame`: how large a chart is and where it will be looked at.
//!
//! What is drawn inside belongs to `charts`; which colour a token has belongs to `palette`.

/// The colours of the page around the chart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Theme {
    /// Dark marks on white paper.
    Light,
    /// Light marks on dark paper.
    Dark,
    /// Whatever the reader's system prefers, light where that cannot be asked.
    #[default]
    Auto,
}

impl Theme {
    /// Every theme, in the order a reader is offered them.
    pub const ALL: &[Self] = &[Self::Auto, Self::Light, Self::Dark];

    /// The theme as interfaces name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
            Self::Auto => "auto",
        }
    }

    /// The theme of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|theme| theme.as_str() == name)
    }
}

/// Where the markup will stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Medium {
    /// Inside an HTML page that defines the `--wm-` variables; without paper of its own.
    Inline,
    /// A file of its own, an image in mail, or the input of `png`: literal colours on its own paper.
    File,
}

/// The outer measures and surroundings of one chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Frame {
    /// Width in CSS pixels, at least 40 where text is wanted.
    pub width: u32,
    /// Height in CSS pixels.
    pub height: u32,
    /// The colours of the page around the chart.
    pub theme: Theme,
    /// Where the markup will stand.
    pub medium: Medium,
}

impl Frame {
    /// A frame inside an HTML page.
    pub const fn inline(width: u32, height: u32) -> Self {
        Self { width, height, theme: Theme::Auto, medium: Medium::Inline }
    }

    /// Whether there is no room for words and axes, only for the shape of a line.
    pub(crate) const fn is_tiny(&self) -> bool {
        self.width < 240 || self.height < 150
    }

    /// A frame of its own, for a file or for `png`.
    pub const fn file(width: u32, height: u32, theme: Theme) -> Self {
        Self { width, height, theme, medium: Medium::File }
    }
}

impl Default for Frame {
    fn default() -> Self {
        Self::inline(720, 360)
    }
}
