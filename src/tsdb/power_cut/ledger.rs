//! What was acknowledged, and the one change that may or may not have happened.

use super::super::model::{COUNTER, FLOAT, GAUGE, Known, Model, compare};
use super::super::{
    Change, Correction, DAY_MS, HOUR_MS, Level, MINUTE_MS, Query, Resolution, Tsdb, model,
};
use super::plant::{END, MARKER, MONTH, Plant, RAW_OCTOBER, START};
use crate::base::time::{BucketSize, Calendar};
use crate::base::{Phase, Result, TimeRange, Timestamp};
use crate::store::simulated::Chance;

/// One sample: device, series, instant and what it was.
pub(super) type Told = (usize, usize, i64, Known);

/// A change that is there whole or not at all.
#[derive(Clone, Debug)]
pub(super) enum Doubt {
    /// With the instant of the marker that comes with each append.
    Append(i64, Vec<Told>),
    Correct(usize, usize, i64, i64, Change),
    Undo(usize),
    /// An archive. A cut leaves a part of it; loading it again completes it.
    Load(Vec<Told>),
    /// The raw samples of the first month go.
    Forget,
}

#[derive(Clone, Default)]
pub(super) struct Ledger {
    pub(super) model: Model,
    pub(super) doubt: Option<Doubt>,
    /// The raw samples of the first month are gone; what is told from now on is later.
    pub(super) forgotten: bool,
}

impl Ledger {
    pub(super) fn acknowledged(&mut self) {
        match self.doubt.take() {
            Some(Doubt::Append(_, told) | Doubt::Load(told)) => {
                for (device, series, at, known) in told {
                    self.model.learn(device, series, at, known);
                }
            }
            Some(Doubt::Correct(device, series, from, to, change)) => {
                let entry = (device, series, from, to, change, true);
                self.model.corrections.push(entry);
            }
            Some(Doubt::Undo(n)) => self.model.corrections[n].5 = false,
            Some(Doubt::Forget) => self.forgotten = true,
            None => {}
        }
    }

    /// Finds out what became of the change in doubt.
    pub(super) fn settle(&mut self, plant: &Plant) -> Result<()> {
        let Some(doubt) = &self.doubt else {
            return Ok(());
        };
        plant.tsdb.settle()?;
        let happened = match doubt {
            Doubt::Append(marker, _) => has_sample(plant, *marker)?,
            Doubt::Correct(..) => plant.tsdb.corrections()?.len() > self.model.corrections.len(),
            Doubt::Undo(n) => {
                let all: Vec<Correction> = plant.tsdb.corrections()?;
                all.get(*n).is_some_and(|made| made.undone.is_some())
            }
            Doubt::Load(_) => {
                plant.apply(doubt)?;
                true
            }
            Doubt::Forget => {
                // That the samples are gone is on disk before they are: from then on nothing of
                // their time is taken or folded, and the next run deletes the file.
                let begun = plant.tsdb.accepts_from().ms() >= MONTH;
                if begun {
                    plant.apply(doubt)?;
                }
                let all = plant.tsdb.blocks.list()?;
                let is_there = all.iter().any(|info| info.name == RAW_OCTOBER);
                assert!(!(begun && is_there), "what was forgotten is there");
                begun
            }
        };
        if happened {
            self.acknowledged();
        }
        self.doubt = None;
        Ok(())
    }

    /// Compares everything raw, the hours, and some quarters and minutes.
    ///
    /// # Panics
    /// With what is not as it was acknowledged.
    pub(super) fn check(&self, plant: &Plant, chance: &mut Chance) -> Result<()> {
        for device in 0..=MARKER {
            for series in [GAUGE, COUNTER, FLOAT] {
                self.check_raw(plant, device, series)?;
            }
        }
        let mut hour =
            |hours: i64| START + HOUR_MS * chance.below(hours.unsigned_abs()).cast_signed();
        let (minutes, quarters) = (hour(70), hour(60));
        let looks = [
            (BucketSize::Day, START, END),
            (BucketSize::Fixed(HOUR_MS), START, END),
            (
                BucketSize::Fixed(15 * MINUTE_MS),
                quarters,
                quarters + 6 * HOUR_MS,
            ),
            (BucketSize::Fixed(MINUTE_MS), minutes, minutes + HOUR_MS),
        ];
        for device in 0..=MARKER {
            for series in [GAUGE, COUNTER, FLOAT] {
                for look in looks {
                    self.check_buckets(&plant.tsdb, device, series, look)?;
                }
            }
        }
        Ok(())
    }

    fn check_raw(&self, plant: &Plant, device: usize, series: usize) -> Result<()> {
        let from = if self.forgotten {
            MONTH
        } else {
            START - DAY_MS
        };
        let found = plant.raw(device, series, from, END + DAY_MS)?;
        let expected: Vec<_> = self
            .model
            .corrected(device, series)
            .iter()
            .map(|(at, _, value, _)| (*at, *value))
            .filter(|(at, _)| *at >= from)
            .collect();
        let place = found.iter().zip(&expected).position(|(f, e)| f != e);
        assert!(
            found == expected,
            "raw of device {device}, series {series}: {} for {} acknowledged; first other at {place:?}",
            found.len(),
            expected.len()
        );
        Ok(())
    }

    fn check_buckets(
        &self,
        tsdb: &Tsdb,
        device: usize,
        series: usize,
        (size, from, to): (BucketSize, i64, i64),
    ) -> Result<()> {
        let truth = self.model.truth(device, series);
        for bucket in buckets(tsdb, device, series, (size, from, to))?.iter() {
            let expected = truth.bucket(bucket.start.ms(), bucket.end.ms());
            compare(
                bucket.columns[0],
                expected.as_ref(),
                &bucket,
                (device, series),
            );
        }
        Ok(())
    }
}

/// The buckets of one series; none when it was never heard of.
pub(super) fn buckets(
    tsdb: &Tsdb,
    device: usize,
    series: usize,
    (size, from, to): (BucketSize, i64, i64),
) -> Result<super::super::Buckets> {
    let id = tsdb.find(Plant::device(device), &model::metric(series), Phase::Total);
    let Some(id) = id else {
        return Ok(super::super::Buckets::default());
    };
    tsdb.buckets(&Query {
        series: vec![id],
        range: TimeRange::new(Timestamp::from_ms(from), Timestamp::from_ms(to))?,
        resolution: Resolution::Buckets(size),
        calendar: Calendar::utc(),
    })
}

fn has_sample(plant: &Plant, at: i64) -> Result<bool> {
    Ok(!plant.raw(MARKER, GAUGE, at, at + 1)?.is_empty())
}

/// Whether a volume of raw samples is named by this constant: a change of names must not make the
/// test empty.
#[test]
fn the_first_month_has_this_name() {
    assert_eq!(Level::Raw.volume_at(MONTH - 1), RAW_OCTOBER);
    assert_ne!(Level::Raw.volume_at(MONTH), RAW_OCTOBER);
}
