//! Our lines and pollers against real Modbus TCP servers on loopback.
//!
//! The clock is moved by hand; what a device shows depends on that clock alone, so every value that
//! is stored can be compared with the truth at its own time. Nothing here waits for time to pass:
//! each step waits for what it needs, for at most [`support::PATIENCE`].

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of a test fail as the test does"
)]

mod faults;
mod foreign;
mod learning;
mod lines;
mod matrix;
mod plant;
mod replay;
mod sunspec;
mod support;
mod test_read;
