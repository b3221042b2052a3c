//! Cold cells: who owns them, what they are held to, what happened in them, and the evidence.
//!
//! Promises: every reading is an ordinary one, every alert an ordinary alert; an excursion is found
//! once, whenever its readings come; what was too warm is told from the warmest probe, with the
//! correction of its certificate; nobody sees a cell of a customer whose site he does not reach.
//! Will not do: control a compressor, or say that nothing happened where nothing was measured.

mod calibration;
mod cell;
mod cells;
mod certificates;
mod curve;
mod customers;
mod days;
mod evidence;
mod evidence_csv;
mod examine;
mod excursion;
mod follow;
mod import;
mod overview;
mod paper;
mod paper_tables;
mod plan;
mod record;
mod retire;
mod reviews;
mod service;
mod sources;
mod together;
mod track;
mod trouble;
mod watch;

pub use calibration::{Calibration, NewCalibration, Standing};
pub use cell::{Cell, Defrost, NewCell};
pub use cells::NewCellDevice;
pub use curve::{Band, Curve, Point};
pub use days::{Day, Gap, hash_of};
pub use evidence::{Evidence, Seal};
pub use excursion::{Excursion, Review};
pub use import::ImportedCells;
pub use overview::{CellAlert, CellNow, CustomerNow, ProbeNow, TechnicianDashboard};
pub use plan::ImportedCellRow;
pub use record::{Customer, Location, NewCustomer, NewLocation};
pub use retire::{Part, UseChanged};
pub use reviews::NewReview;
pub use service::{Coldchain, Ground};
pub use track::Side;
