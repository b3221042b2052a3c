//! Up to when the readings of a site tell a report what they will tell whenever it is made again.

use super::cold::is_cold;
use super::progress::Stage;
use super::record::Report;
use super::service::Reports;
use super::template::{Recipe, Sources};
use crate::backup::JobState;
use crate::base::{Metric, Timestamp};
use crate::energy::Grid;
use crate::site::Site;
use crate::tsdb::Latest;
use std::collections::BTreeSet;

/// A meter whose readings lie further apart is not waited for, ms.
const INTERVAL_MAX_MS: i64 = 3_600_000;
/// What a reading may come later than its interval, ms; then the meter is silent, and its energy is
/// not known anyway.
const LATE_MS: i64 = 60_000;

impl Sources {
    /// Up to when all is told: what a counter grew by is told by its next reading, and a demand
    /// window of the utility belongs to the time of its middle and ends after it.
    pub(super) fn told_until(&self, site: &Site, now: Timestamp) -> Timestamp {
        self.windows_until(site, now)
            .min(self.read_until(site, now))
    }

    fn windows_until(&self, site: &Site, now: Timestamp) -> Timestamp {
        let beat = self.tariffs.beats.of(&site.key);
        if !beat.is_heard(now) {
            return now;
        }
        let calendar = site.calendar();
        let window_ms = i64::from(self.tariffs.window_minutes_at(site, now)) * 60_000;
        let grid = Grid {
            window_ms,
            calendar: &calendar,
        };
        let middle_ms = window_ms / 2 + grid.tolerance_ms();
        beat.told_until(now, grid).minus_ms(middle_ms)
    }

    fn read_until(&self, site: &Site, now: Timestamp) -> Timestamp {
        let meters: BTreeSet<_> = self.trees.of(site).meters().into_iter().collect();
        let latest = self.history.latest();
        let counts = |one: &&Latest| {
            let key = &one.series.key;
            let energy = key.metric == Metric::CONSUMPTION || key.metric == Metric::POWER;
            energy && meters.contains(&key.equipment)
        };
        let until = latest.iter().filter(counts).map(|one| newest(one, now));
        until.min().unwrap_or(now)
    }
}

/// Up to when the newest reading of a series tells.
fn newest(latest: &Latest, now: Timestamp) -> Timestamp {
    let interval_ms = i64::from(latest.interval_ms);
    let late = latest.at.plus_ms(interval_ms + LATE_MS) < now;
    match late || interval_ms > INTERVAL_MAX_MS {
        true => now,
        false => latest.at.min(now),
    }
}

impl Reports {
    /// Up to when a report tells that is asked for up to an instant: what has not come yet is not
    /// part of it, nor a quarter that runs. A period that is over is waited for until it is told.
    pub(super) fn told_until(&self, template: &str, site: &Site, to: Timestamp) -> Timestamp {
        let now = self.clock.now();
        match to <= now || is_cold(template) {
            true => now,
            false => self.sources.told_until(site, now),
        }
    }

    /// Says of the reports that wait for the end of their period that they do.
    pub(super) fn note_untold(&self, all: &mut [Report]) {
        let waits = |report: &&mut Report| report.state == JobState::Pending;
        for report in all.iter_mut().filter(waits) {
            if !self.is_told(&report.recipe) {
                report.stage = Some(Stage::Untold);
            }
        }
    }

    /// Whether all is told of the period of a recipe; a report is not begun before.
    pub(super) fn is_told(&self, recipe: &Recipe) -> bool {
        let Some(site) = self.sources.sites.by_key(&recipe.site) else {
            return true;
        };
        is_cold(&recipe.template) || self.sources.told_until(&site, self.clock.now()) >= recipe.to
    }
}
