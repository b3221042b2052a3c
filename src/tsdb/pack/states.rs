//! *pure* — what each tick holds of a series, as runs.

use super::State;
use super::bytes::{Input, damaged, put, put_len};
use crate::base::{Quality, Result};

/// Qualities that a code has room for.
const QUALITIES: u8 = 8;
/// Code of a tick that says nothing of the series; below are the values and the missing ones.
const ABSENT: u8 = 2 * QUALITIES;

fn code_of(state: State) -> u8 {
    match state {
        State::Value(quality) => quality as u8,
        State::None(quality) => QUALITIES + quality as u8,
        State::Absent => ABSENT,
    }
}

fn state_of(code: u8) -> Result<State> {
    let quality = |code| Quality::from_code(code).ok_or_else(damaged);
    match code {
        ABSENT => Ok(State::Absent),
        0..QUALITIES => quality(code).map(State::Value),
        _ => quality(code - QUALITIES).map(State::None),
    }
}

/// How many of the ticks have a value.
pub(super) fn values_of(states: &[(u32, State)]) -> usize {
    let with_value = states
        .iter()
        .filter(|(_, state)| matches!(state, State::Value(_)));
    with_value.map(|(ticks, _)| *ticks as usize).sum()
}

/// Writes the runs: each a code and a length; the last run has no length, it goes to the end.
pub(super) fn put_states(out: &mut Vec<u8>, states: &[(u32, State)]) {
    put_len(out, states.len());
    for (n, (ticks, state)) in states.iter().enumerate() {
        out.push(code_of(*state));
        if n + 1 < states.len() {
            put(out, u64::from(*ticks));
        }
    }
}

/// Reads runs that add up to `ticks`.
pub(super) fn read_states(
    input: &mut Input<'_>,
    ticks: usize,
    states: &mut Vec<(u32, State)>,
) -> Result<()> {
    states.clear();
    let runs = input.count(input.rest.len())?;
    let mut left = u32::try_from(ticks).map_err(|_| damaged())?;
    for run in 0..runs {
        let state = state_of(input.byte()?)?;
        let length = if run + 1 < runs { input.word()? } else { left };
        if length == 0 || length > left {
            return Err(damaged());
        }
        left -= length;
        states.push((length, state));
    }
    if left > 0 {
        return Err(damaged());
    }
    Ok(())
}
