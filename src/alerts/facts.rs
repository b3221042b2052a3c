//! *pure* — what is known of equipment when rules for it are looked for.

use crate::base::{Metric, Phase};
use crate::equipment::Equipment;

/// Nominal voltages of networks up to 1 kV after IEC 60038, V, and those of 60 Hz that meters read.
const NOMINAL_V: [f64; 7] = [120.0, 230.0, 277.0, 400.0, 480.0, 600.0, 690.0];
/// How far a value may be from a nominal voltage to be one of it, as a share: wider than what is
/// allowed, so that a weak network is learnt, and narrow enough for one answer in most cases.
const LEARNT_SHARE: f64 = 0.12;

/// The entry of the specs by which a cold cell marks its equipment.
pub const CELL: &str = "cold_cell";

/// What is known of equipment when templates are looked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    /// What it measures.
    pub(super) series: Vec<(Metric, Phase)>,
    /// How often it is polled, ms; absent when it is not.
    pub(super) interval_ms: Option<u32>,
    /// Nominal voltage, V; absent while nobody said and nothing was read.
    pub(super) nominal_v: Option<f64>,
    /// Rated power, kW.
    pub(super) capacity_kw: Option<f64>,
    /// Its type, in lower case.
    pub(super) kind: String,
    /// Whether it is a cold cell: its limits are kept there.
    pub(super) is_cell: bool,
    /// Lowest and highest temperature of its specs, °C.
    pub(super) temperature_c: (Option<f64>, Option<f64>),
}

impl Facts {
    pub(super) fn of(equipment: &Equipment, series: Vec<(Metric, Phase)>) -> Self {
        let number = |names: &[&str]| {
            let value = names.iter().find_map(|name| equipment.specs.get(*name))?;
            let number = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
            number.is_finite().then_some(number)
        };
        let interval = equipment
            .modbus
            .as_ref()
            .map(|source| source.poll_interval_ms);
        Self {
            series,
            interval_ms: interval.and_then(|ms| u32::try_from(ms).ok()),
            nominal_v: number(&["nominal_voltage_v", "rated_voltage_v", "voltage_v"])
                .filter(|volt| *volt > 0.0),
            capacity_kw: equipment.capacity_kw(),
            kind: equipment.kind.to_lowercase(),
            is_cell: equipment.specs.contains_key(CELL),
            temperature_c: (
                number(&["min_temperature_c", "temperature_min"]),
                number(&["max_temperature_c", "temperature_max"]),
            ),
        }
    }

    /// Whether the limits of its voltage are not known yet: they follow from what it reads.
    pub(super) fn waits_for_voltage(&self) -> bool {
        self.nominal_v.is_none() && !self.phases(&Metric::VOLTAGE).is_empty()
    }

    /// Learns the nominal voltage from a value, unless somebody said it.
    pub(super) fn learn(&mut self, volt: Option<f64>) {
        self.nominal_v = self.nominal_v.or_else(|| volt.and_then(nominal_of));
    }

    pub(super) fn measures(&self, metric: &str) -> bool {
        self.series
            .iter()
            .any(|(known, _)| known.as_str() == metric)
    }

    /// The conductors of a quantity: the single ones when they are measured.
    pub(super) fn phases(&self, metric: &Metric) -> Vec<Phase> {
        let of = |(known, phase): &(Metric, Phase)| (known == metric).then_some(*phase);
        let all: Vec<_> = self.series.iter().filter_map(of).collect();
        let lines: Vec<_> = all.iter().copied().filter(|p| *p != Phase::Total).collect();
        if lines.is_empty() { all } else { lines }
    }

    pub(super) fn is_cold(&self) -> bool {
        let words = ["cold", "freezer", "fridge", "refriger"];
        words.iter().any(|word| self.kind.contains(word))
    }
}

/// The nominal voltage that a value belongs to, V: the nearest, when it is near enough.
fn nominal_of(volt: f64) -> Option<f64> {
    let off = |nominal: &f64| (volt / nominal - 1.0).abs();
    let nearest = NOMINAL_V
        .into_iter()
        .min_by(|a, b| off(a).total_cmp(&off(b)));
    nearest.filter(|nominal| off(nominal) <= LEARNT_SHARE)
}
