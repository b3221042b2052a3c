//! Meters of a plant, tick by tick, the same on every run: no clock, no chance but its own seed.
//!
//! Behind each meter is one physical truth: shifts, machine cycles, wandering load, the mains with
//! its drift, three unequal phases. Each metric is then measured from it on its own, with its own
//! noise, and cut to the resolution of a real register. So no metric can be computed from another,
//! and a store that compresses these values well does so on a plant as well.

#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]

/// A metric of a meter.
pub struct Spec {
    /// Its name.
    pub metric: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Decimals of the finest register; big meters have one less for power, current and energy.
    pub places: u8,
}

const fn spec(metric: &'static str, unit: &'static str, places: u8) -> Spec {
    Spec {
        metric,
        unit,
        places,
    }
}

/// What every meter measures, in the order of [`Tick::values`].
pub const METRICS: [Spec; 10] = [
    spec("power", "kW", 2),
    spec("apparent_power", "kVA", 2),
    spec("reactive_power", "kvar", 2),
    spec("power_factor", "", 3),
    spec("voltage", "V", 1),
    spec("current", "A", 2),
    spec("frequency", "Hz", 2),
    spec("consumption", "kWh", 2),
    spec("thd", "%", 1),
    spec("temperature", "°C", 1),
];

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// One poll in a thousand is not answered.
const MISSED: f64 = 0.001;
/// How many hours pass from one lost hour to the next, in the mean.
const HOURS_BETWEEN_LOST_HOURS: f64 = 300.0;

/// How a meter says its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Integers with a decimal point, on the beat of the poll.
    Quantised,
    /// IEEE floats whose low bits are noise, stamped some milliseconds beside the beat.
    NoisyFloat,
}

/// One answer of a meter.
#[derive(Clone, Copy, Debug)]
pub struct Tick {
    /// When, ms since 1970.
    pub at_ms: i64,
    /// One value for each of [`METRICS`].
    pub values: [f64; 10],
}

/// An endless row of ticks; a tick that does not come was not answered.
pub struct Meter {
    kind: Kind,
    scales: [f64; 10],
    place: Place,
    next_ms: i64,
    interval_ms: i64,
    silent_until_ms: i64,
    truth: Truth,
    /// Measuring has its own chance, so that the truth is the same for both kinds.
    chance: Chance,
    gains: [f64; 10],
    counter_kwh: f64,
}

impl Meter {
    /// The meter of this number; its first tick is at `start_ms`, ms since 1970.
    pub fn new(kind: Kind, number: u32, start_ms: i64, interval_ms: i64) -> Self {
        let mut chance = Chance::new(u64::from(number) + 1);
        let place = Place::of(number, &mut chance);
        let coarse = u8::from(place.rated_kw > 80.0);
        let scales = std::array::from_fn(|metric| {
            let less = if matches!(metric, 0..=2 | 5 | 7) {
                coarse
            } else {
                0
            };
            10_f64.powi(i32::from(METRICS[metric].places - less))
        });
        Self {
            kind,
            scales,
            next_ms: start_ms,
            interval_ms,
            silent_until_ms: i64::MIN,
            truth: Truth::new(number, interval_ms),
            // Each channel is off by its own class error, for ever.
            gains: std::array::from_fn(|_| 1.0 + 0.002 * chance.normal()),
            counter_kwh: 4_000.0 + chance.uniform() * 200_000.0,
            chance,
            place,
        }
    }

    /// What the channels show of the truth, before they are cut to their registers.
    fn measure(&mut self, state: &State) -> [f64; 10] {
        let mut noisy = |value: f64, relative: f64| value * (1.0 + relative * self.chance.normal());
        let measured = [
            noisy(state.kw, 0.000_4),
            noisy(state.kva, 0.000_4),
            noisy(state.kvar, 0.000_8),
            noisy(state.power_factor, 0.000_5).min(1.0),
            noisy(state.volt, 0.000_2),
            noisy(state.ampere, 0.000_4),
            noisy(state.hertz, 0.000_04),
            self.counter_kwh,
            noisy(state.thd, 0.01),
            noisy(state.celsius, 0.000_3),
        ];
        let gains = self.gains;
        // A clock needs no gain; a factor may not pass one.
        std::array::from_fn(|metric| match metric {
            3 | 6 | 7 => measured[metric],
            other => measured[other] * gains[other],
        })
    }

    fn cut(&self, value: f64, metric: usize) -> f64 {
        match self.kind {
            Kind::Quantised => {
                let scale = self.scales[metric];
                // A counter shows what is full, never more.
                let steps = value * scale;
                let steps = if metric == 7 {
                    steps.floor()
                } else {
                    steps.round()
                };
                // Plus zero: a register has no minus zero.
                steps / scale + 0.0
            }
            Kind::NoisyFloat => f64::from(value as f32),
        }
    }

