//! *pure* — one cell: what a person says of it, checked, and what is stored.

use super::record::{Customer, Text, check_name, check_optional};
use super::track::{Rule, Side};
use crate::base::error::Checks;
use crate::base::time::Calendar;
use crate::base::{
    CellId, CustomerId, DeviceId, EquipmentId, LocationId, Metric, Result, Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Windows of defrost in a day.
const DEFROST_MAX: usize = 12;
/// Probes of one cell beside those of its devices.
const PROBES_MAX: usize = 8;
/// Longest delay and grace, s: an auditor would not believe more.
const DELAY_MAX_S: u32 = 4 * 3_600;
/// Most that is excused of one excursion by doors and defrosts, ms.
const EXCUSED_MAX_MS: i64 = 3_600_000;

/// A time of each day in which the evaporator is defrosted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Defrost {
    /// When it begins, on the clock of the site.
    #[schema(example = "02:30")]
    pub start: String,
    /// How long it takes, minutes, 1 to 120.
    pub minutes: u32,
}

/// What is said of a cell. What is absent has its usual value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewColdCell)]
pub struct NewCell {
    /// Where it stands.
    #[serde(alias = "locationId")]
    pub location_id: LocationId,
    /// What it is called.
    #[schema(example = "Freezer 2")]
    pub name: String,
    /// What lies in it.
    #[serde(default)]
    #[schema(example = "Fish, frozen")]
    pub product: Option<String>,
    /// Equipment that is measured already, by Modbus or through the broker; made anew when absent.
    #[serde(default, skip_serializing, alias = "equipmentId")]
    pub equipment_id: Option<EquipmentId>,
    /// The temperature that is wanted, °C.
    #[serde(alias = "setPoint", alias = "set_point")]
    pub set_point_c: f64,
    /// The coldest that is well, °C.
    #[serde(default, alias = "minTemp", alias = "min_temp")]
    pub min_c: Option<f64>,
    /// The warmest that is well, °C.
    #[serde(default, alias = "maxTemp", alias = "max_temp")]
    pub max_c: Option<f64>,
    /// How far back it must come before it is well again, K.
    #[serde(default = "dead_band")]
    #[schema(default = 0.5)]
    pub dead_band_c: f64,
    /// How long it may be too warm, s.
    #[serde(default = "ten_minutes")]
    #[schema(default = 600)]
    pub high_delay_s: u32,
    /// How long it may be too cold, s.
    #[serde(default = "ten_minutes")]
    #[schema(default = 600)]
    pub low_delay_s: u32,
    /// How long after the door was opened warmth is excused, s.
    #[serde(default = "ten_minutes")]
    #[schema(default = 600)]
    pub door_grace_s: u32,
    /// How long the door may stand open, s.
    #[serde(default = "five_minutes")]
    #[schema(default = 300)]
    pub door_limit_s: u32,
    /// When it is defrosted.
    #[serde(default)]
    pub defrost: Vec<Defrost>,
    /// How long after a defrost warmth is excused, s.
    #[serde(default = "twenty_minutes")]
    #[schema(default = 1200)]
    pub defrost_grace_s: u32,
    /// How long its power may be gone, s.
    #[serde(default = "half_a_minute")]
    #[schema(default = 30)]
    pub power_delay_s: u32,
    /// How long a sensor may be silent, s.
    #[serde(default = "ten_minutes")]
    #[schema(default = 600)]
    pub offline_after_s: u32,
    /// After how long a temperature alert is critical, s.
    #[serde(default = "an_hour")]
    #[schema(default = 3600)]
    pub escalate_after_s: u32,
    /// A battery below this is low, percent.
    #[serde(default = "twenty")]
    #[schema(default = 20.0)]
    pub battery_min_percent: f64,
    /// Probes that differ by more than this disagree, K.
    #[serde(default = "three")]
    #[schema(default = 3.0)]
    pub disagree_c: f64,
    /// What stands before `temperature` in the names of further probes that are polled or
    /// published; those of its devices are known.
    #[serde(default, alias = "probes", skip_serializing_if = "Vec::is_empty")]
    #[schema(example = json!(["rear"]))]
    pub further_probes: Vec<String>,
    /// How often its sensors report when no device says so, s.
    #[serde(default = "a_minute")]
    #[schema(default = 60)]
    pub interval_s: u32,
}

const fn dead_band() -> f64 {
    0.5
}
const fn half_a_minute() -> u32 {
    30
}
const fn a_minute() -> u32 {
    60
}
const fn five_minutes() -> u32 {
    300
}
const fn ten_minutes() -> u32 {
    600
}
const fn twenty_minutes() -> u32 {
    1_200
}
const fn an_hour() -> u32 {
    3_600
}
const fn twenty() -> f64 {
    20.0
}
const fn three() -> f64 {
    3.0
}

