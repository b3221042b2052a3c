//! What others hear of alerts, inside the transaction that makes them.
//!
//! [`Occasion`] goes to the one listener that `src/app.rs` hands over, so that a notification is
//! on disk with the alert that it is about, or not at all.

use super::record::Alert;
use crate::base::{Result, Timestamp};
pub use crate::notify::{Occasion, What};
use crate::store::Transaction;
use std::sync::{Arc, OnceLock};

/// What others hear of an alert.
pub(super) fn occasion(alert: &Alert, what: What, at: Timestamp) -> Occasion {
    Occasion {
        alert: alert.id.uuid(),
        condition: alert.condition.clone(),
        site: alert.site.clone(),
        equipment: alert.equipment_id,
        equipment_name: alert.equipment_name.clone(),
        location: alert.location.clone().unwrap_or_default(),
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
