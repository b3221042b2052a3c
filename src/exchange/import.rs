//! Bringing readings in from files: everything is checked first, then loaded in batches.
//!
//! Promises: nothing is loaded from files that have a bad row unless that was asked for; how far
//! a file is loaded is stored with the readings themselves, so that an import that was killed
//! goes on where it was, and one that is finished changes nothing when it is run again.

use super::Directory;
use super::line::{self, Fault};
use super::push::{FORGOTTEN, Rules, Sorter};
use super::source::Source;
use super::table_in::{Spelling, Table};
use crate::base::{Batch, EquipmentId, Error, Result, Timestamp};
use crate::store::Store;
use crate::store::audit::{self, Actor};
use crate::store::operations;
use crate::store::table::Table as Records;
use crate::tsdb::{SeriesInfo, Tsdb};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::io::BufRead;
use std::ops::ControlFlow;
use std::sync::Arc;

const IMPORTS: Records<Position> = Records::new("import", 1);
/// Rows of one commit: large enough that days are written as one block, small enough to stop soon.
/// Tests stop and go on, and take less.
const ROWS_PER_COMMIT: u64 = if cfg!(test) { 5_000 } else { 50_000 };
/// Most bytes of a line of line protocol, with its break.
const LINE_MAX: u64 = (64 << 10) + 2;

/// How far a file is loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// What the file was called.
    pub file: String,
    /// Rows that are loaded, the refused ones included.
    pub rows: u64,
    /// Refused ones among them.
    pub refused: u64,
    /// When the last of them was; `None` while it is under way.
    pub finished_at: Option<Timestamp>,
}

/// How files are read.
#[derive(Clone, Debug)]
pub struct Manner {
    /// What is agreed on for all rows.
    pub rules: Rules,
    /// How cells are written.
    pub spelling: Spelling,
    /// `true` for line protocol, `false` for tables; by name and content when `None`.
    pub lines: Option<bool>,
}

/// Where readings go.
pub struct Importer<'a> {
    /// The data directory.
    pub store: &'a Store,
    /// The readings in it.
    pub tsdb: &'a Tsdb,
    /// Who is who.
    pub directory: &'a Directory,
    /// How files are read.
    pub manner: Manner,
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All of it is loaded.
    Loaded(Position),
    /// All of it was loaded before.
    Known(Position),
    /// It was asked to stop; the rest waits for the next time.
    Stopped(Position),
}

/// What a file was found to hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Its rows.
    pub rows: u64,
    /// Bad ones among them.
    pub bad: u64,
    /// Rows of a time whose samples are no longer kept, with the first and the last line.
    pub forgotten: Option<(u64, usize, usize)>,
}

impl Checked {
    fn forget(&mut self, line: usize) {
        let (rows, first, last) = self.forgotten.unwrap_or((0, line, line));
        self.forgotten = Some((rows + 1, first.min(line), last.max(line)));
    }
}

