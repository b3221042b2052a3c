//! What others hear of alerts, inside the transaction that makes them.
//!
//! [`Occasion`] goes to the one listener that `src/app.rs` hands over, so that a notification is
//! on disk with the alert that it is about, or not at all.

use super::record::Alert;
use crate::base::{AlertId, EquipmentId, Level, Result, Timestamp};
use crate::store::Transaction;
use std::sync::{Arc, OnceLock};

/// What happened to an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// It began, or began again.
    Raised,
    /// It got worse by a level.
    Rose,
    /// Its condition no longer holds.
    Returned,
    /// Somebody knows.
    Acknowledged,
    /// It is over and known to be.
    Resolved,
    /// Somebody silenced it, or another alert stands for it.
    Shelved,
}

/// Something that somebody may have to hear.
#[derive(Clone, Debug, PartialEq)]
pub struct Occasion {
    /// The alert.
    pub alert: AlertId,
    /// What makes it the same again: repeats are recognised by it.
    pub condition: String,
    /// Key of its site.
    pub site: String,
    /// The equipment, if it is about one.
    pub equipment: Option<EquipmentId>,
    /// What that is called.
    pub equipment_name: String,
    /// Where it stands.
    pub location: Option<String>,
    /// How urgent it is.
    pub level: Level,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What was measured.
    pub value: Option<f64>,
    /// What it was compared with.
    pub threshold: Option<f64>,
    /// Unit of both.
    pub unit: String,
    /// When, on the clock of the device.
    pub at: Timestamp,
    /// What happened.
    pub what: What,
    /// Whether its readings came late: nothing should sound.
    pub late: bool,
    /// Alerts that it stands for.
    pub children: u32,
}

impl Occasion {
    pub(super) fn of(alert: &Alert, what: What, at: Timestamp) -> Self {
        Self {
            alert: alert.id,
            condition: alert.condition.clone(),
            site: alert.site.clone(),
            equipment: alert.equipment_id,
            equipment_name: alert.equipment_name.clone(),
            location: alert.location.clone(),
            level: alert.level,
            message: alert.message.clone(),
            value: alert.value,
            threshold: alert.threshold,
            unit: alert.unit.clone(),
            at,
            what,
            late: alert.late,
            children: alert.children,
        }
    }
}

/// Who wants to hear.
pub trait Listener: Send + Sync {
    /// Something happened; what is done about it lands or falls with the transaction.
    ///
    /// # Errors
    /// When the disk refuses; then the alert is not there either.
    fn heard(&self, transaction: &Transaction<'_>, occasion: &Occasion) -> Result<()>;

    /// The transaction is on disk.
    fn committed(&self) {}
}

/// The place of the one listener.
#[derive(Default)]
pub struct Heard(OnceLock<Arc<dyn Listener>>);

impl Heard {
    /// Sets who hears; the first one stays.
    pub fn set(&self, listener: Arc<dyn Listener>) {
        // A second one would be a mistake of the wiring, and the first hears on.
        let _ = self.0.set(listener);
    }

    pub(super) fn tell(&self, transaction: &Transaction<'_>, occasion: &Occasion) -> Result<()> {
        match self.0.get() {
            Some(listener) => listener.heard(transaction, occasion),
            None => Ok(()),
        }
    }

    pub(super) fn committed(&self) {
        if let Some(listener) = self.0.get() {
            listener.committed();
        }
    }
}

impl std::fmt::Debug for Heard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Heard")
    }
}
