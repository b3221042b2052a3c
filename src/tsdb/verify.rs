//! Reading everything that is sealed: every block is unpacked, and rows are compared with what
//! their samples give. Changes nothing; memory holds one block at a time.

use super::blocks::{self, Look, Stage};
use super::fold;
use super::hours::Fresh;
use super::level::Level;
use super::pack::{ChunkView, RowsView};
use super::rollup::Summary;
use super::sealed::{self, RowSpan};
use super::series::Device;
use super::{HOUR_MS, SeriesId, Tsdb};
use crate::base::{EquipmentId, Error, Result, Timestamp};
use crate::store::VolumeInfo;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

/// Blocks that are read in one view of a volume.
const BLOCKS_PER_LOOK: usize = 256;
/// Hours of a volume of samples that are folded and compared with their rows, spread evenly over
/// its devices and days.
const HOURS_COMPARED: usize = 2_000;

/// Something that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The volume, without folder and ending.
    pub volume: String,
    /// First instant of the block; of the volume when its pages cannot be read.
    pub at: Timestamp,
    /// How long the block is: `hour`, `day`, `month`; `file` for the whole volume.
    pub span: &'static str,
    /// Whose readings they are, when that is known.
    pub equipment: Option<EquipmentId>,
    /// What is wrong.
    pub what: String,
}

/// What was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Volumes.
    pub volumes: usize,
    /// Blocks that were unpacked.
    pub blocks: u64,
    /// Hours of a device whose rows were compared with their samples.
    pub hours: u64,
    /// What is damaged or does not agree.
    pub damaged: u64,
}

/// What is told while everything is read; breaking ends it.
pub trait Listener {
    /// Something is damaged.
    fn damage(&mut self, damage: &Damage);

    /// So far so many volumes of all are read, and of this one so many blocks.
    fn progress(&mut self, volume: usize, of: usize, so_far: Verified) -> ControlFlow<()>;
}

/// A volume while it is read.
struct Walk<'a> {
    info: &'a VolumeInfo,
    level: Level,
    place: (usize, usize),
    listener: &'a mut dyn Listener,
    verified: &'a mut Verified,
}

impl Tsdb {
    /// Reads every block of every volume, and compares rows with samples where both are kept.
    ///
    /// # Errors
    /// When the folder cannot be listed, or the listener breaks it off.
    pub fn verify(&self, listener: &mut dyn Listener) -> Result<Verified> {
        let all = self.blocks.list()?;
        let (mut verified, mut all_open) = (Verified::default(), true);
        for (number, info) in all.iter().enumerate() {
            let Some((level, start, _)) = blocks::period_of(info) else {
                continue;
            };
            let mut walk = Walk {
                info,
                level,
                place: (number, all.len()),
                listener: &mut *listener,
                verified: &mut verified,
            };
            match self.blocks.is_intact(&info.name) {
                Ok(true) => {}
                Ok(false) => walk.damage(
                    (start.ms(), "file"),
                    None,
                    "a page is not as it was written; the next change to this file writes it \
                     anew from what can be read",
                ),
                Err(error) => walk.damage((start.ms(), "file"), None, &error.to_string()),
            }
            let mut opens = true;
            for stage in [Stage::Hour, Stage::Day, Stage::Month] {
                opens = opens && self.verify_stage(&mut walk, stage)?;
            }
            all_open &= opens;
            // Files of rows come before those of samples, in the order of their names. A fold
            // starts where a counter stood in the rows: without them nothing can be compared.
            if level == Level::Raw && all_open {
                self.verify_rows(&mut walk)?;
            }
            verified.volumes += 1;
        }
        Ok(verified)
    }

    /// Unpacks every block of a stage of a volume; returns whether all of them could be listed.
    fn verify_stage(&self, walk: &mut Walk<'_>, stage: Stage) -> Result<bool> {
        let mut after = None;
        loop {
            let step = self
                .blocks
                .step(&walk.info.name, stage, after, BLOCKS_PER_LOOK);
            let found = match step {
                Ok(found) => found,
                Err(error) => {
                    let at = after.map_or(0, |(span, _)| stage.start_of(span));
                    walk.damage((at, stage.name()), None, &error.to_string());
                    return Ok(false);
                }
            };
            let Some(last) = found.last().map(|(place, _)| *place) else {
                return Ok(true);
            };
            for ((span, device), bytes) in &found {
                walk.verified.blocks += 1;
                if let Err(error) = unpack(walk.level, bytes, (stage, *span)) {
                    let equipment = self.equipment_of(*device);
                    let at = (stage.start_of(*span), stage.name());
                    walk.damage(at, equipment, &error.to_string());
                }
            }
            walk.go_on()?;
            after = Some(last);
        }
    }

    /// Compares the rows of some hours with what their samples give.
    fn verify_rows(&self, walk: &mut Walk<'_>) -> Result<()> {
        let Some((start, end)) =
            Level::of_volume(&walk.info.name).map(|(_, start, end)| (start, end))
        else {
            return Ok(());
        };
        let devices = self.state().catalogue.devices();
        let hours = usize::try_from((end - start) / HOUR_MS).unwrap_or(0) * devices.len();
        // Odd, so that it meets every hour of the day.
        let every = (hours / HOURS_COMPARED) | 1;
        let mut place = 0;
        for device in devices {
            let look = self.blocks.look();
            for hour in start / HOUR_MS..end / HOUR_MS {
                place += 1;
                if place % every == 0
                    && let Err(error) = self.verify_hour(walk, &look, device, hour)
                {
                    // A file beside this one, which has its own turn: the rest of the check goes on.
                    let at = (hour * HOUR_MS, "hour");
                    walk.damage(at, self.equipment_of(device), &error.to_string());
                    break;
                }
            }
            walk.go_on()?;
        }
        Ok(())
    }

