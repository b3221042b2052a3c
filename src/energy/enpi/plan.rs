//! What is planned and done: objectives, significant energy uses, actions and measures
//! (ISO 50001:2018, 6.2 and 6.3), as plain records with an owner and a due date.

use super::record::text;
use super::savings::Savings;
use super::service::Enpis;
use crate::base::error::Checks;
use crate::base::{EnpiId, EquipmentId, Error, PlanId, Result, TimeRange, Timestamp};
use crate::site::Site;
use crate::store::audit::{self, Actor};
use crate::store::table::Table;
use crate::store::{Transaction, View};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

const PLAN: Table<PlanItem> = Table::new("energy_plan", 1);
/// Most items of one appliance.
const ITEMS_MAX: usize = 5_000;

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlanKind {
    /// A target of an indicator.
    Objective,
    /// Equipment or a process that uses much, or could use much less.
    SignificantUse,
    /// Something to be done.
    Action,
    /// Something that was done, whose savings are computed.
    Measure,
}

/// How far an item is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlanState {
    /// Not begun.
    #[default]
    Open,
    /// Under way.
    Doing,
    /// Done.
    Done,
    /// Given up.
    Dropped,
}

/// What a person says of an item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPlanItem {
    /// What it is.
    pub kind: PlanKind,
    /// What people call it.
    pub name: String,
    /// Why, how, and what was decided.
    #[serde(default)]
    pub note: String,
    /// Who looks after it.
    #[serde(default)]
    pub owner: String,
    /// When it should be done.
    #[serde(default)]
    pub due: Option<Timestamp>,
    /// How far it is.
    #[serde(default)]
    pub state: PlanState,
    /// The indicator that it is about; objectives and measures need one.
    #[serde(default)]
    pub enpi_id: Option<EnpiId>,
    /// The equipment that it is about.
    #[serde(default)]
    pub equipment: Vec<EquipmentId>,
    /// From when an objective counts, or a measure works.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// What an objective wants to save, by what the baseline expects: 0.05 is five percent.
    #[serde(default)]
    pub target_fraction: Option<f64>,
    /// What is hoped for, kWh a year.
    #[serde(default)]
    pub expected_kwh_per_year: Option<f64>,
}

/// An item of the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlanItem {
    /// Its id.
    pub id: PlanId,
    /// Key of its site.
    pub site: String,
    /// What was said of it.
    #[serde(flatten)]
    pub said: NewPlanItem,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// What came of an objective or a measure.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PlanProgress {
    /// Version of the baseline that says what would have been used.
    pub baseline: u32,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// What was saved.
    pub savings: Savings,
    /// What the objective wants, by expected.
    pub target_fraction: Option<f64>,
    /// Whether it is reached so far; `null` without a target or savings.
    pub reached: Option<bool>,
    /// Periods that do not count.
    pub left_out: usize,
}

impl NewPlanItem {
    fn check(&self) -> Result<()> {
        let mut checks = Checks::default();
        text(&mut checks, "name", &self.name, 200);
        checks.require(
            self.note.chars().count() <= 4_000,
            "note",
            "At most 4000 characters.",
        );
        checks.require(
            self.owner.chars().count() <= 120,
            "owner",
            "At most 120 characters.",
        );
        checks.require(self.equipment.len() <= 200, "equipment", "At most 200.");
        let counted = matches!(self.kind, PlanKind::Objective | PlanKind::Measure);
        if counted {
            checks.require(self.enpi_id.is_some(), "enpi_id", "Say by which indicator.");
            checks.require(self.since.is_some(), "since", "Say from when it counts.");
        }
        let in_order = self
            .due
            .zip(self.since)
            .is_none_or(|(due, since)| due > since);
        checks.require(in_order, "due", "It has to be due after it begins.");
        let target = self.target_fraction;
        checks.require(
            target.map_or(self.kind != PlanKind::Objective, |t| {
                (-1.0..1.0).contains(&t)
            }),
            "target_fraction",
            "An objective has a target below 1: 0.05 is five percent.",
        );
        let hoped = self.expected_kwh_per_year;
        checks.require(
            hoped.is_none_or(|kwh| kwh.is_finite() && kwh.abs() < 1e12),
            "expected_kwh_per_year",
            "A number of kWh.",
        );
        checks.finish()
    }
}

