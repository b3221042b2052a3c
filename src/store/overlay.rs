//! A file that is looked at and stays as it is: what the database writes while it opens and
//! repairs is kept in memory and forgotten.
//!
//! With it a check changes nothing and needs no copy, and a file can be examined whole before the
//! first change is made to it.

use redb::{BackendError, StorageBackend};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes of a page that is kept in memory.
const PAGE: usize = 4096;
/// Pages of one file that are kept at most: 64 MB. Opening writes a header and, after a power cut,
/// little more; a file that needs more than this is brought up to date by a start first.
const PAGES_MAX: usize = 16_384;

/// The bytes of a file, to be read only.
pub(crate) trait Still: Debug + Send + Sync + 'static {
    /// Bytes of the file.
    fn len(&self) -> io::Result<u64>;

    /// Reads as many bytes as `out` holds.
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;
}

impl Still for std::fs::File {
    fn len(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(self, out, offset)
    }
}

/// A file and what was written over it. Clones are the same file.
#[derive(Clone, Debug)]
pub(super) struct Overlay {
    below: Option<Arc<dyn Still>>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    len: u64,
    /// Up to here the file below still counts.
    below_len: u64,
    written: BTreeMap<u64, Box<[u8; PAGE]>>,
}

impl Overlay {
    /// The file `below` with nothing written over it.
    pub(super) fn over(below: Arc<dyn Still>) -> io::Result<Self> {
        let len = below.len()?;
        let mut overlay = Self::empty();
        overlay.below = Some(below);
        overlay.state = Arc::new(Mutex::new(State {
            len,
            below_len: len,
            written: BTreeMap::new(),
        }));
        Ok(overlay)
    }

    /// A file of no bytes.
    pub(super) fn empty() -> Self {
        let state = State {
            len: 0,
            below_len: 0,
            written: BTreeMap::new(),
        };
        Self {
            below: None,
            state: Arc::new(Mutex::new(state)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the file below has from `offset` on; zeros behind its end.
    fn read_below(&self, state: &State, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let there = state.below_len.saturating_sub(offset);
        let there = usize::try_from(there).map_or(out.len(), |there| there.min(out.len()));
        let (from_file, behind) = out.split_at_mut(there);
        behind.fill(0);
        match &self.below {
            Some(below) if !from_file.is_empty() => below.read(offset, from_file),
            _ => Ok(()),
        }
    }
}

impl Still for Overlay {
    fn len(&self) -> io::Result<u64> {
        StorageBackend::len(self)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        StorageBackend::read(self, offset, out)
    }
}

/// Cuts a stretch of a file where pages end: page, where in it, and which part of the stretch.
fn pieces(offset: u64, len: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = offset + done as u64;
        let inside = usize::try_from(at % PAGE as u64).unwrap_or_default();
        let part = done..len.min(done + PAGE - inside);
        done = part.end;
        (!part.is_empty()).then_some((at / PAGE as u64, inside, part))
    })
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.lock().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.lock();
        if offset + out.len() as u64 > state.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if state.written.is_empty() {
            return self.read_below(&state, offset, out);
        }
        for (page, inside, part) in pieces(offset, out.len()) {
            let at = offset + part.start as u64;
            let target = &mut out[part];
            match state.written.get(&page) {
                Some(bytes) => target.copy_from_slice(&bytes[inside..inside + target.len()]),
                None => self.read_below(&state, at, target)?,
            }
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.lock();
        state.below_len = state.below_len.min(len);
        state.written.retain(|page, _| page * (PAGE as u64) < len);
        let inside = usize::try_from(len % PAGE as u64).unwrap_or_default();
        if let Some(bytes) = state.written.get_mut(&(len / PAGE as u64)) {
            bytes[inside..].fill(0);
        }
        state.len = len;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.lock();
        for (page, inside, part) in pieces(offset, data.len()) {
            if !state.written.contains_key(&page) {
                if state.written.len() >= PAGES_MAX {
                    return Err(io::ErrorKind::StorageFull.into());
                }
                let mut bytes = Box::new([0; PAGE]);
                self.read_below(&state, page * PAGE as u64, &mut bytes[..])?;
                state.written.insert(page, bytes);
            }
            if let Some(bytes) = state.written.get_mut(&page) {
                bytes[inside..inside + part.len()].copy_from_slice(&data[part]);
            }
        }
        state.len = state.len.max(offset + data.len() as u64);
        Ok(())
    }

    // Nobody else can reach what is written here, and what lies below is held by its owner.
    fn try_lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, BackendError> {
        Ok(true)
    }

    fn unlock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), BackendError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Bytes(Vec<u8>);

    impl Still for Bytes {
        fn len(&self) -> io::Result<u64> {
            Ok(self.0.len() as u64)
        }

        fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
            let from = usize::try_from(offset).unwrap();
            out.copy_from_slice(&self.0[from..from + out.len()]);
            Ok(())
        }
    }

    #[test]
    fn it_reads_as_a_file_that_was_written_and_leaves_the_one_below() {
        let below = Arc::new(Bytes((0..10_000u32).map(|n| (n % 251) as u8).collect()));
        let overlay = Overlay::over(Arc::clone(&below) as Arc<dyn Still>).unwrap();
        let mut plain = below.0.clone();
        let write = |offset: usize, data: &[u8], plain: &mut Vec<u8>| {
            overlay.write(offset as u64, data).unwrap();
            plain.resize(plain.len().max(offset + data.len()), 0);
            plain[offset..offset + data.len()].copy_from_slice(data);
        };
        write(4_090, &[1; 20], &mut plain);
        write(9_990, &[2; 5_000], &mut plain);
        overlay.set_len(4_100).unwrap();
        plain.truncate(4_100);
        // What was cut off is zeros when the file grows again.
        overlay.set_len(13_000).unwrap();
        plain.resize(13_000, 0);
        let mut read = vec![9; 13_000];
        StorageBackend::read(&overlay, 0, &mut read).unwrap();
        assert_eq!(read, plain);
        assert!(StorageBackend::read(&overlay, 12_999, &mut [0; 2]).is_err());
        assert_eq!(below.0[4_090], (4_090 % 251) as u8);
    }
}
