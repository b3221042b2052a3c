//! *pure* — one piece of equipment: what a person says of it, checked, and what is stored.

use super::file_kind::FileKind;
use super::profile::Profiles;
use super::source::ModbusSource;
use crate::base::error::Checks;
use crate::base::time::parse_date;
use crate::base::{EquipmentId, Result, Timestamp};
use crate::store::BlobHash;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// Most bytes of the free `specs` object.
const SPECS_MAX: usize = 16 << 10;

/// What a person decided about a piece of equipment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdminStatus {
    /// In use; whether it is online follows from its readings.
    #[default]
    #[serde(alias = "online", alias = "offline")]
    Active,
    /// Being worked on: polled, shown as such.
    Maintenance,
    /// Out of use: not polled; may be deleted.
    Decommissioned,
}

/// How a piece of equipment is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It answered within two poll intervals.
    Online,
    /// It did not.
    Offline,
    /// It is being worked on.
    Maintenance,
    /// It is out of use.
    Decommissioned,
}

impl Status {
    /// What is shown, from the decision of a person and the readings.
    #[must_use]
    pub const fn of(admin: AdminStatus, online: bool) -> Self {
        match (admin, online) {
            (AdminStatus::Maintenance, _) => Self::Maintenance,
            (AdminStatus::Decommissioned, _) => Self::Decommissioned,
            (AdminStatus::Active, true) => Self::Online,
            (AdminStatus::Active, false) => Self::Offline,
        }
    }
}

/// A meter or machine, as stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Equipment {
    /// Its id.
    pub id: EquipmentId,
    /// Key of its site.
    pub site: String,
    /// Its name.
    pub name: String,
    /// What kind of thing it is: `Energy meter`, `Chiller`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its model.
    pub model: String,
    /// The number on its plate.
    pub serial_number: Option<String>,
    /// The day it was installed, `2024-05-01`.
    pub install_date: String,
    /// Where it stands.
    pub location: Option<String>,
    /// What a person decided about it.
    pub admin_status: AdminStatus,
    /// Whether its power and energy count in the totals of the site.
    pub in_site_total: bool,
    /// Anything else; `capacity_kw` gives the load percentage.
    pub specs: serde_json::Map<String, serde_json::Value>,
    /// How it is polled; `null` for equipment without a connection.
    pub modbus: Option<ModbusSource>,
    /// How it looks; records of earlier versions have none.
    #[serde(default)]
    pub photo: Option<Photo>,
    /// Counts the changes.
    pub revision: u64,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was deleted; its history stays.
    pub deleted_at: Option<Timestamp>,
}

/// How equipment looks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Photo {
    /// Name of its file.
    pub hash: BlobHash,
    /// JPG or PNG.
    pub kind: FileKind,
    /// Its size, bytes.
    pub bytes: u64,
}

/// What is said of new equipment.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEquipment {
    /// Its name.
    #[schema(example = "Main compressor")]
    pub name: String,
    /// What kind of thing it is.
    #[serde(rename = "type")]
    #[schema(example = "Compressor")]
    pub kind: String,
    /// Its model.
    #[schema(example = "GA 75")]
    pub model: String,
    /// The day it was installed.
    #[schema(example = "2024-05-01")]
    pub install_date: String,
    /// The number on its plate.
    #[serde(default)]
    pub serial_number: Option<String>,
    /// Where it stands.
    #[serde(default)]
    pub location: Option<String>,
    /// `active` unless said otherwise.
    #[serde(default)]
    pub status: AdminStatus,
    /// Whether it counts in the totals of the site; not for a sub-meter behind a counted meter.
    #[serde(default = "yes")]
    pub in_site_total: bool,
    /// Anything else; `capacity_kw` gives the load percentage.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub specs: serde_json::Map<String, serde_json::Value>,
    /// How it is polled.
    #[serde(default)]
    pub modbus: Option<ModbusSource>,
}

/// A change of equipment: what is absent stays; `null` clears what may be empty.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EquipmentChange {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What kind of thing it is.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Its model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The day it was installed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install_date: Option<String>,
    /// The number on its plate.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>)]
    pub serial_number: Option<Option<String>>,
    /// Where it stands.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>)]
    pub location: Option<Option<String>>,
    /// What a person decides about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<AdminStatus>,
    /// Whether it counts in the totals of the site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_site_total: Option<bool>,
    /// Anything else, as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub specs: Option<serde_json::Map<String, serde_json::Value>>,
    /// How it is polled, as a whole.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<ModbusSource>)]
    pub modbus: Option<Option<ModbusSource>>,
}

