//! Forgetting: how long each level is kept, how much room it takes, and when the disk is full.
//!
//! Forgetting is deleting the file of a period, so it never stands in the way of a commit and the
//! room comes back at once. A clock that jumped forward forgets nothing: time has to pass, day by
//! day, before it counts.

use super::blocks::{self, Level};
use super::{DAY_MS, HOUR_MS, Tsdb};
use crate::base::error::Checks;
use crate::base::{Result, Timestamp};
use crate::store::View;
use crate::store::table::Table;
use serde::{Deserialize, Serialize};
use std::sync::PoisonError;
use utoipa::ToSchema;

const KEEP: Table<Keep> = Table::new("ts_keep", 1);
const CLOCK: Table<Clock> = Table::new("ts_clock", 1);
const FORGOTTEN: Table<Clock> = Table::new("ts_forgotten", 1);
/// When the oldest reading was that was ever forgotten: without it nobody knew how fast rows grow.
const FIRST: Table<Clock> = Table::new("ts_first", 1);
const ONLY: &[u8] = b"only";

/// A clock that moved by more than this between two looks has jumped, or the appliance was off.
const JUMP_MS: i64 = 3 * DAY_MS;
/// How long the time must pass evenly before it is believed again, ms.
const PROBATION_MS: i64 = DAY_MS;
/// Two looks further apart than this are not even, ms.
const EVEN_MS: i64 = HOUR_MS;
/// Share of the disk, in percent, at which raw samples give way.
const THIN_PERCENT: u64 = 95;
/// Energy figures have to be there for two years.
const YEARS_MIN_DAYS: u32 = 731;
const DAYS_MAX: u32 = 36_525;

/// How long each level is kept, days; `null` is for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Keep {
    /// Samples.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required)]
    pub raw_days: Option<u32>,
    /// Rows of a minute.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required)]
    pub minute_days: Option<u32>,
    /// Rows of a quarter of an hour; at least 731 days.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required)]
    pub quarter_days: Option<u32>,
    /// Rows of an hour, of which days and months are made; at least 731 days.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required)]
    pub hour_days: Option<u32>,
}

impl Default for Keep {
    fn default() -> Self {
        Self {
            raw_days: Some(90),
            minute_days: Some(366),
            quarter_days: None,
            hour_days: None,
        }
    }
}

impl Keep {
    pub(super) const fn of(self, level: Level) -> Option<u32> {
        match level {
            Level::Raw => self.raw_days,
            Level::Minute => self.minute_days,
            Level::Quarter => self.quarter_days,
            Level::Hour => self.hour_days,
        }
    }

    /// Refuses what would lose what has to be kept.
    ///
    /// # Errors
    /// With the place of each figure that is too small or out of order.
    pub fn check(self) -> Result<()> {
        let limits = [
            ("raw_days", self.raw_days, 7),
            ("minute_days", self.minute_days, 31),
            ("quarter_days", self.quarter_days, YEARS_MIN_DAYS),
            ("hour_days", self.hour_days, YEARS_MIN_DAYS),
        ];
        let mut checks = Checks::default();
        let mut finer = Some(0);
        for (path, days, min) in limits {
            let days_or_ever = days.unwrap_or(u32::MAX);
            if days.is_some_and(|days| !(min..=DAYS_MAX).contains(&days)) {
                let sentence =
                    format!("Give {min} to {DAYS_MAX} days, or none to keep it for ever.");
                checks.refuse(path, sentence);
            } else if days_or_ever < finer.unwrap_or(u32::MAX) {
                let sentence = "A coarser level is kept at least as long as the finer one.";
                checks.refuse(path, sentence);
            }
            finer = days;
        }
        checks.finish()
    }
}

/// Before which instant samples are gone, ms.
pub(super) fn forgotten_until(view: &impl View) -> Result<i64> {
    let found = FORGOTTEN.get(view, ONLY)?;
    Ok(found.map_or(0, |until| until.at.ms()))
}

/// When the oldest reading was, when some were forgotten since.
pub(super) fn first_ever(view: &impl View) -> Result<Option<Timestamp>> {
    Ok(FIRST.get(view, ONLY)?.map(|first| first.at))
}

/// An instant that was written down: when the clock was last believed, or up to when samples
/// were forgotten.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Clock {
    at: Timestamp,
}

/// A time that has to prove itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Probation {
    since: i64,
    seen: i64,
    believed: Option<i64>,
}

