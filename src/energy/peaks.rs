//! The greatest demand windows of a range, and what each meter of the tree took in them; the
//! minutes of the running one.

use super::beat::Follows;
use super::beat_cut::{Cut, Minutes};
use super::demand::{Course, Minute, STEADY_MINUTES, WEEKS};
use super::metered::{Metered, SupplyCell, Window, mean_kw};
use super::readings::Cell;
use super::supply::Supply;
use super::tariff::Rules;
use super::tree::{Part, Tree};
use super::tree_figures::{Amount, Figures};
use super::{Extras, HistoryQuery};
use crate::base::time::BucketSize;
use crate::base::{EquipmentId, Metric, Phase, Result, TimeRange, Timestamp};
use crate::tsdb::Resolution;
use rust_decimal::prelude::ToPrimitive as _;
use std::collections::BTreeMap;
use std::rc::Rc;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const WEEK_MS: i64 = 7 * 24 * 60 * MINUTE_MS;

/// What took how much of a peak, kW.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// A consumer; `None` for what is unaccounted for at the place.
    pub part: Option<Part>,
    /// The place.
    pub node: String,
    /// Its mean power in the window; `None` when it is not known.
    pub kw: Option<f64>,
}

/// A peak.
#[derive(Clone, Debug, PartialEq)]
pub struct Peak {
    /// The window.
    pub window: Window,
    /// The greatest first.
    pub shares: Vec<Share>,
}

