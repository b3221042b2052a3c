//! A workbook: rows go to files without a name in the data directory, which are gone when they
//! are closed, also when the appliance is killed.

use super::history::{ROWS_MAX, Sink};
use super::number::neutral;
use crate::base::{Error, Result, Timestamp};
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// Bytes of a piece.
const PIECE: usize = 128 << 10;
/// 1970-01-01 in the days of a spreadsheet.
const EPOCH_DAYS: f64 = 25_569.0;
const DAY_MS: f64 = 86_400_000.0;
/// Wide enough for a date with milliseconds, characters.
const TIME_WIDTH: f64 = 24.0;

/// A sheet of rows.
pub struct Excel<'a> {
    workbook: Workbook,
    time: Format,
    row: u32,
    /// Looks whether to go on.
    look: &'a mut dyn FnMut() -> Result<()>,
}

impl<'a> Excel<'a> {
    /// A workbook whose rows wait in `directory`; `look` is asked between windows.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn new(directory: &Path, look: &'a mut dyn FnMut() -> Result<()>) -> Result<Self> {
        let mut workbook = Workbook::new();
        workbook.set_tempdir(directory).map_err(refused)?;
        let sheet = workbook
            .add_worksheet_with_constant_memory()
            .map_err(refused)?;
        sheet.set_name("Readings (UTC)").map_err(refused)?;
        sheet.set_column_width(0, TIME_WIDTH).map_err(refused)?;
        sheet.set_freeze_panes(1, 0).map_err(refused)?;
        Ok(Self {
            workbook,
            time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss.000"),
            row: 0,
            look,
        })
    }

    /// Packs the workbook and hands it on in pieces.
    ///
    /// # Errors
    /// When the disk refuses, or what the taker returned.
    pub fn finish(
        mut self,
        directory: &Path,
        hand_on: &mut dyn FnMut(Vec<u8>) -> Result<()>,
    ) -> Result<()> {
        let mut file = nameless(directory)?;
        self.workbook.save_to_writer(&mut file).map_err(refused)?;
        file.seek(SeekFrom::Start(0)).map_err(disk)?;
        loop {
            let mut piece = Vec::with_capacity(PIECE);
            let read = (&mut file).take(PIECE as u64).read_to_end(&mut piece);
            if read.map_err(disk)? == 0 {
                return Ok(());
            }
            hand_on(piece)?;
        }
    }

    fn text(&mut self, column: u16, text: &str) -> Result<()> {
        let row = self.row;
        let sheet = self.workbook.worksheet_from_index(0).map_err(refused)?;
        sheet
            .write_string(row, column, neutral(text))
            .map_err(refused)?;
        Ok(())
    }
}

impl Sink for Excel<'_> {
    fn head(&mut self, names: &[&str]) -> Result<()> {
        for (column, name) in (0..).zip(names) {
            self.text(column, name)?;
        }
        self.row += 1;
        Ok(())
    }

    fn row(&mut self, at: Timestamp, equipment: Option<&str>, cells: &[Option<f64>]) -> Result<()> {
        #[allow(clippy::cast_precision_loss)] // milliseconds of a few thousand years
        let days = at.ms() as f64 / DAY_MS + EPOCH_DAYS;
        let (row, time) = (self.row, &self.time);
        let sheet = self.workbook.worksheet_from_index(0).map_err(refused)?;
        sheet
            .write_number_with_format(row, 0, days, time)
            .map_err(refused)?;
        let mut column = 1;
        if let Some(equipment) = equipment {
            sheet
                .write_string(row, column, neutral(equipment))
                .map_err(refused)?;
            column += 1;
        }
        for cell in cells {
            if let Some(value) = cell {
                sheet.write_number(row, column, *value).map_err(refused)?;
            }
            column += 1;
        }
        self.row += 1;
        Ok(())
    }

    fn pause(&mut self) -> Result<()> {
        (self.look)()
    }

    fn remark(&mut self, sentence: &str) -> Result<()> {
        self.text(0, sentence)?;
        self.row += 1;
        Ok(())
    }
}

// A sheet has 1,048,576 rows: the head, the rows and a remark fit.
const _: () = assert!(ROWS_MAX + 2 <= 1_048_576);

/// A file that nobody sees and that is gone when it is closed.
fn nameless(directory: &Path) -> Result<File> {
    let path = directory.join(format!("export-{}.xlsx", uuid::Uuid::now_v7()));
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .open(&path)
        .map_err(disk)?;
    std::fs::remove_file(&path).map_err(disk)?;
    Ok(file)
}

fn disk(cause: std::io::Error) -> Error {
    let sentence = "The workbook cannot be written. Check that the disk has room, or ask for CSV.";
    Error::unavailable(sentence).because(cause)
}

#[allow(clippy::needless_pass_by_value)] // as map_err hands it over
fn refused(cause: XlsxError) -> Error {
    disk(std::io::Error::other(cause.to_string()))
}
