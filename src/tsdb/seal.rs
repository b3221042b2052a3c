//! Sealing: hours that are over go from the data file into blocks, days and months that are over
//! are packed closer. All of it beside the ticks, never in their way.
//!
//! The hand-over is safe at every point: the blocks of an hour are on disk before its rows leave
//! the data file, the rows of an hour (which tell where its counters ended) are written last, and
//! doing it again gives the same bytes.

use super::blocks::{self, Blocks, Level, Look, NewBlock, Stage};
use super::correct;
use super::head::Hot;
use super::hours::{self, DAY_HOURS, Desk, Fresh};
use super::pack::{self, RowColumn, Rows, RowsView};
use super::series::Device;
use super::track::{self, Track};
use super::{HOUR_MS, SeriesId, State, TICKS, Tsdb, sealed};
use crate::base::{Result, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

/// How long after its end an hour waits for stragglers, ms.
const GRACE_MS: i64 = 60_000;
/// How long after its end a day or month waits for late hours before it is packed, ms.
const PACK_AFTER_MS: i64 = 2 * HOUR_MS;
/// An hour this far ahead of the clock was brought by a clock that was wrong.
const AHEAD_MS: i64 = HOUR_MS;
/// Hours of devices whose blocks one commit writes: a bound for memory.
const DEVICES_PER_COMMIT: usize = 512;
/// Hours that are sealed together when many wait.
const HOURS_PER_COMMIT: usize = 24;

/// What the upkeep remembers between two runs.
#[derive(Debug, Default)]
pub(super) struct Upkeep {
    /// Rows of each waiting hour when it was last looked at.
    seen: BTreeMap<i64, u64>,
    /// Volumes that may hold blocks to be packed, with an instant of each, ms; `None` before
    /// they were looked through for the first time.
    loose: Option<BTreeMap<(Level, String), i64>>,
    /// Whether the clock may be believed.
    pub(super) probation: super::retention::Probation,
}

impl Upkeep {
    pub(super) fn wrote(&mut self, writes: &Writes) {
        if let Some(loose) = &mut self.loose {
            for (level, month) in writes.volumes.keys() {
                let at = Stage::Month.start_of(u32::try_from(*month).unwrap_or(0));
                loose.insert((*level, level.volume_at(at)), at);
            }
        }
    }
}

/// What one run of the upkeep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Hours that went into blocks.
    pub hours: usize,
    /// Devices whose corrected hours were folded again.
    pub folded: usize,
    /// Days and months that were packed.
    pub packed: usize,
}

impl Tsdb {
    /// Seals what is over, folds again what was corrected, packs days and months. Call it every
    /// few seconds from a thread that may wait for the disk. An hour is sealed when nothing came
    /// for it between two calls.
    ///
    /// # Errors
    /// When the disk refuses; what was not done is done by the next call.
    pub fn maintain(&self, now: Timestamp) -> Result<Done> {
        let mut upkeep = self.upkeep.lock().unwrap_or_else(PoisonError::into_inner);
        let mut done = Done::default();
        let waiting = self.head_read(super::Head::waiting);
        let is_over = |(hour, rows): &&(i64, u64)| {
            let start = hour * HOUR_MS;
            let over = start + HOUR_MS + GRACE_MS <= now.ms() || start > now.ms() + AHEAD_MS;
            over && upkeep.seen.get(hour) == Some(rows)
        };
        let over: Vec<_> = waiting
            .iter()
            .filter(is_over)
            .map(|(hour, _)| *hour)
            .collect();
        self.seal_hours(&over, &mut upkeep)?;
        done.hours = over.len();
        upkeep.seen = waiting.into_iter().collect();
        done.folded = self.fold_dirty(&mut upkeep)?;
        done.packed = self.pack(now, &mut upkeep)?;
        Ok(done)
    }

