//! What is measured: the registry of equipment, device profiles, and the pollers.
//!
//! Promises: every change is checked whole, audited, and polled at once without a restart;
//! history outlives the equipment. Will not do: poll what is decommissioned.

mod ability;
pub mod asking;
mod attachments;
mod backoff;
mod carried;
mod commissioning;
mod connection;
pub mod device_plan;
pub mod doctor;
mod file_kind;
mod line_report;
mod line_task;
pub mod link;
mod maintenance;
mod outage;
mod pace;
pub mod physics;
mod picture;
mod plausibility;
pub mod poller;
pub mod profile;
mod profile_check;
#[cfg(test)]
mod profile_conflicts_tests;
pub mod profile_file;
pub mod profile_import;
mod profile_shelf;
mod pulse;
mod quality_days;
mod record;
mod registry;
mod report;
mod scan;
mod scan_ask;
mod scan_range;
mod scan_unit;
mod serial_ports;
pub mod source;
mod states;
pub mod sunspec;
mod supervise;
pub mod test_read;
pub mod test_verdict;
mod together;
mod turn;
pub mod units;
pub mod visitor;
mod whose;
mod workbook;

pub use attachments::{Attachments, DOCUMENT_MAX, Document, PHOTO_MAX, documents_of, files_named};
pub use carried::{
    CarriedEquipment, carried_equipment, carried_profiles, take_equipment_over, take_profiles_over,
};
pub use commissioning::Commissioning;
pub use connection::SerialSource;
pub use device_plan::DevicePlan;
pub use file_kind::FileKind;
pub use line_report::{LineDevice, LineReport, LineState, line_key};
pub use link::{Link, LinkState};
pub use maintenance::{Due, Maintenance, MaintenanceEntry, MaintenanceKind, NewMaintenance};
pub use plausibility::{Belief, Plausibility, Watch};
pub use poller::{Acquisition, Device};
pub use profile::{Profile, Profiles};
pub use profile_file::ProfileFile;
pub use quality_days::{QualityDay, QualityDays};
pub use record::{AdminStatus, Equipment, EquipmentChange, NewEquipment, Photo, Status};
pub use registry::{Filter, Registry};
pub use report::{LineOfReport, NewReport, Report, TakenReading, Verdict};
pub use scan::{Find, Scan, ScanState, Scans};
pub use scan_range::{ScanRequest, ScanSerial};
pub use serial_ports::{SerialPort, serial_ports};
pub use source::{ModbusSource, RegisterSource};
pub use test_read::{RegisterPlace, TestRead};
pub use together::{Joining, PreparedEquipment};
pub use visitor::Visitor;
pub use whose::site_in;
