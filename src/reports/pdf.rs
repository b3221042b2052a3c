//! A report as a PDF: pages with numbers, tables whose heads are repeated, charts. Home of krilla.

use super::document::{Block, Chart, Document, Figure, Section};
use super::format::quantity;
use super::html::colour;
use super::paper::Paper;
use super::press;
use super::scene::{Anchor, Ink, Shape, draw};
use super::sheet::{
    ACCENT, Align, BOTTOM, DARK, GREY, HEIGHT, LEADING, Mark, RULE, SIDE, Sheets, WIDTH,
};
use super::{grid, text::Style};
use crate::base::{Error, Result};
use crate::site::Logo;

const INNER: f32 = WIDTH - 2.0 * SIDE;
/// Most room of a logo, points.
const LOGO_WIDTH: f32 = 150.0;
const LOGO_HEIGHT: f32 = 48.0;
/// Key figures of a row.
const FIGURES: usize = 4;
/// Most pages of a report: nobody reads more, and memory has an end.
const PAGES_MAX: usize = 500;

/// Writes a report.
///
/// # Errors
/// When it has more than 500 pages, or the file cannot be made.
pub fn write(document: &Document, paper: &Paper<'_>) -> Result<Vec<u8>> {
    let mut sheets = Sheets::open(paper.words.is_rtl())?;
    title(&mut sheets, document, paper);
    for section in &document.sections {
        write_section(&mut sheets, document, section, paper);
        if sheets.pages.len() > PAGES_MAX {
            let sentence = "The report has more than 500 pages. Ask for a shorter period, or for \
                            the workbook.";
            return Err(Error::invalid("to", sentence));
        }
    }
    imprint(&mut sheets, &paper.imprint());
    frame(&mut sheets, document, paper);
    press::print(&sheets, document, paper)
}

/// The last words of a report. They may stand in the room above the foot, and a little smaller: a
/// page for them alone would be empty.
fn imprint(sheets: &mut Sheets, text: &str) {
    const SIZES: [f32; 3] = [7.5, 7.0, 6.5];
    const GAP: f32 = 10.0;
    const ABOVE_FOOT: f32 = 12.0;
    let set = |size: f32| {
        let lines = sheets.letters.lines(text, sheets.style(size, false), INNER);
        #[allow(clippy::cast_precision_loss)] // a line or two
        let height = lines.len() as f32 * size * LEADING;
        (size, lines, height)
    };
    let room = sheets.room() + ABOVE_FOOT;
    let fits = SIZES
        .into_iter()
        .map(set)
        .find(|(.., height)| *height <= room);
    let (size, lines, height) = fits.unwrap_or_else(|| set(SIZES[0]));
    if height > room {
        sheets.turn();
    }
    sheets.y += (room - height).clamp(0.0, GAP);
    let place = (SIDE, sheets.y);
    sheets.text(lines, place, (INNER, Align::Start), (size, GREY));
    sheets.y += height;
}

fn title(sheets: &mut Sheets, document: &Document, paper: &Paper<'_>) {
    if let Some(logo) = paper.logo {
        place(sheets, logo);
    }
    sheets.paragraph(&document.title, 21.0, true, DARK);
    sheets.y += 2.0;
    sheets.paragraph(&document.site, 11.0, false, GREY);
    sheets.paragraph(&paper.period(document), 11.0, false, GREY);
    sheets.y += 7.0;
    let y = sheets.y;
    sheets.fill((SIDE, y), (INNER, 1.6), ACCENT);
    sheets.y += 12.0;
}

/// The logo above the title, where reading ends.
fn place(sheets: &mut Sheets, logo: &Logo) {
    #[allow(clippy::cast_precision_loss)] // some hundred pixels
    let (width, height) = (logo.width.max(1) as f32, logo.height.max(1) as f32);
    let scale = (LOGO_WIDTH / width).min(LOGO_HEIGHT / height);
    let (w, h) = (width * scale, height * scale);
    let x = if sheets.rtl { SIDE } else { WIDTH - SIDE - w };
    sheets.mark(Mark::Logo {
        x,
        y: sheets.y - LOGO_HEIGHT / 2.0,
        w,
        h,
    });
    sheets.y += LOGO_HEIGHT / 2.0 + 4.0;
}

