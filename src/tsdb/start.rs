//! The start: what memory holds is read back from the disk.

use super::blocks::{Level, Look, Stage};
use super::series::Device;
use super::{END, HOUR_MS, LATEST_WITHIN_MS, Row, SeriesId, TICKS, Tsdb, read_row, seal, sealed};
use crate::base::Result;
use crate::store::View as _;
use std::ops::ControlFlow;
use std::sync::PoisonError;

/// Samples that are read at once, and a bound for rows that hold few: what the start takes from
/// memory beside what it keeps.
const SAMPLES_AT_ONCE: usize = 250_000;
const ROWS_AT_ONCE: usize = 2_000;
/// Samples and rows kept of a long past that was sent and not sealed yet when the appliance ended: it
/// held as much a moment before. Sealing it takes minutes, in which nobody could see the plant; more
/// than this is sealed all the same, for the sake of memory.
pub(super) const KEPT: (usize, usize) = (4_000_000, 400_000);

impl Tsdb {
    /// Reads the rows that are not sealed: an hour or two, or a past that was just sent. Of a past
    /// that is longer than memory may hold, what is old is sealed on the way.
    pub(super) fn replay(&self, most: (usize, usize)) -> Result<()> {
        let catalogue = self.state().catalogue.clone();
        let mut from: Vec<u8> = Vec::new();
        let mut kept = (0, 0);
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
            kept = (kept.0 + samples, kept.1 + rows.len());
            if kept.0 >= most.0 || kept.1 >= most.1 {
                self.seal_all_but_newest()?;
                kept = (0, 0);
            }
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
        for device in state.catalogue.devices() {
            let series = state.catalogue.series_of(device);
            let today = Stage::Day.span_of(newest);
            for day in [today, today.saturating_sub(1)] {
                let start = Stage::Day.start_of(day).max(newest - LATEST_WITHIN_MS);
                let end = Stage::Day.start_of(day + 1);
                if look.has_block(Level::Raw, Stage::Day, day, device)? {
                    self.note_last(&look, device, &series, (start, end))?;
                    continue;
                }
                // Nearly all of them said something in the newest hour: a day is not unpacked for
                // those.
                for hour in (start.div_euclid(HOUR_MS)..end.div_euclid(HOUR_MS)).rev() {
                    let from = hour * HOUR_MS;
                    let span = Stage::Hour.span_of(from);
                    if look.has_block(Level::Raw, Stage::Hour, span, device)?
                        && self.note_last(&look, device, &series, (from, from + HOUR_MS))?
                    {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// Takes note of the newest values of a span of those series that none is known of. Returns whether
    /// all are known.
    fn note_last(
        &self,
        look: &Look,
        device: Device,
        series: &[SeriesId],
        span: (i64, i64),
    ) -> Result<bool> {
        let wanted: Vec<_> = {
            let last = self.last.read().unwrap_or_else(PoisonError::into_inner);
            let all = series.iter().copied();
            all.filter(|id| !last.has(*id)).collect()
        };
        if wanted.is_empty() {
            return Ok(true);
        }
        let tracks = sealed::tracks(look, device, Some(&wanted), span)?;
        let mut last = self.last.write().unwrap_or_else(PoisonError::into_inner);
        for (series, track) in tracks {
            last.note_track(series, &track);
        }
        Ok(wanted.iter().all(|id| last.has(*id)))
    }
}

#[cfg(test)]
#[path = "start_tests.rs"]
mod tests;
