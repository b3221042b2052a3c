//! Blocks: sealed readings and rollups in volumes, by level, stage, span and device.
//!
//! A level is what a block holds: raw samples, or rows of one minute, one quarter, one hour. A
//! stage is how long it is: hours are written when they are sealed, days and months when they are
//! over. A finer stage overrides a coarser one: late samples write the hour again beside the day
//! it was packed into, until the day is packed anew.

use super::{DAY_MS, HOUR_MS, MINUTE_MS, series::Device};
use crate::base::time::{utc_month, utc_month_start};
use crate::base::{Error, Result, Timestamp};
use crate::store::{Reader, TableName, Transaction, View as _, Volume, VolumeInfo, Volumes};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::rc::Rc;

/// What blocks hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Samples.
    Raw,
    /// Rows of one minute.
    Minute,
    /// Rows of a quarter of an hour.
    Quarter,
    /// Rows of one hour.
    Hour,
}

/// How long a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Hour,
    Day,
    Month,
}

impl Level {
    /// All levels, finest first.
    pub const ALL: [Self; 4] = [Self::Raw, Self::Minute, Self::Quarter, Self::Hour];

    /// Length of a row, ms; that of the finest row for raw samples.
    pub(super) const fn step_ms(self) -> i64 {
        match self {
            Self::Raw | Self::Minute => MINUTE_MS,
            Self::Quarter => 15 * MINUTE_MS,
            Self::Hour => HOUR_MS,
        }
    }

    /// The name, as in the names of the volumes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Minute => "minute",
            Self::Quarter => "quarter",
            Self::Hour => "hour",
        }
    }

    /// The longest stage: what is kept for years is packed by month.
    pub(super) const fn last_stage(self) -> Stage {
        match self {
            Self::Raw | Self::Minute => Stage::Day,
            Self::Quarter | Self::Hour => Stage::Month,
        }
    }

    /// The volume that an instant belongs to: a month of what is forgotten soon, a year of the
    /// rest.
    pub(super) fn volume_at(self, at: i64) -> String {
        let (year, month) = utc_month(Timestamp::from_ms(at));
        match self {
            Self::Raw | Self::Minute => format!("{}-{year:04}-{month:02}", self.name()),
            Self::Quarter | Self::Hour => format!("{}-{year:04}", self.name()),
        }
    }

    /// The level and the period of a volume, first instant and first after, ms.
    pub(super) fn of_volume(name: &str) -> Option<(Self, i64, i64)> {
        let (level, period) = name.split_once('-')?;
        let level = Self::ALL.into_iter().find(|l| l.name() == level)?;
        let (first, months) = match period.split_once('-') {
            Some((year, month)) => {
                let month = month
                    .parse()
                    .ok()
                    .filter(|month| (1..=12).contains(month))?;
                (span_of_month(year.parse().ok()?, month), 1)
            }
            None => (span_of_month(period.parse().ok()?, 1), 12),
        };
        let start = Stage::Month.start_of(first);
        Some((level, start, Stage::Month.start_of(first + months)))
    }
}

impl Stage {
    const fn table(self) -> TableName {
        match self {
            Self::Hour => TableName::new("hour"),
            Self::Day => TableName::new("day"),
            Self::Month => TableName::new("month"),
        }
    }

    /// The number of the span that an instant lies in: hours, days or months since 1970.
    pub(super) fn span_of(self, at: i64) -> u32 {
        let number = match self {
            Self::Hour => at.div_euclid(HOUR_MS),
            Self::Day => at.div_euclid(DAY_MS),
            Self::Month => {
                let (year, month) = utc_month(Timestamp::from_ms(at));
                return span_of_month(year, month);
            }
        };
        u32::try_from(number).unwrap_or(0)
    }

    /// First instant of a span, ms.
    pub(super) fn start_of(self, span: u32) -> i64 {
        match self {
            Self::Hour => i64::from(span) * HOUR_MS,
            Self::Day => i64::from(span) * DAY_MS,
            Self::Month => utc_month_start(1970 + span / 12, span % 12 + 1).ms(),
        }
    }

    /// The stage that blocks of this one are packed into.
    pub(super) const fn next(self) -> Option<Self> {
        match self {
            Self::Hour => Some(Self::Day),
            Self::Day => Some(Self::Month),
            Self::Month => None,
        }
    }
}

const fn span_of_month(year: u32, month: u32) -> u32 {
    year.saturating_sub(1970) * 12 + month.saturating_sub(1)
}

