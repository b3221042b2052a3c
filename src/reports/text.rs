//! Letters on paper: fonts, the shapes of scripts that join, both directions in one line, and the
//! breaks between lines. Home of rustybuzz and `unicode-bidi`.

use crate::base::{Error, Result};
use krilla::text::{Font, GlyphId, KrillaGlyph};
use rustybuzz::ttf_parser::Tag;
use rustybuzz::{Direction, Face, Feature, UnicodeBuffer};
use std::ops::Range;
use unicode_bidi::{BidiClass, BidiInfo, Level, bidi_class};

const LATIN: &[u8] = include_bytes!("../../assets/fonts/Inter-Regular.otf");
const LATIN_STRONG: &[u8] = include_bytes!("../../assets/fonts/Inter-SemiBold.otf");
const ARABIC: &[u8] = include_bytes!("../../assets/fonts/NotoSansArabic-Regular.ttf");
const ARABIC_STRONG: &[u8] = include_bytes!("../../assets/fonts/NotoSansArabic-Bold.ttf");

/// Digits of one width stand below each other.
const TABULAR: Tag = Tag::from_bytes(b"tnum");

/// One font: for the shapes, and for the file.
struct Cut {
    face: Face<'static>,
    font: Font,
    em: f32,
}

impl Cut {
    fn open(bytes: &'static [u8]) -> Result<Self> {
        let broken = || Error::internal("A font of the reports is damaged: install again.");
        let face = Face::from_slice(bytes, 0).ok_or_else(broken)?;
        let font = Font::new(bytes.into(), 0).ok_or_else(broken)?;
        #[allow(clippy::cast_precision_loss)] // at most 16,384
        let em = face.units_per_em() as f32;
        Ok(Self { face, font, em })
    }

    fn has(&self, letter: char) -> bool {
        self.face.glyph_index(letter).is_some()
    }
}

/// How letters are set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Style {
    /// Their size, points.
    pub(super) size: f32,
    /// Whether they are heavy.
    pub(super) strong: bool,
    /// Whether the line runs from right to left.
    pub(super) rtl: bool,
}

/// Letters of one font and direction, in the order in which they stand on paper.
#[derive(Clone, Debug)]
pub(super) struct Run {
    cut: usize,
    pub(super) text: String,
    pub(super) glyphs: Vec<KrillaGlyph>,
    /// Width in parts of the size.
    width: f32,
}

/// A line of text.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    pub(super) runs: Vec<Run>,
    /// Width, points.
    pub(super) width: f32,
}

impl Run {
    /// Its width at a size, points.
    pub(super) fn width_at(&self, size: f32) -> f32 {
        self.width * size
    }
}

/// Whether a letter is of a script that is written from right to left.
fn is_of_right(letter: char) -> bool {
    matches!(bidi_class(letter), BidiClass::R | BidiClass::AL)
}

/// The fonts of a report.
pub(super) struct Letters {
    /// Latin, Latin strong, Arabic, Arabic strong.
    cuts: [Cut; 4],
}

impl Letters {
    /// Opens the fonts that travel inside the program.
    pub(super) fn open() -> Result<Self> {
        let cuts = [
            Cut::open(LATIN)?,
            Cut::open(LATIN_STRONG)?,
            Cut::open(ARABIC)?,
            Cut::open(ARABIC_STRONG)?,
        ];
        Ok(Self { cuts })
    }

    /// The font of a run.
    pub(super) fn font(&self, run: &Run) -> Font {
        self.cuts[run.cut].font.clone()
    }

    /// One line, however long.
    pub(super) fn line(&self, text: &str, style: Style) -> Line {
        // What has no letter of such a script is read its own way: a name, a range with its unit.
        let runs_back = style.rtl && text.chars().any(is_of_right);
        let base = Level::new(u8::from(runs_back)).ok();
        let bidi = BidiInfo::new(text, base);
        let mut runs = Vec::new();
        for paragraph in &bidi.paragraphs {
            let (levels, pieces) = bidi.visual_runs(paragraph, paragraph.range.clone());
            for piece in pieces {
                let rtl = levels.get(piece.start).is_some_and(Level::is_rtl);
                let mut parts = self.parts(&text[piece], style.strong);
                if rtl {
                    parts.reverse();
                }
                let shaped = parts.into_iter();
                runs.extend(shaped.map(|(cut, part)| self.shape(cut, part, rtl)));
            }
        }
        let width = runs.iter().map(|run| run.width_at(style.size)).sum();
        Line { runs, width }
    }

    /// Lines that are no wider than that, broken between words.
    pub(super) fn lines(&self, text: &str, style: Style, width: f32) -> Vec<Line> {
        let mut lines = Vec::new();
        for paragraph in text.split('\n') {
            let mut held = String::new();
            let (mut used, blank) = (0.0, self.line(" ", style).width);
            for word in paragraph.split(' ').filter(|word| !word.is_empty()) {
                for part in self.fitting(word, style, width) {
                    let wide = self.line(part, style).width;
                    if !held.is_empty() && used + blank + wide > width {
                        lines.push(self.line(&held, style));
                        held.clear();
                        used = 0.0;
                    }
                    if !held.is_empty() {
                        held.push(' ');
                        used += blank;
                    }
                    held.push_str(part);
                    used += wide;
                }
            }
            lines.push(self.line(&held, style));
        }
        lines
    }

