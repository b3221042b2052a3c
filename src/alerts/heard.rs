//! What others hear of alerts, inside the transaction that makes them.
//!
//! [`Occasion`] goes to the one listener that `src/app.rs` hands over, so that a notification is
//! on disk with the alert that it is about, or not at all.

use super::record::Alert;
use crate::base::{ErrorKind, Result, Timestamp};
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
        said: alert.said.clone(),
        advice: alert.advice.clone(),
        advice_code: alert.advice_code.clone(),
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

    /// Tells the listener. What he cannot read of his own is his fault: the alert, and the readings
    /// with it, count for more. Only a disk that refuses takes them back.
    pub(super) fn tell(&self, transaction: &Transaction<'_>, occasion: &Occasion) -> Result<()> {
        let told = match self.0.get() {
            Some(listener) => listener.heard(transaction, occasion),
            None => Ok(()),
        };
        match told {
            Err(error) if error.kind == ErrorKind::Internal => {
                tracing::error!(%error, alert = %occasion.alert, "nobody was told of an alert");
                Ok(())
            }
            told => told,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Error, Level};
    use crate::store::Store;
    use uuid::Uuid;

    struct Failing(ErrorKind);

    impl Listener for Failing {
        fn heard(&self, _: &Transaction<'_>, _: &Occasion) -> Result<()> {
            Err(Error::new(self.0, "It fails."))
        }
    }

    #[test]
    fn a_damaged_letter_keeps_no_alert_from_the_disk_and_a_refusing_disk_does() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), "test").unwrap();
        let occasion = Occasion {
            alert: Uuid::nil(),
            condition: "rule/1".to_owned(),
            site: "site_a".to_owned(),
            equipment: None,
            equipment_name: "Press 4".to_owned(),
            location: String::new(),
            level: Level::High,
            message: "Power 80 kW, above 50 kW".to_owned(),
            said: None,
            advice: None,
            advice_code: None,
            value: Some(80.0),
            threshold: Some(50.0),
            unit: "kW".to_owned(),
            at: Timestamp::from_ms(0),
            what: What::Raised,
            late: false,
            children: 0,
        };
        for (kind, lands) in [(ErrorKind::Internal, true), (ErrorKind::Unavailable, false)] {
            let (heard, occasion) = (Heard::default(), occasion.clone());
            heard.set(Arc::new(Failing(kind)));
            let written = store.write_blocking(move |tx| heard.tell(tx, &occasion));
            assert_eq!(written.is_ok(), lands, "{kind:?}");
        }
    }
}