impl Enpis {
    /// The items of a site, those that are due first. Reads the disk.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn plan(&self, site: &str) -> Result<Vec<PlanItem>> {
        let mut all = PLAN.all(&self.store.read()?)?;
        all.retain(|item| item.site == site);
        all.sort_by_key(|item| (item.said.due.is_none(), item.said.due, item.id));
        Ok(all)
    }

    fn check_item(&self, said: &NewPlanItem, site: &str) -> Result<()> {
        said.check()?;
        for id in &said.equipment {
            self.check_one("equipment", *id, site)?;
        }
        if let Some(id) = said.enpi_id {
            let none = |_| Error::invalid("enpi_id", format!("There is no indicator {id}."));
            self.one(site, id).map_err(none)?;
        }
        Ok(())
    }

    /// Makes an item.
    ///
    /// # Errors
    /// Every refused field; too many; a disk that refuses.
    pub async fn add_to_plan(
        &self,
        said: NewPlanItem,
        site: &str,
        actor: Actor,
    ) -> Result<PlanItem> {
        self.check_item(&said, site)?;
        let now = self.clock.now();
        let item = PlanItem {
            id: PlanId::new(),
            site: site.to_owned(),
            said,
            created_at: now,
            updated_at: now,
        };
        let write = move |transaction: &Transaction<'_>| {
            if PLAN.all(transaction)?.len() >= ITEMS_MAX {
                let sentence = format!("The plan holds {ITEMS_MAX} items at most.");
                return Err(Error::conflict(sentence));
            }
            PLAN.put(transaction, item.id.as_bytes(), &item)?;
            let details = json!({ "item": item });
            audit::append(
                transaction,
                now,
                &actor,
                "energy_plan.create",
                audit::about(&resource(item.id)).of(&item.site),
                details,
            )?;
            Ok(item)
        };
        self.store.write(write).await
    }

    /// Says an item anew.
    ///
    /// # Errors
    /// When there is none there; every refused field; a disk that refuses.
    pub async fn change_plan(
        &self,
        site: &str,
        id: PlanId,
        said: NewPlanItem,
        actor: Actor,
    ) -> Result<PlanItem> {
        self.check_item(&said, site)?;
        let (now, site) = (self.clock.now(), site.to_owned());
        let write = move |transaction: &Transaction<'_>| {
            let before = item_in(transaction, &site, id)?;
            let after = PlanItem {
                said,
                updated_at: now,
                ..before.clone()
            };
            PLAN.put(transaction, id.as_bytes(), &after)?;
            let details = audit::changed_fields(&before, &after);
            audit::append(
                transaction,
                now,
                &actor,
                "energy_plan.update",
                audit::about(&resource(id)).of(&site),
                details,
            )?;
            Ok(after)
        };
        self.store.write(write).await
    }

    /// Deletes an item.
    ///
    /// # Errors
    /// When there is none there; when the disk refuses.
    pub async fn delete_from_plan(&self, site: &str, id: PlanId, actor: Actor) -> Result<()> {
        let (now, site) = (self.clock.now(), site.to_owned());
        let write = move |transaction: &Transaction<'_>| {
            let item = item_in(transaction, &site, id)?;
            PLAN.remove(transaction, id.as_bytes())?;
            let details = json!({ "item": item });
            audit::append(
                transaction,
                now,
                &actor,
                "energy_plan.delete",
                audit::about(&resource(id)).of(&site),
                details,
            )
        };
        self.store.write(write).await
    }

    /// What came of an objective or a measure, up to now, against the newest baseline that ended
    /// before it began. Reads the disk.
    ///
    /// # Errors
    /// When there is no such item; when it has nothing to be counted by.
    pub fn progress(&self, site: &Site, id: PlanId) -> Result<PlanProgress> {
        self.progress_until(site, id, self.clock.now())
    }

    /// The same up to an instant.
    ///
    /// # Errors
    /// As [`Enpis::progress`].
    pub fn progress_until(
        &self,
        site: &Site,
        id: PlanId,
        until: Timestamp,
    ) -> Result<PlanProgress> {
        let item = item_in(&self.store.read()?, &site.key, id)?;
        let (Some(enpi), Some(since)) = (item.said.enpi_id, item.said.since) else {
            let sentence = "Only an item with an indicator and a beginning can be counted.";
            return Err(Error::conflict(sentence));
        };
        let mut baselines = self.baselines(&site.key, enpi)?.into_iter().rev();
        let before = baselines
            .find(|baseline| baseline.to <= since)
            .ok_or_else(|| {
                let sentence = "No baseline of its indicator ended before it began. Make one.";
                Error::conflict(sentence)
            })?;
        if until <= since {
            return Err(Error::conflict("It has not begun yet."));
        }
        let range = TimeRange::new(since, until)?;
        let evaluation = self.evaluate(site, enpi, range, Some(before.version))?;
        let unknown = || Error::internal("An evaluation against a baseline has no savings.");
        let savings = evaluation.savings.ok_or_else(unknown)?;
        let target = item.said.target_fraction;
        Ok(PlanProgress {
            baseline: before.version,
            from: since,
            to: until,
            reached: target
                .zip(savings.saved_fraction)
                .map(|(want, have)| have >= want),
            target_fraction: target,
            left_out: evaluation.left_out,
            savings,
        })
    }
}

fn item_in(view: &impl View, site: &str, id: PlanId) -> Result<PlanItem> {
    let found = PLAN.get(view, id.as_bytes())?;
    let here = found.filter(|item| item.site == site);
    here.ok_or_else(|| Error::not_found("plan item", id))
}

fn resource(id: PlanId) -> String {
    format!("energy_plan/{id}")
}
