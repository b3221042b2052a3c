//! Blocks on their way to disk, in the order in which a cut may come between them.

use super::blocks::{Blocks, Level, NewBlock, Stage};
use super::put;
use super::series::Device;
use super::{HOUR_MS, SeriesId};
use crate::base::Result;
use std::collections::BTreeMap;

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

    /// Writes everything. The hourly rows go last, the newest first: they tell where counters
    /// ended, and a cut in between must not make an hour look done whose successor is not.
    pub(super) fn commit(&self, blocks: &Blocks) -> Result<()> {
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
