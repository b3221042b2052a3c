//! Blocks: sealed readings and rollups in volumes, by level, stage, span and device.
//!
//! A level is what a block holds: raw samples, or rows of one minute, one quarter, one hour. A
//! stage is how long it is: hours are written when they are sealed, days and months when they are
//! over. A finer stage overrides a coarser one: late samples write the hour again beside the day
//! it was packed into, until the day is packed anew.

pub use super::level::Level;
pub(super) use super::level::Stage;
use super::placed::{self, Loose};
use super::series::Device;
use crate::base::{Error, Result, Timestamp};
use crate::store::{Reader, TableName, View as _, Volume, VolumeInfo, Volumes};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::time::Duration;

/// (stage, span of the next stage) → nothing: where blocks wait to be packed.
pub(super) const LOOSE: TableName = TableName::new("loose");
/// (hour, device) → where the counters of a device stood at the end of that hour.
pub(super) const COUNTERS: TableName = TableName::new("counter");
/// (hour, device) → what earlier versions wrote down of counters that fell; only read.
const PENDING: TableName = TableName::new("pending");

/// Longest value of one key: a page of the file holds one such part with what belongs to it.
/// Longer values would take power-of-two runs of pages, half empty.
pub(super) const PART: usize = 4_000;

/// How long a volume is read as it was when it was first asked. A longer look goes on with what is
/// there then: blocks move from the finer stage to the coarser, and are looked for in that order.
const LOOK_MAX: Duration = Duration::from_secs(2);

/// The volumes of the readings.
#[derive(Clone, Debug)]
pub(super) struct Blocks {
    volumes: Volumes,
}

impl Blocks {
    pub(super) const fn new(volumes: Volumes) -> Self {
        Self { volumes }
    }

    /// A look at all volumes, each as it is when it is first asked.
    pub(super) fn look(&self) -> Look {
        Look {
            volumes: self.volumes.clone(),
            open: RefCell::default(),
            damaged: Cell::new(false),
        }
    }

    /// The volume that holds a level at an instant; made when it is absent.
    pub(super) fn volume(&self, level: Level, at: i64) -> Result<Volume> {
        self.volumes.get_or_make(&level.volume_at(at))
    }

    pub(super) const fn volumes(&self) -> &Volumes {
        &self.volumes
    }

    pub(super) fn list(&self) -> Result<Vec<VolumeInfo>> {
        self.volumes.list()
    }

    /// Whether every page of a volume is as it was written.
    pub(super) fn is_intact(&self, name: &str) -> Result<bool> {
        self.volumes.is_intact(name)
    }

    /// Up to `count` blocks of a stage of a volume, those behind `after`.
    pub(super) fn step(
        &self,
        name: &str,
        stage: Stage,
        after: Option<(u32, Device)>,
        count: usize,
    ) -> Result<Vec<Placed>> {
        let Some(volume) = self.volumes.get(name)? else {
            return Ok(Vec::new());
        };
        let from = after.map_or([0; 10], |(span, device)| key(span, device, u16::MAX));
        let mut found: Vec<Placed> = Vec::new();
        let reader = volume.read()?;
        reader.scan(stage.table(), &from, &[0xFF; 11], &mut |key, part| {
            let Some(place) = place_of(key) else {
                return Err(Error::internal("A block has a key that nobody wrote."));
            };
            let full = found.len() == count;
            match found.last_mut() {
                Some((last, bytes)) if *last == place => bytes.extend_from_slice(part),
                _ if full => return Ok(ControlFlow::Break(())),
                _ => found.push((place, part.to_vec())),
            }
            Ok(ControlFlow::Continue(()))
        })?;
        for ((span, device), bytes) in &mut found {
            placed::unbind(bytes, &place(stage, *span, *device));
        }
        Ok(found)
    }

    pub(super) fn forget(&self, name: &str) -> Result<()> {
        self.volumes.forget(name)
    }

    #[cfg(test)]
    pub(super) fn close(&self) {
        self.volumes.close();
    }
}

/// Span and device of a block, and its bytes.
pub(super) type Placed = ((u32, Device), Vec<u8>);

/// Blocks of many volumes, read. Keep it short: see [`crate::store::Store::read`].
pub(super) struct Look {
    volumes: Volumes,
    open: RefCell<BTreeMap<String, Option<Rc<Opened>>>>,
    /// A block was found damaged since this was last forgotten.
    damaged: Cell<bool>,
}

