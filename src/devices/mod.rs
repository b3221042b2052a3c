//! Devices that bring their readings themselves: who they are, their keys, and what they push.
//!
//! Promises: a key is shown once and only its SHA-256 is kept; a reading is taken whole or
//! refused whole with its place and the reason; what is brought twice is stored once; whoever
//! is answered finds his readings on disk. Will not do: poll, or replace a reading that is there.

mod admit;
mod judge;
pub mod key;
mod life;
mod lives;
mod reading;
mod receiver;
mod record;
mod registry;
mod together;

pub use judge::{AHEAD_MAX_MS, BACK_MAX_MS, Outcome, Report, Verdict};
pub use life::{DeviceStatus, Life};
pub use reading::{Parcel, Parsed, READINGS_MAX, Refusal, parcel, unit_of};
pub(crate) use reading::{reading, state_or_number, time};
pub use receiver::{Delivery, KeyUse, Receiver, Target};
pub use record::{Device, DeviceChange, NewDevice};
pub use registry::{Devices, MadeDevice};
pub use together::{ChangedDevices, PreparedDevices};
