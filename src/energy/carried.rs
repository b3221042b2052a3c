//! Tariffs as a file carries them, with every version that was ever entered.

use super::tariff::Rules;
use super::tariffs::{NewVersion, TARIFFS, TARIFFS_MAX, Tariff, Version, checked_name, put};
use crate::base::error::Checks;
use crate::base::{Error, Result, TariffId, Timestamp};
use crate::store::audit::{self, Actor};
use crate::store::{Transaction, View};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A tariff as a file carries it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CarriedTariff {
    /// Its id.
    pub id: TariffId,
    /// Key of the site.
    pub site: String,
    /// Its name.
    pub name: String,
    /// Whether the site buys by it.
    pub in_use: bool,
    /// Its versions in the order in which they were entered.
    pub version: Vec<CarriedVersion>,
}

/// A version as a file carries it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CarriedVersion {
    /// Its first day on the clock of the site.
    pub valid_from: String,
    /// Its last day; open when absent.
    pub valid_to: Option<String>,
    /// Where the rules come from.
    pub source: String,
    /// When it was entered.
    pub entered_at: Timestamp,
    /// By whom.
    pub entered_by: String,
    /// The rules.
    pub rules: Rules,
}

impl CarriedTariff {
    fn of(tariff: &Tariff) -> Self {
        let version = |version: &Version| CarriedVersion {
            valid_from: version.valid_from.clone(),
            valid_to: version.valid_to.clone(),
            source: version.source.clone(),
            entered_at: version.entered_at,
            entered_by: version.entered_by.clone(),
            rules: version.rules.clone(),
        };
        Self {
            id: tariff.id,
            site: tariff.site.clone(),
            name: tariff.name.clone(),
            in_use: tariff.in_use,
            version: tariff.versions.iter().map(version).collect(),
        }
    }

    fn checked(self, sites: &BTreeSet<String>, now: Timestamp) -> Result<Tariff> {
        let mut checks = Checks::default();
        checks.require(sites.contains(&self.site), "site", "There is no such site.");
        let name = checks.merge("", checked_name(&self.name))?;
        let mut tariff = Tariff {
            id: self.id,
            site: self.site,
            name: name.unwrap_or_default(),
            in_use: self.in_use,
            versions: Vec::new(),
            revision: 1,
            created_at: now,
            updated_at: now,
        };
        checks.require(
            !self.version.is_empty(),
            "version",
            "A tariff has at least one version.",
        );
        for (number, version) in self.version.into_iter().enumerate() {
            let (at, by) = (version.entered_at, version.entered_by);
            let new = NewVersion {
                valid_from: version.valid_from,
                valid_to: version.valid_to,
                source: version.source,
                rules: version.rules,
            };
            // It names its fields as those of `version`, which is one of several here.
            let entered = tariff.add(new, at, &by).map_err(|mut error| {
                for field in &mut error.fields {
                    field.path = field
                        .path
                        .replacen("version", &format!("version.{number}"), 1);
                }
                error
            });
            checks.merge("", entered)?;
        }
        checks.finish()?;
        Ok(tariff)
    }
}

/// The tariffs, by site and name.
///
/// # Errors
/// When the data file cannot be read.
pub fn carried_tariffs(view: &impl View) -> Result<Vec<CarriedTariff>> {
    let mut all: Vec<_> = TARIFFS.all(view)?.iter().map(CarriedTariff::of).collect();
    all.sort_by_key(|one| (one.site.clone(), one.name.to_lowercase(), one.id));
    Ok(all)
}

/// Takes tariffs over in the caller's transaction. How many were added and changed.
///
/// # Errors
/// Every refused field, by the number of the tariff; a disk that refuses.
pub fn take_tariffs_over(
    transaction: &Transaction<'_>,
    carried: Vec<CarriedTariff>,
    sites: &BTreeSet<String>,
    (actor, now): (&Actor, Timestamp),
) -> Result<(usize, usize)> {
    let stored = TARIFFS.all(transaction)?;
    let mut all: BTreeMap<_, _> = stored.into_iter().map(|one| (one.id, one)).collect();
    let (mut checks, mut seen) = (Checks::default(), BTreeSet::new());
    let (mut added, mut changed) = (0, 0);
    for (number, one) in carried.into_iter().enumerate() {
        let path = format!("{number}.");
        checks.require(
            seen.insert(one.id),
            &format!("{path}id"),
            "Another one has this id.",
        );
        let Some(mut tariff) = checks.merge(&path, one.checked(sites, now))? else {
            continue;
        };
        let (action, details) = match all.get(&tariff.id) {
            Some(old) if CarriedTariff::of(old) == CarriedTariff::of(&tariff) => continue,
            Some(old) => {
                tariff.revision = old.revision + 1;
                tariff.created_at = old.created_at;
                changed += 1;
                ("tariff.version", audit::changed_fields(old, &tariff))
            }
            None => {
                added += 1;
                let details = serde_json::json!({ "tariff": tariff });
                ("tariff.create", details)
            }
        };
        put(transaction, &tariff, (action, actor), details)?;
        all.insert(tariff.id, tariff);
    }
    checks.finish()?;
    if all.len() > TARIFFS_MAX {
        let sentence = format!("The appliance holds {TARIFFS_MAX} tariffs at most.");
        return Err(Error::conflict(sentence));
    }
    Ok((added, changed))
}
