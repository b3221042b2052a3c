//! Random histories of counters, with the truth beside them in whole units: nothing is lost that
//! could be known, nothing is counted twice, nothing is negative.

use super::*;

/// Numbers from a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, below: i64) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let high = (self.0 >> 33).cast_signed();
        high % below.max(1)
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(i64::try_from(all.len()).unwrap())).unwrap()]
    }
}

/// A meter and what becomes of it. All counts are in units of the register's last place.
struct Plant {
    chance: Chance,
    now: i64,
    interval: i64,
    /// Units of one.
    power: f64,
    /// What was truly used.
    used: i64,
    /// What the register shows.
    register: i64,
    modulus: Option<i64>,
    told: bool,
    /// Units that a beat brings, in hundredths, and for how many beats yet.
    pace: i64,
    beats_left: i64,
    rest: i64,
    factor: i64,
    readings: Vec<Reading>,
    events: Vec<Event>,
    /// What nobody could know, because nobody read it before it was gone.
    unknowable: i64,
    /// What was used when the register was last read right.
    used_at_reading: i64,
    first_used: Option<i64>,
    /// The level before the last jump, and when that was.
    left: Option<(i64, i64)>,
    most_per_beat: i64,
}

impl Plant {
    fn new(seed: u64) -> Self {
        let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let interval = chance.one_of(&[1_000, 5_000, 15_000, 60_000, 900_000]);
        let power = chance.one_of(&[1.0, 10.0, 100.0, 1_000.0]);
        let modulus = chance.one_of(&[None, Some(65_536), Some(1_000_000), Some(4_294_967_296)]);
        let start = match modulus {
            Some(modulus) => modulus - 2_000 - chance.below(modulus / 4),
            None => 20_000 + chance.below(50_000_000),
        };
        Self {
            now: 1_793_044_800_000 + chance.below(86_400_000) / interval * interval,
            interval,
            power,
            used: 0,
            register: start,
            modulus,
            told: true,
            pace: 0,
            beats_left: 0,
            rest: 0,
            factor: 1,
            readings: Vec::new(),
            events: Vec::new(),
            unknowable: 0,
            used_at_reading: 0,
            first_used: None,
            left: None,
            most_per_beat: 0,
            chance,
        }
    }

    fn rules(&self) -> Rules {
        let most = 13.0 * 1_000.0 / self.power;
        #[allow(clippy::cast_precision_loss)]
        Rules {
            limits: Limits {
                modulus: self
                    .modulus
                    .filter(|_| self.told)
                    .map(|modulus| modulus as f64 / self.power),
                // The most a beat brings is 1,000 units.
                per_ms: Some(most / self.interval as f64),
            },
            events: self.events.clone(),
            parted_from: 0,
        }
    }

    /// A beat passes: energy is used, the register counts.
    fn pass(&mut self) {
        if self.beats_left == 0 {
            self.beats_left = 12 + self.chance.below(60);
            let paces = [0, 3, 40, 100, 700, 5_000, 80_000];
            self.pace = self.chance.one_of(&paces);
        }
        self.beats_left -= 1;
        let now = self.pace * (80 + self.chance.below(40)) / 100 + self.rest;
        self.rest = now % 100;
        self.count(now / 100);
        self.now += self.interval;
    }

    fn count(&mut self, units: i64) {
        self.most_per_beat = self.most_per_beat.max(units);
        self.used += units * self.factor;
        self.register += units;
        if let Some(modulus) = self.modulus {
            self.register %= modulus;
        }
    }

    #[allow(clippy::cast_precision_loss)]
    fn say(&mut self, units: i64) {
        self.readings.push(Reading {
            at: self.now,
            value: units as f64 / self.power,
            interval: u32::try_from(self.interval).unwrap(),
        });
    }

    fn read(&mut self) {
        self.say(self.register);
        self.used_at_reading = self.used;
        self.first_used.get_or_insert(self.used);
    }

    /// So many beats on which everything is as it should be.
    fn quiet(&mut self, beats: i64) {
        for _ in 0..beats {
            self.pass();
            self.read();
        }
    }

