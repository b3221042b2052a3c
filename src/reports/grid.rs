//! A table on pages: columns as wide as they need, heads on every page.

use super::document::{Holds, Row, Table};
use super::format::{Dates, head};
use super::sheet::{Align, DARK, HEAD, LEADING, RULE, SIDE, Sheets, WIDTH};
use super::text::{Line, Style};

const SIZE: f32 = 8.2;
/// Room beside and above the letters of a cell.
const BESIDE: f32 = 5.0;
const ABOVE: f32 = 2.6;
/// Room of a row of two lines.
const KEPT: f32 = 2.0 * SIZE * LEADING + 2.0 * ABOVE;
/// How far a row lies in for each step of its depth.
const STEP: f32 = 11.0;
/// A word of a cell that is longer than this may be broken: it is a hash or an address.
const LONGEST_WORD: f32 = 90.0;
/// Rows by which the widths are found; later ones wrap.
const LOOKED_AT: usize = 400;

/// A column as it stands on paper.
struct Place {
    x: f32,
    width: f32,
    align: Align,
}

/// Writes a table.
pub(super) fn write(sheets: &mut Sheets, table: &Table, dates: &Dates<'_>) {
    let places = places(sheets, table, dates);
    // The title, the head and two rows stay together.
    sheets.need(80.0);
    if !table.title.is_empty() {
        sheets.paragraph(&table.title, 9.5, true, DARK);
        sheets.y += 3.0;
    }
    heads(sheets, table, &places);
    for (number, row) in table.rows.iter().enumerate() {
        let cells = cells(sheets, row, table, dates, &places);
        let height = height(&cells);
        // The head of a group stays with the first of its rows.
        let next = table.rows.get(number + 1);
        let opens = row.strong && next.is_some_and(|next| !next.strong);
        let kept = if opens { KEPT } else { 0.0 };
        if sheets.room() < height + kept {
            sheets.turn();
            heads(sheets, table, &places);
        }
        let y = sheets.y;
        let inner = WIDTH - 2.0 * SIDE;
        if row.strong {
            sheets.fill((SIDE, y), (inner, height), (0xf8, 0xfa, 0xfc));
        }
        let indent = f32::from(row.depth) * STEP;
        for (at, (lines, place)) in cells.into_iter().zip(&places).enumerate() {
            let indent = if at == 0 { indent } else { 0.0 };
            let from = (place.x + BESIDE + indent, y + ABOVE);
            let room = place.width - 2.0 * BESIDE - indent;
            sheets.text(lines, from, (room, place.align), (SIZE, DARK));
        }
        sheets.fill((SIDE, y + height - 0.5), (inner, 0.5), RULE);
        sheets.y += height;
    }
}

fn height(cells: &[Vec<Line>]) -> f32 {
    let most = cells.iter().map(Vec::len).max().unwrap_or(1).max(1);
    #[allow(clippy::cast_precision_loss)] // lines of a cell
    let lines = most as f32;
    lines * SIZE * LEADING + 2.0 * ABOVE
}

fn cells(
    sheets: &Sheets,
    row: &Row,
    table: &Table,
    dates: &Dates<'_>,
    places: &[Place],
) -> Vec<Vec<Line>> {
    let all = row.cells.iter().zip(&table.columns).zip(places);
    all.enumerate()
        .map(|(at, ((cell, column), place))| {
            let indent = if at == 0 {
                f32::from(row.depth) * STEP
            } else {
                0.0
            };
            let mut style = sheets.style(SIZE, row.strong);
            // A number keeps its sign in front, also in a line from right to left.
            style.rtl &= !matches!(column.holds, Holds::Number { .. });
            let room = (place.width - 2.0 * BESIDE - indent).max(10.0);
            sheets.letters.lines(&dates.cell(cell, column), style, room)
        })
        .collect()
}

fn heads(sheets: &mut Sheets, table: &Table, places: &[Place]) {
    let style = sheets.style(SIZE, true);
    let shown: Vec<Vec<Line>> = table
        .columns
        .iter()
        .zip(places)
        .map(|(column, place)| {
            let room = place.width - 2.0 * BESIDE;
            sheets.letters.lines(&head(column), style, room)
        })
        .collect();
    let (height, y) = (height(&shown), sheets.y);
    sheets.fill((SIDE, y), (WIDTH - 2.0 * SIDE, height), HEAD);
    for (lines, place) in shown.into_iter().zip(places) {
        let from = (place.x + BESIDE, y + ABOVE);
        let room = place.width - 2.0 * BESIDE;
        sheets.text(lines, from, (room, place.align), (SIZE, DARK));
    }
    sheets.y += height;
}

