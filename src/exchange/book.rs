//! A workbook of a few sheets that fits into memory: what reports are written with.

use super::number::neutral;
use crate::base::{Error, Result, Timestamp};
use rust_xlsxwriter::{
    Chart, ChartAxisLabelPosition, ChartType, DocProperties, ExcelDateTime, Format, FormatAlign,
    Image, Workbook, Worksheet, XlsxError,
};

/// 1970-01-01 in the days of a spreadsheet.
const EPOCH_DAYS: f64 = 25_569.0;
const DAY_MS: f64 = 86_400_000.0;
/// A4, as the format numbers it.
const PAPER_A4: u8 = 9;
/// Longest name of a sheet, and most rows of one: what the format takes.
const NAME_MAX: usize = 31;
const ROWS_MAX: u32 = 1_048_576;

/// What stands in a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BookCell<'a> {
    /// Nothing.
    Empty,
    /// Words.
    Text(&'a str),
    /// A number, shown with so many digits behind the point.
    Number(f64, u32),
    /// What a clock on the wall shows, ms since 1970 of that clock, and how it is shown.
    Time(i64, &'static str),
}

/// How the figures of a table are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BookChart {
    /// A bar for each row and series, beside each other.
    Bars,
    /// A bar for each row, its series on top of each other.
    Stacked,
    /// A bar from left to right for each row.
    Ranked,
    /// A line for each series.
    Lines,
}

/// Rows that a chart stands on, and its size, pixels.
const CHART_ROWS: u32 = 16;
const CHART_SIZE: (u32, u32) = (900, 310);
/// Largest height of a logo, pixels: that of three rows.
const LOGO_HEIGHT: f64 = 56.0;

/// A workbook that is being written, row by row.
pub struct Book {
    workbook: Workbook,
    row: u32,
}

impl Book {
    /// A workbook without a sheet; `made_at` is what it says of itself.
    ///
    /// # Errors
    /// When the instant is none that a workbook knows.
    pub fn new(title: &str, made_at: Timestamp) -> Result<Self> {
        let mut workbook = Workbook::new();
        let created = ExcelDateTime::from_timestamp(made_at.ms() / 1_000).map_err(refused)?;
        let properties = DocProperties::new()
            .set_title(title)
            .set_creation_datetime(&created);
        workbook.set_properties(&properties);
        Ok(Self { workbook, row: 0 })
    }

    /// Begins a sheet; its name is shortened and freed of what a name may not hold. `widths` are
    /// those of its columns, in characters.
    ///
    /// # Errors
    /// When the sheet cannot be made.
    pub fn sheet(&mut self, name: &str, right_to_left: bool, widths: &[f64]) -> Result<()> {
        let number = self.workbook.worksheets().len() + 1;
        let clean = |c: &char| !matches!(c, '[' | ']' | ':' | '*' | '?' | '/' | '\\');
        // The apostrophe of a printer is a letter there, the other one a quote.
        let plain = name.chars().filter(clean);
        let plain: String = plain
            .map(|c| if c == '\'' { '\u{2019}' } else { c })
            .collect();
        // Two sheets may not have one name.
        let numbered = format!("{number} {plain}");
        let name: String = numbered.chars().take(NAME_MAX).collect();
        let sheet = self.workbook.add_worksheet();
        sheet.set_name(name.trim_end()).map_err(refused)?;
        sheet.set_right_to_left(right_to_left);
        // Printed, a sheet is as wide as the paper and as long as it needs.
        sheet
            .set_paper_size(PAPER_A4)
            .set_landscape()
            .set_print_fit_to_pages(1, 0);
        for (column, width) in (0..).zip(widths) {
            sheet.set_column_width(column, *width).map_err(refused)?;
        }
        self.row = 0;
        Ok(())
    }

