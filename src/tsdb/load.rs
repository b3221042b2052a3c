//! Loading: archives go straight into blocks, without passing through the ticks.

use super::hours::{DAY_HOURS, Fresh};
use super::seal::{Piece, Upkeep};
use super::series::Device;
use super::track::{Sample, Track};
use super::writes::Writes;
use super::{AT_MAX_MS, HOUR_MS, SeriesId, State, Tsdb};
use crate::base::{Batch, EquipmentId, Reading, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

/// Hours of readings from which on a day is written as one block.
const DAY_FROM_HOURS: usize = 12;
/// Samples whose blocks one commit writes: a bound for memory.
const SAMPLES_PER_COMMIT: usize = 4_000_000;

/// What one commit writes, and the hours that it concerns.
#[derive(Default)]
struct Group {
    writes: Writes,
    marks: BTreeSet<(Device, i64)>,
}

impl Tsdb {
    /// Stores many batches at once, in any order; returns when they are on disk. Meant for
    /// archives: nobody waits for the newest value. Samples that are there already stay.
    ///
    /// A cut in between leaves some hours stored and others not; those whose samples were stored
    /// and whose figures were not are folded at the next start. Loading the same batches again
    /// completes it.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn load(&self, batches: &[Batch]) -> Result<()> {
        let mut upkeep = self.upkeep()?;
        self.intern_all(batches)?;
        let state = self.state();
        let mut devices: BTreeMap<EquipmentId, Vec<&Batch>> = BTreeMap::new();
        for batch in batches {
            if (0..=AT_MAX_MS).contains(&batch.at.ms()) {
                devices.entry(batch.equipment).or_default().push(batch);
            }
        }
        let (mut group, mut samples) = (Group::default(), 0);
        for (equipment, mut batches) in devices {
            // Stable: of two samples of one instant the first that came stands.
            batches.sort_by_key(|batch| batch.at);
            let loaded = tracks_of(&state, equipment, &batches);
            let Some(device) = loaded
                .keys()
                .next()
                .and_then(|id| state.catalogue.device_of(*id))
            else {
                continue;
            };
            samples += loaded.values().map(Track::len).sum::<usize>();
            self.load_device(&state, device, loaded, &mut group)?;
            if samples >= SAMPLES_PER_COMMIT {
                self.commit_loaded(std::mem::take(&mut group), &mut upkeep)?;
                samples = 0;
            }
        }
        self.commit_loaded(group, &mut upkeep)
    }

    fn commit_loaded(&self, group: Group, upkeep: &mut Upkeep) -> Result<()> {
        self.write_blocks(&group.writes, group.marks, upkeep)
    }

    fn load_device(
        &self,
        state: &State,
        device: Device,
        loaded: Fresh,
        group: &mut Group,
    ) -> Result<()> {
        let mut hours: BTreeSet<i64> = BTreeSet::new();
        for track in loaded.values() {
            // In order of time: an hour is looked up once and not for each of its samples.
            let mut at = &track.at[..];
            while let Some(first) = at.first() {
                let hour = first.div_euclid(HOUR_MS);
                hours.insert(hour);
                let end = (hour + 1) * HOUR_MS;
                at = &at[at.partition_point(|at| *at < end)..];
            }
        }
        let mut days: BTreeMap<i64, usize> = BTreeMap::new();
        for hour in &hours {
            *days.entry(hour.div_euclid(DAY_HOURS)).or_default() += 1;
        }
        for (day, _) in days.iter().filter(|(_, n)| **n >= DAY_FROM_HOURS) {
            let first = day * DAY_HOURS;
            // An hour that nothing changes is not folded from less than there was: samples of the
            // hour before may reach into it and be forgotten.
            if hours.contains(&first) || first * HOUR_MS > state.forgotten_until {
                hours.extend(first..first + DAY_HOURS);
            }
        }
        // What is in the head belongs to the same hours and is folded with them; it is sealed in
        // its own time.
        let mut fresh = self.fresh_of(device);
        {
            let mut last = self.last.write().unwrap_or_else(PoisonError::into_inner);
            for (id, track) in &loaded {
                last.note_track(*id, track);
            }
        }
        for (id, track) in loaded {
            let hot = fresh.remove(&id).unwrap_or_default();
            fresh.insert(id, Track::union(hot, track));
        }
        let look = self.blocks.look();
        let piece = Piece::whole(hours);
        self.fold_into(&look, state, device, &fresh, &piece, &mut group.writes)?;
        let marks = piece.changed.into_iter().map(|hour| (device, hour));
        group.marks.extend(marks);
        Ok(())
    }

    /// Gives every series of the batches its number.
    fn intern_all(&self, batches: &[Batch]) -> Result<()> {
        let state = self.state();
        let known = |batch: &Batch, reading: &Reading| {
            let find = &state.catalogue;
            find.find(batch.equipment, &reading.metric, reading.phase)
                .is_some()
        };
        let mut new: Vec<(EquipmentId, Reading)> = Vec::new();
        // What a device says it says again: a batch like the one before brings no new name.
        let mut before: BTreeMap<EquipmentId, &Batch> = BTreeMap::new();
        for batch in batches {
            let before = before.insert(batch.equipment, batch);
            if before.is_some_and(|before| says_the_same(before, batch)) {
                continue;
            }
            for reading in &batch.readings {
                let same = |(equipment, other): &(EquipmentId, Reading)| {
                    *equipment == batch.equipment
                        && other.metric == reading.metric
                        && other.phase == reading.phase
                };
                if !known(batch, reading) && !new.iter().any(same) {
                    new.push((batch.equipment, reading.clone()));
                }
            }
        }
        if new.is_empty() {
            return Ok(());
        }
        let _turn = self.take_turn();
        let mut next = State::clone(&self.state());
        let next = self.store.write_blocking(move |transaction| {
            for (equipment, reading) in &new {
                next.catalogue.intern(transaction, *equipment, reading)?;
            }
            Ok(next)
        })?;
        self.set_state(next);
        Ok(())
    }
}

