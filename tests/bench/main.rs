//! How fast readings are stored and answered on this machine. `make bench` prints it; nothing
//! here passes or fails.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod entropy;
mod generator;

fn main() {
    entropy::print();
}
