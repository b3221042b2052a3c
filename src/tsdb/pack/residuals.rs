//! *pure* — values as symbols of the fixed tables: one stream, or four side by side so that the
//! processor can read them at once.

use super::bits::{BitReader, BitWriter};
use super::bytes::{Input, damaged, put_len, put_signed};
use super::model::{Guess, Model, Pace, TURN};
use super::tables::{DIRECT, ESCAPE, STATE_BITS, TAIL_BITS, Table, Tables, ZERO, tables};
use crate::base::Result;

/// Streams of a long list.
const LANES: usize = 4;
/// From here on a list is long.
const LANES_FROM: usize = 2048;
/// Values lie within this, so that 16 more bits fit behind them.
pub(super) const VALUE_MAX: i64 = 1 << 40;

/// One value as it is written: which table, which symbol, and the bits behind it.
#[derive(Clone, Copy, Debug)]
struct Written {
    table: usize,
    symbol: usize,
    raw: u64,
    raw_bits: u32,
}

/// How a block of values is written: the width at the start, in powers of two, and the pace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) pace: Pace,
    pub(super) start: u32,
}

const fn start_width(start: u32) -> i64 {
    1 << (start % 48)
}

/// The curve at a place; 0 where there is none.
#[inline]
fn at(curve: &[i64], place: usize) -> i64 {
    curve.get(place).copied().unwrap_or(0)
}

/// How a value is written; an escape also goes to `escapes`.
#[inline]
fn symbol_of(table: &Table, guess: &Guess, raw: u32, value: i64, escapes: &mut Vec<u8>) -> Written {
    let distance = guess.distance(value);
    let coarse = distance >> raw;
    let low = (distance & ((1 << raw) - 1)).cast_unsigned();
    let mut written = Written {
        table: guess.table,
        symbol: DIRECT,
        raw: low,
        raw_bits: raw,
    };
    if (table.low..=table.high).contains(&coarse) {
        written.symbol = usize::try_from(coarse + ZERO).unwrap_or_default();
        return written;
    }
    let up = coarse > table.high;
    let mut beyond = if up {
        coarse - table.high - 1
    } else {
        table.low - 1 - coarse
    };
    for (n, bits) in TAIL_BITS.iter().enumerate() {
        if beyond < 1 << bits {
            written.symbol = DIRECT + n + if up { 0 } else { TAIL_BITS.len() };
            written.raw = beyond.cast_unsigned() << raw | low;
            written.raw_bits += bits;
            return written;
        }
        beyond -= 1 << bits;
    }
    put_signed(escapes, distance);
    Written {
        table: guess.table,
        symbol: ESCAPE,
        raw: 0,
        raw_bits: 0,
    }
}

/// What the values would take, in bits, without the first of them.
pub(super) fn cost(values: &[i64], curve: &[i64], plan: &Plan) -> f64 {
    let Some((first, rest)) = values.split_first() else {
        return 0.0;
    };
    let (tables, mut escapes) = (tables(), Vec::new());
    let mut model = Model::new(*first, at(curve, 0), start_width(plan.start));
    let mut bits = 0.0;
    for (place, value) in (1..).zip(rest) {
        let here = at(curve, place);
        let guess = model.guess(&plan.pace, here);
        let table = tables.get(guess.table);
        let written = symbol_of(table, &guess, model.raw(), *value, &mut escapes);
        #[allow(clippy::cast_precision_loss)] // at most 57
        let raw = written.raw_bits as f32;
        bits += table.cost[written.symbol] + raw;
        model.take(&plan.pace, here, &guess, *value);
        if place % TURN == 0 {
            model.turn(&plan.pace);
        }
    }
    #[allow(clippy::cast_precision_loss)] // an estimate
    let escaped = escapes.len() as f64 * 8.0;
    f64::from(bits) + escaped
}

/// Where the streams of a list begin; the last entry is its end.
fn lanes_of(count: usize) -> ([usize; LANES + 1], usize) {
    if count < LANES_FROM {
        return ([0, count, count, count, count], 1);
    }
    let quarter = count / LANES;
    ([0, quarter, 2 * quarter, 3 * quarter, count], LANES)
}

