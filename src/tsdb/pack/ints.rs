//! *pure* — a list of integers in few bytes. The reader knows how many there are.

use super::bytes::{Input, damaged, put_len, put_signed};
use super::fit::{Planned, fit_plan};
use super::model::Pace;
use super::packed::{near, read_near, read_steps, steps};
use super::residuals::{Plan, VALUE_MAX, cost, put_residuals, read_residuals};
use crate::base::Result;

/// All the same: one number.
const SAME: u8 = 0;
/// Each by itself, for a handful and for what fits nothing else.
const SINGLE: u8 = 1;
/// By the library, for numbers without bounds.
const PCO: u8 = 2;
/// As residuals with a plan of their own.
const PLANNED: u8 = 3;
/// In blocks near a base.
const NEAR: u8 = 4;
/// In blocks of steps.
const STEPS: u8 = 5;
/// From here on: as residuals with one of the common paces.
const COMMON: u8 = 16;
/// Below this many the header of the library costs more than it saves.
const PCO_FROM: usize = 24;
/// Up to here a list tries every common pace; a longer one gets its own.
const SHORT: usize = 512;

const fn pace(last: i64, before: i64, level: u32, width: u32) -> Pace {
    Pace {
        last,
        before,
        level,
        width,
    }
}

/// Paces that suit most short lists: as before, as the last two, near the level, in between.
const PACES: [Pace; 8] = [
    pace(256, 0, 4, 2),
    pace(512, -256, 4, 2),
    pace(0, 0, 3, 2),
    pace(0, 0, 6, 2),
    pace(128, 0, 4, 2),
    pace(320, -64, 4, 2),
    pace(192, 0, 5, 3),
    pace(64, 32, 4, 2),
];

/// Whether every number is small enough to be written as residuals.
pub(super) fn fit_residuals(ints: &[i64]) -> bool {
    ints.iter()
        .all(|int| int.unsigned_abs() < VALUE_MAX.unsigned_abs())
}

/// Writes the numbers, in the form that is shortest for them.
pub(super) fn put_ints(out: &mut Vec<u8>, ints: &[i64]) {
    let first = ints.first().copied().unwrap_or_default();
    if ints.iter().all(|int| *int == first) {
        out.push(SAME);
        put_signed(out, first);
        return;
    }
    if ints.len() <= 2 || !fit_residuals(ints) {
        put_large(out, ints);
        return;
    }
    put_planned(out, ints, fit_plan(ints, &[]));
}

/// Writes the numbers in a form that is quick to read.
pub(super) fn put_quick(out: &mut Vec<u8>, ints: &[i64]) {
    let same = ints.windows(2).all(|pair| pair[0] == pair[1]);
    match (near(ints), steps(ints)) {
        (Some(near), Some(steps)) if !same => {
            let (tag, packed) = if near.len() < steps.len() {
                (NEAR, near)
            } else {
                (STEPS, steps)
            };
            out.push(tag);
            out.extend(packed);
        }
        _ => put_ints(out, ints),
    }
}

/// Writes numbers that have a plan already.
pub(super) fn put_planned(out: &mut Vec<u8>, ints: &[i64], planned: Planned) {
    let common = (COMMON..).zip(PACES).filter(|_| ints.len() <= SHORT);
    let start = planned.plan.start;
    let (mut tag, mut plan, mut bits) = (PLANNED, planned.plan, planned.bits + 24.0);
    for (n, pace) in common {
        let other = Plan { pace, start };
        let other_bits = cost(ints, &[], &other);
        if other_bits < bits {
            (tag, plan, bits) = (n, other, other_bits);
        }
    }
    out.push(tag);
    if tag == PLANNED {
        put_plan(out, &plan);
    } else {
        out.push(plan.start.to_le_bytes()[0]);
    }
    put_residuals(out, ints, &[], &plan);
}

/// Writes a plan.
pub(super) fn put_plan(out: &mut Vec<u8>, plan: &Plan) {
    put_signed(out, plan.pace.last);
    put_signed(out, plan.pace.before);
    out.push((plan.pace.width << 4 | plan.pace.level).to_le_bytes()[0]);
    out.push(plan.start.to_le_bytes()[0]);
}

/// Reads a plan.
pub(super) fn read_plan(input: &mut Input<'_>) -> Result<Plan> {
    let (last, before) = (input.signed()?, input.signed()?);
    let speeds = u32::from(input.byte()?);
    Ok(Plan {
        pace: pace(last, before, speeds & 0x0F, speeds >> 4),
        start: u32::from(input.byte()?),
    })
}

/// Writes numbers of any size.
fn put_large(out: &mut Vec<u8>, ints: &[i64]) {
    let mut single = vec![SINGLE];
    ints.iter().for_each(|int| put_signed(&mut single, *int));
    let config = pco::ChunkConfig::default();
    match pco::standalone::simple_compress(ints, &config) {
        Ok(packed) if ints.len() >= PCO_FROM && packed.len() + 3 < single.len() => {
            out.push(PCO);
            put_len(out, packed.len());
            out.extend(packed);
        }
        _ => out.extend(single),
    }
}

/// Reads `count` numbers.
pub(super) fn read_ints(input: &mut Input<'_>, count: usize, ints: &mut Vec<i64>) -> Result<()> {
    ints.clear();
    match input.byte()? {
        SAME => ints.resize(count, input.signed()?),
        SINGLE => {
            for _ in 0..count {
                ints.push(input.signed()?);
            }
        }
        PCO => {
            let length = input.count(input.rest.len())?;
            ints.resize(count, 0);
            let read = pco::standalone::simple_decompress_into(input.take(length)?, ints);
            if !read.is_ok_and(|read| read.n_processed == count) {
                return Err(damaged());
            }
        }
        NEAR => read_near(input, count, ints)?,
        STEPS => read_steps(input, count, ints)?,
        PLANNED => {
            let plan = read_plan(input)?;
            read_residuals(input, count, &[], &plan, ints)?;
        }
        tag => {
            let number = usize::from(tag.wrapping_sub(COMMON));
            let pace = *PACES.get(number).ok_or_else(damaged)?;
            let start = u32::from(input.byte()?);
            read_residuals(input, count, &[], &Plan { pace, start }, ints)?;
        }
    }
    Ok(())
}
