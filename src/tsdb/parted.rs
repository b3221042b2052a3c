//! Since when what a counter that is read seldom grew by is cut at the quarters.
//!
//! Earlier versions booked it whole, at the reading. Hours that they sealed stay as they are: an hour
//! that is folded again beside one that is not would count a part twice, or not at all. So a data
//! file says from when on growth is cut, once and for ever.

use super::Tsdb;
use super::blocks::Blocks;
use super::seal::{self, Upkeep};
use crate::base::{Result, Timestamp};
use crate::store::table::Table;
use crate::store::{Transaction, View};
use serde::{Deserialize, Serialize};
use std::sync::{MutexGuard, PoisonError};

const PARTED: Table<Parted> = Table::new("ts_parted", 1);
const ONLY: &[u8] = b"only";

/// From when on growth is cut.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Parted {
    from: Timestamp,
}

/// From this instant on, ms, growth is cut; `None` while that is not written down.
pub(super) fn since(view: &impl View) -> Result<Option<i64>> {
    Ok(PARTED.get(view, ONLY)?.map(|parted| parted.from.ms()))
}

/// What is so at a start: what is written down, and at the first start of a version that cuts,
/// after everything that is sealed. It is written down before anything else is sealed: see
/// [`Tsdb::upkeep`].
///
/// # Errors
/// When the disk cannot be read.
pub(super) fn at_start(view: &impl View, blocks: &Blocks) -> Result<i64> {
    if let Some(from) = since(view)? {
        return Ok(from);
    }
    let newest = seal::newest_sealed(blocks, &blocks.look()).or_else(|error| {
        // A volume that cannot be read does not keep all others from being written.
        tracing::warn!(%error, "since when seldom readings are cut at the quarters is taken from the names of files");
        seal::newest_possible(blocks)
    })?;
    Ok(newest.map_or(0, |newest| newest + 1))
}

impl Tsdb {
    /// Waits until nobody else changes blocks. Nothing is sealed before it stands on disk since when
    /// growth is cut: a later start would decide it after what was sealed meanwhile.
    ///
    /// # Errors
    /// When the disk refuses to write it down.
    pub(super) fn upkeep(&self) -> Result<MutexGuard<'_, Upkeep>> {
        let mut upkeep = self.upkeep.lock().unwrap_or_else(PoisonError::into_inner);
        if !upkeep.knows_since {
            if since(&self.store.read()?)?.is_none() {
                let parted = Parted {
                    from: Timestamp::from_ms(self.state().counters.parted_from),
                };
                let put =
                    move |transaction: &Transaction<'_>| PARTED.put(transaction, ONLY, &parted);
                self.store.write_blocking(put)?;
            }
            upkeep.knows_since = true;
        }
        Ok(upkeep)
    }
}

#[cfg(test)]
#[path = "parted_tests.rs"]
mod tests;
