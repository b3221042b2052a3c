//! *pure* — one device: what a person says of it, checked, and what is stored.

use super::key::Hash;
use crate::base::error::Checks;
use crate::base::{DeviceId, EquipmentId, Metric, Result, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How often a device reports unless somebody says otherwise, s.
const EXPECTED_DEFAULT_S: u32 = 60;
/// Longest expected interval, s: a reading stands for at most an hour in means and energy.
const EXPECTED_MAX_S: u32 = 3_600;

/// A device, as it is stored and shown; its key is neither in it nor beside it, only the hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// The number on its plate, by which it names itself.
    #[schema(example = "CELL-0042")]
    pub serial_number: String,
    /// What people call it.
    pub name: String,
    /// The equipment whose readings it brings.
    pub equipment_id: EquipmentId,
    /// It is offline when nothing came for two of these, s.
    pub expected_interval_s: u32,
    /// What stands before the names of its quantities, for the second device of one equipment:
    /// `rear` makes `rear_temperature`.
    pub metric_prefix: Option<String>,
    /// Whether it is let in.
    pub enabled: bool,
    /// The last characters of its key.
    pub key_hint: String,
    /// When its key was made.
    pub key_made_at: Timestamp,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A device in the data file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    #[serde(flatten)]
    pub(super) shown: Device,
    /// SHA-256 of the key.
    pub(super) key_hash: Hash,
}

/// What is said of a new device.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDevice {
    /// The number on its plate: letters, digits and `. _ : -`; no other device has it.
    #[serde(alias = "serialNumber")]
    #[schema(example = "CELL-0042")]
    pub serial_number: String,
    /// What people call it; its serial number when absent.
    #[serde(default)]
    pub name: Option<String>,
    /// The equipment whose readings it brings.
    #[serde(alias = "equipmentId")]
    pub equipment_id: EquipmentId,
    /// How often it reports, s; a minute when absent.
    #[serde(default = "expected_default")]
    #[schema(minimum = 1, maximum = 3600, default = 60)]
    pub expected_interval_s: u32,
    /// What stands before the names of its quantities.
    #[serde(default)]
    #[schema(example = "rear")]
    pub metric_prefix: Option<String>,
}

/// A change of a device: what is absent stays.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceChange {
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The equipment whose readings it brings from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equipment_id: Option<EquipmentId>,
    /// How often it reports, s.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 3600)]
    pub expected_interval_s: Option<u32>,
    /// What stands before the names of its quantities; empty for nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric_prefix: Option<String>,
    /// Whether it is let in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

const fn expected_default() -> u32 {
    EXPECTED_DEFAULT_S
}

impl NewDevice {
    /// How often a device reports unless somebody says otherwise, s.
    pub const INTERVAL_S: u32 = EXPECTED_DEFAULT_S;
}

impl Device {
    /// A new device from checked input; `equipment_exists` is known by the registry.
    pub(super) fn new(
        input: NewDevice,
        key_hint: String,
        equipment_exists: bool,
        now: Timestamp,
    ) -> Result<Self> {
        let serial_number = input.serial_number.trim().to_owned();
        let name = input.name.map(|name| name.trim().to_owned());
        let device = Self {
            id: DeviceId::new(),
            name: name
                .filter(|name| !name.is_empty())
                .unwrap_or_else(|| serial_number.clone()),
            serial_number,
            equipment_id: input.equipment_id,
            expected_interval_s: input.expected_interval_s,
            metric_prefix: tidy(input.metric_prefix),
            enabled: true,
            key_hint,
            key_made_at: now,
            created_at: now,
            updated_at: now,
        };
        device.check(equipment_exists)?;
        Ok(device)
    }

