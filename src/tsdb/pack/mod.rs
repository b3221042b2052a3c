//! *pure* — sealed readings: one device over an hour or a day, packed column by column.
//!
//! Promises: what comes out is what went in, bit for bit; a damaged block is an error, never a
//! wrong value; rubbish costs neither a panic nor memory. Will not do: know the store, a clock or
//! a key. A [`Chunk`] holds raw ticks, [`Rows`] hold rollups; both start with a version byte and
//! a CRC-32 over the rest.

mod basis;
mod bits;
pub(super) mod bytes;
mod chunk;
mod column;
mod fit;
mod floats;
mod ints;
mod model;
mod others;
mod packed;
mod residuals;
mod rows;
mod states;
mod summaries;
mod tables;
#[cfg(test)]
mod tests;
mod times;
mod values;

pub use chunk::{CELLS_MAX, ChunkView, TICKS_MAX, encode};
pub use rows::{ROWS_MAX, RowColumn, Rows, RowsReader, RowsView, SLOTS_MAX, encode_rows};
pub use summaries::Scratch;
pub use values::Values;
pub(super) use values::integer_of;

use super::SeriesId;
use crate::base::{Metric, Phase, Quality};

/// One device, one span of time, all its series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chunk {
    /// When the ticks were, ms UTC: ascending, each once. The ticks of all columns together.
    pub times: Vec<i64>,
    /// Runs of (ticks, poll interval in ms) that add up to all ticks.
    pub intervals: Vec<(u32, u32)>,
    /// One column for each series, ascending by series.
    pub columns: Vec<Column>,
}

/// What one series said at the ticks of a chunk.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Which series.
    pub series: SeriesId,
    /// What it measures: a hint for packing that is not stored, [`Role::OTHER`] after reading.
    pub role: Role,
    /// Runs over the ticks of the chunk, at least one tick each.
    pub states: Vec<(u32, State)>,
    /// One entry for each tick with a value, in order.
    pub values: Values,
}

impl Column {
    /// A column without ticks, to be filled by [`ChunkView::column_into`].
    #[must_use]
    pub const fn empty(series: SeriesId) -> Self {
        Self {
            series,
            role: Role::OTHER,
            states: Vec::new(),
            values: Values::Decimal {
                places: 0,
                ints: Vec::new(),
            },
        }
    }
}

/// What a tick holds of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// A value of this quality.
    Value(Quality),
    /// It was asked for, and there is no value.
    None(Quality),
    /// The tick says nothing of it.
    Absent,
}

/// What a series measures, as far as that helps to predict one series from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Role {
    /// The quantity.
    pub quantity: Quantity,
    /// The conductor.
    pub phase: Phase,
}

/// The quantities that are related by physics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Active power.
    Power,
    /// Reactive power.
    ReactivePower,
    /// Apparent power.
    ApparentPower,
    /// Power factor.
    PowerFactor,
    /// Voltage.
    Voltage,
    /// Current.
    Current,
    /// A counter of active energy.
    Energy,
    /// Any other.
    Other,
}

impl Role {
    /// Nothing is known of it.
    pub const OTHER: Self = Self {
        quantity: Quantity::Other,
        phase: Phase::Total,
    };

    /// The role of a series by its name.
    #[must_use]
    pub fn of(metric: &Metric, phase: Phase) -> Self {
        let quantity = match metric.as_str() {
            "power" | "active_power" => Quantity::Power,
            "reactive_power" => Quantity::ReactivePower,
            "apparent_power" => Quantity::ApparentPower,
            "power_factor" => Quantity::PowerFactor,
            "voltage" => Quantity::Voltage,
            "current" => Quantity::Current,
            "consumption" | "active_energy" | "import_energy" => Quantity::Energy,
            _ => Quantity::Other,
        };
        Self { quantity, phase }
    }
}
