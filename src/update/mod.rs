//! Newer versions of the appliance: bundles on a stick or uploaded, judged, confirmed, and handed
//! to the launcher.
//!
//! Promises: only what a built-in key signed is unpacked, never an older version than that key
//! brought before, and only into staging until somebody confirmed it; what is measured while a
//! version is on trial is kept whichever version stays. Will not do: fetch anything by itself.

mod answers;
pub mod bundle;
#[cfg(test)]
mod bundle_tests;
mod keys;
pub mod manifest;
pub mod minisign;
mod receive;
#[cfg(test)]
mod room_tests;
mod service;
mod spool;
mod staging;
mod standing;
mod stick;
mod version;

pub use service::Updates;
pub use staging::Staging;
pub use standing::{Answering, Became, Kept, Staged, Standing};
pub use stick::OnStick;
pub use version::{Version, version_of};
