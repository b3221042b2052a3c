//! The plain way: redb with one row per value, ordered by series and time, as durable as ours.

use crate::readings::HOUR_MS;
use indusmind::base::{Batch, EquipmentId, Metric, TimeRange};
use redb::{Database, Durability, ReadableDatabase as _, TableDefinition};
use std::path::Path;

/// (series, time) → value.
const VALUES: TableDefinition<'_, (&[u8], &str, i64), f64> = TableDefinition::new("values");

pub(crate) struct Plain(Database);

impl Plain {
    pub(crate) fn open(file: &Path) -> Self {
        Self(Database::create(file).unwrap())
    }

    /// One transaction, on disk when this returns.
    pub(crate) fn append(&self, batches: &[Batch]) {
        let mut transaction = self.0.begin_write().unwrap();
        transaction.set_durability(Durability::Immediate).unwrap();
        {
            let mut table = transaction.open_table(VALUES).unwrap();
            for batch in batches {
                for reading in &batch.readings {
                    let key = (
                        &batch.equipment.as_bytes()[..],
                        reading.metric.as_str(),
                        batch.at.ms(),
                    );
                    table.insert(key, reading.value.unwrap()).unwrap();
                }
            }
        }
        transaction.commit().unwrap();
    }

    /// Mean power, kW, and energy, kWh, of each hour of a range.
    pub(crate) fn hours(&self, meter: EquipmentId, range: TimeRange) -> Vec<(f64, f64)> {
        let transaction = self.0.begin_read().unwrap();
        let table = transaction.open_table(VALUES).unwrap();
        let meter = &meter.as_bytes()[..];
        let column = |metric: &Metric| {
            let (from, to) = (range.from.ms(), range.to.ms());
            let rows = table.range((meter, metric.as_str(), from)..(meter, metric.as_str(), to));
            let mut hours: Vec<Vec<f64>> = Vec::new();
            for row in rows.unwrap() {
                let (key, value) = row.unwrap();
                let hour = usize::try_from((key.value().2 - from) / HOUR_MS).unwrap();
                hours.resize_with(hours.len().max(hour + 1), Vec::new);
                hours[hour].push(value.value());
            }
            hours
        };
        let power = column(&Metric::POWER);
        let energy = column(&Metric::CONSUMPTION);
        let hour = |(power, energy): (&Vec<f64>, &Vec<f64>)| {
            let mean = power.iter().sum::<f64>() / power.len() as f64;
            (mean, energy[energy.len() - 1] - energy[0])
        };
        power.iter().zip(&energy).map(hour).collect()
    }
}
