//! Pages as a PDF: what was placed goes into the file as it is. Home of krilla.

use super::document::Document;
use super::paper::Paper;
use super::sheet::{Colour, HEIGHT, Mark, Sheets, WIDTH};
use crate::base::{Error, Result};
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect, Size, Transform};
use krilla::image::Image;
use krilla::metadata::{DateTime, Metadata, TextDirection};
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule, Stroke};
use krilla::surface::Surface;

/// Writes the pages.
pub(super) fn print(sheets: &Sheets, document: &Document, paper: &Paper<'_>) -> Result<Vec<u8>> {
    let mut file = krilla::Document::new();
    file.set_metadata(about(document, paper));
    let logo = paper
        .logo
        .map(|logo| Image::from_png(logo.png.clone().into(), true));
    let logo = logo.transpose().map_err(|cause| {
        let cause = std::io::Error::other(cause);
        Error::internal("The logo is damaged. Send it again.").because(cause)
    })?;
    for marks in &sheets.pages {
        let settings = PageSettings::from_wh(WIDTH, HEIGHT).unwrap_or_default();
        let mut page = file.start_page_with(settings);
        let mut surface = page.surface();
        for mark in marks {
            put(&mut surface, mark, (sheets, logo.as_ref()));
        }
        surface.finish();
        page.finish();
    }
    file.finish().map_err(|cause| {
        let cause = std::io::Error::other(format!("{cause:?}"));
        Error::internal("The PDF cannot be written. Ask for HTML.").because(cause)
    })
}

/// What the file says of itself; nothing of it changes from one writing to the next.
fn about(document: &Document, paper: &Paper<'_>) -> Metadata {
    let utc = paper.made_at.to_string();
    let number = |from: usize, to: usize| utc.get(from..to).and_then(|part| part.parse().ok());
    let small = |from, to| {
        number(from, to)
            .and_then(|n: u16| u8::try_from(n).ok())
            .unwrap_or(1)
    };
    let made = DateTime::new(number(0, 4).unwrap_or(1970))
        .month(small(5, 7))
        .day(small(8, 10))
        .hour(small(11, 13))
        .minute(small(14, 16))
        .second(small(17, 19))
        .utc_offset_hour(0)
        .utc_offset_minute(0);
    Metadata::new()
        .title(document.title.clone())
        .language(paper.words.tag().to_owned())
        .producer("Indusmind".to_owned())
        .creation_date(made)
        .text_direction(match paper.words.is_rtl() {
            true => TextDirection::RightToLeft,
            false => TextDirection::LeftToRight,
        })
}

fn fill((red, green, blue): Colour) -> Fill {
    Fill {
        paint: rgb::Color::new(red, green, blue).into(),
        opacity: NormalizedF32::ONE,
        rule: FillRule::NonZero,
    }
}

fn put(surface: &mut Surface<'_>, mark: &Mark, (sheets, logo): (&Sheets, Option<&Image>)) {
    match mark {
        Mark::Logo { x, y, w, h } => {
            if let (Some(logo), Some(size)) = (logo, Size::from_wh(*w, *h)) {
                surface.push_transform(&Transform::from_translate(*x, *y));
                surface.draw_image(logo.clone(), size);
                surface.pop();
            }
        }
        Mark::Rect { x, y, w, h, colour } => {
            let mut path = PathBuilder::new();
            if let Some(rect) = Rect::from_xywh(*x, *y, *w, *h) {
                path.push_rect(rect);
            }
            surface.set_fill(Some(fill(*colour)));
            surface.set_stroke(None);
            if let Some(path) = path.finish() {
                surface.draw_path(&path);
            }
        }
        Mark::Stroke {
            points,
            width,
            colour: (red, green, blue),
        } => {
            let mut path = PathBuilder::new();
            for (n, point) in points.chunks_exact(2).enumerate() {
                match n {
                    0 => path.move_to(point[0], point[1]),
                    _ => path.line_to(point[0], point[1]),
                }
            }
            surface.set_fill(None);
            surface.set_stroke(Some(Stroke {
                paint: rgb::Color::new(*red, *green, *blue).into(),
                width: *width,
                ..Stroke::default()
            }));
            if let Some(path) = path.finish() {
                surface.draw_path(&path);
            }
        }
        Mark::Text {
            x,
            y,
            size,
            colour,
            line,
        } => {
            surface.set_fill(Some(fill(*colour)));
            surface.set_stroke(None);
            let mut from = *x;
            for run in &line.runs {
                let font = sheets.letters.font(run);
                let place = Point::from_xy(from, *y);
                surface.draw_glyphs(place, &run.glyphs, font, &run.text, *size, false);
                from += run.width_at(*size);
            }
        }
    }
}
