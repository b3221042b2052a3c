//! What is measured: the registry of equipment, device profiles, and the pollers.
//!
//! Promises: every change is checked whole, audited, and polled at once without a restart;
//! history outlives the equipment. Will not do: poll what is decommissioned.

mod link;
mod poller;
pub mod profile;
mod record;
mod registry;
pub mod source;
mod test_read;
mod units;

pub use link::{Link, LinkState};
pub use poller::{Acquisition, Device};
pub use profile::{Profile, Profiles};
pub use record::{AdminStatus, Equipment, EquipmentChange, NewEquipment, Status};
pub use registry::{Filter, Registry};
pub use source::{DevicePlan, ModbusSource};
pub use test_read::{TestRead, test_read};
