//! Between "it is wired" and "I trust it": a person's word against the physics, and the report
//! that a meter shows what its display shows.
//!
//! Promises: what is decided or reported is audited in the same transaction and never changed
//! afterwards; the words in a report are those that were on the wire. Will not do: read for a
//! report what the caller claims to have read.

use super::plausibility::{Belief, Plausibility};
use super::quality_days::QualityDays;
use super::record::Equipment;
use super::registry::Registry;
use super::report::{LineOfReport, NewReport, Report, TakenReading};
use super::scan::Scans;
use super::source::ModbusSource;
use super::test_read::{TestRead, test_read};
use super::whose::site_in;
use crate::base::{Clock, EquipmentId, Error, ReportId, Result, Timestamp};
use crate::store::Store;
use crate::store::audit::{self, Actor};
use crate::store::table::Table;
use crate::tsdb::Tsdb;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;

/// Longest reason of a person's word, characters.
const REASON_MAX: usize = 500;
/// Readings that wait for their report.
const TAKEN_MAX: usize = 32;
/// How long they wait, ms: an afternoon in a switch room.
const TAKEN_FOR_MS: i64 = 4 * 3_600_000;
/// Reports of one piece of equipment that are listed.
const REPORTS_TOLD: usize = 100;

const BELIEFS: Table<KeptBelief> = Table::new("equipment_belief", 1);
const REPORTS: Table<Report> = Table::new("commissioning", 1);

/// A person's word as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct KeptBelief {
    equipment: EquipmentId,
    belief: Belief,
}

/// What technicians decide and report.
pub struct Commissioning {
    store: Store,
    clock: Arc<dyn Clock>,
    registry: Arc<Registry>,
    scans: Scans,
    days: QualityDays,
    taken: Mutex<VecDeque<(Timestamp, TakenReading)>>,
}

fn key(id: EquipmentId, report: ReportId) -> Vec<u8> {
    [&id.as_bytes()[..], &report.as_bytes()[..]].concat()
}

