//! Everything out, in forms that any program reads: readings by month as packed line protocol,
//! rows whose samples were forgotten as packed CSV, equipment, documents, corrections, sites and audit
//! log as packed JSON lines, photos and documents as they are, and a manifest with counts and checksums.
//!
//! Promises: a directory with a manifest is whole; what is written of the readings can be imported
//! again. Will not do: write secrets, users or sessions.

use super::history::{Window, in_windows};
use super::number::push_decimal;
use super::part::Part;
use super::{files_out, rows_out};
use crate::base::time::{BucketSize, Calendar};
use crate::base::{Error, ErrorKind, Phase, Result, TimeRange, Timestamp};
use crate::equipment::{Equipment, Registry, documents_of};
use crate::site::Site;
use crate::store::{Store, audit};
use crate::tsdb::{SeriesId, Tsdb};
use serde::Serialize;
use std::fs::File;
use std::io::{self, Write as _};
use std::ops::ControlFlow;
use std::path::Path;

/// Name of the file that makes an export whole.
pub const MANIFEST: &str = "manifest.json";
/// 1980: no reading is older.
const FIRST: Timestamp = Timestamp::from_ms(315_532_800_000);
/// How far ahead of us a reading may be, ms.
const AHEAD_MS: i64 = 2 * 86_400_000;

/// What an export holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// The program that wrote it.
    pub version: &'static str,
    /// When.
    pub made_at: Timestamp,
    /// Its files.
    pub files: Vec<Listed>,
    /// Photos and documents that a record names and that are missing or damaged, by their SHA-256.
    pub damaged: Vec<String>,
}

/// A file of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its lines when it is unpacked; 0 of a photo or document.
    pub rows: u64,
    /// Its bytes as it lies there.
    pub bytes: u64,
    /// Its SHA-256 as it lies there, hexadecimal.
    pub sha256: String,
}

/// What is to be written, and where.
pub struct Archive<'a> {
    /// The data directory.
    pub store: &'a Store,
    /// The readings in it.
    pub tsdb: &'a Tsdb,
    /// The sites.
    pub sites: Vec<Site>,
    /// Now.
    pub now: Timestamp,
    /// An empty or absent directory.
    pub directory: &'a Path,
}

/// One meter and the fields of its lines.
struct Meter {
    head: String,
    series: Vec<SeriesId>,
    fields: Vec<String>,
}

