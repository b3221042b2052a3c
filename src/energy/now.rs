//! *pure* — the figures of a site at one moment, from the current values of its equipment.

use crate::base::{Metric, Phase, Timestamp};
use crate::live::Device;
use serde::Serialize;
use utoipa::ToSchema;

/// What a control room looks at, in the shape of the dashboard channel. A figure is `null` when
/// nothing current is known of it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DashboardMetrics {
    /// Active power of the site, kW.
    pub power: Option<f64>,
    /// Energy since midnight at the site, kWh.
    pub consumption: Option<f64>,
    /// Voltage, V: mean of the phases of all meters.
    pub voltage: Option<f64>,
    /// Mains frequency, Hz.
    pub frequency: Option<f64>,
    /// Power factor, weighted by apparent power.
    #[serde(rename = "powerFactor")]
    pub power_factor: Option<f64>,
    /// What an hour at this power costs, in the site's currency.
    pub cost_hour: Option<f64>,
    /// When this was computed.
    pub timestamp: Timestamp,
    /// The three phases, when at least one meter measures them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phases: Option<Phases>,
}

/// The three phases of a site.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Phases {
    /// Phase L1.
    #[serde(rename = "L1")]
    pub l1: PhaseMetrics,
    /// Phase L2.
    #[serde(rename = "L2")]
    pub l2: PhaseMetrics,
    /// Phase L3.
    #[serde(rename = "L3")]
    pub l3: PhaseMetrics,
}

/// One phase of a site.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PhaseMetrics {
    /// Voltage, V: mean of the meters.
    pub voltage: Option<f64>,
    /// Current, A: sum of the meters.
    pub current: Option<f64>,
    /// Active power, kW: sum of the meters.
    pub power: Option<f64>,
}

/// The figures of a site now, from the devices that count in its total.
#[must_use]
pub fn site_now(
    devices: &[Device],
    consumption: Option<f64>,
    price_per_kwh: Option<f64>,
    now: Timestamp,
) -> DashboardMetrics {
    let values = |metric: &Metric, phase: Phase| {
        devices
            .iter()
            .filter_map(|device| device.fresh(metric, phase, now))
            .collect::<Vec<_>>()
    };
    let phase = |phase: Phase| PhaseMetrics {
        voltage: mean(&values(&Metric::VOLTAGE, phase)),
        current: sum(&values(&Metric::CURRENT, phase)),
        power: sum(&values(&Metric::POWER, phase)),
    };
    let power = sum(&values(&Metric::POWER, Phase::Total));
    let phases = Phases {
        l1: phase(Phase::L1),
        l2: phase(Phase::L2),
        l3: phase(Phase::L3),
    };
    let measured = [&phases.l1, &phases.l2, &phases.l3]
        .iter()
        .any(|p| p.voltage.is_some() || p.current.is_some() || p.power.is_some());
    DashboardMetrics {
        power,
        consumption,
        voltage: mean(&voltages(devices, now)),
        frequency: mean(&values(&Metric::FREQUENCY, Phase::Total)),
        power_factor: power_factor(devices, now),
        cost_hour: power.zip(price_per_kwh).map(|(power, price)| power * price),
        timestamp: now,
        phases: measured.then_some(phases),
    }
}

/// The voltage of each device: the mean of its phases, or its only voltage.
fn voltages(devices: &[Device], now: Timestamp) -> Vec<f64> {
    let voltage = |device: &Device| {
        let of = |phase| device.fresh(&Metric::VOLTAGE, phase, now);
        let phases: Vec<_> = Phase::LINES.into_iter().filter_map(of).collect();
        mean(&phases).or_else(|| of(Phase::Total))
    };
    devices.iter().filter_map(voltage).collect()
}

/// P / S over the devices that know both: |P| / PF is the apparent power of a device.
fn power_factor(devices: &[Device], now: Timestamp) -> Option<f64> {
    let (mut active, mut apparent) = (0.0, 0.0);
    for device in devices {
        let power = device.fresh(&Metric::POWER, Phase::Total, now);
        let factor = device.fresh(&Metric::POWER_FACTOR, Phase::Total, now);
        if let Some((power, factor)) = power.zip(factor).filter(|(_, factor)| factor.abs() > 1e-3) {
            active += power;
            apparent += (power / factor).abs();
        }
    }
    (apparent > 0.0).then(|| (active / apparent).clamp(-1.0, 1.0))
}

fn sum(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum())
}

fn mean(values: &[f64]) -> Option<f64> {
    #[allow(clippy::cast_precision_loss)] // a few thousand devices
    let count = values.len() as f64;
    sum(values).map(|sum| sum / count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Batch, EquipmentId, Reading, Unit};
    use crate::live::Live;

    const NOW: Timestamp = Timestamp::from_ms(1_000_000);

    fn device(values: &[(&str, f64)], age_ms: i64) -> Device {
        let live = Live::new(Vec::new());
        let equipment = EquipmentId::new();
        let at = NOW.minus_ms(age_ms);
        let reading = |(name, value): &(&str, f64)| {
            let (metric, phase) = Metric::with_phase(name).unwrap();
            Reading::good(metric, phase, Unit::none(), *value)
        };
        let readings = values.iter().map(reading).collect();
        live.apply(&[Batch {
            equipment,
            at,
            arrived: at,
            interval_ms: 5_000,
            readings,
        }]);
        live.device(equipment)
    }

    #[test]
    fn power_adds_up_and_voltage_does_not() {
        let devices = [
            device(
                &[
                    ("power", 10.0),
                    ("power_factor", 0.5),
                    ("voltage_l1", 230.0),
                ],
                0,
            ),
            device(
                &[
                    ("power", 30.0),
                    ("power_factor", 1.0),
                    ("voltage_l1", 232.0),
                ],
                0,
            ),
        ];
        let now = site_now(&devices, Some(5.0), Some(0.2), NOW);
        assert_eq!(
            (now.power, now.voltage, now.cost_hour),
            (Some(40.0), Some(231.0), Some(8.0))
        );
        assert_eq!(now.power_factor, Some(40.0 / 50.0));
        assert_eq!(now.phases.unwrap().l1.voltage, Some(231.0));
    }

    #[test]
    fn what_is_old_does_not_count() {
        let now = site_now(&[device(&[("power", 10.0)], 10_001)], None, Some(0.2), NOW);
        assert_eq!((now.power, now.cost_hour, now.phases), (None, None, None));
    }
}
