//! *pure* — when the ticks were: slots of the poll interval, and how far each tick is off.
//!
//! Ticks on the beat cost nothing but their gaps; ticks that waver cost what they waver by.

use super::bytes::{Input, damaged, put, put_len, put_signed};
use super::ints;
use crate::base::Result;

/// Times lie within this many ms of 1970, so that no sum of two can overflow.
pub(super) const TIME_MAX: i64 = 1 << 60;

/// Writes the intervals and the times: the runs, the first tick, then for each run the slots, and
/// at last the offsets of all ticks.
pub(super) fn put_times(out: &mut Vec<u8>, times: &[i64], intervals: &[(u32, u32)]) {
    put_len(out, intervals.len());
    for (ticks, interval) in intervals {
        put(out, u64::from(*ticks));
        put(out, u64::from(*interval));
    }
    let Some(first) = times.first() else {
        return;
    };
    put_signed(out, *first);
    let (mut offsets, mut at, mut before) = (Vec::with_capacity(times.len()), 0, *first);
    for (ticks, interval) in intervals {
        let step = i64::from(*interval).max(1);
        let run = &times[at..at + *ticks as usize];
        at += run.len();
        before = put_run(out, run, before, step, &mut offsets);
    }
    ints::put_ints(out, &offsets);
}

/// Writes the slots between the ticks of a run: how many follow each other slot by slot, then the
/// one that does not. Returns the last tick.
fn put_run(out: &mut Vec<u8>, run: &[i64], origin: i64, step: i64, offsets: &mut Vec<i64>) -> i64 {
    let (mut slot, mut steady) = (0, 0_u64);
    for time in run {
        let here = (time - origin + step / 2).div_euclid(step);
        if here - slot == 1 {
            steady += 1;
        } else {
            put(out, steady);
            put_signed(out, here - slot);
            steady = 0;
        }
        slot = here;
        offsets.push(time - origin - here * step);
    }
    put(out, steady);
    run.last().copied().unwrap_or(origin)
}

/// Reads the intervals: runs of at least one tick.
pub(super) fn read_intervals(input: &mut Input<'_>, ticks: usize) -> Result<Vec<(u32, u32)>> {
    let runs = input.count(input.rest.len() / 2)?;
    let mut left = ticks;
    let mut intervals = Vec::with_capacity(runs);
    for _ in 0..runs {
        let run = (input.word()?, input.word()?);
        left = left.checked_sub(run.0 as usize).ok_or_else(damaged)?;
        if run.0 == 0 {
            return Err(damaged());
        }
        intervals.push(run);
    }
    if left > 0 {
        return Err(damaged());
    }
    Ok(intervals)
}

/// Reads what stands behind the intervals.
pub(super) fn read_times(input: &mut Input<'_>, intervals: &[(u32, u32)]) -> Result<Vec<i64>> {
    let ticks = intervals.iter().map(|run| run.0 as usize).sum();
    let mut times = Vec::with_capacity(ticks);
    if ticks == 0 {
        return Ok(times);
    }
    // The origin of each run is the last tick of the one before, which needs its offset; so the
    // slots are kept apart until the offsets behind them are read.
    let first = input.signed()?;
    for (ticks, interval) in intervals {
        read_run(
            input,
            *ticks as usize,
            i64::from(*interval).max(1),
            &mut times,
        )?;
    }
    let mut offsets = Vec::new();
    ints::read_ints(input, ticks, &mut offsets)?;
    let (mut origin, mut at, mut before) = (first, 0, i64::MIN);
    for (ticks, _) in intervals {
        for n in at..at + *ticks as usize {
            let time = origin.checked_add(times[n]);
            let time = time.and_then(|time| time.checked_add(offsets[n]));
            times[n] = time.filter(|time| *time > before).ok_or_else(damaged)?;
            before = times[n];
        }
        at += *ticks as usize;
        origin = before;
    }
    Ok(times)
}

fn read_run(input: &mut Input<'_>, ticks: usize, step: i64, times: &mut Vec<i64>) -> Result<()> {
    let (mut left, mut slot) = (ticks, 0_i64);
    loop {
        let steady = input.count(left)?;
        let end = i64::try_from(steady).map_err(|_| damaged())?;
        let mut time = slot.wrapping_mul(step);
        times.extend((0..end).map(|_| {
            time = time.wrapping_add(step);
            time
        }));
        slot = slot.wrapping_add(end);
        left -= steady;
        if left == 0 {
            return Ok(());
        }
        slot = slot.wrapping_add(input.signed()?);
        times.push(slot.wrapping_mul(step));
        left -= 1;
    }
}
