//! Looking up what is stored of an instant, so that what is brought twice is stored once.

use super::query::by_device;
use super::{DAY_MS, SeriesId, Tsdb};
use crate::base::{EquipmentId, Metric, Phase, Result, TimeRange, Timestamp};
use std::collections::HashMap;

/// What is stored of some series of one device: the value, or `None` where it is missing.
pub type Stored = HashMap<(Metric, Phase, Timestamp), Option<f64>>;

impl Tsdb {
    /// What was brought of these quantities of a device in a range, as it was measured: without
    /// the corrections, and with what is not to be believed.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub fn stored(
        &self,
        equipment: EquipmentId,
        quantities: &[(Metric, Phase)],
        range: TimeRange,
    ) -> Result<Stored> {
        let state = self.state();
        let find = |(metric, phase): &(Metric, Phase)| {
            let id = state.catalogue.find(equipment, metric, *phase)?;
            Some((id, (metric.clone(), *phase)))
        };
        let names: HashMap<SeriesId, (Metric, Phase)> =
            quantities.iter().filter_map(find).collect();
        let series: Vec<SeriesId> = names.keys().copied().collect();
        let mut stored = Stored::new();
        let (mut from, to) = (range.from.ms().max(0), range.to.ms());
        // A day at a time: what is held at once does not grow with the range.
        while from < to {
            let end = to.min((from.div_euclid(DAY_MS) + 1) * DAY_MS);
            for (device, wanted) in &by_device(&state, &series) {
                let fresh = self.fresh(*device, wanted, end);
                let look = self.blocks.look();
                let desk = self.desk(&look, &state, *device, &fresh);
                for (id, track) in desk.measured(wanted, from, end)? {
                    let Some((metric, phase)) = names.get(&id) else {
                        continue;
                    };
                    for sample in (0..track.len()).filter_map(|n| track.sample(n)) {
                        let at = Timestamp::from_ms(sample.at);
                        stored.insert((metric.clone(), *phase, at), sample.value);
                    }
                }
            }
            from = end;
        }
        Ok(stored)
    }
}