impl Tsdb {
    /// How long each level is kept.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn keep(&self) -> Result<Keep> {
        Ok(KEEP.get(&self.store.read()?, ONLY)?.unwrap_or_default())
    }

    /// Changes how long each level is kept. `also` runs in the same transaction.
    ///
    /// # Errors
    /// As [`Keep::check`], or when the disk refuses.
    pub async fn set_keep<F>(&self, keep: Keep, also: F) -> Result<()>
    where
        F: FnOnce(&crate::store::Transaction<'_>) -> Result<()> + Send + 'static,
    {
        keep.check()?;
        let change = move |transaction: &crate::store::Transaction<'_>| {
            KEEP.put(transaction, ONLY, &keep)?;
            also(transaction)
        };
        self.store.write(change).await
    }

    /// Deletes the files of periods that are over for longer than they are kept, and the oldest
    /// raw samples when the disk is nearly full. Returns the names of what is gone.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn forget(&self, now: Timestamp) -> Result<Vec<String>> {
        let mut upkeep = self.upkeep.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(believed) = self.believed(&mut upkeep.probation, now.ms())? else {
            return Ok(Vec::new());
        };
        let keep = self.keep()?;
        let mut gone = Vec::new();
        let mut raw_left = Vec::new();
        for info in self.blocks.list()? {
            let Some((level, _, end)) = blocks::period_of(&info) else {
                continue;
            };
            let over = |days: u32| end.ms() + i64::from(days) * DAY_MS <= believed;
            if keep.of(level).is_some_and(over) {
                self.forget_volume(level, &info.name, end)?;
                gone.push(info.name);
            } else if level == Level::Raw && end.ms() <= believed {
                raw_left.push((info.name, end));
            }
        }
        let mut raw_left = raw_left.into_iter();
        while self
            .used_percent()
            .is_some_and(|percent| percent >= THIN_PERCENT)
        {
            let Some((name, end)) = raw_left.next() else {
                break;
            };
            tracing::warn!(file = %name, "the disk is nearly full: the oldest samples go; their rollups stay");
            self.forget_volume(Level::Raw, &name, end)?;
            gone.push(name);
        }
        Ok(gone)
    }

    /// Deletes one file. That its samples are gone is on disk before they are: else a straggler
    /// would be folded as if it were all there ever was.
    fn forget_volume(&self, level: Level, name: &str, end: Timestamp) -> Result<()> {
        if level == Level::Raw && end.ms() > self.state().forgotten_until {
            let _turn = self.take_turn();
            let mark = Clock { at: end };
            let noted = self
                .store
                .write_blocking(move |transaction| FORGOTTEN.put(transaction, ONLY, &mark));
            self.or_doubt(noted)?;
            let mut next = super::State::clone(&self.state());
            next.forgotten_until = end.ms();
            self.set_state(next);
        }
        self.blocks.forget(name)
    }

    /// The time, when it may be forgotten by; `None` while the clock has to prove itself.
    fn believed(&self, probation: &mut Probation, now: i64) -> Result<Option<i64>> {
        let last = match probation.believed {
            Some(last) => Some(last),
            None => CLOCK
                .get(&self.store.read()?, ONLY)?
                .map(|clock| clock.at.ms()),
        };
        let even = (0..=EVEN_MS).contains(&(now - probation.seen));
        if !even {
            probation.since = now;
        }
        probation.seen = now;
        let proved =
            last.is_none_or(|last| now - last <= JUMP_MS) || now - probation.since >= PROBATION_MS;
        if !proved {
            return Ok(None);
        }
        if last.is_none_or(|last| (now - last).abs() >= HOUR_MS) {
            let clock = Clock {
                at: Timestamp::from_ms(now),
            };
            self.store
                .write_blocking(move |transaction| CLOCK.put(transaction, ONLY, &clock))?;
            probation.believed = Some(now);
        } else {
            probation.believed = last;
        }
        Ok(Some(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_to_be_kept_cannot_be_given_up() {
        assert!(Keep::default().check().is_ok());
        let short = Keep {
            hour_days: Some(100),
            quarter_days: Some(800),
            ..Keep::default()
        };
        let error = short.check().unwrap_err();
        assert_eq!(error.fields.len(), 1);
        assert_eq!(error.fields[0].path, "hour_days");
        let disordered = Keep {
            raw_days: Some(400),
            ..Keep::default()
        };
        assert_eq!(
            disordered.check().unwrap_err().fields[0].path,
            "minute_days"
        );
    }
}
