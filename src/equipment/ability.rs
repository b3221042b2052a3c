//! *pure* — what the counters of equipment can do, from what is said of it and its profile.

use super::record::Equipment;
use crate::modbus::Register;
use crate::tsdb::CounterLimits;

/// How far above its rated power equipment may run for a while: motors start, transformers are
/// overloaded, and what is written in the specs is rounded.
const ABOVE_RATED: f64 = 2.0;

/// What the counters of a piece of equipment can do. `registers` are those that are read of it.
pub(super) fn of(equipment: &Equipment, registers: &[Register]) -> CounterLimits {
    let ends = registers.iter().filter_map(|register| {
        let end = register.extras.rolls_over_at?;
        Some(((register.metric.clone(), register.phase), end))
    });
    CounterLimits {
        most_kw: equipment.capacity_kw().map(|rated| rated * ABOVE_RATED),
        rolls_over_at: ends.collect(),
    }
}