    fn answers(&mut self, at_ms: i64) -> bool {
        let hours = self.interval_ms as f64 / HOUR_MS as f64;
        let missed = self.chance.uniform() < MISSED;
        if self.chance.uniform() < hours / HOURS_BETWEEN_LOST_HOURS {
            self.silent_until_ms = at_ms + HOUR_MS;
        }
        !missed && at_ms >= self.silent_until_ms
    }
}

impl Iterator for Meter {
    type Item = Tick;

    fn next(&mut self) -> Option<Tick> {
        loop {
            let at_ms = self.next_ms;
            self.next_ms += self.interval_ms;
            let state = self.truth.step(&self.place, at_ms);
            let hours = self.interval_ms as f64 / HOUR_MS as f64;
            self.counter_kwh += state.kw * self.gains[7] * hours;
            let measured = self.measure(&state);
            let late_ms = match self.kind {
                Kind::Quantised => 0,
                Kind::NoisyFloat => (self.chance.normal().abs() * 3.0) as i64,
            };
            if self.answers(at_ms) {
                return Some(Tick {
                    at_ms: at_ms + late_ms,
                    values: std::array::from_fn(|metric| self.cut(measured[metric], metric)),
                });
            }
        }
    }
}

/// What is behind the meter and never changes.
struct Place {
    rated_kw: f64,
    /// Which hours of a working day it runs: from, to; a night shift passes midnight.
    shift: (i64, i64),
    runs_on_sunday: bool,
    /// A machine that loads and unloads: period and loaded part, ms.
    cycle_ms: (i64, i64),
    idle_share: f64,
    standby_kw: f64,
    best_power_factor: f64,
    phase_volt: [f64; 3],
    phase_share: [f64; 3],
    thd: f64,
    warmth: f64,
}

impl Place {
    fn of(number: u32, chance: &mut Chance) -> Self {
        const RATED_KW: [f64; 8] = [18.5, 45.0, 132.0, 7.5, 75.0, 250.0, 30.0, 55.0];
        const SHIFTS: [(i64, i64); 4] = [(0, 24), (6, 22), (5, 24), (7, 17)];
        let unbalance = [0.03 * chance.normal(), 0.03 * chance.normal()];
        let period_ms = 45_000 + (chance.uniform() * 400_000.0) as i64;
        let loaded = 0.35 + 0.5 * chance.uniform();
        Self {
            rated_kw: RATED_KW[number as usize % 8] * (0.9 + 0.2 * chance.uniform()),
            shift: SHIFTS[(number / 2) as usize % 4],
            runs_on_sunday: number.is_multiple_of(4),
            cycle_ms: (period_ms, (period_ms as f64 * loaded) as i64),
            idle_share: 0.25 + 0.4 * chance.uniform(),
            // Some machines are cut off, others stay warm.
            standby_kw: if number % 3 == 1 { 0.0 } else { 0.35 },
            best_power_factor: 0.86 + 0.1 * chance.uniform(),
            phase_volt: std::array::from_fn(|_| 231.0 + 1.2 * chance.normal()),
            phase_share: [
                1.0 + unbalance[0],
                1.0 + unbalance[1],
                1.0 - unbalance[0] - unbalance[1],
            ],
            thd: 1.5 + 2.5 * chance.uniform(),
            warmth: 6.0 + 12.0 * chance.uniform(),
        }
    }

    /// Whether the shift is on.
    fn works(&self, at_ms: i64) -> bool {
        // The first of January 1970 was a Thursday.
        let sunday = (at_ms.div_euclid(DAY_MS) + 3).rem_euclid(7) == 6;
        let hour = at_ms.rem_euclid(DAY_MS) / HOUR_MS;
        (self.shift.0..self.shift.1).contains(&hour) && (self.runs_on_sunday || !sunday)
    }
}

/// The truth at one instant.
struct State {
    kw: f64,
    kva: f64,
    kvar: f64,
    power_factor: f64,
    volt: f64,
    ampere: f64,
    hertz: f64,
    thd: f64,
    celsius: f64,
}

/// What wanders behind the meter.
struct Truth {
    chance: Chance,
    /// The grid is one for all meters: its chance is that of no meter.
    grid: Chance,
    load: Wander,
    level: Wander,
    mains: Wander,
    phases: [Wander; 3],
    hertz: Wander,
    thd: Wander,
    off_until_ms: i64,
    interval_ms: i64,
    /// How far the machine follows its set point in one interval, and its heat the load.
    follow: (f64, f64),
    share: f64,
    heat: f64,
}

