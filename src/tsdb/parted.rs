//! Since when what a counter that is read seldom grew by is cut at the quarters.
//!
//! Earlier versions booked it whole, at the reading. Hours that they sealed stay as they are: an hour
//! that is folded again beside one that is not would count a part twice, or not at all. So a data
//! file says from when on growth is cut, once and for ever.

use super::blocks::Blocks;
use super::seal;
use crate::base::{Result, Timestamp};
use crate::store::table::Table;
use crate::store::{Store, View};
use serde::{Deserialize, Serialize};

const PARTED: Table<Parted> = Table::new("ts_parted", 1);
const ONLY: &[u8] = b"only";

/// From when on growth is cut.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Parted {
    from: Timestamp,
}

/// From this instant on, ms, growth is cut; never while nobody decided it.
pub(super) fn since(view: &impl View) -> Result<i64> {
    let found = PARTED.get(view, ONLY)?;
    Ok(found.map_or(i64::MAX, |parted| parted.from.ms()))
}

/// Decides it, at the first start of a version that cuts: after everything that is sealed.
pub(super) fn decide(store: &Store, blocks: &Blocks) {
    if let Err(error) = try_decide(store, blocks) {
        // Nothing is cut until the next start decides it: as it was before.
        tracing::warn!(%error, "since when seldom readings are cut at the quarters was not written down");
    }
}

fn try_decide(store: &Store, blocks: &Blocks) -> Result<()> {
    if PARTED.get(&store.read()?, ONLY)?.is_some() {
        return Ok(());
    }
    let newest = seal::newest_sealed(blocks, &blocks.look())?;
    let from = newest.map_or(0, |newest| newest + 1);
    let parted = Parted {
        from: Timestamp::from_ms(from),
    };
    store.write_blocking(move |transaction| PARTED.put(transaction, ONLY, &parted))
}

#[cfg(test)]
#[path = "parted_tests.rs"]
mod tests;