impl Archive<'_> {
    /// Writes everything; `tell` hears each file that is done and may ask for the stop, which is
    /// also looked for between the months.
    ///
    /// # Errors
    /// When the directory is not empty, the disk refuses, the data file cannot be read, or it was
    /// asked to stop; then there is no manifest.
    pub fn write(
        &self,
        tell: &mut dyn FnMut(Option<&Listed>) -> ControlFlow<()>,
    ) -> Result<Manifest> {
        self.make_directory()?;
        let equipment = Registry::stored(self.store)?;
        let mut files = vec![
            self.records("sites.jsonl.gz", &self.sites)?,
            self.records("equipment.jsonl.gz", &equipment)?,
            self.records("documents.jsonl.gz", &documents_of(self.store)?)?,
            self.records("corrections.jsonl.gz", &self.tsdb.corrections()?)?,
            self.records("counter-events.jsonl.gz", &self.tsdb.counter_events()?)?,
            self.audit()?,
        ];
        for file in &files {
            go_on(tell(Some(file)))?;
        }
        let meters = self.meters(&equipment)?;
        let calendar = Calendar::utc();
        let end = self.now.plus_ms(AHEAD_MS);
        let mut month = FIRST;
        while month < end {
            let next = calendar.next_bucket(month, BucketSize::Month);
            let span = TimeRange {
                from: month,
                to: next,
            };
            let rows = rows_out::Month {
                tsdb: self.tsdb,
                equipment: &equipment,
                range: span,
            };
            let written = [
                self.readings(span, &calendar, &meters)?,
                rows.write(&calendar, &|name| self.part(name))?,
            ];
            for file in written.into_iter().flatten() {
                go_on(tell(Some(&file)))?;
                files.push(file);
            }
            go_on(tell(None))?;
            month = next;
        }
        let mut stopped = ControlFlow::Continue(());
        let damaged = files_out::write(self.store, self.directory, &mut |file| {
            stopped = tell(Some(&file));
            files.push(file);
            stopped
        });
        let damaged = damaged.map_err(|cause| self.refused(cause))?;
        go_on(stopped)?;
        let manifest = Manifest {
            version: env!("CARGO_PKG_VERSION"),
            made_at: self.now,
            files,
            damaged,
        };
        self.finish(&manifest)?;
        Ok(manifest)
    }

    fn make_directory(&self) -> Result<()> {
        std::fs::create_dir_all(self.directory).map_err(|cause| self.refused(cause))?;
        let mut entries = std::fs::read_dir(self.directory).map_err(|cause| self.refused(cause))?;
        if entries.next().is_none() {
            return Ok(());
        }
        Err(Error::conflict(format!(
            "{} is not empty. Name a new directory with --out.",
            self.directory.display()
        )))
    }

    fn records<T: Serialize>(&self, name: &str, records: &[T]) -> Result<Listed> {
        let mut part = self.part(name)?;
        for record in records {
            part.json(record).map_err(|cause| self.refused(cause))?;
        }
        part.finish().map_err(|cause| self.refused(cause))
    }

    fn audit(&self) -> Result<Listed> {
        let mut part = self.part("audit.jsonl.gz")?;
        audit::each(self.store, &mut |entry| {
            part.json(entry).map_err(|cause| self.refused(cause))
        })?;
        part.finish().map_err(|cause| self.refused(cause))
    }

    /// The head of a line names the meter, and the interval of one that nobody polls: the
    /// appliance that reads it cannot know it.
    fn meters(&self, equipment: &[Equipment]) -> Result<Vec<Meter>> {
        let latest = self.tsdb.latest()?;
        let meter = |one: &Equipment| {
            let mut head = format!("readings,equipment_id={}", one.id);
            let last = latest
                .iter()
                .find(|last| last.series.key.equipment == one.id);
            if let Some(last) = last.filter(|_| one.modbus.is_none()) {
                head += &format!(",interval={}ms", last.interval_ms);
            }
            let (series, fields) = self
                .tsdb
                .series_of(one.id)
                .into_iter()
                .map(|(id, info)| {
                    let end = match info.key.phase {
                        Phase::Total => "",
                        Phase::L1 => "_l1",
                        Phase::L2 => "_l2",
                        Phase::L3 => "_l3",
                    };
                    (id, format!("{}{end}=", info.key.metric))
                })
                .unzip();
            Meter {
                head,
                series,
                fields,
            }
        };
        let meters = equipment.iter().map(meter);
        Ok(meters.filter(|meter| !meter.series.is_empty()).collect())
    }

    /// The readings of a month; `None` when there are none.
    fn readings(
        &self,
        month: TimeRange,
        calendar: &Calendar,
        meters: &[Meter],
    ) -> Result<Option<Listed>> {
        let date = calendar.date(month.from);
        let name = format!("readings-{}.lp.gz", date.get(..7).unwrap_or(&date));
        let mut part = None;
        let mut line = Vec::new();
        for meter in meters {
            in_windows(month, |window| {
                let points = match self.tsdb.raw(&meter.series, window) {
                    Err(error) if error.kind == ErrorKind::Invalid && window.length_ms() > 1 => {
                        return Ok(Window::TooMuch);
                    }
                    points => points?,
                };
                for point in &points {
                    line.clear();
                    line_of(&mut line, meter, point);
                    if line.is_empty() {
                        continue;
                    }
                    let part = match &mut part {
                        Some(part) => part,
                        none => none.insert(self.part(&name)?),
                    };
                    part.line(&line).map_err(|cause| self.refused(cause))?;
                }
                Ok(Window::Read(points.len()))
            })?;
        }
        let done = part.map(|part: Part| part.finish());
        done.transpose().map_err(|cause| self.refused(cause))
    }

    /// Writes the manifest, which makes the export whole.
    fn finish(&self, manifest: &Manifest) -> Result<()> {
        let write = || -> io::Result<()> {
            let path = self.directory.join(MANIFEST);
            let part = path.with_extension("part");
            let mut file = File::create(&part)?;
            serde_json::to_writer_pretty(&mut file, manifest)?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            std::fs::rename(&part, &path)?;
            File::open(self.directory)?.sync_all()
        };
        write().map_err(|cause| self.refused(cause))
    }

    fn part(&self, name: &str) -> Result<Part> {
        Part::new(self.directory, name).map_err(|cause| self.refused(cause))
    }

    fn refused(&self, cause: io::Error) -> Error {
        Error::unavailable(format!(
            "The export cannot be written to {}. Check its room and its rights. What is there is \
             not whole: it has no {MANIFEST}.",
            self.directory.display()
        ))
        .because(cause)
    }
}

/// The line of a tick; nothing when it has no value.
fn line_of(line: &mut Vec<u8>, meter: &Meter, point: &crate::tsdb::Point) {
    for (field, value) in meter.fields.iter().zip(&point.values) {
        if let Some(value) = value {
            let before = if line.is_empty() { " " } else { "," };
            line.extend_from_slice(before.as_bytes());
            line.extend_from_slice(field.as_bytes());
            push_decimal(line, *value);
        }
    }
    if !line.is_empty() {
        line.splice(0..0, meter.head.bytes());
        line.extend_from_slice(format!(" {}", point.at.ms()).as_bytes());
    }
}

fn go_on(asked: ControlFlow<()>) -> Result<()> {
    if asked.is_continue() {
        return Ok(());
    }
    let sentence = format!("Stopped. What was written is not whole: it has no {MANIFEST}.");
    Err(Error::conflict(sentence))
}

#[cfg(test)]
#[path = "archive_tests.rs"]
mod tests;
