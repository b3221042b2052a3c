//! Sealing: hours that are over go from the data file into blocks, days and months that are over
//! are packed closer. All of it beside the ticks, never in their way.
//!
//! The hand-over is safe at every point: the blocks of an hour are on disk before its rows leave
//! the data file, the rows of an hour (which tell where its counters ended) are written last, and
//! doing it again gives the same bytes.

use super::blocks::{self, Blocks, Level, Look, Stage};
use super::correct;
use super::head::Hot;
use super::hours::{DAY_HOURS, Fresh};
use super::runs::{self, Run};
use super::series::Device;
use super::writes::Writes;
use super::{HOUR_MS, State, TICKS, Tsdb};
use crate::base::{Result, Timestamp};
use crate::store::Volumes;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

/// How long after its end an hour waits for stragglers, ms.
const GRACE_MS: i64 = 60_000;
/// An hour this far ahead of the clock was brought by a clock that was wrong.
pub(super) const AHEAD_MS: i64 = HOUR_MS;
/// Hours of devices whose blocks one commit writes: a bound for memory.
pub(super) const DEVICES_PER_COMMIT: usize = 512;
/// Hours that are sealed together when many wait.
const HOURS_PER_COMMIT: usize = 24;

/// Hours of a device that one commit folds again: a change of ratio marks those of a year.
/// In tests few, so that histories of days meet it.
const DIRTY_PER_COMMIT: usize = if cfg!(test) { 7 } else { 14 * 24 };

/// Hours that changed, and where folding them ends.
pub(super) struct Piece {
    /// All that changed: their rows tell nothing, also those of hours that are folded later.
    pub(super) changed: BTreeSet<i64>,
    /// The first hour that is not folded; the first of those that changed and are folded later.
    pub(super) until: i64,
}

impl Piece {
    /// Everything at once.
    pub(super) const fn whole(changed: BTreeSet<i64>) -> Self {
        let until = i64::MAX;
        Self { changed, until }
    }
}

/// What the upkeep remembers between two runs.
#[derive(Debug, Default)]
pub(super) struct Upkeep {
    /// Rows of each waiting hour when it was last looked at.
    seen: BTreeMap<i64, u64>,
    /// Volumes that may hold blocks to be packed, with an instant of each, ms; `None` before
    /// they were looked through for the first time.
    pub(super) loose: Option<BTreeMap<(Level, String), i64>>,
    /// Volumes that were written to since they were last looked through for free room.
    pub(super) written: BTreeMap<(Level, String), i64>,
    /// It stands on disk since when growth is cut at the quarters.
    pub(super) knows_since: bool,
    /// Whether the clock may be believed.
    pub(super) probation: super::retention::Probation,
}

impl Upkeep {
    pub(super) fn wrote(&mut self, writes: &Writes) {
        for (level, month) in writes.volumes.keys() {
            let at = Stage::Month.start_of(u32::try_from(*month).unwrap_or(0));
            let volume = (*level, level.volume_at(at));
            if let Some(loose) = &mut self.loose {
                loose.insert(volume.clone(), at);
            }
            self.written.insert(volume, at);
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
        let mut upkeep = self.upkeep()?;
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
        let mut upkeep = self.upkeep()?;
        let waiting = self.head_read(super::Head::waiting);
        let all: Vec<_> = waiting.into_iter().map(|(hour, _)| hour).collect();
        self.seal_hours(&all, &mut upkeep)?;
        self.fold_dirty(&mut upkeep).map(drop)
    }

    /// Runs `work` while nobody changes the volumes: a backup copies them. Readings go on into the
    /// data file meanwhile, and are sealed afterwards.
    pub fn hold<T>(&self, work: impl FnOnce(&Volumes) -> T) -> T {
        let _upkeep = self.upkeep.lock().unwrap_or_else(PoisonError::into_inner);
        work(self.blocks.volumes())
    }

    /// Seals the hours before the newest two.
    pub(super) fn seal_all_but_newest(&self) -> Result<()> {
        let mut upkeep = self.upkeep()?;
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
                let piece = Piece::whole(BTreeSet::clone(hours));
                self.fold_into(&look, &state, **device, &fresh, &piece, &mut writes)?;
            }
            drop(look);
            self.write_blocks(&writes, BTreeSet::new(), upkeep)?;
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
        self.fresh(device, &series, i64::MAX)
    }

