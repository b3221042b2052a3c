//! The start: what memory holds is read back from the disk.

use super::{END, LATEST_WITHIN_MS, Row, TICKS, Tsdb, read_row, seal, sealed};
use crate::base::Result;
use crate::store::View as _;
use std::ops::ControlFlow;
use std::sync::PoisonError;

/// Samples that are read at once, and a bound for rows that hold few: what the start takes from
/// memory beside what it keeps.
const SAMPLES_AT_ONCE: usize = 250_000;
const ROWS_AT_ONCE: usize = 2_000;

impl Tsdb {
    /// Reads the rows that are not sealed. There is an hour or two of them; in a file of the
    /// first schema there is everything, so what is old is sealed on the way.
    pub(super) fn replay(&self) -> Result<()> {
        let catalogue = self.state().catalogue.clone();
        let mut from: Vec<u8> = Vec::new();
        loop {
            let mut rows: Vec<Row> = Vec::new();
            let (mut samples, mut more) = (0, false);
            let mut next = from.clone();
            self.store
                .read()?
                .scan(TICKS, &from, &END, &mut |key, row| {
                    if rows.len() == ROWS_AT_ONCE || samples >= SAMPLES_AT_ONCE {
                        more = true;
                        return Ok(ControlFlow::Break(()));
                    }
                    next.clear();
                    next.extend_from_slice(key);
                    next.push(0);
                    if let Some(row) = read_row(key, row) {
                        samples += row.2.iter().map(|b| b.samples.len()).sum::<usize>();
                        rows.push(row);
                    }
                    Ok(ControlFlow::Continue(()))
                })?;
            from = next;
            self.remember(&rows, &catalogue);
            if !more {
                return Ok(());
            }
            self.seal_all_but_newest()?;
        }
    }

    /// Looks up the newest values of series that had none in the rows.
    pub(super) fn find_last(&self) -> Result<()> {
        let state = self.state();
        let newest = {
            let last = self.last.read().unwrap_or_else(PoisonError::into_inner);
            if last.len() == state.catalogue.len() {
                return Ok(());
            }
            last.newest_at()
        };
        let look = self.blocks.look();
        let newest = match newest {
            Some(newest) => Some(newest),
            None => seal::newest_sealed(&self.blocks, &look)?,
        };
        let Some(newest) = newest else {
            return Ok(());
        };
        let span = (newest - LATEST_WITHIN_MS, newest + 1);
        for device in state.catalogue.devices() {
            let wanted: Vec<_> = {
                let last = self.last.read().unwrap_or_else(PoisonError::into_inner);
                let all = state.catalogue.series_of(device).into_iter();
                all.filter(|id| !last.has(*id)).collect()
            };
            if wanted.is_empty() {
                continue;
            }
            let tracks = sealed::tracks(&look, device, Some(&wanted), span)?;
            let mut last = self.last.write().unwrap_or_else(PoisonError::into_inner);
            for (series, track) in tracks {
                last.note_track(series, &track);
            }
        }
        Ok(())
    }
}
