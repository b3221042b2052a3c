//! Packing: the hours of a day that is over become one block, the days of a month one more.

use super::blocks::{self, Level, Look, NewBlock, Stage};
use super::pack::{self, RowColumn, Rows};
use super::put;
use super::seal::{AHEAD_MS, DEVICES_PER_COMMIT, Upkeep};
use super::series::Device;
use super::{HOUR_MS, SeriesId, Tsdb, sealed, track};
use crate::base::{Result, Timestamp};
use std::sync::PoisonError;

/// How long after its end a day or month waits for late hours before it is packed, ms.
const PACK_AFTER_MS: i64 = 2 * HOUR_MS;

/// Share of a file, in percent, and bytes, from which on what is free in it is given back. Tests
/// are content with little.
const FREE_PERCENT: u64 = 20;
const FREE_BYTES: u64 = if cfg!(test) { 16 << 10 } else { 1 << 20 };

impl Tsdb {
    /// Packs what is over and gives back what is free in the files that were written to: after an
    /// archive was loaded.
    ///
    /// # Errors
    /// When the disk refuses; what is loaded is loaded all the same.
    pub fn tidy_up(&self, now: Timestamp) -> Result<()> {
        let mut upkeep = self.upkeep.lock().unwrap_or_else(PoisonError::into_inner);
        self.pack(now, &mut upkeep)?;
        let written: Vec<_> = upkeep.written.keys().cloned().collect();
        written
            .iter()
            .try_for_each(|volume| self.give_back(&mut upkeep, volume))
    }

    /// Packs days and months that are over.
    pub(super) fn pack(&self, now: Timestamp, upkeep: &mut Upkeep) -> Result<usize> {
        let mut loose = match upkeep.loose.take() {
            Some(loose) => loose,
            None => {
                let all = self.blocks.list()?.into_iter();
                let entry = |info: crate::store::VolumeInfo| {
                    let (level, start, _) = blocks::period_of(&info)?;
                    Some(((level, info.name), start.ms()))
                };
                all.filter_map(entry).collect()
            }
        };
        let mut packed = 0;
        let mut failed = None;
        loose.retain(|(level, _), at| {
            let mut left = 0;
            for stage in [Stage::Hour, Stage::Day] {
                if stage >= level.last_stage() || failed.is_some() {
                    continue;
                }
                match self.pack_volume(*level, stage, *at, now) {
                    Ok((done, waiting)) => {
                        packed += done;
                        left += waiting;
                    }
                    Err(error) => failed = Some(error),
                }
            }
            left > 0 || failed.is_some()
        });
        upkeep.loose = Some(loose);
        if let Some(error) = failed {
            return Err(error);
        }
        self.give_back_room(upkeep, now)?;
        Ok(packed)
    }

    /// Writes one file anew that was written to, whose period is over and in which nothing waits:
    /// hours that became days leave room in it that nothing will use again.
    fn give_back_room(&self, upkeep: &mut Upkeep, now: Timestamp) -> Result<()> {
        let over = |(_, name): &(Level, String)| {
            let end = Level::of_volume(name).map_or(i64::MAX, |(_, _, end)| end);
            end.saturating_add(PACK_AFTER_MS) <= now.ms()
        };
        let loose = upkeep.loose.as_ref();
        let ready = |volume: &&(Level, String)| {
            over(volume) && !loose.is_some_and(|waiting| waiting.contains_key(*volume))
        };
        let Some(volume) = upkeep.written.keys().find(ready).cloned() else {
            return Ok(());
        };
        self.give_back(upkeep, &volume)
    }

    fn give_back(&self, upkeep: &mut Upkeep, volume: &(Level, String)) -> Result<()> {
        let Some(at) = upkeep.written.remove(volume) else {
            return Ok(());
        };
        let given = self.blocks.volume(volume.0, at)?;
        if given.give_back(FREE_PERCENT, FREE_BYTES)? {
            tracing::info!(volume = %volume.1, "a file of readings was written anew without what was free in it");
        }
        Ok(())
    }

