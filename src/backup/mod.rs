//! Backups: made while readings come in, proven before they are called good, restored whole or not
//! at all; home of scrypt, for the age format.
//!
//! Promises: what has the name of a backup was read back from where it lies, every hash, page and
//! count compared, and its audit log walked; a restore is proven and lies ready before anything of
//! the data moves, and what was there is kept. Will not do: keep backups where the data lies.

mod age;
mod copy;
mod job;
mod let_in;
mod lowered;
mod make;
mod manifest;
mod place;
mod progress;
mod record;
mod restore;
mod retention;
mod revoked;
mod service;
mod settings;
#[cfg(test)]
mod tests;
mod timetable;
mod verify;
mod worker;

pub use job::{Job, JobKind, JobState};
pub use let_in::LetIn;
pub use make::{Making, check_folder};
pub use manifest::{Cause, MANIFEST, Manifest, Member};
pub use place::{Place, list};
pub use progress::{Phase, Progress};
pub use record::{Good, Trouble, appliance_of};
pub use restore::{rehearse, stage};
pub use retention::Retention;
pub use revoked::{ShutOut, Since};
pub use service::{Asked, Backups};
pub use settings::{BackupChange, BackupSettings};
pub use verify::verify;