/// Whether two batches name the same series in the same order.
fn says_the_same(one: &Batch, other: &Batch) -> bool {
    one.readings.len() == other.readings.len()
        && one
            .readings
            .iter()
            .zip(&other.readings)
            .all(|(one, other)| one.phase == other.phase && one.metric == other.metric)
}

/// The samples of the batches of one device, which are in order of time, by series.
fn tracks_of(state: &State, equipment: EquipmentId, batches: &[&Batch]) -> Fresh {
    let all = state.catalogue.of(equipment);
    let mut tracks: Vec<Track> = all.iter().map(|_| Track::default()).collect();
    // What a later batch of the same instant brings where an earlier one has no value.
    let mut mended = tracks.clone();
    for batch in batches {
        for (guess, reading) in batch.readings.iter().enumerate() {
            let is = |(_, info): &(SeriesId, super::SeriesInfo)| {
                info.key.phase == reading.phase && info.key.metric == reading.metric
            };
            let place = match all.get(guess) {
                Some(entry) if is(entry) => Some(guess),
                _ => all.iter().position(is),
            };
            let Some(place) = place else { continue };
            let mut track = &mut tracks[place];
            let value = reading.value.filter(|value| value.is_finite());
            let at = batch.at.ms();
            if track.at.last() == Some(&at) {
                let mends = value.is_some() && track.value(track.len() - 1).is_none();
                track = &mut mended[place];
                if !mends || track.at.last() == Some(&at) {
                    continue;
                }
            }
            track.push(Sample {
                at,
                interval: batch.interval_ms,
                value,
                quality: match value {
                    None if reading.value.is_some() => crate::base::Quality::Missing,
                    _ => reading.quality,
                },
            });
        }
    }
    let tracks = tracks.into_iter().zip(mended);
    let tracks = tracks.map(|(track, mended)| Track::union(track, mended));
    let named = all.into_iter().map(|(id, _)| id).zip(tracks);
    named.filter(|(_, track)| !track.is_empty()).collect()
}
