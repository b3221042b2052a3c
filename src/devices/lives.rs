//! What deliveries leave behind: the lives of devices, and the keys under which they were sent.
//!
//! On disk with the readings, in the same transaction; in memory after it.

use super::key::Hash;
use super::life::{Heard, Life};
use super::receiver::KeyUse;
use crate::base::{DeviceId, Error, Result, Timestamp};
use crate::store::table::Table;
use crate::store::{Store, TableName, Transaction, View as _};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::ControlFlow;
use std::sync::{PoisonError, RwLock};

const LIVES: TableName = TableName::new("push_device_life");
const LIFE: Table<Life> = Table::new("push_device_life", 1);
const USES: Table<Kept> = Table::new("push_device_use", 1);
/// Keys of a device that are remembered: who tries again does so within a few deliveries.
const USES_MAX: u8 = 32;

/// One use of an `Idempotency-Key`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Kept {
    device: DeviceId,
    /// Its place among those of the device; the oldest gives its place to the newest.
    slot: u8,
    key: Hash,
    body: Hash,
    arrived: Timestamp,
}

impl Kept {
    fn place(&self) -> [u8; 17] {
        let mut place = [self.slot; 17];
        place[..16].copy_from_slice(self.device.as_bytes());
        place
    }
}

/// The lives of all devices.
#[derive(Debug, Default)]
pub(super) struct Lives {
    lives: RwLock<HashMap<DeviceId, Life>>,
    uses: RwLock<HashMap<DeviceId, VecDeque<Kept>>>,
}

/// What deliveries told, on its way to disk and memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Changes {
    lives: BTreeMap<DeviceId, Life>,
    uses: Vec<Kept>,
}

impl Changes {
    /// Writes what belongs on disk with the readings.
    pub(super) fn put(&self, transaction: &Transaction<'_>) -> Result<()> {
        for (device, life) in &self.lives {
            LIFE.put(transaction, device.as_bytes(), life)?;
        }
        for kept in &self.uses {
            USES.put(transaction, &kept.place(), kept)?;
        }
        Ok(())
    }
}

impl Lives {
    pub(super) fn open(store: &Store) -> Result<Self> {
        let reader = store.read()?;
        let mut lives = HashMap::new();
        reader.scan(LIVES, &[], &[0xFF; 17], &mut |key, _| {
            if let (Some(device), Some(life)) = (DeviceId::from_slice(key), LIFE.get(&reader, key)?)
            {
                lives.insert(device, life);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        let mut uses: HashMap<DeviceId, VecDeque<Kept>> = HashMap::new();
        let mut all = USES.all(&reader)?;
        all.sort_by_key(|kept| (kept.arrived, kept.slot));
        for kept in all {
            uses.entry(kept.device).or_default().push_back(kept);
        }
        Ok(Self {
            lives: RwLock::new(lives),
            uses: RwLock::new(uses),
        })
    }

    pub(super) fn of(&self, device: DeviceId) -> Life {
        let lives = self.lives.read().unwrap_or_else(PoisonError::into_inner);
        lives.get(&device).cloned().unwrap_or_default()
    }

    /// Notes that somebody used the serial number of a device with a wrong key.
    pub(super) fn wrong_key(&self, device: DeviceId, now: Timestamp) {
        let mut lives = self.lives.write().unwrap_or_else(PoisonError::into_inner);
        lives.entry(device).or_default().wrong_key_at = Some(now);
    }

    /// When a delivery first came under its key; `None` when it is the first.
    pub(super) fn first_use(&self, device: DeviceId, used: &KeyUse) -> Result<Option<Timestamp>> {
        let uses = self.uses.read().unwrap_or_else(PoisonError::into_inner);
        let mut known = uses.get(&device).into_iter().flatten();
        match known.find(|kept| kept.key == used.key) {
            None => Ok(None),
            Some(kept) if kept.body == used.body => Ok(Some(kept.arrived)),
            Some(_) => {
                let sentence = "This Idempotency-Key was used for another body. Use a new key \
                                for new readings.";
                Err(Error::conflict(sentence))
            }
        }
    }

    /// Takes in what a delivery told that came at `arrived`.
    pub(super) fn hear(
        &self,
        changes: &mut Changes,
        device: DeviceId,
        heard: &Heard,
        arrived: Timestamp,
    ) {
        let life = changes.lives.entry(device);
        life.or_insert_with(|| self.of(device)).hear(arrived, heard);
    }

    /// Notes the key under which a delivery came at `arrived`.
    pub(super) fn note_use(
        &self,
        changes: &mut Changes,
        device: DeviceId,
        used: &KeyUse,
        arrived: Timestamp,
    ) {
        let uses = self.uses.read().unwrap_or_else(PoisonError::into_inner);
        let own = || changes.uses.iter().filter(|kept| kept.device == device);
        let known = uses.get(&device);
        let mut all = known.into_iter().flatten().chain(own());
        if all.any(|kept| kept.key == used.key) {
            return;
        }
        let last = own().next_back().or_else(|| known.and_then(VecDeque::back));
        changes.uses.push(Kept {
            device,
            slot: last.map_or(0, |last| (last.slot + 1) % USES_MAX),
            key: used.key,
            body: used.body,
            arrived,
        });
    }

    /// Keeps in memory what is on disk, of the devices that there are.
    pub(super) fn keep(&self, changes: Changes, exists: impl Fn(DeviceId) -> bool) {
        let mut lives = self.lives.write().unwrap_or_else(PoisonError::into_inner);
        for (device, life) in changes.lives.into_iter().filter(|(id, _)| exists(*id)) {
            let wrong_key_at = lives.get(&device).and_then(|old| old.wrong_key_at);
            lives.insert(
                device,
                Life {
                    wrong_key_at,
                    ..life
                },
            );
        }
        let mut uses = self.uses.write().unwrap_or_else(PoisonError::into_inner);
        for kept in changes.uses.into_iter().filter(|kept| exists(kept.device)) {
            let known = uses.entry(kept.device).or_default();
            known.retain(|old| old.slot != kept.slot);
            known.push_back(kept);
        }
    }

    /// Takes what belongs to a device off the disk.
    pub(super) fn forget_in(transaction: &Transaction<'_>, device: DeviceId) -> Result<()> {
        LIFE.remove(transaction, device.as_bytes())?;
        for kept in USES.under(transaction, device.as_bytes())? {
            USES.remove(transaction, &kept.place())?;
        }
        Ok(())
    }

    /// Forgets a device.
    pub(super) fn forget(&self, device: DeviceId) {
        let mut lives = self.lives.write().unwrap_or_else(PoisonError::into_inner);
        lives.remove(&device);
        let mut uses = self.uses.write().unwrap_or_else(PoisonError::into_inner);
        uses.remove(&device);
    }
}