struct Opened {
    reader: Reader,
    loose: Loose,
}

impl Look {
    /// Takes note that a block is damaged.
    pub(super) fn note_damage(&self) {
        self.damaged.set(true);
    }

    /// Forgets what was found damaged so far.
    pub(super) fn forget_damage(&self) {
        self.damaged.set(false);
    }

    /// Whether a block was found damaged since.
    pub(super) fn is_damaged(&self) -> bool {
        self.damaged.get()
    }

    /// The bytes of a block; `None` when there is none.
    pub(super) fn block(
        &self,
        level: Level,
        stage: Stage,
        span: u32,
        device: Device,
    ) -> Result<Option<Vec<u8>>> {
        let Some(opened) = self.open(level, stage.start_of(span))? else {
            return Ok(None);
        };
        let mut bytes = None;
        let (from, to) = (key(span, device, 0), key(span, device, u16::MAX));
        opened
            .reader
            .scan(stage.table(), &from, &to, &mut |_, part| {
                bytes.get_or_insert_with(Vec::new).extend_from_slice(part);
                Ok(ControlFlow::Continue(()))
            })?;
        Ok(bytes.map(|mut bytes| {
            placed::unbind(&mut bytes, &place(stage, span, device));
            bytes
        }))
    }

    /// Whether there is a block.
    pub(super) fn has_block(
        &self,
        level: Level,
        stage: Stage,
        span: u32,
        device: Device,
    ) -> Result<bool> {
        let Some(opened) = self.open(level, stage.start_of(span))? else {
            return Ok(false);
        };
        let first = opened.reader.get(stage.table(), &key(span, device, 0))?;
        Ok(first.is_some())
    }

    /// Whether blocks of a stage wait to be packed into the span of the next stage at `at`.
    pub(super) fn is_loose(&self, level: Level, stage: Stage, at: i64) -> Result<bool> {
        let Some(next) = stage.next() else {
            return Ok(false);
        };
        let opened = self.open(level, at)?;
        Ok(opened.is_some_and(|o| o.loose.contains(stage, next.span_of(at))))
    }

    /// Whether a block that is not there stood in the place of what a coarser one says.
    pub(super) fn is_lost(
        &self,
        level: Level,
        stage: Stage,
        span: u32,
        device: Device,
    ) -> Result<bool> {
        let opened = self.open(level, stage.start_of(span))?;
        Ok(opened.is_some_and(|o| o.loose.is_over(stage, span, device)))
    }

    /// The spans of the next stage in which blocks of `stage` wait, in the volume at `at`.
    pub(super) fn loose(&self, level: Level, stage: Stage, at: i64) -> Result<Vec<u32>> {
        let Some(opened) = self.open(level, at)? else {
            return Ok(Vec::new());
        };
        let of = |(s, span): &(u8, u32)| (*s == stage as u8).then_some(*span);
        Ok(opened.loose.marks.iter().filter_map(of).collect())
    }

    /// Whether there is any block of a level on the day of an instant.
    pub(super) fn has_day(&self, level: Level, at: i64) -> Result<bool> {
        let Some(opened) = self.open(level, at)? else {
            return Ok(false);
        };
        let day = Stage::Day.span_of(at);
        if opened.loose.contains(Stage::Hour, day) {
            return Ok(true);
        }
        let mut found = false;
        let (from, to) = (key(day, Device(0), 0), key(day + 1, Device(0), 0));
        opened
            .reader
            .scan(Stage::Day.table(), &from, &to, &mut |_, _| {
                found = true;
                Ok(ControlFlow::Break(()))
            })?;
        Ok(found)
    }

    /// Whether hours wait to be packed into days anywhere in `from..to` of one volume, ms.
    pub(super) fn has_loose_hours(&self, level: Level, from: i64, to: i64) -> Result<bool> {
        let days = self.loose(level, Stage::Hour, from)?;
        let (first, end) = (Stage::Day.span_of(from), Stage::Day.span_of(to));
        Ok(days.iter().any(|day| (first..end).contains(day)))
    }

    /// Where the counters of a device stood at the end of an hour; see [`put_counters`]. Nothing
    /// when it is damaged.
    pub(super) fn counters(&self, hour: u32, device: Device) -> Result<Option<Vec<u8>>> {
        let Some(stored) = self.beside(COUNTERS, hour, device)? else {
            return Ok(None);
        };
        match placed::untied(&stored, &key(hour, device, 0)) {
            Ok(bytes) => Ok(Some(bytes.to_vec())),
            Err(error) => {
                let hour = Timestamp::from_ms(Stage::Hour.start_of(hour));
                tracing::error!(%error, %hour, "where counters stood is not readable; it is found anew");
                Ok(None)
            }
        }
    }

