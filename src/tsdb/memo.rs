//! What is known of the blocks without looking: it saves a look for each hour that is sealed.

use super::SeriesId;
use super::series::Device;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// What is known of the blocks without looking.
#[derive(Debug, Default)]
pub(super) struct Memo {
    inner: Mutex<Notes>,
}

#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Of a counter: nothing is sealed after this hour.
    pub(super) newest: HashMap<SeriesId, i64>,
    /// Of a device: a sealed hour, and the end of the time that its samples stand for, ms.
    pub(super) reach: HashMap<Device, (i64, i64)>,
    /// How often something was sealed: who looked before must not note what he did not find.
    pub(super) sealed: u64,
}

impl Memo {
    pub(super) fn with<T>(&self, look: impl FnOnce(&mut Notes) -> T) -> T {
        look(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes note that rows of some series were sealed, the last of them in `last_hour`.
    pub(super) fn sealed<'s>(&self, series: impl Iterator<Item = &'s SeriesId>, last_hour: i64) {
        self.with(|notes| {
            notes.sealed += 1;
            for id in series {
                if let Some(newest) = notes.newest.get_mut(id) {
                    *newest = (*newest).max(last_hour);
                }
            }
        });
    }

    /// Takes note that an hour was sealed, and of the end of what its samples stand for, ms.
    pub(super) fn reaches(&self, device: Device, hour: i64, reach: i64) {
        self.with(|notes| notes.reach.insert(device, (hour, reach)));
    }

    /// Forgets what was known of a device: its blocks change in a way that is not followed.
    pub(super) fn clear(&self, device: Device) {
        self.with(|notes| notes.reach.remove(&device));
    }
}