    /// The register shows something else for some beats.
    fn wrong(&mut self, beats: i64, shows: impl Fn(&mut Chance, i64) -> i64) {
        for _ in 0..beats {
            self.pass();
            let shown = shows(&mut self.chance, self.register);
            self.say(shown);
        }
    }

    /// Another level than before, and nobody wrote down where the old one ended.
    fn jump_to(&mut self, register: i64) {
        // What is faster than before and was read once is not told from nonsense: slowly now.
        (self.pace, self.rest, self.beats_left) = (40, 0, 30);
        self.quiet(4);
        let (known, left) = (self.used_at_reading, self.register);
        for _ in 0..self.chance.below(3) {
            self.pass();
        }
        self.register = register;
        self.pass();
        self.read();
        self.unknowable += self.used - known;
        self.left = Some((left, self.now));
        self.quiet(12);
    }

    /// Somebody puts another meter in and enters both readings, now and then a little early.
    fn exchange(&mut self) {
        for _ in 0..self.chance.below(3) {
            self.pass();
        }
        self.pass();
        let at = self.now - 1;
        for _ in 0..self.chance.below(3) {
            let old = self.register;
            self.say(old);
            self.pass();
        }
        let (end, start) = (self.register, self.chance.below(self.register / 4));
        #[allow(clippy::cast_precision_loss)]
        self.events.push(Event {
            at,
            what: What::Exchange {
                end: end as f64 / self.power,
                start: start as f64 / self.power,
            },
        });
        self.register = start;
        self.read();
        self.left = None;
    }

    fn ratio(&mut self) {
        self.factor = self.chance.one_of(&[1, 2, 40]);
        #[allow(clippy::cast_precision_loss)]
        let what = What::Factor(self.factor as f64);
        self.events.push(Event { at: self.now, what });
    }

    /// Nobody reads for a while: the device, the line or we were off.
    fn silence(&mut self) {
        let longest = [20, 400, 3 * 86_400_000 / self.interval];
        let beats = 1 + self.chance.one_of(&longest);
        let beats = 1 + self.chance.below(beats);
        let most = 1_000 * beats;
        // Growth that reaches the end of the register or a level that was left lately cannot be
        // told from what it looks like.
        let over = self
            .modulus
            .is_some_and(|modulus| self.register + most >= modulus);
        let confused = self.left.is_some_and(|(left, at)| {
            self.now + beats * self.interval < at + 2 * LEFT_MS && self.register + most >= left
        });
        if over || confused {
            return;
        }
        for _ in 0..beats {
            self.pass();
        }
        self.read();
    }

    /// Whether a fall could not be taken for the end of the register.
    fn may_jump(&self) -> bool {
        let far = |end: i64| !(0..40_000).contains(&(end - self.register));
        // Where nobody said where the register ends, it may at any round number.
        let round = [65_536, 1 << 31, 1 << 32].into_iter();
        let round = round.chain((4..13).map(|n| 10i64.pow(n)));
        let ends: Vec<i64> = match self.modulus {
            Some(modulus) => vec![modulus],
            None => round
                .flat_map(|end| [end, end * 10, end * 100, end / 10, end / 100])
                .collect(),
        };
        self.register > 40_000 && ends.into_iter().all(far)
    }

    fn happen(&mut self) {
        let far = |_: &mut Chance, register: i64| register + 300_000_000_000;
        let wild =
            |chance: &mut Chance, register: i64| far(chance, register) + chance.below(1 << 30);
        let below = |chance: &mut Chance, register: i64| chance.below(register / 4);
        let beats = 1 + self.chance.below(2);
        match self.chance.below(12) {
            0 | 1 => self.silence(),
            2 => self.wrong(beats, |_, _| 0),
            3 => self.wrong(beats, wild),
            4 if self.register > 40_000 => self.wrong(beats, below),
            5 if self.may_jump() => self.wrong(3 + beats * 9, |_, _| 0),
            6 if self.may_jump() => self.wrong(3 + beats * 9, |_, _| 800_000_000_000),
            7 if self.may_jump() => self.jump_to(0),
            8 if self.may_jump() => {
                let level = self.chance.below(self.register / 4);
                self.jump_to(level);
            }
            9 | 10 if self.register > 40_000 => self.exchange(),
            _ => self.ratio(),
        }
    }

