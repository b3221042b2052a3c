//! How much room the readings take, and when the disk is full.

use super::blocks::{self, Level};
use super::retention::first_ever;
use super::{DAY_MS, HOUR_MS, Tsdb};
use crate::base::{Result, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// Shares of the disk, in percent, at which there is a warning.
const WARN_PERCENT: [u64; 3] = [80, 90, 95];

/// How much room a level takes.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct LevelUse {
    /// `raw`, `minute`, `quarter`, `hour`.
    pub level: &'static str,
    /// Bytes on disk.
    pub bytes: u64,
    /// Files.
    pub files: usize,
    /// Start of the oldest file; `null` when there is none.
    pub oldest: Option<Timestamp>,
    /// Kept so many days; `null` is for ever.
    pub keep_days: Option<u32>,
}

/// How much room there is and how long it lasts.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct StorageUse {
    /// The levels, finest first.
    pub levels: Vec<LevelUse>,
    /// Bytes of the data file: records, and readings that are not sealed yet.
    pub data_file_bytes: u64,
    /// Bytes that everybody may still write on this disk; `null` when the disk does not say.
    pub free_bytes: Option<u64>,
    /// Bytes of the disk.
    pub disk_bytes: Option<u64>,
    /// How full the disk is, percent.
    pub used_percent: Option<u64>,
    /// The warning threshold that is passed: 80, 90 or 95 percent; `null` below.
    pub warning_percent: Option<u64>,
    /// Bytes that readings add on a day, as the days so far did.
    pub bytes_per_day: Option<u64>,
    /// When the disk is full if it goes on like this; `null` when it will not be within ten years.
    pub full_on: Option<Timestamp>,
}

impl Tsdb {
    /// Start of the oldest day of which anything is sealed.
    pub(super) fn first_sealed(&self) -> Result<Option<Timestamp>> {
        let look = self.blocks.look();
        let mut first = None;
        for info in self.blocks.list()? {
            if let Some((Level::Raw, start, end)) = blocks::period_of(&info) {
                let mut day = start.ms();
                while day < end.ms() && first.is_none_or(|first| day < first) {
                    if look.has_day(Level::Raw, day)? {
                        first = Some(day);
                    }
                    day += DAY_MS;
                }
            }
        }
        Ok(first.map(Timestamp::from_ms))
    }

    /// The finest level of which there is a file for the period of an instant.
    ///
    /// # Errors
    /// When the files cannot be listed.
    pub fn finest_kept(&self, at: Timestamp) -> Result<Option<Level>> {
        let files = self.blocks.list()?;
        let there = |level: &Level| {
            let name = level.volume_at(at.ms());
            files.iter().any(|info| info.name == name)
        };
        Ok(Level::ALL.into_iter().find(there))
    }

    pub(super) fn used_percent(&self) -> Option<u64> {
        let room = self.store.room()?;
        let used = room.total.saturating_sub(room.free);
        Some(used.saturating_mul(100) / room.total.max(1))
    }

    /// The share of the disk, 80, 90 or 95 percent, that is passed; `None` below, or when the disk
    /// does not say.
    #[must_use]
    pub fn disk_warning(&self) -> Option<u64> {
        let used = self.used_percent()?;
        WARN_PERCENT.into_iter().rfind(|limit| used >= *limit)
    }

    /// How much room the readings take, and how long it lasts.
    ///
    /// # Errors
    /// When the disk cannot be read.
    pub fn storage_use(&self, now: Timestamp) -> Result<StorageUse> {
        let keep = self.keep()?;
        let mut levels: Vec<LevelUse> = Level::ALL
            .into_iter()
            .map(|level| LevelUse {
                level: level.name(),
                bytes: 0,
                files: 0,
                oldest: None,
                keep_days: keep.of(level),
            })
            .collect();
        for info in self.blocks.list()? {
            if let Some((level, start, _)) = blocks::period_of(&info) {
                let entry = &mut levels[level as usize];
                entry.bytes += info.bytes;
                entry.files += 1;
                entry.oldest = Some(entry.oldest.map_or(start, |oldest| oldest.min(start)));
            }
        }
        let room = self.store.room();
        let used_percent = self.used_percent();
        let first = match first_ever(&self.store.read()?)? {
            Some(first) => Some(first),
            None => self.first_sealed()?,
        };
        let rates = first.map(|first| Rates::of(&levels, first, now));
        Ok(StorageUse {
            data_file_bytes: self.store.file_bytes(),
            free_bytes: room.map(|room| room.free),
            disk_bytes: room.map(|room| room.total),
            used_percent,
            warning_percent: self.disk_warning(),
            bytes_per_day: rates.as_ref().map(Rates::per_day),
            full_on: rates
                .zip(room)
                .and_then(|(rates, room)| rates.full_on(room.free, now)),
            levels,
        })
    }
}

/// What each level adds on a day, and how many days of it there are.
struct Rates {
    levels: Vec<(f64, f64, Option<u32>)>,
}

impl Rates {
    /// From what there is: bytes by the days since the first reading that are still kept.
    #[allow(clippy::cast_precision_loss)] // an estimate
    fn of(levels: &[LevelUse], first: Timestamp, now: Timestamp) -> Self {
        // Less than an hour says nothing of a day.
        let age = (now.since_ms(first).max(HOUR_MS) as f64) / DAY_MS as f64;
        let rate = |level: &LevelUse| {
            let days = level.keep_days.map_or(age, |keep| age.min(f64::from(keep)));
            (level.bytes as f64 / days, days, level.keep_days)
        };
        Self {
            levels: levels.iter().map(rate).collect(),
        }
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // bytes on a disk
    fn per_day(&self) -> u64 {
        self.levels.iter().map(|level| level.0).sum::<f64>() as u64
    }

    /// The day on which the levels that still grow have taken all that is free.
    #[allow(clippy::cast_precision_loss)] // an estimate
    fn full_on(&self, free: u64, now: Timestamp) -> Option<Timestamp> {
        let mut left = free as f64;
        for day in 0..3_653u32 {
            for (rate, age, keep) in &self.levels {
                let grows = keep.is_none_or(|keep| age + f64::from(day) < f64::from(keep) + 31.0);
                left -= if grows { *rate } else { 0.0 };
            }
            if left <= 0.0 {
                return Some(now.plus_ms(i64::from(day) * DAY_MS));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_fills_up_is_foretold() {
        let level = |bytes, keep_days| LevelUse {
            level: "raw",
            bytes,
            files: 1,
            oldest: None,
            keep_days,
        };
        let now = Timestamp::from_ms(100 * DAY_MS);
        let first = Timestamp::from_ms(90 * DAY_MS);
        let growing = Rates::of(&[level(1_000, None)], first, now);
        assert_eq!(growing.per_day(), 100);
        assert_eq!(growing.full_on(1_000, now), Some(now.plus_ms(9 * DAY_MS)));
        // What is kept for ninety days stops growing.
        let kept = Rates::of(&[level(1_000, Some(90))], first, now);
        assert_eq!(kept.full_on(100 * 365, now), None);
    }
}
