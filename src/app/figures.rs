//! What is computed of the readings: history, the meter tree, tariffs, the figures of today.

use super::ground::Ground;
use crate::base::Result;
use crate::energy::{SiteHistory, Tariffs, TodayCache, Trees};
use crate::equipment::Registry;
use std::sync::Arc;

/// The figures and what they follow.
pub(super) struct Figures {
    pub(super) history: SiteHistory,
    pub(super) trees: Arc<Trees>,
    pub(super) tariffs: Arc<Tariffs>,
    pub(super) today: TodayCache,
}

/// Opens them.
pub(super) fn open_figures(ground: &Ground, registry: &Arc<Registry>) -> Result<Figures> {
    let clock = || Arc::clone(&ground.clock);
    let history = SiteHistory::new(Arc::clone(&ground.tsdb));
    let trees = Trees::open(&ground.store, clock(), Arc::clone(registry))?;
    let tariffs = Arc::new(Tariffs::open(&ground.store, clock())?);
    Ok(Figures {
        today: TodayCache::new(history.clone(), Arc::clone(&tariffs)),
        history,
        trees: Arc::new(trees),
        tariffs,
    })
}
