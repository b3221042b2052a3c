//! Energy performance: indicators, their baselines, and what is proven by them.
//!
//! Promises: a baseline says from which data it came and is never overwritten; a figure says its
//! period, its coverage and what was left out; an interval stands beside every saving. Will not
//! do: fill a gap, or call a difference a saving that chance explains.

pub mod change_point;
pub mod cusum;
pub mod distribution;
pub mod least_squares;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod published_tests;
pub mod regression;
pub mod savings;
