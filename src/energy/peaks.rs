//! The greatest demand windows of a range, and what each meter of the tree took in them; the
//! minutes of the running one.

use super::beat::Follows;
use super::beat_cut::{Cut, Minutes};
use super::demand::{Course, Minute, STEADY_MINUTES, WEEKS};
use super::fine::STORED_MINUTES;
use super::metered::{Metered, SupplyCell, Window, mean_kw};
use super::readings::{Cell, to_kwh};
use super::sparse::{Newest, even_out};
use super::supply::Supply;
use super::tariff::Rules;
use super::tree::{Part, Tree};
use super::tree_figures::{Amount, Figures};
use super::{Extras, HistoryPoint, HistoryQuery};
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
    /// The greatest of some windows, the greatest first, and what made them. Reads the disk.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn peaks(
        &self,
        tree: &Tree,
        mut windows: Vec<Window>,
        rules: &Rules,
        limit: usize,
    ) -> Result<Vec<Peak>> {
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
        // Windows of the utility end between those of the clock.
        let whole = TimeRange {
            from: range.from,
            to: rules.grid(&self.calendar).start_of(range.to, 0),
        };
        let cells = match whole.from < whole.to {
            true => self.cells(whole, rules.cell_minutes())?,
            false => Vec::new(),
        };
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
                Follows::Clock if rules.cell_minutes() >= STORED_MINUTES => {
                    self.by_cells(meter, TimeRange { from, to }, rules)?
                }
                // Those of the utility, and those of the clock that cut the quarters of the store.
                _ => self.by_minutes(meter, from, to)?,
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

    /// The same in any other window.
    fn by_minutes(
        &self,
        meter: EquipmentId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Option<i64>> {
        // A meter that is read each hour tells with the next reading what it took until then.
        let range = TimeRange {
            from: from.minus_ms(HOUR_MS).floor_to(MINUTE_MS),
            to: minute_after(to.plus_ms(HOUR_MS)),
        };
        let size = BucketSize::Fixed(MINUTE_MS);
        let metric = Metric::CONSUMPTION;
        let mut cells = self
            .history
            .cells(meter, &metric, range, size, &self.calendar)?;
        even_out(&mut cells, Newest::Unknown);
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
            let factor = factor.to_f64().unwrap_or(1.0);
            for (at, (start, kw)) in self
                .minutes_of_meter(*meter, range)?
                .into_iter()
                .enumerate()
            {
                if at == minutes.len() {
                    let kw = Some(0.0);
                    minutes.push(Minute { start, kw });
                }
                let sum = &mut minutes[at].kw;
                *sum = sum.zip(kw).map(|(a, b)| a + b * factor);
            }
        }
        Ok(minutes)
    }

    /// The power of a meter in each minute of a range, kW.
    fn minutes_of_meter(
        &self,
        meter: EquipmentId,
        range: TimeRange,
    ) -> Result<Vec<(Timestamp, Option<f64>)>> {
        let size = BucketSize::Fixed(MINUTE_MS);
        if self.history.has(meter, &Metric::POWER) {
            let query = HistoryQuery {
                equipment: vec![meter],
                range,
                resolution: Resolution::Buckets(size),
                metric: Metric::POWER,
                phase: Phase::Total,
                calendar: self.calendar.clone(),
            };
            let points = self.history.points_with(&query, Extras::default())?;
            let kw = |point: HistoryPoint| {
                let counted = || point.consumption.map(|kwh| kwh * 60.0);
                (point.timestamp, point.power.or_else(counted))
            };
            return Ok(points.into_iter().map(kw).collect());
        }
        // A meter that tells energy only: what it counted, from the reading before the range on.
        let before = TimeRange {
            from: range.from.minus_ms(HOUR_MS),
            to: range.to,
        };
        let metric = Metric::CONSUMPTION;
        let mut cells = self
            .history
            .cells(meter, &metric, before, size, &self.calendar)?;
        even_out(&mut cells, Newest::GoesOn);
        // A minute that is not over has not counted all of it.
        if let [.., (before, _), (last, _)] = &mut cells[..]
            && last.start.plus_ms(MINUTE_MS) > range.to
        {
            last.mwh = before.mwh;
        }
        cells.retain(|(cell, _)| cell.start >= range.from.floor_to(MINUTE_MS));
        let kw = |(cell, _): (Cell, i64)| (cell.start, cell.mwh.map(|mwh| to_kwh(mwh) * 60.0));
        Ok(cells.into_iter().map(kw).collect())
    }
}

/// The first full minute that does not lie before an instant.
fn minute_after(at: Timestamp) -> Timestamp {
    at.plus_ms(MINUTE_MS - 1).floor_to(MINUTE_MS)
}
