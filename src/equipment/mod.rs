//! What is measured: the registry of equipment, device profiles, and the pollers.
//!
//! Promises: every change is checked whole, audited, and polled at once without a restart;
//! history outlives the equipment. Will not do: poll what is decommissioned.

mod attachments;
mod backoff;
pub mod device_plan;
mod file_kind;
mod line_task;
pub mod link;
mod picture;
pub mod poller;
pub mod profile;
mod profile_file;
mod record;
mod registry;
pub mod source;
pub mod test_read;
pub mod units;
mod workbook;

pub use attachments::{Attachments, DOCUMENT_MAX, Document, PHOTO_MAX, documents_of, files_named};
pub use device_plan::DevicePlan;
pub use file_kind::FileKind;
pub use link::{Link, LinkState};
pub use poller::{Acquisition, Device};
pub use profile::{Profile, Profiles};
pub use record::{AdminStatus, Equipment, EquipmentChange, NewEquipment, Photo, Status};
pub use registry::{Filter, Registry};
pub use source::{ModbusSource, RegisterSource};
pub use test_read::{RegisterPlace, TestRead, test_read};