impl Importer<'_> {
    /// Reads a file without loading it; every bad row goes to `tell`, but for those of a time that
    /// was forgotten, which are counted: there may be years of them.
    ///
    /// # Errors
    /// When the file cannot be read, or its header is not understood.
    pub fn check(&self, source: &Source, tell: &mut dyn FnMut(&Fault)) -> Result<Checked> {
        let series_of = |id| self.series_of(id);
        let mut sorter = Sorter::new(self.directory, self.manner.rules.clone(), &series_of);
        let mut rows = self.rows(source)?;
        let mut checked = Checked::default();
        while let Some(row) = rows.step(&mut sorter)? {
            checked.rows += 1;
            match row {
                Ok(()) => {}
                Err(fault) if fault.sentence == FORGOTTEN => checked.forget(fault.line),
                Err(fault) => {
                    checked.bad += 1;
                    tell(&fault);
                }
            }
            if checked.rows % ROWS_PER_COMMIT == 0 {
                sorter.finish();
            }
        }
        Ok(checked)
    }

    /// Whether all of a file is loaded.
    ///
    /// # Errors
    /// When the file or the data file cannot be read.
    pub fn is_loaded(&self, source: &Source) -> Result<bool> {
        let found = IMPORTS.get(&self.store.read()?, &self.key(source)?)?;
        Ok(found.is_some_and(|position| position.finished_at.is_some()))
    }

    /// Loads a file from where it was left; `progress` hears how far it is after each commit, and
    /// may ask for the stop.
    ///
    /// # Errors
    /// When the file cannot be read, or the disk refuses.
    pub async fn load(
        &self,
        source: &Source,
        progress: &mut dyn FnMut(&Position) -> ControlFlow<()>,
    ) -> Result<Outcome> {
        let key = self.key(source)?;
        let found = IMPORTS.get(&self.store.read()?, &key)?;
        let mut position = found.unwrap_or_else(|| Position {
            file: source.name.clone(),
            rows: 0,
            refused: 0,
            finished_at: None,
        });
        if position.finished_at.is_some() {
            return Ok(Outcome::Known(position));
        }
        let series_of = |id| self.series_of(id);
        let mut sorter = Sorter::new(self.directory, self.manner.rules.clone(), &series_of);
        let mut rows = self.rows(source)?;
        for _ in 0..position.rows {
            // What is loaded is read over; nothing of it is kept.
            rows.step(&mut sorter)?;
            sorter.finish();
        }
        loop {
            let mut ended = false;
            for _ in 0..ROWS_PER_COMMIT {
                match rows.step(&mut sorter)? {
                    None => {
                        ended = true;
                        break;
                    }
                    Some(Ok(())) => position.rows += 1,
                    Some(Err(_)) => {
                        position.rows += 1;
                        position.refused += 1;
                    }
                }
            }
            if ended {
                position.finished_at = Some(self.manner.rules.now);
            }
            self.store_batches(sorter.finish().batches, key, position.clone())
                .await?;
            if ended {
                return Ok(Outcome::Loaded(position));
            }
            if progress(&position).is_break() {
                return Ok(Outcome::Stopped(position));
            }
        }
    }

    /// The one place where imported readings are stored; then it is written down how far the file
    /// is. A cut in between loads the piece again, which changes nothing: what is there stays.
    async fn store_batches(
        &self,
        batches: Vec<Batch>,
        key: [u8; 32],
        position: Position,
    ) -> Result<()> {
        let now = self.manner.rules.now;
        let also = move |transaction: &crate::store::Transaction<'_>| {
            IMPORTS.put(transaction, &key, &position)?;
            if position.finished_at.is_none() {
                return Ok(());
            }
            let details = serde_json::json!({ "file": position.file, "rows": position.rows,
                "refused": position.refused });
            let (actor, action) = (Actor::console(), "readings.import");
            operations::append(transaction, now, &actor, action, details.clone())?;
            audit::append(transaction, now, &actor, action, "readings", details)
        };
        // Only the command line imports: nobody else waits on this thread.
        self.tsdb.load(&batches)?;
        self.tsdb.append(Arc::default(), also).await
    }

    /// The content of the file and how it is read: the same file for other equipment is another
    /// import.
    fn key(&self, source: &Source) -> Result<[u8; 32]> {
        let Manner {
            rules, spelling, ..
        } = &self.manner;
        let manner = format!(
            "{:?} {:?} {:?} {}",
            rules.precision, rules.interval_ms, spelling.equipment, spelling.decimal_comma
        );
        let mut hash = Sha256::new();
        hash.update(source.hash()?);
        hash.update(manner.as_bytes());
        Ok(hash.finalize().into())
    }

    fn rows<'s>(&self, source: &'s Source) -> Result<Rows<'s>> {
        let mut text = source.text()?;
        let lines = match self.manner.lines {
            Some(lines) => lines,
            None => is_line_protocol(&source.name, text.as_mut(), source)?,
        };
        if lines {
            return Ok(Rows::Lines {
                text,
                source,
                number: 0,
                line: Vec::new(),
            });
        }
        let table = Table::new(text, self.manner.spelling.clone());
        let named = |error: Error| {
            let sentence = format!("{}: {}", source.name, error.sentence);
            Error::invalid("file", sentence)
        };
        table
            .map(|table| Rows::Table(Box::new(table)))
            .map_err(named)
    }

    fn series_of(&self, equipment: EquipmentId) -> Vec<SeriesInfo> {
        let series = self.tsdb.series_of(equipment).into_iter();
        series.map(|(_, info)| info).collect()
    }
}

/// The rows of a file.
enum Rows<'s> {
    Table(Box<Table>),
    Lines {
        text: Box<dyn BufRead>,
        source: &'s Source,
        number: usize,
        line: Vec<u8>,
    },
}

impl Rows<'_> {
    /// Takes the next row into the sorter; `None` after the last one.
    fn step(&mut self, sorter: &mut Sorter<'_>) -> Result<Option<Result<(), Fault>>> {
        let (text, source, number, line) = match self {
            Self::Table(table) => return table.step(sorter),
            Self::Lines {
                text,
                source,
                number,
                line,
            } => (text, source, number, line),
        };
        loop {
            line.clear();
            let mut limited = std::io::Read::take(text.as_mut(), LINE_MAX);
            let read = limited.read_until(b'\n', line);
            if read.map_err(|cause| source.broken(cause))? == 0 {
                return Ok(None);
            }
            *number += 1;
            let text = String::from_utf8_lossy(line);
            let Some(found) = line::lines(&text).next() else {
                continue;
            };
            let taken = found.and_then(|line| sorter.line(&line));
            return Ok(Some(taken.map_err(|fault| Fault {
                line: *number,
                ..fault
            })));
        }
    }
}

/// Whether a file is line protocol: by its name, else by its first line, which in a table names
/// the column of the time.
fn is_line_protocol(name: &str, text: &mut dyn BufRead, source: &Source) -> Result<bool> {
    let name = name.trim_end_matches(".gz").to_ascii_lowercase();
    if name.ends_with(".lp") || name.ends_with(".line") {
        return Ok(true);
    }
    if name.ends_with(".csv") {
        return Ok(false);
    }
    let start = text.fill_buf().map_err(|cause| source.broken(cause))?;
    let head = String::from_utf8_lossy(start).to_ascii_lowercase();
    let head = head.lines().next().unwrap_or_default();
    let cells = head
        .split([',', ';'])
        .map(|cell| cell.trim_matches(['"', ' ', '\u{FEFF}']));
    Ok(!cells
        .into_iter()
        .any(|cell| cell == "timestamp" || cell == "time"))
}

#[cfg(test)]
#[path = "import_tests.rs"]
mod tests;
