//! *pure* — what a meter shows at one instant, in places that have a meaning.

use crate::base::{Metric, Phase};

/// A quantity that the laws speak of, each for the whole device and the three conductors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Active power, kW.
    Power,
    /// Reactive power, kvar.
    Reactive,
    /// Apparent power, kVA.
    Apparent,
    /// Power factor.
    Factor,
    /// Voltage, V.
    Voltage,
    /// Current, A.
    Current,
    /// Frequency, Hz; of the whole device only.
    Frequency,
    /// Counter of import, kWh; of the whole device only.
    Import,
    /// Counter of export, kWh; of the whole device only.
    Export,
}

/// The slots of a look: six quantities on four places, then three of the whole device.
pub(crate) const SLOTS: usize = 27;

impl Quantity {
    const ALL: [Self; 9] = [
        Self::Power,
        Self::Reactive,
        Self::Apparent,
        Self::Factor,
        Self::Voltage,
        Self::Current,
        Self::Frequency,
        Self::Import,
        Self::Export,
    ];

    /// The metric's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Power => "power",
            Self::Reactive => "reactive_power",
            Self::Apparent => "apparent_power",
            Self::Factor => "power_factor",
            Self::Voltage => "voltage",
            Self::Current => "current",
            Self::Frequency => "frequency",
            Self::Import => "consumption",
            Self::Export => "export_energy",
        }
    }

    /// The quantity of a metric that the laws speak of.
    #[must_use]
    pub fn of(metric: &Metric) -> Option<Self> {
        let named = |q: &&Self| q.name() == metric.as_str();
        Self::ALL.iter().find(named).copied()
    }

    /// Whether a single value can be true at all.
    #[must_use]
    pub fn can_be(self, value: f64) -> bool {
        is_possible(self, value)
    }

    /// The slot of a place: 0 for the whole device, 1 to 3 for the conductors.
    pub(crate) const fn at(self, place: usize) -> usize {
        match self {
            Self::Power => place,
            Self::Reactive => 4 + place,
            Self::Apparent => 8 + place,
            Self::Factor => 12 + place,
            Self::Voltage => 16 + place,
            Self::Current => 20 + place,
            Self::Frequency => 24,
            Self::Import => 25,
            Self::Export => 26,
        }
    }

    /// The quantity of a slot.
    pub(crate) fn of_slot(slot: usize) -> Self {
        match slot {
            0..24 => Self::ALL[slot / 4],
            24 => Self::Frequency,
            25 => Self::Import,
            _ => Self::Export,
        }
    }

    /// The bit of a slot.
    pub(crate) const fn bit(self, place: usize) -> u32 {
        1 << self.at(place)
    }

    /// The bits of the three conductors.
    pub(crate) const fn phase_bits(self) -> u32 {
        self.bit(1) | self.bit(2) | self.bit(3)
    }

    /// The bits of the whole device and the three conductors.
    pub(crate) const fn bits(self) -> u32 {
        self.bit(0) | self.phase_bits()
    }
}

/// Where a metric of a conductor stands in a look; `None` for one that no law speaks of.
pub(crate) fn slot(metric: &Metric, phase: Phase) -> Option<usize> {
    let place = match phase {
        Phase::Total => 0,
        Phase::L1 => 1,
        Phase::L2 => 2,
        Phase::L3 => 3,
    };
    let quantity = Quantity::of(metric)?;
    let whole_only = quantity.at(0) >= 24;
    (!whole_only || place == 0).then(|| quantity.at(place))
}

/// How many values are as they can be, and how many cannot be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) good: u32,
    pub(crate) bad: u32,
}

impl Marks {
    fn put(&mut self, holds: bool, weight: u32) {
        if holds {
            self.good += weight;
        } else {
            self.bad += weight;
        }
    }

    /// The share of good ones.
    pub(crate) fn share(self) -> f64 {
        f64::from(self.good) / f64::from((self.good + self.bad).max(1))
    }
}

/// What a meter shows at one instant. NaN stands for what is not known.
#[derive(Clone, Copy, Debug)]
pub struct Look([f64; SLOTS]);

impl Look {
    /// The values of registers, each with its slot.
    pub(crate) fn of(slots: &[Option<usize>], values: &[Option<f64>]) -> Self {
        let mut look = Self([f64::NAN; SLOTS]);
        for (slot, value) in slots.iter().zip(values) {
            if let (Some(slot), Some(value)) = (slot, value) {
                look.0[*slot] = *value;
            }
        }
        look
    }

    pub(crate) fn slot(&self, slot: usize) -> Option<f64> {
        let value = self.0[slot];
        value.is_finite().then_some(value)
    }

    /// A quantity of the whole device.
    pub(crate) fn total(&self, quantity: Quantity) -> Option<f64> {
        self.slot(quantity.at(0))
    }

    /// A quantity of all three conductors.
    pub(crate) fn phases(&self, quantity: Quantity) -> Option<[f64; 3]> {
        let of = |place| self.slot(quantity.at(place));
        Some([of(1)?, of(2)?, of(3)?])
    }

