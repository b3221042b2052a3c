//! *pure* — the fixed family of distributions that residuals are packed with.
//!
//! A block of readings is too short to carry its own statistics, and need not: the noise of a
//! meter is a bell of some width. There is one table for each half octave of width and, where
//! bells are narrower than a unit, for where the centre lies between two units. The tables are
//! part of the format; they are computed with sums, products and quotients only, which are the
//! same on every machine, and a test holds their checksum.

use std::sync::OnceLock;

/// Bits of the state of the coder.
pub(super) const STATE_BITS: u32 = 10;
/// States of the coder, and how finely probabilities are told apart.
pub(super) const STATES: usize = 1 << STATE_BITS;
/// The widths are mean distances; this one stands for one unit.
pub(super) const ONE: u32 = 16;
/// The narrowest width is 2 to this power, where [`ONE`] is one unit.
const NARROWEST: u32 = 8;
/// From this width on, the low bits are written as they are.
const WIDEST: u32 = 18;
/// Below this width it matters where between two units the centre lies.
const CENTRED: u32 = 17;
/// Steps between the middle of a unit and its edge.
const CENTRES: usize = 4;
const HALVES: usize = 2;
const SPLIT: usize = (CENTRED - NARROWEST) as usize * HALVES * CENTRES;
const PLAIN: usize = (WIDEST - CENTRED) as usize * HALVES;
/// How many tables there are; the rest of the array repeats the last one.
const USED: usize = SPLIT + PLAIN + HALVES;
/// Room for the tables, a power of two so that no index can be out of bounds.
pub(super) const TABLES: usize = 128;

/// A symbol below this is the distance itself plus [`ZERO`].
pub(super) const DIRECT: usize = 64;
/// The symbol of distance zero.
pub(super) const ZERO: i64 = 32;
/// Behind the direct ones, above and below: this many further distances, in raw bits.
pub(super) const TAIL_BITS: [u32; 3] = [4, 6, 10];
/// The symbol of what no tail reaches.
pub(super) const ESCAPE: usize = DIRECT + 2 * TAIL_BITS.len();
/// How many symbols there are.
pub(super) const SYMBOLS: usize = ESCAPE + 1;

/// All distributions.
#[derive(Debug)]
pub(super) struct Tables {
    /// By table and state: symbol, bits to read, and what to add them to.
    read: Box<[u32; TABLES * STATES]>,
    all: Vec<Table>,
}

impl Tables {
    /// A table.
    #[inline]
    pub(super) fn get(&self, number: usize) -> &Table {
        &self.all[number]
    }

    /// What a state of a table says: the symbol, how many bits to read, what to add them to.
    #[inline]
    pub(super) fn entry(&self, number: usize, state: usize) -> (u32, u32, u32) {
        let entry = self.read[(number * STATES + state) % (TABLES * STATES)];
        (entry & 0xFF, entry >> 8 & 0xFF, entry >> 16)
    }
}

/// One distribution.
#[derive(Debug)]
pub(super) struct Table {
    /// The states by symbol, for writing.
    write: Vec<u16>,
    /// By symbol: its frequency and where its states start in `write`.
    symbols: [(u16, u16); SYMBOLS],
    /// What each symbol costs, in bits.
    pub(super) cost: [f32; SYMBOLS],
    /// Direct distances: from, to.
    pub(super) low: i64,
    pub(super) high: i64,
}

/// What a width chooses.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scale {
    /// The first of its tables.
    table: u16,
    /// Which steps between the middle of a unit and its edge have their own table.
    steps: u8,
    /// How many low bits are written as they are.
    pub(super) raw: u8,
}

/// The scales by [`scale_of`].
const SCALES: [Scale; 128] = scales();

#[allow(clippy::cast_possible_truncation)] // numbers below 128
const fn scales() -> [Scale; 128] {
    let mut scales = [Scale {
        table: 0,
        steps: 0,
        raw: 0,
    }; 128];
    let mut n = 0;
    while n < scales.len() {
        let (octave, half) = (n / HALVES, n % HALVES);
        let (widest, centred) = (WIDEST as usize, CENTRED as usize);
        let above = octave.saturating_sub(NARROWEST as usize) * HALVES + half;
        scales[n] = if octave >= widest {
            let raw = octave - widest + 1;
            let raw = if raw < RAW_MAX { raw } else { RAW_MAX };
            Scale {
                table: (SPLIT + PLAIN + half) as u16,
                steps: 0,
                raw: raw as u8,
            }
        } else if octave >= centred {
            Scale {
                table: (SPLIT + above - SPLIT / CENTRES) as u16,
                steps: 0,
                raw: 0,
            }
        } else {
            Scale {
                table: (above * CENTRES) as u16,
                steps: CENTRES as u8 - 1,
                raw: 0,
            }
        };
        n += 1;
    }
    scales
}