const fn yes() -> bool {
    true
}

/// Tells a field that is `null` from one that is absent.
fn present<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}

impl Equipment {
    /// Whether it is read with this profile.
    #[must_use]
    pub fn uses(&self, profile: &str) -> bool {
        let source = self.modbus.as_ref();
        source.is_some_and(|source| source.profile.as_deref() == Some(profile))
    }

    /// New equipment from checked input.
    ///
    /// # Errors
    /// Every refused field.
    pub fn new(
        input: NewEquipment,
        site: &str,
        profiles: &Profiles,
        now: Timestamp,
    ) -> Result<Self> {
        let equipment = Self {
            id: EquipmentId::new(),
            site: site.to_owned(),
            name: input.name.trim().to_owned(),
            kind: input.kind.trim().to_owned(),
            model: input.model.trim().to_owned(),
            serial_number: tidy(input.serial_number),
            install_date: input.install_date,
            location: tidy(input.location),
            admin_status: input.status,
            in_site_total: input.in_site_total,
            specs: input.specs,
            modbus: input.modbus,
            photo: None,
            revision: 1,
            created_at: now,
            updated_at: now,
            deleted_at: None,
        };
        equipment.check(profiles)?;
        Ok(equipment)
    }

    /// This equipment with a change.
    ///
    /// # Errors
    /// Every refused field.
    pub fn with(
        &self,
        change: EquipmentChange,
        profiles: &Profiles,
        now: Timestamp,
    ) -> Result<Self> {
        let old = self.clone();
        let trimmed = |text: Option<String>, old: String| text.map_or(old, |t| t.trim().to_owned());
        let changed = Self {
            name: trimmed(change.name, old.name),
            kind: trimmed(change.kind, old.kind),
            model: trimmed(change.model, old.model),
            install_date: change.install_date.unwrap_or(old.install_date),
            serial_number: change.serial_number.map_or(old.serial_number, tidy),
            location: change.location.map_or(old.location, tidy),
            admin_status: change.status.unwrap_or(old.admin_status),
            in_site_total: change.in_site_total.unwrap_or(old.in_site_total),
            specs: change.specs.unwrap_or(old.specs),
            modbus: change.modbus.unwrap_or(old.modbus),
            revision: old.revision + 1,
            updated_at: now,
            id: old.id,
            site: old.site,
            photo: old.photo,
            created_at: old.created_at,
            deleted_at: old.deleted_at,
        };
        changed.check(profiles)?;
        Ok(changed)
    }

    /// Rated power, kW, if the specs name one above zero.
    #[must_use]
    pub fn capacity_kw(&self) -> Option<f64> {
        let capacity = self.specs.get("capacity_kw")?;
        let number = capacity
            .as_f64()
            .or_else(|| capacity.as_str()?.parse().ok())?;
        (number > 0.0 && number.is_finite()).then_some(number)
    }

    fn check(&self, profiles: &Profiles) -> Result<()> {
        let mut checks = Checks::default();
        let text = |text: &str, max: usize| {
            (1..=max).contains(&text.chars().count()) && !text.chars().any(char::is_control)
        };
        checks.require(
            text(&self.name, 120),
            "name",
            "A name of 1 to 120 characters.",
        );
        checks.require(
            text(&self.kind, 60),
            "type",
            "A type of 1 to 60 characters.",
        );
        checks.require(
            text(&self.model, 120),
            "model",
            "A model of 1 to 120 characters.",
        );
        let optional = |value: &Option<String>| value.as_deref().is_none_or(|t| text(t, 120));
        checks.require(
            optional(&self.serial_number),
            "serial_number",
            "At most 120 characters.",
        );
        checks.require(
            optional(&self.location),
            "location",
            "At most 120 characters.",
        );
        checks.merge("", parse_date("install_date", &self.install_date))?;
        let specs_bytes = serde_json::to_vec(&self.specs).map_or(usize::MAX, |json| json.len());
        checks.require(
            specs_bytes <= SPECS_MAX,
            "specs",
            "At most 16 KiB of specs.",
        );
        if let Some(modbus) = &self.modbus {
            checks.merge("", modbus.check(profiles))?;
        }
        checks.finish()
    }
}

fn tidy(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}
