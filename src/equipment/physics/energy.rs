//! *pure* — the counter of energy beside the integral of power.

use super::Round;
use super::finding::{Code, Finding, times};
use super::look::{Look, Quantity};
use crate::base::{Metric, Timestamp};
use crate::modbus::{DataType, Register};
use std::collections::VecDeque;

/// A span of comparison is at least this long, ms.
const SPAN_MIN_MS: i64 = 15_000;
/// A counter is compared over at least this many of its own steps, so that a coarse one is not
/// blamed for its rounding.
const STEPS_MIN: u32 = 3;
/// And over this many units of what its type can tell apart.
const UNITS_MIN: f64 = 15.0;
/// Two looks further apart than this say nothing of what lay between, ms.
const GAP_MAX_MS: i64 = 900_000;
/// Spans that are kept.
const SPANS: usize = 6;
/// Spans that must agree: a thousandfold slip is plain, a tenfold one may be a load that comes
/// and goes between two looks.
const AGREE_THOUSAND: usize = 2;
const AGREE_OTHER: usize = 4;
/// A counter that stands still for less may count in coarse steps, ms.
const STILL_MS: i64 = 900_000;
/// No single meter of a factory shows more, kW; and less than the second is no load.
const POWER_MAX_KW: f64 = 50_000.0;
const POWER_MIN_KW: f64 = 0.05;

/// What a closed span says.
#[derive(Clone, Copy, Debug)]
struct Span {
    /// Counter over integral.
    ratio: f64,
    /// The power was negative all along.
    outward: bool,
}

/// The span that is under way.
#[derive(Clone, Copy, Debug)]
struct Running {
    from: Timestamp,
    /// The counter at the start, where it had just stepped.
    base: f64,
    integral_kwh: f64,
    steps: u32,
}

/// The last look that had power and counter.
#[derive(Clone, Copy, Debug)]
struct Last {
    at: Timestamp,
    power_kw: f64,
    import: f64,
    export: Option<f64>,
}

/// What is compared.
#[derive(Debug, Default)]
pub(super) struct Energy {
    register: Option<(DataType, f64)>,
    last: Option<Last>,
    running: Option<Running>,
    spans: VecDeque<Span>,
    /// Since when the counter stands still, and what has flowed meanwhile, kWh.
    still: Option<(Timestamp, f64)>,
    stuck: Option<bool>,
}

/// What the counter is to the integral of power.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Against {
    /// The same, within what a span can tell.
    Fits,
    /// A power of ten of it.
    Decades(i32),
}

impl Energy {
    pub(super) fn new(registers: &[Register]) -> Self {
        let counter = registers.iter().find(|r| r.metric == Metric::CONSUMPTION);
        Self {
            register: counter.map(|r| (r.data_type, r.scale)),
            ..Self::default()
        }
    }

    pub(super) fn take(&mut self, at: Timestamp, look: &Look) {
        let (Some(power_kw), Some(import)) =
            (look.total(Quantity::Power), look.total(Quantity::Import))
        else {
            return;
        };
        let phases = look.phases(Quantity::Power);
        // Meters count such phases apart or together, as they are set: nothing follows from it.
        let mixed = phases.is_some_and(|p| p.iter().any(|kw| kw * power_kw < 0.0));
        let now = Last {
            at,
            power_kw,
            import,
            export: look.total(Quantity::Export),
        };
        let Some(last) = self.last.replace(now) else {
            return;
        };
        let length_ms = at.since_ms(last.at);
        let usable = (1..=GAP_MAX_MS).contains(&length_ms)
            && !mixed
            && power_kw * last.power_kw > 0.0
            && (POWER_MIN_KW..=POWER_MAX_KW).contains(&power_kw.abs())
            && import >= last.import;
        if !usable {
            self.running = None;
            self.still = None;
            return;
        }
        let hours = length_ms as f64 / 3_600_000.0;
        let flowed = f64::midpoint(power_kw, last.power_kw) * hours;
        let stepped = import > last.import;
        self.watch_still(now, flowed, stepped);
        self.extend(now, last, flowed, stepped);
    }

    /// Carries the running span on, and closes it when it is long enough.
    fn extend(&mut self, now: Last, last: Last, flowed: f64, stepped: bool) {
        let unit = self.unit(now.import);
        let Some(mut running) = self.running else {
            if stepped {
                self.running = Some(Running {
                    from: now.at,
                    base: now.import,
                    integral_kwh: 0.0,
                    steps: 0,
                });
            }
            return;
        };
        running.integral_kwh += flowed;
        running.steps += u32::from(stepped);
        let counted = now.import - running.base;
        let long = now.at.since_ms(running.from) >= SPAN_MIN_MS;
        if !(long && stepped && running.steps >= STEPS_MIN && counted >= UNITS_MIN * unit) {
            self.running = Some(running);
            return;
        }
        let exported = now.export.zip(last.export);
        let outward = running.integral_kwh < 0.0;
        // Without a counter of export, one register may count both ways.
        if !outward || exported.is_some_and(|(now, last)| now.total_cmp(&last).is_eq()) {
            if self.spans.len() >= SPANS {
                self.spans.pop_front();
            }
            self.spans.push_back(Span {
                ratio: counted / running.integral_kwh.abs(),
                outward,
            });
        }
        self.running = Some(Running {
            from: now.at,
            base: now.import,
            integral_kwh: 0.0,
            steps: 0,
        });
    }

