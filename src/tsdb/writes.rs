//! Blocks on their way to disk, in the order in which a cut may come between them.

use super::blocks::{Blocks, Level, NewBlock, Stage};
use super::correct::{DIRTY, dirty_key};
use super::put;
use super::seal::Upkeep;
use super::series::Device;
use super::{HOUR_MS, SeriesId, Tsdb};
use crate::base::Result;
use std::collections::{BTreeMap, BTreeSet};

/// Blocks on their way to disk.
#[derive(Debug, Default)]
pub(super) struct Writes {
    /// By volume; raw volumes come first, those of hourly rows last.
    pub(super) volumes: BTreeMap<(Level, i64), Vec<NewBlock>>,
    pub(super) counters: Vec<(i64, Device, Vec<u8>)>,
    pub(super) newest: Vec<(Vec<SeriesId>, i64)>,
    pub(super) reach: Vec<(Device, i64, i64)>,
}

impl Writes {
    pub(super) fn add(&mut self, level: Level, block: NewBlock) {
        // The name says which volume; the first instant of its month sorts.
        let month = Stage::Month.span_of(block.stage.start_of(block.span));
        let blocks = self.volumes.entry((level, i64::from(month))).or_default();
        blocks.push(block);
    }

    /// The hours of devices whose rows go into more than one month, and so to disk in more than one
    /// piece: growth over a silence that ends with a reading on the stroke of the later month looks
    /// booked once that one is written, and no reading would reach back to the earlier one again.
    fn across_months(&self) -> BTreeSet<(Device, i64)> {
        let month = |hour: i64| Stage::Month.span_of(hour * HOUR_MS);
        let mut months: BTreeMap<Device, BTreeSet<u32>> = BTreeMap::new();
        for (hour, device, _) in &self.counters {
            months.entry(*device).or_default().insert(month(*hour));
        }
        let hours = self
            .counters
            .iter()
            .map(|(hour, device, _)| (*device, *hour));
        hours
            .filter(|(device, _)| months[device].len() > 1)
            .collect()
    }

    /// Writes everything. The hourly rows go last, the newest first: they tell where counters
    /// ended, and a cut in between must not make an hour look done whose successor is not.
    fn commit(&self, blocks: &Blocks) -> Result<()> {
        for ((level, month), new) in self.volumes.iter().filter(|((l, _), _)| *l != Level::Hour) {
            let at = Stage::Month.start_of(u32::try_from(*month).unwrap_or(0));
            blocks.volume(*level, at)?.write(|transaction| {
                new.iter()
                    .try_for_each(|block| put::put_over(transaction, block))
            })?;
        }
        for ((level, month), new) in self
            .volumes
            .iter()
            .filter(|((l, _), _)| *l == Level::Hour)
            .rev()
        {
            let at = Stage::Month.start_of(u32::try_from(*month).unwrap_or(0));
            let inside = |hour: i64| i64::from(Stage::Month.span_of(hour * HOUR_MS)) == *month;
            blocks.volume(*level, at)?.write(|transaction| {
                for (hour, device, bytes) in self.counters.iter().filter(|p| inside(p.0)) {
                    let hour = Stage::Hour.span_of(hour * HOUR_MS);
                    put::put_counters(transaction, hour, *device, bytes)?;
                }
                new.iter()
                    .try_for_each(|block| put::put_over(transaction, block))
            })?;
        }
        Ok(())
    }
}

impl Tsdb {
    /// Writes blocks. The hours `marks`, and those that go to disk in more than one piece, are to be
    /// folded again while that is under way: whoever finds them so after a cut, or after the disk
    /// refused, does it.
    pub(super) fn write_blocks(
        &self,
        writes: &Writes,
        mut marks: BTreeSet<(Device, i64)>,
        upkeep: &mut Upkeep,
    ) -> Result<()> {
        marks.extend(writes.across_months());
        self.set_marks(&marks, true)?;
        let written = writes.commit(&self.blocks);
        if written.is_err() && !marks.is_empty() {
            let _turn = self.take_turn();
            return self.or_doubt(written);
        }
        written?;
        self.note_sealed(writes);
        upkeep.wrote(writes);
        self.set_marks(&marks, false)
    }

    /// Marks hours on disk as to be folded again, or takes that back, but for those that wait for it
    /// anyway: their marks belong to corrections.
    fn set_marks(&self, marks: &BTreeSet<(Device, i64)>, set: bool) -> Result<()> {
        if marks.is_empty() {
            return Ok(());
        }
        // Corrections made meanwhile wait for this lock and mark their hours afterwards.
        let _turn = self.take_turn();
        let state = self.state();
        let waits = |device: &Device, hour: &i64| {
            let hours = state.dirty.get(device);
            hours.is_some_and(|hours| hours.contains(hour))
        };
        let own = marks.iter().filter(|(device, hour)| !waits(device, hour));
        let keys: Vec<_> = own
            .map(|(device, hour)| dirty_key(*hour, *device))
            .collect();
        self.store.write_blocking(move |transaction| match set {
            true => keys
                .iter()
                .try_for_each(|key| transaction.put(DIRTY, key, &[])),
            false => transaction.remove_all(DIRTY, keys),
        })
    }
}
