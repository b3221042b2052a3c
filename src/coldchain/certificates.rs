//! The certificates of the probes of a cell: written down and taken out, each on disk first.

use super::calibration::{Calibration, NewCalibration};
use super::service::{CALIBRATIONS, Coldchain, Entry};
use crate::auth::Reach;
use crate::base::{CalibrationId, CellId, Error, Result};
use crate::store::audit::{self, Actor};
use serde_json::json;
use std::sync::Arc;

/// Most certificates of one cell: two probes for fifty years.
const CALIBRATIONS_MAX: usize = 100;

impl Coldchain {
    /// The certificates of a cell, the latest day in front.
    #[must_use]
    pub fn calibrations(&self, cell: CellId) -> Arc<Vec<Calibration>> {
        let known = self.known();
        known.calibrations.get(&cell).cloned().unwrap_or_default()
    }

    /// Writes a certificate down; what was measured since its day is read with it.
    ///
    /// # Errors
    /// When there is no such cell for who reaches this; every refused field; a disk that refuses.
    pub async fn add_calibration(
        &self,
        reach: &Reach,
        id: CellId,
        said: NewCalibration,
        actor: Actor,
    ) -> Result<Calibration> {
        let _turn = self.changing.lock().await;
        let cell = self.cell(reach, id)?;
        let probes = self.probes(&cell);
        if !probes.contains(&said.probe) {
            let names: Vec<_> = probes.iter().map(|probe| format!("\"{probe}\"")).collect();
            let sentence = format!("This cell has no such probe. It has {}.", names.join(", "));
            return Err(Error::invalid("probe", sentence));
        }
        if self.calibrations(id).len() >= CALIBRATIONS_MAX {
            let sentence = "A cell keeps 100 certificates. Delete one that was written down wrong.";
            return Err(Error::conflict(sentence));
        }
        let now = self.now();
        let made = said.make(id, &self.calendar(&cell.site), (now, &actor.name))?;
        let (stored, site) = (made.clone(), cell.site.clone());
        let write = self.ground.store.write(move |transaction| {
            CALIBRATIONS.put(transaction, &key_of(&stored), &stored)?;
            let resource = format!("cold_cell/{id}/calibration/{}", stored.id);
            let entry = Entry { now, actor: &actor };
            entry.put(
                transaction,
                "coldchain.calibration_create",
                audit::about(&resource).of(&site),
                json!(stored),
            )
        });
        write.await?;
        self.learn(|known| {
            let all = known.calibrations.entry(id).or_default();
            Arc::make_mut(all).push(made.clone());
        });
        self.watch.begin_at(id, made.from);
        Ok(made)
    }

    /// Takes a certificate out that was written down wrong; the audit log keeps it.
    ///
    /// # Errors
    /// When there is none; a disk that refuses.
    pub async fn remove_calibration(
        &self,
        reach: &Reach,
        (cell, id): (CellId, CalibrationId),
        actor: Actor,
    ) -> Result<()> {
        let _turn = self.changing.lock().await;
        let site = self.cell(reach, cell)?.site.clone();
        let all = self.calibrations(cell);
        let gone = all.iter().find(|one| one.id == id).cloned();
        let gone = gone.ok_or_else(|| Error::not_found("calibration", id))?;
        let (now, from) = (self.now(), gone.from);
        let write = self.ground.store.write(move |transaction| {
            CALIBRATIONS.remove(transaction, &key_of(&gone))?;
            let resource = format!("cold_cell/{cell}/calibration/{id}");
            let entry = Entry { now, actor: &actor };
            entry.put(
                transaction,
                "coldchain.calibration_delete",
                audit::about(&resource).of(&site),
                json!(gone),
            )
        });
        write.await?;
        self.learn(|known| {
            let all = known.calibrations.entry(cell).or_default();
            Arc::make_mut(all).retain(|one| one.id != id);
        });
        self.watch.begin_at(cell, from);
        Ok(())
    }
}

/// Cell first, so that those of one lie together.
fn key_of(calibration: &Calibration) -> [u8; 32] {
    let mut key = [0; 32];
    key[..16].copy_from_slice(calibration.cell_id.as_bytes());
    key[16..].copy_from_slice(calibration.id.as_bytes());
    key
}