/// A cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ColdCell)]
pub struct Cell {
    /// Its id.
    pub id: CellId,
    /// Whose it is.
    pub customer_id: CustomerId,
    /// Key of his site.
    pub site: String,
    /// The equipment under which its readings lie.
    pub equipment_id: EquipmentId,
    /// What is said of it.
    #[serde(flatten)]
    pub said: NewCell,
    /// When it was taken out of use; what was measured stays.
    #[serde(default)]
    pub retired_at: Option<Timestamp>,
    /// Devices that were locked out with it, and are let in when it is brought back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retired_devices: Vec<DeviceId>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Defrost {
    /// Minutes since midnight at which it begins.
    fn minute(&self) -> Option<u32> {
        let (hour, minute) = self.start.split_once(':')?;
        let number = |text: &str| text.parse::<u32>().ok().filter(|_| text.len() == 2);
        let (hour, minute) = (number(hour)?, number(minute)?);
        (hour < 24 && minute < 60).then_some(hour * 60 + minute)
    }
}

impl NewCell {
    pub(super) fn check(&self) -> Result<()> {
        let mut checks = Checks::default();
        check_name(&mut checks, "name", &self.name);
        let product = (self.product.as_ref(), Text::Line(300));
        check_optional(&mut checks, "product", product);
        let degrees = |value: f64| (-100.0..=100.0).contains(&value);
        let sentence = "A temperature from -100 to 100 °C.";
        checks.require(degrees(self.set_point_c), "set_point_c", sentence);
        checks.require(self.min_c.is_none_or(degrees), "min_c", sentence);
        checks.require(self.max_c.is_none_or(degrees), "max_c", sentence);
        let limited = self.min_c.is_some() || self.max_c.is_some();
        checks.require(limited, "max_c", "Say how warm it may be, or how cold.");
        let set = self.set_point_c;
        let above = self.min_c.is_none_or(|min| min < set);
        checks.require(
            above,
            "min_c",
            "The coldest that is well lies below the set point.",
        );
        let below = self.max_c.is_none_or(|max| set < max);
        checks.require(
            below,
            "max_c",
            "The warmest that is well lies above the set point.",
        );
        let distance = |limit: Option<f64>| limit.map_or(f64::MAX, |c| (c - set).abs());
        let room = distance(self.min_c).min(distance(self.max_c));
        let fits = self.dead_band_c >= 0.0 && self.dead_band_c <= room;
        let sentence = "From 0 to the distance between the set point and its nearer limit: \
                        otherwise it would never be well again.";
        checks.require(fits, "dead_band_c", sentence);
        for (path, seconds) in [
            ("high_delay_s", self.high_delay_s),
            ("low_delay_s", self.low_delay_s),
            ("door_grace_s", self.door_grace_s),
            ("door_limit_s", self.door_limit_s),
            ("defrost_grace_s", self.defrost_grace_s),
            ("power_delay_s", self.power_delay_s),
        ] {
            checks.require(seconds <= DELAY_MAX_S, path, "0 to 14400 s, four hours.");
        }
        let offline = (30..=86_400).contains(&self.offline_after_s);
        checks.require(offline, "offline_after_s", "30 s to 86400 s, a day.");
        let escalate = (60..=86_400).contains(&self.escalate_after_s);
        checks.require(escalate, "escalate_after_s", "60 s to 86400 s, a day.");
        let battery = (0.0..=100.0).contains(&self.battery_min_percent);
        checks.require(battery, "battery_min_percent", "0 to 100 %.");
        let differ = (0.1..=50.0).contains(&self.disagree_c);
        checks.require(differ, "disagree_c", "0.1 to 50 K.");
        let interval = (1..=3_600).contains(&self.interval_s);
        checks.require(interval, "interval_s", "1 to 3600 s.");
        self.check_lists(&mut checks);
        checks.finish()
    }

    fn check_lists(&self, checks: &mut Checks) {
        let few = self.defrost.len() <= DEFROST_MAX;
        checks.require(few, "defrost", "At most 12 windows a day.");
        for (n, defrost) in self.defrost.iter().enumerate() {
            let path = format!("defrost.{n}.start");
            let sentence = "A time of the day, such as 02:30.";
            checks.require(defrost.minute().is_some(), &path, sentence);
            let path = format!("defrost.{n}.minutes");
            let fits = (1..=120).contains(&defrost.minutes);
            checks.require(fits, &path, "1 to 120 minutes.");
        }
        let few = self.further_probes.len() <= PROBES_MAX;
        checks.require(few, "further_probes", "At most 8 further probes.");
        for (n, probe) in self.further_probes.iter().enumerate() {
            let named = probe.len() <= 16 && Metric::new(probe).is_ok();
            let sentence = "1 to 16 characters of a-z, 0-9 and _, starting with a letter.";
            checks.require(named, &format!("further_probes.{n}"), sentence);
        }
    }

