//! Whether the devices that answered before an update answer the new version too.
//!
//! Who answered before is read from the data at the first start on trial: the readings end with
//! the version before. It is kept for the starts that follow, whose readings are those of the trial.

use super::service::Updates;
use super::standing::Answering;
use crate::base::{EquipmentId, Result, Timestamp};
use crate::equipment::Registry;
use crate::launcher::record::State;
use crate::live::{Live, fresh_for_ms};
use crate::store::{TableName, View as _, operations};
use std::sync::Arc;

const TABLE: TableName = TableName::new("update");
const ANSWERED: &[u8] = b"answered";
/// A device that is asked more seldom may not have its turn while a version is on trial, ms.
const INTERVAL_MAX_MS: u32 = 60_000;
/// Between the last reading and the stop that is written down: answers under way are finished, ms.
const STOP_TAKES_MS: i64 = 15_000;
/// How many that are silent are named.
const NAMED_MAX: usize = 5;

/// The devices that answered before, and where the answers of now are seen.
pub(super) struct Comparison {
    before: Vec<EquipmentId>,
    since: Timestamp,
    registry: Arc<Registry>,
    live: Arc<Live>,
}

impl Updates {
    /// On trial: notes which devices answered before, and compares from now on.
    ///
    /// # Errors
    /// When the data file cannot be read or written; then nothing is compared.
    pub async fn compare_answers(&self, registry: &Arc<Registry>, live: &Arc<Live>) -> Result<()> {
        let record = self.home.as_ref().and_then(|home| home.record().ok());
        let Some(State::Trial { id, .. }) = record.map(|record| record.state) else {
            return Ok(());
        };
        let before = match self.noted(id)? {
            Some(before) => before,
            None => {
                let before = self.answered_before(registry, live)?;
                let bytes = serde_json::to_vec(&(id, &before)).unwrap_or_default();
                let note = self.store.write(move |tx| tx.put(TABLE, ANSWERED, &bytes));
                note.await?;
                before
            }
        };
        let comparison = Comparison {
            before,
            since: self.clock.now(),
            registry: Arc::clone(registry),
            live: Arc::clone(live),
        };
        // It is asked once, at the start.
        let _ = self.comparison.set(comparison);
        Ok(())
    }

    /// What an earlier start of the same trial noted.
    fn noted(&self, trial: u64) -> Result<Option<Vec<EquipmentId>>> {
        let bytes = self.store.read()?.get(TABLE, ANSWERED)?;
        let noted = bytes.and_then(|bytes| serde_json::from_slice::<(u64, Vec<_>)>(&bytes).ok());
        Ok(noted
            .filter(|(id, _)| *id == trial)
            .map(|(_, before)| before))
    }

    /// The devices that are polled and answered when the version before was stopped. When it did not
    /// stop in order, nobody can tell.
    fn answered_before(&self, registry: &Registry, live: &Live) -> Result<Vec<EquipmentId>> {
        let (entries, _) = operations::page(&self.store.read()?, None, 2)?;
        let stop = entries
            .iter()
            .find(|entry| entry.action != "appliance.start");
        let Some(stopped_at) = stop
            .filter(|it| it.action == "appliance.stop")
            .map(|it| it.at)
        else {
            return Ok(Vec::new());
        };
        let polled = registry
            .all()
            .into_iter()
            .filter(|one| one.modbus.is_some());
        let answered = |id: &EquipmentId| {
            live.with(*id, |device| {
                device
                    .is_some_and(|device| counts(device.last_good, device.interval_ms, stopped_at))
            })
        };
        Ok(polled.map(|one| one.id).filter(answered).collect())
    }

    /// How many of the devices that answered before the update answered since; none off trial, and
    /// when none did before.
    #[must_use]
    pub fn answering(&self) -> Option<Answering> {
        let comparison = self.comparison.get().filter(|_| self.on_trial())?;
        (!comparison.before.is_empty()).then(|| comparison.look())
    }
}

impl Comparison {
    fn look(&self) -> Answering {
        let has_answered = |id: &EquipmentId| {
            let last = self
                .live
                .with(*id, |device| device.and_then(|it| it.last_good));
            last.is_some_and(|at| at >= self.since)
        };
        let silent: Vec<_> = self.before.iter().filter(|id| !has_answered(id)).collect();
        let name = |id: &&EquipmentId| self.registry.get(**id).map(|one| one.name).ok();
        Answering {
            before: self.before.len(),
            now: self.before.len() - silent.len(),
            silent: silent.iter().filter_map(name).take(NAMED_MAX).collect(),
        }
    }
}

/// Whether a device whose last values are of `last_good` answered when the appliance was stopped.
fn counts(last_good: Option<Timestamp>, interval_ms: u32, stopped_at: Timestamp) -> bool {
    let window_ms = fresh_for_ms(interval_ms) + STOP_TAKES_MS;
    interval_ms <= INTERVAL_MAX_MS
        && last_good.is_some_and(|at| stopped_at.since_ms(at) <= window_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_silent_before_is_not_missed_and_who_is_asked_seldom_is_not_waited_for() {
        let stopped_at = Timestamp::from_ms(1_000_000);
        let at = |ms| Some(Timestamp::from_ms(ms));
        assert!(counts(at(995_000), 5_000, stopped_at));
        assert!(counts(at(975_000), 5_000, stopped_at));
        assert!(!counts(at(974_999), 5_000, stopped_at));
        assert!(counts(at(990_000), 60_000, stopped_at));
        assert!(!counts(at(999_000), 60_001, stopped_at));
        assert!(!counts(None, 5_000, stopped_at));
    }
}
