//! *pure* — a report as tables: a workbook with a sheet for each section, and one file of text.

use super::document::{
    Block, Cell, Chart, Column, Document, Figure, Form, Holds, Precision, Table,
};
use super::format::head;
use super::paper::Paper;
use crate::base::Result;
use crate::exchange::number::push_text;
use crate::exchange::{Book, BookCell, BookChart};
use rust_decimal::prelude::ToPrimitive as _;

/// Widths of columns, characters.
const FIRST_WIDTH: f64 = 34.0;
const OTHER_WIDTH: f64 = 18.0;
/// Behind how many columns the logo stands.
const LOGO_COLUMN: u16 = 4;
/// Most rows and series of a chart: what the format takes.
const CHART_ROWS_MAX: u32 = 32_000;
const CHART_SERIES_MAX: u16 = 255;
/// Columns that are made so wide; further ones are as usual.
const WIDE_COLUMNS: usize = 12;

/// Writes a report as a workbook. Times are what the clock of the site shows.
///
/// # Errors
/// When the workbook cannot be packed.
pub fn workbook(document: &Document, paper: &Paper<'_>) -> Result<Vec<u8>> {
    let mut book = Book::new(&document.title, paper.made_at)?;
    let mut widths = vec![OTHER_WIDTH; WIDE_COLUMNS];
    widths[0] = FIRST_WIDTH;
    for (at, section) in document.sections.iter().enumerate() {
        book.sheet(&section.title, paper.words.is_rtl(), &widths)?;
        if at == 0 {
            if let Some(logo) = paper.logo {
                book.logo(&logo.png, LOGO_COLUMN)?;
            }
            book.row(&[BookCell::Text(&document.title)], true, 0)?;
            book.row(&[BookCell::Text(&document.site)], false, 0)?;
        }
        book.row(&[BookCell::Text(&section.title)], true, 0)?;
        let source = paper.source(document, section);
        book.row(&[BookCell::Text(&source)], false, 0)?;
        for block in &section.blocks {
            book.row(&[], false, 0)?;
            match block {
                Block::Text { text } | Block::Note { text } => {
                    book.row(&[BookCell::Text(text)], false, 0)?;
                }
                Block::Figures { .. } => {
                    for line in lines_of(block) {
                        book.row(&line.cells(), false, 0)?;
                    }
                }
                Block::Table(table) => table_rows(&mut book, table, paper)?,
                Block::Chart(chart) => {
                    draw(&mut book, chart)?;
                    table_rows(&mut book, &chart.table(), paper)?;
                }
            }
        }
    }
    book.finish()
}

/// Draws a chart of the program that shows the workbook, from the cells of the table below it.
fn draw(book: &mut Book, chart: &Chart) -> Result<()> {
    let form = match chart.form {
        Form::Bars => BookChart::Bars,
        Form::Stacked => BookChart::Stacked,
        Form::Ranked => BookChart::Ranked,
        Form::Lines => BookChart::Lines,
        // A map of shades is no chart that a workbook has: its table shows it.
        Form::Heat => return Ok(()),
    };
    let rows = u32::try_from(chart.labels.len()).unwrap_or(u32::MAX);
    let series = u16::try_from(chart.series.len()).unwrap_or(u16::MAX);
    if rows == 0 || series == 0 || rows > CHART_ROWS_MAX || series > CHART_SERIES_MAX {
        return Ok(());
    }
    book.chart(form, &chart.unit, rows, series)
}

/// A key figure as a row: name, number, unit, remark.
struct Line<'a> {
    name: &'a str,
    value: Option<(f64, u32)>,
    unit: &'a str,
    remark: &'a str,
}

impl Line<'_> {
    fn cells(&self) -> [BookCell<'_>; 4] {
        let number = |(value, decimals)| BookCell::Number(value, decimals);
        [
            BookCell::Text(self.name),
            self.value.map_or(BookCell::Empty, number),
            BookCell::Text(self.unit),
            BookCell::Text(self.remark),
        ]
    }
}

fn lines_of(block: &Block) -> Vec<Line<'_>> {
    let Block::Figures { figures } = block else {
        return Vec::new();
    };
    figures.iter().map(line_of).collect()
}

fn line_of(figure: &Figure) -> Line<'_> {
    Line {
        name: &figure.name,
        value: figure
            .value
            .and_then(|v| v.to_f64())
            .map(|v| (v, figure.decimals)),
        unit: &figure.unit,
        remark: figure.remark.as_deref().unwrap_or_default(),
    }
}

fn table_rows(book: &mut Book, table: &Table, paper: &Paper<'_>) -> Result<()> {
    book.row(&[BookCell::Text(&table.title)], true, 0)?;
    let heads: Vec<String> = table.columns.iter().map(head).collect();
    let cells: Vec<_> = heads.iter().map(|head| BookCell::Text(head)).collect();
    book.row(&cells, true, 0)?;
    for row in &table.rows {
        let cells = row.cells.iter().zip(&table.columns);
        let cells: Vec<_> = cells
            .map(|(cell, column)| book_cell(cell, column, paper))
            .collect();
        book.row(&cells, row.strong, row.depth)?;
    }
    Ok(())
}