    /// The limits, each with its delays.
    #[must_use]
    pub fn rules(&self) -> Vec<Rule> {
        let rule = |side, limit: Option<f64>, delay_s: u32| {
            Some(Rule {
                side,
                limit_c: limit?,
                dead_band_c: self.dead_band_c,
                delay_ms: i64::from(delay_s) * 1_000,
                excused_max_ms: EXCUSED_MAX_MS,
            })
        };
        [
            rule(Side::High, self.max_c, self.high_delay_s),
            rule(Side::Low, self.min_c, self.low_delay_s),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Whether it is being defrosted at an instant, or was within the grace after it.
    #[must_use]
    pub fn is_defrosting(&self, calendar: &Calendar, at: Timestamp, with_grace: bool) -> bool {
        if self.defrost.is_empty() {
            return false;
        }
        const DAY_S: u32 = 86_400;
        let second = calendar.wall_ms(at).rem_euclid(86_400_000) / 1_000;
        let second = u32::try_from(second).unwrap_or(0);
        let grace_s = if with_grace { self.defrost_grace_s } else { 0 };
        self.defrost.iter().any(|defrost| {
            let start_s = defrost.minute().unwrap_or(0) * 60;
            let since_s = (second + DAY_S - start_s) % DAY_S;
            since_s < defrost.minutes * 60 + grace_s
        })
    }
}

impl Cell {
    /// A new cell of a customer, whose readings lie under this equipment.
    pub(super) fn new(
        said: NewCell,
        customer: &Customer,
        equipment_id: EquipmentId,
        now: Timestamp,
    ) -> Self {
        Self {
            id: CellId::new(),
            customer_id: customer.id,
            site: customer.site.clone(),
            equipment_id,
            said,
            retired_at: None,
            retired_devices: Vec::new(),
            created_at: now,
            updated_at: now,
        }
    }

    /// Whether it is in use.
    #[must_use]
    pub const fn in_use(&self) -> bool {
        self.retired_at.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[allow(clippy::needless_pass_by_value)] // what is said is written out at each call
    pub(super) fn cell(said: serde_json::Value) -> NewCell {
        let mut all = json!({ "location_id": LocationId::new(), "name": "Freezer",
            "set_point_c": -18.0, "max_c": -15.0 });
        for (name, value) in said.as_object().unwrap() {
            all[name] = value.clone();
        }
        serde_json::from_value(all).unwrap()
    }

    #[test]
    fn every_refused_field_of_a_cell_is_named() {
        let odd = cell(
            json!({ "name": " ", "min_c": -17.0, "max_c": -18.5, "dead_band_c": -1.0,
            "high_delay_s": 20_000, "offline_after_s": 1, "disagree_c": 0.0,
            "defrost": [{ "start": "2:5", "minutes": 0 }], "probes": ["Rear"] }),
        );
        let refused = odd.check().unwrap_err();
        let paths: Vec<_> = refused.fields.iter().map(|f| f.path.as_str()).collect();
        let all = [
            "name",
            "min_c",
            "max_c",
            "dead_band_c",
            "high_delay_s",
            "offline_after_s",
            "disagree_c",
            "defrost.0.start",
            "defrost.0.minutes",
            "further_probes.0",
        ];
        assert_eq!(paths, all);
        assert!(cell(json!({})).check().is_ok());
        let none = cell(json!({ "max_c": null })).check().unwrap_err();
        assert_eq!(none.fields[0].path, "max_c");
    }

    #[test]
    fn a_defrost_over_midnight_is_followed_by_its_grace() {
        let cell = cell(json!({ "defrost": [{ "start": "23:50", "minutes": 20 }],
            "defrost_grace_s": 600 }));
        let tunis = Calendar::new("Africa/Tunis").unwrap();
        let at = |text: &str| tunis.instant(text).unwrap();
        let is = |text: &str, grace| cell.is_defrosting(&tunis, at(text), grace);
        assert!(!is("2026-11-21T23:49:59", true) && is("2026-11-21T23:50:00", false));
        assert!(is("2026-11-22T00:09:59", false) && !is("2026-11-22T00:10:00", false));
        assert!(is("2026-11-22T00:19:59", true) && !is("2026-11-22T00:20:00", true));
    }

    #[test]
    fn a_stored_cell_is_read_as_it_was_written() {
        let said =
            cell(json!({ "min_c": -25.0, "defrost": [{ "start": "02:00", "minutes": 30 }] }));
        let stored = Cell {
            id: CellId::new(),
            customer_id: CustomerId::new(),
            site: "c_one".to_owned(),
            equipment_id: EquipmentId::new(),
            said,
            retired_at: None,
            retired_devices: Vec::new(),
            created_at: Timestamp::from_ms(1),
            updated_at: Timestamp::from_ms(2),
        };
        let text = serde_json::to_string(&stored).unwrap();
        assert_eq!(serde_json::from_str::<Cell>(&text).unwrap(), stored);
        let sides: Vec<_> = stored.said.rules().iter().map(|rule| rule.side).collect();
        assert_eq!(sides, [Side::High, Side::Low]);
    }
}
