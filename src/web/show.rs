//! Equipment as the API shows it: the record, joined with its current values.

use super::Context;
use crate::base::{EquipmentId, Metric, Phase, Timestamp, Unit};
use crate::equipment::{Equipment, Link, ModbusSource, Plausibility, RegisterPlace, Status};
use crate::live::LiveValue;
use crate::modbus::Register;
use serde::Serialize;
use utoipa::ToSchema;

/// A line of the list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EquipmentSummary {
    /// Its id.
    pub id: EquipmentId,
    /// Its name.
    pub name: String,
    /// What kind of thing it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its model.
    pub model: String,
    /// The number on its plate.
    pub serial_number: Option<String>,
    /// The day it was installed.
    pub install_date: String,
    /// Where it stands.
    pub location: Option<String>,
    /// How it is doing.
    pub status: Status,
    /// Power now, kW; `null` when it is not known.
    pub power: Option<f64>,
    /// Power of its `capacity_kw`, %.
    pub load_percentage: Option<f64>,
    /// Temperature, °C.
    pub temperature: Option<f64>,
    /// Address of its photo.
    pub photo_url: Option<String>,
    /// When it last answered.
    pub last_update: Option<Timestamp>,
    /// How far it has proved itself.
    pub plausibility: Plausibility,
}

impl EquipmentSummary {
    /// The equipment with its values now.
    pub fn of(context: &Context, equipment: &Equipment) -> Self {
        let now = context.clock.now();
        let (power, temperature, last_update) = context.live.with(equipment.id, |device| {
            let fresh = |metric| device.and_then(|device| device.fresh(&metric, Phase::Total, now));
            let last = device.and_then(|device| device.last_good);
            (fresh(Metric::POWER), fresh(Metric::TEMPERATURE), last)
        });
        let load = power
            .zip(equipment.capacity_kw())
            .map(|(kw, capacity)| kw / capacity * 100.0);
        Self {
            id: equipment.id,
            name: equipment.name.clone(),
            kind: equipment.kind.clone(),
            model: equipment.model.clone(),
            serial_number: equipment.serial_number.clone(),
            install_date: equipment.install_date.clone(),
            location: equipment.location.clone(),
            status: context.registry.status(equipment),
            power,
            load_percentage: load,
            temperature,
            photo_url: photo_url(equipment),
            last_update,
            plausibility: context.commissioning.plausibility(equipment.id),
        }
    }
}

/// Address of the photo; another photo has another address, so that no screen shows the old one.
pub fn photo_url(equipment: &Equipment) -> Option<String> {
    let hash = equipment.photo.as_ref()?.hash.to_string();
    let version = &hash[..16];
    Some(format!("/api/equipment/{}/photo?v={version}", equipment.id))
}

/// One piece of equipment, whole.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EquipmentDetail {
    /// As in the list.
    #[serde(flatten)]
    pub summary: EquipmentSummary,
    /// Anything else.
    #[schema(value_type = Object)]
    pub specs: serde_json::Map<String, serde_json::Value>,
    /// How it is polled.
    pub modbus: Option<ModbusSource>,
    /// Whether it counts in the totals of the site.
    pub in_site_total: bool,
    /// Counts the changes.
    pub revision: u64,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl EquipmentDetail {
    /// The equipment with its values now.
    pub fn of(context: &Context, equipment: Equipment) -> Self {
        Self {
            summary: EquipmentSummary::of(context, &equipment),
            specs: equipment.specs,
            modbus: equipment.modbus,
            in_site_total: equipment.in_site_total,
            revision: equipment.revision,
            created_at: equipment.created_at,
            updated_at: equipment.updated_at,
        }
    }
}

/// Every value of one piece of equipment.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LiveAnswer {
    /// Its id.
    pub equipment_id: EquipmentId,
    /// How it is doing.
    pub status: Status,
    /// Its values.
    pub values: Vec<RegisterValue>,
    /// How its line is doing; `null` when it is not polled.
    pub link: Option<Link>,
}

/// A value and where it comes from.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RegisterValue {
    /// The value.
    #[serde(flatten)]
    pub value: LiveValue,
    /// How old it is, ms.
    pub age_ms: i64,
    /// The register it was read from; `null` when others write the value.
    pub register: Option<RegisterPlace>,
}

impl LiveAnswer {
    /// The values of a piece of equipment now. A register that never answered is there too, as
    /// missing: what is not known is said.
    pub fn of(context: &Context, equipment: &Equipment) -> Self {
        let now = context.clock.now();
        let known = context.live.device(equipment.id).values(now);
        let plan = equipment
            .modbus
            .as_ref()
            .and_then(|source| source.check(context.registry.profiles()).ok());
        let registers = plan.as_ref().map_or(&[][..], |plan| plan.reads.registers());
        let missing = |register: &Register| LiveValue {
            metric: register.metric.clone(),
            phase: register.phase.line(),
            unit: register.unit.clone(),
            value: None,
            quality: crate::base::Quality::Missing,
            timestamp: now,
        };
        let of_register = |register: &Register| {
            let found = known
                .iter()
                .find(|v| v.metric == register.metric && v.phase == register.phase.line());
            let value = found.cloned().unwrap_or_else(|| missing(register));
            let age_ms = now.since_ms(value.timestamp).max(0);
            RegisterValue {
                value,
                age_ms,
                register: Some(RegisterPlace::from(register)),
            }
        };
        let is_read = |value: &&LiveValue| {
            let of = |r: &Register| r.metric == value.metric && r.phase.line() == value.phase;
            registers.iter().any(of)
        };
        // What others write to the equipment stands in no register.
        let pushed = known.iter().filter(|value| !is_read(value));
        let of_writer = |value: &LiveValue| RegisterValue {
            age_ms: now.since_ms(value.timestamp).max(0),
            value: value.clone(),
            register: None,
        };
        let read = registers.iter().map(of_register);
        Self {
            equipment_id: equipment.id,
            status: context.registry.status(equipment),
            values: read.chain(pushed.map(of_writer)).collect(),
            link: context.registry.acquisition().link(equipment.id),
        }
    }
}

/// One value of a profile.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProfileMetric {
    /// The quantity.
    pub metric: Metric,
    /// The conductor.
    #[schema(value_type = Option<String>)]
    pub phase: Option<&'static str>,
    /// Its unit.
    pub unit: Unit,
    /// Where it stands.
    #[serde(flatten)]
    pub place: RegisterPlace,
}

impl ProfileMetric {
    /// A register of a profile.
    pub fn of(register: &Register) -> Self {
        Self {
            metric: register.metric.clone(),
            phase: register.phase.line(),
            unit: register.unit.clone(),
            place: RegisterPlace::from(register),
        }
    }
}
