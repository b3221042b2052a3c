//! What happened in the readings of the cells: the round that looks at what came in, and the beat.
//!
//! Readings are stored first. Which cells they belong to, and from which instant on, is noted in
//! memory; the round looks the readings up and writes excursions and alerts in one transaction. A
//! crash in between loses nothing: at the start each cell is looked at anew, two days back.

use super::cell::Cell;
use super::examine::{State, Work};
use super::excursion::Excursion;
use super::service::Coldchain;
use crate::alerts::{Raised, Report};
use crate::base::{Batch, CellId, Level, Result, Timestamp};
use crate::devices::{BACK_MAX_MS, Device};
use crate::ingest::Follower;
use crate::store::table::Table;
use crate::store::{Transaction, View};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;

pub(super) const EXCURSIONS: Table<Excursion> = Table::new("cold_excursion", 1);
const STANDING: Table<Standing> = Table::new("cold_standing", 1);
/// How often the time is looked at, ms: delays end, sensors fall silent.
const BEAT_MS: i64 = 10_000;
/// Cells of one round: what is looked up of them is in memory at once.
const ROUND_MAX: usize = 50;

/// Which alerts of a cell stand, and how urgent they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Standing {
    cell: CellId,
    pub(super) levels: BTreeMap<String, Level>,
}

/// From which instant on a cell has to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dirty {
    pub(super) from: i64,
    /// Whether what is in memory is not to be gone on with.
    pub(super) anew: bool,
}

/// What the watch remembers.
#[derive(Debug)]
pub(super) struct Watch {
    dirty: Mutex<HashMap<CellId, Dirty>>,
    states: Mutex<HashMap<CellId, State>>,
    pub(super) wake: tokio::sync::Notify,
    /// Silence is counted from here at the earliest: nobody listened before.
    pub(super) started: Timestamp,
}

impl Watch {
    pub(super) fn open(view: &impl View, started: Timestamp) -> Result<Self> {
        let all = STANDING.all(view)?.into_iter();
        let states = all.map(|one| (one.cell, State::of(one.levels))).collect();
        Ok(Self {
            dirty: Mutex::default(),
            states: Mutex::new(states),
            wake: tokio::sync::Notify::new(),
            started,
        })
    }

    fn dirty(&self) -> MutexGuard<'_, HashMap<CellId, Dirty>> {
        self.dirty.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn states(&self) -> MutexGuard<'_, HashMap<CellId, State>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mark(&self, cell: CellId, new: Dirty) {
        let mut dirty = self.dirty();
        let held = dirty.entry(cell).or_insert(new);
        held.from = held.from.min(new.from);
        held.anew |= new.anew;
        drop(dirty);
        self.wake.notify_one();
    }

    /// All of these are looked at from where late readings may lie.
    pub(super) fn mark_all(&self, cells: impl Iterator<Item = CellId>) {
        cells.for_each(|cell| self.begin_anew(cell));
    }

    /// What is in memory of a cell is not to be gone on with.
    pub(super) fn begin_anew(&self, cell: CellId) {
        self.begin_at(cell, self.started.minus_ms(BACK_MAX_MS));
    }

    /// As [`Watch::begin_anew`], from an instant on.
    pub(super) fn begin_at(&self, cell: CellId, from: Timestamp) {
        let from = from.ms();
        self.mark(cell, Dirty { from, anew: true });
    }
}

impl Follower for Coldchain {
    fn stored(&self, batches: &[Batch]) {
        let known = self.known();
        if known.of_equipment.is_empty() {
            return;
        }
        for batch in batches {
            if let Some(cell) = known.of_equipment.get(&batch.equipment) {
                let from = batch.at.ms();
                self.watch.mark(*cell, Dirty { from, anew: false });
            }
        }
    }
}