    fn watch_still(&mut self, now: Last, flowed: f64, stepped: bool) {
        if stepped || flowed < 0.0 {
            self.still = None;
            self.stuck = stepped.then_some(false).or(self.stuck);
            return;
        }
        let (since, sum) = self.still.unwrap_or((now.at, 0.0));
        self.still = Some((since, sum + flowed));
        let unit = self.unit(now.import).max(grain(now.import));
        let enough = (20.0 * unit).max(2.0);
        if now.at.since_ms(since) >= STILL_MS && sum + flowed >= enough {
            self.stuck = Some(true);
        }
    }

    /// What the type of the counter's register can tell apart at this reading, kWh.
    fn unit(&self, reading: f64) -> f64 {
        match self.register {
            // A single float has 24 bits.
            Some((DataType::Float32, _)) => reading.abs() * 2.0_f64.powi(-23),
            Some((DataType::Float64, _)) | None => 0.0,
            Some((_, scale)) => scale.abs(),
        }
    }

    /// What the last spans agree on, in the direction of the power.
    pub(super) fn against(&self) -> Option<Against> {
        let forward = self.spans.iter().rev().filter(|span| !span.outward);
        let ratios: Vec<f64> = forward.map(|span| span.ratio).collect();
        let first = *ratios.first()?;
        let agree = |count: usize, within: f64| {
            let near = |ratio: &f64| (ratio / first).ln().abs() <= within;
            ratios.len() >= count && ratios[..count].iter().all(near)
        };
        let fits = |ratio: &f64| (0.6..=1.67).contains(ratio);
        if ratios.len() >= AGREE_THOUSAND && ratios[..AGREE_THOUSAND].iter().all(fits) {
            return Some(Against::Fits);
        }
        let decades = (-6..=6).find(|d| (first.log10() - f64::from(*d)).abs() <= 0.065)?;
        match decades {
            0 => None,
            -6..=-3 | 3..=6 if agree(AGREE_THOUSAND, 0.2) => Some(Against::Decades(decades)),
            _ if agree(AGREE_OTHER, 0.1) => Some(Against::Decades(decades)),
            _ => None,
        }
    }

    /// A steady ratio that is no power of ten.
    fn steady(&self) -> Option<f64> {
        let forward = self.spans.iter().rev().filter(|span| !span.outward);
        let ratios: Vec<f64> = forward.take(AGREE_OTHER).map(|span| span.ratio).collect();
        let first = *ratios.first()?;
        let near = ratios
            .iter()
            .all(|ratio| (ratio / first).ln().abs() <= 0.08);
        let size = first.max(first.recip());
        // 1.8: nothing below is a ratio of transformers; 600: 3000/5.
        let is_ratio = (1.8..=660.0).contains(&size);
        (ratios.len() == AGREE_OTHER && near && is_ratio).then_some(first)
    }

    /// The findings that are about energy alone; powers of ten are judged with the other scales.
    pub(super) fn judge(&self, round: &mut Round) {
        let against = self.against();
        if against.is_some() {
            round.tried(Code::TransformerRatio);
        }
        let is_decades = matches!(against, Some(Against::Decades(_)));
        if let Some(ratio) = self.steady().filter(|_| !is_decades) {
            let (more, size) = if ratio > 1.0 {
                ("faster", ratio)
            } else {
                ("slower", ratio.recip())
            };
            let sentence = format!(
                "The counter grows {size:.1} times {more} than the power says, steadily: a \
                 transformer ratio is missing in one of the two. Check the ratio in the meter and \
                 the registers of power and energy."
            );
            let slots = Quantity::Import.bit(0) | Quantity::Export.bit(0) | Quantity::Power.bits();
            let finding = Finding::new(Code::TransformerRatio, "consumption", slots, sentence);
            round.findings.push(finding.by(ratio));
        }
        let outward = self.spans.iter().rev().take(AGREE_THOUSAND);
        let inverted: Vec<bool> = outward
            .map(|span| span.outward && (0.6..=1.67).contains(&span.ratio))
            .collect();
        if inverted.len() == AGREE_THOUSAND {
            round.tried(Code::PowerSign);
            if inverted.iter().all(|inverted| *inverted) {
                let sentence = "Power is negative while the counter of import grows and that of \
                                export stands still: the sign of power is inverted. Give the \
                                register of power a negative scale, or turn the transformers."
                    .to_owned();
                let slots = Quantity::Power.bits() | Quantity::Factor.bits();
                let finding = Finding::new(Code::PowerSign, "power", slots, sentence);
                round.findings.push(finding.by(-1.0));
            }
        }
        match self.stuck {
            Some(true) => {
                round.tried(Code::CounterStuck);
                let sentence = "Power flows and the counter of energy stands still: its register \
                                is another one, or the meter does not count."
                    .to_owned();
                let slots = Quantity::Import.bit(0);
                let finding = Finding::new(Code::CounterStuck, "consumption", slots, sentence);
                round.findings.push(finding);
            }
            Some(false) => round.tried(Code::CounterStuck),
            None => {}
        }
    }
}

/// The slip of the counter in words.
pub(super) fn unit_sentence(decades: i32) -> String {
    let cause = match decades {
        3 => "the counter is in Wh and is read as kWh, or power is in MW and is read as kW",
        -3 => "the counter is in MWh and is read as kWh, or power is in W and is read as kW",
        _ => "the scale of the counter is wrong, or a transformer ratio is missing",
    };
    format!(
        "The energy is {} for the power that flows: {cause}.",
        times(decades)
    )
}

/// The largest power of ten that divides a reading: a counter that shows 123000 may well count
/// in thousands.
fn grain(reading: f64) -> f64 {
    if reading < 1.0 {
        return 0.1;
    }
    let divides = |k: &i32| (reading % 10_f64.powi(*k)).total_cmp(&0.0).is_eq();
    (0..=6).rev().find(divides).map_or(0.1, |k| 10_f64.powi(k))
}
