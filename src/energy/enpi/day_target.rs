//! What an objective of the plan lets the whole site use today.
//!
//! Only where it can be told while the day runs: a *value* expects the same of every day. What a
//! ratio or a model expects is known when the day's production or weather is, so it is left open.

use super::evaluate::adjusted;
use super::gather::Observation;
use super::plan::{PlanItem, PlanKind, PlanState};
use super::record::{EnpiKind, Recipe};
use super::service::Enpis;
use crate::base::time::BucketSize;
use crate::base::{EquipmentId, Metric, PlanId, Result, Timestamp};
use crate::energy::SiteHistory;
use crate::site::Site;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// An objective that is about the energy of the whole site, and what it lets a day use.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DayObjective {
    /// Its id in the plan.
    pub id: PlanId,
    /// What people call it.
    pub name: String,
    /// What it wants to save, by what the baseline expects: 0.05 is five percent.
    pub target_fraction: f64,
    /// The energy of the whole day that reaches it, kWh; `null` when it cannot be told.
    pub kwh: Option<f64>,
    /// Why it cannot be told.
    pub open: Option<DayObjectiveOpen>,
}

/// Why the energy of a day is not known from an objective.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DayObjectiveOpen {
    /// No baseline of its indicator ended before it began, with the meters that count today.
    NoBaseline,
    /// The baseline expects by what is produced, or by the weather: the day has to be over.
    ByVariables,
}

impl Enpis {
    /// The objective that says what the site is to use today at most: of several the strictest that
    /// can be told. `meters` are those whose sum is the site. Reads the disk.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn objective_of_day(
        &self,
        site: &Site,
        meters: &[EquipmentId],
        now: Timestamp,
    ) -> Result<Option<DayObjective>> {
        let mut found: Option<DayObjective> = None;
        for item in self.plan(&site.key)? {
            if !holds(&item, now) {
                continue;
            }
            let Some(one) = self.day_of(site, &item, meters, now)? else {
                continue;
            };
            let stricter = found.as_ref().is_none_or(|best| match (one.kwh, best.kwh) {
                (Some(one), Some(best)) => one < best,
                (one, best) => one.is_some() && best.is_none(),
            });
            if stricter {
                found = Some(one);
            }
        }
        Ok(found)
    }

    /// Those that ever told energy or power: a thermometer that hangs in the tree is no part of it.
    fn of_energy(&self, meters: &[EquipmentId]) -> Vec<EquipmentId> {
        let history = SiteHistory::new(Arc::clone(&self.tsdb));
        let tells = |meter: EquipmentId| {
            let has = |metric| history.has(meter, metric);
            has(&Metric::CONSUMPTION) || has(&Metric::POWER)
        };
        let all = meters.iter().copied();
        all.filter(|meter| tells(*meter)).collect()
    }

    /// What one objective lets a day use; `None` when it is not about the whole site.
    fn day_of(
        &self,
        site: &Site,
        item: &PlanItem,
        meters: &[EquipmentId],
        now: Timestamp,
    ) -> Result<Option<DayObjective>> {
        let said = &item.said;
        let (Some(id), Some(since), Some(target_fraction)) =
            (said.enpi_id, said.since, said.target_fraction)
        else {
            return Ok(None);
        };
        let enpi = self.one(&site.key, id)?;
        // A place that the tree has lost is the whole site no more.
        let Ok(recipe) = self.resolved(site, &enpi.recipe) else {
            return Ok(None);
        };
        let counted = Recipe {
            equipment: self.of_energy(&recipe.equipment),
            ..recipe.clone()
        };
        if !is_whole_site(&counted, &self.of_energy(meters)) {
            return Ok(None);
        }
        let day = |kwh, open| DayObjective {
            id: item.id,
            name: said.name.clone(),
            target_fraction,
            kwh,
            open,
        };
        if recipe.kind != EnpiKind::Value {
            return Ok(Some(day(None, Some(DayObjectiveOpen::ByVariables))));
        }
        let baselines = self.baselines(&site.key, id)?;
        let before = baselines.iter().rev().find(|b| b.to <= since);
        let fits = before.filter(|b| b.recipe.kind == recipe.kind && b.recipe.same_meters(&recipe));
        let today = whole_day(site, now);
        let expected = fits.and_then(|baseline| baseline.expected(&today));
        let kwh = expected
            .map(|kwh| (kwh + adjusted(&enpi.adjustments, &today)) * (1.0 - target_fraction))
            .filter(|kwh| *kwh > 0.0);
        let open = kwh.is_none().then_some(DayObjectiveOpen::NoBaseline);
        Ok(Some(day(kwh, open)))
    }
}

/// Whether an item of the plan is an objective that somebody works on now.
fn holds(item: &PlanItem, now: Timestamp) -> bool {
    let said = &item.said;
    let wanted = matches!(said.state, PlanState::Open | PlanState::Doing);
    said.kind == PlanKind::Objective && wanted && said.since.is_some_and(|since| since <= now)
}

/// Whether a recipe counts exactly the meters whose sum is the site.
fn is_whole_site(recipe: &Recipe, meters: &[EquipmentId]) -> bool {
    let site = Recipe {
        equipment: meters.to_vec(),
        less: Vec::new(),
        ..recipe.clone()
    };
    !meters.is_empty() && recipe.same_meters(&site)
}

/// The day of a moment as a period of which nothing is measured yet.
fn whole_day(site: &Site, now: Timestamp) -> Observation {
    let calendar = site.calendar();
    let start = calendar.bucket_start(now, BucketSize::Day);
    Observation {
        start,
        end: calendar.next_bucket(start, BucketSize::Day),
        energy_kwh: None,
        coverage: 0.0,
        substituted_kwh: 0.0,
        values: Vec::new(),
    }
}