fn book_cell<'a>(cell: &'a Cell, column: &Column, paper: &Paper<'_>) -> BookCell<'a> {
    match (cell, &column.holds) {
        (Cell::Empty, _) => BookCell::Empty,
        (Cell::Text(text), _) => BookCell::Text(text),
        (Cell::Number(value), holds) => {
            let decimals = match holds {
                Holds::Number { decimals, .. } => *decimals,
                _ => value.scale(),
            };
            let number = value.to_f64();
            number.map_or(BookCell::Empty, |v| BookCell::Number(v, decimals))
        }
        (Cell::Time(at), holds) => {
            let shape = match holds {
                Holds::Time {
                    precision: Precision::Month,
                } => "yyyy-mm",
                Holds::Time {
                    precision: Precision::Day,
                } => "yyyy-mm-dd",
                _ => "yyyy-mm-dd hh:mm",
            };
            BookCell::Time(paper.calendar.wall_ms(*at), shape)
        }
    }
}

/// Writes a report as text: its tables below each other, numbers with a point and no grouping,
/// times with their offset, so that any program reads them.
#[must_use]
pub fn csv(document: &Document, paper: &Paper<'_>) -> Vec<u8> {
    // Spreadsheets take a file without this mark for another alphabet.
    let mut out = "\u{feff}".as_bytes().to_vec();
    line(&mut out, &[&document.title]);
    line(&mut out, &[&document.site]);
    line(&mut out, &[&paper.period(document)]);
    for section in &document.sections {
        line(&mut out, &[]);
        line(&mut out, &[&section.title]);
        line(&mut out, &[&paper.source(document, section)]);
        for block in &section.blocks {
            csv_block(&mut out, block, paper);
        }
    }
    line(&mut out, &[]);
    line(&mut out, &[&paper.imprint()]);
    out
}

fn csv_block(out: &mut Vec<u8>, block: &Block, paper: &Paper<'_>) {
    line(out, &[]);
    match block {
        Block::Text { text } | Block::Note { text } => line(out, &[text]),
        Block::Figures { figures } => {
            for figure in figures {
                let value = figure.value.map(|value| value.to_string());
                let remark = figure.remark.as_deref().unwrap_or_default();
                let value = value.unwrap_or_default();
                numbers(
                    out,
                    &[
                        (&figure.name, false),
                        (&value, true),
                        (&figure.unit, false),
                        (remark, false),
                    ],
                );
            }
        }
        Block::Table(table) => csv_table(out, table, paper),
        Block::Chart(chart) => csv_table(out, &chart.table(), paper),
    }
}

fn csv_table(out: &mut Vec<u8>, table: &Table, paper: &Paper<'_>) {
    line(out, &[&table.title]);
    let heads: Vec<String> = table.columns.iter().map(head).collect();
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    line(out, &heads);
    for row in &table.rows {
        let shown: Vec<(String, bool)> = row
            .cells
            .iter()
            .map(|cell| match cell {
                Cell::Empty => (String::new(), false),
                Cell::Text(text) => (text.clone(), false),
                Cell::Number(value) => (value.to_string(), true),
                Cell::Time(at) => (wall(*at, paper), true),
            })
            .collect();
        let cells: Vec<(&str, bool)> = shown
            .iter()
            .map(|(text, is)| (text.as_str(), *is))
            .collect();
        numbers(out, &cells);
    }
}

/// An instant on the clock of the site with its offset: `2026-11-21T09:00:00+01:00`.
fn wall(at: crate::base::Timestamp, paper: &Paper<'_>) -> String {
    let offset = (paper.calendar.wall_ms(at) - at.ms()) / 60_000;
    let local = at.plus_ms(offset * 60_000).to_string();
    let sign = if offset < 0 { '-' } else { '+' };
    let (hours, minutes) = (offset.abs() / 60, offset.abs() % 60);
    let clock: String = local.chars().take(19).collect();
    format!("{clock}{sign}{hours:02}:{minutes:02}")
}

fn line(out: &mut Vec<u8>, cells: &[&str]) {
    let cells: Vec<(&str, bool)> = cells.iter().map(|cell| (*cell, false)).collect();
    numbers(out, &cells);
}

/// A row; a number begins with a minus and is no formula.
fn numbers(out: &mut Vec<u8>, cells: &[(&str, bool)]) {
    for (at, (cell, is_number)) in cells.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        match is_number {
            true => out.extend_from_slice(cell.as_bytes()),
            false => push_text(out, cell),
        }
    }
    out.extend_from_slice(b"\r\n");
}