/// (stage, span of the next stage) → nothing: where blocks wait to be packed.
const LOOSE: TableName = TableName::new("loose");
/// (hour, device) → counters that fell and are not believed yet at the end of that hour.
const PENDING: TableName = TableName::new("pending");

/// Longest value of one key: a page of the file holds one such part with what belongs to it.
/// Longer values would take power-of-two runs of pages, half empty.
const PART: usize = 4_000;

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
        }
    }

    /// The volume that holds a level at an instant; made when it is absent.
    pub(super) fn volume(&self, level: Level, at: i64) -> Result<Volume> {
        self.volumes.get_or_make(&level.volume_at(at))
    }

    pub(super) fn list(&self) -> Result<Vec<VolumeInfo>> {
        self.volumes.list()
    }

    pub(super) fn forget(&self, name: &str) -> Result<()> {
        self.volumes.forget(name)
    }

    #[cfg(test)]
    pub(super) fn close(&self) {
        self.volumes.close();
    }

    /// Leaves out the closing commits, as a process that is killed.
    #[cfg(test)]
    pub(super) fn abandon(&self) {
        self.volumes.abandon();
    }
}

/// Blocks of many volumes, read. Keep it short: see [`crate::store::Store::read`].
pub(super) struct Look {
    volumes: Volumes,
    open: RefCell<BTreeMap<String, Option<Rc<Opened>>>>,
}

struct Opened {
    reader: Reader,
    loose: BTreeSet<(u8, u32)>,
}