    /// The hours in `from..to` of one volume of which something of a device's counters is written down.
    pub(super) fn hours_with_counters(
        &self,
        device: Device,
        (from, to): (u32, u32),
    ) -> Result<Vec<u32>> {
        let mut hours = Vec::new();
        if let Some(opened) = self.open(Level::Hour, Stage::Hour.start_of(from))? {
            let (from, to) = (key(from, Device(0), 0), key(to, Device(0), 0));
            opened.reader.scan(COUNTERS, &from, &to, &mut |key, _| {
                let found = place_of(key).filter(|place| place.1 == device);
                hours.extend(found.map(|(hour, _)| hour));
                Ok(ControlFlow::Continue(()))
            })?;
        }
        Ok(hours)
    }

    /// What an earlier version wrote down of counters that fell.
    pub(super) fn pending(&self, hour: u32, device: Device) -> Result<Option<Vec<u8>>> {
        self.beside(PENDING, hour, device)
    }

    fn beside(&self, table: TableName, hour: u32, device: Device) -> Result<Option<Vec<u8>>> {
        match self.open(Level::Hour, Stage::Hour.start_of(hour))? {
            Some(opened) => opened.reader.get(table, &key(hour, device, 0)),
            None => Ok(None),
        }
    }

    /// Whether there is a volume of this level at `at`.
    pub(super) fn has_volume(&self, level: Level, at: i64) -> Result<bool> {
        Ok(self.open(level, at)?.is_some())
    }

    fn open(&self, level: Level, at: i64) -> Result<Option<Rc<Opened>>> {
        let name = level.volume_at(at);
        if let Some(opened) = self.open.borrow().get(&name)
            && opened.as_ref().is_none_or(|o| o.reader.age() < LOOK_MAX)
        {
            return Ok(opened.clone());
        }
        let opened = match self.volumes.get(&name)? {
            None => None,
            Some(volume) => {
                let reader = volume.read()?;
                let mut loose = Loose::default();
                reader.scan(LOOSE, &[], &[0xFF; 10], &mut |key, value| {
                    loose.note(key, value);
                    Ok(ControlFlow::Continue(()))
                })?;
                Some(Rc::new(Opened { reader, loose }))
            }
        };
        self.open.borrow_mut().insert(name, opened.clone());
        Ok(opened)
    }
}

/// A block on its way to disk.
#[derive(Clone, Debug)]
pub(super) struct NewBlock {
    pub(super) stage: Stage,
    pub(super) span: u32,
    pub(super) device: Device,
    pub(super) bytes: Vec<u8>,
}

/// Where a block belongs.
pub(super) fn place(stage: Stage, span: u32, device: Device) -> [u8; 9] {
    let mut place = [stage as u8; 9];
    place[1..].copy_from_slice(&key(span, device, 0)[..8]);
    place
}

/// Span first, device second: blocks are written in the order of time, at the end of the tree.
pub(super) fn key(span: u32, device: Device, part: u16) -> [u8; 10] {
    let mut key = [0; 10];
    key[..4].copy_from_slice(&span.to_be_bytes());
    key[4..8].copy_from_slice(&device.0.to_be_bytes());
    key[8..].copy_from_slice(&part.to_be_bytes());
    key
}

/// Span and device of a key.
fn place_of(key: &[u8]) -> Option<(u32, Device)> {
    let [a, b, c, d, e, f, g, h, _, _] = <[u8; 10]>::try_from(key).ok()?;
    let device = Device(u32::from_be_bytes([e, f, g, h]));
    Some((u32::from_be_bytes([a, b, c, d]), device))
}

pub(super) fn loose_key(stage: Stage, next_span: u32) -> [u8; 5] {
    let mut key = [stage as u8; 5];
    key[1..].copy_from_slice(&next_span.to_be_bytes());
    key
}

/// The level that a volume holds and the period it is for.
pub(super) fn period_of(info: &VolumeInfo) -> Option<(Level, Timestamp, Timestamp)> {
    let (level, from, to) = Level::of_volume(&info.name)?;
    Some((level, Timestamp::from_ms(from), Timestamp::from_ms(to)))
}
