//! Indicators whose plant uses lastingly more than its newest baseline expects.

use super::cusum::Direction;
use super::evaluate::DriftShown;
use super::record::{Enpi, EnpiPeriod};
use super::savings::Savings;
use super::service::Enpis;
use crate::base::{EnpiId, Result, TimeRange, Timestamp};
use crate::site::Site;
use serde::Serialize;
use utoipa::ToSchema;

/// How far back a drift is looked for, ms: two years. What began before was known before.
const BACK_MS: i64 = 731 * 24 * 3_600_000;

/// How an indicator stands since the end of its newest baseline.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct EnpiStanding {
    /// From when: the end of the baseline, two years ago at most.
    pub from: Timestamp,
    /// Until when: now.
    pub to: Timestamp,
    /// What was saved; `null` when that is not known.
    pub savings: Option<Savings>,
    /// The lasting change that stands at the end.
    pub drift: Option<DriftShown>,
    /// Periods that do not count.
    pub left_out: usize,
}

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
    /// How an indicator stands; `None` without a baseline, or when nothing came after it. Reads the
    /// disk.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub fn standing(&self, site: &Site, enpi: &Enpi) -> Result<Option<EnpiStanding>> {
        let now = self.clock.now();
        if enpi.baseline == 0 {
            return Ok(None);
        }
        let baseline = self.baseline(&site.key, enpi.id, enpi.baseline)?;
        let from = baseline.to.max(now.minus_ms(BACK_MS));
        if from >= now {
            return Ok(None);
        }
        let evaluation = self.evaluate(site, enpi.id, TimeRange::new(from, now)?, None)?;
        Ok(Some(EnpiStanding {
            from,
            to: now,
            savings: evaluation.savings,
            drift: evaluation.drift,
            left_out: evaluation.left_out,
        }))
    }

    /// The indicators of these sites that use more than their newest baselines expect, from the
    /// end of the baseline up to now. Less is no trouble: the page shows it. Reads the disk.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub fn drifting(&self, sites: &[Site]) -> Result<Vec<EnpiDrift>> {
        let mut found = Vec::new();
        for site in sites {
            for enpi in self.all(&site.key)? {
                let standing = self.standing(site, &enpi)?;
                let drift = standing.and_then(|standing| standing.drift);
                let Some(drift) = drift.filter(|drift| drift.direction == Direction::More) else {
                    continue;
                };
                let baseline = self.baseline(&site.key, enpi.id, enpi.baseline)?;
                found.push(EnpiDrift {
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
                });
            }
        }
        Ok(found)
    }
}
