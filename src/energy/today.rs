//! Energy and cost since midnight at the site, beside the same hours of yesterday.

use super::cost::Pricing;
use super::enpi::DayObjective;
use super::history::SiteHistory;
use super::supply::Supply;
use super::tariffs::Tariffs;
use super::usual_site::UsualCache;
use crate::base::time::{BucketSize, Calendar};
use crate::base::{EquipmentId, Result, TimeRange, Timestamp};
use crate::site::Site;
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive as _, ToPrimitive as _};
use serde::Serialize;
use std::sync::{Arc, Mutex, PoisonError};
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
    /// Cost of that energy by the tariff in use, else by the flat price of the site, a decimal;
    /// `null` without a price.
    pub cost: Option<String>,
    /// The currency of the cost.
    pub currency: String,
    /// Energy that the whole day is to need at most, kWh: what the objective lets it use, else
    /// what the site wants; `null` when nobody set a target.
    pub target_kwh: Option<f64>,
    /// Who set it.
    pub target_from: Option<TargetFrom>,
    /// The objective of the energy plan about the energy of the whole site, where one holds today.
    pub objective: Option<DayObjective>,
    /// What the energy of the whole day is to cost at most, a decimal in the currency of the cost;
    /// `null` without a target, or when the tariff is in another currency than the site.
    pub target_cost: Option<String>,
    /// How much of the day so far was measured, 0 to 1.
    pub coverage: Option<f64>,
}

/// Where the target of a day is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DayTargetFrom)]
pub enum TargetFrom {
    /// In the energy plan, as an objective.
    Objective,
    /// In the settings of the site.
    Site,
}

impl Today {
    /// The same beside an objective: the plan that is audited says what a day may use, and the
    /// number in the settings counts where the plan says none.
    #[must_use]
    pub fn beside(mut self, objective: Option<DayObjective>) -> Self {
        if let Some(kwh) = objective.as_ref().and_then(|objective| objective.kwh) {
            self.target_kwh = Some(kwh);
            self.target_from = Some(TargetFrom::Objective);
        }
        self.objective = objective;
        self
    }
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
    tariffs: Arc<Tariffs>,
    last: Mutex<Option<Kept>>,
    /// What is usual there.
    pub usual: UsualCache,
}

impl TodayCache {
    /// Figures from this history.
    #[must_use]
    pub fn new(history: SiteHistory, tariffs: Arc<Tariffs>) -> Self {
        Self {
            usual: UsualCache::new(history.clone(), Arc::clone(&tariffs)),
            history,
            tariffs,
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
        let flat = || {
            let priced = kwh.and_then(Decimal::from_f64).zip(site.price_per_kwh);
            priced.map(|(kwh, price)| ((kwh * price).round_dp(2), site.currency.clone()))
        };
        let range = TimeRange {
            from: midnight,
            to: now,
        };
        let by_tariff = self.by_tariff(site, equipment, (range, kwh), &calendar)?;
        let cost = by_tariff.or_else(flat);
        let wishes = &site.wishes;
        // A target is meant in the currency of the site.
        let comparable = cost
            .as_ref()
            .is_none_or(|(_, currency)| *currency == site.currency);
        let target_cost = wishes.target_cost_per_day.filter(|_| comparable);
        Ok(Today {
            target_from: wishes.target_kwh_per_day.map(|_| TargetFrom::Site),
            objective: None,
            target_kwh: wishes.target_kwh_per_day.and_then(|target| target.to_f64()),
            target_cost: target_cost.map(|target| target.to_string()),
            date: calendar.date(now),
            time_zone: site.time_zone.clone(),
            energy_kwh: kwh,
            substituted_kwh: energy.map(|energy| energy.substituted_kwh),
            yesterday_same_time_kwh: yesterday.map(|energy| energy.kwh),
            cost: cost.as_ref().map(|(cost, _)| cost.to_string()),
            currency: cost.map_or_else(|| site.currency.clone(), |(_, currency)| currency),
            coverage: energy.map(|energy| energy.coverage),
        })
    }

    /// The cost of today by the tariff in use, and its currency. The minutes that make no quarter
    /// yet are taken at the price of now.
    fn by_tariff(
        &self,
        site: &Site,
        equipment: &[EquipmentId],
        (range, kwh): (TimeRange, Option<f64>),
        calendar: &Calendar,
    ) -> Result<Option<(Decimal, String)>> {
        let version = self.tariffs.at(&site.key, range.from, calendar);
        let (Some(version), Some(kwh)) = (version, kwh.and_then(Decimal::from_f64)) else {
            return Ok(None);
        };
        let rules = version.rules;
        let weights = equipment.iter().map(|id| (*id, Decimal::ONE)).collect();
        let supply = Supply::of(site, weights, &self.history, &self.tariffs);
        let cell = BucketSize::Fixed(i64::from(rules.cell_minutes()) * 60_000);
        let whole = TimeRange {
            from: range.from,
            to: calendar.bucket_start(range.to, cell),
        };
        let (mut priced, mut cost) = (Decimal::ZERO, Decimal::ZERO);
        if whole.from < whole.to {
            let on = |_: &str| Some((version.number, rules.clone()));
            for bucket in supply.cost(whole, BucketSize::Day, &on)? {
                for period in bucket.periods.values() {
                    priced += super::metered::kwh(period.mwh);
                    cost += period.cost;
                }
            }
        }
        let price = Pricing::new(&rules, calendar).price_at(range.to);
        cost += (kwh - priced) * price.map_or(Decimal::ZERO, |(_, price)| price);
        let cost = super::bill::amount(cost, rules.decimals);
        Ok(Some((cost, rules.currency)))
    }
}