/// Writes values along a curve (empty, or one entry for each value).
pub(super) fn put_residuals(out: &mut Vec<u8>, values: &[i64], curve: &[i64], plan: &Plan) {
    let (bounds, lanes) = lanes_of(values.len());
    let mut streams = Vec::new();
    let mut earlier = 0;
    for lane in 0..lanes {
        let values = &values[bounds[lane]..bounds[lane + 1]];
        let curve = curve
            .get(bounds[lane]..bounds[lane + 1])
            .unwrap_or_default();
        let first = values.first().copied().unwrap_or_default();
        put_signed(out, first - earlier);
        earlier = first;
        let (stream, escapes) = write_lane(values, curve, plan);
        put_len(out, stream.len() << 1 | usize::from(!escapes.is_empty()));
        if !escapes.is_empty() {
            put_len(out, escapes.len());
        }
        streams.extend(stream);
        streams.extend(escapes);
    }
    out.extend(streams);
}

fn write_lane(values: &[i64], curve: &[i64], plan: &Plan) -> (Vec<u8>, Vec<u8>) {
    let Some((first, rest)) = values.split_first() else {
        return (Vec::new(), Vec::new());
    };
    let (tables, mut escapes) = (tables(), Vec::new());
    let mut model = Model::new(*first, at(curve, 0), start_width(plan.start));
    let mut written = Vec::with_capacity(rest.len());
    for (place, value) in (1..).zip(rest) {
        let here = at(curve, place);
        let guess = model.guess(&plan.pace, here);
        let table = tables.get(guess.table);
        written.push(symbol_of(table, &guess, model.raw(), *value, &mut escapes));
        model.take(&plan.pace, here, &guess, *value);
        if place % TURN == 0 {
            model.turn(&plan.pace);
        }
    }
    // The coder runs backwards, so that the reader runs forwards.
    let mut state = 0;
    for value in written.iter_mut().rev() {
        let (before, bits, count) = tables.get(value.table).before(value.symbol, state);
        value.raw = value.raw << count | u64::from(bits);
        value.raw_bits += count;
        state = before;
    }
    let mut stream = BitWriter::default();
    stream.put(u64::from(state), STATE_BITS);
    for value in &written {
        stream.put(value.raw, value.raw_bits);
    }
    (stream.finish(), escapes)
}

/// The symbols of distances end here.
#[allow(clippy::cast_possible_truncation)] // 64
const DIRECT_END: u32 = DIRECT as u32;

/// The low 32 bits.
#[allow(clippy::cast_possible_truncation)] // that is what it is for
const fn low_word(bits: u64) -> u32 {
    bits as u32
}

/// One stream on its way.
#[derive(Clone, Copy, Debug)]
struct Lane<'a> {
    bits: BitReader<'a>,
    escapes: Input<'a>,
    state: u32,
    model: Model,
    damaged: bool,
}

impl<'a> Lane<'a> {
    fn open(stream: &'a [u8], escapes: &'a [u8], model: Model) -> Self {
        let mut bits = BitReader::new(stream);
        let state = low_word(bits.peek()) & ((1 << STATE_BITS) - 1);
        bits.skip(STATE_BITS);
        Self {
            bits,
            escapes: Input::new(escapes),
            state,
            model,
            damaged: false,
        }
    }

    #[inline(always)] // a call for each value would cost as much as the value
    fn next(&mut self, tables: &Tables, pace: &Pace, curve: i64) -> i64 {
        let guess = self.model.guess(pace, curve);
        let (symbol, count, base) = tables.entry(guess.table, self.state as usize);
        let bits = self.bits.peek();
        self.state = base + low_word(bits & ((1 << count) - 1));
        let low_bits = self.model.raw();
        let rest = bits >> count;
        let distance = if symbol < DIRECT_END {
            self.bits.skip(count + low_bits);
            let low = (rest & ((1 << low_bits) - 1)).cast_signed();
            (i64::from(symbol) - ZERO) << low_bits | low
        } else {
            self.tail(tables.get(guess.table), symbol as usize, rest, count)
        };
        let value = guess.value(distance);
        self.model.take(pace, curve, &guess, value);
        value
    }