    /// A word, in pieces where it is wider than a line.
    fn fitting<'t>(&self, word: &'t str, style: Style, width: f32) -> Vec<&'t str> {
        let mut parts = Vec::new();
        let mut rest = word;
        while self.line(rest, style).width > width {
            let ends = rest.char_indices().map(|(at, _)| at).skip(1);
            let fits = ends.take_while(|end| self.line(&rest[..*end], style).width <= width);
            let Some(end) = fits.last() else { break };
            let (part, more) = rest.split_at(end);
            parts.push(part);
            rest = more;
        }
        parts.push(rest);
        parts
    }

    /// Pieces of one font each; marks that only steer the direction are left out.
    fn parts(&self, text: &str, strong: bool) -> Vec<(usize, String)> {
        let mut parts: Vec<(usize, String)> = Vec::new();
        for letter in text.chars().filter(|letter| !steers(*letter)) {
            let last = parts.last().map(|(cut, _)| *cut);
            let cut = self.cut_of(letter, strong, last);
            match parts.last_mut() {
                Some((held, part)) if *held == cut => part.push(letter),
                _ => parts.push((cut, letter.to_string())),
            }
        }
        parts
    }

    fn cut_of(&self, letter: char, strong: bool, last: Option<usize>) -> usize {
        let (latin, arabic) = (usize::from(strong), 2 + usize::from(strong));
        let keeps = |cut: &usize| letter.is_whitespace() && self.cuts[*cut].has(letter);
        if let Some(cut) = last.filter(keeps) {
            return cut;
        }
        let has_only_arabic = !self.cuts[latin].has(letter) && self.cuts[arabic].has(letter);
        if has_only_arabic { arabic } else { latin }
    }

    fn shape(&self, cut: usize, text: String, rtl: bool) -> Run {
        let of = &self.cuts[cut];
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(&text);
        buffer.guess_segment_properties();
        buffer.set_direction(match rtl {
            true => Direction::RightToLeft,
            false => Direction::LeftToRight,
        });
        let tabular = Feature::new(TABULAR, 1, ..);
        let shaped = rustybuzz::shape(&of.face, &[tabular], buffer);
        let (infos, places) = (shaped.glyph_infos(), shaped.glyph_positions());
        let starts: Vec<usize> = infos.iter().map(|info| info.cluster as usize).collect();
        #[allow(clippy::cast_precision_loss)] // units of a font
        let share = |units: i32| units as f32 / of.em;
        let glyph =
            |(at, (info, place)): (usize, (&rustybuzz::GlyphInfo, &rustybuzz::GlyphPosition))| {
                KrillaGlyph::new(
                    GlyphId::new(info.glyph_id),
                    share(place.x_advance),
                    share(place.x_offset),
                    share(place.y_offset),
                    share(place.y_advance),
                    cluster(&starts, at, text.len()),
                    None,
                )
            };
        let glyphs: Vec<KrillaGlyph> = infos.iter().zip(places).enumerate().map(glyph).collect();
        let width = glyphs.iter().map(|glyph| glyph.x_advance).sum();
        Run {
            cut,
            text,
            glyphs,
            width,
        }
    }
}

/// The part of the text that a glyph stands for: up to the next one that begins elsewhere.
fn cluster(starts: &[usize], at: usize, length: usize) -> Range<usize> {
    let start = starts[at];
    let later = starts.iter().copied().filter(|other| *other > start);
    start..later.min().unwrap_or(length)
}

/// Marks of direction: bidi has read them, and no font draws them.
const fn steers(letter: char) -> bool {
    matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2066}'..='\u{2069}' | '\u{202a}'..='\u{202e}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Style = Style {
        size: 10.0,
        strong: false,
        rtl: false,
    };

    fn drawn(line: &Line) -> String {
        line.runs.iter().map(|run| run.text.as_str()).collect()
    }

    #[test]
    fn every_letter_of_the_words_of_reports_has_a_shape() {
        let letters = Letters::open().unwrap();
        for text in [
            include_str!("words/en.json"),
            include_str!("words/fr.json"),
            include_str!("words/ar.json"),
            "0123456789–−\u{202f}\u{a0}€°²³Δ·",
        ] {
            for letter in text.chars().filter(|letter| !letter.is_control()) {
                let has = letters.cuts.iter().any(|cut| cut.has(letter));
                assert!(has || steers(letter), "{letter:?}");
            }
        }
    }

    #[test]
    fn arabic_joins_and_stands_from_right_to_left() {
        let letters = Letters::open().unwrap();
        let style = Style { rtl: true, ..PLAIN };
        // Four letters that join: other shapes than each of them alone.
        let word = letters.line("طاقة", style);
        let alone: Vec<GlyphId> = "طاقة"
            .chars()
            .map(|letter| letters.line(&letter.to_string(), style).runs[0].glyphs[0].glyph_id)
            .collect();
        let joined: Vec<GlyphId> = word.runs[0].glyphs.iter().map(|g| g.glyph_id).collect();
        assert!(joined.iter().any(|glyph| !alone.contains(glyph)));
        // Digits keep their order inside; what comes first stands on the right.
        let mixed = letters.line("الطاقة 1.234,5 kWh", style);
        let shown = drawn(&mixed);
        assert!(shown.contains("1.234,5"), "{shown}");
        assert!(shown.trim_end().ends_with("الطاقة"), "{shown}");
    }

    #[test]
    fn lines_break_between_words_and_long_words_break_inside() {
        let letters = Letters::open().unwrap();
        let lines = letters.lines("one two three four five six seven", PLAIN, 60.0);
        assert!(lines.len() > 2 && lines.iter().all(|line| line.width <= 60.5));
        let long = letters.lines("abcdefghijklmnopqrstuvwxyz", PLAIN, 40.0);
        let all: String = long.iter().map(drawn).collect();
        assert!(long.len() > 2 && long.iter().all(|line| line.width <= 40.5));
        assert_eq!(all, "abcdefghijklmnopqrstuvwxyz", "nothing is lost");
    }
}
