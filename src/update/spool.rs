//! What was measured while a version was on trial, in a form that every version reads: a line for
//! each batch, with its checksum.
//!
//! Promises: what was acknowledged on trial is here; a line that is torn ends the file.

use crate::base::Unit;
use crate::base::{Batch, EquipmentId, Error, Metric, Phase, Quality, Reading, Result, Timestamp};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Largest spool, bytes: two minutes of 5,000 values a second fit five times over.
const SPOOL_MAX: u64 = 256 << 20;
/// Batches that are handed back at once.
pub const AT_ONCE: usize = 500;

#[derive(Serialize, Deserialize)]
struct Line {
    equipment: EquipmentId,
    at_ms: i64,
    arrived_ms: i64,
    interval_ms: u32,
    readings: Vec<(Metric, Phase, Unit, Option<f64>, Quality)>,
}

/// An open spool.
pub struct Spool {
    file: Mutex<File>,
}

fn refused(cause: std::io::Error) -> Error {
    Error::unavailable("What is measured on trial cannot be kept: is the disk full?").because(cause)
}

impl Spool {
    /// Goes on with a spool, or begins it.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn open(path: &Path) -> Result<Self> {
        fs::create_dir_all(path.parent().unwrap_or(path)).map_err(refused)?;
        let file = OpenOptions::new().create(true).append(true).open(path);
        Ok(Self {
            file: Mutex::new(file.map_err(refused)?),
        })
    }

    /// Keeps batches; returns when they are on disk.
    ///
    /// # Errors
    /// When the disk refuses, or the spool is full.
    pub fn keep(&self, batches: &[Batch]) -> Result<()> {
        let mut text = String::new();
        for batch in batches {
            let line = Line {
                equipment: batch.equipment,
                at_ms: batch.at.ms(),
                arrived_ms: batch.arrived.ms(),
                interval_ms: batch.interval_ms,
                readings: batch.readings.iter().map(parts).collect(),
            };
            let line = serde_json::to_string(&line)
                .map_err(|cause| Error::internal("A reading cannot be written.").because(cause))?;
            text.push_str(&format!(
                "{:08x} {line}\n",
                crc32fast::hash(line.as_bytes())
            ));
        }
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let room = file.metadata().map_err(refused)?.len() + text.len() as u64 <= SPOOL_MAX;
        if !room {
            return Err(Error::unavailable("The spool of the trial is full."));
        }
        file.write_all(text.as_bytes()).map_err(refused)?;
        file.sync_data().map_err(refused)
    }
}

fn parts(reading: &Reading) -> (Metric, Phase, Unit, Option<f64>, Quality) {
    let Reading {
        metric,
        phase,
        unit,
        value,
        quality,
    } = reading.clone();
    (metric, phase, unit, value, quality)
}

/// The batches of a spool in their order, some at a time; without a file there are none.
///
/// # Errors
/// When it cannot be read.
pub fn read(path: &Path) -> Result<impl Iterator<Item = Vec<Batch>>> {
    let unread =
        |cause| Error::unavailable("What was measured on trial cannot be read.").because(cause);
    let file = match File::open(path) {
        Ok(file) => Some(file),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => None,
        Err(cause) => return Err(unread(cause)),
    };
    let lines = file.map(|file| {
        BufReader::new(file)
            .lines()
            .map_while(std::result::Result::ok)
    });
    let mut batches = lines.into_iter().flatten().map_while(|line| batch(&line));
    Ok(std::iter::from_fn(move || {
        let some: Vec<Batch> = batches.by_ref().take(AT_ONCE).collect();
        (!some.is_empty()).then_some(some)
    }))
}

/// The batch of a line; `None` when the line is torn.
fn batch(line: &str) -> Option<Batch> {
    let (sum, text) = line.split_once(' ')?;
    if u32::from_str_radix(sum, 16).ok()? != crc32fast::hash(text.as_bytes()) {
        return None;
    }
    let line: Line = serde_json::from_str(text).ok()?;
    let reading = |(metric, phase, unit, value, quality)| Reading {
        metric,
        phase,
        unit,
        value,
        quality,
    };
    Some(Batch {
        equipment: line.equipment,
        at: Timestamp::from_ms(line.at_ms),
        arrived: Timestamp::from_ms(line.arrived_ms),
        interval_ms: line.interval_ms,
        readings: line.readings.into_iter().map(reading).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_batch(at: i64) -> Batch {
        Batch {
            equipment: EquipmentId::new(),
            at: Timestamp::from_ms(at),
            arrived: Timestamp::from_ms(at + 7),
            interval_ms: 5_000,
            readings: vec![
                Reading::good(Metric::VOLTAGE, Phase::L2, Unit::none(), 230.1),
                Reading::missing(Metric::POWER, Phase::Total, Unit::none()),
            ],
        }
    }

    #[test]
    fn what_was_kept_comes_back_up_to_a_torn_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("spool/7.log");
        assert_eq!(read(&path).unwrap().count(), 0);
        let batches: Vec<_> = (0..1_200).map(|n| a_batch(n * 1_000)).collect();
        Spool::open(&path).unwrap().keep(&batches[..700]).unwrap();
        Spool::open(&path).unwrap().keep(&batches[700..]).unwrap();
        let pieces: Vec<_> = read(&path).unwrap().collect();
        assert_eq!(
            pieces.iter().map(Vec::len).collect::<Vec<_>>(),
            [500, 500, 200]
        );
        assert_eq!(pieces.concat(), batches);
        let mut bytes = fs::read(&path).unwrap();
        bytes.truncate(bytes.len() - 5);
        fs::write(&path, bytes).unwrap();
        assert_eq!(read(&path).unwrap().flatten().count(), 1_199);
    }
}