    /// Packs what is over in a volume; returns how many spans it packed and how many wait.
    fn pack_volume(
        &self,
        level: Level,
        stage: Stage,
        at: i64,
        now: Timestamp,
    ) -> Result<(usize, usize)> {
        let Some(next) = stage.next() else {
            return Ok((0, 0));
        };
        let loose = self.blocks.look().loose(level, stage, at)?;
        let devices = self.state().catalogue.devices();
        let (mut packed, all) = (0, loose.len());
        for span in loose {
            let (start, end) = (next.start_of(span), next.start_of(span + 1));
            let hot = self.head_read(|head| {
                head.waiting()
                    .iter()
                    .any(|(hour, _)| (start..end).contains(&(hour * HOUR_MS)))
            });
            let over = end + PACK_AFTER_MS <= now.ms() || start > now.ms() + AHEAD_MS;
            // A day is packed into its month only when all its hours are packed into it.
            let ready =
                stage == Stage::Hour || !self.blocks.look().has_loose_hours(level, start, end)?;
            if hot || !over || !ready {
                continue;
            }
            for part in devices.chunks(DEVICES_PER_COMMIT) {
                self.pack_span(level, (next, span), part)?;
            }
            let volume = self.blocks.volume(level, start)?;
            volume.write(|transaction| put::packed(transaction, stage, span))?;
            packed += 1;
        }
        Ok((packed, all - packed))
    }

    /// Joins the blocks of a span of some devices into one block each.
    fn pack_span(
        &self,
        level: Level,
        (stage, span): (Stage, u32),
        devices: &[Device],
    ) -> Result<()> {
        let look = self.blocks.look();
        let mut joined = Vec::new();
        for device in devices {
            let bytes = match level {
                Level::Raw => self.join_chunks(&look, (stage, span), *device)?,
                _ => {
                    let all = self.state().catalogue.series_of(*device);
                    join_rows(&look, level, (stage, span), *device, &all)?
                }
            };
            if let Some(bytes) = bytes {
                joined.push(NewBlock {
                    stage,
                    span,
                    device: *device,
                    bytes,
                });
            }
        }
        drop(look);
        if joined.is_empty() {
            return Ok(());
        }
        let volume = self.blocks.volume(level, stage.start_of(span))?;
        volume.write(|transaction| {
            joined
                .iter()
                .try_for_each(|block| put::put_over(transaction, block))
        })
    }

    fn join_chunks(
        &self,
        look: &Look,
        (stage, span): (Stage, u32),
        device: Device,
    ) -> Result<Option<Vec<u8>>> {
        let (start, end) = (stage.start_of(span), stage.start_of(span + 1));
        let finer = Stage::Hour.span_of(start)..Stage::Hour.span_of(end);
        if !any_block(look, Level::Raw, Stage::Hour, finer, device)? {
            return Ok(None);
        }
        let tracks = sealed::tracks(look, device, None, (start, end))?;
        let catalogue = &self.state().catalogue;
        let chunk = track::to_chunk(&tracks, |series| catalogue.role(series));
        let cells = chunk.times.len() * chunk.columns.len();
        if chunk.times.len() > pack::TICKS_MAX || cells > pack::CELLS_MAX {
            // Too much for one block: the hours stay as they are.
            return Ok(None);
        }
        Ok(Some(pack::encode(&chunk)))
    }
}

fn any_block(
    look: &Look,
    level: Level,
    stage: Stage,
    spans: std::ops::Range<u32>,
    device: Device,
) -> Result<bool> {
    for span in spans {
        if look.has_block(level, stage, span, device)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The rows of a span as one block; `None` when there is nothing to join. `series` are all of the
/// device: one that the finer blocks do not name may be in the coarser one that they override.
fn join_rows(
    look: &Look,
    level: Level,
    (stage, span): (Stage, u32),
    device: Device,
    series: &[SeriesId],
) -> Result<Option<Vec<u8>>> {
    let (start, end) = (stage.start_of(span), stage.start_of(span + 1));
    let finer = if stage == Stage::Month {
        Stage::Day
    } else {
        Stage::Hour
    };
    let parts = finer.span_of(start)..finer.span_of(end);
    if !any_block(look, level, finer, parts, device)? {
        return Ok(None);
    }
    let slots = usize::try_from((end - start) / level.step_ms()).unwrap_or(0);
    let mut columns: Vec<Vec<_>> = series.iter().map(|_| vec![None; slots]).collect();
    let mut spans: Vec<_> = columns
        .iter_mut()
        .map(|rows| sealed::RowSpan {
            level,
            from: start,
            rows,
        })
        .collect();
    sealed::rows(look, device, series, &mut spans)?;
    let known = |(_, rows): &(&SeriesId, Vec<Option<_>>)| rows.iter().any(Option::is_some);
    let rows = Rows {
        start,
        step_ms: u32::try_from(level.step_ms()).unwrap_or(u32::MAX),
        slots: u32::try_from(slots).unwrap_or(0),
        columns: series
            .iter()
            .zip(columns)
            .filter(known)
            .map(|(series, rows)| RowColumn {
                series: *series,
                rows,
            })
            .collect(),
    };
    Ok(Some(pack::encode_rows(&rows)))
}
