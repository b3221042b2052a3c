//! Readings that look like a plant's: a day shape, a little noise, a counter that only rises.

use indusmind::base::{Batch, EquipmentId, Metric, Phase, Reading, Timestamp, Unit};

pub(crate) const METERS: usize = 10;
pub(crate) const HOUR_MS: i64 = 3_600_000;

/// Midnight of a day without anything special.
pub(crate) fn start() -> Timestamp {
    "2026-03-02T00:00:00Z".parse().unwrap()
}

/// Ten meters with as many values each.
pub(crate) struct Plant {
    meters: Vec<EquipmentId>,
    values: usize,
}

impl Plant {
    pub(crate) fn new(values: usize) -> Self {
        let meters = (0..METERS).map(|_| EquipmentId::new()).collect();
        Self { meters, values }
    }

    pub(crate) fn meter(&self, number: usize) -> EquipmentId {
        self.meters[number]
    }

    /// What all meters say at one tick.
    pub(crate) fn tick(&self, at: Timestamp, interval_ms: u32) -> Vec<Batch> {
        let batch = |(number, equipment): (usize, &EquipmentId)| Batch {
            equipment: *equipment,
            at,
            arrived: at,
            interval_ms,
            readings: (0..self.values)
                .map(|column| reading(number, column, at))
                .collect(),
        };
        self.meters.iter().enumerate().map(batch).collect()
    }
}

fn reading(meter: usize, column: usize, at: Timestamp) -> Reading {
    let hours = at.since_ms(start()) as f64 / HOUR_MS as f64;
    let size = 10.0 + meter as f64;
    let shape = 1.0 + 0.4 * (hours * std::f64::consts::TAU / 24.0).sin();
    let noise = ((at.ms() / 1_000 * 7_919 + column as i64 * 104_729) % 1_000) as f64 / 1_000.0;
    let unit = |symbol: &str| Unit::new(symbol).unwrap();
    match column {
        0 => Reading::good(
            Metric::POWER,
            Phase::Total,
            unit("kW"),
            size * shape + noise,
        ),
        1 => {
            let swing = 0.4 * 24.0 / std::f64::consts::TAU;
            let turned = 1.0 - (hours * std::f64::consts::TAU / 24.0).cos();
            let kwh = 1_000.0 + size * (hours + swing * turned);
            Reading::good(Metric::CONSUMPTION, Phase::Total, unit("kWh"), kwh)
        }
        2 => Reading::good(Metric::VOLTAGE, Phase::Total, unit("V"), 230.0 + noise),
        other => {
            let metric = Metric::new(&format!("value_{other}")).unwrap();
            Reading::good(metric, Phase::Total, Unit::none(), size + noise)
        }
    }
}