impl Commissioning {
    /// Reads what was decided, and tells the watch; scans end with `stop`.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn open(
        store: &Store,
        tsdb: &Arc<Tsdb>,
        clock: &Arc<dyn Clock>,
        registry: &Arc<Registry>,
        stop: &CancellationToken,
    ) -> Result<Self> {
        for kept in BELIEFS.all(&store.read()?)? {
            let watch = registry.acquisition().watch();
            watch.believe(kept.equipment, Some(kept.belief));
        }
        let (clock, registry) = (Arc::clone(clock), Arc::clone(registry));
        Ok(Self {
            store: store.clone(),
            scans: Scans::new(
                store,
                Arc::clone(&clock),
                Arc::clone(&registry),
                stop.clone(),
            ),
            days: QualityDays::new(store, Arc::clone(tsdb), Arc::clone(&registry)),
            clock,
            registry,
            taken: Mutex::default(),
        })
    }

    /// Looking for devices.
    #[must_use]
    pub const fn scans(&self) -> &Scans {
        &self.scans
    }

    /// Counters beside power, day by day.
    #[must_use]
    pub const fn days(&self) -> &QualityDays {
        &self.days
    }

    /// How far a device has proved itself.
    #[must_use]
    pub fn plausibility(&self, id: EquipmentId) -> Plausibility {
        self.registry.acquisition().watch().of(id)
    }

    /// A person stands for what a device shows, whatever was found up to now.
    ///
    /// # Errors
    /// When there is no such equipment, nothing was found, or the reason is missing; a disk that
    /// refuses.
    pub async fn believe(
        &self,
        id: EquipmentId,
        reason: &str,
        actor: Actor,
    ) -> Result<Plausibility> {
        self.registry.get(id)?;
        let reason = reason.trim().to_owned();
        if !(3..=REASON_MAX).contains(&reason.chars().count()) {
            let message = format!("Say why it is right, in 3 to {REASON_MAX} characters.");
            return Err(Error::invalid("reason", message));
        }
        let known = self.plausibility(id);
        if known.findings.is_empty() {
            let sentence = "Nothing was found against this device: there is nothing to overrule.";
            return Err(Error::conflict(sentence));
        }
        let mut codes: Vec<_> = known.findings.iter().map(|finding| finding.code).collect();
        codes.extend(known.belief.iter().flat_map(|belief| belief.codes.clone()));
        codes.sort_unstable();
        codes.dedup();
        let belief = Belief {
            codes,
            reason,
            by: actor.name.clone(),
            at: self.clock.now(),
        };
        let kept = KeptBelief {
            equipment: id,
            belief: belief.clone(),
        };
        let details = serde_json::to_value(&belief).unwrap_or_default();
        let at = belief.at;
        let written = self.store.write(move |transaction| {
            BELIEFS.put(transaction, id.as_bytes(), &kept)?;
            let resource = format!("equipment/{id}");
            audit::append(
                transaction,
                at,
                &actor,
                "equipment.believe",
                audit::about(&resource).of_all(site_in(transaction, id)?),
                details,
            )
        });
        written.await?;
        self.registry
            .acquisition()
            .watch()
            .believe(id, Some(belief));
        Ok(self.plausibility(id))
    }

    /// Takes a person's word back.
    ///
    /// # Errors
    /// When there is no such equipment or nobody stood for it; a disk that refuses.
    pub async fn doubt(&self, id: EquipmentId, actor: Actor) -> Result<Plausibility> {
        self.registry.get(id)?;
        let Some(belief) = self.plausibility(id).belief else {
            return Err(Error::not_found("word for equipment", id));
        };
        let (now, details) = (self.clock.now(), serde_json::to_value(belief));
        let written = self.store.write(move |transaction| {
            BELIEFS.remove(transaction, id.as_bytes())?;
            let resource = format!("equipment/{id}");
            let details = details.unwrap_or_default();
            audit::append(
                transaction,
                now,
                &actor,
                "equipment.doubt",
                audit::about(&resource).of_all(site_in(transaction, id)?),
                details,
            )
        });
        written.await?;
        self.registry.acquisition().watch().believe(id, None);
        Ok(self.plausibility(id))
    }

    /// Reads a device once, saved or not.
    ///
    /// # Errors
    /// See [`test_read`].
    pub async fn try_read(&self, source: &ModbusSource) -> Result<TestRead> {
        let (profiles, lines) = (self.registry.profiles(), self.registry.acquisition());
        test_read(source, profiles, lines).await
    }

    /// Reads a device for a report; the reading waits until the report is written.
    ///
    /// # Errors
    /// When there is no such equipment, or it has no connection.
    pub async fn take(&self, id: EquipmentId) -> Result<TakenReading> {
        let equipment = self.registry.get(id)?;
        let Some(source) = &equipment.modbus else {
            let sentence = "This equipment has no connection that could be read.";
            return Err(Error::conflict(sentence));
        };
        let read = self.try_read(source).await?;
        let taken = TakenReading {
            reading_id: ReportId::new(),
            equipment_id: id,
            taken_at: self.clock.now(),
            read,
        };
        let mut waiting = self.taken();
        waiting.retain(|(at, _)| (0..TAKEN_FOR_MS).contains(&taken.taken_at.since_ms(*at)));
        if waiting.len() >= TAKEN_MAX {
            waiting.pop_front();
        }
        waiting.push_back((taken.taken_at, taken.clone()));
        Ok(taken)
    }

    /// Writes a report of a reading that was taken.
    ///
    /// # Errors
    /// When there is no such equipment or reading; every refused field; a disk that refuses.
    pub async fn report(
        &self,
        id: EquipmentId,
        site: String,
        input: NewReport,
        actor: Actor,
    ) -> Result<Report> {
        let equipment = self.registry.get(id)?;
        let taken = self.waiting(id, input.reading_id)?;
        let report = self.assemble(&equipment, site, &taken, &input, &actor)?;
        let stored = report.clone();
        let details = serde_json::json!({ "report": report.id, "installer": report.installer,
            "verdict": report.verdict });
        let written = self.store.write(move |transaction| {
            REPORTS.put(transaction, &key(id, stored.id), &stored)?;
            let resource = format!("equipment/{id}");
            let (at, action) = (stored.created_at, "equipment.commission");
            let object = audit::about(&resource).of_all(site_in(transaction, id)?);
            audit::append(transaction, at, &actor, action, object, details)
        });
        written.await?;
        self.taken()
            .retain(|(_, other)| other.reading_id != taken.reading_id);
        Ok(report)
    }

    fn waiting(&self, id: EquipmentId, reading: ReportId) -> Result<TakenReading> {
        let waiting = self.taken();
        let is = |taken: &&(Timestamp, TakenReading)| {
            taken.1.reading_id == reading && taken.1.equipment_id == id
        };
        let found = waiting.iter().find(is).map(|(_, taken)| taken.clone());
        found.ok_or_else(|| {
            let message = "This reading is not known any more. Read the device again.";
            Error::invalid("reading_id", message)
        })
    }

    fn assemble(
        &self,
        equipment: &Equipment,
        site: String,
        taken: &TakenReading,
        input: &NewReport,
        actor: &Actor,
    ) -> Result<Report> {
        let lines = LineOfReport::all(&taken.read, input)?;
        let plausibility = self.plausibility(equipment.id);
        let profile = equipment.modbus.as_ref().and_then(|source| {
            let id = source.profile.as_deref()?;
            self.registry.profiles().get(id)
        });
        Report::assemble(
            equipment,
            site,
            profile.as_deref(),
            taken,
            lines,
            plausibility,
            input,
        )
        .map(|report| Report {
            created_at: self.clock.now(),
            written_by: actor.name.clone(),
            ..report
        })
    }

    /// The reports of equipment, the newest first.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn reports(&self, id: EquipmentId) -> Result<Vec<Report>> {
        self.registry.get(id)?;
        let mut reports = REPORTS.under(&self.store.read()?, id.as_bytes())?;
        reports.reverse();
        reports.truncate(REPORTS_TOLD);
        Ok(reports)
    }

    fn taken(&self) -> MutexGuard<'_, VecDeque<(Timestamp, TakenReading)>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