impl Coldchain {
    /// Looks at what comes in and at the time, until `stop`.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut beat_at = self.now();
        loop {
            let wake = beat_at.min(self.now().plus_ms(BEAT_MS));
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.ground.clock.sleep_until(wake) => {}
                () = self.watch.wake.notified() => {}
            }
            let now = self.now();
            let beat = now >= beat_at || beat_at.since_ms(now) > BEAT_MS;
            if beat {
                beat_at = now.plus_ms(BEAT_MS);
            }
            if let Err(error) = self.look(beat).await {
                tracing::error!(%error, "what happened in the cold cells waits for the disk");
            }
        }
    }

    /// Looks once at what came in, and at the time of every cell when it is a `beat`.
    ///
    /// # Errors
    /// When the disk refuses; then the cells are looked at again.
    pub async fn look(self: &Arc<Self>, beat: bool) -> Result<()> {
        let dirty = std::mem::take(&mut *self.watch.dirty());
        let mut asked: BTreeMap<CellId, Option<Dirty>> = BTreeMap::new();
        if beat {
            asked.extend(self.known().cells.keys().map(|id| (*id, None)));
        }
        asked.extend(dirty.into_iter().map(|(id, dirty)| (id, Some(dirty))));
        if asked.is_empty() {
            return Ok(());
        }
        let mut of_equipment: HashMap<_, Vec<Device>> = HashMap::new();
        for device in self.ground.devices.all() {
            of_equipment
                .entry(device.equipment_id)
                .or_default()
                .push(device);
        }
        let of_equipment = Arc::new(of_equipment);
        let mut asked: Vec<_> = asked.into_iter().collect();
        let mut outcome = Ok(());
        while !asked.is_empty() {
            let round = asked.split_off(asked.len().saturating_sub(ROUND_MAX));
            // One round that fails keeps no other from being looked at.
            outcome = outcome.and(self.round(round, Arc::clone(&of_equipment)).await);
        }
        outcome
    }

    async fn round(
        self: &Arc<Self>,
        asked: Vec<(CellId, Option<Dirty>)>,
        devices: Arc<HashMap<crate::base::EquipmentId, Vec<Device>>>,
    ) -> Result<()> {
        let (coldchain, now) = (Arc::clone(self), self.now());
        let ids: Vec<CellId> = asked.iter().map(|(id, _)| *id).collect();
        let examined = tokio::task::spawn_blocking(move || {
            let mut works = Vec::new();
            for (id, dirty) in asked {
                let Some(cell) = coldchain.known().cells.get(&id).cloned() else {
                    continue;
                };
                let nothing = Vec::new();
                let devices = devices.get(&cell.equipment_id).unwrap_or(&nothing);
                works.push(coldchain.examine(&cell, dirty, devices, now)?);
            }
            Ok::<_, crate::base::Error>(works)
        });
        let examined = examined.await.map_err(|cause| {
            crate::base::Error::internal("The cells could not be looked at.").because(cause)
        })?;
        let written = match examined {
            Ok(works) => self.write(works).await,
            Err(error) => Err(error),
        };
        if written.is_err() {
            self.forget(&ids);
        }
        written
    }

    /// What is in memory of these cells may be ahead of the disk: what the disk says counts.
    fn forget(&self, cells: &[CellId]) {
        let reader = self.ground.store.read();
        for cell in cells {
            let held = reader.as_ref().ok().and_then(|reader| {
                let found = STANDING.get(reader, cell.as_bytes());
                found.ok().flatten()
            });
            let levels = held.map(|held| held.levels).unwrap_or_default();
            self.watch.states().insert(*cell, State::of(levels));
        }
        self.watch.mark_all(cells.iter().copied());
    }

    /// Writes what was found, if anything was.
    async fn write(&self, works: Vec<Work>) -> Result<()> {
        let (mut reports, mut puts, mut standing) = (Vec::<Report>::new(), Vec::new(), Vec::new());
        for work in works {
            reports.extend(work.reports);
            puts.extend(work.excursions);
            let cell = work.cell;
            standing.extend(work.standing.map(|levels| Standing { cell, levels }));
        }
        if reports.is_empty() && puts.is_empty() && standing.is_empty() {
            return Ok(());
        }
        let linked: Arc<Mutex<Vec<Excursion>>> = Arc::default();
        let place = Arc::clone(&linked);
        let also = move |transaction: &Transaction<'_>, raised: &Raised| {
            let mut kept = Vec::new();
            for (mut excursion, condition) in puts {
                // What people wrote since it was looked at stays.
                let stored = EXCURSIONS.get(transaction, &key_of(&excursion))?;
                excursion.review = stored.and_then(|stored| stored.review);
                let alert = condition.and_then(|condition| raised.get(&condition));
                excursion.alert_id = excursion.alert_id.or(alert.copied());
                EXCURSIONS.put(transaction, &key_of(&excursion), &excursion)?;
                kept.push(excursion);
            }
            for one in &standing {
                STANDING.put(transaction, one.cell.as_bytes(), one)?;
            }
            *place.lock().unwrap_or_else(PoisonError::into_inner) = kept;
            Ok(())
        };
        self.ground.alerts.report(reports, also).await?;
        let kept = std::mem::take(&mut *linked.lock().unwrap_or_else(PoisonError::into_inner));
        let mut states = self.watch.states();
        for excursion in kept {
            if let Some(state) = states.get_mut(&excursion.cell_id) {
                state.keep(excursion);
            }
        }
        Ok(())
    }

    /// The excursions of a cell as they are stored, by the time when they were found.
    pub(super) fn stored_excursions(&self, cell: CellId) -> Result<Vec<Excursion>> {
        let reader = self.ground.store.read()?;
        EXCURSIONS.under(&reader, cell.as_bytes())
    }

    /// Whether alerts may be made of a cell now.
    pub(super) fn in_service(&self, cell: &Cell) -> bool {
        use crate::equipment::AdminStatus;
        let found = self.ground.registry.get(cell.equipment_id);
        cell.in_use() && found.is_ok_and(|found| found.admin_status == AdminStatus::Active)
    }
}

/// Cell first, so that those of one lie together, in the order in which they were found.
pub(super) fn key_of(excursion: &Excursion) -> [u8; 32] {
    let mut key = [0; 32];
    key[..16].copy_from_slice(excursion.cell_id.as_bytes());
    key[16..].copy_from_slice(excursion.id.as_bytes());
    key
}