impl Supply {
    /// The greatest windows of a range, the greatest first. Reads the disk.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn peaks(
        &self,
        tree: &Tree,
        (range, now): (TimeRange, Timestamp),
        rules: &Rules,
        limit: usize,
    ) -> Result<Vec<Peak>> {
        let mut windows = self.windows((range, now), rules)?;
        windows.sort_by_key(|window| (std::cmp::Reverse(window.kw), window.start));
        windows.truncate(limit);
        let peak = |window: Window| {
            let shares = self.shares(tree, &window, rules)?;
            Ok(Peak { window, shares })
        };
        windows.into_iter().map(peak).collect()
    }

    /// The windows of a range of which all is known by `now`, in order of time. Reads the disk.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn windows(
        &self,
        (range, now): (TimeRange, Timestamp),
        rules: &Rules,
    ) -> Result<Vec<Window>> {
        let cells = self.cells(range, rules.cell_minutes())?;
        let minutes = |range| Ok(Rc::new(self.minutes_of(range)?));
        let metered = self.metered(rules, (range, now), &cells, minutes)?;
        Ok(metered.windows)
    }

    /// The window that runs at an instant.
    #[must_use]
    pub fn window_at(&self, at: Timestamp, rules: &Rules) -> Cut {
        self.beat.window_at(at, rules.grid(&self.calendar))
    }

    /// What cells of a range say; where a pulse of the utility was heard, its windows are cut of
    /// minutes. Reads the disk.
    pub(super) fn metered(
        &self,
        rules: &Rules,
        (range, now): (TimeRange, Timestamp),
        cells: &[SupplyCell],
        minutes: impl FnOnce(TimeRange) -> Result<Rc<Minutes>>,
    ) -> Result<Metered> {
        let mut metered = Metered::of(rules, cells, &self.calendar);
        let Some(heard) = self.beat.heard_from(range) else {
            return Ok(metered);
        };
        let mut cuts = self.beat.cuts(range, rules.grid(&self.calendar));
        // The minute in which a window ends has to be over, too.
        cuts.retain(|cut| minute_after(cut.to) <= now);
        // An hour more on both sides, whatever the length of the windows is: who bills by several
        // tariffs asks for the same minutes.
        let range = TimeRange {
            from: heard.minus_ms(HOUR_MS).floor_to(MINUTE_MS),
            to: minute_after(range.to.plus_ms(HOUR_MS)).min(now.floor_to(MINUTE_MS)),
        };
        if range.from < range.to {
            metered.cut(rules, &cuts, &*minutes(range)?, &self.calendar);
        }
        Ok(metered)
    }

    /// The minutes of a range. Reads the disk.
    pub(super) fn minutes_of(&self, range: TimeRange) -> Result<Minutes> {
        Ok(Minutes::of(&self.cells(range, 1)?))
    }

    /// What each consumer of a tree took in a window.
    fn shares(&self, tree: &Tree, window: &Window, rules: &Rules) -> Result<Vec<Share>> {
        let (from, to) = (window.start, window.end);
        let mut amounts = BTreeMap::new();
        for meter in tree.meters() {
            let taken = match window.follows {
                Follows::Clock => self.by_cells(meter, TimeRange { from, to }, rules)?,
                Follows::Pulse | Follows::Held => self.by_minutes(meter, from, to)?,
            };
            if let Some(value) = taken {
                let coverage = 1.0;
                amounts.insert(meter, Amount { value, coverage });
            }
        }
        let mut figures = Figures::of(tree, amounts);
        let kw = |amount: Option<Amount>| mean_kw(amount?.value, to.since_ms(from)).to_f64();
        let mut shares = Vec::new();
        for node in &tree.nodes {
            for part in &node.consumers {
                shares.push(Share {
                    part: Some(part.clone()),
                    node: node.id.clone(),
                    kw: kw(figures.amount(part)),
                });
            }
            if !node.incoming.is_empty() {
                shares.push(Share {
                    part: None,
                    node: node.id.clone(),
                    kw: kw(figures.nodes.get(&node.id).and_then(|n| n.rest)),
                });
            }
        }
        let order = |share: &Share| share.kw.unwrap_or(f64::NEG_INFINITY);
        shares.sort_by(|a, b| order(b).total_cmp(&order(a)));
        Ok(shares)
    }

    /// The energy of a meter in a window of the clock, mWh; `None` when some of it is not known.
    fn by_cells(&self, meter: EquipmentId, range: TimeRange, rules: &Rules) -> Result<Option<i64>> {
        let size = BucketSize::Fixed(i64::from(rules.cell_minutes()) * MINUTE_MS);
        let metric = Metric::CONSUMPTION;
        let cells = self
            .history
            .cells(meter, &metric, range, size, &self.calendar)?;
        let add = |sum, (cell, _): &(Cell, i64)| Some(sum + cell.mwh?);
        Ok(cells.iter().try_fold(0, add))
    }

    /// The same in a window of the utility.
    fn by_minutes(
        &self,
        meter: EquipmentId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Option<i64>> {
        let range = TimeRange {
            from: from.floor_to(MINUTE_MS),
            to: minute_after(to),
        };
        let size = BucketSize::Fixed(MINUTE_MS);
        let metric = Metric::CONSUMPTION;
        let cells = self
            .history
            .cells(meter, &metric, range, size, &self.calendar)?;
        let energy = cells.iter().map(|(cell, _)| cell.mwh);
        let minutes = Minutes::from_energy(Some(range.from), energy);
        Ok(minutes.between(from, to))
    }

    /// The minutes of a window until now and the ten before it, with those of the same time of the
    /// same day in the weeks before. Reads the disk.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn course(&self, window: (Timestamp, Timestamp), now: Timestamp) -> Result<Course> {
        let from = window.0.minus_ms(STEADY_MINUTES * MINUTE_MS);
        let minutes = self.minutes(TimeRange { from, to: now })?;
        let mut weeks = Vec::new();
        for week in 1..=WEEKS {
            // By the clock on the wall, whichever way it was changed since.
            let then = window.0.minus_ms(week * WEEK_MS);
            let shift =
                window.0.since_ms(then) - (self.wall_ahead_ms(window.0) - self.wall_ahead_ms(then));
            let range = TimeRange {
                from: from.minus_ms(shift),
                to: window.1.minus_ms(shift),
            };
            let as_today = |minute: Minute| Minute {
                start: minute.start.plus_ms(shift),
                kw: minute.kw,
            };
            weeks.push(self.minutes(range)?.into_iter().map(as_today).collect());
        }
        Ok(Course { minutes, weeks })
    }

    /// How far the clock on the wall is ahead of UTC, ms.
    fn wall_ahead_ms(&self, at: Timestamp) -> i64 {
        self.calendar.wall_ms(at) - at.ms()
    }

    /// The minutes of a range, of which the last may have begun.
    fn minutes(&self, range: TimeRange) -> Result<Vec<Minute>> {
        let mut minutes: Vec<Minute> = Vec::new();
        for (meter, factor) in &self.meters() {
            let query = HistoryQuery {
                equipment: vec![*meter],
                range,
                resolution: Resolution::Buckets(BucketSize::Fixed(MINUTE_MS)),
                metric: Metric::POWER,
                phase: Phase::Total,
                calendar: self.calendar.clone(),
            };
            let factor = factor.to_f64().unwrap_or(1.0);
            let points = self.history.points_with(&query, Extras::default())?;
            for (at, point) in points.iter().enumerate() {
                if at == minutes.len() {
                    minutes.push(Minute {
                        start: point.timestamp,
                        kw: Some(0.0),
                    });
                }
                // A meter that tells energy only: what it counted in the minute.
                let kw = point
                    .power
                    .or_else(|| point.consumption.map(|kwh| kwh * 60.0));
                let sum = &mut minutes[at].kw;
                *sum = sum.zip(kw).map(|(a, b)| a + b * factor);
            }
        }
        Ok(minutes)
    }
}

/// The first full minute that does not lie before an instant.
fn minute_after(at: Timestamp) -> Timestamp {
    at.plus_ms(MINUTE_MS - 1).floor_to(MINUTE_MS)
}
