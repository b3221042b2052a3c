//! How the appliance looks after itself: what is well, what needs a hand, and what went wrong.
//!
//! Promises: every look has a state and a code that the page words; a fault of the program leaves
//! a report in the data directory; systemd hears a heartbeat only while the writer and the page
//! answer. Will not do: raise alerts, which look at the same facts by themselves.

mod assess;
mod at_work;
mod clock;
mod crash;
mod heap;
mod integrity;
mod machine_state;
mod told;
mod watchdog;

pub use assess::{Check, CheckState, Facts, assess};
pub use at_work::at_work;
pub use clock::{ClockState, Wrong, clock_state, wrong_clock};
pub use crash::{Report, faults, keep_reports, reports};
pub use heap::give_memory_back;
pub use integrity::{Examiner, Integrity};
pub use machine_state::open_files;
pub use told::{end_of, machine};
pub use watchdog::{Body, Vital, Watchdog};
