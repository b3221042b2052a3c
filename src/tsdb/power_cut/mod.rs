//! The readings on a disk that loses, tears, refuses and rots: every acknowledged sample is there
//! once, with its value and quality, and every rollup is what the samples say.
//!
//! The model of [`super::model`] computes from every acknowledged sample what must be answered; the
//! disk is [`crate::store::simulated`]. A seed decides all.

mod ledger;
mod plant;
mod rot;
mod run;
mod tests;