impl Truth {
    fn new(number: u32, interval_ms: i64) -> Self {
        let wander = |seconds: f64| Wander::new(seconds, interval_ms);
        let follow = |seconds: f64| 1.0 - (-(interval_ms as f64) / 1_000.0 / seconds).exp();
        Self {
            chance: Chance::new(0x5EED_0000 + u64::from(number)),
            grid: Chance::new(0x6_121D),
            load: wander(25.0),
            level: wander(2_400.0),
            mains: wander(900.0),
            phases: std::array::from_fn(|_| wander(20.0)),
            hertz: wander(45.0),
            thd: wander(600.0),
            off_until_ms: i64::MIN,
            interval_ms,
            follow: (follow(4.0), follow(1_500.0)),
            share: 0.0,
            heat: 0.0,
        }
    }

    fn step(&mut self, place: &Place, at_ms: i64) -> State {
        let day = at_ms.rem_euclid(DAY_MS) as f64 / DAY_MS as f64 * std::f64::consts::TAU;
        let mains_volt = 1.5 * self.mains.step(&mut self.grid) - 1.8 * day.sin();
        let hertz = 50.0 + 0.018 * self.hertz.step(&mut self.grid);
        let share = self.share_of_load(place, at_ms);
        let kw = place.rated_kw * share + place.standby_kw;
        let power_factor = (place.best_power_factor - 0.22 * (1.0 - share).powi(3)).max(0.2);
        let factor = if kw > 0.0 { power_factor } else { 1.0 };
        let (mut volts, mut amperes, mut kva) = (0.0, 0.0, 0.0);
        for phase in 0..3 {
            let wander = 0.25 * self.phases[phase].step(&mut self.chance);
            let volt = place.phase_volt[phase] + mains_volt + wander - 1.6 * share;
            let phase_kva = kw / 3.0 * place.phase_share[phase] / factor;
            volts += volt;
            amperes += phase_kva * 1_000.0 / volt;
            kva += phase_kva;
        }
        let thd = place.thd + 0.8 * share + 0.15 * self.thd.step(&mut self.chance);
        State {
            kw,
            kva,
            kvar: (kva * kva - kw * kw).max(0.0).sqrt(),
            power_factor: factor,
            volt: volts / 3.0,
            ampere: amperes / 3.0,
            hertz,
            thd,
            celsius: 24.0 - 3.0 * day.cos() + place.warmth * self.heat,
        }
    }

    /// Which part of the rated power is drawn.
    fn share_of_load(&mut self, place: &Place, at_ms: i64) -> f64 {
        let hours = self.interval_ms as f64 / HOUR_MS as f64;
        // A stop of up to two hours, every thirty hours or so.
        if self.chance.uniform() < hours / 30.0 {
            self.off_until_ms = at_ms + (self.chance.uniform() * 2.0 * HOUR_MS as f64) as i64;
        }
        let wander = self.load.step(&mut self.chance);
        let level = self.level.step(&mut self.chance);
        let runs = place.works(at_ms) && at_ms >= self.off_until_ms;
        let loaded = at_ms.rem_euclid(place.cycle_ms.0) < place.cycle_ms.1;
        let wanted = match (runs, loaded) {
            (false, _) => 0.0,
            (true, true) => 0.78 + 0.08 * level,
            (true, false) => 0.78 * place.idle_share + 0.02 * level,
        };
        self.share += (wanted - self.share) * self.follow.0;
        if !runs && self.share < 0.002 {
            self.share = 0.0;
        }
        self.heat += (self.share - self.heat) * self.follow.1;
        (self.share * (1.0 + 0.006 * wander)).clamp(0.0, 1.1)
    }
}

/// A value around zero, of variance one, that forgets where it was in some seconds.
struct Wander {
    value: f64,
    keep: f64,
    push: f64,
}

impl Wander {
    fn new(seconds: f64, interval_ms: i64) -> Self {
        let keep = (-(interval_ms as f64) / 1_000.0 / seconds).exp();
        Self {
            value: 0.0,
            keep,
            push: (1.0 - keep * keep).sqrt(),
        }
    }

    fn step(&mut self, chance: &mut Chance) -> f64 {
        self.value = self.keep * self.value + self.push * chance.normal();
        self.value
    }
}

/// Splitmix64: small, and good enough for noise.
struct Chance(u64);

impl Chance {
    fn new(seed: u64) -> Self {
        let mut chance = Self(seed.wrapping_mul(0xD134_2543_DE82_EF95));
        chance.next();
        chance
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to just below 1.
    fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Nearly normal, mean 0, variance 1: the sum of four numbers, without a logarithm.
    fn normal(&mut self) -> f64 {
        let bits = self.next();
        let sum: u64 = (0..4).map(|part| (bits >> (16 * part)) & 0xFFFF).sum();
        (sum as f64 / 65_535.0 - 2.0) * 3.0_f64.sqrt()
    }
}
