//! *pure* — what can be wrong with a meter, by name.

use crate::base::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How far a device has proved itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Too little was seen yet.
    Proving,
    /// Its values keep the laws that could be tried.
    Plausible,
    /// They do not; the findings say why.
    Suspect,
    /// It shows nothing that could be compared with anything.
    #[default]
    Unknown,
}

/// What is wrong, for programs.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The words of the values are put together in the wrong order.
    WordOrder,
    /// Every register is read one address too high or too low.
    OffByOne,
    /// Power in W is taken for kW, or the other way round.
    PowerUnit,
    /// Energy in Wh is taken for kWh, or the other way round.
    EnergyUnit,
    /// A value is ten or a hundred times too large or too small.
    Scale,
    /// Frequency is in another unit than Hz.
    FrequencyUnit,
    /// The power factor is in per cent or per mille.
    FactorUnit,
    /// The power factor is coded in four quadrants.
    FourQuadrant,
    /// A current transformer is turned round.
    ReversedTransformer,
    /// The currents of two phases are exchanged among the registers.
    SwappedCurrents,
    /// Current and voltage of two phases are crossed at the meter.
    CrossedPhases,
    /// Registers of voltage and current are exchanged.
    VoltageForCurrent,
    /// Power is negative while the counter of import grows.
    PowerSign,
    /// The transformer ratio is missing in power or in the counter.
    TransformerRatio,
    /// A value stands still while what belongs to it moves.
    Stuck,
    /// The counter stands still while power flows.
    CounterStuck,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Finding {
    /// Which.
    pub code: Code,
    /// Of what: a metric such as `power`, a conductor such as `L2`, two of them, or nothing.
    pub subject: String,
    /// By how much the shown value is too large, where that is known.
    pub factor: Option<f64>,
    /// In words, with what to do.
    pub sentence: String,
    /// When it was first seen.
    pub since: Option<Timestamp>,
    /// The values that are not to be believed, one bit per slot.
    #[serde(skip)]
    #[schema(ignore)]
    pub slots: u32,
}

impl Finding {
    pub(crate) fn new(code: Code, subject: &str, slots: u32, sentence: String) -> Self {
        Self {
            code,
            subject: subject.to_owned(),
            factor: None,
            sentence,
            since: None,
            slots,
        }
    }

    pub(crate) const fn by(mut self, factor: f64) -> Self {
        self.factor = Some(factor);
        self
    }
}

/// A power of ten as a person says it: `1000 times too large`.
pub(crate) fn times(decades: i32) -> String {
    let factor = 10_u64.pow(decades.unsigned_abs().min(9));
    let way = if decades > 0 { "large" } else { "small" };
    format!("{factor} times too {way}")
}
