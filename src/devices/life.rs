//! *pure* — what is known of the life of a device: when it was last heard of, and its battery.

use super::record::Device;
use crate::base::Timestamp;
use crate::live::fresh_for_ms;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a device is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PushDeviceStatus)]
pub enum DeviceStatus {
    /// It was heard of within two of its intervals.
    Online,
    /// It was not.
    Offline,
    /// It was never heard of.
    Never,
    /// It is not let in.
    Disabled,
}

/// What a device told of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = DeviceLife)]
pub struct Life {
    /// When it was last heard of with its key, or through the broker.
    pub last_seen_at: Option<Timestamp>,
    /// The newest instant of its readings.
    pub last_reading_at: Option<Timestamp>,
    /// Its battery, percent, as of its newest reading that told it.
    pub battery_level: Option<f64>,
    /// Its firmware, as it told.
    pub firmware_version: Option<String>,
    /// When somebody last used its serial number with a wrong key.
    #[serde(default)]
    pub wrong_key_at: Option<Timestamp>,
}

impl Life {
    /// How the device of this life is doing.
    #[must_use]
    pub fn status(&self, device: &Device, now: Timestamp) -> DeviceStatus {
        let silent = |seen: Timestamp| now.since_ms(seen) > fresh_for_ms(device.interval_ms());
        match self.last_seen_at {
            _ if !device.enabled => DeviceStatus::Disabled,
            None => DeviceStatus::Never,
            Some(seen) if silent(seen) => DeviceStatus::Offline,
            Some(_) => DeviceStatus::Online,
        }
    }

    /// Takes in what came at `arrived`.
    pub(super) fn hear(&mut self, arrived: Timestamp, heard: &Heard) {
        self.last_seen_at = self.last_seen_at.max(Some(arrived));
        let newer = heard.newest.is_some() && heard.newest >= self.last_reading_at;
        if newer {
            self.last_reading_at = heard.newest;
        }
        if let Some(battery) = heard.battery.filter(|_| newer) {
            self.battery_level = Some(battery);
        }
        if let Some(version) = &heard.firmware {
            self.firmware_version = Some(version.clone());
        }
    }
}

/// What one delivery told of its device.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Heard {
    /// The newest instant of what was stored or known.
    pub(super) newest: Option<Timestamp>,
    /// The battery at the newest instant that told it, percent.
    pub(super) battery: Option<f64>,
    /// The firmware.
    pub(super) firmware: Option<String>,
}

impl Heard {
    /// Takes in a reading of this instant.
    pub(super) fn note(&mut self, at: Timestamp, battery: Option<f64>) {
        if self.newest.is_some_and(|newest| newest > at) {
            return;
        }
        self.newest = Some(at);
        if battery.is_some() {
            self.battery = battery;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_delivery_does_not_turn_the_battery_back() {
        let at = Timestamp::from_ms;
        let heard = |newest, battery| Heard {
            newest: Some(at(newest)),
            battery: Some(battery),
            firmware: None,
        };
        let mut life = Life::default();
        life.hear(at(10), &heard(10, 80.0));
        life.hear(at(20), &heard(5, 90.0));
        assert_eq!(life.battery_level, Some(80.0));
        assert_eq!(life.last_reading_at, Some(at(10)));
        assert_eq!(life.last_seen_at, Some(at(20)));
        life.hear(at(30), &Heard::default());
        assert_eq!(life.last_reading_at, Some(at(10)));
    }
}