    /// Writes a row into the last sheet; `indent` moves its first cell in.
    ///
    /// # Errors
    /// When there is no sheet, or it is full.
    pub fn row(&mut self, cells: &[BookCell<'_>], strong: bool, indent: u8) -> Result<()> {
        if self.row >= ROWS_MAX {
            let sentence = "A sheet holds 1048576 rows at most. Ask for a shorter period.";
            return Err(Error::invalid("to", sentence));
        }
        let row = self.row;
        let sheet = self.last()?;
        for (column, cell) in (0..).zip(cells) {
            let mut format = Format::new();
            if strong {
                format = format.set_bold();
            }
            if column == 0 && indent > 0 {
                format = format.set_indent(indent);
            }
            match cell {
                BookCell::Empty => continue,
                BookCell::Text(text) => {
                    sheet.write_string_with_format(row, column, neutral(text), &format)
                }
                BookCell::Number(value, decimals) => {
                    let format = format.set_num_format(shape(*decimals));
                    let format = format.set_align(FormatAlign::Right);
                    sheet.write_number_with_format(row, column, *value, &format)
                }
                BookCell::Time(wall_ms, shape) => {
                    let format = format.set_num_format(*shape).set_align(FormatAlign::Left);
                    #[allow(clippy::cast_precision_loss)] // a few thousand years
                    let days = *wall_ms as f64 / DAY_MS + EPOCH_DAYS;
                    sheet.write_number_with_format(row, column, days, &format)
                }
            }
            .map_err(refused)?;
        }
        self.row += 1;
        Ok(())
    }

    /// Puts a picture beside the rows that come next, behind so many columns.
    ///
    /// # Errors
    /// When it is no PNG, or there is no sheet.
    pub fn logo(&mut self, png: &[u8], column: u16) -> Result<()> {
        let image = Image::new_from_buffer(png).map_err(refused)?;
        let scale = (LOGO_HEIGHT / image.height().max(1.0)).min(1.0);
        let image = image.set_scale_height(scale).set_scale_width(scale);
        let row = self.row;
        self.last()?
            .insert_image(row, column, &image)
            .map_err(refused)?;
        Ok(())
    }

    /// Draws a table that is written next: `rows` of them below its head of names, a label and so
    /// many series each. The chart stands above it.
    ///
    /// # Errors
    /// When there is no sheet.
    pub fn chart(&mut self, form: BookChart, unit: &str, rows: u32, series: u16) -> Result<()> {
        let kind = match form {
            BookChart::Bars => ChartType::Column,
            BookChart::Stacked => ChartType::ColumnStacked,
            BookChart::Ranked => ChartType::Bar,
            BookChart::Lines => ChartType::Line,
        };
        let (above, sheet) = (self.row, self.last()?.name());
        // Behind the chart come the title of the table and its head.
        let head = above + CHART_ROWS + 1;
        let (first, last) = (head + 1, head + rows);
        let mut chart = Chart::new(kind);
        for column in 1..=series {
            chart
                .add_series()
                .set_name((sheet.as_str(), head, column))
                .set_categories((sheet.as_str(), first, 0, last, 0))
                .set_values((sheet.as_str(), first, column, last, column));
        }
        chart.set_width(CHART_SIZE.0).set_height(CHART_SIZE.1);
        chart.y_axis().set_name(unit);
        // Below the plot, also where values lie below zero.
        chart
            .x_axis()
            .set_label_position(ChartAxisLabelPosition::Low);
        if form == BookChart::Ranked {
            // The first one stands above.
            chart.x_axis().set_reverse();
            chart.y_axis().set_name("");
        }
        if series == 1 {
            chart.legend().set_hidden();
        }
        self.last()?
            .insert_chart(above, 0, &chart)
            .map_err(refused)?;
        self.row += CHART_ROWS;
        Ok(())
    }

    fn last(&mut self) -> Result<&mut Worksheet> {
        let place = self.workbook.worksheets().len().saturating_sub(1);
        self.workbook.worksheet_from_index(place).map_err(refused)
    }

    /// The file.
    ///
    /// # Errors
    /// When it cannot be packed.
    pub fn finish(mut self) -> Result<Vec<u8>> {
        self.workbook.save_to_buffer().map_err(refused)
    }
}

fn shape(decimals: u32) -> String {
    match decimals {
        0 => "#,##0".to_owned(),
        many => format!("#,##0.{}", "0".repeat(many as usize)),
    }
}

#[allow(clippy::needless_pass_by_value)] // as map_err hands it over
fn refused(cause: XlsxError) -> Error {
    let sentence = "The workbook cannot be written. Ask for CSV, or for a shorter period.";
    Error::internal(sentence).because(std::io::Error::other(cause.to_string()))
}