    #[cold]
    fn tail(&mut self, table: &Table, symbol: usize, raw: u64, count: u32) -> i64 {
        let low_bits = self.model.raw();
        if symbol >= ESCAPE {
            self.bits.skip(count);
            let escape = self.escapes.signed();
            self.damaged |= escape.is_err();
            return escape.unwrap_or_default();
        }
        let (tails, n) = (TAIL_BITS.len(), (symbol - DIRECT) % TAIL_BITS.len());
        self.bits.skip(count + low_bits + TAIL_BITS[n]);
        let low = (raw & ((1 << low_bits) - 1)).cast_signed();
        let mut beyond = (raw >> low_bits & ((1 << TAIL_BITS[n]) - 1)).cast_signed();
        beyond += TAIL_BITS[..n].iter().map(|bits| 1 << bits).sum::<i64>();
        let coarse = if symbol - DIRECT < tails {
            table.high + 1 + beyond
        } else {
            table.low - 1 - beyond
        };
        coarse << low_bits | low
    }

    fn is_whole(&self) -> bool {
        !self.damaged && self.state == 0 && self.bits.is_spent() && self.escapes.rest.is_empty()
    }
}

/// Reads `count` values along a curve (empty, or one entry for each value).
pub(super) fn read_residuals(
    input: &mut Input<'_>,
    count: usize,
    curve: &[i64],
    plan: &Plan,
    values: &mut Vec<i64>,
) -> Result<()> {
    values.clear();
    values.resize(count, 0);
    if count == 0 {
        return Ok(());
    }
    let (bounds, lanes) = lanes_of(count);
    let (mut heads, mut first) = ([(0, 0, 0); LANES], 0_i64);
    for head in &mut heads[..lanes] {
        first = first.wrapping_add(input.signed()?);
        let length = input.count(input.rest.len() << 1)?;
        let escapes = if length & 1 == 1 {
            input.count(input.rest.len())?
        } else {
            0
        };
        *head = (first, length >> 1, escapes);
    }
    let width = start_width(plan.start);
    let mut open = [Lane::open(&[], &[], Model::default()); LANES];
    for lane in 0..lanes {
        let (first, length, escapes) = heads[lane];
        let model = Model::new(first, at(curve, bounds[lane]), width);
        open[lane] = Lane::open(input.take(length)?, input.take(escapes)?, model);
        values[bounds[lane]] = first;
    }
    read_lanes(&mut open, &bounds, lanes, curve, &plan.pace, values);
    if open[..lanes].iter().all(Lane::is_whole) {
        Ok(())
    } else {
        Err(damaged())
    }
}

fn read_lanes(
    open: &mut [Lane<'_>; LANES],
    bounds: &[usize; LANES + 1],
    lanes: usize,
    curve: &[i64],
    pace: &Pace,
    values: &mut [i64],
) {
    let tables = tables();
    let mut done = 1;
    if lanes == LANES {
        let quarter = bounds[1];
        if curve.is_empty() {
            read_four(open, quarter, &|_| 0, pace, values);
        } else {
            read_four(open, quarter, &|place| at(curve, place), pace, values);
        }
        done = quarter;
    }
    let (start, lane) = (bounds[lanes - 1], &mut open[lanes - 1]);
    let ends = start + done..bounds[lanes];
    for (place, value) in ends.clone().zip(&mut values[ends]) {
        *value = lane.next(tables, pace, at(curve, place));
        if (place - start) % TURN == 0 {
            lane.model.turn(pace);
        }
    }
}

/// Reads four streams in turn: while the processor waits for one, it works on the others.
fn read_four(
    open: &mut [Lane<'_>; LANES],
    quarter: usize,
    curve: &impl Fn(usize) -> i64,
    pace: &Pace,
    values: &mut [i64],
) {
    let tables = tables();
    let [mut one, mut two, mut three, mut four] = *open;
    let (first, rest) = values.split_at_mut(quarter);
    let (second, rest) = rest.split_at_mut(quarter);
    let (third, fourth) = rest.split_at_mut(quarter);
    let mut place = 1;
    while place < quarter {
        for place in place..(place + TURN).min(quarter) {
            first[place] = one.next(tables, pace, curve(place));
            second[place] = two.next(tables, pace, curve(quarter + place));
            third[place] = three.next(tables, pace, curve(2 * quarter + place));
            fourth[place] = four.next(tables, pace, curve(3 * quarter + place));
        }
        place += TURN;
        if place <= quarter {
            one.model.turn(pace);
            two.model.turn(pace);
            three.model.turn(pace);
            four.model.turn(pace);
        }
    }
    *open = [one, two, three, four];
}
