//! What the appliance shares with the launcher, a small program beside it (`main.rs` here): the
//! boot record, the home of an installation, and the way of an update.
//!
//! Promises: one record names binary and data together; stopped anywhere, the next start has a
//! pair that belongs together. Will not do: know what is in a binary or in the data.

pub mod arm;
pub mod files;
pub mod home;
pub mod manager;
pub mod record;
pub mod speech;
pub mod switch;
#[cfg(test)]
mod switch_tests;
pub mod tar;
pub mod trial;
pub mod words;