    /// Seals everything at once, whatever its age: before a copy is made, and in tests.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn seal_now(&self) -> Result<()> {
        let mut upkeep = self.upkeep.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = self.head_read(super::Head::waiting);
        let all: Vec<_> = waiting.into_iter().map(|(hour, _)| hour).collect();
        self.seal_hours(&all, &mut upkeep)?;
        self.fold_dirty(&mut upkeep).map(drop)
    }

    /// Seals the hours before the newest two.
    pub(super) fn seal_all_but_newest(&self) -> Result<()> {
        let mut upkeep = self.upkeep.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = self.head_read(super::Head::waiting);
        let old = waiting.len().saturating_sub(2);
        let old: Vec<_> = waiting.iter().take(old).map(|(hour, _)| *hour).collect();
        self.seal_hours(&old, &mut upkeep)
    }

    pub(super) fn head_read<T>(&self, look: impl FnOnce(&super::Head) -> T) -> T {
        look(&self.head.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes the blocks of hours, then takes their rows out of the data file.
    fn seal_hours(&self, hours: &[i64], upkeep: &mut Upkeep) -> Result<()> {
        hours
            .chunks(HOURS_PER_COMMIT)
            .try_for_each(|part| self.seal_part(part, upkeep))
    }

    fn seal_part(&self, hours: &[i64], upkeep: &mut Upkeep) -> Result<()> {
        let mut head = self.head.write().unwrap_or_else(PoisonError::into_inner);
        let freeze = |hour: &i64| Some((*hour, head.freeze(*hour)?));
        let frozen: Vec<(i64, Arc<Hot>)> = hours.iter().filter_map(freeze).collect();
        drop(head);
        let state = self.state();
        let mut changed: BTreeMap<Device, BTreeSet<i64>> = BTreeMap::new();
        for (hour, hot) in &frozen {
            for device in hot.devices.keys() {
                changed.entry(*device).or_default().insert(*hour);
            }
        }
        let devices: Vec<_> = changed.iter().collect();
        for part in devices.chunks((DEVICES_PER_COMMIT / frozen.len().max(1)).max(1)) {
            let look = self.blocks.look();
            let mut writes = Writes::default();
            for (device, hours) in part {
                let fresh = self.fresh_of(**device);
                self.fold_into(&look, &state, **device, &fresh, hours, &mut writes)?;
            }
            drop(look);
            writes.commit(&self.blocks)?;
            self.note_sealed(&writes);
            upkeep.wrote(&writes);
        }
        let sealed: Vec<_> = frozen.iter().map(|(_, hot)| Arc::clone(hot)).collect();
        self.store.write_blocking(move |transaction| {
            transaction.remove_all(TICKS, sealed.iter().flat_map(|hot| &hot.keys))
        })?;
        let mut head = self.head.write().unwrap_or_else(PoisonError::into_inner);
        hours.iter().for_each(|hour| head.thaw(*hour));
        Ok(())
    }

    /// The readings of a device that are in no block yet: also those of the hours beside the ones
    /// that are sealed, so that the reading on the stroke of their end is among them.
    pub(super) fn fresh_of(&self, device: Device) -> Fresh {
        let series = self.state().catalogue.series_of(device);
        self.head_read(|head| {
            let hours = head.hours_of(device);
            let track = |id: SeriesId| {
                let mut track = Track::default();
                for hour in &hours {
                    track.append(head.track(device, id, *hour));
                }
                (!track.is_empty()).then_some((id, track))
            };
            series.into_iter().filter_map(track).collect()
        })
    }

    /// Folds hours of a device and adds their blocks to what is to be written. Raw blocks are
    /// written of the changed hours that have readings in `fresh`.
    pub(super) fn fold_into(
        &self,
        look: &Look,
        state: &State,
        device: Device,
        fresh: &Fresh,
        changed: &BTreeSet<i64>,
        writes: &mut Writes,
    ) -> Result<()> {
        let desk = Desk {
            look,
            memo: &self.memo,
            catalogue: &state.catalogue,
            corrections: &state.corrections,
            forgotten_until: state.forgotten_until,
            device,
            fresh,
        };
        let all = state.catalogue.series_of(device);
        let runs = desk.fold(&all, changed)?.runs;
        // A neighbour that waits to be sealed is folded then, with its samples in their block.
        let hot = self.head_read(|head| head.hours_of(device));
        let waits = |hour: i64| hot.contains(&hour) && !changed.contains(&hour);
        let days: BTreeSet<i64> = runs
            .iter()
            .filter(|run| run.is_day() && !run.hours.clone().any(waits))
            .map(|run| run.hours.start)
            .collect();
        for hour in changed {
            let day = hour.div_euclid(DAY_HOURS) * DAY_HOURS;
            let whole = days.contains(&day);
            if whole && *hour != day {
                continue;
            }
            let stage = if whole { Stage::Day } else { Stage::Hour };
            let length = if whole { DAY_HOURS } else { 1 };
            let (start, end) = (hour * HOUR_MS, (hour + length) * HOUR_MS);
            if desk.is_forgotten(*hour)? {
                let at = Timestamp::from_ms(start);
                tracing::error!(hour = %at, "readings came for an hour whose samples are forgotten; its figures stay as they are");
                continue;
            }
            if fresh
                .values()
                .any(|track| !track.range(start, end).is_empty())
            {
                let tracks = desk.measured(&all, start, end)?;
                let block = hours::raw_block(&state.catalogue, device, (stage, start), &tracks);
                writes.add(Level::Raw, block);
                let last = hour + length - 1;
                writes.reach.push((device, last, hours::reach(&tracks)));
            }
        }
        for run in runs {
            let whole = run.is_day() && !run.hours.clone().any(waits);
            let parts: Vec<_> = if whole {
                vec![run.hours.clone()]
            } else {
                run.hours.clone().map(|hour| hour..hour + 1).collect()
            };
            for part in parts.into_iter().filter(|part| !waits(part.start)) {
                for (level, block) in run.blocks(device, part) {
                    writes.add(level, block);
                }
            }
            for hour in run.hours.clone().filter(|hour| !waits(*hour)) {
                writes.pending.push((hour, device, run.pending(hour)));
            }
            let folded: Vec<_> = run.series.keys().copied().collect();
            writes.newest.push((folded, run.hours.end - 1));
        }
        self.memo.clear(device);
        Ok(())
    }

    /// Folds the hours again that corrections changed.
    fn fold_dirty(&self, upkeep: &mut Upkeep) -> Result<usize> {
        let state = self.state();
        if state.dirty.is_empty() {
            return Ok(0);
        }
        for (device, hours) in state.dirty.iter() {
            let look = self.blocks.look();
            let mut writes = Writes::default();
            // What is in the head is folded when its hour is sealed.
            let hot = self.head_read(|head| head.hours_of(*device));
            let changed: BTreeSet<i64> = hours.difference(&hot).copied().collect();
            self.fold_into(&look, &state, *device, &Fresh::new(), &changed, &mut writes)?;
            drop(look);
            writes.commit(&self.blocks)?;
            self.note_sealed(&writes);
            upkeep.wrote(&writes);
        }
        let done = Arc::clone(&state.dirty);
        let folded = done.len();
        let keys = move || {
            let of = |(device, hours): (&Device, &BTreeSet<i64>)| {
                let device = *device;
                let key = move |hour: &i64| correct::dirty_key(*hour, device);
                hours.iter().map(key).collect::<Vec<_>>()
            };
            done.iter().flat_map(of).collect::<Vec<_>>()
        };
        // Corrections made meanwhile wait for this lock and mark their hours again.
        let _turn = self.take_turn();
        if !Arc::ptr_eq(&self.state().dirty, &state.dirty) {
            return Ok(folded);
        }
        self.store
            .write_blocking(move |transaction| transaction.remove_all(correct::DIRTY, keys()))?;
        let mut next = State::clone(&self.state());
        next.dirty = Arc::default();
        self.set_state(next);
        Ok(folded)
    }

    pub(super) fn note_sealed(&self, writes: &Writes) {
        for (series, hour) in &writes.newest {
            self.memo.sealed(series.iter(), *hour);
        }
        for (device, hour, reach) in &writes.reach {
            self.memo.reaches(*device, *hour, *reach);
        }
    }

    /// Packs days and months that are over.
    fn pack(&self, now: Timestamp, upkeep: &mut Upkeep) -> Result<usize> {
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
        failed.map_or(Ok(packed), Err)
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
            volume.write(|transaction| blocks::packed(transaction, stage, span))?;
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
                _ => join_rows(&look, level, (stage, span), *device)?,
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
                .try_for_each(|block| blocks::put_over(transaction, block))
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
        if look.block(level, stage, span, device)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The rows of a span as one block; `None` when there is nothing to join.
fn join_rows(
    look: &Look,
    level: Level,
    (stage, span): (Stage, u32),
    device: Device,
) -> Result<Option<Vec<u8>>> {
    let (start, end) = (stage.start_of(span), stage.start_of(span + 1));
    let finer = if stage == Stage::Month {
        Stage::Day
    } else {
        Stage::Hour
    };
    let mut series = BTreeSet::new();
    let mut note = |bytes: &[u8]| match RowsView::open(bytes) {
        Ok(view) => series.extend(view.series()),
        Err(error) => tracing::error!(%error, "damaged rows are left out"),
    };
    let mut found = false;
    for part in finer.span_of(start)..finer.span_of(end) {
        if let Some(bytes) = look.block(level, finer, part, device)? {
            found = true;
            note(&bytes);
        }
    }
    if !found {
        return Ok(None);
    }
    if let Some(bytes) = look.block(level, stage, span, device)? {
        note(&bytes);
    }
    let series: Vec<_> = series.into_iter().collect();
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
    sealed::rows(look, device, &series, &mut spans)?;
    let rows = Rows {
        start,
        step_ms: u32::try_from(level.step_ms()).unwrap_or(u32::MAX),
        slots: u32::try_from(slots).unwrap_or(0),
        columns: series
            .into_iter()
            .zip(columns)
            .map(|(series, rows)| RowColumn { series, rows })
            .collect(),
    };
    Ok(Some(pack::encode_rows(&rows)))
}

/// Blocks on their way to disk.
#[derive(Debug, Default)]
pub(super) struct Writes {
    /// By volume; raw volumes come first, those of hourly rows last.
    volumes: BTreeMap<(Level, i64), Vec<NewBlock>>,
    pending: Vec<(i64, Device, Vec<u8>)>,
    newest: Vec<(Vec<SeriesId>, i64)>,
    reach: Vec<(Device, i64, i64)>,
}

impl Writes {
    fn add(&mut self, level: Level, block: NewBlock) {
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
                    .try_for_each(|block| blocks::put_over(transaction, block))
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
                for (hour, device, bytes) in self.pending.iter().filter(|p| inside(p.0)) {
                    let hour = Stage::Hour.span_of(hour * HOUR_MS);
                    blocks::put_pending(transaction, hour, *device, bytes)?;
                }
                new.iter()
                    .try_for_each(|block| blocks::put_over(transaction, block))
            })?;
        }
        Ok(())
    }
}

/// The newest instant up to which a volume of samples may reach, ms; `None` when there is none.
pub(super) fn newest_sealed(blocks: &Blocks, look: &Look) -> Result<Option<i64>> {
    let mut newest = None;
    for info in blocks.list()? {
        if let Some((Level::Raw, start, end)) = blocks::period_of(&info) {
            let mut day = start.ms();
            while day < end.ms() {
                if look.has_day(Level::Raw, day)? {
                    newest = newest.max(Some(day + super::DAY_MS - 1));
                }
                day += super::DAY_MS;
            }
        }
    }
    Ok(newest)
}