    /// Apparent power from voltage and current per phase, kVA.
    pub(crate) fn phase_kva(&self) -> Option<[f64; 3]> {
        let (u, i) = (
            self.phases(Quantity::Voltage)?,
            self.phases(Quantity::Current)?,
        );
        Some([0, 1, 2].map(|n| u[n] * i[n] / 1_000.0))
    }

    /// The power factor of the whole, without sign: as shown, or from P and Q.
    pub(crate) fn factor(&self) -> Option<f64> {
        let shown = self.total(Quantity::Factor).map(f64::abs);
        shown.filter(|factor| (0.05..=1.05).contains(factor))
    }

    /// How exactly values that must agree do, as a share; never quite 0.
    pub(crate) fn residual(&self) -> Option<f64> {
        let off = |shown: f64, from: f64| (shown / from - 1.0).abs().max(1e-6);
        let of_phases = || {
            let sum: f64 = self.phases(Quantity::Power)?.iter().sum();
            let total = self.total(Quantity::Power)?;
            (sum.abs() > 0.05).then(|| off(total, sum))
        };
        let of_apparent = || {
            let kva = self.total(Quantity::Apparent)? * self.total(Quantity::Factor)?;
            let power = self.total(Quantity::Power)?;
            (kva.abs() > 0.05).then(|| off(power, kva))
        };
        of_phases().or_else(of_apparent)
    }

    /// How plausible the values are, each by itself and some of them together.
    pub(crate) fn marks(&self) -> Marks {
        let mut marks = Marks::default();
        for slot in 0..SLOTS {
            if let Some(value) = self.slot(slot) {
                marks.put(is_possible(Quantity::of_slot(slot), value), 1);
            }
        }
        if let Some(u) = self.phases(Quantity::Voltage) {
            let (low, high) = ends(u);
            // A phase that is out says nothing about the others.
            if low > 0.1 * high {
                marks.put(low > 0.75 * high, 2);
                if let Some(total) = self.total(Quantity::Voltage).filter(|u| *u > 0.0) {
                    marks.put((0.5..1.9).contains(&(total / high)), 2);
                }
            }
        }
        let phases = self.phases(Quantity::Power);
        if let (Some(total), Some(phases)) = (self.total(Quantity::Power), phases) {
            let sum: f64 = phases.iter().sum();
            if sum.abs() > 0.05 {
                marks.put((sum - total).abs() < 0.1 * sum.abs().max(total.abs()), 2);
            }
        }
        if let Some(fits) = self.power_beside_volt_amperes() {
            marks.put(fits, 2);
        }
        marks
    }

    /// Whether the power is one that voltage and current can carry; `None` without load.
    fn power_beside_volt_amperes(&self) -> Option<bool> {
        let kva = self.phase_kva()?.iter().sum::<f64>();
        let power = self.total(Quantity::Power)?.abs();
        (kva.abs() > 0.5).then_some(power < 1.15 * kva && power > 0.02 * kva)
    }

    /// Whether power does not contradict voltage and current.
    pub(crate) fn power_fits(&self) -> bool {
        self.power_beside_volt_amperes() != Some(false)
    }
}

/// The least and the greatest.
pub(crate) fn ends(values: [f64; 3]) -> (f64, f64) {
    let pick = |of: fn(f64, f64) -> f64| values.into_iter().reduce(of).unwrap_or(0.0);
    (pick(f64::min), pick(f64::max))
}

/// Mains frequencies in use: 50 and 60 Hz, 16.7 Hz of railways, 400 Hz of aircraft and tools.
pub(crate) fn is_mains(hertz: f64) -> bool {
    [45.0..=65.0, 16.0..=17.5, 380.0..=420.0]
        .iter()
        .any(|band| band.contains(&hertz))
}

/// Whether a single value can be true at all. Zero always can: nothing flows.
pub(crate) fn is_possible(quantity: Quantity, value: f64) -> bool {
    let size = value.abs();
    if size.total_cmp(&0.0).is_eq() {
        return true;
    }
    match quantity {
        Quantity::Power | Quantity::Reactive | Quantity::Apparent => (1e-5..=1e6).contains(&size),
        Quantity::Factor => (1e-4..=1.05).contains(&size),
        // Up to 36 kV behind a voltage transformer; a phase that is out shows a few volts.
        Quantity::Voltage => (0.5..=36_000.0).contains(&value),
        Quantity::Current => (1e-4..=20_000.0).contains(&size),
        Quantity::Frequency => is_mains(value),
        Quantity::Import | Quantity::Export => (1e-4..=1e10).contains(&value),
    }
}

/// Whether a value is beyond any slip of units: words in the wrong order land anywhere.
pub(crate) fn is_absurd(quantity: Quantity, value: f64) -> bool {
    let far = [1e-3, 1.0, 1e3];
    !far.iter().any(|by| is_possible(quantity, value.abs() * by))
}
