//! What people set up, as one readable file (TOML): sites with their logos, own profiles, equipment, alert rules,
//! tariffs, users.
//!
//! Promises: what goes out comes in the same; a file is taken whole or refused whole, each refused
//! field with its place and line; no password, key or token is in it, and none is changed by it. What a
//! file does not name stays. Will not do: carry readings, photos, outlets or keys; that is a backup.

mod read;
#[cfg(test)]
mod tests;
mod write;

pub use read::read;
pub use write::write;

use crate::alerts::{CarriedRule, carried_rules, take_rules_over};
use crate::auth::{CarriedUser, carried_users, take_users_over};
use crate::base::{Error, FieldError, Result, Timestamp};
use crate::energy::{CarriedTariff, carried_tariffs, take_tariffs_over};
use crate::equipment::{
    CarriedEquipment, ProfileFile, carried_equipment, carried_profiles, take_equipment_over,
    take_profiles_over,
};
use crate::site::{
    CarriedLogo, NewSite, carried_logos, carried_sites, take_logos_over, take_sites_over,
};
use crate::store::audit::{self, Actor};
use crate::store::{Transaction, View};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The format of the file.
const FORMAT: i64 = 1;
/// Largest file, bytes: some thousand devices and rules with notes.
pub const FILE_MAX: usize = 16 << 20;

/// What people set up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Blueprint {
    /// Plants.
    pub sites: Vec<NewSite>,
    /// Their logos.
    pub logos: Vec<CarriedLogo>,
    /// Profiles that people added.
    pub profiles: Vec<ProfileFile>,
    /// Meters and machines.
    pub equipment: Vec<CarriedEquipment>,
    /// Alert rules.
    pub rules: Vec<CarriedRule>,
    /// Tariffs.
    pub tariffs: Vec<CarriedTariff>,
    /// Users, without what lets them in.
    pub users: Vec<CarriedUser>,
    /// In which line of the file each entry begins: `equipment.3`.
    lines: BTreeMap<String, usize>,
}

/// How many of a kind were added and changed; the others were so already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Taken {
    /// How many the file names.
    pub named: usize,
    /// How many are new.
    pub added: usize,
    /// How many were otherwise before.
    pub changed: usize,
}

/// What a file changed, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct TakenOver {
    /// Plants.
    pub site: Taken,
    /// Own profiles.
    pub profile: Taken,
    /// Meters and machines.
    pub equipment: Taken,
    /// Alert rules.
    pub alert_rule: Taken,
    /// Tariffs.
    pub tariff: Taken,
    /// Users.
    pub user: Taken,
}

impl TakenOver {
    /// Whether anything is new or otherwise.
    #[must_use]
    pub fn is_change(&self) -> bool {
        let all = [
            self.site,
            self.profile,
            self.equipment,
            self.alert_rule,
            self.tariff,
            self.user,
        ];
        all.iter().any(|taken| taken.added + taken.changed > 0)
    }
}

impl Blueprint {
    /// What is set up here.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn of(view: &impl View) -> Result<Self> {
        Ok(Self {
            sites: carried_sites(view)?,
            logos: carried_logos(view)?,
            profiles: carried_profiles(view)?,
            equipment: carried_equipment(view)?,
            rules: carried_rules(view)?,
            tariffs: carried_tariffs(view)?,
            users: carried_users(view)?,
            lines: BTreeMap::new(),
        })
    }

    /// Takes it over in the caller's transaction, with an entry in the audit log for each thing that
    /// changed. The appliance has to start anew before all of it is at work.
    ///
    /// # Errors
    /// Every refused field of the first kind of which one is refused, with its line; then the
    /// transaction is to be given up.
    pub fn take_over(
        self,
        transaction: &Transaction<'_>,
        (actor, now): (&Actor, Timestamp),
    ) -> Result<TakenOver> {
        let by = (actor, now);
        let lines = &self.lines;
        let placed = |kind: &'static str| move |error: Error| placed(error, kind, lines);
        let count = |named, (added, changed)| Taken {
            named,
            added,
            changed,
        };
        let mut all = TakenOver::default();

        let named = self.sites.len();
        let mut taken = take_sites_over(transaction, self.sites, by).map_err(placed("site"))?;
        let logos = take_logos_over(transaction, self.logos, by).map_err(placed("logo"))?;
        taken.changed.extend(logos);
        let changed = taken.changed.difference(&taken.added).count();
        all.site = count(named, (taken.added.len(), changed));
        let sites = taken.keys;

        let named = self.profiles.len();
        let (profiles, added, changed) =
            take_profiles_over(transaction, self.profiles, by).map_err(placed("profile"))?;
        all.profile = count(named, (added, changed));

        let named = self.equipment.len();
        let taken = take_equipment_over(transaction, self.equipment, (&profiles, &sites), by);
        all.equipment = count(named, taken.map_err(placed("equipment"))?);

        let here = carried_equipment(transaction)?;
        let sites_of = here.into_iter().map(|(id, site, _)| (id, site)).collect();
        let named = self.rules.len();
        let taken = take_rules_over(transaction, self.rules, &sites_of, by);
        all.alert_rule = count(named, taken.map_err(placed("alert_rule"))?);

        let named = self.tariffs.len();
        let taken = take_tariffs_over(transaction, self.tariffs, &sites, by);
        all.tariff = count(named, taken.map_err(placed("tariff"))?);

        let named = self.users.len();
        let taken = take_users_over(transaction, self.users, &sites, by);
        all.user = count(named, taken.map_err(placed("user"))?);

        let details = serde_json::to_value(all).unwrap_or_default();
        let action = "configuration.import";
        audit::append(transaction, now, actor, action, "appliance", details)?;
        Ok(all)
    }
}

/// A refusal with the places that the file has: the kind in front of each path, the line behind each
/// sentence.
fn placed(error: Error, kind: &str, lines: &BTreeMap<String, usize>) -> Error {
    if error.fields.is_empty() {
        return error;
    }
    let fields = error.fields.into_iter().map(|field| {
        let number = field.path.split('.').next().unwrap_or_default();
        let line = lines.get(&format!("{kind}.{number}"));
        let message = match line {
            Some(line) => format!("{} (the entry begins in line {line})", field.message),
            None => field.message,
        };
        FieldError {
            path: format!("{kind}.{}", field.path),
            message,
        }
    });
    Error::invalid_fields(fields.collect())
}
