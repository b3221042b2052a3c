//! The greatest demand windows of a range, and what each meter of the tree took in them; the
//! minutes of the running one.

use super::demand::{Course, Minute, STEADY_MINUTES, WEEKS};
use super::metered::{Metered, Window};
use super::readings::to_kwh;
use super::supply::Supply;
use super::tariff::Rules;
use super::tree::{Part, Tree};
use super::tree_figures::{Amount, Figures};
use super::{Extras, HistoryQuery};
use crate::base::time::BucketSize;
use crate::base::{Metric, Phase, Result, TimeRange, Timestamp};
use crate::tsdb::Resolution;
use rust_decimal::prelude::ToPrimitive as _;
use std::collections::BTreeMap;

const MINUTE_MS: i64 = 60_000;
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
        range: TimeRange,
        rules: &Rules,
        limit: usize,
    ) -> Result<Vec<Peak>> {
        let mut windows = self.windows(range, rules)?;
        windows.sort_by_key(|window| (std::cmp::Reverse(window.kw), window.start));
        windows.truncate(limit);
        let peak = |window: Window| {
            let shares = self.shares(tree, window.start, rules)?;
            Ok(Peak { window, shares })
        };
        windows.into_iter().map(peak).collect()
    }

    /// The windows of a range of which all is known, in order of time. Reads the disk.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn windows(&self, range: TimeRange, rules: &Rules) -> Result<Vec<Window>> {
        let cells = self.cells(range, rules.cell_minutes())?;
        Ok(Metered::of(rules, &cells, &self.calendar).windows)
    }

    /// What each consumer of a tree took in a window.
    fn shares(&self, tree: &Tree, from: Timestamp, rules: &Rules) -> Result<Vec<Share>> {
        let to = from.plus_ms(i64::from(rules.window_minutes) * MINUTE_MS);
        let size = BucketSize::Fixed(i64::from(rules.cell_minutes()) * MINUTE_MS);
        let mut amounts = BTreeMap::new();
        for meter in tree.meters() {
            let range = TimeRange { from, to };
            let metric = Metric::CONSUMPTION;
            let cells = self
                .history
                .cells(meter, &metric, range, size, &self.calendar)?;
            let sum = cells
                .iter()
                .try_fold(0, |sum, (cell, _)| Some(sum + cell.mwh?));
            if let Some(value) = sum {
                let coverage = 1.0;
                amounts.insert(meter, Amount { value, coverage });
            }
        }
        let mut figures = Figures::of(tree, amounts);
        let windows_per_hour = f64::from(60 / rules.window_minutes);
        let kw = |amount: Option<Amount>| amount.map(|a| to_kwh(a.value) * windows_per_hour);
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
