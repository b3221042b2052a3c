//! Pages that are being filled from top to bottom, mirrored where the language runs from right to
//! left. What is placed is remembered; how it is written into a file is the business of `pdf`.

use super::text::{Letters, Line, Style};
use crate::base::Result;

/// A4, points.
pub(super) const WIDTH: f32 = 595.0;
pub(super) const HEIGHT: f32 = 842.0;
/// Room at the sides, above and below.
pub(super) const SIDE: f32 = 42.0;
pub(super) const TOP: f32 = 64.0;
pub(super) const BOTTOM: f32 = 54.0;
/// Between the lines, in parts of the size.
pub(super) const LEADING: f32 = 1.38;
/// A paragraph of no more lines stands on one page.
const TOGETHER_MAX: usize = 4;

/// A colour: red, green, blue.
pub(super) type Colour = (u8, u8, u8);
pub(super) const DARK: Colour = (0x1c, 0x23, 0x2b);
pub(super) const GREY: Colour = (0x55, 0x60, 0x6c);
pub(super) const RULE: Colour = (0xdd, 0xe2, 0xe8);
pub(super) const HEAD: Colour = (0xf1, 0xf4, 0xf8);
pub(super) const ACCENT: Colour = (0x25, 0x63, 0xa8);

/// Something on a page; `x` is the left edge on paper.
pub(super) enum Mark {
    /// Letters on their base line.
    Text {
        x: f32,
        y: f32,
        size: f32,
        colour: Colour,
        line: Line,
    },
    /// A filled rectangle.
    Rect {
        x: f32,
        y: f32,
        w: f32,
        h: f32,
        colour: Colour,
    },
    /// The logo.
    Logo { x: f32, y: f32, w: f32, h: f32 },
    /// A line through points, x and y in turn.
    Stroke {
        points: Vec<f32>,
        width: f32,
        colour: Colour,
    },
}

/// Where text stands in its box.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    /// Where reading begins.
    Start,
    /// Where it ends.
    End,
}

/// The pages.
pub(super) struct Sheets {
    pub(super) letters: Letters,
    pub(super) rtl: bool,
    pub(super) pages: Vec<Vec<Mark>>,
    /// Where the next thing goes.
    pub(super) y: f32,
}

impl Sheets {
    pub(super) fn open(rtl: bool) -> Result<Self> {
        Ok(Self {
            letters: Letters::open()?,
            rtl,
            pages: vec![Vec::new()],
            y: TOP,
        })
    }

    pub(super) const fn style(&self, size: f32, strong: bool) -> Style {
        let rtl = self.rtl;
        Style { size, strong, rtl }
    }

    pub(super) fn turn(&mut self) {
        self.pages.push(Vec::new());
        self.y = TOP;
    }

    pub(super) fn room(&self) -> f32 {
        HEIGHT - BOTTOM - self.y
    }

    /// A new page when there is less room than that.
    pub(super) fn need(&mut self, height: f32) {
        if self.room() < height && self.y > TOP {
            self.turn();
        }
    }

    pub(super) fn mark(&mut self, mark: Mark) {
        if let Some(page) = self.pages.last_mut() {
            page.push(mark);
        }
    }

    /// A filled box; `x` from where reading begins.
    pub(super) fn fill(&mut self, (x, y): (f32, f32), (w, h): (f32, f32), colour: Colour) {
        let x = if self.rtl { WIDTH - x - w } else { x };
        self.mark(Mark::Rect { x, y, w, h, colour });
    }

    /// Lines of text in a box that begins at `x` from where reading begins and is `width` wide,
    /// the first one with its upper edge at `y`.
    pub(super) fn text(
        &mut self,
        lines: Vec<Line>,
        (x, y): (f32, f32),
        (width, align): (f32, Align),
        (size, colour): (f32, Colour),
    ) {
        for (n, line) in (0_u16..).zip(lines) {
            let indent = match align {
                Align::Start => 0.0,
                Align::End => (width - line.width).max(0.0),
            };
            let from = x + indent;
            let x = if self.rtl {
                WIDTH - from - line.width
            } else {
                from
            };
            let y = y + size + f32::from(n) * size * LEADING;
            self.mark(Mark::Text {
                x,
                y,
                size,
                colour,
                line,
            });
        }
    }

    /// A paragraph over the whole width, over as many pages as it takes.
    pub(super) fn paragraph(&mut self, text: &str, size: f32, strong: bool, colour: Colour) {
        let width = WIDTH - 2.0 * SIDE;
        let lines = self.letters.lines(text, self.style(size, strong), width);
        if lines.len() <= TOGETHER_MAX {
            #[allow(clippy::cast_precision_loss)] // a few lines
            self.need(lines.len() as f32 * size * LEADING);
        }
        for line in lines {
            self.need(size * LEADING);
            let place = (SIDE, self.y);
            self.text(vec![line], place, (width, Align::Start), (size, colour));
            self.y += size * LEADING;
        }
    }
}