    fn verify_hour(
        &self,
        walk: &mut Walk<'_>,
        look: &Look,
        device: Device,
        hour: i64,
    ) -> Result<()> {
        let state = self.state();
        let start = hour * HOUR_MS;
        // What waits to be sealed or folded is told anew for every answer; what lies behind the
        // samples that were forgotten may need them.
        let hot = self.head_read(|head| head.hours_of(device));
        let dirty: BTreeSet<i64> = state.dirty_of(device).collect();
        let near = |hours: &BTreeSet<i64>| (hour - 1..=hour + 1).any(|h| hours.contains(&h));
        let known = start - fold::INTERVAL_MAX_MS >= state.forgotten_until;
        if near(&hot) || near(&dirty) || !known || !look.has_day(Level::Raw, start)? {
            return Ok(());
        }
        let (fresh, series) = (Fresh::new(), state.catalogue.series_of(device));
        let desk = self.desk(look, &state, device, &fresh);
        let samples = desk.measured(&series, start, start + HOUR_MS)?;
        if samples.values().all(super::track::Track::is_empty) {
            return Ok(());
        }
        walk.verified.hours += 1;
        let runs = desk.fold(&series, &BTreeSet::from([hour]), hour)?;
        for level in [Level::Minute, Level::Quarter, Level::Hour] {
            // A file of rows that does not open is told when it has its turn.
            if !look.has_volume(level, start).unwrap_or(false) {
                continue;
            }
            let stored = stored_rows(look, device, level, &series, start)?;
            let factor = usize::try_from(level.step_ms() / Level::Minute.step_ms()).unwrap_or(1);
            for (id, stored) in &stored {
                // What a counter grew by may follow from readings weeks away, which wait.
                if state.catalogue.is_counter(*id) && !(dirty.is_empty() && hot.is_empty()) {
                    continue;
                }
                let minutes = runs.minutes(*id, hour).unwrap_or_default();
                let folded = fold::coarsen(minutes, factor);
                let differs = |(a, b): (&Option<Summary>, &Option<Summary>)| !agree(*a, *b);
                let Some(place) = folded.iter().zip(stored).position(differs) else {
                    continue;
                };
                let metric = state.catalogue.info(*id);
                let metric = metric.map_or_else(String::new, |i| i.key.metric.to_string());
                let what = format!(
                    "row {place} of {} of {metric} is not what its samples give",
                    level.name()
                );
                walk.damage((start, "hour"), self.equipment_of(device), &what);
                break;
            }
        }
        Ok(())
    }

    fn equipment_of(&self, device: Device) -> Option<EquipmentId> {
        let state = self.state();
        let info = state.catalogue.info(SeriesId(device.0));
        info.map(|info| info.key.equipment)
    }
}

impl Walk<'_> {
    fn damage(&mut self, (at, span): (i64, &'static str), who: Option<EquipmentId>, what: &str) {
        self.verified.damaged += 1;
        self.listener.damage(&Damage {
            volume: self.info.name.clone(),
            at: Timestamp::from_ms(at),
            span,
            equipment: who,
            what: what.to_owned(),
        });
    }

    fn go_on(&mut self) -> Result<()> {
        let (number, of) = self.place;
        let told = self.listener.progress(number, of, *self.verified);
        if told.is_continue() {
            return Ok(());
        }
        Err(Error::conflict("Stopped; not everything was read."))
    }
}

/// Unpacks a block and looks whether it is of the span that its key names.
fn unpack(level: Level, bytes: &[u8], (stage, span): (Stage, u32)) -> Result<()> {
    let (start, end) = (stage.start_of(span), stage.start_of(span + 1));
    let within = if level == Level::Raw {
        let view = ChunkView::open(bytes)?;
        let times = view.decode()?.times;
        let inside = |at: Option<&i64>| at.is_none_or(|at| (start..end).contains(at));
        inside(times.first()) && inside(times.last())
    } else {
        let view = RowsView::open(bytes)?;
        view.decode()?;
        view.start() == start
    };
    if within {
        return Ok(());
    }
    Err(Error::internal(
        "The block is of another time than its key.",
    ))
}

fn stored_rows(
    look: &Look,
    device: Device,
    level: Level,
    series: &[SeriesId],
    from: i64,
) -> Result<BTreeMap<SeriesId, Vec<Option<Summary>>>> {
    let slots = usize::try_from(HOUR_MS / level.step_ms()).unwrap_or(0);
    let mut found: Vec<Vec<Option<Summary>>> = series.iter().map(|_| vec![None; slots]).collect();
    let mut spans: Vec<_> = found
        .iter_mut()
        .map(|rows| RowSpan { level, from, rows })
        .collect();
    sealed::rows(look, device, series, &mut spans)?;
    Ok(series.iter().copied().zip(found).collect())
}

/// Whether a row that is stored says what its samples give. Sums of floats are stored with 32
/// significant bits.
fn agree(folded: Option<Summary>, stored: Option<Summary>) -> bool {
    let (Some(folded), Some(stored)) = (folded, stored) else {
        return folded.is_none() && stored.is_none();
    };
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-6 * a.abs().max(b.abs()).max(1.0);
    let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || near(a, b);
    (folded.covered_ms, folded.count, folded.qualities)
        == (stored.covered_ms, stored.count, stored.qualities)
        && near(folded.delta, stored.delta)
        && near(folded.weighted_sum, stored.weighted_sum)
        && (folded.count == 0
            || (same(folded.min, stored.min)
                && same(folded.max, stored.max)
                && same(folded.last, stored.last)))
}
