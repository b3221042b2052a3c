//! The beats of the sites, as far as they were learnt of the pulses of their utilities, and stored.

use super::beat::Beat;
use super::beat_cut::Grid;
use super::history::SiteHistory;
use super::raw::RAW_MAX;
use crate::base::{Phase, Result, TimeRange, Timestamp};
use crate::site::{DemandPulse, Site};
use crate::store::Store;
use crate::store::table::Table;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

const BEATS: Table<Stored> = Table::new("demand_beat", 1);
/// How far back readings are looked at after a time without the appliance, ms.
const BACK_MS: i64 = 2 * 86_400_000;
/// How much is read at once, ms: four hours of an input that is read every second.
const PIECE_MS: i64 = 4 * 3_600_000;

/// What was learnt of a site, and of which input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Stored {
    site: String,
    source: Option<DemandPulse>,
    beat: Arc<Beat>,
}

/// What the demand windows of each site follow.
pub struct Beats {
    store: Store,
    known: RwLock<BTreeMap<String, Stored>>,
}

impl Beats {
    /// Reads what was learnt.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn open(store: &Store) -> Result<Self> {
        let stored = BEATS.all(&store.read()?)?.into_iter();
        Ok(Self {
            store: store.clone(),
            known: RwLock::new(stored.map(|of| (of.site.clone(), of)).collect()),
        })
    }

    /// What the windows of a site follow.
    #[must_use]
    pub fn of(&self, site: &str) -> Arc<Beat> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known
            .get(site)
            .map(|of| Arc::clone(&of.beat))
            .unwrap_or_default()
    }

    /// Takes in what the input of the pulse said since the last look. Reads the disk.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn look(
        &self,
        site: &Site,
        history: &SiteHistory,
        now: Timestamp,
        window_ms: i64,
    ) -> Result<Option<Heard>> {
        let before = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            known.get(&site.key).cloned()
        };
        let source = site.wishes.demand_pulse.clone();
        if before.is_none() && source.is_none() {
            return Ok(None);
        }
        let calendar = site.calendar();
        let grid = Grid {
            window_ms,
            calendar: &calendar,
        };
        let same = before
            .as_ref()
            .is_some_and(|before| before.source == source);
        let mut beat = before
            .as_ref()
            .map_or_else(Beat::default, |of| (*of.beat).clone());
        if !same {
            beat.stop(now, grid);
        }
        if let Some(source) = &source {
            let back = match beat.seen() {
                Some(seen) => seen.plus_ms(1).max(now.minus_ms(BACK_MS)),
                None => now.minus_ms(4 * window_ms),
            };
            read(&mut beat, (history, source), (back, now), grid)?;
            beat.listen(now, grid);
        }
        let learnt = before
            .as_ref()
            .is_none_or(|of| !same || of.beat.differs(&beat));
        Ok(Some(Heard {
            stored: Stored {
                site: site.key.clone(),
                source,
                beat: Arc::new(beat),
            },
            key: *site.id.as_bytes(),
            learnt,
        }))
    }

    /// Keeps what a look brought; on the disk when something was learnt.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn keep(&self, heard: Heard) -> Result<()> {
        let (key, stored) = (heard.key, heard.stored);
        if heard.learnt {
            let record = stored.clone();
            let write = self
                .store
                .write(move |transaction| BEATS.put(transaction, &key, &record));
            write.await?;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(stored.site.clone(), stored);
        Ok(())
    }
}

/// What a look at the input of a pulse brought.
#[derive(Debug)]
pub struct Heard {
    stored: Stored,
    key: [u8; 16],
    learnt: bool,
}

fn read(
    beat: &mut Beat,
    (history, source): (&SiteHistory, &DemandPulse),
    (mut from, now): (Timestamp, Timestamp),
    grid: Grid<'_>,
) -> Result<()> {
    let tsdb = &history.tsdb;
    let Some(series) = tsdb.find(source.equipment, &source.metric, Phase::Total) else {
        return Ok(());
    };
    // A reading of this very instant counts.
    let end = now.plus_ms(1);
    while from < end {
        let to = from.plus_ms(PIECE_MS).min(end);
        for point in tsdb.raw_up_to(&[series], TimeRange { from, to }, RAW_MAX)? {
            if let Some(value) = point.values.first().copied().flatten() {
                beat.listen(point.at, grid);
                beat.read(point.at, value, grid);
            }
        }
        from = to;
    }
    Ok(())
}
