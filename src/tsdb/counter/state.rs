//! *pure* — the state of counters at the end of an hour as bytes; see `docs/data-file.md`.

use super::{Counter, FLOAT, HELD_MAX, LEFT_MAX, Left, Reading};
use crate::base::Result;
use crate::tsdb::SeriesId;
use crate::tsdb::pack::bytes::{Input, damaged, put, put_len, put_signed};
use crate::tsdb::tick::as_decimal;
use crate::tsdb::track::POWERS;

const VERSION: u8 = 1;

const BASE: u8 = 1;
const BEFORE: u8 = 2;
const PACE: u8 = 4;
const HELD: u8 = 8;
const LEFT: u8 = 16;
const OLD: u8 = 32;
const REACHED: u8 = 64;

/// Adds the state of a counter at the end of an hour, ms, and whether readings after that changed
/// what is booked before.
pub(in crate::tsdb) fn encode_into(
    out: &mut Vec<u8>,
    series: SeriesId,
    end: i64,
    counter: &Counter,
    reached: bool,
) {
    if out.is_empty() {
        out.push(VERSION);
    }
    put(out, u64::from(series.0));
    let flag = |bit: u8, set: bool| if set { bit } else { 0 };
    out.push(
        flag(BASE, counter.base.is_some())
            | flag(BEFORE, counter.before.is_some())
            | flag(PACE, counter.pace.is_some())
            | flag(HELD, !counter.held.is_empty())
            | flag(LEFT, !counter.left.is_empty())
            | flag(OLD, counter.old.is_some())
            | flag(REACHED, reached),
    );
    out.push(counter.places);
    if let Some(base) = counter.base {
        put_signed(out, end - base.at);
        put_value(out, base.value);
    }
    if let Some(before) = counter.before {
        put_value(out, before);
    }
    if let Some(pace) = counter.pace {
        put_signed(out, i64::from(pace));
    }
    if !counter.held.is_empty() {
        put_len(out, counter.held.len());
        for held in &counter.held {
            put_signed(out, end - held.at);
            put(out, u64::from(held.interval));
            put_value(out, held.value);
        }
    }
    if !counter.left.is_empty() {
        put_len(out, counter.left.len());
        for left in &counter.left {
            put_signed(out, end - left.at);
            put_value(out, left.value);
            put_value(out, left.booked);
        }
    }
    if let Some(old) = counter.old {
        put_value(out, old);
    }
}

/// The state of one counter at the end of an hour, ms, among those of a device; `None` when it is
/// not among them.
///
/// # Errors
/// When the bytes are damaged.
pub(in crate::tsdb) fn decode(
    bytes: &[u8],
    wanted: SeriesId,
    end: i64,
) -> Result<Option<(Counter, bool)>> {
    let mut input = Input::new(bytes);
    if input.byte()? != VERSION {
        return Err(damaged());
    }
    while !input.rest.is_empty() {
        let series = input.word()?;
        let found = read(&mut input, end)?;
        if series == wanted.0 {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn read(input: &mut Input<'_>, end: i64) -> Result<(Counter, bool)> {
    let mut counter = Counter::default();
    let flags = input.byte()?;
    counter.places = input.byte()?;
    if counter.places > FLOAT {
        return Err(damaged());
    }
    if flags & BASE != 0 {
        counter.base = Some(Reading {
            at: end.wrapping_sub(input.signed()?),
            value: value(input)?,
            interval: 0,
        });
    }
    if flags & BEFORE != 0 {
        counter.before = Some(value(input)?);
    }
    if flags & PACE != 0 {
        counter.pace = Some(i16::try_from(input.signed()?).map_err(|_| damaged())?);
    }
    if flags & HELD != 0 {
        for _ in 0..input.count(HELD_MAX)? {
            let at = end.wrapping_sub(input.signed()?);
            let interval = input.word()?;
            let value = value(input)?;
            counter.held.push(Reading {
                at,
                value,
                interval,
            });
        }
    }
    if flags & LEFT != 0 {
        for _ in 0..input.count(LEFT_MAX)? {
            counter.left.push(Left {
                at: end.wrapping_sub(input.signed()?),
                value: value(input)?,
                booked: value(input)?,
            });
        }
    }
    if flags & OLD != 0 {
        counter.old = Some(value(input)?);
    }
    Ok((counter, flags & REACHED != 0))
}

/// A decimal as its places and its integer, anything else as a float.
fn put_value(out: &mut Vec<u8>, value: f64) {
    // The places before a float are those that no decimal has.
    if let Some((places, integer)) = as_decimal(value) {
        out.push(places);
        put_signed(out, integer);
    } else {
        out.push(FLOAT);
        out.extend(value.to_le_bytes());
    }
}

fn value(input: &mut Input<'_>) -> Result<f64> {
    let places = input.byte()?;
    if places == FLOAT {
        return Ok(f64::from_le_bytes(input.array()?));
    }
    let power = POWERS.get(usize::from(places)).ok_or_else(damaged)?;
    #[allow(clippy::cast_precision_loss)] // made from a double that held it exactly
    let whole = input.signed()? as f64;
    Ok(whole / power)
}

/// Bytes of one counter in what earlier versions wrote down of those that fell: series (u32), first
/// and last reading below the base (two f64), how many there were (u8).
const PENDING: usize = 4 + 8 + 8 + 1;

/// The counter of a series from what an earlier version wrote down at the end of an hour, ms, and
/// its base; `None` when there is nothing of this one.
pub(in crate::tsdb) fn from_pending(
    bytes: &[u8],
    series: SeriesId,
    end: i64,
    base: f64,
) -> Option<Counter> {
    let of_series = |part: &&[u8]| part.starts_with(&series.0.to_le_bytes());
    let part = bytes.chunks_exact(PENDING).find(of_series)?;
    let float = |at: usize| {
        let bytes = part.get(at..)?.first_chunk::<8>()?;
        Some(f64::from_le_bytes(*bytes))
    };
    let held = |at: i64, value: f64| Reading {
        at,
        value,
        interval: 0,
    };
    let mut counter = Counter::resume(end - 2, base);
    counter.held.push(held(end - 1, float(4)?));
    if *part.get(20)? > 1 {
        counter.held.push(held(end, float(12)?));
    }
    Some(counter)
}
