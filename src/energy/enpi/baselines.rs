//! The baselines of an indicator, made once and kept, and its periods beside them.

use super::baseline::{self, Baseline, NewBaseline};
use super::evaluate::{self, Evaluation};
use super::gather::Gather;
use super::record::{EnpiKind, Recipe};
use super::service::{ENPIS, Enpis, one_in, resource};
use crate::base::{EnpiId, Error, Result, TimeRange};
use crate::site::Site;
use crate::store::Transaction;
use crate::store::audit::{self, Actor};
use crate::store::table::Table;
use serde_json::json;

/// Key: id of the indicator, then the version.
const BASELINES: Table<Baseline> = Table::new("enpi_baseline", 1);
/// Most baselines of one indicator.
const BASELINES_MAX: u32 = 100;

impl Enpis {
    /// The baselines of an indicator, oldest first. Reads the disk.
    ///
    /// # Errors
    /// When there is no such indicator.
    pub fn baselines(&self, site: &str, id: EnpiId) -> Result<Vec<Baseline>> {
        let view = self.store.read()?;
        one_in(&view, site, id)?;
        BASELINES.under(&view, id.as_bytes())
    }

    /// One baseline of an indicator. Reads the disk.
    ///
    /// # Errors
    /// When there is none of this version.
    pub fn baseline(&self, site: &str, id: EnpiId, version: u32) -> Result<Baseline> {
        let view = self.store.read()?;
        one_in(&view, site, id)?;
        let found = BASELINES.get(&view, &baseline_key(id, version))?;
        found.ok_or_else(|| Error::not_found("baseline", version))
    }

    /// Computes a baseline; nothing is stored. Reads the disk.
    ///
    /// # Errors
    /// Every refused field; too few periods that count.
    pub fn drafted(&self, site: &Site, id: EnpiId, asked: NewBaseline) -> Result<Baseline> {
        asked.check()?;
        let enpi = self.one(&site.key, id)?;
        // A period that is cut off at the end would count as a small one.
        let to = site
            .calendar()
            .bucket_start(asked.to, enpi.recipe.period.bucket());
        let range = TimeRange::new(asked.from, to)?;
        let recipe = self.resolved(site, &enpi.recipe)?;
        let observations = self.gather(site).observations(&recipe, range)?;
        let mut baseline = baseline::make(&recipe, asked, observations, self.clock.now())?;
        baseline.enpi_id = id;
        Ok(baseline)
    }

    /// Stores a computed baseline as the next version.
    ///
    /// # Errors
    /// When the recipe changed meanwhile; when there are too many; when the disk refuses.
    pub async fn keep_baseline(
        &self,
        site: &str,
        mut baseline: Baseline,
        actor: Actor,
    ) -> Result<Baseline> {
        let (now, site) = (self.clock.now(), site.to_owned());
        let write = move |transaction: &Transaction<'_>| {
            let mut enpi = one_in(transaction, &site, baseline.enpi_id)?;
            if enpi.recipe != baseline.recipe.as_said() {
                let sentence = "The indicator was changed meanwhile. Compute the baseline again.";
                return Err(Error::conflict(sentence));
            }
            if enpi.baseline >= BASELINES_MAX {
                let sentence = format!("An indicator has {BASELINES_MAX} baselines at most.");
                return Err(Error::conflict(sentence));
            }
            enpi.baseline += 1;
            enpi.updated_at = now;
            baseline.version = enpi.baseline;
            baseline.by.clone_from(&actor.name);
            baseline.at = now;
            ENPIS.put(transaction, enpi.id.as_bytes(), &enpi)?;
            BASELINES.put(
                transaction,
                &baseline_key(enpi.id, baseline.version),
                &baseline,
            )?;
            let details = json!({ "version": baseline.version, "from": baseline.from,
                "to": baseline.to, "data_hash": baseline.data_hash, "note": baseline.note,
                "r2": baseline.model.quality.r2 });
            audit::append(
                transaction,
                now,
                &actor,
                "enpi.baseline",
                audit::about(&resource(enpi.id)).of(&enpi.site),
                details,
            )?;
            // As it will be read from now on: JSON may change the last bit of a number.
            let stored = BASELINES.get(transaction, &baseline_key(enpi.id, baseline.version))?;
            stored.ok_or_else(|| Error::internal("The baseline was not stored."))
        };
        self.store.write(write).await
    }

    /// The periods of a range beside a baseline, the newest unless a version is named. Reads the
    /// disk.
    ///
    /// # Errors
    /// When there is no such indicator or version; when the range has too many periods.
    pub fn evaluate(
        &self,
        site: &Site,
        id: EnpiId,
        range: TimeRange,
        version: Option<u32>,
    ) -> Result<Evaluation> {
        let (enpi, now) = (self.one(&site.key, id)?, self.clock.now());
        let range = TimeRange::new(range.from, range.to)?;
        let version = version.unwrap_or(enpi.baseline);
        if version == 0 {
            let recipe = self.resolved(site, &enpi.recipe)?;
            let observations = self.gather(site).observations(&recipe, range)?;
            let (kind, unit) = (enpi.recipe.kind, unit_of(&enpi.recipe));
            return Ok(evaluate::bare(
                kind,
                unit,
                enpi.recipe.coverage_min,
                observations,
                now,
            ));
        }
        let baseline = self.baseline(&site.key, id, version)?;
        let observations = self.gather(site).observations(&baseline.recipe, range)?;
        let unit = unit_of(&baseline.recipe);
        let adjustments = &enpi.adjustments;
        let mut evaluation = evaluate::against(&baseline, adjustments, unit, observations, now);
        let meters_now = self.resolved(site, &baseline.recipe);
        evaluation.boundary_changed =
            !meters_now.is_ok_and(|recipe| recipe.same_meters(&baseline.recipe));
        Ok(evaluation)
    }

    fn gather<'a>(&'a self, site: &'a Site) -> Gather<'a> {
        Gather {
            tsdb: &self.tsdb,
            store: &self.store,
            calendar: site.calendar(),
            site: &site.key,
        }
    }
}

fn baseline_key(id: EnpiId, version: u32) -> Vec<u8> {
    [id.as_bytes().as_slice(), &version.to_be_bytes()].concat()
}

/// The unit in which an indicator is told.
fn unit_of(recipe: &Recipe) -> String {
    match (recipe.kind, recipe.variables.first()) {
        (EnpiKind::Value, _) => "kWh/d".to_owned(),
        (EnpiKind::Ratio, Some(variable)) => format!("kWh/{}", variable.unit),
        _ => "1".to_owned(),
    }
}