impl Look {
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
        Ok(bytes)
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
        Ok(opened.is_some_and(|o| o.loose.contains(&(stage as u8, next.span_of(at)))))
    }

    /// The spans of the next stage in which blocks of `stage` wait, in the volume at `at`.
    pub(super) fn loose(&self, level: Level, stage: Stage, at: i64) -> Result<Vec<u32>> {
        let Some(opened) = self.open(level, at)? else {
            return Ok(Vec::new());
        };
        let of = |(s, span): &(u8, u32)| (*s == stage as u8).then_some(*span);
        Ok(opened.loose.iter().filter_map(of).collect())
    }

    /// Whether there is any block of a level on the day of an instant.
    pub(super) fn has_day(&self, level: Level, at: i64) -> Result<bool> {
        let Some(opened) = self.open(level, at)? else {
            return Ok(false);
        };
        let day = Stage::Day.span_of(at);
        if opened.loose.contains(&(Stage::Hour as u8, day)) {
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

    /// What is left of a device's counters at the end of an hour; see [`Writing::put_pending`].
    pub(super) fn pending(&self, hour: u32, device: Device) -> Result<Option<Vec<u8>>> {
        match self.open(Level::Hour, Stage::Hour.start_of(hour))? {
            Some(opened) => opened.reader.get(PENDING, &key(hour, device, 0)),
            None => Ok(None),
        }
    }

    /// Whether there is a volume of this level at `at`.
    pub(super) fn has_volume(&self, level: Level, at: i64) -> Result<bool> {
        Ok(self.open(level, at)?.is_some())
    }

    fn open(&self, level: Level, at: i64) -> Result<Option<Rc<Opened>>> {
        let name = level.volume_at(at);
        if let Some(opened) = self.open.borrow().get(&name) {
            return Ok(opened.clone());
        }
        let opened = match self.volumes.get(&name)? {
            None => None,
            Some(volume) => {
                let reader = volume.read()?;
                let mut loose = BTreeSet::new();
                reader.scan(LOOSE, &[], &[0xFF; 6], &mut |key, _| {
                    if let [stage, span @ ..] = key
                        && let Ok(span) = <[u8; 4]>::try_from(span)
                    {
                        loose.insert((*stage, u32::from_be_bytes(span)));
                    }
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

/// Writes a block and forgets what it replaces: the parts of an older one that was longer.
pub(super) fn put(transaction: &Transaction<'_>, block: &NewBlock) -> Result<()> {
    let table = block.stage.table();
    let mut parts = 0u16;
    for part in block.bytes.chunks(PART) {
        transaction.put(table, &key(block.span, block.device, parts), part)?;
        parts = parts
            .checked_add(1)
            .ok_or_else(|| Error::internal("A block of readings is too long."))?;
    }
    remove_from(transaction, block.stage, block.span, block.device, parts)?;
    if let Some(next) = block.stage.next() {
        let at = block.stage.start_of(block.span);
        transaction.put(LOOSE, &loose_key(block.stage, next.span_of(at)), &[])?;
    }
    Ok(())
}

/// As [`put`], and forgets the finer blocks of the same span, which would override it.
pub(super) fn put_over(transaction: &Transaction<'_>, block: &NewBlock) -> Result<()> {
    put(transaction, block)?;
    let finer = match block.stage {
        Stage::Hour => return Ok(()),
        Stage::Day => Stage::Hour,
        Stage::Month => Stage::Day,
    };
    let (start, end) = (
        block.stage.start_of(block.span),
        block.stage.start_of(block.span + 1),
    );
    let waiting = transaction.get(LOOSE, &loose_key(finer, block.span))?;
    if waiting.is_some() {
        for old in finer.span_of(start)..finer.span_of(end) {
            remove(transaction, finer, old, block.device)?;
        }
    }
    Ok(())
}

/// Forgets a block.
fn remove(transaction: &Transaction<'_>, stage: Stage, span: u32, device: Device) -> Result<()> {
    remove_from(transaction, stage, span, device, 0)
}

fn remove_from(
    transaction: &Transaction<'_>,
    stage: Stage,
    span: u32,
    device: Device,
    part: u16,
) -> Result<()> {
    let mut old = Vec::new();
    let (from, to) = (key(span, device, part), key(span, device, u16::MAX));
    transaction.scan(stage.table(), &from, &to, &mut |key, _| {
        old.push(key.to_vec());
        Ok(ControlFlow::Continue(()))
    })?;
    if old.is_empty() {
        return Ok(());
    }
    transaction.remove_all(stage.table(), old)
}

/// Takes note that every block of `stage` in this span of the next stage is packed.
pub(super) fn packed(transaction: &Transaction<'_>, stage: Stage, next_span: u32) -> Result<()> {
    transaction
        .remove(LOOSE, &loose_key(stage, next_span))
        .map(drop)
}

/// Keeps what is open of a device's counters at the end of an hour; nothing when nothing is.
pub(super) fn put_pending(
    transaction: &Transaction<'_>,
    hour: u32,
    device: Device,
    bytes: &[u8],
) -> Result<()> {
    let key = key(hour, device, 0);
    if bytes.is_empty() {
        transaction.remove(PENDING, &key).map(drop)
    } else {
        transaction.put(PENDING, &key, bytes)
    }
}

/// Span first, device second: blocks are written in the order of time, at the end of the tree.
fn key(span: u32, device: Device, part: u16) -> [u8; 10] {
    let mut key = [0; 10];
    key[..4].copy_from_slice(&span.to_be_bytes());
    key[4..8].copy_from_slice(&device.0.to_be_bytes());
    key[8..].copy_from_slice(&part.to_be_bytes());
    key
}

fn loose_key(stage: Stage, next_span: u32) -> [u8; 5] {
    let mut key = [stage as u8; 5];
    key[1..].copy_from_slice(&next_span.to_be_bytes());
    key
}

/// The level that a volume holds and the period it is for.
pub(super) fn period_of(info: &VolumeInfo) -> Option<(Level, Timestamp, Timestamp)> {
    let (level, from, to) = Level::of_volume(&info.name)?;
    Some((level, Timestamp::from_ms(from), Timestamp::from_ms(to)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_those_of_the_calendar() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap().ms();
        for (text, volume) in [
            ("1970-01-01T00:00:00Z", "raw-1970-01"),
            ("2024-02-29T23:59:59Z", "raw-2024-02"),
            ("2024-03-01T00:00:00Z", "raw-2024-03"),
            ("2026-12-31T23:59:59Z", "raw-2026-12"),
            ("2100-03-01T00:00:00Z", "raw-2100-03"),
        ] {
            assert_eq!(Level::Raw.volume_at(at(text)), volume);
        }
        for month in 0..3_000 {
            let start = Stage::Month.start_of(month);
            assert_eq!(Stage::Month.span_of(start), month);
            assert_eq!(Stage::Month.span_of(start + 28 * DAY_MS - 1), month);
            assert_eq!(
                Stage::Month.span_of(start.max(1) - 1),
                month.saturating_sub(1)
            );
        }
        let (level, from, to) = Level::of_volume("quarter-2026").unwrap();
        assert_eq!(level, Level::Quarter);
        assert_eq!(
            (from, to),
            (at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"))
        );
        assert_eq!(Level::of_volume("notes"), None);
    }
}