/// How wide the longest word of a text is.
fn longest_word(sheets: &Sheets, text: &str, style: Style) -> f32 {
    let words = text.split([' ', '\n']);
    words
        .map(|word| sheets.letters.line(word, style).width)
        .fold(0.0, f32::max)
}

/// How wide each column is: as it needs when all fit, else words are wrapped.
fn places(sheets: &Sheets, table: &Table, dates: &Dates<'_>) -> Vec<Place> {
    let inner = WIDTH - 2.0 * SIDE;
    let mut widths: Vec<f32> = Vec::with_capacity(table.columns.len());
    let mut least: Vec<f32> = Vec::with_capacity(table.columns.len());
    for (at, column) in table.columns.iter().enumerate() {
        let strong = sheets.style(SIZE, true);
        let title = head(column);
        // A head may take two lines, but no word of it is cut.
        let longest = longest_word(sheets, &title, strong);
        let mut bare = longest;
        let half = sheets.letters.line(&title, strong).width / 2.0 + 12.0;
        let mut widest = longest.max(half.min(90.0));
        for row in table.rows.iter().take(LOOKED_AT) {
            let Some(cell) = row.cells.get(at) else {
                continue;
            };
            let style = sheets.style(SIZE, row.strong);
            let indent = if at == 0 {
                f32::from(row.depth) * STEP
            } else {
                0.0
            };
            let text = dates.cell(cell, column);
            let wide = sheets.letters.line(&text, style).width;
            widest = widest.max(wide + indent);
            bare = bare.max(match column.holds {
                Holds::Text => longest_word(sheets, &text, style).min(LONGEST_WORD) + indent,
                _ => wide + indent,
            });
        }
        widths.push(widest + 2.0 * BESIDE + 1.0);
        least.push(bare + 2.0 * BESIDE + 1.0);
    }
    share_out(&mut widths, &least, inner);
    let mut x = SIDE;
    let place = |(width, column): (f32, &super::document::Column)| {
        let from = x;
        x += width;
        Place {
            x: from,
            width,
            align: match column.holds {
                Holds::Number { .. } => Align::End,
                _ => Align::Start,
            },
        }
    };
    widths.into_iter().zip(&table.columns).map(place).collect()
}

/// Gives what is left to the columns in proportion. Where they need more than there is, each gets
/// what its longest word or its numbers need, and a part of what is left for the rest.
fn share_out(widths: &mut [f32], least: &[f32], inner: f32) {
    let total: f32 = widths.iter().sum();
    if total <= inner {
        let more = inner / total.max(1.0);
        widths.iter_mut().for_each(|width| *width *= more);
        return;
    }
    let bare: f32 = least.iter().sum();
    let part = ((inner - bare) / (total - bare).max(1.0)).max(0.0);
    for (width, least) in widths.iter_mut().zip(least) {
        *width = (*width - least).mul_add(part, *least);
    }
    // Still too wide: everything a little narrower.
    let total: f32 = widths.iter().sum();
    if total > inner {
        let less = inner / total;
        widths.iter_mut().for_each(|width| *width *= less);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_fill_the_page_and_words_give_way_to_numbers() {
        let mut few = [100.0, 50.0];
        share_out(&mut few, &[60.0, 50.0], 300.0);
        assert!((few[0] - 200.0).abs() < 0.1 && (few[1] - 100.0).abs() < 0.1);
        let mut many = [400.0, 100.0, 80.0];
        share_out(&mut many, &[60.0, 100.0, 80.0], 300.0);
        assert!((many[0] - 120.0).abs() < 0.1, "{many:?}");
        assert!((many[1] - 100.0).abs() < 0.1, "{many:?}");
        // Of two columns of words none is pressed below its longest word.
        let mut words = [400.0, 90.0, 80.0];
        share_out(&mut words, &[60.0, 70.0, 80.0], 230.0);
        assert!(words[1] >= 70.0 && words[0] >= 60.0, "{words:?}");
    }
}
