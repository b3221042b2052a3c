//! Indicators whose plant uses lastingly more than its newest baseline expects.

use super::cusum::Direction;
use super::record::EnpiPeriod;
use super::service::Enpis;
use crate::base::{EnpiId, Result, TimeRange};
use crate::site::Site;

/// How far back a drift is looked for, ms: two years. What began before was known before.
const BACK_MS: i64 = 731 * 24 * 3_600_000;

/// An indicator that drifts.
#[derive(Clone, Debug, PartialEq)]
pub struct EnpiDrift {
    /// Which.
    pub enpi: EnpiId,
    /// Key of its site.
    pub site: String,
    /// What people call it.
    pub name: String,
    /// What more is used, kWh for each of its periods.
    pub more: f64,
    /// `kWh/day`, `kWh/week`, `kWh/month`.
    pub unit: &'static str,
    /// First day of it on the calendar of the site.
    pub since: String,
}

impl Enpis {
    /// The indicators of these sites that use more than their newest baselines expect, from the
    /// end of the baseline up to now. Less is no trouble: the page shows it. Reads the disk.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub fn drifting(&self, sites: &[Site]) -> Result<Vec<EnpiDrift>> {
        let now = self.clock.now();
        let mut found = Vec::new();
        for site in sites {
            for enpi in self.all(&site.key)? {
                if enpi.baseline == 0 {
                    continue;
                }
                let baseline = self.baseline(&site.key, enpi.id, enpi.baseline)?;
                let from = baseline.to.max(now.minus_ms(BACK_MS));
                if from >= now {
                    continue;
                }
                let range = TimeRange::new(from, now)?;
                let evaluation = self.evaluate(site, enpi.id, range, None)?;
                let more = evaluation.drift.filter(|d| d.direction == Direction::More);
                found.extend(more.map(|drift| EnpiDrift {
                    enpi: enpi.id,
                    site: site.key.clone(),
                    name: enpi.name,
                    more: drift.kwh_per_period,
                    unit: match baseline.recipe.period {
                        EnpiPeriod::Day => "kWh/day",
                        EnpiPeriod::Week => "kWh/week",
                        EnpiPeriod::Month => "kWh/month",
                    },
                    since: site.calendar().date(drift.since),
                }));
            }
        }
        Ok(found)
    }
}