    /// This device with a change.
    pub(super) fn with(
        &self,
        change: DeviceChange,
        equipment_exists: bool,
        now: Timestamp,
    ) -> Result<Self> {
        let old = self.clone();
        let changed = Self {
            name: change.name.map_or(old.name, |name| name.trim().to_owned()),
            equipment_id: change.equipment_id.unwrap_or(old.equipment_id),
            expected_interval_s: change
                .expected_interval_s
                .unwrap_or(old.expected_interval_s),
            metric_prefix: match change.metric_prefix {
                Some(prefix) => tidy(Some(prefix)),
                None => old.metric_prefix,
            },
            enabled: change.enabled.unwrap_or(old.enabled),
            updated_at: now,
            ..old
        };
        changed.check(equipment_exists)?;
        Ok(changed)
    }

    /// How often it reports, ms.
    #[must_use]
    pub const fn interval_ms(&self) -> u32 {
        self.expected_interval_s * 1_000
    }

    fn check(&self, equipment_exists: bool) -> Result<()> {
        let mut checks = Checks::default();
        let serial = &self.serial_number;
        let written = |c: char| c.is_ascii_alphanumeric() || "._:-".contains(c);
        let good = (1..=64).contains(&serial.len()) && serial.chars().all(written);
        checks.require(
            good,
            "serial_number",
            "1 to 64 letters, digits, dots, colons, hyphens or underscores.",
        );
        let length = self.name.chars().count();
        let plain = (1..=120).contains(&length) && !self.name.chars().any(char::is_control);
        checks.require(plain, "name", "A name of 1 to 120 characters.");
        checks.require(
            equipment_exists,
            "equipment_id",
            "There is no such equipment. Add it first.",
        );
        let interval = (1..=EXPECTED_MAX_S).contains(&self.expected_interval_s);
        checks.require(
            interval,
            "expected_interval_s",
            "The interval is 1 to 3600 seconds.",
        );
        let prefix = self.metric_prefix.as_deref();
        let named = prefix.is_none_or(|text| text.len() <= 16 && Metric::new(text).is_ok());
        checks.require(
            named,
            "metric_prefix",
            "1 to 16 characters of a-z, 0-9 and _, starting with a letter.",
        );
        checks.finish()
    }
}

/// The form under which a serial number is looked up: people and labels differ in capitals.
pub(super) fn folded(serial_number: &str) -> String {
    serial_number.to_ascii_lowercase()
}

fn tidy(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().trim_end_matches('_').to_owned())
        .filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn device(input: serde_json::Value, exists: bool) -> Result<Device> {
        let input = serde_json::from_value(input).unwrap();
        Device::new(input, String::new(), exists, Timestamp::from_ms(0))
    }

    #[test]
    fn a_device_is_named_after_its_plate_unless_somebody_names_it() {
        let equipment = EquipmentId::new();
        let made = device(
            json!({ "serialNumber": " C-1 ", "equipment_id": equipment }),
            true,
        );
        let made = made.unwrap();
        assert_eq!(
            (made.serial_number.as_str(), made.name.as_str()),
            ("C-1", "C-1")
        );
        assert_eq!((made.interval_ms(), made.enabled), (60_000, true));
    }

    #[test]
    fn every_refused_field_is_named() {
        let input = json!({ "serial_number": "plant/1", "name": "\u{7}", "metric_prefix": "Rear",
            "equipment_id": EquipmentId::new(), "expected_interval_s": 3601 });
        let refused = device(input, false).unwrap_err();
        let paths: Vec<_> = refused.fields.iter().map(|f| f.path.as_str()).collect();
        let all = [
            "serial_number",
            "name",
            "equipment_id",
            "expected_interval_s",
            "metric_prefix",
        ];
        assert_eq!(paths, all);
    }

    #[test]
    fn an_empty_prefix_clears_it() {
        let input = json!({ "serial_number": "C-1", "equipment_id": EquipmentId::new(),
            "metric_prefix": "rear_" });
        let made = device(input, true).unwrap();
        assert_eq!(made.metric_prefix.as_deref(), Some("rear"));
        let change = DeviceChange {
            metric_prefix: Some(String::new()),
            ..DeviceChange::default()
        };
        let changed = made.with(change, true, Timestamp::from_ms(1)).unwrap();
        assert_eq!(changed.metric_prefix, None);
    }
}