/// Most low bits: with a state and a tail they are still read at once.
const RAW_MAX: usize = 29;

impl Scale {
    /// The scale of a width, in units times 2^16.
    #[inline]
    pub(super) fn of(width: i64) -> Self {
        let width = (width | 1 << NARROWEST).cast_unsigned();
        let octave = width.ilog2();
        #[allow(clippy::cast_possible_truncation)] // 2 or 3
        let half = (width >> (octave - 1)) as usize;
        let number = half + 2 * (octave as usize - 1);
        SCALES[number % SCALES.len()]
    }

    /// The table for a centre: a distance from a whole unit, below half of it, times 2^16.
    #[inline]
    pub(super) fn table(self, centre: i64) -> usize {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 3
        let step = (centre >> (ONE - 1 - CENTRES.ilog2())) as usize;
        usize::from(self.table) + (step & usize::from(self.steps))
    }
}

/// All tables; made once.
pub(super) fn tables() -> &'static Tables {
    static MADE: OnceLock<Tables> = OnceLock::new();
    MADE.get_or_init(|| {
        let mut read = vec![0; TABLES * STATES];
        let each = read.chunks_mut(STATES).take(USED).enumerate();
        let all = each.map(|(n, read)| make(n, read)).collect();
        let read = read
            .into_boxed_slice()
            .try_into()
            .expect("as long as it was made");
        Tables { read, all }
    })
}

/// Table number `n`: the inverse of [`choose`].
#[allow(clippy::cast_precision_loss)] // small numbers
fn make(n: usize, read: &mut [u32]) -> Table {
    let (scale, centre, shifted) = if n < SPLIT {
        (n / CENTRES, (n % CENTRES) as f64 + 0.5, false)
    } else if n < SPLIT + PLAIN {
        (n - SPLIT + SPLIT / CENTRES, 0.0, false)
    } else {
        (n - SPLIT - HALVES + SPLIT / CENTRES, 0.0, true)
    };
    // The middle of the half octave, as far as a product goes.
    let middle = [1.22, 1.73][scale % HALVES];
    let octaves = i32::try_from(scale / HALVES).unwrap_or_default() - 8;
    let mean = middle * 2.0_f64.powi(octaves);
    let centre = centre / (2.0 * CENTRES as f64) + if shifted { -0.5 } else { 0.0 };
    let below = |distance: i64| bell(distance as f64 - 0.5 - centre, mean);
    Table::of(&below, read)
}

/// The probability that a residual lies below `distance`, when its mean distance is `mean`: a
/// normal bell, a wider one for changing noise, and a foot for jumps.
fn bell(distance: f64, mean: f64) -> f64 {
    let deviation = 1.2533 * mean;
    0.85 * normal(distance / deviation)
        + 0.135 * logistic(distance / (0.9 * deviation))
        + 0.015 * logistic(distance / (8.0 * deviation + 0.1))
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + exponential(-x))
}

/// After Abramowitz and Stegun, 7.1.26: right to seven digits.
fn normal(x: f64) -> f64 {
    let z = x.abs() * std::f64::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let series = [
        1.061_405_429,
        -1.453_152_027,
        1.421_413_741,
        -0.284_496_736,
        0.254_829_592,
    ];
    let sum = series.iter().fold(0.0, |sum, part| sum * t + part) * t;
    let above = 0.5 * sum * exponential(-z * z);
    if x < 0.0 { above } else { 1.0 - above }
}

/// The exponential function by its series, halved ten times: the library's may differ between
/// machines.
fn exponential(x: f64) -> f64 {
    let small = x.clamp(-600.0, 600.0) / 1024.0;
    let series = (1..15)
        .rev()
        .fold(1.0, |sum, n| 1.0 + sum * small / f64::from(n));
    (0..10).fold(series, |power, _| power * power)
}

impl Table {
    fn of(below: &dyn Fn(i64) -> f64, read: &mut [u32]) -> Self {
        let slots = STATES_F;
        let likely = |distance: &i64| (below(distance + 1) - below(*distance)) * slots >= 0.5;
        let low = (-ZERO..0).find(likely).unwrap_or(0);
        let high = (0..ZERO).rev().find(likely).unwrap_or(0);
        let mut mass = [0.0; SYMBOLS];
        for distance in low..=high {
            mass[index(distance + ZERO)] = below(distance + 1) - below(distance);
        }
        let (mut up, mut down) = (high + 1, low);
        for (n, bits) in TAIL_BITS.iter().enumerate() {
            let reach = 1 << bits;
            mass[DIRECT + n] = below(up + reach) - below(up);
            mass[DIRECT + TAIL_BITS.len() + n] = below(down) - below(down - reach);
            up += reach;
            down -= reach;
        }
        let direct = index(low + ZERO)..index(high + ZERO + 1);
        let counts = share_out(&mass, |symbol| symbol >= DIRECT || direct.contains(&symbol));
        Self::spread(&counts, low, high, read)
    }

