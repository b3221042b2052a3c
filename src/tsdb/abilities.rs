//! What the counters of equipment can do: settings that are handed in after each start, no readings.

use super::counter::{Limits, Rules};
use super::counters::Counters;
use super::series::Catalogue;
use super::{HOUR_MS, SeriesId, State, Tsdb};
use crate::base::{EquipmentId, Metric, Phase};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most that one meter of a factory measures when nobody said what it can, kW: 10 MW is the
/// largest transformer of the medium voltage.
const MOST_KW: f64 = 10_000.0;

/// What the counters of one device can do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CounterLimits {
    /// The most power that it can measure, kW; `None` when nobody said.
    pub most_kw: Option<f64>,
    /// After so many units a counter begins at zero again, by quantity.
    pub rolls_over_at: BTreeMap<(Metric, Phase), f64>,
}

impl Counters {
    /// All that is known of a counter beside its readings.
    pub(super) fn rules(&self, series: SeriesId, catalogue: &Catalogue) -> Rules {
        let mut rules = Rules {
            limits: Limits::default(),
            events: self.events(series),
            parted_from: self.parted_from,
        };
        let Some(info) = catalogue.info(series) else {
            return rules;
        };
        let given = self.limits.get(&info.key.equipment);
        let modulus = given.and_then(|given| {
            let counter = (info.key.metric.clone(), info.key.phase);
            given.rolls_over_at.get(&counter).copied()
        });
        let most_kw = given.and_then(|given| given.most_kw);
        let per_hour = per_hour(info.unit.as_str(), most_kw.unwrap_or(MOST_KW));
        #[allow(clippy::cast_precision_loss)] // an hour
        let per_ms = per_hour.map(|most| most / HOUR_MS as f64);
        rules.limits = Limits { modulus, per_ms };
        rules
    }
}

/// What a power of so many kW (kvar, kVA) adds to a counter of this unit in an hour; `None` for what
/// is no energy.
fn per_hour(unit: &str, kw: f64) -> Option<f64> {
    Some(match unit {
        "Wh" | "varh" | "VAh" => kw * 1e3,
        "kWh" | "kvarh" | "kVAh" => kw,
        "MWh" | "Mvarh" | "MVAh" => kw / 1e3,
        _ => return None,
    })
}

impl Tsdb {
    /// Hands in what the counters of the equipment can do; it holds for what is folded from now on.
    pub fn set_counter_limits(&self, limits: &BTreeMap<EquipmentId, CounterLimits>) {
        if *self.state().counters.limits == *limits {
            return;
        }
        let _turn = self.take_turn();
        let mut next = State::clone(&self.state());
        next.counters.limits = Arc::new(limits.clone());
        self.set_state(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::{BucketSize, Calendar};
    use crate::base::{Batch, Reading, TimeRange, Timestamp, Unit};
    use crate::store::Store;
    use crate::tsdb::{Query, Resolution};

    /// 2026-11-19T00:00:00Z.
    const START: Timestamp = Timestamp::from_ms(1_795_046_400_000);

    /// What a counter of kWh that is read as these values, a minute apart, grew by in an hour.
    async fn grown(values: &[f64], limits: Option<CounterLimits>) -> f64 {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), "test").unwrap();
        let tsdb = Tsdb::open(&store).unwrap();
        let meter = EquipmentId::new();
        if let Some(limits) = limits {
            tsdb.set_counter_limits(&BTreeMap::from([(meter, limits)]));
        }
        let unit = Unit::new("kWh").unwrap();
        let tick = |(n, value): (i64, &f64)| {
            let at = START.plus_ms(n * 60_000);
            let read = Reading::good(Metric::CONSUMPTION, Phase::Total, unit.clone(), *value);
            Batch {
                equipment: meter,
                at,
                arrived: at,
                interval_ms: 60_000,
                readings: vec![read],
            }
        };
        let batches: Vec<_> = (0..).zip(values).map(tick).collect();
        tsdb.append(Arc::new(batches), |_| Ok(())).await.unwrap();
        let id = tsdb.find(meter, &Metric::CONSUMPTION, Phase::Total);
        let query = Query {
            series: vec![id.unwrap()],
            range: TimeRange::new(START, START.plus_ms(HOUR_MS)).unwrap(),
            resolution: Resolution::Buckets(BucketSize::Fixed(HOUR_MS)),
            calendar: Calendar::utc(),
        };
        let found = tsdb.buckets(&query).unwrap();
        found.get(0).unwrap().columns[0].map_or(0.0, |row| row.delta)
    }

    fn able(most_kw: f64, modulus: Option<f64>) -> Option<CounterLimits> {
        let counter = (Metric::CONSUMPTION, Phase::Total);
        Some(CounterLimits {
            most_kw: Some(most_kw),
            rolls_over_at: modulus
                .map(|modulus| (counter, modulus))
                .into_iter()
                .collect(),
        })
    }

    #[tokio::test]
    async fn a_spike_beyond_the_rated_power_is_no_energy() {
        // 100 kWh in a minute are 6 MW: a transformer may, a machine of 60 kW may not.
        let spike = [
            1_000.0, 1_001.0, 1_100.0, 1_002.0, 1_003.0, 1_004.0, 1_005.0,
        ];
        assert!((grown(&spike, able(60.0, None)).await - 5.0).abs() < 1e-9);
        let growth = [1_000.0, 1_100.0, 1_200.0, 1_300.0];
        assert!((grown(&growth, None).await - 300.0).abs() < 1e-9);
    }

    #[tokio::test]
    async fn a_register_whose_end_is_known_goes_on_past_it() {
        let over = [4_998.0, 4_999.0, 0.0, 1.0, 2.0, 3.0];
        assert!((grown(&over, able(120.0, Some(5_000.0))).await - 5.0).abs() < 1e-9);
        // Nobody said that this one ends there: what nobody saw stays unknown.
        assert!((grown(&over, able(120.0, None)).await - 4.0).abs() < 1e-9);
    }
}