    /// Checks a whole history.
    fn check(&self, seed: u64) {
        let rules = self.rules();
        let (mut counter, mut grown) = (Counter::default(), Vec::new());
        let mut energy = 0i64;
        let mut hour = self.readings[0].at.div_euclid(3_600_000);
        for reading in &self.readings {
            while (reading.at - 1).div_euclid(3_600_000) > hour {
                hour += 1;
                counter.close_hour(hour * 3_600_000);
            }
            grown.clear();
            counter.step(*reading, &rules, &mut grown);
            for growth in &grown {
                #[allow(clippy::cast_possible_truncation)]
                let (units, factor) = (
                    (growth.growth * self.power).round() as i64,
                    rules.factor_before(growth.to).0 as i64,
                );
                // An exchange may be entered with what the old meter counted for two beats more.
                let beats = (growth.to - growth.from) / self.interval + 4;
                let most = self.most_per_beat * beats;
                assert!((0..=most).contains(&units), "seed {seed}: {growth:?}");
                energy += units * factor;
            }
        }
        let truth = self.used_at_reading - self.first_used.unwrap() - self.unknowable;
        assert_eq!(energy, truth, "seed {seed}, {} of one", self.power);
    }
}

/// A history of a seed.
fn history(seed: u64) -> Plant {
    let mut plant = Plant::new(seed);
    for n in 0..3 + plant.chance.below(10) {
        if n > 0 {
            plant.happen();
        }
        let beats = 16 + plant.chance.below(60);
        plant.quiet(beats);
        // What is faster than before and was read once is not told from nonsense.
        plant.beats_left = plant.beats_left.max(20);
        plant.quiet(4);
    }
    (plant.pace, plant.beats_left) = (100, 1_000);
    plant.quiet(20);
    plant
}

#[test]
fn ten_thousand_histories_are_counted_to_the_last_unit() {
    let first = std::env::var("INDUSMIND_SEED").map_or(0, |seed| seed.parse().unwrap());
    for seed in first..first + 10_000 {
        history(seed).check(seed);
    }
}

#[test]
fn a_clock_that_is_set_is_no_energy() {
    for seed in 0..300 {
        let mut plant = Plant::new(seed);
        (plant.modulus, plant.pace, plant.beats_left) = (None, 100, 100_000);
        // A clock is set while the counter is known: an hour and more went by.
        plant.quiet(400 + 3_600_000 / plant.interval);
        let start = plant.readings.len();
        let beats = 1 + plant.chance.below((70_000_000 / plant.interval).min(200));
        plant.quiet(beats);
        let wrong = plant.chance.below(400 * plant.interval) - 200 * plant.interval;
        let on_beat = plant.chance.below(2) == 0;
        let wrong = if on_beat {
            wrong / plant.interval * plant.interval
        } else {
            wrong
        };
        for reading in &mut plant.readings[start..] {
            reading.at += wrong;
        }
        plant.quiet(2_000);
        // Of two readings of one instant the first that came stands.
        plant.readings.sort_by_key(|reading| reading.at);
        plant.readings.dedup_by_key(|reading| reading.at);
        let rules = plant.rules();
        let (mut counter, mut grown) = (Counter::default(), Vec::new());
        let mut hour = plant.readings[0].at.div_euclid(3_600_000);
        for reading in &plant.readings {
            while (reading.at - 1).div_euclid(3_600_000) > hour {
                hour += 1;
                counter.close_hour(hour * 3_600_000);
            }
            counter.step(*reading, &rules, &mut grown);
        }
        let energy: f64 = grown.iter().map(|growth| growth.growth * plant.power).sum();
        let first = plant.readings[0].value * plant.power;
        #[allow(clippy::cast_precision_loss)]
        let truth = plant.register as f64 - first;
        assert!(
            (energy - truth).abs() < 0.5,
            "seed {seed}: {energy} for {truth}"
        );
    }
}