fn write_section(sheets: &mut Sheets, document: &Document, section: &Section, paper: &Paper<'_>) {
    // A heading never stands alone at the foot of a page.
    sheets.need(120.0);
    sheets.y += 8.0;
    sheets.paragraph(&section.title, 14.0, true, DARK);
    sheets.y += 4.0;
    for block in &section.blocks {
        match block {
            Block::Text { text } => sheets.paragraph(text, 9.0, false, DARK),
            Block::Note { text } => note(sheets, text),
            Block::Figures { figures } => write_figures(sheets, document, figures),
            Block::Table(table) => grid::write(sheets, table, &paper.dates()),
            Block::Chart(chart) => write_chart(sheets, document, chart),
        }
        sheets.y += 8.0;
    }
    sheets.paragraph(&paper.source(document, section), 7.5, false, GREY);
    sheets.y += 4.0;
}

fn note(sheets: &mut Sheets, text: &str) {
    let (size, width) = (9.0, INNER - 20.0);
    let lines = sheets.letters.lines(text, sheets.style(size, false), width);
    #[allow(clippy::cast_precision_loss)] // lines of a note
    let height = lines.len() as f32 * size * LEADING + 10.0;
    sheets.need(height);
    let y = sheets.y;
    sheets.fill((SIDE, y), (INNER, height), (0xfd, 0xf6, 0xec));
    sheets.fill((SIDE, y), (3.0, height), (0xd9, 0x82, 0x2b));
    let place = (SIDE + 12.0, y + 4.0);
    sheets.text(lines, place, (width, Align::Start), (size, DARK));
    sheets.y += height;
}

fn write_figures(sheets: &mut Sheets, document: &Document, figures: &[Figure]) {
    const GAP: f32 = 8.0;
    const FULL: f32 = FIGURES as f32;
    let width = (INNER - GAP * (FULL - 1.0)) / FULL;
    for row in figures.chunks(FIGURES) {
        let inner = width - 16.0;
        let remarks: Vec<_> = row
            .iter()
            .map(|figure| {
                let remark = figure.remark.as_deref().unwrap_or_default();
                sheets
                    .letters
                    .lines(remark, sheets.style(7.0, false), inner)
            })
            .collect();
        let most = remarks.iter().map(Vec::len).max().unwrap_or(0);
        #[allow(clippy::cast_precision_loss)] // lines of a remark
        let height = 46.0 + most as f32 * 7.0 * LEADING;
        sheets.need(height + GAP);
        let y = sheets.y;
        for ((n, figure), remark) in (0_u16..).zip(row).zip(remarks) {
            let x = SIDE + f32::from(n) * (width + GAP);
            edge(sheets, (x, y), (width, height - 4.0));
            let name = sheets
                .letters
                .lines(&figure.name, sheets.style(8.0, false), inner);
            let name = name.into_iter().take(1).collect();
            sheets.text(name, (x + 8.0, y + 6.0), (inner, Align::Start), (8.0, GREY));
            let (value, size) = fitting(sheets, document, figure, inner);
            let place = (x + 8.0, y + 19.0 + (15.0 - size));
            sheets.text(vec![value], place, (inner, Align::Start), (size, DARK));
            let place = (x + 8.0, y + 39.0);
            sheets.text(remark, place, (inner, Align::Start), (7.0, GREY));
        }
        sheets.y += height + 4.0;
    }
}

