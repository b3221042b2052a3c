//! Energy and cost since midnight at the site, beside the same hours of yesterday.

use super::history::SiteHistory;
use crate::base::time::BucketSize;
use crate::base::{EquipmentId, Result, TimeRange, Timestamp};
use crate::site::Site;
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive as _;
use serde::Serialize;
use std::sync::{Mutex, PoisonError};
use utoipa::ToSchema;

/// How long a figure is reused, ms: every dashboard asks for the same one.
const REUSE_MS: i64 = 2_000;

/// Energy and cost of the running day.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Today {
    /// The day at the site.
    #[schema(example = "2026-11-21")]
    pub date: String,
    /// Its time zone.
    pub time_zone: String,
    /// Energy since midnight, kWh; `null` when nothing was measured.
    pub energy_kwh: Option<f64>,
    /// How much of it is not as it was read, kWh: spread over a silence of a meter, or of readings
    /// that were corrected.
    pub substituted_kwh: Option<f64>,
    /// Energy of yesterday up to the same time, kWh.
    pub yesterday_same_time_kwh: Option<f64>,
    /// Cost since midnight, a decimal; `null` without a price.
    pub cost: Option<String>,
    /// The site's currency.
    pub currency: String,
    /// How much of the day so far was measured, 0 to 1.
    pub coverage: Option<f64>,
}

/// Figures, and what they were computed from.
struct Kept {
    at: Timestamp,
    site: Site,
    equipment: Vec<EquipmentId>,
    today: Today,
}

/// The figures of today, computed once for everybody who asks within two seconds.
pub struct TodayCache {
    history: SiteHistory,
    last: Mutex<Option<Kept>>,
}

impl TodayCache {
    /// Figures from this history.
    #[must_use]
    pub const fn new(history: SiteHistory) -> Self {
        Self {
            history,
            last: Mutex::new(None),
        }
    }

    /// The figures at `now`. Reads the disk: call it outside the runtime's own threads.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn at(&self, site: &Site, equipment: &[EquipmentId], now: Timestamp) -> Result<Today> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = last.as_ref() {
            let young = (0..REUSE_MS).contains(&now.since_ms(kept.at));
            if young && kept.site == *site && kept.equipment == equipment {
                return Ok(kept.today.clone());
            }
        }
        let today = self.compute(site, equipment, now)?;
        *last = Some(Kept {
            at: now,
            site: site.clone(),
            equipment: equipment.to_vec(),
            today: today.clone(),
        });
        Ok(today)
    }

    fn compute(&self, site: &Site, equipment: &[EquipmentId], now: Timestamp) -> Result<Today> {
        let calendar = site.calendar();
        let midnight = calendar.bucket_start(now, BucketSize::Day);
        let since_ms = now.since_ms(midnight).max(1);
        let before = calendar.day_before(now);
        let range = |from: Timestamp| TimeRange {
            from,
            to: from.plus_ms(since_ms),
        };
        let energy = self.history.energy(equipment, range(midnight), &calendar)?;
        let yesterday = self.history.energy(equipment, range(before), &calendar)?;
        let kwh = energy.map(|energy| energy.kwh);
        let cost = kwh.and_then(Decimal::from_f64).zip(site.price_per_kwh);
        Ok(Today {
            date: calendar.date(now),
            time_zone: site.time_zone.clone(),
            energy_kwh: kwh,
            substituted_kwh: energy.map(|energy| energy.substituted_kwh),
            yesterday_same_time_kwh: yesterday.map(|energy| energy.kwh),
            cost: cost.map(|(kwh, price)| (kwh * price).round_dp(2).to_string()),
            currency: site.currency.clone(),
            coverage: energy.map(|energy| energy.coverage),
        })
    }
}
