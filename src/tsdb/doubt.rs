//! After the disk refused a change: it may have happened all the same, when the refusal came after
//! the commit was on disk. The next reading of the disk tells, and memory follows it. Without
//! that, a new series of the refused change would have its number given to another one.

use super::correct::{self, Corrections};
use super::counters::Counters;
use super::series::Catalogue;
use super::{END, Row, State, TICKS, Tsdb, read_row, retention};
use crate::base::{ErrorKind, Result};
use crate::store::{Reader, View as _};
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl State {
    /// What the data file says.
    pub(super) fn load(reader: &Reader, known: &Counters) -> Result<Self> {
        let catalogue = Catalogue::load(reader)?;
        Ok(Self {
            counters: Counters::load(reader, &catalogue, known)?,
            corrections: Corrections::load(reader, &catalogue)?,
            dirty: Arc::new(correct::load_dirty(reader)?),
            forgotten_until: retention::forgotten_until(reader)?,
            catalogue,
        })
    }
}

impl Tsdb {
    /// Takes note of a change that the disk refused, and finds out at once if it can. The caller
    /// has the turn of appending.
    pub(super) fn or_doubt<T>(&self, changed: Result<T>) -> Result<T> {
        if let Err(error) = &changed
            && matches!(error.kind, ErrorKind::Unavailable | ErrorKind::Internal)
        {
            self.in_doubt.store(true, Ordering::Relaxed);
            if let Err(error) = self.settle() {
                tracing::warn!(%error, "whether the last change was stored will be seen later");
            }
        }
        changed
    }

    /// Brings memory in line with the disk when a change is in doubt. The caller has the turn of
    /// appending, so that no row is added meanwhile.
    pub(super) fn settle(&self) -> Result<()> {
        if !self.in_doubt.load(Ordering::Relaxed) {
            return Ok(());
        }
        // First what memory knows: a row that is sealed meanwhile is then in neither.
        let known: HashSet<[u8; 16]> = self.head_read(|head| head.keys().collect());
        let reader = self.store.read()?;
        let state = State::load(&reader, &self.state().counters)?;
        let mut rows: Vec<Row> = Vec::new();
        reader.scan(TICKS, &[], &END, &mut |key, row| {
            if !<[u8; 16]>::try_from(key).is_ok_and(|key| known.contains(&key)) {
                rows.extend(read_row(key, row));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        let catalogue = state.catalogue.clone();
        self.set_state(state);
        self.remember(&rows, &catalogue);
        self.in_doubt.store(false, Ordering::Relaxed);
        Ok(())
    }
}