/// The figure, as large as its box lets it be; a number and its unit run from left to right.
fn fitting(
    sheets: &Sheets,
    document: &Document,
    figure: &Figure,
    width: f32,
) -> (super::text::Line, f32) {
    let shown = quantity(
        figure.value,
        &figure.unit,
        figure.decimals,
        document.language,
    );
    let mut size = 15.0;
    loop {
        let style = Style {
            size,
            strong: true,
            rtl: false,
        };
        let line = sheets.letters.line(&shown, style);
        if line.width <= width || size <= 8.0 {
            return (line, size);
        }
        size -= 0.5;
    }
}

/// The edge of a box.
fn edge(sheets: &mut Sheets, (x, y): (f32, f32), (w, h): (f32, f32)) {
    for (place, size) in [
        ((x, y), (w, 0.7)),
        ((x, y + h), (w, 0.7)),
        ((x, y), (0.7, h)),
        ((x + w - 0.7, y), (0.7, h)),
    ] {
        sheets.fill(place, size, RULE);
    }
}

fn write_chart(sheets: &mut Sheets, document: &Document, chart: &Chart) {
    let scene = draw(chart, INNER, document.language);
    sheets.need(scene.height + 22.0);
    sheets.paragraph(&chart.title, 9.5, true, DARK);
    sheets.y += 3.0;
    let (left, top) = (SIDE, sheets.y);
    for shape in scene.shapes {
        let mark = match shape {
            Shape::Rect { x, y, w, h, ink } => Mark::Rect {
                x: left + x,
                y: top + y,
                w,
                h,
                colour: colour(ink),
            },
            Shape::Line { points, width, ink } => Mark::Stroke {
                points: points
                    .chunks(2)
                    .flat_map(|point| [left + point[0], top + point.get(1).unwrap_or(&0.0)])
                    .collect(),
                width,
                colour: colour(ink),
            },
            Shape::Text {
                x,
                y,
                anchor,
                size,
                text,
            } => letters(sheets, (left + x, top + y), anchor, (size, &text)),
        };
        sheets.mark(mark);
    }
    sheets.y += scene.height;
}

fn letters(sheets: &Sheets, (x, y): (f32, f32), anchor: Anchor, text: (f32, &str)) -> Mark {
    let (size, text) = text;
    // A chart runs from left to right; a label begins as its first letter does.
    let style = Style {
        size,
        strong: false,
        rtl: text.chars().any(|c| ('\u{600}'..='\u{6ff}').contains(&c)),
    };
    let line = sheets.letters.line(text, style);
    let x = match anchor {
        Anchor::Left => x,
        Anchor::Middle => x - line.width / 2.0,
        Anchor::Right => x - line.width,
    };
    let colour = colour(Ink::Text);
    Mark::Text {
        x,
        y,
        size,
        colour,
        line,
    }
}

/// Head and foot of every page, when it is known how many there are.
fn frame(sheets: &mut Sheets, document: &Document, paper: &Paper<'_>) {
    let pages = sheets.pages.len();
    let period = paper.period(document);
    let half = INNER / 2.0;
    let marks = std::mem::take(&mut sheets.pages);
    for (number, marks) in (1_usize..).zip(marks) {
        sheets.pages.push(marks);
        let of = [
            ("page", &*number.to_string()),
            ("pages", &*pages.to_string()),
        ];
        let count = paper.words.with("paper.page", &of);
        let foot = HEIGHT - BOTTOM + 20.0;
        let mut lines = vec![
            (period.as_str(), SIDE, foot, Align::Start),
            (count.as_str(), SIDE + half, foot, Align::End),
        ];
        if number > 1 {
            lines.push((&document.site, SIDE, 34.0, Align::Start));
            lines.push((&document.title, SIDE + half, 34.0, Align::End));
            sheets.fill((SIDE, 50.0), (INNER, 0.6), RULE);
        }
        sheets.fill((SIDE, foot - 6.0), (INNER, 0.6), RULE);
        for (text, x, y, align) in lines {
            let line = sheets.letters.line(text, sheets.style(8.0, false));
            sheets.text(vec![line], (x, y), (half, align), (8.0, GREY));
        }
    }
}