    /// Folds hours of a device and adds their blocks to what is to be written. Raw blocks are
    /// written of the changed hours that have readings in `fresh`.
    pub(super) fn fold_into(
        &self,
        look: &Look,
        state: &State,
        device: Device,
        fresh: &Fresh,
        Piece { changed, until }: &Piece,
        writes: &mut Writes,
    ) -> Result<()> {
        let desk = self.desk(look, state, device, fresh);
        let all = state.catalogue.series_of(device);
        let runs = desk.fold_until(&all, changed, 0, *until)?.runs;
        // A neighbour that waits to be sealed is folded then, with its samples in their block.
        let hot = self.head_read(|head| head.hours_of(device));
        let waits = |hour: i64| hot.contains(&hour) && !changed.contains(&hour);
        let days: BTreeSet<i64> = runs
            .iter()
            .filter(|run| run.is_day() && !run.hours.clone().any(waits))
            .filter(|run| run.hours.clone().all(|hour| changed.contains(&hour)))
            .map(|run| run.hours.start)
            .collect();
        for hour in changed.iter().take_while(|hour| *hour < until) {
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
                let block = runs::raw_block(&state.catalogue, device, (stage, start), &tracks);
                writes.add(Level::Raw, block);
                let last = hour + length - 1;
                writes.reach.push((device, last, runs::reach(&tracks)));
            }
        }
        runs.iter()
            .for_each(|run| add_rows(run, device, waits, writes));
        self.memo.clear(device);
        Ok(())
    }

    /// Folds the hours again that corrections changed, some at a time. Returns of how many devices.
    fn fold_dirty(&self, upkeep: &mut Upkeep) -> Result<usize> {
        let mut state = self.state();
        let devices: Vec<Device> = state.dirty.keys().copied().collect();
        let folded = devices.len();
        for device in devices {
            loop {
                let left: Vec<i64> = state.dirty_of(device).collect();
                if left.is_empty() {
                    break;
                }
                self.fold_piece(&state, device, &left, upkeep)?;
                let done = left.into_iter().take(DIRTY_PER_COMMIT).collect();
                let Some(next) = self.unmark(&state, device, done)? else {
                    // What was marked meanwhile is folded by the next call.
                    return Ok(folded);
                };
                state = next;
            }
        }
        Ok(folded)
    }

    /// Folds the first of the hours of a device that wait to be folded again.
    fn fold_piece(
        &self,
        state: &State,
        device: Device,
        left: &[i64],
        upkeep: &mut Upkeep,
    ) -> Result<()> {
        let look = self.blocks.look();
        let mut writes = Writes::default();
        // What is in the head is folded when its hour is sealed.
        let hot = self.head_read(|head| head.hours_of(device));
        let changed = left.iter().copied().filter(|hour| !hot.contains(hour));
        // The next piece begins where this one has to end, however far its changes reach.
        let until = left.get(DIRTY_PER_COMMIT).copied().unwrap_or(i64::MAX);
        let piece = Piece {
            changed: changed.collect(),
            until,
        };
        let fresh = self.fresh_of(device);
        self.fold_into(&look, state, device, &fresh, &piece, &mut writes)?;
        drop(look);
        self.write_blocks(&writes, BTreeSet::new(), upkeep)
    }

    /// Takes note that hours were folded again; `None` when others were marked since `state`.
    fn unmark(
        &self,
        state: &State,
        device: Device,
        done: BTreeSet<i64>,
    ) -> Result<Option<Arc<State>>> {
        // Corrections made meanwhile wait for this lock and mark their hours again.
        let _turn = self.take_turn();
        if !Arc::ptr_eq(&self.state().dirty, &state.dirty) {
            return Ok(None);
        }
        let mut dirty = correct::Dirty::clone(&state.dirty);
        if let Some(hours) = dirty.get_mut(&device) {
            hours.retain(|hour| !done.contains(hour));
            if hours.is_empty() {
                dirty.remove(&device);
            }
        }
        self.store.write_blocking(move |transaction| {
            let keys = done.iter().map(|hour| correct::dirty_key(*hour, device));
            transaction.remove_all(correct::DIRTY, keys)
        })?;
        let mut next = State::clone(&self.state());
        next.dirty = Arc::new(dirty);
        self.set_state(next);
        Ok(Some(self.state()))
    }

    pub(super) fn note_sealed(&self, writes: &Writes) {
        for (series, hour) in &writes.newest {
            self.memo.sealed(series.iter(), *hour);
        }
        for (device, hour, reach) in &writes.reach {
            self.memo.reaches(*device, *hour, *reach);
        }
    }
}

/// Adds the blocks of the rows of a run, by the day when it is one and by the hour else, except of
/// hours that wait to be sealed.
fn add_rows(run: &Run, device: Device, waits: impl Fn(i64) -> bool, writes: &mut Writes) {
    let whole = run.is_day() && !run.hours.clone().any(&waits);
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
        writes.counters.push((hour, device, run.counters(hour)));
    }
    let folded: Vec<_> = run.series.keys().copied().collect();
    writes.newest.push((folded, run.hours.end - 1));
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

/// As [`newest_sealed`] when a volume cannot be read: the end of the newest one.
pub(super) fn newest_possible(blocks: &Blocks) -> Result<Option<i64>> {
    let all = blocks.list()?;
    let ends = all.iter().filter_map(blocks::period_of);
    Ok(ends.map(|(_, _, end)| end.ms() - 1).max())
}