    /// Spreads the symbols over the states as finite-state entropy coders do.
    fn spread(counts: &[u16; SYMBOLS], low: i64, high: i64, read: &mut [u32]) -> Self {
        let mut symbol_of = [0_u8; STATES];
        let mut at = 0;
        for (symbol, count) in (0_u8..).zip(counts) {
            for _ in 0..*count {
                symbol_of[at] = symbol;
                at = (at + STATES * 5 / 8 + 3) % STATES;
            }
        }
        let (mut symbols, mut start) = ([(0, 0); SYMBOLS], 0);
        for (symbol, count) in counts.iter().enumerate() {
            symbols[symbol] = (*count, start);
            start += count;
        }
        let mut write = vec![0_u16; STATES];
        let mut seen = [0_u16; SYMBOLS];
        for (state, symbol) in (0_u16..).zip(&symbol_of) {
            let slot = usize::from(*symbol);
            let (count, start) = symbols[slot];
            let next = u32::from(count + seen[slot]);
            write[usize::from(start + seen[slot])] = state;
            seen[slot] += 1;
            let bits = STATE_BITS - next.ilog2();
            let base = (next << bits) - (1 << STATE_BITS);
            read[usize::from(state)] = base << 16 | bits << 8 | u32::from(*symbol);
        }
        Self {
            write,
            symbols,
            cost: counts.map(|count| 10.0 - f32::from(count.max(1)).log2()),
            low,
            high,
        }
    }

    /// Writes a symbol: from the state after it to the state before it, and the bits that the
    /// reader needs to come back.
    #[inline]
    pub(super) fn before(&self, symbol: usize, after: u32) -> (u32, u32, u32) {
        let (count, start) = self.symbols[symbol];
        let full = after + (1 << STATE_BITS);
        let count = u32::from(count);
        // As many bits as bring the state into [count, 2 * count).
        let mut bits = full.ilog2() - count.ilog2();
        bits -= u32::from(full >> bits < count);
        let place = u32::from(start) + (full >> bits) - count;
        let state = u32::from(self.write[place as usize]);
        (state, full & ((1 << bits) - 1), bits)
    }
}

#[allow(clippy::cast_precision_loss)] // 1024
const STATES_F: f64 = STATES as f64;

fn index(symbol: i64) -> usize {
    usize::try_from(symbol).unwrap_or_default()
}

/// Shares the states out by mass, at least one to each symbol in use; the largest takes the rest.
fn share_out(mass: &[f64; SYMBOLS], used: impl Fn(usize) -> bool) -> [u16; SYMBOLS] {
    let total: f64 = mass.iter().sum();
    let mut counts = [0; SYMBOLS];
    for symbol in (0..SYMBOLS).filter(|symbol| used(*symbol)) {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 1024
        let share = (mass[symbol] / total * STATES_F + 0.5) as u16;
        counts[symbol] = share.max(1);
    }
    let mut sum: usize = counts.iter().map(|count| usize::from(*count)).sum();
    while sum != STATES {
        let largest = (0..SYMBOLS)
            .max_by_key(|symbol| counts[*symbol])
            .unwrap_or_default();
        if sum > STATES {
            counts[largest] -= 1;
            sum -= 1;
        } else {
            counts[largest] += 1;
            sum += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_the_same_on_every_machine() {
        let mut sum = crc32fast::Hasher::new();
        let made = tables();
        let entries = made.read.iter();
        entries.for_each(|entry| sum.update(&entry.to_le_bytes()));
        for table in &made.all {
            sum.update(&table.low.to_le_bytes());
            sum.update(&table.high.to_le_bytes());
        }
        assert_eq!(
            sum.finalize(),
            799_149_686,
            "another table is another format"
        );
    }

    #[test]
    fn each_width_has_its_table() {
        for octave in 0..63 {
            for width in [1 << octave, 3 << octave >> 1] {
                let scale = Scale::of(width);
                let inside = |centre: i64| scale.table(centre) < USED;
                assert!([0, 9_000, 32_767].into_iter().all(inside));
                assert!(usize::from(scale.raw) <= RAW_MAX);
            }
        }
        let wide = Scale::of(1 << 18);
        assert_eq!((wide.table(0), wide.raw), (USED - 2, 1));
        let less = Scale::of((1 << 18) - 1);
        assert_eq!((less.table(0), less.raw), (USED - 3, 0));
        assert_eq!(Scale::of(1).table(32_767), CENTRES - 1);
    }
}
